"""Time in seconds: the rate of a recording, times that are not evenly spaced, and windows of so many seconds.

Part of the time-series modality. Input: an index, times, or a rate. Output: seconds since the first step, labels of
windows, and what a stretch of a recording is called.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.errors import InputError

UNEVEN = 0.01
"""Steps whose lengths differ by more than this share of the median are not even; clocks of loggers differ by less."""
MOST_OF_A_RECORDING = 50
"""Windows of a recording where nobody says how many: the root of a second of sound would be a hundred and more."""


def seconds_of(times: Any) -> FloatArray | None:
    """Return seconds since the first of some times; None where they are no dates, durations or numbers in order.

    >>> seconds_of(np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[D]")).tolist()
    [0.0, 86400.0]
    >>> seconds_of(["Monday", "Tuesday"]) is None
    True
    """
    if times is None or callable(times) or type(times).__name__ == "RangeIndex":
        return None
    if getattr(times, "tz", None) is not None:
        times = times.tz_convert("UTC").tz_localize(None)
    if hasattr(times, "to_timestamp"):
        times = times.to_timestamp()
    values = np.asarray(times)
    if values.dtype.kind in "mM":
        values = (values - values[:1]) / np.timedelta64(1, "s")
    if values.dtype.kind not in "iuf" or values.ndim != 1 or not len(values):
        return None
    since: FloatArray = values.astype(np.float64) - float(values[0])
    if np.isfinite(since).all() and (np.diff(since) >= 0).all():
        return since
    return None


def shown_times(times: Any) -> tuple[str, ...]:
    """Return times as text; midnights of days alone are left out.

    >>> shown_times(np.array(["2024-01-01", "2024-01-02"], dtype="datetime64[D]"))
    ('2024-01-01', '2024-01-02')
    """
    shown = [str(time) for time in times]
    dates = all(time.endswith(" 00:00:00") for time in shown)
    return tuple([time.removesuffix(" 00:00:00") if dates else time for time in shown])


def time_labels(times: Any, n: int) -> tuple[str, ...]:
    """Return the labels of n steps.

    Raises
    ------
    InputError
        If there are not as many times as steps.
    """
    count = len(times) if hasattr(times, "__len__") else -1
    if count != n:
        raise InputError(f"times: expected one for each of {n} steps, got {'none' if count < 0 else count}.")
    return shown_times(times)


def is_even(clock: FloatArray) -> bool:
    """Return whether steps follow each other at equal distances.

    >>> is_even(np.array([0.0, 1.0, 2.0])), is_even(np.array([0.0, 1.0, 5.0]))
    (True, False)
    """
    gaps = np.diff(clock)
    return len(gaps) < 2 or bool(np.ptp(gaps) <= UNEVEN * max(float(np.median(gaps)), 1e-300))


def uneven_note(clock: FloatArray | None, seconds: float | None) -> tuple[str, ...]:
    """Return what is said of a series whose steps are not evenly spaced and whose windows are so many steps."""
    if clock is None or seconds is not None or is_even(clock):
        return ()
    gaps = np.diff(clock)
    return (
        f"the steps are {in_words(float(gaps.min()))} to {in_words(float(gaps.max()))} apart, and windows hold equal "
        "numbers of steps; TimeSeries(seconds=…) makes windows of equal length",
    )


def windows_of(clock: FloatArray | None, seconds: float) -> NDArray[np.int64]:
    """Return (t,) the window of each step: so many seconds each, from the first step on; those without steps are none.

    Raises
    ------
    InputError
        If the times are not known.

    >>> windows_of(np.array([0.0, 1.0, 2.5, 9.0]), 2.0)
    array([0, 0, 1, 2])
    """
    if clock is None:
        raise InputError(
            "seconds: expected a series whose times are known and in order; pass rate= (steps a second), times=, or a "
            "frame whose index is its dates, sorted."
        )
    # a hundredth of a billionth of a window mends what 0.1 + 0.2 leaves
    found = np.floor(clock / seconds + 1e-9)
    return np.asarray(np.unique(found, return_inverse=True)[1], dtype=np.int64).reshape(len(clock))


def recorded(start: int, stop: int, rate: float, shortest: int) -> str:
    """Return what a stretch of a recording is called, with as many decimals as its windows need.

    >>> recorded(8000, 12000, 16000.0, 4000)
    '0.50–0.75 s'
    """
    length = shortest / rate
    if length > 0:
        digits = min(9, max(0, math.ceil(-math.log10(length)) + 1))
    else:
        digits = 0
    return f"{start / rate:.{digits}f}–{stop / rate:.{digits}f} s"


def in_words(seconds: float) -> str:
    """Return a duration as people say it.

    >>> in_words(90.0), in_words(7200.0), in_words(0.25)
    ('90 s', '2 h', '0.25 s')
    """
    for size, unit in ((86_400, "days"), (3600, "h"), (120, "min")):
        if seconds >= size:
            return f"{seconds / (60 if unit == 'min' else size):.3g} {unit}"
    return f"{seconds:.3g} s"
