"""The terminal in colour, with `rich`: bars of blocks with whiskers, the text marked, an image as half blocks.

Colours are the page's: blue raises, orange lowers. Everything is a `rich.text.Text`, so that no name is read as markup.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from limelight.optional import require
from limelight.result.explanation import Explanation
from limelight.result.layouts import decode_segments, image_pixels, text_fields
from limelight.views import facts as f
from limelight.views.describe import isolated
from limelight.views.facts import Row, TargetFacts
from limelight.views.passage import pieces
from limelight.views.raster import heat, segment_weights
from limelight.views.terminal import fit

Text = Any
"""A `rich.text.Text`; rich is optional."""

POSITIVE, NEGATIVE = "rgb(84,150,240)", "rgb(236,116,50)"
SOFT = "bright_black"
IMAGE_COLUMNS = 48
PASSAGE = 1500
"""Characters of a text that are shown."""


def drawing(explanation: Explanation, width: int = 100) -> Text:
    """Return an explanation as coloured text of at most `width` columns."""
    out = _text()
    out.append("The model says ", SOFT).append(f.verdict(explanation), "bold").append("\n")
    said = f.outputs(explanation)
    if len(said) > 1:
        numbers = f.Numbers.fitting(value for _, value in said)
        out.append("  ".join(f"{name} {numbers.text(value)}" for name, value in said) + "\n", SOFT)
    for sentence in f.warnings(explanation):
        out.append(f"! {sentence}\n", "yellow")
    for facts in f.all_targets(explanation):
        out.append("\n").append_text(_target(explanation, facts, width))
    return out.append("\n" + f.cost_text(explanation), SOFT)


def bar(row: Row, low: float, high: float, width: int) -> Text:
    """Return a bar of eighth blocks from zero, its whisker over it; hollow where the sign is not known."""

    def at(value: float) -> int:
        return min(width - 1, max(0, int((value - low) / (high - low) * width)))

    cells = [" "] * width
    styles = [""] * width
    tone = POSITIVE if row.weight > 0 else NEGATIVE
    zero, tip = at(0.0), at(row.weight)
    for i in range(min(zero, tip), max(zero, tip) + 1):
        cells[i], styles[i] = ("█" if row.certain else "░"), tone
    if not row.exact:
        first, last = at(row.low), at(row.high)
        for i in range(first, last + 1):
            covered = styles[i] == tone and row.certain
            cells[i], styles[i] = "─", f"white on {tone}" if covered else "white"
        cells[first], cells[last] = ("├", "┤") if first < last else ("┼", "┼")
    if zero < width and not styles[zero].startswith("white"):
        cells[zero], styles[zero] = "│", SOFT
    out = _text()
    for cell, style in zip(cells, styles, strict=True):
        out.append(cell, style)
    return out


def _target(explanation: Explanation, facts: TargetFacts, width: int) -> Text:
    outputs = f.output_numbers(facts)
    out = _text().append(f"Why {facts.name}", "bold").append("\n")
    out.append(
        f"f(x) {outputs.text(facts.prediction)}  g(x′) {outputs.text(facts.local_prediction)}  "
        f"intercept {outputs.text(facts.intercept)}  held-out R² {f.fidelity_text(facts)}\n",
        SOFT,
    )
    picture = _PICTURES.get(str(explanation.layout.get("kind")))
    if picture:
        out.append_text(picture(explanation, facts)).append("\n")
    out.append_text(_rows(facts, width))
    for sentence in f.doubts(explanation, facts, isolated):
        out.append(sentence + "\n", SOFT)
    return out


def _rows(facts: TargetFacts, width: int) -> Text:
    out = _text()
    if not facts.rows:
        return out.append("no feature is shown: nothing moves this output here\n", SOFT)
    numbers, (low, high) = f.weight_numbers(facts), f.bounds(facts.rows)
    weights = [numbers.signed(row.weight) for row in facts.rows]
    intervals = [f.interval_text(row, numbers) for row in facts.rows]
    sizes = max(map(len, weights)), max(map(len, intervals))
    names = min(34, width // 3)
    room = max(12, width - names - sum(sizes) - 6)
    for row, weight, interval in zip(facts.rows, weights, intervals, strict=True):
        tone = "" if row.certain else SOFT
        out.append(isolated(fit(row, names)), tone).append(f" {weight:>{sizes[0]}}", tone)
        out.append(" " if row.certain else "?", "bold").append(f" {interval:>{sizes[1]}}  ", SOFT)
        out.append_text(bar(row, low, high, room)).append("\n")
    if facts.uncertain:
        out.append("? the 95 % interval contains 0: the sign is not known\n", SOFT)
    return out


def _passage(explanation: Explanation, facts: TargetFacts) -> Text:
    shown = {row.index: row for row in facts.rows}
    largest = max((abs(row.weight) for row in facts.rows), default=0.0) or 1.0
    out = _text()
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
    tone = POSITIVE if row.weight > 0 else NEGATIVE
    if not row.certain:
        return f"underline {tone}"
    return f"black on {tone}" if abs(row.weight) > 0.4 * largest else f"bold {tone}"


def _image(explanation: Explanation, facts: TargetFacts) -> Text:
    """Return the image under its heat, two pixels in one character: the upper half block has two colours."""
    labels = decode_segments(explanation.layout)
    over = heat(labels, segment_weights(explanation, facts), outlined=False).astype(float)
    pixels = image_pixels(explanation.layout)
    grey = np.full(labels.shape, 128.0) if pixels is None else pixels[..., :3].mean(axis=2)
    alpha = over[..., 3:] / 255
    mixed = (over[..., :3] * alpha + grey[..., None] * (1 - alpha)).astype(int)
    columns = min(IMAGE_COLUMNS, labels.shape[1])
    rows = max(2, round(columns * labels.shape[0] / labels.shape[1] / 2) * 2)
    y = ((np.arange(rows) + 0.5) * labels.shape[0] / rows).astype(int)
    x = ((np.arange(columns) + 0.5) * labels.shape[1] / columns).astype(int)
    small = mixed[np.ix_(y, x)]
    out = _text()
    for upper, lower in zip(small[::2], small[1::2], strict=True):
        for a, b in zip(upper.tolist(), lower.tolist(), strict=True):
            out.append("▀", f"rgb({a[0]},{a[1]},{a[2]}) on rgb({b[0]},{b[1]},{b[2]})")
        out.append("\n")
    return out


_PICTURES = {"text": _passage, "raster": _image}


def _text() -> Text:
    return require("rich.text", "cli").Text()
