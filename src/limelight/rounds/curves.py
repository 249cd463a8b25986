"""What lies behind the bars of a table's row: the effect of every bin of a column, from the draws of its weight.

Input: a row's weighted draws, what a second model leaves of them, the row's weights. Output: an `Effect` for each
feature shown. A weight compares the own bin with the others; the curve shows each of them. Both are tied together, so
that a bar and its curve agree to the digit: the own bin stands at β (1 − p), the others at −β p and how far each is
from their mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Shape
from limelight.local.regression import ReplicateErrors
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
        shares = np.concatenate([shape.share for shape in shapes]) if shapes else np.empty(0)
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
    cell
        (N c,) the number of the replicate and bin.
    columns
        c.
    replicates
        R.
    count
        (B,) how many draws are in each bin.
    """

    cell: NDArray[np.int64]
    columns: int
    replicates: int
    count: NDArray[np.int64]

    @classmethod
    def of(cls, codes: NDArray[Any], replicates: int, bins: Bins) -> Cells:
        """Return the cells of draws (N, c), row i of replicate i mod R; code −1 is none of the bins."""
        width = bins.width
        # one place more, for draws that are in none of a column's bins
        place = np.where(codes >= 0, codes + bins.first[:-1], width)
        replicate = np.arange(len(codes)) % replicates
        cell = (replicate[:, None] * (width + 1) + place).ravel()
        count = np.bincount(place.ravel(), minlength=width + 1)[:-1]
        return cls(cell, codes.shape[1], replicates, count.astype(np.int64))

    def sums(self, values: FloatArray) -> FloatArray:
        """Return Σ values (N,) by replicate and bin (R, B)."""
        size = self.replicates * (len(self.count) + 1)
        summed = np.bincount(self.cell, np.repeat(values, self.columns), minlength=size)
        return np.asarray(summed, dtype=np.float64).reshape(self.replicates, -1)[:, :-1]


@dataclass(frozen=True)
class RowBins:
    """What one row's draws say of every bin, for one target.

    Parameters
    ----------
    weight, moved
        (R, B) Σ w and Σ w e of the draws in each bin, e what the second model leaves of the outputs.
    count
        (B,) how many draws there are.
    known
        (R, B) what each fold of the second model says of each bin, up to a constant for each column.
    """

    weight: FloatArray
    moved: FloatArray
    count: NDArray[np.int64]
    known: FloatArray


def curves_of(
    row: RowBins,
    bins: Bins,
    own: NDArray[np.int64],
    coef: FloatArray,
    errors: ReplicateErrors,
    target: int,
    names: tuple[tuple[str, ...], ...],
    shown: NDArray[np.int64],
) -> Curves:
    """Return the effect of every bin of the columns shown, against the average over all bins.

    Parameters
    ----------
    row
        What the row's draws say.
    bins
        The bins of all columns.
    own
        (c,) the row's own bin of each column; −1 for none of them.
    coef
        (c,) the row's weights.
    errors
        What each replicate adds to them.
    target
        Which of the targets they are of.
    names
        For each column the names of its bins.
    shown
        The columns to keep.
    """
    drawn = row.count >= LEAST_DRAWS
    total = np.where(drawn, row.weight.sum(axis=0), 1.0)
    rest = np.where(drawn, row.moved.sum(axis=0) / total, 0.0)
    # What each replicate adds; one draw more than there are makes up for the mean having been fitted to them.
    more = np.sqrt((row.count + 1.0) / np.maximum(row.count, 1))
    known = row.known.mean(axis=0)
    added = np.where(drawn, (row.moved - rest * row.weight) / total, 0.0) * more
    added += np.where(drawn, (row.known - known) / len(row.known), 0.0)
    inside = own >= 0
    place = bins.first[:-1][inside] + own[inside]  # the own bin of each column that has one
    others = np.where(drawn, bins.shares, 0.0)
    others[place] = 0.0
    others /= np.maximum(bins.total(others), 1e-300)[bins.owner]
    level = rest + known
    effects = level - bins.total(level * others)[bins.owner]
    moved = added - bins.total(added * others)[:, bins.owner]
    # Tied to the weight: the own bin less the others is β, and all of them are 0 on average.
    weight = np.zeros((len(row.weight), len(coef)))
    weight[:, errors.free] = errors.contributions[target, :, 1:]
    share = np.zeros(len(coef))
    share[inside] = bins.shares[place]
    effects -= (coef * share)[bins.owner]
    moved -= (weight * share)[:, bins.owner]
    effects[place] = (coef * (1.0 - share))[inside]
    moved[:, place] = (weight * (1.0 - share))[:, inside]
    # replicates of a bin and of the weight move together, so they are tied before the scatter is taken
    stderr = scattered_error(moved)
    drawn[place] = True
    effects[~drawn], stderr[~drawn] = np.nan, np.nan
    return _kept(effects, stderr, bins, own, names, shown)


def _kept(
    effects: FloatArray,
    stderr: FloatArray,
    bins: Bins,
    own: NDArray[np.int64],
    names: tuple[tuple[str, ...], ...],
    shown: NDArray[np.int64],
) -> Curves:
    """Return the curves of the columns shown; a column of many bins keeps its most frequent ones."""
    kept, labels, places = [], [], []
    for feature in shown.tolist():
        here = np.arange(bins.first[feature], bins.first[feature + 1])
        mine = int(own[feature])
        if len(here) > MOST_BINS:
            chosen = _most_frequent(bins.shares[here], mine)
            labels.append(tuple(names[feature][b] for b in chosen))
            places.append(int(np.flatnonzero(chosen == mine)[0]) if mine >= 0 else -1)
            here = here[chosen]
        else:
            # a last bin that nothing falls into has a name, and no share
            labels.append(names[feature][: len(here)])
            places.append(mine)
        kept.append(here)
    flat = np.concatenate(kept) if kept else np.empty(0, dtype=np.int64)
    ends = np.cumsum([0, *map(len, kept)])
    numbers = np.stack([bins.shares[flat], effects[flat], stderr[flat]])
    return Curves(tuple(shown.tolist()), tuple(labels), tuple(places), tuple(ends.tolist()), numbers)


def _most_frequent(shares: FloatArray, own: int) -> NDArray[np.int64]:
    """Return which bins to show, in their order."""
    kept = set(np.argsort(-shares, kind="stable")[:MOST_BINS].tolist())
    if own >= 0:
        kept.add(own)
    return np.array(sorted(kept), dtype=np.int64)
