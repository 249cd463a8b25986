"""What is to be explained, from the command line: rows of a table, a text, an image or a series, and its kind of data.

    --data test.csv --row 3 --background train.csv   --text "…" or @file   --image photo.png   --series series.csv

Exactly one of the four is given. Options that say how it is cut and what hidden parts show belong to some of them.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from limelight.cell_types import PLAIN, Format
from limelight.cells import read_frame
from limelight.cli.models import load_object
from limelight.errors import InputError
from limelight.optional import require

SOURCES = ("data", "text", "image", "series")
BELONGS = {
    "background": ("data", "series"),
    "row": ("data",),
    "rows": ("data",),
    "drop": ("data",),
    "contrast": ("data",),
    "law": ("data",),
    "sep": ("data", "series"),
    "decimal": ("data", "series"),
    "encoding": ("data", "text", "series"),
    "dtype": ("data",),
    "categorical": ("data",),
    "fixed": ("data",),
    "text_column": ("data",),
    "tokens": ("text",),
    "segments": ("image",),
    "windows": ("series",),
    "fill": ("text", "image", "series"),
}
"""Flag → the sources with which it has an effect."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What is explained.

    Parameters
    ----------
    modality
        The kind of data.
    instance
        The instance, or the first of many.
    many
        All of them, as `explain_many` takes them; None where there is one.
    count
        How many.
    first
        The number of the first of many.
    """

    modality: Any
    instance: Any
    many: Any = None
    count: int = 1
    first: int = 0


def check_source(given: Mapping[str, Any]) -> str:
    """Return which of the four sources is given.

    Raises
    ------
    InputError
        If none is, if several are, or if a flag is given that has no effect with it.

    >>> check_source({"text": "no cough", "tokens": "words", "image": None})
    'text'
    """
    sources = [name for name in SOURCES if given.get(name) is not None]
    if len(sources) != 1:
        got = " and ".join(f"--{name}" for name in sources) or "none"
        raise InputError(f"--data: give one of --data, --text, --image and --series, got {got}.")
    for name, places in BELONGS.items():
        if given.get(name) not in (None, [], ()) and sources[0] not in places:
            with_these = " and ".join(f"--{place}" for place in places)
            raise InputError(
                f"--{name.replace('_', '-')}: has no effect with --{sources[0]}, only with {with_these}; leave it out."
            )
    return sources[0]


# -- one text, one image, one series ----------------------------------------------------------------------------------


def ask_text(text: str, *, tokens: str | None = None, fill: str | None = None, encoding: str | None = None) -> Asked:
    """Return a text; ``@file`` is what the file holds, ``@@`` begins a text with @.

    >>> ask_text("@@mary: no cough").instance
    '@mary: no cough'
    """
    from limelight.interpretable.text import Text

    modality = Text("words" if tokens is None else _object_or_name(tokens, "--tokens"), mask=fill)
    if not text.startswith("@"):
        return Asked(modality, text)
    return Asked(modality, text[1:] if text.startswith("@@") else _content(Path(text[1:]), encoding or "utf-8"))


def ask_image(path: Path, *, segments: str | None = None, fill: str | None = None) -> Asked:
    """Return an image file; `segments` names a way to cut it, or says into how many parts."""
    from limelight.interpretable.image import Image

    _check_file(path, "--image")
    ground = "mean" if fill is None else _image_fill(fill)
    if segments is not None and segments.isdigit():
        return Asked(Image(n_segments=int(segments), fill=ground), path)
    cut = "auto" if segments is None else _object_or_name(segments, "--segments")
    return Asked(Image(cut, ground), path)


def ask_series(
    path: Path,
    *,
    background: Path | None = None,
    windows: str | None = None,
    fill: str | None = None,
    form: Format = PLAIN,
) -> Asked:
    """Return a series file; `windows` names a way to cut it, or says how many steps a window has."""
    from limelight.interpretable.timeseries import TimeSeries

    if windows is None:
        cut: Any = "uniform"
    else:
        cut = _object_or_name(windows, "--windows")
    if windows is not None and windows.isdigit():
        cut = int(windows)
    ground = "series_mean" if fill is None else _object_or_name(fill, "--fill")
    if background is None:
        others = None
    else:
        others = np.asarray(_series_file(background, "--background", form))
    return Asked(TimeSeries(cut, ground, background=others), _one_series(_series_file(path, "--series", form)))


def _object_or_name(text: str, flag: str) -> Any:
    if re.fullmatch(r"[A-Za-z_][\w.]*:[A-Za-z_][\w.]*", text):
        return load_object(text, argument=flag)
    return text


def _image_fill(text: str) -> Any:
    """Return a colour, another image, a function, or a name."""
    from limelight.interpretable.pixels import read_picture

    try:
        colour = tuple(float(part) for part in text.split(","))
    except ValueError:
        if Path(text).is_file():
            return read_picture(text).values
        return _object_or_name(text, "--fill")
    if len(colour) == 1:
        return colour[0]
    return colour


# -- files ------------------------------------------------------------------------------------------------------------


def _check_file(path: Path, flag: str, remedy: str = "") -> None:
    if not path.is_file():
        raise InputError(f"{flag}: no file '{path}'{remedy}.")


def _content(path: Path, encoding: str) -> str:
    _check_file(path, "--text", "; a text that begins with @ is written with @@")
    try:
        return path.read_text(encoding=encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise InputError(
            f"--text: '{path}' is not {encoding.upper()} ({error}); convert it, or say --encoding latin-1."
        ) from error


def _series_file(path: Path, flag: str, form: Format) -> Any:
    """Return an array of .npy, a frame of a table with a header, an array of a table without."""
    if path.suffix.lower() != ".npy":
        return _series_table(path, flag, form)
    _check_file(path, flag)
    try:
        return np.load(path, allow_pickle=False)
    except ValueError as error:
        raise InputError(f"{flag}: could not read '{path}' ({error}).") from error


def _series_table(path: Path, flag: str, form: Format) -> Any:
    kinds, frame = require("pandas.api.types", "cli"), read_frame(path, argument=flag, form=form)
    if {".csv", ".tsv"} & set(path.suffixes):
        first = read_frame(path, argument=flag, form=form, header=None, nrows=1)
        if all(map(kinds.is_number, first.iloc[0])):
            return read_frame(path, argument=flag, form=form, header=None).to_numpy()
    times = frame.columns[0]
    if kinds.is_numeric_dtype(frame[times]) or frame.shape[1] == 1:
        return frame
    return frame.set_index(times)


def _one_series(found: Any) -> Any:
    """Return (t,) where there is one row without a header, or one column; else (t, channels)."""
    if hasattr(found, "columns"):
        if found.shape[1] == 1:
            return found.iloc[:, 0]
        return found
    if found.ndim == 2 and 1 in found.shape:
        return found.ravel()
    return found
