"""The law of one feature of a table: values that were observed, or a normal law, in bins or in none.

Input: codes and counts of a column, or its mean and scale. Output: laws that turn numbers of [0, 1) into codes and
support points, and what they may do inside their bins.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Shape
from limelight.interpretable.tabular.frames import MAX_FLOAT, IntArray
from limelight.interpretable.tabular.shapes import shape_of

MAX_SUPPORT = 4096
"""Most support points kept per feature; more are thinned to evenly spaced ranks."""
GUIDE_STEPS = 8
"""Most support points per part of the table that replaces binary search."""
BINS_KEPT_EXACT = 64
"""Up to that many bins keep their exact frequencies when a support is thinned."""


@dataclass(frozen=True)
class Observed:
    """A law over values that the background shows.

    Parameters
    ----------
    cumulative
        (m,) P(support point ≤ i); the last is 1.
    codes
        (m,) the code of each support point: non-decreasing bins, or standardised values of a continuous surrogate.
    probabilities
        (b,) P(code = b).
    """

    cumulative: FloatArray
    codes: NDArray[Any]
    probabilities: FloatArray

    @cached_property
    def _guide(self) -> NDArray[np.int32]:
        """For each of K equal parts of [0, 1) its first support point; empty where some part holds many of them."""
        K = min(max(512, 1 << (2 * len(self.cumulative)).bit_length()), 2 * MAX_SUPPORT)
        guide = np.searchsorted(self.cumulative, np.arange(K + 1) / K, side="right").astype(np.int32)
        if np.diff(guide).max() <= GUIDE_STEPS:
            return guide[:-1]
        return guide[:0]

    def draw(self, u: FloatArray) -> tuple[NDArray[Any], IntArray | None, FloatArray | None]:
        """Return codes (n,), the support points picked (n,) and None."""
        picks = self.find(u)
        return self.codes[picks], picks, None

    def find(self, u: FloatArray) -> IntArray:
        """Return the support point of each u: searchsorted, by a guide table that is right up to a few steps."""
        guide = self._guide
        if not guide.size:
            return np.minimum(np.searchsorted(self.cumulative, u, side="right"), len(self.cumulative) - 1)
        picks: IntArray = guide[np.minimum((u * guide.size).astype(np.intp), guide.size - 1)].astype(np.intp)
        while True:
            ahead = u >= self.cumulative[picks]
            if not ahead.any():
                return picks
            picks += ahead


@dataclass(frozen=True, slots=True)
class Gaussian:
    """A normal law in standardised units, for a continuous surrogate [ribeiro2016]; its codes are standardised values.

    What would lie beyond a range is drawn at its end: a balance that is never negative is never drawn negative, and
    inside the range the law is the normal one.

    Parameters
    ----------
    mean, scale
        Of the present values; v = mean + scale z.
    center
        Standardised value around which it draws: 0, or the instance's own.
    missing
        P(missing): the last part of [0, 1); its code is NaN.
    whole
        Whether values are rounded, because the column's dtype holds whole numbers.
    low, high
        The range; also the centre lies in it, where draws are made around an instance outside. Unbounded by default.
    """

    mean: float
    scale: float
    center: float
    missing: float
    whole: bool
    low: float = -MAX_FLOAT
    high: float = MAX_FLOAT

    @property
    def probabilities(self) -> None:
        """Codes are not discrete."""
        return None

    def draw(self, u: FloatArray) -> tuple[NDArray[Any], IntArray | None, FloatArray | None]:
        """Return standardised values (n,), None and the values (n,); both NaN where missing."""
        from scipy.special import ndtri

        gone = u >= 1.0 - self.missing
        inner = np.clip(u / (1.0 - self.missing), 2.0**-53, 1.0 - 2.0**-53)
        codes = np.where(gone, np.nan, self.center + ndtri(inner))
        values = self.mean + self.scale * codes
        at = self.mean + self.scale * self.center
        low, high = min(self.low, at), max(self.high, at)
        kept = np.clip(np.round(values) if self.whole else values, low, high)
        # a value that was moved has another code; the others keep theirs to the bit
        codes = np.where(kept == values, codes, (kept - self.mean) / self.scale)
        return codes, None, kept


@dataclass(frozen=True, slots=True)
class BinnedGaussian:
    """Bins at their frequencies, with a normal law cut to the bin inside, as lime draws.

    Parameters
    ----------
    probabilities
        (b,) P(code = b); a last bin without a centre stands for missing.
    low, high, mean, scale
        (b,) ends, mean and standard deviation of the values in each bin.
    whole
        Whether values are rounded and kept inside the bin, because the column's dtype holds whole numbers.
    """

    probabilities: FloatArray
    low: FloatArray
    high: FloatArray
    mean: FloatArray
    scale: FloatArray
    whole: bool

    def draw(self, u: FloatArray) -> tuple[NDArray[Any], IntArray | None, FloatArray | None]:
        """Return codes (n,), None and the values (n,), NaN where missing."""
        from scipy.special import ndtr, ndtri

        ends = np.cumsum(self.probabilities)
        ends[-1] = 1.0
        codes = np.searchsorted(ends, u, side="right").astype(np.int16)
        with np.errstate(divide="ignore", invalid="ignore"):
            inner = (u - ends[codes] + self.probabilities[codes]) / self.probabilities[codes]
            a, b = ndtr((self.low - self.mean) / self.scale)[codes], ndtr((self.high - self.mean) / self.scale)[codes]
            values = self.mean[codes] + self.scale[codes] * ndtri(a + np.clip(inner, 0.0, 1.0) * (b - a))
        values = np.where(self.scale[codes] > 0, values, self.mean[codes])
        values = np.round(values) if self.whole else values
        return codes, None, np.clip(values, self.low[codes], self.high[codes])


Law = Observed | Gaussian | BinnedGaussian


def observed_law(codes: IntArray, counts: IntArray, n_codes: int) -> tuple[Observed, IntArray]:
    """Return the law of distinct values given in code order, and which of them it keeps.

    Parameters
    ----------
    codes
        (m,) non-decreasing code of each distinct value.
    counts
        (m,) rows that show it.
    n_codes
        Number of codes b; a code without rows has probability 0.

    >>> law, kept = observed_law(np.array([0, 0, 1]), np.array([1, 1, 2]), 2)
    >>> law.cumulative.tolist(), law.probabilities.tolist(), kept.tolist()
    ([0.25, 0.5, 1.0], [0.5, 0.5], [0, 1, 2])
    """
    kept, weights = thin(codes, counts)
    cumulative = np.cumsum(weights) / weights.sum()
    cumulative[-1] = 1.0
    probabilities = np.bincount(codes[kept], weights=weights, minlength=n_codes) / weights.sum()
    small = codes[kept].astype(np.int16 if n_codes < 2**15 else np.int32)
    return Observed(cumulative, small, probabilities), kept


def thin(codes: IntArray, counts: IntArray) -> tuple[IntArray, FloatArray]:
    """Return which distinct values to keep and their weights: all, or those at evenly spaced ranks.

    Bins keep their exact frequency unless there are more than `BINS_KEPT_EXACT` of them.
    """
    if len(codes) <= MAX_SUPPORT:
        return np.arange(len(codes)), counts.astype(np.float64)
    bins = np.unique(codes)
    if len(bins) <= BINS_KEPT_EXACT:
        parts = [codes == b for b in bins]
    else:
        parts = [np.ones(len(codes), dtype=bool)]
    kept, weights = [], []
    for part in parts:
        at = np.flatnonzero(part)
        picks, weight = _evenly_spaced(counts[at], max(1, MAX_SUPPORT * len(at) // len(codes)))
        kept.append(at[picks])
        weights.append(weight)
    return np.concatenate(kept), np.concatenate(weights)


def _evenly_spaced(counts: IntArray, k: int) -> tuple[IntArray, FloatArray]:
    """Return which values lie at k evenly spaced ranks of all rows, and the rows that each then stands for."""
    ends = np.cumsum(counts)
    ranks = (np.arange(k) + 0.5) * (ends[-1] / k)
    picks, times = np.unique(np.searchsorted(ends, ranks, side="right"), return_counts=True)
    return picks, times * (ends[-1] / k)


GRID = 64
"""Support points that stand for a bin's normal law when its shape is tabulated."""


def law_shape(law: Law, values: FloatArray | None) -> Shape:
    """Return what a law with bins may do inside them.

    Parameters
    ----------
    law
        `Observed` or `BinnedGaussian`.
    values
        (m,) the support points as numbers, NaN where there is none; None for categories.
    """
    if isinstance(law, Observed):
        mass = np.diff(law.cumulative, prepend=0.0)
        return shape_of(mass, law.codes, values)
    shares = np.asarray(law.probabilities, float)
    codes = np.repeat(np.arange(len(shares)), GRID)
    return shape_of(np.repeat(shares / GRID, GRID), codes, None)


def support_points(law: Law, u: FloatArray) -> IntArray:
    """Return which support point of its law's shape each u (n,) is nearest to."""
    if isinstance(law, Observed):
        return law.find(u)
    shares = np.asarray(law.probabilities, float)
    ends = np.cumsum(shares)
    ends[-1] = 1.0
    code = np.searchsorted(ends, u, side="right")
    inner = (u - ends[code] + shares[code]) / np.maximum(shares[code], 1e-300)
    return np.asarray(code * GRID + np.clip((inner * GRID).astype(np.int64), 0, GRID - 1))


def code_dtype_of(law: Law) -> np.dtype[Any]:
    """Return the dtype of the codes of a law."""
    if isinstance(law, Observed):
        return law.codes.dtype
    return np.dtype(np.int16 if isinstance(law, BinnedGaussian) else np.float64)


def law_bytes(law: Law) -> bytes:
    """Return bytes that tell a law from others."""
    parts: Sequence[Any] = [getattr(law, field.name) for field in fields(law)]
    said = type(law).__name__.encode()
    for part in parts:
        said += part.tobytes() if isinstance(part, np.ndarray) else repr(part).encode()
    return said
