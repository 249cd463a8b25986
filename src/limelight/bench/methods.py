"""The packages that are compared, each as one function from a case to weights.

Input: a `Case`, a seed, and the model rows that may be spent (None: as the package does by default). Output: a function
from a row to its weights, one for each column, which counts what it asks. A package that is not installed is left out.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from limelight.bench.cases import Case
from limelight.contracts import FloatArray
from limelight.explainer import Explainer
from limelight.interpretable.tabular import Tabular

Explain = Callable[[FloatArray, int], FloatArray]
"""From a row (d,) and the number of the explained output to weights (d,)."""
DRAWN_BY_SHAP = 100
"""Rows of the background that shap's own documentation asks for, where nobody says how many it may spend."""


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
    """

    name: str
    package: str
    start: Callable[[Case, Any, int, int | None], Explain]

    @property
    def installed(self) -> bool:
        """Whether its package can be imported."""
        return importlib.util.find_spec(self.package) is not None


def _limelight(case: Case, predict: Any, seed: int, rows: int | None, contrast: Any = "bin") -> Explain:
    tabular = Tabular(case.background, categorical=case.categorical, names=case.columns, contrast=contrast)
    settings: dict[str, Any] = {} if rows is None else {"n_samples": rows, "max_features": None}
    explainer = Explainer(predict, tabular, seed=seed, **settings)

    def explain(row: FloatArray, target: int) -> FloatArray:
        found = explainer.explain(row)
        contributions: FloatArray = np.asarray(found.contributions[0])
        return contributions

    return explain


def _by_value(case: Case, predict: Any, seed: int, rows: int | None) -> Explain:
    return _limelight(case, predict, seed, rows, contrast="value")


def _lime(case: Case, predict: Any, seed: int, rows: int | None) -> Explain:
    from lime.lime_tabular import LimeTabularExplainer

    explainer = LimeTabularExplainer(
        case.background,
        mode="classification" if case.classify else "regression",
        feature_names=list(case.columns),
        categorical_features=case.categorical,
        categorical_names=case.levels,
        random_state=seed,
    )

    def explain(row: FloatArray, target: int) -> FloatArray:
        label = target if case.classify else 1  # where lime keeps the weights of a regression
        asked: dict[str, Any] = {"labels": (label,)} if case.classify else {}
        asked |= {} if rows is None else {"num_samples": rows, "num_features": len(row)}
        weights = np.zeros(len(row))
        for column, weight in explainer.explain_instance(row, predict, **asked).local_exp[label]:
            weights[column] = weight
        return weights

    return explain


def _answer(predict: Any, target: int) -> Callable[[FloatArray], FloatArray]:
    def answer(X: FloatArray) -> FloatArray:
        found = np.asarray(predict(X))
        return found[:, target] if found.ndim == 2 else found

    return answer


def _some(case: Case, n: int) -> FloatArray:
    return case.background[np.random.default_rng(1).permutation(len(case.background))[:n]]


def _shap_permutation(case: Case, predict: Any, seed: int, rows: int | None) -> Explain:
    """Two permutations there and back, on as many background rows as are paid for; by default as shap chooses."""
    import shap

    one_way = 2 * case.background.shape[1] + 1
    drawn = _some(case, DRAWN_BY_SHAP if rows is None else max(1, rows // (2 * one_way)))
    masker = shap.maskers.Independent(drawn, max_samples=len(drawn))
    asked: dict[str, Any] = {} if rows is None else {"max_evals": 2 * one_way}

    def explain(row: FloatArray, target: int) -> FloatArray:
        explainer = shap.PermutationExplainer(_answer(predict, target), masker, seed=seed)
        values: FloatArray = explainer(row[None], silent=True, **asked).values[0]
        return values

    return explain


def _shap_kernel(case: Case, predict: Any, seed: int, rows: int | None) -> Explain:
    """Weighted least squares; its selection of ten features is left out where rows are counted."""
    import shap

    drawn = _some(case, DRAWN_BY_SHAP if rows is None else 10)
    asked: dict[str, Any] = {} if rows is None else {"nsamples": rows // len(drawn), "l1_reg": False}

    def explain(row: FloatArray, target: int) -> FloatArray:
        explainer = shap.KernelExplainer(_answer(predict, target), drawn, seed=seed)
        return np.asarray(explainer.shap_values(row, silent=True, **asked))

    return explain


LIMELIGHT = Method("limelight", "limelight", _limelight)
BY_VALUE = Method('limelight, contrast="value"', "limelight", _by_value)
LIME = Method("lime", "lime", _lime)
SHAP_PERMUTATION = Method("shap Permutation", "shap", _shap_permutation)
SHAP_KERNEL = Method("shap Kernel", "shap", _shap_kernel)
METHODS = (LIMELIGHT, BY_VALUE, LIME, SHAP_PERMUTATION, SHAP_KERNEL)
