"""Check the layout in a file before anything is drawn from it; see `layouts` for what each kind holds."""

from __future__ import annotations

import base64
import binascii
import math
import re
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from limelight.result.codecs import Free, Maybe, Number, Sizes, String, Whole, misfit
from limelight.result.compound_codecs import Array, Several
from limelight.result.layouts import decode_segments

_PICTURE = re.compile(r"data:image/(?:png|jpeg);base64,[A-Za-z0-9+/]+={0,2}")
_MOST_PIXELS = 1 << 26
"""Pixels of a label image that is read: a damaged size must not ask for all memory."""


@dataclass(frozen=True, slots=True)
class LayoutCodec:
    """A layout: those that are known are checked, others are drawn as bars by whoever does not know them."""

    def write(self, value: Mapping[str, Any]) -> dict[str, Any]:
        """Return it as a dict."""
        return dict(value)

    def read(self, value: Any, place: str, sizes: Sizes) -> dict[str, Any]:
        """Return it as a dict."""
        layout = Free().read(value, place, sizes)
        kind = layout.get("kind")
        if not isinstance(kind, str):
            raise misfit(f"{place}.kind", "the name of a kind", kind)
        if kind in _CHECKS:
            _CHECKS[kind](layout, place, sizes)
        return layout


def _check_text(layout: Mapping[str, Any], place: str, sizes: Sizes) -> None:
    if "text" in layout:
        String().read(layout["text"], f"{place}.text", sizes)
        return
    fields = Several(Free()).read(layout.get("fields"), f"{place}.fields", sizes)
    for field in fields:
        for name in ("name", "text"):
            String().read(field.get(name), f"{place}.fields.{name}", sizes)
    starts = Several(Whole(), len(fields)).read(layout.get("starts"), f"{place}.starts", sizes)
    ends = 0
    for start, field in zip(starts, fields, strict=True):
        if start != ends:
            raise misfit(f"{place}.starts", f"{ends}, where the field before ends", start)
        ends += len(field["text"])


def _check_prompt(layout: Mapping[str, Any], place: str, sizes: Sizes) -> None:
    _check_text(layout, place, sizes)
    String().read(layout.get("answer"), f"{place}.answer", sizes)
    for pair in Several(Free()).read(layout.get("contrasts"), f"{place}.contrasts", sizes):
        for name in ("with", "without"):
            String().read(pair.get(name), f"{place}.contrasts.{name}", sizes)
        for name in ("unit", "others"):
            Whole(at_least=0).read(pair.get(name), f"{place}.contrasts.{name}", sizes)
        Several(Number(), 2).read(pair.get("scores"), f"{place}.contrasts.scores", sizes)
    for name, value in Free().read(layout.get("usage"), f"{place}.usage", sizes).items():
        Number().read(value, f"{place}.usage.{name}", sizes)


def _check_raster(layout: Mapping[str, Any], place: str, sizes: Sizes) -> None:
    width, height = (Whole(at_least=1).read(layout.get(name), f"{place}.{name}", sizes) for name in ("width", "height"))
    if width * height > _MOST_PIXELS:
        raise misfit(place, f"at most {_MOST_PIXELS:,} pixels", (width, height))
    segments = String().read(layout.get("segments"), f"{place}.segments", sizes)
    try:
        # one byte more than there should be is enough to see that there are too many: a bomb is not unpacked
        words = zlib.decompressobj().decompress(base64.b64decode(segments, validate=True), 2 * width * height + 1)
        if len(words) == 2 * width * height:
            decode_segments(layout)
    except (ValueError, binascii.Error, zlib.error) as error:
        raise misfit(f"{place}.segments", "a label image", error) from error
    if len(words) != 2 * width * height:
        raise misfit(f"{place}.segments", f"{width} × {height} labels", f"{len(words) // 2} labels")
    image = Maybe(String()).read(layout.get("image"), f"{place}.image", sizes)
    if image is not None and not _PICTURE.fullmatch(image):
        raise misfit(f"{place}.image", "a PNG or JPEG picture as a data URI", image)
    if layout.get("keys") is not None:
        _check_keys(layout["keys"], f"{place}.keys", sizes)
    if layout.get("tiles") is not None:
        _check_tiles(layout["tiles"], f"{place}.tiles", sizes)


def _check_keys(keys: Any, place: str, sizes: Sizes) -> None:
    named = isinstance(keys, list) and any(isinstance(key, str) for key in keys)
    Several(String() if named else Whole(at_least=-(1 << 63))).read(keys, place, sizes)


def _check_tiles(tiles: Any, place: str, sizes: Sizes) -> None:
    found = Free().read(tiles, place, sizes)
    across, down = (Whole(at_least=1).read(found.get(name), f"{place}.{name}", sizes) for name in ("columns", "rows"))
    Whole(at_least=0).read(found.get("gap"), f"{place}.gap", sizes)
    names = Several(String()).read(found.get("names"), f"{place}.names", sizes)
    if len(names) > across * down:
        raise misfit(f"{place}.names", f"at most {across * down} names", f"{len(names)}")


def _check_series(layout: Mapping[str, Any], place: str, sizes: Sizes) -> None:
    channels = Several(String()).read(layout.get("channels"), f"{place}.channels", sizes)
    values = Array("nn", gaps=True).read(layout.get("values"), f"{place}.values", sizes)
    if len(values) != len(channels) or not channels:
        raise misfit(f"{place}.values", f"a row for each of {len(channels)} channels", f"{len(values)} rows")
    if np.isinf(values).any():  # which no series has, so that none can be drawn
        raise misfit(f"{place}.values", "finite numbers, null where one is missing", "an infinite one")
    if layout.get("rate") is not None:
        if Number().read(layout["rate"], f"{place}.rate", sizes) <= 0:
            raise misfit(f"{place}.rate", "a positive number", layout["rate"])
        for name in ("stride", "steps"):
            Whole(at_least=1).read(layout.get(name), f"{place}.{name}", sizes)
    times = layout.get("times")
    if times is None:
        return
    if not isinstance(times, list) or len(times) != values.shape[1]:
        raise misfit(f"{place}.times", f"{values.shape[1]} labels of steps", times)
    for time in times:
        if not isinstance(time, str | int | float) or (isinstance(time, float) and not math.isfinite(time)):
            raise misfit(f"{place}.times", "numbers or strings", time)


def _check_mixed(layout: Mapping[str, Any], place: str, sizes: Sizes) -> None:
    _check_text(layout, place, sizes)
    Several(Several(String(), 3)).read(layout.get("columns"), f"{place}.columns", sizes)
    for i, part in enumerate(Several(Free()).read(layout.get("parts"), f"{place}.parts", sizes)):
        String().read(part.get("name"), f"{place}.parts.{i}.name", sizes)
        kind = Free().read(part.get("layout"), f"{place}.parts.{i}.layout", sizes).get("kind")
        if kind not in _OF_PARTS:
            raise misfit(f"{place}.parts.{i}.layout.kind", "raster, series or bars", kind)
        if kind in _CHECKS:
            _CHECKS[kind](part["layout"], f"{place}.parts.{i}.layout", sizes)


_OF_PARTS = ("raster", "series", "bars")
_CHECKS: dict[str, Callable[[Mapping[str, Any], str, Sizes], None]] = {
    "text": _check_text,
    "prompt": _check_prompt,
    "mixed": _check_mixed,
    "raster": _check_raster,
    "series": _check_series,
}
