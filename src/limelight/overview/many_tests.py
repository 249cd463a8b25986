"""Many tests at once: p-values of t statistics, and how many of them to believe.

Input: estimates with their standard errors, or p-values. Output: p-values that say how large a share of what is called
a finding is one by chance. Somebody who looks at 200 rows of twelve columns looks 2,400 times.
"""

from __future__ import annotations

import math

import numpy as np

from limelight.contracts import FloatArray


def t_test(value: FloatArray, stderr: FloatArray, df: float) -> FloatArray:
    """Return the two-sided p-values of values against 0; 0 where a value that is not 0 has no error.

    Parameters
    ----------
    value, stderr
        Of any shape.
    df
        Degrees of freedom; infinity takes the normal law.

    Examples
    --------
    >>> t_test(np.array([1.96, 0.0, 1.0]), np.array([1.0, 0.0, 0.0]), math.inf).round(3).tolist()
    [0.05, 1.0, 0.0]
    """
    from scipy.special import ndtr, stdtr

    size = np.abs(value)
    ratio = np.divide(size, stderr, out=np.where(size > 0.0, math.inf, 0.0), where=stderr > 0.0)
    tail = ndtr(-ratio) if math.isinf(df) else stdtr(df, -ratio)
    return np.asarray(2.0 * tail)


def benjamini_hochberg(p: FloatArray) -> FloatArray:
    """Return the adjusted p-values [benjamini1995]: of those below q at most the share q is there by chance.

    Parameters
    ----------
    p
        (m,) p-values.

    Examples
    --------
    >>> benjamini_hochberg(np.array([0.01, 0.04, 0.03, 0.5])).round(3).tolist()
    [0.04, 0.053, 0.053, 0.5]
    """
    m = len(p)
    order = np.argsort(-p, kind="stable")
    raised = p[order] * m / np.arange(m, 0, -1)
    adjusted = np.empty(m)
    adjusted[order] = np.minimum(np.minimum.accumulate(raised), 1.0)
    return adjusted


def wilson(count: int, n: int, quantile: float = 1.959964) -> tuple[float, float]:
    """Return the interval of a share that was seen `count` times in n [wilson1927].

    >>> [round(bound, 3) for bound in wilson(0, 20)]
    [0.0, 0.161]
    """
    if n == 0:
        return 0.0, 1.0
    share, z2 = count / n, quantile**2
    middle = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = quantile / (1 + z2 / n) * math.sqrt(share * (1 - share) / n + z2 / (4 * n**2))
    return max(middle - half, 0.0), min(middle + half, 1.0)
