"""What has been found of rows, remembered by their codes within a bound of memory: equal rows are fitted once.

On Adult six rows of ten have the codes of an earlier one. A hit gives the very object that was found, so that no bit of
an explanation depends on what was asked before.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable
from typing import Generic, TypeVar

T = TypeVar("T")

MOST_BYTES = 20 << 20
"""How much is remembered for one neighborhood: some 4,500 rows of twelve columns. A process that explains a million
rows shall grow by less than 30 MiB after the first ten thousand (`docs/scale.md`); with twice as much it would take a
tenth less time."""


class Memory(Generic[T]):
    """Things by their keys; those that were not asked for longest make room.

    Parameters
    ----------
    most
        The bound, in bytes.

    Examples
    --------
    >>> memory = Memory(10)
    >>> memory.keep("a", 1, size=6)
    >>> memory.keep("b", 2, size=6)
    >>> memory.get("a"), memory.get("b")
    (None, 2)
    """

    def __init__(self, most: int = MOST_BYTES) -> None:
        self._most = most
        self._bytes = 0
        self._known: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()

    def get(self, key: Hashable) -> T | None:
        """Return what is remembered; None where nothing is."""
        found = self._known.get(key)
        if found is None:
            return None
        self._known.move_to_end(key)
        return found[0]

    def keep(self, key: Hashable, thing: T, *, size: int) -> None:
        """Remember a thing of so many bytes."""
        former = self._known.pop(key, None)
        self._bytes += size - (0 if former is None else former[1])
        self._known[key] = (thing, size)
        while self._bytes > self._most:
            _, (_, freed) = self._known.popitem(last=False)
            self._bytes -= freed
