"""Columns that stay at the row's own values, such as ids: the law of all others, with these set in every draw.

Input: which columns are fixed, and one row. Output: a law of the row's own. Fixed columns are no features: what they do
is in the intercept, as the note says. Rows differ in what is fixed, so that none can share another's answers.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from limelight.contracts import FloatArray, Inputs, Shape
from limelight.errors import InputError
from limelight.interpretable.tabular.background import Numbers, TableBackground
from limelight.interpretable.tabular.laws import Law
from limelight.interpretable.tabular.store import Store

MOST_NOTED = 8
"""Fixed columns that are named in one sentence."""


@dataclass(frozen=True)
class FixedBackground:
    """The law around one row: some columns stay as they are there, all others are drawn from the background.

    Parameters
    ----------
    inner
        The law of the others.
    values
        Column → the row's own value, as `Store.gather` takes it.
    key
        Bytes that tell these values from others.
    """

    inner: TableBackground
    values: Mapping[int, Any]
    key: bytes

    @property
    def shared(self) -> bool:
        """Return that each row has its own."""
        return False

    @property
    def n_coordinates(self) -> int:
        """Return the number of features."""
        return self.inner.n_coordinates

    @property
    def laws(self) -> tuple[Law, ...]:
        """Return the laws of the features."""
        return self.inner.laws

    @property
    def members(self) -> tuple[tuple[int, ...], ...]:
        """Return for each feature the columns that it moves."""
        return self.inner.members

    @property
    def store(self) -> Store:
        """Return what builds rows."""
        return self.inner.store

    @property
    def probabilities(self) -> tuple[FloatArray, ...] | None:
        """Return P(code = b) for each feature; None where one is continuous."""
        return self.inner.probabilities

    @property
    def shapes(self) -> tuple[Shape, ...] | None:
        """Return for each feature what it may do inside its bins; None where one is continuous."""
        return self.inner.shapes

    @property
    def undrawn(self) -> tuple[tuple[bool, ...], ...]:
        """Return for each feature which of its codes are never drawn."""
        return self.inner.undrawn

    @cached_property
    def content(self) -> bytes:
        """Return the fingerprint of the law and of what is fixed."""
        return hashlib.blake2b(b"fixed" + self.inner.content + self.key, digest_size=16).digest()

    def inside(self, U: FloatArray) -> FloatArray:
        """Return (n, d, 4) the inner terms of the draws at points U (n, d)."""
        return self.inner.inside(U)

    def inside_of(self, own: NDArray[Any], numbers: Sequence[Numbers]) -> FloatArray:
        """Return (d, 4) the inner terms of one row."""
        return self.inner.inside_of(own, numbers)

    def draw(self, U: FloatArray, *, fixed: Mapping[int, Sequence[Any]] | None = None) -> tuple[NDArray[Any], Inputs]:
        """Turn points U (n, d) into codes (n, d) and n model inputs; `fixed` as in `TableBackground.draw`."""
        return self.inner.draw(U, fixed=fixed, columns=self.values)


def fixed_columns(
    labels: tuple[Hashable, ...],
    found: Sequence[int],
    groups: Mapping[Hashable, tuple[tuple[int, ...], bool]],
) -> tuple[int, ...]:
    """Return the positions of fixed columns, and of those that can only move together with one of them.

    Parameters
    ----------
    labels
        All columns.
    found
        The positions of those that the user named.
    groups
        Group → (its columns, whether they are one-hot).

    Raises
    ------
    InputError
        If nothing is left that varies.

    >>> fixed_columns(("age", "city=A", "city=B"), [1], {"city": ((1, 2), True)})
    (1, 2)
    """
    held = set(found)
    for members, _ in groups.values():
        if held & set(members):  # were the others drawn, a row might lie in two cities
            held |= set(members)
    if held and len(held) == len(labels):
        raise InputError(f"fixed: expected a column that is left to vary, got all {len(labels)}; leave one out of it.")
    return tuple(sorted(held))


def fixed_note(shown: Sequence[tuple[Hashable, str]]) -> str:
    """Return the sentence that says what is fixed, and at which values.

    >>> fixed_note([("id", "17")])
    'held as in the row: id = 17; what is held is in the intercept'
    """
    named = ", ".join(f"{name} = {value}" for name, value in shown[:MOST_NOTED])
    more = f" and {len(shown) - MOST_NOTED} more" if len(shown) > MOST_NOTED else ""
    return f"held as in the row: {named}{more}; what is held is in the intercept"
