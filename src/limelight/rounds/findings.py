"""What an explanation says beside its weights: what each bar is compared with, its curve, what adds up, and the gap.

Input: an instance that has been fitted and judged. Output: `Findings`, the facts; `trust.py` turns them into sentences.

The *gap* is how far the model's own answer lies from what the draws around the row lead to expect, in units of what
they leave unexplained: from the surrogate (which only knows yes and no), and from the additive function of the columns
(which knows their curves, and so has far smaller units). A model that answers otherwise at the row than around it shows
there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Neighborhood, Shape
from limelight.control.tables import TableControl
from limelight.local.estimate import Errors, Estimate
from limelight.local.interactions import ActingPair, Additivity, additivity
from limelight.local.precision import effective_sample_size
from limelight.local.regression import ReplicateErrors
from limelight.local.replicates import scattered_error
from limelight.local.ties import NOTHING, TiedErrors
from limelight.result.effects import Effect, Interaction
from limelight.rounds.curves import Bins, Cells, RowBins, curves_of
from limelight.rounds.instance import OpenInstance
from limelight.rounds.neighborhoods import MaskSource
from limelight.rounds.shared import SharedSource
from limelight.rounds.units import Units

FAR = 4.0
"""The surrogate misses the instance where f and g(x') differ by more residual spreads than this."""
FAR_FROM_CURVES = 3.0
"""So it does where f and the columns' own curves do; both bounds hold 99.3 % of the rows of honest additive models."""
LEAST_SPREAD = 0.05
"""A gap is measured in units of at least this share of the answer's own standard deviation."""
ADDS_UP = 0.9
IN_PART = 0.5
FEW_MOVING = 10
"""Draws that the movement rests on below which nobody knows how it comes about."""
FEW_EFFECTIVE = 10
"""Effective rows for each weight below which even the standard errors are unsure."""


@dataclass(frozen=True)
class TargetFindings:
    """What is known of one target.

    Parameters
    ----------
    cause
        ``"adds up"``, ``"saturates"``, ``"adds up in part"``, ``"acts together"``, ``"gap"``, ``"nothing moved"`` or
        ``"too few"``: the first that holds, gravest first.
    additivity, additivity_stderr
        The share of the answer that the best additive function of the features explains; NaN where it is not known.
    saturating
        The same of a saturating curve in an additive index.
    gap
        |f − g| in units of what is left, the larger of both.
    expected
        What the draws around the instance lead to expect of it, where the gap is.
    pairs
        Features that act together, largest share first.
    screened
        Whether pairs were looked for.
    """

    cause: str
    additivity: float
    additivity_stderr: float
    saturating: float
    gap: float
    expected: float
    pairs: tuple[Interaction, ...] = ()
    screened: bool = True


@dataclass(frozen=True)
class Findings:
    """What is known of an instance beside its weights.

    Parameters
    ----------
    center, reference
        (d,) its own z', and the average z'.
    df
        Degrees of freedom of the standard errors.
    targets
        For each target.
    curves
        For each target the effects behind the features shown.
    """

    center: FloatArray
    reference: FloatArray
    df: float
    targets: tuple[TargetFindings, ...]
    curves: tuple[Sequence[Effect], ...] = field(default=())


def distance(one: OpenInstance) -> FloatArray:
    """Return (d,) how far the instance's z' is from the average: what turns a weight into a contribution."""
    return np.abs(one.representation.center - reference(one))


def reference(one: OpenInstance) -> FloatArray:
    """Return (d,) the average z' that each bar is compared with: all off for masks."""
    if isinstance(one.source, SharedSource):
        return one.source.representation.reference
    return np.zeros(len(one.representation.features))


def find(
    one: OpenInstance, neighborhood: Neighborhood, estimate: Estimate, selected: tuple[NDArray[np.int64], ...]
) -> Findings:
    """Return what is known of an instance beside its weights."""
    masks = None
    if isinstance(one.source, MaskSource) and len(one.representation.features) > 1 and len(neighborhood.Z):
        masks = additivity(neighborhood)
    targets = tuple(_of_target(one, neighborhood, estimate, row, masks) for row in range(len(one.targets)))
    curves: tuple[Sequence[Effect], ...] = ()
    if isinstance(one.source, SharedSource) and isinstance(_untied(estimate), ReplicateErrors):
        curves = _curves(one, one.source, neighborhood, estimate, selected)
    if not one.units.plain:
        targets, curves = _back(targets, curves, one.units)
    return Findings(one.representation.center, reference(one), estimate.errors.df, targets, curves)


def _settled(neighborhood: Neighborhood, share: float) -> bool:
    """Return whether more rows near the instance would not change anything: all are there, or nothing is left over."""
    return neighborhood.exhaustive or share > 1.0 - NOTHING


def _untied(estimate: Estimate) -> Errors:
    """Return how the errors of weights were estimated, whichever of them are zero for certain."""
    return estimate.errors.errors if isinstance(estimate.errors, TiedErrors) else estimate.errors


def _back(
    targets: tuple[TargetFindings, ...], curves: tuple[Sequence[Effect], ...], units: Units
) -> tuple[tuple[TargetFindings, ...], tuple[Sequence[Effect], ...]]:
    """Return what is known in the user's units."""
    told = []
    for found, scale, origin in zip(targets, units.scale.tolist(), units.origin.tolist(), strict=True):
        pairs = tuple(replace(pair, size=pair.size * scale, stderr=pair.stderr * scale) for pair in found.pairs)
        told.append(replace(found, expected=found.expected * scale + origin, pairs=pairs))
    scaled: list[Sequence[Effect]] = []
    for effects, scale in zip(curves, units.scale.tolist(), strict=False):
        same = (replace(each, effects=each.effects * scale, stderr=each.stderr * scale) for each in effects)
        scaled.append(tuple(same))
    return tuple(told), tuple(scaled)


def _of_target(
    one: OpenInstance, neighborhood: Neighborhood, estimate: Estimate, row: int, masks: Additivity | None
) -> TargetFindings:
    control = one.controls[row] if one.controls else None
    f, y = float(one.own[row]), neighborhood.Y[:, row]
    moved = float(np.ptp(y)) > 0.0
    gaps = [_surrogate_gap(one, neighborhood, estimate, row)]
    share, stderr, saturating = float(estimate.fidelity[row]), float(estimate.fidelity_stderr[row]), math.nan
    pairs: tuple[Interaction, ...] = ()
    screened, moving = False, math.inf
    if control is not None and isinstance(one.source, SharedSource):
        model = control.model
        gaps.append(_curve_gap(one, one.source, control, estimate, row))
        share, stderr, saturating = model.additive, model.stderr, model.saturating
        screened, moving = model.screened, model.moving
        pairs = _pairs(one, neighborhood, control)
    if masks is not None:
        share, stderr = float(masks.share[row]), float(masks.stderr[row])
        pairs = tuple(_interaction(pair) for pair in masks.pairs[row])
        screened = masks.screened
    # the gravest: the one that is furthest beyond its own bound
    gap, expected, bound = max(gaps, key=lambda each: each[0] / each[2])
    if not moved:
        cause = "nothing moved" if f == float(y[0]) else "gap"
        gap = 0.0 if cause == "nothing moved" else gap
        return TargetFindings(cause, math.nan, math.nan, math.nan, gap, expected)
    cause = "gap" if gap > bound else _cause(share, saturating)
    if cause in ("acts together", "adds up in part") and moving < FEW_MOVING:
        cause = "too few"
    effective = effective_sample_size(neighborhood.weights)
    if (
        cause != "gap"
        and not _settled(neighborhood, share)
        and effective < FEW_EFFECTIVE * (estimate.varying.sum() + 1)
    ):
        cause = "too few"
    return TargetFindings(cause, share, stderr, saturating, gap, expected, pairs, screened)


def _interaction(pair: ActingPair) -> Interaction:
    return Interaction(pair.first, pair.second, pair.share, pair.share_stderr, pair.size, pair.stderr)


def _cause(additive: float, saturating: float) -> str:
    """Return in which way features add up.

    >>> _cause(0.95, math.nan), _cause(0.8, 0.97), _cause(0.6, 0.7), _cause(0.1, math.nan)
    ('adds up', 'saturates', 'adds up in part', 'acts together')
    """
    if math.isnan(additive):
        return "too few"
    if additive >= ADDS_UP:
        return "adds up"
    if saturating >= ADDS_UP:
        return "saturates"
    best = additive if math.isnan(saturating) else max(additive, saturating)
    return "adds up in part" if best >= IN_PART else "acts together"


def _clipped(value: float, y: FloatArray) -> float:
    """Return a value kept between 0 and 1 where outputs are: there the model itself cannot be further."""
    return min(max(value, 0.0), 1.0) if y.min() >= 0.0 and y.max() <= 1.0 else value


def _surrogate_gap(
    one: OpenInstance, neighborhood: Neighborhood, estimate: Estimate, row: int
) -> tuple[float, float, float]:
    """Return |f − g(x')| in residual spreads, g(x'), and the bound that it is held against."""
    y, weights = neighborhood.Y[:, row], neighborhood.weights
    f = float(one.own[row])
    coef, intercept = estimate.coef[row], float(estimate.intercept[row])
    g = _clipped(intercept + float(coef @ one.representation.center), y)
    left = y - intercept - neighborhood.Z @ coef
    spread = math.sqrt(float(weights @ np.square(left)) / max(float(weights.sum()), 1e-300))
    return _in_spreads(f, g, spread, float(y.std())), g, FAR


def _curve_gap(
    one: OpenInstance, source: SharedSource, control: TableControl, estimate: Estimate, row: int
) -> tuple[float, float, float]:
    """Return the same for the additive function of the columns, whose curves know where in its bin a value lies."""
    representation, model = source.representation, control.model
    f, inside = float(one.own[row]), representation.inside
    if inside is None:
        return 0.0, f, FAR_FROM_CURVES
    expected, leverage = model.at(control.terms, representation.own, inside)
    # a rare bin, or a value outside the background, has its weight from draws made on purpose
    unknown = ~control.terms.levelled(representation.own)
    expected += float((estimate.coef[row] * (1.0 - representation.reference))[unknown].sum())
    if model.low >= 0.0 and model.high <= 1.0:
        expected = min(max(expected, 0.0), 1.0)
    made = float((np.square(estimate.stderr[row] * (1.0 - representation.reference)))[unknown].sum())
    spread = math.sqrt(model.spread**2 * (1.0 + leverage) + made)
    return _in_spreads(f, expected, spread, model.deviation), expected, FAR_FROM_CURVES


def _in_spreads(f: float, expected: float, spread: float, deviation: float) -> float:
    unit = math.hypot(spread, LEAST_SPREAD * deviation)
    difference = abs(f - expected)
    if unit <= 0.0:
        return 0.0 if difference <= 1e-9 * max(abs(f), abs(expected)) else math.inf
    return difference / unit


def _pairs(one: OpenInstance, neighborhood: Neighborhood, control: TableControl) -> tuple[Interaction, ...]:
    """Return the pairs of columns that act together, with what they add where both are in the row's own bins."""
    found = []
    n, residual = one.n, control.model.residual
    replicates = len(control.coef)
    weights, Z = neighborhood.weights[:n], neighborhood.Z[:n]
    for first, second, share, stderr in control.model.pairs:
        centred = []
        for feature in (first, second):
            z = Z[:, feature].astype(float)
            centred.append(z - float(weights @ z) / float(weights.sum()))
        both = centred[0] * centred[1]
        scale = float(weights @ np.square(both))
        if scale <= 0.0:
            found.append(Interaction(first, second, share, stderr, math.nan, math.nan))
            continue
        size = float(weights @ (residual * both)) / scale
        scores = weights * both * (residual - size * both) / scale
        by_replicate = np.bincount(np.arange(n) % replicates, scores, minlength=replicates).astype(float)
        found.append(Interaction(first, second, share, stderr, size, float(scattered_error(by_replicate))))
    return tuple(found)


def _curves(
    one: OpenInstance,
    source: SharedSource,
    neighborhood: Neighborhood,
    estimate: Estimate,
    selected: tuple[NDArray[np.int64], ...],
) -> tuple[Sequence[Effect], ...]:
    """Return for each target the effects behind the features shown."""
    shapes, errors = source.draws.background.shapes, _untied(estimate)
    named = source.representation.bins
    if shapes is None or not named or one.corrected is None or not isinstance(errors, ReplicateErrors):
        return ()
    bins, cells = _cells(source, one.n, shapes)
    own, found = source.representation.own.astype(np.int64), []
    weight = _sums(cells, neighborhood.weights)
    count = np.sum([each.count for each in cells], axis=0)
    for target, shown in enumerate(selected):
        control = one.controls[target] if estimate.estimators[target] != "least squares" else None
        left, known = neighborhood.Y[:, target], np.zeros((source.draws.replicates, bins.width))
        if control is not None:
            left = one.corrected.left[:, target]
            known = control.parts.levels(own, one.ratio, bins.owner, bins.code).T
        row = RowBins(weight, _sums(cells, neighborhood.weights * left), count, known)
        found.append(curves_of(row, bins, own, estimate.coef[target], errors, target, named, shown))
    return tuple(found)


def _cells(source: SharedSource, n: int, shapes: tuple[Shape, ...]) -> tuple[Bins, list[Cells]]:
    """Return the bins of all columns, and where the shared draws and each part of held ones fall into them.

    Those of the shared draws are made once for all rows.
    """
    draws = source.draws
    if ("cells", n) not in draws.fits:
        bins = Bins.of(shapes)
        draws.fits["cells", n] = (bins, Cells.of(draws.codes[:n], draws.replicates, bins))
    bins, shared = draws.fits["cells", n]
    cells = [shared]
    for part in source.parts(n):
        codes = part.codes.astype(np.int64)
        if part.averaged is not None:
            codes[:, part.averaged] = -1
        cells.append(Cells.of(codes, draws.replicates, bins))
    return bins, cells


def _sums(cells: Sequence[Cells], values: FloatArray) -> FloatArray:
    """Return Σ values (N,) by replicate and bin (R, B), over all parts of the draws."""
    found, start = [], 0
    for each in cells:
        rows = len(each.cell) // max(each.columns, 1)
        found.append(each.sums(values[start : start + rows]))
        start += rows
    return np.asarray(np.sum(found, axis=0))
