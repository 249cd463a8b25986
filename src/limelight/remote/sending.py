"""Send one request until it is answered: with all attempts, waits, and the budget asked before each of them.

Input: where to, a body, what it can cost. Output: a whole response, or a `RemoteError` that says what came instead.
Asked again: 408, 425, 429, 5xx, a torn or late answer, a broken connection. Never: what the server refuses for good.
"""

from __future__ import annotations

import http.client
import logging
import os
import re
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from typing import Any

from limelight.errors import RemoteError
from limelight.optional import require
from limelight.remote.exchange import Line, UnreadableError
from limelight.remote.gate import Gate
from limelight.remote.limits import Limits
from limelight.remote.meter import Load, Meter
from limelight.remote.secrets import Key
from limelight.remote.wire import Body, Decoded, Received, TornError

AGAIN = frozenset({408, 425, 429})
THROTTLED = frozenset({429, 503})
GOLDEN = 0.6180339887498949
"""Its multiples, less whole numbers, fill the unit interval evenly."""
SHOWN = 200
"""Characters of a refusal that an error repeats: enough to see what it is."""

logging.getLogger("stamina").addHandler(logging.NullHandler())  # who wants its lines configures logging


class Failure(Exception):  # noqa: N818 - one attempt that failed, not yet an error
    """One attempt without an answer.

    Parameters
    ----------
    said
        What happened, without any secret.
    status
        The HTTP status, where there is one.
    again
        Whether another attempt may help.
    wait
        Seconds that the server asks to wait, where it does.
    charged
        Whether the server may have done the work.
    """

    def __init__(
        self,
        said: str,
        *,
        status: int | None = None,
        again: bool = True,
        wait: float | None = None,
        charged: bool = True,
    ) -> None:
        super().__init__(said)
        self.status, self.again, self.wait, self.charged = status, again, wait, charged


@dataclass(frozen=True, slots=True)
class _Attempt:
    """The number of an attempt, from 1, how it is made, and whether it asks the model itself."""

    number: int
    send: Callable[[], Received]
    asks: bool


@dataclass
class Sender:
    """Sends requests to one address.

    Parameters
    ----------
    url
        The address; a request's path is appended to its path, before a query.
    key
        What signs each request.
    headers
        Headers of each request that are no secret.
    limits, gate, meter
        How it may be asked, who may go now, and what was spent.
    """

    url: str
    key: Key
    headers: dict[str, str]
    limits: Limits
    gate: Gate
    meter: Meter
    _line: tuple[int, Line] | None = None
    _spread: float = 0.0

    def line(self) -> Line:
        """Return the connections of this process, made when they are first needed."""
        if self._line is None or self._line[0] != os.getpid():
            limits = self.limits
            most = {"connections": limits.concurrency + 1, "max_bytes": limits.max_bytes}
            self._line = (os.getpid(), Line(self.headers, timeout=limits.timeout, **most))
        return self._line[1]

    def close(self) -> None:
        """Close all connections."""
        opened, self._line = self._line, None
        if opened is not None and opened[0] == os.getpid():
            opened[1].close()

    def get(self, path: str) -> Any:
        """Return the JSON at a path, or None where the server has none; this costs nothing and is not counted."""
        try:
            return self._until_answered(
                "GET", path, None, threading.Event(), lambda attempt: _json(attempt.send())
            ).answers
        except RemoteError as error:
            if error.status in (400, 404, 405, 501):
                return None
            raise

    def post(
        self, path: str, body: Body, load: Load, stopped: threading.Event, read: Callable[[Received], Decoded]
    ) -> Decoded:
        """Return what `read` makes of the response to a body; where it says that the body is torn, ask again.

        Raises
        ------
        BudgetSpent
            If a limit would be passed.
        RemoteError
            If no attempt was answered.
        """
        return self._until_answered("POST", path, body, stopped, lambda attempt: self._paid(attempt, load, read))

    def _until_answered(
        self, method: str, path: str, body: Body | None, stopped: threading.Event, book: Callable[[_Attempt], Decoded]
    ) -> Decoded:
        stamina = require("stamina", "remote")
        number, failure = 0, None
        try:
            for attempt in stamina.retry_context(on=_worth_another, attempts=self.limits.attempts, timeout=None):
                with attempt:
                    number = attempt.num
                    self._rest(failure, number, stopped)
                    self.gate.enter(stopped)
                    try:
                        return self._inside(
                            _Attempt(number, lambda: self._exchange(method, path, body), body is not None), book
                        )
                    except Failure as this:
                        failure = this
                        raise
        except Failure as last:
            failure = last
        raise self._error(failure, number)  # outside of the handler: what httpx knows of the request is let go

    def _rest(self, failure: Failure | None, number: int, stopped: threading.Event) -> None:
        """Wait before the next attempt, but not when all is given up; a throttled one waits at the gate, as all do."""
        if failure is None or failure.status in THROTTLED:
            return
        self._spread = (self._spread + GOLDEN) % 1.0  # workers that failed together come back one after the other
        stopped.wait(min(self._pause(failure, number - 1) * (0.75 + self._spread / 2), self.limits.max_wait))

    def _inside(self, attempt: _Attempt, book: Callable[[_Attempt], Decoded]) -> Decoded:
        """Make one attempt, and tell the gate how it went."""
        failure: Failure | None = None
        answered = False
        try:
            decoded = book(attempt)
            answered = attempt.asks  # what a server says *of* a model does not show that it takes its rows
            return decoded
        except Failure as this:
            failure = this
            raise
        finally:
            throttled = failure is not None and failure.status in THROTTLED
            wait = self._pause(failure, attempt.number) if throttled else 0.0
            self.gate.leave(answered=answered, throttled=throttled, wait=wait)

    def _paid(self, attempt: _Attempt, load: Load, read: Callable[[Received], Decoded]) -> Decoded:
        """Make one attempt that counts: reserve, send, read, book."""
        self.meter.reserve(load, again=attempt.number > 1)
        charged, decoded = True, None
        try:
            decoded = _read(attempt.send(), read)
        except Failure as failure:
            charged = failure.charged
            raise
        finally:
            if decoded is None:
                self.meter.failed(load, charged=charged)
        self.meter.answered(load, decoded.tokens)
        return decoded

    def _pause(self, failure: Failure | None, number: int) -> float:
        """Return how long to wait after an attempt: what the server asks for, or twice as long each time."""
        asked = None if failure is None else failure.wait
        if asked is None:
            wait = self.limits.backoff * 2.0 ** (number - 1)
        else:
            wait = asked
        return min(wait, self.limits.max_wait)

    def _exchange(self, method: str, path: str, body: Body | None) -> Received:
        """Return a whole response; no exception of httpx, which holds the headers, gets out.

        Raises
        ------
        Failure
            If there is none.
        """
        received, failure = self._tried(method, path, body)
        if failure is not None:
            raise failure
        return received

    def _tried(self, method: str, path: str, body: Body | None) -> tuple[Received, Failure | None]:
        httpx = require("httpx", "remote")
        address, _, query = self.url.partition("?")
        url = address.rstrip("/") + path + (f"?{query}" if query else "")
        nothing = Received(0, {}, b"")
        if body is None:
            content, headers = None, {}
        else:
            content, headers = body.content, dict(body.headers)
        try:
            received = self.line().exchange(method, url, content, headers, self.key.sign)
        except httpx.TimeoutException:
            return nothing, Failure(f"no whole answer within {self.limits.timeout:g} s")
        except (httpx.ConnectError, httpx.ProxyError) as error:
            return nothing, Failure(f"no connection ({self._clean(str(error))})", charged=False)
        except (httpx.TransportError, httpx.DecodingError) as error:
            return nothing, Failure(f"{type(error).__name__}: {self._clean(str(error))}")
        except UnreadableError as error:
            return nothing, Failure(str(error), again=False)
        if not _is_binary(received.headers):
            received = replace(received, content=self.key.hide(received.content))
        return received, self._judged(received)

    def _judged(self, received: Received) -> Failure | None:
        """Return why a response is no answer; None if it is one."""
        status = received.status
        if 200 <= status < 300:
            return None
        wait = wait_asked(received.headers.get("retry-after"), time.time())
        again = status in AGAIN or 500 <= status < 600
        said = f"status {status}: {self._clean(received.content.decode('utf-8', 'replace')) or _phrase(status)}"
        if 300 <= status < 400:
            said += self._elsewhere(received.headers.get("location", ""))
        if wait is not None and wait > self.limits.max_wait:
            said, again = f"{said} (the server asks to wait {wait:.0f} s, more than max_wait)", False
        return Failure(said, status=status, again=again, wait=wait, charged=status >= 500)

    def _elsewhere(self, location: str) -> str:
        """Return where a redirect leads, without its query, which may hold a secret."""
        place = self._clean(location.partition("?")[0].rpartition("@")[2])
        return f"; it sends on to {place or 'nowhere'}, which is not followed, since the key would go there too"

    def _clean(self, text: str) -> str:
        """Return one line of at most 200 characters, without the key."""
        text = self.key.hide(text.encode("utf-8", "replace")).decode()
        text = re.sub(r"\s+", " ", text).strip()
        if len(text) <= SHOWN:
            return text
        return text[: SHOWN - 1] + "…"

    def _error(self, failure: Failure | None, attempts: int) -> RemoteError:
        if failure is None:
            return RemoteError("the server was not asked.")
        often = "" if attempts == 1 else f" after {attempts} attempts"
        return RemoteError(f"{_host(self.url)} gave no answer{often}: {failure}", status=failure.status)


def _phrase(status: int) -> str:
    """Return what a status means, where the server says nothing; where nothing is, what to look at.

    >>> _phrase(404)
    'Not Found; see whether the address and the name of the model are right'
    """
    phrase = http.client.responses.get(status, "no reason was given")
    where = "; see whether the address and the name of the model are right"
    return phrase + (where if status in (404, 405, 410) else "")


def _read(received: Received, read: Callable[[Received], Decoded]) -> Decoded:
    """Return what a response says; one that is torn is a failed attempt."""
    torn = ""
    try:
        return read(received)
    except TornError as error:
        torn = str(error)
    raise Failure(f"a torn answer: {torn}", status=received.status)


def _json(received: Received) -> Decoded:
    return _read(received, lambda whole: Decoded(whole.json()))


def wait_asked(after: str | None, now: float) -> float | None:
    """Return the seconds that a Retry-After header asks for, in either of its forms: seconds, or a date.

    >>> wait_asked("1.5", 0.0), wait_asked("Thu, 01 Jan 1970 00:01:00 GMT", 50.0), wait_asked("soon", 0.0)
    (1.5, 10.0, None)
    """
    if not after:
        return None
    try:
        return max(0.0, float(after))
    except ValueError:
        pass
    try:
        return max(0.0, parsedate_to_datetime(after).timestamp() - now)
    except ValueError:
        return None


def _worth_another(error: Exception) -> bool | float:
    """Return whether to try again, and that stamina need not wait: its sleep could not be broken off by Ctrl-C."""
    if isinstance(error, Failure) and error.again:
        return 0.0
    return False


def _is_binary(headers: Mapping[str, str]) -> bool:
    return headers.get("content-type", "").startswith("application/octet-stream")


def _host(url: str) -> str:
    return url.partition("://")[2].partition("/")[0].partition("?")[0]
