"""The figures of the proof, where they are known: overlap and scatter by hand, coverage of a model that is known."""

from __future__ import annotations

import numpy as np
import pytest

from limelight.bench import questions
from limelight.bench.asked import ASKED
from limelight.bench.cases import Case, known_cases
from limelight.bench.methods import LIMELIGHT, Method
from limelight.bench.questions import (
    Sizes,
    agreement,
    coverage,
    ground_truth,
    overlap,
    published,
    scatter,
    speed,
)
from limelight.bench.synthetic import clusters, normals

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


def test_a_rule_is_the_columns_that_it_names_and_no_more() -> None:
    rules = np.zeros((2, 1, 10))
    rules[0, 0, :2] = rules[1, 0, 1:3] = 1
    assert overlap(rules) == pytest.approx(1 / 3)
    assert overlap(np.zeros((2, 1, 10))) == 1  # both say that nothing matters


def test_feature_agreement_counts_the_truths_columns_and_signs_those_that_are_right() -> None:
    truth = np.array([1.0, -2.0, 0.0, 0.5])
    assert agreement(truth, truth) == (1.0, 1.0)
    assert agreement(-truth, truth) == (1.0, 0.0)
    assert agreement(np.array([0.0, -9.0, 9.0, 0.1]), truth) == pytest.approx((2 / 3, 2 / 3))


def test_who_knows_the_published_truths_agrees_with_all_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questions, "CLUSTERED", 2)
    case, slopes = clusters(2)
    signs = 2 * case.predict(case.rows).argmax(axis=1) - 1
    truths = {row.tobytes(): sign * slope for row, sign, slope in zip(case.rows, signs, slopes, strict=True)}
    for normal, shares in normals(2):
        truths |= {(normal.name, row.tobytes()): each for row, each in zip(normal.rows, shares, strict=True)}

    def knowing(case: Case, *_: object) -> object:
        return lambda row, target: truths.get(row.tobytes(), truths.get((case.name, row.tobytes())))

    found = list(published([], [Method("knows", "limelight", knowing)], SMALL))  # type: ignore[arg-type]
    mine = [figure for figure in found if figure.method == "knows"]
    assert len(mine) == 8
    assert [figure.value for figure in mine] == pytest.approx([1.0] * 8)
