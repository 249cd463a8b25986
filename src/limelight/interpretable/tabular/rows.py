"""One row of a table, however it is given, and the rows of many.

Input: a Series, a frame of one row, a dict or a sequence, or a whole table or stream of tables. Output: the values of
each row in column order, as plain Python values. Whole tables are converted by column and chunk, never row by row.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.tabular.frames import TENSOR, frame_columns, library_of, to_list

CHUNK = 1024
"""Rows of a frame that are turned into Python values at a time when it is iterated."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a larger table: plain Python values in column order, and its label where rows have one."""

    values: tuple[Any, ...]
    label: Any = field(default=None, repr=False, compare=False)


def row_values(row: Any, labels: tuple[Hashable, ...]) -> Sequence[Any]:
    """Return the values of one row in column order, however it was given.

    Parameters
    ----------
    row
        A pandas Series, a frame or array of one row, a mapping by name, or a sequence in column order.
    labels
        The columns of the background.

    Raises
    ------
    InputError
        If there are several rows, or not as many values as columns.
    UnknownNameError
        If it names a column that the background lacks.

    >>> row_values({"b": 2, "a": 1}, ("a", "b"))
    [1, 2]
    """
    if isinstance(row, Row):
        return row.values
    if isinstance(row, (list, tuple)):
        return _positional(row, labels)
    if isinstance(row, np.ndarray):
        return _array_row(unmatrixed(row), labels)
    if isinstance(row, Mapping):
        return _named(row, labels)
    if hasattr(row, "iloc") and row.ndim == 1:
        index = row.index.tolist()
        values = row.tolist()
        counted = index == list(range(len(labels))) and not set(index) & set(labels)
        if tuple(index) == labels or counted:  # numbers that are nobody's name only count the values
            return _positional(values, labels)
        return _named(dict(zip(index, values, strict=True)), labels)
    if library_of(row):
        return _frame_row(row, labels)
    remedy = TENSOR if hasattr(row, "detach") else "pass for example X_test.iloc[0]"
    raise InputError(
        f"instance: expected one row (a Series, a frame of one row, a dict or a list), got {type(row).__name__}; "
        f"{remedy}."
    )


def _positional(row: Sequence[Any], labels: tuple[Hashable, ...]) -> Sequence[Any]:
    if len(row) != len(labels):
        raise InputError(f"instance: expected {len(labels)} values, one per column, got {len(row)}; pass all columns.")
    return row


def _array_row(row: NDArray[Any], labels: tuple[Hashable, ...]) -> Sequence[Any]:
    if row.ndim == 2 and row.shape[0] == 1:
        row = row[0]
    if row.ndim != 1:
        raise InputError(
            f"instance: expected one row, got an array of shape {row.shape}; pass one row, or use explain_many."
        )
    return _positional(to_list(row), labels)


def _named(row: Mapping[Any, Any], labels: tuple[Hashable, ...]) -> Sequence[Any]:
    known = set(labels)
    for name in row:
        if name not in known:
            raise UnknownNameError("instance", name, labels)
    missing = [label for label in labels if label not in row]
    if missing:
        raise InputError(
            f"instance: expected all {len(labels)} columns, got none of {missing!r}; pass None for a missing value."
        )
    return [row[label] for label in labels]


def _frame_row(row: Any, labels: tuple[Hashable, ...]) -> Sequence[Any]:
    if len(row.shape) != 2 or row.shape[0] != 1:
        raise InputError(
            f"instance: expected one row, got shape {tuple(row.shape)}; pass one row, or use explain_many."
        )
    return _named({label: values[0] for label, values in frame_columns(row).items()}, labels)


def iterate_rows(table: Any, labels: tuple[Hashable, ...]) -> Iterator[Row]:
    """Yield the rows of a frame or array, a chunk of columns turned into Python values at a time.

    >>> list(iterate_rows(np.array([[1, 2], [3, 4]]), ("a", "b")))
    [Row(values=(1, 2)), Row(values=(3, 4))]
    """
    library = library_of(table)
    for start in range(0, table.shape[0], CHUNK):
        if library == "scipy":
            yield from _sparse_rows(table.tocsr()[start : start + CHUNK])
            continue
        if library == "pyarrow":
            chunk = table.slice(start, CHUNK)
        elif library == "pandas":
            chunk = table.iloc[start : start + CHUNK]
        else:
            chunk = table[start : start + CHUNK]
        if library == "numpy":
            lists: Sequence[Any] = [to_list(chunk[:, j]) for j in range(chunk.shape[1])]
        else:
            lists = _named(frame_columns(chunk), labels)
        rows = zip(*_positional(lists, labels), strict=True)
        names = chunk.index.tolist() if library == "pandas" else [None] * len(chunk)
        yield from (Row(values, name) for values, name in zip(rows, names, strict=True))


def _sparse_rows(matrix: Any) -> Iterator[Any]:
    for i in range(matrix.shape[0]):
        yield matrix[i : i + 1]


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a frame or array, as an iterable with a length."""

    table: Any
    labels: tuple[Hashable, ...]

    def __len__(self) -> int:
        return int(self.table.shape[0])

    def __iter__(self) -> Iterator[Row]:
        return iterate_rows(self.table, self.labels)


def is_table(item: Any) -> bool:
    """Return whether something is a frame, a sparse matrix or an array of rows.

    >>> is_table(np.zeros((3, 2))), is_table([1, 2])
    (True, False)
    """
    return bool(library_of(item)) and len(item.shape) == 2


def rows_of(many: Any, labels: tuple[Hashable, ...]) -> Iterable[Any]:
    """Return an iterable of rows: of a table, of a stream of tables, or of whatever else is iterated.

    Raises
    ------
    InputError
        If `many` cannot be iterated.
    """
    many = unmatrixed(many)
    if is_table(many):
        return Rows(many, labels)
    if isinstance(many, (list, tuple)) and not any(is_table(item) for item in many):
        return many
    if isinstance(many, (str, Mapping)) or not isinstance(many, Iterable):
        raise InputError(
            f"instances: expected a frame, an array or an iterable of rows, got {type(many).__name__}; "
            f"pass for example X_test, or [row] for one row."
        )
    return _stream(many, labels)


def unmatrixed(table: Any) -> Any:
    """Return a numpy matrix, whose rows and columns have two axes each, as an array; anything else as it is."""
    if isinstance(table, np.matrix):
        return np.asarray(table)
    return table


def _stream(many: Iterable[Any], labels: tuple[Hashable, ...]) -> Iterator[Any]:
    """Yield rows; tables among the items are taken apart."""
    for item in many:
        if is_table(item):
            yield from iterate_rows(unmatrixed(item), labels)
        else:
            yield item
