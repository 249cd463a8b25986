"""Masks that tell features apart with few rows: drawn from LIME's law, then spread.

Where every row costs money, two features that happen to be hidden together are two that nobody can tell apart. Rows
are drawn from the exchangeable law as always, and then ones and zeros trade places *within* rows until the columns are
as uncorrelated as so few rows allow. At last the columns are shuffled: a row of s ones is then uniformly distributed
among all masks of s ones, so that the law, and with it the estimand, is what it was; only rows are no longer
independent of each other. With 29 rows of 20 features the root mean square of the correlations falls from .18 to .07,
and so does the part of the error that features put on each other.

Few features have few masks: a mask is not asked again while another of its size has not been asked (`apart`).
"""

from __future__ import annotations

import itertools
import math

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray

NEAR_SHARE = 5
"""Law ``"near"`` hides up to one feature in five: with fewer, alternatives never go together; with more, an answer that
needs several features is hardly ever seen (measured with four of 20, and of 60, needed)."""
SWEEPS = 30
"""Passes over all rows; most designs are at rest after ten."""
WORK = 4 * 10**9
"""Multiplications in all passes together: a few seconds. Thousands of features are not at rest by then."""
MOST_LISTED = 2000
"""Masks of one size, up to which equal ones are looked for: of more masks two rows are hardly ever equal."""
AT_REST = 0.02
"""A pass that improves fewer than this share of the rows is the last one."""


def near_law(n_features: int) -> FloatArray:
    """Return p(s), s = 0..d, where the number hidden is uniform on 1..⌈d / 5⌉, at least 1..2.

    >>> near_law(4).tolist()
    [0.0, 0.0, 0.5, 0.5, 0.0]
    """
    removed = np.arange(n_features + 1)[::-1]
    most = min(max(2, -(-n_features // NEAR_SHARE)), n_features)
    return np.where((removed >= 1) & (removed <= most), 1.0 / most, 0.0)


def systematic(probabilities: FloatArray, n: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return n numbers drawn systematically, ascending: each occurs as often as expected, within one.

    >>> systematic(np.array([0.5, 0.0, 0.5]), 4, np.random.default_rng(0)).tolist()
    [0, 0, 2, 2]
    """
    positions = (rng.random() + np.arange(n)) / max(n, 1)
    found = np.searchsorted(np.cumsum(probabilities) / probabilities.sum(), positions, side="right")
    return np.minimum(found, int(np.flatnonzero(probabilities)[-1])).astype(np.int64)


def spread_masks(Z: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return masks of the same sizes, row by row, whose columns are nearly uncorrelated, in shuffled order of columns.

    Parameters
    ----------
    Z
        (n, d) masks; not changed.
    rng
        Decides the order of rows in each pass, and the order of columns.

    >>> rng = np.random.default_rng(0)
    >>> Z = (rng.random((32, 20)) < 0.5).astype(np.uint8)
    >>> spread = spread_masks(Z, rng)
    >>> def worst(masks):
    ...     return float(np.abs(np.corrcoef(masks.T) - np.eye(20)).max())
    >>> bool((spread.sum(axis=1) == Z.sum(axis=1)).all()), worst(spread) < worst(Z) / 2
    (True, True)
    """
    Z = Z.copy()
    n, d = Z.shape
    if n < 2 or d < 2:
        return Z
    # the last column stands for the mean: a feature must not be hidden more often than another either
    X = np.hstack([Z - Z.mean(), np.full((n, 1), 0.5)])
    together = X.T @ X
    np.fill_diagonal(together, 0.0)
    for _ in range(max(min(SWEEPS, WORK // (n * d * d)), 2)):
        improved = sum(_improve(row, Z, X, together) for row in rng.permutation(n).tolist())
        if improved <= AT_REST * n:
            break
    return np.ascontiguousarray(Z[:, rng.permutation(d)])


def apart(Z: NDArray[np.uint8], rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return masks of the same sizes, row by row, of which none stands there twice while another of its size
    stands there not at all, nor three times while another stands there once, and so on.

    A row that is one too many becomes one of those that stand there least often, at random. No feature is told from
    another by that: where columns were in random order, each mask of a size is as likely as before.

    Parameters
    ----------
    Z
        (n, d) masks; not changed.
    rng
        Decides which rows change, and to what.

    >>> Z = np.array([[1, 0, 0], [1, 0, 0], [1, 0, 0]], np.uint8)
    >>> sorted(apart(Z, np.random.default_rng(0)).tolist())
    [[0, 0, 1], [0, 1, 0], [1, 0, 0]]
    """
    Z = Z.copy()
    sizes = Z.sum(axis=1)
    for size in np.unique(sizes).tolist():
        if math.comb(Z.shape[1], size) <= MOST_LISTED:
            rows = np.flatnonzero(sizes == size)
            Z[rows] = _evened(Z[rows], size, rng)
    return Z


def _evened(Z: NDArray[np.uint8], size: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Return masks of one size, each of which stands there as often as any other of that size, within one."""
    known = np.zeros((math.comb(Z.shape[1], size), Z.shape[1]), np.uint8)
    for row, ones in enumerate(itertools.combinations(range(Z.shape[1]), size)):
        known[row, list(ones)] = 1
    place = {mask.tobytes(): number for number, mask in enumerate(known)}
    which = np.array([place[mask.tobytes()] for mask in np.ascontiguousarray(Z)])
    count = np.bincount(which, minlength=len(known))
    while count.max() > count.min() + 1:
        too_often = rng.choice(np.flatnonzero(count == count.max()))
        too_seldom = rng.choice(np.flatnonzero(count == count.min()))
        which[rng.choice(np.flatnonzero(which == too_often))] = too_seldom
        count[too_often] -= 1
        count[too_seldom] += 1
    evened: NDArray[np.uint8] = known[which]
    return evened


def _improve(row: int, Z: NDArray[np.uint8], X: FloatArray, together: FloatArray) -> bool:
    """Let the one and the zero of a row trade places that gain most, if that makes Σ of squared sums smaller.

    `together` holds Σ x_j x_k over all rows, and zeros on its diagonal.
    """
    x = X[row]
    pull = together @ x
    shown, hidden = np.flatnonzero(Z[row]), np.flatnonzero(Z[row] == 0)
    if not len(shown) or not len(hidden):
        return False
    j = int(shown[np.argmax(pull[shown])])
    k = int(hidden[np.argmin(pull[hidden])])
    # x_j falls by one and x_k rises by one
    of_j, of_k = together[j] - x, together[k] + x
    both = together[j, k] + x[j] - x[k] - 1.0
    of_j[j] = of_k[k] = 0.0
    of_j[k] = of_k[j] = both
    before = together[j] @ together[j] + together[k] @ together[k] - together[j, k] ** 2
    if of_j @ of_j + of_k @ of_k - both**2 >= before - 1e-9:
        return False
    together[j] = together[:, j] = of_j
    together[k] = together[:, k] = of_k
    x[j] -= 1.0
    x[k] += 1.0
    Z[row, j], Z[row, k] = 0, 1
    return True
