"""Whose turn it is: one thread at a time, an error instead of waiting for oneself, and free again after a fork."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

from limelight.errors import InputError

T = TypeVar("T")

IN_THE_MODEL = (
    "explain: expected a call from outside, got one from inside the model or the modality that is being asked by this "
    "very explainer; give the inner one an explainer of its own, made by with_settings()."
)
"""Said where an explainer is used by what it is asking just now."""


class Lock:
    """A lock that one thread holds at a time, and that knows which.

    `threading.Lock` waits for ever where its owner asks for it again, and in a forked child where another thread of the
    parent held it. This one says what is wrong, and is free in the child.

    Attributes
    ----------
    torn
        How often a fork has cut off the thread that had the turn. What it was about to change may be half changed.

    >>> lock = Lock()
    >>> with lock.taken("ask"):
    ...     with lock.taken("ask again"):
    ...         pass
    Traceback (most recent call last):
    limelight.errors.InputError: ask again
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._owner: int | None = None
        self.torn = 0
        _locks.add(self)

    @property
    def mine(self) -> bool:
        """Whether the calling thread has the turn."""
        return self._owner == threading.get_ident()

    @contextmanager
    def taken(self, complaint: str) -> Iterator[None]:
        """Wait for the turn, and have it inside the block.

        Parameters
        ----------
        complaint
            What to say where this thread has the turn already, so that it would wait for itself.

        Raises
        ------
        InputError
            If it has.
        """
        if self.mine:
            raise InputError(complaint)
        self._take()
        try:
            yield
        finally:
            self._give()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Let others have the turn inside the block, and wait for it at the end."""
        self._give()
        try:
            yield
        finally:
            self._take()

    def _take(self) -> None:
        self._lock.acquire()
        self._owner = threading.get_ident()

    def _give(self) -> None:
        self._owner = None
        self._lock.release()

    def _start_over(self) -> None:
        """Be free in a forked child, where the other threads are gone; a turn of the thread that forked goes on."""
        if not self._lock.locked() or self.mine:
            return
        self._lock = threading.Lock()
        self._owner = None
        self.torn += 1


class Lent(Generic[T]):
    """Draws items while others may have the turn: whoever makes them may need it.

    Parameters
    ----------
    items
        Anything iterable, a user's generator for instance.
    lock
        The lock that the drawing thread holds.
    """

    def __init__(self, items: Iterable[T], lock: Lock) -> None:
        self._items = iter(items)
        self._lock = lock

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        with self._lock.lent():
            return next(self._items)


class OneByOne(Generic[T]):
    """An iterator from which any number of threads may draw: each item goes to one of them.

    Parameters
    ----------
    items
        A generator of explanations; it takes the lock of their explainer itself.
    lock
        That lock.
    """

    def __init__(self, items: Generator[T, None, None], lock: Lock) -> None:
        self._items = items
        self._lock = lock
        self._own = Lock()
        self._torn = lock.torn

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        # asked first: a model that waited here for the thread that waits for the model would wait for ever
        if self._lock.mine:
            raise InputError(IN_THE_MODEL)
        with self._own.taken(
            "instances: expected instances that are not made of their own explanations, got some that draw from the "
            "iterator that explains them; explain them by another call of explain_many."
        ):
            if self._own.torn or self._lock.torn != self._torn:
                raise InputError(
                    "explain_many: expected to go on in the process that began, got a fork made while another thread "
                    "was explaining; call explain_many again here."
                )
            return next(self._items)

    def close(self) -> None:
        """Give up what has not been drawn."""
        with self._own.taken("explain_many: expected close() from outside, got it from its own instances."):
            if not self._own.torn:
                self._items.close()


_locks: weakref.WeakSet[Lock] = weakref.WeakSet()


def _free_all() -> None:
    for lock in list(_locks):
        lock._start_over()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_free_all)
