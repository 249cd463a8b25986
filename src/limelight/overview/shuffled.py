"""How much two sets of rows would differ if it were chance which set a row belongs to, without shuffling the rows.

Input: the value of every row (a code, or a number within its code), and which set it belongs to. Output: p-values of
permutation tests. Where sets are shuffled, how many rows with each value come into one of them follows the multivariate
hypergeometric law: it is drawn at once, by value and not by row. Numbers that many rows share are drawn so too; where
most rows have a number of their own, those of one code are shuffled in place.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray

EXCEEDING = 10
"""With fewer permutations beyond what was seen, the tail is read off a gamma law with their moments."""
SHARED = 32
"""Numbers that so many rows share on average are drawn by number; a shuffle of rows is quicker below."""


def p_of_shares(codes: NDArray[np.int64], second: NDArray[np.bool_], permutations: int) -> float:
    """Return how often χ² of shuffled sets is as large as that of the codes (n,) in both sets.

    Parameters
    ----------
    codes
        (n,) the value of each row.
    second
        (n,) whether a row belongs to the second set.
    permutations
        How often sets are drawn.

    >>> sets = np.arange(400) % 2 == 1
    >>> p_of_shares(np.arange(400) % 2, sets, 99) < 1e-6, p_of_shares(np.arange(400) // 2 % 2, sets, 99)
    (True, 1.0)
    """
    total = np.bincount(codes)
    expected = total * second.mean()
    known = expected > 0
    unit = (expected * (1.0 - second.mean()))[known]

    def statistic(counts: FloatArray) -> FloatArray:
        return np.asarray((np.square(counts[..., known] - expected[known]) / unit).sum(axis=-1))

    rng = np.random.default_rng(0)
    drawn = rng.multivariate_hypergeometric(total, int(second.sum()), size=permutations, method="marginals")
    seen = np.bincount(codes[second], minlength=len(total)).astype(float)
    return p_value(float(statistic(seen)), statistic(drawn.astype(float)))


def p_of_means(codes: NDArray[np.int64], values: FloatArray, second: NDArray[np.bool_], permutations: int) -> float:
    """Return how often sets shuffled within each code show as much difference between their means of values (n,).

    The statistic is Σ_b of the squared differences of the means in code b, in units of their variance there.

    >>> sets, one = np.arange(400) % 2 == 1, np.zeros(400, np.int64)
    >>> p_of_means(one, np.arange(400) % 2 * 1.0, sets, 99) < 1e-6
    True
    """
    order = np.argsort(codes, kind="stable")
    ends = np.flatnonzero(np.diff(codes[order])) + 1
    scale = float(np.abs(values).max(initial=0.0))
    rng = np.random.default_rng(1)
    seen, drawn = 0.0, np.zeros(permutations)
    for rows in np.split(order, ends):
        here, inside = values[rows], second[rows]
        n, m = int(inside.sum()), len(rows)
        centred = here - here.mean()
        centred[np.abs(centred) <= 1e-9 * scale] = 0.0
        variance = float(np.square(centred).mean())
        if n in (0, m) or variance <= 0.0:
            continue
        # mean in one set less mean in the other: s/n + s/(m − n), since all sum to 0
        unit = m / (n * (m - n)) / variance
        seen += unit * float(centred[inside].sum()) ** 2
        drawn += unit * np.square(sums_of_some(centred, n, permutations, rng))
    return p_value(seen, drawn)


def sums_of_some(values: FloatArray, n: int, times: int, rng: np.random.Generator) -> FloatArray:
    """Return (times,) sums of n of the values, drawn without replacement.

    >>> sums_of_some(np.array([1.0, 2.0]), 2, 3, np.random.default_rng(0)).tolist()
    [3.0, 3.0, 3.0]
    """
    distinct, counts = np.unique(values, return_counts=True)
    if SHARED * len(distinct) <= len(values):
        found = rng.multivariate_hypergeometric(counts, n, size=times, method="marginals")
        return np.asarray(found @ distinct)
    mixed = values.copy()
    sums = np.empty(times)
    for at in range(times):
        rng.shuffle(mixed)
        sums[at] = mixed[:n].sum()
    return sums


def p_value(seen: float, drawn: FloatArray) -> float:
    """Return how often what was drawn is as large as what was seen; far out by a gamma law with the moments of it.

    >>> p_value(1.0, np.r_[np.zeros(49), np.ones(50)])
    0.51
    """
    from scipy.stats import gamma

    beyond = int((drawn >= seen * (1 - 1e-9)).sum())
    spread = float(drawn.std())
    by_count = (1 + beyond) / (1 + len(drawn))
    if beyond >= EXCEEDING or spread <= 1e-9 * max(seen, 1e-300):
        return by_count
    mean = float(drawn.mean())
    return min(by_count, float(gamma.sf(seen, (mean / spread) ** 2, scale=spread**2 / mean)))
