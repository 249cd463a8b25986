"""Two published benchmarks whose truth is known, rebuilt from their papers: OpenXAI's clusters, xai-bench's normals.

Input: how many rows to explain. Output: `Case`s with the truth of each row. Their truths are not what a bar of LIME or
shap says, which is why both are asked beside our own: a slope, and a Shapley value under the columns' own law.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations
from math import comb

import numpy as np

from limelight.bench.cases import Case
from limelight.contracts import FloatArray

CLUSTERS, COLUMNS, APART = 5, 10, 5.0
"""The clusters of one table, their columns, and how far along an axis of its own each centre lies."""
NORMALS = 5
"""Columns of the normal tables: all 32 subsets can be asked."""
CORRELATED = (0.0, 0.5)
TRAINED = 2_000
"""Rows of each background."""


def clusters(n_rows: int, seed: int = 0) -> tuple[Case, FloatArray]:
    """Return normal clusters, each with a logistic model of its own columns, and the slopes of each row's cluster.

    Cluster k has a mask m_k of columns, a half of them by chance, and answers sigmoid((w * m_k)ᵀx); the truth of its
    rows is w * m_k [agarwal2022, §3.1].

    Parameters
    ----------
    n_rows
        Rows to explain.
    seed
        What chooses weights, masks and rows.

    Returns
    -------
    case, truth
        The truth is (m, 10), for the second class.

    >>> case, truth = clusters(3)
    >>> case.background.shape, truth.shape
    ((2000, 10), (3, 10))
    """
    rng = np.random.default_rng(seed)
    centres = APART * np.eye(CLUSTERS, COLUMNS)
    slopes = rng.uniform(-1, 1, COLUMNS) * (rng.random((CLUSTERS, COLUMNS)) < 0.5)
    mine = rng.integers(0, CLUSTERS, TRAINED + n_rows)
    X = centres[mine] + rng.normal(size=(len(mine), COLUMNS))

    def nearest(X: FloatArray) -> FloatArray:
        found: FloatArray = ((X[:, None] - centres) ** 2).sum(axis=-1).argmin(axis=1)
        return found

    def predict(X: FloatArray) -> FloatArray:
        p = 1 / (1 + np.exp(-(np.asarray(X, dtype=float) * slopes[nearest(X)]).sum(axis=1)))
        return np.column_stack([1 - p, p])

    names = tuple(f"x{j}" for j in range(COLUMNS))
    rows = X[TRAINED:]
    return Case("clusters", predict, X[:TRAINED], rows, names, {}, classify=True), slopes[nearest(rows)]


CURVES: dict[str, tuple[Callable[[FloatArray], FloatArray], ...]] = {
    "straight lines": tuple(lambda x, size=size: size * x for size in (4.0, 3.0, 2.0, 1.0, 0.0)),  # type: ignore[misc]
    "steps": (
        lambda x: np.where(x < 0, -1.0, 1.0),
        lambda x: np.select([x < -0.5, x < 0, x < 0.5], [-2.0, -1.0, 1.0], 2.0),
        lambda x: np.where(np.trunc(2 * np.cos(np.pi * x)) == 0, 1.0, np.trunc(2 * np.cos(np.pi * x))),
        np.zeros_like,
        np.zeros_like,
    ),
    "curves": (np.sin, np.abs, np.square, lambda x: np.exp(-x), np.zeros_like),
}
"""What each column does: the linear, piecewise constant and nonlinear additive tables of [liu2021, §3]."""


def normals(n_rows: int, seed: int = 0) -> Iterator[tuple[Case, FloatArray]]:
    """Yield sums of curves over normal columns that go together, with exact Shapley values under their own law.

    v(S) = Σ_j E[f_j(x_j) | x_S], which is known for normal columns; shares as by [shapley1953] over all subsets
    [liu2021, §3].

    Parameters
    ----------
    n_rows
        Rows to explain of each.
    seed
        What chooses rows.

    Yields
    ------
    case, truth
        The truth is (m, 5).
    """
    for together in CORRELATED:
        law = np.full((NORMALS, NORMALS), together) + (1 - together) * np.eye(NORMALS)
        rng = np.random.default_rng(seed)
        drawn = rng.normal(size=(TRAINED + n_rows, NORMALS)) @ np.linalg.cholesky(law).T
        for name, curves in CURVES.items():

            def predict(X: FloatArray, curves: tuple[Callable[[FloatArray], FloatArray], ...] = curves) -> FloatArray:
                X = np.asarray(X, dtype=float)
                answers: FloatArray = np.sum([curve(X[:, j]) for j, curve in enumerate(curves)], axis=0)
                return answers

            called = f"{name}, correlation {together:g}"
            columns = tuple(f"x{j}" for j in range(NORMALS))
            case = Case(called, predict, drawn[:TRAINED], drawn[TRAINED:], columns, {}, classify=False)
            yield case, np.array([shapley(row, curves, law) for row in case.rows])


def shapley(row: FloatArray, curves: tuple[Callable[[FloatArray], FloatArray], ...], law: FloatArray) -> FloatArray:
    """Return the Shapley values (d,) of a sum of curves, with what is not known drawn given what is.

    Parameters
    ----------
    row
        (d,) from N(0, law).
    curves
        One for each column.
    law
        (d, d) covariance, ones on the diagonal.

    >>> line = lambda x: 2.0 * x
    >>> shapley(np.array([1.0, 3.0]), (line, np.zeros_like), np.array([[1, 0.5], [0.5, 1]])).round(3).tolist()
    [0.5, 1.5]
    """
    d = len(row)
    worth = {kept: _expected(row, curves, law, kept) for size in range(d + 1) for kept in combinations(range(d), size)}
    found = np.zeros(d)
    for kept, value in worth.items():
        for j in set(range(d)) - set(kept):
            gain = worth[tuple(sorted((*kept, j)))] - value
            found[j] += gain / (d * comb(d - 1, len(kept)))
    return found


def _expected(
    row: FloatArray, curves: tuple[Callable[[FloatArray], FloatArray], ...], law: FloatArray, kept: tuple[int, ...]
) -> float:
    """Return E[Σ f_j(x_j) | the columns kept]: each other column is normal, given those."""
    known = list(kept)
    if known:
        share = np.linalg.solve(law[np.ix_(known, known)], law[known])
    else:
        share = np.zeros((0, len(row)))
    means, left = row[known] @ share, 1 - (law[known] * share).sum(axis=0)
    spread = np.sqrt(np.clip(left, 0, None))
    parts = []
    for j, curve in enumerate(curves):
        # what is kept has one level, its own
        levels = np.zeros(1) if j in kept else _levels()
        parts.append(curve(means[j] + spread[j] * levels))
    return float(sum(part.mean() for part in parts))


@cache
def _levels(n: int = 2_000) -> FloatArray:
    """Return normal values of equal probability, over which a curve is averaged."""
    from scipy.special import ndtri

    found: FloatArray = ndtri((np.arange(n) + 0.5) / n)
    return found
