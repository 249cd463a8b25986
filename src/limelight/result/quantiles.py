"""How wide an interval is, in standard errors: the normal quantile, and the t quantile for estimated errors."""

from __future__ import annotations

import math
from statistics import NormalDist

from limelight.errors import InputError

USUAL = 0.95
"""The level at which standard errors are stated."""


def normal_quantile(level: float) -> float:
    """Return z with P(|N(0, 1)| ≤ z) = level.

    >>> round(normal_quantile(0.95), 2)
    1.96
    """
    if not 0 < level < 1:
        raise InputError(f"level: expected a number between 0 and 1, got {level!r}; 0.95 is usual.")
    return NormalDist().inv_cdf(0.5 + level / 2)


def stated_quantile(level: float, df: float = math.inf) -> float:
    """Return how many *stated* standard errors an interval reaches to either side.

    Parameters
    ----------
    level
        Coverage, between 0 and 1.
    df
        Degrees of freedom of the standard errors. A stated standard error is the half width of the 95 % interval
        divided by 1.96, whatever the degrees of freedom, so that a reader who multiplies by 1.96 is right.

    >>> stated_quantile(0.95, 3.0) == normal_quantile(0.95)
    True
    >>> round(stated_quantile(0.99, 3.0) / stated_quantile(0.99), 2)
    1.4
    """
    usual = normal_quantile(USUAL)
    if math.isinf(df) or level == USUAL:
        return normal_quantile(level)
    if not 0 < level < 1:
        raise InputError(f"level: expected a number between 0 and 1, got {level!r}; 0.95 is usual.")
    from scipy.special import stdtrit

    wanted = float(stdtrit(df, 0.5 + level / 2))
    stated = float(stdtrit(df, 0.5 + USUAL / 2))
    return wanted / stated * usual
