"""Quantus asked of every method's bars: the metrics of another package, as that package computes them.

Input: cases, methods and sizes. Output: `Figure`s; none where Quantus or torch is not installed. A column is hidden
behind its mean, so tables whose categories have none are left out.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from limelight.bench.cases import Case
from limelight.bench.methods import Method, takers
from limelight.bench.proof import Figure
from limelight.bench.questions import Sizes, explained
from limelight.contracts import FloatArray

NEEDED = ("quantus", "torch")


def missing() -> list[str]:
    """Return what is not installed of what Quantus needs."""
    return [name for name in NEEDED if importlib.util.find_spec(name) is None]


def by_quantus(cases: Sequence[Case], methods: Sequence[Method], sizes: Sizes) -> Iterator[Figure]:
    """Yield faithfulness correlation and estimate, area under pixel flipping, sparseness and complexity."""
    if missing():
        return
    for case in cases:
        if case.categorical:
            continue
        for method in takers(methods, case):
            weights = explained(case, method, sizes.budget)
            for key, score in _scores(case, weights).items():
                yield Figure(key, case.name, method.name, score)


def _scores(case: Case, weights: FloatArray) -> dict[str, float]:
    import quantus

    d = case.rows.shape[1]
    shared: dict[str, Any] = {"normalise": False, "disable_warnings": True, "return_aggregate": False}
    hidden = {**shared, "perturb_baseline": 0.0}
    metrics = {
        "quantus_correlation": quantus.FaithfulnessCorrelation(subset_size=d // 2, nr_runs=100, **hidden),
        "quantus_estimate": quantus.FaithfulnessEstimate(features_in_step=1, **hidden),
        "quantus_flipping": quantus.PixelFlipping(features_in_step=1, return_auc_per_sample=True, **hidden),
        "quantus_sparseness": quantus.Sparseness(**shared),
        "quantus_complexity": quantus.Complexity(**shared),
    }
    inputs = standardised(case, case.rows)[:, None, :]
    answers = np.asarray(case.predict(case.rows))
    if case.classify:
        targets = answers.argmax(axis=1)
    else:
        targets = np.zeros(len(case.rows), dtype=int)
    asked: dict[str, Any] = {"device": "cpu", "channel_first": True, "softmax": False}
    asked |= {"x_batch": inputs, "y_batch": targets, "a_batch": weights[:, None, :], "model": _module(case)}
    return {key: float(np.nanmean(metric(**asked))) for key, metric in metrics.items()}


def standardised(case: Case, X: FloatArray) -> FloatArray:
    """Return columns in standard deviations from their mean, where 0 hides each."""
    found: FloatArray = (X - case.background.mean(axis=0)) / _spread(case)
    return found


def _spread(case: Case) -> FloatArray:
    spread: FloatArray = case.background.std(axis=0)
    return np.where(spread > 0, spread, 1.0)


def _module(case: Case) -> Any:
    """Return the model as the torch module that Quantus wants."""
    import torch

    class Answers(torch.nn.Module):  # type: ignore[misc]
        def forward(self, inputs: Any) -> Any:
            X = inputs.reshape(len(inputs), -1).double().numpy() * _spread(case) + case.background.mean(axis=0)
            found = np.asarray(case.predict(X), dtype=float)
            return torch.as_tensor(found if found.ndim == 2 else found[:, None])

    return Answers().eval()
