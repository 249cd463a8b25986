"""One brake for all workers: how many requests may be on their way, and when the next may go.

A server that says 429 or 503 speaks to the whole client, not to the one request: all workers wait, and half as many go
at once from then on; each answer lets a little more through again (additive increase, multiplicative decrease
[chiu1989]). The first request goes alone: a wrong key or a wrong column then costs one request. A pace (`per_second`)
is kept by handing out departures.
"""

from __future__ import annotations

import threading
import time

from limelight.remote.limits import Limits


class StoppedError(Exception):
    """The call that this request belongs to has failed or was interrupted."""


class Gate:
    """Lets requests go.

    Parameters
    ----------
    limits
        `concurrency` and `per_second`.

    Examples
    --------
    >>> gate = Gate(Limits(concurrency=8))
    >>> gate.enter(threading.Event())
    >>> gate.leave(answered=True)
    >>> gate.enter(threading.Event())
    >>> gate.leave(throttled=True)
    >>> gate.allowed
    4.0
    """

    def __init__(self, limits: Limits) -> None:
        self.most = limits.concurrency
        self.allowed = 1.0
        self._first = True
        if limits.per_second is None:
            self._apart = 0.0
        else:
            self._apart = 1.0 / limits.per_second
        self._on_their_way = 0
        self._not_before = 0.0
        self._next = 0.0
        self._braked = 0.0
        self._changed = threading.Condition()

    def enter(self, stopped: threading.Event) -> None:
        """Wait until a request may go.

        Raises
        ------
        StoppedError
            If `stopped` is set meanwhile.
        """
        with self._changed:
            while True:
                if stopped.is_set():
                    raise StoppedError
                now = time.monotonic()
                wait = max(self._not_before, self._next) - now
                if wait <= 0 and self._on_their_way < max(1, int(self.allowed)):
                    break
                self._changed.wait(min(wait, 0.5) if wait > 0 else 0.5)
            self._on_their_way += 1
            self._next = max(now, self._next) + self._apart

    def leave(self, *, answered: bool = False, throttled: bool = False, wait: float = 0.0) -> None:
        """Take note that a request has ended; a throttled one brakes all."""
        with self._changed:
            now = time.monotonic()
            self._on_their_way -= 1
            if throttled:
                if now >= self._braked:  # those that were sent together are told the same thing once
                    self.allowed = max(1.0, self.allowed / 2)
                self._not_before = max(self._not_before, now + wait)
                self._braked = self._not_before
            elif answered and self._first:
                self.allowed, self._first = float(self.most), False
            elif answered:
                self.allowed = min(float(self.most), self.allowed + 1.0 / self.allowed)
            self._changed.notify_all()
