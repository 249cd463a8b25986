"""Explanations from a few numbers, for tests of views of many."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np

from limelight.contracts import Feature, Where
from limelight.result.explanation import Cost, Explanation, Provenance


def explanation(
    weights: Mapping[Hashable, float | Sequence[float]],
    *,
    targets: Sequence[str] = ("spam",),
    stderr: float | Sequence[float] = 0.0,
    kind: str = "column",
    names: Sequence[str] | None = None,
    shown: int | None = None,
    shared: bool = False,
    reference: float | Sequence[float] | None = 0.0,
) -> Explanation:
    """An explanation with the given weights by feature; several numbers are for several targets.

    The instance's own z' is 1 in every feature; `reference` is the average row's, None where that is not known.
    """
    k, d = len(targets), len(weights)
    coef = np.array(list(weights.values()), dtype=float).reshape(d, k).T
    errors = np.broadcast_to(np.asarray(stderr, dtype=float), (k, d)).copy()
    selected = tuple(np.argsort(-np.abs(row), kind="stable")[:shown] for row in coef)
    features = [Feature(names[j] if names else f"{key} = {j}", Where(kind, key)) for j, key in enumerate(weights)]
    return Explanation(
        features=tuple(features),
        targets=tuple(targets),
        coef=coef,
        stderr=errors,
        intercept=np.zeros(k),
        prediction=coef.sum(axis=1),
        local_prediction=coef.sum(axis=1),
        fidelity=np.ones(k),
        fidelity_stderr=np.zeros(k),
        r2=np.ones(k),
        selected=selected,
        covariance=tuple(np.diag(errors[i, j] ** 2)[np.triu_indices(len(j))] for i, j in enumerate(selected)),
        outputs=(),
        layout={"kind": "bars"},
        center=None if reference is None else np.ones(d),
        reference=None if reference is None else np.broadcast_to(np.asarray(reference, dtype=float), d).copy(),
        provenance=provenance(shared),
    )


def provenance(shared: bool) -> Provenance:
    facts: dict[str, Any] = {"seed": 0, "n_samples": 10, "effective_sample_size": 10.0, "stopped": "fixed"}
    facts |= {"samples_needed": 10, "estimator": "least squares", "kernel_width": 0.25, "shared": shared}
    facts |= {"warnings": (), "settings": {}, "modality": {}, "versions": {}}
    return Provenance(**facts, cost=Cost(10, 1, 0.0))


def of_matrix(W: np.ndarray, **options: Any) -> list[Explanation]:
    """One explanation for each row, with the features that are not zero: f1, f2, …"""
    return [explanation({f"f{j + 1}": row[j] for j in np.flatnonzero(row)}, **options) for row in np.asarray(W)]
