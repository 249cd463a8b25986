"""Weights of rows of a table from shared draws: β = Proj_Q(g) + WLS(y − g), and how sure each of them is.

Input: the sums of a stack of rows over replicates, of the outputs and of what a second model g leaves of them, and g's
own weights. Output: `TableFits`, whose errors are read off the replicates, weight by weight (`local/regression.py`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Neighborhood
from limelight.local.estimate import Estimate
from limelight.local.precision import estimate_plain
from limelight.local.regression import Regression, ReplicateErrors, Sums, held_out_share, regressions
from limelight.local.replicates import scattered_error

WORTHWHILE = 0.98
"""g is used where it leaves less than this share of what a linear model leaves."""


@dataclass(frozen=True)
class Corrected:
    """What second models make of the outputs, one for each target, for one row or a stack of them (…).

    Parameters
    ----------
    left
        (n, k) y − g; y itself where a target has no g. Not read where none has one, or its sums are at hand.
    coef, intercept
        (…, k, d) and (…, k) the projection of each g; zeros where there is none.
    names
        For each target what its g is made of; empty where there is none.
    moved
        (…, k, R, 1 + d) how far the projection of each fold's g lies from their mean, over R, intercept first. What a
        fold's function makes too large here it leaves too small there, in the same replicate: only together do they
        scatter as the weights do. None: no g differs between folds.
    """

    left: FloatArray
    coef: FloatArray
    intercept: FloatArray
    names: tuple[str, ...]
    moved: FloatArray | None = None


@dataclass(frozen=True)
class Outputs:
    """What is known of the k outputs of a stack of S rows beside their sums.

    Parameters
    ----------
    offset
        (k,) what has been taken off the outputs before they were summed: squares of large numbers would drown what
        moves.
    still
        (S, k) which are the same in all draws.
    free
        (m,) features that the background can vary; the weight of the others is 0, and certain.
    """

    offset: FloatArray
    still: NDArray[np.bool_]
    free: NDArray[np.int64]


@dataclass(frozen=True)
class TableFits:
    """Weights of a stack of S rows for k targets.

    Parameters
    ----------
    coef, stderr
        (S, k, d)
    intercept, intercept_stderr, fidelity, fidelity_stderr, r2
        (S, k)
    helped
        (S, k) where the second model was used.
    names
        For each target what its second model is made of.
    contributions
        (S, k, R, 1 + d) what each replicate adds to the intercept and to each weight.
    free
        (m,) features that vary.
    left
        (S, k) Σ w (y − g(z))² of the surrogate.
    total
        (S,) Σ w.
    """

    coef: FloatArray
    stderr: FloatArray
    intercept: FloatArray
    intercept_stderr: FloatArray
    fidelity: FloatArray
    fidelity_stderr: FloatArray
    r2: FloatArray
    helped: NDArray[np.bool_]
    names: tuple[str, ...]
    contributions: FloatArray
    free: NDArray[np.int64]
    left: FloatArray
    total: FloatArray

    @property
    def df(self) -> float:
        """Return the degrees of freedom of the standard errors."""
        return float(self.contributions.shape[2] - 1)

    def take(self, rows: Sequence[int]) -> TableFits:
        """Return the weights of some of the rows."""
        shared = ("names", "free")
        return replace(self, **{name: each[rows] for name, each in vars(self).items() if name not in shared})

    def estimators(self, at: int) -> tuple[str, ...]:
        """Return for each target what one row's weights were estimated by."""
        used = zip(self.names, self.helped[at].tolist(), strict=True)
        return tuple([name if helped else "least squares" for name, helped in used])

    def estimate(self, at: int) -> Estimate:
        """Return the weights of one row."""
        columns = np.concatenate([[0], 1 + self.free])
        return Estimate(
            coef=self.coef[at],
            intercept=self.intercept[at],
            stderr=self.stderr[at],
            intercept_stderr=self.intercept_stderr[at],
            fidelity=self.fidelity[at],
            fidelity_stderr=self.fidelity_stderr[at],
            r2=self.r2[at],
            estimators=self.estimators(at),
            identified=True,
            errors=ReplicateErrors(self.contributions[at][:, :, columns], self.free, self.coef.shape[2]),
        )


def fit_tables(sums: Regression, outputs: Outputs, corrected: Corrected) -> TableFits:
    """Return the weights of a stack of rows.

    Parameters
    ----------
    sums
        Of k outputs less their offsets and, where there is a second model, of what it leaves of each of them.
    outputs
        What else is known of the outputs.
    corrected
        The projections of the second models.
    """
    free, constant = outputs.free, outputs.still
    k, d = corrected.coef.shape[1:]
    fit = sums.fit
    left = sums.residual_squares(fit)
    helped = _helped(left, k) & ~constant
    # whose residual makes the noise, of each target
    source = np.where(helped, k, 0) + np.arange(k) if fit.shape[2] > k else np.zeros_like(helped) + np.arange(k)
    found = np.take_along_axis(fit, source[:, None], axis=2)
    found[:, 1:] += np.where(helped[:, None], corrected.coef[:, :, free].swapaxes(1, 2), 0.0)
    found[:, 0] += np.where(helped, corrected.intercept - outputs.offset, 0.0)
    found = np.where(constant[:, None], 0.0, found)
    moved = _moved(sums, fit, source, corrected, helped, free)
    moved[constant] = 0.0
    scattered = scattered_error(moved, axis=2)
    whole = np.concatenate([found, np.zeros((len(found), found.shape[1], fit.shape[2] - k))], axis=2)
    in_sample, deviations = sums.residual_squares(whole)[:, :, :k], sums.deviation_squares()[:, :, :k]
    deviations[np.broadcast_to(constant[:, None], deviations.shape)] = 0.0
    # A row pulls the fit towards its own output; unseen, it is missed by that much more.
    pulled = np.take_along_axis(left, source[:, None], axis=2)
    unseen = in_sample + 2.0 * sums.leverage[:, None, None] * pulled
    fidelity, fidelity_stderr = held_out_share(unseen, deviations)
    coef = np.zeros((len(found), k, d))
    coef[:, :, free] = found[:, 1:].swapaxes(1, 2)
    return TableFits(
        coef=coef,
        stderr=scattered[:, :, 1:],
        intercept=found[:, 0] + outputs.offset,
        intercept_stderr=scattered[:, :, 0],
        fidelity=fidelity,
        fidelity_stderr=fidelity_stderr,
        r2=held_out_share(in_sample, deviations)[0],
        helped=helped,
        names=corrected.names,
        contributions=moved,
        free=free,
        left=in_sample.sum(axis=1),
        total=sums.gram[:, :, 0, 0].sum(axis=1),
    )


def _helped(left: FloatArray, k: int) -> NDArray[np.bool_]:
    """Return (S, k) where a second model leaves less than a linear one, from Σ w e² (S, R, q) of both."""
    unexplained = left.sum(axis=1)
    if unexplained.shape[1] == k:
        return np.zeros(unexplained.shape, bool)
    return np.asarray(unexplained[:, k:] < WORTHWHILE * unexplained[:, :k])


def _moved(
    sums: Regression,
    fit: FloatArray,
    source: NDArray[np.int64],
    corrected: Corrected,
    helped: NDArray[np.bool_],
    free: NDArray[np.int64],
) -> FloatArray:
    """Return (S, k, R, 1 + d) what each replicate adds to the weights."""
    at = np.concatenate([[0], 1 + free])
    scattered = np.take_along_axis(sums.contributions(fit), source[:, :, None, None], axis=1)
    if corrected.moved is not None:
        scattered = scattered + np.where(helped[:, :, None, None], corrected.moved[..., at], 0.0)
    moved = np.zeros((*scattered.shape[:3], 1 + corrected.coef.shape[2]))
    moved[..., at] = scattered
    return moved


def estimate_table(neighborhood: Neighborhood, corrected: Corrected, fixed: NDArray[np.bool_]) -> Estimate:
    """Return the weights of one row, from its neighborhood: a stack of one.

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
    free, constant = np.flatnonzero(~fixed), still(neighborhood.Y)
    weights = np.where(order >= 0, neighborhood.weights[order], 0.0)
    offset = np.where(constant, neighborhood.Y[0], neighborhood.Y.T.mean(axis=1))
    outputs = [neighborhood.Y - offset, *([corrected.left] if any(corrected.names) else [])]
    ones = np.ones((len(neighborhood.Y), 1))
    rows = np.concatenate([ones, neighborhood.Z[:, free], *outputs], axis=1)[order]
    sums = Sums.stack([Sums.of(rows.swapaxes(1, 2), weights, 1 + len(free))])
    found, identified = regressions(sums)
    if not identified[0]:  # a value that was never drawn, say, is not known, nor certain
        return estimate_plain(neighborhood, fixed=fixed)
    moved = None if corrected.moved is None else corrected.moved[None]
    alone = Corrected(corrected.left, corrected.coef[None], corrected.intercept[None], corrected.names, moved)
    return fit_tables(found, Outputs(offset, constant[None], free), alone).estimate(0)


def still(Y: FloatArray) -> NDArray[np.bool_]:
    """Return (k,) which outputs (n, k) are the same in all rows; read column by column, which is quicker for few.

    >>> still(np.array([[1.0, 2.0], [1.0, 3.0]])).tolist()
    [True, False]
    """
    columns = Y.T
    return np.asarray(columns.max(axis=1) == columns.min(axis=1))
