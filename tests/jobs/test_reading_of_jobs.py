"""The answer of a job is read as explanations, as columns, and by SQL."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import limelight as ll
from limelight.jobs.folder import Folder
from limelight.jobs.reading import digest, files_of, read, stream, table, view
from limelight.result.parts import COLUMNS, failed, table_of
from many_explanations import of_a_table

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")


def job(path: Path, starts: tuple[int, ...] = (0, 20, 40), detail: str = "weights") -> Path:
    """A folder with parts of twenty rows, and a row that failed."""
    folder = Folder(path)
    folder.open({"job": {}})
    for start in starts:
        ids = pa.array(range(start, start + 20))
        part = table_of(of_a_table()[start : start + 20], ids, np.arange(start, start + 20), detail=detail)
        folder.write(start, part, rows=20, failures=0, digest="")
    folder.write(60, failed(pa.array([60]), [60], ["InputError: no"], part.schema), rows=1, failures=1, digest="")
    return path


def test_explanations_come_in_the_order_of_their_rows_without_those_that_failed(tmp_path: Path) -> None:
    found = read(job(tmp_path / "out", detail="full"))
    assert found == of_a_table()
    assert next(stream(tmp_path / "out")) == of_a_table()[0]
    assert ll.jobs.read is read


def test_a_table_has_all_rows_and_the_columns_asked_for(tmp_path: Path) -> None:
    out = job(tmp_path / "out")
    assert table(out).column_names == list(COLUMNS)
    assert table(out, ["id", "error"]).to_pylist()[-1] == {"id": 60, "error": "InputError: no"}


def test_folders_of_engines_and_single_files_are_read_too(tmp_path: Path) -> None:
    out = job(tmp_path / "out")
    deep = tmp_path / "deep" / "day=1"
    deep.mkdir(parents=True)
    (out / "part-000000000020.parquet").rename(deep / "part-0.snappy.parquet")
    (deep / "_temporary").mkdir()
    (deep / "_temporary" / "x.parquet").touch()
    assert len(read(tmp_path / "deep")) == 20
    assert len(read(out / "part-000000000000.parquet")) == 20


def test_what_holds_no_parts_is_said(tmp_path: Path) -> None:
    with pytest.raises(ll.InputError, match="expected a folder with parts"):
        files_of(tmp_path)
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(ll.InputError, match="expected a table of explanations"):
        read(tmp_path)
    (tmp_path / "other.parquet").write_bytes(b"PAR1 torn")
    with pytest.raises(ll.InputError, match="was damaged"):
        read(tmp_path)


def test_the_digest_is_that_of_the_rows_in_any_order_and_any_file(tmp_path: Path) -> None:
    out = job(tmp_path / "out")
    whole = table(out)
    at = whole.schema.names.index("row")
    other = whole.take(np.random.default_rng(0).permutation(len(whole))).set_column(
        at, "row", pa.nulls(len(whole), pa.int64())
    )
    pq.write_table(other.slice(0, 7), tmp_path / "a.parquet")
    (tmp_path / "b").mkdir()
    pq.write_table(other.slice(0, 7), tmp_path / "b" / "1.parquet")
    pq.write_table(other.slice(7), tmp_path / "b" / "2.parquet")
    assert digest(tmp_path / "b") == digest(out)
    assert digest(tmp_path / "a.parquet") != digest(out)


def test_the_view_is_one_row_for_each_feature_with_its_contribution_and_rank(tmp_path: Path) -> None:
    duckdb = pytest.importorskip("duckdb")
    out = job(tmp_path / "it's out")
    found = duckdb.connect()
    found.execute(view(out))
    rows = found.execute("SELECT * FROM reasons WHERE id = 7").fetchall()
    names = [each[0] for each in found.description]
    (one,) = of_a_table()[7:8]
    assert len(rows) == len(one.features)
    for j, values in enumerate(rows):
        row = dict(zip(names, values, strict=True))
        assert row["condition"] == one.features[j].name
        assert row["contribution"] == pytest.approx(one.contributions[0, j], rel=1e-6)
        shown = one.selected[0].tolist()
        assert row["rank"] == (shown.index(j) + 1 if j in shown else None)
    assert found.execute("SELECT count(*) FROM reasons").fetchone() == (60 * 3,)


def test_another_dialect_is_refused() -> None:
    with pytest.raises(ll.UnknownNameError, match="dialect: unknown name 'mysql'"):
        view("out", dialect="mysql")
    assert "posexplode" in view("out", dialect="spark")
