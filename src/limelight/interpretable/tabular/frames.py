"""The only place that reads frames: tables of every kind in, columns out; `store.py` makes tables again.

Input: pandas, polars and pyarrow tables (through narwhals) and numpy arrays. Output: plain columns for statistics: a
type, the values as numbers or as Python objects, and where they are missing.
"""

from __future__ import annotations

import datetime
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.errors import InputError
from limelight.interpretable.tabular.clock import zone_name
from limelight.interpretable.tabular.columns import EXACT, ColumnType, is_missing, read_value

IntArray = NDArray[np.intp]
TENSOR = "pass tensor.detach().cpu().numpy(); a torch.nn.Module is explained on arrays as it is"
"""What to do with a tensor: a table has dtypes and missing values, which tensors lack."""
MAX_FLOAT = float(np.finfo(np.float64).max)


@dataclass(frozen=True, slots=True)
class RawColumn:
    """A column of the background as read.

    Parameters
    ----------
    label
        The column's name.
    type, unit
        As in `columns.Column`.
    categorical
        Whether its dtype says that its values have no distances (strings, booleans, categoricals).
    native
        The column in the library's own type.
    missing
        (n,) bool.
    zone
        As in `columns.Column`.
    objects
        Whether the column holds Python objects, which are read one by one.
    """

    label: Hashable
    type: ColumnType
    unit: str
    categorical: bool
    native: Any
    missing: NDArray[np.bool_]
    zone: str = ""
    objects: bool = False

    def numbers(self) -> NDArray[np.float64]:
        """Return the values as float64 (n,), ticks for dates, NaN where missing."""
        out = np.full(len(self.missing), np.nan)
        out[~self.missing] = self.exact().astype(np.float64)
        return out

    def exact(self) -> NDArray[Any]:
        """Return the present values as numbers that can be sorted and told apart: integers and decimals as they are.

        float64 holds whole numbers up to 2⁵³ and some 16 digits; identifiers and amounts may have more.
        """
        if self.objects:
            return self._read_objects()
        if isinstance(self.native, np.ndarray):
            present = self.native[~self.missing]
            if present.dtype.kind in "mM":
                return present.astype("int64")
            return present
        if getattr(self.native.dtype if hasattr(self.native, "dtype") else None, "tz", None) is not None:
            # of pandas, some of whose zones narwhals does not know
            ticks = self.native.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()[~self.missing]
            return np.asarray(ticks.astype(f"datetime64[{self.unit}]").astype(np.int64))
        return _numpy_values(_wrap(self.native), self.missing, self.unit)

    def _read_objects(self) -> NDArray[Any]:
        present = [value for value, gone in zip(self.to_list(), self.missing, strict=True) if not gone]
        if self.unit == "decimal":
            numbers = present
        else:
            numbers = [read_value(value, self.type, self.unit, self.label, self.zone) for value in present]
        large = any(abs(number) > EXACT for number in numbers)
        out = np.empty(len(numbers), dtype=object if large or self.unit == "decimal" else np.float64)
        out[:] = numbers
        return out

    def to_list(self) -> list[Any]:
        """Return the values as Python objects."""
        return to_list(self.native)


def library_of(table: Any) -> str:
    """Return the library a table belongs to: pandas, polars, pyarrow, numpy or scipy; empty for anything else.

    >>> library_of(np.zeros((2, 2))), library_of([[1, 2]])
    ('numpy', '')
    """
    if isinstance(table, np.ndarray):
        return "numpy"
    if hasattr(table, "tocsr"):
        return "scipy"
    if hasattr(table, "shape"):
        roots = [each.__module__.partition(".")[0] for each in type(table).__mro__]
    else:
        roots = []
    return next((root for root in roots if root in ("pandas", "polars", "pyarrow")), "")


def read_table(table: Any, names: Sequence[Hashable] | None = None) -> tuple[str, list[RawColumn]]:
    """Return the library and the columns of a background.

    Parameters
    ----------
    table
        A frame, or an array (n, c).
    names
        Names for the columns of an array; x0, x1, … by default.

    Raises
    ------
    InputError
        If it is no table, has no rows, no columns or repeated names.
    """
    library = library_of(table)
    if library == "numpy":
        columns = _read_array(plain_array(table), names)
    elif library in ("pandas", "polars", "pyarrow") and len(table.shape) == 2:
        if names is not None:
            raise InputError("names: expected None for a frame, which has column names; rename its columns instead.")
        columns = _read_frame(table, library)
    else:
        remedy = TENSOR if hasattr(table, "detach") else "convert it to one of these"
        raise InputError(
            f"background: expected a pandas, polars or pyarrow frame, a numpy array (n, c) or a scipy sparse matrix, "
            f"got {type(table).__name__}; {remedy}."
        )
    if not columns:
        raise InputError("background: expected at least one column, got none; pass the columns that the model takes.")
    if len(columns[0].missing) == 0:
        raise InputError("background: expected at least one row, got none; pass the training data or a sample of it.")
    return library, columns


def plain_array(array: NDArray[Any]) -> NDArray[Any]:
    """Return an array without a mask, and no matrix, whose columns have two axes.

    Raises
    ------
    InputError
        If values are masked: what the model shall receive in their place is not known.
    """
    if np.ma.is_masked(array):
        raise InputError(
            "background: expected an array without masked values, got a masked array; say what they are, for instance "
            "missing, by X.filled(np.nan)."
        )
    return np.asarray(array)


def _read_array(array: NDArray[Any], names: Sequence[Hashable] | None) -> list[RawColumn]:
    if array.ndim != 2:
        raise InputError(f"background: expected an array (n, c), got shape {array.shape}; pass rows × columns.")
    labels = [f"x{j}" for j in range(array.shape[1])] if names is None else list(names)
    if len(labels) != array.shape[1] or len(set(labels)) != len(labels):
        raise InputError(f"names: expected {array.shape[1]} different names, got {labels!r}; pass one per column.")
    return [_read_array_column(label, array[:, j]) for j, label in enumerate(labels)]


def _read_array_column(label: Hashable, values: NDArray[Any]) -> RawColumn:
    kind = values.dtype.kind
    if kind == "O":
        missing = np.fromiter((is_missing(v) for v in values), dtype=bool, count=len(values))
        return _objects(label, values, missing, values[~missing].tolist())
    if kind not in "biufUSmM":
        raise InputError(f"column {label!r}: expected numbers, strings or dates, got dtype {values.dtype}; convert it.")
    if kind in "fmM":
        missing = values != values
    else:
        missing = np.zeros(len(values), dtype=bool)
    types: dict[str, ColumnType] = {
        "b": "boolean",
        "i": "integer",
        "u": "integer",
        "f": "float",
        "M": "datetime",
        "m": "duration",
    }
    unit = np.datetime_data(values.dtype)[0] if kind in "mM" else ""
    if kind == "f" and values.dtype.itemsize < 8:
        unit = values.dtype.name
    return RawColumn(label, types.get(kind, "string"), unit, kind in "bUS", values, missing)


def _objects(label: Hashable, native: Any, missing: NDArray[np.bool_], present: list[Any]) -> RawColumn:
    """Return a column of Python objects: what they are is read off the objects themselves."""
    type_, unit = _infer(present)
    zone = ""
    if type_ == "datetime":
        zones = {zone_name(getattr(value, "tzinfo", None)) for value in present}
        if "" in zones and len(zones) > 1:
            raise InputError(
                f"column {label!r}: expected dates that all have a time zone or none, got both; localize the others."
            )
        zone = zones.pop() if len(zones) == 1 else "UTC"
    numeric = type_ in ("integer", "float", "datetime", "duration")
    return RawColumn(label, type_, unit, not numeric, native, missing, zone, objects=True)


def _infer(present: list[Any]) -> tuple[ColumnType, str]:
    """Return type and unit of a column of Python objects."""
    if all(isinstance(v, str) for v in present):
        return "string", ""
    if all(isinstance(v, (bool, np.bool_)) for v in present):
        return "boolean", ""
    if all(isinstance(v, (int, float, np.number, Decimal)) and not isinstance(v, bool) for v in present):
        if any(isinstance(v, Decimal) for v in present):
            return "float", "decimal"
        return ("integer" if all(map(_is_whole, present)) else "float"), ""
    if all(isinstance(v, (datetime.date, np.datetime64)) for v in present):
        days = all(isinstance(v, datetime.date) and not isinstance(v, datetime.datetime) for v in present)
        fine = any(getattr(v, "nanosecond", 0) for v in present)
        return "datetime", "D" if days else "ns" if fine else "us"
    if all(isinstance(v, (datetime.timedelta, np.timedelta64)) for v in present):
        return "duration", "us"
    return "other", ""


def _is_whole(number: Any) -> bool:
    return isinstance(number, (int, np.integer)) or float(number).is_integer()


def _wrap(series: Any) -> Any:
    import narwhals.stable.v2 as nw

    if type(series).__module__.startswith("pyarrow") and not hasattr(series, "chunks"):
        import pyarrow as pa

        series = pa.chunked_array([series])
    return nw.from_native(series, series_only=True)


def _read_frame(table: Any, library: str) -> list[RawColumn]:
    import narwhals.stable.v2 as nw
    from narwhals.exceptions import DuplicateError

    try:
        frame = nw.from_native(table, eager_only=True)
        labels = list(frame.columns)
    except (DuplicateError, ValueError) as error:
        raise InputError("background: expected different column names, got repeated ones; rename them.") from error
    if len(set(labels)) != len(labels):
        raise InputError("background: expected different column names, got repeated ones; rename them.")
    return [_read_series(label, frame.get_column(label)) for label in labels]


def _read_series(label: Hashable, series: Any) -> RawColumn:
    import narwhals.stable.v2 as nw

    dtype = series.dtype
    missing = series.is_null().to_numpy()
    if dtype.is_float():
        missing = missing | (series.is_nan().fill_null(True).to_numpy().astype(bool))
    missing = np.asarray(missing, dtype=bool)
    native = series.to_native()
    zone = getattr(getattr(native, "dtype", None), "tz", None)
    if zone is not None:  # of pandas; narwhals knows only those whose name is letters
        return RawColumn(label, "datetime", native.dtype.unit, False, native, missing, zone_name(zone))
    named: dict[Any, ColumnType] = {
        nw.String: "string",
        nw.Boolean: "boolean",
        nw.Datetime: "datetime",
        nw.Date: "datetime",
        nw.Duration: "duration",
    }
    unit = getattr(dtype, "time_unit", "D" if dtype == nw.Date else "")
    if dtype.is_integer():
        return RawColumn(label, "integer", "", False, native, missing)
    if dtype.is_float() or dtype.is_decimal():
        if dtype.is_decimal():
            unit = "decimal"
        elif dtype == nw.Float32:
            unit = "float32"
        else:
            unit = ""
        return RawColumn(label, "float", unit, False, native, missing)
    for known, type_ in named.items():
        if dtype == known:
            zone = zone_name(getattr(dtype, "time_zone", None))
            return RawColumn(label, type_, unit, type_ in ("string", "boolean"), native, missing, zone)
    present = [value for value, gone in zip(series.to_list(), missing, strict=True) if not gone]
    column = _objects(label, native, missing, present)
    if dtype in (nw.Categorical, nw.Enum):
        return replace(column, categorical=True)
    return column


def _numpy_values(series: Any, missing: NDArray[np.bool_], unit: str) -> NDArray[Any]:
    """Return the present values of a narwhals series as numbers; dates as ticks."""
    import narwhals.stable.v2 as nw

    present = series.filter((~missing).tolist()) if missing.any() else series
    if unit == "D":
        return present.to_numpy().astype("datetime64[D]").astype(np.int64)  # type: ignore[no-any-return]
    if series.dtype == nw.Datetime:
        ticks = present.dt.timestamp("ms" if unit == "s" else unit).to_numpy().astype(np.int64)
        return np.asarray(ticks // 1000 if unit == "s" else ticks)
    if series.dtype == nw.Duration:
        return present.to_numpy().astype(f"timedelta64[{unit}]").astype(np.int64)  # type: ignore[no-any-return]
    if series.dtype == nw.Decimal:
        values = present.to_list()
        decimals = np.empty(len(values), dtype=object)
        decimals[:] = values
        return decimals
    return np.asarray(present.to_numpy())


def to_list(native: Any) -> list[Any]:
    """Return a native column as Python objects."""
    if isinstance(native, np.ndarray):
        return list(native) if native.dtype.kind in "mM" else native.tolist()
    return _wrap(native).to_list()  # type: ignore[no-any-return]


def frame_columns(frame: Any) -> dict[Hashable, list[Any]]:
    """Return the columns of a frame as lists of Python values, by name."""
    import narwhals.stable.v2 as nw

    wrapped = nw.from_native(frame, eager_only=True)
    return {label: wrapped.get_column(label).to_list() for label in wrapped.columns}
