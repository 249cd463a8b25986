"""What one look says of an instance beside its own answer: its weights, what is around it, and what was decided.

Rows of a table with the same codes and targets have the same `Fitted`, which is computed once for all of them; their
own answers, which the gap compares it with, are theirs.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.result.codecs import LARGEST
from limelight.result.effects import Curves, Interaction
from limelight.rounds.units import Units
from limelight.rounds.verdict import Verdict


@dataclass(frozen=True, slots=True)
class Around:
    """What the draws around an instance say of one target.

    Parameters
    ----------
    spread
        What the surrogate leaves of an output, as a standard deviation.
    deviation, low, high
        Standard deviation and range of the outputs.
    share, share_stderr
        How much of the movement the best additive function of the features explains; NaN where it is not known.
    saturating
        The same of a saturating curve in an additive index.
    pairs
        Features that act together, largest share first.
    screened
        Whether pairs were looked for.
    moving
        How many draws the movement rests on; infinity where they were not counted.
    unknown, unknown_variance
        What the weights say of values that the additive function does not know, and how sure that is.
    """

    spread: float
    deviation: float
    low: float
    high: float
    share: float
    share_stderr: float
    saturating: float = math.nan
    pairs: tuple[Interaction, ...] = ()
    screened: bool = False
    moving: float = math.inf
    unknown: float = 0.0
    unknown_variance: float = 0.0


@dataclass(frozen=True, slots=True)
class Fitted:
    """One instance's weights and what is known around it, in the units in which outputs are fitted.

    Parameters
    ----------
    coef, stderr
        (k, d)
    intercept, fidelity, fidelity_stderr, r2
        (k,)
    estimators
        For each target, what its weights were estimated by.
    varying
        (d,) which features vary.
    df
        Degrees of freedom of the standard errors.
    verdict
        What was decided.
    covariance
        For each target the upper triangle of the covariance of the weights shown, as an explanation keeps it, in the
        user's units; so are `curves` and the pairs.
    targets
        For each target what is around the instance.
    curves
        For each target the effects behind the features shown.
    rows, effective
        How many perturbations there are, and how many equally near ones they are worth.
    width
        The kernel width.
    units
        The units in which outputs are fitted.
    exhaustive
        Whether every perturbation is a row.
    """

    coef: FloatArray
    stderr: FloatArray
    intercept: FloatArray
    fidelity: FloatArray
    fidelity_stderr: FloatArray
    r2: FloatArray
    estimators: tuple[str, ...]
    varying: NDArray[np.bool_]
    df: float
    verdict: Verdict
    covariance: tuple[NDArray[np.floating[Any]], ...]
    targets: tuple[Around, ...]
    rows: int
    effective: float
    width: float
    units: Units
    curves: tuple[Curves, ...] = field(default=())
    exhaustive: bool = False


def as_told(fitted: Fitted) -> Fitted:
    """Return covariances, curves and pairs in the user's units, as an explanation keeps them, and nothing writable.

    Explanations of equal rows share their arrays.
    """
    if fitted.units.plain:
        told = replace(fitted, covariance=tuple([as_kept(each) for each in fitted.covariance]))
    else:
        told = _in_units(fitted)
    verdict = told.verdict
    orders = [ranking.order for ranking in verdict.rankings]
    rest = [told.coef, told.stderr, told.intercept, told.fidelity, told.fidelity_stderr, told.r2]
    for array in (*rest, *told.covariance, *verdict.selected, *orders, *[each.numbers for each in told.curves]):
        array.flags.writeable = False
    return told


def _in_units(fitted: Fitted) -> Fitted:
    scales = fitted.units.scale.tolist()
    covariance = []
    for triangle, scale in zip(fitted.covariance, scales, strict=True):
        # squares of very large or small outputs are held as far as numbers reach
        with np.errstate(over="ignore", under="ignore"):
            covariance.append(as_kept(np.clip(triangle * scale * scale, -LARGEST, LARGEST)))
    targets = []
    for known, scale in zip(fitted.targets, scales, strict=True):
        pairs = [replace(pair, size=pair.size * scale, stderr=pair.stderr * scale) for pair in known.pairs]
        targets.append(replace(known, pairs=tuple(pairs)))
    curves = []
    for drawn, scale in zip(fitted.curves, scales, strict=False):
        # shares of the background have no unit; effects and their errors have that of the output
        curves.append(replace(drawn, numbers=drawn.numbers * np.array([[1.0], [scale], [scale]])))
    return replace(fitted, covariance=tuple(covariance), targets=tuple(targets), curves=tuple(curves))


def as_kept(covariance: NDArray[np.floating[Any]]) -> NDArray[np.floating[Any]]:
    """Return a covariance as explanations keep it.

    Single precision is plenty for an error and half of the memory; very small or large outputs do not fit in it.

    >>> as_kept(np.array([0.5])).dtype, as_kept(np.array([1e-90])).dtype
    (dtype('float32'), dtype('float64'))
    """
    largest = float(np.abs(covariance).max(initial=0.0))
    if largest and not 1e-30 < largest < 1e30:
        return covariance.copy()
    return covariance.astype(np.float32)
