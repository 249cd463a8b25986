"""The weighted first and second moments of (Z, Y), read once.

Input: perturbations `Z (n, d)`, outputs `Y (n, k)`, `weights (n,)`. Output: `Moments`, all that a linear fit, the
selection of its features and its score need to know (`surrogate.py`, `selection.py`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, MaskArray
from limelight.errors import InputError
from limelight.local.pairs import Folded

_BLOCK_BYTES = 2**20  # rows are read in blocks of floats of this size: memory stays flat however wide Z is
_NARROW = 24  # width from which the symmetric product beats the general one
_FLAT = 1e-13  # a column or target that varies less than this, relative to its size, varies by rounding alone


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
        (d, d) weighted centred sums Σ w (z - mean_Z)(z - mean_Z)'; exactly 0 in the row and column of a feature that
        does not vary.
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


def moments(Z: MaskArray, Y: FloatArray, weights: FloatArray, *, folded: Folded | None = None) -> Moments:
    """Return the weighted moments of (Z, Y), reading Z once.

    Masks stay bytes until their block's turn, so that memory stays flat. Zero total weight gives zero moments around
    the plain mean of Y, hence zero weights and no NaN.

    Parameters
    ----------
    Z
        (n, d) perturbations: bytes or booleans for masks, floats for continuous ones.
    Y
        (n, k) outputs.
    weights
        (n,) finite, non-negative.
    folded
        The same masks folded into complement pairs, where they are at hand: half the work.

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
    if folded is not None:
        return _folded_moments(folded, Y, weights, total)
    masks = Z.dtype == np.uint8 or Z.dtype == np.bool_
    shift = None if masks else (weights @ Z) / total
    centred, mean_Y = _centred(Y, weights, total)
    sums = _scatter(Z, shift, centred, weights)
    first = sums[:d, -1]
    gram = sums[:d, :d]
    gram -= np.multiply.outer(first, first / total)
    cross = sums[:d, d:-1] - np.multiply.outer(first / total, sums[d:-1, -1])
    variance_Y = sums.diagonal()[d:-1] / total
    mean_Z = first / total if shift is None else shift + first / total
    # Masks lose digits to the subtraction above, in proportion to their mean; floats were centred before.
    least = _FLAT * total * (mean_Z if masks else _FLAT * mean_Z**2)
    constant = variance_Y <= (_FLAT * mean_Y) ** 2
    _silence(gram, cross, gram.diagonal() <= least, constant)
    return Moments(n, total, mean_Z, mean_Y, gram, cross, np.where(constant, 0.0, variance_Y))


def _folded_moments(folded: Folded, Y: FloatArray, weights: FloatArray, total: float) -> Moments:
    """Return the moments from half-rows: Σ w z̃ z̃' takes the sum of a pair's weights, Σ w z̃ their difference."""
    centred, mean_Y = _centred(Y, weights, total)
    weighted = weights[:, None] * centred
    scaled = folded.H * np.sqrt(folded.plus(weights))[:, None]
    first = folded.minus(weights) @ folded.H
    gram = scaled.T @ scaled - np.multiply.outer(first, first / total)
    cross = folded.H.T @ folded.minus(weighted) - np.multiply.outer(first / total, weighted.sum(axis=0))
    variance_Y = np.einsum("ij,ij->j", weighted, centred) / total
    constant = variance_Y <= (_FLAT * mean_Y) ** 2
    _silence(gram, cross, gram.diagonal() <= _FLAT * total, constant)
    mean_Z = folded.middle + first / total
    return Moments(len(Y), total, mean_Z, mean_Y, gram, cross, np.where(constant, 0.0, variance_Y))


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


def _scatter(Z: MaskArray, shift: FloatArray | None, Y: FloatArray, weights: FloatArray) -> FloatArray:
    """Return A'WA for the rows A = [Z - shift, Y, 1], summed over blocks of rows.

    Blocks are held with a row per feature, where scaling is contiguous. Few features: weigh one factor of a general
    product; more: scale by √w and let numpy use the symmetric product, half the work (measured: even at 24).
    """
    n, d = Z.shape
    width = Z.shape[1] + Y.shape[1] + 1
    rows = max(1, min(n, _BLOCK_BYTES // (8 * width)))
    narrow = width < _NARROW
    scale = weights if narrow else np.sqrt(weights)
    sums = np.zeros((width, width))
    space = np.empty((2 if narrow else 1, width, rows))
    for start in range(0, n, rows):
        taken = slice(start, min(start + rows, n))
        A = space[0, :, : taken.stop - start]
        scaled = space[-1, :, : taken.stop - start]
        A[:d] = Z[taken].T
        if shift is not None:
            A[:d] -= shift[:, None]
        A[d:-1] = Y[taken].T
        A[-1] = 1.0
        np.multiply(A, scale[taken], out=scaled)
        sums += (A if narrow else scaled) @ scaled.T
    return sums


def _silence(gram: FloatArray, cross: FloatArray, features: NDArray[np.bool_], targets: NDArray[np.bool_]) -> None:
    """Set what varies by rounding alone to exactly 0, in place."""
    if features.any():
        gram[features] = 0.0
        gram[:, features] = 0.0
        cross[features] = 0.0
    if targets.any():
        cross[:, targets] = 0.0
