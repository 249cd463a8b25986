"""The error of a number, read off the scatter of a few repetitions."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from limelight.local.replicates import by_replicate, scatter, scattered_error, student_quantile, widening


@pytest.mark.parametrize(("n", "replicates"), [(16, 8), (17, 8), (23, 8), (3, 8), (40, 32), (1, 2)])
def test_row_i_belongs_to_replicate_i_mod_r_and_places_left_over_hold_zeros(n, replicates):
    values = np.random.default_rng(0).normal(size=(n, 2, 3))
    found = by_replicate(values, replicates)
    assert found.shape == (replicates, math.ceil(n / replicates), 2, 3)
    for r in range(replicates):
        mine = values[r::replicates]
        np.testing.assert_array_equal(found[r, : len(mine)], mine)
        assert not found[r, len(mine) :].any()


def test_sorting_into_replicates_keeps_the_type_of_the_rows():
    assert by_replicate(np.arange(5, dtype=np.int64), 2).dtype == np.int64
    assert by_replicate(np.ones((5, 2), np.float32), 4).dtype == np.float32


@pytest.mark.parametrize("df", [1, 3, 7, 31])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.999])
def test_student_quantiles_are_those_of_scipy(level, df):
    assert student_quantile(level, df) == pytest.approx(stats.t.ppf(0.5 + level / 2, df))


def test_infinitely_many_degrees_of_freedom_are_the_normal_law():
    assert student_quantile(0.9, math.inf) == pytest.approx(stats.norm.ppf(0.95))


@pytest.mark.parametrize("replicates", [2, 8, 32])
def test_a_stated_standard_error_times_1_96_is_half_of_students_interval(replicates):
    assert widening(replicates) * stats.norm.ppf(0.975) == pytest.approx(stats.t.ppf(0.975, replicates - 1), rel=1e-6)


def test_the_scatter_of_contributions_is_the_covariance_of_their_sum_written_as_a_loop():
    moved = np.random.default_rng(1).normal(size=(3, 8, 4))
    found = scatter(moved)
    for target in range(3):
        mean = moved[target].sum(axis=0) / 8
        expected = sum(np.outer(each - mean, each - mean) for each in moved[target]) * 8 / 7
        np.testing.assert_allclose(found[target], expected)


def test_the_scatter_is_that_of_sums_over_many_repetitions():
    rng = np.random.default_rng(2)
    mixing = np.array([[1.0, 0.0], [0.7, 0.5]])
    moved = rng.normal(size=(20_000, 8, 2)) @ mixing.T
    truth = np.cov(moved.sum(axis=1).T)
    np.testing.assert_allclose(scatter(moved).mean(axis=0), truth, atol=0.25)


@pytest.mark.parametrize("axis", [0, 1])
def test_stated_errors_of_sums_lie_along_the_axis_asked_for(axis):
    moved = np.random.default_rng(3).normal(size=(8, 5)) + 2.0
    laid = moved if axis == 0 else moved.T
    mean = moved.mean(axis=0)
    variance = 8 / 7 * np.square(moved - mean).sum(axis=0)
    expected = stats.t.ppf(0.975, 7) / stats.norm.ppf(0.975) * np.sqrt(variance)
    np.testing.assert_allclose(scattered_error(laid, axis=axis), expected, rtol=1e-6)


def test_intervals_from_eight_normal_contributions_hold_19_times_of_20():
    moved = np.random.default_rng(4).normal(size=(8, 20_000)) + 0.3
    covered = np.abs(moved.sum(axis=0) - 8 * 0.3) <= 1.959964 * scattered_error(moved)
    assert 0.945 < covered.mean() < 0.955
