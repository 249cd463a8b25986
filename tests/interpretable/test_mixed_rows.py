"""What is typical of a column, what is missing, and rows made of chosen values in the types of the background."""

from __future__ import annotations

import datetime
from typing import Any

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.interpretable.mixed_rows import is_missing, open_table, shown, typical_of, values_of


@pytest.mark.parametrize(
    ("values", "typical"),
    [
        ([5, 1, 3], 3),
        ([1, 2, 3, 4], 2),  # of two in the middle the lower: a value that occurs
        ([1.5, None, float("nan"), 2.5, 9.0], 2.5),
        (["x", "y", "x"], "x"),
        (["b", "a"], "a"),  # of two equally frequent the same one, whatever came first
        (["a", "b"], "a"),
        ([True, True, False], True),
        ([None, None], None),
        ([datetime.date(2026, 1, 3), datetime.date(2026, 1, 1), datetime.date(2026, 1, 2)], datetime.date(2026, 1, 2)),
    ],
)
def test_what_is_typical(values: list[Any], typical: Any) -> None:
    assert typical_of(values) == typical


def test_what_is_missing_and_how_values_read() -> None:
    assert [is_missing(each) for each in (None, np.nan, pd.NaT, pd.NA, 0, "", False)] == [True] * 4 + [False] * 3
    assert [shown(each) for each in (2.0, 1234567.0, 0.00012345, np.nan, pd.Timestamp("2026-01-02"))] == [
        "2", "1234567", "0.0001234", "missing", "2026-01-02",
    ]  # fmt: skip


def test_rows_keep_the_types_of_the_background() -> None:
    frame = pd.DataFrame(
        {
            "n": np.array([1, 2, 3], dtype="int8"),
            "m": pd.array([1, None, 3], dtype="Int64"),
            "c": pd.Categorical(["u", "v", "u"], categories=["v", "u"], ordered=True),
            "s": pd.Series(["one two three", "b", "c"], dtype="string"),
            "z": pd.to_datetime(["2026-01-01", "2026-01-02", "2026-01-03"]).tz_localize("Europe/Oslo"),
        }
    )
    rows = open_table(frame, ("s",), (), {}).rows_of(frame.iloc[2])
    keep = {"n": np.array([True, False]), "c": np.array([True, True]), "z": np.array([False, True])}
    made = rows.make(2, keep, {"s": ["x", "y"]})
    assert made.dtypes.equals(frame.dtypes)
    assert made["n"].tolist() == [3, 2]
    assert made["m"].tolist() == [3, 3]
    assert made["s"].tolist() == ["x", "y"]
    assert made["z"].tolist() == [frame["z"].iloc[1], frame["z"].iloc[2]]
    assert rows.original.equals(frame.iloc[[2]].reset_index(drop=True))


def test_a_dict_keeps_what_it_holds() -> None:
    background = [{"t": "a", "n": 1}, {"t": "b", "n": 2}, {"t": "c", "n": 5}]
    rows = open_table(background, ("t",), (), {}).rows_of({"t": "a b", "n": 7})
    assert rows.make(2, {"n": np.array([False, True])}, {"t": ["", "b"]}) == [{"t": "", "n": 2}, {"t": "b", "n": 7}]
    assert rows.original == [{"t": "a b", "n": 7}]


def test_rows_of_a_frame_and_values_of_a_row() -> None:
    frame = pd.DataFrame({"t": ["a", "b"], "n": [1, 2]})
    table = open_table(frame, ("t",), (), {})
    assert [values_of(row) for row in table.rows_in(frame)] == [{"t": "a", "n": 1}, {"t": "b", "n": 2}]
    with pytest.raises(ll.InputError, match="call explain"):
        table.rows_in({"t": "a"})
    with pytest.raises(ll.InputError, match="expected one row, got 2"):
        values_of(frame)
