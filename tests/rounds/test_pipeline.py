"""The algorithm in rounds: what goes into one call, who is looked at, what becomes of a failure."""

from __future__ import annotations

import warnings
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

import limelight as ll
from limelight.errors import InputError, LimelightError, ModelCallError
from limelight.local.proximity import default_kernel_width
from limelight.rounds.pipeline import kernel_width, of_equal_length, vital
from limelight.rounds.turns import Canary, Originals

X = np.random.default_rng(0).normal(size=(300, 3))


class Counting:
    """A line, and how many rows each call has."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def __call__(self, X: np.ndarray) -> np.ndarray:
        self.calls.append(len(X))
        return X @ [2.0, -1.0, 0.5]


def test_rows_of_a_table_after_the_first_cost_themselves_and_the_canary() -> None:
    model = Counting()
    explainer = ll.Explainer(model, ll.Tabular(X), seed=0)
    explainer.explain(X[0])
    model.calls.clear()
    found = list(explainer.explain_many(X[:40]))
    assert len(found) == 40
    assert sum(model.calls) == 41
    assert found[0].coef.tolist() == explainer.explain(X[0]).coef.tolist()


def test_an_error_is_raised_when_its_turn_comes_and_those_before_it_are_explained() -> None:
    explainer = ll.Explainer(Counting(), ll.Tabular(X), seed=0)
    stream = explainer.explain_many([X[0], X[1], X[2][:2], X[3]])
    assert next(stream) is not None
    assert next(stream) is not None
    with pytest.raises(InputError, match="instance number 2"):
        next(stream)


@pytest.mark.parametrize(("how", "left"), [("skip", 3), ("record", 4)])
def test_one_instance_that_cannot_be_explained_is_skipped_or_recorded_in_its_place(how: str, left: int) -> None:
    explainer = ll.Explainer(Counting(), ll.Tabular(X), seed=0)
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        found = list(explainer.explain_many([X[0], X[1][:2], X[2], X[3]], on_error=how))
    assert ["1 instance was skipped" in str(each.message) for each in said] == [True] * (how == "skip")
    assert len(found) == left
    assert [isinstance(each, ll.Failure) for each in found] == [how == "record" and i == 1 for i in range(left)]


def test_a_model_that_fails_for_one_instance_is_asked_about_the_others_alone() -> None:
    bad = X[1].copy()

    def model(rows: np.ndarray) -> np.ndarray:
        if (rows == bad).all(axis=1).any():
            raise ValueError("no such customer")
        return rows[:, 0]

    explainer = ll.Explainer(model, ll.Tabular(X[2:]), seed=0)
    explainer.explain(X[2])
    found = list(explainer.explain_many([X[3], bad, X[4]], on_error="record"))
    assert [isinstance(each, ll.Failure) for each in found] == [False, True, False]
    assert isinstance(found[1].error, (ModelCallError, LimelightError, str))
    assert "no such customer" in str(found[1].error)


def test_instances_with_as_many_features_are_looked_at_together() -> None:
    sizes = (3, 1, 3, 2, 1)
    opened = [SimpleNamespace(number=i, representation=SimpleNamespace(features=range(d))) for i, d in enumerate(sizes)]
    found = of_equal_length(cast(Any, opened))
    assert [[len(one.representation.features) for one in rows] for rows in found] == [[3, 3], [1, 1], [2]]
    assert [one.number for rows in found for one in rows] == [0, 2, 1, 4, 3]


def test_a_width_that_is_given_is_the_width_and_else_lime_has_its_own() -> None:
    one = SimpleNamespace(source=None, representation=SimpleNamespace(features=range(16)))
    context = SimpleNamespace(settings=SimpleNamespace(kernel_width=2, distance=None), distance="euclidean")
    assert kernel_width(cast(Any, context), cast(Any, one)) == 2.0
    for own in (None, "auto"):
        context.settings.kernel_width = own
        assert kernel_width(cast(Any, context), cast(Any, one)) == default_kernel_width("euclidean", 16) == 3.0


def test_what_must_be_answered_is_every_canary_and_the_first_instance_where_errors_are_raised() -> None:
    opened = [cast(Any, SimpleNamespace(source=SimpleNamespace(asks_twice=False))) for _ in range(2)]
    context = cast(Any, SimpleNamespace())
    canaries = [Canary(cast(Any, None), opened[0]), Canary(cast(Any, None), opened[1])]
    assert vital([*canaries, Originals(opened, context)], opened, True) == 3
    assert vital([*canaries, Originals(opened, context)], opened, False) == 2
    # the first instance has been answered before: it may wait
    assert vital([Originals(opened[1:], context)], opened, True) == 0
    assert vital([Originals([], context)], opened, True) == 0
