"""Weighted least squares from sums over replicates: the fit, how sure it is, and how much it explains.

Input: perturbations, weights and outputs sorted into R replicates. Output: a frozen `Regression`: the Gram matrices and
cross products of each replicate, from which everything else is arithmetic on small matrices:

* the fit        b = A⁻¹ Σ_r s_r,            A = Σ_r G_r, G_r = Σ_{i in r} w x x', s_r = Σ_{i in r} w x y
* its influence  D_r = A⁻¹ (s_r − G_r b),    what replicate r adds to the weights, to first order
* its error      R / (R − 1) Σ_r (D_r − D̄)²  (`replicates.py`)
* what is left   Σ w y² − 2 b's + b'A b

The rows are read once, whatever the number of outputs, and the answer for one instance does not depend on which others
are fitted beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, MaskArray
from limelight.local.replicates import scatter, widening

_LEAST_VARIANCE = 1e-10  # of the total weight: a column that varies less than this does not vary
_MOST_INFLATION = 1e8  # of a weight's variance by the other columns: beyond, they are collinear
_MOST_LEVERAGE = 0.5


@dataclass(frozen=True)
class Regression:
    """Sums over each replicate; the constant is the first column.

    Parameters
    ----------
    gram
        (R, p, p) with p = 1 + d.
    cross
        (R, p, q) for q outputs.
    squares
        (R, q) Σ w y².
    bread
        (p, p) inverse of the Gram matrix of all rows.
    effective
        Effective number of rows, (Σ w)² / Σ w².
    """

    gram: FloatArray
    cross: FloatArray
    squares: FloatArray
    bread: FloatArray
    effective: float

    @property
    def fit(self) -> FloatArray:
        """Return (p, q) intercepts and weights."""
        return np.asarray(self.bread @ self.cross.sum(axis=0))

    @property
    def leverage(self) -> float:
        """Return how much of a row's own output its fit takes on, on average."""
        return min(len(self.bread) / max(self.effective, 1.0), _MOST_LEVERAGE)

    def contributions(self, fit: FloatArray) -> FloatArray:
        """Return (q, R, p) what each replicate adds to the fit (p, q), as if its rows had not been fitted."""
        scores = self.cross - self.gram @ fit
        moved = self.bread @ scores
        return np.asarray(moved.transpose(2, 0, 1) / (1.0 - self.leverage))

    def residual_squares(self, fit: FloatArray) -> FloatArray:
        """Return (R, q) Σ w (y − x'b)² for a fit (p, q) of any origin."""
        explained = 2.0 * np.einsum("pq,rpq->rq", fit, self.cross)
        size = np.einsum("pq,rpq->rq", fit, self.gram @ fit)
        return np.asarray(np.maximum(self.squares - explained + size, 0.0))

    def deviation_squares(self) -> FloatArray:
        """Return (R, q) Σ w (y − ȳ)²."""
        sums, weight = self.cross[:, 0], self.gram[:, 0, 0]
        mean = sums.sum(axis=0) / weight.sum()
        spread = self.squares - 2.0 * mean * sums + np.square(mean) * weight[:, None]
        return np.asarray(np.maximum(spread, 0.0))


def regression(Z: MaskArray, weights: FloatArray, outputs: FloatArray) -> Regression | None:
    """Return the regression of outputs on perturbations; None where the rows do not identify the weights.

    Parameters
    ----------
    Z
        (R, m, d) perturbations, all of whose columns vary.
    weights
        (R, m) non-negative.
    outputs
        (R, m, q)
    """
    replicates, rows, d = Z.shape
    X = np.empty((replicates, rows, d + 1))
    X[:, :, 0], X[:, :, 1:] = 1.0, Z
    weighted = (X * weights[:, :, None]).swapaxes(1, 2)
    gram = weighted @ X
    # the constant is the first column, so this corner is Σ w
    whole = gram.sum(axis=0)
    total = float(whole[0, 0])
    if total <= 0.0:
        return None
    effective = total**2 / float(np.square(weights).sum())
    variance = whole.diagonal()[1:] - np.square(whole[0, 1:]) / total
    if effective < d + 2 or (variance <= _LEAST_VARIANCE * total).any():
        return None
    try:
        bread = np.linalg.inv(whole)
    except np.linalg.LinAlgError:
        return None
    if not (bread.diagonal()[1:] * variance < _MOST_INFLATION).all():
        return None
    squares = (weights[:, None, :] @ np.square(outputs))[:, 0]
    return Regression(gram, weighted @ outputs, squares, bread, effective)


def held_out_share(left: FloatArray, deviations: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return 1 − Σ w e² / Σ w (y − ȳ)² and its stated standard error, from sums (R, k) over each replicate.

    A target that does not move has the share 1 and no error: nothing of it is left unexplained.
    """
    whole = deviations.sum(axis=0)
    constant = whole <= 0.0
    safe = np.where(constant, 1.0, whole)
    unexplained = np.where(constant, 0.0, left.sum(axis=0) / safe)
    scores = left - unexplained * deviations
    replicates = len(left)
    variance = replicates * scores.var(axis=0, ddof=1)
    stderr = widening(replicates) * np.sqrt(variance) / safe
    return 1.0 - unexplained, np.where(constant, 0.0, stderr)


@dataclass(frozen=True)
class ReplicateErrors:
    """Standard errors and covariances of weights, read off the scatter of their replicates.

    Parameters
    ----------
    contributions
        (k, R, 1 + m) what each replicate adds to the intercept and to the weights of the m columns that vary.
    free
        (m,) which columns these are.
    width
        The number d of all columns.
    """

    contributions: FloatArray
    free: NDArray[np.int64]
    width: int

    @property
    def df(self) -> float:
        """Return the degrees of freedom."""
        return float(self.contributions.shape[1] - 1)

    @property
    def varying(self) -> NDArray[np.bool_]:
        """Return (d,) which columns vary in the neighborhood."""
        found = np.zeros(self.width, bool)
        found[self.free] = True
        return found

    def stderr(self) -> FloatArray:
        """Return the stated standard errors (k, 1 + d) of the intercept (first) and all weights."""
        replicates = self.contributions.shape[1]
        variance = replicates * self.contributions.var(axis=1, ddof=1)
        found = np.zeros((len(self.contributions), 1 + self.width))
        found[:, 0] = np.sqrt(variance[:, 0])
        found[:, 1 + self.free] = np.sqrt(variance[:, 1:])
        return np.asarray(widening(replicates) * found)

    def covariance(
        self, features: Sequence[int] | NDArray[np.int64] | None = None, *, target: int | None = None
    ) -> FloatArray:
        """Return the covariance (k, m + 1, m + 1) of the intercept (first) and the weights of m features; None: all.

        Stated, as standard errors are. With a `target`, the covariance (m + 1, m + 1) of that target alone.
        """
        chosen = slice(None) if target is None else slice(target, target + 1)
        wanted = np.arange(self.width) if features is None else np.asarray(features, dtype=np.int64)
        place = np.zeros(self.width, dtype=np.int64)  # a column that does not vary reads a column of zeros
        place[self.free] = 1 + np.arange(len(self.free))
        moved = self.contributions[chosen]
        padded = np.concatenate([moved, np.zeros((*moved.shape[:2], 1))], axis=2)
        at = np.concatenate([[0], np.where(place[wanted] > 0, place[wanted], -1)])
        covariance = widening(moved.shape[1]) ** 2 * scatter(padded[:, :, at])
        return covariance if target is None else covariance[0]
