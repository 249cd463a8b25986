"""One column of a table: its type, its bins, and how a value is read, placed in a bin and named.

Input: single values as a user gives them (an int where the column holds floats, a Timestamp, NaN, NA). Output: the same
value in one canonical form, so that equal rows are equal however they were given, and the code of its bin. None stands
for every kind of missing value.
"""

from __future__ import annotations

import datetime
import math
import re
from bisect import bisect_left
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Any, Literal

import numpy as np

from limelight.errors import InputError
from limelight.interpretable.tabular.clock import TICKS, local_time

ColumnType = Literal["integer", "float", "boolean", "string", "datetime", "duration", "other"]
NUMERIC_TYPES = ("integer", "float", "datetime", "duration")
"""Types that have an order and distances, so that they can be cut into bins."""
UNKNOWN = -1
"""The code of a value that the background never shows: z' is never 1."""
EXACT = 2**53
"""Beyond it float64 does not hold every whole number, so that a float may stand for another integer than was meant."""
EXPECTED = {
    "integer": "a whole number",
    "float": "a number",
    "boolean": "True or False",
    "string": "a string",
    "datetime": "a date",
    "duration": "a duration",
    "other": "a hashable value",
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how its values are read, where they fall, and what its bins are called.

    Parameters
    ----------
    label
        The column's name in the model's input.
    type
        What its values are.
    unit
        The tick of dates and durations (``"us"``, ``"D"``); ``"float32"``, ``"float16"`` or ``"decimal"`` for
        numbers that are not float64; else empty.
    edges
        Inner bin edges; None where each value is its own bin.
    codes
        Value → code, where each value is its own bin.
    missing
        Code of the missing value; `UNKNOWN` where the background has none missing.
    names
        What a person reads, for each code.
    continuous
        Whether z' is the standardised value instead of a bin's indicator.
    mean, scale
        Of the present values, for a continuous surrogate: z = (v - mean) / scale. The scale of a constant is 1.
    zone
        The time zone of a column of dates, see `clock.zone_name`; empty where its dates have none.
    low, high
        The smallest and largest number of the background, where a number beyond them is a value of its own: no draw
        of the outer bin could tell what it does. Infinite where it is not.
    """

    label: Hashable
    type: ColumnType
    unit: str
    edges: tuple[float, ...] | None
    codes: Mapping[Hashable, int]
    missing: int
    names: tuple[str, ...]
    continuous: bool = False
    mean: float = 0.0
    scale: float = 1.0
    zone: str = ""
    low: float = -math.inf
    high: float = math.inf

    def read(self, value: Any) -> Any:
        """Return the canonical form of one value; None for every kind of missing."""
        return read_value(value, self.type, self.unit, self.label, self.zone)

    def code_of(self, value: Any) -> int:
        """Return the code of a canonical value; `UNKNOWN` where the background never shows it."""
        if value is None:
            return self.missing
        if self.edges is not None:
            # compared as it is: an integer may be too large for a float
            if self.low <= value <= self.high:
                return bisect_left(self.edges, float(value))
            return UNKNOWN
        return self.codes.get(value, UNKNOWN)

    def name_of(self, code: int, value: Any) -> str:
        """Return what a person reads for a value with this code."""
        if code >= 0:
            return self.names[code]
        if value is None:
            return f"{self.label} is missing"
        return f"{self.label} = {self.show(value)}"

    def show(self, value: Any) -> str:
        """Return a canonical value as a person reads it."""
        return show_value(value, self.type, self.unit, zone=self.zone)

    def as_given(self, value: Any, given: Any) -> Any:
        """Return what the model shall receive: canonical numbers and strings, everything else as it was given."""
        if value is None:
            if self.type == "other" or given.__class__ is float:
                return given
            return None
        if self.unit == "decimal":
            if isinstance(given, float):
                return Decimal(repr(given))
            return given
        if isinstance(given, np.longdouble):
            return given
        if self.type in ("datetime", "duration", "other"):
            return given
        return value

    def standardize(self, value: Any) -> float:
        """Return (value - mean) / scale; a missing value stands at the mean."""
        if value is None:
            return 0.0
        return (float(value) - self.mean) / self.scale


def is_missing(value: Any) -> bool:
    """Return whether a value is None, NaN, NaT or NA.

    >>> [is_missing(v) for v in (None, float("nan"), np.datetime64("NaT", "s"), "", 0)]
    [True, True, True, False, False]
    """
    if value is None:
        return True
    try:
        return bool(value != value)
    except (TypeError, ValueError):  # NA refuses to be a truth value
        return type(value).__name__ == "NAType"


def read_value(value: Any, type: ColumnType, unit: str, label: Hashable, zone: str = "") -> Any:
    """Return the canonical form of one value of a column: int, float, bool, str, ticks; None for missing.

    Raises
    ------
    InputError
        If the value is of another type or infinite, or a date with a time zone where the column has none, or without
        one where it has; names the column.

    >>> read_value(np.int64(3), "float", "", "age"), read_value(39.0, "integer", "", "age")
    (3.0, 39)
    """
    if isinstance(value, np.number) and type in NUMERIC_TYPES[:2]:
        value = value.item()
    kind = value.__class__
    if kind is str:
        if type == "string":
            return value
    elif kind is float and type == "float" and not unit:
        if math.isfinite(value):
            return value + 0.0  # -0.0 is 0.0
    elif kind is int and type == "integer":
        return value
    if is_missing(value):
        return None
    if type == "datetime":
        _check_zone(value, zone, label)
    if type == "integer":
        _check_exact(value, label)
    if isinstance(value, float) and math.isinf(value) and type in NUMERIC_TYPES[:2]:
        raise InputError(
            f"column {label!r}: expected a finite number, got {value!r}, which has no place among the background's; "
            "pass None if it is missing, or a number that stands for it."
        )
    try:
        return READERS[type](value, unit)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"column {label!r}: expected {EXPECTED[type]}, got {value!r} of type {kind.__name__}; "
            f"pass the value as in the background."
        ) from error


def _check_zone(value: Any, zone: str, label: Hashable) -> None:
    """Refuse to compare local times with instants: only whoever made the value knows by which clock it was written."""
    if not isinstance(value, (datetime.date, np.datetime64)):
        return
    aware = getattr(value, "tzinfo", None) is not None
    if zone and not aware:
        raise InputError(
            f"column {label!r}: expected a date in a time zone, as in the background ({zone}), got {value!r} without "
            f"one; say by which clock, for instance pd.Timestamp(value, tz={zone!r})."
        )
    if aware and not zone:
        raise InputError(
            f"column {label!r}: expected a date without a time zone, as in the background, got {value!r}; take it off "
            "by value.tz_localize(None), in the zone that the background is written in."
        )


def _check_exact(value: Any, label: Hashable) -> None:
    """Refuse a float that stands for several integers: a row cut out of a frame has been made of floats by then."""
    if isinstance(value, float) and EXACT < abs(value) < math.inf:
        raise InputError(
            f"column {label!r}: expected an integer, got the float {value!r}, which stands for several integers of "
            "this size; pass an int, or the row as a frame: X[i : i + 1]."
        )


def _read_integer(value: Any, unit: str) -> int:
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool):
        return int(value)  # never by way of a float, which does not hold every integer
    number = _read_float(value, "")
    if number != math.floor(number):
        raise ValueError("not a whole number")
    return int(value)


def _read_float(value: Any, unit: str) -> float:
    if not isinstance(value, (float, int, np.number, np.bool_, Decimal)):
        raise TypeError("not a number")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError("infinite")
    return (float(np.dtype(unit).type(number)) if unit.startswith("float") else number) + 0.0


def _read_boolean(value: Any, unit: str) -> bool:
    if not isinstance(value, (bool, np.bool_, int, float, np.number)) or value not in (0, 1):
        raise TypeError("not a truth value")
    return bool(value)


def _read_string(value: Any, unit: str) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return str(value)


def _read_datetime(value: Any, unit: str) -> int:
    """Return ticks since 1970 in UTC, in the column's own unit."""
    if isinstance(value, datetime.datetime) and value.tzinfo is not None:
        offset = value.utcoffset() or datetime.timedelta()
        value = value.replace(tzinfo=None) - offset
    if hasattr(value, "to_datetime64"):  # a Timestamp, which may hold nanoseconds
        value = value.to_datetime64()
    if not isinstance(value, (datetime.date, np.datetime64)):
        raise TypeError("not a date")
    return int(np.datetime64(value).astype(f"datetime64[{unit}]").astype(np.int64))


def _read_duration(value: Any, unit: str) -> int:
    if hasattr(value, "to_timedelta64"):
        value = value.to_timedelta64()
    if not isinstance(value, (datetime.timedelta, np.timedelta64)):
        raise TypeError("not a duration")
    return int(np.timedelta64(value).astype(f"timedelta64[{unit}]").astype(np.int64))


def _read_other(value: Any, unit: str) -> Hashable:
    hash(value)
    return value.item() if isinstance(value, np.generic) else value  # type: ignore[no-any-return]


def stable_repr(value: Any) -> str:
    """Return a repr that is the same in every process: no addresses in memory, sets in order.

    >>> stable_repr((1, object())), stable_repr(frozenset("ba"))
    ('(1, <object object>)', "frozenset('a', 'b')")
    """
    if isinstance(value, (set, frozenset)):
        return f"{type(value).__name__}({', '.join(sorted(map(stable_repr, value)))})"
    if isinstance(value, (list, tuple)) and type(value) in (list, tuple):
        inner = ", ".join(map(stable_repr, value))
        if isinstance(value, list):
            return f"[{inner}]"
        return f"({inner})"
    if isinstance(value, (str, int, float)) or value is None:
        return repr(value)
    return re.sub(r" at 0x[0-9A-Fa-f]+", "", repr(value))


READERS = {
    "integer": _read_integer,
    "float": _read_float,
    "boolean": _read_boolean,
    "string": _read_string,
    "datetime": _read_datetime,
    "duration": _read_duration,
    "other": _read_other,
}


def show_value(value: Any, type: ColumnType, unit: str, digits: int = 4, zone: str = "") -> str:
    """Return a canonical value as a person reads it.

    >>> show_value(37.0, "float", ""), show_value(0.123456, "float", ""), show_value(234721.5, "float", "")
    ('37', '0.1235', '234721.5')
    >>> show_value(19723, "datetime", "D"), show_value(None, "float", "")
    ('2024-01-01', 'missing')
    >>> show_value(1_704_110_400, "datetime", "s", zone="America/New_York")
    '2024-01-01 07:00-05:00'
    """
    if value is None:
        return "missing"
    if type == "datetime" and zone:
        return local_time(int(value), unit, zone)
    if type == "datetime":
        text = str(np.array(int(value)).astype(f"datetime64[{unit}]"))
        text = text.rstrip("0").rstrip(".") if "." in text else text
        return text.removesuffix("T00:00:00").replace("T", " ")
    if type == "duration":
        return str(datetime.timedelta(seconds=int(value) / TICKS[unit]))
    if value.__class__ is float:
        return show_number(value, digits)
    return str(value)


def show_number(number: float, digits: int = 4) -> str:
    """Return a number with that many significant digits, whole numbers in full.

    >>> show_number(1e-7), show_number(28.0), show_number(28.25), show_number(123456.789)
    ('1e-07', '28', '28.25', '123456.8')
    """
    if number == math.floor(number) and abs(number) < 1e15:
        return f"{number:.0f}"
    if not 1e-4 <= abs(number) < 1e15:
        return f"{number:.{digits}g}"
    places = max(1, digits - 1 - math.floor(math.log10(abs(number))))
    return f"{number:.{places}f}".rstrip("0").rstrip(".")


def bin_names(
    label: Hashable, edges: tuple[float, ...], type: ColumnType, unit: str, zone: str = ""
) -> tuple[str, ...]:
    """Return the names of the bins between edges, with as many digits as tell the edges apart.

    >>> bin_names("age", (28.0, 37.0), "float", "")
    ('age ≤ 28', '28 < age ≤ 37', 'age > 37')
    >>> bin_names("age", (), "float", "")
    ('age',)
    """
    if not edges:
        return (str(label),)
    shown = [""]
    for digits in (4, 6, 9, 17):
        shown = [show_value(edge, type, unit, digits, zone) for edge in edges]
        if len(set(shown)) == len(shown):
            break
    inner = [f"{low} < {label} ≤ {high}" for low, high in pairwise(shown)]
    return (f"{label} ≤ {shown[0]}", *inner, f"{label} > {shown[-1]}")
