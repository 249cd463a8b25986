"""What models answer is explained by what it means: labels, classes, clusters, scores by label, quantities."""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import Birch, KMeans, MeanShift, MiniBatchKMeans
from sklearn.covariance import EllipticEnvelope
from sklearn.ensemble import IsolationForest, RandomForestClassifier, VotingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron, RidgeClassifier, SGDClassifier
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import LocalOutlierFactor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC, OneClassSVM

import limelight as ll
from limelight.errors import InputError, ModelOutputError, UnknownNameError
from limelight.models.calls import Caller

rng = np.random.default_rng(0)
D = pd.DataFrame(rng.normal(size=(600, 4)), columns=list("abcd"))
QUALITY = np.where(D.a > 0, "good", "bad")
THREE = np.digitize(D.a, [-0.5, 0.5])
GROUPS = pd.DataFrame({"x": np.repeat([0.0, 10, 20, 30], 150) + rng.normal(size=600)})


def explain(model: Any, background: Any = D, row: int = 0, **settings: Any) -> ll.Explanation:
    """Explain a row of a background with few rows: what is explained matters here, not how precisely."""
    explainer = ll.Explainer(model, ll.Tabular(background), n_samples=512, **settings)
    return explainer.explain(background.iloc[row])


def notes(explanation: ll.Explanation) -> str:
    return " ".join(explanation.provenance.warnings)


class OnlyPredict:
    """An object that has `predict`, as networks and boosters have, and nothing that says what it answers."""

    def __init__(self, function: Any) -> None:
        self.predict = function


# ---- labels are no quantities ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("row", [0, 160, 310, 599])
@pytest.mark.parametrize(
    "clusterer",
    [
        KMeans(4, n_init=3, random_state=0),
        MiniBatchKMeans(4, n_init=3, random_state=0),
        Birch(n_clusters=4),
        MeanShift(bandwidth=5),
        make_pipeline(StandardScaler(), KMeans(4, n_init=3, random_state=0)),
    ],
    ids=lambda model: type(model).__name__,
)
def test_the_bin_of_a_row_speaks_for_its_cluster_and_the_cluster_is_named(clusterer: Any, row: int) -> None:
    model = clusterer.fit(GROUPS)
    explanation = explain(model, GROUPS, row)
    assert explanation.targets == (f"cluster {model.predict(GROUPS.iloc[[row]])[0]}",)
    assert explanation.prediction.tolist() == [1.0]
    assert explanation.coef[0, 0] > 0.9
    assert "number of a cluster" in notes(explanation)


def test_a_cluster_is_asked_for_by_its_number() -> None:
    model = KMeans(4, n_init=3, random_state=0).fit(GROUPS)
    other = int(model.predict(GROUPS.iloc[[599]])[0])
    assert explain(model, GROUPS, 0, targets=other).prediction.tolist() == [0.0]
    assert explain(model, GROUPS, 599, targets=other).prediction.tolist() == [1.0]


@pytest.mark.parametrize("of", [lambda m: m, lambda m: m.predict, lambda m: m.predict_proba])
def test_the_components_of_a_mixture_are_named(of: Any) -> None:
    model = GaussianMixture(4, random_state=0, means_init=[[0], [10], [20], [30]]).fit(GROUPS)
    explanation = explain(of(model), GROUPS, 310)
    assert explanation.targets == ("component 2",)
    assert explanation.prediction[0] > 0.99


VOTES = [("a", LogisticRegression()), ("b", LogisticRegression(C=0.1))]


@pytest.mark.parametrize(
    "of",
    [
        lambda model: model,
        lambda model: model.predict,
        lambda model: lambda F: model.predict(F),
        lambda model: lambda F: list(model.predict(F)),
        lambda model: lambda F: pd.Series(model.predict(F), dtype="category"),
        lambda model: lambda F: pd.DataFrame({"prediction": model.predict(F)}),
        lambda model: OnlyPredict(lambda F: model.predict(F).astype(object)),
    ],
    ids=["object", "method", "function", "list", "categorical", "frame", "pyfunc"],
)
@pytest.mark.parametrize("row", [0, 1])
def test_a_hard_vote_is_explained_label_by_label_however_it_is_handed_over(of: Any, row: int) -> None:
    model = VotingClassifier(VOTES).fit(D, QUALITY)
    explanation = explain(of(model), row=row)
    assert explanation.targets == (QUALITY[row],)
    assert explanation.prediction.tolist() == [1.0]
    assert explanation.features[int(explanation.selected[0][0])].where.key == "a"
    assert explanation.coef[0, explanation.selected[0][0]] > 0.4
    assert "labels, not scores" in notes(explanation)


def test_a_label_that_is_not_the_answer_is_explained_where_it_is_asked_for() -> None:
    model = VotingClassifier(VOTES).fit(D, QUALITY)
    assert QUALITY[0] == "good"
    for asked in (model, lambda F: model.predict(F)):
        explanation = explain(asked, targets="bad")
        assert (explanation.targets, explanation.prediction.tolist()) == (("bad",), [0.0])
        assert explanation.coef[0, explanation.selected[0][0]] < -0.4


@pytest.mark.parametrize("labels", [np.array([1, 2, 3]), np.array([10.0, 20.0, 30.0]), np.array(["x", "y", "z"])])
def test_predict_of_a_classifier_answers_its_classes_whatever_their_type(labels: Any) -> None:
    model = LogisticRegression().fit(D, labels[THREE])
    explanation = explain(model.predict, targets="all")
    assert explanation.targets == tuple(str(label) for label in labels)
    assert explanation.prediction.tolist() == [float(label == model.predict(D.iloc[[0]])[0]) for label in labels]


def test_whole_numbers_of_nobody_knows_what_are_read_as_quantities_aloud_until_their_labels_are_named() -> None:
    model = LogisticRegression().fit(D, THREE)
    unsure = explain(lambda F: model.predict(F))
    assert unsure.targets == ("output",)
    assert "if they are labels, name all of them" in notes(unsure)
    named = explain(lambda F: model.predict(F), output_names=["0", "1", "2"])
    assert named.targets == (str(model.predict(D.iloc[[0]])[0]),)
    assert named.prediction.tolist() == [1.0]
    quantity = explain(lambda F: model.predict(F), output_names=["stars"])
    assert (quantity.targets, "labels" in notes(quantity)) == (("stars",), False)


def test_yes_and_no_and_measured_numbers_raise_no_doubt() -> None:
    for model in (lambda F: F.a > 0, lambda F: (F.a > 0).astype(int), lambda F: F.a, lambda F: (F.a * 1e6).astype(int)):
        assert "labels" not in notes(explain(model))


def test_more_kinds_of_strings_than_labels_have_are_refused_with_a_wrapper() -> None:
    with pytest.raises(ModelOutputError, match=r"more than 50 different strings.*output_names(.|\n)*def one_number"):
        explain(lambda F: [f"The answer is {a:.3f}." for a in F.a])


def test_a_label_beside_those_that_were_named_is_refused_by_its_name() -> None:
    with pytest.raises(ModelOutputError, match="the label 'good'.*output_names lists"):
        explain(lambda F: np.where(F.a > 0, "good", "bad"), output_names=["bad", "ugly"])
    with pytest.raises(ModelOutputError, match=r"no label \(None\) for row"):
        explain(lambda F: [None if row == 0 else "good" for row in range(len(F))])


def test_labels_met_one_by_one_change_no_explanation_of_another_row() -> None:
    def model(F: pd.DataFrame) -> Any:
        return np.select([F.a < -1, F.a < 0, F.a < 1], ["low", "below", "above"], "high")

    rows = D.iloc[:12]
    alone = [ll.Explainer(model, ll.Tabular(D), n_samples=256).explain(row) for _, row in rows.iterrows()]
    together = list(ll.Explainer(model, ll.Tabular(D), n_samples=256).explain_many(rows))
    for one, other in zip(alone, together, strict=True):
        assert (one.targets, one.outputs) == (other.targets, other.outputs)
        assert np.array_equal(one.coef, other.coef)
    with pytest.raises(InputError, match="needs all labels"):
        explain(model, targets="all")


def test_a_text_model_that_answers_strings_meets_labels_as_it_goes() -> None:
    def model(texts: list[str]) -> list[str]:
        return ["praise" if "good" in text else "blame" if "bad" in text else "nothing" for text in texts]

    explanation = ll.Explainer(model, ll.Text()).explain("a good film with a bad end")
    assert explanation.targets == ("praise",)
    weights = dict(explanation.as_list())
    assert weights["good"] == pytest.approx(1.0, abs=1e-6)
    assert abs(weights["bad"]) < 1e-6


# ---- two classes, several outputs, outliers --------------------------------------------------------------------------


@pytest.mark.parametrize(
    "model",
    [LinearSVC(), RidgeClassifier(), Perceptron(), SGDClassifier(random_state=0)],
    ids=lambda m: type(m).__name__,
)
def test_a_row_predicted_bad_is_answered_why_bad(model: Any) -> None:
    model.fit(D, QUALITY)
    for row in range(6):
        explanation = explain(model, row=row)
        assert explanation.targets == (model.predict(D.iloc[[row]])[0],)
        assert explanation.prediction[0] >= 0
    bad = explain(model, targets="bad")
    assert bad.prediction[0] == pytest.approx(-model.decision_function(D.iloc[[0]])[0])
    assert np.allclose(bad.coef, -explain(model, targets="good").coef)


def test_names_given_to_two_classes_are_theirs_in_their_order() -> None:
    model = LinearSVC().fit(D, QUALITY)
    assert explain(model, output_names=["worse", "better"]).targets == ("better",)
    with pytest.raises(InputError, match=r"output_names: expected the order of the model's own outputs"):
        explain(model, output_names=["good", "bad"])
    with pytest.raises(InputError, match=r"expected the order of the columns answered"):
        explain(lambda F: pd.DataFrame({"bad": F.a, "good": -F.a}), output_names=["good", "bad"])


def test_one_against_one_scores_are_named_as_pairs_also_where_there_are_as_many_as_classes() -> None:
    model = SVC(decision_function_shape="ovo").fit(D, THREE)
    explanation = explain(model)
    assert explanation.targets == ("0 against 1", "0 against 2", "1 against 2")
    assert np.allclose(explanation.prediction, model.decision_function(D.iloc[[0]])[0])
    pipeline = make_pipeline(StandardScaler(), SVC(decision_function_shape="ovo")).fit(D, THREE)
    assert explain(GridSearchCV(pipeline, {"svc__C": [1.0]}).fit(D, THREE)).targets == explanation.targets


@pytest.mark.parametrize(
    "model",
    [IsolationForest(random_state=0), OneClassSVM(nu=0.1), EllipticEnvelope(), LocalOutlierFactor(novelty=True)],
)
def test_the_score_of_an_outlier_detector_is_called_what_it_is(model: Any) -> None:
    model.fit(D.to_numpy())
    frame = pd.DataFrame(D.to_numpy())
    explainer = ll.Explainer(model, ll.Tabular(frame.to_numpy()), n_samples=512)
    assert explainer.explain(frame.to_numpy()[0]).targets == ("inlier score",)
    verdict = ll.Explainer(model.predict, ll.Tabular(frame.to_numpy()), n_samples=512)
    assert verdict.explain(np.full(4, 9.0)).targets == ("outlier",)
    assert verdict.explain(np.zeros(4)).targets == ("inlier",)
    assert verdict.with_settings(targets=-1).explain(np.zeros(4)).prediction.tolist() == [0.0]


def test_labels_of_several_outputs_are_columns_of_their_own() -> None:
    targets = np.column_stack([QUALITY, THREE.astype(str)])
    model = MultiOutputClassifier(LinearSVC()).fit(D, targets)
    caller = Caller(model)
    Y = caller.ask([D])[0]
    assert caller.output_names == ("output 0=good", "output 1=0", "output 1=1", "output 1=2")
    predicted = model.predict(D)
    assert np.array_equal(Y[:, 0], predicted[:, 0] == "good")
    assert np.array_equal(Y[:, 2], predicted[:, 1] == "1")


def test_one_probability_of_two_classes_is_two_columns() -> None:
    class Odd:
        classes_ = np.array(["no", "yes"])

        def predict_proba(self, F: Any) -> Any:
            return 1 / (1 + np.exp(-4 * F.a.to_numpy()))

    explanation = explain(Odd(), row=1)
    assert D.a[1] < 0
    assert explanation.targets == ("no",)
    assert explanation.prediction[0] == pytest.approx(1 - Odd().predict_proba(D.iloc[[1]])[0])


def test_log_probabilities_keep_the_names_of_the_classes() -> None:
    model = LogisticRegression().fit(D, QUALITY)
    explanation = explain(model.predict_log_proba)
    assert explanation.targets == ("good",)
    assert explanation.prediction[0] == pytest.approx(model.predict_log_proba(D.iloc[[0]])[0, 1])


# ---- which outputs compete -------------------------------------------------------------------------------------------


CLASSIFIER = LogisticRegression().fit(D, THREE)


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (CLASSIFIER, ""),
        (lambda F: CLASSIFIER.predict_proba(F), ""),
        (OnlyPredict(CLASSIFIER.predict_proba), "sum to one and are read as classes"),
        (lambda F: CLASSIFIER.predict_proba(F).astype(np.float16), ""),
        (lambda F: CLASSIFIER.predict_proba(F).round(2), ""),
    ],
    ids=["estimator", "function", "object", "half precision", "rounded"],
)
def test_shares_that_sum_to_one_compete_however_they_are_handed_over(model: Any, said: str) -> None:
    explanation = explain(model)
    assert len(explanation.targets) == 1
    assert explanation.prediction[0] == pytest.approx(CLASSIFIER.predict_proba(D.iloc[[0]]).max(), abs=0.01)
    assert said in notes(explanation)


@pytest.mark.parametrize("as_object", [False, True])
@pytest.mark.parametrize("k", [2, 3, 5])
def test_a_handful_of_quantities_is_explained_whole_however_it_is_handed_over(k: int, as_object: bool) -> None:
    def model(F: pd.DataFrame) -> Any:
        return np.outer(F.a, 10.0 ** np.arange(k))

    explanation = explain(OnlyPredict(model) if as_object else model)
    assert explanation.targets == tuple(f"output {i}" for i in range(k))
    assert np.allclose(explanation.prediction, D.a[0] * 10.0 ** np.arange(k))
    assert ("read as quantities" in notes(explanation)) is not as_object
    assert explain(model, targets="top1").targets == (f"output {k - 1}",)


def survival(F: pd.DataFrame) -> Any:
    return np.exp(-np.outer(np.exp(F.a), np.arange(60)))


@pytest.mark.parametrize(
    "model",
    [survival, lambda F: np.tile(F.to_numpy(), 96), OnlyPredict(survival)],
    ids=["survival curves", "embedding", "object"],
)
def test_many_quantities_are_refused_until_it_is_said_which(model: Any) -> None:
    with pytest.raises(InputError, match="say which to explain"):
        explain(model)
    assert explain(model, targets=[0, 30]).targets == ("output 0", "output 30")
    assert len(explain(model, targets="top1").targets) == 1


def test_labels_of_which_none_is_predicted_are_all_explained() -> None:
    labels = np.column_stack([D.a > 2.0, D.b > 2.1, D.c > 2.2]).astype(int)
    for model in (OneVsRestClassifier(LogisticRegression()), RandomForestClassifier(10, random_state=0)):
        explanation = explain(model.fit(D, labels))
        assert len(explanation.targets) == 3
        assert (explanation.prediction < 0.5).all()


def test_scores_of_the_labels_of_a_ridge_classifier_do_not_compete_where_several_may_hold() -> None:
    labels = np.column_stack([D.a > 0, D.b > 0]).astype(int)
    assert len(explain(RidgeClassifier().fit(D, labels)).targets) == 2
    assert len(explain(RidgeClassifier().fit(D, THREE)).targets) == 1


def test_a_regression_of_several_outputs_is_explained_whole_and_in_silence() -> None:
    explanation = explain(LinearRegression().fit(D, D[["a", "b"]] * 2))
    assert explanation.targets == ("output 0", "output 1")
    assert "outputs" not in notes(explanation)


# ---- ranks -----------------------------------------------------------------------------------------------------------


def ranked(texts: list[str]) -> list[list[float]]:
    """What a pipeline answers that sorts by score: the first column is the largest, whatever it is of."""
    return [sorted([p, 1 - p], reverse=True) for p in (0.9 if "good" in text else 0.2 for text in texts)]


def named(texts: list[str]) -> list[list[dict[str, Any]]]:
    """The same with the names that belong to it."""
    return [
        sorted(({"label": "POS", "score": p}, {"label": "NEG", "score": 1 - p}), key=lambda each: -float(each["score"]))
        for p in (0.9 if "good" in text else 0.2 for text in texts)
    ]


@pytest.mark.parametrize("text", ["a good film", "good", "what a good film this is, " * 4])
def test_columns_that_may_be_ranks_are_doubted_aloud_and_labels_put_it_right(text: str) -> None:
    doubted = ll.Explainer(ranked, ll.Text(), output_names=["POS", "NEG"], n_samples=512).explain(text)
    assert "may be" in notes(doubted) or "would then be the rank" in notes(doubted)
    right = ll.Explainer(named, ll.Text(), n_samples=512).explain(text)
    assert right.targets == ("POS",)
    assert "rank" not in notes(right)
    if text.count("good") == 1:
        assert dict(right.as_list())["good"] == pytest.approx(0.7, abs=1e-6)


def test_four_columns_always_in_descending_order_are_refused_with_a_remedy_that_works() -> None:
    noise = np.random.default_rng(1).normal(size=(4, 4))

    def softmax(F: pd.DataFrame) -> Any:
        scores = np.exp(F.to_numpy() @ noise)
        return scores / scores.sum(axis=1, keepdims=True)

    with pytest.raises(ModelOutputError, match=r"4 columns.*descending order.*\{label: score\}"):
        explain(lambda F: -np.sort(-softmax(F), axis=1))
    assert len(explain(softmax).targets) == 1
    by_label = explain(lambda F: [dict(zip("wxyz", row, strict=True)) for row in softmax(F)])
    assert by_label.targets == ("wxyz"[softmax(D.iloc[[0]]).argmax()],)


def test_classes_of_a_model_that_names_them_are_never_taken_for_ranks() -> None:
    rare = LogisticRegression().fit(D, (D.a > 2.2).astype(int))
    assert (rare.predict_proba(D)[:, 0] > 0.5).mean() > 0.98
    calm = D[D.a < 0]
    assert "rank" not in notes(explain(rare, calm))
    assert "rank" in notes(explain(lambda F: rare.predict_proba(F), calm))
    assert "rank" not in notes(explain(lambda F: pd.DataFrame(rare.predict_proba(F), columns=["no", "yes"]), calm))


# ---- numbers as targets ----------------------------------------------------------------------------------------------


def test_the_label_three_is_class_three_and_the_label_nought_is_none() -> None:
    model = LogisticRegression().fit(D, THREE + 1)
    probabilities = model.predict_proba(D.iloc[[0]])[0]
    for label in (1, 2, 3):
        explanation = explain(model, targets=label)
        assert explanation.targets == (str(label),)
        assert explanation.prediction[0] == pytest.approx(probabilities[label - 1])
    with pytest.raises(UnknownNameError, match="'1', '2', '3'"):
        ll.Explainer(model, ll.Tabular(D), targets=0)


@pytest.mark.parametrize("target", [True, np.True_, "True"])
def test_true_is_asked_for_as_true(target: Any) -> None:
    model = LogisticRegression().fit(D, D.a > 0)
    explanation = explain(model, targets=target)
    assert explanation.prediction[0] == pytest.approx(model.predict_proba(D.iloc[[0]])[0, 1])
    assert ll.Explanation.from_json(explanation.to_json()).targets == ("True",)


def test_names_that_replace_numbers_leave_two_readings_which_are_refused() -> None:
    model = LogisticRegression().fit(D, THREE + 1)
    with pytest.raises(InputError, match=r"label of 'low' and the index of 'mid'"):
        ll.Explainer(model, ll.Tabular(D), output_names=["low", "mid", "high"], targets=1)
    assert explain(model, output_names=["low", "mid", "high"], targets="mid").targets == ("mid",)


# ---- one object that changes -----------------------------------------------------------------------------------------


def test_a_caller_of_labels_pickles_with_the_labels_met() -> None:
    caller = Caller(strings)
    caller.ask([np.array([[1.0], [2.0]])])
    again = pickle.loads(pickle.dumps(caller))
    assert again.output_names == ("value 1.0", "value 2.0")
    assert again.ask([np.array([[2.0], [0.0]])])[0].tolist() == [[0, 1, 0], [0, 0, 1]]


def strings(X: np.ndarray) -> list[str]:
    return [f"value {value}" for value in X[:, 0]]


@pytest.mark.parametrize("batch_size", [1, 2, 7, "auto"])
def test_labels_met_in_a_later_batch_widen_the_answers_of_earlier_ones(batch_size: Any) -> None:
    caller = Caller(strings, batch_size=batch_size)
    parts = [np.array([[1.0], [1.0]]), np.array([[2.0], [1.0], [3.0]]), np.empty((0, 1))]
    first, second, third = caller.ask(parts)
    assert caller.output_names == ("value 1.0", "value 2.0", "value 3.0")
    assert first.tolist() == [[1, 0, 0], [1, 0, 0]]
    assert second.tolist() == [[0, 1, 0], [1, 0, 0], [0, 0, 1]]
    assert third.shape == (0, 3)


def test_numbers_are_taken_as_they_are_where_that_is_asked_for() -> None:
    model = LogisticRegression().fit(D, THREE)
    assert Caller(model.predict, as_is=True).ask([D.iloc[:5]])[0][:, 0].tolist() == model.predict(D.iloc[:5]).tolist()


@pytest.mark.parametrize("form", [lambda p: {"POS": p}, lambda p: [{"label": "POS", "score": p}]])
def test_a_text_without_scores_among_others_is_left_out_and_counted(form: Any) -> None:
    """A moderation service that has nothing to say about an empty text."""

    def model(texts: list[str]) -> Any:
        return [form(0.9 if "good" in text else 0.1) if text.strip() else None for text in texts]

    explanation = ll.Explainer(model, ll.Text(), seed=0).explain("a good film")
    assert explanation.as_list()[0][0] == "good"
    assert explanation.coef[0].max() == pytest.approx(0.8)
    assert any("no answer to 1 of 7 perturbations" in each for each in explanation.warnings)


def test_no_scores_for_any_text_are_refused() -> None:
    def model(texts: list[str]) -> Any:
        return [{"POS": 0.5} if texts == ["a good film"] else None for _ in texts]

    with pytest.raises(ll.LimelightError):
        ll.Explainer(model, ll.Text(), seed=0).explain("a good film")
