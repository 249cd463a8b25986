"""Which values beyond a background meet the condition of an outer bin: "x = 9" is one of the rows with "x > 0.67".

Input: how a column reads in many explanations. Output: for each reading the outer bin whose condition it meets. A value
that the background never shows is compared with all of it and has a place of its own; the share of rows that a
condition holds for counts it all the same.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray

NONE = -1


def met_by_values_beyond(key: Hashable, places: Sequence[str]) -> NDArray[np.int64]:
    """Return (p,) for each place the outer bin whose condition its value meets; −1 where it is no value beyond.

    Parameters
    ----------
    key
        The column.
    places
        How it reads: "x ≤ 1", "1 < x ≤ 2", "x > 2" are its bins, "x = 9" a value outside of them.

    >>> met_by_values_beyond("x", ["x > 2", "x = 9", "1 < x ≤ 2", "x = −3", "x ≤ 1", "x is missing"]).tolist()
    [-1, 0, -1, 4, -1, -1]
    """
    found = np.full(len(places), NONE)
    above = _threshold(places, f"{key} > ")
    below = _threshold(places, f"{key} ≤ ")
    for at, place in enumerate(places):
        if place.startswith(f"{key} = "):
            value = _number(place.removeprefix(f"{key} = "))
        else:
            value = None
        if value is None:
            continue
        if above is not None and value > above[1]:
            found[at] = above[0]
        elif below is not None and value <= below[1]:
            found[at] = below[0]
    return found


def _threshold(places: Sequence[str], opening: str) -> tuple[int, float] | None:
    """Return which place is open to one side, and its edge."""
    for at, place in enumerate(places):
        if place.startswith(opening):
            edge = _number(place.removeprefix(opening))
        else:
            edge = None
        if edge is not None:
            return at, edge
    return None


def _number(text: str) -> float | None:
    """Return a value as it is shown, a number or a date, as a number; None for anything else.

    >>> _number("1e-07"), _number("2024-01-02") > _number("2024-01-01 23:59"), _number("red")
    (1e-07, True, None)
    """
    try:
        return float(text.replace("\N{MINUS SIGN}", "-"))
    except ValueError:
        pass
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
