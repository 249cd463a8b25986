"""On equal (Z, Y, weights), features, weights, intercept and score are those of the lime package's LimeBase."""

import numpy as np
import pytest
from lime.lime_base import LimeBase
from sklearn.linear_model import Lasso

from limelight.contracts import Neighborhood
from limelight.local.moments import moments
from limelight.local.surrogate import EstimatorSurrogate, RidgeSurrogate, weighted_r2

NAMES = {
    "forward": "forward_selection",
    "highest_weights": "highest_weights",
    "lasso_path": "lasso_path",
    "none": "none",
}


def neighborhood(seed, *, n, d, k, masks):
    """Rows as lime has them, the instance first; smooth outputs with interactions; weights from a kernel."""
    rng = np.random.default_rng(seed)
    if masks:
        Z = (rng.random((n, d)) < rng.uniform(0.3, 0.8, d)).astype(np.uint8)
        Z[0] = 1
    else:
        Z = rng.normal(size=(n, d)) @ (np.eye(d) + 0.3 * rng.normal(size=(d, d))) + rng.normal(size=d)
    Y = np.tanh(Z @ rng.normal(size=(d, k)) / np.sqrt(d) + (Z[:, :1] * Z[:, 1:2])) + 0.1 * rng.normal(size=(n, k))
    weights = np.exp(-((Z - Z[0].astype(float)) ** 2).sum(axis=1) / (2 * 0.5625 * d))
    return Neighborhood(Z, Y, weights, Z[0].astype(float), np.zeros(n, dtype=bool), np.arange(n))


def lime_fits(around, K, method, regressor=None):
    base = LimeBase(kernel_fn=lambda weights: weights, random_state=0)
    for i in range(around.Y.shape[1]):
        yield base.explain_instance_with_data(
            around.Z.astype(float), around.Y, around.weights, i, K, NAMES[method], model_regressor=regressor
        )


def assert_equal_to_lime(around, fit, K, method, regressor=None):
    score = weighted_r2(moments(around.Z, around.Y, around.weights), fit.coef)
    for i, (intercept, pairs, lime_score, local) in enumerate(lime_fits(around, K, method, regressor)):
        assert [int(j) for j, _ in pairs] == fit.selected[i].tolist()
        np.testing.assert_allclose(fit.coef[i, fit.selected[i]], [w for _, w in pairs], rtol=0, atol=1e-9)
        np.testing.assert_allclose(fit.intercept[i], intercept, rtol=0, atol=1e-9)
        np.testing.assert_allclose(fit.intercept[i] + fit.coef[i] @ around.center, local[0], rtol=0, atol=1e-9)
        np.testing.assert_allclose(score[i], lime_score, rtol=0, atol=1e-9)
        assert np.count_nonzero(fit.coef[i]) <= len(pairs)


@pytest.mark.parametrize("masks", [True, False], ids=["masks", "continuous"])
@pytest.mark.parametrize("method", list(NAMES))
@pytest.mark.parametrize(("d", "K"), [(8, 5), (12, 6), (12, 7), (12, 10), (30, 10), (30, 6), (6, 10)])
def test_fit_equals_lime_on_equal_samples(masks, method, d, K):
    for seed in range(3):
        around = neighborhood([seed, d, K], n=60 * d, d=d, k=3, masks=masks)
        as_lime = RidgeSurrogate(method, 1.0, refit=True, selection_regularization=0.01, absolute=True)
        assert_equal_to_lime(around, as_lime.fit(around, K), K, method)


@pytest.mark.parametrize("method", list(NAMES))
def test_fit_with_another_regressor_equals_lime(method):
    around = neighborhood(4, n=600, d=10, k=2, masks=True)
    lasso = Lasso(alpha=0.002, tol=1e-12)
    as_lime = EstimatorSurrogate(lasso, method, refit=True, selection_regularization=0.01, absolute=True)
    assert_equal_to_lime(around, as_lime.fit(around, 6), 6, method, lasso)
