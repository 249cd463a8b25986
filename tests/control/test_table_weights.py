"""Weights of table rows from shared draws: the limit of least squares, with less noise, and errors that hold."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from limelight.control.product import ProductParts
from limelight.control.table_weights import Corrected, estimate_table
from limelight.local.points import points
from limelight.local.precision import estimate_plain
from shared_draws import control_of, design_of, estimate, neighborhood

PROBABILITIES = (np.array([0.25, 0.25, 0.5]), np.array([0.7, 0.3]), np.array([0.1, 0.2, 0.3, 0.4]), np.array([1.0]))


def pooled(n: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    U = points("sobol", 0, n, len(PROBABILITIES), seed)
    codes = [np.searchsorted(np.cumsum(p)[:-1], u, side="right") for p, u in zip(PROBABILITIES, U.T, strict=True)]
    return U, np.column_stack(codes).astype(np.int64)


def probability_of(U: np.ndarray, codes: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(1.0 - 1.5 * codes[:, 0] - U[:, 1] + codes[:, 2] * U[:, 0]))


def encoded(U: np.ndarray, codes: np.ndarray, own: np.ndarray, ratio: float):
    return neighborhood(codes, probability_of(U, codes)[:, None], own, ratio)


def test_the_projection_of_waves_is_that_of_an_enumeration():
    """Three coordinates, all 12 cells listed with their Q-probability: β_j = E[g | own] − E[g | other]."""
    U, codes = pooled(4000, 1)
    control = control_of(codes[:, :3], U[:, :3], probability_of(U, codes), PROBABILITIES[:3])
    assert control is not None
    assert control.curves
    parts, ratio, own = control.parts, 0.6, np.array([2, 0, 1])
    cells = np.array(np.meshgrid(*[range(len(p)) for p in PROBABILITIES[:3]], indexing="ij")).reshape(3, -1).T
    # the functions of all folds are held side by side; that of the third is looked at
    fold = 2
    g = parts.constant[fold] + sum(parts.additive[j, cells[:, j], 0, fold] for j in range(3))
    wave = np.prod([parts.waves[j, cells[:, j], 0] for j in range(3)], axis=0)
    g = g + (wave @ parts.amplitudes[:, fold]).real
    for pair in parts.pairs:
        g = g + pair.corners[cells[:, pair.first], cells[:, pair.second], 0, fold]
    stay = cells == own
    q = np.prod([PROBABILITIES[j][cells[:, j]] for j in range(3)], axis=0) * ratio ** (3 - stay.sum(axis=1))
    expected = [np.average(g[stay[:, j]], weights=q[stay[:, j]]) - np.average(g[~stay[:, j]], weights=q[~stay[:, j]])
                for j in range(3)]  # fmt: skip
    slopes, starts = parts.project(own, ratio)
    coef, intercept = slopes[:, fold], starts[fold]
    np.testing.assert_allclose(coef, expected, atol=1e-10)
    share = np.array([np.average(stay[:, j], weights=q) for j in range(3)])
    assert intercept == pytest.approx(np.average(g, weights=q) - share @ coef)
    assert isinstance(pickle.loads(pickle.dumps(parts)), ProductParts)


def test_shared_draws_keep_the_limit_with_a_fraction_of_the_noise():
    own, ratio = np.array([2, 0, 3, 0]), 0.8
    fixed = np.array([False, False, False, True])
    truth = estimate_plain(encoded(*pooled(2**17, 99), own, ratio), fixed=fixed).coef[0]
    errors = []
    for seed in range(15):
        U, codes = pooled(1000, seed)
        sample = encoded(U, codes, own, ratio)
        ours = estimate(sample, control_of(codes, U, sample.Y[:, 0], PROBABILITIES), own, ratio, fixed=fixed)
        plain = estimate_plain(sample, fixed=fixed)
        assert ours.estimators[0].startswith("additive, curve")
        assert ours.coef[0, 3] == ours.stderr[0, 3] == 0
        errors.append([np.square(fit.coef[0] - truth).mean() for fit in (ours, plain)])
        assert (np.abs(ours.coef[0] - truth) < 5 * ours.stderr[0] + 1e-12).all()
    ours_error, plain_error = np.mean(errors, axis=0)
    assert plain_error > 2 * ours_error


def test_covariances_of_shared_draws_agree_with_their_standard_errors():
    own, ratio = np.array([2, 0, 3, 0]), 0.8
    U, codes = pooled(1000, 3)
    sample = encoded(U, codes, own, ratio)
    pool = control_of(codes, U, sample.Y[:, 0], PROBABILITIES)
    fit = estimate(sample, pool, own, ratio, fixed=np.array([False, False, False, True]))
    diagonal = np.sqrt(fit.covariance()[0].diagonal())
    np.testing.assert_allclose(diagonal, [fit.intercept_stderr[0], *fit.stderr[0]], rtol=1e-6)


def test_a_value_that_the_background_never_draws_has_weight_zero():
    own, ratio = np.array([2, -1, 3, 0]), 0.8
    U, codes = pooled(1000, 4)
    sample = encoded(U, codes, own, ratio)
    pool = control_of(codes, U, sample.Y[:, 0], PROBABILITIES)
    fit = estimate(sample, pool, own, ratio, fixed=np.array([False, True, False, True]))
    assert fit.coef[0, [1, 3]].tolist() == [0, 0]
    assert fit.identified
    assert np.isfinite(fit.coef).all()


def test_a_rare_value_that_was_not_drawn_is_not_certain():
    own, ratio = np.array([2, 0, 3, 0]), 0.8
    U, codes = pooled(1000, 5)
    codes[:, 2][codes[:, 2] == 3] = 0
    sample = encoded(U, codes, own, ratio)
    pool = control_of(codes, U, sample.Y[:, 0], PROBABILITIES)
    fit = estimate(sample, pool, own, ratio, fixed=np.array([False, False, False, True]))
    assert not fit.identified
    assert fit.stderr[0, 2] > 0


def test_too_few_draws_have_no_control():
    U, codes = pooled(20, 6)
    assert design_of(codes, U, PROBABILITIES) is None


def test_tables_with_linear_effects_of_bins_come_back_exactly():
    own, ratio = np.array([2, 0, 3, 0]), 0.7
    U, codes = pooled(1000, 7)
    sample = encoded(U, codes, own, ratio)
    Y = sample.Z @ np.array([[1.0], [-2.0], [0.5], [0.0]]) + 3
    sample = neighborhood(codes, Y, own, ratio)
    fit = estimate(sample, control_of(codes, U, Y[:, 0], PROBABILITIES), own, ratio)
    np.testing.assert_allclose(fit.coef[0], [1.0, -2.0, 0.5, 0.0], atol=1e-9)


def test_a_constant_output_on_shared_draws_is_certain():
    own, ratio = np.array([2, 0, 3, 0]), 0.7
    U, codes = pooled(1000, 8)
    sample = encoded(U, codes, own, ratio)
    Y = np.full((1000, 1), 0.1)
    sample = neighborhood(codes, Y, own, ratio)
    fit = estimate(sample, control_of(codes, U, Y[:, 0], PROBABILITIES), own, ratio)
    assert not fit.coef.any()
    assert np.isnan(fit.fidelity[0])
    assert fit.intercept[0] == 0.1


# ---------------------------------------------------------------------------------- what the estimate is made of


OWN, RATIO = np.array([2, 0, 3, 0]), 0.8
FIXED = np.array([False, False, False, True])


def by_hand(sample, coef: np.ndarray, intercept: float) -> float:
    """1 − Σ w (y − z'β)² / Σ w (y − ȳ)² on these rows."""
    y, w = sample.Y[:, 0], sample.weights
    left = y - intercept - sample.Z @ coef
    return 1 - (w @ np.square(left)) / (w @ np.square(y - np.average(y, weights=w)))


def test_the_fidelity_is_that_of_the_weights_shown_and_not_of_the_second_model():
    """On 2^15 fresh rows; g explains .98 of the outputs, and the weights far less."""
    fresh, found = encoded(*pooled(2**15, 70), OWN, RATIO), []
    for seed in range(8):
        U, codes = pooled(600, seed)
        sample = encoded(U, codes, OWN, RATIO)
        fit = estimate(sample, control_of(codes, U, sample.Y[:, 0], PROBABILITIES), OWN, RATIO, fixed=FIXED)
        assert fit.estimators != ("least squares",)
        np.testing.assert_allclose(fit.r2[0], by_hand(sample, fit.coef[0], fit.intercept[0]))
        unseen = by_hand(fresh, fit.coef[0], fit.intercept[0])
        found.append((fit.fidelity[0], fit.fidelity_stderr[0], unseen))
        assert fit.fidelity[0] < fit.r2[0]
    fidelity, stderr, unseen = np.array(found).T
    assert (np.abs(fidelity - unseen) < 4 * stderr).all()
    assert fidelity.mean() == pytest.approx(unseen.mean(), abs=0.02)
    assert unseen.mean() < 0.8


def test_weights_are_the_projection_of_g_plus_least_squares_of_what_it_leaves():
    U, codes = pooled(600, 1)
    sample = encoded(U, codes, OWN, RATIO)
    control = control_of(codes, U, sample.Y[:, 0], PROBABILITIES)
    assert control is not None
    fit = estimate(sample, control, OWN, RATIO, fixed=FIXED)
    onto, constant = (each.mean(axis=-1) for each in control.parts.project(OWN, RATIO))
    X = np.concatenate([np.ones((600, 1)), sample.Z[:, :3]], axis=1)
    root = np.sqrt(sample.weights)
    rest = np.linalg.lstsq(root[:, None] * X, root * control.unseen, rcond=None)[0]
    np.testing.assert_allclose(fit.coef[0, :3], onto[:3] + rest[1:])
    assert fit.intercept[0] == pytest.approx(constant + rest[0])


def test_outputs_far_from_zero_are_estimated_as_well_as_others():
    U, codes = pooled(600, 1)
    sample = encoded(U, codes, OWN, RATIO)
    near = estimate(sample, None, OWN, RATIO, fixed=FIXED)
    far = estimate(neighborhood(codes, sample.Y + 1e9, OWN, RATIO), None, OWN, RATIO, fixed=FIXED)
    np.testing.assert_allclose(far.coef, near.coef, atol=1e-5)
    np.testing.assert_allclose(far.stderr, near.stderr, rtol=1e-3)
    np.testing.assert_allclose(far.fidelity, near.fidelity, atol=1e-4)


@pytest.mark.parametrize(("share", "used"), [(0.97, True), (0.99, False)])
def test_a_second_model_is_used_from_two_hundredths_on(share, used):
    """What is left is `share` of the linear residual's squares, and its projection says something else."""
    U, codes = pooled(600, 2)
    sample = encoded(U, codes, OWN, RATIO)
    plain = estimate(sample, None, OWN, RATIO, fixed=FIXED)
    residual = sample.Y - plain.intercept - sample.Z @ plain.coef.T
    corrected = Corrected(np.sqrt(share) * residual, np.full((1, 4), 0.5), np.zeros(1), ("g",))
    fit = estimate_table(sample, corrected, FIXED)
    assert fit.estimators == (("g",) if used else ("least squares",))
    np.testing.assert_allclose(fit.coef[0, :3], 0.5 if used else plain.coef[0, :3], atol=1e-9)
    assert fit.stderr[0, 0] == pytest.approx(plain.stderr[0, 0] * (np.sqrt(share) if used else 1.0))
    assert fit.intercept[0] == pytest.approx(0.0 if used else plain.intercept[0], abs=1e-9)


def test_each_target_is_estimated_as_if_alone():
    U, codes = pooled(600, 3)
    first = probability_of(U, codes)
    both = neighborhood(codes, np.column_stack([first, np.full(600, 0.4), codes[:, 0] == 2]).astype(float), OWN, RATIO)
    none = Corrected(both.Y.copy(), np.zeros((3, 4)), np.zeros(3), ("", "", ""))
    together = estimate_table(both, none, FIXED)
    for k in range(3):
        sample = neighborhood(codes, both.Y[:, [k]], OWN, RATIO)
        alone = estimate_table(sample, Corrected(both.Y[:, [k]], np.zeros((1, 4)), np.zeros(1), ("",)), FIXED)
        for name in ("coef", "intercept", "stderr", "intercept_stderr", "fidelity", "fidelity_stderr", "r2"):
            np.testing.assert_allclose(getattr(together, name)[k], getattr(alone, name)[0], atol=1e-9)


def test_rows_without_an_order_are_independent_and_fitted_so():
    U, codes = pooled(600, 4)
    sample = encoded(U, codes, OWN, RATIO)
    fit = estimate(replace(sample, order=None), None, OWN, RATIO, fixed=FIXED)
    plain = estimate_plain(sample, fixed=FIXED)
    np.testing.assert_array_equal(fit.stderr, plain.stderr)
    assert np.isinf(fit.errors.df)
    assert estimate(sample, None, OWN, RATIO, fixed=FIXED).errors.df == 7


def test_errors_count_a_folds_function_and_what_it_leaves_together():
    """A bin of two draws: functions fitted with and without them differ wildly, and their weights hardly at all."""
    rng = np.random.default_rng(0)
    share = np.array([0.998, 0.002])
    probabilities = (share, np.full(4, 0.25))
    found, stated = [], []
    for seed in range(40):
        U = points("sobol", 0, 2048, 2, seed)
        codes = np.column_stack([U[:, 0] >= share[0], np.floor(4 * U[:, 1])]).astype(np.int64)
        y = codes[:, 0] * (1.0 + rng.normal()) + U[:, 1]
        sample = neighborhood(codes, y[:, None], np.array([0, 1]), 0.8)
        fit = estimate(sample, control_of(codes, U, y, probabilities), np.array([0, 1]), 0.8)
        found.append(fit.coef[0, 1])
        stated.append(fit.stderr[0, 1])
    assert 0.5 < np.mean(stated) / np.std(found, ddof=1) < 2.5
