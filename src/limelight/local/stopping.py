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
from collections.abc import Callable
from statistics import NormalDist
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.errors import UnknownNameError
from limelight.local.estimate import Estimate
from limelight.local.replicates import NORMAL_95, student_quantile
from limelight.ranking import Ranking

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
    relative = relative_errors(estimate.coef, estimate.stderr)
    if estimate.identified:
        return relative
    return np.full_like(relative, np.inf)


def relative_errors(coef: FloatArray, stderr: FloatArray) -> FloatArray:
    """Return (…) the largest standard error over the largest |weight| of weights (…, d)."""
    largest = np.abs(coef).max(axis=-1, initial=0.0)
    error = stderr.max(axis=-1, initial=0.0)
    relative = np.divide(error, largest, out=np.full_like(error, np.inf), where=largest > 0)
    return np.where(error <= 0, 0.0, relative)


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


Covariance = Callable[[NDArray[np.int64]], FloatArray]
"""Features (T, m) of each of T weightings → the covariance (T, m, m) of their weights."""


def doubt_of_top(estimate: Estimate, target: int, top: int) -> float:
    """Return the probability that the weakest of the `top` largest weights is not among them.

    It is that of the most likely of the next few to exceed it; those after them are smaller still.
    """
    return float(doubts_of_top(estimate.coef[[target]], covariance_of(estimate, target), top)[0])


def doubts_of_top(coef: FloatArray, covariance: Covariance, top: int) -> FloatArray:
    """Return the same (T,) for T weightings (T, d) at once, of several rows or targets."""
    order = np.argsort(-np.abs(coef), axis=1, kind="stable")[:, top - 1 : top + _CONTENDERS]
    if order.shape[1] < 2:
        return np.zeros(len(coef))
    largest = np.take_along_axis(coef, order, axis=1)
    score = _scores(largest, covariance(order), np.zeros(len(coef), dtype=np.int64))[:, 1:]
    return np.array([NormalDist().cdf(-each) for each in score.min(axis=1).tolist()])


def covariance_of(estimate: Estimate, target: int) -> Covariance:
    """Return the covariance of weights of one target, as a stack of one."""
    return lambda order: estimate.covariance(order[0], target=target)[None, 1:, 1:]


def likeliest_to_exceed(coef: FloatArray, covariance: FloatArray) -> tuple[int, float]:
    """Return which of the weights (m,) after the first is likeliest to be larger than it in size, and the probability.

    >>> likeliest_to_exceed(np.array([2.0, -1.0, 0.5]), np.eye(3) / 2)[0]
    1
    """
    score = _scores(coef[None], covariance[None], np.zeros(1, dtype=np.int64))[0, 1:]
    best = int(np.argmin(score))
    return best + 1, NormalDist().cdf(-float(score[best]))


def _spreads(coef: FloatArray, covariance: FloatArray) -> FloatArray:
    """Return (T, m, m) the standard errors of |β_i| − |β_j|, a linear contrast once the signs are taken as known."""
    signs = np.where(coef < 0, -1.0, 1.0)
    shared = covariance * (signs[:, :, None] * signs[:, None, :])
    variance = np.diagonal(covariance, axis1=1, axis2=2)
    return np.asarray(np.sqrt(np.maximum(variance[:, :, None] + variance[:, None, :] - 2 * shared, 0.0)))


def _scores(coef: FloatArray, covariance: FloatArray, first: NDArray[np.int64]) -> FloatArray:
    """Return (T, m) by how many standard errors each weight is smaller in size than that at the place `first` (T,)."""
    rows = np.arange(len(coef))
    return _gaps(coef, _spreads(coef, covariance)[rows, first], first)


def _gaps(coef: FloatArray, spread: FloatArray, first: NDArray[np.int64]) -> FloatArray:
    """Return the same from the standard errors (T, m) of the differences."""
    size = np.abs(coef)
    largest = size[np.arange(len(size)), first][:, None]
    gap = largest - size
    # Two weights that are exactly zero are no rivals: there is nothing to be in doubt about.
    settled = (gap > 0) | ((largest == 0) & (size == 0))
    return np.asarray(np.divide(gap, spread, out=np.where(settled, np.inf, 0.0), where=spread > 0))


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
    coef, stderr = estimate.coef[[target]], estimate.stderr[[target]]
    known = covariance_of(estimate, target)
    return rankings(coef, stderr, known, top, critical=critical, identified=estimate.identified)[0]


def rankings(
    coef: FloatArray,
    stderr: FloatArray,
    covariance: Covariance,
    top: int,
    *,
    critical: float,
    identified: bool = True,
) -> list[Ranking]:
    """Return the same for T weightings (T, d) at once, of several rows or targets.

    What each of them says does not depend on the others: features are laid side by side up to the last that matters to
    any, and one that does not matter to a weighting is left out of account there.
    """
    order = np.argsort(-np.abs(coef), axis=1, kind="stable")
    weights = np.take_along_axis(coef, order, axis=1)
    error = np.take_along_axis(stderr, order, axis=1)
    shown = np.minimum(np.count_nonzero((weights != 0) | (error > 0), axis=1), top)
    inside = np.arange(coef.shape[1]) < shown[:, None]
    candidates = inside | _near(np.abs(weights), error, inside, critical)
    width = int(np.flatnonzero(candidates.any(axis=0)).max(initial=-1)) + 1
    if width == 0:
        return [Ranking(each[:0], 0, (), -1, 0.0) for each in order]
    known = covariance(order[:, :width])
    weights, candidates, inside = weights[:, :width], candidates[:, :width], inside[:, :width]
    spread = _spreads(weights, known)
    cuts = _cuts(weights, spread, candidates, critical) & inside & identified
    signed = np.abs(weights) > critical * np.sqrt(np.diagonal(known, axis1=1, axis2=2))
    certain = cuts & np.logical_and.accumulate(signed, axis=1)
    certified = (certain * np.arange(1, width + 1)).max(axis=1).tolist()
    rivals = _rivals(weights, spread, candidates & ~inside, np.maximum(shown - 1, 0))
    found = []
    for row, (k, sure) in enumerate(zip(shown.tolist(), certified, strict=True)):
        if k == 0:
            found.append(Ranking(order[row, :0], 0, (), -1, 0.0))
            continue
        place, doubt = rivals[row]
        # where nobody is near, the next in size stands for all that are not shown
        named = place if place >= 0 else k
        contender = int(order[row, named]) if named < order.shape[1] else -1
        inner = tuple((np.flatnonzero(cuts[row, : k - 1]) + 1).tolist())
        found.append(Ranking(order[row, :k].copy(), sure, inner, contender, doubt))
    return found


def _near(size: FloatArray, error: FloatArray, inside: NDArray[np.bool_], critical: float) -> NDArray[np.bool_]:
    """Return which weights the triangle inequality does not yet separate from one of those shown."""
    least = np.where(inside, size - critical * error, np.inf).min(axis=1, initial=np.inf)
    return np.asarray(size + critical * error >= least[:, None])


def _cuts(weights: FloatArray, spread: FloatArray, candidates: NDArray[np.bool_], critical: float) -> NDArray[np.bool_]:
    """Return (T, m) the places after which every earlier feature is separated from every later one."""
    size = np.abs(weights)
    separated = (size[:, :, None] - size[:, None, :] > critical * spread) | ~candidates[:, None, :]
    later = np.arange(size.shape[1])
    # itself at least: nothing is separated from itself
    last_tied = np.where(separated, 0, later).max(axis=2)
    return np.asarray(np.maximum.accumulate(last_tied, axis=1) == later)


def _rivals(
    weights: FloatArray, spread: FloatArray, rival: NDArray[np.bool_], weakest: NDArray[np.int64]
) -> list[tuple[int, float]]:
    """Return for each weighting the place of the hidden feature that is likeliest to exceed the weakest shown one, and
    the probability; −1 where none is near.
    """
    score = _gaps(weights, spread[np.arange(len(weights)), weakest], weakest)
    # a score without bound is still that of a rival
    score = np.where(rival, np.minimum(score, 1e300), np.inf)
    best = score.argmin(axis=1)
    least = score[np.arange(len(score)), best]
    pairs = zip(best.tolist(), least.tolist(), strict=True)
    normal = NormalDist()
    return [(place, normal.cdf(-each)) if math.isfinite(each) else (-1, 0.0) for place, each in pairs]
