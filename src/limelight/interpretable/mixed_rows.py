"""Rows of mixed kinds: which columns there are, what is typical of each, and rows made of chosen values.

Input: a background (a frame of pandas, polars or pyarrow, or a list of dicts), and one row of it. Output: n rows of the
same kind in which each column has the row's own value or the typical one, and each part a value of its own. Own and
typical values lie in one column of the background's type, from which rows are taken, so that types stay as they are.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Inputs
from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.components import fingerprint
from limelight.interpretable.tabular.columns import show_number

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
    """

    frame: Any
    names: tuple[Any, ...]
    weighed: tuple[Any, ...]
    typical: Mapping[Any, Any]

    def shown(self, name: Any) -> str:
        """Return the typical value of a column, as it is shown."""
        return shown(self.typical[name])

    def rows_of(self, instance: Any) -> MixedRows:
        """Return one row, ready to be made again with other values.

        Raises
        ------
        InputError
            If it is no row, or a value does not fit its column.
        UnknownNameError
            If a column is missing.
        """
        values = values_of(instance)
        for name in self.names:
            if name not in values:
                raise UnknownNameError("instance", name, list(values))
        own = {name: _plain(values[name]) for name in self.names}
        pairs = {} if self.frame is None else {n: _pair(self.frame, n, own[n], self.typical) for n in self.names}
        # as the background's type holds it, so that equal rows are equal however they were given
        own |= {name: _held(name, own[name], pair) for name, pair in pairs.items()}
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
        return fingerprint({str(name): value for name, value in self.own.items()})

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
        own, typical = self.own[name], self.table.typical[name]
        if is_missing(own) or is_missing(typical):
            return is_missing(own) and is_missing(typical)
        return bool(own == typical)

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
                columns[name] = _filled(self.pairs[name], parts[name])
            elif drawn is not None and name in self.table.weighed:
                columns[name] = drawn[name]
            else:
                columns[name] = _taken(self.pairs[name], (~own[name]).astype(np.intp) if name in own else everywhere)
        return _frame_like(self.table.frame, columns)

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
    both = [name for name in fixed if name in parts]
    if both:
        raise InputError(
            f"fixed: expected columns that are no parts, got {both[0]!r}; leave it out of parts or of fixed."
        )
    for argument, named in (("parts", parts), ("fixed", fixed), ("typical", typical)):
        for name in named:
            if name not in columns:
                raise UnknownNameError(argument, name, names)
    weighed = tuple(name for name in names if name not in parts and name not in fixed)
    found = {}
    for name in weighed:
        if name not in typical and _is_free_text(columns[name]):
            raise InputError(
                f"rows: {name!r} looks like free text, which nobody has said what to do with; name it a part, "
                f"parts={{{name!r}: ll.Text()}}, or keep it as it is, fixed=[{name!r}]."
            )
        found[name] = typical[name] if name in typical else typical_of(columns[name])
    return MixedTable(frame, names, weighed, found)


def typical_of(values: Sequence[Any]) -> Any:
    """Return what stands for any other value: the lower median of numbers and dates, else the most frequent.

    >>> typical_of([3, 1, 2, 10]), typical_of(["b", "a", "b", None]), typical_of([True, False, True])
    (2, 'b', True)
    """
    known = [value for value in values if not is_missing(value)]
    if not known:
        return values[0] if len(values) else None
    ordered = not isinstance(known[0], (bool, np.bool_, str))
    if ordered:
        try:
            return sorted(known)[(len(known) - 1) // 2]
        except TypeError:  # values of several kinds have no order
            pass
    counted = Counter(known).most_common()
    most = counted[0][1]
    return min((value for value, count in counted if count == most), key=str)  # not the one that came first


def is_missing(value: Any) -> bool:
    """Return whether a value is none: None, NaN, NaT, pandas' NA.

    >>> is_missing(None), is_missing(float("nan")), is_missing(""), is_missing(np.zeros(3))
    (True, True, False, False)
    """
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(value, (float, np.floating)) and math.isnan(value)


def shown(value: Any) -> str:
    """Return a value as people read it.

    >>> shown(3.0), shown(0.123456789), shown(None), shown("DE")
    ('3', '0.1235', 'missing', 'DE')
    """
    if is_missing(value):
        return "missing"
    if isinstance(value, (float, np.floating)):
        return show_number(float(value))
    return str(value).removesuffix(" 00:00:00")  # a day without an hour


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
        return dict(instance.items())
    if hasattr(instance, "columns") and hasattr(instance, "shape"):
        if instance.shape[0] != 1:
            raise InputError(f"instance: expected one row, got {instance.shape[0]}; call explain_many for many.")
        return {name: values[0] for name, values in _columns_of(instance)[1].items()}
    raise InputError(
        f"instance: expected a row of the background's columns (a dict, a row of a frame), got "
        f"{type(instance).__name__}; name its values: {{'text': …, 'stars': …}}."
    )


# -- frames -----------------------------------------------------------------------------------------------------------


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


def _pair(frame: Any, name: Any, own: Any, typical: Mapping[Any, Any]) -> Any:
    """Return a column of the frame's type with the row's own value and the typical one."""
    values = [own, typical.get(name, own)]
    if hasattr(frame, "iloc"):
        import pandas

        dtype = frame[name].dtype
        known = getattr(dtype, "categories", None)  # pandas makes what it does not know a missing value
        if known is not None and not is_missing(own) and own not in known:
            raise _misfit(name, own, str(dtype))
        try:
            return pandas.Series(values, dtype=dtype, name=name)
        except (TypeError, ValueError) as error:
            raise _misfit(name, own, str(dtype)) from error
    import narwhals as nw

    whole = nw.from_native(frame, eager_only=True)
    try:
        return nw.new_series(str(name), values, whole.schema[name], backend=whole.implementation).to_native()
    except Exception as error:  # each library has errors of its own
        raise _misfit(name, own, str(whole.schema[name])) from error


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _held(name: Any, given: Any, pair: Any) -> Any:
    """Return a row's own value as a column of the background's type holds it.

    Raises
    ------
    InputError
        If the type has made a number of a text, or a text of a number, or the number is infinite.
    """
    if hasattr(pair, "iloc"):
        held, kind = pair.tolist()[0], pair.dtype
    else:
        import narwhals as nw

        column = nw.from_native(pair, series_only=True)
        held, kind = column.to_list()[0], column.dtype
    if is_missing(held):
        return held
    if isinstance(held, str) != isinstance(given, str) or (isinstance(held, float) and math.isinf(held)):
        raise _misfit(name, given, str(kind))
    return held


def _misfit(name: Any, own: Any, dtype: str) -> InputError:
    return InputError(
        f"instance: expected a value of type {dtype} in {name!r}, as the background has, got {own!r:.60}; convert it, "
        "or give a background in which it occurs."
    )


def _taken(pair: Any, places: NDArray[np.intp]) -> Any:
    if hasattr(pair, "iloc"):
        return pair.take(places).reset_index(drop=True)
    import narwhals as nw

    return nw.from_native(pair, series_only=True)[places.tolist()].to_native()


def _filled(pair: Any, values: Sequence[Any]) -> Any:
    """Return a column of given values in the type of a pair."""
    if hasattr(pair, "iloc"):
        import pandas

        dtype = object if str(pair.dtype) == "category" else pair.dtype
        made = pandas.Series([None] * len(values), dtype=object)
        made[:] = list(values) if not len(values) or isinstance(values[0], str) else made
        if len(values) and not isinstance(values[0], str):
            for i, value in enumerate(values):  # arrays are cells, not rows
                made.iat[i] = value
        return made.astype(dtype)
    import narwhals as nw

    kind = nw.from_native(pair, series_only=True)
    return nw.new_series(kind.name, list(values), kind.dtype, backend=kind.implementation).to_native()


def _frame_like(frame: Any, columns: Mapping[Any, Any]) -> Any:
    if hasattr(frame, "iloc"):
        import pandas

        return pandas.concat(list(columns.values()), axis=1, keys=list(columns))
    import narwhals as nw

    backend = nw.from_native(frame, eager_only=True).implementation
    wrapped = [nw.from_native(column, series_only=True).alias(str(name)) for name, column in columns.items()]
    return nw.from_dict({each.name: each for each in wrapped}, backend=backend).to_native()
