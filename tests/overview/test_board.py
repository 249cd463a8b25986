"""Sums over many explanations, on four rows that are worked by hand, and filters as they are said in words."""

from __future__ import annotations

import numpy as np
import pytest

from limelight.overview.board import CELLS, FOLDED, MOST_POINTS, Board, Filter, in_order, spread

YES, NO = 0, 1
AGE, CITY = 0, 1
YOUNG, OLD, OSLO, ROME = range(4)


@pytest.fixture
def board() -> Board:
    """Four rows of two columns; the last one explains the other output."""
    return Board(
        features=["age", "city"],
        conditions=["age ≤ 30", "age > 30", "city = Oslo", "city = Rome"],
        targets=["yes", "no"],
        causes=["trusted", "gap"],
        kind=np.arange(4),
        target=np.array([YES, YES, YES, NO]),
        cause=np.array([0, 1, 0, 0]),
        first=np.array([AGE, CITY, AGE, CITY]),
        prediction=np.array([0.9, 0.6, 0.2, 0.7], dtype=np.float32),
        fidelity=np.array([0.5, 1.0, -2.0, np.nan], dtype=np.float32),
        leading=np.array([0.4, -0.3, -0.2, 0.1], dtype=np.float32),
        starts=np.array([0, 2, 4, 6, 8]),
        keys=np.array([AGE, CITY] * 4),
        names=np.array([YOUNG, OSLO, OLD, ROME, YOUNG, ROME, OLD, OSLO]),
        contributions=np.array([0.4, 0.1, -0.1, -0.3, -0.2, 0.1, 0.0, 0.1], dtype=np.float32),
        stderr=np.full(8, 0.01, dtype=np.float32),
        failed=0,
    )


@pytest.mark.parametrize(
    ("filter", "places"),
    [
        (Filter(), [0, 1, 2]),
        (Filter(target=NO), [3]),
        (Filter(reason=AGE), [0, 2]),
        (Filter(reason=AGE, direction=-1), [2]),
        (Filter(direction=1), [0]),
        (Filter(low=0.5), [0, 1]),
        (Filter(low=0.5, high=0.7), [1]),
        (Filter(cause=1), [1]),
        (Filter(condition=YOUNG), [0, 2]),
        (Filter(condition=ROME, cause=0), [2]),
        (Filter(low=2.0), []),
        (Filter(low=2.0, condition=ROME), []),
    ],
)
def test_a_filter_means_the_rows_that_its_words_say(board: Board, filter: Filter, places: list[int]) -> None:
    assert board.chosen(filter).tolist() == places


def test_importance_is_the_mean_over_all_rows_that_are_meant(board: Board) -> None:
    age, city = board.importance(board.chosen(Filter()))
    assert (age["feature"], age["count"], age["leads"]) == ("age", 3, 2)
    assert age["mean_abs"] == pytest.approx(0.7 / 3)
    assert age["mean"] == pytest.approx(0.1 / 3)
    assert age["noise"] == pytest.approx(FOLDED * 0.01)
    assert city["mean_abs"] == pytest.approx(0.5 / 3)
    assert board.importance(board.chosen(Filter(low=2.0))) == []


def test_the_effect_of_a_feature_is_a_mean_for_each_of_its_conditions(board: Board) -> None:
    young, old = board.effect(board.chosen(Filter()), AGE)
    assert (young["condition"], young["count"], young["leads"]) == ("age ≤ 30", 2, 2)
    assert young["mean"] == pytest.approx(0.1)
    assert young["spread"] == pytest.approx(0.3)
    assert young["prediction"] == pytest.approx(0.55)
    assert (old["count"], old["leads"]) == (1, 0)


def test_the_map_counts_every_row_once_and_fidelity_below_zero_as_zero(board: Board) -> None:
    found = board.fidelity_map(board.chosen(Filter()))
    cells = np.array(found["cells"])
    assert cells.sum() == 3
    assert (found["low"], found["high"]) == pytest.approx((0.2, 0.9))
    assert cells[0, 0] == 1, "the third row: lowest answer, fidelity −2"
    assert cells[CELLS // 2, CELLS - 1] == 1, "the first: highest answer, fidelity 0.5"
    assert [(each["cause"], each["count"]) for each in found["causes"]] == [("trusted", 2), ("gap", 1)]
    assert np.sum(board.fidelity_map(board.chosen(Filter(low=2.0)))["cells"]) == 0


def test_a_swarm_holds_the_contributions_and_never_more_points_than_are_sent(board: Board) -> None:
    strips = board.swarm(board.chosen(Filter()), [AGE, CITY])
    assert [strip["points"] for strip in strips] == [[-0.2, -0.1, 0.4], [-0.3, 0.1, 0.1]]
    many = np.repeat(board.chosen(Filter()), 5000)
    assert sum(len(strip["points"]) for strip in board.swarm(np.unique(many), [AGE, CITY])) <= MOST_POINTS
    assert len(spread(np.arange(10**6), 200)) == 200


def test_rows_are_shown_with_their_largest_reason_first(board: Board) -> None:
    (row,) = board.shown(np.array([1]))
    assert (row["cause"], row["place"]) == ("gap", 1)
    assert [each["condition"] for each in row["reasons"]] == ["city = Rome", "age > 30"]


def test_examples_cover_what_matters(board: Board) -> None:
    assert board.examples(board.chosen(Filter()), size=1).tolist() in ([0], [1], [2])
    assert len(board.examples(board.chosen(Filter()))) == 3
    assert len(board.examples(board.chosen(Filter(low=2.0)))) == 0


@pytest.mark.parametrize("size", [1, 2, 3])
def test_pieces_of_any_size_sum_to_the_same(board: Board, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = board.chosen(Filter())
    whole = board.importance(rows), board.effect(rows, CITY)
    mapped = board.fidelity_map(rows)
    monkeypatch.setattr("limelight.overview.board.AT_ONCE", size)
    monkeypatch.setattr("limelight.overview.board.ROWS_AT_ONCE", size)
    assert board.chosen(Filter()).tolist() == rows.tolist()
    assert board.fidelity_map(rows) == mapped
    for found, expected in zip((board.importance(rows), board.effect(rows, CITY)), whole, strict=True):
        assert [list(each.values())[2:] for each in found] == [
            pytest.approx(list(each.values())[2:]) for each in expected
        ]


def test_bins_come_in_the_order_of_their_numbers() -> None:
    bins = ["x > 47", "28 < x ≤ 37", "x ≤ 28", "37 < x ≤ 47"]
    assert sorted(bins, key=in_order) == ["x ≤ 28", "28 < x ≤ 37", "37 < x ≤ 47", "x > 47"]
    assert sorted(["b = x", "a = y"], key=in_order) == ["a = y", "b = x"]
    assert sorted(["x > 1,000", "x ≤ -5", "-5 < x ≤ 1,000"], key=in_order) == ["x ≤ -5", "-5 < x ≤ 1,000", "x > 1,000"]
