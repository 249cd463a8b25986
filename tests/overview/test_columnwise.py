"""Sums over arrays are the sums over explanations, wherever these lie: a list, a set, a file, a job's folder."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import slow_sums

import limelight as ll
from limelight.jobs.folder import Folder
from limelight.overview.columnwise import all_different, first_of, read_batches
from limelight.result.parts import failed, table_of
from made_up import explanation
from many_explanations import of_a_table, of_rows_like_it, of_texts, of_two_outputs

pa = pytest.importorskip("pyarrow")
Make = Callable[[], ll.Explanations]
NUMBERS = ("count", "mean_abs", "abs_low", "abs_high", "noise", "mean", "low", "high")
KINDS = pytest.mark.parametrize("make", [of_a_table, of_two_outputs, of_texts])


def folder_of(many: ll.Explanations, path: Path, detail: str = "weights", rows: int = 7) -> Path:
    """A job's folder of these, a few to a part, with rows that failed in the first and last part."""
    folder = Folder(path)
    folder.open({"job": {}})
    for start in range(0, len(many), rows):
        some = many[start : start + rows]
        part = table_of(
            some, pa.array(range(start, start + len(some))), np.arange(start, start + len(some)), detail=detail
        )
        bad = start == 0 or start + rows >= len(many)
        if bad:
            part = pa.concat_tables([part, failed(pa.array([999]), [999], ["InputError: no"], part.schema)])
        folder.write(start, part, rows=len(some) + bad, failures=int(bad), digest="")
    return path


def places(many: ll.Explanations, tmp_path: Path) -> list[Any]:
    many.to_parquet(tmp_path / "many.parquet")
    (tmp_path / "many.jsonl").write_text("\n".join(each.to_json() for each in many), encoding="utf-8")
    weights, full = (folder_of(many, tmp_path / detail, detail) for detail in ("weights", "full"))
    return [
        list(many), iter(many), many, tmp_path / "many.parquet", tmp_path / "many.jsonl", weights, str(full),
        ll.jobs.read(weights), ll.jobs.read(full), many[3:] + many[:3],
    ]  # fmt: skip


def assert_is(found: ll.Importance, many: Sequence[ll.Explanation]) -> None:
    for target in found.n_explanations:
        expected = slow_sums.importance(many, target)
        rows = {row["feature"]: row for row in found.rows() if row["target"] == target}
        assert rows.keys() == expected.keys()
        scale = max(each[1] for each in expected.values())
        for key, told in expected.items():
            mine = [
                rows[key][name] for name in ("count", "mean_abs", "abs_low", "abs_high", "noise", "mean", "low", "high")
            ]
            # a part keeps seven digits of weights, and four of their errors
            assert mine == pytest.approx(told, rel=1e-3, abs=1e-6 * scale)
            assert rows[key]["mean_abs"] == pytest.approx(told[1], rel=1e-6, abs=1e-9 * scale)


@KINDS
def test_importance_is_that_of_one_number_at_a_time_wherever_explanations_lie(make: Make, tmp_path: Path) -> None:
    for where in places(make(), tmp_path):
        assert_is(ll.feature_importance(where), list(make()))


@KINDS
@pytest.mark.parametrize(("most", "level"), [(None, None), (2, None), (None, 0.95)])
def test_a_pick_is_that_of_one_number_at_a_time(make: Make, most: Any, level: Any, tmp_path: Path) -> None:
    expected = slow_sums.picked(list(make()), 4, most, level)
    for where in places(make(), tmp_path)[:-1]:
        found = ll.submodular_pick(where, 4, max_features=most, level=level)
        assert list(found.indices) == expected
        assert found.n_candidates == len(make())
        for index, one in zip(found.indices, found.explanations, strict=False):
            assert one.prediction == pytest.approx(make()[index].prediction)


def test_sums_of_arrays_are_those_of_a_list_to_rounding() -> None:
    for a, b in zip(
        ll.feature_importance(of_a_table()).rows(), ll.feature_importance(list(of_a_table())).rows(), strict=True
    ):
        assert list(a.values())[2:] == pytest.approx(list(b.values())[2:], rel=1e-12, abs=1e-15)


def test_a_word_that_stands_twice_in_one_batch_and_once_in_another_adds_up() -> None:
    twice = [explanation({0: 1.0, 1: -3.0, 2: 2.0}, kind="segment", stderr=0.1) for _ in range(3)]
    name = lambda _, feature: None if feature.where.key == 2 else "sky"  # noqa: E731
    (entry,) = ll.feature_importance([*twice, *([explanation({0: 1.0}, kind="segment")] * 600)], name=name).rows()
    assert (entry["mean"], entry["mean_abs"]) == pytest.approx(((600 - 6) / 603, (600 + 12) / 603))


def test_rows_of_another_width_are_not_taken_for_rows_of_the_same_features() -> None:
    owner, keys = np.array([0, 1, 1, 1]), np.array([4, 7, 4, 7])
    assert not all_different(owner, keys, 2)
    assert first_of(owner, keys)[0].tolist() == [0, 1, 2]
    assert all_different(np.array([0, 0, 1, 1]), np.array([4, 7, 4, 7]), 2)
    assert all_different(np.array([0, 1, 1]), np.array([4, 7, 4]), 2)


def test_a_few_zeros_first_do_not_change_the_unit() -> None:
    many = [explanation({"a": 0.0})] * 600 + [explanation({"a": 1e-200})] * 600
    assert ll.feature_importance(many).rows()[0]["mean"] == pytest.approx(5e-201, rel=1e-12)


def test_kinds_are_not_mixed_and_positions_are_said(tmp_path: Path) -> None:
    mixed = ll.Explanations.of([explanation({"a": 1.0}), explanation({"a": 1.0}), explanation({"a": 1.0}, kind="word")])
    with pytest.raises(ll.InputError, match="got 'column' and, at position 2, 'word'"):
        ll.feature_importance(mixed)
    segments = ll.Explanations.of([explanation({1: 1.0}, kind="segment")])
    with pytest.raises(ll.InputError, match="superpixel 7 of one instance"):
        list(read_batches(segments))
    with pytest.raises(ll.InputError, match="holds no .parquet file"):
        ll.feature_importance(tmp_path)


def test_weights_under_two_laws_are_not_added_up_wherever_they_lie(tmp_path: Path) -> None:
    usual, other = of_a_table()[:4], of_rows_like_it()[:4]
    both = ll.Explanations.of([*usual, *other])
    lie = tmp_path / "both.parquet"
    both.to_parquet(lie)
    folder = folder_of(both, tmp_path / "weights", rows=4)  # a part has one law
    for many in (list(both), both, lie, folder):
        with pytest.raises(ll.InputError, match=r"got 'column' and, at position 4, 'column, off as in rows like it"):
            ll.feature_importance(many)
    assert_is(ll.feature_importance(other), other)
