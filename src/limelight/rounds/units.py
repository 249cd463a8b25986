"""In which units outputs are fitted: their own, unless squares of them would overflow, vanish, or lose what moves.

Input: the first block of answers. Output: for each output an origin and a power of two; what moves is then of order 1.
Log-densities of 1e-300, weights in kilograms of a planet and a probability plus 1e15 are fitted as they are told, and
come back in the user's units (`assembly.py`). Where nothing but the last digits move, nothing moves.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray

ORDINARY = (1e-50, 1e50)
"""Spreads whose squares, and sums of them, are ordinary numbers: these outputs stay in their own units."""
FAR_OFF = 1e8
"""An output this many times larger than its spread loses half of its digits in sums of squares."""
NEARLY_STILL = 1e-5
"""A spread of at least this fraction of the output's size is no rounding, and need not be looked at closely."""
LAST_DIGITS = 4.0
"""An answer that moves by so many units in its last place moves by rounding alone."""


@dataclass(frozen=True)
class Units:
    """Origin and scale of k outputs.

    Parameters
    ----------
    origin, scale
        (k,) an output y is fitted as (y − origin) / scale; scales are powers of two, so that no digit is lost.
    dust
        (k,) differences from the origin, in these units, that are rounding; 0 where the output moves.
    """

    origin: FloatArray
    scale: FloatArray
    dust: FloatArray

    @cached_property
    def plain(self) -> bool:
        """Return whether all outputs are fitted as they are."""
        return not self.origin.any() and not self.dust.any() and bool((self.scale == 1.0).all())

    def of(self, targets: NDArray[np.int64]) -> Units:
        """Return the units of some outputs."""
        return Units(self.origin[targets], self.scale[targets], self.dust[targets])

    def widened(self, k: int) -> Units:
        """Return the units of k outputs: those that were met later are fitted as they are."""
        new = as_they_are(k - len(self.scale))
        if not len(new.scale):
            return self
        origin, scale = np.append(self.origin, new.origin), np.append(self.scale, new.scale)
        return Units(origin, scale, np.append(self.dust, new.dust))

    def told(self, Y: FloatArray) -> FloatArray:
        """Return outputs (…, k) in these units."""
        if self.plain:
            return Y
        moved = Y / self.scale - self.origin / self.scale
        return np.where(np.abs(moved) <= self.dust, 0.0, moved)

    def back(self, values: FloatArray) -> FloatArray:
        """Return outputs (…, k) in the user's units."""
        if self.plain:
            return values
        return (values + self.origin / self.scale) * self.scale


def as_they_are(k: int) -> Units:
    """Return the units of k outputs that are fitted as they are."""
    return Units(np.zeros(k), np.ones(k), np.zeros(k))


def find_units(Y: FloatArray) -> Units:
    """Return the units in which outputs like these (n, k) are fitted.

    >>> units = find_units(np.array([[1e15 + 1, 0.2, 3e-300], [1e15 + 2, 0.4, 1e-300]]))
    >>> units.told(np.array([1e15 + 3, 0.4, 2e-300])).round(2).tolist()
    [4.0, 0.4, -1.34]
    """
    units = as_they_are(Y.shape[1])
    origin, scale, dust = units.origin, units.scale, units.dust
    for output in range(Y.shape[1] if len(Y) else 0):
        y = Y[~np.isnan(Y[:, output]), output]
        if not len(y):
            continue
        low, high = float(y.min()), float(y.max())
        half, size = high / 2 - low / 2, max(abs(low), abs(high))
        rounding = size * _rounding(y) if half < NEARLY_STILL * size else 0.0
        if half == 0 or (half > rounding and ORDINARY[0] < half < ORDINARY[1] and size < FAR_OFF * half):
            continue
        origin[output] = y[0]
        if half <= rounding:
            dust[output] = 4 * rounding
        else:
            scale[output] = 2.0 ** np.clip(np.floor(np.log2(half)), -1060, 1020)
    return units


def _rounding(y: FloatArray) -> float:
    """Return half of how far the last digits of numbers like these reach, relative to their size.

    Answers that single precision holds exactly were computed in it; whole numbers are themselves in both.
    """
    whole = bool((y == np.round(y)).all())
    with np.errstate(over="ignore"):
        single = not whole and bool((y.astype(np.float32) == y).all())
    return LAST_DIGITS / 2 * float(np.finfo(np.float32 if single else np.float64).eps)
