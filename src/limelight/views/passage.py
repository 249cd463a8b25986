"""The original text with its features marked: hue is the sign, strength the size.

Places are code points, so text is cut in Python, and each piece is escaped on its own: nothing shifts after an emoji.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from limelight.result.explanation import Explanation
from limelight.result.layouts import TextField, text_fields
from limelight.views import markup as m
from limelight.views.facts import Row, TargetFacts

LONG = 900
"""Texts longer than this fold the stretches that hold no shown feature."""
MARGIN = 90
"""Characters kept on either side of a fold."""

Piece = tuple[str, int | None]
"""A stretch of text, and the feature that owns it."""


def passage(explanation: Explanation, facts: TargetFacts) -> str:
    """Return the text of a text layout, or of its fields, with marks."""
    fields = text_fields(explanation.layout)
    long = sum(len(field.text) for field in fields) > LONG
    shown = {row.index: row for row in facts.rows}
    largest = max((abs(row.weight) for row in facts.rows), default=0.0)
    styles = {j: _style(row, largest) for j, row in shown.items()}
    return "".join(_field(explanation, field, styles, long) for field in fields)


def _style(row: Row, largest: float) -> str:
    doubt = "" if row.certain else " maybe"
    return f'class="{m.sign(row.weight)}{doubt}" style="--s:{m.strength(row.weight, largest)}"'


def pieces(explanation: Explanation, field: TextField) -> Iterator[Piece]:
    """Yield the field's text in order, cut where features begin and end; overlaps belong to the first."""
    spans = []
    end = field.start + len(field.text)
    for j, feature in enumerate(explanation.features):
        for start, stop in feature.where.places:
            if field.start <= start < stop <= end:
                spans.append((start - field.start, stop - field.start, j))
    at = 0
    for start, stop, j in sorted(spans):
        if start < at:
            continue
        if start > at:
            yield field.text[at:start], None
        yield field.text[start:stop], j
        at = stop
    if at < len(field.text):
        yield field.text[at:], None


def _field(explanation: Explanation, field: TextField, styles: dict[int, str], long: bool) -> str:
    head = f'<h4 class="field">{m.name(field.name)}</h4>' if field.name else ""
    cut = list(pieces(explanation, field))
    if long:
        body = _folded(cut, styles)
    else:
        body = "".join(_piece(piece, styles) for piece in cut)
    return f'{head}<div class="text" dir="auto">{body}</div>'


def _piece(piece: Piece, styles: dict[int, str]) -> str:
    text, owner = piece
    safe = m.text(text, lines=True)
    if owner is None:
        return safe
    if owner in styles:
        return f'<mark data-f="{owner}" {styles[owner]}>{safe}</mark>'
    return f'<i data-f="{owner}">{safe}</i>'


def _folded(cut: list[Piece], styles: dict[int, str]) -> str:
    """Return the pieces, the stretches far from any shown feature wrapped so that they can fold away."""
    out: list[str] = []
    quiet: list[Piece] = []
    for piece in cut:
        if piece[1] in styles:
            out += [_quiet(quiet, styles, first=not out), _piece(piece, styles)]
            quiet = []
        else:
            quiet.append(piece)
    return "".join([*out, _quiet(quiet, styles, first=not out, last=True)])


def _quiet(run: list[Piece], styles: dict[int, str], *, first: bool, last: bool = False) -> str:
    size = sum(len(text) for text, _ in run)
    # Next to a mark a margin stays, for the words around it; where the text begins or ends there is no mark.
    head = 0 if first else MARGIN
    tail = 0 if last else MARGIN
    if first and last:
        head = LONG  # nothing is marked at all: show how the text begins
    if size <= head + tail + 200:
        return "".join(_piece(piece, styles) for piece in run)
    before, rest = _split(run, head)
    middle, after = _split(rest, sum(len(text) for text, _ in rest) - tail)
    gap = "".join(_piece(piece, styles) for piece in middle)
    characters = sum(len(text) for text, _ in middle)
    edges = ["".join(_piece(piece, styles) for piece in part) for part in (before, after)]
    return f'{edges[0]}<span class="gap" data-n="{characters:,}">{gap}</span>{edges[1]}'


def _split(run: list[Piece], size: int) -> tuple[list[Piece], list[Piece]]:
    """Return the run cut after about `size` characters: between features, at a space of the text between them."""
    at = 0
    for i, (text, owner) in enumerate(run):
        if at + len(text) > size:
            if owner is not None:
                return run[: i + 1], run[i + 1 :]
            # Where no space follows, the whole stretch goes to the second part: a word is not cut.
            space = re.search(r"\s", text[size - at :])
            cut = size - at + space.start() if space else 0
            return [*run[:i], (text[:cut], None)], [(text[cut:], None), *run[i + 1 :]]
        at += len(text)
    return run, []
