"""Which columns are texts is known, asked for or said: a category among them is never blanked in silence."""

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.errors import InputError

HOTELS = pd.DataFrame(
    {
        "review": ["a good stay in a good bed", "a bad bed and bad food", "good food", "bad stay"] * 10,
        "city": ["Rome", "Oslo", "Rome", "Oslo"] * 10,
        "stars": [5, 1, 4, 2] * 10,
    }
)


@pytest.fixture(scope="module")
def pipeline():
    pytest.importorskip("sklearn")
    from sklearn.compose import make_column_transformer
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder

    columns = make_column_transformer(
        (TfidfVectorizer(), "review"), (OneHotEncoder(), ["city"]), remainder="passthrough"
    )
    return make_pipeline(columns, LogisticRegression()).fit(HOTELS, HOTELS.stars > 3)


@pytest.mark.parametrize("row", [HOTELS.iloc[0], HOTELS[:1], dict(HOTELS.iloc[0])])
def test_of_several_strings_the_texts_must_be_named(row):
    with pytest.raises(
        InputError, match=r"which of several strings are texts, got 'review', 'city'.*fields=\['review'\]"
    ):
        ll.Text().represent(row)


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_the_same_is_asked_of_rows_of_every_library(library):
    module = pytest.importorskip(library)
    table = module.from_pandas(HOTELS) if library == "polars" else module.Table.from_pandas(HOTELS)
    with pytest.raises(InputError, match="name the texts"):
        next(ll.Explainer(len, ll.Text(), seed=0).explain_many(table))


@pytest.mark.parametrize("code", ["01234", "2024-01-01", "A-7"])
def test_codes_and_dates_among_texts_are_asked_about(code):
    with pytest.raises(InputError, match=f"'code' holds '{code}'"):
        ll.Text().represent({"text": "no cough but fever", "code": code})


def test_columns_that_are_held_are_said(pipeline):
    explanation = ll.Explainer(pipeline, ll.Text(fields=["review"]), seed=0).explain(HOTELS.iloc[0])
    assert "'city', 'stars' stay as they are, and what they do is in the intercept" in explanation.warnings[0]
    assert all(feature.name.startswith("review: ") for feature in explanation.features)


def test_the_only_string_is_the_text_and_the_numbers_beside_it_are_said():
    document = ll.Text().represent({"review": "good", "stars": 3, "city": None})
    assert [feature.name for feature in document.features] == ["review: good"]
    assert "'stars', 'city' stay as they are" in document.notes[0]


def test_a_premise_and_a_hypothesis_are_two_texts_and_nothing_is_held():
    document = ll.Text().represent({"premise": "a cat sleeps", "hypothesis": "no cat is awake"})
    assert {feature.name.split(":")[0] for feature in document.features} == {"premise", "hypothesis"}
    assert document.notes == ()
    assert ll.Text().represent("a plain text").notes == ()


def test_many_held_columns_are_counted():
    row = {"text": "good film", **{f"c{i}": i for i in range(9)}}
    assert "'c4' and 4 more stay as they are" in ll.Text().represent(row).notes[0]


def test_a_list_of_fields_that_is_changed_afterwards_changes_nothing():
    fields = ["review"]
    modality = ll.Text(fields=fields)
    fields[0] = "city"
    assert all(feature.name.startswith("review") for feature in modality.represent(HOTELS[:1]).features)


def test_a_dict_that_is_refilled_is_explained_as_it_was_each_time():
    def refilled():
        row = {"text": "", "n": 0}
        for text in ("good", "bad bad", "good good bad"):
            row["text"], row["n"] = text, len(text)
            yield row

    def model(rows):
        return [row["text"].count("good") + 100.0 * row["n"] for row in rows]

    found = [
        explanation.prediction[0] for explanation in ll.Explainer(model, ll.Text(), seed=0).explain_many(refilled())
    ]
    assert found == [401, 700, 1302]
    assert np.isfinite(found).all()
