"""lime's fit for callers who bring perturbations, outputs and distances of their own; see `surrogate.py`."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from limelight.compat.lime.randomness import check_random_state
from limelight.compat.lime.surrogate import RANKING_ALPHA, check_num_features, lime_fit, selection_name
from limelight.contracts import FloatArray, Neighborhood
from limelight.errors import InputError
from limelight.local.moments import moments
from limelight.local.selection import select
from limelight.local.surrogate import solve, weighted_r2
from limelight.settings import whole


class LimeBase:
    """Fits a weighted linear model with few features.

    Parameters
    ----------
    kernel_fn
        From distances (n,) to proximities (n,).
    verbose
        Whether to print intercept, local and true prediction.
    random_state
        Kept for those who read it; nothing here is random.
    """

    def __init__(self, kernel_fn: Callable[[Any], Any], verbose: bool = False, random_state: Any = None) -> None:
        self.kernel_fn = kernel_fn
        self.verbose = verbose
        self.random_state = check_random_state(random_state)

    @staticmethod
    def generate_lars_path(weighted_data: Any, weighted_labels: Any) -> tuple[Any, Any]:
        """Return the penalties and weights (d, steps) along the path of the Lasso."""
        from sklearn.linear_model import lars_path

        alphas, _, coefs = lars_path(weighted_data, weighted_labels, method="lasso", verbose=False)
        return alphas, coefs

    def forward_selection(self, data: Any, labels: Any, weights: Any, num_features: int) -> Any:
        """Return the features that raise R² most, one after the other."""
        return _selected(data, labels, weights, num_features, "forward")

    def feature_selection(self, data: Any, labels: Any, weights: Any, num_features: int, method: str) -> Any:
        """Return the features that one of lime's methods chooses."""
        name = selection_name(method, check_num_features(num_features))
        if name == "none":
            return np.arange(np.shape(data)[1])
        if name == "forward":
            return self.forward_selection(data, labels, weights, num_features)
        if name == "lasso_path":
            return self._on_the_path(_dense(data), np.asarray(labels, float), np.asarray(weights, float), num_features)
        return _selected(data, labels, weights, num_features, name)

    def _on_the_path(self, Z: FloatArray, y: FloatArray, weights: FloatArray, num_features: int) -> Any:
        """Return the features with a weight where the path of the Lasso last has that many; all where there is none."""
        root = np.sqrt(weights)
        centered = (Z - np.average(Z, axis=0, weights=weights)) * root[:, None]
        _, coefs = self.generate_lars_path(centered, (y - np.average(y, weights=weights)) * root)
        if coefs.shape[1] < 2:  # a constant output: nothing enters the path, and lime shows every feature
            return np.arange(Z.shape[1])
        sizes = np.count_nonzero(coefs, axis=0)
        fitting = np.flatnonzero(sizes <= num_features)
        return np.flatnonzero(coefs[:, fitting[-1]])

    def explain_instance_with_data(
        self,
        neighborhood_data: Any,
        neighborhood_labels: Any,
        distances: Any,
        label: int,
        num_features: int,
        feature_selection: str = "auto",
        model_regressor: Any = None,
    ) -> tuple[Any, list[tuple[Any, Any]], float, FloatArray]:
        """Return (intercept, [(feature, weight)], R², local prediction) for perturbations that are at hand.

        Features are chosen by this object's own `feature_selection`, so that a subclass may override it.

        Parameters
        ----------
        neighborhood_data
            (n, d) perturbations; the first is the instance.
        neighborhood_labels
            (n, k) outputs.
        distances
            (n,) to the instance.
        label
            The output to explain.
        num_features, feature_selection, model_regressor
            As for the explainers.
        """
        check_num_features(num_features)
        outputs = _finite("neighborhood_labels", neighborhood_labels)
        column = whole(label)
        if outputs.ndim != 2 or column is None or not -outputs.shape[1] <= column < outputs.shape[1]:
            raise InputError(
                f"neighborhood_labels: expected shape (n, k) with a column {label!r}, got {outputs.shape}; "
                "pass one row of outputs for each perturbation, and the number of a column."
            )
        weights = _finite("distances", self.kernel_fn(_finite("distances", distances)))
        _finite("neighborhood_data", _dense(neighborhood_data))
        given = self.feature_selection(neighborhood_data, outputs[:, column], weights, num_features, feature_selection)
        chosen = np.asarray(given, dtype=np.int64)
        rows = _neighborhood(_dense(neighborhood_data)[:, chosen], outputs[:, [column]], weights)
        fitted = lime_fit("none", check_num_features(num_features), model_regressor).fit(rows, None)
        coef, intercept = fitted.coef[0], np.float64(fitted.intercept[0])
        score = float(weighted_r2(moments(rows.Z, rows.Y, rows.weights), fitted.coef)[0])
        local = np.array([intercept + float(coef @ rows.center)])
        if self.verbose:
            print("Intercept", intercept)
            print("Prediction_local", local)
            print("Right:", outputs[0, column])
        order = np.argsort(-np.abs(coef), kind="stable")
        return intercept, [(np.int64(chosen[j]), coef[j]) for j in order], score, local


METHODS = ("explain_instance_with_data", "feature_selection", "forward_selection", "generate_lars_path")
ORIGINAL = {name: vars(LimeBase)[name] for name in METHODS}
"""What `LimeBase` does, as it was when it was imported."""


def departs(thing: Any, original: Mapping[str, Any]) -> bool:
    """Return whether somebody replaced a method: in a subclass, on an object, or on the class itself.

    >>> departs(LimeBase(np.exp), ORIGINAL), departs("another object", ORIGINAL)
    (False, True)
    """
    return any(inspect.getattr_static(thing, name, None) is not method for name, method in original.items())


def _dense(data: Any) -> FloatArray:
    return np.asarray(data.toarray() if hasattr(data, "toarray") else data, dtype=np.float64)


def _finite(name: str, given: Any) -> FloatArray:
    """Return finite numbers, or say what they are not."""
    try:
        found = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(f"{name}: expected numbers, got {type(given).__name__} ({error}).") from error
    if not np.isfinite(found).all():
        raise InputError(f"{name}: expected finite numbers, got some that are not; leave these rows out.")
    return found


def _selected(data: Any, labels: Any, weights: Any, num_features: int, name: str) -> Any:
    """Return the features chosen, made up to the number asked for by those that do not vary."""
    rows = _neighborhood(_dense(data), np.asarray(labels, dtype=np.float64)[:, None], np.asarray(weights, np.float64))
    sums = moments(rows.Z, rows.Y, rows.weights)
    ranked, _ = solve(sums, regularization=RANKING_ALPHA / sums.total if sums.total else 0.0)
    chosen = select(sums, ranked, max_features=num_features, method=name, center=rows.center)[0]
    rest = np.setdiff1d(np.arange(rows.Z.shape[1]), chosen)
    return np.concatenate([chosen, rest[: max(0, num_features - len(chosen))]])


def _neighborhood(Z: FloatArray, outputs: FloatArray, weights: FloatArray) -> Neighborhood:
    if Z.ndim != 2 or len(Z) != len(outputs):
        raise InputError(
            f"neighborhood_data: expected shape ({len(outputs)}, d), a row for each output, got {Z.shape}; "
            "the first row is the instance."
        )
    n = len(Z)
    return Neighborhood(Z, outputs, weights, Z[0], np.zeros(n, dtype=bool), np.arange(n))
