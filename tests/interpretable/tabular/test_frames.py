"""Frames: every library and dtype survives a round trip through draws, rows and files."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.tabular import Tabular
from limelight.interpretable.tabular.frames import library_of, read_table
from limelight.interpretable.tabular.rows import row_values

N = 40
RNG = np.random.default_rng(0)


def with_missing(values: Any, at: tuple[int, ...] = (3, 7)) -> list[Any]:
    """Return a list with None at some places."""
    listed = list(values)
    for i in at:
        listed[i] = None
    return listed


NUMBERS = RNG.normal(size=N).round(3).tolist()
WHOLE = RNG.integers(0, 90, N).tolist()
WORDS = [str(word) for word in RNG.choice(["lo", "mid", "hi"], N)]
TRUTH = [bool(b) for b in RNG.random(N) < 0.5]
DAYS = [dt.date(2020, 1, 1) + dt.timedelta(days=i) for i in range(N)]
TIMES = [dt.datetime(2020, 1, 1) + dt.timedelta(hours=i) for i in range(N)]
PLAIN: dict[str, list[Any]] = {
    "float": NUMBERS,
    "float missing": with_missing(NUMBERS),
    "int": WHOLE,
    "int missing": with_missing(WHOLE),
    "bool": TRUTH,
    "bool missing": with_missing(TRUTH),
    "string": WORDS,
    "string missing": with_missing(WORDS),
    "date": DAYS,
    "time": with_missing(TIMES),
    "duration": [dt.timedelta(minutes=3 * i) for i in range(N)],
}


def pandas_columns() -> dict[str, Any]:
    return {
        "float64": NUMBERS,
        "NaN": pd.Series(with_missing(NUMBERS), dtype=float),
        "float32": np.array(NUMBERS, dtype="float32"),
        "int64": WHOLE,
        "uint8": np.array(WHOLE, dtype="uint8"),
        "0/1": np.array(TRUTH, dtype="int8"),
        "Int64": pd.array(with_missing(WHOLE), dtype="Int64"),
        "Float64": pd.array(with_missing(NUMBERS), dtype="Float64"),
        "bool": TRUTH,
        "boolean": pd.array(with_missing(TRUTH), dtype="boolean"),
        "str": WORDS,
        "str missing": pd.Series(with_missing(WORDS), dtype="str"),
        "string": pd.array(with_missing(WORDS), dtype="string"),
        "string[python]": pd.array(with_missing(WORDS), dtype="string[python]"),
        "object": pd.Series(with_missing(WORDS, (3,)), dtype=object),
        "mixed": pd.Series([1, "a", None, 2.5] * (N // 4), dtype=object),
        "object numbers": pd.Series(with_missing(WHOLE), dtype=object),
        "category": pd.Categorical(with_missing(WORDS), categories=["lo", "mid", "hi", "never"], ordered=True),
        "category int": pd.Categorical(np.array(WHOLE) % 3),
        "datetime": pd.date_range("2020", periods=N),
        "NaT": pd.to_datetime(pd.Series(with_missing(TIMES))),
        "zoned": pd.date_range("2020", periods=N, tz="Europe/Rome"),
        "ns": pd.date_range("2020", periods=N).as_unit("ns"),
        "seconds": pd.date_range("2020", periods=N).as_unit("s"),
        "timedelta": pd.to_timedelta(np.arange(N), unit="h"),
        "constant": np.full(N, 7),
        "all NaN": np.full(N, np.nan),
        "all None": pd.Series([None] * N, dtype=object),
        "arrow int": pd.array(with_missing(WHOLE), dtype="int64[pyarrow]"),
        "arrow string": pd.array(with_missing(WORDS), dtype=pd.ArrowDtype(pa.string())),
        "arrow time": pd.Series(TIMES).astype(pd.ArrowDtype(pa.timestamp("us"))),
    }


def polars_frame() -> pl.DataFrame:
    return pl.DataFrame(PLAIN).with_columns(
        pl.col("string").cast(pl.Categorical).alias("categorical"),
        pl.col("string").cast(pl.Enum(["lo", "mid", "hi", "never"])).alias("enum"),
        pl.col("float").cast(pl.Float32).alias("float32"),
        pl.col("int").cast(pl.UInt8).alias("uint8"),
        pl.col("int").cast(pl.Decimal(10, 2)).alias("decimal"),
        pl.col("time").dt.replace_time_zone("Europe/Rome").alias("zoned"),
    )


def arrow_table() -> pa.Table:
    extra = {
        "dictionary": pa.array(with_missing(WORDS)).dictionary_encode(),
        "zoned": pa.array(with_missing(TIMES), type=pa.timestamp("us", tz="Europe/Rome")),
        "decimal": pa.array(WHOLE).cast(pa.decimal128(21, 2)),
        "float32": pa.array(NUMBERS, type=pa.float32()),
    }
    return pa.table({**{name: pa.array(values) for name, values in PLAIN.items()}, **extra})


def cases() -> Iterator[Any]:
    frame = pd.DataFrame(pandas_columns())
    for name in frame.columns:
        yield pytest.param(frame[[name]], id=f"pandas {name}")
    polars, arrow = polars_frame(), arrow_table()
    for name in polars.columns:
        yield pytest.param(polars.select(name), id=f"polars {name}")
    for name in arrow.column_names:
        yield pytest.param(arrow.select([name]), id=f"pyarrow {name}")


def schema(table: Any) -> list[tuple[Any, Any]]:
    """Return names and dtypes of a frame."""
    if isinstance(table, pd.DataFrame):
        return list(table.dtypes.items())
    if isinstance(table, pl.DataFrame):
        return list(table.schema.items())
    return list(zip(table.schema.names, table.schema.types, strict=True))


def row(table: Any, i: int) -> Any:
    """Return row i as a frame."""
    return table.iloc[[i]].reset_index(drop=True) if isinstance(table, pd.DataFrame) else table.slice(i, 1)


@pytest.mark.parametrize("bins", ["quartile", None])
@pytest.mark.parametrize("table", list(cases()))
def test_drawn_rows_have_the_backgrounds_schema_and_read_back_to_their_codes(table: Any, bins: str | None) -> None:
    tabular = Tabular(table, bins=bins)
    codes, drawn = tabular.background.draw(np.random.default_rng(1).random((50, 1)))
    assert schema(drawn) == schema(table)
    back = np.array([tabular.represent(each).own for each in tabular.instances(drawn)])
    np.testing.assert_allclose(back.astype(float), codes.astype(float), atol=1e-6)


@pytest.mark.parametrize("table", list(cases()))
def test_a_row_given_alone_or_in_a_frame_is_the_same_and_its_original_is_the_row_exactly(table: Any) -> None:
    tabular = Tabular(table)
    many = list(tabular.instances(table))
    for i in (0, 3, 20):
        alone, among = tabular.represent(row(table, i)), tabular.represent(many[i])
        assert alone.content == among.content
        assert alone.features == among.features
        assert np.array_equal(alone.own, among.own)
        for original in (alone.original, among.original):
            assert schema(original) == schema(table)
            assert original.equals(row(table, i))


@pytest.mark.parametrize("table", list(cases()))
def test_a_saved_background_draws_the_same_bits_in_the_same_dtypes(table: Any, tmp_path: Path) -> None:
    tabular = Tabular(table)
    tabular.save(tmp_path / "background.json")
    loaded = Tabular.load(tmp_path / "background.json")
    U = np.random.default_rng(2).random((50, 1))
    (codes, drawn), (codes_again, drawn_again) = tabular.background.draw(U), loaded.background.draw(U)
    assert codes.tobytes() == codes_again.tobytes()
    assert schema(drawn) == schema(drawn_again)
    assert drawn.equals(drawn_again)
    assert loaded.background.content == tabular.background.content
    assert loaded.represent(row(table, 3)).features == tabular.represent(row(table, 3)).features


@pytest.mark.parametrize("dtype", ["float64", "float32", "int64", "int8", "bool", "object", "U3", "datetime64[s]"])
def test_arrays_of_every_dtype_stay_of_that_dtype(dtype: str, tmp_path: Path) -> None:
    array = np.array([[0, 1, 1], [1, 0, 1], [1, 1, 0], [0, 0, 1]] * 3).astype(dtype)
    tabular = Tabular(array)
    codes, drawn = tabular.background.draw(np.random.default_rng(0).random((30, 3)))
    assert drawn.dtype == array.dtype
    assert all(set(drawn[:, j]) <= set(array[:, j]) for j in range(3))
    original = tabular.represent(array[1]).original
    assert original.dtype == array.dtype
    assert np.array_equal(original, array[1:2])
    tabular.save(tmp_path / "b.json")
    again = Tabular.load(tmp_path / "b.json").background.draw(np.random.default_rng(0).random((30, 3)))
    assert np.array_equal(again[0], codes)
    assert np.array_equal(again[1], drawn)


MIXED = st.fixed_dictionaries(
    {
        "number": st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))),
        "whole": st.integers(-5, 100),
        "word": st.one_of(st.sampled_from("abc"), st.none()),
        "flag": st.booleans(),
    }
)


@settings(max_examples=40, deadline=None)
@given(st.lists(MIXED, min_size=1, max_size=25), st.sampled_from(["pandas", "polars", "pyarrow"]), st.randoms())
def test_any_mixed_frame_draws_its_own_schema_and_gives_its_own_rows_back(
    rows: list[dict[str, Any]], library: str, random: Any
) -> None:
    columns = {name: [each[name] for each in rows] for name in rows[0]}
    dtypes = {"number": pl.Float64, "whole": pl.Int64, "word": pl.String, "flag": pl.Boolean}
    polars = pl.DataFrame(columns, schema=dtypes)
    table = {"pandas": polars.to_pandas, "polars": lambda: polars, "pyarrow": polars.to_arrow}[library]()
    tabular = Tabular(table)
    codes, drawn = tabular.background.draw(np.random.default_rng(0).random((16, 4)))
    assert schema(drawn) == schema(table)
    i = random.randrange(len(rows))
    representation = tabular.represent(row(table, i))
    Z = representation.encode(codes)
    assert set(np.unique(Z)) <= {0, 1}
    own = tabular.represent(representation.original)
    assert own.content == representation.content
    assert schema(representation.original) == schema(table)
    assert own.encode(np.array([representation.own])).all()


# --- reading one row ---

LABELS = ("age", "city")
FRAME = pd.DataFrame({"age": [20, 30, 40, 50, 60], "city": ["Rome", "Oslo", "Rome", "Oslo", "Rome"]})


@pytest.mark.parametrize(
    "given_row",
    [
        FRAME.iloc[1],
        FRAME.iloc[1][["city", "age"]],
        FRAME.iloc[[1]],
        pl.from_pandas(FRAME)[1],
        pa.Table.from_pandas(FRAME).slice(1, 1),
        {"city": "Oslo", "age": 30},
        {"age": 30.0, "city": "Oslo"},
        [30, "Oslo"],
        (np.int32(30), np.str_("Oslo")),
        np.array([30, "Oslo"], dtype=object),
        np.array([[30, "Oslo"]], dtype=object),
    ],
)
def test_a_row_is_the_same_in_every_form(given_row: Any) -> None:
    tabular = Tabular(FRAME)
    assert tabular.represent(given_row).content == tabular.represent(FRAME.iloc[1]).content
    assert tabular.represent(given_row).original.equals(FRAME.iloc[[1]].reset_index(drop=True))


@pytest.mark.parametrize("several", [FRAME, FRAME.to_numpy(), pl.from_pandas(FRAME), pa.Table.from_pandas(FRAME)])
def test_several_rows_are_refused_and_explain_many_is_named(several: Any) -> None:
    with pytest.raises(InputError, match="one row.*explain_many"):
        Tabular(FRAME).represent(several)


def test_an_unknown_column_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'city'"):
        Tabular(FRAME).represent({"age": 30, "citi": "Oslo"})


def test_a_missing_column_is_named() -> None:
    with pytest.raises(InputError, match="city"):
        Tabular(FRAME).represent({"age": 30})


@pytest.mark.parametrize("wrong", [[30], [30, "Oslo", 1], 30, "Rome", None])
def test_what_is_not_a_row_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError, match="instance"):
        Tabular(FRAME).represent(wrong)


def test_a_series_with_a_plain_index_is_read_by_position() -> None:
    assert list(row_values(pd.Series([30, "Oslo"]), LABELS)) == [30, "Oslo"]


# --- reading the background ---


@pytest.mark.parametrize(
    "empty",
    [
        FRAME.iloc[:0],
        FRAME[[]],
        np.empty((0, 3)),
        np.empty((3, 0)),
        pl.DataFrame({"a": []}),
        np.zeros(3),
        [[1, 2]],
        None,
    ],
)
def test_a_background_without_rows_or_columns_is_refused(empty: Any) -> None:
    with pytest.raises(InputError, match="background"):
        Tabular(empty)


def test_repeated_column_names_are_refused() -> None:
    with pytest.raises(InputError, match="different column names"):
        Tabular(pd.DataFrame([[1, 2]], columns=["a", "a"]))


def test_names_for_arrays_must_fit() -> None:
    assert [column.label for column in read_table(np.zeros((1, 2)))[1]] == ["x0", "x1"]
    with pytest.raises(InputError, match="names"):
        Tabular(np.zeros((2, 2)), names=["a"])
    with pytest.raises(InputError, match="rename its columns"):
        Tabular(FRAME, names=["a", "b"])


def test_columns_numbered_by_integers_stay_so() -> None:
    frame = pd.DataFrame(RNG.normal(size=(20, 2)))
    tabular = Tabular(frame)
    assert schema(tabular.represent(frame.iloc[0]).original) == schema(frame)


def test_lists_are_no_tables() -> None:
    assert library_of([[1]]) == ""
