"""How much of a positive output an exponential explains: exp(an additive function of the columns).

Input: the fit of an additive function on shared draws, outputs. Output: a `Growth`, which has a share, as additivity
is one, and says what to expect of a row. Counts, prices
and rates often multiply: each column pushes one way, and by how much depends on how high the others have brought the
answer. A logistic curve far below its upper bound grows like that too, but has one bound to find for all rows, which a
heavy tail leaves open; the logarithm has none.

Both must hold. The share of the movement of log y may lie in differences between tiny answers that nobody would look
at, so that a model may be an exponential there and anything at all where it answers with large numbers. The share of
the movement of y itself rests on the few largest answers.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from limelight.contracts import FloatArray
from limelight.control.additive import additivity

_FAR = 50.0
"""An exponent above the logarithm of the largest answer by more than this explains nothing, and must not overflow."""


@dataclass(frozen=True)
class Growth:
    """The best exponential of an additive function.

    Parameters
    ----------
    share
        The share of the movement that it explains, of the outputs or of their logarithms, whichever is smaller.
    coef
        (1 + p,) the additive function of the logarithm, constant first.
    spread
        What it leaves of the logarithm, as a standard deviation.
    deviation
        Standard deviation of the logarithm.
    """

    share: float
    coef: FloatArray
    spread: float
    deviation: float


def growth_of(columns: FloatArray, y: FloatArray, inverse: FloatArray, leverage: FloatArray) -> Growth | None:
    """Return the best exponential; None where y is not that kind of output: probabilities, zeros, negative numbers.

    Parameters
    ----------
    columns
        (n, 1 + p) the columns of an additive function, the constant first.
    y
        (n,) outputs that move.
    inverse
        (1 + p, 1 + p) of the penalised Gram matrix of the columns.
    leverage
        (n,) of the rows in that fit.

    >>> x = np.linspace(0, 5, 200)
    >>> line = np.column_stack([np.ones(200), x])
    >>> inverse = np.linalg.inv(line.T @ line)
    >>> leverage = np.einsum("ij,jk,ik->i", line, inverse, line)
    >>> round(growth_of(line, np.exp(x), inverse, leverage).share, 3), growth_of(line, x - 1, inverse, leverage)
    (1.0, None)
    """
    if y.min() <= 0.0 or y.max() <= 1.0:
        return None
    logarithm = np.log(y)
    coef = inverse @ (columns.T @ logarithm)
    residual = logarithm - columns @ coef
    share, _ = additivity(residual, leverage, logarithm)
    # the seen residual flatters, the unseen one belittles; their product is about the best curve of the class
    top = float(logarithm.max()) + _FAR
    left = y - np.exp(np.minimum(logarithm - residual, top))
    unseen = y - np.exp(np.minimum(logarithm - residual / (1.0 - leverage), top))
    unexplained = float(np.abs(left * unseen).sum()) / float(np.square(y - y.mean()).sum())
    spread = float(np.sqrt((np.square(residual) / (1.0 - leverage)).mean()))
    return Growth(min(share, 1.0 - unexplained), coef, spread, float(logarithm.std()))
