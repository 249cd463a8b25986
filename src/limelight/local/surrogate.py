"""Step 5 of the algorithm: fit a weighted linear model to (Z, Y, weights), all targets at once.

In: perturbations `Z (n, d)`, outputs `Y (n, k)`, `weights (n,)`. Out: `coef (k, d)` and `intercept (k,)`.
Everything is computed from `Moments`, the weighted first and second moments: the n rows are read once, and selection,
fit, refit and score are solves of size d. The objective is that of the paper [ribeiro2016, §3.4, equation 1] with
squared loss; the penalty is relative to the total weight, so that it means the same for any kernel and any n.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, MaskArray
from limelight.errors import InputError

_BLOCK_BYTES = 4 * 2**20  # rows are read in blocks of floats of this size: memory stays flat however wide Z is
_FLAT = 1e-13  # a column or target that varies less than this, relative to its size, varies by rounding alone
_SINGULAR = 1e-12  # reciprocal condition (columns scaled to unit variance) below which weights are not identified


@dataclass(frozen=True, slots=True)
class Moments:
    """Weighted first and second moments of a neighborhood: all that a linear fit needs to know.

    Parameters
    ----------
    n
        Number of rows.
    total
        Sum of the weights.
    mean_Z, mean_Y
        (d,) and (k,) weighted means.
    gram
        (d, d) weighted centred sums Σ w (z - mean_Z)(z - mean_Z)'. A feature that does not vary has exactly 0 in its row
        and column.
    cross
        (d, k) weighted centred sums Σ w (z - mean_Z)(y - mean_Y)'. A constant target has exactly 0.
    variance_Y
        (k,) weighted variances Σ w (y - mean_Y)² / total: a mean, where `gram` and `cross` are sums.
    """

    n: int
    total: float
    mean_Z: FloatArray
    mean_Y: FloatArray
    gram: FloatArray
    cross: FloatArray
    variance_Y: FloatArray

    @property
    def varying(self) -> NDArray[np.bool_]:
        """Return (d,) whether each feature varies among the rows with positive weight."""
        return np.asarray(self.gram.diagonal() > 0)


def moments(Z: MaskArray, Y: FloatArray, weights: FloatArray) -> Moments:
    """Return the weighted moments of (Z, Y), reading Z once.

    Rows are scaled by √w and multiplied with themselves (one symmetric product per block); masks stay bytes until
    their block's turn. Zero total weight gives zero moments around the plain mean of Y, hence zero weights and no NaN.

    Parameters
    ----------
    Z
        (n, d) perturbations: bytes or booleans for masks, floats for continuous ones.
    Y
        (n, k) outputs.
    weights
        (n,) finite, non-negative.

    Raises
    ------
    InputError
        If the shapes do not agree, or a weight is negative or not finite.

    >>> m = moments(np.array([[0], [1]], dtype=np.uint8), np.array([[1.0], [3.0]]), np.array([1.0, 1.0]))
    >>> m.gram, m.cross, m.variance_Y
    (array([[0.5]]), array([[1.]]), array([1.]))
    """
    total = _checked_total(Z, Y, weights)
    n, d = Z.shape
    if total <= 0.0:
        mean_Y = Y.mean(axis=0) if n else np.zeros(Y.shape[1])
        return Moments(n, 0.0, np.zeros(d), mean_Y, np.zeros((d, d)), np.zeros((d, Y.shape[1])), np.zeros(Y.shape[1]))
    masks = Z.dtype == np.uint8 or Z.dtype == np.bool_
    shift = None if masks else (weights @ Z) / total
    centred, mean_Y = _centred(Y, weights, total)
    sums = _scatter(Z, shift, centred, np.sqrt(weights))
    first, gram = sums[:d, -1], sums[:d, :d]
    gram -= np.multiply.outer(first, first / total)
    cross = sums[:d, d:-1] - np.multiply.outer(first / total, sums[d:-1, -1])
    variance_Y = sums.diagonal()[d:-1] / total
    mean_Z = first / total if shift is None else shift + first / total
    # Masks lose digits to the subtraction above, in proportion to their mean; floats were centred before.
    least = _FLAT * total * (mean_Z if masks else _FLAT * mean_Z**2)
    constant = variance_Y <= (_FLAT * mean_Y) ** 2
    _silence(gram, cross, gram.diagonal() <= least, constant)
    return Moments(n, total, mean_Z, mean_Y, gram, cross, np.where(constant, 0.0, variance_Y))


def solve(
    moments: Moments, *, regularization: float = 0.0, subset: Sequence[int] | NDArray[np.int64] | None = None
) -> tuple[FloatArray, FloatArray]:
    """Return coef (k, d) and intercept (k,) of the weighted ridge regression, all targets in one factorisation.

    Solves (gram + regularization · total · I) coef = cross; the intercept is not penalised. Where the weights are not
    identified (fewer rows than features, duplicate columns), the solution of least norm is returned: the limit of a
    vanishing penalty, which shares a weight equally among duplicates. A feature that does not vary gets exactly 0.

    Parameters
    ----------
    moments
        See `moments`.
    regularization
        Penalty relative to the total weight: ``alpha / total`` gives scikit-learn's ``Ridge(alpha)``. Default 0, so
        that a linear model comes back exactly.
    subset
        Features to fit alone; coef is then (k, len(subset)).

    >>> Z = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.uint8)
    >>> coef, intercept = solve(moments(Z, Z @ [[2.0], [-1.0]] + 5, np.array([1.0, 2.0, 3.0, 4.0])))
    >>> coef.round(9) + 0, intercept.round(9)
    (array([[ 2., -1.]]), array([5.]))
    """
    gram, cross, mean_Z = moments.gram, moments.cross, moments.mean_Z
    if subset is not None:
        columns = np.asarray(subset, dtype=np.int64)
        gram, cross, mean_Z = gram[np.ix_(columns, columns)], cross[columns], mean_Z[columns]
    diagonal = gram.diagonal()
    varying = diagonal > 0
    if varying.all():
        coef = _solve_varying(gram, cross, regularization * moments.total)
    else:
        coef = np.zeros_like(cross)
        kept = np.flatnonzero(varying)
        coef[kept] = _solve_varying(gram[np.ix_(kept, kept)], cross[kept], regularization * moments.total)
    return np.ascontiguousarray(coef.T), moments.mean_Y - mean_Z @ coef


def weighted_r2(moments: Moments, coef: FloatArray) -> FloatArray:
    """Return the weighted R² (k,) in the sample, of weights (k, d) with their best intercept; 1 for a constant target.

    >>> Z = np.array([[0], [1]], dtype=np.uint8)
    >>> m = moments(Z, np.array([[0.0, 7.0], [1.0, 7.0]]), np.ones(2))
    >>> weighted_r2(m, solve(m)[0])
    array([1., 1.])
    """
    scatter = moments.variance_Y * moments.total
    explained = np.einsum("kj,jk->k", coef, 2 * moments.cross - moments.gram @ coef.T)
    constant = scatter <= 0
    return np.where(constant, np.where(explained < 0, 0.0, 1.0), explained / np.where(constant, 1.0, scatter))


def _checked_total(Z: MaskArray, Y: FloatArray, weights: FloatArray) -> float:
    """Return the sum of the weights after checking that the three arrays belong together."""
    if Z.ndim != 2 or Y.ndim != 2 or weights.shape != (Z.shape[0],) or Y.shape[0] != Z.shape[0]:
        raise InputError(
            "neighborhood: expected Z (n, d), Y (n, k) and weights (n,), "
            f"got {Z.shape}, {Y.shape} and {weights.shape}; pass one row and one weight per perturbation."
        )
    total = float(weights.sum())
    if not np.isfinite(total) or (weights.size and weights.min() < 0):
        raise InputError(
            f"weights: expected finite non-negative numbers, got values from {weights.min()} to {weights.max()}; "
            "check the distance and the kernel."
        )
    return total


def _centred(Y: FloatArray, weights: FloatArray, total: float) -> tuple[FloatArray, FloatArray]:
    """Return Y minus its weighted mean, and the mean; a constant target is centred to exact zeros."""
    anchor = Y[np.argmax(weights)]  # a row with positive weight: constants vanish before any rounding
    shifted = Y - anchor
    mean = (weights @ shifted) / total
    shifted -= mean
    return shifted, anchor + mean


def _scatter(Z: MaskArray, shift: FloatArray | None, Y: FloatArray, roots: FloatArray) -> FloatArray:
    """Return A'A for the rows A = √w · [Z - shift, Y, 1], summed over blocks of rows."""
    (n, d), width = Z.shape, Z.shape[1] + Y.shape[1] + 1
    rows = max(1, min(n, _BLOCK_BYTES // (8 * width)))
    sums = np.zeros((width, width))
    A = np.empty((rows, width))
    for start in range(0, n, rows):
        block, stop = A[: min(rows, n - start)], start + rows
        block[:, :d] = Z[start:stop]
        if shift is not None:
            block[:, :d] -= shift
        block[:, d:-1] = Y[start:stop]
        block[:, -1] = 1.0
        block *= roots[start:stop, None]
        sums += block.T @ block
    return sums


def _silence(gram: FloatArray, cross: FloatArray, features: NDArray[np.bool_], targets: NDArray[np.bool_]) -> None:
    """Set what varies by rounding alone to exactly 0, in place."""
    if features.any():
        gram[features] = 0.0
        gram[:, features] = 0.0
        cross[features] = 0.0
    if targets.any():
        cross[:, targets] = 0.0


def _solve_varying(gram: FloatArray, cross: FloatArray, penalty: float) -> FloatArray:
    """Return coef (d, k) for features that all vary: Cholesky on unit-variance columns, least norm where that fails."""
    from scipy.linalg.lapack import dpocon, dpotrf, dpotrs

    if gram.shape[0] == 0:
        return np.zeros_like(cross)
    scale = 1.0 / np.sqrt(gram.diagonal() + penalty)
    scaled = gram * scale[:, None] * scale
    scaled.flat[:: scaled.shape[0] + 1] = 1.0
    right = cross * scale[:, None]
    factor, failed = dpotrf(scaled, lower=True, clean=False)
    if not failed and dpocon(factor, np.abs(scaled).sum(axis=0).max(), uplo="L")[0] > _SINGULAR:
        coef, _ = dpotrs(factor, right, lower=True)
        return np.asarray(coef * scale[:, None])
    return _least_norm(scaled, right, scale)


def _least_norm(scaled: FloatArray, right: FloatArray, scale: FloatArray) -> FloatArray:
    """Return the solution of least Euclidean norm in the original units, its rank decided in unit-variance columns."""
    values, vectors = np.linalg.eigh(scaled)
    identified = values > _SINGULAR * values[-1]
    span = vectors[:, identified]
    coef = scale[:, None] * (span @ ((span.T @ right) / values[identified, None]))
    unidentified, _ = np.linalg.qr(scale[:, None] * vectors[:, ~identified])
    return np.asarray(coef - unidentified @ (unidentified.T @ coef))
