"""One row in every form that people hand over, and the rows of many."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix

import limelight as ll
from limelight.interpretable.tabular.rows import CHUNK, Row, Rows, is_table, iterate_rows, row_values, rows_of

LABELS = ("a", "b")


@pytest.mark.parametrize(
    "row",
    [
        [1, 2],
        (1, 2),
        {"b": 2, "a": 1},
        np.array([1, 2]),
        np.array([[1, 2]]),
        np.matrix([[1, 2]]),
        Row((1, 2)),
        pd.Series({"b": 2, "a": 1}),
        pd.Series([1, 2]),
        pd.DataFrame({"b": [2], "a": [1]}),
        pl.DataFrame({"b": [2], "a": [1]}),
        pa.table({"b": [2], "a": [1]}),
    ],
    ids=lambda row: type(row).__module__.split(".")[0] + "." + type(row).__name__,
)
def test_a_row_has_the_same_values_in_every_form(row: Any) -> None:
    assert list(row_values(row, LABELS)) == [1, 2]


def test_numbers_that_name_columns_are_names_and_no_positions() -> None:
    turned = pd.Series([10, 20], index=[1, 0])
    assert list(row_values(turned, (0, 1))) == [20, 10]


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ([1], "expected 2 values, one per column, got 1"),
        (np.zeros((2, 2)), r"shape \(2, 2\)"),
        (np.zeros(3), "got 3"),
        ({"a": 1}, r"none of \['b'\]; pass None for a missing value"),
        ({"a": 1, "c": 2, "b": 3}, "unknown name 'c'"),
        (pd.DataFrame({"a": [1, 2], "b": [1, 2]}), "pass one row, or use explain_many"),
        (3.5, "got float"),
        ("ab", "got str"),
    ],
)
def test_what_is_no_row_is_refused_with_what_to_pass(row: Any, said: str) -> None:
    with pytest.raises(ll.InputError, match=said):
        row_values(row, LABELS)


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table], ids=["pandas", "polars", "pyarrow"])
def test_rows_of_a_frame_come_in_order_beyond_a_chunk_and_by_name(make: Any) -> None:
    n = CHUNK + 3
    frame = make({"b": np.arange(n) + 0.5, "a": np.arange(n)})
    rows = Rows(frame, LABELS)
    assert len(rows) == n
    assert [row.values for row in rows] == [(i, i + 0.5) for i in range(n)]
    assert type(next(iter(rows)).values[0]) is int


def test_rows_of_a_pandas_frame_know_what_they_are_called() -> None:
    frame = pd.DataFrame({"a": [1, 2], "b": [3, 4]}, index=["x", "y"])
    assert [row.label for row in iterate_rows(frame, LABELS)] == ["x", "y"]


def test_a_sparse_matrix_yields_sparse_rows() -> None:
    found = list(iterate_rows(csr_matrix(np.eye(3)), ("a", "b", "c")))
    assert [row.shape for row in found] == [(1, 3)] * 3
    assert [row.toarray()[0].tolist() for row in found] == np.eye(3).tolist()


def test_tables_in_a_stream_are_taken_apart_and_rows_between_them_are_not() -> None:
    stream = [np.array([[1, 2], [3, 4]]), {"a": 5, "b": 6}, pd.DataFrame({"a": [7], "b": [8]})]
    found = [tuple(row_values(row, LABELS)) for row in rows_of(iter(stream), LABELS)]
    assert found == [(1, 2), (3, 4), (5, 6), (7, 8)]


@pytest.mark.parametrize("many", ["abc", {"a": 1, "b": 2}, 7])
def test_one_thing_is_not_taken_for_many(many: Any) -> None:
    with pytest.raises(ll.InputError, match=r"an iterable of rows.*\[row\] for one row"):
        rows_of(many, LABELS)
    assert not is_table(many)
