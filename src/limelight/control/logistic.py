"""A second, richer model g of the outputs on masks, fitted to take noise out of LIME's weights.

Input: masks, one target's outputs, weights. Output: g, and its predictions for rows that it has not seen. g is a
logistic curve between two bounds, of a quadratic form in the masks and two terms in their size,

    g(z) = low + (high − low) σ(a + b·z̃ + 2 Σ γ_jk z̃_j z̃_k + c₁ u² + c₂ √u),  z̃ = z − ½,  u = |z| / d.

Where there are too many pairs, terms z̃_j (u − ½) stand for all pairs of a feature at once. Probabilities saturate, and
a curve that saturates leaves several times less unexplained than a polynomial does. g need not be right: whatever it
is, its projection is known, and the estimand does not move.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.control.descent import Floats, Problem, curve_bounds, descend, logistic_curve, penalties, starting_point
from limelight.control.projection import EXACT_FEATURES, Polynomial, Projection
from limelight.local.moments import Moments, moments
from limelight.local.surrogate import solve

_MOST_PAIRS = 40  # where not all are used; more take longer and say no more
_MOST_ROWS = 2000  # g is fitted to so many rows; any g will do, and all rows say how well it does
_LEAST_ROWS = 1000
_STEP_COST = 1e8  # rows · columns² of one step
_FEW = 20  # up to this many features all pairs are used, soon after d rows for each feature
_BLOCK = 8192
_LEAST_FREEDOM = 1e-3  # a pair of rows that g follows this closely is no evidence of how well it predicts


def _none() -> FloatArray:
    return np.zeros(0)


@dataclass(frozen=True)
class LogisticPairs:
    """The fitted g for one target.

    Parameters
    ----------
    low, high
        Bounds of the curve.
    pairs
        (e, 2) pairs of features that interact.
    theta
        Coefficients in the order of `_columns`.
    flat
        Coefficients of the columns of `_head`, of the pairs' whole part, and of the square and cube of the linear part:
        the polynomial nearest to the curve. None where so few features are there that all their masks are enumerated.
    """

    low: float
    high: float
    pairs: NDArray[np.int64]
    theta: FloatArray
    flat: FloatArray = field(default_factory=_none)

    def predict(self, Z: NDArray[np.uint8]) -> FloatArray:
        """Return g (n,) for masks Z (n, d)."""
        heads = self.theta[: _head_width(Z.shape[1]), None]
        d = Z.shape[1]
        values = np.empty(len(Z))
        for start in range(0, len(Z), _BLOCK):
            masks = Z[start : start + _BLOCK]
            linear, bent, paired = self._forms(masks - np.float32(0.5), heads)
            index = _at(heads, d, linear, bent, masks.sum(axis=1, dtype=np.intp))
            values[start : start + _BLOCK] = logistic_curve(index[:, 0] + paired)
        return self.low + (self.high - self.low) * values

    def values(self, onto: Projection) -> FloatArray:
        """Return g (2, m) on the masks of a projection, and on their complements."""
        d = onto.H.shape[1]
        heads = self.theta[: _head_width(d), None]
        linear, bent, paired = self._forms(onto.H, heads)
        index = [_at(heads, d, sign * linear, sign * bent, kept)[:, 0] + paired for sign, kept in onto.sides]
        return self.low + (self.high - self.low) * logistic_curve(np.stack(index)).astype(float)

    def bend(self, onto: Projection) -> FloatArray:
        """Return (2, m) what the polynomial leaves of g on the masks of a projection, and on their complements."""
        d = onto.H.shape[1]
        width = _head_width(d)
        linear_alone = np.zeros(width)
        linear_alone[1 : d + 1] = self.theta[1 : d + 1]
        heads = np.column_stack([self.theta[:width], self.flat[:width], linear_alone])
        linear, bent, paired = self._forms(onto.H, heads)
        rest = []
        for sign, kept in onto.sides:
            index, flat, slope = _at(heads, d, sign * linear, sign * bent, kept).T
            form = flat + self.flat[width:] @ np.stack([paired, slope**2, slope**3])
            rest.append(logistic_curve(index + paired) - form)
        return (self.high - self.low) * np.stack(rest)

    def renamed(self, places: NDArray[np.int64]) -> LogisticPairs:
        """Return the same g of masks whose feature j stands at places[j]."""
        d = len(places)

        def moved(coefficients: FloatArray) -> FloatArray:
            placed = coefficients.copy()
            for start in (1, d + 3) if d > _FEW else (1,):
                placed[start + places] = coefficients[start : start + d]
            return placed

        return replace(self, theta=moved(self.theta), flat=moved(self.flat), pairs=places[self.pairs])

    def polynomial(self, d: int) -> Polynomial:
        """Return the polynomial nearest to g."""
        width = _head_width(d)
        size = self.high - self.low
        flat = size * self.flat
        share = np.arange(d + 1.0) / d
        bent = np.sqrt(d) * flat[d + 3 : width] if d > _FEW else np.zeros(d)
        curved = 2 * flat[d + 1] * np.square(share) + 2 * flat[d + 2] * np.sqrt(share)
        interactions = 2 * flat[width] * self.theta[width:]
        powers = (float(flat[width + 1]), float(flat[width + 2]))
        slopes = self.theta[1 : d + 1]
        return Polynomial(self.low + flat[0], curved, flat[1 : d + 1], bent, self.pairs, interactions, slopes, powers)

    def _forms(self, H: Floats, heads: FloatArray) -> tuple[Floats, Floats, Floats]:
        """Return what half-rows H (n, d) make of h columns of coefficients of `_head`, and of the pairs.

        The parts in z̃ (n, h) and in z̃ times the size (n, h), odd in H; and the part in the pairs (n,), even in H.
        """
        d = H.shape[1]
        slopes = (
            np.concatenate([heads[1 : d + 1], np.sqrt(d) * heads[d + 3 :]], axis=1) if d > _FEW else heads[1 : d + 1]
        )
        products = H @ slopes.astype(np.float32)
        linear = products[:, : heads.shape[1]]
        bent = products[:, heads.shape[1] :]
        chosen, position = np.unique(self.pairs, return_inverse=True)
        form = np.zeros((len(chosen), len(chosen)), np.float32)
        first, second = position.reshape(-1, 2).T
        form[first, second] = 2 * self.theta[_head_width(d) :]
        some = H if len(chosen) == d else H[:, chosen]
        return linear, bent, np.einsum("ij,ij->i", some @ form, some)


def _at(heads: FloatArray, d: int, linear: Floats, bent: Floats, kept: NDArray[Any]) -> Floats:
    """Return (n, h) the index of masks with these sizes (n,), but for its pairs, from their odd parts."""
    share = (np.arange(d + 1) / d).astype(np.float32)
    index = (_size_columns(share) @ heads[[0, d + 1, d + 2]]).astype(np.float32)[kept] + linear
    if bent.size:
        index += (share - np.float32(0.5))[kept, None] * bent
    return np.asarray(index)


@dataclass(frozen=True)
class Fitted:
    """g for one target, and what it says about rows it has not seen.

    Parameters
    ----------
    model
        Fitted to all rows, or to as many as it takes.
    seen
        (n,) its predictions.
    unseen
        (n,) predictions of models fitted without the row and its complement; where it was not fitted to, the same.
    """

    model: LogisticPairs
    seen: FloatArray
    unseen: FloatArray


def fit_logistic(Z: NDArray[np.uint8], y: FloatArray, weights: FloatArray, clusters: NDArray[np.int64]) -> Fitted:
    """Fit g by penalised least squares: the additive part first, then pairs by Gauss–Newton steps from there.

    Leaving a row and its complement out is one more Gauss–Newton step, in closed form for all rows at once.

    Parameters
    ----------
    Z, y, weights
        (n, d) masks, (n,) outputs of one target, (n,) weights.
    clusters
        (n,) complement pairs share a number, and are left out together.
    """
    n, d = Z.shape
    low, high = curve_bounds(y)
    rows = _learned(clusters, weights, d)
    line = moments(Z[rows], y[rows, None], weights[rows])
    (slopes,), (constant,) = solve(line)
    pairs = _screened_pairs(Z[rows], weights[rows] * (y[rows] - constant - Z[rows] @ slopes), line, slopes)
    S = _columns(Z[rows], pairs)
    width = _head_width(d)
    target = ((y[rows] - low) / (high - low)).astype(np.float32)
    shares = (weights[rows] / weights[rows].sum()).astype(np.float32)
    problem = Problem(S, target, shares, penalties(d, S.shape[1], target))
    theta = starting_point(problem, slopes / (high - low), line.mean_Z)
    # the additive part first: pairs would otherwise take over what belongs to single features
    theta = descend(problem, theta, width, steps=1)
    theta = descend(problem, theta, S.shape[1], steps=2)
    curve = logistic_curve(S @ theta)
    if d > EXACT_FEATURES:
        flat = _nearest_polynomial(problem, curve, theta, d)
    else:
        flat = _none()
    model = LogisticPairs(low, high, pairs, theta.astype(float), flat)
    seen = np.empty(n)
    others = np.ones(n, bool)
    others[rows] = False
    seen[others] = model.predict(Z[others])
    unseen = seen.copy()
    seen[rows] = low + (high - low) * curve.astype(float)
    unseen[rows] = low + (high - low) * _leave_one_out(problem, theta, partners(clusters[rows])).astype(float)
    return Fitted(model, seen, unseen)


def rows_learned(n: int, d: int) -> int:
    """Return how many of n rows g is fitted to: any g will do, and more features make its steps longer.

    >>> rows_learned(5000, 50), rows_learned(5000, 150), rows_learned(5000, 400)
    (2000, 1089, 1000)
    """
    return min(n, max(int(_STEP_COST / _head_width(d) ** 2), _LEAST_ROWS), _MOST_ROWS)


def _learned(clusters: NDArray[np.int64], weights: FloatArray, d: int) -> NDArray[np.int64]:
    """Return the rows that g is fitted to: all, or whole clusters evenly spaced where there are many."""
    everything = np.arange(len(clusters))
    most = rows_learned(len(clusters), d)
    if len(clusters) <= most:
        return everything
    # both rows of a pair or neither: a row whose complement was fitted to is not unseen
    numbers = np.unique(clusters, return_inverse=True)[1].astype(np.int64)
    rows = np.flatnonzero(numbers * most % len(clusters) < most)
    if weights[rows].any():
        return rows
    return everything


def _nearest_polynomial(problem: Problem, curve: Floats, theta: Floats, d: int) -> FloatArray:
    """Return the coefficients (width + 3,) of `flat` by which a linear form is nearest to the curve.

    Whatever they are, the polynomial's projection is exact; the nearer it is, the less is left to be sampled.
    """
    head = problem.S[:, : _head_width(d)]
    width = _head_width(d)
    linear = head[:, 1 : d + 1] @ theta[1 : d + 1]
    paired = problem.S[:, width:] @ theta[width:]
    columns = np.column_stack([head, paired, np.square(linear), linear**3])
    roots = np.sqrt(problem.weights)
    columns *= roots[:, None]
    gram = (columns.T @ columns).astype(float)
    scale = np.sqrt(np.maximum(gram.diagonal(), 1e-12))
    gram /= np.multiply.outer(scale, scale)
    # the head and the powers of the linear part nearly coincide; any solution will do
    gram.flat[:: len(scale) + 1] += 1e-5
    return np.asarray(np.linalg.solve(gram, (columns.T @ (roots * curve)) / scale) / scale)


def partners(clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for every row the other row of its cluster, itself where it is alone; clusters hold at most two rows.

    >>> partners(np.array([0, 1, 2, 1])).tolist()
    [0, 3, 2, 1]
    """
    order = np.argsort(clusters, kind="stable")
    same = np.flatnonzero(np.diff(clusters[order]) == 0)
    other = np.arange(len(clusters))
    other[order[same]] = order[same + 1]
    other[order[same + 1]] = order[same]
    return other


def _leave_one_out(problem: Problem, theta: Floats, partners: NDArray[np.int64]) -> Floats:
    """Return σ(S θ) with θ fitted without the row and its partner: one Gauss–Newton step, solved for all rows at once.

    With H = L L', K = J L'⁻¹ and leverages diag K K', leaving rows i and p out multiplies their residuals by the
    inverse of the 2 × 2 block of I − K K'; no model is fitted again.
    """
    fitted = logistic_curve(problem.S @ theta)
    J = problem.jacobian(fitted, len(theta))
    roots = np.sqrt(problem.weights)
    residuals = roots * (problem.y - fitted)
    gram = J.T @ J
    gram.flat[:: len(theta) + 1] += problem.penalty
    K = _whitened(J, gram.astype(float))
    own = np.einsum("ij,ij->i", K, K)
    cross = np.where(partners != np.arange(len(partners)), np.einsum("ij,ij->i", K, K[partners]), 0.0)
    free = 1.0 - own
    other = 1.0 - own[partners]
    determinant = np.maximum(free * other - np.square(cross), _LEAST_FREEDOM)
    unseen = (other * residuals + cross * residuals[partners]) / determinant
    slope = np.maximum(fitted * (1 - fitted), 1e-4) * roots
    # from residuals back to the index: there the step stays between the bounds of the curve
    change = np.divide(residuals - unseen, slope, out=np.zeros_like(slope), where=slope > 0)
    return logistic_curve(problem.S @ theta + change.astype(np.float32))


def _whitened(J: Floats, gram: FloatArray) -> Floats:
    """Return J L'⁻¹ for the Gram matrix L L'."""
    from scipy.linalg.blas import strsm
    from scipy.linalg.lapack import dpotrf

    factor, failed = dpotrf(gram, lower=True)
    if failed:
        gram.flat[:: len(gram) + 1] += 1e-6 * np.trace(gram)
        factor, _ = dpotrf(gram, lower=True)
    return np.asarray(strsm(1.0, factor.astype(np.float32), J.T, lower=True).T)


def _screened_pairs(Z: NDArray[np.uint8], scores: FloatArray, line: Moments, slopes: FloatArray) -> NDArray[np.int64]:
    """Return the pairs that g may use (e, 2): all, or half among the largest weights, half the largest in the residual.

    As many as n rows support. `scores` (n,) are weights times what the linear model's `slopes` leave.
    """
    n, d = Z.shape
    first, second = np.triu_indices(d, 1)
    budget = min(max(n // 5, 2 * d), _MOST_PAIRS)
    if len(first) <= max(budget, n // 2 if d <= _FEW else 0):
        return np.column_stack([first, second])
    centred = (Z - line.mean_Z).astype(np.float32)
    strength = np.abs((centred * scores[:, None].astype(np.float32)).T @ centred)[first, second]
    largest = np.argsort(-np.abs(slopes), kind="stable")[: int(np.sqrt(budget)) + 1]
    heavy = np.zeros(d, bool)
    heavy[largest] = True
    # pairs of the largest weights are always in, whatever the residual shows of them so far
    strength[heavy[first] & heavy[second]] = np.inf
    chosen = np.sort(np.argpartition(-strength, budget)[:budget])
    return np.column_stack([first[chosen], second[chosen]])


def _head_width(d: int) -> int:
    if d <= _FEW:
        return d + 3
    return 2 * d + 3


def _head(Z: NDArray[np.uint8]) -> Floats:
    """Return the columns 1, z − ½, 2u², 2√u; and √d (z − ½)(u − ½) where there are too many pairs to use them all."""
    n, d = Z.shape
    head = np.empty((n, _head_width(d)), np.float32)
    head[:, 0] = 1.0
    np.subtract(Z, np.float32(0.5), out=head[:, 1 : d + 1])
    share = Z.sum(axis=1, dtype=np.float32) / np.float32(max(d, 1))
    head[:, d + 1 : d + 3] = _size_columns(share)[:, 1:]
    if d > _FEW:
        np.multiply(head[:, 1 : d + 1], (np.sqrt(d) * (share - 0.5))[:, None], out=head[:, d + 3 :])
    return head


def _size_columns(share: Floats) -> Floats:
    """Return the columns 1, 2u² and 2√u (n, 3)."""
    return np.stack([np.ones_like(share), 2 * np.square(share), 2 * np.sqrt(share)], axis=1)


def _columns(Z: NDArray[np.uint8], pairs: NDArray[np.int64]) -> Floats:
    """Return the columns of `_head`, then 2 z̃_j z̃_k for all pairs."""
    head = _head(Z)
    return np.concatenate([head, 2 * head[:, 1 + pairs[:, 0]] * head[:, 1 + pairs[:, 1]]], axis=1)
