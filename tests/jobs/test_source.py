"""Rows of any kind of source come in chunks, with their ids, as the modality takes them, and are known again."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.cell_types import Format
from limelight.jobs.source import Chunk, digest, instances_of, open_source
from prepared_tables import explainer, table

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
MODALITY = ll.Tabular(table())


def named(n: int = 25) -> pd.DataFrame:
    """Some rows of the table, with a column of ids and one that is no input, in another order."""
    rows = table().iloc[:n].copy()
    rows["note"] = "x"
    rows["key"] = [f"k{i:03d}" for i in range(n)]
    return rows[["v", "note", "key", "kind", "flag"]]


def as_source(kind: str, folder: Path) -> object:
    """The same rows as one kind of source."""
    frame = named()
    if kind == "pandas":
        return frame
    if kind == "polars":
        return pytest.importorskip("polars").from_pandas(frame)
    if kind == "arrow":
        return pa.Table.from_pandas(frame, preserve_index=False)
    if kind == "csv":
        frame.to_csv(folder / "rows.csv", index=False)
        return folder / "rows.csv"
    if kind == "csv.gz":
        frame.to_csv(folder / "rows.csv.gz", index=False)
        return str(folder / "rows.csv.gz")
    if kind == "jsonl":
        lines = [json.dumps(row) + "\n" for row in frame.to_dict("records")]
        (folder / "rows.jsonl").write_text("".join(lines), encoding="utf-8")
        return folder / "rows.jsonl"
    if kind == "parquet":
        frame.to_parquet(folder / "rows.parquet", row_group_size=4)
        return folder / "rows.parquet"
    (folder / "many").mkdir()
    frame.iloc[:9].to_parquet(folder / "many" / "a.parquet")
    frame.iloc[9:].to_parquet(folder / "many" / "b.parquet")
    if kind == "folder":
        return folder / "many"
    return pytest.importorskip("pyarrow.dataset").dataset(folder / "many", format="parquet")


KINDS = ["pandas", "polars", "arrow", "csv", "csv.gz", "jsonl", "parquet", "folder", "dataset"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_source_gives_the_same_rows(kind: str, tmp_path: Path) -> None:
    source = open_source(as_source(kind, tmp_path), MODALITY, "key")
    chunks = list(source.chunks(10))
    assert [chunk.start for chunk in chunks] == [0, 10, 20]
    assert [len(chunk) for chunk in chunks] == [10, 10, 5]
    ids = [each for chunk in chunks for each in chunk.ids.to_pylist()]
    assert ids == [f"k{i:03d}" for i in range(25)]
    assert source.total in (25, None)
    found = [each for chunk in chunks for each in explainer().explain_all(chunk.rows)]
    assert found == list(explainer().explain_all(table().iloc[:25]))


@pytest.mark.parametrize("kind", KINDS)
def test_a_source_can_be_gone_through_again_and_its_chunks_are_known_again(kind: str, tmp_path: Path) -> None:
    source = open_source(as_source(kind, tmp_path), MODALITY, "key")
    first, second = ([chunk.digest for chunk in source.chunks(10)] for _ in range(2))
    assert first == second
    assert len(set(first)) == 3
    assert "" not in first


def test_cells_of_text_files_have_the_types_of_the_background(tmp_path: Path) -> None:
    background = pd.DataFrame(
        {"zip": ["01234", "98765"] * 20, "day": pd.to_datetime(["2024-03-01", "2024-05-02"] * 20)}
    )
    (tmp_path / "rows.csv").write_text("zip;day;n\n01234;2024-03-01;7\n12345;;8\n")
    source = open_source(tmp_path / "rows.csv", ll.Tabular(background), form=Format(sep=";"))
    (chunk,) = source.chunks(100)
    assert chunk.rows["zip"].tolist() == ["01234", "12345"]
    assert str(chunk.rows["day"].dtype).startswith("datetime64")
    assert chunk.rows["day"].isna().tolist() == [False, True]


def test_rows_without_ids_are_named_by_their_position() -> None:
    chunks = list(open_source(table().iloc[:25], MODALITY).chunks(10))
    assert [each for chunk in chunks for each in chunk.ids.to_pylist()] == list(range(25))


@pytest.mark.parametrize("column", ["v", "flag"])
def test_a_column_of_ids_may_be_an_input_too(column: str) -> None:
    (chunk,) = open_source(table().iloc[:5], MODALITY, column).chunks(10)
    assert chunk.ids.to_pylist() == table()[column].tolist()[:5]
    assert tuple(chunk.rows.columns) == ("flag", "kind", "v")


def test_a_column_that_the_background_has_must_be_there() -> None:
    source = open_source(table().drop(columns="kind"), MODALITY)
    with pytest.raises(ll.UnknownNameError, match="rows: unknown name 'kind'"):
        list(source.chunks(10))


@pytest.mark.parametrize("kind", KINDS)
def test_ids_that_are_not_there_are_said_at_once(kind: str, tmp_path: Path) -> None:
    with pytest.raises(ll.UnknownNameError, match="id_column: unknown name 'kex'; did you mean 'key'"):
        open_source(as_source(kind, tmp_path), MODALITY, "kex")


@pytest.mark.parametrize("rows", [7, iter([1, 2]), {"a": [1]}, None])
def test_what_is_no_source_is_refused(rows: object) -> None:
    with pytest.raises(ll.InputError, match="rows: expected a frame"):
        open_source(rows, MODALITY)


def test_a_path_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ll.InputError, match="no file"):
        open_source(tmp_path / "none.csv", MODALITY)


def test_texts_are_the_only_column_beside_the_ids() -> None:
    frame = pd.DataFrame({"key": [1, 2], "said": ["good", "bad film"]})
    (chunk,) = open_source(frame, ll.Text(), "key").chunks(5)
    assert chunk.rows == ["good", "bad film"]
    (chunk,) = open_source(["good", "bad film"], ll.Text()).chunks(5)
    assert (chunk.rows, chunk.ids.to_pylist()) == (["good", "bad film"], [0, 1])


def test_several_fields_are_a_dict_for_each_row() -> None:
    frame = pa.table({"key": [1, 2], "title": ["a", "b"], "body": ["c", "d"]})
    found = instances_of(frame, ll.Text(fields=["title", "body"]), "key")
    assert found == [{"title": "a", "body": "c"}, {"title": "b", "body": "d"}]
    listed = [{"key": 1, "title": "a", "body": "c"}]
    (chunk,) = open_source(listed, ll.Text(fields=["title", "body"]), "key").chunks(5)
    assert (chunk.rows, chunk.ids.to_pylist()) == ([{"title": "a", "body": "c"}], [1])


def test_arrays_are_cut_like_frames() -> None:
    X = np.arange(12.0).reshape(6, 2)
    chunks = list(open_source(X, ll.Tabular(X)).chunks(4))
    assert np.array_equal(np.concatenate([chunk.rows for chunk in chunks]), X)


def test_some_of_a_chunk_keep_their_ids() -> None:
    for rows in (
        table().iloc[:6],
        pa.Table.from_pandas(table().iloc[:6]),
        list("abcdef"),
        np.arange(12.0).reshape(6, 2),
    ):
        some = Chunk(0, pa.array(list("uvwxyz")), rows, "").some([1, 4])
        assert some.ids.to_pylist() == ["v", "y"]
        assert len(some.rows) == 2
        assert some.positions.tolist() == [1, 4]


@pytest.mark.parametrize("change", [("v", 9.5), ("kind", "b"), ("note", "y"), ("key", "other")])
def test_another_cell_gives_another_digest(change: tuple[str, object]) -> None:
    before, after = named(), named()
    after.loc[3, change[0]] = change[1]
    assert digest(before) != digest(after)
    assert digest(before) == digest(named())


def test_lists_have_digests_where_what_they_hold_can_be_compared() -> None:
    assert digest(["a", "b"]) != digest(["ab"])
    assert digest([np.zeros((2, 2))]) != digest([np.zeros(4)])
    assert digest([{"a": 1}]) == ""
