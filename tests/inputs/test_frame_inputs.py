"""Frames and series of three libraries are taken, joined and copied alike, and stay what they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from limelight.errors import InputError
from limelight.inputs.frame_inputs import (
    concatenate_frames,
    copy_frame,
    frame_bytes,
    frame_form,
    series_bytes,
    take_frame,
)
from limelight.inputs.kinds import concatenate

COLUMNS = {"a": [1, 2, 3, 4], "b": ["x", "y", "x", "z"]}


def frames() -> list[tuple[str, object]]:
    found: list[tuple[str, object]] = [("pandas", pd.DataFrame(COLUMNS, index=[7, 8, 9, 10]))]
    for library, make in (("polars", lambda pl: pl.DataFrame(COLUMNS)), ("pyarrow", lambda pa: pa.table(COLUMNS))):
        try:
            found.append((library, make(__import__(library))))
        except ImportError:
            continue
    return found


def rows_of(frame: object) -> list[tuple]:
    columns = frame.to_dict("list") if isinstance(frame, pd.DataFrame) else None
    if columns is None:
        columns = frame.to_pydict() if hasattr(frame, "to_pydict") else frame.to_dict(as_series=False)
    return list(zip(*columns.values(), strict=True))


@pytest.mark.parametrize(("library", "frame"), frames())
def test_rows_are_taken_and_joined_in_their_order(library, frame):
    whole = list(zip(*COLUMNS.values(), strict=True))
    assert rows_of(take_frame(frame, slice(1, 3))) == whole[1:3]
    assert rows_of(take_frame(frame, np.array([3, 0]))) == [whole[3], whole[0]]
    joined = concatenate_frames([take_frame(frame, slice(2, 4)), take_frame(frame, slice(0, 2))])
    assert rows_of(joined) == whole[2:] + whole[:2]
    assert type(joined) is type(frame)
    assert frame_form(joined) == frame_form(frame)


@pytest.mark.parametrize(("library", "frame"), frames())
def test_bytes_are_counted_by_cells_and_forms_tell_types_apart(library, frame):
    assert frame_bytes(frame) == 4 * 2 * 16
    other = {"pandas": lambda: frame.astype({"a": float}), "polars": lambda: frame.with_columns(frame["a"] * 1.0)}
    if library in other:
        assert frame_form(other[library]()) != frame_form(frame)


def test_pandas_rows_are_counted_from_nought_and_a_copy_may_be_changed():
    frame = pd.DataFrame(COLUMNS, index=[7, 8, 9, 10])
    assert take_frame(frame, slice(1, 3)).index.tolist() == [0, 1]
    assert concatenate_frames([frame, frame]).index.tolist() == list(range(8))
    copied = copy_frame(frame)
    copied.loc[7, "a"] = 99
    assert frame.loc[7, "a"] == 1


def test_a_series_is_a_frame_of_one_column():
    series = pd.Series([1.0, 2.0, 3.0], name="a", index=[5, 6, 7])
    assert take_frame(series, np.array([2, 0])).tolist() == [3.0, 1.0]
    assert concatenate_frames([series, series]).tolist() == [1.0, 2.0, 3.0] * 2
    assert series_bytes(series) == 48
    assert frame_form(series) != frame_form(series.astype(int))


def test_what_a_table_says_of_its_origin_is_no_part_of_its_form() -> None:
    pa = pytest.importorskip("pyarrow")
    plain = pa.table({"a": [1, 2]})
    told = plain.replace_schema_metadata({"pandas": "{}"})
    noted = pa.table({"a": [3]}, schema=pa.schema([pa.field("a", pa.int64(), metadata={"unit": "m"})]))
    assert concatenate([plain, told, noted])["a"].to_pylist() == [1, 2, 1, 2, 3]
    for other in (pa.table({"a": [1.0]}), pa.table({"b": [1]})):
        with pytest.raises(InputError, match="equal form"):
            concatenate([plain, other])
    with pytest.raises(InputError, match="equal form"):
        concatenate([plain["a"], pa.table({"a": [1.0]})["a"]])
