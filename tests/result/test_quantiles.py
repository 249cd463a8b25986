"""Intervals in stated standard errors: 1.96 of them are the usual interval, whatever the degrees of freedom."""

from __future__ import annotations

import math

import pytest
from scipy.stats import norm, t

import limelight as ll
from limelight.result.quantiles import normal_quantile, stated_quantile


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95, 0.99, 0.999])
def test_without_degrees_of_freedom_it_is_the_normal_quantile(level: float) -> None:
    assert stated_quantile(level) == normal_quantile(level) == pytest.approx(norm.ppf(0.5 + level / 2), rel=1e-12)


@pytest.mark.parametrize("df", [1.0, 3.0, 7.0, 60.0])
@pytest.mark.parametrize("level", [0.5, 0.9, 0.95, 0.99])
def test_stated_errors_times_it_are_the_t_interval(level: float, df: float) -> None:
    raw = 2.5  # an error as estimated; the stated one is the half width at 95 % by 1.96
    stated = raw * t.ppf(0.975, df) / normal_quantile(0.95)
    assert stated * stated_quantile(level, df) == pytest.approx(raw * t.ppf(0.5 + level / 2, df), rel=1e-9)


@pytest.mark.parametrize("level", [0.0, 1.0, 95.0, -0.1, math.nan])
@pytest.mark.parametrize("df", [3.0, math.inf])
def test_a_level_that_is_none_is_refused(level: float, df: float) -> None:
    with pytest.raises(ll.InputError, match=r"level: expected a number between 0 and 1.*0\.95 is usual"):
        stated_quantile(level, df)
