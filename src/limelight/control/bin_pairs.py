"""Which two columns act together: screened, tested on replicates that were not used to find them, and tabulated.

Input: bins of shared draws, what an additive function leaves of the outputs. Output: for every pair of columns the
share of the movement that its table of cells explains and two tests of it; tables of pairs that a control may use.

A pair leaks into pairs whose points are badly spread, so that one real pair makes others look real. Two cures, both
needed: the found pair is taken out before the next is looked for, and only what independently scrambled replicates
agree in is believed. The share of a pair is Σ_r Σ_cells M_r (M − M_r) / (N − N_r), M the cells' sums, N their counts:
each replicate against all others, so that noise has the mean zero. (What an additive fit leaves of noise has a little
less, by one row's worth for each of its levels; making up for it names several times as many pairs that are none.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray

LEAST_SHARE = 0.01
"""A pair is named from one hundredth of the movement on: what is smaller moves no reader."""
MOST_NAMED = 6
MOST_PRODUCT = 4e8
"""Rows · bins² up to which pairs are looked for; beyond, the product costs more than the rest of an explanation."""
_LEVEL = 0.05
_ROWS = 28  # a cell of a table has a term from so many rows on: 32 less the replicate left out
_SHRINK = 8.0  # rows of prior zeros in each cell
_SLOPES = 4  # level, slope along either column, slope along both


@dataclass(frozen=True)
class PairTests:
    """Every pair of c columns at once.

    Parameters
    ----------
    first, second
        (q,) the columns of each pair.
    share
        (q,) unbiased sum of squares that the pair's cells explain, over Σ (y − ȳ)².
    p
        (q,) the χ² test's probability of as much by chance.
    t
        (q,) the share over its scatter between replicates, to be held against Student's t.
    stderr
        (q,) of the share.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    share: FloatArray
    p: FloatArray
    t: FloatArray
    stderr: FloatArray

    def believed(self, taken: set[tuple[int, int]], level: float = _LEVEL) -> NDArray[np.bool_]:
        """Return (q,) which pairs pass all tests and are not taken yet."""
        from limelight.local.replicates import student_quantile

        many = max(len(self.p), 1)
        both = (self.p < level / many) & (self.t > student_quantile(1.0 - 2 * level / 10, 7))
        new = np.array([(int(a), int(b)) not in taken for a, b in zip(self.first, self.second, strict=True)], bool)
        return np.asarray((self.share >= LEAST_SHARE) & both & new)


def one_hot(flat: NDArray[np.int64], bins: int) -> NDArray[np.float32]:
    """Return (n, B) which bins each draw is in, from their numbers (n, c)."""
    found = np.zeros((len(flat), bins), np.float32)
    np.put_along_axis(found, flat, np.float32(1), axis=1)
    return found


def pair_tests(Z: NDArray[np.float32], residual: FloatArray, first: NDArray[np.int64], total: float) -> PairTests:
    """Test every pair of columns for acting together.

    Parameters
    ----------
    Z
        (R, m, B) single precision: which bins each draw is in, by replicate.
    residual
        (R, m) what an additive function leaves of the outputs, e / √(1 − h).
    first
        (c,) where each column's bins begin.
    total
        Σ (y − ȳ)².
    """
    from scipy.special import chdtrc

    replicates = len(Z)
    bins = np.diff(np.append(first, Z.shape[2]))

    def by_pair(cells: FloatArray) -> FloatArray:
        return np.asarray(np.add.reduceat(np.add.reduceat(cells, first, axis=-2), first, axis=-1))

    transposed = Z.swapaxes(1, 2)
    left = residual.astype(np.float32)[:, :, None]
    sums = (transposed @ (Z * left)).astype(float)
    counts = (transposed @ Z).astype(float)
    squares = (transposed @ (Z * np.square(left))).sum(axis=0).astype(float)
    whole = sums.sum(axis=0)
    drawn = counts.sum(axis=0)
    noise = squares / np.maximum(drawn, 1.0)
    free = np.multiply.outer(bins - 1, bins - 1) / np.multiply.outer(bins, bins)
    mean = by_pair(noise) * free
    variance = 2.0 * by_pair(np.square(noise)) * free
    freedom = np.maximum(2.0 * np.square(mean) / np.maximum(variance, 1e-300), 0.5)
    found = by_pair(np.square(whole) / np.maximum(drawn, 1.0))
    p = chdtrc(freedom, found * freedom / np.maximum(mean, 1e-300))
    # each replicate against the rest
    against = by_pair(sums * (whole - sums) / np.maximum(drawn - counts, 1.0))
    scatter = against.var(axis=0, ddof=1) * replicates
    # the rest is shared by all replicates, which makes their scatter too small by (R − 2) / 2(R − 1)
    spread = np.sqrt(np.maximum(scatter, 1e-300) * 2.0 * (replicates - 1) / (replicates - 2))
    share = against.sum(axis=0)
    i, j = np.triu_indices(len(first), 1)
    safe = max(total, 1e-300)
    return PairTests(i, j, share[i, j] / safe, p[i, j], share[i, j] / spread[i, j], spread[i, j] / safe)


@dataclass(frozen=True)
class PairTable:
    """What two columns do together beyond their sum, one table for each fold.

    Parameters
    ----------
    first, second
        The columns.
    cells
        (R, B_first, B_second, 4) level, slope along the first place, along the second, along their product.
    """

    first: int
    second: int
    cells: FloatArray

    def predict(self, codes: NDArray[np.int64], inside: FloatArray) -> FloatArray:
        """Return (R, n) what the tables of all folds say of draws."""
        found = self.cells[:, codes[:, self.first], codes[:, self.second]]
        v = inside[:, self.first, 0]
        w = inside[:, self.second, 0]
        return np.asarray(found[:, :, 0] + found[:, :, 1] * v + found[:, :, 2] * w + found[:, :, 3] * (v * w))


def fit_table(
    pair: tuple[int, int],
    codes: NDArray[np.int64],
    inside: FloatArray,
    residual: FloatArray,
    bins: tuple[int, int],
    *,
    everything: bool = False,
) -> PairTable:
    """Return the table of a pair, each fold's from the rows that are not in its replicate, or from everything.

    Parameters
    ----------
    pair
        The two columns.
    codes, inside
        (n, c) bins and (n, c, 4) inner terms of the draws; row i belongs to replicate i mod R.
    residual
        (R, n) what each fold's function leaves of the outputs; not changed.
    bins
        How many bins the two columns have.
    everything
        Whether each fold sees all rows.
    """
    replicates, n = residual.shape
    first, second = pair
    cell = codes[:, first] * bins[1] + codes[:, second]
    order = np.argsort(cell, kind="stable")
    present, starts = np.unique(cell[order], return_index=True)
    # a fold does not see the rows of its own replicate
    own = np.arange(replicates)[:, None] == np.arange(n) % replicates
    seen = np.where(own & (not everything), 0.0, 1.0)
    left = residual.copy()
    counts = np.add.reduceat(seen[:, order], starts, axis=1)
    kept = counts >= _ROWS
    place = np.zeros(bins[0] * bins[1], dtype=np.int64)
    place[present] = np.arange(len(present))
    v = inside[:, first, 0]
    w = inside[:, second, 0]
    tables = np.zeros((replicates, bins[0] * bins[1], _SLOPES))
    for term, column in enumerate((np.ones(n), v, w, v * w)):
        weight = np.add.reduceat((seen * np.square(column))[:, order], starts, axis=1)
        moved = np.add.reduceat((seen * left * column)[:, order], starts, axis=1)
        slope = np.where(kept, moved / (weight + _SHRINK), 0.0)
        left -= slope[:, place[cell]] * column
        tables[:, present, term] = slope
    return PairTable(first, second, tables.reshape(replicates, *bins, _SLOPES))
