"""Whether the first n perturbations are enough, and which features are then shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Neighborhood
from limelight.control.table_weights import TableFits
from limelight.local.estimate import Estimate
from limelight.local.moments import moments
from limelight.local.replicates import scatter, widening
from limelight.local.selection import largest, select, strongest
from limelight.local.stopping import (
    Covariance,
    critical_value,
    doubt_of_top,
    doubts_of_top,
    likeliest_to_exceed,
    rank,
    rankings,
    relative_error,
    relative_errors,
    samples_needed,
)
from limelight.ranking import Ranking
from limelight.result.explanation import Explanation
from limelight.settings import Settings

LEVEL = 0.95
"""At which the ranking is certified, over all looks together."""
LEADING = 5
"""``stop="auto"`` goes on while it is in doubt which these are: the features that a reader remembers."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a look decided.

    Parameters
    ----------
    stopped
        Why sampling ends, as in `Provenance.stopped`; empty where it goes on.
    samples_needed
        Perturbations that the asked precision takes, by the 1/n law of the standard error.
    selected
        For each target the features shown, largest |weight| first.
    rankings
        For each target what is certain about their order.
    """

    stopped: str
    samples_needed: int
    selected: tuple[NDArray[np.int64], ...]
    rankings: tuple[Ranking, ...]


@dataclass(frozen=True, slots=True)
class Standing:
    """Where an instance stands in its looks.

    Parameters
    ----------
    n
        Rows asked so far, counted each time where masks are asked repeatedly.
    looks
        How many looks there will be at most.
    last
        Whether this is the last.
    settle
        Whether rows are few enough to draw more for a doubt about the order alone.
    """

    n: int
    looks: int
    last: bool
    settle: bool


def judge(neighborhood: Neighborhood, estimate: Estimate, settings: Settings, standing: Standing) -> Verdict:
    """Return the verdict on an estimate of the contributions; the last of the looks always stops.

    Parameters
    ----------
    neighborhood
        The rows.
    estimate
        What is shown and compared: weights times the distance of the instance from what they are compared with.
    settings
        The explainer's.
    standing
        How many rows that are, and how many more there may be.
    """
    n, last = standing.n, standing.last
    selected = choose(neighborhood, estimate, settings)
    needed = samples_needed(n, float(relative_error(estimate).max(initial=0.0)), settings.tolerance)
    # with every mask asked nothing is left to sample, unless the model says something else each time
    exhaustive = neighborhood.exhaustive and neighborhood.noise is None
    if settings.stop != "ranking" and not last and not exhaustive:
        more = needed > n or (
            settings.stop == "auto" and standing.settle and leading_doubt(estimate, settings) > 1 - LEVEL
        )
        if more:
            return Verdict("", needed, selected, ())
    ranked = _rank(estimate, selected, critical_value(LEVEL, looks=standing.looks, df=estimate.errors.df))
    moved = bool(estimate.coef.any() or estimate.stderr.any())  # all zeros: no perturbation changed the answer
    reason = _reason(settings, ranked, precise=needed <= n, last=last, moved=moved)
    stopped = "exhaustive" if exhaustive else reason
    return Verdict(stopped, needed, selected, ranked)


def _reason(settings: Settings, rankings: Sequence[Ranking], *, precise: bool, last: bool, moved: bool) -> str:
    """Return why sampling ends; empty where it goes on until the ranking is certain.

    Where no perturbation moved the answer nothing is precise: what would move it was not met.
    """
    if settings.n_samples != "auto":
        return "fixed"
    if settings.stop == "ranking":
        if all(ranking.settled for ranking in rankings):
            if moved:
                return "ranked"
            return "unmoved"
        if last:
            return "budget"
        return ""
    if precise and not moved:
        return "unmoved"
    if precise:
        return "precise"
    return "budget"


def judge_tables(fits: TableFits, distance: FloatArray, settings: Settings, standing: Standing) -> list[Verdict]:
    """Return the verdicts on a stack of rows of a table, each as `judge` returns it for one.

    Parameters
    ----------
    fits
        The weights of S rows.
    distance
        (S, d) how far each row is from the average one: what makes a weight a contribution.
    settings, standing
        As for `judge`.
    """
    n, last = standing.n, standing.last
    rows, k, d = fits.coef.shape
    coef, stderr = fits.coef * distance[:, None], fits.stderr * distance[:, None]
    added = fits.contributions[..., 1:] * distance[:, None, None]
    added = added.reshape(rows * k, -1, d)
    relative = relative_errors(coef, stderr).max(axis=1, initial=0.0).tolist()
    needed = [samples_needed(n, each, settings.tolerance) for each in relative]
    more = np.zeros(rows, dtype=bool)
    if settings.stop != "ranking" and not last:
        more = np.array(needed) > n
        if settings.stop == "auto" and standing.settle:
            top = min(LEADING, settings.max_features or LEADING)
            doubts = doubts_of_top(coef.reshape(-1, d), _covariance(added), top)
            more |= doubts.reshape(rows, k).max(axis=1, initial=0.0) > 1 - LEVEL
    found = [Verdict("", each, (), ()) for each in needed]
    done = np.flatnonzero(~more)
    if not len(done):
        return found
    at = (done[:, None] * k + np.arange(k)).ravel()
    coef, stderr = coef.reshape(-1, d)[at], stderr.reshape(-1, d)[at]
    shown = _largest(coef, fits.free, settings.max_features)
    critical = critical_value(LEVEL, looks=standing.looks, df=fits.df)
    ranked = rankings(coef, stderr, _covariance(added[at]), shown.shape[1], critical=critical)
    for place, row in enumerate(done.tolist()):
        here = slice(place * k, (place + 1) * k)
        # a copy, since a view of the stack would keep the whole of it alive
        selected = tuple([each.copy() for each in shown[here]])
        certain = _sharing(ranked[here], selected)
        moved = bool(coef[here].any() or stderr[here].any())
        stopped = _reason(settings, certain, precise=needed[row] <= n, last=last, moved=moved)
        found[row] = Verdict(stopped, needed[row], selected, certain)
    return found


def _covariance(added: FloatArray) -> Covariance:
    """Return the covariances of weights from what each replicate adds to them (T, R, d)."""
    factor = widening(added.shape[1]) ** 2
    return lambda order: factor * scatter(np.take_along_axis(added, order[:, None], axis=2))


def _largest(coef: FloatArray, varying: NDArray[np.int64], count: int | None) -> NDArray[np.int64]:
    """Return (T, K) the features shown of T weightings, largest |weight| first."""
    size = np.abs(coef[:, varying])
    # which are shown is decided with ties in the order of columns; then they are put into the order of size
    order = strongest(size)[:, :count]
    shown = np.take_along_axis(size, order, axis=1)
    return varying[np.take_along_axis(order, np.argsort(-shown, axis=1, kind="stable"), axis=1)]


def leading_doubt(estimate: Estimate, settings: Settings) -> float:
    """Return the probability that another feature belongs among the five largest (the shown, if fewer)."""
    top = min(LEADING, settings.max_features or LEADING)
    return max((doubt_of_top(estimate, target, top) for target in range(len(estimate.coef))), default=0.0)


def order_doubt(explanation: Explanation) -> float:
    """Return the same as far as an explanation shows: the probability that the sixth feature exceeds the fifth."""
    doubts, last = [0.0], slice(LEADING - 1, LEADING + 1)
    for target, shown in enumerate(explanation.selected):
        if len(shown) > LEADING:
            covariance = explanation.covariance_matrix(target)[last, last]
            doubts.append(likeliest_to_exceed(explanation.coef[target, shown[last]], covariance)[1])
        else:
            doubts.append(explanation.rankings[target].doubt)
    return max(doubts)


def choose(neighborhood: Neighborhood, estimate: Estimate, settings: Settings) -> tuple[NDArray[np.int64], ...]:
    """Return for each target the indices of the features to show, largest |weight| first."""
    if settings.selection == "auto" and not settings.regularization:
        strength = estimate.coef if estimate.leading is None else estimate.leading
        chosen = largest(strength, estimate.varying, settings.max_features)
    else:
        if settings.selection == "highest_weights":
            center = neighborhood.center
        else:
            center = None
        sample = moments(neighborhood.Z, neighborhood.Y, neighborhood.weights)
        chosen = select(
            sample, estimate.coef, max_features=settings.max_features, method=settings.selection, center=center
        )
    return tuple(
        shown[np.argsort(-np.abs(estimate.coef[row, shown]), kind="stable")] for row, shown in enumerate(chosen)
    )


def _rank(estimate: Estimate, selected: tuple[NDArray[np.int64], ...], critical: float) -> tuple[Ranking, ...]:
    found = [rank(estimate, row, len(shown), critical=critical) for row, shown in enumerate(selected)]
    return _sharing(found, selected)


def _sharing(found: Sequence[Ranking], selected: Sequence[NDArray[np.int64]]) -> tuple[Ranking, ...]:
    """Return rankings with the array of the selection where the order is the same: many thousands may be kept."""
    same = zip(found, selected, strict=True)
    return tuple([replace(each, order=shown) if np.array_equal(each.order, shown) else each for each, shown in same])
