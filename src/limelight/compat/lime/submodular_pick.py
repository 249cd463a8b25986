"""lime's submodular pick, over `limelight.submodular_pick`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from limelight.contracts import Feature
from limelight.errors import InputError, UnknownNameError
from limelight.overview.coverage import feature_importances, lazy_greedy
from limelight.overview.pick import Pick, submodular_pick
from limelight.result.explanation import Explanation

METHODS = ("sample", "full")


def by_name(explanation: Explanation, feature: Feature) -> str:
    """Return what a feature is across explanations: its name, so that two bins of a column are two features."""
    return feature.name


class SubmodularPick:
    """Explains many rows or texts, and picks a few explanations that together show what matters.

    Parameters
    ----------
    explainer
        A `LimeTabularExplainer` or `LimeTextExplainer`.
    data
        What to explain: rows of an array or frame, or a sequence of texts.
    predict_fn
        As for the explainer.
    method
        ``"sample"``: of `sample_size` instances drawn at random, by the explainer's seed; ``"full"``: of all.
    sample_size
        How many are drawn.
    num_exps_desired
        How many are picked.
    num_features
        How many features each explanation holds.
    **kwargs
        Whatever else `explain_instance` takes; ``top_labels`` is 1 by default.

    Attributes
    ----------
    explanations
        All of them.
    sp_explanations, V
        Those picked, and their positions among all.
    native
        limelight's `Pick`, with the coverage; None where an explanation went lime's own route.
    """

    def __init__(
        self,
        explainer: Any,
        data: Any,
        predict_fn: Callable[[Any], Any],
        method: str = "sample",
        sample_size: int = 1000,
        num_exps_desired: int = 5,
        num_features: int = 10,
        **kwargs: Any,
    ) -> None:
        if not isinstance(method, str) or method not in METHODS:
            raise UnknownNameError("method", method, METHODS)
        wanted = _count("num_exps_desired", num_exps_desired)
        rows = data.to_numpy() if hasattr(data, "to_numpy") else data
        n = rows.shape[0] if hasattr(rows, "shape") else len(rows)
        if method == "full":
            chosen = np.arange(n)
        else:
            chosen = _sample(n, _count("sample_size", sample_size), explainer)
        words = {"top_labels": 1, "num_features": num_features, **kwargs}
        self.explanations = explain_all(explainer, [rows[int(i)] for i in chosen], predict_fn, words)
        if wanted > len(self.explanations):
            warnings.warn(
                f"num_exps_desired: expected at most {len(self.explanations)}, the explanations, got {wanted}; "
                "all are returned.",
                stacklevel=2,
            )
        budget = min(wanted, len(self.explanations))
        natives = [each.native for each in self.explanations]
        self.native: Pick | None = None
        if any(native is None for native in natives):
            self.V = pick_by_weights(self.explanations, budget)
        else:
            self.native = submodular_pick(natives, budget, name=by_name)
            self.V = list(self.native.indices)
        self.sp_explanations = [self.explanations[i] for i in self.V]


def pick_by_weights(explanations: list[Any], budget: int) -> list[int]:
    """Return the positions of those picked where some have lime's weights only, by features' names."""
    from scipy.sparse import csr_array

    columns: dict[Any, int] = {}
    cells: dict[tuple[int, int], float] = {}
    for row, explanation in enumerate(explanations):
        if explanation.mode == "regression":
            labels = [1]
        else:
            labels = explanation.available_labels()
        for label in labels:
            for name, weight in explanation.as_list(label):
                cell = (row, columns.setdefault(name, len(columns)))
                cells[cell] = cells.get(cell, 0.0) + abs(weight)
    kept = {cell: weight for cell, weight in cells.items() if weight > 0}
    at = np.array(list(kept), dtype=int).reshape(-1, 2)
    W = csr_array((list(kept.values()), (at[:, 0], at[:, 1])), shape=(len(explanations), max(1, len(columns))))
    return lazy_greedy(W, feature_importances(W), budget)[0]


def explain_all(
    explainer: Any, instances: list[Any], predict_fn: Callable[[Any], Any], words: dict[str, Any]
) -> list[Any]:
    """Return the explanations of instances by one function, which share a neighborhood where that is possible."""
    if not instances:
        raise InputError("data: expected at least one instance, got none; pass X_test.")
    shared = getattr(explainer, "share_neighborhood", None)
    if shared is None:
        return [explainer.explain_instance(each, predict_fn, **words) for each in instances]
    explainer.share_neighborhood = True
    try:
        return [explainer.explain_instance(each, predict_fn, **words) for each in instances]
    finally:
        explainer.share_neighborhood = shared


def _sample(n: int, size: int, explainer: Any) -> Any:
    if size > n:
        warnings.warn(
            f"sample_size: expected at most {n}, the size of the data, got {size}; all are explained.", stacklevel=3
        )
    return np.random.default_rng(getattr(explainer, "_seed", 0)).permutation(n)[:size]


def _count(argument: str, value: Any) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError):
        number = 0
    if number < 1:
        raise InputError(f"{argument}: expected a positive integer, got {value!r}; 5 is usual.")
    return number
