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


def pair_tests(
    codes: NDArray[np.int64], residual: FloatArray, bins: NDArray[np.int64], replicates: int, total: float
) -> PairTests:
    """Test every pair of columns for acting together.

    Parameters
    ----------
    codes
        (n, c) the bins of the draws; row i belongs to replicate i mod R.
    residual
        (n,) what an additive function leaves of the outputs, e / √(1 − h).
    bins
        (c,) how many bins each column has.
    replicates
        R.
    total
        Σ (y − ȳ)².
    """
    from scipy.special import chdtrc

    i, j = np.triu_indices(len(bins), 1)
    turn = np.arange(len(codes)) % replicates
    columns = np.ascontiguousarray(codes.T)
    pairs = zip(i.tolist(), j.tolist(), strict=True)
    rows = [_sums_of(columns[a], columns[b], (int(bins[a]), int(bins[b])), residual, turn) for a, b in pairs]
    moments = np.array([each[:3] for each in rows]).reshape(len(rows), 3)
    against = np.array([each[3] for each in rows]).reshape(len(rows), replicates)
    found, mean, variance = moments.T
    freedom = np.maximum(2.0 * np.square(mean) / np.maximum(variance, 1e-300), 0.5)
    p = chdtrc(freedom, found * freedom / np.maximum(mean, 1e-300))
    scatter = against.var(axis=1, ddof=1) * replicates
    # the rest is shared by all replicates, which makes their scatter too small by (R − 2) / 2(R − 1)
    spread = np.sqrt(np.maximum(scatter, 1e-300) * 2.0 * (replicates - 1) / (replicates - 2))
    share = against.sum(axis=1)
    safe = max(total, 1e-300)
    return PairTests(i, j, share / safe, p, share / spread, spread / safe)


def _sums_of(
    first: NDArray[np.int64],
    second: NDArray[np.int64],
    bins: tuple[int, int],
    residual: FloatArray,
    turn: NDArray[np.int64],
) -> tuple[float, float, float, FloatArray]:
    """Return of a pair what its cells explain, mean and variance of that by chance, and (R,) each against the rest."""
    size, replicates = bins[0] * bins[1], int(turn.max()) + 1
    cell = first * bins[1] + second
    place = turn * size + cell
    counts = np.bincount(place, minlength=size * replicates).reshape(replicates, size)
    sums = np.bincount(place, residual, size * replicates).reshape(replicates, size)
    squares = np.bincount(cell, np.square(residual), size)
    drawn, whole = counts.sum(axis=0), sums.sum(axis=0)
    noise = squares / np.maximum(drawn, 1)
    free = (bins[0] - 1) * (bins[1] - 1) / size
    found = float((np.square(whole) / np.maximum(drawn, 1)).sum())
    # each replicate against the rest
    against = (sums * (whole - sums) / np.maximum(drawn - counts, 1)).sum(axis=1)
    return found, float(noise.sum()) * free, 2.0 * float(np.square(noise).sum()) * free, against


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
        cell = codes[:, self.first] * self.cells.shape[2] + codes[:, self.second]
        tables = self.cells.reshape(len(self.cells), -1, _SLOPES)
        v = inside[:, self.first, 0]
        w = inside[:, self.second, 0]
        found = tables[:, :, 0].take(cell, axis=1)
        for term, column in enumerate((v, w, v * w), 1):
            found += tables[:, :, term].take(cell, axis=1) * column
        return np.asarray(found)

    def predict_own(self, codes: NDArray[np.int64], inside: FloatArray, fold: NDArray[np.int64]) -> FloatArray:
        """Return (n,) what one fold's table (n,) says of each draw."""
        level, first, second, both = self.cells[fold, codes[:, self.first], codes[:, self.second]].T
        v = inside[:, self.first, 0]
        w = inside[:, self.second, 0]
        return np.asarray(level + first * v + second * w + both * (v * w))


def fit_table(
    pair: tuple[int, int],
    codes: NDArray[np.int64],
    inside: FloatArray,
    residual: FloatArray,
    bins: tuple[int, int],
    *,
    everything: bool = False,
) -> tuple[PairTable, FloatArray]:
    """Return the table of a pair, each fold's from the rows that are not in its replicate, and what it leaves (R, n).

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
    replicates, cells = len(residual), bins[0] * bins[1]
    runs = _Runs.of(codes[:, pair[0]] * bins[1] + codes[:, pair[1]], cells, replicates)
    order, fold, rows = runs.order, runs.fold, np.arange(len(runs.order))
    left = residual[:, order]
    v, w = inside[order, pair[0], 0], inside[order, pair[1], 0]
    tables = np.zeros((replicates, cells, _SLOPES))
    kept = runs.seen(np.ones(len(order)), everything) >= _ROWS
    # What a row's own fold leaves of it is kept apart: that fold must not learn from it, and yet corrects it.
    mine = left[fold, rows]
    for term, column in enumerate((np.ones(len(order)), v, w, v * w)):
        if not everything:
            left[fold, rows] = 0.0
        moved = np.add.reduceat(left * column if term else left, runs.starts, axis=1)
        slope = np.where(kept, moved / (runs.seen(np.square(column), everything) + _SHRINK), 0.0)
        said = slope.take(runs.run, axis=1)
        if term:
            said *= column
        left -= said
        mine -= said[fold, rows]
        tables[:, runs.present, term] = slope
    left[fold, rows] = mine
    rest = np.empty_like(left)
    rest[:, order] = left
    return PairTable(*pair, tables.reshape(replicates, *bins, _SLOPES)), rest


@dataclass(frozen=True)
class _Runs:
    """Draws in the order of their cells, so that a sum over a cell is the sum over a run.

    Parameters
    ----------
    order, fold
        (n,) the draws, and the replicate of each.
    present, starts
        (p,) the cells that have draws, and where each one's run begins.
    run
        (n,) which of these each draw is in.
    place
        (n,) which of them and which replicate, as one number.
    replicates
        R.
    """

    order: NDArray[np.intp]
    fold: NDArray[np.intp]
    present: NDArray[np.intp]
    starts: NDArray[np.intp]
    run: NDArray[np.intp]
    place: NDArray[np.intp]
    replicates: int

    @classmethod
    def of(cls, cell: NDArray[np.int64], cells: int, replicates: int) -> _Runs:
        """Return the runs of draws in cells (n,)."""
        # small numbers are sorted by their digits, which takes a time proportional to n
        order = np.argsort(cell.astype(np.uint16) if cells < 2**16 else cell, kind="stable")
        sizes = np.bincount(cell, minlength=cells)
        present = np.flatnonzero(sizes)
        sizes = sizes[present]
        run = np.repeat(np.arange(len(present)), sizes)
        fold = order % replicates
        return cls(order, fold, present, np.cumsum(sizes) - sizes, run, run * replicates + fold, replicates)

    def seen(self, values: FloatArray, everything: bool) -> FloatArray:
        """Return (R, p) Σ values (n,) of the rows that each fold sees: all but those of its replicate, or all."""
        own = np.bincount(self.place, values, len(self.present) * self.replicates).reshape(-1, self.replicates).T
        return np.asarray(own.sum(axis=0) - (0.0 if everything else own))
