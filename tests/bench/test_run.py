"""One run of the proof: what is asked, what is missing, where it ran."""

from __future__ import annotations

import pytest

from limelight import __version__
from limelight.bench import run as package_run
from limelight.bench.proof import Figure
from limelight.bench.run import machine, run
from limelight.errors import InputError


@pytest.fixture(autouse=True)
def _no_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    from limelight.bench import questions

    module = run.__globals__
    monkeypatch.setitem(module, "cases", lambda n: iter(()))
    ask = lambda cases, methods, sizes: iter([Figure("removal", "wine", "limelight", 0.5)])  # noqa: E731
    monkeypatch.setitem(questions.ASKED, "faithfulness", (ask, questions.ASKED["faithfulness"][1][:1]))


def test_a_question_is_asked_alone_and_its_table_is_told() -> None:
    told: list[str] = []
    proof = run(only=["faithfulness"], say=told.append)
    assert proof.figures == (Figure("removal", "wine", "limelight", 0.5),)
    assert [question.key for question in proof.questions] == ["removal"]
    assert "| wine | 0.500 |" in told[-1]
    assert proof.settings["seeds"] == "4"
    assert package_run is run


def test_the_whole_asks_more_than_a_quick_look() -> None:
    assert run(quick=False, only=["faithfulness"]).settings["seeds"] == "20"


def test_a_question_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(
        InputError, match="expected some of speed, steadiness, coverage, faithfulness, truth, got 'size'"
    ):
        run(only=["size"])


def test_the_machine_says_versions_also_of_what_is_missing() -> None:
    found = machine()
    assert found["limelight"] == __version__
    assert set(found) >= {"machine", "Python", "numpy", "lime", "shap"}
