"""What columns that move together may do inside their joint bins, as `shapes.py` says of one column.

Input: the joint law of a group by its support points (how likely, in which joint bin), and its columns as numbers.
Output: a `Shape`, and the same terms of any other row. The columns are turned into components without correlation, so
that columns which nearly say the same share no slope. Beside one component and its square stand the other components,
by which a sum of the columns is exactly a function of the group, and the products of components, for columns that
multiply. The two places of a bin are its own two slopes: those of a number that counts for some categories only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations_with_replacement
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import INNER_TERMS, FloatArray, Shape

MULTIPLIED = 6
"""The products of so many components are terms; those of more would be more terms than draws can carry."""
LEAST = 1e-9
"""A direction in which a group moves less than this, relative to the one in which it moves most, is rounding."""
SEVERAL = 3
"""A number with so many values may have a slope over bins that hold one value each; with fewer, levels say it all."""


@dataclass(frozen=True, eq=False)
class Joint:
    """A group of columns.

    Parameters
    ----------
    mass
        (m,) probabilities of the support points.
    codes
        (m,) non-decreasing joint bins.
    numbers
        (m, k) the columns that are numbers, NaN where there is none.
    """

    mass: FloatArray
    codes: NDArray[np.int64]
    numbers: FloatArray

    @classmethod
    def of(cls, mass: FloatArray, codes: NDArray[Any], columns: Sequence[FloatArray | None]) -> Joint:
        """Return a group from its columns, None for those that are no numbers."""
        numbers = [np.full(len(mass), np.nan) if column is None else column for column in columns]
        return cls(np.asarray(mass, float), np.asarray(codes, np.int64), np.stack(numbers, axis=1))

    @cached_property
    def shape(self) -> Shape:
        """Return what the group may do inside its bins."""
        share = self._by_bin(np.ones(len(self.mass)))
        terms = self._terms(self._components(self.numbers), self.codes)
        means = np.stack([self._by_bin(column) for column in terms.T], axis=1) / np.maximum(share, 1e-300)[:, None]
        means[:, :2] = 0.0  # by construction, but for rounding
        return Shape(self.mass, self.codes, terms, means, share, max(self._axes.shape[1], 1), together=True)

    def at(self, code: int, numbers: Sequence[float | None]) -> tuple[float, ...]:
        """Return the terms of a row in one bin, given its columns as far as they are numbers.

        A number beyond the support stands at its end, and one that is not told at its mean in the bin.
        """
        inside = np.flatnonzero(self.codes == code)
        if not len(inside):
            return (0.0,) * int(self.shape.terms.shape[1])
        known = np.array([np.nan if each is None else each for each in numbers], float)
        low, high = np.nanmin(self._padded, axis=0), np.nanmax(self._padded, axis=0)
        values = self._standardised(np.clip(known, low, high)[None])[0]
        usual = np.average(self._standardised(self.numbers[inside]), axis=0, weights=self.mass[inside])
        row = np.where(np.isfinite(known), values, usual) @ self._axes
        found = self._terms(row[None], np.array([code]))[0]
        places = self.shape.terms[inside, :2]  # slopes of one bin say nothing beyond it
        found[:2] = np.clip(found[:2], places.min(axis=0), places.max(axis=0))
        return tuple(found.tolist())

    # -- components ---------------------------------------------------------------------------------------------------

    @cached_property
    def _padded(self) -> FloatArray:
        """Return (m, k) the numbers, 0 in columns that have none."""
        return np.where(np.isfinite(self.numbers).any(axis=0), self.numbers, 0.0)

    @cached_property
    def _centre_and_unit(self) -> tuple[FloatArray, FloatArray]:
        """Return (k,) the means of the columns, and one over their deviations; 0 for columns that say no more."""
        present = np.isfinite(self.numbers)
        weights = np.where(present, self.mass[:, None], 0.0)
        weights = weights / np.maximum(weights.sum(axis=0), 1e-300)
        values = np.where(present, self.numbers, 0.0)
        centre = (weights * values).sum(axis=0)
        deviation = np.sqrt((weights * np.square(values - centre)).sum(axis=0))
        varies = deviation > 1e-9 * np.maximum((weights * np.abs(values)).sum(axis=0), 1e-300)
        varies &= np.array([self._says_more(column) for column in self.numbers.T])
        return centre, np.where(varies, 1.0 / np.where(varies, deviation, 1.0), 0.0)

    def _says_more(self, column: FloatArray) -> bool:
        """Return whether a column says more than the bins' levels: several values in some bin, or many in all."""
        present = np.isfinite(column)
        if len(np.unique(column[present])) >= SEVERAL:
            return True
        cells = np.stack([self.codes[present].astype(float), column[present]], axis=1)
        return len(np.unique(cells, axis=0)) > len(np.unique(self.codes[present]))

    def _standardised(self, numbers: FloatArray) -> FloatArray:
        """Return (n, k) numbers in units of their deviations, 0 where there is none."""
        centre, unit = self._centre_and_unit
        return np.where(np.isfinite(numbers), (numbers - centre) * unit, 0.0)

    @cached_property
    def _axes(self) -> FloatArray:
        """Return (k, q) what turns standardised columns into components of variance 1, the largest direction first."""
        known = self._standardised(self.numbers)
        if not known.any():
            return np.zeros((known.shape[1], 0))
        _, size, directions = np.linalg.svd(np.sqrt(self.mass)[:, None] * known, full_matrices=False)
        kept = size > LEAST * size[0]
        return np.asarray(directions[kept].T / size[kept])

    def _components(self, numbers: FloatArray) -> FloatArray:
        return np.asarray(self._standardised(numbers) @ self._axes)

    # -- terms --------------------------------------------------------------------------------------------------------

    def _terms(self, components: FloatArray, codes: NDArray[np.int64]) -> FloatArray:
        """Return (n, 4 + …): two places, a component and its square, the other components, the other products."""
        n, count = components.shape
        if not count:
            return np.zeros((n, INNER_TERMS))
        products = self._products(components)
        first = np.stack([*self._places(components, codes), components[:, 0], products[:, 0]], axis=1)
        return np.concatenate([first, components[:, 1:], products[:, 1:]], axis=1)

    def _products(self, components: FloatArray) -> FloatArray:
        """Return the products of two components each, with mean 0 and variance 1 over the law."""
        mean, unit = self._product_units
        return np.asarray((_multiplied(components) - mean) * unit)

    @cached_property
    def _product_units(self) -> tuple[FloatArray, FloatArray]:
        products = _multiplied(self._components(self.numbers))
        mean = self.mass @ products / self.mass.sum()
        deviation = np.sqrt(self.mass @ np.square(products - mean) / self.mass.sum())
        varies = deviation > LEAST
        return mean, np.where(varies, 1.0 / np.where(varies, deviation, 1.0), 0.0)

    def _places(self, components: FloatArray, codes: NDArray[np.int64]) -> tuple[FloatArray, FloatArray]:
        """Return two terms (n,) with mean 0 and variance 1 in every bin in which they vary, and without correlation."""
        mean, unit, along, shift, scale = self._place_units
        first = (components[:, 0] - mean[codes]) * unit[codes]
        other = _second(components, first) - along[codes] * first
        return first, (other - shift[codes]) * scale[codes]

    @cached_property
    def _place_units(self) -> tuple[FloatArray, ...]:
        """Return (b,) mean and one over the deviation of the first; slope of the second along it, and its own two."""
        components, codes = self._components(self.numbers), self.codes
        mean, unit = self._units(components[:, 0])
        first = (components[:, 0] - mean[codes]) * unit[codes]
        other = _second(components, first)
        along = self._by_bin(first * other) / np.maximum(self._by_bin(np.ones(len(codes))), 1e-300)
        return mean, unit, along, *self._units(other - along[codes] * first)

    def _units(self, column: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Return (b,) the mean of a column in every bin, and one over its deviation; 0 where it does not vary."""
        share = np.maximum(self._by_bin(np.ones(len(column))), 1e-300)
        mean = self._by_bin(column) / share
        deviation = np.sqrt(self._by_bin(np.square(column - mean[self.codes])) / share)
        varies = deviation > LEAST
        return mean, np.where(varies, 1.0 / np.where(varies, deviation, 1.0), 0.0)

    def _by_bin(self, column: FloatArray) -> FloatArray:
        """Return (b,) the sums of mass × column."""
        bins = int(self.codes.max(initial=-1)) + 1
        return np.asarray(np.bincount(self.codes, self.mass * column, minlength=bins), float)


def _second(components: FloatArray, first: FloatArray) -> FloatArray:
    """Return what the second place is made of: the second component, or the square of the only one's place."""
    if components.shape[1] > 1:
        return components[:, 1]
    return np.square(first)


def _multiplied(components: FloatArray) -> FloatArray:
    """Return (n, …) the products of two of the first components each, squares included; the first one's own first.

    >>> _multiplied(np.array([[2.0, 3.0]])).tolist()
    [[4.0, 6.0, 9.0]]
    """
    pairs = combinations_with_replacement(range(min(components.shape[1], MULTIPLIED)), 2)
    return np.stack([components[:, i] * components[:, j] for i, j in pairs], axis=1)
