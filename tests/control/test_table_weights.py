"""Weights of table rows from shared draws: the limit of least squares, with less noise, and errors that hold."""

from __future__ import annotations

import pickle

import numpy as np
import pytest

from limelight.control.product import ProductParts
from limelight.local.precision import estimate_plain
from limelight.local.sampling import points
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
    g = parts.constant + sum(parts.additive[j, cells[:, j], 0] for j in range(3))
    wave = np.prod([parts.waves[j, cells[:, j], 0] for j in range(3)], axis=0)
    g = g + (wave @ parts.amplitudes).real
    for pair in parts.pairs:
        g = g + pair.corners[cells[:, pair.first], cells[:, pair.second], 0]
    stay = cells == own
    q = np.prod([PROBABILITIES[j][cells[:, j]] for j in range(3)], axis=0) * ratio ** (3 - stay.sum(axis=1))
    expected = [np.average(g[stay[:, j]], weights=q[stay[:, j]]) - np.average(g[~stay[:, j]], weights=q[~stay[:, j]])
                for j in range(3)]  # fmt: skip
    coef, intercept = parts.project(own, ratio)
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
