"""Ask the user's model: the only file that calls it.

Y = f(reconstruct(Z)). Input: parts, the blocks of inputs of many instances. Output: for each part its Y (n_i, k). The
rows of all parts are poured in order into batches of a size that suits the model, asked, checked, and handed back part
by part; where the model fails, the error names the batch and carries what is done.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any, cast

import numpy as np

from limelight.contracts import FloatArray, Inputs
from limelight.errors import ModelCallError, ModelOutputError, RemoteError
from limelight.inputs.counts import fast_path
from limelight.inputs.kinds import concatenate_fresh, count, take
from limelight.lock import Lock, Places
from limelight.models.adapters import adapt
from limelight.models.batches import Batch, Queue, batch_size_rule, halves
from limelight.models.cache import Cache
from limelight.models.columns import Columns, Seen, widened
from limelight.models.flight import Call, Flight, Outcome, Sent, calls_at_once
from limelight.models.forms import Form
from limelight.models.frames import asked
from limelight.models.kept import Kept
from limelight.models.ledger import Ledger, ModelError, money
from limelight.models.poured import Poured
from limelight.models.reading import Reader

OUT_OF_MEMORY = ("out of memory", "resource_exhausted", "alloc", "oom")
"""What errors say, in lower case, when a batch does not fit: CUDA, TensorFlow and ONNX each say it in their own way."""


class Caller:
    """Asks one model, in batches, and counts what that took.

    The one object here that changes: it counts, and learns the batch size. It pickles if the model does.

    Parameters
    ----------
    model
        A fitted estimator, one of its methods, or any callable of n inputs.
    output_names
        Names of the k outputs. By default the estimator's classes, the columns of a data frame that it returns, or
        "output", or "output 0", "output 1", …
    batch_size
        ``"auto"`` learns the size from the clock (start with 256 rows, grow while that is clearly faster): forests want
        tens of thousands of rows in a call, networks on a CPU a few. A number is kept exactly. Answers do not depend on
        it unless the model's own answer to a row depends on its batch.
    max_batch_rows
        Bound of the automatic size; 16384 is where large batches stop paying for tree ensembles.
    as_is
        Take numbers as they are, whatever the model says of itself: a method that answers labels gives numbers.
    cache
        What keeps the answers between processes; None asks for every row.
    max_in_flight
        How many calls there may be at once: batches of one asking, and askings of several threads. None: one for each
        thread that asks.
    lock
        Held by who asks, and lent to others while the model answers.

    Attributes
    ----------
    rows, calls, seconds
        What was asked so far: rows, calls, and the time inside the model, in seconds.

    Raises
    ------
    InputError
        If an argument does not fit.

    >>> caller = Caller(lambda X: X.sum(axis=1), batch_size=2)
    >>> [Y.tolist() for Y in caller.ask([np.ones((1, 2)), np.ones((0, 2)), 2 * np.ones((2, 2))])]
    [[[2.0]], [], [[4.0], [4.0]]]
    >>> caller.rows, caller.calls, caller.output_names
    (3, 2, ('output',))
    """

    def __init__(
        self,
        model: Any,
        *,
        output_names: Sequence[str] | None = None,
        batch_size: int | str = "auto",
        max_batch_rows: int = 16384,
        as_is: bool = False,
        cache: Cache | None = None,
        max_in_flight: int | None = None,
        lock: Lock | None = None,
    ) -> None:
        self._kept = None if cache is None else Kept(cache, model)
        self._model, self._given_names, self._as_is = model, output_names, as_is
        self._adapted = adapt(model, output_names=output_names)
        self._counts = fast_path(self._adapted.function)
        self._at_once, places = calls_at_once(model, self._adapted.function, max_in_flight)
        self.lock, self._places = lock or Lock(), Places(places)
        self._size = batch_size_rule(_preferred(model, batch_size), max_batch_rows)
        self._reader = Reader(self._adapted, as_is=as_is)
        self._own_names: tuple[str, ...] | None = None
        self._failures = 0
        self._good: Inputs | None = None  # a row that was answered
        self.rows = 0
        self.calls = 0
        self.seconds = 0.0

    def __getstate__(self) -> dict[str, Any]:
        """Pickle what was learned, and no row of anybody's."""
        return {**self.__dict__, "_good": None}

    @property
    def spent(self) -> tuple[float, str]:
        """Return what the model has cost so far in this process, and in which currency; 0 and "" without a price."""
        return money(self._model)

    @property
    def quote(self) -> Any:
        """Return what says the price of so many rows like these, where the model has one; nothing is asked."""
        return getattr(self._model, "quote", None)

    @property
    def columns(self) -> Columns | None:
        """Return what the outputs are, of labels those met so far; None before the first answer."""
        return self._reader.columns

    @property
    def expected(self) -> Columns | None:
        """Return what the outputs are as far as that is known before the first answer."""
        return self._reader.expected

    @property
    def output_names(self) -> tuple[str, ...] | None:
        """Return the names of the outputs, known after the first answer; None before."""
        columns = self._reader.columns
        return self._own_names or (None if columns is None else columns.names)

    @output_names.setter
    def output_names(self, names: tuple[str, ...]) -> None:
        self._own_names = names

    @property
    def _n_outputs(self) -> int:
        return len(self.output_names or ())

    def notes(self, targets: Any, seen: Seen | None = None) -> tuple[str, ...]:
        """Return sentences on how the answers were read, where they could have been read in another way.

        `seen` is what is true of the answers about one instance; without it, all answers so far count.
        """
        return self._reader.notes(targets, seen)

    def renew(self) -> None:
        """Read the model's names, and how it counts words, anew: it may have been fitted again in place.

        The next answer names the outputs. The batch size that was learned is kept.
        """
        self._adapted = adapt(self._model, output_names=self._given_names)
        self._counts = fast_path(self._adapted.function)
        self._reader = Reader(self._adapted, as_is=self._as_is)
        self._own_names = None

    @property
    def renewed(self) -> bool:
        """Whether the model has other names, or knows other words, than when it was last read."""
        now = adapt(self._model, output_names=self._given_names)
        return now.about != self._adapted.about or (self._counts is not None and self._counts.outdated)

    def path(self, inputs: Inputs) -> str:
        """Return how such inputs are asked: as ``"counts"`` (`inputs/counts.py`), or as what they are, ``"inputs"``."""
        return "counts" if self._counts is not None and self._counts.takes(inputs) else "inputs"

    def ask(self, parts: Iterable[Inputs], ledger: Ledger | None = None) -> list[FloatArray]:
        """Return for each part the model's outputs Y (n_i, k), in memory of their own.

        Parameters
        ----------
        parts
            Model inputs, of any number of rows each, also none. They are never changed, not even by a model that writes
            into its input. They are pulled as batches need them and let go when answered, so that a generator of parts
            needs the memory of a batch.
        ledger
            Keeps account of rows that have no answer, and says which may be left out; their outputs are NaN. By default
            none may.

        Raises
        ------
        ModelCallError
            If the model raises on rows that may not be left out. Its `answered` holds for each part the outputs, or
            None where the part is not done.
        ModelOutputError
            If the answer is not (n,) or (n, k) finite numbers, or k changes; `answered` as above.
        InputError
            If parts are no model inputs, or `output_names` do not fit the number of outputs.
        """
        ledger = Ledger() if ledger is None else ledger
        queue = Queue(parts, self._size.largest)
        poured = Poured(queue.sizes)
        flight = Flight(self._at_once, self.lock, self._places)
        done = 0
        try:
            while self._send(flight, queue):
                sent = flight.first
                done = sent.done
                Y = self._answer_in_pieces(sent, flight, ledger)
                poured.pour(Y, sent.taken)
                ledger.settled = sent.batch.stop
                flight.landed()
            if ledger.failures and not ledger.answered and self.output_names is None:
                raise next(iter(ledger.failures.values()))
        except (ModelCallError, ModelOutputError) as error:
            error.answered = poured.finished(done, k=self._n_outputs if self.output_names else None)
            flight.landed()
            self._bring_home(flight, None, ledger)
            raise
        except KeyboardInterrupt:
            self._bring_home(flight, poured, ledger)
            raise
        finally:
            flight.close()
            ledger.answers = poured.blanked(ledger, k=self._n_outputs)
        return ledger.answers

    def _send(self, flight: Flight, queue: Queue) -> bool:
        """Send as many batches as may be on their way, the first of all by itself; return whether any is."""
        known = self.output_names is not None
        while len(flight) < (flight.ahead if known else 1) and (remaining := queue.pull()):
            share = flight.share(remaining) if known else None
            rows, done = self._size.rows(remaining, queue.row_bytes, share), queue.done
            batch = Batch(flight.number, queue.start, queue.start + rows, queue.total)
            taken = queue.take(rows)
            flight.send(batch, taken, done, self._prepared([inputs for _, _, inputs in taken], batch))
        return len(flight) > 0

    def _bring_home(self, flight: Flight, poured: Poured | None, ledger: Ledger) -> None:
        """Wait for the calls under way; a cache keeps what they answer, and `poured`, until one of them fails."""
        for sent in flight.begun(aloud=poured is not None):
            try:
                form = self._landed(sent.call, flight.outcome(sent), ledger)
                Y = None if poured is None else self._read(form, sent.blocks, sent.batch, ledger)
            except (ModelCallError, ModelOutputError):
                poured = None  # what comes later is no beginning of what was asked
                continue
            if poured is not None and Y is not None:
                poured.pour(Y, sent.taken)
                ledger.settled = sent.batch.stop

    def _answer_in_pieces(self, sent: Sent, flight: Flight, ledger: Ledger) -> FloatArray:
        """Ask a batch, in halves where the model fails on the whole of it, down to one row.

        Too many rows for the memory, a network of few rows, a server that refuses one call in sixty: all of them answer
        a smaller batch. What fails alone is left out, or named where it may not be.
        """
        batch = sent.batch

        def answer() -> Form:
            return self._landed(sent.call, flight.outcome(sent), ledger)

        try:
            return self._halved(sent.blocks, batch, ledger, answer)
        except _RowError as alone:
            if batch.rows == 1:
                raise alone.whole from alone.whole.__cause__
            said = f"{alone.whole} (row {alone.row} alone fails, too)"
            raise ModelCallError(said) from alone.whole.__cause__

    def _halved(
        self, blocks: list[Inputs], batch: Batch, ledger: Ledger, said: Callable[[], Form] | None = None
    ) -> FloatArray:
        """Return the answers to a batch or, where that fails, to its halves; `said` is what the model said to it.

        A row that fails alone is left out, or raises `_RowError` where it may not be.
        """
        try:
            form = self._landed(*self._asked(blocks, batch), ledger) if said is None else said()
            return self._read(form, blocks, batch, ledger)
        except RemoteError:
            raise  # each half would be a request more, after all attempts that were allowed
        except ModelCallError as error:
            if batch.rows == 1:
                if not ledger.spares(batch.start):
                    raise _RowError(batch.start, error) from error
                ledger.leave_out([batch.start], error)
                self._check_alive(error, ledger)
                return np.full((1, self._n_outputs), np.nan)
            answers, start, left_out = [], batch.start, len(ledger.failures)
            for half in halves(blocks):
                piece = Batch(batch.number, start, start + sum(map(count, half)), batch.total, first=False)
                try:
                    answers.append(self._halved(half, piece, ledger))
                except _RowError as alone:
                    raise _RowError(alone.row, error) from error
                start = piece.stop
            # a row that fails by itself says nothing about the size of batches
            self._failures += len(ledger.failures) == left_out
            if self._failures > 1 or _of_memory(error):
                self._size.shrink(-(-batch.rows // 2))
            return np.concatenate([widened(answer, self._n_outputs) for answer in answers])

    def _prepared(self, blocks: Sequence[Inputs], batch: Batch) -> Call:
        """Return a call for what no cache knows of a batch."""
        function, inputs = self._ready(blocks)
        known = None if self._kept is None else self._kept.known(inputs)
        if known is not None:
            inputs, batch = known.asked, replace(batch, stop=batch.start + len(known.missing))
        alone = self._at_once == 1 or self.output_names is None  # calls at once take each other's time
        return Call(function, inputs, batch, asked(inputs), known, timed=batch.first and alone)

    def _asked(self, blocks: Sequence[Inputs], batch: Batch) -> tuple[Call, Outcome | None]:
        """Call the model for a batch now."""
        call = self._prepared(blocks, batch)
        return call, call.run(self.lock, self._places)

    def _landed(self, call: Call, outcome: Outcome | None, ledger: Ledger) -> Form:
        """Return the answer to a call, counted; learn from the time that it took, and keep it where that is wanted."""
        form = None
        if outcome is not None:
            self.calls, ledger.calls = self.calls + 1, ledger.calls + 1
            self.rows, ledger.rows = self.rows + call.batch.rows, ledger.rows + call.batch.rows
            self.seconds += outcome.seconds
            form = outcome.answer()
            if call.timed:
                self._size.learn(call.batch.rows, outcome.seconds)
        return call.known.form(form) if call.known is not None else cast(Form, form)

    def _read(self, form: Form, blocks: Sequence[Inputs], batch: Batch, ledger: Ledger) -> FloatArray:
        """Return what an answer says; rows of it that are no numbers are left out where they may be."""
        Y, odd = self._reader.read(form, batch)
        there = ~np.isnan(Y[:, 0])
        if odd is not None:
            ledger.leave_out((batch.start + np.flatnonzero(~there)).tolist(), odd)
        if there.any():
            ledger.met(int(there.sum()))
            if self._good is None:
                self._good = concatenate_fresh([_row(blocks, int(np.argmax(there)))])
        elif odd is not None:
            self._check_alive(odd, ledger)
        return Y

    def _check_alive(self, error: ModelError, ledger: Ledger) -> None:
        """See whether the model still answers what it has answered before, where many rows on end have no answer.

        Raises
        ------
        ModelCallError, ModelOutputError
            The error, where it does not: then the rows are not what is wrong.
        """
        if self._good is None and ledger.hopeless:
            raise error
        if self._good is None or not ledger.suspicious:
            return
        alone = Batch(0, 0, 1, 1, first=False)
        call = Call(*self._ready([self._good]), alone, asked(self._good))
        try:
            form = self._landed(call, call.run(self.lock, self._places), ledger)
            well = self._reader.read(form, alone)[1] is None
        except ModelCallError:
            well = False
        if not well:
            ledger.forget_run()
            raise error

    def _ready(self, blocks: Sequence[Inputs]) -> tuple[Callable[[Inputs], Any], Inputs]:
        """Return what to call and with what: the rest of a pipeline with counts where it begins by counting words."""
        counts = None if self._counts is None else self._counts.rows(blocks)
        if self._counts is None or counts is None:
            return self._adapted.function, concatenate_fresh(blocks)
        return self._counts.function, counts


class _RowError(Exception):
    """The model fails on one row alone; `whole` is what it said to the batch."""

    def __init__(self, row: int, whole: ModelCallError) -> None:
        super().__init__(row)
        self.row = row
        self.whole = whole


def _preferred(model: Any, batch_size: int | str) -> int | str:
    """Return the batch size that a model asks for itself, as one behind an address does: its clock tells nothing."""
    rows = getattr(model, "preferred_rows", None)
    return int(rows) if batch_size == "auto" and isinstance(rows, int) else batch_size


def _row(blocks: Sequence[Inputs], row: int) -> Inputs:
    """Return one row of some blocks of inputs."""
    for block in blocks:
        n = count(block)
        if row < n:
            return take(block, slice(row, row + 1))
        row -= n
    raise IndexError(row)


def _of_memory(error: ModelCallError) -> bool:
    """Return whether the model failed because the batch was too large."""
    said = str(error).lower()
    return isinstance(error.__cause__, MemoryError) or any(words in said for words in OUT_OF_MEMORY)
