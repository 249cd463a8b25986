"""What the rows of a neighborhood say of the weights, whatever the outputs: how they spread, how much each decides.

Input: masks, weights, their moments. Output: a `Geometry`: the inverse Gram matrix, leverages, and whether there are
enough rows; sums over rows that share randomness.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Neighborhood
from limelight.local.moments import Moments
from limelight.local.pairs import Folded, fold, unpaired

_SINGULAR = 1e-12  # reciprocal condition below which the sample does not identify the weights


@dataclass(frozen=True)
class Geometry:
    """What the standard errors need to know of (Z, weights), whatever the outputs.

    Parameters
    ----------
    inverse
        (d, d) pseudo-inverse of the centred Gram matrix, penalty included.
    leverage
        (n,) w x'A⁻¹x, how much a row determines its own fit; at most 1.
    identified
        Whether there are more informative rows than weights, and no direction is missing.
    fixed
        (d,) features that the law cannot vary.
    rows
        Z folded into complement pairs, or around its center.
    directions
        (m, d) half-rows times `inverse`.
    penalised
        Whether the Gram matrix has a penalty.
    """

    inverse: FloatArray
    leverage: FloatArray
    identified: bool
    fixed: NDArray[np.bool_]
    rows: Folded
    directions: FloatArray
    penalised: bool = False


def effective_sample_size(weights: FloatArray) -> float:
    """Return (Σw)² / Σw², the number of equally weighted rows that would be as informative [kish1965].

    >>> effective_sample_size(np.array([1.0, 1.0, 0.0]))
    2.0
    """
    squares = float(np.square(weights).sum())
    if squares > 0:
        return float(weights.sum()) ** 2 / squares
    return 0.0


def geometry(
    neighborhood: Neighborhood,
    sample: Moments,
    regularization: float = 0.0,
    *,
    fixed: NDArray[np.bool_] | None = None,
    folded: Folded | None = None,
) -> Geometry:
    """Return the inverse Gram matrix, the leverages, and whether the weights are identified.

    `folded` holds the masks folded into complement pairs, where they are at hand already.
    """
    # a feature that cannot vary is known to weigh nothing, and asks for no rows
    certain = np.zeros(len(sample.mean_Z), bool) if fixed is None else fixed
    inverse, full_rank = _inverse(sample, regularization, certain)
    rows = folded or fold(neighborhood.Z, neighborhood.clusters) or unpaired(neighborhood.Z, sample.mean_Z)
    directions = rows.H @ inverse
    offset = rows.middle - sample.mean_Z
    always = float(offset @ inverse @ offset) + (1.0 / sample.total if sample.total > 0 else 0.0)
    leverage = rows.unfolded(2 * (directions @ offset), np.einsum("ij,ij->i", directions, rows.H) + always)
    # rounding may lift a row that decides its own fit above 1
    leverage = np.minimum(neighborhood.weights * leverage, 1.0)
    enough = _independent_rows(neighborhood, rows) >= np.count_nonzero(~certain) + 2
    identified = full_rank and bool(enough or (neighborhood.exhaustive and len(neighborhood.Z) > 0))
    return Geometry(inverse, leverage, identified, certain, rows, directions, penalised=regularization > 0.0)


def _independent_rows(neighborhood: Neighborhood, rows: Folded) -> float:
    """Return the effective number of clusters: a row and its complement say one thing about the weights, not two."""
    return effective_sample_size(by_cluster(neighborhood.weights, neighborhood, rows))


def by_cluster(values: FloatArray, neighborhood: Neighborhood, rows: Folded) -> FloatArray:
    """Return values (n, …) summed over the rows that share randomness."""
    if len(rows.second):
        return rows.plus(values)
    numbers = shared_clusters(neighborhood.clusters)
    if numbers is None:
        return values
    summed = np.zeros((int(numbers.max()) + 1, *values.shape[1:]))
    np.add.at(summed, numbers, values)
    return summed


def _inverse(sample: Moments, regularization: float, fixed: NDArray[np.bool_]) -> tuple[FloatArray, bool]:
    """Return the (pseudo-)inverse (d, d) of the penalised Gram matrix, and whether its free part has full rank."""
    from scipy.linalg.lapack import dpocon, dpotrf, dpotri

    d = len(sample.mean_Z)
    diagonal = sample.gram.diagonal() + regularization * sample.total
    varying = np.flatnonzero(diagonal > 0)
    all_vary = bool((diagonal > 0)[~fixed].all())
    if len(varying) == 0:
        return np.zeros((d, d)), all_vary
    # to correlations: features of very different spread must not look singular
    scale = 1.0 / np.sqrt(diagonal[varying])
    scaled = sample.gram[np.ix_(varying, varying)] * scale[:, None] * scale
    scaled.flat[:: len(varying) + 1] = 1.0
    factor, failed = dpotrf(scaled, lower=True, clean=True)
    full = not failed and dpocon(factor, np.abs(scaled).sum(axis=0).max(), uplo="L")[0] > _SINGULAR
    if full:
        lower, _ = dpotri(factor, lower=True)
        inverse = lower + np.tril(lower, -1).T
    else:
        inverse = np.linalg.pinv(scaled, rcond=1e-10, hermitian=True)
    whole = np.zeros((d, d))
    whole[np.ix_(varying, varying)] = inverse * scale[:, None] * scale
    return whole, full and all_vary


def shared_clusters(clusters: NDArray[np.int64]) -> NDArray[np.int64] | None:
    """Return clusters numbered from 0, or None where every row is its own."""
    if len(clusters) == 0 or bool((np.diff(clusters) > 0).all()):
        return None
    return np.unique(clusters, return_inverse=True)[1].astype(np.int64)
