"""One thread for small solves: on several they are slower, and their last bits depend on the machine's cores.

A fit solves systems of tens of unknowns. BLAS cuts them up for all cores, which costs more than it saves (measured: 3
times slower), and adds up in another order. The bound holds for numpy and scipy in the whole process, so it is set only
around a fit, never around the user's model, and put back when the last fit that runs at the same time has ended.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from limelight.errors import MissingDependencyError
from limelight.optional import require


class _Bound:
    """How many fits run just now, and what to put back when they have ended."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.inside = 0
        self.before: list[tuple[Any, int]] = []

    def enter(self) -> None:
        with self.lock:
            if self.inside == 0:
                self.before = [(library, library.get_num_threads()) for library in _libraries()]
                _set([(library, 1) for library, n in self.before if n != 1])
            self.inside += 1

    def leave(self) -> None:
        with self.lock:
            self.inside -= 1
            if self.inside == 0:
                _set([(library, n) for library, n in self.before if n != 1])

    def start_over(self) -> None:
        """Put things back in a forked child, whose other threads are gone and will not."""
        fits = self.inside
        self.lock = threading.Lock()
        self.inside = 0
        if fits:
            _set(self.before)


_bound = _Bound()


@contextmanager
def one_thread() -> Iterator[None]:
    """Bound BLAS to one thread inside the block, in the whole process; any number of blocks may overlap.

    Does nothing where threadpoolctl, which comes with scikit-learn, is missing. Takes some microseconds.

    Examples
    --------
    >>> import numpy as np
    >>> with one_thread():
    ...     np.eye(2) @ np.ones(2)
    array([1., 1.])
    """
    _bound.enter()
    try:
        yield
    finally:
        _bound.leave()


@cache
def _libraries() -> tuple[Any, ...]:
    """Return what sets the threads of each BLAS in the process; looked for once, since that takes milliseconds."""
    import scipy.linalg  # noqa: F401  (so that its library is loaded, and found)

    try:
        control = require("threadpoolctl", "all")
    except MissingDependencyError:
        return ()
    return tuple(control.ThreadpoolController().select(user_api="blas").lib_controllers)


def _set(wanted: list[tuple[Any, int]]) -> None:
    for library, n in wanted:
        _free(library)
        library.set_num_threads(n)
        _free(library)


def _free(library: Any) -> None:
    """Let any thread set the number of threads.

    From threadpoolctl 3.8 on the first thread that sets it is the only one that can, as long as it lives; others are
    ignored without a word. Here whoever comes first and goes last sets it, and these may be any two.
    """
    clear = getattr(library, "clear_controlling_thread", None)
    if clear is not None:
        clear(force=True)


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_bound.start_over)
