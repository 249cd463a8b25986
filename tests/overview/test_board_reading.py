"""A board of a job's folder, and of a file, says what the explanations in it say."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest

import limelight as ll
from limelight.errors import InputError
from limelight.overview.board import Filter
from limelight.overview.board_reading import Source, _Building
from limelight.result.schema import to_json

pytest.importorskip("pyarrow")
pd = pytest.importorskip("pandas")
pytest.importorskip("cloudpickle")
jobs = pytest.importorskip("limelight.jobs")


def model(frame: object) -> np.ndarray:
    values = np.asarray(frame, dtype=float)
    if (values[:, 0] > 50).any():
        raise ValueError("beyond")
    return 2 * values[:, 0] - values[:, 1]


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, list[ll.Explanation]]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(60, 3)), columns=["a", "b", "c"])
    explainer = ll.Explainer(model, ll.Tabular(frame), seed=0).prepare()
    rows = frame.copy()
    rows.loc[7, "a"] = 99.0
    folder = tmp_path_factory.mktemp("job") / "out"
    jobs.run(explainer, rows, folder, chunk_rows=25)
    explanations = list(explainer.explain_many(frame.drop(index=7)))
    file = folder.parent / "explanations.jsonl"
    file.write_text("\n".join(map(to_json, explanations)), encoding="utf-8")
    return folder, file, explanations


def test_what_the_board_sums_is_what_feature_importance_says(
    explained: tuple[Path, Path, list[ll.Explanation]],
) -> None:
    folder, file, explanations = explained
    expected = {each.feature: each for each in ll.feature_importance(explanations).features}
    for path, failed in ((folder, 1), (file, 0)):
        board = Source(path).board()
        assert (len(board), board.failed) == (59, failed)
        found = board.importance(board.chosen(Filter()))
        assert [each["feature"] for each in found] == list(expected)
        for each in found:
            assert each["mean_abs"] == pytest.approx(expected[each["feature"]].mean_abs, rel=1e-5)
            assert each["mean"] == pytest.approx(expected[each["feature"]].mean, rel=1e-4, abs=1e-6)
            assert each["noise"] == pytest.approx(expected[each["feature"]].noise, rel=1e-3, abs=1e-8)


def test_a_row_of_the_board_is_found_again_in_whichever_part(
    explained: tuple[Path, Path, list[ll.Explanation]],
) -> None:
    folder, file, explanations = explained
    for path in (folder, file):
        source = Source(path)
        board = source.board()
        for place in (0, 7, 24, 25, 58):
            found = source.explanation(place)
            assert found.prediction[0] == pytest.approx(explanations[place].prediction[0])
            shown = board.shown(np.array([place]))[0]
            assert shown["prediction"] == pytest.approx(explanations[place].prediction[0], rel=1e-6)
            first = explanations[place].selected[0][0]
            assert shown["reasons"][0]["condition"] == explanations[place].features[first].name


def test_what_holds_no_explanations_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no folder or file"):
        Source(tmp_path / "missing")
    with pytest.raises(InputError, match="holds none"):
        Source(tmp_path).board()
    (tmp_path / "empty.jsonl").write_text("\n", encoding="utf-8")
    with pytest.raises(InputError, match="holds no explanation"):
        Source(tmp_path / "empty.jsonl").board()


def two(frame: object) -> np.ndarray:
    share = 1 / (1 + np.exp(-np.asarray(frame, dtype=float) @ [2.0, -1.0, 0.0]))
    return np.stack([1 - share, share], axis=1)


@pytest.fixture(scope="module")
def called(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[ll.Explanation]]:
    """Explanations of a classifier, each of the class that it says; the first row says "refuse"."""
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(60, 3)), columns=["a", "b", "c"])
    explainer = ll.Explainer(two, ll.Tabular(frame), output_names=["refuse", "accept"], seed=0)
    explanations = list(explainer.explain_many(frame))
    file = tmp_path_factory.mktemp("two") / "explanations.jsonl"
    file.write_text("\n".join(map(to_json, explanations)), encoding="utf-8")
    return file, explanations


@pytest.mark.parametrize("target", ["accept", "refuse"])
def test_of_two_classes_all_rows_count_as_in_feature_importance(
    called: tuple[Path, list[ll.Explanation]], target: str
) -> None:
    file, explanations = called
    assert {each.targets[0] for each in explanations} == {"accept", "refuse"}
    board = Source(file).board()
    code = list(board.targets).index(target)
    expected = {each.feature: each for each in ll.feature_importance(explanations, target=target).features}
    rows, side = board.chosen(Filter(target=code)), board.side(code)
    assert len(rows) == 60
    for each in board.importance(rows, side):
        assert each["mean_abs"] == pytest.approx(expected[each["feature"]].mean_abs, rel=1e-5)
        assert each["mean"] == pytest.approx(expected[each["feature"]].mean, rel=1e-4, abs=1e-6)
    said = [dict(each.outputs)[target] for each in explanations]
    assert [row["prediction"] for row in board.shown(rows, side)] == pytest.approx(said, abs=1e-6)
    # "called so" is an answer above one half, seen from either side
    assert board.chosen(Filter(target=code, low=0.5)).tolist() == np.flatnonzero(np.array(said) >= 0.5).tolist()
    for_it = board.chosen(Filter(target=code, low=0.5, direction=1))
    assert all(row["reasons"][0]["contribution"] > 0 for row in board.shown(for_it, side))


def test_the_two_sides_mirror_each_other(called: tuple[Path, list[ll.Explanation]]) -> None:
    board = Source(called[0]).board()
    one, other = (
        (board.effect(board.chosen(Filter(target=code)), 0, board.side(code)), board.side(code)) for code in (0, 1)
    )
    assert {one[1], other[1]} == {1, -1}
    for a, b in zip(one[0], other[0], strict=True):
        assert a["mean"] == pytest.approx(-b["mean"])
        assert a["prediction"] == pytest.approx(1 - b["prediction"])
        assert (a["count"], a["spread"]) == (b["count"], pytest.approx(b["spread"]))
    points = [board.swarm(board.chosen(Filter(target=code)), [0], board.side(code))[0]["points"] for code in (0, 1)]
    assert points[0] == [-value for value in reversed(points[1])]


def test_outputs_that_are_each_explained_are_not_turned_round(tmp_path: Path) -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(20, 3)), columns=["a", "b", "c"])
    names = ["refuse", "accept"]
    explainer = ll.Explainer(two, ll.Tabular(frame), output_names=names, seed=0, targets=names)
    file = tmp_path / "both.jsonl"
    file.write_text("\n".join(map(to_json, explainer.explain_many(frame))), encoding="utf-8")
    board = Source(file).board()
    assert board.facing is None
    assert len(board) == 40
    assert len(board.chosen(Filter(target=0))) == 20


def test_ids_are_those_of_the_rows_in_any_order_and_of_any_part(
    explained: tuple[Path, Path, list[ll.Explanation]],
) -> None:
    """Row 7 failed, and has no place on the board."""
    folder, file, _ = explained
    source = Source(folder)
    board = source.board()
    assert source.ids(range(len(board))) == [str(row) for row in range(60) if row != 7]
    assert source.ids([58, 0, 24, 23, 0]) == ["59", "0", "25", "24", "0"]
    assert source.ids([]) == []
    lines = Source(file)
    lines.board()
    assert lines.ids([3, 1]) == ["3", "1"]


def test_a_folder_that_was_changed_is_not_read_as_if_it_were_not(
    explained: tuple[Path, Path, list[ll.Explanation]], tmp_path: Path
) -> None:
    folder, _, _ = explained
    copy = tmp_path / "out"
    shutil.copytree(folder, copy)
    source = Source(copy)
    source.board()
    parquet = pytest.importorskip("pyarrow.parquet")
    last = sorted(copy.glob("*.parquet"))[-1]
    parquet.write_table(parquet.read_table(last).slice(0, 2), last)
    for asked in (lambda: source.ids([58]), lambda: source.explanation(58)):
        with pytest.raises(InputError, match="was changed; start again"):
            asked()


def test_a_column_is_joined_in_order_and_in_a_type_that_holds_all_its_pieces() -> None:
    building = _Building()
    building._keep(keys=np.array([1, 2], dtype=np.uint8))
    building._keep(keys=np.array([300], dtype=np.uint16))
    joined = building._joined("keys")
    assert (joined.tolist(), joined.dtype) == ([1, 2, 300], np.uint16)
    assert building._joined("keys").tolist() == []
