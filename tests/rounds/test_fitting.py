"""Which estimator runs, and that all of them estimate the same thing."""

import numpy as np
import pytest
from sklearn.linear_model import Lasso, LinearRegression, Ridge

import limelight as ll

D = 10
RNG = np.random.default_rng(0)
CURVE = RNG.normal(size=D)


def curved(masks):
    return 1 / (1 + np.exp(-(np.asarray(masks, dtype=float) - 0.5) @ CURVE * 2))


def explain(seed=0, **settings):
    parts = ll.Components([f"p{j}" for j in range(D)], np.asarray)
    return ll.Explainer(curved, parts, seed=seed, **settings).explain(None)


@pytest.fixture(scope="module")
def exact():
    return explain()


@pytest.mark.parametrize(
    ("settings", "name"),
    [
        ({"n_samples": 600}, "logistic pairs"),
        ({"n_samples": 600, "control_variates": False}, "least squares"),
        ({"n_samples": 600, "sampler": "plain"}, "logistic pairs"),
        ({"n_samples": 600, "surrogate": LinearRegression()}, "EstimatorSurrogate"),
    ],
)
def test_every_estimator_estimates_the_exact_weights_within_its_own_errors(exact, settings, name):
    explanation = explain(**settings)
    assert explanation.provenance.estimator == name
    z = (explanation.coef - exact.coef) / explanation.stderr
    assert np.sqrt(np.mean(z**2)) < 2.5


def test_a_control_variate_narrows_the_intervals(exact):
    plain, controlled = explain(n_samples=600, control_variates=False), explain(n_samples=600)
    assert controlled.stderr.max() < 0.6 * plain.stderr.max()


def test_pool_controls_are_fitted_once_and_narrow_the_intervals():
    X = RNG.normal(size=(400, 5))

    def model(X):
        return 1 / (1 + np.exp(-2 * X[:, 0] + X[:, 1]))

    explainer = ll.Explainer(model, ll.Tabular(X), seed=0, n_samples=1024)
    plain = ll.Explainer(model, ll.Tabular(X), seed=0, n_samples=1024, control_variates=False)
    list(explainer.explain_many(X[:5]))
    (pool,) = explainer._context.pools.values()
    assert [key for key in pool.fits if key not in ("design", ("cells", 1024))] == [(1024, 0)]
    assert explainer.explain(X[0]).stderr.max() < 0.7 * plain.explain(X[0]).stderr.max()


def test_a_regressor_of_the_user_gets_the_weights_that_lime_would_give_it():
    seen = {}

    class Recording(Ridge):
        def fit(self, X, y, sample_weight=None):
            if len(X) > 100:
                seen["weights"] = np.asarray(sample_weight)
            return super().fit(X, y, sample_weight)

    explain(n_samples=400, sampler="plain", surrogate=Recording(alpha=1.0))
    assert len(seen["weights"]) == 400
    assert seen["weights"].max() <= 1.0
    assert seen["weights"].min() > 0.0


def test_a_sparse_regressor_leaves_features_out():
    explanation = explain(n_samples=600, surrogate=Lasso(alpha=0.02))
    assert 0 < np.count_nonzero(explanation.coef) < D


def test_refitting_shows_what_the_selected_features_fit_alone():
    explanation = explain(n_samples=600, refit=True, max_features=3)
    assert explanation.provenance.estimator == "refit"
    assert np.count_nonzero(explanation.coef) == 3
    assert set(np.flatnonzero(explanation.coef[0])) == set(explanation.selected[0].tolist())
    assert explanation.fidelity[0] < explain(n_samples=600).fidelity[0]
    shown = explanation.stderr[0, explanation.selected[0]]
    np.testing.assert_allclose(np.sqrt(np.diag(explanation.covariance_matrix())), shown, rtol=1e-5)


def test_a_linear_model_comes_back_exactly_under_every_setting():
    weights = np.arange(1.0, D + 1)

    def linear(masks):
        return np.asarray(masks, dtype=float) @ weights + 4

    parts = ll.Components([f"p{j}" for j in range(D)], np.asarray)
    for settings in (
        {},
        {"n_samples": 300},
        {"n_samples": 300, "sampler": "plain"},
        {"n_samples": 300, "distance": "euclidean"},
        {"n_samples": 300, "kernel_width": 0.7},
        {"n_samples": 300, "kernel_width": "auto"},
        {"n_samples": 300, "kernel": lambda D, width: np.ones_like(D)},
        {"n_samples": 300, "distance": lambda Z, center: np.abs(Z - center).sum(axis=1), "kernel_width": 5.0},
    ):
        explanation = ll.Explainer(linear, parts, seed=0, **settings).explain(None)
        np.testing.assert_allclose(explanation.coef[0], weights, atol=1e-9)
        np.testing.assert_allclose(explanation.intercept, 4, atol=1e-8)
        assert explanation.stderr.max() < 1e-9
