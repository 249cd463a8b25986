"""Answers to batches find their way back to the parts that their rows came from."""

from __future__ import annotations

import numpy as np

from limelight.errors import ModelOutputError
from limelight.models.ledger import Ledger
from limelight.models.poured import Poured


def column(*values: float) -> np.ndarray:
    return np.array(values)[:, None]


def test_a_part_may_be_answered_by_several_batches_and_a_batch_answer_several_parts() -> None:
    poured = Poured([3, 0, 2])
    poured.pour(column(1, 2), [(0, 0, ["a", "b"])])
    poured.pour(column(3, 4, 5), [(0, 2, ["c"]), (2, 0, ["d", "e"])])
    assert [each.ravel().tolist() for each in poured.blanked(Ledger(), k=1)] == [[1, 2, 3], [], [4, 5]]


def test_labels_that_are_met_later_give_former_answers_a_column_of_zeros() -> None:
    poured = Poured([2, 1])
    poured.pour(column(1), [(0, 0, ["a"])])
    poured.pour(np.array([[0.0, 1.0], [0.0, 1.0]]), [(0, 1, ["b"]), (1, 0, ["c"])])
    first, second = poured.blanked(Ledger(), k=3)
    assert first.tolist() == [[1, 0, 0], [0, 1, 0]]
    assert second.tolist() == [[0, 1, 0]]


def test_rows_that_were_left_out_are_blank_but_only_as_far_as_all_is_settled() -> None:
    ledger = Ledger(vital=0)
    ledger.leave_out([1, 3], ModelOutputError("nan"))
    ledger.settled = 3
    poured = Poured([2, 2])
    poured.pour(column(1, 2, 3, 4), [(0, 0, ["a", "b"]), (1, 0, ["c", "d"])])
    first, second = poured.blanked(ledger, k=1)
    assert np.isnan(first).ravel().tolist() == [False, True]
    assert second.ravel().tolist() == [3, 4]


def test_only_parts_before_the_failing_batch_are_finished() -> None:
    poured = Poured([1, 1, 1])
    poured.pour(column(1, 2), [(0, 0, ["a"]), (1, 0, ["b"])])
    found = poured.finished(1, k=1)
    assert found[0] is not None
    assert found[1:] == [None, None]
    assert poured.finished(1, k=None) == [None, None, None]
