"""Ridge fits to all replicates and without each: leaving one out costs a subtraction, not another pass over the rows.

Input: sums over each replicate of rows and outputs, penalties. Output: coefficients (R + 1, p, k): those fitted without
replicate r, for r < R, and last those fitted to everything.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from limelight.contracts import FloatArray
from limelight.local.positive import half_inverse, solve_positive


@dataclass(frozen=True)
class Folds:
    """Sums over each replicate of rows X (n, p) and outputs Y (n, k), from which every fit is a solve.

    Parameters
    ----------
    gram
        (R, p, p)
    cross
        (R, p, k)
    penalty
        (p,) absolute.
    """

    gram: FloatArray
    cross: FloatArray
    penalty: FloatArray

    def solve(self, which: Sequence[int] | None = None) -> FloatArray:
        """Return coefficients (R + 1, p, k): without each replicate, and last with all of them; or `which` of these."""
        whole = self._penalised()
        right = self.cross.sum(axis=0)
        chosen = range(len(self.gram) + 1) if which is None else which
        found = np.empty((len(chosen), *right.shape))
        # one after the other: with a thousand columns all of the matrices at once would fill the memory
        matrix = np.empty_like(whole)
        for at, left_out in enumerate(chosen):
            if left_out < len(self.gram):
                np.subtract(whole, self.gram[left_out], out=matrix)
                found[at] = solve_positive(matrix, right - self.cross[left_out])
            else:
                found[at] = solve_positive(whole.copy(), right)
        return found

    def half_inverse(self) -> FloatArray:
        """Return H (p, p), zero below its diagonal: H H' is the inverse of the penalised Gram matrix of all rows."""
        return half_inverse(self._penalised())

    def _penalised(self) -> FloatArray:
        whole: FloatArray = self.gram.sum(axis=0)
        whole.flat[:: len(whole) + 1] += self.penalty
        return whole


def fold_sums(X: FloatArray, Y: FloatArray, penalty: FloatArray, rows: int) -> Folds:
    """Return the sums of rows X (R, m, p) and outputs Y (R, m, k); the penalty (p,) is relative to the rows."""
    transposed = X.swapaxes(1, 2)
    return Folds(transposed @ X, transposed @ Y, penalty * rows)
