"""Which rows the model has answered, which it has not, and why: the account of one asking.

A row that fails alone, or is answered with NaN, need not cost the answers to all others. It is left out here, with the
reason; whoever asked decides what that means. Two things end the asking all the same: a row without which nothing can
go on, and a model that has stopped answering at all.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

from limelight.contracts import FloatArray
from limelight.errors import ModelCallError, ModelOutputError

ModelError = ModelCallError | ModelOutputError

SUSPICIOUS = 8
"""After so many rows without an answer on end, and each time when there are twice as many, a row that was answered
before is asked again: a server that has gone away would otherwise be asked for every single row."""
HOPELESS = 64
"""Where the model has never answered any row, it is at fault after so many without an answer."""
REASON = 120
"""Characters of somebody else's message that are quoted."""


class Ledger:
    """The rows of one asking, counted in the order in which they are poured.

    Parameters
    ----------
    vital
        So many rows, from the first, must be answered; all of them by default.

    Attributes
    ----------
    failures
        Row → why it has no answer.
    answered
        How many rows have one.
    settled
        How many rows, from the first, are answered or left out: what need not be asked again after an interruption.
    answers
        For each part that was poured its outputs; only the first `settled` rows mean anything.
    calls, rows
        Calls of the model, and rows in them; not those that a cache knew.

    >>> ledger = Ledger(vital=1)
    >>> ledger.leave_out([3], ModelOutputError("model returned nan"))
    >>> list(ledger.failures), ledger.spares(0)
    ([3], False)
    """

    def __init__(self, vital: float = math.inf) -> None:
        self.vital = vital
        self.failures: dict[int, ModelError] = {}
        self.answered = 0
        self.settled = self.calls = self.rows = 0
        self._run: list[int] = []
        self._next_check = SUSPICIOUS
        self.answers: list[FloatArray] = []

    def spares(self, row: int) -> bool:
        """Return whether a row may be left out."""
        return row >= self.vital

    def leave_out(self, rows: Iterable[int], error: ModelError) -> None:
        """Take note that rows have no answer.

        Raises
        ------
        ModelCallError, ModelOutputError
            The error, where one of the rows must not be left out.
        """
        left_out = list(rows)
        if not all(map(self.spares, left_out)):
            raise error
        self.failures.update(dict.fromkeys(left_out, error))
        self._run += left_out

    def met(self, rows: int) -> None:
        """Take note that so many rows have an answer."""
        self.answered += rows
        self._run, self._next_check = [], SUSPICIOUS

    @property
    def hopeless(self) -> bool:
        """Return whether so many rows have no answer that a model that has never answered is at fault."""
        return not self.answered and len(self.failures) >= HOPELESS

    @property
    def suspicious(self) -> bool:
        """Return whether so many rows on end have no answer that the model may be what is wrong."""
        if len(self._run) < self._next_check:
            return False
        self._next_check *= 2
        return True

    def forget_run(self) -> None:
        """Take the last rows without an answer as not asked yet: they are not what is wrong."""
        self.settled = min(self.settled, *self._run)
        for row in self._run:
            del self.failures[row]
        self._run = []


def reason(error: BaseException) -> str:
    """Return in a few words why a row has no answer: the model's own error, or what is wrong with its answer.

    >>> reason(ModelOutputError("model returned nan for output 0 of row 3 in batch 1"))
    'no finite number'
    """
    cause = error.__cause__
    if not isinstance(error, ModelCallError) or cause is None:
        return "no finite number"
    said = " ".join(str(cause).split())
    return f"{type(cause).__name__}: {said[:REASON]}".rstrip(": ")


def money(model: Any) -> tuple[float, str]:
    """Return what a model has cost so far in this process, and in which currency; 0 and nothing without a price.

    >>> money(len)
    (0.0, '')
    """
    price = getattr(getattr(model, "limits", None), "price", None)
    if price is None:
        return (0.0, "")
    return (float(model.usage.cost), str(price.currency))
