"""One value of a row, and one column of a background: what is missing, what is typical, and what a type can hold.

Input: values, and a frame whose types are kept. Output: typical values, and columns of two values (the row's own and
the typical one) from which rows are taken. A value that the type would change (2.7 to 2, nothing to True, a number to a
date) is refused.
"""

from __future__ import annotations

import math
import numbers
from collections import Counter
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.errors import InputError
from limelight.interpretable.tabular.columns import show_number

ROUNDING = 1e-2
"""Of a number: types of half precision change it by less."""


def typical_of(values: Sequence[Any]) -> Any:
    """Return what stands for any other value: the lower median of numbers and dates, else the most frequent.

    >>> typical_of([3, 1, 2, 10]), typical_of(["b", "a", "b", None]), typical_of([True, False, True])
    (2, 'b', True)

    Raises
    ------
    InputError
        If values can neither be ordered nor counted, such as arrays.
    """
    known = [value for value in values if not is_missing(value)]
    if not known:
        if len(values):
            return values[0]
        return None
    ordered = not isinstance(known[0], (bool, np.bool_, str))
    if ordered:
        try:
            return sorted(known)[(len(known) - 1) // 2]
        except (TypeError, ValueError):  # values of several kinds have no order, and arrays have many
            pass
    try:
        counted = Counter(known).most_common()
    except TypeError as error:
        raise InputError(f"expected values that can be counted, got {type(known[0]).__name__}") from error
    most = counted[0][1]
    return min((value for value, count in counted if count == most), key=str)  # not the one that came first


def is_missing(value: Any) -> bool:
    """Return whether a value is none: None, NaN, NaT, pandas' NA.

    >>> is_missing(None), is_missing(float("nan")), is_missing(""), is_missing(np.zeros(3))
    (True, True, False, False)
    """
    if value is None or type(value).__name__ in ("NAType", "NaTType"):
        return True
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(value))
    return isinstance(value, (float, np.floating, Decimal)) and math.isnan(value)


def shown(value: Any) -> str:
    """Return a value as people read it.

    >>> shown(3.0), shown(0.123456789), shown(None), shown("DE")
    ('3', '0.1235', 'missing', 'DE')
    """
    if is_missing(value):
        return "missing"
    if isinstance(value, (float, np.floating)) and math.isfinite(value):
        return show_number(float(value))
    return str(value).removesuffix(" 00:00:00")  # a day without an hour


def same(a: Any, b: Any) -> bool:
    """Return whether two values are equal, or both missing.

    >>> same(1, 1.0), same(None, float("nan")), same(np.zeros(2), np.zeros(2))
    (True, True, True)
    """
    if is_missing(a) or is_missing(b):
        return is_missing(a) and is_missing(b)
    try:
        return bool(a == b)
    except ValueError:  # arrays are equal element by element
        return np.array_equal(a, b)


def plain(value: Any) -> Any:
    """Return Python's own number in place of numpy's; dates of numpy stay, which would become a count of ticks."""
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    return value


def column_of(frame: Any, name: Any, value: Any, argument: str) -> tuple[Any, Any]:
    """Return a column of one value in the frame's type, and the value as that type holds it.

    Raises
    ------
    InputError
        If the type cannot hold the value, or has made something else of it.
    """
    if isinstance(value, float) and math.isinf(value):
        raise InputError(
            f"{argument}: expected a finite number in {name!r}, got {value!r}, which has no place among the "
            "background's; pass None if it is missing, or a number that stands for it."
        )
    if hasattr(frame, "iloc"):
        column, kind = _pandas_column(frame, name, value)
    else:
        column, kind = _column(frame, name, value)
    held = None if column is None else column.to_list()[0]
    if column is None or _changed(value, held):
        raise InputError(
            f"{argument}: expected a value of type {kind} in {name!r}, as the background has, got {value!r:.60}; "
            "convert it, or give a background in which it occurs."
        )
    return column if hasattr(frame, "iloc") else column.to_native(), held


def _pandas_column(frame: Any, name: Any, value: Any) -> tuple[Any, str]:
    import pandas

    dtype = frame[name].dtype
    known = getattr(dtype, "categories", None)  # pandas makes what it does not know a missing value
    try:
        if known is not None and not is_missing(value) and value not in known:
            return None, str(dtype)
        made = pandas.Series([value], dtype=dtype, name=name)
        # lists in lists make a column of numbers whose cells are no numbers
        return (made if made.to_numpy().ndim == 1 else None), str(dtype)
    except (TypeError, ValueError, ArithmeticError):
        return None, str(dtype)


def _column(frame: Any, name: Any, value: Any) -> tuple[Any, str]:
    import narwhals as nw

    whole = nw.from_native(frame, eager_only=True)
    kind = whole.schema[name]
    nothing = isinstance(kind, nw.Unknown)  # a column of nothing has no type that has a name
    if nothing and not is_missing(value):
        return None, "nothing"
    try:
        if nothing:
            return nw.new_series(str(name), [value], None, backend=whole.implementation), str(kind)
        return _in_type_of(whole[name], str(name), [value]), str(kind)
    except Exception:  # each library has errors of its own
        return None, str(kind)


def _in_type_of(column: Any, name: str, values: list[Any]) -> Any:
    """Return values as a narwhals series of the type of another one."""
    import narwhals as nw

    if isinstance(column.dtype, nw.Categorical) and column.implementation.is_pyarrow():
        import pyarrow

        # asked for a dictionary with narwhals' codes, pyarrow 18 makes one with codes of its own, and refuses it
        kind = column.to_native().type
        made = pyarrow.chunked_array([pyarrow.array(values, kind.value_type).cast(kind)])
        return nw.from_native(made, series_only=True).alias(name)
    return nw.new_series(name, values, column.dtype, backend=column.implementation)


def _changed(given: Any, held: Any) -> bool:
    """Return whether a type has made something else of a value: a number of a text or a date, True of nothing."""
    if is_missing(given) or is_missing(held):
        return is_missing(given) != is_missing(held)
    if _is_number(given) != _is_number(held) or isinstance(given, str) != isinstance(held, str):
        return True
    if isinstance(held, float):
        return not math.isfinite(held) or not math.isclose(held, given, rel_tol=ROUNDING, abs_tol=1e-30)
    return _is_number(held) and bool(held != given)


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Number)


def pair(first: Any, second: Any) -> Any:
    """Return one column of two of one value each."""
    if hasattr(first, "iloc"):
        import pandas

        return pandas.concat([first, second], ignore_index=True)
    import narwhals as nw

    whole = nw.concat([nw.from_native(each, series_only=True).to_frame() for each in (first, second)])
    return whole[whole.columns[0]].to_native()


def taken(pair: Any, places: NDArray[np.intp]) -> Any:
    """Return a column of the values of a pair at places of 0 and 1."""
    if hasattr(pair, "iloc"):
        return pair.take(places).reset_index(drop=True)
    import narwhals as nw

    return nw.from_native(pair, series_only=True)[places.tolist()].to_native()


def filled(pair: Any, values: Sequence[Any]) -> Any:
    """Return a column of given values in the type of a pair."""
    if hasattr(pair, "iloc"):
        import pandas

        dtype = object if str(pair.dtype) == "category" else pair.dtype
        made = pandas.Series([None] * len(values), dtype=object)
        if not len(values) or isinstance(values[0], str):
            made[:] = list(values)
        else:
            for i, value in enumerate(values):  # arrays are cells, not rows
                made.iat[i] = value
        return made.astype(dtype)
    import narwhals as nw

    kind = nw.from_native(pair, series_only=True)
    return _in_type_of(kind, kind.name, list(values)).to_native()


def frame_like(frame: Any, columns: Mapping[Any, Any]) -> Any:
    """Return a frame of the library of `frame` with these columns."""
    if hasattr(frame, "iloc"):
        import pandas

        return pandas.concat(list(columns.values()), axis=1, keys=list(columns))
    import narwhals as nw

    # Without a backend narwhals hands the library its own columns. With one it hands over its wrappers, which polars
    # reads through Arrow: slower, and 1.33 panics there at dates.
    wrapped = [nw.from_native(column, series_only=True).alias(str(name)) for name, column in columns.items()]
    return nw.from_dict({each.name: each for each in wrapped}).to_native()
