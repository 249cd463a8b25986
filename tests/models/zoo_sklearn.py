"""scikit-learn of every kind."""

from __future__ import annotations

from typing import Any

import numpy as np
import zoo
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.compose import TransformedTargetRegressor, make_column_transformer
from sklearn.ensemble import (
    GradientBoostingRegressor,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.linear_model import LinearRegression, LogisticRegression, RidgeClassifier
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import ClassifierChain, MultiOutputClassifier, RegressorChain
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC
from zoo import ARRAY, FRAME, LABELS, MIXED, MOODS, NAMED, PAIR, SIGNAL, TEXTS, THREE, TWO, Known, column, each, table

LIBRARY = "scikit-learn"
TREES: dict[str, Any] = {"n_estimators": 30, "max_depth": 5, "random_state": 0}


def _probability(model: Any, place: int = 1, **more: Any) -> Known:
    """Two or more classes, of which the last speaks for `a`."""
    name = str(model.classes_[place])
    return table(model, {name: (column(model.predict_proba, place), 1)}, **more)


def _classifier(what: str, model: Any, **more: Any) -> None:
    zoo.kind(LIBRARY, what, "two classes")(lambda: _probability(model().fit(FRAME, TWO), **more))


_classifier("LogisticRegression", LogisticRegression)
_classifier("RandomForestClassifier", lambda: RandomForestClassifier(**TREES))
_classifier("HistGradientBoostingClassifier", lambda: HistGradientBoostingClassifier(max_iter=30))
_classifier("KNeighborsClassifier", lambda: KNeighborsClassifier(25))
_classifier("GaussianNB", GaussianNB)
_classifier("CalibratedClassifierCV", lambda: CalibratedClassifierCV(LinearSVC()))
_classifier("GridSearchCV", lambda: GridSearchCV(LogisticRegression(), {"C": [0.1, 1.0]}))
_classifier("StackingClassifier", lambda: StackingClassifier([("a", LogisticRegression()), ("b", GaussianNB())]))


@zoo.kind(LIBRARY, "Pipeline with ColumnTransformer", "two classes", "frame with text columns")
def pipeline() -> Known:
    columns = make_column_transformer((OneHotEncoder(), ["city"]), remainder="passthrough")
    return _probability(make_pipeline(columns, LogisticRegression()).fit(MIXED, TWO), background=MIXED)


@zoo.kind(LIBRARY, "LogisticRegression", "three classes named by strings", "array")
def three() -> Known:
    model = LogisticRegression().fit(ARRAY, NAMED)
    return _probability(model, list(model.classes_).index("high"), background=ARRAY)


def _score(place: int) -> Any:
    return lambda model: column(model.decision_function, place)


@zoo.kind(LIBRARY, "LinearSVC (decision_function)", "two classes")
def margin() -> Known:
    model = LinearSVC().fit(FRAME, TWO)
    return table(model, {"1": (model.decision_function, 1)})


@zoo.kind(LIBRARY, "RidgeClassifier (decision_function)", "three classes")
def ridge() -> Known:
    model = RidgeClassifier().fit(FRAME, THREE)
    return table(model, {"2": (column(model.decision_function, 2), 1)})


@zoo.kind(LIBRARY, "SVC, one against one", "three classes")
def pairs() -> Known:
    model = SVC(kernel="linear", decision_function_shape="ovo").fit(FRAME, THREE)
    names = ("0 against 1", "0 against 2", "1 against 2")
    return table(model, each(model.decision_function, names, (-1, -1, -1)))


@zoo.kind(LIBRARY, "VotingClassifier, hard", "two classes")
def hard() -> Known:
    votes = [(str(i), LogisticRegression(C=c)) for i, c in enumerate((0.1, 1.0, 10.0))]
    model = VotingClassifier(votes).fit(FRAME, np.where(TWO, "yes", "no"))
    return table(model, {"yes": (lambda F: model.predict(F) == "yes", 1)})


@zoo.kind(LIBRARY, "predict of a classifier", "two classes")
def labels() -> Known:
    model = LogisticRegression().fit(FRAME, TWO)
    return table(model.predict, {"1": (model.predict, 1)})


@zoo.kind(LIBRARY, "OneVsRestClassifier", "several labels at once")
def several() -> Known:
    model = OneVsRestClassifier(LogisticRegression()).fit(FRAME, LABELS)
    return table(model, {"0": (column(model.predict_proba, 0), 1)})  # the label that holds


def _yes(model: Any, place: int) -> Any:
    return lambda F: model.predict_proba(F)[place][:, 1]


@zoo.kind(LIBRARY, "MultiOutputClassifier", "several outputs of two classes")
def outputs() -> Known:
    model = MultiOutputClassifier(LogisticRegression()).fit(FRAME, LABELS)
    return table(model, {"output 0": (_yes(model, 0), 1), "output 1": (_yes(model, 1), -1)})


@zoo.kind(LIBRARY, "ClassifierChain", "several outputs of two classes")
def chain() -> Known:
    model = ClassifierChain(LogisticRegression()).fit(FRAME, LABELS)
    return table(model, each(model.predict_proba, ("output 0", "output 1"), (1, -1)))


def _regressor(what: str, model: Any, **more: Any) -> None:
    def make() -> Known:
        fitted = model().fit(FRAME, SIGNAL)
        return table(fitted, {"output": (fitted.predict, 1)}, **more)

    zoo.kind(LIBRARY, what, "regression")(make)


_regressor("LinearRegression", LinearRegression)
_regressor("RandomForestRegressor", lambda: RandomForestRegressor(**TREES))
_regressor("GradientBoostingRegressor", lambda: GradientBoostingRegressor(n_estimators=30))
_regressor("GaussianProcessRegressor", lambda: GaussianProcessRegressor(alpha=0.1))
_regressor(
    "TransformedTargetRegressor",
    lambda: TransformedTargetRegressor(LinearRegression(), func=np.cbrt, inverse_func=lambda y: y**3),
)
_regressor("Pipeline", lambda: make_pipeline(StandardScaler(), LinearRegression()))


@zoo.kind(LIBRARY, "LinearRegression", "regression of several outputs")
def regressions() -> Known:
    model = LinearRegression().fit(FRAME, PAIR)
    return table(model, each(model.predict, ("output 0", "output 1"), (1, -1)))


@zoo.kind(LIBRARY, "RegressorChain", "regression of several outputs")
def chained() -> Known:
    model = RegressorChain(LinearRegression()).fit(FRAME, PAIR)
    return table(model, each(model.predict, ("output 0", "output 1"), (1, -1)))


@zoo.kind(LIBRARY, "MLPRegressor", "regression of several outputs", "array")
def network() -> Known:
    model = MLPRegressor(hidden_layer_sizes=(8,), max_iter=800, random_state=0).fit(ARRAY, PAIR)
    return table(model, each(model.predict, ("output 0", "output 1"), (1, -1)), background=ARRAY)


@zoo.kind(LIBRARY, "KMeans", "clusters")
def clusters() -> Known:
    far = FunctionTransformer(lambda F: np.asarray(F)[:, :1] * 2 - np.asarray(F)[:, 1:2])
    model = make_pipeline(far, KMeans(3, n_init=3, random_state=0)).fit(FRAME)
    own = model.predict(zoo.ROW)[0]
    return table(model, {f"cluster {own}": (lambda F: model.predict(F) == own, 1)})


@zoo.kind(LIBRARY, "GaussianMixture", "components")
def mixture() -> Known:
    far = FunctionTransformer(lambda F: np.asarray(F)[:, :1] * 2 - np.asarray(F)[:, 1:2])
    model = make_pipeline(far, GaussianMixture(2, random_state=0, means_init=[[-2.0], [2.0]])).fit(FRAME)
    return table(model, {"component 1": (column(model.predict_proba, 1), 1)})


def _detector(what: str, model: Any) -> None:
    """Rows with small `a` or large `b` lie outside, so that `a` speaks for an inlier."""

    def make() -> Known:
        only = FunctionTransformer(lambda F: np.clip(np.asarray(F)[:, 1:2] - 2 * np.asarray(F)[:, :1], -1, None))
        fitted = make_pipeline(only, model).fit(FRAME)
        return table(fitted, {"inlier score": (fitted.decision_function, 1)})

    zoo.kind(LIBRARY, what, "outliers")(make)


_detector("IsolationForest", IsolationForest(random_state=0, n_estimators=50))


@zoo.kind(LIBRARY, "TfidfVectorizer and LogisticRegression", "two classes", "text")
def words() -> Known:
    model = make_pipeline(TfidfVectorizer(token_pattern=r"\w+"), LogisticRegression(C=10)).fit(TEXTS, MOODS)
    return zoo.text(model, {"1": (column(model.predict_proba, 1), 1)})
