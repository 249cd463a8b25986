"""Codecs of many values: arrays, lists, pairs, grids, and records of named entries.

Input: values, or what JSON made of them. Output: what JSON knows, or values of the shapes that are expected.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.errors import InputError
from limelight.result.codecs import (
    LARGEST,
    Codec,
    Free,
    Sizes,
    Whole,
    misfit,
    number_from,
    number_to_json,
    plain,
)


@dataclass(frozen=True, slots=True)
class Array:
    """Numbers in an array.

    Parameters
    ----------
    shape
        Its axes: ``"k"`` targets, ``"d"`` features, ``"n"`` any number.
    gaps
        Whether numbers may be unknown or infinite.
    at_least
        The smallest that is allowed.
    dtype
        What it is read as.
    """

    shape: str
    gaps: bool = False
    at_least: float = -math.inf
    dtype: Any = np.float64

    def write(self, value: NDArray[Any]) -> Any:
        """Return lists of numbers."""
        if np.isfinite(value).all():
            return value.tolist()
        return plain(value)

    def read(self, value: Any, place: str, sizes: Sizes) -> NDArray[Any]:
        """Return an array of the shape that is expected."""
        array = _as_array(value, place, gaps=self.gaps)
        lengths = {"k": sizes.k, "d": sizes.d}
        # an axis whose length nothing else gives is as long as it came
        given = (*array.shape, *[0] * len(self.shape))
        expected = tuple(lengths.get(axis, given[i]) for i, axis in enumerate(self.shape))
        # an empty list says nothing about its axes
        if array.shape != expected and not (array.size == 0 and math.prod(expected) == 0):
            raise misfit(place, f"numbers of shape {expected}", value)
        if (array < self.at_least).any():
            raise misfit(place, f"numbers of at least {self.at_least:g}", value)
        with np.errstate(over="ignore"):  # single precision holds less
            return array.reshape(expected).astype(self.dtype)


def _as_array(value: Any, place: str, *, gaps: bool) -> NDArray[np.float64]:
    if not isinstance(value, list):
        raise misfit(place, "a list of numbers", value)
    try:
        array = np.asarray(value)
    except ValueError:  # rows of different lengths
        raise misfit(place, "a list of numbers, all rows of one length", value) from None
    if array.dtype.kind in "iuf" and not _holds_truths(value) and (np.abs(array) <= LARGEST).all():
        return array.astype(np.float64)
    if not array.size:
        return array.reshape(array.shape).astype(np.float64)
    # nulls, infinities, and what is no number at all: one by one
    numbers = [number_from(item, place, gaps=gaps) for item in _flat(value)]
    if len(numbers) != array.size:
        raise misfit(place, "a list of numbers, all rows of one length", value)
    return np.array(numbers).reshape(array.shape)


def _holds_truths(value: list[Any]) -> bool:
    """Return whether true or false stands among numbers, which numpy would take for 1 and 0."""
    kinds = set(map(type, value))
    return bool in kinds or (list in kinds and any(_holds_truths(each) for each in value if isinstance(each, list)))


def _flat(value: Any) -> list[Any]:
    """Return the items of lists in lists."""
    found: list[Any] = []
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(reversed(item))
        else:
            found.append(item)
    return found


@dataclass(frozen=True, slots=True)
class Indices:
    """Different indices of features, in an order that says something."""

    def write(self, value: NDArray[np.int64]) -> list[int]:
        """Return a list."""
        return [int(index) for index in value]

    def read(self, value: Any, place: str, sizes: Sizes) -> NDArray[np.int64]:
        """Return an array."""
        found = Several(Whole(below="d")).read(value, place, sizes)
        if len(set(found)) < len(found):
            raise misfit(place, "every feature at most once", value)
        return np.array(found, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Several:
    """A tuple of values of one kind.

    Parameters
    ----------
    codec
        Of each.
    count
        How many: ``"k"`` or ``"d"``, as many as there are targets or features; ``"≤k"``, at most; a number; or any.
    """

    codec: Codec
    count: str | int = ""

    def write(self, value: Any) -> list[Any]:
        """Return a list."""
        return [self.codec.write(item) for item in value]

    def read(self, value: Any, place: str, sizes: Sizes) -> tuple[Any, ...]:
        """Return a tuple."""
        if not isinstance(value, list | tuple):
            raise misfit(place, "a list", value)
        exact = {"k": sizes.k, "d": sizes.d}.get(str(self.count))
        exact = self.count if isinstance(self.count, int) else exact
        if exact is not None and len(value) != exact:
            raise misfit(place, f"a list of {exact}", value)
        if self.count == "≤k" and len(value) > sizes.k:
            raise misfit(place, f"a list of at most {sizes.k}", value)
        return tuple([self.codec.read(item, place, sizes) for item in value])


@dataclass(frozen=True, slots=True)
class Pair:
    """A name and a number."""

    def write(self, value: tuple[str, float]) -> list[Any]:
        """Return a list of two."""
        return [value[0], number_to_json(float(value[1]))]

    def read(self, value: Any, place: str, sizes: Sizes) -> tuple[str, float]:
        """Return a tuple of two."""
        if not isinstance(value, list | tuple) or len(value) != 2 or not isinstance(value[0], str):
            raise misfit(place, "a name and a number", value)
        return value[0], number_from(value[1], place, gaps=False)


@dataclass(frozen=True, slots=True)
class Grid:
    """Columns of a table: named lists of one length, of numbers or of lists of numbers."""

    def write(self, value: Mapping[str, Any]) -> Any:
        """Return a dict of lists."""
        return plain(value)

    def read(self, value: Any, place: str, sizes: Sizes) -> dict[str, Any]:
        """Return a dict of lists, with NaN where a number is unknown."""
        columns = Free().read(value, place, sizes)
        read = {name: _as_array(column, f"{place}.{name}", gaps=True).tolist() for name, column in columns.items()}
        if len({len(column) for column in read.values()}) > 1:
            raise misfit(place, "columns of one length", value)
        return read


@dataclass(frozen=True, slots=True)
class Entries:
    """An object of named entries.

    Parameters
    ----------
    codecs
        For each of them.
    optional
        Those that files of earlier versions may lack.
    """

    codecs: Mapping[str, Codec]
    optional: tuple[str, ...] = ()

    def write(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return an object with the entries that are there."""
        return {name: codec.write(value[name]) for name, codec in self.codecs.items() if name in value}

    def read(self, value: Any, place: str, sizes: Sizes) -> dict[str, Any]:
        """Return the entries by name."""
        if not isinstance(value, Mapping):
            raise misfit(place or "the whole", "an object with named entries", value)
        for name in value:
            if name not in self.codecs:
                raise misfit(_below(place, name), f"one of {', '.join(self.codecs)}", name)
        for name in self.codecs:
            if name not in value and name not in self.optional:
                raise misfit(place or "the whole", f"an entry {name!r}", "none")
        return {name: self.codecs[name].read(each, _below(place, name), sizes) for name, each in value.items()}


@dataclass(frozen=True, slots=True)
class Record:
    """An object of a dataclass, by its fields.

    A field that a file does not hold takes its default, so that files written before it existed are read. An entry that
    is no field is refused: what it means cannot be known.

    Parameters
    ----------
    made
        The dataclass.
    codecs
        For each of its fields.
    besides
        Entries of a file that are no fields, and say nothing that the fields do not say.
    check
        Raises `InputError` where fields do not fit each other; gets the object, its place and the sizes.
    """

    made: Any
    codecs: Mapping[str, Codec]
    besides: tuple[str, ...] = ()
    check: Callable[[Any, str, Sizes], None] | None = None

    def write(self, value: Any) -> dict[str, Any]:
        """Return an object with an entry for each field."""
        return {name: codec.write(getattr(value, name)) for name, codec in self.codecs.items()}

    def read(self, value: Any, place: str, sizes: Sizes) -> Any:
        """Return the object."""
        if not isinstance(value, Mapping):
            raise misfit(place or "the whole", "an object with named entries", value)
        for name in value:
            if name not in self.codecs and name not in self.besides:
                raise InputError(
                    f"data: {_below(place, name)}: unknown entry; a later version of limelight may have written it. "
                    "Install that version, or delete the entry if it is your own."
                )
        read = {}
        for field in fields(self.made):
            if field.name in value:
                read[field.name] = self.codecs[field.name].read(value[field.name], _below(place, field.name), sizes)
            elif field.default is MISSING and field.default_factory is MISSING:
                raise InputError(
                    f"data: not a complete explanation ({_below(place, field.name)} is missing); the file was cut off, "
                    "or is not one that limelight wrote."
                )
        made = self.made(**read)
        if self.check is not None:
            self.check(made, place, sizes)
        return made


def _below(place: str, name: object) -> str:
    if place:
        return f"{place}.{name}"
    return str(name)
