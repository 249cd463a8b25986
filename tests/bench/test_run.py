"""One run of the proof: what is asked, what is missing, where it ran."""

from __future__ import annotations

import pytest

from limelight import __version__
from limelight.bench import run as package_run
from limelight.bench.asked import ASKED
from limelight.bench.cases import known_cases
from limelight.bench.methods import LIMELIGHT, Method
from limelight.bench.proof import Figure
from limelight.bench.run import left_out, machine, run
from limelight.errors import InputError


@pytest.fixture(autouse=True)
def _no_cases(monkeypatch: pytest.MonkeyPatch) -> None:
    module = run.__globals__
    monkeypatch.setitem(module, "cases", lambda n: iter(()))
    ask = lambda cases, methods, sizes: iter([Figure("removal", "wine", "limelight", 0.5)])  # noqa: E731
    monkeypatch.setitem(ASKED, "faithfulness", (ask, ASKED["faithfulness"][1][:1]))


def test_a_question_is_asked_alone_and_its_table_is_told() -> None:
    told: list[str] = []
    proof = run(only=["faithfulness"], say=told.append)
    assert proof.figures == (Figure("removal", "wine", "limelight", 0.5),)
    assert [question.key for question in proof.questions] == ["removal"]
    assert "| limelight | 0.500 |" in told[-1]
    assert proof.settings["seeds"] == "4"
    assert package_run is run


def test_the_whole_asks_more_than_a_quick_look() -> None:
    assert run(quick=False, only=["faithfulness"]).settings["seeds"] == "20"


def test_a_question_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(InputError, match="expected some of speed, .* truth, published, quantus, got 'size'"):
        run(only=["size"])


def test_the_machine_says_versions_also_of_what_is_missing() -> None:
    found = machine()
    assert found["limelight"] == __version__
    assert set(found) >= {"machine", "Python", "numpy", "lime", "shap"}


def test_what_is_left_out_is_said_with_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    absent = Method("nobody", "a_package_that_nobody_has", LIMELIGHT.start)
    choosy = Method("choosy", "limelight", LIMELIGHT.start, refuses=lambda case: "too straight")
    monkeypatch.setitem(left_out.__globals__, "METHODS", (LIMELIGHT, absent, choosy))
    monkeypatch.setitem(left_out.__globals__, "missing", lambda: ["quantus"])
    assert left_out([next(iter(known_cases(1)))[0]]) == [
        "a_package_that_nobody_has: not installed (pip install a_package_that_nobody_has)",
        "Quantus: quantus not installed (pip install quantus torch)",
        "choosy, straight lines: too straight",
    ]
