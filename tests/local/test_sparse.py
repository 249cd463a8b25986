"""The sparse fit: what least squares says where rows are many, causes where they are few, intervals that cover."""

from __future__ import annotations

import math

import numpy as np
import pytest

from limelight.contracts import Neighborhood
from limelight.local.precision import estimate_plain
from limelight.local.sampling import MaskSampler, size_law
from limelight.local.sparse import NAME, RULE_OF_THREE, estimate_sparse
from limelight.local.spread import near_law


def sample(n: int, d: int, seed: int, answer: object, law: str = "bernoulli", noise: float = 0.0) -> Neighborhood:
    rng = np.random.default_rng(seed)
    Z = MaskSampler(law, "spread").plan(d, n, exhaustive_up_to=0, once=False).draw(n, rng, first=True).Z  # type: ignore[arg-type]
    y = answer(Z.astype(float)) + noise * rng.normal(size=n)  # type: ignore[operator]
    one = np.ones(n)
    return Neighborhood(Z, y[:, None], one, np.ones(d), np.zeros(n, bool), np.arange(n))


def two_and(Z: np.ndarray) -> np.ndarray:
    """1 for feature 0, 1 for features 1 and 2 together: limit weights 1, ½, ½ under Bernoulli(½)."""
    return np.asarray(Z[:, 0] + Z[:, 1] * Z[:, 2])


def test_with_many_rows_it_is_least_squares() -> None:
    near = sample(4000, 8, 0, two_and, noise=0.3)
    sparse, plain = estimate_sparse(near, size_law("bernoulli", 8)), estimate_plain(near)
    assert np.abs(sparse.coef - plain.coef).max() < 0.01
    assert np.abs(sparse.stderr / plain.stderr - 1).max() < 0.1
    assert np.abs(sparse.intercept - plain.intercept).max() < 0.02
    assert math.isclose(sparse.fidelity[0], plain.fidelity[0], abs_tol=0.02)
    assert sparse.estimators == (NAME,)


def test_it_finds_causes_with_fewer_rows_than_features() -> None:
    found = [estimate_sparse(sample(55, 60, seed, two_and), size_law("bernoulli", 60)).coef[0] for seed in range(10)]
    hits = [len({0, 1, 2} & set(np.argsort(-np.abs(coef))[:3].tolist())) for coef in found]
    assert np.mean(hits) > 2.8
    assert np.abs(np.mean([coef[:3] for coef in found], axis=0) - [1.0, 0.5, 0.5]).max() < 0.08


def test_intervals_cover_whether_rows_are_few_or_noisy() -> None:
    truth = np.concatenate([[1.0, 0.5, 0.5], np.zeros(17)])
    for n, noise in ((30, 0.0), (30, 0.4), (90, 0.4)):
        covered = []
        for seed in range(60):
            found = estimate_sparse(sample(n, 20, seed, two_and, noise=noise), size_law("bernoulli", 20))
            covered.append(np.abs(found.coef[0] - truth) <= 1.96 * found.stderr[0])
        assert 0.925 < np.mean(covered) < 0.985, (n, noise)


def test_intervals_cover_with_hardly_more_rows_than_features() -> None:
    truth = np.concatenate([[1.0, 0.5, 0.5], np.zeros(17)])
    covered = []
    for seed in range(120):
        found = estimate_sparse(sample(24, 20, seed, two_and), size_law("bernoulli", 20))
        covered.append(np.abs(found.coef[0] - truth) <= 1.96 * found.stderr[0])
    assert 0.935 < np.mean(covered) < 0.985


def test_errors_are_stated_for_1_96_of_them_whatever_the_degrees_of_freedom() -> None:
    truth = np.array([1.0, 0.5, 0.5, 0.0])
    covered = []
    for seed in range(400):
        found = estimate_sparse(sample(10, 4, seed, two_and, noise=0.5), size_law("bernoulli", 4))
        covered.append(np.abs(found.coef[0] - truth) <= 1.96 * found.stderr[0])
    assert 0.925 < np.mean(covered) < 0.985


def test_the_covariance_says_how_errors_go_together() -> None:
    found = estimate_sparse(sample(200, 6, 1, two_and, noise=0.5), size_law("bernoulli", 6))
    whole = found.covariance(target=0)
    assert np.allclose(np.sqrt(np.diag(whole))[1:], found.stderr[0])
    assert np.allclose(whole, whole.T)
    assert np.linalg.eigvalsh(whole).min() > 0


def test_under_the_law_of_few_hidden_it_is_least_squares_too() -> None:
    near = sample(6000, 10, 2, lambda Z: Z[:, 0] * Z[:, 1] * Z[:, 2], law="near")
    sparse, plain = estimate_sparse(near, size_law("near", 10)), estimate_plain(near)
    assert np.abs(sparse.coef - plain.coef).max() < 0.03
    assert (sparse.coef[0, :3] > 0.3).all()


def test_an_answer_that_never_moved_weighs_nothing_and_is_not_certain() -> None:
    still = sample(40, 10, 3, lambda Z: np.full(len(Z), 0.5))
    found = estimate_sparse(still, size_law("bernoulli", 10))
    assert not found.coef.any()
    assert (found.stderr > 0).all()
    assert not found.identified
    assert np.isnan(found.fidelity).all()


def test_a_linear_model_comes_back_exactly() -> None:
    truth = np.linspace(-1, 2, 12)
    found = estimate_sparse(sample(40, 12, 5, lambda Z: 3 + Z @ truth), size_law("bernoulli", 12))
    assert np.abs(found.coef[0] - truth).max() < 1e-12
    assert abs(found.intercept[0] - 3) < 1e-12


def test_several_targets_are_fitted_each_on_its_own() -> None:
    one = sample(80, 12, 4, two_and)
    both = Neighborhood(one.Z, np.hstack([one.Y, -3.0 * one.Y]), one.weights, one.center, one.enumerated, one.clusters)
    found = estimate_sparse(both, size_law("bernoulli", 12))
    assert np.allclose(found.coef[1], -3.0 * found.coef[0])
    assert np.allclose(found.stderr[1], 3.0 * found.stderr[0])


def test_a_pair_that_no_row_hid_together_may_act_unseen() -> None:
    """y = z₂ (z₀ ∨ z₁) looks like z₂ alone where z₀ and z₁ were never hidden together: least squares leave nothing."""
    d = 10
    hidden = [{j} for j in range(d)] + [{j, k} for j in range(d) for k in range(j) if (k, j) != (0, 1)]
    Z = np.array([[j not in each for j in range(d)] for each in hidden], np.uint8)
    y = (Z[:, 2] & (Z[:, 0] | Z[:, 1]))[:, None].astype(float)
    n = len(Z)
    near = Neighborhood(Z, y, np.ones(n), np.ones(d), np.zeros(n, bool), np.arange(n))
    found = estimate_sparse(near, near_law(d))
    assert np.allclose(found.coef[0], np.eye(d)[2])
    # one or two of ten are hidden: P(both) = 1/2 · 1/45, P(one) = 3/20; the shift is their ratio
    assert np.allclose(found.stderr[0, :2] * 1.96, (1 / 90) / (3 / 20), rtol=1e-3)
    assert np.allclose(found.stderr[0, 2:], 0.0, atol=1e-9)


def four_needed(Z: np.ndarray) -> np.ndarray:
    """1 where features 0 to 3 are all there, as a statement that matches only if nothing of it is missing."""
    return np.asarray(Z[:, :4].all(axis=1) * 1.0)


def weights_of_four_needed(d: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    hidden = rng.choice(d + 1, 40_000, p=near_law(d)[::-1])
    Z = np.argsort(rng.random((40_000, d)), axis=1) >= hidden[:, None]
    found = np.linalg.lstsq(np.column_stack([np.ones(len(Z)), Z]), four_needed(Z), rcond=None)[0][1:]
    return np.asarray(np.where(np.arange(d) < 4, found[:4].mean(), found[4:].mean()))


def test_either_or_answers_do_not_add_up_where_no_row_shows_it() -> None:
    """Where no two needed features were hidden together the answers look linear, each weight 1: the limit is .7."""
    d, limit = 20, weights_of_four_needed(20)
    covered, far = [], []
    for seed in range(120):
        near = sample(28, d, seed, four_needed, law="near")
        found = estimate_sparse(near, near_law(d))
        covered.append(np.abs(found.coef[0] - limit)[:4] <= 1.96 * found.stderr[0, :4])
        far.append(np.abs(found.coef[0] - limit)[:4].max())
    assert np.mean(covered) > 0.95
    assert np.mean(far) < 0.17


def test_a_half_is_an_end_of_no_answer_but_of_one_asked_twice() -> None:
    """(0, 1, ½): the two answers of one mask. What they foretell is held; the intercept is that of the weights."""
    d = 8
    near = sample(40, d, 3, four_needed, law="near")
    Y = near.Y.copy()
    Y[:2] = 0.5
    found = estimate_sparse(
        Neighborhood(near.Z, Y, near.weights, near.center, near.enumerated, near.clusters), near_law(d)
    )
    at_mean = found.intercept[0] + found.coef[0] @ np.full(d, near_law(d) @ np.arange(d + 1) / d)
    assert abs(at_mean - Y.mean()) < 0.1
    assert (found.coef[0, :4] < 0.95).all()


def test_three_answers_that_are_evenly_apart_may_add_up() -> None:
    """6, 7 and 8, the 7 in more than a third of the rows: no row says that less than 6 cannot be."""
    hidden = [{j} for j in range(20)] + [{j, 19} for j in range(12)]
    Z = np.array([[j not in each for j in range(20)] for each in hidden], np.uint8)
    y = 2.0 * Z[:, :1] + Z[:, 1:7].sum(axis=1, keepdims=True)
    near = Neighborhood(Z, y, np.ones(32), np.ones(20), np.zeros(32, bool), np.arange(32))
    assert estimate_sparse(near, near_law(20)).coef[0, :2] == pytest.approx([2.0, 1.0], abs=1e-9)


def test_an_error_that_rests_on_few_rows_has_few_degrees_of_freedom() -> None:
    """Hidden one time in eight, a feature's error rests on its seven rows of 56 without it: t with about 9 df."""
    from limelight.local.sparse import _Law, _rows_behind

    sizes = near_law(20)
    law = _Law.of(sizes)
    Z = sample(56, 20, 0, two_and, law="near").Z
    behind = _rows_behind(np.column_stack([np.ones(56), (Z - law.mean) @ law.inverse]))
    assert behind[0] == 56 and 8 < behind[1:].mean() < 12
    halves = (Z[:, :1] * 0 + np.arange(56)[:, None] % 2) - 0.5
    assert _rows_behind(halves).tolist() == [56]


def test_what_few_rows_of_a_still_answer_may_have_missed_goes_by_the_rule_of_three() -> None:
    Z = np.random.default_rng(0).integers(0, 2, (40, 6)).astype(np.uint8)
    still = Neighborhood(Z, np.full((40, 1), 2.0), np.ones(40), np.ones(6), np.zeros(40, bool), np.arange(40))
    found = estimate_sparse(still, size_law("bernoulli", 6))
    # met less than 3 times in 40, half of them where the feature is on, an answer of 2 at most
    assert found.stderr[0] == pytest.approx(np.full(6, 2.0 * RULE_OF_THREE / 40 / 0.5 / 1.96))


def test_an_answer_far_from_zero_that_is_linear_comes_back_exactly_and_one_that_is_not_does_not() -> None:
    Z = np.random.default_rng(0).integers(0, 2, (60, 4)).astype(np.uint8)
    one = (np.ones(60), np.ones(4), np.zeros(60, bool), np.arange(60))
    linear = Neighborhood(Z, 1e3 + Z[:, :1] - 2.0 * Z[:, 1:2], *one)
    found = estimate_sparse(linear, size_law("bernoulli", 4))
    assert found.coef[0] == pytest.approx([1.0, -2.0, 0.0, 0.0], abs=1e-9)
    assert found.stderr[0].max() < 1e-9
    bent = Neighborhood(Z, 1e3 + 1.0 * (Z[:, :1] & Z[:, 1:2]), *one)
    assert estimate_sparse(bent, size_law("bernoulli", 4)).stderr[0].min() > 0.01
