"""Windows of a time series: which steps a person would speak of together.

Part of the time-series modality. Input: the numbers (t, channels). Output: a label for each step, counted from 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.components import as_array

METHODS = ("uniform", "changepoints")
Windows = str | int | NDArray[Any] | Callable[[NDArray[Any]], NDArray[Any]]


def find_windows(windows: Windows, values: FloatArray, n_windows: int | None = None) -> NDArray[np.int64]:
    """Return (t,) the window of each step, 0 … w − 1.

    Parameters
    ----------
    windows
        ``"uniform"``: windows of equal length. ``"changepoints"``: cut where the mean level jumps (`changepoints`).
        An integer: windows of so many steps, the last one shorter. Labels (t,) of any integers: equal labels are one
        window, also where they are apart. A callable from the values (t, channels) to labels.
    values
        (t, channels)
    n_windows
        How many for the first two; round(√t) where None: both the windows and the steps in each stay few.

    Raises
    ------
    InputError
        If labels are no integers or not one for each step, or a length is not positive.
    UnknownNameError
        If the name is not known.

    >>> find_windows("uniform", np.zeros((7, 1)))
    array([0, 0, 0, 1, 1, 2, 2])
    >>> find_windows(3, np.zeros((7, 1)))
    array([0, 0, 0, 1, 1, 1, 2])
    """
    return labelled_windows(windows, values, n_windows)[0]


def labelled_windows(
    windows: Windows, values: FloatArray, n_windows: int | None = None
) -> tuple[NDArray[np.int64], tuple[int, ...]]:
    """Return `find_windows`, and by which label each window goes: the user's own, or its number.

    >>> labels, keys = labelled_windows(np.array([7, 7, -1]), np.zeros((3, 1)))
    >>> labels.tolist(), keys
    ([1, 1, 0], (-1, 7))
    """
    found = _found_windows(windows, values, n_windows)
    keys, labels = np.unique(found, return_inverse=True)
    return np.asarray(labels, dtype=np.int64).reshape(len(values)), tuple(keys.astype(np.int64).tolist())


def _found_windows(windows: Windows, values: FloatArray, n_windows: int | None) -> NDArray[Any]:
    """Return a label for each step, as the user gave it or counted from 0."""
    t = len(values)
    n = min(t, n_windows or max(1, round(t**0.5)))
    if isinstance(windows, str):
        if windows not in METHODS:
            raise UnknownNameError("windows", windows, METHODS)
        if windows == "changepoints":
            cuts = changepoints(values, n)
        else:
            cuts = -(-np.arange(1, n) * t // n)  # rounded up: lengths differ by one step at most
        return np.searchsorted(cuts, np.arange(t), side="right")
    if isinstance(windows, (int, np.integer)) and not isinstance(windows, bool):
        if windows < 1:
            raise InputError(f"windows: expected a positive number of steps, got {windows}.")
        return np.arange(t) // int(windows)
    labels = as_array("windows", windows(values.copy()) if callable(windows) else windows)
    if labels.dtype.kind not in "iub" or labels.shape != (t,):
        raise InputError(
            f"windows: expected an integer label for each of the {t} steps, shape ({t},), got {labels.dtype} of shape "
            f"{labels.shape}; return labels such as steps // 10."
        )
    return labels


def changepoints(values: FloatArray, n_windows: int) -> NDArray[np.int64]:
    """Return the steps at which all windows but the first begin, in order, by binary segmentation [scott1974].

    The series is cut in two where that takes most off the squared distance to the windows' means, channels
    standardised; then the window is cut where cutting takes most, until there are `n_windows`, or nothing is gained.

    >>> changepoints(np.array([[0.0], [0.1], [5.0], [5.1], [9.0], [9.1]]), 3)
    array([2, 4])
    """
    known = np.where(np.isnan(values), _column_means(values), values)
    spread = known.std(axis=0)
    scaled = (known - known.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    sums = np.concatenate([np.zeros((1, scaled.shape[1])), np.cumsum(scaled, axis=0)])
    stretches = [(_best_cut(sums, 0, len(values)), 0, len(values))]
    cuts: list[int] = []
    while len(cuts) < n_windows - 1:
        (gain, cut), start, stop = max(stretches, key=lambda stretch: stretch[0][0])
        if gain <= 1e-12:  # level everywhere, but for rounding
            break
        stretches.remove(((gain, cut), start, stop))
        stretches += [(_best_cut(sums, start, cut), start, cut), (_best_cut(sums, cut, stop), cut, stop)]
        cuts.append(cut)
    return np.array(sorted(cuts), dtype=np.int64)


def runs(labels: NDArray[np.int64]) -> Iterator[tuple[int, int, int]]:
    """Yield (label, start, stop) of every run of equal labels.

    >>> list(runs(np.array([0, 0, 1, 0])))
    [(0, 0, 2), (1, 2, 3), (0, 3, 4)]
    """
    edges = [0, *(np.flatnonzero(np.diff(labels)) + 1).tolist(), len(labels)]
    yield from ((int(labels[start]), start, stop) for start, stop in pairwise(edges))


def _best_cut(sums: FloatArray, start: int, stop: int) -> tuple[float, int]:
    """Return what the best cut takes off the squared distance to the means, and where it is."""
    if stop - start < 2:
        return 0.0, start
    cuts = np.arange(start + 1, stop)
    left, right = (cuts - start)[:, None], (stop - cuts)[:, None]
    gap = (sums[cuts] - sums[start]) / left - (sums[stop] - sums[cuts]) / right
    gains = (gap**2 * (left * right / (stop - start))).sum(axis=1)
    best = int(np.argmax(gains))
    return float(gains[best]), int(cuts[best])


def _column_means(values: FloatArray) -> FloatArray:
    """Return the mean of what is known of each channel, 0 where nothing is."""
    known = ~np.isnan(values)
    return np.asarray(np.where(known, values, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))
