"""An additive function of a table's columns, fitted to shared draws: to all of them, and without each replicate.

Input: the bins of every draw and what the value does inside them, outputs, the columns' shapes. Output: coefficients
(R + 1, p, k): those fitted without replicate r, for r < R, and last those fitted to everything.

A draw is only ever corrected by a function that has not seen its replicate. For such a draw the function is fixed, so
the correction is unbiased whatever the fit made of the others, and the scatter between replicates is the true one.
Leaving a replicate out costs a subtraction of its Gram matrix, not another pass over the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import INNER_TERMS, FloatArray, Shape

if TYPE_CHECKING:
    from limelight.control.growth import Growth

LEAST_ROWS = 32
"""A bin has a level of its own from so many draws on; below, eight replicates say little about it."""

ROWS_PER_BIN = 6
"""With fewer draws for each bin there is no additive function."""

ROWS_PER_BIN_WITH_PLACES = 8
"""With fewer draws for each bin it knows their levels alone, and not what happens inside them."""

MOST_TERMS = 2000
"""With more columns it does without what happens inside bins, and if these are too many, there is none: time grows with
the square of their number, and a logistic regression of 200 columns took ten times as long and six times the memory."""

# Ridge penalties, relative to the number of rows. A value is all but free, so that a linear model comes back exactly;
# squares of places have to earn their columns. Anything between a tenth and ten times of these does as well.
PENALTY_LEVEL = 1e-4
_PENALTY_PLACE = 1e-3
_PENALTY_PLACE_SQUARED = 3e-3
_PENALTY_VALUE = 1e-8
_PENALTY_VALUE_SQUARED = 1e-3


@dataclass(frozen=True)
class Terms:
    """Which columns an additive function has: a level for each bin, places and their squares, values and theirs.

    Parameters
    ----------
    shapes
        For each coordinate, what it may do inside its bins.
    first
        (c,) where the bins of each coordinate begin, among all of them.
    level, place, square
        (B,) the column of each bin's level, of the place inside it and of its square; −1 where there is none.
    value, value_square
        (c,) the column of each coordinate's value and of its square; −1 where there is none.
    more
        (t, c) the columns of the other inner terms, which groups have: their other values, then products.
    penalty
        (p,) ridge penalties relative to the rows.
    owner
        (p,) the coordinate that each column belongs to.
    lent
        (c,) whether bins without a level stand at the mean of those with one: they hold too few draws, and the constant
        would be theirs, fitted to one of them, and to another in the fold without it.
    """

    shapes: tuple[Shape, ...]
    first: NDArray[np.int64]
    level: NDArray[np.int64]
    place: NDArray[np.int64]
    square: NDArray[np.int64]
    value: NDArray[np.int64]
    value_square: NDArray[np.int64]
    more: NDArray[np.int64]
    penalty: FloatArray
    owner: NDArray[np.int64]
    lent: NDArray[np.bool_]

    @property
    def width(self) -> int:
        """Return the number p of columns."""
        return len(self.penalty)

    def design(self, codes: NDArray[np.int64], inside: FloatArray, *, averaged: Sequence[int] = ()) -> FloatArray:
        """Return the columns (n, p) of draws, see `with_constant`."""
        return self.with_constant(codes, inside, averaged=averaged)[:, 1:]

    def with_constant(
        self, codes: NDArray[np.int64], inside: FloatArray, *, averaged: Sequence[int] = ()
    ) -> FloatArray:
        """Return a constant and the columns (n, 1 + p) of draws.

        Parameters
        ----------
        codes
            (n, c) bins.
        inside
            (n, c, 4 + t) inner terms.
        averaged
            Coordinates over whose law to average, as where a value is none of the background's.
        """
        n, across = len(codes), 1 + self.width
        flat = codes + self.first
        # the last number takes what has no column
        numbers = np.zeros(n * across + 1)
        found = numbers[:-1].reshape(n, across)
        found[:, 0] = 1.0
        row = np.arange(1, n * across, across)[:, None]
        for columns, term in ((self.level, None), (self.place, 0), (self.square, 1)):
            if (columns >= 0).any():
                at = columns[flat]
                if term is None:
                    numbers[np.where(at >= 0, row + at, n * across)] = 1.0
                else:
                    numbers[np.where(at >= 0, row + at, n * across)] = inside[:, :, term]
        for columns, term in self._of_values:
            there = columns >= 0
            found[:, 1 + columns[there]] = inside[:, there, term]
        mean = self.law_mean
        for coordinate in np.flatnonzero(self.lent).tolist():
            level = self.level[flat[:, coordinate]]
            levels = self._levels_of(coordinate)
            found[np.ix_(level < 0, 1 + levels)] = mean[levels]
        if len(averaged):
            own = np.flatnonzero(np.isin(self.owner, averaged))
            found[:, 1 + own] = mean[own]
        return found

    @property
    def _of_values(self) -> list[tuple[NDArray[np.int64], int]]:
        """Return the columns (c,) of each inner term that has one slope over all bins, and which term it is."""
        return [(self.value, 2), (self.value_square, 3), *[(each, 4 + at) for at, each in enumerate(self.more)]]

    @property
    def curved(self) -> NDArray[np.bool_]:
        """Return (p,) which columns are squares or products."""
        found = np.zeros(self.width, bool)
        values = np.array([shape.values for shape in self.shapes])
        products = np.where(np.arange(len(self.more))[:, None] >= values - 1, self.more, -1)
        for columns in (self.square, self.value_square, products.ravel()):
            found[columns[columns >= 0]] = True
        return found

    def _levels_of(self, coordinate: int) -> NDArray[np.int64]:
        """Return the columns of one coordinate's levels."""
        start = int(self.first[coordinate])
        columns = self.level[start : start + len(self.shapes[coordinate].share)]
        return columns[columns >= 0]

    def levelled(self, own: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Return (…, c) whether the own bin of each coordinate has a level, so that the function knows it."""
        inside = self.level[np.where(own >= 0, own, 0) + self.first] >= 0
        return np.asarray(inside & (own >= 0))

    def without_rare(self, left: FloatArray, codes: NDArray[np.int64]) -> FloatArray:
        """Return what is left of outputs (n,) less its mean in every bin that has no level.

        What a rare bin does alone is not in the function, and would look like something that it does with others.
        """
        found = left.copy()
        bins = len(self.level)
        for coordinate, start in enumerate(self.first.tolist()):
            at = codes[:, coordinate] + start
            counts = np.bincount(at, minlength=bins)
            means = np.bincount(at, weights=found, minlength=bins) / np.maximum(counts, 1)
            found -= np.where(self.level < 0, means, 0.0)[at]
        return found

    def beside(self, own: NDArray[np.int64], inside: FloatArray, where: NDArray[np.bool_]) -> FloatArray:
        """Return (S, p) how far values (S, c, 4 + t) lie from the means of their bins (S, c), at coordinates (S, c)."""
        found = np.zeros((len(own), self.width))
        for coordinate in np.flatnonzero(where.any(axis=0)).tolist():
            rows = np.flatnonzero(where[:, coordinate])
            means = _padded(self.shapes[coordinate].means, inside.shape[2])
            difference = inside[rows, coordinate] - means[own[rows, coordinate]]
            for columns, term in self._of_values:
                if columns[coordinate] >= 0:
                    found[rows, columns[coordinate]] = difference[:, term]
        return found

    @cached_property
    def law_mean(self) -> FloatArray:
        """Return (p,) the mean of every column under the law."""
        mean = np.zeros(self.width)
        shares = np.concatenate([shape.share for shape in self.shapes])
        there = self.level >= 0
        mean[self.level[there]] = shares[there]
        for coordinate in np.flatnonzero(self.lent).tolist():
            columns = self._levels_of(coordinate)
            mean[columns] /= mean[columns].sum()
        return mean

    def _bin_levels(self, coef: FloatArray) -> FloatArray:
        """Return (B, …) the level of every bin from coefficients (p, …)."""
        found = np.concatenate([coef, np.zeros((1, *coef.shape[1:]))])[self.level]
        mean = self.law_mean
        for coordinate in np.flatnonzero(self.lent).tolist():
            bins = self.first[coordinate] + np.arange(len(self.shapes[coordinate].share))
            columns = self._levels_of(coordinate)
            found[bins[self.level[bins] < 0]] = mean[columns] @ coef[columns]
        return np.asarray(found)

    def levels(self, coef: FloatArray) -> FloatArray:
        """Return (B, …) the mean of the additive function in every bin of its coordinate, from coefficients (p, …)."""
        padded = np.concatenate([coef, np.zeros((1, *coef.shape[1:]))])
        found = self._bin_levels(coef)
        bins = np.array([len(shape.share) for shape in self.shapes])
        owner = np.repeat(np.arange(len(bins)), bins)
        means = np.concatenate([_padded(shape.means, INNER_TERMS + len(self.more)) for shape in self.shapes])
        for columns, term in self._of_values:
            found = found + means[:, term].reshape(-1, *[1] * (coef.ndim - 1)) * padded[columns[owner]]
        return np.asarray(found)

    def along(self, coef: FloatArray, coordinate: int) -> FloatArray:
        """Return (m,) the additive function of one coordinate at its support points, from coefficients (p,)."""
        shape = self.shapes[coordinate]
        # places of −1 ("no such column") read the zero at the end
        padded = np.append(coef, 0.0)
        flat = shape.codes + self.first[coordinate]
        found = self._bin_levels(coef)[flat]
        found = found + padded[self.place[flat]] * shape.terms[:, 0] + padded[self.square[flat]] * shape.terms[:, 1]
        for columns, term in self._of_values:
            if columns[coordinate] >= 0:
                found = found + padded[columns[coordinate]] * shape.terms[:, term]
        return np.asarray(found)


def terms_of(codes: NDArray[np.int64], shapes: Sequence[Shape]) -> Terms | None:
    """Return the terms that draws (n, c) can carry; None where there are too few for anything.

    Parameters
    ----------
    codes
        (n, c) the bin of every draw.
    shapes
        For each coordinate, see `contracts.Shape`.
    """
    bins = np.array([len(shape.share) for shape in shapes], dtype=np.int64)
    first = np.cumsum(bins) - bins
    counts = np.bincount((codes + first).ravel(), minlength=int(bins.sum()))
    # A bin that is hardly ever drawn takes no column, and so costs no rows.
    levelled = counts >= LEAST_ROWS
    rows_per_bin = len(codes) / max(int(np.count_nonzero(levelled)), 1)
    if rows_per_bin < ROWS_PER_BIN or len(codes) < LEAST_ROWS or not shapes:
        return None
    owner_of_bin = np.repeat(np.arange(len(bins)), bins)
    valued = np.array([shape.valued for shape in shapes])
    placed = np.concatenate([shape.placed for shape in shapes]) & levelled
    least = np.count_nonzero(levelled) + np.count_nonzero(valued)
    if least > MOST_TERMS:
        return None
    whole = least + 2 * np.count_nonzero(placed) + np.count_nonzero(valued)
    deep = rows_per_bin >= ROWS_PER_BIN_WITH_PLACES and bool(whole <= MOST_TERMS)
    placed &= deep
    elsewhere = np.bincount(owner_of_bin, np.where(levelled, 0, counts), minlength=len(bins))
    with_level = np.bincount(owner_of_bin, levelled, minlength=len(bins))
    everywhere = np.arange(len(shapes))
    ledger = _Ledger()
    return Terms(
        shapes=tuple(shapes),
        first=first,
        level=ledger.enter(levelled, owner_of_bin, PENALTY_LEVEL),
        place=ledger.enter(placed, owner_of_bin, _PENALTY_PLACE),
        square=ledger.enter(placed, owner_of_bin, _PENALTY_PLACE_SQUARED),
        value=ledger.enter(valued, everywhere, _PENALTY_VALUE),
        value_square=ledger.enter(valued & deep, everywhere, _PENALTY_VALUE_SQUARED),
        more=_more(ledger, shapes, deep=deep),
        penalty=np.concatenate(ledger.penalties),
        owner=np.concatenate(ledger.owners),
        lent=(with_level > 0) & (with_level < bins) & (elsewhere < LEAST_ROWS),
    )


def _more(ledger: _Ledger, shapes: Sequence[Shape], *, deep: bool) -> NDArray[np.int64]:
    """Enter the terms of groups beyond four, and return their columns (t, c)."""
    widths = np.array([shape.terms.shape[1] for shape in shapes])
    values = np.array([shape.values for shape in shapes])
    everywhere = np.arange(len(shapes))
    found = []
    for term in range(INNER_TERMS, int(widths.max())):
        is_value = term - INNER_TERMS < values - 1
        there = (term < widths) & (is_value | deep)
        found.append(ledger.enter(there, everywhere, np.where(is_value, _PENALTY_VALUE, _PENALTY_VALUE_SQUARED)))
    return np.array(found, np.int64).reshape(-1, len(shapes))


def _padded(terms: FloatArray, width: int) -> FloatArray:
    """Return terms (…, t) with zeros for those that only wider shapes have."""
    return np.pad(terms, ((0, 0), (0, width - terms.shape[1])))


class _Ledger:
    """Numbers columns in the order in which kinds of them are entered."""

    def __init__(self) -> None:
        self.penalties: list[FloatArray] = []
        self.owners: list[NDArray[np.int64]] = []

    def enter(
        self, there: NDArray[np.bool_], owner: NDArray[np.int64], penalty: float | FloatArray
    ) -> NDArray[np.int64]:
        """Return the column of each place where there is one, −1 elsewhere."""
        count = int(np.count_nonzero(there))
        columns = np.full(len(there), -1, dtype=np.int64)
        columns[there] = sum(map(len, self.penalties)) + np.arange(count)
        self.penalties.append(np.broadcast_to(penalty, there.shape)[there])
        self.owners.append(owner[there])
        return columns


def additivity(residual: FloatArray, leverage: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Return the share of y's movement that the best additive function explains, and its standard error.

    1 − Σ e² / (1 − h) ÷ Σ (y − ȳ)² n / (n − 1). Dividing by 1 − h, not by its square, estimates what the *best*
    function of the class leaves, not what the fitted one does: "do the weights add up?" asks for the first.

    Parameters
    ----------
    residual, leverage, y
        (n,) e of the fit to all rows, h, and the outputs.

    >>> additivity(np.array([1.0, -1.0]), np.zeros(2), np.array([0.0, 0.0]))
    (nan, 0.0)
    """
    deviations = np.square(y - y.mean()) * len(y) / max(len(y) - 1, 1)
    total = float(deviations.sum())
    if total <= 0.0:
        return float("nan"), 0.0
    # a draw that all but decides its own fit must not stand for many
    squares = np.square(residual) / (1.0 - np.minimum(leverage, 0.9))
    unexplained = float(squares.sum()) / total
    scores = squares - unexplained * deviations
    return 1.0 - unexplained, float(np.sqrt(np.square(scores).sum())) / total


@dataclass(frozen=True)
class Additivity:
    """What one fit to all shared draws says of the model, whatever the row.

    Parameters
    ----------
    additive, stderr
        The share of the movement that the best additive function of the columns explains, and its standard error.
    saturating
        The share that the best logistic curve of an additive index explains; NaN where it was not looked for.
    pairs
        (first, second, share, standard error) of the columns that act together, largest first.
    coef
        (1 + p,) the additive function, constant first.
    inverse
        (1 + p, 1 + p) of its penalised Gram matrix.
    spread
        What it leaves of an output, as a standard deviation.
    deviation
        Standard deviation of the outputs.
    low, high
        The smallest and largest output.
    residual
        (n,) e / √(1 − h).
    moving
        How many draws the movement rests on.
    screened
        Whether pairs were looked for.
    growth
        The best exponential; None where it was not looked for, or the outputs have none.
    """

    additive: float
    stderr: float
    saturating: float
    pairs: tuple[tuple[int, int, float, float], ...]
    coef: FloatArray
    inverse: FloatArray
    spread: float
    deviation: float
    low: float
    high: float
    residual: FloatArray
    moving: float
    screened: bool
    growth: Growth | None = None

    def at(self, terms: Terms, own: NDArray[np.int64], inside: FloatArray) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Return (S,) the additive function at rows, that of the logarithm (NaN where there is none), and leverages.

        Rows are given by codes (S, c) and inner terms (S, c, 4). A coordinate whose bin has no level (rare, or none of
        the background's) is averaged over its law, but for what its value does inside the bin.
        """
        known, rows = terms.levelled(own), terms.with_constant(np.where(own >= 0, own, 0), inside)
        rows[:, 1:] = np.where(known[:, terms.owner], rows[:, 1:], terms.law_mean)
        rows[:, 1:] += terms.beside(own, inside, ~known & (own >= 0))
        turned = (rows[:, None] @ self.inverse)[:, 0]  # a product for each row: the same in any company
        logarithm = np.nan if self.growth is None else self.growth.coef
        return (rows * self.coef).sum(axis=1), (rows * logarithm).sum(axis=1), (rows * turned).sum(axis=1)
