"""Frames and series that models answer: rows by their index, inputs and labels told from scores.

The claims of `models/frames.py`.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from sklearn.linear_model import LogisticRegression

import limelight as ll
from limelight.errors import ModelOutputError
from limelight.models.calls import Caller

rng = np.random.default_rng(0)
D = pd.DataFrame(rng.normal(size=(400, 3)), columns=list("abc"))
LABELS = np.array(["high", "low", "mid"])
MODEL = LogisticRegression().fit(D, LABELS[np.digitize(D.a, [-0.5, 0.5])])
NUMBERED = LogisticRegression().fit(D, np.digitize(D.a, [-0.5, 0.5]) + 1)
P = MODEL.predict_proba(D)


def asked(model: Any, inputs: Any = D, **options: Any) -> tuple[Any, Any]:
    caller = Caller(model, **options)
    return caller, caller.ask([inputs])[0]


# ---- columns ---------------------------------------------------------------------------------------------------------


def h2o(F: pd.DataFrame) -> pd.DataFrame:
    """A label, then a column for each class."""
    return pd.DataFrame(
        {"predict": MODEL.predict(F), **dict(zip(MODEL.classes_, MODEL.predict_proba(F).T, strict=True))}
    )


def pycaret(F: pd.DataFrame) -> pd.DataFrame:
    """The inputs, then a label and a column for each class."""
    scores = {f"prediction_score_{name}": p for name, p in zip(MODEL.classes_, MODEL.predict_proba(F).T, strict=True)}
    return F.assign(prediction_label=MODEL.predict(F), **scores)


class Lazy:
    """An H2OFrame: data in another process until they are asked for."""

    def __init__(self, frame: pd.DataFrame) -> None:
        self.frame = frame

    def as_data_frame(self) -> pd.DataFrame:
        return self.frame


@pytest.mark.parametrize(
    "model",
    [
        h2o,
        pycaret,
        lambda F: Lazy(h2o(F)),
        lambda F: pl.from_pandas(h2o(F)),
        lambda F: pl.from_pandas(h2o(F)).lazy(),
        lambda F: pa.Table.from_pandas(h2o(F)),
        lambda F: pd.DataFrame(MODEL.predict_proba(F), columns=MODEL.classes_),
        lambda F: pd.DataFrame(MODEL.predict_proba(F), columns=MODEL.classes_).assign(label=MODEL.predict(F)),
        lambda F: F.assign(**dict(zip(MODEL.classes_, MODEL.predict_proba(F).T, strict=True))),
    ],
    ids=["h2o", "pycaret", "h2o frame", "polars", "lazy", "arrow", "scores", "label last", "inputs and scores"],
)
def test_neither_inputs_nor_a_column_of_labels_are_outputs(model: Any) -> None:
    caller, Y = asked(model)
    assert caller.output_names == ("high", "low", "mid")
    assert np.allclose(Y, P)


def test_inputs_that_come_back_beside_predictions_are_recognised_in_arrays_as_well() -> None:
    def model(X: np.ndarray) -> pd.DataFrame:
        return pycaret(pd.DataFrame(X, columns=list("abc")))

    caller, Y = asked(model, D.to_numpy())
    assert caller.output_names == ("high", "low", "mid")
    assert np.allclose(Y, P)


def test_a_model_that_writes_its_prediction_into_its_inputs_is_explained_by_the_prediction() -> None:
    def model(F: pd.DataFrame) -> pd.DataFrame:
        F["prediction"] = F.a * 2
        return F

    caller, Y = asked(model)
    assert caller.output_names == ("prediction",)
    assert np.allclose(Y[:, 0], D.a * 2)


def test_a_model_that_rebuilds_its_inputs_answers_all_of_them() -> None:
    caller, Y = asked(lambda F: F * 0.5)
    assert caller.output_names == ("a", "b", "c")
    assert np.allclose(Y, D * 0.5)


def test_a_column_called_like_one_of_the_inputs_beside_another_is_refused() -> None:
    with pytest.raises(ModelOutputError, match=r"\['a'\] are called as inputs are"):
        asked(lambda F: pd.DataFrame({"a": F.a, "score": F.b}))


@pytest.mark.parametrize("label", [1, 2, 3])
def test_columns_of_numbered_scores_are_asked_for_by_their_label(label: int) -> None:
    def scored(F: pd.DataFrame) -> pd.DataFrame:
        scores = {f"p{i}": p for i, p in zip(NUMBERED.classes_, NUMBERED.predict_proba(F).T, strict=True)}
        return pd.DataFrame({"predict": NUMBERED.predict(F), **scores})

    def by_class(F: pd.DataFrame) -> pd.DataFrame:
        return pd.DataFrame(NUMBERED.predict_proba(F), columns=NUMBERED.classes_)

    for model in (scored, by_class):
        explanation = ll.Explainer(model, ll.Tabular(D), targets=label, n_samples=256).explain(D.iloc[0])
        assert explanation.targets == (str(label),)
        assert explanation.prediction[0] == pytest.approx(NUMBERED.predict_proba(D.iloc[[0]])[0, label - 1])


@pytest.mark.parametrize("numbers", [True, False])
def test_the_one_score_beside_a_label_is_that_labels_score(numbers: bool) -> None:
    classifier = NUMBERED if numbers else MODEL

    def model(F: pd.DataFrame) -> pd.DataFrame:
        best = classifier.predict_proba(F).max(axis=1)
        return F.assign(prediction_label=classifier.predict(F), prediction_score=best)

    caller, Y = asked(model)
    assert caller.output_names == tuple(str(label) for label in classifier.classes_)
    p = classifier.predict_proba(D)
    assert np.allclose(Y, np.where(p == p.max(axis=1, keepdims=True), p, 0))
    assert any("leave labels out" in note for note in caller.notes("auto"))


def test_quantiles_beside_a_prediction_are_all_quantities() -> None:
    caller, Y = asked(lambda F: pd.DataFrame({"prediction": F.a, "lower": F.a - 1, "upper": F.a + 1}))
    assert caller.output_names == ("prediction", "lower", "upper")
    assert Y.shape == (400, 3)


def test_two_columns_of_text_are_refused_with_what_to_choose() -> None:
    with pytest.raises(ModelOutputError, match=r"2 columns of text, \['label', 'why'\](.|\n)*model\(inputs\)\[\["):
        asked(lambda F: pd.DataFrame({"label": ["x"] * len(F), "why": ["y"] * len(F), "score": F.a}))


# ---- rows ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "index", [range(400), range(5000, 5400), [f"row {i}" for i in range(400)]], ids=["0", "5000", "text"]
)
@pytest.mark.parametrize(
    "shuffle",
    [
        lambda answer: answer.sort_values(),
        lambda answer: answer.sample(frac=1, random_state=0),
        lambda answer: answer.iloc[::-1].to_frame("y"),
        lambda answer: pd.concat([answer[answer > 0], answer[answer <= 0]]),
    ],
)
def test_rows_in_another_order_are_put_back_by_their_index(shuffle: Any, index: Any) -> None:
    inputs = D.set_axis(list(index))
    _, Y = asked(lambda F: shuffle(F.a * 1.0), inputs)
    assert np.allclose(Y[:, 0], D.a)


def test_a_model_that_sorts_its_inputs_in_place_is_put_back_too() -> None:
    def model(F: pd.DataFrame) -> pd.Series:
        order = np.argsort(F.a.to_numpy())
        moved, index = F.to_numpy()[order], F.index[order]
        F.iloc[:, :] = moved
        F.index = index
        return F["a"]

    assert np.allclose(asked(model)[1][:, 0], D.a)


def test_sorted_answers_to_arrays_and_texts_are_put_back() -> None:
    _, Y = asked(lambda X: pd.Series(X[:, 0]).sort_values(), D.to_numpy())
    assert np.allclose(Y[:, 0], D.a)
    texts = ["b", "aaa", "cc"]
    _, Y = asked(lambda ts: pd.Series([len(t) for t in ts], index=ts).sort_values(), texts)
    assert Y[:, 0].tolist() == [1, 3, 2]


@pytest.mark.parametrize(
    "answer",
    [
        lambda F: pd.Series(F.a.to_numpy()),
        lambda F: F.a.to_numpy(),
        lambda F: pd.concat([F.a.iloc[:150].reset_index(drop=True), F.a.iloc[150:].reset_index(drop=True)]),
        lambda F: pd.concat([pd.Series([value]) for value in F.a]),
    ],
    ids=["series", "array", "two batches", "row by row"],
)
def test_an_index_that_says_nothing_is_the_order_of_the_inputs(answer: Any) -> None:
    _, Y = asked(answer, D.set_axis(range(7, 407)))
    assert np.allclose(Y[:, 0], D.a)


@pytest.mark.parametrize(
    ("answer", "complaint"),
    [
        (lambda F: F.a[F.a > 0], r"only \d+ rows, without that of index \d+"),
        (lambda F: F.a.set_axis(range(1, len(F) + 1)), r"index is not that of the inputs.*to_numpy\(\)"),
        (lambda F: F.assign(key=F.a.round(9)).groupby("key").b.mean(), "index is not that of the inputs"),
        (lambda F: F.a.set_axis(np.arange(len(F)) // 2), "index is not that of the inputs"),
    ],
    ids=["filtered", "shifted", "grouped", "twice"],
)
def test_rows_that_cannot_be_told_are_refused_with_the_remedy(answer: Any, complaint: str) -> None:
    with pytest.raises(ModelOutputError, match=complaint):
        asked(answer)
