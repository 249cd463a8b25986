"""Shared draws of a made-up table, and the weights of one row from them: what tests of tables begin with."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from limelight.contracts import Neighborhood
from limelight.control.second_model import TableControl
from limelight.control.table_weights import Corrected, estimate_table
from limelight.control.tables import TableDesign
from limelight.interpretable.tabular.shapes import shape_of
from limelight.local.estimate import Estimate
from limelight.rounds.encoded import replicate_order

REPLICATES = 8
FINE = 1024


def design_of(
    codes: np.ndarray,
    U: np.ndarray,
    probabilities: Sequence[np.ndarray],
    quantile: Callable[[np.ndarray], np.ndarray] | None = None,
) -> TableDesign | None:
    """The columns of an additive function of draws, numbers where there is a quantile function, else categories."""
    shapes, inside = [], np.zeros((*codes.shape, 4))
    for j, share in enumerate(probabilities):
        fine = np.repeat(share / FINE, FINE)
        values = None if quantile is None else quantile(np.cumsum(fine) - fine / 2)
        shape = shape_of(fine, np.repeat(np.arange(len(share)), FINE), values)
        low = np.cumsum(share) - share
        place = np.clip((U[:, j] - low[codes[:, j]]) / share[codes[:, j]], 0.0, 1.0 - 1e-9)
        inside[:, j] = shape.terms[codes[:, j] * FINE + np.floor(place * FINE).astype(int)]
        shapes.append(shape)
    return TableDesign.of(codes, inside, shapes, REPLICATES)


def control_of(
    codes: np.ndarray,
    U: np.ndarray,
    y: np.ndarray,
    probabilities: Sequence[np.ndarray],
    quantile: Callable[[np.ndarray], np.ndarray] | None = None,
) -> TableControl | None:
    """The second model of one output; None where there is none."""
    design = design_of(codes, U, probabilities, quantile)
    return None if design is None else design.control(y)


def neighborhood(codes: np.ndarray, Y: np.ndarray, own: np.ndarray, ratio: float) -> Neighborhood:
    """What one row sees of the draws, with the exponential kernel's weights."""
    Z = (codes == own).astype(np.uint8)
    n, d = Z.shape
    weights = ratio ** (d - Z.sum(axis=1))
    order = replicate_order(n, (), REPLICATES)
    return Neighborhood(Z, Y, weights, np.ones(d), np.zeros(n, bool), np.arange(n), order=order)


def estimate(
    sample: Neighborhood,
    control: TableControl | None,
    own: np.ndarray,
    ratio: float,
    *,
    fixed: np.ndarray | None = None,
) -> Estimate:
    """The weights of one row for one output, corrected by its second model where there is one."""
    d = sample.Z.shape[1]
    certain = np.zeros(d, bool) if fixed is None else fixed
    if control is None:
        corrected = Corrected(sample.Y.copy(), np.zeros((1, d)), np.zeros(1), ("",))
    else:
        slopes, starts = control.parts.project(own, ratio)
        folds = np.concatenate([starts[None], slopes]).T
        mean = folds.mean(axis=0)
        moved = (folds - mean)[None] / len(folds)
        corrected = Corrected(control.unseen[:, None], mean[None, 1:], mean[:1], (control.name,), moved)
    return estimate_table(sample, corrected, certain)
