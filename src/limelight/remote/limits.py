"""How hard, how long and how far a server is asked: what a user may set, and what was used.

Input: the keyword arguments of `http`. Output: a checked `Limits`, a `Price`, and the `Usage` and `Quote` in their
units. Nothing here waits or counts; `gate.py` does the one, `meter.py` the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any, TypedDict

from limelight.errors import InputError, UnknownNameError
from limelight.settings import whole


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """What a server charges.

    Parameters
    ----------
    per_request, per_row
        Money for each request, and for each row in it.
    per_million_in, per_million_out
        Money for a million tokens read, and written.
    currency
        The name to show.

    Examples
    --------
    >>> Price(per_million_in=0.5, per_million_out=1.5).of(requests=1, rows=1, tokens_in=1000, tokens_out=200)
    0.0008
    """

    per_request: float = 0.0
    per_row: float = 0.0
    per_million_in: float = 0.0
    per_million_out: float = 0.0
    currency: str = "USD"

    def __post_init__(self) -> None:
        for name in ("per_request", "per_row", "per_million_in", "per_million_out"):
            _number(f"price: {name}", getattr(self, name), least=0.0)

    def of(self, *, requests: int = 0, rows: int = 0, tokens_in: int = 0, tokens_out: int = 0) -> float:
        """Return what so much costs."""
        tokens = (self.per_million_in * tokens_in + self.per_million_out * tokens_out) / 1e6
        return self.per_request * requests + self.per_row * rows + tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How a server may be asked.

    Parameters
    ----------
    concurrency
        Requests on their way at once. 8 hides seven eighths of a latency and few servers mind; where one says 429, all
        wait, and fewer go at once from then on.
    per_second
        At most so many requests a second; None sets no pace.
    rows_per_request
        Rows in one request; None takes the protocol's own (64 rows of a table, one prompt).
    timeout
        Seconds from connecting to the last byte of an answer, however slowly its headers or its body drip.
    max_bytes
        The most bytes that one answer may have, unpacked: a server gone wild must not fill the memory. 64 MiB hold
        64 rows of 50,000 numbers in JSON.
    attempts
        How often a request is sent before giving up. With 8, a server that fails one request in five fails one in
        400,000 for good.
    backoff
        Seconds before the second attempt; they double from one attempt to the next, up to `max_wait`.
    max_wait
        The longest wait between two attempts, also where a server asks for longer (`Retry-After`): then it is given up.
    max_requests, max_rows, max_cost
        What may be spent in all: requests (attempts included), rows, money by `price`. None sets no end. Where a file
        keeps the answers (``cache=``), all copies of a model share what is left, in whatever processes of this machine,
        such as the workers of a job. Without one, each pickled copy may spend as much; pickling warns of it. A model
        that is made anew by `http` begins at nothing.
    price
        What the server charges, needed by `max_cost`.

    Raises
    ------
    InputError
        If a value is out of range, or `max_cost` has no price.

    Examples
    --------
    >>> Limits(max_requests=20).attempts
    8
    """

    concurrency: int = 8
    per_second: float | None = None
    rows_per_request: int | None = None
    timeout: float = 30.0
    max_bytes: int = 2**26
    attempts: int = 8
    backoff: float = 0.25
    max_wait: float = 60.0
    max_requests: int | None = None
    max_rows: int | None = None
    max_cost: float | None = None
    price: Price | None = None

    def __post_init__(self) -> None:
        for name in ("concurrency", "attempts", "max_bytes", "rows_per_request", "max_requests", "max_rows"):
            value = getattr(self, name)
            if value is not None or name in ("concurrency", "attempts", "max_bytes"):
                _integer(name, value)
        for name in ("timeout", "backoff", "max_wait", "per_second"):
            value = getattr(self, name)
            if value is not None or name != "per_second":
                _number(name, value, least=0.0, more=name != "backoff")
        if self.price is not None and not isinstance(self.price, Price):
            raise InputError(
                f"price: expected a Price, got {type(self.price).__name__}; pass Price(per_request=0.001)."
            )
        if self.max_cost is not None:
            _number("max_cost", self.max_cost, least=0.0)
            if self.price is None:
                raise InputError("max_cost: needs the price; pass price=Price(per_million_in=…, per_million_out=…).")

    @property
    def caps(self) -> tuple[str, ...]:
        """Return the names of the caps that are set."""
        return tuple(name for name in ("max_requests", "max_rows", "max_cost") if getattr(self, name) is not None)

    @classmethod
    def of(cls, given: Mapping[str, Any]) -> Limits:
        """Return the limits that were given by name.

        Raises
        ------
        UnknownNameError
            If there is none of such a name.
        """
        names = [field.name for field in fields(cls)]
        for name in given:
            if name not in names:
                raise UnknownNameError("limits", name, names)
        return cls(**given)


class LimitsArguments(TypedDict, total=False):
    """The fields of `Limits` as keyword arguments, for editors and type checkers; what they mean is said there."""

    concurrency: int
    per_second: float | None
    rows_per_request: int | None
    timeout: float
    max_bytes: int
    attempts: int
    backoff: float
    max_wait: float
    max_requests: int | None
    max_rows: int | None
    max_cost: float | None
    price: Price | None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a `Remote` has used so far, in this process.

    Parameters
    ----------
    requests
        Requests sent, those that were repeated included.
    retries
        How many of them were sent again.
    rows
        Rows answered by the server.
    cached
        Rows answered by the cache.
    tokens_in, tokens_out
        Tokens read and written, as the server counts them; 0 where it does not say.
    cost
        Money by the price; where an answer was lost on its way, as if it had been given.
    """

    requests: int = 0
    retries: int = 0
    rows: int = 0
    cached: int = 0
    tokens_in: int = 0
    tokens_out: int = 0
    cost: float = 0.0


@dataclass(frozen=True, slots=True)
class Quote:
    """What asking is expected to take, said before anything is asked.

    Parameters
    ----------
    rows, requests
        What would be sent if every request succeeds and nothing is in the cache.
    tokens_in
        About that many, at four bytes a token.
    tokens_out
        At most that many, by the parameters (`max_tokens`); 0 where they set no end.
    cost
        Money by the price; None without one.
    """

    rows: int
    requests: int
    tokens_in: int
    tokens_out: int
    cost: float | None


def _integer(name: str, value: Any) -> None:
    if (whole(value) or 0) < 1:
        raise InputError(f"{name}: expected a positive integer, got {value!r}.")


def _number(name: str, value: Any, *, least: float, more: bool = False) -> None:
    # True is a number to Python, and hardly meant as one
    fits = isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)
    if not fits or value < least or (more and value == least):
        raise InputError(f"{name}: expected a number {'>' if more else '≥'} {least:g}, got {value!r}.")
