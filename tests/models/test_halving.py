"""A batch that the model cannot bear is asked in halves; a row that fails alone is named."""

import numpy as np
import pytest

from limelight.errors import ModelCallError
from limelight.models.batches import halves
from limelight.models.calls import Caller


class Bearing:
    """Answers batches of a few rows; more are too many, in the words of one library or another."""

    def __init__(self, most, error):
        self.most, self.error, self.sizes = most, error, []

    def __call__(self, X):
        self.sizes.append(len(X))
        if len(X) > self.most:
            raise self.error
        return X.sum(axis=1)


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
        RuntimeError("[ONNXRuntimeError] : 6 : Failed to allocate memory"),
        ValueError("expected at most 8 rows"),
    ],
    ids=["python", "cuda", "onnx", "a network of few rows"],
)
def test_a_model_that_bears_eight_rows_is_asked_eight(error):
    model = Bearing(8, error)
    caller, X = Caller(model), np.arange(3000.0).reshape(1000, 3)
    np.testing.assert_array_equal(caller.ask([X])[0][:, 0], X.sum(axis=1))
    asked = len(model.sizes)
    caller.ask([X])
    later = model.sizes[asked:]
    assert max(later) <= 8  # the size found is kept
    assert len(later) <= 1000 / 4


def test_a_size_that_the_user_gave_is_tried_again_each_time():
    model = Bearing(8, MemoryError())
    caller = Caller(model, batch_size=32)
    assert len(caller.ask([np.ones((64, 2))])[0]) == 64
    assert model.sizes.count(32) == 2


def test_a_failure_that_passes_costs_a_second_call_and_nothing_else():
    calls = []

    def flaky(X):
        calls.append(len(X))
        if len(calls) == 3:
            raise ConnectionError("429 too many requests")
        return X[:, 0]

    X = np.arange(2000.0).reshape(1000, 2)
    caller = Caller(flaky, batch_size=100)
    np.testing.assert_array_equal(caller.ask([X])[0][:, 0], X[:, 0])
    assert len(calls) == 10 + 2


def test_a_row_that_fails_alone_is_named_with_the_batch():
    def picky(X):
        if (X == 700).any():
            raise ValueError("700 is no number")
        return X[:, 0]

    with pytest.raises(
        ModelCallError, match=r"ValueError on batch 8 \(rows 700–799 of 1000\).*row 700 alone fails, too"
    ):
        Caller(picky, batch_size=100).ask([np.arange(1000.0)[:, None]])


def test_a_model_that_always_fails_is_asked_a_few_times_only():
    model = Bearing(0, ZeroDivisionError("division by zero"))
    with pytest.raises(ModelCallError, match="ZeroDivisionError on batch 1.*row 0 alone fails, too") as caught:
        Caller(model).ask([np.ones((256, 2))])
    assert isinstance(caught.value.__cause__, ZeroDivisionError)
    assert len(model.sizes) <= 9


def test_rows_keep_their_order_over_parts_and_kinds():
    model = Bearing(3, MemoryError())
    parts = [np.full((n, 2), float(i)) for i, n in enumerate([5, 0, 1, 9, 2])]
    answers = Caller(model).ask(iter(parts))
    assert [answer[:, 0].tolist() for answer in answers] == [[2.0 * i] * n for i, n in enumerate([5, 0, 1, 9, 2])]
    words = Caller(lambda texts: [len(text) for text in texts] if len(texts) < 3 else 1 / 0)
    assert words.ask([["a", "bb", "ccc", "dddd"]])[0][:, 0].tolist() == [1, 2, 3, 4]


def test_halves_cut_blocks_at_the_middle_row():
    first, second = halves([["a", "b", "c"], ["d", "e"], ["f", "g"]])
    assert (first, second) == ([["a", "b", "c"], ["d"]], [["e"], ["f", "g"]])
