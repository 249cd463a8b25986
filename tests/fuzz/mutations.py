"""Damage JSON data at random: what editors, cut-off copies, other programs and version changes do to a file."""

from __future__ import annotations

import copy
import math
import os
import random
from typing import Any

CASES = int(os.environ.get("LIMELIGHT_FUZZ", "150"))
"""Cases for each file; `LIMELIGHT_FUZZ=5000` looks longer."""

STRANGE: tuple[Any, ...] = (
    None, True, False, 0, 1, -1, 2**40, 10**400, 0.5, -1e308, math.nan, math.inf, "", "x", "NaN", "\ud800", "0",
    [], [[]], {}, [None], ["a", "b"], [0, 0], [-1], {"a": 1}, [[1, 2], [3]],
)  # fmt: skip


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in lists and dicts, by the steps to it."""
    found = []
    items = data.items() if isinstance(data, dict) else enumerate(data) if isinstance(data, list) else ()
    for step, value in items:
        found.append((*path, step))
        found += places(value, (*path, step))
    return found


def damaged(data: Any, rnd: random.Random) -> tuple[Any, str]:
    """A copy with one to three faults, and what they are."""
    data = copy.deepcopy(data)
    told = [_damage(data, rnd) for _ in range(rnd.choice((1, 1, 1, 2, 3)))]
    return data, "; ".join(told)


def _damage(data: Any, rnd: random.Random) -> str:
    everywhere = places(data)
    if not everywhere:
        return "nothing left"
    # first the level, so that the one seed is hit as often as one of a thousand numbers
    depth = rnd.choice(sorted({len(path) for path in everywhere}))
    path = rnd.choice([path for path in everywhere if len(path) == depth])
    parent = data
    for step in path[:-1]:
        parent = parent[step]
    value, last = parent[path[-1]], path[-1]
    how = rnd.choice(("drop", "strange", "strange", "length", "sign", "swap", "swap", "add"))
    if how == "drop":
        del parent[last]
    elif how == "length" and isinstance(value, list):
        parent[last] = value[:-1] if rnd.random() < 0.5 else [*value, *value[:1]]
    elif how == "length" and isinstance(value, str):
        parent[last] = value[: len(value) // 2]
    elif how == "sign" and isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 2**63:
        parent[last] = rnd.choice((-value, value + 1000, value * 1e200, -1 - value))
    elif how == "swap":
        other = rnd.choice(list(parent) if isinstance(parent, dict) else range(len(parent)))
        parent[last], parent[other] = parent[other], value
    elif how == "add" and isinstance(parent, dict):
        parent[rnd.choice(("new", "kind", "cuts", "text"))] = copy.deepcopy(rnd.choice(STRANGE))
    else:
        parent[last] = copy.deepcopy(rnd.choice(STRANGE))
    return f"{how} at {'.'.join(map(str, path))}"
