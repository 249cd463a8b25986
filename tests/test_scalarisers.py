"""Scalarisers: numbers by hand, laws, and refusals."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight import scalarisers as s

SYMMETRIC = (s.words(), s.rouge_l(), s.tfidf(["a b", "b c"]))
TEXTS = ["", "a", "b a", "The Tiber flows.", "日本 です", "a a b"]


@pytest.mark.parametrize("each", SYMMETRIC, ids=lambda each: each.outputs[0])
def test_likeness_is_symmetric_between_0_and_1_and_1_for_the_same(each: s.Scalariser) -> None:
    table = np.array([each(TEXTS, text).ravel() for text in TEXTS])
    assert np.allclose(table, table.T)
    assert (table >= 0).all()
    assert (table <= 1 + 1e-12).all()
    assert np.allclose(table.diagonal(), 1.0)


def test_words_by_hand() -> None:
    assert s.words()(["a b c d"], "a b").item() == pytest.approx(2 * 2 / 6)
    assert s.words()(["a a"], "a").item() == pytest.approx(2 / 3)
    assert s.words()(["A, b!"], "b a").item() == 1.0


def test_rouge_l_by_hand_and_by_brute_force() -> None:
    def longest(a: list[str], b: list[str]) -> int:
        if not a or not b:
            return 0
        if a[0] == b[0]:
            return 1 + longest(a[1:], b[1:])
        return max(longest(a[1:], b), longest(a, b[1:]))

    rng = np.random.default_rng(0)
    for _ in range(30):
        a, b = (rng.choice(list("abc"), rng.integers(1, 7)).tolist() for _ in range(2))
        expected = 2 * longest(a, b) / (len(a) + len(b))
        assert s.rouge_l()([" ".join(a)], " ".join(b)).item() == pytest.approx(expected)


def test_labels_take_the_first_one_named_as_a_whole_word() -> None:
    found = s.labels(["yes", "no", "not sure"])
    assert found.outputs == ("yes", "no", "not sure", "other")
    answers = ["NOT SURE, no.", "Nothing.", "yes and no", "know"]
    assert found(answers, "").argmax(axis=1).tolist() == [2, 3, 0, 3]


def test_match_forgives_case_and_punctuation_only() -> None:
    assert s.match()(["The  Tiber!", "Tiber"], "the tiber").ravel().tolist() == [1.0, 0.0]
    assert s.match().design == "exact"


def test_a_judge_is_asked_about_both_and_clipped() -> None:
    asked: list[str] = []

    def ask(prompts: list[str]) -> list[str]:
        asked.extend(prompts)
        return ["About 4 of 10", "11"]

    assert s.judge(ask)(["first", "second"], "ref").ravel().tolist() == [0.4, 1.0]
    assert "first" in asked[0]
    assert "ref" in asked[0]
    with pytest.raises(ll.InputError, match="judge: expected a number"):
        s.judge(lambda prompts: ["fine"])(["a"], "b")


def test_embeddings_of_nothing_are_like_nothing() -> None:
    each = s.embedding(lambda texts: [[len(text), 0.0] for text in texts])
    assert each(["", "abc"], "ab").ravel().tolist() == [0.0, 1.0]
    with pytest.raises(ll.InputError, match=r"embed: expected \(3, d\) vectors"):
        s.embedding(lambda texts: [1.0] * len(texts))(["a", "b"], "c")


def test_what_is_no_scalariser_is_refused() -> None:
    cases: list[tuple[Any, str]] = [
        ("wrods", "did you mean 'words'"),
        (3, "scalariser: expected"),
        (["words", "words"], "different outputs"),
        ([], "at least one"),
    ]
    for given, message in cases:
        with pytest.raises(ll.InputError, match=message):
            s.read(given)
    with pytest.raises(ll.InputError, match="labels: expected different names"):
        s.labels(["a", "a"])
    with pytest.raises(ll.InputError, match="corpus"):
        s.tfidf([])
    with pytest.raises(ll.InputError, match="pattern: expected a regular expression"):
        s.contains("(")
    with pytest.raises(ll.InputError, match=r"expected \(2, 1\) numbers for score"):
        s.Scalariser(("score",), lambda answers, reference: [1.0])(["a", "b"], "")


def test_a_function_of_ones_own_is_named_after_itself() -> None:
    def politeness(answer: str, reference: str) -> float:
        return float("please" in answer)

    (each,) = s.read(politeness)
    assert each.outputs == ("politeness",)
    assert each(["please"], "").item() == 1.0


def test_parts_of_a_similarity_are_the_words_of_the_reference() -> None:
    parts = ll.scalarisers.words().parts
    assert parts is not None
    assert parts(["Rome is old, is it?", "new"], "It is, it is old.").tolist() == [[1 / 5, 2 / 5, 1 / 5], [0, 0, 0]]
    assert parts(["any"], "").shape == (1, 0)
    assert ll.scalarisers.match().parts is not None and ll.scalarisers.contains("a").parts is None


def test_log_probabilities_may_come_by_token() -> None:
    scalariser = ll.scalarisers.logprob(lambda prompts, reference: [[-1.0, -2.0]] * len(prompts))
    assert scalariser(["a", "b"], "x").tolist() == [[-1.0, -2.0], [-1.0, -2.0]]
    with pytest.raises(ll.InputError, match="one number for each answer"):
        ll.scalarisers.logprob(lambda prompts, reference: [[-1.0]])(["a", "b"], "x")
