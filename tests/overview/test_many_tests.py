"""p-values of many tests: worked numbers, and how often chance is called a finding."""

from __future__ import annotations

import math

import numpy as np
import pytest

from limelight.overview.many_tests import benjamini_hochberg, t_test, wilson


def test_adjusted_values_worked_by_hand() -> None:
    # sorted .001 .008 .039 .041: times 4/1, 4/2, 4/3, 4/4, and then never above the next
    p = benjamini_hochberg(np.array([0.041, 0.001, 0.039, 0.008]))
    np.testing.assert_allclose(p, [0.041, 0.004, 0.041, 0.016])


def test_they_agree_with_scipy() -> None:
    stats = pytest.importorskip("scipy.stats")
    p = np.random.default_rng(0).random(200) ** 2
    np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p))


def test_few_degrees_of_freedom_need_more_than_many() -> None:
    stats = pytest.importorskip("scipy.stats")
    value, error = np.array([-2.5]), np.array([1.0])
    np.testing.assert_allclose(t_test(value, error, 7.0), 2 * stats.t.sf(2.5, 7))
    np.testing.assert_allclose(t_test(value, error, math.inf), 2 * stats.norm.sf(2.5))


def test_without_error_a_value_is_different_and_nothing_is_not() -> None:
    assert t_test(np.array([1e-30, 0.0]), np.zeros(2), 7.0).tolist() == [0.0, 1.0]


def test_shares_have_the_interval_of_statsmodels() -> None:
    # 7 of 10, by hand: (0.7 + 0.19207) / 1.38415 ∓ …
    low, high = wilson(7, 10)
    assert low == pytest.approx(0.39678, abs=1e-4)
    assert high == pytest.approx(0.89221, abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)


def test_no_tests_give_no_values() -> None:
    assert benjamini_hochberg(np.empty(0)).shape == (0,)
