"""What a row's bars are held against: does the answer move as they say, when columns are taken from other rows?

Input: a case and one of its rows. Output: a `Game`, v(K) = the mean of the model's answer over rows whose columns in K
are the row's, and whose others come together from one row of the background [lundberg2017, §4].
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from limelight.bench.cases import Case
from limelight.contracts import FloatArray

DRAWN = 100
"""Rows of the background over which a game averages."""
SUBSETS = 100
"""Random subsets of a row's removal correlation: its standard error is then about .1 for one row."""


class Game:
    """v for one row.

    Parameters
    ----------
    case
        The model and the background.
    row
        (d,) the row that is explained.
    rng
        What chooses the rows of the background and the subsets.
    """

    def __init__(self, case: Case, row: FloatArray, rng: np.random.Generator) -> None:
        self.case, self.row = case, row
        answer = np.atleast_1d(case.predict(row[None])[0])
        self.target = int(answer.argmax()) if case.classify else 0
        several = len(case.background) < DRAWN
        self.drawn = case.background[rng.choice(len(case.background), DRAWN, replace=several)]
        d = len(row)
        self.subsets = np.zeros((SUBSETS, d), dtype=bool)
        for subset in self.subsets:
            subset[rng.permutation(d)[: max(1, d // 2)]] = True
        whole = self.value(np.ones((1, d), dtype=bool))[0]
        self.drops = whole - self.value(~self.subsets)
        self.alone = whole - self.value(~np.eye(d, dtype=bool))

    def answer(self, X: FloatArray) -> FloatArray:
        """Return the model's answer (n,) for the explained output."""
        found = np.asarray(self.case.predict(X))
        if found.ndim == 2:
            return found[:, self.target]
        return found

    def value(self, kept: NDArray[np.bool_]) -> FloatArray:
        """Return v (n,) for masks (n, d), True where a column is the row's."""
        inputs = np.where(kept[:, None, :], self.row, self.drawn)
        answers: FloatArray = self.answer(inputs.reshape(-1, len(self.row))).reshape(len(kept), -1).mean(axis=1)
        return answers

    def correlation(self, weights: FloatArray) -> float:
        """Return the removal correlation [bhatt2020]: over subsets S of half the columns, of Σ_S weights with the drop.

        0 where the weights say nothing, NaN where the answer never moves.
        """
        if np.ptp(self.drops) < 1e-9:
            return float("nan")
        sums = self.subsets @ weights
        if np.ptp(sums) > 0:
            return float(np.corrcoef(sums, self.drops)[0, 1])
        return 0.0

    def area(self, weights: FloatArray) -> float:
        """Return the mean answer while columns are inserted, largest weight first, less that while they are deleted.

        Insertion and deletion curves [petsiuk2018, §4.1].
        """
        d = len(weights)
        order = np.argsort(-weights, kind="stable")
        inserted = np.zeros((d + 1, d), dtype=bool)
        for step, column in enumerate(order, 1):
            inserted[step:, column] = True
        return float((self.value(inserted) - self.value(~inserted)).mean())

    def signs(self, weights: FloatArray) -> list[bool]:
        """Return for each of the three longest bars whether redrawing its column alone moves the answer that way."""
        longest = np.argsort(-np.abs(weights))[:3]
        moved = [j for j in longest if abs(self.alone[j]) > 1e-9]
        return [bool(np.sign(weights[j]) == np.sign(self.alone[j])) for j in moved]
