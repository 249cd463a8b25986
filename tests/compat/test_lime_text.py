"""Texts in lime's words: indexed strings, positions, characters, tokenizers.

The claims of `compat/lime/indexed.py` and `compat/lime/long_texts.py`.
"""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from lime import lime_text as theirs

from limelight.compat.lime import lime_text as ours
from limelight.errors import InputError, UnknownNameError


def says(texts):
    good = np.array([0.1 + 0.5 * ("good" in t) + 0.2 * ("not" not in t) for t in texts])
    return np.stack([1 - good, good], axis=1)


TEXT = "This is a good film, isn't it? Not bad; good."


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("text", [TEXT, "", "  lead", "trail  ", "one", "a-b_c d"])
@pytest.mark.parametrize("bow", [True, False])
def test_indexed_strings_are_lime_s(text, bow):
    if not text:  # lime cannot
        assert ours.IndexedString(text, bow=bow).num_words() == 0
        return
    mine, their = ours.IndexedString(text, bow=bow), theirs.IndexedString(text, bow=bow)
    assert mine.as_list == their.as_list
    assert mine.inverse_vocab == list(their.inverse_vocab)
    assert [list(np.atleast_1d(p)) for p in mine.positions] == [list(np.atleast_1d(p)) for p in their.positions]
    np.testing.assert_array_equal(mine.string_start, their.string_start)
    assert mine.raw_string() == text
    for hidden in ([], [0], list(range(mine.num_words()))):
        assert mine.inverse_removing(hidden) == their.inverse_removing(hidden)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("bow", [True, False])
def test_indexed_characters_are_lime_s(bow):
    mine, their = ours.IndexedCharacters("abba c", bow=bow), theirs.IndexedCharacters("abba c", bow=bow)
    assert mine.inverse_vocab == list(their.inverse_vocab)
    assert mine.inverse_removing([0, 1]) == their.inverse_removing([0, 1])
    for j in range(mine.num_words()):
        np.testing.assert_array_equal(np.ravel(mine.string_position(j)), np.ravel(their.string_position(j)))


def test_groups_in_the_expression_do_not_break_the_text():
    text = ours.IndexedString("a, b;c", split_expression=r"(,)\s*|(;)")
    assert text.as_list == ["a", ", ", "b", ";", "c"]
    assert text.inverse_removing([]) == "a, b;c"


def test_a_tokenizer_s_tokens_must_lie_in_the_text():
    with pytest.raises(InputError, match="does not occur after position 0"):
        ours.IndexedString("hello", split_expression=lambda text: ["hellp"])
    with pytest.raises(InputError, match="split_expression: expected a regular expression"):
        ours.IndexedString("hello", split_expression="(")


def test_words_are_named_with_their_positions():
    explanation = ours.LimeTextExplainer(random_state=0).explain_instance(TEXT, says, num_samples=500)
    names = [name for name, _ in explanation.as_list(positions=True)]
    assert f"good_{TEXT.index('good')}-{TEXT.rindex('good')}" in names
    assert explanation.as_list()[0][0] == "good"
    assert isinstance(explanation.domain_mapper, ours.TextDomainMapper)


def asked_texts(**words):
    asked = []

    def watching(texts):
        asked.extend(texts)
        return says(texts)

    explanation = ours.LimeTextExplainer(random_state=0, **words).explain_instance(TEXT, watching, num_samples=300)
    return explanation, asked


@pytest.mark.parametrize(
    ("words", "mask"),
    [
        ({}, ""),
        ({"bow": False}, "UNKWORDZ"),
        ({"bow": False, "mask_string": "[MASK]"}, "[MASK]"),
        ({"char_level": True}, ""),
        ({"char_level": True, "bow": False}, chr(0)),
        ({"split_expression": str.split}, ""),
    ],
)
def test_the_function_is_asked_texts_that_lime_would_write(words, mask):
    explanation, asked = asked_texts(**words)
    assert asked[0] == TEXT
    text = explanation.domain_mapper.indexed_string
    features = range(text.num_words())
    assert len(explanation.local_exp[1]) == min(10, text.num_words())
    for perturbed in asked[1:50]:
        if mask:
            assert perturbed == TEXT or mask in perturbed
        else:
            hidden = [j for j in features if text.word(j).strip() and text.word(j) not in perturbed]
            assert perturbed == TEXT or hidden or len(perturbed) < len(TEXT)
    assert text.inverse_removing(list(features)) in asked or len(asked) < 400


def test_features_have_the_numbers_of_the_indexed_string():
    explanation = ours.LimeTextExplainer(random_state=0, bow=False).explain_instance(
        TEXT, says, num_features=3, num_samples=2000
    )
    text = explanation.domain_mapper.indexed_string
    for (name, _), (j, _), feature in zip(
        explanation.as_list(), explanation.local_exp[1], explanation.native.selected[0], strict=True
    ):
        place = explanation.native.features[int(feature)].where.places[0][0]
        assert j == int(feature)
        assert text.word(j) == name
        assert place == int(np.ravel(text.string_position(j))[0])


def test_an_empty_text_has_an_empty_explanation():
    explanation = ours.LimeTextExplainer(random_state=0).explain_instance("", says, num_samples=100)
    assert explanation.as_list() == []
    assert explanation.intercept[1] == pytest.approx(says([""])[0, 1])


def test_top_labels_names_and_probabilities():
    made = ours.LimeTextExplainer(class_names=["bad", "good"], random_state=0)
    explanation = made.explain_instance(TEXT, says, top_labels=1, num_samples=300)
    assert explanation.top_labels == explanation.available_labels() == [1]
    assert explanation.class_names == ["bad", "good"]
    np.testing.assert_allclose(explanation.predict_proba, says([TEXT])[0])
    assert explanation.native.targets == ("good",)


def test_explainers_pickle_and_answer_twice_the_same():
    made = ours.LimeTextExplainer(random_state=0)
    explanation = made.explain_instance(TEXT, says, num_samples=300)
    assert made.explain_instance(TEXT, says, num_samples=300).as_map() == explanation.as_map()
    again = pickle.loads(pickle.dumps(made)).explain_instance(TEXT, says, num_samples=300)
    assert again.as_map() == explanation.as_map()
    assert pickle.loads(pickle.dumps(explanation)).as_list() == explanation.as_list()


def test_errors_name_the_argument():
    with pytest.raises(InputError, match="text_instance: expected a string, got list"):
        ours.LimeTextExplainer().explain_instance(["a"], says)
    with pytest.raises(UnknownNameError, match="labels: unknown name 5"):
        ours.LimeTextExplainer().explain_instance("a b", says, labels=(5,))


# -- more words than one fit takes ------------------------------------------------------------------------------------

EFFECTS = {"w7": 0.3, "w61": -0.2, "w118": 0.25}
LONG = " ".join(f"w{i}" for i in range(120))


def weigh(texts):
    p = np.array([0.4 + sum(effect for word, effect in EFFECTS.items() if word in t.split()) for t in texts])
    return np.stack([1 - p, p], axis=1)


@pytest.mark.parametrize("words", [{}, {"bow": False}, {"split_expression": str.split}])
def test_a_text_of_too_many_words_is_explained_by_those_that_matter_as_lime_weighs_them(words, monkeypatch):
    monkeypatch.setattr(ours, "MAX_FEATURES", 40)
    with pytest.warns(UserWarning, match="120 different words are more than one fit takes; the 40 that move"):
        mine = ours.LimeTextExplainer(random_state=0, **words).explain_instance(LONG, weigh, num_samples=1000)
    their = theirs.LimeTextExplainer(random_state=0, **words).explain_instance(LONG, weigh, num_samples=1000)
    assert (
        [name for name, _ in mine.as_list()[:3]] == [name for name, _ in their.as_list()[:3]] == ["w7", "w118", "w61"]
    )
    for (_, weight), (_, expected) in zip(mine.as_list()[:3], their.as_list()[:3], strict=True):
        assert weight == pytest.approx(expected, abs=0.03)
    text = mine.domain_mapper.indexed_string
    assert text.num_words() == 120
    assert [j for j, _ in mine.local_exp[1][:3]] == [7, 118, 61]
    assert len(mine.native.features) == 40


def test_words_that_matter_for_any_label_that_is_asked_for_are_kept(monkeypatch):
    monkeypatch.setattr(ours, "MAX_FEATURES", 30)

    def three(texts):
        p = np.stack([["w3" in t.split() for t in texts], ["w90" in t.split() for t in texts]], axis=1) * 0.4
        return np.column_stack([p, 1 - p.sum(axis=1)])

    with pytest.warns(UserWarning, match="twice num_samples"):
        found = ours.LimeTextExplainer(random_state=0).explain_instance(LONG, three, labels=(0, 1), num_samples=600)
    assert found.as_list(0)[0][0] == "w3" and found.as_list(1)[0][0] == "w90"


def test_characters_may_be_too_many_too(monkeypatch):
    monkeypatch.setattr(ours, "MAX_FEATURES", 15)
    made = ours.LimeTextExplainer(random_state=0, char_level=True, bow=False)

    def starts(texts):
        p = np.array([0.1 + 0.8 * text.startswith("T") for text in texts])
        return np.stack([1 - p, p], axis=1)

    with pytest.warns(UserWarning, match="the 15 that move"):
        assert made.explain_instance("This is a short text.", starts, num_samples=500).local_exp[1][0][0] == 0


def test_more_than_2000_different_words_are_answered_for():
    text = " ".join(f"w{i}" for i in range(2050))
    with pytest.warns(UserWarning, match="2050 different words"):
        found = ours.LimeTextExplainer(random_state=0).explain_instance(text, weigh, num_samples=400, num_features=8)
    assert found.as_list()[0][0] == "w7"
