"""Decide when enough is known, and say what is not.

Input: an estimate after each look at a growing sample. Output: whether to stop, how many rows would be needed, which
features are certain to be the top ones, which are tied, and how likely the next one belongs among them.

Looks are geometric, so that there are few. The ranking is certified at a level that is shared between them: for every
pair of a shown and a hidden feature, |β_i| − |β_j| exceeds z(1 − α / 2L) of its own standard error, from the full
covariance with signs. No correction for the number of pairs is needed: a wrong set needs its *closest* pair to be wrong
[hung2019]. The precision rule compares standard errors with the largest weight; its own noise is of second order.
"""

from __future__ import annotations

import math
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Ranking
from limelight.errors import UnknownNameError
from limelight.local.estimate import Estimate
from limelight.local.replicates import NORMAL_95, student_quantile

Rule = Literal["looks", "acs"]
RULES = ("looks", "acs")

_CONTENDERS = 4
_CALIBRATED = 400  # the confidence sequence is tightest at this many rows


def look_schedule(first: int, budget: int) -> tuple[int, ...]:
    """Return the sample sizes at which to look: doubling from `first`, the last one `budget`.

    >>> look_schedule(200, 1500)
    (200, 400, 800, 1500)
    """
    looks = []
    size = max(1, first)
    while size < budget:
        looks.append(size)
        size *= 2
    return (*looks, budget)


def relative_error(estimate: Estimate) -> FloatArray:
    """Return for each target (k,) the largest standard error over the largest |weight|; 0 where all are exact.

    A sample that does not identify the weights has no error worth the name: infinity.
    """
    largest = np.abs(estimate.coef).max(axis=1, initial=0.0)
    error = estimate.stderr.max(axis=1, initial=0.0)
    relative = np.divide(error, largest, out=np.full_like(error, np.inf), where=largest > 0)
    relative = np.where(error <= 0, 0.0, relative)
    return relative if estimate.identified else np.full_like(relative, np.inf)


def samples_needed(n: int, stderr: float, target: float) -> int:
    """Return how many rows bring a standard error down to `target`, by the 1/n law of its square.

    >>> samples_needed(1000, 0.02, 0.01)
    4000
    """
    if stderr <= target or n == 0:
        return n
    if target <= 0 or not math.isfinite(stderr):
        return 2**62
    return min(math.ceil(n * (stderr / target) ** 2 * (1 - 1e-12)), 2**62)


def samples_to_settle(n: int, doubt: float, level: float) -> int:
    """Return the sample size at which the probability of a wrong order falls to 1 − level, as errors fall with 1/√n.

    >>> samples_to_settle(1000, 0.2, 0.95), samples_to_settle(1000, 0.04, 0.95)
    (3820, 1000)
    """
    now = NormalDist().inv_cdf(1.0 - min(max(doubt, 1e-9), 0.5))
    asked = NormalDist().inv_cdf(level)
    return samples_needed(n, 1.0, now / asked)


def critical_value(
    level: float = 0.95, *, looks: int = 1, df: float = math.inf, rule: Rule = "looks", n: int = _CALIBRATED
) -> float:
    """Return how many standard errors separate two weights at a level that holds for all looks together.

    Parameters
    ----------
    level
        Probability that nothing wrong is certified, at any look.
    looks
        How many there will be at most; they share the error evenly.
    df
        Degrees of freedom of the stated standard errors: few replicates have heavier tails than the 95 % at which
        errors are stated makes up for.
    rule
        ``"looks"``: normal quantile at 1 − α / 2L. ``"acs"``: asymptotic confidence sequence, for any number of looks
        [waudbysmith2024, theorem 2.2].
    n
        Rows so far; only ``"acs"`` needs it.

    Raises
    ------
    UnknownNameError
        If `rule` is not known.

    >>> round(critical_value(0.95), 2), round(critical_value(0.95, looks=5), 2), round(critical_value(rule="acs"), 2)
    (1.96, 2.58, 3.04)
    """
    alpha = 1.0 - level
    if rule == "looks":
        shared = 1.0 - alpha / max(looks, 1)
        return student_quantile(shared, df) / student_quantile(0.95, df) * NORMAL_95
    if rule != "acs":
        raise UnknownNameError("rule", rule, RULES)
    # ρ² that makes the sequence tightest at that many rows
    spread = (-2 * math.log(alpha) + math.log(1 - 2 * math.log(alpha))) / _CALIBRATED
    rows = n * spread
    return math.sqrt(2 * (rows + 1) / rows * math.log(math.sqrt(rows + 1) / alpha))


def doubt_of_top(estimate: Estimate, target: int, top: int) -> float:
    """Return the probability that the weakest of the `top` largest weights is not among them.

    It is that of the most likely of the next few to exceed it; those after them are smaller still.
    """
    coef = estimate.coef[target]
    order = np.argsort(-np.abs(coef), kind="stable")[top - 1 : top + _CONTENDERS]
    if len(order) < 2:
        return 0.0
    return likeliest_to_exceed(coef[order], estimate.covariance(order, target=target)[1:, 1:])[1]


def likeliest_to_exceed(coef: FloatArray, covariance: FloatArray) -> tuple[int, float]:
    """Return which of the weights (m,) after the first is likeliest to be larger than it in size, and the probability.

    >>> likeliest_to_exceed(np.array([2.0, -1.0, 0.5]), np.eye(3) / 2)[0]
    1
    """
    # |a| − |b| is a linear contrast once the signs are taken as known
    signs = np.where(coef < 0, -1.0, 1.0)
    shared = signs[0] * signs[1:] * covariance[0, 1:]
    variance = covariance.diagonal()
    spread = np.sqrt(np.maximum(variance[0] + variance[1:] - 2 * shared, 0.0))
    gap = np.abs(coef[0]) - np.abs(coef[1:])
    # Two weights that are exactly zero are no rivals: there is nothing to be in doubt about.
    settled = (gap > 0) | ((coef[0] == 0) & (coef[1:] == 0))
    score = np.divide(gap, spread, out=np.where(settled, np.inf, 0.0), where=spread > 0)
    best = int(np.argmin(score))
    return best + 1, NormalDist().cdf(-float(score[best]))


def rank(estimate: Estimate, target: int, top: int, *, critical: float) -> Ranking:
    """Return what is certain about the `top` features of one target.

    Parameters
    ----------
    estimate
        Weights and their covariance.
    target
        Which target.
    top
        How many features are shown; weights that are exactly zero are not counted.
    critical
        How many standard errors separate two weights, see `critical_value`.
    """
    coef = estimate.coef[target]
    stderr = estimate.stderr[target]
    order = np.argsort(-np.abs(coef), kind="stable")
    shown = order[: min(top, int(np.count_nonzero((np.abs(coef) > 0) | (stderr > 0))))]
    if len(shown) == 0:
        return Ranking(shown.astype(np.int64), 0, (), -1, 0.0)
    candidates = _candidates(coef, stderr, shown, order, critical)
    signs = np.where(coef[candidates] < 0, -1.0, 1.0)
    covariance = estimate.covariance(candidates, target=target)[1:, 1:]
    size = np.abs(coef)[candidates]
    variance = covariance.diagonal()
    difference = size[:, None] - size
    shared = covariance * np.multiply.outer(signs, signs)
    spread = np.sqrt(np.maximum(variance[:, None] + variance - 2 * shared, 0.0))
    separated = difference > critical * spread
    signed = (size > critical * np.sqrt(variance)) if estimate.identified else np.zeros(len(size), bool)
    cuts = _cuts(separated, len(shown)) if estimate.identified else []
    certified = max((cut for cut in cuts if signed[:cut].all()), default=0)
    named = _next(order, len(shown))
    doubt = 0.0
    weakest = len(shown) - 1
    if len(candidates) > len(shown):
        place, doubt = likeliest_to_exceed(coef[candidates[weakest:]], covariance[weakest:, weakest:])
        named = int(candidates[weakest + place])
    inside = tuple(cut for cut in cuts if cut < len(shown))
    return Ranking(shown.astype(np.int64), certified, inside, named, doubt)


def _next(order: NDArray[np.int64], shown: int) -> int:
    return int(order[shown]) if len(order) > shown else -1


def _candidates(
    coef: FloatArray, stderr: FloatArray, shown: NDArray[np.int64], order: NDArray[np.int64], critical: float
) -> NDArray[np.int64]:
    """Return the shown features, then the hidden ones that the triangle inequality does not yet separate from them."""
    least = (np.abs(coef[shown]) - critical * stderr[shown]).min()
    hidden = order[len(shown) :]
    near = np.abs(coef[hidden]) + critical * stderr[hidden] >= least
    return np.concatenate([shown, hidden[near]]).astype(np.int64)


def _cuts(separated: NDArray[np.bool_], shown: int) -> list[int]:
    """Return the places r ≤ K at which every one of the first r features is separated from every later one."""
    later = np.arange(len(separated))
    last_tied = np.where(separated[:shown], 0, later).max(axis=1)  # itself at least: nothing is separated from itself
    reach = np.maximum.accumulate(last_tied)
    return (np.flatnonzero(reach == later[:shown]) + 1).tolist()
