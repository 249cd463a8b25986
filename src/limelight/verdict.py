"""Whether the first n perturbations are enough, and which features are then shown."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Neighborhood
from limelight.local.precision import Estimate
from limelight.local.selection import select
from limelight.local.surrogate import moments
from limelight.settings import Settings


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
    """

    stopped: str
    samples_needed: int
    selected: tuple[NDArray[np.int64], ...]


def judge(neighborhood: Neighborhood, estimate: Estimate, settings: Settings, *, last: bool) -> Verdict:
    """Return the verdict on an estimate; the last look always stops."""
    n = len(neighborhood.Z)
    selected = choose(neighborhood, estimate, settings)
    if neighborhood.exhaustive and n:
        return Verdict("exhaustive", n, selected)
    needed = samples_needed(estimate, n, settings.tolerance)
    if settings.n_samples != "auto":
        return Verdict("fixed", needed, selected)
    if needed <= n:
        return Verdict("precise", n, selected)
    return Verdict("budget" if last else "", needed, selected)


def choose(neighborhood: Neighborhood, estimate: Estimate, settings: Settings) -> tuple[NDArray[np.int64], ...]:
    """Return for each target the indices of the features to show, largest |weight| first."""
    center = neighborhood.center if settings.selection == "highest_weights" else None
    sample = moments(neighborhood.Z, neighborhood.Y, neighborhood.weights)
    chosen = select(sample, estimate.coef, max_features=settings.max_features, method=settings.selection, center=center)
    return tuple(
        shown[np.argsort(-np.abs(estimate.coef[row, shown]), kind="stable")] for row, shown in enumerate(chosen)
    )


def samples_needed(estimate: Estimate, n: int, tolerance: float) -> int:
    """Return the n at which, for every target, the largest standard error is tolerance × the largest |weight|."""
    if not n or not estimate.coef.size:
        return n
    largest = np.abs(estimate.coef).max(axis=1) * tolerance
    error = estimate.stderr.max(axis=1)
    ratio = np.divide(error, largest, out=np.full(len(error), np.inf), where=largest > 0)
    ratio[error <= 0] = 0.0
    worst = float(ratio.max())
    return math.ceil(n * worst**2) if worst < 1e6 else 2**63 - 1


def look_sizes(first: int, budget: int) -> tuple[int, ...]:
    """Return first, 2·first, 4·first, … and at last the budget.

    >>> look_sizes(256, 1000)
    (256, 512, 1000)
    """
    sizes = [first]
    while 2 * sizes[-1] < budget:
        sizes.append(2 * sizes[-1])
    return (*[size for size in sizes if size < budget], budget)
