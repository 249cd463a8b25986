"""What a column may do inside its bins, tabulated at every value that it can take.

Input: a column's law as support points (how likely, in which bin, what number). Output: a `Shape`: four terms per
support point, from which an additive function of the column can be built together with its bins' levels, and their
means in every bin, so that the function's projection on "in my bin or not" is exact.

The terms are the place of the value inside its bin (by rank) and its square, and the value itself and its square. Ranks
follow any monotone curve; raw values make a linear model exactly additive also where a column is heavy-tailed, since
ranks bend in the outer bins.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import INNER_TERMS, FloatArray, Shape


def shape_of(mass: FloatArray, codes: NDArray[Any], values: FloatArray | None) -> Shape:
    """Return the shape of a law given by its support points.

    Parameters
    ----------
    mass
        (m,) probabilities, in the order of the law.
    codes
        (m,) non-decreasing bins.
    values
        (m,) numbers, NaN where there is none; None for categories.

    >>> shape = shape_of(np.full(4, 0.25), np.array([0, 0, 1, 1]), np.array([1.0, 2.0, 3.0, 4.0]))
    >>> shape.terms[:, 0].tolist(), shape.means[:, 2].round(2).tolist()
    ([-1.0, 1.0, -1.0, 1.0], [-0.89, 0.89])
    """
    codes = np.asarray(codes, dtype=np.int64)
    bins = int(codes.max(initial=-1)) + 1
    share = np.bincount(codes, weights=mass, minlength=bins).astype(np.float64)
    terms = np.zeros((len(mass), INNER_TERMS))
    inside = np.cumsum(mass) - mass / 2.0
    terms[:, 0] = _standard(inside, mass, codes, share)
    terms[:, 1] = _standard(np.square(terms[:, 0]), mass, codes, share)
    if values is not None:
        terms[:, 2:] = _value_terms(values, mass, codes)
    weighted = mass[:, None] * terms
    totals = np.stack([np.bincount(codes, weights=column, minlength=bins) for column in weighted.T], axis=1)
    means = totals / np.maximum(share, 1e-300)[:, None]
    means[:, :2] = 0.0  # by construction, but for rounding
    return Shape(np.asarray(mass, float), codes, terms, means, share)


def inner_terms(shapes: Sequence[Shape]) -> int:
    """Return how many terms the widest of some shapes has: a group of columns may have more than a column."""
    return max([INNER_TERMS, *[int(shape.terms.shape[1]) for shape in shapes]])


def _standard(values: FloatArray, mass: FloatArray, codes: NDArray[np.int64], share: FloatArray) -> FloatArray:
    """Return values with mean 0 and variance 1 in every bin; 0 in bins where they do not vary."""
    bins, safe = len(share), np.maximum(share, 1e-300)
    centred = values - (np.bincount(codes, weights=mass * values, minlength=bins) / safe)[codes]
    deviation = np.sqrt(np.bincount(codes, weights=mass * np.square(centred), minlength=bins) / safe)
    size = np.bincount(codes, weights=mass * np.abs(values), minlength=bins) / safe
    varies = deviation > 1e-9 * np.maximum(size, 1e-300)
    scale = np.where(varies, 1.0 / np.where(varies, deviation, 1.0), 0.0)
    return np.asarray(centred * scale[codes])


def _value_terms(values: FloatArray, mass: FloatArray, codes: NDArray[np.int64]) -> FloatArray:
    """Return the standardised value and its square (m, 2); zeros where the value is constant in every bin."""
    present = np.isfinite(values)
    terms = np.zeros((len(values), 2))
    total = mass[present].sum()
    if total <= 0 or len(np.unique(codes[present])) == np.count_nonzero(present):
        return terms  # one value a bin: the bins say it all
    column = np.zeros(len(values))
    whole = np.zeros(len(values), dtype=np.int64)
    column[present] = _standard(values[present], mass[present], whole[present], np.array([total]))
    square = np.zeros(len(values))
    square[present] = _standard(np.square(column[present]), mass[present], whole[present], np.array([total]))
    return np.stack([column, square], axis=1)
