"""Second models of the draws that rows of a table share: fitted once for all of them, and kept.

Input: shared draws, how many of them are looked at, and targets. Output: for each target a `TableControl`, and what it
leaves of draws that were made on purpose.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Shape
from limelight.control.second_model import TableControl
from limelight.control.tables import TableDesign
from limelight.rounds.shared import HeldDraws, SharedDraws

CONTROLLED_TARGETS = 16
"""A control variate is kept for each draw of a pool and target; with more targets plain least squares fits all."""

_SURELY_ONE = 1e-9

Controls = tuple[TableControl | None, ...]


def held_residuals(draws: SharedDraws, n: int, control: TableControl, part: HeldDraws, target: np.int64) -> FloatArray:
    """Return what a second model leaves of held draws; kept, since all rows with the same rare bin share them.

    Those of a value outside the background belong to one row, or few, and are not kept.
    """
    key = (n, int(target), part.held)
    known: FloatArray | None = draws.fits.get(key)
    if known is None:
        inside = _inside(draws, part)
        known = control.residuals(part.codes, inside, part.Y[:, target], averaged=part.averaged)
        if part.averaged is None:
            draws.fits[key] = known
    return known


def _inside(draws: SharedDraws, part: HeldDraws) -> FloatArray:
    """Return what the values of held draws do inside their bins; the same for all targets."""
    if part.averaged is not None:
        return draws.background.inside(part.U)
    key = ("inside", part.held, part.n)
    if key not in draws.made:
        draws.made[key] = draws.background.inside(part.U)
    inside: FloatArray = draws.made[key]
    return inside


def shared_controls(draws: SharedDraws, n: int, targets: NDArray[np.int64]) -> Controls:
    """Return the second models of the first n shared draws, fitted once for all rows that share them.

    They are kept for each look, of which there are few; the columns they were fitted to are kept for the last one only.
    """
    shapes = draws.background.shapes
    if shapes is None or len(targets) > CONTROLLED_TARGETS:
        return (None,) * len(targets)
    return tuple([_shared_control(draws, n, target, shapes) for target in targets.tolist()])


def _shared_control(draws: SharedDraws, n: int, target: int, shapes: Sequence[Shape]) -> TableControl | None:
    """Return the second model of one target; of two classes the first is always what the second one is not."""
    if (n, target) not in draws.fits:
        y = draws.Y[:n, target]
        if target == 0 and _two_classes(draws.Y[:n]):
            other = _shared_control(draws, n, 1, shapes)
            if other is None:
                draws.fits[n, 0] = None
            else:
                draws.fits[n, 0] = other.mirrored(y, draws.Y[:n, 1])
        else:
            design = _design(draws, n, shapes)
            draws.fits[n, target] = None if design is None else design.control(y)
    found: TableControl | None = draws.fits[n, target]
    return found


def _two_classes(Y: FloatArray) -> bool:
    """Return whether outputs (n, k) are the probabilities of two classes."""
    return Y.shape[1] == 2 and bool(Y.min() >= 0.0) and bool(np.abs(Y.sum(axis=1) - 1.0).max() < _SURELY_ONE)


def answered_controls(draws: SharedDraws, n: int, targets: NDArray[np.int64]) -> Controls:
    """Return second models of the draws that were answered, where others were not: for what adds up, not for weights.

    What is known of the law of all draws does not hold for these, so that no weight may be corrected by them.
    """
    shapes = draws.background.shapes
    if shapes is None or len(targets) > CONTROLLED_TARGETS:
        return (None,) * len(targets)
    found: list[TableControl | None] = []
    for target in targets.tolist():
        key = (n, target, "answered")
        if key not in draws.fits:
            y = draws.Y[:n, target]
            there = ~np.isnan(y)
            inside = draws.background.inside(draws.U[:n][there])
            design = TableDesign.of(draws.codes[:n][there], inside, shapes, draws.replicates)
            control = None if design is None else design.control(y[there])
            draws.fits[key] = None if control is None else _in_place(control, there)
        found.append(draws.fits[key])
    return tuple(found)


def _in_place(control: TableControl, there: NDArray[np.bool_]) -> TableControl:
    """Return a second model whose residuals stand at their draws, with 0 where there is no answer."""
    residual = np.zeros(len(there))
    residual[there] = control.model.residual
    return replace(control, model=replace(control.model, residual=residual))


def _design(draws: SharedDraws, n: int, shapes: Sequence[Shape]) -> TableDesign | None:
    """Return the columns of the first n draws, made anew where the last ones were of another number of draws."""
    if "design" not in draws.fits or draws.fits["design"][0] != n:
        inside = draws.background.inside(draws.U[:n])
        draws.fits["design"] = (n, TableDesign.of(draws.codes[:n], inside, shapes, draws.replicates))
    made: TableDesign | None = draws.fits["design"][1]
    return made
