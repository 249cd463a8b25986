"""Numbers of one time series, whatever it came as, and what is known about its axes: channels, times, seconds.

Part of the time-series modality. Input: an array, a tensor, a series or a frame. Output: a `Series`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from limelight.contracts import FloatArray
from limelight.errors import InputError
from limelight.interpretable.seconds import seconds_of, shown_times, time_labels

Axis = Literal["last", "first"]
AXES = ("last", "first")


@dataclass(frozen=True, slots=True)
class Series:
    """The numbers of one series, and what is known about their axes.

    Parameters
    ----------
    values
        (t, channels) floats, NaN where missing.
    flat
        Whether the series came as (t,), without an axis of channels.
    channels
        Their names.
    times
        t labels, None where steps are only counted.
    clock
        (t,) seconds since the first step, where they are known; else None.
    rate
        Steps a second, of a recording; else None.
    """

    values: FloatArray
    flat: bool
    channels: tuple[str, ...]
    times: tuple[str, ...] | None
    clock: FloatArray | None = None
    rate: float | None = None


def read_series(instance: Any, channels: Axis | None = None, *, rate: float | None = None, times: Any = None) -> Series:
    """Return the numbers of a series of any kind, in memory of their own: an array that is refilled changes nothing.

    Parameters
    ----------
    instance
        An array, a list, a tensor, or a series or frame of any library.
    channels
        Where an array has its channels.
    rate
        Steps a second, of a recording.
    times
        t times, where the instance does not have them in its index.

    Raises
    ------
    InputError
        If this is not (t,) or two axes of finite or missing numbers, at least one step, or if its size does not tell
        which of two axes is time.

    >>> read_series([1, 2, None]).values[:, 0]
    array([ 1.,  2., nan])
    """
    names, labels = _labels_of(instance)
    values = as_floats(instance)
    if values.ndim not in (1, 2) or values.size == 0:
        raise InputError(
            f"instance: expected a series (t,) or (t, channels) of at least one step, got shape {values.shape}; "
            "pass one series, or many to explain_many."
        )
    if np.isinf(values).any():
        raise InputError(
            "instance: expected finite or missing numbers, got an infinite one; replace it or make it NaN."
        )
    flat = values.ndim == 1
    if channels is None and names is None and not flat:
        _check_axes(values.shape)
    if flat:
        table = values[:, None]
    elif channels == "first" and names is None:
        table = values.T
    else:
        table = values
    found = names or tuple(f"channel {i}" for i in range(table.shape[1]))
    if rate is not None:
        return Series(np.array(table, order="C"), flat, found, None, np.arange(len(table)) / rate, rate)
    if times is not None:
        labels = time_labels(times, len(table))
    clock = seconds_of(getattr(instance, "index", None) if times is None else times)
    return Series(np.array(table, order="C"), flat, found, labels, clock)


def _check_axes(shape: tuple[int, ...]) -> None:
    """Refuse an array that is more channels than steps when read as frames are, unless somebody said so."""
    if shape[0] > shape[1] or shape[1] == 1:
        return
    raise InputError(
        f"instance: expected more steps than channels, got shape {shape}, which is {shape[0]} steps of {shape[1]} "
        f"channels or {shape[1]} steps of {shape[0]}; say which by TimeSeries(channels='first') or channels='last'."
    )


def _labels_of(instance: Any) -> tuple[tuple[str, ...] | None, tuple[str, ...] | None]:
    """Return the names of a frame's columns, and the times of an index that does more than count."""
    columns = getattr(instance, "columns", None)
    names = None if columns is None else tuple(map(str, columns))
    index = getattr(instance, "index", None)
    if index is None or callable(index) or type(index).__name__ == "RangeIndex":
        return names, None
    return names, shown_times(index)


def as_floats(thing: Any) -> FloatArray:
    """Return the numbers of a series of any kind in their own precision; integers as float64, missing ones NaN.

    Raises
    ------
    InputError
        If they are none.

    >>> as_floats([1, None])
    array([ 1., nan])
    """
    if hasattr(thing, "detach"):  # a tensor, which numpy refuses as long as it collects gradients
        thing = thing.detach().cpu()
    if isinstance(thing, np.ma.MaskedArray):  # masked is missing, and a missing number is NaN here
        thing = np.ma.filled(thing.astype(np.result_type(thing.dtype, np.float32)), np.nan)
    try:
        values = np.asarray(thing.to_numpy() if hasattr(thing, "to_numpy") else thing)
    except ValueError as error:
        raise InputError(f"instance: expected a series of numbers, got lists of unequal length ({error}).") from error
    try:
        if values.dtype.kind == "f":
            return values
        return values.astype(np.float64)
    except (TypeError, ValueError, OverflowError) as error:  # the last: whole numbers beyond all floats
        raise InputError(
            f"instance: expected a series of numbers, got {values.dtype} of shape {values.shape} ({error})."
        ) from error
