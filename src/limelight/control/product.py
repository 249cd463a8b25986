"""The linear projection of a known function of binned columns under Q, in closed form, for rows of a table.

Input: a function of independent coordinates as tables of its parts; rows' own codes. Output: the weights that the
function would have in LIME's limit. With a Euclidean distance on binary z' and the exponential kernel, Q is a product
measure: each coordinate stays in the row's own bin with probability q_j = p_j / (p_j + ρ (1 − p_j)), where
ρ = exp(−1 / 2w²), and otherwise follows the background's other bins [garreau2020, §3]. Then
β_j = E_Q[g | z_j = 1] − E_Q[g | z_j = 0], and every part below has its expectations in a table, own bin against others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray

ComplexArray = NDArray[np.complex128]


@dataclass(frozen=True)
class PairPart:
    """A table T of two coordinates, as the projection reads it.

    Parameters
    ----------
    first, second
        The coordinates.
    corners
        (B_first + 1, B_second + 1, 4, …): T[own, own], T[others, own], T[own, others], T[others, others]. The last code
        of either stands for "none of the bins".
    """

    first: int
    second: int
    corners: FloatArray


@dataclass(frozen=True)
class ProductParts:
    """g(u) = constant + Σ_j h_j(b_j) + Re Σ_m a_m Π_j φ_jm(b_j) + Σ T(b_j, b_k), up to terms with mean 0 in every bin.

    The last code of every coordinate stands for "none of the bins": a value that the background never draws. There
    every part is its mean over the coordinate's law, so that g does not depend on it. Several functions of the same
    form (those of all folds) are held side by side in a last axis, written … here.

    Parameters
    ----------
    own
        (c, B + 1) p(b), the probability of each code; 0 for padding.
    constant
        (…) the constant.
    additive
        (c, B + 1, 2, …): h_j in the own bin, and its mean over the others.
    waves
        (c, B + 1, 2, M): E[exp(imφ s_j)] in the own bin, and over the others.
    amplitudes
        (M, …) a_m.
    pairs
        Tables of pairs.
    """

    own: FloatArray
    constant: FloatArray
    additive: FloatArray
    waves: ComplexArray
    amplitudes: ComplexArray
    pairs: tuple[PairPart, ...] = ()

    def complement(self) -> ProductParts:
        """Return the parts of 1 − g."""
        pairs = tuple([replace(pair, corners=-pair.corners) for pair in self.pairs])
        constant, additive = 1.0 - self.constant, -self.additive
        return replace(self, constant=constant, additive=additive, amplitudes=-self.amplitudes, pairs=pairs)

    def project(self, codes: NDArray[np.int64], ratio: float) -> tuple[FloatArray, FloatArray]:
        """Return coef (*S, c, …) and intercept (*S, …) of g under Q for rows with these codes (−1: none of the bins).

        Parameters
        ----------
        codes
            (*S, c) the rows' own code of every coordinate: of one row, or of a stack of S.
        ratio
            ρ, the factor by which the kernel shrinks for each coordinate that differs.
        """
        rows = np.arange(codes.shape[-1])
        stay = self.stay(codes, ratio)
        share = self._beside_functions(stay)
        own, others = np.moveaxis(self.additive[rows, codes], codes.ndim, 0)
        along = codes.ndim - 1  # the axis of coordinates
        coef: FloatArray = own - others
        mean = self.constant + others.sum(axis=along) + (share * coef).sum(axis=along)
        if len(self.amplitudes):
            waved, wave_mean = self._wave_effects(self.waves[rows, codes], stay)
            coef, mean = coef + waved, mean + wave_mean
        for pair in self.pairs:
            j, k = (..., pair.first), (..., pair.second)
            corners = pair.corners[codes[j], codes[k]]
            both, other_own, own_other, neither = np.moveaxis(corners, along, 0)
            q_j, q_k = self._beside_functions(stay[j]), self._beside_functions(stay[k])
            first = q_k * (both - other_own) + (1.0 - q_k) * (own_other - neither)
            by_coordinate = np.moveaxis(coef, along, 0)
            by_coordinate[pair.first] += first
            by_coordinate[pair.second] += q_j * (both - own_other) + (1.0 - q_j) * (other_own - neither)
            mean = mean + q_k * other_own + (1.0 - q_k) * neither + q_j * first
        # a column whose own bin is all there is has nothing to be compared with
        coef[self.own[rows, codes] >= 1.0] = 0.0
        return coef, np.asarray(mean - (share * coef).sum(axis=along))

    def _beside_functions(self, values: FloatArray) -> FloatArray:
        """Return values with an axis of length 1 for each axis of functions that are held side by side."""
        return values.reshape(values.shape + (1,) * np.ndim(self.constant))

    def stay(self, codes: NDArray[np.int64], ratio: float) -> FloatArray:
        """Return (*S, c) with what probability each coordinate stays in the own bin under Q."""
        probability = self.own[np.arange(codes.shape[-1]), codes]
        return np.asarray(probability / (probability + ratio * (1.0 - probability)))

    def levels(
        self, codes: NDArray[np.int64], ratio: float, owner: NDArray[np.int64], bins: NDArray[np.int64]
    ) -> FloatArray:
        """Return (*S, B, …) E_Q[g | a coordinate in a bin], the others as around the row, up to a constant for each.

        Parameters
        ----------
        codes
            (*S, c) the rows' own code of every coordinate.
        ratio
            ρ, as in `project`.
        owner, bins
            (B,) coordinates and bins.
        """
        rows, along = np.arange(codes.shape[-1]), codes.ndim - 1
        stay = self.stay(codes, ratio)
        common = self.additive[owner, bins, 0]
        found: FloatArray = np.broadcast_to(common, (*codes.shape[:-1], *common.shape)).copy()
        if len(self.amplitudes):
            others = _products_of_others(self._mixed(self.waves[rows, codes], stay))
            found += ((self.waves[owner, bins, 0] * others[..., owner, :]) @ self.amplitudes).real
        for pair in self.pairs:
            for mine, other, place in ((pair.first, pair.second, 2), (pair.second, pair.first, 1)):
                here = np.flatnonzero(owner == mine)
                there = codes[..., other, None]
                if mine == pair.first:
                    at = (bins[here], there)
                else:
                    at = (there, bins[here])
                corner = np.moveaxis(pair.corners[at], along + 1, 0)
                share = self._beside_functions(stay[..., other, None])
                found[(slice(None),) * along + (here,)] += share * corner[0] + (1.0 - share) * corner[place]
        return found

    @staticmethod
    def _mixed(waves: ComplexArray, stay: FloatArray) -> ComplexArray:
        """Return (*S, c, M) the mean of each coordinate's factors under Q."""
        own, others = waves[..., 0, :], waves[..., 1, :]
        return np.asarray(others + stay[..., None] * (own - others))

    def _wave_effects(self, waves: ComplexArray, stay: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return (*S, c, …) effects, (own − others) times the product over all other coordinates, and the mean."""
        mixed = self._mixed(waves, stay)
        others = _products_of_others(mixed)
        effects = ((waves[..., 0, :] - waves[..., 1, :]) * others) @ self.amplitudes
        whole = (others[..., -1, :] * mixed[..., -1, :])[..., None, :] @ self.amplitudes
        return np.asarray(effects.real), np.asarray(np.take(whole, 0, axis=stay.ndim - 1).real)


def _products_of_others(factors: ComplexArray) -> ComplexArray:
    """Return for each coordinate's factors (*S, c, M) the product of those of all others.

    >>> _products_of_others(np.array([[2.0], [3.0], [5.0]])).ravel().tolist()
    [15.0, 10.0, 6.0]
    """
    before, after = np.ones_like(factors), np.ones_like(factors)
    # not the product of all divided by one: a factor may be zero
    before[..., 1:, :] = np.cumprod(factors[..., :-1, :], axis=-2)
    after[..., :-1, :] = np.cumprod(factors[..., :0:-1, :], axis=-2)[..., ::-1, :]
    return np.asarray(before * after)


def own_and_others(values: Sequence[NDArray[Any]], probabilities: Sequence[FloatArray]) -> NDArray[Any]:
    """Return for every coordinate and code the value in its bin and the mean over the other bins (c, B + 1, 2, …).

    Coordinates with fewer than B bins are padded; the last entry is "no bin": twice the mean over all bins.

    Parameters
    ----------
    values
        For each coordinate (B_j, …), one value for every bin.
    probabilities
        For each coordinate (B_j,), the bins' probabilities under the background.

    >>> own_and_others([np.array([1.0, 5.0])], [np.array([0.5, 0.5])])[0].tolist()
    [[1.0, 5.0], [5.0, 1.0], [3.0, 3.0]]
    """
    widest = max(len(each) for each in probabilities)
    table = np.zeros((len(values), widest + 1, 2, *values[0].shape[1:]), values[0].dtype)
    for rows, value, probability in zip(table, values, probabilities, strict=True):
        total = np.tensordot(probability, value, axes=1)
        share = probability.reshape(-1, *[1] * (value.ndim - 1))
        # the mean over the others, from the mean over all: one pass for every bin
        others = (total - share * value) / np.maximum(1.0 - share, 1e-12)
        rows[: len(value), 0] = value
        rows[: len(value), 1] = np.where(1.0 - share > 1e-12, others, value)
        rows[-1] = total
    return table


def pair_part(first: int, second: int, cells: FloatArray, shares: tuple[FloatArray, FloatArray]) -> PairPart:
    """Return a table (B_first, B_second, …) as its corners, given the probabilities of both coordinates' bins."""
    # along one coordinate at a time: own bin, and the mean over the others
    along_first = own_and_others([cells], [shares[0]])[0]
    corners = np.empty((along_first.shape[0], len(shares[1]) + 1, 4, *cells.shape[2:]))
    for at, row in enumerate(along_first):
        own = own_and_others([row[0]], [shares[1]])[0]
        others = own_and_others([row[1]], [shares[1]])[0]
        corners[at] = np.stack([own[:, 0], others[:, 0], own[:, 1], others[:, 1]], axis=1)
    return PairPart(first, second, corners)


def own_probabilities(probabilities: Sequence[FloatArray]) -> FloatArray:
    """Return (c, B + 1) the probability of each code; 0 for padding and for "no bin"."""
    table = own_and_others([np.asarray(each, float) for each in probabilities], probabilities)[:, :, 0]
    table[:, -1] = 0.0
    return np.asarray(table)
