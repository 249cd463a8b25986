"""Count what is spent, and stop before the request that would pass a limit.

Before each request: reserve the most that it can cost. After it: put what it did cost in the place of that. What is
reserved counts as spent, so that many threads at once cannot pass a cap together; nor can many processes, where they
share the sums (`spending.py`).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

from limelight.errors import BudgetSpent
from limelight.remote.limits import Limits, Price, Usage
from limelight.remote.spending import OwnSums, Refusal, Spent, Sums


@dataclass(frozen=True, slots=True)
class Load:
    """What a request carries: its rows, and the most tokens that it can have read and written."""

    rows: int
    tokens_in: int = 0
    tokens_out: int = 0


class Meter:
    """What one `Remote` has used, against its limits.

    Parameters
    ----------
    limits
        The caps and the price.
    sums
        Where what is spent is written down; None keeps it here.

    Examples
    --------
    >>> meter = Meter(Limits(max_requests=1))
    >>> meter.reserve(Load(5), again=False)
    >>> meter.answered(Load(5), None)
    >>> meter.usage.requests, meter.usage.rows
    (1, 5)
    """

    def __init__(self, limits: Limits, sums: Sums | None = None) -> None:
        self.limits = limits
        self._price = limits.price or Price()
        self._sums = OwnSums() if sums is None else sums
        self._usage = Usage()
        self._on_their_way = 0
        self._settled = threading.Condition()

    @property
    def usage(self) -> Usage:
        """Return what was used so far."""
        return self._usage

    def reserve(self, load: Load, *, again: bool) -> None:
        """Take what a request can cost from what is left.

        Where too little is left, it waits for the requests on their way, which may cost less than was reserved.

        Raises
        ------
        BudgetSpent
            If the request would pass a limit.
        """
        with self._settled:
            while (refused := self._sums.take(self._most(load), self.limits)) is not None:
                # a request that was sent is spent whatever comes of it; rows and money may come back
                if refused.name == "max_requests" or not self._on_their_way:
                    raise BudgetSpent(self._said(refused, self._most(load)))
                self._settled.wait()
            used = self._usage
            self._usage = replace(used, requests=used.requests + 1, retries=used.retries + again)
            self._on_their_way += 1

    def answered(self, load: Load, tokens: tuple[int, int] | None) -> None:
        """Book an answer: what the server says it took, or else what was reserved."""
        if tokens is None:
            read, written = load.tokens_in, load.tokens_out
        else:
            read, written = tokens
        cost = self._price.of(requests=1, rows=load.rows, tokens_in=read, tokens_out=written)
        said = (0, 0) if tokens is None else tokens
        self._book(load, cost, rows=load.rows, tokens=said)

    def failed(self, load: Load, *, charged: bool) -> None:
        """Book a request without an answer: all that was reserved where the server may have done the work."""
        self._book(load, self._most(load).cost if charged else 0.0)

    def remembered(self, rows: int) -> None:
        """Count rows that the cache answered."""
        with self._settled:
            self._usage = replace(self._usage, cached=self._usage.cached + rows)

    def _book(self, load: Load, cost: float, *, rows: int = 0, tokens: tuple[int, int] = (0, 0)) -> None:
        most = self._most(load)
        with self._settled:
            used = self._usage
            self._on_their_way -= 1
            self._usage = replace(
                used,
                rows=used.rows + rows,
                tokens_in=used.tokens_in + tokens[0],
                tokens_out=used.tokens_out + tokens[1],
                cost=used.cost + cost,
            )
            # whoever waits is woken also where the file of the sums cannot be written
            try:
                self._sums.correct(Spent(0, rows - most.rows, cost - most.cost))
            finally:
                self._settled.notify_all()

    def _most(self, load: Load) -> Spent:
        cost = self._price.of(requests=1, rows=load.rows, tokens_in=load.tokens_in, tokens_out=load.tokens_out)
        return Spent(1, load.rows, cost)

    def _said(self, refused: Refusal, most: Spent) -> str:
        name, spent = refused.name, refused.spent
        told: dict[str, Any] = {
            "max_requests": f"{spent.requests:,} requests are spent",
            "max_rows": f"{spent.rows:,} rows are spent, and the next request has {most.rows:,}",
            "max_cost": f"{spent.cost:.4g} {self._price.currency} is spent, and the next request may cost "
            f"{most.cost:.4g}",
        }
        return (
            f"{name}: {told[name]}, of {getattr(self.limits, name):,} allowed; what was answered is kept, so raise "
            f"{name} to go on from there (with cache='answers.db' also in a new process)."
        )
