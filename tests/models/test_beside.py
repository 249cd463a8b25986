"""Several models as one: what is asked of each, in which order, and what is refused."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

from limelight.errors import InputError, UnknownNameError
from limelight.models.beside import Beside


class Classes:
    """A classifier whose classes stand in the order given, with the probabilities of two columns of X."""

    def __init__(self, order: list[str], scale: float = 1.0) -> None:
        self.classes_ = np.array(order)
        self.scale = scale

    def predict_proba(self, X: Any) -> Any:
        yes = np.clip(X[:, 0] * self.scale, 0, 1)
        both = {"no": 1 - yes, "yes": yes}
        return np.stack([both[name] for name in self.classes_], axis=1)


X = np.array([[0.2, 1.0], [0.6, 2.0]])


def test_answers_stand_in_order_and_then_their_differences_from_the_first() -> None:
    both = Beside([lambda X: X, lambda X: 2 * X, lambda X: X - 1], ("a", "b", "c"))
    assert both.choose(X[:1], None) == ("output 0", "output 1")
    expected = np.hstack([X, 2 * X, X - 1, X, -np.ones_like(X)])
    np.testing.assert_allclose(both(X), expected)


def test_outputs_are_matched_by_name_not_by_place() -> None:
    both = Beside([Classes(["no", "yes"]), Classes(["yes", "no"], 0.5)], ("a", "b"))
    assert both.choose(X[:1], None) == ("yes",)  # of two classes the second: the first is what it leaves
    np.testing.assert_allclose(both(X), [[0.2, 0.1, -0.1], [0.6, 0.3, -0.3]])
    assert both.compete


def test_every_model_sees_the_whole_batch_so_that_equal_models_differ_by_nothing() -> None:
    seen: list[int] = []

    def slow(X: Any) -> Any:
        seen.append(len(X))
        return X[:, 0] / len(X)  # an answer that depends on its batch

    both = Beside([slow, slow], ("a", "b"))
    both.choose(X, None)
    many = np.ones((5000, 1))
    assert both(many)[:, 2].tolist() == [0.0] * 5000
    assert seen == [2, 2, 5000, 5000]


@pytest.mark.parametrize(
    ("models", "wanted", "error", "says"),
    [
        ([lambda X: X, lambda X: X[:, 0]], None, InputError, "expected the outputs of the a model"),
        ([lambda X: X, lambda X: X], "spam", UnknownNameError, "spam"),
        ([lambda X: X, lambda X: X], 2, UnknownNameError, "2"),
        ([lambda X: np.ones((len(X), 6))] * 2, None, InputError, "say which to compare"),
        ([lambda X: np.array(["x"] * len(X))] * 2, None, InputError, "labels"),
    ],
)
def test_what_cannot_be_compared_is_refused(models: Any, wanted: Any, error: Any, says: str) -> None:
    with pytest.raises(error, match=says):
        Beside(models, ("a", "b")).choose(X, wanted)


def test_it_pickles_where_the_models_do() -> None:
    both = Beside([Classes(["no", "yes"])] * 2, ("a", "b"))
    both.choose(X, "no")
    again = pickle.loads(pickle.dumps(both))
    np.testing.assert_allclose(again(X), both(X))


def test_of_some_models_only_the_differences_are_outputs() -> None:
    both = Beside([lambda X: X[:, 0], lambda X: 2 * X[:, 0], lambda X: 4 * X[:, 0]], ("a", "b", "c"), told=2)
    both.choose(X[:1], None)
    np.testing.assert_allclose(both(X[:1]), [[0.2, 0.4, 0.2, 0.6]])
