"""The weights of one row of a table from shared draws: β = Proj_Q(g) + WLS(y − g), and how sure each of them is.

Input: a neighborhood whose rows are sorted into replicates, what a second model g leaves of their outputs, and g's own
weights. Output: an `Estimate` whose errors are read off the replicates, weight by weight (`local/regression.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Neighborhood
from limelight.local.estimate import Estimate
from limelight.local.precision import estimate_plain
from limelight.local.regression import Regression, ReplicateErrors, held_out_share, regression

WORTHWHILE = 0.98
"""g is used where it leaves less than this share of what a linear model leaves."""


@dataclass(frozen=True)
class Corrected:
    """What second models make of the outputs, one for each target.

    Parameters
    ----------
    left
        (n, k) y − g; y itself where a target has no g.
    coef, intercept
        (k, d) and (k,) the projection of each g; zeros where there is none.
    names
        For each target what its g is made of; empty where there is none.
    moved
        (k, R, 1 + d) how far the projection of each fold's g lies from their mean, over R, intercept first. What a
        fold's function makes too large here it leaves too small there, in the same replicate: only together do they
        scatter as the weights do. None: no g differs between folds.
    """

    left: FloatArray
    coef: FloatArray
    intercept: FloatArray
    names: tuple[str, ...]
    moved: FloatArray | None = None


def estimate_table(neighborhood: Neighborhood, corrected: Corrected, fixed: NDArray[np.bool_]) -> Estimate:
    """Return the weights of one row.

    Parameters
    ----------
    neighborhood
        z' of all draws for this row, their outputs and weights, and the order of their replicates.
    corrected
        What second models leave of the outputs.
    fixed
        (d,) features that the background cannot vary; their weight is 0, and certain.
    """
    order = neighborhood.order
    if order is None:
        return estimate_plain(neighborhood, fixed=fixed)
    Z = neighborhood.Z[order]
    weights = np.where(order >= 0, neighborhood.weights[order], 0.0)
    free = np.flatnonzero(~fixed)
    if len(free) < Z.shape[2]:
        Z = Z[:, :, free]
    # Outputs around their mean: squares of large numbers would drown what moves.
    offset = np.where(still(neighborhood.Y), neighborhood.Y[0], neighborhood.Y.T.mean(axis=1))
    both = np.concatenate([neighborhood.Y - offset, corrected.left], axis=1)
    sums = regression(Z, weights, both[order])
    if sums is None:  # a value that was never drawn, say, is not known, nor certain
        return estimate_plain(neighborhood, fixed=fixed)
    return _combined(neighborhood, corrected, sums, free, offset)


def _combined(
    neighborhood: Neighborhood, corrected: Corrected, sums: Regression, free: NDArray[np.int64], offset: FloatArray
) -> Estimate:
    k, d = neighborhood.Y.shape[1], neighborhood.Z.shape[1]
    fit = sums.fit
    left = sums.residual_squares(fit)
    unexplained = left.sum(axis=0)
    constant = still(neighborhood.Y)
    helps = ~constant & (unexplained[k:] < WORTHWHILE * unexplained[:k])
    source = np.arange(k) + np.where(helps, k, 0)  # whose residual makes the noise
    found = fit[:, source].copy()
    found[1:] += np.where(helps, corrected.coef[:, free].T, 0.0)
    found[0] += np.where(helps, corrected.intercept - offset, 0.0)
    found[:, constant] = 0.0

    moved = sums.contributions(fit)[source]
    if corrected.moved is not None:
        at = np.concatenate([[0], 1 + free])
        moved = moved + np.where(helps[:, None, None], corrected.moved[:, :, at], 0.0)
    moved[constant] = 0.0
    errors = ReplicateErrors(moved, free, d)
    stderr = errors.stderr()
    whole = np.concatenate([found, np.zeros_like(found)], axis=1)
    in_sample, deviations = sums.residual_squares(whole)[:, :k], sums.deviation_squares()[:, :k]
    deviations[:, constant] = 0.0
    # A row pulls the fit towards its own output; unseen, it is missed by that much more.
    unseen = in_sample + 2.0 * sums.leverage * left[:, source]
    fidelity, fidelity_stderr = held_out_share(unseen, deviations)
    r2, _ = held_out_share(in_sample, deviations)
    coef = np.zeros((k, d))
    coef[:, free] = found[1:].T
    names = tuple(name if used else "least squares" for name, used in zip(corrected.names, helps, strict=True))
    return Estimate(
        coef, found[0] + offset, stderr[:, 1:], stderr[:, 0], fidelity, fidelity_stderr, r2, names, True, errors
    )


def still(Y: FloatArray) -> NDArray[np.bool_]:
    """Return (k,) which outputs (n, k) are the same in all rows; read column by column, which is quicker for few.

    >>> still(np.array([[1.0, 2.0], [1.0, 3.0]])).tolist()
    [True, False]
    """
    columns = Y.T
    return np.asarray(columns.max(axis=1) == columns.min(axis=1))
