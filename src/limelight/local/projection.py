"""The linear projection of a known function of masks under Q, exactly or nearly so, without asking the model.

Enters: the sizes' law q(s) of an exchangeable Q, and a function's values on the masks of a `Projection`. Leaves: the
function's intercept and weights in LIME's limit. Up to 2^16 masks are enumerated and the projection is exact; beyond,
complement pairs with complete small strata stand in, far more of them than the model is ever asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.local.sampling import MaskPlan, all_masks, complete_sizes, design_weights, log_binomials

EXACT_FEATURES = 16
"""2^16 masks cost milliseconds; each further feature doubles them."""

_BYTES = 2**24  # masks of one sampled projection: N · d
_LARGEST = 100_000


@dataclass(frozen=True)
class Projection:
    """Masks that stand for Q, and the matrix that turns a function's values on them into weights.

    Parameters
    ----------
    Z
        (N, d) masks.
    weights
        (N,) their probabilities under Q, summing to 1.
    center
        (d,) weighted mean of Z.
    inverse
        (d, d) inverse of the centred Gram matrix.
    """

    Z: NDArray[np.uint8]
    weights: FloatArray
    center: FloatArray
    inverse: FloatArray

    def project(self, values: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return coef (k, d) and intercept (k,) of the values (N, k) regressed on Z under Q."""
        weighted = self.weights[:, None] * values
        mean = weighted.sum(axis=0)
        cross = np.stack([_products(self.Z, column) for column in weighted.T]) - mean[:, None] * self.center
        coef = cross @ self.inverse
        return coef, mean - coef @ self.center


def rows_needed(n: int, n_features: int) -> int:
    """Return how many masks a projection takes so that its own noise is small beside that of n model rows.

    Fifty times n where memory allows; the cap of 100,000 costs a tenth of the gain at n = 5,000.

    >>> rows_needed(1000, 50), rows_needed(5000, 50), rows_needed(5000, 1000)
    (50000, 100000, 16777)
    """
    return min(max(50 * n, 20_000), _LARGEST, _BYTES // max(n_features, 1))


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
    n_features = len(sizes) - 1
    if n_features <= EXACT_FEATURES:
        Z = all_masks(n_features)
        with np.errstate(divide="ignore"):
            each = np.exp(np.log(np.array(sizes)) - log_binomials(n_features))
        weights = each[Z.sum(axis=1)]
    else:
        plan = MaskPlan(sizes, complete_sizes(np.array(sizes), rows), "pairs", exhaustive=False)
        draws = plan.draw(rows, np.random.default_rng(0), first=True)
        Z, weights = draws.Z.astype(np.uint8), design_weights(draws.importance, draws.enumerated)
    return _prepared(Z[weights > 0], weights[weights > 0])


def _prepared(Z: NDArray[np.uint8], weights: FloatArray) -> Projection:
    weights = weights / weights.sum()
    center, gram = weights @ Z, np.zeros((Z.shape[1], Z.shape[1]))
    for start in range(0, len(Z), 16384):
        block = Z[start : start + 16384] - center
        gram += (block * weights[start : start + 16384, None]).T @ block
    return Projection(Z, weights, center, np.asarray(np.linalg.pinv(gram, hermitian=True), dtype=np.float64))


def _products(Z: NDArray[np.uint8], values: FloatArray) -> FloatArray:
    """Return values @ Z block by block: bytes become floats only where they are multiplied."""
    total = np.zeros(Z.shape[1])
    for start in range(0, len(Z), 8192):
        total += values[start : start + 8192] @ Z[start : start + 8192]
    return total
