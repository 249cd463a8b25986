"""Fit a logistic curve in some columns by least squares: Levenberg–Marquardt steps in single precision.

Input: columns, outputs between 0 and 1, weights, ridge penalties. Output: coefficients. Any second model will do, so a
few steps are enough: what they miss makes noise, and no bias.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray

_PENALTY = 0.03  # of pairs, relative to the outputs' variance; anything in [0.01, 0.1] does as well
_PENALTY_LINEAR = 0.003

Floats = NDArray[np.float32]
"""g may be any function, so single precision is enough, and twice as quick."""


@dataclass(frozen=True)
class Problem:
    """minimise Σ w (y − σ(S θ))² + Σ penalty θ²."""

    S: Floats
    y: Floats
    weights: Floats
    penalty: Floats

    def objective(self, theta: Floats, width: int) -> tuple[float, Floats]:
        """Return the penalised loss and the fitted values (n,) at theta, of its first `width` entries."""
        fitted = logistic_curve(self.S[:, :width] @ theta[:width])
        loss = float((self.weights * np.square(self.y - fitted)).sum())
        return loss + float((self.penalty * np.square(theta)).sum()), fitted

    def jacobian(self, fitted: Floats, width: int) -> Floats:
        """Return the slopes (n, width) of the fitted values, times the roots of the weights."""
        # where the curve is flat a row would pull with no force at all, and never come back
        slope = np.maximum(fitted * (1 - fitted), 1e-4) * np.sqrt(self.weights)
        return np.asarray(self.S[:, :width] * slope[:, None], dtype=np.float32)


def starting_point(problem: Problem, slopes: FloatArray, center: FloatArray) -> Floats:
    """Return the curve that has the linear model's value and slopes at its middle."""
    theta = np.zeros(problem.S.shape[1], np.float32)
    mean = min(max(float(problem.weights @ problem.y), 2e-3), 1 - 2e-3)
    # the curve's own slope at its mean is mean (1 − mean): undo it, but not where it nearly vanishes
    steep = slopes / max(mean * (1 - mean), 0.05)
    theta[0] = np.log(mean / (1 - mean)) - steep @ (center - 0.5)
    theta[1 : len(slopes) + 1] = steep
    return theta


def descend(problem: Problem, theta: Floats, width: int, *, steps: int) -> Floats:
    """Return theta after Levenberg–Marquardt steps in its first `width` entries."""
    current, fitted = problem.objective(theta, width)
    damping = 1e-2
    for _ in range(steps):
        J = problem.jacobian(fitted, width)
        right = J.T @ (np.sqrt(problem.weights) * (problem.y - fitted)) - problem.penalty[:width] * theta[:width]
        gram = (J.T @ J).astype(float)
        gram.flat[:: width + 1] += problem.penalty[:width]
        # too long a step is tried again with more damping; after four there is nothing to gain
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
        theta = proposal
        current = value
        fitted = new
        damping *= 0.3
        if small:
            return theta
    return theta


def _damped_step(gram: FloatArray, right: Floats, damping: float) -> Floats:
    from scipy.linalg.lapack import dposv

    matrix = gram.copy()
    matrix.flat[:: len(gram) + 1] += damping * np.trace(gram) / len(gram)
    _, step, failed = dposv(matrix, right.astype(float), lower=True)
    return np.asarray(np.zeros_like(right) if failed else step, dtype=np.float32)


def logistic_curve(index: Floats) -> Floats:
    """Return σ(index) (n,), clipped where single precision ends."""
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(index, -30.0, 30.0))), dtype=np.float32)


def curve_bounds(y: FloatArray) -> tuple[float, float]:
    """Return 0 and 1 for probabilities; else the range seen and a twentieth more on each side."""
    low = float(y.min())
    high = float(y.max())
    if low >= 0.0 and high <= 1.0:
        return 0.0, 1.0
    margin = 0.05 * (high - low)
    return low - margin, high + margin


def penalties(d: int, width: int, target: Floats) -> Floats:
    """Return ridge penalties (width,): a small one for the d linear terms, a larger one for what follows."""
    penalty = np.full(width, _PENALTY)
    penalty[0] = 1e-6
    penalty[1 : d + 1] = _PENALTY_LINEAR
    return np.asarray(penalty * (0.25 * float(np.var(target)) + 1e-12), dtype=np.float32)
