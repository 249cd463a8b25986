"""Choose, for each target, the K features that the explanation shows.

Input: the `Moments` of the neighborhood and the weights of the full fit. Output: the indices, one array per target. One
method serves every K, and no row is read again: all methods work on the Gram matrix. The paper calls this K-Lasso
[ribeiro2016, algorithm 1]; forward selection by Cholesky updates adds the feature of largest g_j² / G_jj, the drop in
the weighted sum of squares, which is the one that maximises R².
"""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.errors import InputError, UnknownNameError
from limelight.local.moments import Moments

METHODS = ("auto", "forward", "highest_weights", "lasso_path", "none")
Indices = NDArray[np.int64]

_TIED = 10  # decimal digits, relative to the largest, within which two strengths are one: rounding must not choose
_SPENT = 1e-12  # share of its variance below which a feature is a combination of those already chosen


def check_method(method: str) -> str:
    """Return the method's name if it is known.

    Raises
    ------
    UnknownNameError
        If it is not.

    >>> check_method("forward")
    'forward'
    """
    if method not in METHODS:
        raise UnknownNameError("selection", method, METHODS)
    return method


def select(
    moments: Moments,
    coef: FloatArray,
    *,
    max_features: int | None,
    method: str = "auto",
    center: FloatArray | None = None,
) -> tuple[Indices, ...]:
    """Return the indices of the chosen features for each target, in the order of choice.

    A feature that does not vary in the neighborhood is never chosen. Ties go to the lower index.

    Parameters
    ----------
    moments
        See `limelight.local.surrogate.moments`.
    coef
        (k, d) weights of the full fit, by which ``"highest_weights"`` ranks.
    max_features
        K. None chooses every feature that varies, whatever the method.
    method
        ``"highest_weights"``: largest ``|coef · center|`` of the full fit. ``"auto"`` is the same, for every K, because
        it agrees with the weights shown. ``"forward"``: one at a time, the one that raises R² most. ``"lasso_path"``:
        the last point of the Lasso path with at most K features; may choose fewer. ``"none"``: every feature that
        varies, whatever K.
    center
        (d,) x', the instance's own z'; None is all ones, as for masks.

    Raises
    ------
    UnknownNameError
        If the method is not known.
    InputError
        If ``max_features`` is not a positive integer or None.

    >>> from limelight.local.moments import moments
    >>> from limelight.local.surrogate import solve
    >>> Z = np.array([[0, 0, 0], [0, 1, 1], [1, 0, 1], [1, 1, 1]], dtype=np.uint8)
    >>> m = moments(Z, Z @ np.array([[1.0], [-2.0], [0.5]]), np.ones(4))
    >>> select(m, solve(m)[0], max_features=2)
    (array([1, 0]),)
    """
    check_method(method)
    candidates = np.flatnonzero(moments.varying)
    n_targets = coef.shape[0]
    if max_features is None or method == "none":
        return tuple(candidates for _ in range(n_targets))
    if isinstance(max_features, bool) or not isinstance(max_features, (int, np.integer)) or max_features < 1:
        raise InputError(f"max_features: expected a positive integer or None for all, got {max_features!r}.")
    count = min(int(max_features), candidates.size)
    if method in ("auto", "highest_weights"):
        return largest(coef if center is None else coef * center, moments.varying, count)
    choose: Callable[[FloatArray, FloatArray, float, int], Indices]
    choose = _forward if method == "forward" else _lasso_path
    gram = moments.gram[np.ix_(candidates, candidates)]
    cross = moments.cross[candidates]
    scatter = moments.variance_Y * moments.total
    return tuple(candidates[choose(gram, cross[:, i], float(scatter[i]), count)] for i in range(n_targets))


def largest(strength: FloatArray, varying: NDArray[np.bool_], count: int | None) -> tuple[Indices, ...]:
    """Return for each target the `count` features of largest |strength| (k, d) among those that vary; None: all.

    >>> largest(np.array([[0.5, -2.0, 9.0]]), np.array([True, True, False]), 1)
    (array([1]),)
    """
    candidates = np.flatnonzero(varying)
    return tuple(candidates[strongest(row)[:count]] for row in np.abs(strength[:, candidates]))


def strongest(strength: FloatArray) -> Indices:
    """Return the order of the non-negative strengths (…, d), largest first; equal up to rounding → lower index first.

    >>> strongest(np.array([0.1 + 0.2, 0.3, 0.5]))
    array([2, 0, 1])
    """
    largest = strength.max(axis=-1, initial=0.0, keepdims=True)
    relative = np.divide(strength, largest, out=np.zeros_like(strength), where=largest > 0)
    return np.argsort(-np.round(relative, _TIED), axis=-1, kind="stable")


def _forward(gram: FloatArray, cross: FloatArray, scatter: float, count: int) -> Indices:
    """Return `count` indices in the order in which they raise R² most, by a Cholesky factorisation in that order."""
    d = cross.size
    chosen: list[int] = []
    factor = np.zeros((count, d))  # rows of the pivoted Cholesky factor of the Gram matrix
    left_variance = gram.diagonal().copy()
    left_cross = cross.copy()
    open_ = np.ones(d, dtype=bool)
    for step in range(count):
        live = open_ & (left_variance > _SPENT * gram.diagonal())
        gain = np.divide(left_cross**2, left_variance, out=np.zeros(d), where=live)
        gain[gain <= _SPENT * scatter] = 0.0
        best = int(np.argmax(np.where(open_, gain, -1.0)))
        chosen.append(best)
        open_[best] = False
        if not live[best]:
            continue
        row = (gram[best] - factor[:step, best] @ factor[:step]) / np.sqrt(left_variance[best])
        left_cross -= row * (left_cross[best] / np.sqrt(left_variance[best]))
        left_variance -= row**2
        factor[step] = row
    return np.asarray(chosen, dtype=np.int64)


def _lasso_path(gram: FloatArray, cross: FloatArray, scatter: float, count: int) -> Indices:
    """Return the features active at the last knot of the Lasso path with at most `count`; none for a flat target."""
    from sklearn.linear_model import lars_path_gram

    if not cross.any():
        return np.zeros(0, dtype=np.int64)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # duplicates are dropped from the path with a warning; the path stays right
        _, _, path = lars_path_gram(cross / np.sqrt(scatter), gram, n_samples=1, method="lasso")
    return next(knot for knot in map(np.flatnonzero, path.T[::-1]) if knot.size <= count)
