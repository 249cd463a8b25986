"""Rows of every kind as JSON has them, with what is missing missing and dates as texts."""

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
from scipy.sparse import csr_matrix

import limelight as ll
from limelight.remote.rows import columns_of, is_frame, plain, rows_of, split_of

DAY = datetime.date(2024, 2, 29)
COLUMNS = {"n": [1.5, None], "k": ["a", None], "d": [DAY, None], "b": [True, False]}
WANT = [{"n": 1.5, "k": "a", "d": "2024-02-29", "b": True}, {"n": None, "k": None, "d": None, "b": False}]
FRAMES = [pd.DataFrame(COLUMNS), pl.DataFrame(COLUMNS), pa.table(COLUMNS)]


@pytest.mark.parametrize("frame", FRAMES, ids=["pandas", "polars", "pyarrow"])
def test_rows_of_every_library_are_the_same_json(frame: Any) -> None:
    found = rows_of(frame)
    assert json.loads(json.dumps(found, allow_nan=False)) == WANT
    assert split_of(frame) == {"columns": list(COLUMNS), "data": [list(row.values()) for row in WANT]}
    assert is_frame(frame)


def test_numbers_stay_arrays_for_protocols_that_send_bytes() -> None:
    found = columns_of(pd.DataFrame({"n": np.arange(2, dtype=np.float32), "k": ["a", "b"]}))
    assert found["n"].dtype == np.float32
    assert found["k"] == ["a", "b"]


@pytest.mark.parametrize(
    ("inputs", "want"),
    [
        (np.array([[1, 2]]), [[1, 2]]),
        (csr_matrix([[0, 2.0]]), [[0.0, 2.0]]),
        (["a", "b"], ["a", "b"]),
        ([np.array([1, 2])], [[1, 2]]),
        ({"ids": np.array([[1, 2]]), "text": ["a"]}, [{"ids": [1, 2], "text": "a"}]),
    ],
)
def test_what_is_no_frame(inputs: Any, want: list[Any]) -> None:
    assert rows_of(inputs) == want
    assert not is_frame(inputs)


@pytest.mark.parametrize(
    ("value", "want"),
    [
        (np.float32(0.5), 0.5),
        (np.bool_(True), True),
        (np.datetime64("NaT", "s"), None),
        (pd.NaT, None),
        (pd.NA, None),
        (np.nan, None),
        (pd.Timestamp("2024-01-01", tz="UTC"), "2024-01-01T00:00:00+00:00"),
        (2**63 + 1, 2**63 + 1),
    ],
)
def test_a_cell(value: Any, want: Any) -> None:
    assert plain(value) == want
    json.dumps(plain(value), allow_nan=False)


def test_decimals_are_left_to_whoever_writes_them() -> None:
    assert plain(Decimal("1.10")) == Decimal("1.10")


def test_what_is_nothing_of_the_kind_is_named() -> None:
    with pytest.raises(ll.InputError, match="got int"):
        rows_of(3)
