"""What an explanation says beside its weights: what each bar is compared with, its curve, what adds up, and the gap.

Input: an instance, and what its draws say (`fitted.py`). Output: `Findings`, the facts; `trust.py` turns them into
sentences.

The *gap* is how far the model's own answer lies from what the draws around the row lead to expect, in units of what
they leave unexplained: from the surrogate (which only knows yes and no), and from the additive function of the columns
(which knows their curves, and so has far smaller units). A model that answers otherwise at the row than around it shows
there.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from limelight.contracts import FloatArray
from limelight.control.additive import Additivity
from limelight.control.growth import Growth
from limelight.local.sparse import NAME as SPARSE
from limelight.local.ties import NOTHING
from limelight.result.effects import Interaction
from limelight.rounds.fitted import Around, Fitted
from limelight.rounds.instance import OpenInstance

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
FEW_ROWS = 4
"""Rows for each feature below which a sparse fit's held-out share is no upper bound of what adds up."""
_LARGEST_EXPONENT = 700.0
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
    """

    center: FloatArray
    reference: FloatArray
    df: float
    targets: tuple[TargetFindings, ...]


def distance(one: OpenInstance) -> FloatArray:
    """Return (d,) how far the instance's z' is from the average: what turns a weight into a contribution."""
    return np.abs(one.representation.center - reference(one))


def reference(one: OpenInstance) -> FloatArray:
    """Return (d,) the average z' that each bar is compared with: all off for masks."""
    return one.source.reference


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the columns' own curves expect at one row, for one target.

    Parameters
    ----------
    model
        The additive function, as it was fitted to all draws.
    value, logarithm, leverage
        What it says of the row, what that of the logarithm says (NaN where there is none), and how far both depend on
        few draws.
    """

    model: Additivity
    value: float
    logarithm: float
    leverage: float


Expectations = Sequence[Expectation | None]


def find(one: OpenInstance, fitted: Fitted, expectations: Expectations = ()) -> Findings:
    """Return what is known of an instance beside its weights.

    Parameters
    ----------
    one
        The instance, whose own answer is known.
    fitted
        What the draws around it say.
    expectations
        For each target what the columns' curves expect, as far as there are any.
    """
    center = one.representation.center
    local = (fitted.intercept + (fitted.coef * center).sum(axis=1)).tolist()
    expectations = expectations or (None,) * len(local)
    own = fitted.units.told(one.outputs[one.targets]).tolist()
    each = zip(fitted.targets, own, local, expectations, strict=True)
    targets = tuple([_of_target(fitted, *told) for told in each])
    if not fitted.units.plain:
        scales = zip(targets, fitted.units.scale.tolist(), fitted.units.origin.tolist(), strict=True)
        targets = tuple([replace(told, expected=told.expected * scale + origin) for told, scale, origin in scales])
    return Findings(center, reference(one), fitted.df, targets)


def _of_target(
    fitted: Fitted, around: Around, f: float, local: float, expectation: Expectation | None
) -> TargetFindings:
    gaps = [_surrogate_gap(around, f, local)]
    if expectation is not None:
        gaps.append(_curve_gap(around, f, expectation))
    # the gravest: the one that is furthest beyond its own bound
    gap, expected, bound = max(gaps, key=lambda each: each[0] / each[2])
    share = around.share
    if around.low == around.high:
        cause = "nothing moved" if f == around.low else "gap"
        gap = 0.0 if cause == "nothing moved" else gap
        return TargetFindings(cause, math.nan, math.nan, math.nan, gap, expected)
    cause = "gap" if gap > bound else _cause(share, around.saturating)
    if cause in ("acts together", "adds up in part") and around.moving < FEW_MOVING:
        cause = "too few"
    # more rows near the instance would not change anything where all are there, or where nothing is left over
    settled = fitted.exhaustive or share > 1.0 - NOTHING
    if cause != "gap" and not settled and not _enough(fitted, share):
        cause = "too few"
    return TargetFindings(
        cause, share, around.share_stderr, around.saturating, gap, expected, around.pairs, around.screened
    )


def _enough(fitted: Fitted, share: float) -> bool:
    """Return whether there are rows enough to say how the features act."""
    if SPARSE in fitted.estimators:
        # few rows leave much unexplained that adds up all the same
        return fitted.df >= FEW_EFFECTIVE and (share >= ADDS_UP or fitted.rows >= FEW_ROWS * int(fitted.varying.sum()))
    return fitted.effective >= FEW_EFFECTIVE * (int(fitted.varying.sum()) + 1)


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
    if best >= IN_PART:
        return "adds up in part"
    return "acts together"


def _clipped(value: float, low: float, high: float) -> float:
    """Return a value kept between 0 and 1 where all outputs are, the instance's own too: there none can be further."""
    if low >= 0.0 and high <= 1.0:
        return min(max(value, 0.0), 1.0)
    return value


def _surrogate_gap(around: Around, f: float, local: float) -> tuple[float, float, float]:
    """Return |f − g(x')| in residual spreads, g(x'), and the bound that it is held against."""
    g = _clipped(local, min(around.low, f), max(around.high, f))
    return _in_spreads(f, g, around.spread, around.deviation), g, FAR


def _curve_gap(around: Around, f: float, expectation: Expectation) -> tuple[float, float, float]:
    """Return the same for the additive function of the columns, whose curves know where in its bin a value lies."""
    model, growth = expectation.model, expectation.model.growth
    # what a rare bin adds is known as a sum, and not as a factor
    if growth is not None and growth.share >= ADDS_UP and around.unknown == 0.0:
        gap = _growth_gap(f, expectation.logarithm, growth, expectation.leverage)
        return gap, math.exp(min(expectation.logarithm, _LARGEST_EXPONENT)), FAR_FROM_CURVES
    expected = _clipped(expectation.value + around.unknown, min(model.low, f), max(model.high, f))
    spread = math.sqrt(model.spread**2 * (1.0 + expectation.leverage) + around.unknown_variance)
    return _in_spreads(f, expected, spread, model.deviation), expected, FAR_FROM_CURVES


def _growth_gap(f: float, logarithm: float, growth: Growth, leverage: float) -> float:
    """Return how far an answer lies from an exponential, in spreads of what that leaves of the logarithm.

    Where columns multiply, what their sum leaves grows with the answer: one spread for all rows is far too small where
    answers are large, and too large elsewhere.

    >>> _growth_gap(math.e**2, 1.0, Growth(1.0, np.zeros(1), 0.5, 1.0), 0.0) < 2
    True
    >>> _growth_gap(0.0, 1.0, Growth(1.0, np.zeros(1), 0.5, 1.0), 0.0)
    inf
    """
    if f <= 0.0:
        return math.inf
    return _in_spreads(math.log(f), logarithm, growth.spread * math.sqrt(1.0 + leverage), growth.deviation)


def _in_spreads(f: float, expected: float, spread: float, deviation: float) -> float:
    unit = math.hypot(spread, LEAST_SPREAD * deviation)
    difference = abs(f - expected)
    if unit <= 0.0:
        if difference <= 1e-9 * max(abs(f), abs(expected)):
            return 0.0
        return math.inf
    return difference / unit
