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
"""How much is remembered for one neighborhood: some 6,000 rows of twelve columns, or 9,000 where curves are not wanted.
A process that explains a million rows shall grow by less than 30 MiB after the first ten thousand (`docs/scale.md`)."""
ASKED_AGAIN = 0.8
"""Share of the bound for things that were asked for again. Most rows never come again, and would push out those that
do: of 250,000 rows (`benchmarks/jobs.py`) 56 % are fitted, where 66 % were while what was not asked for longest made
room."""


class Memory(Generic[T]):
    """Things by their keys; those that were never asked for again make room first, the oldest of them.

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
        self._bytes = self._bytes_again = 0
        self._once: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()
        self._again: OrderedDict[Hashable, tuple[T, int]] = OrderedDict()

    def get(self, key: Hashable) -> T | None:
        """Return what is remembered; None where nothing is."""
        found = self._again.get(key)
        if found is not None:
            self._again.move_to_end(key)
            return found[0]
        found = self._once.pop(key, None)
        if found is None:
            return None
        self._again[key] = found
        self._bytes_again += found[1]
        while self._bytes_again > ASKED_AGAIN * self._most:
            other, entry = self._again.popitem(last=False)
            self._bytes_again -= entry[1]
            self._once[other] = entry  # as if it had just been kept
        return found[0]

    def keep(self, key: Hashable, thing: T, *, size: int) -> None:
        """Remember a thing of so many bytes."""
        if key in self._again:
            former = self._again.pop(key)[1]
            self._bytes_again -= former
        else:
            former = self._once.pop(key, (thing, 0))[1]
        self._bytes += size - former
        self._once[key] = (thing, size)
        while self._bytes > self._most:
            _, (_, freed) = self._once.popitem(last=False)
            self._bytes -= freed
