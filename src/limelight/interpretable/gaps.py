"""What a hidden window of a time series shows: its mean, a line, noise, another series, or what a callable says.

Part of the time-series modality. Input: the numbers (t, channels) and the window of each step. Output: numbers of the
same shape, of which the hidden windows are taken. A missing value (NaN) does not count in any of them, so a gap that is
hidden is filled; where nothing at all is known of a channel it stays missing.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.errors import InputError
from limelight.interpretable.components import as_array
from limelight.interpretable.windows import runs

FIXED = ("mean", "series_mean", "linear", "zero")
DRAWN = ("noise", "swap")
FILLS = (*FIXED, *DRAWN)
Fill = str | Callable[[NDArray[Any], NDArray[np.int64]], NDArray[Any]]


def fill_series(
    fill: Fill, values: FloatArray, labels: NDArray[np.int64], clock: FloatArray | None = None
) -> FloatArray:
    """Return (t, channels) what each step shows while its window is hidden, for a fill that is not drawn.

    Parameters
    ----------
    fill
        ``"mean"``: the window's mean. ``"series_mean"``: the channel's mean over all steps. ``"linear"``: a line from
        the step before the window to the one after it. ``"zero"``. Or a callable from values (t, channels) and labels
        (t,) to values.
    values
        (t, channels), NaN where missing.
    labels
        (t,) integers 0 … w − 1.
    clock
        (t,) seconds of the steps, along which ``"linear"`` is a line; None where steps are evenly spaced.

    Raises
    ------
    InputError
        If a callable returns another shape or no numbers.

    >>> fill_series("linear", np.array([[0.0], [9.0], [7.0], [3.0]]), np.array([0, 1, 1, 2]))[:, 0]
    array([9., 1., 2., 7.])
    """
    if callable(fill):
        found = as_array("fill", fill(values.copy(), labels.copy()))
        if found.shape != values.shape or found.dtype.kind not in "biuf":
            raise InputError(
                f"fill: expected numbers of shape {values.shape} (steps, channels) from the callable, "
                f"got {found.dtype} of shape {found.shape}."
            )
        return found.astype(values.dtype)
    if fill == "zero":
        return np.zeros_like(values)
    whole = np.broadcast_to(_known_mean(values), values.shape)
    if fill == "series_mean":
        return whole.astype(values.dtype)
    return (_window_means(values, labels, whole) if fill == "mean" else _lines(values, labels, whole, clock)).astype(
        values.dtype
    )


def draw_series(
    fill: str, values: FloatArray, background: FloatArray | None, n: int, rng: np.random.Generator
) -> FloatArray:
    """Return n draws (n, t, channels) of what hidden steps show.

    Parameters
    ----------
    fill
        ``"swap"``: a whole series of the background, drawn at random. ``"noise"``: at each step the value of another
        series of the background, drawn anew; without a background, of another step of the series itself.
    values
        (t, channels)
    background
        (m, t, channels) or None.
    n
        How many.
    rng
        Draws them.
    """
    t = len(values)
    if background is None:
        return values[rng.integers(0, t, size=(n, t))]
    if fill == "swap":
        return background[rng.integers(0, len(background), size=n)]
    return background[rng.integers(0, len(background), size=(n, t)), np.arange(t)]


def _known_mean(values: FloatArray) -> FloatArray:
    """Return the mean of what is known of each channel, NaN where nothing is."""
    known = ~np.isnan(values)
    counts = known.sum(axis=0)
    sums = np.where(known, values, 0.0).sum(axis=0, dtype=np.float64)
    return np.asarray(np.where(counts > 0, sums / np.maximum(counts, 1), np.nan))


def _window_means(values: FloatArray, labels: NDArray[np.int64], whole: FloatArray) -> FloatArray:
    known = ~np.isnan(values)
    sums, counts = (np.zeros((int(labels.max()) + 1, values.shape[1])) for _ in range(2))
    np.add.at(sums, labels, np.where(known, values, 0.0))
    np.add.at(counts, labels, known)
    return np.where(counts[labels] > 0, sums[labels] / np.maximum(counts[labels], 1), whole)


def _lines(
    values: FloatArray, labels: NDArray[np.int64], whole: FloatArray, clock: FloatArray | None = None
) -> FloatArray:
    """Return for every run of a window the line between its known neighbours; level where there is one only."""
    found = whole.astype(np.float64)
    at = np.arange(len(values), dtype=np.float64) if clock is None else clock
    for channel, column in enumerate(values.T):
        known = np.flatnonzero(~np.isnan(column))
        for _, start, stop in runs(labels):
            # a line needs what is known outside of the window, however far away
            outside = known[(known < start) | (known >= stop)]
            ends = [*outside[outside < start][-1:], *outside[outside >= stop][:1]]
            if ends:
                found[start:stop, channel] = np.interp(at[start:stop], at[ends], column[ends])
    return found
