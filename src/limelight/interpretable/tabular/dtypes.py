"""Support values of every library and dtype as JSON, and back to the bit.

Input: native columns (pandas, polars, pyarrow, numpy). Output: ``{"dtype": …, "values": […]}``. Dates and durations are
ticks, missing values null; what a float or an object column holds besides (NaN beside null) is written as ``{"missing":
…}``.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from limelight.errors import InputError
from limelight.interpretable.tabular.columns import is_missing
from limelight.optional import require

SCALARS = (str, int, float, bool)


def column_to_json(native: Any, library: str) -> dict[str, Any]:
    """Return a native column as JSON.

    Raises
    ------
    InputError
        If it holds values that JSON does not know.

    >>> column_to_json(np.array([1.5, np.nan]), "numpy")
    {'dtype': 'float64', 'values': [1.5, {'missing': 'nan'}]}
    """
    return WRITERS[library](native)


def column_from_json(saved: dict[str, Any], library: str) -> Any:
    """Return the native column that was saved.

    >>> column_from_json({"dtype": "float64", "values": [1.5, {"missing": "nan"}]}, "numpy")
    array([1.5, nan])
    """
    return READERS[library](saved)


def pack(value: Any) -> Any:
    """Return a Python scalar as JSON.

    >>> pack(3), pack(None), pack(math.nan)
    (3, None, {'missing': 'nan'})
    """
    if isinstance(value, np.generic):
        value = value.item()
    if value is None:
        return None
    if is_missing(value):
        return {"missing": "nan" if isinstance(value, float) else "NA"}
    if not isinstance(value, SCALARS):
        raise InputError(f"save: expected strings, numbers and booleans, got {value!r}; convert the column to strings.")
    return value


def unpack(value: Any) -> Any:
    """Return what `pack` packed."""
    if not isinstance(value, dict):
        return value
    if value["missing"] == "nan":
        return math.nan
    return require("pandas", "notebook").NA


def _write_numpy(array: Any) -> dict[str, Any]:
    ticks = array.astype(np.int64) if array.dtype.kind in "mM" else array
    return {
        "dtype": array.dtype.str if array.dtype.kind in "US" else str(array.dtype),
        "values": _packed(ticks.tolist()),
    }


def _read_numpy(saved: dict[str, Any]) -> Any:
    dtype, values = np.dtype(saved["dtype"]), [unpack(value) for value in saved["values"]]
    if dtype.kind == "O":
        return _object_array(values)
    if dtype.kind in "mM":
        return np.array(values, dtype=np.int64).astype(dtype)
    return np.array(values, dtype=dtype)


def _object_array(values: list[Any]) -> Any:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array


def _packed(values: list[Any]) -> list[Any]:
    return [pack(value) for value in values]


def _write_pandas(series: Any) -> dict[str, Any]:
    import pandas as pd

    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        categories = _write_pandas(pd.Series(dtype.categories))
        return {
            "dtype": "category",
            "categories": categories,
            "ordered": dtype.ordered,
            "values": series.cat.codes.tolist(),
        }
    if isinstance(dtype, pd.StringDtype):
        na = "nan" if isinstance(dtype.na_value, float) else "NA"
        values = [None if is_missing(value) else value for value in series.tolist()]
        return {"dtype": "string", "storage": dtype.storage, "na": na, "values": values}
    if isinstance(dtype, pd.ArrowDtype):
        return {"dtype": "arrow", "column": _write_arrow(require("pyarrow", "cli").array(series.array))}
    if dtype.kind in "mM":
        ticks = series.array.asi8
        return {"dtype": str(dtype), "values": ticks.tolist()}
    values = series.tolist()
    if not isinstance(dtype, np.dtype):
        values = [None if is_missing(value) else value for value in values]
    return {"dtype": str(dtype), "values": _packed(values)}


def _read_pandas(saved: dict[str, Any]) -> Any:
    pd = require("pandas", "notebook")
    name, values = saved["dtype"], saved.get("values", [])
    if name == "category":
        categories = pd.Index(_read_pandas(saved["categories"]))
        return pd.Series(pd.Categorical.from_codes(values, categories=categories, ordered=saved["ordered"]))
    if name == "string":
        # before 2.3 pandas knew no other missing value than NA, and no argument for it
        other = {"na_value": np.nan} if saved["na"] == "nan" else {}
        return pd.Series(values, dtype=pd.StringDtype(saved["storage"], **other))
    if name == "arrow":
        array = _read_arrow(saved["column"])
        return pd.Series(pd.arrays.ArrowExtensionArray(array))
    dtype = pd.api.types.pandas_dtype(name)
    if dtype.kind in "mM":
        ticks = np.array(values, dtype=np.int64)
        if isinstance(dtype, np.dtype):
            return pd.Series(ticks.view(dtype))
        naive = pd.Series(ticks.view(f"datetime64[{dtype.unit}]"))
        return naive.dt.tz_localize("UTC").dt.tz_convert(dtype.tz)
    return pd.Series([unpack(value) for value in values], dtype=dtype)


def _write_polars(series: Any) -> dict[str, Any]:
    dtype = series.dtype
    options = {
        name: getattr(dtype, name) for name in ("time_unit", "time_zone", "precision", "scale") if hasattr(dtype, name)
    }
    if dtype.base_type().__name__ == "Enum":
        options["categories"] = dtype.categories.to_list()
    if dtype.is_temporal():
        values = series.to_physical().to_list()
    elif dtype.is_decimal():
        values = [None if value is None else str(value) for value in series.to_list()]
    else:
        values = series.to_list()
    return {"dtype": dtype.base_type().__name__, "options": options, "values": _packed(values)}


def _read_polars(saved: dict[str, Any]) -> Any:
    pl = require("polars", "all")
    base = getattr(pl, saved["dtype"], None)
    if not isinstance(base, type) or not issubclass(base, pl.DataType):  # nothing else of polars may be called
        raise InputError(f"expected the name of a dtype of polars, got {saved['dtype']!r}")
    dtype = base(**saved["options"]) if saved["options"] else base
    values = [unpack(value) for value in saved["values"]]
    if base in (pl.Datetime, pl.Date, pl.Duration, pl.Time):
        physical = pl.Int32 if base is pl.Date else pl.Int64
        return pl.Series(values, dtype=physical).cast(dtype)
    if base is pl.Decimal:
        return pl.Series(values, dtype=pl.String).cast(dtype)
    return pl.Series(values, dtype=dtype)


def _write_arrow(array: Any) -> dict[str, Any]:
    pa = require("pyarrow", "cli")
    array = array.combine_chunks() if isinstance(array, pa.ChunkedArray) else array
    type_ = array.type
    if pa.types.is_dictionary(type_):
        plain = _write_arrow(array.cast(type_.value_type))
        return {
            "dtype": "dictionary",
            "index": str(type_.index_type),
            "ordered": type_.ordered,
            "values": plain,
            "categories": _write_arrow(array.dictionary),
        }
    if pa.types.is_temporal(type_):
        ticks = array.cast(pa.int32() if type_.bit_width == 32 else pa.int64()).to_pylist()
        zone = getattr(type_, "tz", None)
        return {
            "dtype": str(type_).split(", tz=")[0].rstrip("]") + ("]" if "[" in str(type_) else ""),
            "tz": zone,
            "unit": getattr(type_, "unit", None),
            "values": ticks,
        }
    if pa.types.is_decimal(type_):
        values = [None if value is None else str(value) for value in array.to_pylist()]
        return {"dtype": "decimal", "precision": type_.precision, "scale": type_.scale, "values": values}
    return {"dtype": str(type_), "values": _packed(array.to_pylist())}


def _read_arrow(saved: dict[str, Any]) -> Any:
    pa = require("pyarrow", "cli")
    name = saved["dtype"]
    if name == "dictionary":
        plain, categories = _read_arrow(saved["values"]), _read_arrow(saved["categories"])
        at = {value: i for i, value in enumerate(categories.to_pylist())}
        index = pa.array(
            [None if v is None else at[v] for v in plain.to_pylist()], type=pa.type_for_alias(saved["index"])
        )
        return pa.DictionaryArray.from_arrays(index, categories, ordered=saved["ordered"])
    values = saved["values"]
    if "tz" in saved:
        type_ = (
            pa.timestamp(saved["unit"], saved["tz"])
            if saved["tz"]
            else pa.type_for_alias(name.replace("[day]", "").replace("date32[ms]", "date32"))
        )
        ticks = pa.array(values, type=pa.int32() if type_.bit_width == 32 else pa.int64())
        return ticks.cast(type_)
    if name == "decimal":
        return pa.array(values, type=pa.string()).cast(pa.decimal128(saved["precision"], saved["scale"]))
    return pa.array([unpack(value) for value in values], type=pa.type_for_alias(name), from_pandas=False)


WRITERS = {"numpy": _write_numpy, "pandas": _write_pandas, "polars": _write_polars, "pyarrow": _write_arrow}
READERS = {"numpy": _read_numpy, "pandas": _read_pandas, "polars": _read_polars, "pyarrow": _read_arrow}
