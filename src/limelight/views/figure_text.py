"""A text as matplotlib draws it: words set one by one, their features shaded by sign and size."""

from __future__ import annotations

import unicodedata
from functools import cache
from typing import Any

from limelight.contracts import Layout
from limelight.optional import require
from limelight.result.explanation import Explanation
from limelight.result.layouts import text_fields
from limelight.views import facts as f
from limelight.views.facts import Row, TargetFacts
from limelight.views.palette import FIGURE, hexadecimal
from limelight.views.passage import pieces

MOST_LINES = 14
LINE, ROOM, SIZE = 0.25, 6.85, 9.5
"""Inches between lines and of a line; points of a letter."""

_SCRIPTS = (
    "DejaVu Sans",
    "Noto Sans CJK JP",
    "Noto Sans CJK SC",
    "Noto Sans Arabic",
    "Noto Sans Hebrew",
    "Noto Sans Thai",
    "Noto Sans Devanagari",
    "Noto Emoji",
    "Arial Unicode MS",
)


def draw_text(explanation: Explanation, facts: TargetFacts, figure: Any) -> None:
    """Draw the beginning of the text, its shown features shaded; "…" where it goes on."""
    # Words are set by inches, so their axes are placed by hand and stay out of the layout.
    ax = figure.add_axes([0, 0, 1, 1])
    ax.set_axis_off()
    dots = ax.figure.dpi
    shown = {row.index: row for row in facts.rows}
    largest = max((abs(row.weight) for row in facts.rows), default=1.0) or 1.0
    renderer = require("matplotlib.backends.backend_agg", "plot").RendererAgg(8, 8, dots)
    x, line, open_end = 0.0, 0, True
    for token, owner in _tokens(explanation):
        if "\n" in token or x > ROOM + 0.3:
            x, line = 0.0, line + 1
        if line >= MOST_LINES:
            _put(ax, 0.0, line - 0.35, "…")
            return
        word = token.strip()
        if not word:
            x += 0.045 * len(token) if x and "\n" not in token else 0
            open_end = True
            continue
        label = _put(ax, x, line, word)
        width = label.get_window_extent(renderer).width / dots
        # a line breaks after a space, and anywhere in scripts without spaces
        if open_end and x and x + width > ROOM:
            label.remove()
            x, line = 0.0, line + 1
            if line >= MOST_LINES:
                continue
            label = _put(ax, x, line, word)
        row = shown.get(owner) if owner is not None else None
        if row is not None and row.weight:
            label.set_bbox(_box(row, largest))
        open_end = token != token.rstrip() or ord(word[-1]) > 0x2E7F
        x += width + (0.05 if token != token.rstrip() else 0.012)


def text_lines(layout: Layout) -> int:
    """Return about how many lines of a figure the text takes."""
    fields = text_fields(layout)
    lines = sum(1 + len(line) // 88 for field in fields for line in field.text.splitlines() or [""])
    return min(MOST_LINES, lines)


def text_height(layout: Layout) -> float:
    """Return the inches that a text takes above the bars."""
    return LINE * text_lines(layout) + 0.35


def fonts(text: str) -> list[str] | None:
    """Return fonts that fill in for the default one where the text has more than Latin letters."""
    if all(ord(character) < 0x500 for character in text):
        return None
    return list(_known_fonts())


def drawable(text: str) -> str:
    """Return the text with what no font here can draw as a box, and without marks that only join letters."""
    if all(ord(character) < 0x500 for character in text):
        return text
    shown = [c for c in text if unicodedata.category(c) != "Cf" and c != "\ufe0f"]
    return "".join(c if _has(c) else "□" for c in shown)


@cache
def _known_fonts() -> tuple[str, ...]:
    known = {font.name for font in require("matplotlib.font_manager", "plot").fontManager.ttflist}
    return tuple(name for name in _SCRIPTS if name in known)


@cache
def _has(character: str) -> bool:
    manager = require("matplotlib.font_manager", "plot")
    return any(manager.get_font(manager.findfont(name)).get_char_index(ord(character)) for name in _known_fonts())


def _put(ax: Any, x: float, line: float, text: str) -> Any:
    """Write text at x inches from the left and a number of lines from the top."""
    transforms = require("matplotlib.transforms", "plot")
    figure = ax.figure
    shift = transforms.ScaledTranslation(0.15 + x, -0.2 - LINE * line, figure.dpi_scale_trans)
    # Left edge of the page, not of the bars below, whose labels push every subfigure to the right.
    page = transforms.blended_transform_factory(figure.transFigure, ax.transAxes)
    place = page + shift
    return ax.text(0, 1, text, transform=place, fontsize=SIZE, fontfamily=fonts(text), parse_math=False, va="center")


def _box(row: Row, largest: float) -> dict[str, Any]:
    colour = hexadecimal(FIGURE.signed(row.weight))
    if not row.certain:
        return {"pad": 1.2, "facecolor": "none", "edgecolor": colour, "linewidth": 0.7, "linestyle": ":"}
    return {"pad": 1.2, "facecolor": colour, "alpha": 0.15 + 0.5 * abs(row.weight) / largest, "linewidth": 0}


def _tokens(explanation: Explanation) -> list[tuple[str, int | None]]:
    """Return words with the space after them, each with the feature that owns it."""
    found: list[tuple[str, int | None]] = []
    for field in text_fields(explanation.layout):
        if found:
            found.append(("\n", None))
        for text, owner in pieces(explanation, field):
            for line in f.visible(text, lines=True).splitlines(keepends=True):
                body = line.rstrip("\n")
                parts = [body] if owner is not None else _words(body)
                found += [(drawable(part), owner) for part in parts if part]
                found += [("\n", None)] if body != line else []
            if len(found) > 200 * MOST_LINES:
                return found
    return found


def _words(line: str) -> list[str]:
    words, current = [], ""
    for character in line:
        current += character
        if character.isspace():
            words.append(current)
            current = ""
    if current:
        return [*words, current]
    return words
