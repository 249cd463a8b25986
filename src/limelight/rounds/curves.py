"""What lies behind the bars of a table's row: the effect of every bin of a column, from the draws of its weight.

Input: the weighted draws of a stack of rows, what a second model leaves of them, the rows' weights. Output: an `Effect`
for each feature shown. A weight compares the own bin with the others; the curve shows each of them. Both are tied
together, so that a bar and its curve agree to the digit: the own bin stands at β (1 − p), the others at −β p and how
far each is from their mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Shape
from limelight.local.replicates import scattered_error
from limelight.result.effects import Curves

LEAST_DRAWS = 16
"""Bins with fewer draws have no effect that could be known: two in each replicate."""
MOST_BINS = 24
"""A column with more bins shows its most frequent ones, and the row's own."""


@dataclass(frozen=True)
class Bins:
    """The bins of all columns, side by side.

    Parameters
    ----------
    shares
        (B,) their probabilities.
    owner, code
        (B,) the column that each belongs to, and its number there.
    first
        (c + 1,) where the bins of each column begin.
    """

    shares: FloatArray
    owner: NDArray[np.int64]
    code: NDArray[np.int64]
    first: NDArray[np.int64]

    @classmethod
    def of(cls, shapes: tuple[Shape, ...]) -> Bins:
        """Return the bins of all columns.

        >>> Bins.of(()).first.tolist()
        [0]
        """
        counts = np.array([len(shape.share) for shape in shapes], dtype=np.int64)
        first = np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)
        owner = np.repeat(np.arange(len(counts)), counts)
        if shapes:
            shares = np.concatenate([shape.share for shape in shapes])
        else:
            shares = np.empty(0)
        return cls(shares, owner, np.arange(len(owner)) - first[owner], first)

    def total(self, values: FloatArray) -> FloatArray:
        """Return values (…, B) summed over each column's bins (…, c)."""
        return np.asarray(np.add.reduceat(values, self.first[:-1], axis=-1))

    @cached_property
    def width(self) -> int:
        """Return the number B of bins."""
        return len(self.shares)


@dataclass(frozen=True)
class Cells:
    """Which replicate and bin each of some draws falls into, column by column.

    Parameters
    ----------
    sums
        (R B, N) a sparse matrix of ones, which adds up the draws in each replicate and bin.
    count
        (B,) how many draws are in each bin.
    shape
        R and B.
    """

    sums: Any
    count: NDArray[np.int64]
    shape: tuple[int, int]

    @classmethod
    def of(cls, lines: NDArray[np.integer[Any]], there: FloatArray | None, bins: Bins) -> Cells:
        """Return the cells of draws (c, R, m) that are sorted by replicate; code −1 is none of the bins.

        Parameters
        ----------
        lines
            Codes.
        there
            (R, m) 0 where there is no draw; None where all are there.
        bins
            The bins of all columns.
        """
        from scipy.sparse import csr_array

        _, replicates, rows = lines.shape
        inside = lines >= 0
        if there is not None:
            inside &= there > 0.0
        place = lines.astype(np.int64) + bins.first[:-1, None, None]
        cell = place + bins.width * np.arange(replicates)[:, None]
        draw = np.broadcast_to(np.arange(replicates * rows).reshape(replicates, rows), lines.shape)
        shape = (replicates * bins.width, replicates * rows)
        kept = int(np.count_nonzero(inside))
        sums = csr_array((np.ones(kept), (cell[inside], draw[inside])), shape=shape)
        count = np.bincount(place[inside], minlength=bins.width).astype(np.int64)
        return cls(sums, count, (replicates, bins.width))

    def of_rows(self, values: FloatArray) -> FloatArray:
        """Return Σ values (S, R, m) by replicate and bin (S, R, B).

        Each sum adds up its draws one after the other, in their order, however many rows there are.
        """
        S, replicates = values.shape[:2]
        flat = np.ascontiguousarray(values.reshape(S, -1).T)
        return np.asarray((self.sums @ flat).T.reshape(S, replicates, -1))


@dataclass(frozen=True)
class RowBins:
    """What the draws of a stack of S rows say of every bin, for one target.

    Parameters
    ----------
    weight, moved
        (S, R, B) Σ w and Σ w e of the draws in each bin, e what the second model leaves of the outputs.
    count
        (S, B) how many draws there are.
    known
        (S, R, B) what each fold of the second model says of each bin, up to a constant for each column.
    own
        (S, c) the rows' own bin of each column; −1 for none of them.
    coef
        (S, c) the rows' weights.
    added
        (S, R, c) what each replicate adds to them.
    """

    weight: FloatArray
    moved: FloatArray
    count: NDArray[np.int64]
    known: FloatArray
    own: NDArray[np.int64]
    coef: FloatArray
    added: FloatArray


def effects_of(rows: RowBins, bins: Bins) -> tuple[FloatArray, FloatArray]:
    """Return the effect of every bin (S, B) against the average over all bins of its column, and its standard error."""
    drawn = rows.count >= LEAST_DRAWS
    total = np.where(drawn, rows.weight.sum(axis=1), 1.0)
    rest = np.where(drawn, rows.moved.sum(axis=1) / total, 0.0)
    # What each replicate adds; one draw more than there are makes up for the mean having been fitted to them.
    more = np.sqrt((rows.count + 1.0) / np.maximum(rows.count, 1))
    known = rows.known.mean(axis=1)
    added = (rows.moved - rest[:, None] * rows.weight) * (np.where(drawn, more, 0.0) / total)[:, None]
    added += np.where(drawn[:, None], (rows.known - known[:, None]) / rows.known.shape[1], 0.0)
    row, column = np.nonzero(rows.own >= 0)
    place = bins.first[:-1][column] + rows.own[row, column]  # the own bin of each column that has one
    others = np.where(drawn, bins.shares, 0.0)
    others[row, place] = 0.0
    others /= np.maximum(bins.total(others), 1e-300)[:, bins.owner]
    level = rest + known
    effects = level - bins.total(level * others)[:, bins.owner]
    moved = added - bins.total(added * others[:, None])[..., bins.owner]
    # Tied to the weight: the own bin less the others is β, and all of them are 0 on average.
    share = np.zeros(rows.own.shape)
    share[row, column] = bins.shares[place]
    effects -= (rows.coef * share)[:, bins.owner]
    moved -= (rows.added * share[:, None])[..., bins.owner]
    effects[row, place] = (rows.coef * (1.0 - share))[row, column]
    moved[row, :, place] = (rows.added * (1.0 - share)[:, None])[row, :, column]
    # replicates of a bin and of the weight move together, so they are tied before the scatter is taken
    stderr = scattered_error(moved, axis=1)
    drawn[row, place] = True
    effects[~drawn], stderr[~drawn] = np.nan, np.nan
    return effects, stderr


class Shown:
    """Which bins of a column are shown, and what they are called: found once for all rows.

    Parameters
    ----------
    bins
        The bins of all columns.
    names
        For each column the names of its bins.
    """

    def __init__(self, bins: Bins, names: tuple[tuple[str, ...], ...]) -> None:
        self._bins = bins
        self._names = names
        self._known: dict[tuple[int, int], tuple[NDArray[np.int64], tuple[str, ...], int]] = {}

    def curves(
        self, effects: FloatArray, stderr: FloatArray, own: NDArray[np.int64], shown: NDArray[np.int64]
    ) -> Curves:
        """Return the curves of the columns shown of one row, from effects and errors (B,) of all bins."""
        features, mine = shown.tolist(), own[shown].tolist()
        found = [self._column(*each) for each in zip(features, mine, strict=True)]
        places = [place for place, _, _ in found]
        flat = np.concatenate(places) if places else np.empty(0, dtype=np.int64)
        ends = tuple(accumulate(map(len, places), initial=0))
        numbers = np.stack([self._bins.shares[flat], effects[flat], stderr[flat]])
        labels = tuple([names for _, names, _ in found])
        return Curves(tuple(features), labels, tuple([at for _, _, at in found]), ends, numbers)

    def _column(self, feature: int, own: int) -> tuple[NDArray[np.int64], tuple[str, ...], int]:
        """Return the places of a column's bins, their names, and which is the own; of many the most frequent ones."""
        key = (feature, own)
        if key not in self._known:
            first, names = self._bins.first, self._names[feature]
            here = np.arange(first[feature], first[feature + 1])
            if len(here) > MOST_BINS:
                chosen = _most_frequent(self._bins.shares[here], own)
                place = int(np.flatnonzero(chosen == own)[0]) if own >= 0 else -1
                self._known[key] = (here[chosen], tuple([names[b] for b in chosen]), place)
            else:
                # a last bin that nothing falls into has a name, and no share
                self._known[key] = (here, names[: len(here)], own)
        return self._known[key]


def _most_frequent(shares: FloatArray, own: int) -> NDArray[np.int64]:
    """Return which bins to show, in their order."""
    kept = set(np.argsort(-shares, kind="stable")[:MOST_BINS].tolist())
    if own >= 0:
        kept.add(own)
    return np.array(sorted(kept), dtype=np.int64)
