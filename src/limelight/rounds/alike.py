"""Are draws with nearly the same value answered as the instance is? Then there is no gap, only a curve that was missed.

Input: the draws of a table of one column, and an instance. Output: yes or no, for each target. Where there is one
column no others can act together with it, and what its curve leaves is no noise but the curve's own corners: next to a
step it misses by many spreads. The draws nearby tell which it is. Those with just the own value are no witnesses: a
rule for one value would be met in them, too.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.rounds.instance import OpenInstance
from limelight.rounds.lines import Look

NEAR = 8
"""Draws that are looked at, four on either side where there are so many."""
VALUE = 2
"""Which of the inner terms is the value, see `contracts.Shape`."""


def answered_alike(one: OpenInstance, look: Look, inside: FloatArray) -> NDArray[np.bool_]:
    """Return (k,) whether draws with nearly the same value were answered as the instance is.

    Parameters
    ----------
    one
        The instance.
    look
        What it shares with others.
    inside
        (c, 4) what its own values do inside their bins.
    """
    draws, targets = look.draws, look.targets
    none = np.zeros(len(targets), dtype=np.bool_)
    shapes = draws.background.shapes
    if shapes is None or len(shapes) != 1 or not shapes[0].valued:
        return none
    key = ("in order of value", look.n)
    if key not in draws.made:  # once for all rows
        values = draws.background.inside(draws.first_points(look.n))[:, 0, VALUE]
        order = np.argsort(values, kind="stable")
        draws.made[key] = order, values[order]
    order, values = draws.made[key]
    answers = draws.Y[order[neighbors(values, float(inside[0, VALUE]))]][:, targets]
    if not len(answers) or not np.isfinite(answers).all():
        return none
    low, high = answers.min(axis=0), answers.max(axis=0)
    reach = high - low  # so that a slope goes on beyond the last draw
    own = one.outputs[targets]
    return np.asarray((low - reach <= own) & (own <= high + reach))


def neighbors(values: FloatArray, own: float) -> NDArray[np.int64]:
    """Return which of sorted values (n,) are nearest on either side, without those that are the same.

    >>> neighbors(np.array([1.0, 2.0, 2.0, 5.0, 9.0]), 2.0).tolist()
    [0, 3, 4]
    """
    start, stop = np.searchsorted(values, own, "left"), np.searchsorted(values, own, "right")
    places = np.arange(len(values))
    return np.concatenate([places[:start][-NEAR // 2 :], places[stop:][: NEAR // 2]])
