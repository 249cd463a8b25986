"""Complement pairs, folded: two rows z and 1 − z are one row of signs, so that products take half the work.

Input: masks and their clusters. Output: half-rows h = z − ½ with the places of z and of its complement, and sums over
pairs. A product of all n rows, z = middle + h and z̄ = middle − h, is then a product of n / 2 half-rows with the sum or
the difference of what belongs to the two: Σ w z̃ z̃' takes w + w̄, Σ w z̃ y takes w y − w̄ ȳ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, MaskArray

_MOST_NUMBERS = 2**23  # half-rows are held as floats, 64 MiB of them; wider samples are read in blocks


@dataclass(frozen=True)
class Folded:
    """Rows z = middle ± h, each cluster held once: pairs first, then the rows that stand alone.

    Parameters
    ----------
    H
        (m, d) half-rows.
    middle
        (d,) ½ for masks; the centre where no rows are paired.
    first, second
        (m,) places of z = middle + h among the rows; (p,) places of the complements of the first p half-rows.
    """

    H: FloatArray
    middle: FloatArray
    first: NDArray[np.int64]
    second: NDArray[np.int64]

    def plus(self, values: FloatArray) -> FloatArray:
        """Return values (n, …) summed over each pair (m, …)."""
        total = values[self.first]
        total[: len(self.second)] += values[self.second]
        return total

    def minus(self, values: FloatArray) -> FloatArray:
        """Return values (n, …) of each first row less those of its complement (m, …)."""
        difference = values[self.first]
        difference[: len(self.second)] -= values[self.second]
        return difference

    def times(self, slopes: FloatArray) -> FloatArray:
        """Return Z @ slopes (n,), by half the products."""
        return self.unfolded(self.H @ slopes, float(self.middle @ slopes))

    def unfolded(self, odd: FloatArray, even: FloatArray | float) -> FloatArray:
        """Return even ± odd (n, …) for what is odd and even in h, back in the order of the rows."""
        rows = np.empty((len(self.first) + len(self.second), *odd.shape[1:]))
        paired = len(self.second)
        rows[self.first] = even + odd
        rows[self.second] = (even if isinstance(even, float) else even[:paired]) - odd[:paired]
        return rows


def fold(Z: MaskArray, clusters: NDArray[np.int64]) -> Folded | None:
    """Return masks (n, d) folded at ½; None unless the rows that share clusters are complement pairs.

    >>> folded = fold(np.array([[0, 1], [1, 1], [1, 0]], dtype=np.uint8), np.array([0, 1, 0]))
    >>> folded.H.tolist(), folded.first.tolist(), folded.second.tolist()
    ([[-0.5, 0.5], [0.5, 0.5]], [0, 1], [2])
    """
    if Z.dtype != np.uint8 or Z.size > 2 * _MOST_NUMBERS:
        return None
    # neighbours in this order that share a number are one pair
    order = np.argsort(clusters, kind="stable")
    same = np.flatnonzero(np.diff(clusters[order]) == 0)
    first = order[same]
    second = order[same + 1]
    if not len(same) or (len(same) > 1 and np.diff(same).min() < 2) or not (Z[first] ^ Z[second]).all():
        return None
    alone = np.ones(len(Z), bool)
    alone[first] = alone[second] = False
    first = np.concatenate([first, np.flatnonzero(alone)])
    return Folded(Z[first] - 0.5, np.full(Z.shape[1], 0.5), first, second)


def unpaired(Z: MaskArray, center: FloatArray) -> Folded:
    """Return rows, each standing alone, around their centre."""
    return Folded(Z - center, center, np.arange(len(Z)), np.arange(0))
