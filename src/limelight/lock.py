"""Whose turn it is: one thread at a time, an error instead of waiting for oneself, and free again after a fork.

An explainer is changed by one thread at a time (`Lock`). While the model answers, others have the turn (`Lock.lent`).
How many calls of the model there may be at once is counted by `Places`, and who is asking for what by `Claims`.
"""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable, Generator, Hashable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Generic, Protocol, TypeVar

from limelight.errors import InputError

T = TypeVar("T")

IN_THE_MODEL = (
    "explain: expected a call from outside, got one from inside the model or the modality that is being asked by this "
    "very explainer; give the inner one an explainer of its own, made by with_settings()."
)
"""Said where an explainer is used by what it is asking just now."""

_asking: ContextVar[frozenset[int]] = ContextVar("asking", default=frozenset())
"""The locks of the explainers that are asking what runs here. Threads that a model hands its context to inherit it."""


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

    def __reduce__(self) -> tuple[type[Lock], tuple[()]]:
        """Pickle a lock that is free; all that share one share the new one."""
        return Lock, ()

    @property
    def mine(self) -> bool:
        """Whether the calling thread has the turn."""
        return self._owner == threading.get_ident()

    @property
    def inside(self) -> bool:
        """Whether the calling thread has the turn, or runs in a model that is asked by who had it."""
        return self.mine or id(self) in _asking.get()

    @contextmanager
    def taken(self, complaint: str) -> Iterator[None]:
        """Wait for the turn, and have it inside the block.

        Parameters
        ----------
        complaint
            What to say where this thread has the turn already, or answers to who waits for it, so that it would wait
            for itself.

        Raises
        ------
        InputError
            If it has.
        """
        if self.inside:
            raise InputError(complaint)
        self._take()
        try:
            yield
        finally:
            self._give()

    @contextmanager
    def lent(self) -> Iterator[None]:
        """Let others have the turn inside the block, and wait for it at the end; nothing where it is not ours."""
        if not self.mine:
            yield
            return
        self._give()
        try:
            yield
        finally:
            self._take()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Take note that what runs inside the block is being asked: for the turn it would wait for ever."""
        token = _asking.set(_asking.get() | {id(self)})
        try:
            yield
        finally:
            _asking.reset(token)

    def _take(self) -> None:
        self._lock.acquire()
        self._owner = threading.get_ident()

    def _give(self) -> None:
        if self.mine:  # not where Ctrl-C came while it was waited for
            self._owner = None
            self._lock.release()

    def _start_over(self) -> None:
        """Be free in a forked child, where the other threads are gone; a turn of the thread that forked goes on."""
        if not self._lock.locked() or self.mine:
            return
        self._lock = threading.Lock()
        self._owner = None
        self.torn += 1


class Places:
    """So many at once, in all threads together; a forked child begins with all places free.

    Parameters
    ----------
    most
        How many; None for any number.

    >>> places = Places(1)
    >>> with places.taken():
    ...     places.inside
    1
    """

    def __init__(self, most: int | None) -> None:
        self.most = most
        self.inside = 0
        self._changed = threading.Condition()
        _locks.add(self)

    def __reduce__(self) -> tuple[type[Places], tuple[int | None]]:
        return Places, (self.most,)

    @contextmanager
    def taken(self) -> Iterator[None]:
        """Wait for a place, and have it inside the block."""
        with self._changed:
            self._changed.wait_for(lambda: self.most is None or self.inside < self.most)
            self.inside += 1
        try:
            yield
        finally:
            with self._changed:
                self.inside = max(self.inside - 1, 0)  # a child that was forked in here has begun at 0
                self._changed.notify()

    def start_over(self) -> None:
        """Count nobody as inside: those who are will not come back, or nobody waits for them."""
        self.inside, self._changed = 0, threading.Condition()

    _start_over = start_over


class Wanting(Protocol):
    """Something that is to be made by one thread only."""

    @property
    def keys(self) -> Sequence[Hashable]:
        """Return what names it."""
        ...


W = TypeVar("W", bound=Wanting)


class Claims:
    """What is being made just now, so that nobody else makes it, too.

    Parameters
    ----------
    lock
        The lock that those hold who make claims; it is lent while one waits.
    """

    def __init__(self, lock: Lock) -> None:
        self._lock = lock
        self._made: dict[Hashable, tuple[int, threading.Event]] = {}
        _locks.add(self)

    def __reduce__(self) -> tuple[type[Claims], tuple[Lock]]:
        return Claims, (self._lock,)

    @contextmanager
    def of(self, wanted: Callable[[], Sequence[W]]) -> Iterator[Sequence[W]]:
        """Claim what is wanted inside the block, as soon as nobody else makes anything of it.

        Parameters
        ----------
        wanted
            Says what that is: again after each wait, since others may have made it by then.
        """
        while True:
            found = wanted()
            keys = [key for each in found for key in each.keys]
            others = [self._made[key][1] for key in keys if key in self._made]
            if not others:
                break
            with self._lock.lent():
                others[0].wait()
        done = threading.Event()
        self._made.update(dict.fromkeys(keys, (threading.get_ident(), done)))
        try:
            yield found
        finally:
            for key in keys:
                self._made.pop(key, None)
            done.set()

    def _start_over(self) -> None:
        """Forget in a forked child what the threads claimed that are gone."""
        self._made = {key: claim for key, claim in self._made.items() if claim[0] == threading.get_ident()}


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
        if self._lock.inside:
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


_locks: weakref.WeakSet[Any] = weakref.WeakSet()


def _free_all() -> None:
    for lock in list(_locks):
        lock._start_over()


if hasattr(os, "register_at_fork"):  # not on Windows, where nothing forks
    os.register_at_fork(after_in_child=_free_all)
