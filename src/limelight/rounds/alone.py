"""What a look says of one instance that is looked at by itself: masks, and rows whose settings ask for another fit.

Input: an instance with its neighborhood, estimate and verdict. Output: its `Fitted`, as `together.py` returns them for
many rows at once.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import cast

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Masked, Neighborhood
from limelight.local.chance import chance
from limelight.local.estimate import Errors, Estimate
from limelight.local.geometry import effective_sample_size
from limelight.local.interactions import ActingPair, Additivity, additivity
from limelight.local.precision import Sandwich
from limelight.local.regression import ReplicateErrors
from limelight.local.ties import TiedErrors
from limelight.result.effects import Curves, Interaction
from limelight.rounds.economy import FrugalSource
from limelight.rounds.findings import ADDS_UP, IN_PART
from limelight.rounds.fitted import Around, Fitted, as_told
from limelight.rounds.instance import OpenInstance
from limelight.rounds.neighborhoods import MaskSource
from limelight.rounds.stack import Stack, stack_of_one
from limelight.rounds.table_findings import Weighed, around, curves
from limelight.rounds.verdict import Verdict

ROUGH = 0.1
"""How unsure chance may leave what adds up: a verdict's borders lie .4 apart."""


def fitted_alone(
    one: OpenInstance, neighborhood: Neighborhood, estimate: Estimate, verdict: Verdict, width: float
) -> Fitted:
    """Return what is known of an instance whose neighborhood has been fitted and judged."""
    known, drawn = _around(one, neighborhood, estimate, verdict, width)
    fitted = Fitted(
        coef=estimate.coef,
        stderr=estimate.stderr,
        intercept=estimate.intercept,
        fidelity=estimate.fidelity,
        fidelity_stderr=estimate.fidelity_stderr,
        r2=estimate.r2,
        estimators=estimate.estimators,
        varying=estimate.varying,
        df=estimate.errors.df,
        verdict=verdict,
        covariance=tuple([_triangle(estimate, row, shown) for row, shown in enumerate(verdict.selected)]),
        targets=known,
        rows=len(neighborhood.Z),
        effective=effective_sample_size(neighborhood.weights),
        width=float(width),
        units=one.units,
        curves=drawn,
        exhaustive=neighborhood.exhaustive,
    )
    return as_told(fitted)


def _triangle(estimate: Estimate, row: int, shown: NDArray[np.int64]) -> FloatArray:
    """Return the upper triangle of the covariance of the weights shown."""
    return np.asarray(estimate.covariance(shown, target=row)[1:, 1:][np.triu_indices(len(shown))])


def _around(
    one: OpenInstance, neighborhood: Neighborhood, estimate: Estimate, verdict: Verdict, width: float
) -> tuple[tuple[Around, ...], tuple[Curves, ...]]:
    """Return what is around an instance, and the curves behind its bars."""
    spread = _spread(neighborhood, estimate)
    stack = stack_of_one(one, neighborhood, width)
    if stack is not None:
        weighed = _weighed(stack, estimate, spread)
        drawn: tuple[Curves, ...] = ()
        if one.context.curves and isinstance(_untied(estimate), ReplicateErrors):
            drawn = curves(stack, weighed, [verdict.selected])[0]
        return around(stack, weighed)[0], drawn
    # Pairs need every size of mask in plenty, which a budget of few calls does not give; one feature has no pair.
    masks = None
    frugal = isinstance(one.source, FrugalSource)
    many = len(one.representation.features) > 1 and len(neighborhood.Z) > 0
    if isinstance(one.source, MaskSource) and not frugal and many:
        errors = _untied(estimate)
        masks = additivity(neighborhood, errors.sums if isinstance(errors, Sandwich) else None)
    targets = range(len(one.targets))
    found = [_of_target(neighborhood, estimate, spread, row, masks) for row in targets]
    if isinstance(one.source, FrugalSource):
        if one.source.noise is not None:
            found = [_without_noise(each, noise) for each, noise in zip(found, one.source.noise.tolist(), strict=True)]
    elif isinstance(one.source, MaskSource) and len(neighborhood.Z):
        by_chance = chance(neighborhood, drawn=not cast(Masked, one.representation).deterministic)
        shares = zip(by_chance.share.tolist(), by_chance.stderr.tolist(), strict=True)
        found = [_without_chance(each, *share) for each, share in zip(found, shares, strict=True)]
    return tuple(found), ()


def _of_target(
    neighborhood: Neighborhood, estimate: Estimate, spread: FloatArray, row: int, masks: Additivity | None
) -> Around:
    y = neighborhood.Y[:, row]
    share, stderr = float(estimate.fidelity[row]), float(estimate.fidelity_stderr[row])
    pairs: tuple[Interaction, ...] = ()
    if masks is not None:
        share, stderr = float(masks.share[row]), float(masks.stderr[row])
        pairs = tuple([_interaction(pair) for pair in masks.pairs[row]])
    return Around(
        spread=float(spread[row]),
        deviation=float(y.std()),
        low=float(y.min()),
        high=float(y.max()),
        share=share,
        share_stderr=stderr,
        pairs=pairs,
        screened=masks is not None and masks.screened,
    )


def _without_noise(around: Around, noise: float) -> Around:
    """Return the share of what can be explained: a noisy model's own noise is nobody's interaction."""
    rest = 1.0 - noise / (around.deviation**2 or 1.0)
    return replace(around, share=min(around.share / rest, 1.0) if rest > 0.0 else math.nan)


def _without_chance(around: Around, by_chance: float, stderr: float) -> Around:
    """Return the share of what is not chance; NaN where so much may be chance that nobody can say how much adds up."""
    if by_chance == 0.0:
        return around
    rest = 1.0 - by_chance
    # within two errors of zero nothing may be left to share
    share = around.share / rest if rest > 2 * stderr else math.nan
    if rest:
        error = math.hypot(around.share_stderr, share * stderr) / rest
    else:
        error = math.nan
    # unsure chance must not decide on which side of a verdict's border a model lies
    open_ = any(share < border <= share + 2 * error for border in (IN_PART, ADDS_UP))
    if error < ROUGH and not open_:
        pairs = [replace(pair, share=min(pair.share / rest, 1.0)) for pair in around.pairs]
        return replace(around, share=min(share, 1.0), share_stderr=error, pairs=tuple(pairs))
    # what adds up of all is the least that adds up of the rest
    if around.share >= ADDS_UP:
        return around
    return replace(around, share=math.nan, share_stderr=math.nan, pairs=())


def _interaction(pair: ActingPair) -> Interaction:
    return Interaction(pair.first, pair.second, pair.share, pair.share_stderr, pair.size, pair.stderr)


def _spread(neighborhood: Neighborhood, estimate: Estimate) -> FloatArray:
    """Return (k,) what the surrogate leaves of each output, as a standard deviation."""
    left = neighborhood.Y - estimate.intercept - neighborhood.Z @ estimate.coef.T
    total = max(float(neighborhood.weights.sum()), 1e-300)  # all weights may have underflowed
    return np.asarray(np.sqrt(neighborhood.weights @ np.square(left) / total))


def _weighed(stack: Stack, estimate: Estimate, spread: FloatArray) -> Weighed:
    """Return the weights of one row as those of a stack."""
    errors = _untied(estimate)
    added = np.zeros((1, len(estimate.coef), stack.look.draws.replicates, estimate.coef.shape[1]))
    if isinstance(errors, ReplicateErrors):
        added[0][:, :, errors.free] = errors.contributions[:, :, 1:]
    return Weighed(
        coef=estimate.coef[None],
        stderr=estimate.stderr[None],
        fidelity=estimate.fidelity[None],
        fidelity_stderr=estimate.fidelity_stderr[None],
        added=added,
        helped=np.array([[name != "least squares" for name in estimate.estimators]]),
        spread=spread[None],
    )


def _untied(estimate: Estimate) -> Errors:
    """Return how the errors of weights were estimated, whichever of them are zero for certain."""
    if isinstance(estimate.errors, TiedErrors):
        return estimate.errors.errors
    return estimate.errors
