"""Say on a terminal that a call of the model has been out for long: whoever waits knows what for.

Around f. One thread for the whole process looks every second, while there is a call under way and somebody to read it.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from limelight.errors import MissingDependencyError
from limelight.optional import require

FIRST = 10.0
"""Seconds after which a call is told of; then after twice as many, and so on."""
EVERY = 1.0


class _Watch:
    """The calls under way, and when each is told of next."""

    def __init__(self) -> None:
        self.calls: dict[int, tuple[Any, float]] = {}
        self.told: dict[int, float] = {}
        self.some = threading.Event()
        self.thread: threading.Thread | None = None

    def begin(self, call: int, what: Any) -> None:
        self.calls[call] = (what, time.monotonic())
        if self.thread is None:
            self.thread = threading.Thread(target=self._look, name="limelight_watch", daemon=True)
            self.thread.start()
        self.some.set()

    def end(self, call: int) -> None:
        self.calls.pop(call, None)
        self.told.pop(call, None)

    def _look(self) -> None:
        while True:
            self.some.wait()
            time.sleep(EVERY)
            if not self.calls:
                self.some.clear()
            for sentence in self.due(time.monotonic()):
                _say(sentence)

    def due(self, now: float) -> Iterator[str]:
        """Yield what is to be said of calls that have been out for `FIRST` seconds, twice as long, and so on."""
        for call, (what, began) in list(self.calls.items()):
            wait = self.told.get(call, FIRST)
            if now - began >= wait:
                self.told[call] = 2 * wait
                yield (
                    f"limelight: the model has been out for {now - began:.0f} s on {what}. Ctrl-C ends it, and keeps "
                    "what it answered before."
                )


_watch = _Watch()


def _start_over() -> None:
    """Begin anew in a forked child, which has none of its parent's threads."""
    global _watch
    _watch = _Watch()


if hasattr(os, "register_at_fork"):  # not on Windows
    os.register_at_fork(after_in_child=_start_over)


@contextmanager
def watched(what: Any) -> Iterator[None]:
    """Say on stderr, where it is a terminal or a notebook's, when what happens inside the block takes long.

    Parameters
    ----------
    what
        What is being asked, in words.

    >>> with watched("batch 1"):
    ...     pass
    """
    if not _somebody_reads():
        yield
        return
    watch, call = _watch, id(object())
    watch.begin(call, what)
    try:
        yield
    finally:
        watch.end(call)


def _somebody_reads() -> bool:
    return "ipykernel" in sys.modules or bool(sys.stderr is not None and sys.stderr.isatty())


def _say(sentence: str) -> None:
    """Write one line, above a progress bar where there is one."""
    try:
        require("tqdm", "cli").tqdm.write(sentence, file=sys.stderr)
    except MissingDependencyError:
        print(sentence, file=sys.stderr)
