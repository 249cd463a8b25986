"""What the columns of Y are: their names, the labels behind them, and whether they compete.

After f has answered. Input: answers, batch after batch. Output: `Columns`, by which `rounds/targets.py` decides what is
explained. Competition is read from the answers, never from how the model was handed over: shares that sum to one
compete for the whole, and so do the classes of a classifier.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.errors import ModelOutputError

ROUNDING = 0.005
"""Each share may be wrong by this much, so that k of them may miss 1 by k times that: rounded to two places."""
MOSTLY = 0.99
"""This share of the rows must be shares: a model may answer one odd input with zeros."""
TELLING_ROWS = 30
"""Different rows, all in descending order, from which on this is no accident."""
MANY_COLUMNS = 4
"""With so many columns or more a fixed descending order is refused, below it is said: two or three classes of
which the first is always the likeliest are common (rare events), and four in order by chance are not."""
FEW_NUMBERS = 20
"""Whole numbers up to here may be labels; a doubt is said aloud."""


@dataclass(frozen=True, slots=True)
class Columns:
    """What the k columns of Y are.

    Parameters
    ----------
    names
        Their names, as shown.
    labels
        The labels that the columns are about, as the model has them (1, True, "spam"); None where only names are known.
    renamed
        Whether the user gave names of their own to columns whose labels are known.
    compete
        Whether the largest is what the model says, as with classes.
    growing
        Whether the labels are those met so far, so that more may come.

    >>> Columns(("ham", "spam"), ("ham", "spam"), compete=True).names
    ('ham', 'spam')
    """

    names: tuple[str, ...]
    labels: tuple[Any, ...] | None = None
    renamed: bool = False
    compete: bool = False
    growing: bool = False


def widened(Y: FloatArray, k: int) -> FloatArray:
    """Return Y (n, k): answers of a time when fewer labels had been met have zeros for those met since.

    >>> widened(np.array([[1.0]]), 2).tolist()
    [[1.0, 0.0]]
    """
    missing = k - Y.shape[1]
    if missing > 0:
        return np.pad(Y, ((0, 0), (0, missing)))
    return Y


def are_shares(Y: FloatArray) -> NDArray[np.bool_]:
    """Return for each row of Y (n, k) whether it is non-negative and sums to one, as far as rounding lets it.

    >>> are_shares(np.array([[0.33, 0.33, 0.33], [1.0, 2.0, 0.0]])).tolist()
    [True, False]
    """
    missed = np.abs(Y.sum(axis=1) - 1)
    return np.asarray((missed <= min(ROUNDING * Y.shape[1], 0.05) + 1e-9) & (Y >= 0).all(axis=1))


class Seen:
    """What is true of all answers so far; it only counts.

    >>> seen = Seen()
    >>> seen.add(np.array([[0.2, 0.8], [0.9, 0.1]]))
    >>> seen.shares, seen.descending
    (True, 0)
    """

    def __init__(self) -> None:
        self.rows = 0
        self._share_rows = self._part_rows = 0
        self._ordered = True
        self._distinct: set[bytes] = set()
        self._numbers: set[float] | None = set()

    def add(self, Y: FloatArray) -> None:
        """Take note of the answers Y (n, k); rows of NaN are none."""
        if np.isnan(Y).any():
            Y = Y[~np.isnan(Y).any(axis=1)]
        self.rows += len(Y)
        self._share_rows += int(are_shares(Y).sum())
        self._part_rows += int(((Y >= 0).all(axis=1) & (Y.sum(axis=1) <= 1 + ROUNDING * Y.shape[1])).sum())
        if self._ordered:
            self._ordered = bool((np.diff(Y, axis=1) <= 0).all())
        if self._ordered and len(self._distinct) < TELLING_ROWS:
            self._distinct.update(row.tobytes() for row in np.unique(Y, axis=0))

    def add_numbers(self, array: Any) -> None:
        """Take note of the values of one column of whole numbers, for as long as they may be labels."""
        if self._numbers is None:
            return
        if array.dtype.kind not in "iu" or array.max(initial=0) > FEW_NUMBERS or array.min(initial=0) < -1:
            self._numbers = None
        else:
            self._numbers.update(np.unique(array).tolist())

    @property
    def shares(self) -> bool:
        """Whether the rows are non-negative and sum to one."""
        return self.rows > 0 and self._share_rows >= MOSTLY * self.rows

    @property
    def parts(self) -> bool:
        """Whether all rows are non-negative and sum to one at most, as the first few of many scores do."""
        return self.rows > 0 and self._part_rows == self.rows

    @property
    def descending(self) -> int:
        """Return how many different rows there were, all in descending order, up to `TELLING_ROWS`; else 0."""
        if self._ordered:
            return min(len(self._distinct), TELLING_ROWS)
        return 0

    @property
    def may_be_labels(self) -> bool:
        """Whether all answers are one small whole number each, and more than yes and no."""
        return self._numbers is not None and len(self._numbers) > 2


RANKS = (
    "all answers so far sum to one and are in descending order, as scores are that a pipeline has sorted (top_k=None): "
    "column 0 would then be the rank and not a class"
)
"""What is noticed of columns that may be ranks."""
FIRST_RANKS = (
    "all answers so far are in descending order and sum to one at most, as the first few scores are that a pipeline "
    "has sorted (top_k=2): column 0 would then be the rank and not a class"
)
"""What is noticed of columns that may be the first ranks."""
SAID = "if so, names and weights are wrong, and a dict {label: score} for each input puts it right"


def check_ranks(seen: Seen, k: int) -> str | None:
    """Return a sentence where columns may be ranks instead of classes.

    Raises
    ------
    ModelOutputError
        If there are so many columns that such an order is no accident.
    """
    if k < 2 or seen.descending < 2:
        return None
    if not seen.shares:
        # two quantities may lie so by nature, and a few rows by chance
        if seen.parts and seen.descending == TELLING_ROWS:
            return f"{FIRST_RANKS}; {SAID}"
        return None
    if k < MANY_COLUMNS or seen.descending < TELLING_ROWS:
        return f"{RANKS}; {SAID}"
    raise ModelOutputError(
        f"model returned {k} columns of which {RANKS}. Return a dict {{label: score}} for each input, or a data frame "
        "whose columns are the classes; both are right also where the order is an accident."
    )
