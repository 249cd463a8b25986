"""What a person may change of an instance: columns of a table, a text, windows of a series, superpixels of an image.

Input: an explainer's kind of data, and an instance to begin with. Output: JSON for the live page, None where the kind
of data has no what-if there.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from limelight.contracts import Modality
from limelight.result.layouts import decode_segments, segment_label
from limelight.views.raster import center

MOST_CHOICES = 200
"""Of a column with more values than this, a value is typed: a longer list cannot be read."""
THIRDS = {"y": ("top", "middle", "bottom"), "x": ("left", "centre", "right")}


def controls(modality: Modality, start: Any) -> dict[str, Any] | None:
    """Return ``{"kind": "table", "columns": [...]}``, ``{"kind": "text", …}``, ``{"kind": "series", …}``,
    ``{"kind": "image", …}``, or None.
    """
    from limelight.interpretable.image import Image
    from limelight.interpretable.timeseries import TimeSeries

    if isinstance(start, str):
        return {"kind": "text", "text": start}
    if isinstance(modality, (Image, TimeSeries)):
        if start is None:
            return None
        return _hidden(modality, start)
    table = getattr(modality, "table", None)
    columns = getattr(table, "columns", None)
    if table is None or not columns or start is None:
        return None
    values = modality.edited(start, {})  # type: ignore[attr-defined]
    return {"kind": "table", "columns": [_control(column, values[column.label]) for column in columns]}


def alike(one: Modality, other: Modality) -> bool:
    """Return whether instances of one kind of data are instances of the other, so that two models can be compared."""
    tables = [getattr(each, "table", None) for each in (one, other)]
    labels = [None if table is None else [column.label for column in table.columns] for table in tables]
    return type(one) is type(other) and labels[0] == labels[1]


# -- what is hidden and shown -----------------------------------------------------------------------------------------


def _hidden(modality: Any, start: Any) -> dict[str, Any]:
    """Return the parts of an instance, [what a button says, feature, its whole name] each, and an image's picture."""
    representation = modality.represent(start, np.random.default_rng(0))
    features, layout = representation.features, representation.layout()
    if layout["kind"] != "raster":
        return {"kind": "series", "parts": [[each.name, j, each.name] for j, each in enumerate(features)]}
    labels = [segment_label(layout, each.where.key) for each in features]
    pixels = decode_segments(layout)
    parts = [
        [str(each.where.key), j, f"{each.name}, {_place(pixels, label)}"]
        for j, (each, label) in enumerate(zip(features, labels, strict=True))
    ]
    picture = {name: layout[name] for name in ("width", "height", "segments", "image")}
    return {"kind": "image", "parts": parts, "labels": labels, **picture}


def _place(pixels: Any, label: int) -> str:
    """Return where a superpixel lies, for whoever does not see it.

    >>> _place(np.array([[0, 0, 1], [0, 0, 1], [0, 0, 1]]), 1)
    'middle right'
    """
    at = center(pixels, label)
    if at is None:
        return "too small to be seen"
    return f"{THIRDS['y'][int(at[1] * 3)]} {THIRDS['x'][int(at[0] * 3)]}"


# -- columns ----------------------------------------------------------------------------------------------------------


def _control(column: Any, given: Any) -> dict[str, Any]:
    value = column.read(given)
    control: dict[str, Any] = {"name": str(column.label), "value": _plain(value, given)}
    if column.type in ("integer", "float") and not column.unit:
        low, high = _range(column)
        return {**control, "type": "number", "whole": column.type == "integer", "low": low, "high": high}
    choices = sorted((_plain(each, each) for each in column.codes), key=str)
    if column.type in ("string", "boolean") and 0 < len(choices) <= MOST_CHOICES:
        return {**control, "type": "choice", "choices": choices}
    return {**control, "type": "typed"}


def _range(column: Any) -> tuple[float | None, float | None]:
    """Return the smallest and largest number of the background, as far as the column knows them."""
    if math.isfinite(column.low) and math.isfinite(column.high):
        return float(column.low), float(column.high)
    if column.edges is None and column.codes:  # few distinct numbers: each is a bin
        return float(min(column.codes)), float(max(column.codes))
    return None, None


def _plain(value: Any, given: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(given)
