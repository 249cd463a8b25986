"""LIME's packages give weights for the columns, count what they ask, and keep to their rows."""

from __future__ import annotations

import numpy as np
import pytest

from limelight.bench.cases import Case, known_cases
from limelight.bench.methods import BY_VALUE, LIME, LIME_SLOPE, LIMELIGHT, SLOPE, Counted, Method, takers

CASE, TRUTH = next(iter(known_cases(1)))
OURS = (LIMELIGHT, BY_VALUE, LIME)


def test_a_counted_model_counts_rows_and_seconds() -> None:
    model = Counted(lambda X: X[:, 0])
    model(np.zeros((3, 2))), model(np.zeros((4, 2)))
    assert model.rows == 7
    assert model.seconds > 0


@pytest.mark.parametrize("method", OURS, ids=lambda method: method.name)
@pytest.mark.filterwarnings("ignore")
def test_each_explains_a_sum_rightly_within_its_rows(method: Method) -> None:
    if not method.installed:
        pytest.skip(f"{method.package} is not installed")
    model = Counted(CASE.predict)
    weights = method.start(CASE, model, 0, 1000)(CASE.rows[0], 0)
    assert weights.shape == (10,)
    assert np.corrcoef(weights, TRUTH[0])[0, 1] > 0.8
    assert 300 < model.rows <= 1100  # a few more for noise, the row itself and the background


@pytest.mark.parametrize("method", OURS, ids=lambda method: method.name)
@pytest.mark.filterwarnings("ignore")
def test_of_a_classifier_the_explained_class_is_told(method: Method) -> None:
    if not method.installed:
        pytest.skip(f"{method.package} is not installed")

    def predict(X: np.ndarray) -> np.ndarray:
        p = 1 / (1 + np.exp(-CASE.predict(X)))
        return np.column_stack([1 - p, p])

    rows = CASE.rows * np.sign(CASE.predict(CASE.rows))[:, None]  # so that it is called 1
    two = Case("two", predict, CASE.background, rows, CASE.columns, {}, classify=True)
    weights = method.start(two, predict, 0, 1000)(rows[0], 1)
    assert np.corrcoef(weights, rows[0] * TRUTH[0] / CASE.rows[0])[0, 1] > 0.6


def test_a_package_that_is_not_there_is_not_installed() -> None:
    assert LIMELIGHT.installed
    assert not Method("none", "a_package_that_nobody_has", LIMELIGHT.start).installed


def test_a_case_that_is_refused_and_a_rule_where_bars_are_wanted_are_not_taken() -> None:
    rule = Method("rule", "limelight", LIMELIGHT.start, bars=False)
    choosy = Method("choosy", "limelight", LIMELIGHT.start, refuses=lambda case: "it has ten columns")
    assert takers([LIMELIGHT, rule, choosy], CASE) == [LIMELIGHT]
    assert takers([LIMELIGHT, rule, choosy], CASE, bars=False) == [LIMELIGHT, rule]


@pytest.mark.parametrize("method", [SLOPE, LIME_SLOPE], ids=lambda method: method.name)
def test_a_slope_is_that_of_the_line(method: Method) -> None:
    weights = method.start(CASE, CASE.predict, 0, 1000)(CASE.rows[0], 0)
    assert np.corrcoef(weights, [3.0, 2.5, 2.0, 1.5, 1.0, 0.75, 0.5, 0.0, 0.0, 0.0])[0, 1] > 0.98
