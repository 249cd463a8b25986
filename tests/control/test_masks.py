"""Control variates: the same limit with less noise, used where they help, for masks and for shared draws."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from limelight.contracts import Neighborhood
from limelight.control import masks as control
from limelight.control.descent import Problem, descend, logistic_curve, penalties
from limelight.control.logistic import _leave_one_out, fit_logistic, partners
from limelight.control.masks import control_scale, estimate_masked
from limelight.control.projection import Polynomial, Projection, identifies, projection, rows_needed
from limelight.local.estimate import Estimate
from limelight.local.precision import estimate_plain
from limelight.local.sampling import MaskSampler, all_masks, design_weights, size_law, weighted_size_law


def curved(Z: np.ndarray) -> np.ndarray:
    """A probability with two interactions; known for every mask."""
    slopes = np.linspace(-1.5, 2.5, Z.shape[1])
    return 1 / (1 + np.exp(1 - Z @ slopes + 2.0 * Z[:, 0] * Z[:, 2] - 1.5 * Z[:, 1] * Z[:, 3]))


def drawn(f, law: str, d: int, n: int, seed: int, design: str = "pairs") -> Neighborhood:
    draws = MaskSampler(law, design).plan(d, n, exhaustive_up_to=0).draw(n, np.random.default_rng(seed), first=True)
    weights = design_weights(draws.importance, draws.enumerated)
    Y = np.asarray(f(draws.Z), float).reshape(len(draws.Z), -1)
    return Neighborhood(draws.Z, Y, weights, np.ones(d), draws.enumerated, draws.clusters)


def exact(f, q: np.ndarray) -> Estimate:
    d = len(q) - 1
    Z = all_masks(d)
    weights = np.array([q[s] / comb(d, int(s)) for s in Z.sum(axis=1)])
    return estimate_plain(Neighborhood(Z, f(Z)[:, None], weights, np.ones(d), np.ones(len(Z), bool), np.arange(len(Z))))


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


def test_noise_of_the_projection_is_no_bias_over_seeds():
    """The same masks project every neighborhood; only because features change places does their noise average out."""
    d, n, repeats, q = 30, 400, 60, size_law("uniform", 30)
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


def sides(onto: Projection) -> list[np.ndarray]:
    """Return the masks of a projection and their complements."""
    return [(sign * onto.H > 0).astype(np.uint8) for sign, _ in onto.sides]


def test_few_features_are_projected_exactly():
    q = weighted_size_law(size_law("uniform", 10), np.linspace(0.2, 1, 11))
    onto, expected = projection(tuple(q.tolist()), 0), exact(curved, q)
    coef, intercept = onto.project(np.stack([curved(Z) for Z in sides(onto)]))
    np.testing.assert_allclose(coef, expected.coef[0], atol=1e-10)
    assert intercept == pytest.approx(expected.intercept[0])
    assert projection(tuple(q.tolist()), 0) is onto


@pytest.mark.parametrize("law", ["uniform", "bernoulli"])
def test_polynomials_are_projected_in_closed_form(law):
    d, rng = 9, np.random.default_rng(2)
    q = weighted_size_law(size_law(law, d), np.linspace(0.2, 1, d + 1))
    pairs = np.array([[0, 1], [0, 4], [7, 8]])
    size, linear, bent, slopes = (rng.normal(size=each) for each in (d + 1, d, d, d))
    form = Polynomial(0.7, size, linear, bent, pairs, rng.normal(size=3), slopes, (0.8, -0.6))

    def values(Z: np.ndarray) -> np.ndarray:
        centred, size = Z - 0.5, Z.sum(axis=1)
        slopes = form.linear + form.bent * (size[:, None] / d - 0.5)
        products = centred[:, pairs[:, 0]] * centred[:, pairs[:, 1]]
        curved = form.powers[0] * (centred @ form.slopes) ** 2 + form.powers[1] * (centred @ form.slopes) ** 3
        linear = form.constant + form.size[size] + (centred * slopes).sum(axis=1)
        return linear + products @ form.interactions + curved

    (coef, intercept), expected = form.project(q), exact(values, q)
    np.testing.assert_allclose(coef, expected.coef[0], atol=1e-10)
    assert intercept == pytest.approx(expected.intercept[0])


def test_more_features_than_can_be_enumerated_are_projected_with_little_noise():
    """A curve's polynomial in closed form and a sample of the rest agree with very many masks."""
    d, n = 24, 1000
    q = size_law("uniform", d)
    sample = drawn(curved, "uniform", d, n, 3)
    fitted = fit_logistic(sample.Z, sample.Y[:, 0], sample.weights, sample.clusters)
    onto = projection(tuple(q.tolist()), rows_needed(n, d))
    rest = fitted.model.bend(onto)
    values = np.stack([fitted.model.predict(Z) for Z in sides(onto)])
    np.testing.assert_allclose(fitted.model.values(onto), values, rtol=1e-4)
    coef = fitted.model.polynomial(d).project(q)[0] + onto.project(rest)[0]
    many = drawn(fitted.model.predict, "uniform", d, 200_000, 4)
    reference = estimate_plain(many)
    assert np.var(rest) < np.var(values) / 10
    assert np.abs(coef - reference.coef[0]).max() < 5 * reference.stderr.max() + 0.002


def test_a_law_that_keeps_everything_identifies_nothing():
    assert identifies(size_law("bernoulli", 20))
    assert not identifies(np.eye(21)[20])
    assert not identifies(np.eye(21)[10])  # always ten: the sum of the features does not vary


def test_leaving_out_agrees_with_fitting_without():
    """The one-step prediction of a row without its pair is close to a fit that never saw either."""
    sample = drawn(curved, "bernoulli", 12, 300, 5)
    fitted = fit_logistic(sample.Z, sample.Y[:, 0], sample.weights, sample.clusters)
    gaps = []
    for i in range(30, 300, 27):
        kept = sample.clusters != sample.clusters[i]
        without = fit_logistic(sample.Z[kept], sample.Y[kept, 0], sample.weights[kept], sample.clusters[kept])
        gaps.append((without.model.predict(sample.Z[[i]])[0], fitted.unseen[i], fitted.seen[i]))
    refitted, unseen, seen = np.array(gaps).T
    assert np.abs(unseen - refitted).mean() < np.abs(seen - refitted).mean()


def test_rows_beyond_those_that_the_curve_is_fitted_to_are_unseen():
    sample = drawn(curved, "bernoulli", 12, 3000, 5)
    fitted = fit_logistic(sample.Z, sample.Y[:, 0], sample.weights, sample.clusters)
    apart = fitted.seen != fitted.unseen
    assert 1950 < apart.sum() <= 2000
    assert len(np.unique(sample.clusters[apart])) == 1000  # whole pairs
    np.testing.assert_allclose(fitted.seen[~apart], fitted.model.predict(sample.Z[~apart]))


def test_partners_are_the_other_row_of_a_pair():
    assert partners(np.array([4, 2, 4, 7, 2])).tolist() == [2, 4, 0, 3, 1]


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


def test_a_prediction_that_has_not_seen_its_row_has_not_seen_the_rows_partner_either():
    """One Gauss–Newton step without both, for each pair of rows."""
    rng, n, width = np.random.default_rng(0), 24, 4
    S = np.concatenate([np.ones((n, 1)), rng.normal(size=(n, width - 1))], axis=1).astype(np.float32)
    y = (1 / (1 + np.exp(-S @ np.array([0.2, 1.0, -0.7, 0.4]))) + 0.1 * rng.normal(size=n)).astype(np.float32)
    problem = Problem(S, y, np.full(n, 1 / n, np.float32), penalties(width - 1, width, y))
    theta = descend(problem, np.zeros(width, np.float32), width, steps=40)
    pairs = partners(np.concatenate([np.repeat(np.arange(10), 2), 100 + np.arange(4)]))
    found = _leave_one_out(problem, theta, pairs)
    fitted = logistic_curve(S @ theta).astype(float)
    slope = fitted * (1 - fitted)
    for i in range(n):
        kept = np.setdiff1d(np.arange(n), [i, pairs[i]])
        J = S[kept] * slope[kept, None] / np.sqrt(n)
        right = J.T @ ((y - fitted)[kept] / np.sqrt(n)) - problem.penalty * theta
        step = np.linalg.solve(J.T @ J + np.diag(problem.penalty), right)
        assert found[i] == pytest.approx(1 / (1 + np.exp(-S[i] @ (theta + step))), abs=1e-3)
