"""Regions where explanations fail: conditions on whose rows the surrogate misses what the model says.

Input: `Material`. Output: candidates. Conditions are looked for in one half of the rows and tested in the other, and
the other way round, so that the search is no part of the answer.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from limelight.overview.checks.conditions import conditions_of
from limelight.overview.checks.material import FEW, Candidate, Material
from limelight.overview.many_tests import wilson
from limelight.result.audit import Finding

MISSED = 0.5
"""The surrogate misses a row where g(x′) is off by more than this share of the answers' standard deviation."""
GRAVE = 0.3
"""A region is worth a sentence where it misses at least so many of its rows,"""
TIMES = 2.0
"""and so many times as many as elsewhere."""
REGIONS = 2
DEEPER = 0.5
"""A second condition is added where it makes the excess clearer by so many standard errors."""

_Found = tuple[NDArray[np.bool_], str, int]
"""The rows that meet a condition, its name, and the feature that it is about."""


def missed(material: Material) -> NDArray[np.bool_]:
    """Return (n,) which rows the surrogate misses, or where the model answers otherwise than around.

    Where the columns are known to add up, what is left between f and g is the place of a value inside its bin, which
    contributions do not claim to know.
    """
    laid = material.laid
    far = np.abs(laid.prediction - laid.local) > MISSED * material.spread
    gap = np.array([cause == "gap" for cause in laid.causes])
    adds_up = np.array([cause in ("adds up", "saturates") for cause in laid.causes])
    return np.asarray((far & ~adds_up) | gap)


def regions(material: Material) -> list[Candidate]:
    """Return the candidates, for either half up to `REGIONS` regions that do not overlap."""
    bad, n = missed(material), material.laid.n
    if n < 8 * FEW or not bad.any():
        return []
    half = np.random.default_rng(0).permutation(n) < n // 2
    found = []
    for search in (half, ~half):  # either half is searched once, and the other one tests what it found
        free = np.ones(n, dtype=np.bool_)
        for _ in range(REGIONS):
            best = _best(material, bad & search, search & free)
            if best is None:
                break
            inside, name, feature = best
            candidate = _tested(material, bad, inside & free, ~search & free, name)
            found.append(replace(candidate, group=("region", feature)))
            free &= ~inside
    return found


def _best(
    material: Material, bad: NDArray[np.bool_], rows: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], str, int] | None:
    """Return the condition, or the two, with the clearest excess of misses among some rows."""
    singles = _conditions(material, rows)
    scored = sorted(((_excess(bad, inside, rows), at) for at, (inside, _, _) in enumerate(singles)), reverse=True)
    if not scored or scored[0][0] <= 2.0:
        return None
    score, at = scored[0]
    inside, name, feature = best = singles[at]
    for other, other_name, _ in singles:
        deeper = _excess(bad, inside & other, rows)
        if deeper > score + DEEPER:
            score, best = deeper, (inside & other, f"{name} and {other_name}", feature)
    return best


def _conditions(material: Material, rows: NDArray[np.bool_]) -> list[_Found]:
    laid, found = material.laid, []
    often = np.argsort(-np.bincount(laid.key, minlength=len(laid.keys)), kind="stable")[:200]
    for each in (condition for j in often.tolist() for condition in conditions_of(material, j)):
        inside = np.zeros(laid.n, dtype=np.bool_)
        inside[each.rows] = True
        if int((inside & rows).sum()) >= FEW:
            found.append((inside, f"“{each.name}”", each.feature))
    return found


def _excess(bad: NDArray[np.bool_], inside: NDArray[np.bool_], rows: NDArray[np.bool_]) -> float:
    """Return how many standard errors more misses lie inside than outside."""
    here, there = inside & rows, rows & ~inside
    n, m = int(here.sum()), int(there.sum())
    if n < FEW or m < FEW:
        return 0.0
    a, b = float(bad[here].mean()), float(bad[there].mean())
    share = (a * n + b * m) / (n + m)
    return (a - b) / max(math.sqrt(share * (1 - share) * (1 / n + 1 / m)), 1e-9)


def _tested(
    material: Material, bad: NDArray[np.bool_], inside: NDArray[np.bool_], rows: NDArray[np.bool_], name: str
) -> Candidate:
    from scipy.stats import hypergeom

    here, there = inside & rows, rows & ~inside
    n, k = int(here.sum()), int(bad[here].sum())
    m, other = int(there.sum()), int(bad[there].sum())
    p = float(hypergeom.sf(k - 1, n + m, k + other, n)) if n else 1.0
    elsewhere = other / max(m, 1)
    if not n or k / n < max(GRAVE, TIMES * elsewhere):
        return Candidate(p)
    low, high = wilson(k, n, material.quantile)
    sentence = (
        f"Where {name}, {inside.sum() / material.laid.n:.0%} of rows, the surrogate misses what the model says in "
        f"{k / n:.0%} [{low:.0%}, {high:.0%}] of rows, against {elsewhere:.0%} elsewhere."
    )
    advice = (
        "Do not use explanations of these rows as they are. Explain them with Tabular(…, contrast='value'), look at "
        "the pairs that act together (explanation.interactions()), and ask whether the model does there what it shall."
    )
    order = np.flatnonzero(inside & bad)
    far = np.abs(material.laid.prediction - material.laid.local)[order]
    look = material.positions(order[np.argsort(-far, kind="stable")[:5]])
    return Candidate(p, Finding("region", name, sentence, "share of rows missed", k / n, low, high, p, look, advice))
