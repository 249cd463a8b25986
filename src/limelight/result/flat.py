"""Entries of some rows of a block, end to end: how columns of many rows are read at once."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.result.open_block import OpenBlock


def flat_of(block: OpenBlock, name: str, rows: NDArray[np.int64]) -> Any:
    """Return the entries of some rows of a block, end to end."""
    column = block.column(name)
    if len(rows) == len(column.starts) - 1 and (np.diff(rows) == 1).all():
        return np.asarray(column.flat)
    return np.asarray(column.flat)[pieces(np.asarray(column.starts), rows)]


def distances(block: OpenBlock, rows: NDArray[np.int64], widths: NDArray[np.int64]) -> FloatArray:
    """Return for the features of some rows, `widths` of each, own z' less that of the average row.

    They are ones where it is not known.
    """
    center, reference = (np.asarray(flat_of(block, name, rows), dtype=np.float64) for name in ("center", "reference"))
    if len(center) == len(reference) == widths.sum():
        return np.asarray(center - reference)
    found = np.ones(int(widths.sum()))
    ends = np.cumsum(widths)
    for row, start, stop in zip(rows.tolist(), (ends - widths).tolist(), ends.tolist(), strict=True):
        own, other = (block.column(name).at(row) for name in ("center", "reference"))
        if len(own) and len(other):
            found[start:stop] = np.asarray(own) - np.asarray(other)
    return found


def spread(widths: NDArray[np.int64], owners: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places of the entries of each owner, of things that have so many entries each and lie end to end.

    >>> spread(np.array([2, 1]), np.array([0, 0, 1])).tolist()
    [0, 1, 0, 1, 2]
    """
    return pieces(np.append(0, np.cumsum(widths)), owners)


def pieces(starts: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the places of the entries of some rows, end to end.

    >>> pieces(np.array([0, 2, 2, 5]), np.array([2, 0, 0])).tolist()
    [2, 3, 4, 0, 1, 0, 1]
    """
    widths = (starts[1:] - starts[:-1])[rows]
    before = np.cumsum(widths) - widths
    return np.asarray(np.arange(widths.sum()) + np.repeat(starts[rows] - before, widths), dtype=np.int64)
