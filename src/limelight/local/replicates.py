"""Independent replicates: the error of any number computed from draws, read off the scatter of a few repetitions.

Input: what each of R independently randomised sets of draws adds to a weight. Output: its variance, its degrees of
freedom, and the *stated* standard error: half of the 95 % interval divided by 1.96, so that it can be read like any
other standard error although few replicates make wider intervals than many.

Table rows are taken in turn from R = 8 scrambled Sobol sequences. Within a sequence draws balance each other, and how
much that gains differs from weight to weight, tenfold within one row; no formula knows it beforehand. Between sequences
nothing is shared, so the scatter of their eight contributions knows it for each weight alone [owen1998]. Nothing is
assumed, nothing pooled; the price is Student's quantile with seven degrees of freedom, 2.36 for 1.96.

Rows that are drawn independently of each other form replicates too, and more of them, which costs less.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray

SCRAMBLES = 8
"""Replicates of scrambled points. Four make intervals half as wide again (Student's t), sixteen lose the balance
within each sequence; see `docs/concepts/precision.md`."""

GROUPS = 32
"""Replicates of independent rows: by Student's t, intervals are 4 % wider than with infinitely many."""

NORMAL_95 = 1.959964
"""The normal quantile by which stated standard errors are to be multiplied for a 95 % interval."""


def by_replicate(values: NDArray[Any], replicates: int) -> NDArray[Any]:
    """Return rows (n, …) sorted into replicates (R, m, …): row i belongs to replicate i mod R.

    Where n is no multiple of R the last places are filled with zeros; give such rows the weight zero.

    >>> by_replicate(np.arange(5.0), 2).tolist()
    [[0.0, 2.0, 4.0], [1.0, 3.0, 0.0]]
    """
    return np.ascontiguousarray(in_replicates(values, replicates))


def in_replicates(values: NDArray[Any], replicates: int) -> NDArray[Any]:
    """Return the same without sorting them where all replicates are full: a view of the rows as they lie.

    >>> rows = np.arange(4.0)
    >>> in_replicates(rows, 2).tolist(), np.shares_memory(in_replicates(rows, 2), rows)
    ([[0.0, 2.0], [1.0, 3.0]], True)
    """
    n = len(values)
    rows = -(-n // replicates)
    if rows * replicates > n:
        padding = np.zeros((rows * replicates - n, *values.shape[1:]), values.dtype)
        values = np.concatenate([values, padding])
    return values.reshape(rows, replicates, *values.shape[1:]).swapaxes(0, 1)


@lru_cache(maxsize=64)
def student_quantile(level: float, df: float) -> float:
    """Return t with P(|T| ≤ t) = level for Student's T with `df` degrees of freedom; infinity: the normal quantile.

    >>> round(student_quantile(0.95, 7), 3), round(student_quantile(0.95, math.inf), 3)
    (2.365, 1.96)
    """
    from scipy.special import ndtri, stdtrit

    upper = 0.5 + level / 2.0
    if math.isinf(df):
        return float(ndtri(upper))
    return float(stdtrit(df, upper))


def widening(replicates: int) -> float:
    """Return by how much Student's quantile exceeds the normal one at 95 %, for so many replicates.

    >>> round(widening(8), 3)
    1.206
    """
    return student_quantile(0.95, replicates - 1) / NORMAL_95


def scatter(contributions: FloatArray) -> FloatArray:
    """Return the covariance (…, m, m) of a sum of R independent contributions (…, R, m).

    The sum of R terms has R times the variance of one, and one term's is estimated from their scatter:
    R / (R − 1) Σ_r (D_r − D̄)(D_r − D̄)'. Its rank is at most R − 1: use it for contrasts, never invert it.

    >>> scatter(np.array([[1.0], [3.0]])).tolist()
    [[4.0]]
    """
    replicates = [contributions[..., r, :] for r in range(contributions.shape[-2])]
    # one replicate after the other, so that a covariance is the same to the last bit whatever stands beside it
    mean = np.zeros_like(replicates[0])
    for each in replicates:
        mean += each / len(replicates)
    total = np.zeros((*mean.shape, mean.shape[-1]))
    for each in replicates:
        # the mean is zero already for a fit, by its normal equations; not so for sums that come from elsewhere
        centred = each - mean
        total += centred[..., :, None] * centred[..., None, :]
    return np.asarray(len(replicates) / (len(replicates) - 1) * total)


def scattered_error(contributions: FloatArray, *, axis: int = 0) -> FloatArray:
    """Return the stated standard error of sums of R contributions that lie along an axis.

    >>> round(float(scattered_error(np.array([1.0, 3.0])) / 2.0), 2)  # one degree of freedom: 12.7 / 1.96
    6.48
    """
    replicates = contributions.shape[axis]
    variance = replicates * contributions.var(axis=axis, ddof=1)
    return np.asarray(widening(replicates) * np.sqrt(variance))
