"""Explanations of every layout, written by hand: small numbers that a reader can add up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from limelight.contracts import Feature, Where
from limelight.explanation import Cost, Explanation, Provenance


def explanation(
    features: Sequence[Feature],
    coef: Sequence[Sequence[float]],
    *,
    targets: Sequence[str] = ("spam",),
    stderr: Sequence[Sequence[float]] | None = None,
    intercept: Sequence[float] | None = None,
    prediction: Sequence[float] | None = None,
    outputs: Sequence[tuple[str, float]] = (),
    layout: Mapping[str, Any] | None = None,
    shown: int = 10,
    fidelity: float = 0.83,
    warnings: Sequence[str] = (),
) -> Explanation:
    """An explanation with the given weights; g(x') = intercept + Σ coef as for masks."""
    weights = np.asarray(coef, dtype=float).reshape(len(targets), len(features))
    errors = np.full_like(weights, 0.01) if stderr is None else np.asarray(stderr, dtype=float).reshape(weights.shape)
    base = np.full(len(targets), 0.2) if intercept is None else np.asarray(intercept, dtype=float)
    local = base + weights.sum(axis=1)
    said = local + 0.01 if prediction is None else np.asarray(prediction, dtype=float)
    selected = tuple(np.argsort(-np.abs(row), kind="stable")[:shown] for row in weights)
    covariance = tuple(np.diag(errors[i, chosen] ** 2) for i, chosen in enumerate(selected))
    k = len(targets)
    return Explanation(
        features=tuple(features),
        targets=tuple(targets),
        coef=weights,
        stderr=errors,
        intercept=base,
        prediction=said,
        local_prediction=local,
        fidelity=np.full(k, fidelity),
        fidelity_stderr=np.full(k, 0.02),
        r2=np.full(k, min(1.0, fidelity + 0.03)),
        selected=selected,
        covariance=covariance,
        outputs=tuple(outputs) or tuple(zip(targets, said.tolist(), strict=True)),
        layout=dict(layout or {"kind": "bars"}),
        provenance=Provenance(
            seed=7,
            n_samples=1000,
            effective_sample_size=412.5,
            stopped="precise",
            samples_needed=1000,
            estimator="least squares",
            kernel_width=0.25,
            shared=False,
            warnings=tuple(warnings),
            settings={"seed": 7},
            modality={"name": "Sample"},
            versions={"limelight": "0.1.0"},
            cost=Cost(model_rows=1001, model_calls=4, seconds=0.12),
        ),
    )


def table() -> Explanation:
    """A row of a census table: twelve columns, three of them uncertain."""
    rows = [
        ("capital-gain", "capital-gain > 0", "7298", 0.412, 0.021),
        ("marital-status", "marital-status = Married-civ-spouse", "Married-civ-spouse", 0.187, 0.012),
        ("education-num", "12 < education-num ≤ 13", "13", 0.094, 0.011),
        ("age", "28 < age ≤ 37", "31", -0.071, 0.010),
        ("hours-per-week", "40 < hours-per-week", "52", 0.062, 0.012),
        ("occupation", "occupation = Exec-managerial", "Exec-managerial", 0.055, 0.014),
        ("sex", "sex = Male", "Male", 0.021, 0.013),
        ("relationship", "relationship = Husband", "Husband", -0.018, 0.012),
        ("workclass", "workclass = Private", "Private", -0.011, 0.011),
        ("race", "race = White", "White", 0.006, 0.011),
        ("native-country", "native-country = United-States", "United-States", 0.002, 0.010),
        ("fnlwgt", "117827 < fnlwgt ≤ 178356", "154374", 0.001, 0.010),
    ]
    features = [Feature(name, Where("column", key), value) for key, name, value, _, _ in rows]
    return explanation(
        features,
        [[row[3] for row in rows]],
        stderr=[[row[4] for row in rows]],
        targets=[">50K"],
        intercept=[0.193],
        prediction=[0.951],
        outputs=[(">50K", 0.951), ("<=50K", 0.049)],
        layout={"kind": "table"},
        shown=9,
    )
