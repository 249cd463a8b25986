"""A million explanations held small, so that every question about them is answered at once: sums, samples, few rows.

Input: columns of numbers (`board_reading.py` makes them). Output: for the rows that a filter chooses, importance, the
effect of every bin, a map of fidelity, rows; at most 2,000 points of each. Rows of a table in the same bins have the
same reasons, which are kept once: a *kind*. Contributions are kept in single precision.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.overview.coverage import lazy_greedy
from limelight.overview.importance import FOLDED
from limelight.result.flat import pieces

AT_ONCE = 4_096
"""Kinds that are looked at together: temporary arrays stay in the processor's cache."""
ROWS_AT_ONCE = 262_144
"""Rows that are looked at together, of which less is asked."""
MOST_POINTS = 2000
MOST_FEATURES = 30
MOST_BINS = 60
CELLS = 24
"""Of the map of fidelity, each way."""
Rows = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Filter:
    """Which rows are meant.

    Parameters
    ----------
    target
        Which output's, as a code. Of two classes all rows are meant: what is for one is against the other.
    reason
        Only rows whose largest contribution is that of this feature; None for all.
    direction
        1: that contribution speaks for the target, −1: against it; None for both.
    low, high
        Only rows with a prediction between them; None for no bound.
    condition
        Only rows with this condition, such as “28 < age ≤ 37”; None for all.
    cause
        Only rows of which the verdict is this; None for all.
    """

    target: int = 0
    reason: int | None = None
    direction: int | None = None
    low: float | None = None
    high: float | None = None
    condition: int | None = None
    cause: int | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Board:
    """The numbers of n explained outputs of k kinds, the kinds with e features in all.

    Parameters
    ----------
    features, conditions, targets, causes
        What the codes stand for.
    kind
        (n,) which kind each row is of.
    prediction
        (n,) the model's answer.
    target, cause, first
        (k,) codes of output and verdict, and of the feature that contributes most (−1: none).
    fidelity, leading
        (k,) how well the answer is told, and the largest contribution.
    starts
        (k + 1,) where the features of each kind begin.
    keys, names, contributions, stderr
        (e,) codes of features and conditions, and the numbers.
    failed
        How many rows have no explanation.
    facing
        Of a model of two classes, the one that all numbers are about, though a row may have explained the other: its
        contributions are turned round. None where each row is about its own output.
    """

    features: Sequence[str]
    conditions: Sequence[str]
    targets: Sequence[str]
    causes: Sequence[str]
    kind: NDArray[Any]
    prediction: NDArray[np.float32]
    target: NDArray[Any]
    cause: NDArray[Any]
    first: NDArray[Any]
    fidelity: NDArray[np.float32]
    leading: NDArray[np.float32]
    starts: Rows
    keys: NDArray[Any]
    names: NDArray[Any]
    contributions: NDArray[np.float32]
    stderr: NDArray[np.float32]
    failed: int
    facing: int | None = None

    def __len__(self) -> int:
        return len(self.kind)

    def side(self, target: int) -> int:
        """Return 1, or −1 where numbers are about the other one of two classes than this."""
        if self.facing is None or target == self.facing:
            return 1
        return -1

    def answers(self, rows: Any, side: int) -> NDArray[np.float32]:
        """Return the model's answers of some rows for one side."""
        found: NDArray[np.float32] = self.prediction[rows]
        if side > 0:
            return found
        return (1.0 - found).astype(np.float32)

    def chosen(self, filter: Filter) -> Rows:
        """Return the places of the rows that a filter means."""
        side = self.side(filter.target)
        if self.facing is None:
            kinds = self.target == filter.target
        else:
            kinds = np.ones(len(self.target), bool)
        if filter.reason is not None:
            kinds &= self.first == filter.reason
        if filter.direction is not None:
            if filter.direction * side > 0:
                kinds &= self.leading > 0
            else:
                kinds &= self.leading < 0
        if filter.cause is not None:
            kinds &= self.cause == filter.cause
        if filter.condition is not None:
            kinds &= self._with_condition(filter.condition)
        low, high = (-np.inf if filter.low is None else filter.low), (np.inf if filter.high is None else filter.high)
        found, n = np.empty(len(self), dtype=np.uint32), 0
        for start in range(0, len(self), ROWS_AT_ONCE):
            some = slice(start, start + ROWS_AT_ONCE)
            kept = kinds[self.kind[some]]
            if filter.low is not None or filter.high is not None:
                answers = self.answers(some, side)
                kept &= (answers >= low) & (answers <= high)
            places = np.flatnonzero(kept)
            found[n : n + len(places)] = start + places
            n += len(places)
        found.resize(n, refcheck=False)  # in place: pieces that are joined are there twice for a moment
        return found

    def importance(self, rows: Rows, side: int = 1) -> list[dict[str, Any]]:
        """Return mean |contribution|, mean, the size of noise alone, and how often it leads, for large features."""
        size, total, noise, count = (np.zeros(len(self.features)) for _ in range(4))
        d = len(self.features)
        times = self._times(rows)
        for owners, entries in self._parts(np.flatnonzero(times)):
            keys, values, often = self.keys[entries], self.contributions[entries].astype(np.float64), times[owners]
            size += np.bincount(keys, np.abs(values) * often, d)
            total += np.bincount(keys, values * often, d)
            noise += np.bincount(keys, self.stderr[entries] * often, d)
            count += np.bincount(keys, often, d)
        known = self.first >= 0
        leads = np.bincount(self.first[known], times[known], d)
        n = max(len(rows), 1)
        order = np.argsort(-size, kind="stable")[:MOST_FEATURES]
        return [
            {
                "feature": self.features[j],
                "code": int(j),
                "mean_abs": size[j] / n,
                "mean": side * total[j] / n,
                "noise": FOLDED * noise[j] / n,
                "count": int(count[j]),
                "leads": int(leads[j]),
            }
            for j in order.tolist()
            if count[j]
        ]

    def swarm(self, rows: Rows, features: Sequence[int], side: int = 1) -> list[dict[str, Any]]:
        """Return contributions of some features in rows that lie evenly among all, as points."""
        some = spread(rows, MOST_POINTS // max(len(features), 1))
        _, entries = self._entries(self.kind[some])
        found = []
        for j in features:
            at = entries[self.keys[entries] == j]
            # three digits are more than a screen shows
            points = [float(f"{value:.3g}") for value in np.sort(side * self.contributions[at]).tolist()]
            found.append({"feature": self.features[j], "code": int(j), "points": points})
        return found

    def effect(self, rows: Rows, feature: int, side: int = 1) -> list[dict[str, Any]]:
        """Return for each condition of a feature how many rows have it, and what it does to the output there."""
        size = len(self.conditions)
        count, total, squares, prediction, leads = (np.zeros(size) for _ in range(5))
        times, answers = self._times(rows), np.zeros(len(self.target))
        for some in _slices(rows):
            answers += np.bincount(self.kind[some], self.answers(some, side), len(answers))
        for owners, entries in self._parts(np.flatnonzero(times)):
            mine = self.keys[entries] == feature
            names, values = self.names[entries[mine]], self.contributions[entries[mine]].astype(np.float64)
            kinds = owners[mine]
            often = times[kinds]
            count += np.bincount(names, often, size)
            total += np.bincount(names, values * often, size)
            squares += np.bincount(names, values**2 * often, size)
            prediction += np.bincount(names, answers[kinds], size)
            leads += np.bincount(names, often * (self.first[kinds] == feature), size)
        met = np.flatnonzero(count)
        largest = met[np.argsort(-count[met], kind="stable")[:MOST_BINS]].tolist()
        found = []
        for c in sorted(largest, key=lambda c: in_order(self.conditions[c])):
            mean = total[c] / count[c]
            spread_of = max(squares[c] / count[c] - mean**2, 0.0) ** 0.5
            found.append(
                {
                    "condition": self.conditions[c],
                    "code": int(c),
                    "count": int(count[c]),
                    "mean": side * mean,
                    "spread": spread_of,
                    "prediction": prediction[c] / count[c],
                    "leads": int(leads[c]),
                }
            )
        return found

    def fidelity_map(self, rows: Rows, side: int = 1) -> dict[str, Any]:
        """Return how many rows have which prediction and fidelity, in cells; fidelity below 0 counts as 0."""
        bounds = [(float(part.min()), float(part.max())) for part in (self.answers(r, side) for r in _slices(rows))]
        if bounds:
            low, high = (min(each[0] for each in bounds), max(each[1] for each in bounds))
        else:
            low, high = 0.0, 1.0
        span = (high - low) or 1.0
        told = np.nan_to_num(np.clip(self.fidelity, 0.0, 1.0))
        up = np.minimum((told * CELLS).astype(np.int64), CELLS - 1)
        cells = np.zeros(CELLS**2, dtype=np.int64)
        for some in _slices(rows):
            across = np.minimum(((self.answers(some, side) - low) / span * CELLS).astype(np.int64), CELLS - 1)
            cells += np.bincount(up[self.kind[some]] * CELLS + across, minlength=CELLS**2)
        causes = np.bincount(self.cause, self._times(rows), len(self.causes))
        verdicts = [
            {"cause": cause, "code": code, "count": int(n)}
            for code, (cause, n) in enumerate(zip(self.causes, causes, strict=True))
            if n
        ]
        return {"low": low, "high": high, "cells": cells.reshape(CELLS, CELLS).tolist(), "causes": verdicts}

    def examples(self, rows: Rows, size: int = 8) -> Rows:
        """Return few rows that together show what matters (submodular pick) among 500 that lie evenly [ribeiro2016]."""
        from scipy.sparse import csr_array

        some = spread(rows, 500)
        if not len(some):
            return some
        widths = np.diff(self.starts)[self.kind[some]]
        place, (_, entries) = np.repeat(np.arange(len(some)), widths), self._entries(self.kind[some])
        sizes = np.abs(self.contributions[entries]).astype(np.float64)
        weights = np.sqrt(np.bincount(self.keys[entries], sizes, len(self.features)))
        largest = np.argsort(-weights, kind="stable")[:MOST_FEATURES]
        where = np.full(len(self.features), -1)
        where[largest] = np.arange(len(largest))
        columns = where[self.keys[entries]]
        shown = np.zeros((len(some), len(largest)))
        kept = (columns >= 0) & (sizes > 2 * self.stderr[entries])
        shown[place[kept], columns[kept]] = 1.0
        chosen, _ = lazy_greedy(csr_array(shown), weights[largest], min(size, len(some)))
        return np.sort(some[chosen])

    def shown(self, rows: Rows, side: int = 1) -> list[dict[str, Any]]:
        """Return rows with their three largest reasons."""
        return [self._shown(int(i), side) for i in rows]

    def _shown(self, i: int, side: int) -> dict[str, Any]:
        kind = int(self.kind[i])
        entries = slice(int(self.starts[kind]), int(self.starts[kind + 1]))
        values = side * self.contributions[entries].astype(np.float64)
        order = np.argsort(-np.abs(values), kind="stable")[:3]
        names = self.names[entries][order]
        reasons = [
            {"condition": self.conditions[name], "contribution": value}
            for name, value in zip(names.tolist(), values[order].tolist(), strict=True)
        ]
        return {
            "place": i,
            "prediction": float(self.answers(i, side)),
            "fidelity": float(self.fidelity[kind]),
            "cause": self.causes[self.cause[kind]],
            "reasons": reasons,
        }

    def _times(self, rows: Rows) -> Rows:
        """Return how many of some rows are of each kind."""
        found = np.zeros(len(self.target), dtype=np.int64)
        for some in _slices(rows):
            found += np.bincount(self.kind[some], minlength=len(found))
        return found

    def _entries(self, kinds: Rows) -> tuple[Rows, Rows]:
        """Return for each feature of some kinds which kind it is of, and its place."""
        return np.repeat(kinds, np.diff(self.starts)[kinds]), pieces(self.starts, kinds)

    def _parts(self, kinds: Rows) -> Iterator[tuple[Rows, Rows]]:
        for at in range(0, len(kinds), AT_ONCE):
            yield self._entries(kinds[at : at + AT_ONCE])

    def _with_condition(self, condition: int) -> NDArray[np.bool_]:
        """Return which kinds have a condition."""
        found = np.zeros(len(self.target), dtype=bool)
        for owners, entries in self._parts(np.arange(len(self.target))):
            found[owners[self.names[entries] == condition]] = True
        return found


def _slices(rows: Rows) -> Iterator[Rows]:
    for start in range(0, len(rows), ROWS_AT_ONCE):
        yield rows[start : start + ROWS_AT_ONCE]


def spread(rows: Rows, most: int) -> Rows:
    """Return at most so many rows, which lie evenly among all.

    >>> spread(np.arange(10), 4).tolist()
    [0, 3, 6, 9]
    """
    if len(rows) <= most:
        return rows
    return rows[np.linspace(0, len(rows) - 1, most).astype(np.int64)]


def in_order(condition: str) -> tuple[int, float, str]:
    """Return what sorts conditions as a person would: bins by their numbers, others by name.

    >>> sorted(["age > 50", "age ≤ 28", "28 < age ≤ 50", "Rome"], key=in_order)
    ['age ≤ 28', '28 < age ≤ 50', 'age > 50', 'Rome']
    """
    numbers = [float(each.replace("−", "-").replace(",", "")) for each in _NUMBER.findall(condition)]
    if not numbers:
        return 1, 0.0, condition
    # what lies above 50 comes after what ends there, and what lies below 28 before what begins there
    if "≤" in condition or "<" in condition:
        end = numbers[-1] - 1e-9 * abs(numbers[-1])
    else:
        end = numbers[-1]
    return 0, end if ">" not in condition else numbers[-1], condition


_NUMBER = re.compile(r"(?<![\w.])[-−]?\d[\d,]*(?:\.\d+)?(?:e[+-]?\d+)?")
