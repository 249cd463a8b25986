"""Which rows of a matrix cover most of its columns: the greedy of SP-LIME [ribeiro2016, §4, Algorithm 2].

Input: W (n, m), |contributions| by explanation and feature. Output: how much each feature matters, and the rows that
greedy coverage takes. `overview/pick.py` makes W of explanations.
"""

from __future__ import annotations

import heapq
import math
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array


_BITS = 63
"""So many columns that a row covers fit into one integer."""


def feature_importances(W: csr_array) -> FloatArray:
    """Return I (m,) = √Σ_i W_ij of the sizes W (n, m) [ribeiro2016, §4].

    Sums are rounded once, so that the order of the explanations changes nothing.

    >>> from scipy.sparse import csr_array
    >>> feature_importances(csr_array([[4.0, 0.0], [5.0, 1.0]]))
    array([3., 1.])
    """
    columns = W.tocsc()
    return np.sqrt([math.fsum(columns.data[a:b].tolist()) for a, b in _spans(columns.indptr)])


def lazy_greedy(W: csr_array, importances: FloatArray, budget: int) -> tuple[list[int], list[float]]:
    """Return the rows of W that greedy coverage takes, in order, and what each gains.

    Ties go to the larger row sum, then to the earlier row. Rows that cover the same columns gain the same, so that only
    the first of each kind is looked at: of a million rows of a table there are some hundred kinds. What is in the heap
    is at most as good as it was, so that the one on top is the best of all as soon as its gain is today's.

    Parameters
    ----------
    W
        (n, m) |contributions|; a stored entry covers its column.
    importances
        (m,)
    budget
        How many rows, at most n.
    """
    left = importances.copy()  # of what is not covered yet
    sizes = rounded(np.asarray(W.sum(axis=1)))
    kinds = _alike(W, sizes)
    heap = [_candidate(W, left, sizes, kind, 0) for kind in kinds]
    heapq.heapify(heap)
    picked: list[int] = []
    gains: list[float] = []
    while len(picked) < budget:
        stale, _, i, at, kind = heap[0]
        gain = _gain(W, left, i)
        if gain < -stale:
            heapq.heapreplace(heap, _candidate(W, left, sizes, kind, at))
            continue
        picked.append(i)
        gains.append(gain)
        left[_covered(W, i)] = 0.0
        if at + 1 < len(kind):
            heapq.heapreplace(heap, _candidate(W, left, sizes, kind, at + 1))
        else:
            heapq.heappop(heap)
    return picked, gains


_Candidate = tuple[float, float, int, int, "NDArray[np.int64]"]
"""−gain, −size, row; which row of its kind it is, and these rows."""


def _candidate(W: csr_array, left: FloatArray, sizes: FloatArray, kind: NDArray[np.int64], at: int) -> _Candidate:
    i = int(kind[at])
    return (-_gain(W, left, i), -float(sizes[i]), i, at, kind)


def _gain(W: csr_array, left: FloatArray, row: int) -> float:
    return math.fsum(left[_covered(W, row)].tolist())


def _covered(W: csr_array, row: int) -> NDArray[np.int32]:
    covered: NDArray[np.int32] = W.indices[W.indptr[row] : W.indptr[row + 1]]
    return covered


def _alike(W: csr_array, sizes: FloatArray) -> list[NDArray[np.int64]]:
    """Return the rows that cover the same columns, the largest first, then the earlier."""
    kinds = _kinds(W)
    order = np.lexsort((np.arange(len(sizes)), -sizes, kinds))
    return np.split(order, np.flatnonzero(np.diff(kinds[order])) + 1)


def _kinds(W: csr_array) -> NDArray[np.int64]:
    """Return (n,) a number for each row, equal for those that cover the same columns."""
    if W.shape[1] < _BITS:  # a bit for each column: a million rows are one product
        bits = np.left_shift(np.int64(1), np.arange(W.shape[1], dtype=np.int64))
        if W.shape[0]:
            marks = np.add.reduceat(np.append(bits[W.indices], 0), W.indptr[:-1])
        else:
            marks = np.empty(0, np.int64)
        return np.where(np.diff(W.indptr) > 0, marks, 0)
    W.sort_indices()
    codes: dict[bytes, int] = {}
    return np.array([codes.setdefault(W.indices[a:b].tobytes(), len(codes)) for a, b in _spans(W.indptr)])


def rounded(values: FloatArray) -> FloatArray:
    """Return the values without their last digits, which differ between machines, so that ties are ties on all."""
    scale = float(values.max(initial=0.0)) or 1.0
    return np.round(values / scale, 12) * scale


def _spans(ends: Any) -> list[tuple[int, int]]:
    bounds = ends.tolist()
    return list(pairwise(bounds))
