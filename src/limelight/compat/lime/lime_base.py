"""lime's fit for callers who bring perturbations, outputs and distances of their own; see `surrogate.py`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from limelight.compat.lime.randomness import check_random_state
from limelight.compat.lime.surrogate import RANKING_ALPHA, check_num_features, lime_fit, selection_name
from limelight.contracts import FloatArray, Neighborhood
from limelight.errors import InputError
from limelight.local.moments import moments
from limelight.local.selection import select
from limelight.local.surrogate import solve, weighted_r2


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
        return self.feature_selection(data, labels, weights, num_features, "forward_selection")

    def feature_selection(self, data: Any, labels: Any, weights: Any, num_features: int, method: str) -> Any:
        """Return the features that one of lime's methods chooses."""
        rows = _neighborhood(data, np.asarray(labels, dtype=np.float64)[:, None], np.asarray(weights, np.float64))
        name, d = selection_name(method, check_num_features(num_features)), rows.Z.shape[1]
        if name == "none":
            return np.arange(d)
        sums = moments(rows.Z, rows.Y, rows.weights)
        ranked, _ = solve(sums, regularization=RANKING_ALPHA / sums.total if sums.total else 0.0)
        return _padded(select(sums, ranked, max_features=num_features, method=name, center=rows.center)[0], d, *_short(
            name, num_features
        ))  # fmt: skip

    def explain_instance_with_data(
        self,
        neighborhood_data: Any,
        neighborhood_labels: Any,
        distances: Any,
        label: int,
        num_features: int,
        feature_selection: str = "auto",
        model_regressor: Any = None,
    ) -> tuple[float, list[tuple[int, float]], float, FloatArray]:
        """Return (intercept, [(feature, weight)], R², local prediction) for perturbations that are at hand.

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
        outputs = np.asarray(neighborhood_labels, dtype=np.float64)
        if outputs.ndim != 2 or not -outputs.shape[1] <= label < outputs.shape[1]:
            raise InputError(
                f"neighborhood_labels: expected shape (n, k) with a column {label}, got {outputs.shape}; "
                "pass one row of outputs for each perturbation."
            )
        weights = np.asarray(self.kernel_fn(np.asarray(distances, dtype=np.float64)), dtype=np.float64)
        rows = _neighborhood(neighborhood_data, outputs[:, [label]], weights)
        fitted = lime_fit(feature_selection, check_num_features(num_features), model_regressor).fit(rows, num_features)
        name, coef = selection_name(feature_selection, num_features), fitted.coef[0]
        shown = _padded(fitted.selected[0], len(coef), *_short(name, num_features))
        score = float(weighted_r2(moments(rows.Z, rows.Y, rows.weights), fitted.coef)[0])
        intercept = float(fitted.intercept[0])
        local = np.array([intercept + float(coef @ rows.center)])
        if self.verbose:
            print("Intercept", intercept)
            print("Prediction_local", local)
            print("Right:", outputs[0, label])
        return intercept, [(int(j), float(coef[j])) for j in shown], score, local


def _neighborhood(data: Any, outputs: FloatArray, weights: FloatArray) -> Neighborhood:
    Z = np.asarray(data.toarray() if hasattr(data, "toarray") else data, dtype=np.float64)
    if Z.ndim != 2 or len(Z) != len(outputs):
        raise InputError(
            f"neighborhood_data: expected shape ({len(outputs)}, d), a row for each output, got {Z.shape}; "
            "the first row is the instance."
        )
    n = len(Z)
    return Neighborhood(Z, outputs, weights, Z[0], np.zeros(n, dtype=bool), np.arange(n))


def _short(name: str, num_features: int) -> tuple[bool, int | None]:
    """Return whether a selection may be shorter than asked, and how long it shall be; None for all."""
    return name == "lasso_path", None if name == "none" else num_features


def _padded(chosen: Any, d: int, short: bool, wanted: int | None) -> Any:
    """Return the chosen features, made up to the number asked for by those that do not vary."""
    if short:
        return chosen
    rest = np.setdiff1d(np.arange(d), chosen)
    return np.concatenate([chosen, rest[: max(0, (d if wanted is None else min(wanted, d)) - len(chosen))]])
