"""How much of an output a saturating curve explains: low + (high − low) σ(an additive function of the columns).

Input: the columns of an additive function on shared draws, outputs, ridge penalties. Output: a share, as additivity is
one. "Each column pushes one way and the answer saturates" is another true thing than "the weights add up": it holds for
probabilities, prices and yes/no answers that depend on a sum.

The fit is the penalised cross-entropy with outputs as soft targets, which is convex, so that every start ends in the
same curve; it has all the terms that additivity has, so that the two shares are comparable. What a row's residual would
be without the row comes from one Newton step.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.local.positive import invert_positive, solve_positive

_MOST_ROWS = 4096
_ROWS_PER_COLUMN = 12
"""More rows say no more about a share; with many columns they are needed."""
_LEAST_ROWS_PER_COLUMN = 3
_LEAST_MOVING = 32
"""A curve through the answers of fewer rows than that would fit whatever they are."""
_STEPS = 15
_HALVINGS = 7
_ENOUGH = 1e-4  # of the loss
_FAIR = 0.1  # of what a step promises
_PENALTY = 0.05  # of the additive function's: an index is several times as large as a probability
_LEAST_SLOPE = 1e-6
_LARGEST_LEVERAGE = 0.9


def saturating_share(columns: FloatArray, y: FloatArray, penalty: FloatArray) -> float:
    """Return the share of the movement of y that the best saturating curve explains; NaN where too few rows tell.

    Parameters
    ----------
    columns
        (n, 1 + p) the columns of an additive function, the constant first.
    y
        (n,) outputs that move.
    penalty
        (1 + p,) ridge penalties of the additive function, relative to the rows.

    >>> x = np.linspace(-3, 3, 200)
    >>> steep = 1 / (1 + np.exp(-4 * x))
    >>> round(saturating_share(np.column_stack([np.ones(200), x]), steep, np.zeros(2)), 2)
    1.0
    """
    rows = max(_MOST_ROWS, _ROWS_PER_COLUMN * columns.shape[1])
    S, y = columns[:rows].astype(np.float32), y[:rows]
    total = float(np.square(y - y.mean()).sum())
    low, high = _bounds(y)
    if high <= low or len(y) < _LEAST_ROWS_PER_COLUMN * S.shape[1] or moving_rows(y) < _LEAST_MOVING:
        return float("nan")
    fit = _Fit(S, ((y - low) / (high - low)).astype(np.float32), np.maximum(penalty * _PENALTY, 1e-9))
    index = fit.index()
    left, unseen = fit.residuals(index)
    # the seen residual flatters, the unseen one belittles; their product is about the best curve of the class
    return 1.0 - float(np.abs(left * unseen).sum()) * (high - low) ** 2 / total


def moving_rows(y: FloatArray) -> float:
    """Return how many rows the movement of y rests on: about the events, where they are rare.

    >>> round(moving_rows(np.array([0.0] * 998 + [1.0] * 2)), 1), round(moving_rows(np.array([-1.0, 1.0] * 50)))
    (2.0, 100)
    """
    squares = np.square(y - y.mean())
    largest = float(squares.max(initial=0.0))
    if largest <= 0.0:
        return 0.0
    squares = squares / largest  # so that no square of a large output overflows
    return float(squares.sum()) ** 2 / float(np.square(squares).sum())


def _bounds(y: FloatArray) -> tuple[float, float]:
    """Return between which values the curve runs.

    >>> _bounds(np.array([0.2, 0.9])), _bounds(np.array([3.0, 40.0])), _bounds(np.array([-1.0, 1.0]))
    ((0.0, 1.0), (0.0, 80.0), (-1.04, 1.04))
    """
    low, high = float(y.min()), float(y.max())
    if low >= 0.0 and high <= 1.0:
        return 0.0, 1.0
    if low >= 0.0:
        # far from its upper bound the curve is exponential, which is what counts and prices follow
        return 0.0, 2.0 * high
    margin = 0.02 * (high - low)
    return low - margin, high + margin


class _Fit:
    """Penalised cross-entropy of targets between 0 and 1, minimised by Newton's method."""

    def __init__(self, S: NDArray[np.float32], target: NDArray[np.float32], penalty: FloatArray) -> None:
        self.S, self.target, self.penalty = S, target, penalty
        self.theta = np.zeros(S.shape[1])
        # one array for all steps: with many columns making it anew takes longer than filling it
        self._weighted = np.empty_like(S)
        mean = min(max(float(target.mean()), 1e-3), 1.0 - 1e-3)
        self.theta[0] = np.log(mean / (1.0 - mean))

    def index(self) -> NDArray[np.float32]:
        """Fit, and return the index (n,)."""
        s = self._at(self.theta)
        loss = self._loss(self.theta, s)
        for _ in range(_STEPS):
            downhill = self._downhill(s)
            step = solve_positive(self._curvature(s), downhill)
            promised = float(downhill @ step)
            if promised < _ENOUGH * abs(loss):
                return s
            for size in 0.5 ** np.arange(_HALVINGS):
                proposal = self.theta + size * step
                new = self._at(proposal)
                value = self._loss(proposal, new)
                # a step that gains next to nothing has gone past the bottom
                if value < loss - _FAIR * size * promised:
                    break
            else:
                return s
            self.theta, s, loss = proposal, new, value
        return s

    def residuals(self, s: NDArray[np.float32]) -> tuple[FloatArray, FloatArray]:
        """Return (n,) residuals of the fit, and those that a fit without the row would have."""
        curve = _curve(s)
        slope = np.maximum(curve * (1.0 - curve), _LEAST_SLOPE)
        inverse = invert_positive(self._curvature(s)).astype(np.float32)
        turned = np.matmul(self.S, inverse, out=self._weighted)
        leverage = np.einsum("ij,ij->i", turned, self.S) * slope / len(s)
        leverage = np.minimum(leverage, _LARGEST_LEVERAGE)
        left = self.target - curve
        unseen = self.target - _curve(s - left / slope * leverage / (1.0 - leverage))
        return left.astype(float), unseen.astype(float)

    def _at(self, theta: FloatArray) -> NDArray[np.float32]:
        return np.asarray(self.S @ theta.astype(np.float32))

    def _loss(self, theta: FloatArray, s: NDArray[np.float32]) -> float:
        fit = float((np.logaddexp(0.0, s) - self.target * s).mean(dtype=float))
        return fit + 0.5 * float(self.penalty @ np.square(theta))

    def _downhill(self, s: NDArray[np.float32]) -> FloatArray:
        left = self.target - _curve(s)
        return (left @ self.S).astype(float) / len(s) - self.penalty * self.theta

    def _curvature(self, s: NDArray[np.float32]) -> FloatArray:
        curve = _curve(s)
        slope = np.maximum(curve * (1.0 - curve), _LEAST_SLOPE)
        weighted = np.multiply(self.S, np.sqrt(slope / len(s))[:, None], out=self._weighted)
        matrix = (weighted.T @ weighted).astype(float)
        matrix.flat[:: len(matrix) + 1] += self.penalty
        return matrix


def _curve(s: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(s, -30.0, 30.0))))
