"""What is typical of a column, what is missing, and which values a type would change."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.interpretable.mixed_columns import column_of, filled, frame_like, is_missing, same, shown, typical_of
from limelight.interpretable.mixed_rows import open_table


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


def test_odd_values_are_missing_shown_and_the_same() -> None:
    assert [is_missing(each) for each in (np.datetime64("NaT", "s"), Decimal("NaN"), Decimal(1))] == [True, True, False]
    assert shown(np.inf) == "inf"
    assert same(np.ones(2), np.ones(2)) and not same(np.ones(2), np.zeros(2))
    assert typical_of([Decimal("NaN"), Decimal(3), Decimal(1), Decimal(2)]) == 2


@pytest.mark.parametrize("value", [np.zeros(2), {"a": 1}])
def test_values_that_can_neither_be_ordered_nor_counted_are_a_part_or_fixed(value: Any) -> None:
    background = [{"t": "a", "x": value}, {"t": "b", "x": value}]
    with pytest.raises(ll.InputError, match=r"'x'.*fixed=\['x'\]"):
        open_table(background, ("t",), (), {})
    assert open_table(background, ("t",), ("x",), {}).weighed == ()


def frame_of(library: str) -> Any:
    columns = {
        "flag": [True, False, True],
        "n": [1, 2, 3],
        "day": [datetime.datetime(2026, 1, day) for day in (1, 2, 3)],
        "x": [0.1, 2.0, 3.0],
    }
    if library == "pandas":
        return pd.DataFrame(columns)
    return (
        pytest.importorskip(library).table(columns)
        if library == "pyarrow"
        else pytest.importorskip(library).DataFrame(columns)
    )


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow"])
@pytest.mark.parametrize(
    ("name", "value"),
    [("flag", 2), ("flag", "no"), ("n", 2.7), ("n", 10**30), ("n", "3"), ("day", 58), ("day", 2.7), ("x", np.inf)],
)
def test_a_value_that_its_type_would_change_is_refused(library: str, name: str, value: Any) -> None:
    with pytest.raises(ll.InputError, match=f"row: expected a (value of type .*|finite number) in '{name}'"):
        column_of(frame_of(library), name, value, "row")
    assert column_of(frame_of(library), "x", 2, "row")[1] == 2.0


def test_a_missing_value_is_not_true() -> None:
    for nothing in (None, np.nan, pd.NA):
        with pytest.raises(ll.InputError, match="type bool in 'flag'"):
            column_of(frame_of("pandas"), "flag", nothing, "row")


@pytest.mark.parametrize(("name", "value"), [("flag", None), ("flag", "no"), ("n", 2.5), ("kind", "XX")])
def test_a_typical_value_that_its_column_cannot_hold_is_refused_at_once(name: str, value: Any) -> None:
    frame = frame_of("pandas").assign(kind=pd.Categorical(["u", "v", "u"]), t="a")
    with pytest.raises(ll.InputError, match=f"typical: expected a value of type .* in '{name}'"):
        ll.Composite(frame, {"t": ll.Text()}, typical={name: value})


def test_nothing_but_nothing_fits_a_column_of_nothing() -> None:
    frame = pytest.importorskip("pyarrow").table({"x": [None, None]})
    assert column_of(frame, "x", None, "row")[1] is None
    with pytest.raises(ll.InputError, match="type nothing"):
        column_of(frame, "x", "u", "row")


def test_columns_of_polars_stay_in_polars(monkeypatch: pytest.MonkeyPatch) -> None:
    pl = pytest.importorskip("polars")
    frame = pl.DataFrame({"day": [datetime.datetime(2026, 1, 1), None], "n": [1, 2], "kind": ["a", "b"]}).with_columns(
        pl.col("day").cast(pl.Datetime("ns")), pl.col("kind").cast(pl.Categorical)
    )

    def export(*_: Any) -> Any:
        raise AssertionError("a column went through Arrow, where releases of polars panic at dates")

    monkeypatch.setattr(pl.Series, "__arrow_c_stream__", export)
    made = frame_like(frame, {name: frame[name] for name in frame.columns})
    assert made.equals(frame) and made.schema == frame.schema


@pytest.mark.parametrize("codes", ["int8", "uint32", "int64"])
def test_a_dictionary_of_pyarrow_keeps_its_codes(codes: str) -> None:
    pa = pytest.importorskip("pyarrow")
    kind = pa.dictionary(getattr(pa, codes)(), pa.string())
    frame = pa.table({"medium": pa.chunked_array([pa.array(["book", "film"]).cast(kind)])})
    column, held = column_of(frame, "medium", "film", "instance")
    assert (column.type, column.to_pylist(), held) == (kind, ["film"], "film")
    missing, held = column_of(frame, "medium", None, "instance")
    assert (missing.type, held) == (kind, None)
    assert filled(column, ["a", "b"]).to_pylist() == ["a", "b"] and filled(column, ["a"]).type == kind
