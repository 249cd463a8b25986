"""Threads that call the model: they may be left alone where one of its calls never ends.

The threads of `concurrent.futures` are waited for when Python ends, so that nobody could end a program whose model
hangs. These are not: Ctrl-C twice, and it ends. Input: functions. Output: futures.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from typing import Any, TypeVar

T = TypeVar("T")
_Work = tuple[Future[Any], Callable[..., Any], tuple[Any, ...]]


class Workers:
    """So many threads at most, started as there is work.

    >>> workers = Workers(2)
    >>> [workers.submit(pow, 2, k).result() for k in range(4)]
    [1, 2, 4, 8]
    >>> workers.join()
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self._work: SimpleQueue[_Work | None] = SimpleQueue()
        self._threads: list[threading.Thread] = []

    def submit(self, function: Callable[..., T], *given: Any) -> Future[T]:
        """Return what will hold the function's answer; it is called when a thread is free."""
        future: Future[T] = Future()
        self._work.put((future, function, given))
        if len(self._threads) < self._most:
            name = f"limelight_{len(self._threads)}"
            self._threads.append(threading.Thread(target=_serve, args=(self._work,), name=name, daemon=True))
            self._threads[-1].start()
        return future

    def join(self, *, wait: bool = True) -> None:
        """End the threads when they have done what was asked, and wait for that; or give up what is not yet begun."""
        if not wait:
            self._cancel()
        for _ in self._threads:
            self._work.put(None)
        for thread in self._threads if wait else ():
            thread.join()

    def _cancel(self) -> None:
        while True:
            try:
                given = self._work.get_nowait()
            except Empty:
                return
            if given is not None:
                given[0].cancel()


def _serve(work: SimpleQueue[_Work | None]) -> None:
    while (given := work.get()) is not None:
        future, function, arguments = given
        if not future.set_running_or_notify_cancel():
            continue
        try:
            future.set_result(function(*arguments))
        except BaseException as error:
            future.set_exception(error)
        del given, future, function, arguments  # an idle thread holds no batch
