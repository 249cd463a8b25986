"""Cut a row of parts into batches, and learn how large a batch serves the model best.

Before each call of f. Input: how many rows there are, what one weighs, and how long the last batch took. Output: where
the next cut is. Sizes are learned from the clock and so differ from run to run; they decide the cuts only, never which
rows are asked or in which order.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from numbers import Integral
from typing import Protocol

from limelight.contracts import Inputs
from limelight.errors import InputError
from limelight.inputs.kinds import count, form, row_bytes, take

_END = object()

FIRST_ROWS = 256
"""The first batch: small enough to meet a bad answer soon, large enough to time."""
TIMED_ROWS = 32
"""A first batch of fewer rows times the overhead of a call, not the model; nothing is learned from it."""
BATCH_SECONDS = 1.0
"""Grow to what takes about this long: beyond, no overhead of a call shows. A first batch that takes longer belongs to a
network on a CPU or a remote model: these may want smaller batches."""
BATCH_BYTES = 32 * 2**20
"""Bound of the inputs of one batch: blocks up to this size the C library hands out again and again, larger ones it
takes from the system anew each time, which for images took as long as making them."""
CLEARLY = 1.1
"""Rates (rows per second) are told apart from here on; less is noise of the clock."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows `start` … `stop` − 1 of `total` (None where more may come), for error messages.

    `first` says that they are asked for the first time, and not as a part of a batch that has failed.

    >>> str(Batch(3, 512, 768, 5000))
    'batch 3 (rows 512–767 of 5000)'
    """

    number: int
    start: int
    stop: int
    total: int | None
    first: bool = True

    @property
    def rows(self) -> int:
        """Return the number of rows."""
        return self.stop - self.start

    @property
    def whole(self) -> bool:
        """Whether this batch is all there is."""
        return self.rows == self.total

    def __str__(self) -> str:
        if self.rows == 1:
            rows = f"row {self.start}"
        else:
            rows = f"rows {self.start}–{self.stop - 1}"
        return f"batch {self.number} ({rows}{'' if self.total is None else f' of {self.total}'})"


def halves(blocks: Sequence[Inputs]) -> tuple[list[Inputs], list[Inputs]]:
    """Return blocks of inputs cut in two at the middle row, the larger half first.

    >>> halves([["a", "b"], ["c"]])
    ([['a', 'b']], [['c']])
    """
    left = -(-sum(map(count, blocks)) // 2)
    first: list[Inputs] = []
    second: list[Inputs] = []
    for block in blocks:
        n = count(block)
        if left >= n:
            first.append(block)
        elif left <= 0:
            second.append(block)
        else:
            first.append(take(block, slice(0, left)))
            second.append(take(block, slice(left, n)))
        left -= n
    return first, second


class Queue:
    """Parts in order, pulled as batches need them and let go when taken.

    Parameters
    ----------
    parts
        Model inputs; a generator is read no further than one window ahead.
    window_rows
        Rows to hold before a batch is cut, as far as there are so many and `BATCH_BYTES` allow: enough for the largest
        batch.

    Attributes
    ----------
    start
        Number of rows taken so far.
    sizes
        Rows of each part pulled so far.
    done
        Number of parts, from the first, that have been taken whole.

    >>> import numpy as np
    >>> queue = Queue(iter([np.zeros((1, 2)), np.ones((3, 2))]), 100)
    >>> queue.pull(), [(part, first, len(inputs)) for part, first, inputs in queue.take(2)]
    (4, [(0, 0, 1), (1, 0, 1)])
    """

    def __init__(self, parts: Iterable[Inputs], window_rows: int) -> None:
        self._total = sum(map(count, parts)) if isinstance(parts, Sequence) else None
        self._parts = iter(parts)
        self._window = window_rows
        self._held: deque[tuple[int, int, Inputs]] = deque()  # part, its first row that is left, the whole part
        self._forms: deque[Hashable] = deque()
        self._exhausted = False
        self._rows = 0
        self._bytes = 0.0
        self.start = 0
        self.sizes: list[int] = []
        self.row_bytes = 1.0

    @property
    def total(self) -> int | None:
        """Return the number of rows of all parts; None for a generator that has not come to its end."""
        if self._exhausted:
            return self.start + self._rows
        return self._total

    @property
    def done(self) -> int:
        """Return how many parts, from the first, have been taken whole."""
        if self._held:
            return self._held[0][0]
        return len(self.sizes)

    def pull(self) -> int:
        """Pull parts up to the window, and return how many rows fit in one array; 0 when there are no more."""
        while not self._exhausted and self._rows < self._window and self._bytes < BATCH_BYTES:
            part = next(self._parts, _END)
            if part is _END:
                self._exhausted = True
            else:
                self._hold(part)
        if not self._held:
            return 0
        self.row_bytes = row_bytes(self._held[0][2])
        alike = itertools.takewhile(lambda pair: pair[1] == self._forms[0], zip(self._held, self._forms, strict=True))
        return sum(self.sizes[part] - first for (part, first, _), _ in alike)

    def take(self, rows: int) -> list[tuple[int, int, Inputs]]:
        """Take the next rows: (part, first row in it, the inputs)."""
        taken = []
        self.start += rows
        self._rows -= rows
        while rows:
            part, first, inputs = self._held.popleft()
            n = min(rows, self.sizes[part] - first)
            whole = n == self.sizes[part]
            taken.append((part, first, inputs if whole else take(inputs, slice(first, first + n))))
            rows -= n
            if first + n < self.sizes[part]:
                self._held.appendleft((part, first + n, inputs))
            else:
                self._forms.popleft()
                self._bytes -= row_bytes(inputs) * self.sizes[part]
        return taken

    def _hold(self, part: Inputs) -> None:
        n = count(part)
        if n:
            self._held.append((len(self.sizes), 0, part))
            self._forms.append(form(part))
            self._rows += n
            self._bytes += row_bytes(part) * n
        self.sizes.append(n)


class BatchSize(Protocol):
    """How many rows the next batch has."""

    @property
    def largest(self) -> int:
        """Return the most rows that a batch can have."""
        ...

    def rows(self, remaining: int, row_bytes: float, share: int | None = None) -> int:
        """Return between 1 and `remaining` rows; `share` are those of one of several calls at once."""
        ...

    def learn(self, rows: int, seconds: float) -> None:
        """Take note that the model answered `rows` rows in `seconds`."""
        ...

    def shrink(self, rows: int) -> None:
        """Take note that the model cannot be asked more than `rows` rows at once."""
        ...


def batch_size_rule(batch_size: int | str, max_batch_rows: int) -> BatchSize:
    """Return the rule that the user's arguments stand for.

    Raises
    ------
    InputError
        If `batch_size` is neither "auto" nor a positive integer, or `max_batch_rows` is not a positive integer.

    >>> batch_size_rule(100, 16384).rows(250, 8.0)
    100
    """
    if not _is_positive_integer(max_batch_rows):
        raise InputError(f"max_batch_rows: expected a positive integer, got {max_batch_rows!r}; the default is 16384.")
    if isinstance(batch_size, str) and batch_size == "auto":
        return AdaptiveSize(int(max_batch_rows))
    if not _is_positive_integer(batch_size):
        raise InputError(
            f'batch_size: expected "auto" or a positive integer, got {batch_size!r}; "auto" suits most models.'
        )
    return FixedSize(int(batch_size))


def _is_positive_integer(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) > 0


@dataclass(frozen=True, slots=True)
class FixedSize:
    """Exactly so many rows, as the user said; the last batch has what is left."""

    size: int

    @property
    def largest(self) -> int:
        """Return the size."""
        return self.size

    def rows(self, remaining: int, row_bytes: float, share: int | None = None) -> int:
        """Return the size, or what remains."""
        return min(self.size, remaining)

    def learn(self, rows: int, seconds: float) -> None:
        """Learn nothing."""

    def shrink(self, rows: int) -> None:
        """Keep to what the user said."""


class AdaptiveSize:
    """A size that climbs while the model answers clearly more rows per second, then stays.

    The first batch has 256 rows. From its time the next jumps straight to what takes about a second (doubling would
    waste calls), or to a quarter where it took longer than that. A step that makes the rate 10 % better is followed by
    another; one that makes it 10 % worse is taken back; after anything else the larger size stays. Every step but the
    last needs a better rate, so the climb ends.

    Parameters
    ----------
    max_rows
        Never more rows than this.
    """

    def __init__(self, max_rows: int) -> None:
        self.max_rows = max_rows
        self.size = min(FIRST_ROWS, max_rows)
        self.settled = False
        self._most_rows = 0
        self._best_rows = 0
        self._best_rate = 0.0

    @property
    def largest(self) -> int:
        """Return the most rows that a batch can have."""
        return self.max_rows

    def rows(self, remaining: int, row_bytes: float, share: int | None = None) -> int:
        """Return the rows of the next batch; what remains is cut evenly, so that no small batch is left over."""
        limit = max(1, min(self.size, int(BATCH_BYTES / row_bytes), share or remaining))
        batches = -(-remaining // limit)
        return -(-remaining // batches)

    def learn(self, rows: int, seconds: float) -> None:
        """Compare the rate with the best so far, and choose the next size."""
        if self.settled or not self._tells(rows):
            return
        rate = rows / max(seconds, 1e-9)
        if rate > CLEARLY * self._best_rate:
            self._best_rows, self._best_rate = rows, rate
            self._step(rows, rate)
        elif rows > self._best_rows and rate * CLEARLY > self._best_rate:
            self._settle(rows)
        else:
            self._settle(self._best_rows)

    def shrink(self, rows: int) -> None:
        """Stay at a size that the model can bear."""
        self.max_rows = min(rows, self.max_rows)
        self._settle(min(rows, self.size))

    def _tells(self, rows: int) -> bool:
        """Whether a batch of so many rows is a trial of the step under way, not what was left at the end."""
        if not self._best_rows:
            return rows >= min(TIMED_ROWS, self.size)
        if self.size > self._best_rows:
            return 2 * rows >= 3 * self._best_rows
        return self.size <= 2 * rows <= self._best_rows

    def _step(self, rows: int, rate: float) -> None:
        """Go up where a second holds twice the rows ever tried; down where it holds fewer, or where down helped."""
        self._most_rows = max(rows, self._most_rows)
        aim = min(self.max_rows, int(rate * BATCH_SECONDS))
        if aim >= 2 * self._most_rows:
            self.size = aim
        elif rows >= 4 and (aim < rows or rows < self._most_rows):
            self.size = rows // 4
        else:
            self._settle(rows)

    def _settle(self, rows: int) -> None:
        self.size, self.settled = rows, True
