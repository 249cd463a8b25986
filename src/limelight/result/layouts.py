"""The layouts: what a representation says about itself so that views can draw it, as JSON.

A representation builds its layout here, views read it here; neither knows the other. These six are drawn from the
start, and `limelight.views.kinds.register` adds another. Features refer to the layout by their `Where`:

=========  ==========================================================  ==============================================
layout     what it holds                                               ``Feature.where``
=========  ==========================================================  ==============================================
`table`    nothing: the features are the columns                       ``Where("column", name)``
`text`     the original text, in one or several fields                 ``Where("word", …, spans)``, half-open ranges of
                                                                       code points in all fields joined together
`prompt`   a text, and what was said to it                             ``Where("unit", …, spans)``, as for `text`
`mixed`    texts, and the layouts of other parts of a row          as for each of them
`raster`   a label image, and a small picture of the instance          ``Where("segment", label)``
`series`   channels × time steps                                       ``Where("window", (channel or "*", i),
                                                                       ((start, stop),))``
`bars`     nothing: anything else                                      any
=========  ==========================================================  ==============================================
"""

from __future__ import annotations

import base64
import io
import math
import struct
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Layout
from limelight.errors import InputError

ENCODING = "uint16 minus the row above, little-endian, zlib, base64"
MAX_SIDE = 448
"""Longest side of the stored label image and picture: twice the usual network input, and pages stay small."""


@dataclass(frozen=True, slots=True)
class TextField:
    """One text of an instance, and where it starts among all of them."""

    name: str
    text: str
    start: int


def table_layout() -> dict[str, Any]:
    """Return the layout of a table's row."""
    return {"kind": "table"}


def bars_layout() -> dict[str, Any]:
    """Return the layout of anything that is only a list of features."""
    return {"kind": "bars"}


def text_layout(text: str | Mapping[str, str]) -> dict[str, Any]:
    """Return the layout of a text, or of several named texts.

    Parameters
    ----------
    text
        The whole original string, or name → string. Places of features count code points (Python's indices) in the
        string; with several, in the fields joined without anything between: field i begins at ``starts[i]``.

    >>> text_layout({"title": "Hi", "body": "there"})["starts"]
    [0, 2]
    """
    if isinstance(text, str):
        return {"kind": "text", "text": text}
    sizes = [len(part) for part in text.values()]
    return {
        "kind": "text",
        "fields": [{"name": name, "text": part} for name, part in text.items()],
        "starts": [sum(sizes[:i]) for i in range(len(sizes))],
    }


def prompt_layout(texts: Mapping[str, str], told: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the layout of a prompt: a text layout, and what was said.

    Parameters
    ----------
    texts
        Name → text of each message; one without a name for a plain prompt.
    told
        ``answer``: the one that is explained; ``contrasts``: for a unit (its number) two answers, ``with`` and
        ``without`` it, their ``scores``, and in how many ``others`` the two prompts differ; ``usage``: what asking
        took. None where answers were not kept: a text layout.

    >>> prompt_layout({"": "Who?"}, {"answer": "I.", "contrasts": [], "usage": {"calls": 9}})["kind"]
    'prompt'
    """
    plain = text_layout(texts[""] if list(texts) == [""] else texts)
    if told is None:
        return plain
    return {**plain, **told, "kind": "prompt"}


def mixed_layout(
    texts: Mapping[str, str], pictures: Mapping[str, Layout], columns: Sequence[Sequence[str]] = ()
) -> dict[str, Any]:
    """Return the layout of a row with texts and pictures: a text layout, and the layouts of its other parts.

    Parameters
    ----------
    texts
        Name → text, as for `text_layout`.
    pictures
        Name → layout of each part that is no text.
    columns
        (name, value as shown, ``"held"``, ``"typical"`` or nothing) of each other column.

    >>> mixed_layout({"title": "Hi"}, {"photo": bars_layout()})["parts"]
    [{'name': 'photo', 'layout': {'kind': 'bars'}}]
    """
    parts = [{"name": name, "layout": layout} for name, layout in pictures.items()]
    return {**text_layout(texts), "parts": parts, "columns": [list(each) for each in columns], "kind": "mixed"}


def text_fields(layout: Layout) -> tuple[TextField, ...]:
    """Return the texts of a text layout; a single one has no name.

    >>> [field.start for field in text_fields(text_layout({"title": "Hi", "body": "there"}))]
    [0, 2]
    """
    if "text" in layout:
        return (TextField("", layout["text"], 0),)
    pairs = zip(layout["fields"], layout["starts"], strict=True)
    return tuple(TextField(field["name"], field["text"], start) for field, start in pairs)


def raster_layout(
    labels: NDArray[Any],
    image: NDArray[Any] | None = None,
    *,
    keys: Sequence[int | str] | None = None,
    max_side: int = MAX_SIDE,
) -> dict[str, Any]:
    """Return the layout of an image.

    Parameters
    ----------
    labels
        (h, w) integers from 0 to 65,535: the segment of each pixel.
    image
        (h, w), (h, w, 1), (h, w, 3) or (h, w, 4) uint8; None shows segments only. Stored as JPEG where Pillow is
        installed and the picture is not tiny, as PNG otherwise.
    keys
        What label i stands for in ``Feature.where.key``; None where labels are the keys themselves. The label image
        holds 16 bits without a sign, and a person's own labels may be −1, a million or a name: `segment_label` finds
        them.
    max_side
        Larger images are stored smaller (nearest labels); thin segments may vanish from the picture, never from the
        list of features.

    Raises
    ------
    InputError
        If labels or image have another shape or range.
    """
    labels = np.asarray(labels)
    if (
        labels.ndim != 2
        or labels.dtype.kind not in "iub"
        or (labels.size and not 0 <= labels.min() <= labels.max() < 65536)
    ):
        raise InputError(
            f"labels: expected (h, w) integers from 0 to 65,535, got shape {labels.shape} of {labels.dtype}."
        )
    rows, columns = (_nearest(size, max(labels.shape), max_side) for size in labels.shape)
    small = labels[np.ix_(rows, columns)]
    if keys is None:
        kept = None
    else:
        kept = [key if isinstance(key, str) else int(key) for key in keys]
    if kept is not None and all(isinstance(key, int) and 0 <= key < 65536 for key in kept):
        small, kept = np.asarray(kept, dtype=np.int64)[small], None
    picture = None if image is None else image_uri(_resized(_as_rgb(image, labels.shape), rows, columns))
    return {
        "kind": "raster",
        "width": int(small.shape[1]),
        "height": int(small.shape[0]),
        "encoding": ENCODING,
        "segments": encode_segments(small),
        "image": picture,
        **({} if kept is None else {"keys": kept}),
    }


def segment_label(layout: Layout, key: Any) -> int:
    """Return the label by which the label image of a raster layout knows a segment; −1 where it knows none.

    >>> layout = raster_layout(np.array([[0, 1]]), keys=(-1, 7))
    >>> segment_label(layout, -1), segment_label(layout, 7), segment_label(layout, 3)
    (0, 1, -1)
    """
    keys = layout.get("keys")
    if not isinstance(key, (int, str, np.integer)) or (keys is None and isinstance(key, str)):
        return -1
    if keys is None:
        return int(key)
    return keys.index(key) if key in keys else -1


def encode_segments(labels: NDArray[Any]) -> str:
    """Return a label image (h, w) as text: each row minus the row above (mod 2¹⁶), zlib, base64.

    A browser reads it back with ``DecompressionStream("deflate")``, Python with numpy and zlib.

    >>> labels = np.array([[0, 1], [2, 1]])
    >>> decode_segments({"width": 2, "height": 2, "segments": encode_segments(labels)}).tolist()
    [[0, 1], [2, 1]]
    """
    words = np.array(labels, dtype="<u2", order="C")
    words[1:] -= words[:-1].copy()
    return base64.b64encode(zlib.compress(words.tobytes(), 6)).decode("ascii")


def decode_segments(layout: Layout) -> NDArray[np.int64]:
    """Return the label image (height, width) of a raster layout."""
    words = np.frombuffer(zlib.decompress(base64.b64decode(layout["segments"])), dtype="<u2")
    rows = words.reshape(layout["height"], layout["width"])
    return np.cumsum(rows, axis=0, dtype=np.uint16).astype(np.int64)


def series_layout(
    values: NDArray[Any], channels: Sequence[str] | None = None, times: Sequence[Any] | None = None
) -> dict[str, Any]:
    """Return the layout of a time series.

    Parameters
    ----------
    values
        (t,) or (channels, t) numbers; NaN is a gap.
    channels
        Names; None numbers them. Windows name their channel in ``Where.key[0]``, ``"*"`` for all.
    times
        t labels for the axis; None counts steps from 0.

    Raises
    ------
    InputError
        If the shapes do not fit.

    >>> series_layout(np.array([1.0, float("nan")]))["values"]
    [[1.0, None]]
    """
    array = np.atleast_2d(np.asarray(values, dtype=float))
    names = [f"channel {i}" for i in range(len(array))] if channels is None else [str(name) for name in channels]
    if array.ndim != 2 or len(names) != len(array) or (times is not None and len(times) != array.shape[1]):
        raise InputError(
            f"values: expected (channels, t) with as many names and times, got shape {np.shape(values)}, "
            f"{len(names)} channels and {'no' if times is None else len(times)} times."
        )
    numbers = [[value if math.isfinite(value) else None for value in row] for row in array.tolist()]
    labels = None
    if times is not None:
        labels = [value if isinstance(value, (int, float)) else str(value) for value in times]
    return {"kind": "series", "channels": names, "values": numbers, "times": labels}


MOST_SHOWN = 20_000
"""Points of a recording that are stored for its picture: more than any page has pixels."""


def recording_layout(values: NDArray[Any], channels: Sequence[str], rate: float) -> dict[str, Any]:
    """Return the layout of a recording: a series whose time is counted in seconds, thinned where it is long.

    Parameters
    ----------
    values
        (channels, t) numbers. Of each stretch of `stride` pairs of steps the smallest and the largest value are kept,
        in their order, so that the picture is that of all of them.
    channels
        Names.
    rate
        Steps a second.

    >>> layout = recording_layout(np.zeros((1, 50_000)), ["left"], 16_000)
    >>> layout["stride"], len(layout["values"][0])
    (3, 16668)
    """
    t = values.shape[1]
    stride = -(-t // MOST_SHOWN)
    layout = series_layout(values if stride == 1 else _envelope(values, 2 * stride), channels)
    return {**layout, "rate": float(rate), "stride": stride, "steps": t}


def _envelope(values: NDArray[Any], size: int) -> NDArray[Any]:
    """Return the smallest and largest value of every `size` steps (channels, 2 × stretches), in their order."""
    known = np.asarray(values, dtype=np.float64)
    padded = np.pad(known, ((0, 0), (0, -known.shape[1] % size)), mode="edge").reshape(len(known), -1, size)
    low = np.argmin(np.where(np.isnan(padded), np.inf, padded), axis=2)
    high = np.argmax(np.where(np.isnan(padded), -np.inf, padded), axis=2)
    ends = np.sort(np.stack([low, high], axis=2), axis=2)
    return np.take_along_axis(padded, ends, axis=2).reshape(len(known), -1)


def series_values(layout: Layout) -> NDArray[np.float64]:
    """Return the numbers (channels, t) of a series layout, NaN for gaps."""
    rows = [[math.nan if value is None else value for value in row] for row in layout["values"]]
    return np.asarray(rows, dtype=np.float64).reshape(len(rows), -1)


# -- pictures ---------------------------------------------------------------------------------------------------------


def image_uri(pixels: NDArray[np.uint8]) -> str:
    """Return an RGB or RGBA picture (h, w, 3 or 4) as a data URI: JPEG where that is smaller and possible, else PNG."""
    if pixels.shape[2] == 3 and pixels.shape[0] * pixels.shape[1] > 64 * 64:
        try:
            from PIL import Image
        except ImportError:
            pass
        else:
            stream = io.BytesIO()
            Image.fromarray(pixels).save(stream, "JPEG", quality=85)
            return "data:image/jpeg;base64," + base64.b64encode(stream.getvalue()).decode("ascii")
    return png_uri(pixels)


def png_uri(pixels: NDArray[np.uint8]) -> str:
    """Return a picture (h, w, 3 or 4) as a PNG data URI, written with zlib alone."""
    height, width, depth = pixels.shape
    rows = np.ascontiguousarray(pixels, dtype=np.uint8).reshape(height, width * depth)
    return _png(rows, (width, height), 6 if depth == 4 else 2)


def painted_uri(indices: NDArray[np.uint8], palette: NDArray[np.uint8]) -> str:
    """Return a picture (h, w) of up to 256 colours (c, 4) as a PNG data URI: a quarter of the bytes, and of the time.

    >>> painted_uri(np.zeros((1, 1), np.uint8), np.array([[255, 0, 0, 128]], np.uint8))[:22]
    'data:image/png;base64,'
    """
    colours = ((b"PLTE", palette[:, :3].tobytes()), (b"tRNS", palette[:, 3].tobytes()))
    return _png(np.ascontiguousarray(indices), indices.shape[::-1], 3, colours)


def _png(
    rows: NDArray[np.uint8], size: tuple[int, ...], colour: int, extra: tuple[tuple[bytes, bytes], ...] = ()
) -> str:
    """Write rows of bytes (h, bytes) as a PNG, each row as its difference from the one above."""
    up = rows.copy()
    up[1:] -= rows[:-1]
    filtered = np.concatenate([np.full((len(rows), 1), 2, np.uint8), up], axis=1)
    header = struct.pack(">IIBBBBB", *size, 8, colour, 0, 0, 0)
    chunks = ((b"IHDR", header), *extra, (b"IDAT", zlib.compress(filtered.tobytes(), 6)), (b"IEND", b""))
    written = b"\x89PNG\r\n\x1a\n" + b"".join(map(_chunk, chunks))
    return "data:image/png;base64," + base64.b64encode(written).decode("ascii")


def image_pixels(layout: Layout) -> NDArray[np.uint8] | None:
    """Return the picture of a raster layout as (h, w, 3 or 4) numbers, or None where there is none or no Pillow."""
    if not layout.get("image"):
        return None
    try:
        from PIL import Image
    except ImportError:
        return None
    with Image.open(io.BytesIO(base64.b64decode(layout["image"].partition(",")[2]))) as picture:
        return np.asarray(picture.convert("RGBA" if "A" in picture.getbands() else "RGB"))


def _chunk(chunk: tuple[bytes, bytes]) -> bytes:
    name, body = chunk
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def _nearest(size: int, longest: int, max_side: int) -> NDArray[np.int64]:
    wanted = size if longest <= max_side else max(1, round(size * max_side / longest))
    return ((np.arange(wanted) + 0.5) * size / wanted).astype(np.int64)


def _as_rgb(image: NDArray[Any], shape: tuple[int, ...]) -> NDArray[np.uint8]:
    pixels = np.asarray(image)
    pixels = pixels[..., None] if pixels.ndim == 2 else pixels
    if pixels.dtype != np.uint8 or pixels.ndim != 3 or pixels.shape[:2] != shape or pixels.shape[2] not in (1, 3, 4):
        raise InputError(
            f"image: expected uint8 {shape} with 1, 3 or 4 channels last, got {pixels.dtype} {np.shape(image)}."
        )
    return np.repeat(pixels, 3, axis=2) if pixels.shape[2] == 1 else pixels


def _resized(pixels: NDArray[np.uint8], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> NDArray[np.uint8]:
    if (len(rows), len(columns)) == pixels.shape[:2]:
        return pixels
    try:
        from PIL import Image
    except ImportError:
        return pixels[np.ix_(rows, columns)]
    return np.asarray(Image.fromarray(pixels).resize((len(columns), len(rows)), Image.Resampling.LANCZOS))
