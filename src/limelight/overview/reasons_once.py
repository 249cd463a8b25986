"""Rows that say the same, found by fingerprints: what a million rows repeat is kept once.

Input: the numbers of rows, end to end. Output: for each row the number of its kind, and which rows were the first of
theirs.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

Prints = NDArray[np.uint64]
GOLDEN = 0x9E3779B97F4A7C15
"""2⁶⁴ by the golden ratio: multiples of it lie far apart, so that places and columns are told apart."""


class Kinds:
    """Kinds of rows that were met so far; rows of a kind are equal bit for bit.

    A row is known by two fingerprints of 64 bits: among ten million rows, two unlike ones with equal prints are not to
    be expected. What was met is held in sorted arrays and not in a dict: 20 bytes a kind.
    """

    def __init__(self) -> None:
        self.count = 0
        self._first = np.zeros(0, dtype=np.uint64)
        self._second = np.zeros(0, dtype=np.uint64)
        self._kind = np.zeros(0, dtype=np.int32)

    def of(
        self, entries: Sequence[NDArray[Any]], rows: Sequence[NDArray[Any]], widths: NDArray[np.int64]
    ) -> tuple[NDArray[np.int32], NDArray[np.int64]]:
        """Return the kind of each row, and the places of the rows whose kinds are new, in the order of their kinds.

        Parameters
        ----------
        entries
            Columns of what lies end to end, `widths` of each row.
        rows
            Columns with one number for each row.
        widths
            How many entries each row has.
        """
        first, second = (fingerprints(entries, rows, widths, seed) for seed in (1, 2))
        some, at, which = np.unique(first, return_index=True, return_inverse=True)
        # of two rows with one first print and unlike second ones, each is taken for itself
        odd = second != second[at][which]
        found = np.searchsorted(self._first, some)
        met = np.zeros(len(some), dtype=bool)
        inside = found < len(self._first)
        met[inside] = self._first[found[inside]] == some[inside]
        clash = met.copy()
        clash[met] = self._second[found[met]] != second[at[met]]
        odd |= clash[which]

        new = np.sort(np.concatenate([at[~met], np.flatnonzero(odd)]))
        numbers = np.full(len(first), -1, dtype=np.int32)
        numbers[new] = np.arange(self.count, self.count + len(new), dtype=np.int32)
        of_some = numbers[at]
        of_some[met & ~clash] = self._kind[found[met & ~clash]]
        kinds = np.where(odd, numbers, of_some[which]).astype(np.int32)
        self._remember(some[~met], second[at[~met]], numbers[at[~met]], found[~met])
        self.count += len(new)
        return kinds, new

    def _remember(self, first: Prints, second: Prints, kind: NDArray[np.int32], at: NDArray[np.int64]) -> None:
        self._first = np.insert(self._first, at, first)
        self._second = np.insert(self._second, at, second)
        self._kind = np.insert(self._kind, at, kind)


def fingerprints(
    entries: Sequence[NDArray[Any]], rows: Sequence[NDArray[Any]], widths: NDArray[np.int64], seed: int
) -> Prints:
    """Return 64 bits for each row that depend on every bit of it, and on where it stands.

    >>> widths = np.array([2, 2, 2])
    >>> one, other, turned = fingerprints([np.array([1.0, 2.0, 1.0, 2.0, 2.0, 1.0])], [], widths, 1).tolist()
    >>> one == other, one == turned
    (True, False)
    """
    starts = np.cumsum(widths) - widths
    place = np.arange(widths.sum()) - np.repeat(starts, widths)
    within = _chained([place, *entries], seed)
    total = np.append(np.uint64(0), np.cumsum(within, dtype=np.uint64))  # sums run over, and differences run back
    return _chained([total[starts + widths] - total[starts], widths, *rows], seed)


def _chained(columns: Sequence[NDArray[Any]], seed: int) -> Prints:
    found = np.full(len(columns[0]), seed * GOLDEN % 2**64, dtype=np.uint64)
    for column in columns:
        found = _mixed(found ^ _bits(column))
    return found


def _bits(column: NDArray[Any]) -> Prints:
    """Return numbers as whole ones that are equal where their bits are."""
    if column.dtype.kind == "f":
        return np.ascontiguousarray(column, dtype=np.float64).view(np.uint64)
    return column.astype(np.int64).view(np.uint64)


def _mixed(bits: Prints) -> Prints:
    """Return each number scattered over all numbers, unlike ones to unlike ones (the last step of SplitMix64)."""
    bits = bits + np.uint64(GOLDEN)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))
