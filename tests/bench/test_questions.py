"""The figures of the proof, where they are known: overlap and scatter by hand, coverage of a model that is known."""

from __future__ import annotations

import numpy as np
import pytest

from limelight.bench import questions
from limelight.bench.cases import Case, known_cases
from limelight.bench.methods import LIMELIGHT, Method
from limelight.bench.questions import ASKED, Sizes, coverage, ground_truth, overlap, scatter, speed

SMALL = Sizes(rows=2, seeds=2, budget=300)
CASE: Case = next(iter(known_cases(2)))[0]


def test_overlap_of_one_answer_is_all_and_of_two_that_share_nothing_none() -> None:
    here, there = np.zeros((2, 1, 10)), np.zeros((2, 1, 10))
    here[:, 0, :5] = there[0, 0, :5] = there[1, 0, 5:] = 1
    assert overlap(here) == 1
    assert overlap(there) == 0


def test_scatter_leaves_out_rows_without_a_bar() -> None:
    weights = np.zeros((3, 2, 4))
    weights[:, 0, 0] = [0.9, 1.0, 1.1]  # sd .1 of a longest bar of 1, one column of four
    assert scatter(weights) == pytest.approx(np.sqrt(0.01 / 4))


def test_speed_counts_rows_of_the_model_and_every_question_has_a_figure() -> None:
    asked = list(speed([CASE], [LIMELIGHT], SMALL))
    assert [figure.question for figure in asked] == [question.key for question in ASKED["speed"][1]]
    assert all(figure.value > 0 for figure in asked)
    (rows,) = [figure.value for figure in asked if figure.question == "asked"]
    assert 128 < rows < 10_000


def test_intervals_hold_and_those_that_are_too_narrow_do_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "DENSE", 2**14)
    honest = [figure.value for figure in coverage([CASE], [], SMALL)]
    assert len(honest) == 3
    assert min(honest) >= 0.9
    monkeypatch.setattr(questions, "normal_quantile", lambda _: 0.1)
    assert max(figure.value for figure in coverage([CASE], [], SMALL)) < 0.7


def test_ground_truth_is_one_for_who_knows_it_and_bars_of_idle_columns_are_seen() -> None:
    parts = {case.name: truth for case, truth in known_cases(SMALL.rows)}

    def knowing(case: Case, *_: object) -> object:
        numbers = {row.tobytes(): k for k, row in enumerate(case.rows)}
        return lambda row, target: parts[case.name][numbers[row.tobytes()]] + 0.0

    def dreaming(case: Case, *_: object) -> object:
        return lambda row, target: np.arange(10.0)

    knows, dreams = Method("knows", "limelight", knowing), Method("dreams", "limelight", dreaming)  # type: ignore[arg-type]
    found = list(ground_truth([], [knows, dreams], SMALL))
    known = {(figure.question, figure.method): figure.value for figure in found}
    assert known["known", "knows"] == pytest.approx(1)
    assert known["idle", "knows"] == 0
    assert known["known", "dreams"] < 0.5
    assert known["idle", "dreams"] == 1
