"""A block of explanations that is being read: by column, or what identifies its features as codes.

`OpenBlock` reads what a set keeps in memory; `part_block.OpenPart` what lies in a part of a job.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from limelight.result.columns import Numbers, OpenColumn, starts_of

if TYPE_CHECKING:
    from limelight.result.block import Block
    from limelight.result.explanation import Explanation


SUM_TO_ONE = 1e-5
"""Outputs that add up to 1 this closely, as those of models in single precision do, are shares of one whole."""


def law_of(modality: Mapping[str, Any]) -> str:
    """Return what is said of a kind of features whose weights are under another law; "" under the usual one.

    >>> law_of({"modality": "tabular"}), law_of({"modality": "conditional"})
    ('', ', off as in rows like it (ll.Conditional)')
    """
    return ", off as in rows like it (ll.Conditional)" if modality.get("modality") == "conditional" else ""


class Coded(NamedTuple):
    """A column of things that rows share, as codes: `starts` (n + 1,), `codes` end to end, and the `things`."""

    starts: NDArray[np.int64]
    codes: NDArray[np.int64]
    things: list[Any]


class Identities(NamedTuple):
    """What the features of many rows are, as codes that are told apart at once.

    Parameters
    ----------
    starts
        (n + 1,) where the features of each row begin.
    keys, names, kinds
        (e,) for each feature the place of what it is across instances, how it reads, and of what kind it is.
    known_keys, known_names, known_kinds
        What these stand for.
    """

    starts: NDArray[np.int64]
    keys: NDArray[np.int64]
    names: NDArray[np.int64]
    kinds: NDArray[np.int64]
    known_keys: Sequence[Hashable]
    known_names: Sequence[str]
    known_kinds: Sequence[str]


class OpenBlock:
    """A block that is being read: each column is opened when it is first asked for.

    Parameters
    ----------
    block
        The block; None where all columns are open already.
    columns
        Columns that are open.
    """

    def __init__(self, block: Block | None = None, columns: Mapping[str, OpenColumn] | None = None) -> None:
        self._block = block
        self._open = dict(columns or {})

    ranked = True
    """Whether the order of features is held, and how certain it is."""

    def column(self, name: str) -> OpenColumn:
        """Return a column, open; what stands for a thing that rows share is the thing."""
        found = self._open.get(name)
        if found is None:
            if self._block is None:
                raise KeyError(name)
            found = self._block.columns[name].open()
            if name in self._block.things:
                things = self._block.things[name]
                found = OpenColumn(found.starts, [things[code] for code in found.flat])
            self._open[name] = found
        return found

    def coded(self, name: str) -> Coded:
        """Return a column of things as codes, and what they stand for: many rows are then told apart at once."""
        if self._block is not None:
            packed = self._block.columns[name]
            if isinstance(packed, Numbers):
                starts = np.array(starts_of(packed.lengths))
                return Coded(starts, packed.flat.unpack().astype(np.int64), self._block.things[name])
        column = self.column(name)
        places: dict[int, int] = {}
        things: list[Any] = []
        codes = np.empty(len(column.flat), dtype=np.int64)
        for i, thing in enumerate(column.flat):
            codes[i] = places.setdefault(id(thing), len(places))
            if len(places) > len(things):
                things.append(thing)
        return Coded(np.array(column.starts), codes, things)

    def two_classes(self, rows: NDArray[np.int64]) -> tuple[str, ...]:
        """Return the names of the only two outputs of some rows, where one is what the other leaves of 1."""
        starts, codes, things = self.coded("output_names")
        counts = np.diff(starts)[rows]
        if not len(rows) or (counts != 2).any():
            return ()
        known = {name: code for code, name in enumerate(dict.fromkeys(things))}
        same = np.array([known[name] for name in things])
        pairs = np.sort(same[codes[np.add.outer(np.asarray(starts)[rows], [0, 1])]], axis=1)
        values = np.asarray(self.column("output_values").flat, dtype=np.float64)
        sums = values[np.add.outer(np.asarray(starts)[rows], [0, 1])].sum(axis=1)
        if (pairs != pairs[0]).any() or (np.abs(sums - 1.0) > SUM_TO_ONE).any():
            return ()
        names = list(known)
        return tuple(sorted(names[code] for code in pairs[0].tolist()))

    def laws(self) -> tuple[NDArray[np.int64], list[str]]:
        """Return (n,) under which law the weights of each row are, as a code, and what codes stand for."""
        _, codes, things = self.coded("modality")
        told = [law_of(thing) for thing in things]
        known = list(dict.fromkeys(told))
        return np.array([known.index(law) for law in told], dtype=np.int64)[codes], known

    def identities(self) -> Identities:
        """Return what the features of all rows are."""
        starts, codes, things = self.coded("features")
        keys: dict[Hashable, int] = {}
        names: dict[str, int] = {}
        kinds: dict[str, int] = {}
        places = np.empty((3, len(things)), dtype=np.int64)
        for i, feature in enumerate(things):
            places[0, i] = keys.setdefault(feature.where.key, len(keys))
            places[1, i] = names.setdefault(feature.name, len(names))
            places[2, i] = kinds.setdefault(feature.where.kind, len(kinds))
        of_keys, of_names, of_kinds = places[:, codes]
        return Identities(np.asarray(starts), of_keys, of_names, of_kinds, list(keys), list(names), list(kinds))

    def made(self, row: int) -> Explanation | None:
        """Return the explanation of a row where it is not put together from these columns; None where it is."""
        return None

    def array(self, name: str, row: int) -> NDArray[Any]:
        """Return the numbers of one row, in memory of their own."""
        return np.array(self.column(name).at(row))

    def entries(self, name: str, row: int) -> list[Any]:
        """Return the entries of one row in a list: numbers, strings, or things."""
        found = self.column(name).at(row)
        return found.tolist() if isinstance(found, np.ndarray) else list(found)

    def one(self, name: str, row: int) -> Any:
        """Return the only entry of one row."""
        return self.entries(name, row)[0]


class Kept(Protocol):
    """Some explanations of a set, in memory or in a file."""

    @property
    def size(self) -> int:
        """Return how many there are."""
        ...

    def open(self) -> OpenBlock:
        """Return them ready to be read."""
        ...


def all_places(blocks: Sequence[Kept]) -> NDArray[np.int32]:
    """Return the place of each row of some blocks."""
    sizes = [block.size for block in blocks]
    numbers = np.repeat(np.arange(len(blocks), dtype=np.int32), sizes)
    rows = np.concatenate([np.empty(0, dtype=np.int32), *[np.arange(size, dtype=np.int32) for size in sizes]])
    return np.stack([numbers, rows], axis=1)
