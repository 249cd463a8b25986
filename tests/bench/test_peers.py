"""Every other package in the comparison gives weights for the columns and keeps to its rows; or it is skipped."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from limelight.bench.cases import Case, known_cases
from limelight.bench.methods import BY_VALUE, LIME, LIMELIGHT, Counted, Method
from limelight.bench.peers import METHODS, typical

CASE, TRUTH = next(iter(known_cases(1)))
PEERS = [method for method in METHODS if method not in (LIMELIGHT, BY_VALUE, LIME)]


def called(case: Case) -> Case:
    """The same as a classifier: 1 where the answer is positive."""

    def predict(X: np.ndarray) -> np.ndarray:
        p = 1 / (1 + np.exp(-CASE.predict(X)))
        return np.column_stack([1 - p, p])

    return Case("called", predict, case.background, case.rows, case.columns, {}, classify=True)


def installed(method: Method) -> Method:
    if not method.installed:
        pytest.skip(f"{method.package} is not installed")
    return method


@pytest.mark.parametrize("method", PEERS, ids=lambda method: method.name)
@pytest.mark.filterwarnings("ignore")
def test_each_explains_a_sum_rightly_within_its_rows(method: Method) -> None:
    if installed(method).refuses(CASE):
        pytest.skip(method.refuses(CASE))
    model = Counted(CASE.predict)
    weights = method.start(CASE, model, 0, 1000)(CASE.rows[0], 0)
    assert weights.shape == (10,)
    assert np.corrcoef(weights, TRUTH[0])[0, 1] > 0.8
    assert 300 < model.rows <= 1100


@pytest.mark.parametrize("method", [each for each in PEERS if each.bars], ids=lambda method: method.name)
@pytest.mark.filterwarnings("ignore")
def test_of_a_classifier_the_explained_class_is_told(method: Method) -> None:
    case = called(CASE)
    if installed(method).refuses(case):
        pytest.skip(method.refuses(case))
    sure = np.abs(case.background[:50] @ np.r_[3.0, 2.5, 2.0, np.zeros(7)]).argmin()  # where curves are steep
    row = case.background[sure]
    weights = np.array([method.start(case, case.predict, 0, 1000)(row, target) for target in (0, 1)])
    assert np.corrcoef(weights[0], weights[1])[0, 1] < -0.9
    assert np.corrcoef(weights[1], row * TRUTH[0] / CASE.rows[0])[0, 1] > 0.6


def forest(levels: int) -> tuple[Case, Any]:
    from sklearn.ensemble import RandomForestClassifier

    X = np.random.default_rng(0).normal(size=(300, 4))
    y = np.digitize(X[:, 2], np.linspace(-0.7, 0.7, levels - 1))
    model = RandomForestClassifier(20, random_state=0).fit(X, y)
    return Case("forest", model.predict_proba, X, X[:3], tuple("abcd"), {}, True, model), model


@pytest.mark.parametrize("levels", [2, 3])
@pytest.mark.filterwarnings("ignore")
def test_what_is_read_from_a_forest_adds_up_to_its_answer(levels: int) -> None:
    (method,) = [installed(each) for each in PEERS if each.name == "eli5"]
    case, model = forest(levels)
    assert "no" in method.refuses(CASE)
    assert method.refuses(case) == ""
    shares = np.mean([tree.tree_.value[0, 0] for tree in model.estimators_], axis=0)
    for target in range(levels):
        weights = method.start(case, case.predict, 0, None)(case.rows[0], target)
        expected = model.predict_proba(case.rows[:1])[0, target] - shares[target]
        assert weights.sum() == pytest.approx(expected, abs=1e-6)


@pytest.mark.filterwarnings("ignore")
def test_an_anchor_names_the_column_that_decides_and_takes_no_numbers() -> None:
    (method,) = [each for each in PEERS if each.name == "alibi anchors"]
    assert "answers numbers" in method.refuses(CASE)
    case, _ = forest(2)
    assert method.refuses(case) == ""
    assert installed(method).start(case, case.predict, 0, None)(case.rows[0], 1)[2] == 1


def test_a_typical_row_has_means_and_the_commonest_category() -> None:
    X = np.array([[1.0, 0.0], [2.0, 2.0], [6.0, 2.0]])
    case = Case("some", lambda X: X[:, 0], X, X, ("a", "b"), {1: ["x", "y", "z"]}, classify=False)
    assert typical(case).tolist() == [3.0, 2.0]
