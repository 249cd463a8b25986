"""Units of several words, known by name or by where punctuation stands."""

from __future__ import annotations

import pytest

import limelight as ll
from limelight.errors import InputError
from limelight.interpretable.phrases import GRAMS, grouped, size_of

TEXT = "No fatigue at all, but sneezing (a lot).\nNot good. New  York, not New Yorkers"


def units(text: str, tokens: str = "words", **options: object) -> list[str]:
    return [feature.name for feature in ll.Text(tokens, **options).represent(text).features]


def test_phrases_end_at_punctuation_and_lines_and_not_at_hyphens_or_apostrophes():
    assert units(TEXT, "phrases") == [
        "No fatigue at all", "but sneezing", "a lot", "Not good", "New York", "not New Yorkers",
    ]  # fmt: skip
    assert units("the well-known don't-care state", "phrases") == ["the well-known don't-care state"]
    assert units("日本語、難しい。", "phrases") == ["日本語", "難しい"]


def test_n_grams_are_so_many_words_side_by_side_within_a_phrase():
    assert units("a b c d e, f g", "2-grams") == ["a b", "c d", "e", "f g"]
    assert units("a b c d e, f g", "3-grams") == ["a b c", "d e", "f g"]
    assert [size_of(name) for name in GRAMS] == list(range(2, 10))
    assert list(grouped("", [])) == []


def test_what_is_not_hidden_stands_as_it_was_written():
    document = ll.Text("phrases").represent(TEXT)
    assert list(document.reconstruct([[1, 0, 1, 1, 1, 1]])) == [TEXT.replace("but sneezing", "")]
    assert list(document.reconstruct([[1] * 6])) == [TEXT]


def test_a_phrase_that_was_named_is_one_unit_wherever_it_occurs():
    named = ["New York", "not good"]
    assert units(TEXT, phrases=named)[-6:] == ["Not", "good", "New York", "not", "New", "Yorkers"]
    assert units("Not\tgood, NOT GOOD, good", phrases=named, fold=True) == ["not good", "good"]
    assert units("New York City is in New York", phrases=["New York", "New York City"]) == [
        "New York City", "is", "in", "New York",
    ]  # fmt: skip
    assert units("not C++ but C+", phrases=["not C"], tokens=r"\S+") == ["not", "C++", "but", "C+"]


def test_a_model_of_pairs_of_words_is_explained_by_the_phrase():
    def negated(texts):
        return [float("not good" in text) for text in texts]

    made = ll.Explainer(negated, ll.Text(phrases=["not good"])).explain("it was not good at all")
    assert made.as_list()[0] == ("not good", pytest.approx(1.0))
    assert ll.Explanation.from_json(made.to_json()) == made
    assert made.provenance.modality["phrases"] == ["not good"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("bigrams", "2-grams"),
        ("trigram", "3-grams"),
        ("4gram", "4-grams"),
        ("n-grams", "2-grams"),
        ("1-grams", "words"),
    ],
)
def test_n_grams_in_other_words_are_no_regular_expression_that_matches_nothing(name, meant):
    with pytest.raises(InputError, match=f'got {name!r}; pass "{meant}"'):
        ll.Text(name)


@pytest.mark.parametrize("phrases", ["New York", [""], [3], ["a", "  "]])
def test_what_is_no_list_of_phrases_is_refused(phrases):
    with pytest.raises(InputError, match="phrases: expected"):
        ll.Text(phrases=phrases)


def test_a_phrase_with_marks_is_one_unit_wherever_it_stands() -> None:
    text = ll.Text(phrases=["C++", "!!!"])
    assert [each.name for each in text.represent("C++, I like C++ now!!! CC+", None).features] == [
        "C++", "I", "like", "now", "!!!", "CC",
    ]  # fmt: skip
    explainer = ll.Explainer(lambda texts: [0.2 * each.count("!!!") for each in texts], text, seed=0)
    name, weight = explainer.explain("buy now!!! only today").as_list()[0]
    assert (name, round(weight, 9)) == ("!!!", 0.2)


def test_a_phrase_that_would_cut_a_token_is_left_alone() -> None:
    assert [each.name for each in ll.Text(r"\S+", phrases=["New York"]).represent("New York, now").features] == [
        "New", "York,", "now",
    ]  # fmt: skip
    assert "New York" not in [
        each.name for each in ll.Text(r"\S+", phrases=["New York"]).represent("(New York").features
    ]
    assert len(ll.Text("characters", phrases=["New York"]).represent("New Yorkers").features) == 8  # no whole words
