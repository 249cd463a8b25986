"""A step of a pipeline whose columns are contributions: those of `explain`, in scikit-learn's conventions."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import sklearn
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

import limelight as ll
from limelight.integrations.features import Contributions


def rows(n: int = 120) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(n, 3))


def test_what_comes_out_is_what_explain_says() -> None:
    X = rows()
    y = 2 * X[:, 0] - X[:, 1]
    step = Contributions(LinearRegression(), settings={"max_samples": 2048, "seed": 3}).fit(X, y)
    alone = ll.Explainer(LinearRegression().fit(X, y), ll.Tabular(X), max_samples=2048, seed=3).explain(X[7])
    assert step.transform(X[7:8])[0] == pytest.approx(alone.contributions[0], abs=1e-12)
    # bins of a linear model: the sign is the column's, and the column without an effect has none
    contributions = step.transform(X)
    assert np.corrcoef(contributions[:, 0], X[:, 0])[0, 1] > 0.9
    assert np.corrcoef(contributions[:, 1], X[:, 1])[0, 1] < -0.9
    assert np.abs(contributions[:, 2]).max() < 0.05 * np.abs(contributions[:, 0]).max()


def test_of_two_classes_the_second_and_of_three_all_side_by_side() -> None:
    X, y = load_iris(return_X_y=True)
    model = LogisticRegression(max_iter=1000)
    three = Contributions(model).fit(X, y)
    assert three.transform(X[:5]).shape == (5, 12)
    assert three.get_feature_names_out()[4] == f"1: {three.get_feature_names_out()[0].removeprefix('0: ')}"
    one = Contributions(model, target=1).fit(X, y)
    assert np.array_equal(one.transform(X[:5]), three.transform(X[:5])[:, 4:8])
    two = Contributions(model).fit(X[:100], y[:100])
    assert two.transform(X[:5]).shape == (5, 4)
    toward_1 = two.transform(X[:100])
    assert toward_1[60].sum() > 0 > toward_1[10].sum()  # row 60 is of class 1, row 10 of class 0


def test_it_is_cloned_fitted_and_searched_as_every_step_is() -> None:
    X, y = rows(), rows()[:, 0]
    given = LinearRegression()
    step = Contributions(given, tabular={"bins": "decile"}, settings={"max_samples": 1024})
    assert clone(step).get_params()["tabular"] == {"bins": "decile"}
    pipeline = make_pipeline(step, LinearRegression())
    if sklearn.__version__ in ("1.5.0", "1.5.1"):
        pytest.skip("scikit-learn before 1.5.2 cannot search over dicts")
    search = GridSearchCV(pipeline, {"contributions__tabular": [{"bins": "decile"}, {"bins": "quartile"}]}, cv=2)
    search.fit(X, y)
    assert search.best_params_ == {"contributions__tabular": {"bins": "decile"}}  # finer bins tell a slope better
    assert not hasattr(given, "coef_")


def test_rows_of_one_kind_of_reason_fall_together() -> None:
    # Two rules that shout on different columns: the clusters of contributions are the rules, those of values are not.
    X = np.random.default_rng(1).uniform(-1, 1, size=(400, 6))
    first, second = X[:, 0] > 0.5, X[:, 1] > 0.5
    y = 10.0 * first + 10.0 * second
    from sklearn.tree import DecisionTreeRegressor

    step = Contributions(DecisionTreeRegressor(random_state=0), tabular={"bins": {0: [0.5], 1: [0.5]}})
    kinds = make_pipeline(step, KMeans(4, n_init=5, random_state=0)).fit_predict(X, y)
    pure = [len(set(kinds[(first == a) & (second == b)])) for a in (False, True) for b in (False, True)]
    assert pure == [1, 1, 1, 1]


def test_targets_are_said_in_one_place_and_no_rows_give_no_rows() -> None:
    X = rows()
    with pytest.raises(ll.InputError, match="target"):
        Contributions(LinearRegression(), settings={"targets": "all"}).fit(X, X[:, 0])
    step = Contributions(LinearRegression()).fit(X, X[:, 0])
    assert step.transform(X[:0]).shape == (0, 3)


def test_an_option_of_tables_that_there_is_not_is_named() -> None:
    with pytest.raises(ll.InputError, match="tabular: unknown name 'bin'; did you mean 'bins'"):
        Contributions(LogisticRegression(), tabular={"bin": "decile"}).fit(*load_iris(return_X_y=True))


def test_names_of_other_columns_are_refused() -> None:
    X = pd.DataFrame({"a": np.arange(20.0), "b": np.arange(20.0) ** 2 % 7})
    step = Contributions(LinearRegression()).fit(X, X["a"])
    names = step.get_feature_names_out().tolist()
    assert step.get_feature_names_out(["a", "b"]).tolist() == names
    assert step.get_feature_names_out(X.columns).tolist() == names
    for wrong in (["a"], ["b", "a"], ["a", "c"], "a", []):
        with pytest.raises(
            ll.InputError, match=r"input_features: expected the columns that it was fitted on, \['a', 'b'\]"
        ):
            step.get_feature_names_out(wrong)
