"""Rows of many requests share the model's batches, and each request gets back what is its own, in its order."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from limelight.errors import ModelCallError
from limelight.models.calls import Caller
from limelight.models.ledger import Ledger
from limelight.rounds.asking import BrokenError, Paid, Request, ask


class Model:
    """Answers each row with its number and its square, and remembers its batches."""

    def __init__(self, fails: Callable[[np.ndarray], bool] = lambda batch: False) -> None:
        self.batches: list[list[float]] = []
        self.fails = fails

    def __call__(self, X: np.ndarray) -> np.ndarray:
        if self.fails(X):
            raise RuntimeError("cannot read this")
        self.batches.append(X[:, 0].tolist())
        return np.column_stack([X[:, 0], X[:, 0] ** 2])


def rows(*numbers: float) -> np.ndarray:
    return np.array(numbers, dtype=float)[:, None]


def asked(requests: list[Request], model: Any, batch_size: int = 4, vital: float = np.inf) -> list[Any]:
    return ask(requests, Caller(model, batch_size=batch_size), Ledger(vital))


def test_requests_share_batches_and_get_their_own_answers() -> None:
    model = Model()
    first, second = asked([Request([rows(1, 2), rows(3)]), Request([rows(4, 5, 6)])], model)
    assert model.batches == [[1, 2, 3, 4], [5, 6]]
    assert first.outputs.tolist() == [[1, 1], [2, 4], [3, 9]]
    assert second.outputs.tolist() == [[4, 16], [5, 25], [6, 36]]
    assert (first.asked, second.asked) == (3, 3)
    assert first.noise is None


def test_rows_that_are_asked_again_are_asked_in_the_same_batch_as_their_chunk() -> None:
    model = Model()
    again = np.array([0, 2, 2])
    (found,) = asked([Request([rows(1, 2), rows(3)], again=again)], model, batch_size=100)
    assert model.batches == [[1, 2, 1, 3, 3, 3]]
    assert found.outputs[:, 0].tolist() == [1, 2, 3]
    assert found.again[:, 0].tolist() == [1, 3, 3]
    assert found.asked == 6


def test_of_repeated_rows_the_mean_is_told_and_how_sure_it_is() -> None:
    said = iter([1.0, 2.0, 5.0, 4.0])  # two rows, each asked twice
    (found,) = asked([Request([rows(0, 0)], repeats=2)], lambda X: np.array([next(said) for _ in X]))
    assert found.outputs.ravel().tolist() == [3.0, 3.0]
    assert found.noise is not None
    assert found.noise.ravel().tolist() == [4.0, 1.0]  # var([1, 5]) / 2, var([2, 4]) / 2
    assert found.asked == 4


def test_what_was_paid_for_is_not_asked_again() -> None:
    model = Model()
    paid = Paid(np.array([[1.0, 1.0], [2.0, 4.0], [3.0, 9.0]]), {})
    (found,) = asked([Request([rows(1, 2), rows(3, 4)], paid=paid)], model)
    assert model.batches == [[4]]
    assert found.outputs[:, 0].tolist() == [1, 2, 3, 4]
    assert found.asked == 1


def test_a_row_that_may_be_left_out_is_nan_and_says_why() -> None:
    model = Model(lambda X: bool((X == 3).any()))
    first, second = asked([Request([rows(1)]), Request([rows(2, 3, 4)])], model, vital=1)
    assert first.reason == ""
    assert np.isnan(second.outputs[1]).all()
    assert second.outputs[[0, 2], 0].tolist() == [2, 4]
    assert list(second.failures) == [1]
    assert "cannot read this" in second.reason


def test_a_failure_of_the_second_asking_is_counted_to_the_row() -> None:
    calls = iter(range(100))
    model = Model(lambda X: bool((X == 2).any()) and next(calls) >= 0)
    (found,) = asked([Request([rows(1, 2)], repeats=2)], model, vital=0)
    assert list(found.failures) == [1]
    assert np.isnan(found.outputs[1]).all()
    assert found.outputs[0, 0] == 1


def test_what_came_back_before_the_asking_broke_off_is_handed_over_and_taken_up() -> None:
    broken = Model(lambda X: bool((X == 5).any()))
    requests = [Request([rows(1, 2)]), Request([rows(3, 4, 5, 6)])]
    with pytest.raises(BrokenError) as caught:
        asked(requests, broken, batch_size=2)
    assert isinstance(caught.value.error, ModelCallError)
    first, second = caught.value.complete
    assert first is not None
    assert first.outputs[:, 0].tolist() == [1, 2]
    assert second is None
    paid = caught.value.paid[1]
    assert paid is not None
    assert paid.outputs[:, 0].tolist()[:2] == [3, 4]

    mended = Model()
    (found,) = asked([Request([rows(3, 4, 5, 6)], paid=paid)], mended)
    assert found.outputs[:, 0].tolist() == [3, 4, 5, 6]
    assert 3 not in mended.batches[0]


def test_ctrl_c_is_a_breaking_off_like_any_other() -> None:
    def model(X: np.ndarray) -> np.ndarray:
        if X[0, 0] == 3:
            raise KeyboardInterrupt
        return X

    with pytest.raises(BrokenError) as caught:
        asked([Request([rows(1, 2, 3, 4)])], model, batch_size=2)
    assert isinstance(caught.value.error, KeyboardInterrupt)
    paid = caught.value.paid[0]
    assert paid is not None
    assert paid.outputs.ravel().tolist() == [1, 2]


def test_no_more_chunks_are_made_than_a_batch_holds() -> None:
    made: list[int] = []

    def chunks() -> Iterator[np.ndarray]:
        for number in range(20):
            made.append(number)
            yield rows(number)

    waiting: list[int] = []

    def model(X: np.ndarray) -> np.ndarray:
        waiting.append(len(made) - int(X[0, 0]))
        return X

    asked([Request(chunks())], model, batch_size=4)
    assert max(waiting) <= 5


def test_a_request_of_nothing_has_no_answers() -> None:
    nothing, something = asked([Request([]), Request([rows(1)])], Model())
    assert nothing.outputs.shape == (0, 2)
    assert something.outputs.tolist() == [[1, 1]]
