"""How much memory the JSON of a body would take as Python's objects, counted before any is made.

Input: bytes. Output: nothing, or an error. Three bytes, ``[],``, become ninety, so that a limit of the bytes alone is
none: ten megabytes of empty lists took 224 of memory.
"""

from __future__ import annotations

import numpy as np

from limelight.errors import InputError

LIMIT = 80_000_000
"""Bytes that all lists, objects and texts of one body may take; numbers take at most ten times their own bytes."""
LIST, OBJECT, TEXT = 104, 256, 128
"""Bytes that each of them takes in CPython, with its place in whatever holds it; a text may be a name."""


def check_size(body: bytes) -> None:
    """Raise unless lists, objects and texts of a body fit the limit.

    Raises
    ------
    InputError
        If they do not; or if a text has no end, as this is no JSON then.

    Examples
    --------
    >>> check_size(b'{"instances": [[1, 2]]}')
    >>> check_size(b"[" + b"[]," * 1_000_000 + b"0]")
    Traceback (most recent call last):
    limelight.errors.InputError: body: expected lists, objects and texts of at most 80 MB in memory, got 104; send ...
    """
    if _bytes_of(body.count(b"["), body.count(b"{"), body.count(b'"')) <= LIMIT:
        return  # what stands within texts is counted as well, and still fits
    taken = _outside(body)
    if taken > LIMIT:
        raise InputError(
            f"body: expected lists, objects and texts of at most {LIMIT // 10**6} MB in memory, "
            f"got {taken // 10**6:,}; send fewer instances at once, or a smaller picture."
        )


def _bytes_of(lists: int, objects: int, quotes: int) -> int:
    return LIST * lists + OBJECT * objects + TEXT * quotes // 2


def _outside(body: bytes) -> int:
    """Return the bytes that a body will take; brackets within texts are letters."""
    plain = body.replace(b"\\\\", b"").replace(b'\\"', b"")  # backslashes stand within texts only
    letters = np.frombuffer(plain, dtype=np.uint8)
    quotes = letters == ord('"')
    outside = np.cumsum(quotes, dtype=np.uint8) % 2 == 0  # it runs over at 256, which is even
    lists, objects = (int(np.count_nonzero((letters == ord(sign)) & outside)) for sign in "[{")
    return _bytes_of(lists, objects, int(np.count_nonzero(quotes)))
