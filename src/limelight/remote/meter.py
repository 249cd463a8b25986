"""Count what is spent, and stop before the request that would pass a limit.

Before each request: reserve the most that it can cost. After it: put what it did cost in the place of that. What is
reserved counts as spent, so that many threads at once cannot pass a cap together.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, replace
from typing import Any

from limelight.errors import BudgetSpent
from limelight.remote.limits import Limits, Price, Usage


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

    Examples
    --------
    >>> meter = Meter(Limits(max_requests=1))
    >>> meter.reserve(Load(5), again=False)
    >>> meter.answered(Load(5), None)
    >>> meter.usage.requests, meter.usage.rows
    (1, 5)
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._price = limits.price or Price()
        self._usage = Usage()
        self._rows_out = 0
        self._cost_out = 0.0
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
            cost = self._most(load)
            while (problem := self._problem(load.rows, cost)) is not None:
                if problem == "max_requests" or not self._rows_out:
                    raise BudgetSpent(self._said(problem, load.rows, cost))
                self._settled.wait()
            used = self._usage
            self._usage = replace(used, requests=used.requests + 1, retries=used.retries + again)
            self._rows_out += load.rows
            self._cost_out += cost

    def answered(self, load: Load, tokens: tuple[int, int] | None) -> None:
        """Book an answer: what the server says it took, or else what was reserved."""
        read, written = (load.tokens_in, load.tokens_out) if tokens is None else tokens
        cost = self._price.of(requests=1, rows=load.rows, tokens_in=read, tokens_out=written)
        said = (0, 0) if tokens is None else tokens
        self._book(load, cost, rows=load.rows, tokens=said)

    def failed(self, load: Load, *, charged: bool) -> None:
        """Book a request without an answer: all that was reserved where the server may have done the work."""
        self._book(load, self._most(load) if charged else 0.0)

    def remembered(self, rows: int) -> None:
        """Count rows that the cache answered."""
        with self._settled:
            self._usage = replace(self._usage, cached=self._usage.cached + rows)

    def _book(self, load: Load, cost: float, *, rows: int = 0, tokens: tuple[int, int] = (0, 0)) -> None:
        with self._settled:
            used = self._usage
            self._rows_out -= load.rows
            self._cost_out -= self._most(load)
            if not self._rows_out:
                self._cost_out = 0.0  # sums of many small numbers drift
            self._usage = replace(
                used,
                rows=used.rows + rows,
                tokens_in=used.tokens_in + tokens[0],
                tokens_out=used.tokens_out + tokens[1],
                cost=used.cost + cost,
            )
            self._settled.notify_all()

    def _most(self, load: Load) -> float:
        return self._price.of(requests=1, rows=load.rows, tokens_in=load.tokens_in, tokens_out=load.tokens_out)

    def _problem(self, rows: int, cost: float) -> str | None:
        """Return the name of the limit that a request would pass."""
        limits, used = self.limits, self._usage
        passed = {
            "max_requests": (limits.max_requests, used.requests + 1),
            "max_rows": (limits.max_rows, used.rows + self._rows_out + rows),
            "max_cost": (limits.max_cost, used.cost + self._cost_out + cost),
        }
        return next((name for name, (cap, sum_) in passed.items() if cap is not None and sum_ > cap), None)

    def _said(self, name: str, rows: int, cost: float) -> str:
        limits, used = self.limits, self._usage
        spent: dict[str, Any] = {
            "max_requests": f"{used.requests:,} requests are spent",
            "max_rows": f"{used.rows:,} rows are spent, and the next request has {rows:,}",
            "max_cost": f"{used.cost:.4g} {self._price.currency} is spent, and the next request may cost {cost:.4g}",
        }
        return (
            f"{name}: {spent[name]}, of {getattr(limits, name):,} allowed; what was answered is kept, so raise "
            f"{name} to go on from there (with cache='answers.db' also in a new process)."
        )
