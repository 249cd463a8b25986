"""Pour the rows of many requests into full model batches, and hand the answers back request by request.

Input: requests: model inputs in chunks, how often each row is asked, and a handful of rows that are asked once more to
learn whether the model answers twice alike (`steadiness.py`). Output: the answers, in the order of the requests. Where
the asking is broken off (Ctrl-C, a model that fails at everything), what was answered by then is handed over, and a
request that carries it is asked for the rest only.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Inputs
from limelight.errors import ModelCallError, ModelOutputError
from limelight.inputs.kinds import count, take
from limelight.models.calls import Caller
from limelight.models.columns import widened
from limelight.models.ledger import Ledger, ModelError, reason
from limelight.progress import progress

NONE_AGAIN: NDArray[np.intp] = np.empty(0, dtype=np.intp)


@dataclass(frozen=True, slots=True)
class Paid:
    """The answers to the first rows of a request, in the order in which they were asked.

    Parameters
    ----------
    outputs
        (p, k), NaN where a row has no answer.
    failures
        Row of `outputs` → why it has none.
    """

    outputs: FloatArray
    failures: dict[int, ModelError]


@dataclass(frozen=True, slots=True)
class Request:
    """What one instance or pool asks of the model.

    Parameters
    ----------
    chunks
        The n model inputs, in chunks that are made when their turn comes and let go when answered.
    repeats
        How often each row is asked.
    again
        (m,) rows that are asked once more in the same batch, ascending; a row may occur several times.
    paid
        (p, k) what the model said to the first p rows of this very request, in an asking that was broken off.
    """

    chunks: Iterable[Inputs]
    repeats: int = 1
    again: NDArray[np.intp] = field(default_factory=lambda: NONE_AGAIN)
    paid: Paid | None = None


@dataclass(frozen=True, slots=True)
class Answers:
    """What the model said to one request.

    Parameters
    ----------
    outputs
        (n, k) outputs; the mean where rows were asked repeatedly.
    noise
        (n, k) variance of that mean, where rows were asked repeatedly; else None.
    again
        (m, k) the second answers to the handful of rows.
    asked
        How many model rows this took.
    failures
        Row → why it has no answer; its outputs are NaN.
    """

    outputs: FloatArray
    noise: FloatArray | None
    again: FloatArray
    asked: int
    failures: dict[int, ModelError] = field(default_factory=dict)

    @property
    def reason(self) -> str:
        """Return why the first of the rows without an answer has none; empty where all are answered."""
        if self.failures:
            return reason(self.failures[min(self.failures)])
        return ""


class BrokenError(Exception):
    """The asking was broken off.

    Attributes
    ----------
    error
        Why: the model failed, or somebody pressed Ctrl-C.
    complete
        For each request its answers, where all of them were there by then, or None.
    paid
        For each request what was answered of it by then, or None.
    """

    def __init__(self, error: BaseException, complete: list[Answers | None], paid: list[Paid | None]) -> None:
        super().__init__(str(error))
        self.error = error
        self.complete = complete
        self.paid = paid


def ask(requests: Sequence[Request], caller: Caller, ledger: Ledger, *, visible: bool = False) -> list[Answers]:
    """Return the answers to each request.

    The chunks of all requests flow through the model in full batches, and only as many of them exist at a time as a
    batch holds. Rows that the model does not answer are left out, as far as the ledger allows it.

    Raises
    ------
    BrokenError
        If the asking is broken off; it holds what was answered by then.
    """
    pours = [_Pour(request) for request in requests]
    owners: list[tuple[_Pour, int]] = []  # for each part that is asked: whose it is, and how many rows it has
    finished: set[int] = set()

    def parts() -> Iterator[Inputs]:
        for pour in pours:
            for part in pour.parts():
                owners.append((pour, count(part)))
                yield part
            finished.add(id(pour))

    try:
        caller.ask(progress(parts(), what="blocks asked") if visible else parts(), ledger)
    except (ModelCallError, ModelOutputError, KeyboardInterrupt) as error:
        _sort_out(ledger, owners)
        complete = [pour.answers() if id(pour) in finished and pour.full else None for pour in pours]
        raise BrokenError(error, complete, [pour.paid() for pour in pours]) from error
    _sort_out(ledger, owners)
    k = len(caller.output_names or ())
    return [pour.answers(k) for pour in pours]


class _Pour:
    """One request on its way: in which order its rows are poured, and what has come back of them."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.known = request.paid or Paid(np.empty((0, 0)), {})
        self.rounds: list[tuple[int, int, int]] = []  # of each part: its round (the handful's is −1), first row, rows
        self.found: list[FloatArray] = [self.known.outputs]
        self.failures: dict[int, ModelError] = dict(self.known.failures)
        self.received = len(self.known.outputs)

    def parts(self) -> Iterator[Inputs]:
        """Yield the parts in order, without the rows that have been paid for."""
        skip = len(self.known.outputs)
        for part, each, start in self._in_order():
            n = count(part)
            self.rounds.append((each, start, n))
            if skip < n:
                yield take(part, slice(skip, n)) if skip else part
            skip = max(skip - n, 0)

    def _in_order(self) -> Iterator[tuple[Inputs, int, int]]:
        request, start = self.request, 0
        for chunk in request.chunks:
            for each in range(request.repeats):
                yield chunk, each, start
            stop = start + count(chunk)
            handful = np.flatnonzero((request.again >= start) & (request.again < stop))
            if len(handful):
                yield take(chunk, request.again[handful] - start), -1, int(handful[0])
            start = stop

    def receive(self, outputs: FloatArray, failures: dict[int, ModelError]) -> None:
        """Take the answers to the next rows."""
        self.failures.update({self.received + row: error for row, error in failures.items()})
        self.found.append(outputs)
        self.received += len(outputs)

    @property
    def full(self) -> bool:
        """Return whether all rows are there."""
        return self.received == sum(n for _, _, n in self.rounds)

    def paid(self) -> Paid | None:
        """Return what has come back so far; None where nothing has."""
        if self.received:
            return Paid(self._joined(0), self.failures)
        return None

    def answers(self, k: int = 0) -> Answers:
        """Return the answers of k outputs, sorted by round."""
        outputs, first = self._joined(k), 0
        rounds: dict[int, list[FloatArray]] = {}
        for each, _, n in self.rounds:
            rounds.setdefault(each, []).append(outputs[first : first + n])
            first += n
        return _put_together(rounds, outputs[:0], self.received - len(self.known.outputs), self._failures_by_row())

    def _failures_by_row(self) -> dict[int, ModelError]:
        """Return row of the request → why it has no answer, in one round at least."""
        if not self.failures:
            return {}
        firsts = np.cumsum([0, *[n for _, _, n in self.rounds]])
        found: dict[int, ModelError] = {}
        for row, error in sorted(self.failures.items()):
            part = int(np.searchsorted(firsts, row, side="right")) - 1
            each, start, _ = self.rounds[part]
            if each >= 0:
                found.setdefault(start + row - int(firsts[part]), error)
        return found

    def _joined(self, k: int) -> FloatArray:
        width = max(k, *(found.shape[1] for found in self.found))
        whole = [widened(found, width) for found in self.found if len(found)]
        if len(whole) > 1:
            return np.concatenate(whole)
        if whole:
            return whole[0]
        return np.empty((0, width))


def _sort_out(ledger: Ledger, owners: Sequence[tuple[_Pour, int]]) -> None:
    """Give each request the answers to its parts, as far as rows are settled."""
    start, failing = 0, sorted(ledger.failures)
    for (pour, n), outputs in zip(owners, ledger.answers, strict=False):
        settled = max(min(ledger.settled - start, n), 0)
        if settled:
            here = failing[bisect_left(failing, start) : bisect_left(failing, start + settled)]
            pour.receive(outputs[:settled], {row - start: ledger.failures[row] for row in here})
        start += n


def _put_together(
    rounds: dict[int, list[FloatArray]], nothing: FloatArray, asked: int, failures: dict[int, ModelError]
) -> Answers:
    """Return the answers of one request, whose parts are sorted by round."""
    joined = {each: parts[0] if len(parts) == 1 else np.concatenate(parts) for each, parts in rounds.items()}
    again = joined.pop(-1, nothing)
    if not joined:
        return Answers(nothing, None, again, asked, failures)
    if len(joined) == 1:
        return Answers(joined[0], None, again, asked, failures)
    repeated = np.stack(list(joined.values()))
    noise = repeated.var(axis=0, ddof=1) / len(repeated)
    return Answers(repeated.mean(axis=0), noise, again, asked, failures)
