"""Which numbers the bars show: contributions against the average row, or LIME's weights.

For masks both are the same, and nothing is said about it. For tables the bars are contributions, and the weights are
one click or argument away.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.errors import InputError
from limelight.result.explanation import Explanation

CONTRIBUTIONS, WEIGHTS = "contributions", "coef"
LIKE = "rows like it in what is kept"
"""What bars are compared with where what is off is drawn from rows alike; where nothing is kept, that is any row."""
TIED = 1e-9
"""Weights below this part of the largest are rounding errors: tied at zero."""
ROUNDING = 4 * float(np.finfo(np.float64).eps)
"""The same as a part of the answers themselves, whose last digits may do this alone."""
CLEAR = 4.0
"""A mean over many answers may be far below their last digits, and known: so many standard errors off zero."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What is drawn for the d features of one target.

    Parameters
    ----------
    values, low, high
        (d,) what the bars show, and its 95 % interval; exactly 0 where it is tied at zero.
    exact
        (d,) bool: no sampling error, since all perturbations that there are were asked.
    tied
        (d,) bool: zero but for rounding, so without sign, order or colour.
    base
        Where the values start that add up to g(x'): the average answer, or LIME's intercept.
    """

    values: FloatArray
    low: FloatArray
    high: FloatArray
    exact: NDArray[np.bool_]
    tied: NDArray[np.bool_]
    base: float


def against_average(explanation: Explanation) -> bool:
    """Return whether contributions are something else than weights: what they are compared with then has to be said."""
    return explanation.compared and not bool(np.all(explanation.distance == 1.0))


def compared_with(explanation: Explanation, weights: str = CONTRIBUTIONS) -> str:
    """Return what the bars are compared with; nothing for LIME's weights and where a feature is simply off."""
    if explanation.layout.get("law") == "conditional":
        return LIKE
    if explanation.layout.get("contrast") == "value":
        return "the background"
    if weights == CONTRIBUTIONS and against_average(explanation):
        return "the average row"
    return ""


def measured(explanation: Explanation, row: int, weights: str = CONTRIBUTIONS) -> Measured:
    """Return what is drawn for the target at `row`.

    Parameters
    ----------
    explanation
        Whose.
    row
        Index of the target.
    weights
        ``"contributions"``, or ``"coef"`` for LIME's weights.

    Raises
    ------
    InputError
        If `weights` is something else.
    """
    if weights not in (CONTRIBUTIONS, WEIGHTS):
        raise InputError(f"weights: expected 'contributions' or 'coef', got {weights!r}.")
    coef, stderr = explanation.coef[row], explanation.stderr[row]
    distance = np.ones(len(coef))
    if weights == CONTRIBUTIONS:
        distance = explanation.distance
    tied = _tied(explanation, row)
    scale = np.where(tied, 0.0, distance)
    bounds = explanation.interval()[row] * scale[:, None]
    base = float(explanation.intercept[row])
    if weights == CONTRIBUTIONS and against_average(explanation):
        base = float(explanation.base_values[row])
    return Measured(
        values=coef * scale + 0.0,
        low=bounds.min(axis=1, initial=np.inf) + 0.0,
        high=bounds.max(axis=1, initial=-np.inf) + 0.0,
        exact=(stderr * np.abs(scale) == 0) & (explanation.provenance.stopped == "exhaustive"),
        tied=tied,
        base=base,
    )


def slope(explanation: Explanation, row: int, j: int) -> float | None:
    """Return the slope of a continuous column per unit of the column itself; None for anything else."""
    scales = explanation.layout.get("scale") or {}
    where = explanation.features[j].where
    unit = scales.get(str(where.key)) if where.kind == "column" else None
    if not unit:
        return None
    return float(explanation.coef[row, j]) / float(unit)


def _tied(explanation: Explanation, row: int) -> NDArray[np.bool_]:
    sizes = np.abs(explanation.coef[row])
    stderr = explanation.stderr[row]
    least = TIED * float(sizes.max(initial=0.0))
    last_digits = ROUNDING * max(abs(float(explanation.intercept[row])), abs(float(explanation.local_prediction[row])))
    clear = (stderr > 0) & (sizes > CLEAR * stderr)
    limit = np.where(clear, least, max(least, last_digits))
    # A small weight with a wide interval is not zero: it is not known.
    return np.asarray((sizes <= limit) & (stderr <= limit))
