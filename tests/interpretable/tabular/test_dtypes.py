"""Columns of every library through JSON and back: the same values, the same dtype, every kind of missing."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import limelight as ll
from limelight.interpretable.tabular.dtypes import column_from_json, column_to_json, pack, unpack

DAY = datetime.date(2024, 2, 29)
TIME = datetime.datetime(2024, 2, 29, 12, 30, 1, 250)


def through(native: Any, library: str) -> Any:
    text = json.dumps(column_to_json(native, library), allow_nan=False)  # what strict readers take
    return column_from_json(json.loads(text), library)


@pytest.mark.parametrize(
    "array",
    [
        np.array([1.5, np.nan, -0.0]),
        np.array([0.1], dtype=np.float32),
        np.array([2**63 - 1, -(2**63)]),
        np.array([2**64 - 1], dtype=np.uint64),
        np.array([True, False]),
        np.array(["a", "longer"]),
        np.array([TIME, "NaT"], dtype="datetime64[us]"),
        np.array([3, "NaT"], dtype="timedelta64[s]"),
        np.array([None, "a", 3, 0.5, True, np.nan], dtype=object),
    ],
    ids=lambda array: str(array.dtype),
)
def test_arrays(array: np.ndarray) -> None:
    back = through(array, "numpy")
    assert back.dtype == array.dtype
    assert list(map(repr, back.tolist())) == list(map(repr, array.tolist()))


@pytest.mark.parametrize(
    "series",
    [
        pd.Series([1.5, None]),
        pd.Series([1, None], dtype="Int8"),
        pd.Series([0.5, None], dtype="Float32"),
        pd.Series([True, None], dtype="boolean"),
        pd.Series(["a", None]),
        pd.Series(["a", None], dtype="string"),
        pd.Series(["b", "a", None], dtype=pd.CategoricalDtype(["b", "a", "c"], ordered=True)),
        pd.Series([3, 1], dtype=pd.CategoricalDtype([1, 3])),
        pd.Series([TIME, None]),
        pd.Series([TIME]).dt.tz_localize("Asia/Kathmandu"),
        pd.Series([TIME]).dt.as_unit("s"),
        pd.Series([datetime.timedelta(days=-1, seconds=3), None]),
        pd.Series([1, 2], dtype=pd.ArrowDtype(pa.int16())),
        pd.Series([Decimal("1.10"), None], dtype=pd.ArrowDtype(pa.decimal128(8, 2))),
        pd.Series([DAY, None], dtype=pd.ArrowDtype(pa.date32())),
        pd.Series([None, "a", 3, np.nan, pd.NA], dtype=object),
    ],
    ids=lambda series: str(series.dtype),
)
def test_pandas(series: pd.Series) -> None:
    back = through(series, "pandas")
    assert back.dtype == series.dtype
    assert list(map(repr, back.tolist())) == list(map(repr, series.tolist()))


@pytest.mark.parametrize(
    "series",
    [
        pl.Series([1, None], dtype=pl.Int8),
        pl.Series([2**64 - 1], dtype=pl.UInt64),
        pl.Series([0.5, float("nan"), None]),
        pl.Series(["a", None]),
        pl.Series([True, None]),
        pl.Series([DAY, None]),
        pl.Series([TIME, None], dtype=pl.Datetime("ns", "Europe/Paris")),
        pl.Series([datetime.timedelta(milliseconds=-5)], dtype=pl.Duration("ms")),
        pl.Series([datetime.time(3, 4, 5)]),
        pl.Series(["b", "a"], dtype=pl.Enum(["a", "b", "c"])),
        pl.Series(["b", "a", None], dtype=pl.Categorical),
        pl.Series([Decimal("1.10"), None], dtype=pl.Decimal(8, 2)),
    ],
    ids=lambda series: str(series.dtype),
)
def test_polars(series: pl.Series) -> None:
    back = through(series, "polars")
    assert back.dtype == series.dtype
    assert list(map(repr, back.to_list())) == list(map(repr, series.to_list()))


@pytest.mark.parametrize(
    "array",
    [
        pa.array([1, None], pa.uint8()),
        pa.array([0.5, float("nan"), None]),
        pa.array(["a", None], pa.large_string()),
        pa.array([True, None]),
        pa.array([DAY, None], pa.date32()),
        pa.array([TIME, None], pa.timestamp("us", "Asia/Tokyo")),
        pa.array([TIME], pa.timestamp("ms")),
        pa.array([datetime.timedelta(seconds=3)], pa.duration("s")),
        pa.array([datetime.time(1, 2, 3)], pa.time32("s")),
        pa.array([Decimal("1.10"), None], pa.decimal128(8, 2)),
        pa.array(["b", "a", None, "b"]).dictionary_encode(),
        pa.chunked_array([["a"], ["b", None]]),
    ],
    ids=lambda array: str(array.type).split("<")[0],
)
def test_pyarrow(array: Any) -> None:
    back = through(array, "pyarrow")
    assert back.type == array.type
    assert list(map(repr, back.to_pylist())) == list(map(repr, array.to_pylist()))


def test_what_json_does_not_know_says_so() -> None:
    with pytest.raises(ll.InputError, match="expected strings, numbers and booleans, got 1j"):
        pack(1j)
    assert [unpack(pack(value)) for value in (3, "a", None, True)] == [3, "a", None, True]
    assert unpack(pack(pd.NaT)) is pd.NA


def test_a_file_cannot_name_anything_of_polars_but_a_dtype() -> None:
    with pytest.raises(ll.InputError, match="the name of a dtype of polars, got 'read_csv'"):
        column_from_json({"dtype": "read_csv", "options": {}, "values": []}, "polars")
