"""What the columns of answers are is read from the answers: shares, ranks, labels.

The claims of `models/columns.py`.
"""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import limelight as ll
from limelight.models.columns import MANY_COLUMNS, TELLING_ROWS, Seen, are_shares, check_ranks, widened


def probabilities(n: int, k: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).dirichlet(np.ones(k), n)


def seen(*batches: np.ndarray) -> Seen:
    found = Seen()
    for batch in batches:
        found.add(batch)
    return found


@given(st.integers(2, 12), st.integers(2, 4), st.integers(0, 10**6))
def test_probabilities_rounded_to_two_places_or_more_are_shares(k: int, places: int, seed: int) -> None:
    assert are_shares(np.round(probabilities(20, k, seed), places)).all()


@pytest.mark.parametrize("row", [[0.5, 0.6], [-0.1, 1.1], [1.0, 2.0, 0.0], [0.0, 0.0], [0.45, 0.5]])
def test_what_is_negative_or_does_not_sum_to_one_is_none(row: list[float]) -> None:
    assert not are_shares(np.array([row])).any()


def test_one_odd_answer_in_a_hundred_changes_nothing_and_three_do() -> None:
    Y = probabilities(100, 3)
    Y[0] = 0.0
    assert seen(Y).shares
    Y[:3] = 0.0
    assert not seen(Y).shares
    assert not Seen().shares


def test_rows_without_an_answer_are_not_counted() -> None:
    Y = probabilities(40, 3)
    Y[5] = np.nan
    assert seen(Y).rows == 39
    assert seen(Y).shares


def test_sorted_scores_of_four_and_more_columns_are_refused_and_fewer_are_doubted() -> None:
    ranks = -np.sort(-probabilities(TELLING_ROWS + 5, MANY_COLUMNS), axis=1)
    with pytest.raises(ll.ModelOutputError, match=r"top_k=None.*dict \{label: score\}"):
        check_ranks(seen(ranks[:10], ranks[10:]), MANY_COLUMNS)
    few = -np.sort(-probabilities(100, 2), axis=1)
    said = check_ranks(seen(few), 2)
    assert said is not None
    assert "column 0 would then be the rank" in said
    assert check_ranks(seen(ranks[:10]), MANY_COLUMNS) is not None  # so few may be an accident


def test_one_row_in_another_order_clears_them() -> None:
    ranks = -np.sort(-probabilities(100, 4), axis=1)
    assert check_ranks(seen(ranks, ranks[:1, ::-1]), 4) is None


def test_the_first_two_of_several_sorted_scores_may_be_ranks_and_are_never_refused() -> None:
    """top_k=2: what is left of one is not told, and two quantities may lie so by nature."""
    ranks = -np.sort(-probabilities(300, 3), axis=1)[:, :2]
    said = check_ranks(seen(ranks), 2)
    assert said is not None
    assert "top_k=2" in said
    assert check_ranks(seen(ranks[: TELLING_ROWS - 1]), 2) is None  # an accident of few rows
    assert check_ranks(seen(ranks, ranks[:1, ::-1]), 2) is None
    assert check_ranks(seen(ranks * 1.4), 2) is None  # more than one together: no scores of classes
    wide = -np.sort(-probabilities(300, 9), axis=1)[:, :6]
    assert check_ranks(seen(wide), 6) is not None


def test_the_same_row_again_and_again_tells_nothing() -> None:
    row = np.array([[0.7, 0.2, 0.1, 0.0]])
    assert seen(np.repeat(row, 100, axis=0)).descending == 1
    assert check_ranks(seen(np.repeat(row, 100, axis=0)), 4) is None


@pytest.mark.parametrize(
    ("numbers", "doubtful"),
    [([0, 1, 2], True), ([0, 1], False), ([1, 2, 21], False), ([-2, 0, 1], False), ([-1, 0, 1], True)],
)
def test_few_small_whole_numbers_may_be_labels(numbers: list[int], doubtful: bool) -> None:
    found = Seen()
    found.add_numbers(np.array(numbers))
    assert found.may_be_labels is doubtful
    found.add_numbers(np.array([0.5]))
    assert not found.may_be_labels


def test_answers_of_before_a_label_was_met_have_zeros_for_it() -> None:
    Y = np.array([[0.2, 0.8]])
    assert widened(Y, 3).tolist() == [[0.2, 0.8, 0.0]]
    assert widened(Y, 2) is Y
