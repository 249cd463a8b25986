"""Weighted least squares from sums over replicates, held against numpy's and against refits."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from limelight.local.regression import Regression, ReplicateErrors, Sums, held_out_share, regressions
from limelight.local.replicates import scatter

R, M, D, Q = 8, 12, 3, 2
FIVE_ROWS = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]], float)[:, None]


def rows(seed: int = 0, *, replicates: int = R, m: int = M, d: int = D) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Perturbations, weights and outputs by replicate; some weights are zero, as padding is."""
    rng = np.random.default_rng(seed)
    Z = rng.integers(0, 2, (replicates, m, d)).astype(np.uint8)
    weights = rng.uniform(0.1, 1.0, (replicates, m))
    weights[:, -1] = np.where(np.arange(replicates) % 2, 0.0, weights[:, -1])
    outputs = np.stack([Z @ np.arange(1.0, d + 1) + rng.normal(size=Z.shape[:2]) for _ in range(Q)], axis=2)
    return Z, weights, outputs + 5.0


def sums_of(Z: np.ndarray, weights: np.ndarray, outputs: np.ndarray) -> Sums:
    columns = np.concatenate([np.ones((*Z.shape[:2], 1)), Z, outputs], axis=2).swapaxes(1, 2)
    return Sums.of(columns, weights, 1 + Z.shape[2])


def regression(Z: np.ndarray, weights: np.ndarray, outputs: np.ndarray) -> Regression | None:
    """That of one instance, a stack of one; None where its rows do not identify the weights."""
    found, identified = regressions(Sums.stack([sums_of(Z, weights, outputs)]))
    return Regression(**{name: each[0] for name, each in vars(found).items()}) if identified[0] else None


def flat(Z: np.ndarray, weights: np.ndarray, outputs: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The same as rows with a constant, weights and outputs in one list."""
    X = np.concatenate([np.ones((Z.shape[0] * Z.shape[1], 1)), Z.reshape(-1, Z.shape[2])], axis=1)
    return X, weights.ravel(), outputs.reshape(len(X), -1)


def slow_fit(Z: np.ndarray, weights: np.ndarray, outputs: np.ndarray) -> np.ndarray:
    X, w, Y = flat(Z, weights, outputs)
    root = np.sqrt(w)[:, None]
    return np.linalg.lstsq(root * X, root * Y, rcond=None)[0]


def fitted(*data: np.ndarray):
    found = regression(*data)
    assert found is not None
    return found


def test_the_fit_is_weighted_least_squares():
    np.testing.assert_allclose(fitted(*rows()).fit, slow_fit(*rows()), atol=1e-10)


def test_rows_without_weight_count_for_nothing():
    Z, weights, outputs = rows()
    outputs[weights == 0] = 1e6
    Z[weights == 0] = 1 - Z[weights == 0]
    np.testing.assert_allclose(fitted(Z, weights, outputs).fit, fitted(*rows()).fit, atol=1e-9)


def test_effective_rows_are_those_of_equal_weights_and_shrink_with_unequal_ones():
    Z, weights, outputs = rows()
    assert fitted(Z, np.ones_like(weights), outputs).effective == pytest.approx(R * M)
    assert fitted(Z, weights, outputs).effective == pytest.approx(weights.sum() ** 2 / np.square(weights).sum())


def test_the_leverage_is_columns_over_effective_rows_but_never_more_than_a_half():
    assert fitted(*rows()).leverage == pytest.approx((D + 1) / fitted(*rows()).effective)
    few = FIVE_ROWS[:5]
    assert fitted(few, np.ones((5, 1)), np.arange(5.0)[:, None, None]).leverage == 0.5


def test_contributions_of_all_replicates_cancel():
    found = fitted(*rows())
    moved = found.contributions(found.fit)
    assert moved.shape == (Q, R, D + 1)
    np.testing.assert_allclose(moved.sum(axis=1), 0.0, atol=1e-10)
    assert np.abs(moved).max() > 0.01


def test_a_contribution_is_what_more_weight_on_its_replicate_does_to_a_refit():
    """D_r is the derivative of the fit by the replicate's weight, times 1 / (1 − h)."""
    Z, weights, outputs = rows()
    found, step = fitted(Z, weights, outputs), 1e-5
    moved = found.contributions(found.fit)
    for r in range(R):
        scale = np.ones(R)
        scale[r] += step
        up = slow_fit(Z, weights * scale[:, None], outputs)
        scale[r] -= 2 * step
        down = slow_fit(Z, weights * scale[:, None], outputs)
        slope = (up - down) / (2 * step)
        np.testing.assert_allclose(moved[:, r].T * (1 - found.leverage), slope, atol=1e-7)


def test_stated_errors_are_eight_sevenths_of_the_squared_contributions_by_students_quantile():
    found = fitted(*rows())
    moved = found.contributions(found.fit)
    centred = moved - moved.mean(axis=1, keepdims=True)
    variance = 8 / 7 * np.square(centred).sum(axis=1) * (stats.t.ppf(0.975, 7) / stats.norm.ppf(0.975)) ** 2
    stderr = ReplicateErrors(moved, np.arange(D), D).stderr()
    np.testing.assert_allclose(np.square(stderr), variance, rtol=1e-5)


def test_what_is_left_and_what_there_was_are_the_direct_sums():
    Z, weights, outputs = rows()
    found = fitted(Z, weights, outputs)
    any_fit = np.random.default_rng(5).normal(size=(D + 1, Q))
    left, deviations = np.zeros((R, Q)), np.zeros((R, Q))
    mean = np.average(outputs.reshape(-1, Q), axis=0, weights=weights.ravel())
    for r in range(R):
        for i in range(M):
            predicted = any_fit[0] + Z[r, i] @ any_fit[1:]
            left[r] += weights[r, i] * np.square(outputs[r, i] - predicted)
            deviations[r] += weights[r, i] * np.square(outputs[r, i] - mean)
    np.testing.assert_allclose(found.residual_squares(any_fit), left)
    np.testing.assert_allclose(found.deviation_squares(), deviations)


def test_intervals_of_weights_cover_on_independent_rows():
    """200 samples, three weights: 19 of 20 intervals hold."""
    truth, rng, covered = np.array([1.0, -2.0, 0.5]), np.random.default_rng(8), []
    for _ in range(200):
        Z = rng.integers(0, 2, (R, 24, D)).astype(float)
        outputs = (Z @ truth + rng.normal(size=Z.shape[:2]) * (1 + Z[:, :, 0]))[:, :, None]
        found = fitted(Z, np.ones(Z.shape[:2]), outputs)
        stderr = ReplicateErrors(found.contributions(found.fit), np.arange(D), D).stderr()[0, 1:]
        covered.append(np.abs(found.fit[1:, 0] - truth) <= 1.959964 * stderr)
    assert 0.925 < np.mean(covered) < 0.98


# --------------------------------------------------------------------------------------------- when there is no answer


def test_nothing_is_identified_without_weight():
    Z, weights, outputs = rows()
    assert regression(Z, np.zeros_like(weights), outputs) is None


@pytest.mark.parametrize(("there", "answered"), [(4, False), (5, True)])
def test_a_regression_needs_one_effective_row_more_than_it_has_columns(there, answered):
    """Three features and a constant need five equal rows."""
    weights = (np.arange(5) < there).astype(float)[:, None]
    found = regression(FIVE_ROWS, weights, np.arange(5.0)[:, None, None])
    assert (found is not None) == answered


def test_a_column_that_does_not_vary_where_the_weight_is_leaves_nothing_identified():
    Z, weights, outputs = rows()
    Z[:, :, 1] = weights == 0
    assert regression(Z, weights, outputs) is None


def test_two_columns_that_are_one_leave_nothing_identified():
    Z, weights, outputs = rows()
    Z[:, :, 2] = Z[:, :, 0]
    assert regression(Z, weights, outputs) is None
    assert regression(Z[:, :, :2], weights, outputs) is not None


def test_columns_that_are_nearly_one_are_told_apart_as_long_as_numbers_allow():
    Z, weights, outputs = rows()
    Z = Z.astype(float)
    Z[:, :, 2] = Z[:, :, 0] + 1e-2 * Z[:, :, 1] * Z[:, :, 0]
    assert regression(Z, weights, outputs) is not None
    Z[:, :, 2] = Z[:, :, 0] + 1e-5 * Z[:, :, 1] * Z[:, :, 0]
    assert regression(Z, weights, outputs) is None


@pytest.mark.parametrize("size", [1e-6, 1e6])
def test_what_is_identified_does_not_depend_on_the_unit_of_weights(size):
    Z, weights, outputs = rows()
    found = regression(Z, size * weights, outputs)
    assert found is not None
    np.testing.assert_allclose(found.fit, fitted(*rows()).fit, atol=1e-9)
    Z[:, :, 2] = Z[:, :, 0]
    assert regression(Z, size * weights, outputs) is None


# ----------------------------------------------------------------------------------------- shares, errors on demand


def test_the_share_explained_is_one_less_what_is_left_over_what_there_was():
    rng = np.random.default_rng(6)
    left, deviations = rng.uniform(0.1, 0.2, (R, 2)), rng.uniform(0.5, 0.9, (R, 2))
    share, stderr = held_out_share(left, deviations)
    np.testing.assert_allclose(share, 1 - left.sum(axis=0) / deviations.sum(axis=0))
    # the derivative of a ratio of sums, by replicate
    ratio = left.sum(axis=0) / deviations.sum(axis=0)
    moved = (left - ratio * deviations) / deviations.sum(axis=0)
    variance = 8 / 7 * np.square(moved - moved.mean(axis=0)).sum(axis=0)
    np.testing.assert_allclose(stderr, np.sqrt(variance) * stats.t.ppf(0.975, 7) / stats.norm.ppf(0.975), rtol=1e-6)


def test_a_target_that_does_not_move_is_explained_for_certain():
    share, stderr = held_out_share(np.full((R, 1), 1e-12), np.zeros((R, 1)))
    assert share.tolist() == [1.0]
    assert stderr.tolist() == [0.0]


def errors_of(width: int = 5, free: tuple[int, ...] = (0, 2, 4)) -> ReplicateErrors:
    moved = np.random.default_rng(7).normal(size=(2, R, 1 + len(free)))
    return ReplicateErrors(moved, np.array(free), width)


def test_columns_that_do_not_vary_have_no_error_and_say_so():
    errors = errors_of()
    assert errors.df == 7
    assert errors.varying.tolist() == [True, False, True, False, True]
    stderr = errors.stderr()
    assert stderr.shape == (2, 6)
    assert (stderr[:, [2, 4]] == 0).all()
    assert (stderr[:, [0, 1, 3, 5]] > 0).all()


@pytest.mark.parametrize("features", [None, [2], [4, 0], [1, 2], [3], []])
@pytest.mark.parametrize("target", [None, 1])
def test_covariances_of_some_features_are_cut_out_of_the_covariance_of_all(features, target):
    errors = errors_of()
    whole = np.zeros((2, 6, 6))
    places = [0, 1, 3, 5]
    for k in range(2):
        moved = errors.contributions[k] - errors.contributions[k].mean(axis=0)
        stated = 8 / 7 * moved.T @ moved * (stats.t.ppf(0.975, 7) / stats.norm.ppf(0.975)) ** 2
        whole[k][np.ix_(places, places)] = stated
    at = [0, *(j + 1 for j in (range(5) if features is None else features))]
    expected = whole[:, at][:, :, at]
    found = errors.covariance(features, target=target)
    np.testing.assert_allclose(found, expected if target is None else expected[target], rtol=1e-5, atol=1e-12)


def test_standard_errors_are_the_roots_of_the_covariances_diagonal():
    errors = errors_of()
    np.testing.assert_allclose(errors.stderr()[1], np.sqrt(errors.covariance(target=1).diagonal()))


# ------------------------------------------------------------------------------------------------------------ stacks


def everything(found: Regression) -> list[np.ndarray]:
    """What is read off a stack of regressions, instance by instance."""
    moved = found.contributions(found.fit)
    left, deviations = found.residual_squares(found.fit), found.deviation_squares()
    return [found.fit, moved, left, deviations, found.leverage, *held_out_share(left, deviations), scatter(moved)]


@pytest.mark.parametrize("size", [1, 2, 5, 7])
def test_no_bit_of_an_instance_depends_on_the_size_of_its_stack(size):
    known = [sums_of(*rows(seed)) for seed in range(7)]
    whole = everything(regressions(Sums.stack(known))[0])
    for start in range(0, 7, size):
        few = slice(start, start + size)
        for part, expected in zip(everything(regressions(Sums.stack(known[few]))[0]), whole, strict=True):
            assert part.tobytes() == expected[few].tobytes()


def test_one_instance_without_an_answer_leaves_the_others_theirs():
    known = [rows(seed) for seed in range(3)]
    known[1][0][:, :, 2] = known[1][0][:, :, 0]
    sums = [sums_of(*each) for each in known]
    found, identified = regressions(Sums.stack(sums))
    assert identified.tolist() == [True, False, True]
    alone, _ = regressions(Sums.stack([sums[0], sums[2]]))
    assert found.fit[[0, 2]].tobytes() == alone.fit.tobytes()


def test_squared_outputs_that_are_at_hand_give_the_same_sums():
    Z, weights, outputs = rows()
    columns = np.concatenate([np.ones((*Z.shape[:2], 1)), Z, outputs], axis=2).swapaxes(1, 2)
    known = Sums.of(columns, weights, 1 + D, np.square(columns[:, 1 + D :]))
    assert known.squares.tobytes() == sums_of(Z, weights, outputs).squares.tobytes()
    np.testing.assert_allclose(known.squares, (weights[:, :, None] * np.square(outputs)).sum(axis=1))


def test_a_wide_regression_has_the_sums_of_a_narrow_one():
    """70 columns, whose symmetric product is computed by half."""
    data = rows(m=20, d=70)
    wide = sums_of(*data)
    Z, weights, outputs = data
    few = [69, 0, 33]
    narrow = sums_of(Z[:, :, few], weights, outputs)
    at = [0, *[1 + j for j in few]]
    np.testing.assert_allclose(wide.products[:, at][:, :, [*at, 71, 72]], narrow.products, atol=1e-12)
    np.testing.assert_allclose(wide.squares, narrow.squares)
