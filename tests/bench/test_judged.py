"""Quantus asked of bars; skipped where it is not installed."""

from __future__ import annotations

import numpy as np
import pytest

from limelight.bench import judged
from limelight.bench.asked import ASKED
from limelight.bench.cases import Case, known_cases
from limelight.bench.judged import by_quantus, missing, standardised
from limelight.bench.methods import Method
from limelight.bench.questions import Sizes

SMALL = Sizes(rows=3, seeds=1, budget=100)
CASE, TRUTH = next(iter(known_cases(3)))


def test_nothing_is_asked_where_quantus_is_not_and_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judged, "NEEDED", ("numpy", "a_package_that_nobody_has"))
    assert missing() == ["a_package_that_nobody_has"]
    assert list(by_quantus([CASE], [], SMALL)) == []


def test_columns_are_standardised_and_those_that_never_change_stay() -> None:
    X = np.array([[1.0, 5.0], [3.0, 5.0]])
    case = Case("two", lambda X: X[:, 0], X, X, ("a", "b"), {}, classify=False)
    assert standardised(case, X).tolist() == [[-1.0, 0.0], [1.0, 0.0]]


@pytest.mark.filterwarnings("ignore")
def test_who_knows_the_parts_of_a_sum_is_faithful_and_who_does_not_is_not() -> None:
    if missing():
        pytest.skip(f"{' and '.join(missing())} not installed")
    numbers = {row.tobytes(): k for k, row in enumerate(CASE.rows)}
    knows = Method("knows", "limelight", lambda *_: lambda row, target: TRUTH[numbers[row.tobytes()]])
    dreams = Method("dreams", "limelight", lambda *_: lambda row, target: np.arange(10.0))
    found = {(each.question, each.method): each.value for each in by_quantus([CASE], [knows, dreams], SMALL)}
    assert {key for key, _ in found} == {question.key for question in ASKED["quantus"][1]}
    for key in ("quantus_correlation", "quantus_estimate"):
        assert found[key, "knows"] > 0.99
        assert found[key, "dreams"] < 0.6
    assert found["quantus_flipping", "knows"] < found["quantus_flipping", "dreams"]
