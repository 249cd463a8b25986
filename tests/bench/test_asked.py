"""The list of questions: every key is asked once, and every question can be read."""

from __future__ import annotations

from pathlib import Path

from limelight.bench.asked import ASKED
from limelight.bench.proof import Proof

PROOF = Path(__file__).resolve().parents[2] / "docs" / "proof.json"


def test_every_question_has_a_key_of_its_own_and_says_how_it_was_asked() -> None:
    questions = [question for _, mine in ASKED.values() for question in mine]
    assert len({question.key for question in questions}) == len({question.title for question in questions})
    assert len({question.key for question in questions}) == len(questions)
    assert all(question.how.endswith(".") and question.better in ("less", "more", "") for question in questions)


def test_the_documentation_holds_the_answers_to_all_of_them() -> None:
    proof = Proof.from_json(PROOF.read_text(encoding="utf-8"))
    assert list(proof.questions) == [question for _, mine in ASKED.values() for question in mine]
