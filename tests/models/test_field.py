"""What people handed over at the first try, and what it takes that they go on: each kind that failed once."""

from __future__ import annotations

from pathlib import PurePath
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from zoo import FRAME, MOODS, ROW, TEXT, TEXTS

import limelight as ll
from limelight.errors import InputError
from limelight.models.calls import Caller


def good(texts: Any) -> Any:
    return [0.9 if "good" in text else 0.2 for text in texts]


@pytest.mark.parametrize(
    ("instance", "remedy"),
    [
        (b"a good film", r"decode it, instance\.decode\(\)"),
        (["a good film"], r"pass one text, instance\[0\]; for many call explain_many"),
        (pd.Series(["a good film"], index=[7]), r"pass the text itself, series\.iloc\[0\]"),
    ],
)
def test_what_is_no_text_is_refused_with_what_to_do(instance: Any, remedy: str) -> None:
    with pytest.raises(InputError, match=remedy):
        ll.Explainer(good, ll.Text()).explain(instance)


def test_two_texts_named_in_a_dict_are_explained_as_the_refusal_says() -> None:
    def entails(pairs: list[dict[str, str]]) -> Any:
        return [float("good" in pair["first"] and "film" in pair["second"]) for pair in pairs]

    explainer = ll.Explainer(entails, ll.Text(fields=["first", "second"]), seed=0)
    found = dict(explainer.explain({"first": "a good film", "second": "this film"}).as_list())
    assert found["first: good"] > 0.3
    assert found["second: film"] > 0.3


def test_a_frame_of_one_text_whose_column_is_a_number_is_explained() -> None:
    model = lambda frame: good(frame[0])  # noqa: E731
    explanation = ll.Explainer(model, ll.Text(), seed=0).explain(pd.DataFrame({0: ["a good film"], 1: [3]}))
    assert explanation.as_list()[0][0].endswith("good")


def test_a_vectorizer_and_a_classifier_are_joined_as_the_refusal_says() -> None:
    vectorizer = TfidfVectorizer(token_pattern=r"\w+").fit(TEXTS)
    model = (vectorizer, LogisticRegression().fit(vectorizer.transform(TEXTS), MOODS))
    with pytest.raises(InputError, match=r"make_pipeline\(\*model\)"):
        ll.Explainer(model, ll.Text())
    assert ll.Explainer(make_pipeline(*model), ll.Text(), seed=0).explain(TEXT).as_list()[0][0] == "good"


@pytest.mark.parametrize(
    ("path", "opener"),
    [
        ("model.onnx", "onnxruntime.InferenceSession"),
        (PurePath("net.keras"), "keras.models.load_model"),
        ("forest.joblib", "joblib.load"),
        ("boosted.ubj", "xgboost.Booster"),
    ],
)
def test_a_path_is_answered_by_what_opens_it(path: Any, opener: str) -> None:
    with pytest.raises(InputError, match=f"open the file first: {opener}"):
        Caller(path)


def test_answers_in_place_of_what_makes_them_are_refused() -> None:
    with pytest.raises(InputError, match=r"these are answers already.*without calling it"):
        Caller(np.zeros((3, 2)))


def test_a_graph_that_no_session_runs_is_refused_with_the_session() -> None:
    with pytest.raises(InputError, match="onnxruntime.InferenceSession"):
        Caller(SimpleNamespace(SerializeToString=bytes))


def test_the_likeliest_classes_with_their_identifiers_are_read_by_name() -> None:
    def top(frame: Any) -> Any:
        p = 1 / (1 + np.exp(-2 * frame["a"].to_numpy()))
        return [[("n01", "cat", float(each)), ("n02", "dog", float(1 - each))] for each in p]

    explanation = ll.Explainer(top, ll.Tabular(FRAME), seed=0).explain(ROW.iloc[0])
    assert explanation.targets == ("cat",)
    assert explanation.prediction[0] == pytest.approx(1 / (1 + np.exp(-2.4)))


@pytest.mark.parametrize("written", ["{}", " {} ", "{}%"])
def test_numbers_written_as_text_are_refused_with_what_makes_numbers_of_them(written: str) -> None:
    with pytest.raises(ll.ModelOutputError, match=r"numbers written as text(.|\n)*float\(answer"):
        ll.Explainer(lambda frame: [written.format(value) for value in frame["a"]], ll.Tabular(FRAME)).explain(
            ROW.iloc[0]
        )
