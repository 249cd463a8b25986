"""Would another seed have said the same? Explain again and again, and compare.

Input: an explainer and an instance, or explanations that are there already. Output: mean agreements over all pairs of
runs, each between 0 and 1, where 1 is perfect. Weights that are zero up to rounding count as zero and are not shown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.errors import InputError
from limelight.explainer import Explainer
from limelight.result.explanation import Explanation

SAME_WEIGHT = 1e-9
"""Fraction of the largest weight below which two weights are the same: rounding, not disagreement."""
SAME_OUTPUT = 1e-12
"""The same in units of the model's output, for models whose weights are all zero."""


@dataclass(frozen=True, slots=True, eq=False)
class Stability:
    """How well repeated explanations of one instance agree: means over all pairs of runs, 1 is perfect.

    Parameters
    ----------
    jaccard
        |A ∩ B| / |A ∪ B| of the top k.
    vsi
        Variables stability index |A ∩ B| / p of the top k, p features each [visani2022].
    csi
        Coefficients stability index: for each feature the share of pairs whose 95 % intervals overlap, among the runs
        that show it; the mean over features [visani2022]. The paper prints both indices times 100.
    rank_correlation
        Kendall's τ_b of |weight| over all d features; two equal orders with equal ties give 1 [kendall1945].
    sign_agreement
        Share of the features that either run shows whose weights have the same sign.
    coef, stderr
        (repeats, d) weights and standard errors of the runs. Where intervals are honest, the spread of a column of
        `coef` is what its `stderr` says.
    shown
        For each run the indices of its top k.
    target
        The output.
    k
        As asked.
    model_rows
        Rows that the model was asked in all runs together.
    """

    jaccard: float
    vsi: float
    csi: float
    rank_correlation: float
    sign_agreement: float
    coef: FloatArray
    stderr: FloatArray
    shown: tuple[NDArray[np.int64], ...]
    target: str
    k: int
    model_rows: int


def stability(
    explainer: Explainer, instance: Any, repeats: int = 20, *, k: int = 5, target: str | int | None = None
) -> Stability:
    """Explain an instance with the seeds seed + 1, seed + 2, … and return how well the answers agree.

    The explainer's own seed is left out, and it stays as it is; an explanation for one seed never changes, so what is
    measured is how much it owes to that seed.

    Parameters
    ----------
    explainer
        Of any modality and model.
    instance
        As for `Explainer.explain`.
    repeats
        Number of runs, at least 2. 20 runs give 190 pairs, enough to see a disagreement in one run of ten.
    k
        Features compared by `jaccard`, `vsi`, `csi` and `sign_agreement`: what a person remembers of a picture. At
        most `max_features` are shown, so a larger k compares these.
    target
        Name or index among the explained targets; None is the first.

    Raises
    ------
    InputError
        If `repeats` is less than 2 or `k` less than 1.
    UnknownNameError
        If the target is not explained.

    Examples
    --------
    >>> import limelight as ll
    >>> parts = ll.Components(["a", "b", "c"], lambda masks: masks.astype(float))
    >>> explainer = ll.Explainer(lambda Z: 3 * Z[:, 0] - Z[:, 1], parts, seed=0)
    >>> found = stability(explainer, None, repeats=3)
    >>> found.jaccard, found.vsi, found.csi, found.rank_correlation, found.sign_agreement
    (1.0, 1.0, 1.0, 1.0, 1.0)
    """
    _check(repeats, k)
    seed = cast(int, explainer.settings.seed)
    runs = [explainer.with_settings(seed=seed + 1).explain(instance)]
    runs[0].target_index(target)
    for i in range(2, repeats + 1):  # a noisy model may change its mind about which output is largest
        runs.append(explainer.with_settings(seed=seed + i, targets=runs[0].targets).explain(instance))
    return agreement(runs, k=k, target=target)


def agreement(explanations: Sequence[Explanation], *, k: int = 5, target: str | int | None = None) -> Stability:
    """Return how well explanations of one instance agree, wherever they come from.

    Parameters
    ----------
    explanations
        At least two, with the same features and the target in common.
    k, target
        As in `stability`.

    Raises
    ------
    InputError
        If there are fewer than two, or their features differ.
    UnknownNameError
        If one of them does not explain the target.
    """
    runs = tuple(explanations)
    _check(len(runs), k)
    if any([f.where for f in run.features] != [f.where for f in runs[0].features] for run in runs):
        raise InputError("explanations: expected the same features in all, got others; explain one instance only.")
    name = runs[0].targets[runs[0].target_index(target)]
    rows = [run.target_index(name) for run in runs]
    coef = np.stack([run.coef[row] for run, row in zip(runs, rows, strict=True)])
    bounds = np.stack([run.interval()[row] for run, row in zip(runs, rows, strict=True)])
    outputs = [abs(float(run.prediction[row])) for run, row in zip(runs, rows, strict=True)]
    step = max(SAME_WEIGHT * np.abs(coef).max(initial=0.0), SAME_OUTPUT * max(outputs)) or 1.0
    levels = np.round(coef / step)
    shown = []
    for i, (run, row) in enumerate(zip(runs, rows, strict=True)):
        moving = [j for j in run.selected[row] if levels[i, j]]  # what rounds to zero is no disagreement
        shown.append(np.array(moving[:k], np.int64))
    sets = [frozenset(each.tolist()) for each in shown]
    return Stability(
        jaccard=_mean_over_pairs(_jaccard, sets),
        vsi=_mean_over_pairs(_concordance, sets),
        csi=coefficients_stability(sets, bounds, slack=float(step)),
        rank_correlation=_mean_over_pairs(_rank_correlation, list(np.abs(levels))),
        sign_agreement=_mean_over_pairs(_same_signs, list(zip(sets, np.sign(levels), strict=True))),
        coef=coef,
        stderr=np.stack([run.stderr[row] for run, row in zip(runs, rows, strict=True)]),
        shown=tuple(shown),
        target=name,
        k=k,
        model_rows=sum(run.provenance.cost.model_rows for run in runs),
    )


def coefficients_stability(sets: Sequence[frozenset[int]], bounds: FloatArray, *, slack: float = 0.0) -> float:
    """Return the CSI of runs that show some features with intervals `bounds` (runs, d, 2).

    For each feature the share of overlapping pairs of intervals among the runs that show it; then the mean over the
    features that at least two runs show [visani2022]. Intervals that touch up to `slack` overlap, so that exact
    weights, whose intervals have no width, agree with themselves.

    >>> bounds = np.array([[[0.0, 1.0]], [[0.5, 2.0]], [[1.5, 3.0]]])
    >>> round(coefficients_stability([frozenset({0})] * 3, bounds), 3)
    0.667
    """
    partial = []
    for j in sorted(set().union(*sets)):
        intervals = [tuple(bounds[i, j]) for i, shown in enumerate(sets) if j in shown]
        if len(intervals) > 1:
            pairs = combinations(intervals, 2)
            partial.append(np.mean([a[0] <= b[1] + slack and b[0] <= a[1] + slack for a, b in pairs]))
    if partial:
        return float(np.mean(partial))
    return 1.0


def _mean_over_pairs(measure: Callable[[Any, Any], float], runs: Sequence[Any]) -> float:
    return float(np.mean([measure(a, b) for a, b in combinations(runs, 2)]))


def _jaccard(a: frozenset[int], b: frozenset[int]) -> float:
    if a | b:
        return len(a & b) / len(a | b)
    return 1.0


def _concordance(a: frozenset[int], b: frozenset[int]) -> float:
    """Return |A ∩ B| / p; where one run shows fewer, because the others are zero, p is the larger number."""
    if a | b:
        return len(a & b) / max(len(a), len(b))
    return 1.0


def _rank_correlation(a: FloatArray, b: FloatArray) -> float:
    """Return τ_b; where one order says nothing it agrees with another that says nothing, and with no other."""
    if np.array_equal(a, b):
        return 1.0
    if np.ptp(a) == 0 or np.ptp(b) == 0:
        return 0.0
    from scipy.stats import kendalltau

    return float(kendalltau(a, b, method="asymptotic").statistic)


def _same_signs(a: tuple[frozenset[int], FloatArray], b: tuple[frozenset[int], FloatArray]) -> float:
    either = sorted(a[0] | b[0])
    if either:
        return float(np.mean(a[1][either] == b[1][either]))
    return 1.0


def _check(repeats: int, k: int) -> None:
    if repeats < 2:
        raise InputError(f"repeats: expected at least 2 explanations to compare, got {repeats}; 20 is the default.")
    if k < 1:
        raise InputError(f"k: expected at least 1 feature, got {k}; 5 is the default.")
