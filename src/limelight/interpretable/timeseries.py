"""**I**nterpretable, for time series: a series → windows of it that are shown or hidden, and series for the model.

Input: a series of one or several channels, how it is cut into windows and what a hidden window shows. Output: a
representation that composes masks in the series' own layout and precision. Each window is shown with probability ½ and
neighbours count by cosine distance: windows are to a series what superpixels are to an image, so the law is LIME's for
images [ribeiro2016, garreau2021].
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature, FloatArray, Inputs, Layout, MaskArray, Where
from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.components import as_array, count_inputs, fingerprint, name_of
from limelight.interpretable.gaps import DRAWN, FILLS, Fill, draw_series, fill_series
from limelight.interpretable.seconds import MOST_OF_A_RECORDING, recorded, shown_times, uneven_note, windows_of
from limelight.interpretable.series import AXES, Axis, Series, as_floats, read_series
from limelight.interpretable.windows import METHODS, Windows, labelled_windows, runs
from limelight.result.layouts import recording_layout, series_layout

MAX_SAMPLES = 2048
"""All masks of up to 11 windows (√t of 120 steps); for more, twice what lime takes for images."""
CHUNK_BYTES = 16 * 2**20
ALL = "*"
"""The channel of a window that lies across all of them."""


@dataclass(frozen=True, eq=False)
class WindowedSeries:
    """x' of one series: which of its windows are shown.

    Parameters
    ----------
    features
        One per window, or per window and channel.
    content
        Bytes equal for equal series.
    series
        The series.
    place
        (t, channels) integers: the feature of each number.
    ground
        (t, channels) what hidden numbers show; None where that is drawn for every row.
    options
        The modality, for the fill, the background and the layout of the model.
    notes
        What is said of its times.
    """

    features: tuple[Feature, ...]
    content: bytes
    series: Series
    place: NDArray[np.int64]
    ground: FloatArray | None
    options: TimeSeries
    notes: tuple[str, ...] = ()
    law: Literal["bernoulli"] = "bernoulli"

    @property
    def center(self) -> FloatArray:
        """Return x' (d,): every window is shown."""
        return np.ones(len(self.features))

    @property
    def deterministic(self) -> bool:
        """Whether the same mask always gives the same series: unless noise or another series fills."""
        return self.ground is not None

    @property
    def chunk(self) -> int:
        """Return how many series are composed at once."""
        return max(1, CHUNK_BYTES // self.series.values.nbytes)

    @property
    def original(self) -> Inputs:
        """Return the series as one model input."""
        return self._handed_over(self.series.values[None].copy())

    def reconstruct(self, Z: MaskArray, rng: np.random.Generator) -> Inputs:
        """Return the series of masks Z (n, d), as the model takes them."""
        values, ground = self.series.values, self.ground
        if ground is None:
            ground = draw_series(str(self.options.fill), values, self.options.background, len(Z), rng)
        return self._handed_over(np.where((np.asarray(Z) != 0)[:, self.place], values, ground))

    def layout(self) -> Layout:
        """Return the numbers of all channels, with their names and times."""
        series = self.series
        if series.rate is not None:
            return recording_layout(series.values.T, series.channels, series.rate)
        return series_layout(series.values.T, series.channels, series.times)

    def _handed_over(self, batch: FloatArray) -> Inputs:
        """Turn (n, t, channels) into what the model takes."""
        options = self.options
        if self.series.flat and options.model_channels is None:
            batch = batch[:, :, 0]
        elif (options.model_channels or options.channels) == "first":
            batch = np.ascontiguousarray(np.moveaxis(batch, 1, 2))
        if options.to_model is None:
            return batch
        inputs = options.to_model(batch)
        n = count_inputs(inputs)
        if n is not None and n != len(batch):
            raise InputError(f"to_model: expected {len(batch)} model inputs for {len(batch)} series, got {n}.")
        return inputs


@dataclass(frozen=True, eq=False)
class TimeSeries:
    """Time series of one channel (t,) or several (t, channels): numpy arrays, or series and frames of any library.

    The model receives arrays (n, t) for a series (t,), and (n, t, channels) for one with channels, in the series' own
    precision (integers become float64, since a mean of integers is none). A missing value (NaN) is handed on where its
    window is shown and filled where it is hidden.

    Parameters
    ----------
    windows
        ``"uniform"`` (default: windows of equal length, since nobody knows better what belongs together),
        ``"changepoints"``, a number of steps, labels (t,), or a callable to labels, see `windows.find_windows`.
    fill
        What a hidden window shows: ``"series_mean"`` (default: the mean of all steps, so that both its level and its
        shape go), ``"mean"`` (its own mean: the shape goes, the level stays and so weighs nothing), ``"linear"``
        (between its neighbours), ``"zero"``, ``"noise"`` and ``"swap"`` (values of the background), or a callable, see
        `gaps.fill_series` and `gaps.draw_series`.
    n_windows
        How many windows ``"uniform"`` and ``"changepoints"`` make; round(√t) where None.
    per_channel
        Whether each channel of a window is a feature of its own. False by default: channels of one moment belong
        together, and d stays small.
    background
        (m, t) or (m, t, channels) series, laid out like the instances: what ``"swap"`` (needs it) and ``"noise"`` draw
        from.
    channels
        Where an instance with two axes has its channels, ``"last"`` or ``"first"``. None (default): last, as in frames;
        an array with more columns than rows, or as many, is refused, since it may as well be the other way round.
    model_channels
        Where the model wants them, ``"last"`` or ``"first"``; None (default): as the instance has them.
    rate
        Steps a second, of a recording such as audio (16,000) or an ECG (500): windows are named in seconds, and at most
        50 where nobody says how many.
    times
        t times of the steps, dates or seconds, where all instances share them and are arrays; the index of a frame says
        it for itself.
    seconds
        Length of a window in seconds; needs `rate`, `times` or an index of dates. Where steps are not evenly spaced,
        windows then hold different numbers of them.
    to_model
        A callable from that array of n series to what the model takes. None: the array itself.
    max_samples
        Default budget of masks for one series.

    Raises
    ------
    UnknownNameError
        If a way to cut or to fill is not known.
    InputError
        If an argument has no effect with the others, or the background is missing or has the wrong shape.

    Examples
    --------
    >>> import limelight as ll
    >>> def late_rise(X):
    ...     return X[:, 6:].mean(axis=1) - X[:, :3].mean(axis=1)
    >>> explainer = ll.Explainer(late_rise, ll.TimeSeries(fill="zero"), seed=0)
    >>> series = np.array([1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 4.0, 4.0, 4.0])
    >>> [(name, round(weight, 6) + 0) for name, weight in explainer.explain(series).as_list()]
    [('steps 6–8', 4.0), ('steps 0–2', -1.0), ('steps 3–5', 0.0)]
    """

    windows: Windows = "uniform"
    fill: Fill = "series_mean"
    n_windows: int | None = None
    per_channel: bool = False
    background: Any = None
    channels: Axis | None = None
    model_channels: Axis | None = None
    to_model: Any = field(default=None, kw_only=True)
    rate: float | None = field(default=None, kw_only=True)
    times: Any = field(default=None, kw_only=True)
    seconds: float | None = field(default=None, kw_only=True)
    max_samples: int = MAX_SAMPLES
    distance: Literal["cosine"] = "cosine"

    def __post_init__(self) -> None:
        _check_options(self)
        if isinstance(self.windows, (np.ndarray, list, tuple)):  # the caller may change the labels afterwards
            object.__setattr__(self, "windows", np.array(as_array("windows", self.windows)))
        if self.background is not None:
            object.__setattr__(self, "background", _read_background(self.background, self.channels))

    def represent(self, instance: Any, rng: np.random.Generator) -> WindowedSeries:
        """Return the windows of one series.

        Raises
        ------
        InputError
            If this is no series, or windows, fill or background do not fit it.
        """
        series = read_series(instance, self.channels, rate=self.rate, times=self.times)
        if self.background is not None and self.background.shape[1:] != series.values.shape:
            raise InputError(
                f"instance: expected {self.background.shape[1]} steps of {self.background.shape[2]} channels as in the "
                f"background, got {series.values.shape[0]} of {series.values.shape[1]}."
            )
        labels, keys = self._cut(series)
        if self.fill in DRAWN:
            ground = None
        else:
            ground = fill_series(self.fill, series.values, labels, series.clock)
        place = _places(labels, len(series.channels), self.per_channel)
        features = _features(series, labels, keys, self.per_channel)
        notes = uneven_note(series.clock, self.seconds)
        return WindowedSeries(features, _content(series), series, place, ground, self, notes)

    def _cut(self, series: Series) -> tuple[NDArray[np.int64], tuple[int, ...]]:
        """Return (t,) the window of each step, and by which label each window goes."""
        if self.seconds is not None:
            labels = windows_of(series.clock, self.seconds)
            return labels, tuple(range(int(labels.max()) + 1))
        n = self.n_windows
        if n is None and self.rate is not None:
            n = min(MOST_OF_A_RECORDING, max(1, round(len(series.values) ** 0.5)))
        return labelled_windows(self.windows, series.values, n)

    def instances(self, many: Any) -> Iterable[Any]:
        """Return the series of a list, a stream, or an array (n, t) or (n, t, channels).

        Raises
        ------
        InputError
            If this is one series rather than many.
        """
        if not isinstance(many, Iterable) or getattr(many, "ndim", 0) == 1 or hasattr(many, "columns"):
            raise InputError(f"instances: expected many series, got one {type(many).__name__}; pass a list of series.")
        return many

    @property
    def content(self) -> bytes:
        """Return bytes that are equal for equal data among the options, which `describe` does not hold."""
        held = [each for each in (self.windows, self.fill, self.background) if isinstance(each, np.ndarray)]
        if self.times is not None:
            held.append(np.array(shown_times(self.times)))
        if held:
            return fingerprint(held)
        return b""

    def describe(self) -> dict[str, Any]:
        """Return the options as JSON."""
        named = self.windows if isinstance(self.windows, (str, int)) else None
        labels = name_of(self.windows) if callable(self.windows) else "labels"
        return {
            "modality": "time series",
            "windows": labels if named is None else named,
            "fill": name_of(self.fill) if callable(self.fill) else self.fill,
            "n_windows": self.n_windows,
            "per_channel": self.per_channel,
            "background": None if self.background is None else list(self.background.shape),
            "channels": self.channels,
            "model_channels": self.model_channels,
            **{name: getattr(self, name) for name in ("rate", "seconds") if getattr(self, name) is not None},
            "to_model": None if self.to_model is None else name_of(self.to_model),
        }


def _read_background(background: Any, channels: Axis | None) -> FloatArray:
    """Return the series (m, t, channels), a copy: what the caller does to the array afterwards changes nothing."""
    values = np.array(as_floats(background))
    if values.ndim not in (2, 3) or values.size == 0:
        raise InputError(f"background: expected series (m, t) or (m, t, channels), got shape {values.shape}.")
    if values.ndim == 2:
        return values[:, :, None]
    if channels == "first":
        return np.ascontiguousarray(np.moveaxis(values, 1, 2))
    return values


def _check_options(options: TimeSeries) -> None:
    fill, windows = options.fill, options.windows
    if not callable(fill) and (not isinstance(fill, str) or fill not in FILLS):
        raise UnknownNameError("fill", fill, FILLS)
    if isinstance(windows, str) and windows not in METHODS:
        raise UnknownNameError("windows", windows, METHODS)
    for axis in (options.channels, options.model_channels):
        if axis is not None and axis not in AXES:
            raise UnknownNameError("channels", axis, AXES)
    if options.n_windows is not None and (not isinstance(windows, str) or options.n_windows < 1):
        raise InputError(
            f"n_windows: expected a positive number with windows='uniform' or 'changepoints', "
            f"got {options.n_windows!r} with other windows or below 1."
        )
    _check_times(options)
    if fill == "swap" and options.background is None:
        raise InputError("background: expected series to swap with for fill='swap', got None; pass training series.")
    if options.background is not None and fill not in DRAWN:
        raise InputError(f"background: has no effect with fill={fill!r}; leave it out, or fill by 'swap' or 'noise'.")


def _check_times(options: TimeSeries) -> None:
    for name in ("rate", "seconds"):
        value = getattr(options, name)
        number = isinstance(value, (int, float, np.number)) and not isinstance(value, bool)
        if value is not None and not (number and 0 < value < float("inf")):
            raise InputError(f"{name}: expected a positive number, got {value!r}.")
    if options.rate is not None and options.times is not None:
        raise InputError("times: has no effect with rate, which says when each step is; leave out one of them.")
    if options.seconds is None:
        return
    plain = isinstance(options.windows, str) and options.windows == "uniform" and options.n_windows is None
    if not plain:
        raise InputError(
            "seconds: has no effect with windows or n_windows, which cut otherwise; leave out one of them."
        )


def _places(labels: NDArray[np.int64], n_channels: int, per_channel: bool) -> NDArray[np.int64]:
    """Return (t, channels) the feature of each number: channel by channel where each has windows of its own."""
    if per_channel:
        first = (int(labels.max()) + 1) * np.arange(n_channels)
    else:
        first = np.zeros(n_channels, np.int64)
    return np.asarray(labels[:, None] + first)


def _features(series: Series, labels: NDArray[np.int64], keys: Sequence[int], per_channel: bool) -> tuple[Feature, ...]:
    """Return one feature per window, or per window and channel; a window's key is the label that a person gave it."""
    stretches: list[list[tuple[int, int]]] = [[] for _ in range(int(labels.max()) + 1)]
    for label, start, stop in runs(labels):
        stretches[label].append((start, stop))
    shortest = min(stop - start for places in stretches for start, stop in places)
    names = [_name(places, series, shortest) for places in stretches]
    channels: Sequence[str] = series.channels if per_channel else (ALL,)
    found = []
    for channel in channels:
        for key, name, places in zip(keys, names, stretches, strict=True):
            shown = name if channel == ALL else f"{channel}: {name}"
            found.append(Feature(shown, Where("window", (channel, key), tuple(places))))
    return tuple(found)


def _name(places: Sequence[tuple[int, int]], series: Series, shortest: int) -> str:
    """Return what a person calls a window: its steps, its times, or its seconds."""
    times, rate = series.times, series.rate
    if rate is not None:
        return ", ".join([recorded(start, stop, rate, shortest) for start, stop in places[:3]]) + (
            "" if len(places) <= 3 else f" and {len(places) - 3} more"
        )
    # the last step of a window is inside of it
    if times is None:
        ends = [(str(start), str(stop - 1)) for start, stop in places]
    else:
        ends = [(times[start], times[stop - 1]) for start, stop in places]
    between = "–" if times is None else " … "
    shown = [first if first == last else f"{first}{between}{last}" for first, last in ends]
    several = "" if len(shown) <= 3 else f" and {len(shown) - 3} more"
    if times is not None:
        prefix = ""
    elif len(ends) == 1 and ends[0][0] == ends[0][1]:
        prefix = "step "
    else:
        prefix = "steps "
    return prefix + ", ".join(shown[:3]) + several


def _content(series: Series) -> bytes:
    head = f"{series.values.dtype.str}{series.values.shape}{series.flat}".encode()
    clock = b"" if series.clock is None else series.clock.tobytes()  # equal numbers at other times have other windows
    return hashlib.blake2b(head + clock + series.values.tobytes(), digest_size=16).digest()
