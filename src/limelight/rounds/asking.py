"""Pour the rows of many requests into full model batches, and hand the answers back request by request.

Input: requests: model inputs in chunks, how often each row is asked, and a handful of rows that are asked once more to
learn whether the model answers twice alike (`steadiness.py`). Output: the answers, in the order of the requests.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Inputs
from limelight.errors import ModelCallError, ModelOutputError
from limelight.inputs.kinds import count, take
from limelight.models.calls import Caller
from limelight.progress import progress

NONE_AGAIN: NDArray[np.intp] = np.empty(0, dtype=np.intp)


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
    """

    chunks: Iterable[Inputs]
    repeats: int = 1
    again: NDArray[np.intp] = field(default_factory=lambda: NONE_AGAIN)


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
    """

    outputs: FloatArray
    noise: FloatArray | None
    again: FloatArray
    asked: int


class BrokenError(Exception):
    """The model failed on the way.

    Attributes
    ----------
    error
        Why.
    complete
        For each request its answers, where all of them were there by then, or None.
    """

    def __init__(self, error: ModelCallError | ModelOutputError, complete: list[Answers | None]) -> None:
        super().__init__(str(error))
        self.error = error
        self.complete = complete


def ask(requests: Sequence[Request], caller: Caller, *, visible: bool = False) -> list[Answers]:
    """Return the answers to each request.

    The chunks of all requests flow through the model in full batches, and only as many of them exist at a time as a
    batch holds.

    Raises
    ------
    BrokenError
        If the model fails; it holds what was complete.
    """
    # For each part that is poured: whose it is, and in which round; the handful comes as a round of its own, −1.
    owners: list[tuple[int, int]] = []

    def parts() -> Iterator[Inputs]:
        for owner, request in enumerate(requests):
            start = 0
            for chunk in request.chunks:
                for each in range(request.repeats):
                    owners.append((owner, each))
                    yield chunk
                stop = start + count(chunk)
                handful = request.again[(request.again >= start) & (request.again < stop)]
                if len(handful):
                    owners.append((owner, -1))
                    yield take(chunk, handful - start)
                start = stop

    try:
        answered = caller.ask(progress(parts(), what="blocks asked") if visible else parts())
    except (ModelCallError, ModelOutputError) as error:
        raise BrokenError(error, _complete(error, owners, len(requests))) from error
    sorted_out: list[dict[int, list[FloatArray]]] = [{} for _ in requests]
    for (owner, each), answer in zip(owners, answered, strict=True):
        sorted_out[owner].setdefault(each, []).append(answer)
    nothing = np.empty((0, len(caller.output_names or ())))
    return [_put_together(rounds, nothing) for rounds in sorted_out]


def _complete(
    error: ModelCallError | ModelOutputError, owners: list[tuple[int, int]], n_requests: int
) -> list[Answers | None]:
    """Return the answers to the requests that were complete when the model failed; the last one seen may not be."""
    found: list[Answers | None] = [None] * n_requests
    rounds: dict[int, dict[int, list[FloatArray]]] = {}
    whole = dict.fromkeys((owner for owner, _ in owners[:-1]), True)
    for (owner, each), answer in zip(owners, error.answered, strict=False):
        if answer is None:
            whole[owner] = False
        else:
            rounds.setdefault(owner, {}).setdefault(each, []).append(answer)
    unfinished = owners[-1][0] if owners else 0
    for owner, parts in rounds.items():
        if whole.get(owner, False) and owner < unfinished:
            k = next(iter(parts.values()))[0].shape[1]
            found[owner] = _put_together(parts, np.empty((0, k)))
    return found


def _put_together(rounds: dict[int, list[FloatArray]], nothing: FloatArray) -> Answers:
    """Return the answers of one request, whose parts are sorted by round."""
    joined = {each: parts[0] if len(parts) == 1 else np.concatenate(parts) for each, parts in rounds.items()}
    asked = sum(map(len, joined.values()))
    again = joined.pop(-1, nothing)
    if not joined:
        return Answers(nothing, None, again, asked)
    if len(joined) == 1:
        return Answers(joined[0], None, again, asked)
    repeated = np.stack(list(joined.values()))
    return Answers(repeated.mean(axis=0), repeated.var(axis=0, ddof=1) / len(repeated), again, asked)
