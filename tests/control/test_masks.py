"""Control variates: the same limit with less noise, used where they help, for masks and for shared draws."""

from __future__ import annotations

import numpy as np
import pytest

from drawn_masks import curved, drawn, exact
from limelight.contracts import Neighborhood
from limelight.control import masks as control
from limelight.control.masks import control_scale, estimate_masked
from limelight.control.projection import projection
from limelight.local.precision import estimate_plain
from limelight.local.sampling import MaskSampler, design_weights, size_law


@pytest.mark.parametrize("law", ["uniform", "bernoulli"])
@pytest.mark.parametrize("design", ["pairs", "plain"])
def test_control_keeps_the_limit_and_covers_it_with_a_fraction_of_the_noise(law, design):
    d, n, repeats = 10, 300, 40
    q = size_law(law, d)
    truth = exact(curved, q).coef[0]
    fits = [
        (estimate_masked(s, q), estimate_plain(s))
        for s in (drawn(curved, law, d, n, r, design) for r in range(repeats))
    ]
    ours, plain = (np.array([pair[i].coef[0] for pair in fits]) for i in range(2))
    stderr = np.array([pair[0].stderr[0] for pair in fits])
    assert all(pair[0].estimators == ("logistic pairs",) for pair in fits)
    assert np.square(plain - truth).mean() > 4 * np.square(ours - truth).mean()
    assert 0.92 < (np.abs(ours - truth) < 1.96 * stderr).mean() < 0.995
    bias = (ours.mean(axis=0) - truth) / (ours.std(axis=0) / np.sqrt(repeats))
    assert np.abs(bias).max() < 4


def test_a_projection_that_puts_back_the_noise_is_not_used(monkeypatch):
    """With 40 masks instead of 8 n the projection is noisier than the sample; then the plain estimate stands."""
    sample, q = drawn(curved, "uniform", 24, 400, 3), size_law("uniform", 24)
    assert estimate_masked(sample, q).estimators == ("logistic pairs",)
    monkeypatch.setattr(control, "projection", lambda sizes, rows: projection(sizes, 40))
    fit, plain = estimate_masked(sample, q), estimate_plain(sample)
    assert fit.estimators == ("least squares",)
    np.testing.assert_allclose(fit.stderr, plain.stderr)


def test_more_features_than_g_can_be_fitted_to_are_left_to_least_squares():
    sample = drawn(lambda Z: curved(Z[:, :8]), "uniform", 260, 2100, 5)
    assert estimate_masked(sample, size_law("uniform", 260)).estimators == ("least squares",)


@pytest.mark.parametrize(("d", "n"), [(30, 400), (40, 2000)])  # of the latter 81 rows are the same for every seed
def test_noise_of_the_projection_is_no_bias_over_seeds(d, n):
    """The same masks project every neighborhood; only because features change places does their noise average out."""
    repeats, q = 60, size_law("uniform", d)
    fits = [estimate_masked(drawn(curved, "uniform", d, n, seed), q) for seed in range(repeats)]
    coef = np.array([fit.coef[0] for fit in fits])
    known = estimate_plain(drawn(curved, "uniform", d, 400_000, 999))
    spread = coef.std(axis=0, ddof=1)
    expected = 1 / repeats + np.square(known.stderr[0] / spread).mean()
    assert np.square((coef.mean(axis=0) - known.coef[0]) / spread).mean() < 1.6 * expected


def test_a_useless_control_is_not_used():
    """Parity of all features: no pair explains it, so the plain estimate stands."""
    sample = drawn(lambda Z: Z.sum(axis=1) % 2, "bernoulli", 9, 300, 0, "plain")
    fit = estimate_masked(sample, size_law("bernoulli", 9))
    assert fit.estimators == ("least squares",)
    np.testing.assert_array_equal(fit.coef, estimate_plain(sample).coef)


def test_linear_models_come_back_exactly_under_control():
    slopes = np.linspace(-1, 1, 20)
    sample = drawn(lambda Z: Z @ slopes, "uniform", 20, 300, 1)
    fit = estimate_masked(sample, size_law("uniform", 20))
    np.testing.assert_allclose(fit.coef[0], slopes, atol=1e-9)


def test_constant_models_are_certain_under_control():
    fit = estimate_masked(drawn(lambda Z: np.full(len(Z), 0.2), "uniform", 8, 200, 2), size_law("uniform", 8))
    assert (fit.coef == 0).all()
    assert (fit.stderr == 0).all()
    assert np.isnan(fit.fidelity[0])


def few_rows(n, seed, model):
    """A mask neighborhood of n rows of 30 features, in pairs."""
    draws = (
        MaskSampler("bernoulli", "plain")
        .plan(30, n, exhaustive_up_to=0)
        .draw(n, np.random.default_rng(seed), first=True)
    )
    weights = design_weights(draws.importance, draws.enumerated)
    known = (draws.enumerated, draws.clusters)
    return Neighborhood(draws.Z, model(draws.Z)[:, None], weights, np.ones(30), *known)


def bent_by_thirty(Z):
    return 1 / (1 + np.exp(5.0 - Z @ np.linspace(-1, 2, 30))) + Z[:, 3] * Z[:, 4]


def test_few_rows_are_penalised_and_this_is_said_and_nearer_to_the_truth():
    truth = estimate_plain(few_rows(60_000, 99, bent_by_thirty)).coef[0]
    for n in (45, 60):
        penalised = [estimate_masked(few_rows(n, seed, bent_by_thirty)) for seed in range(24)]
        plain = [estimate_plain(few_rows(n, seed, bent_by_thirty)) for seed in range(40)]
        assert {each.estimators for each in penalised} == {("ridge 0.03",)}
        errors = [np.mean([np.sum((each.coef[0] - truth) ** 2) for each in found]) for found in (penalised, plain)]
        assert errors[0] < 0.8 * errors[1]
        covered = [np.abs(each.coef[0] - truth) <= 1.96 * each.stderr[0] for each in penalised]
        assert np.mean(covered) > 0.94  # the penalty's own bias is in the standard errors
        whole = np.sqrt(penalised[0].covariance(target=0).diagonal()[1:])
        np.testing.assert_allclose(whole, penalised[0].stderr[0])


def test_a_linear_model_is_not_penalised_where_rows_suffice_nor_is_anything_from_three_rows_a_feature():
    linear = estimate_masked(few_rows(60, 0, lambda Z: Z @ np.arange(30.0)))
    np.testing.assert_allclose(linear.coef[0], np.arange(30.0), atol=1e-9)
    assert estimate_masked(few_rows(90, 0, bent_by_thirty)).estimators == ("least squares",)
    assert estimate_masked(few_rows(60, 0, bent_by_thirty), regularization=0.5).estimators == ("least squares",)


@pytest.mark.parametrize("n", [24, 31])
def test_small_samples_are_fitted_plainly(n):
    sample = drawn(curved, "uniform", 8, n, 3)
    fit = estimate_masked(sample, size_law("uniform", 8))
    np.testing.assert_array_equal(fit.stderr, estimate_plain(sample).stderr)
    assert (fit.stderr > 0).all()


@pytest.mark.parametrize("n", [3, 8, 20])
def test_no_sample_is_so_small_that_its_weights_are_certain(n):
    fit = estimate_masked(drawn(curved, "uniform", 8, n, 3), size_law("uniform", 8))
    assert fit.estimators == ("ridge 0.03",)
    assert (fit.stderr > 0).all()


def test_each_target_is_as_if_alone():
    both = drawn(lambda Z: np.column_stack([curved(Z), Z.sum(axis=1) % 2, Z[:, 0]]), "bernoulli", 9, 400, 4)
    together = estimate_masked(both, size_law("bernoulli", 9))
    for k in range(3):
        alone = estimate_masked(
            Neighborhood(both.Z, both.Y[:, [k]], both.weights, both.center, both.enumerated, both.clusters),
            size_law("bernoulli", 9),
        )
        np.testing.assert_allclose(together.coef[k], alone.coef[0], atol=1e-9)
        assert together.estimators[k] == alone.estimators[0]


def test_the_scale_of_a_control_lies_between_none_and_all():
    left = np.array([1.0, -1.0, 2.0])
    assert control_scale(left, left / 2, np.ones(3)) == 1.0
    assert control_scale(left, -left, np.ones(3)) == 0.0
    assert control_scale(left, left * 2, np.ones(3)) == 0.5
    assert control_scale(left, np.zeros(3), np.ones(3)) == 0.0


def test_weights_and_noise_go_from_plain_to_controlled_as_far_as_the_scale_says(monkeypatch):
    sample, q = drawn(curved, "uniform", 10, 300, 3), size_law("uniform", 10)
    plain = estimate_plain(sample)
    monkeypatch.setattr(control, "control_scale", lambda *_: 1.0)
    whole = estimate_masked(sample, q)
    monkeypatch.setattr(control, "control_scale", lambda *_: 0.5)
    half = estimate_masked(sample, q)
    assert half.estimators == whole.estimators == ("logistic pairs",)
    np.testing.assert_allclose(half.coef, (plain.coef + whole.coef) / 2)
    np.testing.assert_allclose(half.intercept, (plain.intercept + whole.intercept) / 2)
    assert (half.stderr > 1.2 * whole.stderr).all()
    assert (half.stderr < plain.stderr).all()


def test_the_fidelity_under_control_is_that_of_the_weights_and_not_of_the_second_model():
    q = size_law("uniform", 10)
    found = []
    for seed in range(10):
        sample = drawn(curved, "uniform", 10, 300, seed)
        found.append((estimate_masked(sample, q).fidelity[0], estimate_plain(sample).fidelity[0]))
    ours, plain = np.mean(found, axis=0)
    assert ours == pytest.approx(plain, abs=0.02)
    assert plain < 0.95
