"""A table of one column or two: corners of their curves are no gap, a rule for one value is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import limelight as ll
from limelight.rounds.alike import nearest, neighbors

RNG = np.random.default_rng(0)
COLUMNS = {"normal": RNG.normal(size=2000), "skewed": RNG.lognormal(size=2000), "even": RNG.random(2000)}
CURVES: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "line": lambda v: v,
    "wave": lambda v: np.sin(3 * v),
    "corner": lambda v: np.sqrt(np.abs(v)),
    "two steps": lambda v: (v > 0.3) + 0.5 * (v > 1.0),
    "rising": np.exp,
}


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("curve", CURVES)
def test_one_column_has_a_gap_in_less_than_one_row_of_a_hundred(column: str, curve: str) -> None:
    x, f = COLUMNS[column], CURVES[curve]
    found = ll.Explainer(lambda X: f(X[:, 0]), ll.Tabular(x[:, None])).explain_all(x[:200, None])
    assert sum(each.causes[0] == "gap" for each in found) <= 2


@pytest.mark.parametrize("height", [3.0, -3.0, 100.0])
def test_a_rule_for_one_value_is_a_gap_though_draws_with_that_value_were_answered_so(height: float) -> None:
    x = COLUMNS["normal"]
    for own in x[:10]:
        explainer = ll.Explainer(lambda X, own=own: X[:, 0] + height * (X[:, 0] == own), ll.Tabular(x[:, None]))
        assert explainer.explain([own]).causes == ("gap",)


def test_neighbors_lie_on_either_side_as_far_as_there_are_any() -> None:
    values = np.arange(20.0)
    assert neighbors(values, 10.0).tolist() == [6, 7, 8, 9, 11, 12, 13, 14]
    assert neighbors(values, -5.0).tolist() == [0, 1, 2, 3]
    assert neighbors(values, 18.5).tolist() == [15, 16, 17, 18, 19]
    assert neighbors(np.zeros(5), 0.0).tolist() == []


TWO: dict[str, Callable[[np.ndarray], np.ndarray]] = {
    "steps": lambda X: (X[:, 0] > 0.4) + 2.0 * (X[:, 1] > 0.9),
    "threshold": lambda X: 1.0 * (X[:, 0] + X[:, 1] > 1.0),
    "bent": lambda X: np.minimum(np.square(X[:, 0]), 1.0) + np.tanh(3 * X[:, 1]),
}


@pytest.mark.parametrize("bins", ["quartile", "decile"])
@pytest.mark.parametrize("curve", TWO)
def test_two_columns_have_a_gap_in_less_than_one_row_of_a_hundred(curve: str, bins: str) -> None:
    X = np.column_stack([COLUMNS["normal"], COLUMNS["skewed"]])
    found = ll.Explainer(TWO[curve], ll.Tabular(X, bins=bins)).explain_all(X[:200])
    assert sum(each.causes[0] == "gap" for each in found) <= 2


@pytest.mark.parametrize("columns", [(0,), (1,), (0, 1)])
def test_of_two_columns_a_rule_for_the_own_values_is_a_gap(columns: tuple[int, ...]) -> None:
    X = np.column_stack([COLUMNS["normal"], COLUMNS["even"]])
    for row in X[:5]:

        def model(A: np.ndarray, row: np.ndarray = row) -> np.ndarray:
            return A.sum(axis=1) + 4.0 * (A[:, columns] == row[list(columns)]).all(axis=1)

        assert ll.Explainer(model, ll.Tabular(X)).explain(row).causes == ("gap",)


def test_a_corner_that_the_surrogate_misses_is_told_though_draws_nearby_lie_in_it() -> None:
    X = np.column_stack([COLUMNS["normal"], COLUMNS["even"]])

    def corner(A: np.ndarray) -> np.ndarray:
        return 1.0 * ((A[:, 0] > 2.0) & (A[:, 1] > 0.8))

    assert ll.Explainer(corner, ll.Tabular(X)).explain([2.5, 0.95]).causes == ("gap",)


def test_the_nearest_draws_are_those_of_a_search_through_all() -> None:
    rng = np.random.default_rng(1)
    X = np.column_stack([rng.integers(12, size=60), rng.random(60)]).astype(float)
    order = np.argsort(X, axis=0, kind="stable")
    found = nearest(np.take_along_axis(X, order, axis=0), np.argsort(order, axis=0), np.array([5.0, 0.5]))
    apart = []
    for draw in X:
        steps = []
        for j, own in enumerate((5.0, 0.5)):
            between = (X[:, j] > own) & (X[:, j] < draw[j]) | (X[:, j] < own) & (X[:, j] > draw[j])
            steps.append(between.sum())
        apart.append(max(steps) if draw[0] != 5.0 else 1000)
    assert len(found) == 8
    assert max(np.array(apart)[found]) <= np.sort(apart)[7] + 5  # ties among the whole numbers stand in any order
    assert (X[found, 0] != 5.0).all()
