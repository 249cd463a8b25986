"""A curve in an additive index, written as waves: the curve that is fitted, and the waves' means in every bin."""

from __future__ import annotations

import numpy as np
import pytest

from binned_tables import control, design, normal_columns, shared
from limelight.control.waves import HARMONICS, Index, Waves, fit_index, fit_waves

SLOPES = np.array([1.0, 0.7, -0.5, 0.0])


def columns(n: int = 500, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 4)).astype(np.float32)


def share_missed(index: Index, X: np.ndarray, y: np.ndarray) -> float:
    return float(np.square(y - index.predict(X @ index.coef)).sum() / np.square(y - y.mean()).sum())


def test_a_logistic_model_is_found_with_its_slopes():
    X = columns()
    y = 1 / (1 + np.exp(-(0.4 + X @ SLOPES)))
    index = fit_index(X, y)
    assert (index.low, index.high) == (0.0, 1.0)
    np.testing.assert_allclose([index.constant, *index.coef], [0.4, *SLOPES], atol=0.05)
    assert share_missed(index, X, y) < 1e-3


@pytest.mark.parametrize("scale", [3.0, 1e6])
def test_counts_and_prices_follow_an_exponential_curve_also_near_zero(scale):
    X = columns()
    y = scale * np.exp(0.5 * X @ SLOPES)
    index = fit_index(X, y)
    assert (index.low, index.high) == (0.0, 2 * y.max())
    assert share_missed(index, X, y) < 0.01


def test_outputs_with_a_floor_far_above_zero_are_not_taken_for_exponential():
    X = columns()
    y = 50 + np.exp(0.5 * X @ SLOPES)
    index = fit_index(X, y)
    assert index.low > 0
    assert share_missed(index, X, y) < 0.1


def test_positive_outputs_that_saturate_keep_the_bounds_that_were_seen():
    X = columns()
    y = 100 / (1 + np.exp(-2 * X @ SLOPES))
    index = fit_index(X, y)
    assert index.high < 110
    assert share_missed(index, X, y) < 0.01


def test_the_curve_is_the_logistic_one_between_its_bounds():
    index = Index(-1.0, 3.0, 0.5, np.array([1.0]))
    scores = np.array([-0.5, 0.7, 1e3, -1e3])
    np.testing.assert_allclose(index.predict(scores[:2]), -1 + 4 / (1 + np.exp(-(0.5 + scores[:2]))))
    np.testing.assert_allclose(index.predict(scores[2:]), [3.0, -1.0], atol=1e-9)


def test_outputs_that_never_move_have_a_flat_curve():
    index = fit_index(columns(), np.full(500, 7.0))
    assert not index.coef.any()
    assert index.predict(np.zeros(2)).tolist() == [7.0, 7.0]


def test_waves_are_powers_of_one_wave():
    waves = Waves(Index(0.0, 1.0, 0.0, np.zeros(1)), np.array([2]), phase=0.7)
    scores = np.array([0.3, -1.2])
    expected = np.exp(1j * 0.7 * np.outer(scores, np.arange(1, HARMONICS + 1)))
    np.testing.assert_allclose(waves.at(scores), expected)


def test_coefficients_are_spread_over_the_columns_that_the_index_uses():
    waves = Waves(Index(0.0, 1.0, 0.0, np.array([3.0, 4.0])), np.array([2, 0]), phase=1.0)
    assert waves.coef(4).tolist() == [4.0, 0.0, 3.0, 0.0]


def fitted(n: int = 2048, seed: int = 0):
    U, codes = shared(n, seed)
    made = design(U, codes)
    y = 1 / (1 + np.exp(-2 * normal_columns(U) @ SLOPES))
    return made, y, fit_waves(made.columns[:, 1:], y, made.terms)


def test_an_index_uses_levels_places_and_values_and_fits_into_four_fifths_of_a_period():
    made, _, waves = fitted()
    terms = made.terms
    squares = np.concatenate([terms.square, terms.value_square])
    unused = np.setdiff1d(np.arange(terms.width), waves.columns)
    assert set(unused.tolist()) == set(squares[squares >= 0].tolist())
    reach = np.abs(made.columns[:, 1:] @ waves.coef(terms.width)).max()
    assert waves.phase * reach == pytest.approx(0.8 * np.pi)


def test_an_index_of_nothing_has_a_finite_phase():
    made, _, _ = fitted(512)
    assert fit_waves(made.columns[:, 1:], np.full(512, 3.0), made.terms).phase == 1.0


def test_an_index_is_fitted_to_the_first_rows_only_where_there_are_many():
    made, y, waves = fitted(4096)
    moved = y.copy()
    moved[1000:] = 1 - moved[1000:]
    again = fit_waves(made.columns[:, 1:], moved, made.terms)
    np.testing.assert_array_equal(again.index.coef, waves.index.coef)
    moved[:1000] = 1 - moved[:1000]
    assert np.abs(fit_waves(made.columns[:, 1:], moved, made.terms).index.coef - waves.index.coef).max() > 0.1


def test_the_mean_of_a_waves_factor_in_a_bin_is_that_of_its_support_points():
    made, _, waves = fitted()
    terms = made.terms
    coef = waves.coef(terms.width)
    for j, (shape, table) in enumerate(zip(terms.shapes, waves.tables(terms), strict=True)):
        score = terms.along(coef, j)
        for b in range(4):
            points = shape.codes == b
            for m in range(HARMONICS):
                wave = np.exp(1j * (m + 1) * waves.phase * score[points])
                assert table[b, m] == pytest.approx(np.average(wave, weights=shape.mass[points]))


def test_the_mean_of_a_wave_is_the_product_over_columns():
    """Columns are independent, so the mean over 2^16 draws is the product of means."""
    made, _, waves = fitted()
    U, codes = shared(2**16, 7)
    many = design(U, codes)
    drawn = waves.at(many.columns[:, 1:] @ waves.coef(made.terms.width)).mean(axis=0)
    tables = waves.tables(made.terms)
    product = np.prod([shape.share @ table for shape, table in zip(made.terms.shapes, tables, strict=True)], axis=0)
    np.testing.assert_allclose(drawn, product, atol=2e-3)


def test_each_halfs_index_has_not_seen_the_other_halfs_outputs():
    U, codes = shared(2048, 1)
    rng = np.random.default_rng(1)
    y = 1 / (1 + np.exp(-2 * normal_columns(U) @ SLOPES)) + 0.02 * rng.normal(size=2048)
    first, second = control(U, codes, y).curves
    # each is used by the folds of the other half alone
    used = [np.flatnonzero(np.abs(amplitudes).sum(axis=1)).tolist() for _, amplitudes in (first, second)]
    assert used == [[4, 5, 6, 7], [0, 1, 2, 3]]
    late = np.arange(2048) % 8 >= 4
    moved = np.where(late, y + 0.05 * rng.normal(size=2048), y)
    again_first, again_second = control(U, codes, moved).curves
    np.testing.assert_array_equal(again_first[0].index.coef, first[0].index.coef)
    assert again_first[0].phase == first[0].phase
    assert np.abs(again_second[0].index.coef - second[0].index.coef).max() > 1e-4
