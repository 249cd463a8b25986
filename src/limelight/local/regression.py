"""Weighted least squares from sums over replicates: the fit, how sure it is, and how much it explains.

Input: perturbations, weights and outputs sorted into R replicates. Output: a frozen `Regression`: the Gram matrices and
cross products of each replicate, from which everything else is arithmetic on small matrices:

* the fit        b = A⁻¹ Σ_r s_r,            A = Σ_r G_r, G_r = Σ_{i in r} w x x', s_r = Σ_{i in r} w x y
* its influence  D_r = A⁻¹ (s_r − G_r b),    what replicate r adds to the weights, to first order
* its error      R / (R − 1) Σ_r (D_r − D̄)²  (`replicates.py`)
* what is left   Σ w y² − 2 b's + b'A b

The rows are read once, whatever the number of outputs. The arithmetic on small matrices is done for many instances at
once, one above the other; each keeps its own matrices, and sums run in a fixed order, so that the answer for one does
not depend on which others are fitted beside it, to the last bit. One instance is a stack of one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.local.positive import invert_positive
from limelight.local.replicates import scatter, scattered_error, widening

_LEAST_VARIANCE = 1e-10  # of the total weight: a column that varies less than this does not vary
_MOST_INFLATION = 1e8  # of a weight's variance by the other columns: beyond, they are collinear
_MOST_LEVERAGE = 0.5
SYMMETRIC_FROM = 64  # columns: below, the whole product is quicker than half of it


@dataclass(frozen=True)
class Regression:
    """Sums over each replicate, for one instance or for a stack of them (…); the constant is the first column.

    Parameters
    ----------
    gram
        (…, R, p, p) with p = 1 + d.
    cross
        (…, R, p, q) for q outputs.
    squares
        (…, R, q) Σ w y².
    bread
        (…, p, p) inverse of the Gram matrix of all rows.
    effective
        (…) effective number of rows, (Σ w)² / Σ w².
    """

    gram: FloatArray
    cross: FloatArray
    squares: FloatArray
    bread: FloatArray
    effective: FloatArray

    @property
    def fit(self) -> FloatArray:
        """Return (…, p, q) intercepts and weights."""
        return np.asarray(self.bread @ self.cross.sum(axis=-3))

    @property
    def leverage(self) -> FloatArray:
        """Return (…) how much of a row's own output its fit takes on, on average."""
        return np.asarray(np.minimum(self.bread.shape[-1] / np.maximum(self.effective, 1.0), _MOST_LEVERAGE))

    def contributions(self, fit: FloatArray) -> FloatArray:
        """Return (…, q, R, p) what each replicate adds to the fit (…, p, q), as if its rows had not been fitted."""
        scores = self.cross - self.gram @ fit[..., None, :, :]
        moved = np.moveaxis(self.bread[..., None, :, :] @ scores, -1, -3)
        return np.asarray(moved / (1.0 - np.asarray(self.leverage)[..., None, None, None]))

    def residual_squares(self, fit: FloatArray) -> FloatArray:
        """Return (…, R, q) Σ w (y − x'b)² for a fit (…, p, q) of any origin."""
        fit = fit[..., None, :, :]
        unexplained = (fit * (self.gram @ fit - 2.0 * self.cross)).sum(axis=-2)
        return np.asarray(np.maximum(self.squares + unexplained, 0.0))

    def deviation_squares(self) -> FloatArray:
        """Return (…, R, q) Σ w (y − ȳ)²."""
        sums, weight = self.cross[..., 0, :], self.gram[..., 0, 0][..., None]
        mean = sums.sum(axis=-2, keepdims=True) / weight.sum(axis=-2, keepdims=True)
        spread = self.squares - 2.0 * mean * sums + np.square(mean) * weight
        return np.asarray(np.maximum(spread, 0.0))


@dataclass(frozen=True)
class Sums:
    """What a regression needs of some rows, for one instance or for a stack of them (…).

    Parameters
    ----------
    products
        (…, R, p, p + q) Σ w x x' of the constant and the perturbations with themselves, and with the outputs.
    squares
        (…, R, q) Σ w y².
    weight_squares
        (…) Σ w².
    """

    products: FloatArray
    squares: FloatArray
    weight_squares: FloatArray

    @classmethod
    def of(
        cls,
        columns: FloatArray,
        weights: FloatArray,
        p: int,
        squared: FloatArray | None = None,
        space: FloatArray | None = None,
    ) -> Sums:
        """Return the sums of one instance.

        It has products of its own, so that no bit of it depends on what else is fitted.

        Parameters
        ----------
        columns
            (R, p + q, m) the constant, perturbations, and outputs.
        weights
            (R, m)
        p
            How many columns are not outputs.
        squared
            (R, q, m) the squared outputs, where they are at hand.
        space
            (R, p, m) memory that may be written to, where it is at hand.
        """
        squared = np.square(columns[:, p:]) if squared is None else squared
        if p <= SYMMETRIC_FROM:
            products = np.multiply(columns[:, :p], weights[:, None], out=space) @ columns.swapaxes(1, 2)
        else:  # half of a symmetric product is computed, of one replicate after the other: a thousand columns are large
            products = np.empty((len(columns), p, columns.shape[1]))
            root = np.empty((p, columns.shape[2]))
            for found, rows, each in zip(products, columns, np.sqrt(weights), strict=True):
                np.multiply(rows[:p], each, out=root)
                np.matmul(root, root.T, out=found[:, :p])
            products[:, :, p:] = columns[:, :p] @ (columns[:, p:] * weights[:, None]).swapaxes(1, 2)
        squares = (squared @ weights[:, :, None])[:, :, 0]
        return cls(products, squares, np.square(weights).sum())

    @classmethod
    def stack(cls, each: Sequence[Sums]) -> Sums:
        """Return the sums of several instances, one above the other."""
        if len(each) == 1:  # the products of a thousand columns are large, and not copied
            return cls(*[np.asarray(value)[None] for value in vars(each[0]).values()])
        return cls(*[np.array([getattr(sums, name) for sums in each]) for name in vars(each[0])])

    @property
    def effective(self) -> FloatArray:
        """Return (…) the effective number of rows, (Σ w)² / Σ w²."""
        total = self.products[..., 0, 0].sum(axis=-1)
        return np.asarray(np.square(total) / np.where(self.weight_squares > 0.0, self.weight_squares, 1.0))


def regressions(sums: Sums) -> tuple[Regression, NDArray[np.bool_]]:
    """Return the regressions of a stack, and (S,) where the rows identify the weights."""
    p = sums.products.shape[2]
    gram, cross = sums.products[..., :p], sums.products[..., p:]
    # the constant is the first column, so this corner is Σ w
    whole = gram.sum(axis=1)
    total = whole[:, 0, 0]
    safe, effective = np.where(total > 0.0, total, 1.0), sums.effective
    variance = np.diagonal(whole, axis1=1, axis2=2)[:, 1:] - np.square(whole[:, 0, 1:]) / safe[:, None]
    identified = (total > 0.0) & (effective >= p + 1)
    identified &= (variance > _LEAST_VARIANCE * total[:, None]).all(axis=1)
    # of what is not identified nothing is read
    bread = _inverses(np.where(identified[:, None, None], whole, np.eye(p)))
    inflation = np.diagonal(bread, axis1=1, axis2=2)[:, 1:] * variance
    identified &= (inflation < _MOST_INFLATION).all(axis=1)
    bread = np.where(identified[:, None, None], bread, np.eye(p))
    return Regression(gram, cross, sums.squares, bread, effective), identified


def _inverses(matrices: FloatArray) -> FloatArray:
    """Return the inverse of each matrix (S, p, p); infinity where there is none."""
    try:
        if matrices.shape[1] > SYMMETRIC_FROM:
            return np.array([invert_positive(each.copy()) for each in matrices])
        return np.asarray(np.linalg.inv(matrices))
    except np.linalg.LinAlgError:
        if len(matrices) == 1:
            return np.full_like(matrices, np.inf)
        return np.concatenate([_inverses(each[None]) for each in matrices])


def held_out_share(left: FloatArray, deviations: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return 1 − Σ w e² / Σ w (y − ȳ)² and its stated standard error, from sums (…, R, k) over each replicate.

    A target that does not move has the share 1 and no error: nothing of it is left unexplained.
    """
    whole = deviations.sum(axis=-2)
    constant = whole <= 0.0
    safe = np.where(constant, 1.0, whole)
    unexplained = np.where(constant, 0.0, left.sum(axis=-2) / safe)
    stderr = scattered_error(left - unexplained[..., None, :] * deviations, axis=-2) / safe
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
        scattered = scattered_error(self.contributions, axis=1)
        found = np.zeros((len(self.contributions), 1 + self.width))
        found[:, 0] = scattered[:, 0]
        found[:, 1 + self.free] = scattered[:, 1:]
        return found

    def covariance(
        self, features: Sequence[int] | NDArray[np.int64] | None = None, *, target: int | None = None
    ) -> FloatArray:
        """Return the covariance (k, m + 1, m + 1) of the intercept (first) and the weights of m features; None: all.

        Stated, as standard errors are. With a `target`, the covariance (m + 1, m + 1) of that target alone.
        """
        chosen = slice(None) if target is None else slice(target, target + 1)
        if features is None:
            wanted = np.arange(self.width)
        else:
            wanted = np.asarray(features, dtype=np.int64)
        place = np.zeros(self.width, dtype=np.int64)  # a column that does not vary reads a column of zeros
        place[self.free] = 1 + np.arange(len(self.free))
        moved = self.contributions[chosen]
        padded = np.concatenate([moved, np.zeros((*moved.shape[:2], 1))], axis=2)
        at = np.concatenate([[0], np.where(place[wanted] > 0, place[wanted], -1)])
        covariance = widening(moved.shape[1]) ** 2 * scatter(padded[:, :, at])
        return covariance if target is None else covariance[0]
