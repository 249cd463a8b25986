"""What is compared: one function from a case to weights for each package; here LIME's, in `peers.py` everybody else's.

Input: a `Case`, a seed, and the model rows that may be spent (None: as the package does by default). Output: a function
from a row to its weights, one for each column, which counts what it asks. A package that is not installed is left out,
and so is a case that it does not take; the proof says why.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from limelight.bench.cases import Case
from limelight.contracts import FloatArray
from limelight.explainer import Explainer
from limelight.interpretable.tabular import Tabular

Explain = Callable[[FloatArray, int], FloatArray]
"""From a row (d,) and the number of the explained output to weights (d,)."""


class Counted:
    """A model that counts the rows it is asked and the CPU seconds that it takes."""

    def __init__(self, predict: Callable[[FloatArray], FloatArray]) -> None:
        self._predict, self.seconds, self.rows = predict, 0.0, 0

    def __call__(self, X: Any) -> FloatArray:
        """Predict, and count."""
        started = time.thread_time()
        answer = self._predict(X)
        self.seconds += time.thread_time() - started
        self.rows += len(X)
        return answer


@dataclass(frozen=True)
class Method:
    """One way to explain a row.

    Parameters
    ----------
    name
        What tables say.
    package
        What must be installed.
    start
        From (case, the model to ask, seed, model rows or None) to a function that explains a row.
    bars
        Whether its weights are bars. A rule names columns (1) and says nothing of how much each does.
    refuses
        Why a case is not taken; empty where it is.
    """

    name: str
    package: str
    start: Callable[[Case, Any, int, int | None], Explain]
    bars: bool = True
    refuses: Callable[[Case], str] = lambda case: ""

    @property
    def installed(self) -> bool:
        """Whether its package can be imported."""
        return importlib.util.find_spec(self.package) is not None


def takers(methods: Sequence[Method], case: Case, bars: bool = True) -> list[Method]:
    """Return the methods that take a case, and whose answer is bars where these are wanted."""
    return [method for method in methods if not method.refuses(case) and (method.bars or not bars)]


def _limelight(case: Case, predict: Any, seed: int, rows: int | None, **table: Any) -> Explain:
    tabular = Tabular(case.background, categorical=case.categorical, names=case.columns, **table)
    if rows is None:
        settings: dict[str, Any] = {}
    else:
        settings = {"n_samples": rows, "max_features": None}
    explainer = Explainer(predict, tabular, seed=seed, **settings)

    def explain(row: FloatArray, target: int) -> FloatArray:
        found = explainer.explain(row)
        if table.get("around") == "instance":
            wanted = found.coef
        else:
            wanted = found.contributions
        weights: FloatArray = np.asarray(wanted[0])
        return weights

    return explain


def _by_value(case: Case, predict: Any, seed: int, rows: int | None) -> Explain:
    return _limelight(case, predict, seed, rows, contrast="value")


def _slope(case: Case, predict: Any, seed: int, rows: int | None) -> Explain:
    """How steeply the answer rises around the row: draws there, no bins, LIME's weight."""
    return _limelight(case, predict, seed, rows, bins=None, around="instance")


def _lime_slope(case: Case, predict: Any, seed: int, rows: int | None) -> Explain:
    return _lime(case, predict, seed, rows, discretize_continuous=False, sample_around_instance=True)


def _lime(case: Case, predict: Any, seed: int, rows: int | None, **asked_for: Any) -> Explain:
    from lime.lime_tabular import LimeTabularExplainer

    explainer = LimeTabularExplainer(
        case.background,
        mode="classification" if case.classify else "regression",
        feature_names=list(case.columns),
        categorical_features=case.categorical,
        categorical_names=case.levels,
        random_state=seed,
        **asked_for,
    )

    def explain(row: FloatArray, target: int) -> FloatArray:
        label = target if case.classify else 1  # where lime keeps the weights of a regression
        asked: dict[str, Any] = {"labels": (label,)} if case.classify else {}
        if rows is None:
            asked |= {}
        else:
            asked |= {"num_samples": rows, "num_features": len(row)}
        weights = np.zeros(len(row))
        for column, weight in explainer.explain_instance(row, predict, **asked).local_exp[label]:
            weights[column] = weight
        return weights

    return explain


LIMELIGHT = Method("limelight", "limelight", _limelight)
BY_VALUE = Method('limelight, contrast="value"', "limelight", _by_value)
SLOPE = Method("limelight, bins=None", "limelight", _slope)
LIME = Method("lime", "lime", _lime)
LIME_SLOPE = Method("lime, discretize_continuous=False", "lime", _lime_slope)
