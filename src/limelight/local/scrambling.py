"""Step 6 for tables: how much steadier than independent draws scrambled points are, found out by two scrambles.

Enters: what each of R independently scrambled sequences adds to the weights, and the variance that these additions
would have if all draws were independent. Leaves: the factor by which standard errors shrink.

A scrambled sequence integrates smooth functions of few columns with hardly any error, and no residual of a single
sequence shows that: sandwich errors are then 1.2 to 15 times too wide. So a pool interleaves two sequences, each
scrambled for itself [owen1998]. What they disagree in is an unbiased measure of the variance that is left. One weight
has one degree of freedom for it, too few to believe; but the factor is much the same for all weights, and their mean
ratio has as many as there are weights.
"""

from __future__ import annotations

from functools import lru_cache
from statistics import NormalDist

import numpy as np

from limelight.contracts import FloatArray

SCRAMBLES = 2
"""More would tell the error more exactly, and cost the precision that shorter sequences have less of."""


def scrambling_factor(additions: FloatArray, variances: FloatArray) -> FloatArray:
    """Return for each target (k,) the standard error under scrambled points over that under independent draws, ≤ 1.

    Widened as Student's t is against the normal law, so that intervals from few degrees of freedom cover.

    Parameters
    ----------
    additions
        (R, d, k) what the rows of each scramble add to each weight.
    variances
        (d, k) the weights' variances were all rows independent; a weight with none is not counted.

    >>> scrambling_factor(np.array([[[1.0]] * 8, [[-1.0]] * 8]), np.full((8, 1), 16.0)).round(3)
    array([0.588])
    """
    count = len(additions)
    between = count / (count - 1) * np.square(additions - additions.mean(axis=0)).sum(axis=0)
    seen = variances > 0
    weights = np.maximum(np.count_nonzero(seen, axis=0), 1)
    ratio = np.divide(between, variances, out=np.zeros_like(between), where=seen).sum(axis=0) / weights
    widened = np.sqrt(ratio) * [_widening(int(each) * (count - 1)) for each in weights]
    return np.minimum(np.where(seen.any(axis=0), widened, 1.0), 1.0)


@lru_cache(maxsize=256)
def _widening(freedom: int) -> float:
    """Return how much wider a 95 % interval of Student's t is than one of the normal law."""
    from scipy.special import stdtrit

    return float(stdtrit(freedom, 0.975)) / NormalDist().inv_cdf(0.975)
