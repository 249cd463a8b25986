"""The same input asked again is another answer: number the repeats, so that a cache never makes a noisy model steady.

Before a cache is looked at. Input: the digests of the rows asked. Output: a digest for each of them that also says for
which time the row is asked within one question. A question is one call of an explainer, or, outside of one, one call of
the model. Numbers begin at 0 in each, so that a rerun finds every answer whatever its batches are.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from hashlib import blake2b

REMEMBERED = 2**20
"""Rows of one question that are remembered, about 150 MB; a stream without end numbers anew beyond."""


class Repeats:
    """How often each row was asked so far in one question.

    >>> repeats = Repeats()
    >>> first, again = repeats.numbered([b"row", b"row"])
    >>> first == b"row", again == b"row"
    (True, False)
    """

    def __init__(self) -> None:
        self._asked: dict[bytes, int] = {}

    def numbered(self, keys: Sequence[bytes]) -> list[bytes]:
        """Return the key of each row as it is for the first time, and a digest of key and number from then on."""
        if len(self._asked) > REMEMBERED:
            self._asked.clear()
        found = []
        for key in keys:
            number = self._asked.get(key, 0)
            self._asked[key] = number + 1
            found.append(blake2b(key + number.to_bytes(4, "little"), digest_size=16).digest() if number else key)
        return found


_question: ContextVar[Repeats | None] = ContextVar("question", default=None)


@contextmanager
def within(question: Repeats) -> Iterator[None]:
    """Let every model asked inside the block count its repeats over the whole question."""
    token = _question.set(question)
    try:
        yield
    finally:
        _question.reset(token)


def current() -> Repeats:
    """Return the question under way, or a new one."""
    return _question.get() or Repeats()
