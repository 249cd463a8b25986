"""How well one thing foretells what was true: AUC and explained variance, on rows that were not learned from.

Input: a column, or the bins of one, and what was true. Output: (n,) what the column alone would say; its skill, and
that skill's error.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray

FOLDS = 5
CELLS = 20
"""Numbers are cut into so many bins with equally many rows."""
WEAK = 2.0
"""Every cell begins with so many rows of the average."""


def cells_of(values: NDArray[Any]) -> NDArray[np.int64]:
    """Return (n,) the cell of each value: its own for few values, bins for many numbers.

    >>> cells_of(np.array(["b", "a", "b"], dtype=object)).tolist()
    [1, 0, 1]
    """
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return np.unique(np.array([str(value) for value in values]), return_inverse=True)[1].astype(np.int64)
    finite = np.isfinite(numbers)
    known = np.unique(numbers[finite])
    if len(known) <= CELLS:
        cells = np.searchsorted(known, numbers)
    else:
        edges = np.unique(np.quantile(numbers[finite], np.linspace(0, 1, CELLS + 1)[1:-1]))
        cells = np.searchsorted(edges, numbers, side="right")
    return np.where(finite, cells + 1, 0).astype(np.int64)


def foretold(cells: NDArray[np.int64], truth: FloatArray) -> FloatArray:
    """Return (n,) the mean truth of a row's cell among the other folds: what the cells alone say of it."""
    n, count = len(cells), int(cells.max(initial=0)) + 1
    fold = np.random.default_rng(0).permutation(n) % FOLDS
    said = np.empty(n)
    for each in range(FOLDS):
        known = fold != each
        mean = float(truth[known].mean()) if known.any() else 0.0
        total = np.bincount(cells[known], truth[known], minlength=count) + WEAK * mean
        said[~known] = (total / (np.bincount(cells[known], minlength=count) + WEAK))[cells[~known]]
    return said


def auc(score: FloatArray, truth: FloatArray) -> float:
    """Return the chance that a true row has the higher score than an untrue one; ties count half.

    >>> auc(np.array([0.1, 0.4, 0.4, 0.9]), np.array([0.0, 0.0, 1.0, 1.0]))
    0.875
    """
    from scipy.stats import rankdata

    yes = truth > 0
    m, n = int(yes.sum()), int((~yes).sum())
    if not m or not n:
        return 0.5
    return float((rankdata(score)[yes].sum() - m * (m + 1) / 2) / (m * n))


def auc_error(value: float, truth: FloatArray) -> float:
    """Return the standard error of an AUC [hanley1982]."""
    m, n = float((truth > 0).sum()), float((truth <= 0).sum())
    if not m or not n:
        return 0.5
    q1, q2 = value / (2 - value), 2 * value**2 / (1 + value)
    variance = value * (1 - value) + (m - 1) * (q1 - value**2) + (n - 1) * (q2 - value**2)
    return math.sqrt(max(variance, value * (1 - value) / min(m, n) / 4, 1e-6) / (m * n))


def explained(said: FloatArray, truth: FloatArray) -> float:
    """Return the share of the truth's variance that a forecast explains, at least 0.

    >>> explained(np.array([1.0, 2.0]), np.array([1.0, 2.0]))
    1.0
    """
    total = float(np.square(truth - truth.mean()).sum())
    if total <= 0.0:
        return 0.0
    return max(1.0 - float(np.square(truth - said).sum()) / total, 0.0)
