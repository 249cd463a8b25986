"""Tables and models that everybody has: what the proof explains.

Input: how many rows to explain of each. Output: `Case`s, the rows as arrays with categories as codes, which is what
every package in the comparison can read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from limelight.contracts import FloatArray

APPLICANTS = 6_000
"""Rows of the table that is made here: as many as forests of a hundred learn from in a second."""
SIZES = np.array([3.0, 2.5, 2.0, 1.5, 1.0, 0.75, 0.5, 0.0, 0.0, 0.0])
"""How much each column of the functions does whose parts are known; those of size 0 do nothing."""
MANY = 1000
"""Rows of a set that is explained at once."""


@dataclass(frozen=True)
class Case:
    """A fitted model, the rows that it was fitted to, and those that are explained.

    Parameters
    ----------
    name
        The table and the model.
    predict
        From an array (n, d) to probabilities (n, k), or to numbers (n,).
    background
        (n, d); categories as codes.
    rows
        (m, d) not seen by the model.
    columns
        The d names.
    levels
        The values of each column that holds categories, by its number.
    classify
        Whether the model answers probabilities.
    model
        The model itself, for who reads it rather than asks; None where it is a formula.
    """

    name: str
    predict: Callable[[FloatArray], FloatArray]
    background: FloatArray
    rows: FloatArray
    columns: tuple[str, ...]
    levels: dict[int, list[str]]
    classify: bool
    model: Any = None

    @property
    def many(self) -> FloatArray:
        """1,000 rows of the background, again and again where it has fewer."""
        return self.background[np.arange(MANY) % len(self.background)]

    @property
    def categorical(self) -> list[int]:
        """The numbers of the columns that hold categories."""
        return list(self.levels)


def cases(n_rows: int) -> Iterator[Case]:
    """Yield a forest, a logistic regression, boosted regression trees, and boosted trees on a table with categories.

    Parameters
    ----------
    n_rows
        Rows to explain of each.
    """
    from sklearn.datasets import load_breast_cancer, load_diabetes, load_wine
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor, RandomForestClassifier
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    forest = RandomForestClassifier(100, min_samples_leaf=5, random_state=0)
    linear = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
    yield _bundled("breast cancer, forest", load_breast_cancer, forest, n_rows, classify=True)
    yield _bundled("wine, logistic", load_wine, linear, n_rows, classify=True)
    yield _bundled("diabetes, boosting", load_diabetes, HistGradientBoostingRegressor(random_state=0), n_rows, False)
    X, y, columns, levels = applicants()
    boosting = HistGradientBoostingClassifier(random_state=0, categorical_features=list(levels))
    yield _fitted("applicants, boosting", X, y, columns, levels, boosting, n_rows, classify=True)


def applicants(n: int = APPLICANTS, seed: int = 0) -> tuple[FloatArray, FloatArray, tuple[str, ...], dict[int, Any]]:
    """Return a table of twelve columns, five of them categories, whose columns depend on each other as people's do.

    Returns
    -------
    X, y, columns, levels
        (n, 12) with categories as codes; (n,) zeros and ones; names; values of the categories.

    >>> X, y, columns, levels = applicants(100)
    >>> X.shape, sorted(levels)
    ((100, 12), [0, 1, 2, 3, 4])
    """
    rng = np.random.default_rng(seed)
    age = rng.gamma(6, 7, n) + 18
    school = np.clip(rng.normal(12, 3, n), 4, 20).round()
    job = np.clip((school - 6 + rng.normal(0, 3, n)) // 3, 0, 4)
    married = (rng.random(n) < 1 / (1 + np.exp(-(age - 32) / 6))).astype(float)
    home = np.where(rng.random(n) < 0.3 + 0.4 * married, 2, rng.integers(0, 2, n)).astype(float)
    region, channel = rng.integers(0, 6, n).astype(float), rng.integers(0, 3, n).astype(float)
    income = np.exp(7 + 0.08 * school + 0.25 * job + 0.01 * age + rng.normal(0, 0.4, n))
    amount = np.exp(rng.normal(9, 0.8, n))
    years = np.minimum(rng.exponential(6, n), age - 18)
    loans = rng.poisson(1.2, n).astype(float)
    late = (rng.random(n) < 0.15) * rng.poisson(1.5, n).astype(float)
    burden = amount / income
    score = 1.2 * np.log(burden) + 0.9 * late + 0.3 * loans - 0.08 * years
    score -= 0.5 * (home == 2) + 0.4 * married * (job > 2)
    y = (rng.random(n) < 1 / (1 + np.exp(-(score - np.median(score))))).astype(float)
    numbers = (age, school, income, amount, years, loans, late)
    X = np.column_stack([job, married, home, region, channel, *numbers])
    columns = tuple("job married home region channel age school income amount years loans late".split())
    levels = {
        0: ["helper", "worker", "clerk", "expert", "head"],
        1: ["no", "yes"],
        2: ["rent", "family", "own"],
        3: [f"region {k}" for k in range(6)],
        4: ["branch", "phone", "web"],
    }
    return X, y, columns, levels


def known_cases(n_rows: int) -> Iterator[tuple[Case, FloatArray]]:
    """Yield functions of ten normal columns whose parts are known, with those of each row: f_j(x_j) − mean f_j.

    The idea of benchmarks with a synthetic truth [agarwal2022, §3.2]; there the truth is a slope, here it is what a bar
    says: how far this row's value moves the answer from the average. The last three columns do nothing.

    Parameters
    ----------
    n_rows
        Rows to explain of each.

    Yields
    ------
    case, truth
        The truth is (m, 10).
    """
    rng = np.random.default_rng(1)
    X = rng.normal(size=(2_000 + n_rows, len(SIZES)))
    parts: dict[str, Callable[[FloatArray], FloatArray]] = {
        "straight lines": lambda X: X * SIZES,
        "steps": lambda X: 2.0 * (X > 0.5) * SIZES,
        "waves": lambda X: np.sin(2.0 * X) * SIZES,
    }
    columns = tuple(f"x{j}" for j in range(len(SIZES)))
    background, rows = X[:2_000], X[2_000:]
    for name, part in parts.items():
        truth = part(rows) - part(background).mean(axis=0)

        def predict(X: FloatArray, part: Callable[[FloatArray], FloatArray] = part) -> FloatArray:
            answers: FloatArray = part(np.asarray(X, dtype=float)).sum(axis=1)
            return answers

        yield Case(name, predict, background, rows, columns, {}, classify=False), truth


def _bundled(name: str, load: Callable[..., Any], model: Any, n_rows: int, classify: bool) -> Case:
    found = load()
    columns = tuple(map(str, found.feature_names))
    return _fitted(name, np.asarray(found.data, dtype=float), found.target, columns, {}, model, n_rows, classify)


def _fitted(
    name: str,
    X: FloatArray,
    y: Any,
    columns: tuple[str, ...],
    levels: dict[int, list[str]],
    model: Any,
    n_rows: int,
    classify: bool,
) -> Case:
    """Fit to four rows of five, and explain the first of the others."""
    order = np.random.default_rng(0).permutation(len(X))
    cut = int(0.8 * len(X))
    background = X[order[:cut]]
    model.fit(background, np.asarray(y)[order[:cut]])
    predict = model.predict_proba if classify else model.predict
    return Case(name, predict, background, X[order[cut : cut + n_rows]], columns, levels, classify, model)
