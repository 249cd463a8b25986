"""Which function of a model is asked, and what its outputs are called.

The claims of `models/estimators.py`.
"""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest
from sklearn.ensemble import IsolationForest, RandomForestClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from limelight.errors import InputError
from limelight.models.adapters import adapt
from limelight.models.calls import Caller

X = np.random.default_rng(0).normal(size=(60, 3))
BINARY = np.where(X[:, 0] > 0, "spam", "ham")
THREE = np.digitize(X[:, 1], [-0.5, 0.5])
LABELS = np.column_stack([X[:, 0] > 0, X[:, 1] > 0]).astype(int)


def first_row(batch: np.ndarray) -> np.ndarray:
    """A model that is a function."""
    return batch[:, 0]


class Both:
    """Callable, and an estimator."""

    def __call__(self, batch: Any) -> Any:
        raise AssertionError("the estimator's method is to be preferred")

    def predict(self, batch: Any) -> Any:
        return np.zeros(len(batch))


def test_an_estimator_is_asked_for_probabilities_first() -> None:
    adapted = adapt(LogisticRegression().fit(X, BINARY))
    assert (adapted.kind, adapted.output_names) == ("predict_proba", ("ham", "spam"))
    assert np.allclose(np.asarray(adapted.function(X[:5])).sum(axis=1), 1)


def test_integer_classes_are_named_by_their_digits() -> None:
    assert adapt(LogisticRegression().fit(X, THREE)).output_names == ("0", "1", "2")


def test_a_binary_decision_function_is_a_column_for_each_class_and_the_first_is_minus_the_second() -> None:
    model = RidgeClassifier().fit(X, BINARY)
    caller = Caller(model)
    Y = caller.ask([X])[0]
    assert caller.output_names == ("ham", "spam")
    assert np.array_equal(Y, np.column_stack([-model.decision_function(X), model.decision_function(X)]))
    assert np.array_equal(np.array(caller.output_names)[Y.argmax(axis=1)], model.predict(X))


def test_a_decision_function_of_three_classes_has_three_names() -> None:
    assert adapt(RidgeClassifier().fit(X, THREE)).output_names == ("0", "1", "2")


def test_a_detector_without_classes_has_one_output() -> None:
    caller = Caller(IsolationForest(n_estimators=5, random_state=0).fit(X))
    assert caller.ask([X[:4]])[0].shape == (4, 1)
    assert caller.output_names == ("inlier score",)


@pytest.mark.parametrize(
    "wrap", [lambda m: make_pipeline(StandardScaler(), m), lambda m: GridSearchCV(m, {"C": [1.0]})]
)
def test_pipelines_and_searches_know_their_classes(wrap: Any) -> None:
    adapted = adapt(wrap(LogisticRegression()).fit(X, BINARY))
    assert (adapted.kind, adapted.output_names) == ("predict_proba", ("ham", "spam"))


def test_regression_of_two_outputs_has_two_columns() -> None:
    caller = Caller(LinearRegression().fit(X, X[:, :2] * 2))
    assert np.allclose(caller.ask([X[:4]])[0], X[:4, :2] * 2)
    assert caller.output_names == ("output 0", "output 1")


def test_bound_methods_find_their_classes() -> None:
    model = LogisticRegression().fit(X, BINARY)
    assert adapt(model.predict_proba).output_names == ("ham", "spam")
    assert adapt(model.decision_function).output_names == ("ham", "spam")
    assert adapt(model.predict).output_names == ("ham", "spam")
    assert adapt(model.score).kind == "callable"


@pytest.mark.parametrize("model", [RandomForestClassifier(5, random_state=0), KNeighborsClassifier(3)])
def test_yes_or_no_labels_are_one_column_each_with_the_probability_of_yes(model: Any) -> None:
    model.fit(X, LABELS)
    caller = Caller(model)
    Y = caller.ask([X[:7]])[0]
    assert caller.output_names == ("output 0", "output 1")
    assert np.array_equal(Y, np.column_stack([table[:, 1] for table in model.predict_proba(X[:7])]))


def test_labels_of_several_classes_have_a_column_for_each_class() -> None:
    model = RandomForestClassifier(5, random_state=0).fit(X, np.column_stack([BINARY, THREE.astype(str)]))
    caller = Caller(model)
    Y = caller.ask([X[:7]])[0]
    first, second = model.predict_proba(X[:7])
    assert caller.output_names == ("output 0=spam", "output 1=0", "output 1=1", "output 1=2")
    assert np.array_equal(Y, np.hstack([first[:, 1:], second]))


def test_a_bound_method_of_many_outputs_works_alike() -> None:
    model = MultiOutputClassifier(LogisticRegression()).fit(X, LABELS)
    assert np.array_equal(Caller(model.predict_proba).ask([X])[0], Caller(model).ask([X])[0])


def test_a_chain_answers_with_one_array() -> None:
    model = ClassifierChain(LogisticRegression()).fit(X, LABELS)
    caller = Caller(model)
    assert np.array_equal(caller.ask([X])[0], model.predict_proba(X))
    assert caller.output_names == ("output 0", "output 1")


def test_a_callable_is_taken_as_it_is() -> None:
    adapted = adapt(first_row)
    assert (adapted.function, adapted.output_names, adapted.kind) == (first_row, None, "callable")


def test_a_callable_estimator_is_an_estimator() -> None:
    assert adapt(Both()).kind == "predict"


def test_names_given_win() -> None:
    assert adapt(LogisticRegression().fit(X, BINARY), output_names=["no", "yes"]).output_names == ("no", "yes")


@pytest.mark.parametrize(
    "model", [LogisticRegression().fit(X, BINARY), RandomForestClassifier(3).fit(X, LABELS), first_row]
)
def test_what_is_adapted_pickles(model: Any) -> None:
    adapted = pickle.loads(pickle.dumps(adapt(model)))
    assert adapted.output_names == adapt(model).output_names
    assert adapted.function(X) is not None


@pytest.mark.parametrize(
    ("model", "names", "complaint"),
    [
        ("file.skops", None, "got str"),
        (None, None, "got NoneType"),
        (LogisticRegression, None, "got the class LogisticRegression; pass an instance"),
        (first_row, "spam", "sequence of names"),
        (first_row, ["a", "a"], "distinct names"),
        (first_row, [], "at least one"),
    ],
)
def test_what_is_no_model_or_no_names_is_refused(model: Any, names: Any, complaint: str) -> None:
    with pytest.raises(InputError, match=complaint):
        adapt(model, output_names=names)


def test_a_bound_method_is_known_again_after_a_pickle_that_holds_its_code() -> None:
    """As a job sends models to its processes: a method that a pipeline offers under a condition is another function."""
    cloudpickle = pytest.importorskip("cloudpickle")
    X = np.random.default_rng(0).normal(size=(40, 2))
    fitted = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, np.where(X[:, 0] > 0, "yes", "no"))
    again = cloudpickle.loads(cloudpickle.dumps(fitted.predict_proba))
    assert adapt(again).about == adapt(fitted.predict_proba).about
    assert adapt(again).about.labels == ("no", "yes")
    caller = pickle.loads(cloudpickle.dumps(Caller(fitted.predict_proba)))
    caller.ask([X])
    assert not caller.renewed
