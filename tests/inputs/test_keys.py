"""Rows have the same key only if they are the same in value, type and column; a row's key depends on no other row."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse
from hypothesis import given
from hypothesis import strategies as st

from limelight.errors import InputError
from limelight.inputs.keys import row_keys
from limelight.inputs.kinds import take

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "n": RNG.normal(size=6),
        "i": np.arange(6),
        "s": list("abcabc"),
        "c": pd.Categorical(list("xyxyxy")),
        "t": pd.date_range("2020", periods=6, tz="Europe/Berlin"),
        "g": [None, 1.0, np.nan, "a", True, 1],
    }
)
KINDS: dict[str, Any] = {
    "floats": RNG.normal(size=(6, 3)),
    "images": RNG.integers(0, 255, (6, 4, 4, 3)).astype(np.uint8),
    "one dimension": np.arange(6.0),
    "strings": np.array(["a", "bb", "ccc", "d", "e", "ffffff"]),
    "texts": ["a", "", "ä", "\ud800", "e\n", "f"],
    "arrays": [np.zeros(n) for n in range(6)],
    "messages": [[{"role": "user", "content": str(n)}] for n in range(6)],
    "pandas": FRAME,
    "polars": pl.DataFrame({"n": [1.0, None, 2.0, 3.0, 4.0, 5.0], "s": list("abcdef")}),
    "series": FRAME["n"],
    "sparse": scipy.sparse.random(6, 40, 0.3, format="csr", random_state=0),
    "dict": {"ids": np.arange(12).reshape(6, 2), "text": list("abcdef")},
}


@pytest.mark.parametrize("kind", KINDS)
def test_a_row_has_one_key_whatever_rows_stand_beside_it(kind: str) -> None:
    inputs = KINDS[kind]
    keys = row_keys(inputs, b"model")
    assert len(set(keys)) == 6
    assert {len(key) for key in keys} == {16}
    assert [row_keys(take(inputs, slice(row, row + 1)), b"model")[0] for row in range(6)] == keys
    assert row_keys(take(inputs, np.array([4, 1])), b"model") == [keys[4], keys[1]]
    assert not set(keys) & set(row_keys(inputs, b"another model"))


@given(st.lists(st.lists(st.text(max_size=3), max_size=3), min_size=2, max_size=8, unique_by=tuple))
def test_what_is_cut_in_another_place_has_another_key(rows: list[list[str]]) -> None:
    assert len(set(row_keys(rows, b""))) == len(rows)


def test_values_of_other_types_are_other_values() -> None:
    alike: list[Any] = [
        1, 1.0, True, "1", b"1", np.int64(1), np.float32(1), Decimal(1), None, [1], {"1": 1}, {1: "1"},
        datetime.date(1, 1, 1), np.array([1]), np.array([1.0]), np.array([[1]]),
    ]  # fmt: skip
    assert len(set(row_keys(alike, b""))) == len(alike)


def test_names_types_and_categories_of_columns_count() -> None:
    frame = FRAME[["n", "c"]]
    others = [
        frame.rename(columns={"n": "m"}),
        frame[["c", "n"]],
        frame.astype({"n": "float32"}),
        frame.assign(c=pd.Categorical(list("xyxyxy"), categories=["y", "x"])),
        frame.assign(c=list("xyxyxy")),
    ]
    keys = set(row_keys(frame, b""))
    for other in others:
        assert not keys & set(row_keys(other, b""))


def test_the_last_bit_the_sign_of_zero_and_gaps_count() -> None:
    values = np.array([[0.1], [np.nextafter(0.1, 1)], [0.0], [-0.0], [np.nan], [np.inf]])
    assert len(set(row_keys(values, b""))) == 6
    gap = pd.DataFrame({"a": pd.array([1, None], dtype="Int64")})
    assert len(set(row_keys(gap, b""))) == 2


def test_a_sparse_row_is_what_it_holds_however_it_is_stored() -> None:
    dense = np.array([[0.0, 2.0, 0.0], [1.0, 0.0, 0.0]])
    stored = scipy.sparse.csr_matrix(dense)
    zeros = scipy.sparse.csr_matrix((np.array([2.0, 0.0, 1.0]), np.array([1, 0, 0]), np.array([0, 2, 3])), shape=(2, 3))
    assert row_keys(stored, b"") == row_keys(zeros, b"") == row_keys(stored.tocoo(), b"")


def test_what_cannot_be_told_apart_is_refused() -> None:
    with pytest.raises(InputError, match="values that a cache can tell apart .* got object"):
        row_keys([object()], b"")
