"""The linear projection of a known function of masks under Q, without asking the model.

Input: the sizes' law q(s) of an exchangeable Q, and a function: its values on the masks of a `Projection`, or its
coefficients as a `Polynomial`. Output: the function's intercept and weights in LIME's limit. Under Q the Gram matrix of
the masks is known, (m₁ − m₂) I + (m₂ − m₁²) 11', so that E[f] and E[z_j f] say everything [mardaoui2021, §3]. Up to
2^16 masks are enumerated, and the projection is exact. Beyond, a function's nearest polynomial is projected in closed
form, and complement pairs with complete small strata stand in for what it leaves: little, so that few are enough.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from math import comb
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.local.sampling import (
    MaskPlan,
    all_masks,
    complete_sizes,
    design_weights,
    inclusion_moments,
    log_binomials,
    masks_of_size,
)

EXACT_FEATURES = 16
"""2^16 masks cost milliseconds; each further feature doubles them."""

_BYTES = 2**22  # masks of one sampled projection: N · d
_LEAST = 8_000
_LEAST_SPREAD = 1e-9  # below this variance of the features, or of their sum, Q does not identify the weights


@dataclass(frozen=True)
class Projection:
    """Masks that stand for Q, each with its complement: what is odd or even in z − ½ is computed once for both.

    Parameters
    ----------
    H
        (m, d) z − ½ of one mask of every two.
    kept
        (m,) its size.
    mass
        (d + 1,) the probability that one mask of each size stands for, under Q.
    sizes
        q(s), s = 0..d.
    """

    H: NDArray[np.float32]
    kept: NDArray[np.int64]
    mass: FloatArray
    sizes: FloatArray

    @property
    def sides(self) -> tuple[tuple[float, NDArray[np.int64]], ...]:
        """Return the sign of H and the sizes (m,) of the masks, then those of their complements."""
        return (1.0, self.kept), (-1.0, self.H.shape[1] - self.kept)

    @property
    def weights(self) -> FloatArray:
        """Return (2, m) the masks' and the complements' weights, summing to 1."""
        return np.stack([self.mass[kept] for _, kept in self.sides])

    def project(self, values: FloatArray) -> tuple[FloatArray, float]:
        """Return coef (d,) and intercept of the values (2, m) regressed on the masks under Q.

        Where the masks are a sample, its noise is small only for values that a linear function does not explain.
        """
        weights = self.weights
        mean = float((weights * values).sum())
        masks, complements = weights * (values - mean)
        return known_regression(self.sizes, mean, _products(self.H, masks - complements))


@dataclass(frozen=True)
class Polynomial:
    """f(z) = constant + size(|z|) + Σ_j (linear_j + bent_j (u − ½)) z̃_j + Σ_e interactions_e z̃_a z̃_b + c₂ t² + c₃ t³.

    Here z̃ = z − ½, u = |z| / d and t = Σ_j slopes_j z̃_j.

    Parameters
    ----------
    constant
        The constant.
    size
        (d + 1,) the part that depends on the number of kept features alone, s = 0..d.
    linear, bent
        (d,) coefficients of z̃ = z − ½, and of z̃ (u − ½).
    pairs, interactions
        (e, 2) pairs of features and (e,) their coefficients.
    slopes, powers
        (d,) coefficients in t, and (c₂, c₃).
    """

    constant: float
    size: FloatArray
    linear: FloatArray
    bent: FloatArray
    pairs: NDArray[np.int64]
    interactions: FloatArray
    slopes: FloatArray
    powers: tuple[float, float]

    def project(self, sizes: FloatArray) -> tuple[FloatArray, float]:
        """Return coef (d,) and intercept in LIME's limit, exactly, under the exchangeable law q(s), s = 0..d.

        >>> linear, pair = np.array([0.5, 0.5, 0.0]), np.array([[0, 1]])
        >>> none = np.zeros(3)
        >>> product = Polynomial(0.25, np.zeros(4), linear, none, pair, np.ones(1), none, (0.0, 0.0))  # z_0 z_1
        >>> coef, intercept = product.project(np.array([1, 3, 3, 1]) / 8)
        >>> coef.round(9) + 0, round(intercept, 9)
        (array([0.5, 0.5, 0. ]), -0.25)
        """
        parts = [self._by_size(sizes), self._of_pairs(sizes), self._of_powers(sizes)]
        parts += [_of_slopes(sizes, self.linear, None), _of_slopes(sizes, self.bent, _share(sizes) - 0.5)]
        mean = sum(part[0] for part in parts)
        with_features = np.sum([part[1] for part in parts], axis=0)
        return known_regression(sizes, mean, with_features - _signed_moments(sizes)[1] * mean)

    def _by_size(self, sizes: FloatArray) -> tuple[float, FloatArray]:
        """Return E[f] and E[z̃_j f] (d,) of the constant and of what depends on the size alone."""
        values = sizes * (self.constant + self.size)
        return float(values.sum()), np.full(len(self.linear), float(values @ (_share(sizes) - 0.5)))

    def _of_pairs(self, sizes: FloatArray) -> tuple[float, FloatArray]:
        """Return E[f] and E[z̃_j f] (d,) of the interactions; z̃² = ¼."""
        m = _signed_moments(sizes)
        total = float(self.interactions.sum())
        touching = np.bincount(self.pairs.ravel(), np.repeat(self.interactions, 2), minlength=len(self.linear))
        return m[2] * total, m[3] * (total - touching) + m[1] / 4 * touching

    def _of_powers(self, sizes: FloatArray) -> tuple[float, FloatArray]:
        """Return E[f] and E[z̃_j f] (d,) of c₂ t² + c₃ t³, with t = b z̃_j + T expanded at each feature; z̃² = ¼."""
        m = _signed_moments(sizes)
        b = self.slopes
        second, third = self.powers
        square, cube = _mean_powers(m[:4], [float((b**p).sum()) for p in (1, 2, 3)])
        rest = [(b**p).sum() - b**p for p in (1, 2, 3)]
        rest_square, _ = _mean_powers(m[:4], rest)  # E[T²]
        square_with, cube_with = _mean_powers(m[1:], rest)  # E[z̃_j T²], E[z̃_j T³]
        of_square = b**2 / 4 * m[1] + b / 2 * m[1] * rest[0] + square_with
        of_cube = b**3 / 16 + 3 / 4 * b**2 * m[2] * rest[0] + 3 / 4 * b * rest_square + cube_with
        return float(second * square + third * cube), second * of_square + third * of_cube


def _mean_powers(moments: Sequence[float], sums: Sequence[Any]) -> tuple[Any, Any]:
    """Return E[t²] and E[t³] for t = Σ b z̃ with power sums s_p = Σ b^p, where m_r = E[z̃_1 … z̃_r]; z̃² = ¼."""
    m0, m1, m2, m3 = moments
    s1, s2, s3 = sums
    square = m0 * s2 / 4 + m2 * (s1**2 - s2)
    cube = m1 * (s3 / 4 + 3 / 4 * (s2 * s1 - s3)) + m3 * (s1**3 - 3 * s1 * s2 + 2 * s3)
    return square, cube


def _of_slopes(sizes: FloatArray, slopes: FloatArray, bend: FloatArray | None) -> tuple[float, FloatArray]:
    """Return E[f] and E[z̃_j f] (d,) of f = Σ_k slopes_k z̃_k h(|z|), h = 1 or as in `bend`."""
    d = len(slopes)
    s = np.arange(d + 1.0)
    law = sizes if bend is None else sizes * bend
    none = float(law.sum())
    one = float(law @ s) / d
    both = float(law @ (s * (s - 1))) / max(d * (d - 1), 1)
    other = both - one + none / 4  # E[z̃_j z̃_k h]
    total = float(slopes.sum())
    return (one - none / 2) * total, none / 4 * slopes + other * (total - slopes)


def _share(sizes: FloatArray) -> FloatArray:
    """Return P(z_j = 1 | s) = s / d."""
    return np.arange(len(sizes)) / max(len(sizes) - 1, 1)


def _signed_moments(sizes: FloatArray) -> tuple[float, ...]:
    """Return E[z̃_1 … z̃_r], r = 0..4, of different features, by expanding z̃ = z − ½."""
    m = inclusion_moments(sizes, 4)
    return tuple(float(sum(comb(r, i) * m[i] * (-0.5) ** (r - i) for i in range(r + 1))) for r in range(5))


def known_regression(sizes: FloatArray, mean: float, products: FloatArray) -> tuple[FloatArray, float]:
    """Return coef (d,) and intercept of f regressed on z under Q, from E[f] and Cov(z_j, f) (d,).

    >>> known_regression(np.array([0.25, 0.5, 0.25]), 1.0, np.array([0.5, 0.0]))
    (array([2., 0.]), 0.0)
    """
    _, first, second = inclusion_moments(sizes, 2)
    own = first - second
    shared = second - first**2
    coef = (products - shared / (own + len(products) * shared) * products.sum()) / own
    return np.asarray(coef), float(mean - first * coef.sum())


def identifies(sizes: FloatArray) -> bool:
    """Return whether the weights follow from Q: each feature varies, and so does their sum."""
    _, first, second = inclusion_moments(sizes, 2)
    own = first - second
    shared = second - first**2
    return bool(own > _LEAST_SPREAD and own + (len(sizes) - 1) * shared > _LEAST_SPREAD)


def rows_needed(n: int, n_features: int) -> int:
    """Return how many masks a projection takes so that its own noise is small beside that of n model rows.

    Eight times n where memory allows: only what a polynomial leaves of the function is projected by them.

    >>> rows_needed(1000, 50), rows_needed(5000, 50), rows_needed(5000, 1000)
    (8000, 40000, 4194)
    """
    return min(max(8 * n, _LEAST), _BYTES // max(n_features, 1))


@lru_cache(maxsize=8)
def projection(sizes: tuple[float, ...], rows: int) -> Projection:
    """Return the projection under the exchangeable law with size probabilities `sizes`; one per law, then remembered.

    Parameters
    ----------
    sizes
        q(s), s = 0..d, as of `sampling.weighted_size_law`.
    rows
        Number of masks where there are too many to enumerate.
    """
    law = np.array(sizes)
    n_features = len(sizes) - 1
    if n_features <= EXACT_FEATURES:
        with np.errstate(divide="ignore"):
            mass = np.exp(np.log(law) - log_binomials(n_features))
        # half of all masks: the complements come with them
        firsts = all_masks(n_features)[1::2]
    else:
        firsts, mass = _sampled_firsts(law, rows)
    kept = firsts.sum(axis=1, dtype=np.int64)
    mass = mass / law.sum()
    return Projection(firsts - np.float32(0.5), kept, mass, law / law.sum())


def _sampled_firsts(law: FloatArray, rows: int) -> tuple[NDArray[np.uint8], FloatArray]:
    """Return one of every two masks (m, d), 2m ≈ rows: all of the small strata, then a sample; and the mass of each."""
    n_features = len(law) - 1
    complete = complete_sizes(law, rows)
    draws = MaskPlan(tuple(law), complete, "pairs", exhaustive=False).draw(rows, np.random.default_rng(0), first=True)
    mass = np.zeros(n_features + 1)
    mass[draws.Z.sum(axis=1)] = design_weights(draws.importance, draws.enumerated)
    small = [masks_of_size(n_features, size) for size in complete]
    sampled = draws.Z[~draws.enumerated]
    return np.concatenate([*(Z[Z[:, 0] == 1] for Z in small), sampled[: len(sampled) // 2]]), mass


def _products(H: NDArray[np.float32], values: FloatArray) -> FloatArray:
    """Return values @ H block by block: single precision becomes double only where it is multiplied."""
    total = np.zeros(H.shape[1])
    for start in range(0, len(H), 8192):
        total += values[start : start + 8192] @ H[start : start + 8192]
    return total
