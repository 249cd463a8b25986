"""A part is whole or not there; a folder is one job's."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

import limelight as ll
from limelight import files
from limelight.jobs.folder import MANIFEST, Folder, differences
from limelight.result.parts import failed, schema, table_of
from many_explanations import of_a_table

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
ds = pytest.importorskip("pyarrow.dataset")
JOB = {"job": {"seed": 0, "settings": {"tolerance": 0.05}}, "made_with": {"numpy": "1"}}


def part(n: int = 5) -> pa.Table:
    return table_of(of_a_table()[:n], pa.array(range(n)), np.arange(n))


def filled(path: Path, starts: tuple[int, ...] = (0, 5)) -> Folder:
    folder = Folder(path)
    folder.open(JOB)
    for start in starts:
        folder.write(start, part(), rows=5, failures=1, digest=f"d{start}")
    return folder


def test_what_is_written_is_read(tmp_path: Path) -> None:
    folder = filled(tmp_path / "out")
    assert list(folder.parts()) == [0, 5]
    assert folder.digest_of(5) == (5, "d5")
    assert folder.counts() == (10, 2)
    assert [each.drop_columns([]).to_pylist() for each in folder.read()] == [part().to_pylist()] * 2


def test_a_folder_is_one_table_to_others_at_any_moment(tmp_path: Path) -> None:
    folder = filled(tmp_path / "out")
    (folder.path / ".part-000000000010.parquet.7.partial").write_bytes(b"half of a pa")
    folder.succeed({"rows": 10})
    assert ds.dataset(folder.path, format="parquet").count_rows() == 10
    assert folder.succeeded


@pytest.mark.parametrize("detail", ["weights", "full"])
def test_a_part_takes_few_bytes(tmp_path: Path, detail: str) -> None:
    table = table_of(of_a_table(), pa.array(range(60)), np.arange(60), detail=detail)
    folder = Folder(tmp_path / "out")
    folder.open(JOB)
    folder.write(0, table, rows=60, failures=0, digest="")
    assert next(folder.read()).equals(table)
    columns = pq.read_metadata(folder.parts()[0]).row_group(0)
    coded = {columns.column(i).path_in_schema: columns.column(i).encodings for i in range(columns.num_columns)}
    assert "BYTE_STREAM_SPLIT" in coded["weight.list.element"]
    assert "DELTA_BINARY_PACKED" in coded["row"]
    assert "RLE_DICTIONARY" in coded["condition.list.element"]
    if detail == "full":
        assert "BYTE_STREAM_SPLIT" in coded["full.coef.list.element"]


def test_going_on_keeps_what_is_there_and_leaves_other_versions_alone(tmp_path: Path) -> None:
    filled(tmp_path / "out")
    Folder(tmp_path / "out").open({**JOB, "made_with": {"numpy": "2"}})
    assert list(Folder(tmp_path / "out").parts()) == [0, 5]


def test_another_job_is_refused_with_what_differs(tmp_path: Path) -> None:
    filled(tmp_path / "out")
    other = {"job": {"seed": 1, "settings": {"tolerance": 0.1}}}
    with pytest.raises(ll.InputError, match=r"differs in seed \(1 here, 0 there\), settings\.tolerance \(0\.1 here"):
        Folder(tmp_path / "out").open(other)


def test_a_folder_with_other_things_is_refused(tmp_path: Path) -> None:
    (tmp_path / "holiday.jpg").touch()
    with pytest.raises(ll.InputError, match=r"not empty and holds no job \(holiday.jpg\)"):
        Folder(tmp_path).open(JOB)
    assert not (tmp_path / MANIFEST).exists()


def test_a_damaged_manifest_and_a_damaged_part_are_said(tmp_path: Path) -> None:
    folder = filled(tmp_path / "out")
    folder.parts()[5].write_bytes(b"PAR1 torn")
    with pytest.raises(ll.InputError, match="part .* was damaged"):
        folder.digest_of(5)
    (folder.path / MANIFEST).write_text("{")
    with pytest.raises(ll.InputError, match="was damaged or edited"):
        folder.open(JOB)


def test_a_full_disk_leaves_no_part_and_no_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = filled(tmp_path / "out")

    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(files.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        folder.write(10, part(), rows=5, failures=0, digest="")
    assert list(folder.parts()) == [0, 5]
    assert sorted(each.name for each in folder.path.iterdir())[0] == MANIFEST


def test_writing_a_part_again_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = filled(tmp_path / "a"), filled(tmp_path / "b")
    assert [p.read_bytes() for p in first.parts().values()] == [p.read_bytes() for p in second.parts().values()]


def test_only_old_rests_are_swept(tmp_path: Path) -> None:
    folder = filled(tmp_path / "out")
    old, new = (folder.path / f".part-000000000010.parquet.{n}.partial" for n in (1, 2))
    for rest in (old, new):
        rest.touch()
    os.utime(old, (time.time() - 7200,) * 2)
    folder.open(JOB)
    assert not old.exists()
    assert new.exists()


def test_failed_rows_are_rows(tmp_path: Path) -> None:
    folder = filled(tmp_path / "out", ())
    folder.write(0, failed(pa.array([0]), [0], ["no"], schema()), rows=1, failures=1, digest="")
    assert next(folder.read(["error"])).to_pylist() == [{"error": "no"}]


def test_a_manifest_is_json_that_people_can_read(tmp_path: Path) -> None:
    filled(tmp_path / "out")
    assert json.loads((tmp_path / "out" / MANIFEST).read_text()) == JOB


@pytest.mark.parametrize(
    ("mine", "theirs", "said"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"a": 1}, {}, ["a (1 here, None there)"]),
        ({"a": "x" * 99}, {"a": "y"}, ["a"]),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1, "c": 3}}, ["a.c (2 here, 3 there)"]),
    ],
)
def test_differences_are_named(mine: dict, theirs: dict, said: list[str]) -> None:
    assert differences(mine, theirs) == said
