"""Step 6 for tables: how much steadier than independent draws scrambled points are, found out by two scrambles.

Enters: how much two independently scrambled sequences, taken in turn, disagree in what they add to the weights, and the
variance that the weights would have if all draws were independent. Leaves: the factor by which standard errors shrink.

A scrambled sequence integrates smooth functions of few columns with hardly any error, and no residual of a single
sequence shows that: sandwich errors are then 1.2 to 15 times too wide. So a pool interleaves two sequences, each
scrambled for itself [owen1998]. The square of what they disagree in is an unbiased measure of the variance that is
left. One weight has one degree of freedom for it, too few to believe; but the factor is much the same for all weights,
and their mean ratio has as many as there are weights.
"""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist

import numpy as np

from limelight.contracts import FloatArray


@lru_cache(maxsize=16)
def turns(n: int) -> FloatArray:
    """Return (n,) 1 for the rows of the first sequence and −1 for those of the second.

    >>> turns(3).tolist()
    [1.0, -1.0, 1.0]
    """
    signs = np.ones(n)
    signs[1::2] = -1.0
    signs.flags.writeable = False
    return signs


def scrambling_factor(differences: FloatArray, variances: FloatArray) -> FloatArray:
    """Return for each target (k,) the standard error under scrambled points over that under independent draws, ≤ 1.

    Widened as Student's t is against the normal law, so that intervals from few degrees of freedom cover.

    Parameters
    ----------
    differences
        (d, k) what the rows of the first sequence add to each weight, less what those of the second add.
    variances
        (d, k) the weights' variances were all rows independent; a weight with none is not counted.

    >>> scrambling_factor(np.full((8, 1), 2.0), np.full((8, 1), 16.0)).round(3)
    array([0.588])
    """
    seen = variances > 0
    ratios = np.divide(np.square(differences), variances, out=np.zeros_like(variances), where=seen)
    counts = np.count_nonzero(seen, axis=0)
    factors = [
        _widening(count) * np.sqrt(total / count) if count else 1.0
        for total, count in zip(ratios.sum(axis=0).tolist(), counts.tolist(), strict=True)
    ]
    return np.minimum(factors, 1.0)


@lru_cache(maxsize=256)
def _widening(freedom: int) -> float:
    """Return how much wider a 95 % interval of Student's t is than one of the normal law."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.975)) / NormalDist().inv_cdf(0.975)
