"""What lies behind the bars of a table's row: the effect of every bin of a column, from the draws of its weight.

Input: a row's weighted draws, what a second model leaves of them, the row's weights. Output: an `Effect` for each
feature shown. A weight compares the own bin with the others; the curve shows each of them. Both are tied together, so
that a bar and its curve agree to the digit: the own bin stands at β (1 − p), the others at −β p and how far each is
from their mean.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.control.product import ProductParts
from limelight.local.regression import ReplicateErrors
from limelight.local.replicates import scattered_error
from limelight.result.effects import Effect

LEAST_DRAWS = 16
"""Bins with fewer draws have no effect that could be known: two in each replicate."""
MOST_BINS = 24
"""A column with more bins shows its most frequent ones, and the row's own."""


@dataclass(frozen=True)
class WeighedDraws:
    """The draws of one row, sorted into replicates.

    Parameters
    ----------
    codes
        (N, c) bins; −1 where a draw has a value that is none of them.
    replicate
        (N,) which replicate each draw belongs to.
    weights
        (N,) design times proximity.
    left
        (N,) what the second model leaves of one target's outputs.
    replicates
        R.
    """

    codes: NDArray[Any]
    replicate: NDArray[np.int64]
    weights: FloatArray
    left: FloatArray
    replicates: int

    def by_bin(self, coordinate: int, bins: int) -> tuple[FloatArray, FloatArray, NDArray[np.int64]]:
        """Return for one column Σ w (R, b), Σ w e (R, b) and the number of draws (b,) in every bin."""
        code = self.codes[:, coordinate].astype(np.int64)
        there = code >= 0
        cell = self.replicate * bins + code
        shape = (self.replicates, bins)
        size = self.replicates * bins
        weight = np.bincount(cell[there], self.weights[there], minlength=size).reshape(shape)
        scored = (self.weights * self.left)[there]
        moved = np.bincount(cell[there], scored, minlength=size).reshape(shape)
        count = np.bincount(code[there], minlength=bins).astype(np.int64)
        return np.asarray(weight, float), np.asarray(moved, float), count


@dataclass(frozen=True)
class Weight:
    """One weight, and what each replicate adds to it (R,)."""

    coef: float
    contributions: FloatArray


def weight_of(coef: float, errors: ReplicateErrors, target: int, feature: int) -> Weight:
    """Return the weight of a feature with its replicates' contributions, zeros where it does not vary."""
    place = np.flatnonzero(errors.free == feature)
    replicates = errors.contributions.shape[1]
    moved = errors.contributions[target, :, 1 + int(place[0])] if len(place) else np.zeros(replicates)
    return Weight(coef, moved)


def effect_of(
    feature: int,
    names: tuple[str, ...],
    shares: FloatArray,
    own: int,
    draws: WeighedDraws,
    known: FloatArray | None,
    weight: Weight,
) -> Effect:
    """Return the effect of every bin of one column, against the average over all bins.

    Parameters
    ----------
    feature
        Its index, and its coordinate.
    names, shares
        (b,) names and probabilities of its bins.
    own
        The row's own bin; −1 for none of them.
    draws
        The row's draws.
    known
        (b,) what the second model says of the bins, up to a constant; None where there is none.
    weight
        The row's weight of this column.
    """
    bins = len(shares)
    weights, moved, count = draws.by_bin(feature, bins)
    drawn = count >= LEAST_DRAWS
    total = np.where(drawn, weights.sum(axis=0), 1.0)
    rest = np.where(drawn, moved.sum(axis=0) / total, 0.0)
    # What each replicate adds; one draw more than there are makes up for the mean having been fitted to them.
    added = np.where(drawn, (moved - rest * weights) / total, 0.0) * np.sqrt((count + 1.0) / np.maximum(count, 1))
    level = rest if known is None else rest + known
    if own < 0:
        effects, contributions = _centred(level, added, np.where(drawn, shares, 0.0))
    else:
        effects, contributions = _tied(level, added, np.where(drawn, shares, 0.0), shares, own, weight)
        drawn = drawn | (np.arange(bins) == own)
    shown = _most_frequent(shares, own)
    return Effect(
        feature=feature,
        names=tuple(names[b] for b in shown) if len(shown) < bins else names,
        shares=shares[shown],
        effects=np.where(drawn, effects, np.nan)[shown],
        stderr=np.where(drawn, scattered_error(contributions), np.nan)[shown],
        own=int(np.flatnonzero(shown == own)[0]) if own >= 0 else -1,
    )


def _centred(level: FloatArray, added: FloatArray, shares: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return levels (b,) and contributions (R, b) less their mean by shares."""
    share = shares / max(float(shares.sum()), 1e-300)
    return level - share @ level, added - (added @ share)[:, None]


def _tied(
    level: FloatArray, added: FloatArray, drawn: FloatArray, shares: FloatArray, own: int, weight: Weight
) -> tuple[FloatArray, FloatArray]:
    """Return effects (b,) and contributions (R, b) that agree with the weight: own bin less the others is β."""
    others = drawn.copy()
    others[own] = 0.0
    deviation, moved = _centred(level, added, others)
    share = float(shares[own])
    effects = deviation - weight.coef * share
    contributions = moved - weight.contributions[:, None] * share
    effects[own] = weight.coef * (1.0 - share)
    contributions[:, own] = weight.contributions * (1.0 - share)
    return effects, contributions


def _most_frequent(shares: FloatArray, own: int) -> NDArray[np.int64]:
    """Return which bins to show, in their order."""
    if len(shares) <= MOST_BINS:
        return np.arange(len(shares))
    kept = set(np.argsort(-shares, kind="stable")[:MOST_BINS].tolist())
    if own >= 0:
        kept.add(own)
    return np.array(sorted(kept), dtype=np.int64)


def known_levels(
    parts: ProductParts | None, own: NDArray[np.int64], ratio: float, coordinate: int, bins: int
) -> FloatArray | None:
    """Return (b,) what a second model says of a column's bins around a row; None where there is none."""
    return None if parts is None else parts.curve(own, ratio, coordinate, bins)
