"""Tables are built in the background's own types, and a value that a type does not hold is refused or given room."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

import limelight as ll
from limelight.interpretable.tabular.store import Store, store_beside, take_support

PICK = np.array([1, 0, 1])


def pandas_store(*supports: Any) -> Store:
    return Store("pandas", tuple("abc"[: len(supports)]), tuple(map(pd.Series, supports)))


def test_every_pandas_dtype_survives_being_picked() -> None:
    supports = [
        pd.Series(["x", "y"], dtype="category"),
        pd.Series([1, None], dtype="Int8"),
        pd.to_datetime(pd.Series(["2024-01-01", "2024-01-02"])).dt.tz_localize("Asia/Tokyo"),
    ]
    table = Store("pandas", ("a", "b", "c"), tuple(supports)).gather([PICK] * 3, {})
    assert list(table.dtypes) == [support.dtype for support in supports]
    assert table["a"].tolist() == ["y", "x", "y"]
    assert table["b"].isna().tolist() == [True, False, True]
    assert list(table.index) == [0, 1, 2]


@pytest.mark.parametrize(
    ("library", "supports"),
    [
        ("polars", (pl.Series([1, 2], dtype=pl.Int16), pl.Series(["x", None]))),
        ("pyarrow", (pa.array([1, 2], pa.int16()), pa.array(["x", None]))),
    ],
)
def test_other_libraries_keep_theirs_and_take_numbers_that_were_drawn(library: str, supports: Any) -> None:
    store = Store(library, ("a", "b"), supports)
    table = store.gather([None, PICK], {0: np.array([3.0, np.nan, 4.0])})
    columns = table.to_pydict() if library == "pyarrow" else table.to_dict(as_series=False)
    assert columns == {"a": [3, None, 4], "b": [None, "x", None]}
    kind = table.schema.field("a").type if library == "pyarrow" else table.schema["a"]
    assert kind in (pa.int16(), pl.Int16)


def test_objects_that_are_integers_are_drawn_as_integers() -> None:
    store = Store("numpy", ("a", "b"), (np.array([1, 2], dtype=object), np.array(["x", "y"], dtype=object)))
    table = store.gather([None, PICK], {0: np.array([3.0, np.nan, 4.0])})
    assert [type(value) for value in table[:, 0]] == [int, float, int]


@pytest.mark.parametrize(
    ("supports", "held", "want"),
    [
        ((np.array(["ab", "c"]),), "longer than that", "<U16"),
        ((np.array([1, 2], dtype=np.int8),), None, "float64"),
        ((np.array([1, 2], dtype=np.int8),), 7, "int8"),
        ((np.array([1.0, 2.0]),), None, "float64"),
    ],
)
def test_an_array_is_given_room_for_a_value_that_is_held(supports: Any, held: Any, want: str) -> None:
    table = Store("numpy", ("a",), supports).gather([PICK], {}, {0: held})
    assert table.dtype == np.dtype(want)
    assert len(set(map(str, table[:, 0].tolist()))) == 1
    assert held is None or table[0, 0] == held


def test_an_integer_that_is_too_large_names_its_column() -> None:
    store = Store("numpy", ("a",), (np.array([1, 2], dtype=np.int8),))
    with pytest.raises(ll.InputError, match="column 'a': expected a value that int8 can hold"):
        store.gather([PICK], {}, {0: 300})
    with pytest.raises(ll.InputError, match="column 'a': expected a value that UInt8 can hold"):
        Store("polars", ("a",), (pl.Series([1, 2], dtype=pl.UInt8),)).gather([PICK], {}, {0: -1})


def test_a_category_that_the_background_never_shows_is_handed_on() -> None:
    rows = pandas_store(pd.Categorical(["x", "y"])).rows([("z",), ("x",)])
    assert rows["a"].tolist() == ["z", "x"]
    assert list(rows["a"].cat.categories) == ["x", "y", "z"]
    arrow = Store("pyarrow", ("a",), (pa.array(["x", "y"]).dictionary_encode(),)).rows([("z",), (None,)])
    assert arrow.to_pydict() == {"a": ["z", None]}
    assert pa.types.is_dictionary(arrow.schema.field("a").type)


def test_a_missing_value_makes_room_for_itself() -> None:
    rows = pandas_store([1, 2], [True, False]).rows([(None, None), (3, True)])
    assert str(rows["a"].dtype) == "float64"
    assert rows["b"].tolist() == [None, True]


def test_a_row_s_own_values_stand_first_beside_the_drawn_ones() -> None:
    store = pandas_store(pd.Categorical(["x", "y"]), [1, 2])
    beside = store_beside(store.rows([("z", None)]), store.gather([PICK, PICK], {}), store)
    table = beside.gather([np.array([0, 1]), np.array([0, 2])], {})
    assert table["a"].tolist() == ["z", "y"]
    assert np.isnan(table["b"].iloc[0])
    assert table["b"].iloc[1] == 1


def test_numbers_are_ticks_for_dates_and_none_for_words() -> None:
    store = pandas_store(pd.to_datetime(["1970-01-01 00:00:01", None]), ["x", "y"], [1.5, None])
    found = store.numbers(0)
    assert found is not None
    assert np.isnan(found[1])
    assert found[0] > 0
    assert store.numbers(1) is None
    assert np.array_equal(store.numbers(2), [1.5, np.nan], equal_nan=True)
    assert Store("polars", ("a",), (pl.Series(["x"]),)).numbers(0) is None


def test_fingerprints_tell_dtypes_and_values_apart_and_nothing_else() -> None:
    prints = [
        pandas_store([1, 2]).fingerprint(),
        pandas_store([1.0, 2.0]).fingerprint(),
        pandas_store([1, 3]).fingerprint(),
        pandas_store(["1", "2"]).fingerprint(),
    ]
    assert len(set(prints)) == 4
    assert pandas_store([1, 2]).fingerprint() == prints[0]


def test_objects_have_the_fingerprint_of_what_they_are_and_not_of_where_they_lie() -> None:
    first, second = (Store("numpy", ("a",), (np.array([object(), (1,)], dtype=object),)) for _ in range(2))
    assert first.fingerprint() == second.fingerprint()


def test_a_support_of_pandas_has_a_plain_index() -> None:
    taken = take_support(pd.Series([1, 2, 3], index=["x", "y", "z"]), np.array([2, 0]), "pandas")
    assert taken.index.tolist() == [0, 1]
    assert taken.tolist() == [3, 1]
