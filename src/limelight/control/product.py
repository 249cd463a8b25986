"""The linear projection of a known function of binned columns under Q, in closed form, for one row of a table.

Enters: a function of independent coordinates as tables of its parts; the row's own codes. Leaves: the weights that the
function would have in LIME's limit. With a Euclidean distance on binary z' and the exponential kernel, Q is a product
measure: each coordinate stays in the row's own bin with probability q_j = p_j / (p_j + ρ (1 − p_j)), where
ρ = exp(−1 / 2w²), and otherwise follows the background's other bins [garreau2020, §3]. Then
β_j = E_Q[g | z_j = 1] − E_Q[g | z_j = 0], and every part below has its expectations in a table, own bin against others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray

ComplexArray = NDArray[np.complex128]


@dataclass(frozen=True)
class ProductParts:
    """g(u) = constant + Σ_j h_j(b_j) + Re Σ_m a_m exp(imω Σ_j s_j), up to terms with mean 0 in every bin.

    The last code of every coordinate stands for "none of the bins": a value that the background never draws.

    Parameters
    ----------
    own
        (c, B + 1) p(b), the probability of each code; 0 for padding.
    constant
        The constant.
    additive
        (c, B + 1, 2): h_j in the own bin, and its mean over the others.
    waves
        (c, B + 1, 2, M): E[exp(imω s_j)] in the own bin, and over the others.
    amplitudes
        (M,) a_m.
    """

    own: FloatArray
    constant: float
    additive: FloatArray
    waves: ComplexArray
    amplitudes: ComplexArray

    def project(self, codes: NDArray[np.int64], ratio: float) -> tuple[FloatArray, float]:
        """Return coef (c,) and intercept of g under Q for a row with these codes (−1: none of the bins).

        Parameters
        ----------
        codes
            (c,) the row's own code of every coordinate.
        ratio
            ρ, the factor by which the kernel shrinks for each coordinate that differs.
        """
        rows = np.arange(len(codes))
        probability = self.own[rows, codes]
        stay = probability / (probability + ratio * (1.0 - probability))
        values = self.additive[rows, codes]
        change = values[:, 0] - values[:, 1]
        waved, wave_mean = self._wave_effects(self.waves[rows, codes], stay)
        mean = self.constant + float(values[:, 1].sum() + stay @ change) + wave_mean
        coef = np.where((probability <= 0.0) | (probability >= 1.0), 0.0, change + waved)
        return coef, mean - float(stay @ coef)

    def _wave_effects(self, waves: ComplexArray, stay: FloatArray) -> tuple[FloatArray, float]:
        """Return (c,) effects, (own − others) times the product over all other coordinates, and the mean."""
        change = waves[:, 0] - waves[:, 1]
        mixed = waves[:, 1] + stay[:, None] * change
        before = np.ones_like(mixed)
        before[1:] = np.cumprod(mixed[:-1], axis=0)
        after = np.ones_like(mixed)
        after[:-1] = np.cumprod(mixed[:0:-1], axis=0)[::-1]
        effects = (change * before * after) @ self.amplitudes
        return np.asarray(effects.real), float((before[-1] * mixed[-1] @ self.amplitudes).real)


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
        others = (total - share * value) / np.maximum(1.0 - share, 1e-12)
        rows[: len(value), 0] = value
        rows[: len(value), 1] = np.where(1.0 - share > 1e-12, others, value)
        rows[-1] = total
    return table
