"""Text: words of the original are hidden and shown again, and nothing else about it ever changes."""

from __future__ import annotations

import json
import pickle
import re
from types import MappingProxyType

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

import limelight as ll
from limelight.errors import InputError, UnknownNameError
from limelight.inputs.texts import Template
from limelight.interpretable import text as text_module
from limelight.testing import check_modality

SYMPTOMS = "no fatigue, but sneezing and headache"


def hide(modality: ll.Text, text: str, *hidden: str) -> str:
    """The text with the features of these names hidden."""
    document = modality.represent(text)
    names = [feature.name for feature in document.features]
    assert set(hidden) <= set(names)
    return str(document.reconstruct(np.array([[name not in hidden for name in names]], dtype=np.uint8))[0])


def names_of(modality: ll.Text, instance: object) -> list[str]:
    return [feature.name for feature in modality.represent(instance).features]


# -- what is hidden ---------------------------------------------------------------------------------------------------


def test_hidden_words_leave_everything_around_them_as_it_was() -> None:
    assert hide(ll.Text(), "Good, goods:  good!", "good") == "Good, goods:  !"


def test_occurrences_of_a_word_are_hidden_together_or_separately() -> None:
    assert hide(ll.Text(), "bad, bad dog", "bad") == ",  dog"
    separately = ll.Text(occurrences="separately")
    assert names_of(separately, "bad, bad dog") == ["bad (1)", "bad (2)", "dog"]
    assert hide(separately, "bad, bad dog", "bad (2)") == "bad,  dog"


@pytest.mark.parametrize("occurrences", ["together", "separately"])
def test_a_feature_is_known_across_documents_by_its_word_and_here_by_its_places(occurrences: str) -> None:
    features = ll.Text(occurrences=occurrences).represent("bad, bad").features
    assert {feature.where.key for feature in features} == {"bad"}
    assert [place for feature in features for place in feature.where.places] == [(0, 3), (5, 8)]


def test_places_count_code_points_so_that_marks_do_not_shift_after_an_emoji() -> None:
    text = "👍🏽 good 👍🏽"
    for feature in ll.Text().represent(text).features:
        assert {text[start:stop] for start, stop in feature.where.places} == {feature.name}


@pytest.mark.parametrize(("mask", "expected"), [
    (None, "no , but "), ("", "no , but "), ("[MASK]", "no [MASK], but [MASK]"),
    (str.upper, "no FATIGUE, but SNEEZING"),
])  # fmt: skip
def test_what_stands_in_place_of_a_hidden_word(mask: object, expected: str) -> None:
    assert hide(ll.Text(mask=mask), "no fatigue, but sneezing", "fatigue", "sneezing") == expected


@pytest.mark.parametrize(
    ("hidden", "expected"),
    [
        (["fatigue"], "no, but sneezing (badly)  and\ttired."),
        (["but"], "no fatigue, sneezing (badly)  and\ttired."),
        (["but", "sneezing"], "no fatigue, (badly)  and\ttired."),
        (["no", "fatigue"], ", but sneezing (badly)  and\ttired."),
        (["and"], "no fatigue, but sneezing (badly)  tired."),
        (["badly"], "no fatigue, but sneezing ()  and\ttired."),
        (["tired"], "no fatigue, but sneezing (badly)  and."),
        (["no"], "fatigue, but sneezing (badly)  and\ttired."),
        ([], "no fatigue, but sneezing (badly)  and\ttired."),
    ],
)
def test_tidy_closes_the_gaps_and_touches_no_other_white_space(hidden: list[str], expected: str) -> None:
    assert hide(ll.Text(whitespace="tidy"), "no fatigue, but sneezing (badly)  and\ttired.", *hidden) == expected


@pytest.mark.parametrize("gap", [" ", " " * 20_000, "\n", "\t \n "])
def test_tidying_a_text_most_of_which_is_hidden_reads_its_gaps_once(gap: str) -> None:
    # Looking for the end of a gap from every place inside it would take minutes here.
    words = 2 if len(gap) > 100 else 20_000
    document = ll.Text("characters", occurrences="together", whitespace="tidy").represent(gap.join("ab" * words) + ".")
    Z = np.array([[1, 0, 1], [0, 0, 1]])
    first, second = document.reconstruct(Z)
    assert second == "."
    assert first.count("a") == words and "b" not in first


def test_what_is_kept_is_no_feature() -> None:
    text = "Question: is it good? Answer: good"
    assert names_of(ll.Text(keep=r"Question: |Answer:.*"), text) == ["is", "it", "good"]
    assert names_of(ll.Text(keep=re.compile("IT", re.IGNORECASE)), text) == ["Question", "is", "good", "Answer"]
    assert names_of(ll.Text(keep=[(0, 22)]), text) == ["Answer", "good"]
    assert names_of(ll.Text(keep=first_half), text) == ["good", "Answer"]


def first_half(text: str) -> list[tuple[int, int]]:
    return [(0, len(text) // 2 - 1)]


def test_a_kept_occurrence_stays_where_its_word_is_hidden_elsewhere() -> None:
    assert hide(ll.Text(keep="^good"), "good good", "good") == "good "


# -- several texts ----------------------------------------------------------------------------------------------------

ROW = {"title": "good book", "stars": 3, "body": "a good read"}


def test_a_word_in_two_fields_is_two_features_that_lie_in_all_fields_joined() -> None:
    document = ll.Text().represent(ROW)
    assert [feature.name for feature in document.features][:3] == ["title: good", "title: book", "body: a"]
    assert [feature.where.key for feature in document.features][:2] == [("title", "good"), ("title", "book")]
    joined = ROW["title"] + ROW["body"]  # type: ignore[operator]
    assert [joined[slice(*feature.where.places[0])] for feature in document.features][-2:] == ["good", "read"]
    assert document.layout()["starts"] == [0, 9]


def test_dicts_reach_the_model_as_dicts() -> None:
    Z = np.ones((1, 5), dtype=np.uint8)
    Z[0, [0, 3]] = 0
    assert list(ll.Text().represent(ROW).reconstruct(Z)) == [{"title": " book", "stars": 3, "body": "a  read"}]


@pytest.mark.parametrize("library", [pd.DataFrame, pl.DataFrame, pa.table])
def test_rows_of_a_frame_reach_the_model_as_frames_of_the_same_columns_and_types(library: type) -> None:
    frame = library({name: [value, value] for name, value in ROW.items()})
    rows = list(ll.Text(fields=["body"]).instances(frame))
    document = ll.Text(fields=["body"]).represent(rows[1])
    found = document.reconstruct(np.array([[1, 1, 1], [1, 0, 1], [0, 0, 0]])).materialize()
    assert type(found) is type(frame)
    assert str(getattr(found, "dtypes", None)) == str(getattr(frame, "dtypes", None))
    assert pl.DataFrame(found).to_dict(as_series=False) == {
        "title": ["good book"] * 3, "stars": [3] * 3, "body": ["a good read", "a  read", "  "],
    }  # fmt: skip


def test_a_row_taken_out_of_a_frame_has_its_types_back() -> None:
    frame = pd.DataFrame([ROW])
    found = ll.Text(fields=["title"]).represent(frame.iloc[0]).original.materialize()
    pd.testing.assert_frame_equal(found, frame)


@pytest.mark.parametrize("dtype", ["str", "object", "string"])
def test_the_kind_of_strings_of_a_frame_is_kept(dtype: str) -> None:
    frame = pd.DataFrame({"a": pd.Series(["good book"], dtype=dtype)})
    found = ll.Text().represent(frame).reconstruct(np.array([[1, 1], [0, 1]])).materialize()
    assert found["a"].dtype == frame["a"].dtype
    assert found["a"].tolist() == ["good book", " book"]


def test_a_text_that_was_a_category_becomes_a_string_because_perturbed_it_is_no_category() -> None:
    for frame in (pd.DataFrame({"a": pd.Categorical(["a b"])}), pl.DataFrame({"a": ["a b"]}, {"a": pl.Categorical})):
        found = ll.Text().represent(frame).reconstruct(np.array([[1, 1], [0, 1]])).materialize()
        assert list(found["a"]) == ["a b", " b"]


@pytest.mark.parametrize("many", [
    ["a b", "c"], ("a b", "c"), np.array(["a b", "c"]), pd.Series(["a b", "c"]), pl.Series(["a b", "c"]),
    pa.chunked_array([["a b", "c"]]), iter(["a b", "c"]),
])  # fmt: skip
def test_many_texts_come_as_any_kind_of_sequence(many: object) -> None:
    modality = ll.Text()
    assert [names_of(modality, text) for text in modality.instances(many)] == [["a", "b"], ["c"]]


# -- models -----------------------------------------------------------------------------------------------------------


def counts_vowels(texts: list[str]) -> list[float]:
    assert type(texts) is list
    return [float(sum(map(text.count, "aeiou"))) for text in texts]


def wants_array(texts: object) -> list[float]:
    assert isinstance(texts, np.ndarray)
    return counts_vowels(texts.tolist())


def test_a_model_gets_a_list_of_str_or_what_to_model_makes_of_it() -> None:
    plain = ll.Explainer(counts_vowels, ll.Text(), seed=0).explain(SYMPTOMS)
    converted = ll.Explainer(wants_array, ll.Text(to_model=np.array), seed=0).explain(SYMPTOMS)
    assert np.array_equal(plain.coef, converted.coef)


def test_a_model_that_counts_letters_is_explained_exactly() -> None:
    found = ll.Explainer(counts_vowels, ll.Text(), seed=0, max_features=None).explain(SYMPTOMS)
    expected = [sum(map(feature.name.count, "aeiou")) for feature in found.features]
    np.testing.assert_allclose(found.coef[0], expected, atol=1e-9)


def test_an_explanation_of_several_fields_survives_json() -> None:
    found = ll.Explainer(lambda rows: [float(len(row["body"])) for row in rows], ll.Text(), seed=0).explain(ROW)
    assert ll.Explanation.from_json(found.to_json()) == found


@pytest.mark.parametrize("text", ["", " \n", "?! … —", "\ud800\udc00!"])
def test_a_text_without_words_has_an_empty_explanation(text: str) -> None:
    found = ll.Explainer(lambda texts: [0.3] * len(texts), ll.Text(), seed=0).explain(text)
    assert found.features == () and found.prediction[0] == 0.3 and found.layout["text"] == text


def test_one_word_weighs_what_the_model_says_with_it_minus_without_it() -> None:
    found = ll.Explainer(lambda texts: [0.2 + 0.7 * ("good" in t) for t in texts], ll.Text(), seed=0).explain("good!")
    assert found.coef[0, 0] == pytest.approx(0.7)


def test_text_that_runs_from_right_to_left_is_cut_in_the_order_of_its_characters() -> None:
    assert hide(ll.Text(), "هذا الفيلم جميل جدا", "جميل") == "هذا الفيلم  جدا"


def test_lone_surrogates_stay_and_never_become_a_pair() -> None:
    text = "\ud83d good \udc4d"
    assert hide(ll.Text(), text, "good") == "\ud83d  \udc4d"
    assert hide(ll.Text(tokens="[x]"), "\ud83dx\udc4d", "x") == "\ud83d\udc4d" and len("\ud83d\udc4d") == 2


def mentions_777(texts: list[str]) -> list[float]:
    return [float("word777 " in text) for text in texts]


def test_a_book_of_200_000_words_is_explained_by_its_lines() -> None:
    book = "\n".join(" ".join(f"word{number}" for number in range(k, k + 1000)) for k in range(0, 200_000, 1000))
    with pytest.raises(InputError, match=r"at most 2000 features, got 200000.*tokens=\"sentences\""):
        ll.Text().represent(book)
    explainer = ll.Explainer(
        lambda texts: [float("word777 " in text) for text in texts], ll.Text("lines"), seed=0, n_samples=256
    )
    found = explainer.explain(book)
    assert found.features[int(found.selected[0][0])].name.startswith("word0 word1 ")


def test_a_long_text_of_few_words_is_explained_by_its_words() -> None:
    text = "good bad ugly " * 70_000
    found = ll.Explainer(lambda texts: [text.count("bad") / 7e4 for text in texts], ll.Text(), seed=0).explain(text)
    np.testing.assert_allclose(found.coef[0], [0, 1, 0], atol=1e-9)


# -- the laws ---------------------------------------------------------------------------------------------------------

TEXTS = [SYMPTOMS, "bad, bad dog", "don't", "", "日本語 text, ภาษาไทย! 👩‍👩‍👧 e\u0301", "\ud800 \u200f שלום"]
OPTIONS = {
    "words": {},
    "separately": {"occurrences": "separately"},
    "characters": {"tokens": "characters"},
    "sentences": {"tokens": "sentences"},
    "lines": {"tokens": "lines"},
    "pattern": {"tokens": r"\w\w"},
    "callable": {"tokens": str.split},
    "mask": {"mask": "[MASK]"},
    "callable mask": {"mask": str.swapcase},
    "tidy": {"whitespace": "tidy"},
    "keep": {"keep": r"\bb\w+"},
    "to_model": {"to_model": np.array},
}


@pytest.mark.parametrize("option", OPTIONS)
def test_every_option_keeps_every_law(option: str) -> None:
    check_modality(ll.Text(**OPTIONS[option]), TEXTS if option != "to_model" else TEXTS[:3])


def test_every_kind_of_row_keeps_every_law() -> None:
    other = {"title": "", "stars": 4, "body": "bad bad"}
    check_modality(ll.Text(), [ROW, other])
    frame = pd.DataFrame([ROW, other])
    check_modality(ll.Text(), [frame.iloc[[0]], frame.iloc[[1]], pd.DataFrame([{**ROW, "stars": 5}])])


@given(st.text(max_size=40), st.sampled_from(sorted(OPTIONS.keys() - {"callable", "to_model"})), st.data())
def test_what_is_shown_is_what_a_slow_rewrite_writes(text: str, option: str, data: st.DataObject) -> None:
    modality = ll.Text(**OPTIONS[option])
    document = modality.represent(text)
    shown = data.draw(st.lists(st.booleans(), min_size=len(document.features), max_size=len(document.features)))
    found = document.reconstruct(np.array([[True] * len(shown), shown], dtype=np.uint8).reshape(2, -1))
    assert found[0] == text
    if option != "tidy":
        hidden = [place for f, on in zip(document.features, shown, strict=True) if not on for place in f.where.places]
        written = text
        for start, stop in sorted(hidden, reverse=True):
            stand_in = modality.mask(text[start:stop]) if callable(modality.mask) else modality.mask or ""
            written = written[:start] + stand_in + written[stop:]
        assert found[1] == written


def test_rows_are_cut_from_many_blocks_without_a_seam(monkeypatch: pytest.MonkeyPatch) -> None:
    document = ll.Text().represent("one two three four")
    Z = np.random.default_rng(0).integers(0, 2, (50, 4))
    whole = list(document.reconstruct(Z))
    monkeypatch.setattr("limelight.inputs.texts.BLOCK_UNITS", 40)
    assert list(document.reconstruct(Z)) == whole
    assert [document.reconstruct(Z)[row] for row in range(50)] == whole
    assert list(document.reconstruct(Z)[10:20]) == whole[10:20]


def test_texts_are_stored_in_as_few_bytes_as_their_characters_need() -> None:
    sizes = [
        Template(text, (), np.array([], dtype=np.intp), 0)._units.itemsize for text in ("aé", "aλ", "a👍", "\udc00")
    ]
    assert sizes == [1, 2, 4, 4]


# -- arguments --------------------------------------------------------------------------------------------------------


def test_a_modality_pickles_is_frozen_and_describes_itself_as_json() -> None:
    for options in OPTIONS.values():
        modality = ll.Text(**options)
        assert pickle.loads(pickle.dumps(modality)) == modality
        assert json.loads(json.dumps(modality.describe())) == modality.describe()
    with pytest.raises(AttributeError):
        ll.Text().mask = "x"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"tokens": "("}, "tokens: expected a regular expression"),
        ({"tokens": None}, "tokens: expected a name"),
        ({"mask": 3}, "mask: expected"),
        ({"keep": "["}, "keep: expected a regular expression"),
        ({"whitespace": "tidy", "mask": "[MASK]"}, "has no effect"),
        ({"fields": "title"}, r"pass \['title'\]"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ll.Text(**options)


@pytest.mark.parametrize("options", [{"tokens": "word"}, {"occurrences": "both"}, {"whitespace": "strip"}])
def test_unknown_names_are_refused(options: dict[str, str]) -> None:
    with pytest.raises(UnknownNameError, match=next(iter(options))):
        ll.Text(**options)


@pytest.mark.parametrize(
    ("instance", "options", "message"),
    [
        (None, {}, "expected a string.*got None"),
        (float("nan"), {}, "expected a string.*got float nan"),
        (b"good", {}, "expected a string.*got bytes"),
        (["good"], {}, "expected a string.*got list"),
        ({"stars": 3}, {}, "at least one string"),
        ({"title": None}, {"fields": ["title"]}, "expected a string in 'title', got None"),
        (pd.DataFrame({"a": ["b", "c"]}), {}, "expected one row, got 2"),
        ("good", {"fields": ["title"]}, "fields: expected None"),
        (ROW, {"to_model": np.array}, "to_model: expected None"),
        ("good", {"keep": [(0, 9)]}, "keep: expected spans inside the text"),
        ("good", {"mask": len}, "mask: expected a callable that returns a string, got int"),
    ],
)
def test_instances_that_do_not_fit_are_refused(instance: object, options: dict[str, object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        ll.Text(**options).represent(instance)


def test_a_field_that_is_not_there_is_named() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'title'"):
        ll.Text(fields=["titel"]).represent(ROW)


@pytest.mark.parametrize("many", ["good", ROW, MappingProxyType(ROW), 3])
def test_one_text_is_not_taken_for_many(many: object) -> None:
    with pytest.raises(InputError, match="instances: expected many texts"):
        ll.Text().instances(many)


def test_the_bound_on_features_counts_different_words_only(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_module, "MAX_FEATURES", 2)
    ll.Text().represent("a b a b a")
    with pytest.raises(InputError, match="at most 2 features, got 3 .occurrences."):
        ll.Text(occurrences="separately").represent("a b a")


def test_words_that_differ_in_case_are_one_feature_where_they_fold() -> None:
    document = ll.Text(fold=True).represent("The cat and THE dog. the end")
    assert [feature.name for feature in document.features] == ["the", "cat", "and", "dog", "end"]
    hidden = np.array([[0, 1, 1, 1, 1]])
    assert document.reconstruct(hidden)[0] == " cat and  dog.  end"
    # a model that lowers its text gives both the same weight as one that is told apart by case would have to share
    model = lambda texts: [float("the" in text.lower()) for text in texts]  # noqa: E731
    folded = dict(ll.Explainer(model, ll.Text(fold=True)).explain("The cat and THE dog").as_list())
    assert folded["the"] == pytest.approx(1.0)
    apart = dict(ll.Explainer(model, ll.Text()).explain("The cat and THE dog").as_list())
    assert max(apart["The"], apart["THE"]) < 0.7  # neither alone is needed


def test_folding_what_is_told_apart_anyway_is_refused() -> None:
    with pytest.raises(InputError, match="fold"):
        ll.Text(fold=True, occurrences="separately")


def test_folding_is_yes_or_no() -> None:
    with pytest.raises(InputError, match="fold: expected True or False, got 'no'"):
        ll.Text(fold="no")  # type: ignore[arg-type]
