"""Which explanations make one table: the same target, the same features, compared with the same thing.

Input: explanations as rows of open blocks, and the target that was chosen. Output: nothing, or an `InputError` that
says what differs and what to do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from limelight.errors import InputError
from limelight.result.open_block import OpenBlock
from limelight.result.rows import compared, target_position

Rows = Callable[[], Iterator[tuple[OpenBlock, int]]]
"""Goes through the explanations from the first, each time it is called."""
_SUPERPIXELS = "segment"
"""The kind of features that number the parts of one picture, and mean nothing in another."""


def first_targets(rows: Rows, target: str | int | None) -> dict[str, None]:
    """Return the names of the targets that values speak of: the one that was chosen, else the first of each.

    Raises
    ------
    InputError
        If some do not explain the one that was chosen.
    """
    found: dict[str, None] = {}
    for block, row in rows():
        names = block.entries("targets", row)
        position = target_position(target, names)
        if position is None:
            raise InputError(
                f"target: {target!r} is not explained by all of these; filter(target={target!r}) keeps "
                "those that have it."
            )
        found[names[position]] = None
    return found


def check_one_target(rows: Rows, target: str | int | None) -> None:
    """Raise where values would be of several targets."""
    found = list(first_targets(rows, target))
    if len(found) > 1:
        shown = ", ".join(map(repr, found[:5]))
        raise InputError(
            f"values: these explanations are of different targets ({shown}); choose one with "
            f"filter(target={found[0]!r}), or explain the same ones with Explainer(…, targets=…)."
        )


def check_alike(rows: Rows, target: str | int | None) -> None:
    """Raise where feature j of one explanation is not feature j of another."""
    check_one_target(rows, target)
    first: list[Any] | None = None
    kinds = set()
    laws: dict[str, None] = {}
    known: tuple[OpenBlock, Any] | None = None
    for position, (block, row) in enumerate(rows()):
        if known is None or known[0] is not block:
            known = block, block.laws()
        of_law, names = known[1]
        laws[names[of_law[row]]] = None
        if len(laws) > 1:
            raise InputError(
                f"values: explanation {position} is under another law than the first (ll.Conditional compares with "
                "rows like it, ll.Tabular with any row), so that numbers would not be of the same thing; make a set of "
                "each."
            )
        kinds.add(compared(block, row))
        where = [feature.where for feature in block.entries("features", row)]
        first = where if first is None else first
        numbered = position > 0 and any(each.kind == _SUPERPIXELS for each in where)
        if where != first or numbered:
            raise InputError(
                f"values: the features of explanation {position} are not those of the first, so that they do not "
                "make one table; use to_frame(), ll.feature_importance, or one explanation at a time."
            )
    if len(kinds) > 1:
        raise InputError(
            "values: some of these explanations are of an older version, which did not say what a feature is "
            "compared with, so that weights would stand beside contributions; explain those again."
        )
