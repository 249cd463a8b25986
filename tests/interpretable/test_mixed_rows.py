"""Rows made of chosen values in the types of the background."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.interpretable.mixed_rows import open_table, values_of


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


def test_what_holds_no_row_or_a_name_twice_is_refused() -> None:
    with pytest.raises(ll.InputError, match="at least one row"):
        open_table(pd.DataFrame({"t": ["a"]}).iloc[:0], ("t",), (), {})
    with pytest.raises(ll.InputError, match="'n' twice"):
        values_of(pd.Series([1, 2], index=["n", "n"]))


def test_rows_differ_where_names_read_alike() -> None:
    table = open_table(pd.DataFrame({"t": ["a"], 1: [3], "1": [4]}), ("t",), (), {})
    first, second = (table.rows_of({"t": "a", 1: one, "1": 4}) for one in (1, 2))
    assert first.content != second.content


@pytest.mark.parametrize("against", ["typical", "background"])
@pytest.mark.parametrize("made", [dict, pd.Series, lambda row: pd.DataFrame([row])])
def test_a_column_that_the_background_lacks_is_refused_and_not_dropped(against: Any, made: Any) -> None:
    frame = pd.DataFrame({"review": ["a b", "c d"] * 5, "stars": np.arange(10.0)})
    composite = ll.Composite(frame, {"review": ll.Text()}, against=against)
    composite.represent(made({"review": "a b", "stars": 1.0}), np.random.default_rng(0))
    with pytest.raises(ll.UnknownNameError, match="unknown name 'starts'; did you mean 'stars'"):
        composite.represent(made({"review": "a b", "stars": 1.0, "starts": 5.0}), np.random.default_rng(0))


def test_an_infinite_value_is_called_by_its_name() -> None:
    frame = pd.DataFrame({"review": ["a b", "c d"] * 5, "stars": np.arange(10.0)})
    with pytest.raises(ll.InputError, match="expected a finite number in 'stars', got inf"):
        ll.Composite(frame, {"review": ll.Text()}).represent(
            {"review": "a b", "stars": float("inf")}, np.random.default_rng(0)
        )
