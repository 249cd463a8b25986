"""What of the answers to masks is chance: a noisy model's own, and that of fills that are drawn.

Input: a neighborhood of masks. Output: for each target the share of the weighted variance that is there between answers
to one and the same mask. No feature is behind it, and no two act together in it: what adds up is a share of the rest.

A noisy model's answers come with their variances. Where what hidden features show is drawn, the answers to masks that
occur more than once tell it, mask size by mask size (small and large masks repeat more often, and hide more or less);
sizes without repeats lie between their neighbours. With many features hardly any mask repeats, and nobody knows.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Neighborhood

FEWEST = 30
"""Degrees of freedom below which the variance of repeats is too rough (its error: a quarter and more)."""
SEEN = 0.5
"""Sizes with repeats must have this share of the weight: most of what the fit sees, the rest is read off neighbours."""


@dataclass(frozen=True, slots=True)
class Chance:
    """How much of the answers is chance.

    Parameters
    ----------
    share, stderr
        (k,) the share of the weighted variance, and the standard error of what it leaves; NaN where they are not known.
    """

    share: FloatArray
    stderr: FloatArray


def chance(neighborhood: Neighborhood, *, drawn: bool) -> Chance:
    """Return how much of the answers to masks is chance.

    Parameters
    ----------
    neighborhood
        The masks, their answers and weights.
    drawn
        Whether what hidden features show is drawn anew for each row.

    >>> Z = np.tile(np.array([[0], [0], [1], [1]], np.uint8), (20, 1))
    >>> Y = 2.0 * Z + np.tile([[0.0], [1.0]], (40, 1))
    >>> found = chance(Neighborhood(Z, Y, np.ones(80), np.ones(1), np.zeros(80, bool), np.arange(80)), drawn=True)
    >>> found.share.round(2)
    array([0.21])
    """
    k = neighborhood.Y.shape[1]
    if not drawn and neighborhood.noise is None:
        return Chance(np.zeros(k), np.zeros(k))
    weights = neighborhood.weights / max(float(neighborhood.weights.sum()), 1e-300)
    variance = weights @ np.square(neighborhood.Y - weights @ neighborhood.Y)
    # rows that were asked repeatedly say it themselves; drawn fills show it only where a mask came twice
    if not drawn and neighborhood.noise is not None:
        found = weights @ neighborhood.noise
        error = np.sqrt(2 * np.square(weights) @ np.square(neighborhood.noise))
    else:
        found, error = _between_repeats(neighborhood, weights)
    moved = variance > 0
    scale = np.where(moved, variance, 1.0)
    return Chance(np.where(moved, found / scale, np.nan), np.where(moved, error / scale, np.nan))


def _between_repeats(neighborhood: Neighborhood, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (k,) the weighted mean variance of answers to equal masks, and its standard error; NaN for too few."""
    Z, Y = neighborhood.Z, neighborhood.Y
    mask, counts = _equal(Z)
    means = np.stack([np.bincount(mask, column) for column in Y.T], axis=1) / counts[:, None]
    squares = np.square(Y - means[mask])
    size = Z.sum(axis=1, dtype=np.int64)
    d = Z.shape[1]
    # each mask that occurs c times tells c − 1 times how far answers to it are apart
    free = np.bincount(size, (counts[mask] - 1) / counts[mask], d + 1)
    known = free > 0.5
    if free.sum() < FEWEST or weights[known[size]].sum() < SEEN:
        return np.full(Y.shape[1], np.nan), np.full(Y.shape[1], np.nan)
    sizes = np.arange(d + 1)
    own = np.stack([np.bincount(size, column, d + 1) for column in squares.T], axis=1)[known] / free[known, None]
    variance = np.stack([np.interp(sizes, sizes[known], column) for column in own.T], axis=1)
    # what each size with repeats stands for: its own weight, and parts of those of the sizes beside it
    shares = np.stack([np.interp(sizes, sizes[known], row) for row in np.eye(known.sum())], axis=1)
    stands = np.zeros(d + 1)
    stands[known] = np.bincount(size, weights, d + 1) @ shares
    factor = np.divide(stands, free, out=np.zeros(d + 1), where=known)
    found = np.bincount(size, weights, d + 1) @ variance
    of_mask = np.zeros(len(counts), dtype=np.int64)
    of_mask[mask] = size
    weight = np.bincount(mask, weights) / counts
    spread = _spread_of_squares(size, squares, variance)
    return found, _error((weight, counts), of_mask, factor, variance, spread)


def _spread_of_squares(size: NDArray[np.int64], squares: FloatArray, variance: FloatArray) -> FloatArray:
    """Return (d + 1, k) the variance of the squared deviations of answers, by the size of their mask."""
    sizes = len(variance)
    rows = np.bincount(size, minlength=sizes)[:, None]
    fourth = np.stack([np.bincount(size, np.square(column), sizes) for column in squares.T], axis=1)
    # normal answers' squares vary by 2 σ⁴; those of long tails by more
    found = fourth / np.maximum(rows, 1) - np.square(variance)
    return np.asarray(np.maximum(found, 2 * np.square(variance)))


def _error(
    masks: tuple[FloatArray, NDArray[np.intp]],
    of_mask: NDArray[np.int64],
    factor: FloatArray,
    variance: FloatArray,
    spread: FloatArray,
) -> FloatArray:
    """Return (k,) the standard error of what is left of the variance when chance is taken out of it.

    The variance of all answers holds the same chance. What varies is the means of masks, which chance moves by its
    variance over their number, and the squares in which a mask's weight differs from what its size stands for.

    Parameters
    ----------
    masks
        The weight and the number of answers of each different mask.
    of_mask
        Its size.
    factor, variance, spread
        By size: what a square stands for, the variance of answers to one mask, and that of their squares.
    """
    weight, counts = masks
    moved = 2 * np.square(weight)[:, None] * np.square(variance)[of_mask]
    left = (np.square(weight - factor[of_mask]) * (counts - 1))[:, None] * spread[of_mask]
    return np.asarray(np.sqrt((moved + left).sum(axis=0)))


def _equal(Z: NDArray[np.uint8]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the number (n,) of each row's mask, and how often each mask occurs."""
    packed = np.ascontiguousarray(np.packbits(Z != 0, axis=1))
    if not packed.shape[1]:
        return np.zeros(len(Z), dtype=np.intp), np.array([len(Z)])
    rows = packed.view(np.dtype((np.void, packed.shape[1])))[:, 0]
    _, inverse, counts = np.unique(rows, return_inverse=True, return_counts=True)
    return inverse.reshape(-1), counts
