"""Sums of the contributions of each feature, kept while explanations go by, some thousands at a time.

Input: batches of explanations. Output: for one target, in how many explanations each feature was, the mean of its
contributions and of their sizes, squares about both, and the sums of the errors. `overview/importance.py` makes means
and intervals of them.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.overview.columnwise import Together, first_met, together
from limelight.result.batch import Batch

COUNT, MEAN, SQUARES, SIZE, SIZE_SQUARES, ERROR, ERROR2 = _ALL = range(7)
"""Kept of each feature: in how many explanations; mean and squares of contributions, and of their sizes; Σs, Σs²."""


class FeatureSums:
    """Sums of each feature, a column of an array each; it grows as features are met."""

    def __init__(self) -> None:
        self.keys: dict[Hashable, int] = {}
        self.numbers = np.zeros((len(_ALL), 0))

    def codes(self, things: Sequence[Hashable]) -> NDArray[np.int64]:
        """Return the columns of some features, made where they are new."""
        codes = [self.keys.setdefault(thing, len(self.keys)) for thing in things]
        new = len(self.keys) - self.numbers.shape[1]
        self.numbers = np.pad(self.numbers, ((0, 0), (0, new)))
        return np.array(codes, dtype=np.int64)

    def merge(self, at: NDArray[np.int64], new: FloatArray) -> None:
        """Add sums (7, m) of further values to some columns; squares are about the mean [chan1979]."""
        old = self.numbers[:, at]
        count = old[COUNT] + new[COUNT]
        found = old + new
        for mean, squares in ((MEAN, SQUARES), (SIZE, SIZE_SQUARES)):
            delta = new[mean] - old[mean]
            found[mean] = old[mean] + delta * new[COUNT] / count
            found[squares] += delta * delta * old[COUNT] * new[COUNT] / count
        found[COUNT] = count
        self.numbers[:, at] = found


class TargetSums:
    """The sums of all features of one target, over n explanations; Σs by bin where perturbations were shared.

    They are kept in units of `unit`, a power of two near the first contributions: squares of 1e200 or 1e-200 would
    leave the range of numbers, and dividing by a power of two changes no digit.
    """

    def __init__(self) -> None:
        self.n = 0
        self.unit = 0.0
        self.sums = FeatureSums()
        self.shared: dict[Hashable, dict[str, float]] = {}

    def add(self, batch: Batch, rows: NDArray[np.int64]) -> None:
        """Add some rows of a batch."""
        self.n += len(rows)
        entries = together(batch, rows)
        if not len(entries.keys):
            return
        unit = self._unit_for(entries)
        size = len(batch.known_keys)
        met = first_met(entries.keys, size)
        numbers = _summed(entries, met, unit, size)
        self.sums.merge(self.sums.codes([batch.known_keys[key] for key in met.tolist()]), numbers)
        self._add_shared(batch, entries, unit)

    def add_turned(self, other: TargetSums) -> None:
        """Add the sums of the other one of two classes: what is for one is against the other."""
        self.n += other.n
        self.unit = self.unit or other.unit
        scale = (other.unit or 1.0) / (self.unit or 1.0)
        numbers = other.sums.numbers * scale
        numbers[COUNT] = other.sums.numbers[COUNT]
        numbers[MEAN] *= -1.0
        numbers[[SQUARES, SIZE_SQUARES, ERROR2]] *= scale
        self.sums.merge(self.sums.codes(list(other.sums.keys)), numbers)
        for key, bins in other.shared.items():
            kept = self.shared.setdefault(key, {})
            for name, error in bins.items():
                kept[name] = kept.get(name, 0.0) + error * scale

    def _add_shared(self, batch: Batch, entries: Together, unit: float) -> None:
        at = np.flatnonzero(entries.shared)
        if not len(at):
            return
        width = len(batch.known_names)
        pairs, sums = _sums(entries.keys[at] * width + entries.names[at], entries.stderr[at] / unit)
        for pair, error in zip(pairs.tolist(), sums.tolist(), strict=True):
            bins = self.shared.setdefault(batch.known_keys[pair // width], {})
            name = batch.known_names[pair % width]
            bins[name] = bins.get(name, 0.0) + error

    def _unit_for(self, entries: Together) -> float:
        if not self.unit:
            numbers = np.concatenate([entries.sizes, entries.stderr])
            largest = float(numbers.max(initial=0.0, where=np.isfinite(numbers)))
            self.unit = 2.0 ** (math.frexp(largest)[1] - 1) if largest else 0.0
        return self.unit or 1.0


def _sums(codes: NDArray[np.int64], values: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
    """Return the codes that occur and the sum of values of each."""
    if int(codes.max()) < 4 * len(codes):  # few: counting is faster than sorting
        known = np.flatnonzero(np.bincount(codes))
        return known, np.bincount(codes, values).astype(np.float64)[known]
    known, inverse = np.unique(codes, return_inverse=True)
    return known, np.bincount(inverse, values).astype(np.float64)


def _summed(entries: Together, met: NDArray[np.int64], unit: float, size: int) -> FloatArray:
    """Return (7, m) the sums of each feature that was met."""
    keys = entries.keys
    count = np.bincount(keys, minlength=size)
    found: list[Any] = [count.astype(np.float64)]
    for values in (entries.values / unit, entries.sizes / unit):
        mean = np.bincount(keys, values, minlength=size) / np.maximum(count, 1)
        off = values - mean[keys]
        found += [mean, np.bincount(keys, off * off, minlength=size)]
    error = entries.stderr / unit
    found += [np.bincount(keys, each, minlength=size) for each in (error, error * error)]
    return np.stack(found)[:, met]
