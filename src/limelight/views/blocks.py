"""What a terminal's bars are about, above them, with `rich`: a text with its marks, an image as half blocks."""

from __future__ import annotations

from typing import Any

import numpy as np

from limelight.optional import require
from limelight.result.explanation import Explanation
from limelight.result.layouts import decode_segments, image_pixels, text_fields
from limelight.views import facts as f
from limelight.views.facts import Row, TargetFacts
from limelight.views.palette import TERMINAL, ansi
from limelight.views.passage import pieces
from limelight.views.raster import heat, segment_weights

Text = Any
"""A `rich.text.Text`; rich is optional."""

SOFT = "bright_black"
IMAGE_COLUMNS = 48
PASSAGE = 1500
"""Characters of a text that are shown."""


def draw_text(explanation: Explanation, facts: TargetFacts) -> Text:
    """Return the beginning of the text, its shown features marked."""
    shown = {row.index: row for row in facts.rows}
    largest = max((abs(row.weight) for row in facts.rows), default=0.0) or 1.0
    out = text()
    for field in text_fields(explanation.layout):
        if field.name:
            out.append(f.visible(field.name) + "\n", SOFT)
        for piece, owner in pieces(explanation, field):
            if len(out) > PASSAGE:
                return out.append(" …\n", SOFT)
            row = shown.get(owner) if owner is not None else None
            out.append(f.visible(piece, lines=True), _mark(row, largest))
        out.append("\n")
    return out


def _mark(row: Row | None, largest: float) -> str:
    if row is None or not row.weight:
        return ""
    tone = ansi(TERMINAL.signed(row.weight))
    if not row.certain:
        return f"underline {tone}"
    if abs(row.weight) > 0.4 * largest:
        return f"black on {tone}"
    return f"bold {tone}"


def draw_raster(explanation: Explanation, facts: TargetFacts) -> Text:
    """Return the image under its heat, two pixels in one character: the upper half block has two colours."""
    labels = decode_segments(explanation.layout)
    over = heat(labels, segment_weights(explanation, facts), outlined=False).astype(float)
    pixels = image_pixels(explanation.layout)
    if pixels is None:
        grey = np.full(labels.shape, 128.0)
    else:
        grey = pixels[..., :3].mean(axis=2)
    alpha = over[..., 3:] / 255
    mixed = (over[..., :3] * alpha + grey[..., None] * (1 - alpha)).astype(int)
    columns = min(IMAGE_COLUMNS, labels.shape[1])
    rows = max(2, round(columns * labels.shape[0] / labels.shape[1] / 2) * 2)
    y = ((np.arange(rows) + 0.5) * labels.shape[0] / rows).astype(int)
    x = ((np.arange(columns) + 0.5) * labels.shape[1] / columns).astype(int)
    small = mixed[np.ix_(y, x)]
    out = text()
    for upper, lower in zip(small[::2], small[1::2], strict=True):
        for a, b in zip(upper.tolist(), lower.tolist(), strict=True):
            out.append("▀", f"rgb({a[0]},{a[1]},{a[2]}) on rgb({b[0]},{b[1]},{b[2]})")
        out.append("\n")
    return out


def text() -> Text:
    """Return an empty text; everything is one, so that no name is read as markup."""
    return require("rich.text", "cli").Text()
