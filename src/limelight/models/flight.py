"""Calls of the model: one prepared call, and the batches that are on their way at once.

Around f. Input: a function, the inputs of a batch, and how many calls there may be at once. Output: what each answered,
read back in the order of the batches, whichever comes first. While the model answers, the explainer is free for other
threads. Nothing else is touched outside of the explainer's own thread: what an answer means is read by who asked.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextvars import copy_context
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from limelight.contracts import Inputs
from limelight.errors import InputError, LimelightError, ModelCallError
from limelight.lock import Lock, Places
from limelight.models.batches import Batch
from limelight.models.forms import Form, read_form
from limelight.models.frames import Asked
from limelight.models.kept import Known
from limelight.models.overdue import watched
from limelight.workers import Workers


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one call: a form or an error, and the seconds inside the model."""

    form: Form | None
    error: BaseException | None
    seconds: float

    def answer(self) -> Form | None:
        """Return the form, or raise the error."""
        if self.error is not None:
            raise self.error
        return self.form


@dataclass(frozen=True, slots=True)
class Call:
    """One call of the model, prepared.

    Parameters
    ----------
    function, inputs, batch
        What is called, with what, and which rows these are. No rows, no call: a cache knows them all.
    remembered
        What is known of the inputs, which the model might change.
    known
        What a cache knows of the rows.
    timed
        Whether the time it takes tells how large batches should be.
    """

    function: Callable[[Inputs], Any]
    inputs: Inputs
    batch: Batch
    remembered: Asked
    known: Known | None = None
    timed: bool = False

    def run(self, lock: Lock, places: Places) -> Outcome | None:
        """Call the model once; reading a tensor back counts as the model's time, because devices answer late."""
        if not self.batch.rows:
            return None
        with lock.lent(), lock.asking(), places.taken(), watched(self.batch):
            began = perf_counter()
            try:
                form, error = read_form(self._answer(), self.batch, self.remembered), None
            except BaseException as raised:
                form, error = None, raised
            return Outcome(form, error, perf_counter() - began)

    def _answer(self) -> Any:
        try:
            return self.function(self.inputs)
        except LimelightError:  # said by an adapter, in words that name the remedy
            raise
        except Exception as error:
            raise ModelCallError(f"the model raised {type(error).__name__} on {self.batch}: {error}") from error


@dataclass(frozen=True, slots=True)
class Sent:
    """A batch on its way.

    Parameters
    ----------
    batch
        Its rows.
    taken
        The parts that they come from (`batches.Queue.take`).
    done
        How many parts had been sent whole before it.
    call
        What is asked.
    future
        The call, where it is made by another thread; None where it is made when its turn comes.
    """

    batch: Batch
    taken: list[tuple[int, int, Inputs]]
    done: int
    call: Call
    future: Future[Outcome | None] | None

    @property
    def blocks(self) -> list[Inputs]:
        """Return the inputs of the batch."""
        return [inputs for _, _, inputs in self.taken]


class Flight:
    """The batches of one asking that are on their way, oldest first.

    Parameters
    ----------
    most
        How many calls may be on their way at once. With one, no thread is started.
    lock, places
        Of the explainer, and of its model.

    Attributes
    ----------
    number
        Of the next batch.
    """

    def __init__(self, most: int, lock: Lock, places: Places) -> None:
        self.most, self._lock, self._places = most, lock, places
        self._pool: Workers | None = None
        self._sent: deque[Sent] = deque()
        self._left_in_wave = self._share = 0
        self._ending = self._left = False
        self.number = 1

    def __len__(self) -> int:
        return len(self._sent)

    @property
    def ahead(self) -> int:
        """Return how many batches to hold: as many again as are asked, so that no call waits for a batch to be made."""
        if self.most == 1:
            return 1
        return 2 * self.most

    def share(self, remaining: int) -> int | None:
        """Return how many rows each of the next calls may have, so that as many as may be are made at once."""
        if self.most == 1:
            return None
        if not self._left_in_wave:
            self._left_in_wave, self._share = self.most, -(-remaining // self.most)
        self._left_in_wave -= 1
        return self._share

    def send(self, batch: Batch, taken: list[tuple[int, int, Inputs]], done: int, call: Call) -> None:
        """Let a batch go, or keep it until its turn comes where there is one call at a time."""
        future = None
        if self.most > 1:
            if self._pool is None:
                self._pool = Workers(self.most)
            future = self._pool.submit(copy_context().run, call.run, self._lock, self._places)
        self.number += 1
        self._sent.append(Sent(batch, taken, done, call, future))

    def _say_what_is_under_way(self) -> None:
        """Say on stderr which calls are waited for after Ctrl-C, where other threads make some."""
        running = sum(sent.future is not None and sent.future.running() for sent in self._sent)
        if running:
            said = f"waiting for {running} calls of the model, whose answers are kept; Ctrl-C again leaves them"
            print(said, file=sys.stderr)

    @property
    def first(self) -> Sent:
        """Return the oldest."""
        return self._sent[0]

    def outcome(self, sent: Sent) -> Outcome | None:
        """Return what became of a call, waiting for it where it is under way."""
        if sent.future is None:
            return sent.call.run(self._lock, self._places)
        try:
            with self._lock.lent():
                return sent.future.result()
        except KeyboardInterrupt:
            self._left = self._ending  # whoever asks for the end twice does not want to wait for those under way
            raise

    def landed(self) -> None:
        """Let go of the oldest, which has been read."""
        if self._sent:
            self._sent.popleft()

    def begun(self, *, aloud: bool = False) -> Iterator[Sent]:
        """Yield and let go of those that are under way or have come; the others are given up.

        Parameters
        ----------
        aloud
            Say on stderr how many are waited for.
        """
        self._ending = True
        if aloud:
            self._say_what_is_under_way()
        while self._sent:
            sent = self._sent.popleft()
            if sent.future is not None and not sent.future.cancel():
                yield sent

    def close(self) -> None:
        """Give up what is on its way; calls under way are waited for, since nobody can take them back.

        Unless Ctrl-C came while they were waited for: then they are left alone, in threads that no program waits for.
        """
        for sent in self._sent:
            if sent.future is not None:
                sent.future.cancel()
        self._sent.clear()
        if self._pool is None:
            return
        if self._left:
            self._places.start_over()
        with self._lock.lent():
            self._pool.join(wait=not self._left)


def calls_at_once(model: Any, function: Any, wanted: int | None) -> tuple[int, int | None]:
    """Return how many calls one asking makes at once, and how many all threads together; None for any number.

    A model that keeps things between calls says so by `calls_at_once = 1`; one behind an address sends its requests
    at once itself.

    Raises
    ------
    InputError
        If more are wanted than the model bears.

    >>> calls_at_once(len, len, 8), calls_at_once(len, len, None)
    ((8, 8), (1, None))
    """
    if hasattr(model, "preferred_rows"):
        if wanted is not None and wanted > 1:
            raise InputError(
                f"max_in_flight: expected None for a model behind an address, got {wanted}; it sends its requests at "
                "once itself: pass concurrency= to remote.http."
            )
        return 1, wanted
    most = getattr(model, "calls_at_once", None) or getattr(function, "calls_at_once", None)
    if most is None:
        return wanted or 1, wanted
    if wanted is not None and wanted > most:
        raise InputError(
            f"max_in_flight: expected at most {most} for {type(model).__name__}, which is changed while it answers, "
            f"got {wanted}; leave it out, or pass a function that is safe to be called by several threads."
        )
    return wanted or 1, most if wanted is None else wanted
