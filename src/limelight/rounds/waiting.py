"""Instances that wait for their turn: opened a few at a time, handed over in order, put aside where calls end early.

Input: numbered instances. Output: a queue of open ones, and of it what is finished at its head.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from limelight.errors import InputError, ModelOutputError
from limelight.inputs.kinds import holds_nan
from limelight.result.explanation import Explanation
from limelight.result.failure import Failure
from limelight.rounds.instance import Context, OpenInstance
from limelight.rounds.labels import label_of

OPEN_AT_ONCE = {"masks": 16, "pool": 128}
"""Instances in one round: enough to fill model batches, few enough to keep memory flat over millions of rows.

An instance with masks of its own brings hundreds of rows to a round, and may be a large image.
"""
PUT_ASIDE = 64
"""Instances for which something was paid that are kept when calls end early, the last ones."""


def still_open(waiting: Iterable[OpenInstance | Failure]) -> list[OpenInstance]:
    """Return the instances of which nothing has come yet."""
    return [each for each in waiting if isinstance(each, OpenInstance) and each.open]


def refill(
    waiting: deque[OpenInstance | Failure],
    numbered: Iterator[tuple[int, Any]],
    context: Context,
    rows: int,
    *,
    lazily: bool,
) -> bool:
    """Open instances until enough wait, `lazily` none after one that has failed; return whether any is waiting."""
    failed = any(failure_of(each) for each in waiting)
    while not (lazily and failed):
        if waiting and len(waiting) >= _most_open(waiting, rows):
            break
        number, instance = next(numbered, (-1, None))
        if number < 0:
            break
        try:
            waiting.append(OpenInstance(instance, context, number))
        except InputError as error:
            waiting.append(Failure(number, label_of(instance), error))
        failed = failed or failure_of(waiting[-1]) is not None
    return bool(waiting)


def _most_open(waiting: Iterable[OpenInstance | Failure], rows: int) -> int:
    kind = next((each.source.kind for each in waiting if isinstance(each, OpenInstance)), "masks")
    return {**OPEN_AT_ONCE, "pool": rows}[kind]


def failure_of(each: OpenInstance | Failure) -> Failure | None:
    """Return what stands in the place of an explanation; None where there is or may be one."""
    if isinstance(each, Failure):
        return each
    if each.failure is None:
        return None
    return Failure(each.number, each.label, each.failure)


def finished(waiting: deque[OpenInstance | Failure], on_error: str) -> Iterator[Explanation | Failure]:
    """Yield and remove what is ready at the head of the queue."""
    while waiting:
        head = waiting[0]
        failure = failure_of(head)
        if failure is None and isinstance(head, OpenInstance) and head.open:
            return
        waiting.popleft()
        if isinstance(head, OpenInstance) and head.explanation is not None:
            yield head.explanation
        elif failure is not None and on_error == "raise":
            failure.error.add_note(f"instance number {failure.number}")
            raise failure.error
        elif failure is not None:
            yield failure


def named(error: BaseException, opened: Sequence[OpenInstance]) -> None:
    """Say beside an error which instances were being explained, and whether they hold NaN themselves."""
    if opened:
        blank = [each.number for each in opened if holds_nan(each.representation.original)]
        if blank and isinstance(error, ModelOutputError):
            error.args = (f"{error} Instance number {blank[0]} itself holds NaN: fill it, if the model takes none.",)
        first, last = opened[0].number, opened[-1].number
        if first == last:
            which = f"instance number {first}"
        else:
            which = f"one of the instances number {first} to {last}"
        error.add_note(which)


def put_aside(waiting: Iterable[OpenInstance | Failure], context: Context) -> None:
    """Keep what has been paid for instances that were not handed over, for the next call."""
    left = [each for each in waiting if isinstance(each, OpenInstance) and len(each.targets)]
    kept = context.shelf | {one.representation.content: one for one in left if one.source.kind == "masks"}
    context.shelf = dict(list(kept.items())[-PUT_ASIDE:])
