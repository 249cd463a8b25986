"""What single columns still tell of residuals, in cells much finer than their bins: it adds up, though no term has it.

Input: the bins of every draw and its place inside them, and the columns of an additive fit. Output: its leverages, and
the share of the movement that a free function of each column would explain beside it, with a standard error.

An additive function has a level, a slope and a bend in each bin. Boosted trees step inside bins: such a function leaves
a part of what one column does by itself, which would be told as columns that act together. In a cell of draws whose
values in one column are alike, what that column does is common to all of them. So the product of two draws' residuals
is on average the square of it, whatever noise each of them has: a U-statistic [hoeffding1948, §4], which is as often
below as above where there is nothing to be found. Columns are drawn independently, so their shares add up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray

if TYPE_CHECKING:
    from scipy.sparse import csr_array

MOST_CELLS = 32
"""Cells of one bin; more find hardly anything on six real tables, and each adds noise."""
_AT_ONCE = 128
"""Columns of the fit whose part in the hat matrix is held at a time."""
LEAST_DRAWS = 8
"""Draws in a cell, unless its bin holds fewer: a step has to be told from the draws beside it."""
MOST_STOOD_FOR = 8.0
"""Nobody knows what a column does whose draws of rare values stand for more than so many draws each, most of them alone
in their bins, where these are a twentieth of all draws."""


@dataclass(frozen=True)
class FineCells:
    """In which cell of each column the draws lie.

    Parameters
    ----------
    members
        (C, n) a one where a draw lies in a cell; each draw lies in one cell of each column.
    owed
        (C,) Σ hᵢₖ over the pairs of different draws in each cell, h the hat matrix of the fit: by so many variances the
        fit has taken away of their products of residuals.
    leverage
        (n,) hᵢᵢ.
    standing
        (C,) how many draws each of a cell stands for. A draw alone in its cell, as of a post code, tells nothing of
        what its column does; the small cells of that column, whose draws have company by chance alone, stand for it.
    """

    members: csr_array
    owed: FloatArray
    leverage: FloatArray
    standing: FloatArray

    @classmethod
    def of(cls, codes: NDArray[np.int64], places: FloatArray, columns: FloatArray, half: FloatArray) -> FineCells:
        """Return the cells of draws.

        Parameters
        ----------
        codes, places
            (n, c) the bin of each draw, and its place inside it.
        columns
            (n, p) of the additive fit.
        half
            (p, p) H, zero below its diagonal, with H H' the inverse of its Gram matrix.
        """
        from scipy.sparse import csr_array

        n = len(codes)
        orders, starts = [], []
        for j, (code, place) in enumerate(zip(codes.T, places.T, strict=True)):
            order = np.lexsort((place, code))
            orders.append(order)
            starts.append(j * n + _starts(code[order], place[order]))
        start = np.append(np.concatenate(starts), codes.size)
        members = csr_array((np.ones(codes.size), np.concatenate(orders), start), shape=(len(start) - 1, n))
        owed, leverage = np.zeros(len(start) - 1), np.zeros(n)
        for first in range(0, len(half), _AT_ONCE):
            last = min(first + _AT_ONCE, len(half))
            # h = z z'
            z = columns[:, :last] @ half[:last, first:last]
            leverage += np.square(z).sum(axis=1)
            owed += np.square(members @ z).sum(axis=1)
        count, owner = np.diff(start), np.repeat(np.arange(len(starts)), [len(each) for each in starts])
        return cls(members, owed - members @ leverage, leverage, _standing(count, owner, n))

    def share(self, residual: FloatArray, left: FloatArray, y: FloatArray) -> tuple[float, float]:
        """Return the share of y's movement that columns tell of residuals by themselves, and its standard error.

        Σ over cells of (Σᵢ≠ₖ eᵢ eₖ + σ² Σᵢ≠ₖ hᵢₖ) / (n (m − 1)), m the draws of a cell, over the variance of y. Its
        variance is that of a U-statistic of degree two: 2 eᵢ² eₖ² for every pair, and 4 σ² μ² for every draw, μ what
        the column does in the cell.

        Parameters
        ----------
        residual, left, y
            (n,) e, e / √(1 − h), and the outputs.

        >>> from scipy.sparse import csr_array
        >>> members = csr_array([[1.0, 1.0, 1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0, 1.0, 1.0]])
        >>> cells = FineCells(members, np.zeros(2), np.zeros(6), np.ones(2))
        >>> step = np.array([1.0, 1.0, 1.0, -1.0, -1.0, -1.0])
        >>> round(cells.share(step, step, step)[0] * 6 / 5, 6)
        1.0
        """
        n = len(y)
        count = np.diff(self.members.indptr)
        powers = np.stack([residual, residual**2, residual**4, left**2], axis=1)
        sums, squares, fourth, variance = (self.members @ powers).T
        variance = variance / count
        # one draw has no other beside it
        pairs = n * np.where(count > 1, count - 1.0, np.inf) / self.standing
        found = (np.square(sums) - squares + variance * self.owed) / pairs
        noise = 2.0 * float(((np.square(squares) - fourth) / np.square(pairs)).sum())
        noise += 4.0 / n * max(float((found * variance).sum()), 0.0)
        moved = float(y.var(ddof=1))
        return float(found.sum()) / moved, math.sqrt(noise) / moved


def _standing(count: NDArray[np.int64], owner: NDArray[np.int64], n: int) -> FloatArray:
    """Return (C,) how many draws each of a cell's stands for, from the draws in cells and their columns.

    >>> _standing(np.array([8, 2, 1, 1, 12]), np.array([0, 0, 0, 0, 1]), 12).tolist()
    [1.0, 2.0, 2.0, 2.0, 1.0]
    """
    small = count < LEAST_DRAWS
    drawn = np.bincount(owner, np.where(small, count, 0))
    alone = np.bincount(owner, count == 1, minlength=len(drawn))
    with np.errstate(divide="ignore", invalid="ignore"):
        each = np.where(alone > 0, drawn / (drawn - alone), 1.0)
    each[(each > MOST_STOOD_FOR) & (alone > n / 20)] = np.nan
    # a few that no other stands for are a few
    each[np.isinf(each)] = 1.0
    return np.asarray(np.where(small, each[owner], 1.0))


def _starts(codes: NDArray[np.int64], places: FloatArray) -> NDArray[np.int64]:
    """Return where cells begin among draws (n,) in order: equally many to the cells of a bin, equal values together.

    >>> _starts(np.array([0] * 16 + [1] * 3), np.array([*range(10), 9, 9, 9, 9, 9, 9, 0, 1, 2], float)).tolist()
    [0, 8, 16]
    """
    n = len(codes)
    drawn = np.bincount(codes)
    first = np.cumsum(drawn) - drawn
    new = np.append(True, (np.diff(codes) != 0) | (np.diff(places) != 0))
    rank = np.maximum.accumulate(np.where(new, np.arange(n), 0)) - first[codes]
    cell = rank * np.clip(drawn // LEAST_DRAWS, 1, MOST_CELLS)[codes] // drawn[codes]
    return np.flatnonzero(np.append(True, (np.diff(codes) != 0) | (np.diff(cell) != 0)))
