"""What was spent so far, against the caps: by one model here, or by all copies of it in whatever processes.

Input: what a request can take, before it is sent; what it did take, after it. Output: the cap that it would pass, if
any. A copy that was pickled into another process must not begin at nothing, or eight workers would spend eight times
the cap: where a file keeps the answers, it keeps the sums too, under a name that all copies carry. A process that is
killed leaves what it had reserved as spent: the server may have done the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from limelight.models.cache import Cache
from limelight.remote.limits import Limits

ROUNDING = 1e-9
"""Sums of many small prices are off by less than this share: three times .1 is no more than .3."""


@dataclass(frozen=True, slots=True)
class Spent:
    """Requests, rows and money."""

    requests: int = 0
    rows: int = 0
    cost: float = 0.0

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.requests + other.requests, self.rows + other.rows, self.cost + other.cost)

    def passes(self, limits: Limits) -> str | None:
        """Return the name of the first cap that so much is beyond.

        >>> Spent(requests=3).passes(Limits(max_requests=2))
        'max_requests'
        """
        if limits.max_requests is not None and self.requests > limits.max_requests:
            return "max_requests"
        if limits.max_rows is not None and self.rows > limits.max_rows:
            return "max_rows"
        if limits.max_cost is not None and self.cost > limits.max_cost * (1 + ROUNDING):
            return "max_cost"
        return None


@dataclass(frozen=True, slots=True)
class Refusal:
    """The cap that a request would pass, and what is spent already."""

    name: str
    spent: Spent


class Sums(Protocol):
    """Where spending is written down."""

    def take(self, most: Spent, limits: Limits) -> Refusal | None:
        """Reserve what a request can take, or say which cap forbids it."""
        ...

    def correct(self, by: Spent) -> None:
        """Put what a request did take in the place of what it could."""
        ...


class OwnSums:
    """The sums of one model in this process; its meter lets one thread at them at a time.

    >>> sums = OwnSums()
    >>> sums.take(Spent(1, 64), Limits(max_rows=100)), sums.take(Spent(1, 64), Limits(max_rows=100))
    (None, Refusal(name='max_rows', spent=Spent(requests=1, rows=64, cost=0.0)))
    """

    def __init__(self) -> None:
        self._spent = Spent()

    def take(self, most: Spent, limits: Limits) -> Refusal | None:
        """Reserve what a request can take, or say which cap forbids it."""
        name = (self._spent + most).passes(limits)
        if name is not None:
            return Refusal(name, self._spent)
        self._spent += most
        return None

    def correct(self, by: Spent) -> None:
        """Put what a request did take in the place of what it could."""
        self._spent += by


class SharedSums:
    """The sums of all copies of a model, in the file that keeps their answers.

    Parameters
    ----------
    cache
        The file.
    account
        The name that all copies carry.
    """

    def __init__(self, cache: Cache, account: str) -> None:
        self._cache, self._account = cache, account

    def take(self, most: Spent, limits: Limits) -> Refusal | None:
        """Reserve what a request can take, or say which cap forbids it."""
        with self._cache.writing() as connection:
            asked = "select requests, rows, cost from spent where account = ?"
            spent = Spent(*(connection.execute(asked, (self._account,)).fetchone() or ()))
            name = (spent + most).passes(limits)
            if name is not None:
                return Refusal(name, spent)
            sums = spent + most
            row = (self._account, sums.requests, sums.rows, sums.cost)
            connection.execute("insert or replace into spent values (?, ?, ?, ?)", row)
        return None

    def correct(self, by: Spent) -> None:
        """Put what a request did take in the place of what it could."""
        change = "update spent set requests = requests + ?, rows = rows + ?, cost = cost + ? where account = ?"
        with self._cache.writing() as connection:
            connection.execute(change, (by.requests, by.rows, by.cost, self._account))
