"""A part of a job is a block of a set: read when it is asked for, by column, and the same as read whole."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest

import limelight as ll
from limelight.result.part_block import PartBlock
from limelight.result.part_reading import explanations_in, shared_of
from limelight.result.parts import failed, table_of
from many_explanations import of_a_table, of_texts, of_two_outputs

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
EVERY = pytest.mark.parametrize("make", [of_a_table, of_two_outputs, of_texts])


def part_of(many: ll.Explanations, path: Path, detail: str = "weights", **options: object) -> list[ll.Explanation]:
    """Write a part with a failed row in the middle, in small row groups, as engines do; return it read whole."""
    table = table_of(many, pa.array([f"id {i}" for i in range(len(many))]), np.arange(len(many)), detail=detail)
    bad = failed(pa.array(["bad"]), [999], ["InputError: no"], table.schema)
    table = pa.concat_tables([table.slice(0, 2), bad, table.slice(2)])
    pq.write_table(table, path, row_group_size=3, **options)
    return list(explanations_in(pq.read_table(path), shared_of(table.schema, path)))


@EVERY
def test_a_set_of_parts_is_what_is_read_whole(make, tmp_path: Path) -> None:
    whole = part_of(make(), tmp_path / "a.parquet")
    found = ll.Explanations((PartBlock(tmp_path / "a.parquet"),))
    assert len(found) == len(whole)
    assert [found[i] for i in (0, -1, 3)] == [whole[i] for i in (0, -1, 3)]
    assert list(found) == whole
    assert repr(found) == repr(ll.Explanations.of(whole))


@EVERY
def test_columns_are_those_of_the_explanations(make, tmp_path: Path) -> None:
    kept = ll.Explanations.of(part_of(make(), tmp_path / "a.parquet"))
    names = (
        "targets causes features coef stderr selected selected_count prediction local_prediction intercept fidelity "
        "center reference shared given values"
    ).split()
    for (mine, rows), (theirs, _) in zip(
        ll.Explanations((PartBlock(tmp_path / "a.parquet"),)).parts(), kept.parts(), strict=True
    ):
        for name in names:
            for row in rows:
                assert mine.entries(name, row) == theirs.entries(name, row), name


def test_every_bit_comes_back_where_it_was_kept(tmp_path: Path) -> None:
    part_of(of_two_outputs(), tmp_path / "a.parquet", "full")
    assert ll.Explanations((PartBlock(tmp_path / "a.parquet"),)) == of_two_outputs()
    fast = ll.Explanations((PartBlock(tmp_path / "a.parquet", exact=False),))
    assert fast.filter(target="line").values == pytest.approx(of_two_outputs().filter(target="line").values, rel=1e-6)


def test_arrays_of_a_set_are_read_by_column(tmp_path: Path) -> None:
    part_of(of_a_table(), tmp_path / "a.parquet")
    found = ll.Explanations((PartBlock(tmp_path / "a.parquet"),))
    assert found.values == pytest.approx(of_a_table().values, rel=1e-6, abs=1e-12)
    assert found.base_values == pytest.approx(of_a_table().base_values, rel=1e-5, abs=1e-9)
    assert found.feature_names == of_a_table().feature_names


def test_a_pickle_holds_what_is_in_the_part(tmp_path: Path) -> None:
    whole = part_of(of_a_table(), tmp_path / "a.parquet")
    kept = pickle.dumps(ll.Explanations((PartBlock(tmp_path / "a.parquet"),))[3:5])
    (tmp_path / "a.parquet").unlink()
    assert list(pickle.loads(kept)) == whole[3:5]


def test_a_part_that_changed_or_went_is_said(tmp_path: Path) -> None:
    part_of(of_a_table(), tmp_path / "a.parquet")
    found = ll.Explanations((PartBlock(tmp_path / "a.parquet"),))
    part_of(of_a_table()[:5], tmp_path / "a.parquet")
    with pytest.raises(ll.InputError, match="has changed since it was opened"):
        found[0]
    (tmp_path / "a.parquet").unlink()
    with pytest.raises(ll.InputError, match="is gone"):
        found[0]


def test_old_parts_are_read_by_column_too() -> None:
    old = Path(__file__).parents[1] / "data" / "part-v1.parquet"
    table = pq.read_table(old)
    assert list(ll.Explanations((PartBlock(old),))) == list(explanations_in(table, shared_of(table.schema, old)))


def test_a_part_with_nothing_but_failures_is_empty(tmp_path: Path) -> None:
    known = table_of(of_a_table()[:1], pa.array([0]), np.arange(1)).schema
    pq.write_table(failed(pa.array([0]), [0], ["InputError: no"], known), tmp_path / "a.parquet")
    assert list(ll.Explanations((PartBlock(tmp_path / "a.parquet"),))) == []
