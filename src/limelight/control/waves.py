"""A smooth curve in an additive index, written as waves, whose mean over independent columns is a product.

Input: an additive function's columns, outputs. Output: an index s(x) = Σ_j s_j(x_j) under a logistic curve, and the
waves exp(i m φ s), m = 1..8. Probabilities saturate, and a curve that saturates leaves several times less unexplained
than a sum of columns does; any curve in s is a sum of waves, and E[exp(i m φ s)] = Π_j E[exp(i m φ s_j)] is exact.

The index has seen its outputs, so two are made, each from one half of the replicates and used on the other.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.control.additive import Terms
from limelight.control.descent import Floats, Problem, curve_bounds, descend, penalties, starting_point
from limelight.control.product import own_and_others

HARMONICS = 8
"""From 6 to 20 the gain is the same."""

_ROWS = 1000  # the index only shapes the curve: it is fitted to the first rows of its half, or to six for each column
_ROWS_PER_COLUMN = 6


@dataclass(frozen=True)
class Index:
    """A logistic curve between two bounds of an additive index, low + (high − low) σ(constant + x'coef).

    Parameters
    ----------
    low, high
        The bounds.
    constant, coef
        The index; coef is (p,).
    """

    low: float
    high: float
    constant: float
    coef: FloatArray

    def predict(self, scores: FloatArray) -> FloatArray:
        """Return the curve at x'coef (n,)."""
        return np.asarray(self.low + (self.high - self.low) / (1.0 + np.exp(-np.clip(self.constant + scores, -30, 30))))


def fit_index(columns: Floats, y: FloatArray) -> Index:
    """Return the additive logistic fit to y.

    Parameters
    ----------
    columns
        (n, p) columns without a constant.
    y
        (n,) outputs of one target.
    """
    low, high = curve_bounds(y)
    if high <= low:
        return Index(low, high, 0.0, np.zeros(columns.shape[1]))
    S = np.concatenate([np.ones((len(y), 1), np.float32), columns], axis=1, dtype=np.float32)
    tried = [_between(low, high, S, y)]
    if y.min() >= 0.0 and high > 1.0:
        # far from its upper bound the curve is exponential, which is what counts and prices follow
        tried.append(_between(0.0, 2.0 * float(y.max()), S, y))
    missed = [float(np.square(y - index.predict(columns @ index.coef)).sum()) for index in tried]
    return tried[int(np.argmin(missed))]


def _between(low: float, high: float, S: Floats, y: FloatArray) -> Index:
    """Return the fit to y of a curve with these bounds, given columns (n, 1 + p) with a constant."""
    width = S.shape[1]
    target = ((y - low) / (high - low)).astype(np.float32)
    problem = Problem(S, target, np.full(len(y), 1.0 / len(y), np.float32), penalties(width - 1, width, target))
    flat = np.zeros(width - 1)
    theta = descend(problem, starting_point(problem, flat, flat), width, steps=5).astype(float)
    return Index(low, high, float(theta[0]), theta[1:])


@dataclass(frozen=True)
class Waves:
    """The waves of one index.

    Parameters
    ----------
    index
        The fitted logistic index; its coefficients are those of `columns`.
    columns
        (q,) which columns of the additive function the index uses: no squares.
    phase
        φ, such that the index fits into four fifths of a period.
    """

    index: Index
    columns: NDArray[np.int64]
    phase: float

    def coef(self, width: int) -> FloatArray:
        """Return the index's coefficients spread over all columns (p,)."""
        return _spread(self.index.coef, self.columns, width)

    def at(self, scores: FloatArray) -> NDArray[np.complex128]:
        """Return (n, 8) exp(i m φ s) at indices s (n,)."""
        base = np.exp(1j * self.phase * scores)
        found = np.empty((len(base), HARMONICS), complex)
        found[:, 0] = base
        for harmonic in range(1, HARMONICS):
            np.multiply(found[:, harmonic - 1], base, out=found[:, harmonic])
        return found

    def tables(self, terms: Terms) -> list[NDArray[Any]]:
        """Return for each coordinate (B_j, 8) the mean of its own factor exp(i m φ s_j) in every bin."""
        coef = self.coef(terms.width)
        found = []
        for coordinate, shape in enumerate(terms.shapes):
            waved = shape.mass[:, None] * self.at(terms.along(coef, coordinate))
            bins = len(shape.share)
            drawn = np.bincount(shape.codes, minlength=bins) > 0
            starts = np.searchsorted(shape.codes, np.arange(bins))
            table = np.ones((bins, HARMONICS), complex)
            sums = np.add.reduceat(waved, starts[drawn], axis=0)
            table[drawn] = sums / np.maximum(shape.share[drawn], 1e-300)[:, None]
            found.append(table)
        return found


def fit_waves(design: FloatArray, y: FloatArray, terms: Terms) -> Waves:
    """Return the waves of an index fitted to rows.

    Parameters
    ----------
    design
        (n, p) columns of the additive function.
    y
        (n,) outputs of one target.
    terms
        What the columns are.
    """
    kept = np.flatnonzero(~terms.curved)
    few = max(_ROWS, _ROWS_PER_COLUMN * len(kept))
    index = fit_index(design[:few, kept].astype(np.float32), y[:few])
    reach = float(np.abs(design @ _spread(index.coef, kept, design.shape[1])).max(initial=0.0))
    # waves repeat: leave room, so that the two ends of the index do not meet
    phase = 0.8 * np.pi / reach if reach > 1e-9 else 1.0
    return Waves(index, kept, phase)


def _spread(coef: FloatArray, columns: NDArray[np.int64], width: int) -> FloatArray:
    found = np.zeros(width)
    found[columns] = coef
    return found


def joined(
    curves: Sequence[tuple[list[NDArray[np.complex128]], NDArray[np.complex128]]], shares: Sequence[FloatArray]
) -> tuple[NDArray[np.complex128], NDArray[np.complex128]]:
    """Return the waves of several indices side by side, as the projection reads them, and their amplitudes."""
    if not curves:
        return np.empty((len(shares), 1, 2, 0), complex), np.empty(0, complex)
    tables = [np.concatenate(each, axis=1) for each in zip(*[table for table, _ in curves], strict=True)]
    return own_and_others(tables, shares), np.concatenate([amplitudes for _, amplitudes in curves])
