"""Rows of mixed kinds: which columns there are, what is typical of each, and rows made of chosen values.

Input: a background (a frame of pandas, polars or pyarrow, or a list of dicts), and one row of it. Output: n rows of the
same kind in which each column has the row's own value or the typical one, and each part a value of its own. Own and
typical values lie in one column of the background's type, from which rows are taken, so that types stay as they are.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Inputs
from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.components import fingerprint
from limelight.interpretable.mixed_columns import (
    column_of,
    filled,
    frame_like,
    pair,
    plain,
    same,
    shown,
    taken,
    typical_of,
)

MANY_DIFFERENT = 0.5
"""A column of strings of which more than this share are different, and most have several words, is free text."""
SEVERAL_WORDS = 3


@dataclass(frozen=True)
class MixedTable:
    """The background: its columns, and what is typical of each.

    Parameters
    ----------
    frame
        The frame, or None for dicts.
    names
        All columns, in order.
    weighed
        The columns that are features as a whole.
    typical
        Their typical values.
    standing
        For a frame: each of them as a column of the background's type.
    """

    frame: Any
    names: tuple[Any, ...]
    weighed: tuple[Any, ...]
    typical: Mapping[Any, Any]
    standing: Mapping[Any, Any]

    def shown(self, name: Any) -> str:
        """Return the typical value of a column, as it is shown."""
        return shown(self.typical[name])

    def rows_of(self, instance: Any) -> MixedRows:
        """Return one row, ready to be made again with other values.

        Raises
        ------
        InputError
            If it is no row, a column is missing, or a value does not fit its column.
        """
        values = values_of(instance)
        for name in values:
            if name not in self.names:  # a column that is left out in silence may be one that was misspelt
                raise UnknownNameError("instance", name, self.names)
        missing = [name for name in self.names if name not in values]
        if missing:
            raise InputError(
                f"instance: expected all {len(self.names)} columns of the background, got none of {missing!r}; pass "
                "None for a missing value."
            )
        own = {name: plain(values[name]) for name in self.names}
        if self.frame is None:
            for name in self.weighed:
                _check_finite("instance", name, own[name])
            return MixedRows(self, own, {})
        pairs = {}
        for name in self.names:  # as the background's type holds it: equal rows are equal however they were given
            column, own[name] = column_of(self.frame, name, own[name], "instance")
            pairs[name] = pair(column, self.standing.get(name, column))
        return MixedRows(self, own, pairs)

    def rows_in(self, many: Any) -> Iterable[Any]:
        """Return the rows of a frame, or what a list or stream holds."""
        if isinstance(many, (str, bytes, Mapping)) or not (isinstance(many, Iterable) or hasattr(many, "columns")):
            raise InputError(
                f"instances: expected a frame or a list of rows, got {type(many).__name__}; call explain() for one row."
            )
        if hasattr(many, "iloc") and hasattr(many, "columns"):
            return (many.iloc[i : i + 1] for i in range(len(many)))
        if hasattr(many, "slice") and hasattr(many, "columns"):
            return (many.slice(i, 1) for i in range(many.shape[0]))
        found: Iterable[Any] = many
        return found


@dataclass(frozen=True)
class MixedRows:
    """One row, and others that differ from it in chosen columns.

    Parameters
    ----------
    table
        The background.
    own
        The row's values by column.
    pairs
        For a frame: a native column of two values each, the row's own and the typical one.
    """

    table: MixedTable
    own: Mapping[Any, Any]
    pairs: Mapping[Any, Any]

    @property
    def original(self) -> Inputs:
        """Return the row itself as one model input."""
        return self.make(1, {}, {})

    @property
    def content(self) -> bytes:
        """Return bytes equal for equal rows."""
        return fingerprint({n if isinstance(n, str) else (repr(n),): value for n, value in self.own.items()})

    def value(self, name: Any) -> Any:
        """Return the row's own value."""
        return self.own[name]

    def text(self, name: Any) -> str:
        """Return the row's own text."""
        return str(self.own[name])

    def shown(self, name: Any) -> str:
        """Return the row's own value, as it is shown."""
        return shown(self.own[name])

    def is_typical(self, name: Any) -> bool:
        """Return whether the row has the typical value in a column."""
        return same(self.own[name], self.table.typical[name])

    def make(
        self, n: int, own: Mapping[Any, NDArray[np.bool_]], parts: Mapping[Any, Sequence[Any]], drawn: Any = None
    ) -> Inputs:
        """Return n rows.

        Parameters
        ----------
        n
            How many.
        own
            (n,) for each weighed column: whether a row has the instance's own value; columns that are not named have.
        parts
            n values for each part.
        drawn
            A frame of n rows with the values of weighed columns, in place of `own`; None where there is none.
        """
        if self.table.frame is None:
            return [self._dict(i, own, parts) for i in range(n)]
        everywhere = np.zeros(n, dtype=np.intp)
        columns = {}
        for name in self.table.names:
            if name in parts:
                columns[name] = filled(self.pairs[name], parts[name])
            elif drawn is not None and name in self.table.weighed:
                columns[name] = drawn[name]
            else:
                columns[name] = taken(self.pairs[name], (~own[name]).astype(np.intp) if name in own else everywhere)
        return frame_like(self.table.frame, columns)

    def _dict(self, i: int, own: Mapping[Any, NDArray[np.bool_]], parts: Mapping[Any, Sequence[Any]]) -> dict[Any, Any]:
        found = dict(self.own)
        for name, kept in own.items():
            if not kept[i]:
                found[name] = self.table.typical[name]
        return {**found, **{name: values[i] for name, values in parts.items()}}


def open_table(background: Any, parts: Sequence[Any], fixed: Sequence[Any], typical: Mapping[Any, Any]) -> MixedTable:
    """Return a background, ready.

    Raises
    ------
    InputError
        If it is no frame and no list of dicts, or a column looks like free text and is neither a part nor held.
    UnknownNameError
        If a named column is not there.
    """
    frame, columns = _columns_of(background)
    names = tuple(columns)
    if not all(columns.values()):
        raise InputError("rows: expected at least one row, got none; pass some of those that the model was trained on.")
    both = [name for name in fixed if name in parts]
    if both:
        raise InputError(
            f"fixed: expected columns that are no parts, got {both[0]!r}; leave it out of parts or of fixed."
        )
    for argument, named in (("parts", parts), ("fixed", fixed), ("typical", typical)):
        for name in named:
            if name not in names:
                raise UnknownNameError(argument, name, names)
    weighed = tuple(name for name in names if name not in parts and name not in fixed)
    found = {}
    for name in weighed:
        if name not in typical and _is_free_text(columns[name]):
            raise InputError(
                f"rows: {name!r} looks like free text, which nobody has said what to do with; name it a part, "
                f"parts={{{name!r}: ll.Text()}}, or keep it as it is, fixed=[{name!r}]."
            )
        if name in typical:
            found[name] = typical[name]
        else:
            found[name] = _typical(name, columns[name])
        _check_finite("typical", name, found[name])
    if frame is None:
        return MixedTable(frame, names, weighed, found, {})
    held = {name: column_of(frame, name, plain(value), "typical") for name, value in found.items()}
    typical, standing = ({name: each[i] for name, each in held.items()} for i in (1, 0))
    return MixedTable(frame, names, weighed, typical, standing)


def _typical(name: Any, values: Sequence[Any]) -> Any:
    try:
        return typical_of(values)
    except InputError as error:
        raise InputError(
            f"rows: {name!r}: {error}, of which none is typical; name it a part, parts={{{name!r}: ll.TimeSeries()}}, "
            f"or keep it as it is, fixed=[{name!r}]."
        ) from error


def _check_finite(argument: str, name: Any, value: Any) -> None:
    if isinstance(value, float) and math.isinf(value):
        raise InputError(
            f"{argument}: expected a finite number in {name!r}, got {value}; put a number or None in its place."
        )


def values_of(instance: Any) -> dict[Any, Any]:
    """Return the values of one row by column: of a dict, a row of a frame, a Series with names.

    Raises
    ------
    InputError
        If it is none of these.
    """
    if isinstance(instance, Mapping):
        return dict(instance)
    if hasattr(instance, "iloc") and hasattr(instance, "index") and not hasattr(instance, "columns"):
        if not instance.index.is_unique:
            twice = instance.index[instance.index.duplicated()][0]
            raise InputError(f"instance: expected values of different names, got {twice!r} twice; rename one.")
        return dict(instance.items())
    if hasattr(instance, "columns") and hasattr(instance, "shape"):
        if instance.shape[0] != 1:
            raise InputError(f"instance: expected one row, got {instance.shape[0]}; call explain_many for many.")
        return {name: values[0] for name, values in _columns_of(instance)[1].items()}
    raise InputError(
        f"instance: expected a row of the background's columns (a dict, a row of a frame), got "
        f"{type(instance).__name__}; name its values: {{'text': …, 'stars': …}}."
    )


def _columns_of(background: Any) -> tuple[Any, dict[Any, list[Any]]]:
    """Return the frame (None for dicts), and the values of each column."""
    if hasattr(background, "iloc") and hasattr(background, "columns"):
        if not background.columns.is_unique:
            twice = background.columns[background.columns.duplicated()][0]
            raise InputError(f"rows: expected columns of different names, got {twice!r} twice; rename one.")
        return background, {name: background[name].tolist() for name in background.columns}
    if hasattr(background, "columns") and hasattr(background, "shape"):
        import narwhals as nw

        frame = nw.from_native(background, eager_only=True)
        return background, {name: frame[name].to_list() for name in frame.columns}
    if isinstance(background, (list, tuple)) and background and all(isinstance(row, Mapping) for row in background):
        names = list(dict.fromkeys(name for row in background for name in row))
        return None, {name: [row.get(name) for row in background] for name in names}
    raise InputError(
        "rows: expected a frame of pandas, polars or pyarrow, or a list of dicts, got "
        f"{type(background).__name__}; pass some of the rows that the model was trained on."
    )


def _is_free_text(values: Sequence[Any]) -> bool:
    texts = [value for value in values if isinstance(value, str)]
    different = len(set(texts))
    if len(texts) < 2 or different <= MANY_DIFFERENT * len(texts):
        return False
    words = sorted(len(text.split()) for text in texts)
    return words[len(words) // 2] >= SEVERAL_WORDS
