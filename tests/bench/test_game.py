"""What bars are held against: a sum of columns, where every figure is known by hand."""

from __future__ import annotations

import numpy as np
import pytest

from limelight.bench.cases import Case
from limelight.bench.game import Game

rng = np.random.default_rng(0)
BACKGROUND = rng.normal(size=(100, 4))
ROW = np.array([3.0, 2.0, -1.0, 0.5])
SLOPES = np.array([2.0, 1.0, 0.5, 0.0])
MODEL = Case("sum", lambda X: X @ SLOPES, BACKGROUND, ROW[None], tuple("abcd"), {}, classify=False)
PARTS = SLOPES * (ROW - BACKGROUND.mean(axis=0))


@pytest.fixture(name="game")
def fixture_game() -> Game:
    return Game(MODEL, ROW, np.random.default_rng(1))


def test_the_value_of_some_columns_is_the_mean_answer_with_the_others_from_the_background(game: Game) -> None:
    kept = np.array([[True, True, True, True], [False] * 4, [True, False, False, False]])
    nothing = BACKGROUND.mean(axis=0) @ SLOPES
    assert game.value(kept) == pytest.approx([ROW @ SLOPES, nothing, nothing + PARTS[0]])


def test_the_true_parts_correlate_fully_turned_round_ones_fully_the_other_way_and_none_not_at_all(game: Game) -> None:
    assert game.correlation(PARTS) == pytest.approx(1)
    assert game.correlation(-PARTS) == pytest.approx(-1)
    assert game.correlation(np.zeros(4)) == 0


def test_where_the_answer_never_moves_there_is_no_correlation() -> None:
    still = Case("constant", lambda X: np.ones(len(X)), BACKGROUND, ROW[None], tuple("abcd"), {}, classify=False)
    assert np.isnan(Game(still, ROW, np.random.default_rng(1)).correlation(PARTS))


def test_the_area_by_hand_and_no_order_has_a_wider_one(game: Game) -> None:
    order = np.argsort(-PARTS)
    steps = np.concatenate([[0.0], np.cumsum(PARTS[order])])  # inserted: what has come; deleted: what is left
    assert game.area(PARTS) == pytest.approx((2 * steps - PARTS.sum()).mean())
    assert game.area(-PARTS) < game.area(np.array([0.0, 1.0, 2.0, 3.0])) < game.area(PARTS)


def test_signs_are_those_of_the_moves_and_columns_that_do_not_move_are_not_counted(game: Game) -> None:
    assert game.signs(PARTS) == [True, True, True]
    assert game.signs(np.array([-9.0, 1.0, 0.0, 8.0])) == [False, True]


def test_of_a_classifier_the_class_of_the_row_is_looked_at() -> None:
    def predict(X: np.ndarray) -> np.ndarray:
        p = 1 / (1 + np.exp(-X @ SLOPES))
        return np.column_stack([p, 1 - p])

    two = Case("two", predict, BACKGROUND, ROW[None], tuple("abcd"), {}, classify=True)
    assert Game(two, ROW, np.random.default_rng(1)).target == 0
    assert Game(two, -ROW, np.random.default_rng(1)).target == 1
