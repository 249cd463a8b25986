"""Columns of a block of rows, in the fewest bytes that give every bit back.

What enters is one list of numbers, or of strings, for each of a few hundred explanations. What is kept is their numbers
end to end: a number that never changes once, few different ones as codes of one byte, small integers in one byte each.
`Numbers` and `Strings` are closed when written, and opened to be read: `OpenColumn` holds plain arrays.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import accumulate, chain
from typing import Any

import numpy as np
from numpy.typing import NDArray

FEW = 1 << 16
"""More different numbers than that are never kept as codes."""


@dataclass(frozen=True, slots=True)
class Packed:
    """Numbers without what repeats.

    Parameters
    ----------
    values
        The numbers, narrow; one where all are the same; each of the different ones where `codes` say which is meant.
    codes
        (size,) places in `values`; None where they are not needed.
    size
        How many numbers there are.
    """

    values: NDArray[Any]
    codes: NDArray[Any] | None
    size: int

    def unpack(self) -> NDArray[Any]:
        """Return the numbers, as 64-bit integers or floats."""
        wide = self.values.astype(np.float64 if self.values.dtype.kind == "f" else np.int64)
        if self.codes is not None:
            return np.asarray(wide[self.codes])
        if len(wide) < self.size:
            return np.repeat(wide, self.size)
        return wide


def pack(numbers: NDArray[Any]) -> Packed:
    """Return numbers packed so that `Packed.unpack` gives back every bit of them.

    >>> pack(np.array([0.25, 0.25, 0.25])).values
    array([0.25])
    >>> pack(np.array([3, 200, 7])).values.dtype
    dtype('uint8')
    """
    size = len(numbers)
    # compared as bits: NaN is itself, and −0.0 is not 0.0
    bits = numbers.view(np.int64) if numbers.dtype == np.float64 else numbers
    if size and (bits == bits[0]).all():
        return Packed(numbers[:1].copy(), None, size)
    narrow = _narrow(numbers)
    different, codes = np.unique(bits, return_inverse=True)
    if len(different) < min(FEW, size):
        coded = codes.astype(np.min_scalar_type(len(different)))
        if coded.nbytes + different.nbytes < narrow.nbytes:
            return Packed(different.view(numbers.dtype), coded, size)
    return Packed(narrow, None, size)


def _narrow(numbers: NDArray[Any]) -> NDArray[Any]:
    """Return numbers in the smallest type that holds each of them exactly, in memory of their own."""
    if not numbers.size:
        return numbers.copy()
    if numbers.dtype.kind != "f":
        low, high = int(numbers.min()), int(numbers.max())
        # beside a negative number, a number needs the bits of its mirror image
        smallest = np.promote_types(np.min_scalar_type(low), np.min_scalar_type(high if low >= 0 else -high - 1))
        if smallest.kind in "iu":
            return np.array(numbers, dtype=smallest)
        return numbers.copy()
    with np.errstate(over="ignore", under="ignore"):
        single = numbers.astype(np.float32)
        back = single.astype(np.float64)
    same = np.array_equal(back.view(np.int64), numbers.view(np.int64))
    if same:
        return single
    return numbers.copy()


@dataclass(frozen=True, slots=True)
class OpenColumn:
    """One column, ready to be read.

    Parameters
    ----------
    starts
        n + 1 places: where the entries of each row begin, and where the last end.
    flat
        The entries of all rows: an array of floats, or a list of integers or strings, whose pieces are quickly taken.
    """

    starts: Sequence[int] | NDArray[np.int64]
    flat: Any

    def at(self, row: int) -> Any:
        """Return the entries of one row."""
        return self.flat[self.starts[row] : self.starts[row + 1]]


@dataclass(frozen=True, slots=True)
class Numbers:
    """A column of numbers: how many each row has, and all of them end to end."""

    lengths: Packed
    flat: Packed

    @classmethod
    def of(cls, lengths: Sequence[int] | NDArray[np.int64], flat: NDArray[Any]) -> Numbers:
        """Return the column of rows with so many numbers each."""
        return cls(pack(np.asarray(lengths, dtype=np.int64)), pack(flat))

    def open(self) -> OpenColumn:
        """Return it ready to be read."""
        flat = self.flat.unpack()
        return OpenColumn(starts_of(self.lengths), flat if flat.dtype.kind == "f" else flat.tolist())


@dataclass(frozen=True, slots=True)
class Strings:
    """A column of strings: how many each row has, how long each is, and all of them as one compressed text."""

    lengths: Packed
    sizes: Packed
    text: bytes

    @classmethod
    def of(cls, lengths: Sequence[int] | NDArray[np.int64], strings: Sequence[str]) -> Strings:
        """Return the column of rows with so many strings each."""
        sizes = np.array([len(each) for each in strings], dtype=np.int64)
        # half of a surrogate pair is a legal string, and stays one
        text = zlib.compress("".join(strings).encode("utf-8", "surrogatepass"))
        return cls(pack(np.asarray(lengths, dtype=np.int64)), pack(sizes), text)

    def open(self) -> OpenColumn:
        """Return it ready to be read."""
        text = zlib.decompress(self.text).decode("utf-8", "surrogatepass")
        strings = cut(text, self.sizes.unpack().tolist())
        return OpenColumn(starts_of(self.lengths), strings)


def starts_of(lengths: Packed) -> list[int]:
    """Return where each of some pieces of these lengths begins, and where the last ends."""
    return list(accumulate(lengths.unpack().tolist(), initial=0))


def named(things: Iterable[Any], name: str) -> list[Any]:
    """Return one attribute of each thing.

    >>> named([1, 2 + 3j], "imag")
    [0, 3.0]
    """
    return [getattr(thing, name) for thing in things]


def each_of(rows: Iterable[Iterable[Any]], make: Callable[[Any], Any]) -> list[list[Any]]:
    """Return for each row what is made of each of its entries.

    >>> each_of([["a"], ["bc", "d"]], len)
    [[1], [2, 1]]
    """
    return [[make(entry) for entry in row] for row in rows]


def joined(rows: Iterable[Iterable[Any]], name: str) -> list[list[Any]]:
    """Return for each row one attribute, a sequence, of all its entries, end to end."""
    return [list(chain.from_iterable(named(row, name))) for row in rows]


def alone(values: Iterable[Any]) -> list[list[Any]]:
    """Return rows of one entry each."""
    return [[value] for value in values]


def cut(flat: Any, lengths: Iterable[int]) -> list[Any]:
    """Return pieces of these lengths of what is laid end to end.

    Raises
    ------
    ValueError
        If they do not end where it ends.

    >>> cut("goodbad", [4, 0, 3])
    ['good', '', 'bad']
    """
    pieces = []
    start = 0
    for length in lengths:
        pieces.append(flat[start : start + length])
        start += length
    if start != len(flat):
        raise ValueError(f"pieces of {start} entries in all, and {len(flat)} entries")
    return pieces
