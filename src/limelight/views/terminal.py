"""Bars for a terminal: plain ASCII that any log keeps, or colours and blocks where somebody is looking.

`render` always returns plain text, 80 columns wide, bars in ASCII (names stay as they are). `print_rich` needs `rich`
and falls back to `render` where the output is not a terminal or ``NO_COLOR`` is set.
"""

from __future__ import annotations

import os
import re
import sys
import unicodedata
from importlib.util import find_spec
from typing import Any

from limelight.optional import require
from limelight.result.explanation import Explanation
from limelight.views import curves, sentences
from limelight.views import facts as f
from limelight.views.describe import isolated
from limelight.views.facts import Numbers, Row, TargetFacts
from limelight.views.measure import CONTRIBUTIONS
from limelight.views.targets import left_out

WIDTH = 80
BAR, NARROW_BAR = 16, 12
"""Columns that the bars keep where names are long, alone and with curves beside them."""


def render(explanation: Explanation, weights: str = CONTRIBUTIONS) -> str:
    """Return an explanation as plain text of 80 columns.

    A row reads: name, contribution, 95 % interval, the column's curve, bar. The bar is ``=`` from zero (``|``) to its
    value, ``[---]`` is the interval, and ``?`` marks a bar whose interval contains 0.

    Parameters
    ----------
    explanation
        What to show.
    weights
        ``"contributions"``, or ``"coef"`` for LIME's weights.
    """
    parts = [_headline(explanation)]
    parts += [_target(explanation, facts) for facts in f.all_targets(explanation, weights)]
    parts.append(_footer(explanation))
    return "\n\n".join(part for part in parts if part)


def _headline(explanation: Explanation) -> str:
    said = f.outputs(explanation)
    numbers = Numbers.fitting(value for _, value in said)
    lines = [f"The model says {f.verdict(explanation)}."]
    if len(said) > 1:
        lines.append("Likely outputs: " + ", ".join(f"{name} {numbers.text(value)}" for name, value in said) + ".")
    if left_out(explanation):
        lines.append(left_out(explanation))
    return "\n".join(_wrap(line) for line in lines)


def _target(explanation: Explanation, facts: TargetFacts) -> str:
    lines = _head(facts)
    if not facts.rows:
        return "\n".join([*lines, "  no feature is shown: nothing moves this output here"])
    if facts.against:
        lines.append(f"  contributions against {facts.against}:")
    lines += _rows(facts)
    if facts.uncertain:
        lines.append("  ? the 95 % interval contains 0: the sign is not known")
    if curves.key(facts):
        lines.append(f"  {curves.key(facts)}")
    under = [*sentences.pairs(explanation, facts, isolated), *f.doubts(explanation, facts, isolated)]
    lines += [_wrap("  " + sentence, "  ") for sentence in under]
    return "\n".join(lines)


def _head(facts: TargetFacts) -> list[str]:
    """Return what stands above the bars: the verdict, both answers, and how well they agree."""
    outputs = f.output_numbers(facts)
    lines = [_wrap(f"Why {facts.name}:")]
    if facts.verdict:
        lines.append(_wrap("  " + facts.verdict, "  "))
    answers = (
        f"  model f(x) = {outputs.text(facts.prediction)}, surrogate g(x') = {outputs.text(facts.local_prediction)}, "
        f"{f.base_name(facts)} = {outputs.text(facts.intercept)}"
    )
    held = f"  held-out fidelity (R2) = {f.fidelity_text(facts)}"
    if sentences.additivity(facts):
        held += f", additivity = {sentences.additivity(facts)}"
    if sentences.gap(facts):
        held += f", gap = {sentences.gap(facts)} residual spreads"
    return [*lines, _wrap(answers, "  "), _wrap(held, "  ")]


def _rows(facts: TargetFacts) -> list[str]:
    """Return one line for each bar."""
    weights = f.weight_numbers(facts)
    numbers = [_ascii(weights.signed(row.weight)) for row in facts.rows]
    intervals = [_ascii(f.interval_text(row, weights)) for row in facts.rows]
    besides = [_ascii(curves.beside(row)) for row in facts.rows]
    sizes = [max(map(len, column)) for column in (numbers, intervals, besides)]
    room = WIDTH - 2 - sum(sizes) - 6 - (2 if sizes[2] else 0)
    # A curve says more about its column than four more columns of bar.
    least = NARROW_BAR if sizes[2] else BAR
    name_width = min(max(columns(row.label) for row in facts.rows), max(room - least, 20))
    bar_width = max(NARROW_BAR, room - name_width)
    low, high = f.bounds(facts.rows)
    lines = []
    for row, number, interval, extra in zip(facts.rows, numbers, intervals, besides, strict=True):
        bar = "".join(_cells(row, low, high, bar_width)).rstrip()
        mark = " " if row.certain else "?"
        curve = f"{extra:<{sizes[2]}}  " if sizes[2] else ""
        name = isolated(fit(row, name_width))
        lines.append(f"  {name} {number:>{sizes[0]}}{mark} {interval:>{sizes[1]}}  {curve}{bar}".rstrip())
    return lines


def _cells(row: Row, low: float, high: float, width: int) -> list[str]:
    def at(value: float) -> int:
        share = (value - low) / (high - low)
        if share != share:  # of numbers near the largest that there are, an interval may have no end
            return width // 2
        return round(min(max(share, 0.0), 1.0) * (width - 1))

    cells = [" "] * width
    zero, tip = at(0.0), at(row.weight)
    for i in range(min(zero, tip), max(zero, tip) + 1):
        cells[i] = "="
    if not row.pointlike:
        first, last = at(row.low), at(row.high)
        for i in range(first, last + 1):
            if cells[i] == " ":
                cells[i] = "-"
        cells[first], cells[last] = "[", "]"
    if row.pointlike or at(row.low) != zero != at(row.high):
        cells[zero] = "|"
    return cells


def _footer(explanation: Explanation) -> str:
    lines = _listed(f.cost_text(explanation).split(", "))
    lines += [_wrap(f"! {sentence}", "  ") for sentence in sentences.warnings(explanation)]
    return "\n".join(lines)


def _listed(parts: list[str]) -> list[str]:
    """Return the parts with commas, in lines that break between parts only: a number stays with what it counts."""
    lines = [""]
    for part in parts:
        joined = f"{lines[-1]}, {part}" if lines[-1] else part
        if len(joined) >= WIDTH:
            lines[-1] += ","
            lines.append(part)
        else:
            lines[-1] = joined
    return lines


def _ascii(text: str) -> str:
    return text.replace(f.MINUS, "-").replace("±", "+/-")


def _wrap(text: str, indent: str = "") -> str:
    """Return the text in lines of at most 80 columns, broken at spaces, and inside words that are longer."""
    lines, current = [], ""
    for word in re.findall(r"\s*\S+", _ascii(text)):
        if current and columns(current + word) > WIDTH:
            lines.append(current)
            current, word = indent, word.lstrip()
        for character in word:
            if columns(current + character) > WIDTH:
                lines.append(current)
                current = indent
            current += character
    return "\n".join([*lines, current])


def columns(text: str) -> int:
    """Return how many terminal columns a text takes: wide characters two, combining marks none.

    >>> columns("日本"), columns("é")
    (4, 1)
    """
    if text.isascii():
        return len(text)
    return sum(map(_columns_of, text))


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    if unicodedata.east_asian_width(character) in "WF":
        return 2
    return 1


def fit(row: Row, width: int) -> str:
    """Return the label of a row cut or padded to exactly `width` columns.

    >>> fit(Row(0, "good", "", 0.1, 0.0, 0.2, False), 6), fit(Row(0, "abcdefgh", "", 0.1, 0.0, 0.2, False), 5)
    ('good  ', 'ab…gh')
    """
    limit, text = width, row.short(width)
    while columns(text) > width:
        limit -= 1
        text = row.short(limit)
    return text + " " * (width - columns(text))


def print_rich(explanation: Explanation, *, console: Any = None, weights: str = CONTRIBUTIONS) -> None:
    """Print an explanation in colour where somebody is looking, as plain text otherwise.

    Parameters
    ----------
    explanation
        What to print.
    console
        A `rich.console.Console`; None makes one for standard output. Without `rich`, where the output is not a
        terminal, or where ``NO_COLOR`` is set, the text is that of `render`.
    weights
        ``"contributions"``, or ``"coef"`` for LIME's weights.
    """
    if console is None and not (sys.stdout.isatty() and not os.environ.get("NO_COLOR") and find_spec("rich")):
        print(render(explanation, weights))
        return
    from limelight.views import colour

    console = console or require("rich.console", "cli").Console()
    if console.is_terminal and not console.no_color:
        console.print(colour.drawing(explanation, min(console.width, 110), weights), highlight=False)
    else:
        console.print(render(explanation, weights), markup=False, highlight=False, soft_wrap=True)
