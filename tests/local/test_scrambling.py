"""Two scrambles tell how much steadier their points are than independent draws."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from limelight.contracts import Neighborhood
from limelight.control.tables import estimate_encoded, fit_pool
from limelight.local.precision import estimate_plain
from limelight.local.sampling import points
from limelight.local.scrambling import scrambling_factor

OWN, D, SHARES = np.array([3, 0, 2, 1, 1, 3]), 6, [np.full(4, 0.25)] * 6
RATIO = float(np.exp(-1 / (2 * 0.75**2 * D)))


def around(n: int, seed: int, design: str, scrambled: bool) -> tuple[Neighborhood, np.ndarray, np.ndarray]:
    """Return n draws of six columns in quartile bins with a model that has interactions, and what they came from."""
    U = points(design, 0, n, D, seed)
    codes = np.floor(4 * U).astype(np.int64)
    Z = (codes == OWN).astype(np.uint8)
    y = 1 / (1 + np.exp(2 - 6 * U[:, 0] * U[:, 1] - 2 * np.sin(5 * U[:, 2]) + 3 * U[:, 3] * U[:, 4] * U[:, 5]))
    weights = RATIO ** (D - Z.sum(axis=1, dtype=float))
    known = (np.ones(D), np.zeros(n, bool), np.arange(n), None, scrambled)
    return Neighborhood(Z, y[:, None], weights, *known), U, codes


def test_the_factor_by_hand():
    """Both weights differ by 2, so their variance is 4, against 64; t with 2 degrees of freedom is 4.30 / 1.96."""
    factor = scrambling_factor(np.full((2, 1), 2.0), np.full((2, 1), 64.0))
    np.testing.assert_allclose(factor, [np.sqrt(4 / 64) * 4.302653 / 1.959964], rtol=1e-6)


def test_the_factor_never_widens_and_knows_nothing_of_weights_without_error():
    loud = np.full((2, 1), 18.0)
    assert scrambling_factor(loud, np.ones((2, 1))) == [1.0]
    assert scrambling_factor(loud, np.zeros((2, 1))) == [1.0]


@pytest.mark.parametrize("controlled", [False, True])
def test_intervals_cover_and_are_narrower_than_those_of_independent_draws(controlled):
    exact = estimate_plain(around(2**17, 99, "sobol", False)[0]).coef[0]
    errors, widths, blind = [], [], []
    for seed in range(60):
        sample, U, codes = around(1024, seed, "sobol", True)
        pool = fit_pool(codes, U, sample.Y, SHARES) if controlled else None
        fit = estimate_encoded(sample, pool, OWN, RATIO)
        unaware = estimate_encoded(around(1024, seed, "sobol", False)[0], pool, OWN, RATIO)
        np.testing.assert_array_equal(unaware.coef, fit.coef)
        errors.append(np.abs(fit.coef[0] - exact))
        widths.append(1.96 * fit.stderr[0])
        blind.append(1.96 * unaware.stderr[0])
    assert 0.92 < (np.array(errors) <= widths).mean() < 0.98
    assert (np.array(errors) <= blind).all()  # which is not what 95 % means
    assert np.mean(widths) < 0.6 * np.mean(blind)


def test_a_covariance_and_an_influence_shrink_with_the_standard_error():
    sample, U, codes = around(1024, 0, "sobol", True)
    for pool in (None, fit_pool(codes, U, sample.Y, SHARES)):
        fit = estimate_encoded(sample, pool, OWN, RATIO)
        np.testing.assert_allclose(np.sqrt(fit.covariance(target=0).diagonal()[1:]), fit.stderr[0], rtol=1e-6)
        np.testing.assert_allclose(np.sqrt(np.square(fit.sandwich.influence()[:, 0, 1:]).sum(axis=0)), fit.stderr[0])


def test_a_constant_target_takes_no_control_from_the_others_and_is_exact():
    sample, U, codes = around(1024, 0, "sobol", True)
    both = replace(sample, Y=np.column_stack([np.full(1024, 0.3), sample.Y]))
    fit, alone = (estimate_encoded(each, fit_pool(codes, U, each.Y, SHARES), OWN, RATIO) for each in (both, sample))
    assert fit.estimators == ("least squares", "logistic additive")
    np.testing.assert_allclose(fit.coef[1], alone.coef[0], rtol=1e-9)
    np.testing.assert_allclose(fit.stderr[1], alone.stderr[0], rtol=1e-9)
    assert (fit.intercept[0], fit.fidelity[0], fit.r2[0]) == (0.3, 1.0, 1.0)
    assert not fit.coef[0].any()
    assert not fit.stderr[0].any()
