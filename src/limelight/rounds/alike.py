"""Are draws with nearly the same values answered as the instance is? Then no gap is there, only a curve was missed.

Input: the draws of a table of one or two columns of numbers, and an instance. Output: yes or no, for each target. With
so few columns hardly anything is left of the answers but the curves' own corners, which is no noise: next to a step a
curve misses by many of its spreads. The draws nearby tell which it is. Of two columns a few thousand draws have eight
within some hundredths of either; of three there are none nearby.

Draws with just the own value are no witnesses: a rule for one value would be met in them, too. Nor does a witness
excuse a surrogate that misses the instance; only the curves.
Of columns in one group nothing is asked: draws with nearly the same first value may differ in the others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.rounds.instance import OpenInstance
from limelight.rounds.lines import Look

NEAR = 8
"""Draws that are looked at; of one column, half of them on either side where there are so many."""
FEW_COLUMNS = 2
"""More columns have no draws nearby."""
VALUE = 2
"""Which of the inner terms is the value, see `contracts.Shape`."""


def answered_alike(one: OpenInstance, look: Look, inside: FloatArray) -> NDArray[np.bool_]:
    """Return (k,) whether draws with nearly the same values were answered as the instance is.

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
    if shapes is None or len(shapes) > FEW_COLUMNS or not all(shape.valued and not shape.together for shape in shapes):
        return none
    key = ("in order of value", look.n)
    if key not in draws.made:  # once for all rows
        values = draws.background.inside(draws.first_points(look.n))[:, :, VALUE]
        order = np.argsort(values, axis=0, kind="stable")
        draws.made[key] = order, np.take_along_axis(values, order, axis=0), np.argsort(order, axis=0)
    order, values, rank = draws.made[key]
    if len(shapes) == 1:
        near = order[neighbors(values[:, 0], float(inside[0, VALUE])), 0]
    else:
        near = nearest(values, rank, inside[:, VALUE])
    answers = draws.Y[near][:, targets]
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


def nearest(values: FloatArray, rank: NDArray[np.int64], own: FloatArray) -> NDArray[np.int64]:
    """Return which draws are nearest by rank in all columns, without those that have the same value in one of them.

    Parameters
    ----------
    values
        (n, c) the values of each column, in order.
    rank
        (n, c) where each draw stands in it.
    own
        (c,) the instance's values.

    >>> values = np.array([[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]])
    >>> nearest(values, np.array([[0, 0], [1, 2], [2, 1]]), np.array([1.5, 2.0])).tolist()
    [0, 1]
    """
    below = np.array([np.searchsorted(values[:, j], own[j], "left") for j in range(len(own))])
    above = np.array([np.searchsorted(values[:, j], own[j], "right") for j in range(len(own))])
    # how many draws further each one is, on its side
    apart = np.where(rank >= above, rank - above + 1, below - rank)
    others = np.flatnonzero((apart > 0).all(axis=1))
    order = np.argsort(apart[others].max(axis=1), kind="stable")
    return np.asarray(others[order[:NEAR]])
