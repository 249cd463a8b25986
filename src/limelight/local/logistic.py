"""A second, richer model g of the outputs on masks, fitted to take noise out of LIME's weights.

Enters: masks, one target's outputs, weights. Leaves: g, and its predictions for rows that it has not seen. g is a
logistic curve between two bounds, of a quadratic form in the masks and two terms in their size:
g(z) = low + (high − low) σ(a + b·z̃ + 2 Σ γ_jk z̃_j z̃_k + c₁ u² + c₂ √u), with z̃ = z − ½ and u = |z| / d; where there
are too many pairs, terms z̃_j (u − ½) stand for all pairs of a feature at once. Probabilities saturate, and a curve that
saturates leaves several times less unexplained than a polynomial does. g need not be right: whatever it is, its
projection is known, and the estimand does not move.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.local.surrogate import moments, solve

_PENALTY = 0.03  # of the pairs, relative to the outputs' variance; anything in [0.01, 0.1] does as well
_PENALTY_LINEAR = 0.003
_MOST_PAIRS = 400
_STEP_COST = 4e8
_FEW = 20  # up to this many features all pairs are used, soon after d rows for each feature
_LEAST_FREEDOM = 1e-3  # a pair of rows that g follows this closely is no evidence of how well it predicts
_Floats = NDArray[np.float32]  # g may be any function, so single precision is enough, and twice as quick


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
    """

    low: float
    high: float
    pairs: NDArray[np.int64]
    theta: FloatArray

    def predict(self, Z: NDArray[np.uint8]) -> FloatArray:
        """Return g (n,) for masks Z (n, d), block by block."""
        width = _head_width(Z.shape[1])
        theta = self.theta.astype(np.float32)
        paired, position = np.unique(self.pairs, return_inverse=True)
        form = np.zeros((len(paired), len(paired)), np.float32)
        first, second = position.reshape(-1, 2).T
        form[first, second] = 2 * theta[width:]
        values = np.empty(len(Z))
        for start in range(0, len(Z), 8192):
            block = Z[start : start + 8192]
            head = _head(block)
            index = head @ theta[:width]
            chosen = head[:, 1 + paired]
            index += np.einsum("ij,ij->i", chosen @ form, chosen)
            values[start : start + 8192] = _curve(index)
        return self.low + (self.high - self.low) * values


@dataclass(frozen=True)
class Fitted:
    """g for one target, and what it says about rows it has not seen.

    Parameters
    ----------
    model
        Fitted to all rows.
    seen
        (n,) its predictions.
    unseen
        (n,) predictions of models fitted without the row and its complement.
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
    low, high = _bounds(y)
    pairs = _screened_pairs(Z, y, weights)
    S = _columns(Z, pairs)
    target = ((y - low) / (high - low)).astype(np.float32)
    problem = _Problem(
        S, target, (weights / weights.sum()).astype(np.float32), _penalties(Z.shape[1], S.shape[1], target)
    )
    theta = _descend(problem, _start(problem), _head_width(Z.shape[1]), steps=8)
    theta = _descend(problem, theta, S.shape[1], steps=3)
    seen = _curve(S @ theta)
    unseen = _leave_one_out(problem, theta, partners(clusters))
    model = LogisticPairs(low, high, pairs, theta.astype(float))
    return Fitted(model, low + (high - low) * seen.astype(float), low + (high - low) * unseen.astype(float))


@dataclass(frozen=True)
class _Problem:
    """minimise Σ w (y − σ(S θ))² + Σ penalty θ²."""

    S: _Floats
    y: _Floats
    weights: _Floats
    penalty: _Floats

    def objective(self, theta: _Floats, width: int) -> tuple[float, _Floats]:
        fitted = _curve(self.S[:, :width] @ theta[:width])
        loss = float((self.weights * np.square(self.y - fitted)).sum())
        return loss + float((self.penalty * np.square(theta)).sum()), fitted

    def jacobian(self, fitted: _Floats, width: int) -> _Floats:
        slope = np.maximum(fitted * (1 - fitted), 1e-4) * np.sqrt(self.weights)
        return np.asarray(self.S[:, :width] * slope[:, None], dtype=np.float32)


def partners(clusters: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for every row the other row of its cluster, itself where it is alone; clusters hold at most two rows.

    >>> partners(np.array([0, 1, 2, 1])).tolist()
    [0, 3, 2, 1]
    """
    order = np.argsort(clusters, kind="stable")
    same = np.flatnonzero(np.diff(clusters[order]) == 0)
    other = np.arange(len(clusters))
    other[order[same]], other[order[same + 1]] = order[same + 1], order[same]
    return other


def _descend(problem: _Problem, theta: _Floats, width: int, *, steps: int) -> _Floats:
    """Return theta after Levenberg–Marquardt steps in its first `width` entries."""
    current, fitted = problem.objective(theta, width)
    damping = 1e-2
    for _ in range(steps):
        J = problem.jacobian(fitted, width)
        right = J.T @ (np.sqrt(problem.weights) * (problem.y - fitted)) - problem.penalty[:width] * theta[:width]
        gram = (J.T @ J).astype(float)
        gram.flat[:: width + 1] += problem.penalty[:width]
        for _ in range(4):
            step = _damped_step(gram, right, damping)
            proposal = theta.copy()
            proposal[:width] += step
            value, new = problem.objective(proposal, width)
            if value < current:
                break
            damping *= 5
        else:
            return theta
        small = current - value < 1e-4 * current
        theta, current, fitted, damping = proposal, value, new, damping * 0.3
        if small:
            return theta
    return theta


def _damped_step(gram: FloatArray, right: _Floats, damping: float) -> _Floats:
    from scipy.linalg.lapack import dposv

    matrix = gram.copy()
    matrix.flat[:: len(gram) + 1] += damping * np.trace(gram) / len(gram)
    _, step, failed = dposv(matrix, right.astype(float), lower=True)
    return np.asarray(np.zeros_like(right) if failed else step, dtype=np.float32)


def _leave_one_out(problem: _Problem, theta: _Floats, partners: NDArray[np.int64]) -> _Floats:
    """Return σ(S θ) with θ fitted without the row and its partner: one Gauss–Newton step, solved for all rows at once.

    With K = J H⁻¹ and leverage h = diag K J', leaving rows i and p out multiplies their residuals by the inverse of the
    2 × 2 block of I − K J'; no model is fitted again.
    """
    fitted = _curve(problem.S @ theta)
    J = problem.jacobian(fitted, len(theta))
    roots = np.sqrt(problem.weights)
    residuals = roots * (problem.y - fitted)
    gram = J.T @ J
    gram.flat[:: len(theta) + 1] += problem.penalty
    K = J @ np.linalg.inv(gram.astype(float)).astype(np.float32)
    own = np.einsum("ij,ij->i", K, J)
    cross = np.where(partners != np.arange(len(partners)), np.einsum("ij,ij->i", K, J[partners]), 0.0)
    free, other = 1.0 - own, 1.0 - own[partners]
    determinant = np.maximum(free * other - np.square(cross), _LEAST_FREEDOM)
    unseen = (other * residuals + cross * residuals[partners]) / determinant
    slope = np.maximum(fitted * (1 - fitted), 1e-4) * roots
    change = np.divide(residuals - unseen, slope, out=np.zeros_like(slope), where=slope > 0)
    return _curve(problem.S @ theta + change.astype(np.float32))


def _bounds(y: FloatArray) -> tuple[float, float]:
    """Return 0 and 1 for probabilities; else the range seen and a twentieth more on each side."""
    low, high = float(y.min()), float(y.max())
    if low >= 0.0 and high <= 1.0:
        return 0.0, 1.0
    margin = 0.05 * (high - low)
    return low - margin, high + margin


def _screened_pairs(Z: NDArray[np.uint8], y: FloatArray, weights: FloatArray) -> NDArray[np.int64]:
    """Return the pairs that g may use (e, 2): all, or half among the largest weights, half the largest in the residual.

    As many as n rows support, and as the cost n · e² of a step allows.
    """
    n, d = Z.shape
    first, second = np.triu_indices(d, 1)
    budget = int(min(max(n // 5, 2 * d), _MOST_PAIRS, np.sqrt(_STEP_COST / n)))
    if len(first) <= max(budget, n // 2 if d <= _FEW else 0):
        return np.column_stack([first, second])
    fit = moments(Z, y[:, None], weights)
    coef, intercept = solve(fit)
    centred = (Z - fit.mean_Z).astype(np.float32)
    residual = weights * (y - intercept[0] - Z @ coef[0])
    strength = np.abs((centred * residual[:, None].astype(np.float32)).T @ centred)[first, second]
    largest = np.argsort(-np.abs(coef[0]), kind="stable")[: int(np.sqrt(budget)) + 1]
    heavy = np.isin(first, largest) & np.isin(second, largest)
    strength[heavy] = np.inf
    chosen = np.sort(np.argsort(-strength, kind="stable")[:budget])
    return np.column_stack([first[chosen], second[chosen]])


def _head_width(d: int) -> int:
    return d + 3 if d <= _FEW else 2 * d + 3


def _head(Z: NDArray[np.uint8]) -> _Floats:
    """Return the columns 1, z − ½, 2u², 2√u; and √d (z − ½)(u − ½) where there are too many pairs to use them all."""
    n, d = Z.shape
    head = np.empty((n, _head_width(d)), np.float32)
    head[:, 0] = 1.0
    np.subtract(Z, np.float32(0.5), out=head[:, 1 : d + 1])
    share = Z.sum(axis=1, dtype=np.float32) / np.float32(max(d, 1))
    head[:, d + 1] = 2 * np.square(share)
    head[:, d + 2] = 2 * np.sqrt(share)
    if d > _FEW:
        np.multiply(head[:, 1 : d + 1], (np.sqrt(d) * (share - 0.5))[:, None], out=head[:, d + 3 :])
    return head


def _columns(Z: NDArray[np.uint8], pairs: NDArray[np.int64]) -> _Floats:
    """Return the columns of `_head`, then 2 z̃_j z̃_k for all pairs."""
    head = _head(Z)
    return np.concatenate([head, 2 * head[:, 1 + pairs[:, 0]] * head[:, 1 + pairs[:, 1]]], axis=1)


def _penalties(d: int, width: int, target: _Floats) -> _Floats:
    penalty = np.full(width, _PENALTY)
    penalty[0], penalty[1 : d + 1] = 1e-6, _PENALTY_LINEAR
    return np.asarray(penalty * (0.25 * float(np.var(target)) + 1e-12), dtype=np.float32)


def _start(problem: _Problem) -> _Floats:
    theta = np.zeros(problem.S.shape[1], np.float32)
    mean = min(max(float(problem.weights @ problem.y), 2e-3), 1 - 2e-3)
    theta[0] = np.log(mean / (1 - mean))
    return theta


def _curve(index: _Floats) -> _Floats:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(index, -30.0, 30.0))), dtype=np.float32)


def additive_index(columns: FloatArray, y: FloatArray) -> FloatArray:
    """Return the coefficients (p,) of the additive logistic fit to y, without its constant.

    Parameters
    ----------
    columns
        (n, p) columns without a constant.
    y
        (n,) outputs of one target.
    """
    low, high = _bounds(y)
    if high <= low:
        return np.zeros(columns.shape[1])
    S = np.concatenate([np.ones((len(y), 1)), columns], axis=1).astype(np.float32)
    target = ((y - low) / (high - low)).astype(np.float32)
    penalty = _penalties(columns.shape[1], S.shape[1], target)
    problem = _Problem(S, target, np.full(len(y), 1.0 / len(y), np.float32), penalty)
    theta = _descend(problem, _start(problem), S.shape[1], steps=5)
    return theta[1:].astype(float)
