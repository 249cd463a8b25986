"""Which columns move together, so that drawing them one by one makes rows that nobody ever saw.

Input: the bins in which every row of the background lies, by column. Output: groups of columns. Two columns are as near
as Cramér's V says, without the upward bias that it has with many bins and few rows [bergsma2013]; groups are joined by
average linkage while their columns are near, and while their joint bins still hold enough rows for "the same bin as
mine" to be a comparison.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.interpretable.tabular.frames import IntArray

NEAR = 0.3
"""Cramér's V from which groups are joined: on Adult drawn rows can then hardly be told from real ones."""
SHARED = 0.01
"""Two rows must fall into one joint bin at least this often; with fewer, nearly every row would be its own bin."""
ROWS = 5000
"""Rows that are looked at: the error of V is some 1/√rows."""
BINS = 30
"""Bins of a column that are told apart; the rarer ones are taken as one."""
VARIES = 20
"""Rows at least in which a column is not at its most frequent value, or it may equal another by chance."""
SEEN = 5
"""Rows that show each value on average, below which values that go with each other mean nothing."""


def association(codes: Sequence[IntArray]) -> FloatArray:
    """Return (c, c) Cramér's V of every two columns without its bias, from 0 to 1; 1 on the diagonal.

    With φ² = χ²/n and tables of r × s bins, V² = max(0, φ² − (r−1)(s−1)/(n−1)) / min(r̃−1, s̃−1), where
    r̃ = r − (r−1)²/(n−1) [bergsma2013].

    Parameters
    ----------
    codes
        For each column (n,) the bin of each row.

    >>> same, other = np.arange(400) % 4, np.arange(400) // 4 % 2
    >>> association([same, same, other]).round(2).tolist()
    [[1.0, 1.0, 0.0], [1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    from scipy.sparse import csr_array

    n = len(codes[0])
    owner: list[int] = []
    placed: list[NDArray[np.int64]] = []
    sizes: list[int] = []
    for column, each in enumerate(codes):
        few = _few(each)
        placed.append(few + len(owner))
        sizes.append(int(few.max()) + 1)
        owner += [column] * sizes[-1]
    columns = np.concatenate(placed)
    rows = np.tile(np.arange(n), len(codes))
    shown = csr_array((np.ones(len(columns)), (rows, columns)), shape=(n, len(owner)))
    counts = np.asarray((shown.T @ shown).todense())
    share = counts.diagonal()
    belongs = np.eye(len(codes))[np.array(owner)]
    squares = belongs.T @ (np.square(counts) / np.multiply.outer(share, share)) @ belongs
    free = np.array(sizes, float) - 1.0
    fair = np.maximum(squares - 1.0 - np.multiply.outer(free, free) / (n - 1), 0.0)
    left = np.maximum(free - np.square(free) / (n - 1), 1e-12)
    found = np.sqrt(np.clip(fair / np.minimum.outer(left, left), 0.0, 1.0))
    found[free == 0], found[:, free == 0] = 0.0, 0.0
    np.fill_diagonal(found, 1.0)
    return np.asarray(found)


def columns_together(codes: Sequence[IntArray], *, near: float = NEAR) -> list[tuple[int, ...]]:
    """Return the groups of two and more columns that move together, by position, in the order of their first columns.

    Parameters
    ----------
    codes
        For each column (n,) the bin of each row.
    near
        Association from which groups are joined, on average over their columns.

    >>> rng = np.random.default_rng(0)
    >>> a, b = rng.integers(0, 4, (2, 1000))
    >>> columns_together([a, b, (a + (rng.random(1000) < 0.1)) % 4])
    [(0, 2)]
    """
    if len(codes) < 2 or len(codes[0]) < 3:
        return []
    step = max(1, len(codes[0]) // ROWS)
    seen = [each[::step] for each in codes]
    groups: dict[int, tuple[int, ...]] = {j: (j,) for j in range(len(codes))}
    near_by = association(seen)
    np.fill_diagonal(near_by, -1.0)
    while True:
        first, second = np.unravel_index(int(np.argmax(near_by)), near_by.shape)
        a, b = int(min(first, second)), int(max(first, second))
        if near_by[a, b] < near:
            break
        if _shared([seen[j] for j in (*groups[a], *groups[b])]) < SHARED:
            near_by[a, b] = near_by[b, a] = -1.0  # too many joint bins; others may still join either
            continue
        weights = len(groups[a]), len(groups[b])
        joined = (weights[0] * near_by[a] + weights[1] * near_by[b]) / sum(weights)
        refused = (near_by[a] < 0) | (near_by[b] < 0)
        near_by[a] = near_by[:, a] = np.where(refused, -1.0, joined)
        near_by[b] = near_by[:, b] = -1.0
        groups[a] = tuple(sorted((*groups[a], *groups.pop(b))))
    return sorted(members for members in groups.values() if len(members) > 1)


def twins(ranks: Sequence[IntArray], ordered: Sequence[bool]) -> list[tuple[int, int]]:
    """Return the pairs of columns that say the same in every row, each with the first that says so.

    Numbers say the same where they rise and fall together, or against each other; columns of few values where each
    value of one goes with one of the other. Columns that hardly vary are left out, since they agree by chance.

    Parameters
    ----------
    ranks
        For each column (n,) which of its distinct values each row shows, in the order of the values.
    ordered
        For each column whether that order means something.

    >>> a = np.arange(100) % 10
    >>> twins([a, 9 - a, a // 2], [True, True, True])
    [(0, 1)]
    """
    known: dict[bytes, int] = {}
    found = []
    for j, each in enumerate(ranks):
        dense, counts = np.unique(each, return_inverse=True, return_counts=True)[1:]
        n = len(each)
        if n - counts.max() < VARIES or (len(counts) > n / SEEN and not ordered[j]):
            continue
        if len(counts) > n / SEEN:
            numbered = dense if dense[0] <= dense[-1] else len(counts) - 1 - dense
        else:  # numbered as they first appear
            first = np.unique(dense, return_index=True)[1]
            numbered = np.argsort(np.argsort(first))[dense]
        key = numbered.astype(np.int64).tobytes()
        if key in known:
            found.append((known[key], j))
        known.setdefault(key, j)
    return found


def _few(codes: IntArray) -> NDArray[np.int64]:
    """Return bins numbered from 0 without gaps, the rarest taken as one where there are many."""
    _, dense, counts = np.unique(codes, return_inverse=True, return_counts=True)
    if len(counts) <= BINS:
        return dense.astype(np.int64)
    rank = np.empty(len(counts), np.int64)
    rank[np.argsort(-counts, kind="stable")] = np.arange(len(counts))
    return np.minimum(rank[dense], BINS - 1)


def _shared(codes: Sequence[IntArray]) -> float:
    """Return how often two rows fall into one joint bin: Σ p²."""
    joint = np.zeros(len(codes[0]), np.int64)
    for each in codes:
        dense = np.unique(each, return_inverse=True)[1]
        joint = np.unique(joint * (int(dense.max()) + 1) + dense, return_inverse=True)[1]
    share = np.bincount(joint) / len(joint)
    return float(np.square(share).sum())
