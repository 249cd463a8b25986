"""Confident mistakes, and the reason that they have in common; and reasons whose order is open.

Input: `Material`, with what was true for mistakes. Output: candidates.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.overview.checks.material import FEW, Candidate, Material
from limelight.overview.many_tests import wilson
from limelight.result.audit import Finding

CONFIDENT = 0.9
"""A class is said confidently from this probability on."""
TIMES = 2.0
"""Mistakes with one reason are worth a sentence where they are so many times as frequent as others."""
OFTEN_TIED = 0.25
"""The order of reasons is said to be open where that holds of more than this share of rows."""
LOOK = 5


def mistakes(material: Material) -> list[Candidate]:
    """Return the candidates: each feature that leads confident answers, and all of them together."""
    truth, said = material.truth, material.laid.prediction
    if truth is None or not material.binary or said.min() < 0.0 or said.max() > 1.0:
        return []
    sure = np.maximum(said, 1.0 - said) >= CONFIDENT
    wrong = sure & ((said >= 0.5) != (truth > 0))
    if int(sure.sum()) < FEW:
        return []
    return [_overconfident(material, sure, wrong, said), *_by_reason(material, sure, wrong)]


def _overconfident(
    material: Material, sure: NDArray[np.bool_], wrong: NDArray[np.bool_], said: FloatArray
) -> Candidate:
    """Ask whether confident answers are wrong more often than they themselves say."""
    from scipy.stats import poisson

    n, k = int(sure.sum()), int(wrong.sum())
    expected = float((1.0 - np.maximum(said, 1.0 - said))[sure].sum())
    p = float(poisson.sf(k - 1, max(expected, 1e-9)))
    if k < TIMES * expected or k < LOOK:
        return Candidate(p, None, ("mistakes", ""))
    low, high = wilson(k, n, material.quantile)
    sentence = (
        f"Of {n:,} answers given with {CONFIDENT:.0%} or more, {k:,} are wrong, {k / n:.1%} [{low:.1%}, {high:.1%}], "
        f"where their own probabilities allow {expected / n:.1%}."
    )
    rows = picked(material, np.flatnonzero(wrong))
    advice = "Look at these few, picked to show all reasons that the mistakes have; calibrate the probabilities."
    finding = Finding("mistakes", "all", sentence, "share of wrong answers", k / n, low, high, p, rows, advice)
    return Candidate(p, finding, ("mistakes", ""))


def _by_reason(material: Material, sure: NDArray[np.bool_], wrong: NDArray[np.bool_]) -> list[Candidate]:
    from scipy.stats import hypergeom

    laid, found = material.laid, []
    n, k = int(sure.sum()), int(wrong.sum())
    for j in np.unique(material.leaders[sure]).tolist():
        led = sure & (material.leaders == j)
        here, bad = int(led.sum()), int((wrong & led).sum())
        if j < 0 or here < FEW or n - here < FEW:
            continue
        p = float(hypergeom.sf(bad - 1, n, k, here))
        elsewhere = (k - bad) / (n - here)
        finding = None
        if bad >= LOOK and bad / here >= TIMES * elsewhere:
            low, high = wilson(bad, here, material.quantile)
            sentence = (
                f"Confident answers whose first reason is “{laid.keys[j]}” are wrong for {bad:,} of {here:,} rows, "
                f"{bad / here:.0%} [{low:.0%}, {high:.0%}], against {elsewhere:.1%} of the others."
            )
            rows = picked(material, np.flatnonzero(wrong & led))
            advice = f"Look at these rows, and ask what “{laid.keys[j]}” has to do with the answer."
            measure = "share of wrong answers"
            finding = Finding("mistakes", str(laid.keys[j]), sentence, measure, bad / here, low, high, p, rows, advice)
        found.append(Candidate(p, finding, ("mistakes", laid.keys[j])))
    return found


def picked(material: Material, rows: NDArray[np.int64]) -> tuple[int, ...]:
    """Return the positions of a few of some rows that together show most of their reasons, by submodular pick."""
    from scipy.sparse import csr_array

    from limelight.overview.coverage import feature_importances, lazy_greedy

    laid = material.laid
    places = np.full(laid.n, -1, dtype=np.int64)
    places[rows] = np.arange(len(rows))
    at = np.flatnonzero(places[laid.row] >= 0)
    strong = np.abs(laid.value[at]) >= 0.1 * np.abs(laid.value[at]).max(initial=0.0)
    at = at[strong]
    W = csr_array((np.abs(laid.value[at]), (places[laid.row[at]], laid.key[at])), shape=(len(rows), len(laid.keys)))
    chosen, _ = lazy_greedy(W, feature_importances(W), min(LOOK, len(rows)))
    return material.positions(rows[np.array(chosen, dtype=np.int64)])


def unstable(material: Material) -> list[Candidate]:
    """Return the candidate: for how many rows it is open which reason is the first."""
    from scipy.stats import binom

    tied, n = material.laid.tied, material.laid.n
    if tied is None:
        return []
    k = int(tied.sum())
    p = float(binom.sf(k - 1, n, OFTEN_TIED)) if n else 1.0
    if k <= OFTEN_TIED * n:
        return [Candidate(p, None, "unstable")]
    low, high = wilson(k, n, material.quantile)
    sentence = (
        f"For {k:,} of {n:,} rows, {k / n:.0%} [{low:.0%}, {high:.0%}], it is open which reason is the first: the two "
        "largest cannot be told apart."
    )
    advice = (
        "Name both where one is asked for, or explain with a smaller tolerance or stop='ranking'; where they stay "
        "tied, the model weighs them alike."
    )
    look = material.positions(np.flatnonzero(tied)[:LOOK])
    finding = Finding("unstable", "first reason", sentence, "share of rows", k / n, low, high, p, look, advice)
    return [Candidate(p, finding, "unstable")]
