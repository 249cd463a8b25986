"""A table of one column: corners of its curve are no gap, a rule for one value is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import limelight as ll
from limelight.rounds.alike import neighbors

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
