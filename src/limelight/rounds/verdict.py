"""Whether the first n perturbations are enough, and which features are then shown."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Neighborhood, Ranking
from limelight.local.estimate import Estimate
from limelight.local.moments import moments
from limelight.local.selection import largest, select
from limelight.local.stopping import (
    critical_value,
    doubt_of_top,
    likeliest_to_exceed,
    rank,
    relative_error,
    samples_needed,
)
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


def judge(
    neighborhood: Neighborhood,
    estimate: Estimate,
    settings: Settings,
    *,
    n: int,
    looks: int,
    last: bool,
    settle: bool,
) -> Verdict:
    """Return the verdict on an estimate of the contributions; the last of the looks always stops.

    Parameters
    ----------
    neighborhood
        The rows.
    estimate
        What is shown and compared: weights times the distance of the instance from what they are compared with.
    settings
        The explainer's.
    n
        Rows asked so far, counted each time where masks are asked repeatedly.
    looks
        How many looks there will be at most.
    last
        Whether this is the last.
    settle
        Whether rows are few enough to draw more for a doubt about the order alone.
    """
    selected = choose(neighborhood, estimate, settings)
    needed = samples_needed(n, float(relative_error(estimate).max(initial=0.0)), settings.tolerance)
    exhaustive = neighborhood.exhaustive and neighborhood.noise is None
    if settings.stop != "ranking" and not last and not exhaustive:
        more = needed > n or (settings.stop == "auto" and settle and leading_doubt(estimate, settings) > 1 - LEVEL)
        if more:
            return Verdict("", needed, selected, ())
    rankings = _rank(estimate, selected, critical_value(LEVEL, looks=looks, df=estimate.errors.df))
    if exhaustive:
        stopped = "exhaustive"
    elif settings.n_samples != "auto":
        stopped = "fixed"
    elif settings.stop == "ranking":
        stopped = "ranked" if all(ranking.settled for ranking in rankings) else "budget" if last else ""
    else:
        stopped = "precise" if needed <= n else "budget"
    return Verdict(stopped, needed, selected, rankings)


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
        chosen = largest(estimate.coef, estimate.varying, settings.max_features)
    else:
        center = neighborhood.center if settings.selection == "highest_weights" else None
        sample = moments(neighborhood.Z, neighborhood.Y, neighborhood.weights)
        chosen = select(
            sample, estimate.coef, max_features=settings.max_features, method=settings.selection, center=center
        )
    return tuple(
        shown[np.argsort(-np.abs(estimate.coef[row, shown]), kind="stable")] for row, shown in enumerate(chosen)
    )


def _rank(estimate: Estimate, selected: tuple[NDArray[np.int64], ...], critical: float) -> tuple[Ranking, ...]:
    found = [rank(estimate, row, len(shown), critical=critical) for row, shown in enumerate(selected)]
    # The same array where the order is that of the selection: explanations are kept by the ten thousand.
    same = zip(found, selected, strict=True)
    return tuple(replace(each, order=shown) if np.array_equal(each.order, shown) else each for each, shown in same)
