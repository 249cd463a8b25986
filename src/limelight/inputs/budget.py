"""How many calls one explanation may take, where each of them costs money."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CallBudget:
    """How many calls explaining one instance may take, where each of them costs money.

    Parameters
    ----------
    most
        Calls in all, second askings included: never one more.
    beside
        How many of them are spent on the instance itself: its answer, and what that is compared with.

    >>> CallBudget(64).beside
    2
    """

    most: int
    beside: int = 2
