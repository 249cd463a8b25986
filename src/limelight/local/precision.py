"""Say how sure the weights are.

Input: the neighborhood, its weighted moments, and residuals. Output: standard errors, covariances, contrasts, held-out
fidelity and the effective sample size.

Everything rests on one linearisation. The weights solve Σ w x (y − x'β) = 0, so to first order each row moves them by
its *influence* A⁻¹ x w e / (1 − h), with A = Σ w x x' and leverage h = w x'A⁻¹x: the HC3 sandwich [mackinnon1985].
Rows that share randomness (complement pairs) are summed before they are squared [liang1986]; rows of complete strata
carry no sampling error, only the model's own noise where it was measured. A control variate g changes the residual
only: e is then that of y − g, with g fitted without the row, so that a flexible g does not look better than it is.
The derivation, and the symbols: `docs/concepts/precision.md`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, MaskArray, Neighborhood
from limelight.local.estimate import Estimate, Features
from limelight.local.geometry import Geometry, by_cluster, geometry, shared_clusters
from limelight.local.moments import Moments, moments
from limelight.local.pairs import Folded, fold, unpaired
from limelight.local.surrogate import solve, weighted_r2

_CERTAIN = 1e-9  # 1 − leverage below this: the row determines its own fit, and its residual says nothing


@dataclass(frozen=True)
class Sandwich:
    """The influence of every row on (intercept, weights), kept as factors: d = 1000 costs no k × d × d array.

    Parameters
    ----------
    Z
        (n, d) perturbations.
    center
        (d,) weighted mean of Z.
    inverse
        (d, d) pseudo-inverse of the centred Gram matrix Σ w (z − center)(z − center)'.
    total
        Σ w.
    scores
        (n, k) w e / (1 − h); zero for rows of complete strata.
    clusters
        (n,) rows that share randomness share a number; None where all rows are independent.
    floor
        (k, d) least standard error; zero unless the sample does not identify the weights.
    rows
        Z folded into complement pairs or, where rows share clusters otherwise, around its center; None: made on demand.
    directions
        (m, d) half-rows times `inverse`, where they are at hand.
    sums
        Moments and geometry of the rows, which others read too.
    """

    Z: MaskArray
    center: FloatArray
    inverse: FloatArray
    total: float
    scores: FloatArray
    clusters: NDArray[np.int64] | None
    floor: FloatArray
    rows: Folded | None = None
    directions: FloatArray | None = None
    sums: tuple[Moments, Geometry] | None = None

    @property
    def df(self) -> float:
        """Return the degrees of freedom: as many as there are rows, which is as good as infinity."""
        return math.inf

    @property
    def varying(self) -> NDArray[np.bool_]:
        """Return (d,) which features vary in the neighborhood."""
        return np.asarray(self.inverse.diagonal() > 0)

    def influence(self, features: Features = None) -> FloatArray:
        """Return the influence (c, k, m + 1) of each cluster on the intercept (first) and the weights of m features.

        Estimates from the same perturbations have the covariance Σ_c influence_a · influence_b.
        """
        return np.stack([*self._influences(features, slice(None))], axis=1)

    def covariance(self, features: Features = None, *, target: int | None = None) -> FloatArray:
        """Return the covariance (k, m + 1, m + 1) of the intercept (first) and the weights of m features; None: all.

        With a `target`, the covariance (m + 1, m + 1) of that target alone.
        """
        targets = slice(None) if target is None else slice(target, target + 1)
        covariance = self._covariance(features, targets)
        return covariance if target is None else covariance[0]

    def _covariance(self, features: Features, targets: slice) -> FloatArray:
        if features is None:
            floor = self.floor
        else:
            floor = self.floor[:, np.asarray(features, dtype=np.int64)]
        width = floor.shape[1] + 1
        influences = self._influences(features, targets)
        covariance = np.array([each.T @ each for each in influences]).reshape(-1, width, width)
        diagonal = np.arange(1, width)
        covariance[:, diagonal, diagonal] = np.maximum(covariance[:, diagonal, diagonal], np.square(floor[targets]))
        return covariance

    def stderr(self) -> FloatArray:
        """Return the standard errors (k, d + 1) of the intercept (first) and all weights."""
        variances = [np.einsum("ij,ij->j", each, each) for each in self._influences(None, slice(None))]
        errors = np.sqrt(np.array(variances).reshape(-1, len(self.center) + 1))
        errors[:, 1:] = np.maximum(errors[:, 1:], self.floor)
        return np.asarray(errors)

    def _influences(self, features: Features, targets: slice) -> Iterator[FloatArray]:
        """Yield for each target (c, m + 1): what each cluster adds to the intercept (first) and to m weights.

        One unit of the score of a row z = middle ± h adds even ± odd: `odd` (rows, m + 1) and `even` (m + 1,).
        """
        rows = self.rows or unpaired(self.Z, self.center)
        columns = slice(None) if features is None else np.asarray(features, dtype=np.int64)
        loadings = np.column_stack([-self.inverse @ self.center, self.inverse[:, columns]])
        if self.directions is None:
            odd = rows.H @ loadings
        else:
            odd = np.column_stack([rows.H @ loadings[:, 0], self.directions[:, columns]])
        even = (rows.middle - self.center) @ loadings
        # the intercept also moves with the mean of the outputs
        even[0] += 1.0 / self.total if self.total > 0 else 0.0
        for score in self.scores.T[targets]:
            influence = odd * rows.minus(score)[:, None]
            influence += np.multiply.outer(rows.plus(score), even)
            yield influence if len(rows.second) else self._summed(influence)

    def _summed(self, rows: FloatArray) -> FloatArray:
        """Return rows summed within clusters, in the order of the cluster numbers."""
        if self.clusters is None or len(rows) == 0:
            return rows
        ordered = bool((np.diff(self.clusters) >= 0).all())
        order = slice(None) if ordered else np.argsort(self.clusters, kind="stable")
        starts = np.flatnonzero(np.diff(self.clusters[order], prepend=-1))
        return np.asarray(np.add.reduceat(rows[order], starts, axis=0))


def estimate_plain(
    neighborhood: Neighborhood,
    *,
    regularization: float = 0.0,
    fixed: NDArray[np.bool_] | None = None,
    sums: tuple[Folded | None, Moments] | None = None,
) -> Estimate:
    """Return weighted least squares with cluster-robust HC3 standard errors.

    Parameters
    ----------
    neighborhood
        Perturbations, outputs, weights; complete strata and clusters as the sampler declared them.
    regularization
        Ridge penalty relative to the total weight; 0 leaves linear models unbiased.
    fixed
        (d,) features that the law cannot vary; their weight is 0, and certain. None: there are none.
    sums
        The masks folded into complement pairs and their moments, where they are at hand.

    >>> Z = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], dtype=np.uint8)
    >>> one = np.ones(4)
    >>> exact = Neighborhood(Z, (Z @ [[2.0], [-1.0]]) + 5, one, one[:2], one.astype(bool), np.arange(4))
    >>> estimate = estimate_plain(exact)
    >>> estimate.coef.round(9) + 0, estimate.stderr, estimate.fidelity
    (array([[ 2., -1.]]), array([[0., 0.]]), array([1.]))
    """
    folded, sample = folded_moments(neighborhood) if sums is None else sums
    coef, intercept = solve(sample, regularization=regularization)
    residuals = neighborhood.Y - intercept - neighborhood.Z @ coef.T
    shape = geometry(neighborhood, sample, regularization, fixed=fixed, folded=folded)
    exact = neighborhood.exhaustive and len(residuals) > 0 and neighborhood.noise is None
    name = "exact" if exact else "least squares"
    return assemble(neighborhood, sample, shape, (coef, intercept), (residuals, residuals), (name,) * len(intercept))


def folded_moments(neighborhood: Neighborhood) -> tuple[Folded | None, Moments]:
    """Return the masks folded into complement pairs, where they are such, and their moments."""
    folded = fold(neighborhood.Z, neighborhood.clusters)
    return folded, moments(neighborhood.Z, neighborhood.Y, neighborhood.weights, folded=folded)


def assemble(
    neighborhood: Neighborhood,
    sample: Moments,
    shape: Geometry,
    fit: tuple[FloatArray, FloatArray],
    residuals: tuple[FloatArray, FloatArray],
    estimators: tuple[str, ...],
) -> Estimate:
    """Return the estimate with its standard errors and fidelity.

    Parameters
    ----------
    neighborhood, sample, shape
        The rows, their `moments` and their `geometry`.
    fit
        coef (k, d) and intercept (k,).
    residuals
        (n, k) twice: y − x'β, what the surrogate leaves of the outputs; and the part of it that makes the estimate
        noisy, which a control variate makes smaller. The same array where there is none.
    estimators
        For each target, the name of what made the estimate.
    """
    coef, intercept = fit
    left, noisy = residuals
    unseen = _leave_one_out(noisy, shape.leverage, neighborhood.Y - sample.mean_Y)
    meat = sandwich(neighborhood, sample, shape, unseen)
    # the surrogate's own residual, made unseen by as much as the noisy part is
    held_out = left + (unseen - noisy) if not neighborhood.exhaustive else left
    fidelity, fidelity_stderr = _fidelity(neighborhood, sample, shape.rows, held_out)
    r2 = np.minimum(weighted_r2(sample, coef), 1.0)
    stderr = meat.stderr()
    errors = (np.ascontiguousarray(stderr[:, 1:]), stderr[:, 0].copy())
    return Estimate(coef, intercept, *errors, fidelity, fidelity_stderr, r2, estimators, shape.identified, meat)


def sandwich(neighborhood: Neighborhood, sample: Moments, shape: Geometry, unseen: FloatArray) -> Sandwich:
    """Return the sandwich of residuals (n, k) that each row would have, had it not been fitted."""
    if neighborhood.noise is None:
        own = np.zeros_like(unseen)
    else:
        own = np.sqrt(neighborhood.noise)
    scores = neighborhood.weights[:, None] * np.where(neighborhood.enumerated[:, None], own, unseen)
    if shape.identified:
        floor = np.zeros((neighborhood.Y.shape[1], len(sample.mean_Z)))
    else:
        floor = np.where(shape.fixed, 0.0, _bound(neighborhood, sample))
    if len(shape.rows.second):
        clusters = None
    else:
        clusters = shared_clusters(neighborhood.clusters)
    known: Any = {"rows": shape.rows, "directions": shape.directions, "sums": (sample, shape)}
    return Sandwich(neighborhood.Z, sample.mean_Z, shape.inverse, sample.total, scores, clusters, floor, **known)


def contrast_stderr(
    first: Sandwich, plus: tuple[int, int], minus: tuple[int, int], *, second: Sandwich | None = None
) -> float:
    """Return the standard error of the difference of two weights, each named by (target, feature).

    Two features of one target, one feature of two targets, or, with `second`, the same of two models that answered the
    same perturbations: shared noise cancels, which two separate intervals would not show.

    Parameters
    ----------
    first
        Holds the weight `plus`, and `minus` where there is no `second`.
    plus, minus
        (target, feature) of the weight counted up and of the one counted down.
    second
        Holds the weight `minus`; must come from the same perturbations.
    """
    other = first if second is None else second
    difference = first.influence([plus[1]])[:, plus[0], 1] - other.influence([minus[1]])[:, minus[0], 1]
    return float(np.sqrt(np.square(difference).sum()))


def _leave_one_out(residuals: FloatArray, leverage: FloatArray, deviations: FloatArray) -> FloatArray:
    """Return e / (1 − h); where a row determines its own fit, its deviation from the mean: it says nothing better."""
    left = 1.0 - leverage[:, None]
    return np.where(left > _CERTAIN, residuals / np.maximum(left, _CERTAIN), deviations)


def _fidelity(
    neighborhood: Neighborhood, sample: Moments, rows: Folded, held_out: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Return 1 − Σ w e² / Σ w (y − ȳ)² and its standard error by the delta method; NaN for a constant target."""
    weights = neighborhood.weights
    scatter = sample.variance_Y * sample.total
    constant = scatter <= 0
    safe = np.where(constant, 1.0, scatter)
    unexplained = np.where(constant, 0.0, (weights @ np.square(held_out)) / safe)
    deviations = np.square(neighborhood.Y - sample.mean_Y)
    scores = weights[:, None] * (np.square(held_out) - unexplained * deviations)
    # rows of complete strata are certain: another seed has them again
    scores[neighborhood.enumerated] = 0.0
    stderr = np.sqrt(np.square(by_cluster(scores, neighborhood, rows)).sum(axis=0)) / safe
    return np.where(constant, np.nan, 1.0 - unexplained), np.where(constant, np.nan, stderr)


def _bound(neighborhood: Neighborhood, sample: Moments) -> FloatArray:
    """Return sd(y) / sd(z_j) (k, d): by Cauchy–Schwarz no effect of one feature can be larger.

    The spread of outputs is taken over all rows, whatever their weight; a sample that shows none, although it is too
    small to prove that there is none, is given that of its own size, or 1.
    """
    if len(neighborhood.Y):
        spread = neighborhood.Y.std(axis=0)
    else:
        spread = np.zeros(neighborhood.Y.shape[1])
    size = np.abs(neighborhood.Y).max(axis=0, initial=0.0)
    spread = np.where(spread > 1e-12 * size, spread, np.where(size > 0, size, 1.0))
    if sample.total > 0:
        variance = sample.gram.diagonal() / sample.total
    else:
        variance = np.zeros(len(sample.mean_Z))
    deviation = np.maximum(np.where(variance > 0, np.sqrt(variance), 0.5), 0.01)
    return np.asarray(spread[:, None] / deviation)
