"""How much of a positive output an exponential explains: exp(an additive function of the columns).

Input: the fit of an additive function on shared draws, outputs. Output: a share, as additivity is one. Counts, prices
and rates often multiply: each column pushes one way, and by how much depends on how high the others have brought the
answer. A logistic curve far below its upper bound grows like that too, but has one bound to find for all rows, which a
heavy tail leaves open; the logarithm has none.

Both must hold. The share of the movement of log y may lie in differences between tiny answers that nobody would look
at, so that a model may be an exponential there and anything at all where it answers with large numbers. The share of
the movement of y itself rests on the few largest answers.
"""

from __future__ import annotations

import numpy as np

from limelight.contracts import FloatArray
from limelight.control.additive import additivity

_FAR = 50.0
"""An exponent above the logarithm of the largest answer by more than this explains nothing, and must not overflow."""


def growing_share(columns: FloatArray, y: FloatArray, inverse: FloatArray, leverage: FloatArray) -> float:
    """Return the share of the movement that the best exponential explains; NaN where y is not that kind of output.

    Parameters
    ----------
    columns
        (n, 1 + p) the columns of an additive function, the constant first.
    y
        (n,) outputs that move. Probabilities, zeros and negative numbers have no exponential.
    inverse
        (1 + p, 1 + p) of the penalised Gram matrix of the columns.
    leverage
        (n,) of the rows in that fit.

    >>> x = np.linspace(0, 5, 200)
    >>> line = np.column_stack([np.ones(200), x])
    >>> inverse = np.linalg.inv(line.T @ line)
    >>> leverage = np.einsum("ij,jk,ik->i", line, inverse, line)
    >>> round(growing_share(line, np.exp(x), inverse, leverage), 3), growing_share(line, x - 1, inverse, leverage)
    (1.0, nan)
    """
    if y.min() <= 0.0 or y.max() <= 1.0:
        return float("nan")
    logarithm = np.log(y)
    residual = logarithm - columns @ (inverse @ (columns.T @ logarithm))
    share, _ = additivity(residual, leverage, logarithm)
    # the seen residual flatters, the unseen one belittles; their product is about the best curve of the class
    top = float(logarithm.max()) + _FAR
    left = y - np.exp(np.minimum(logarithm - residual, top))
    unseen = y - np.exp(np.minimum(logarithm - residual / (1.0 - leverage), top))
    unexplained = float(np.abs(left * unseen).sum()) / float(np.square(y - y.mean()).sum())
    return min(share, 1.0 - unexplained)
