"""The terminal in colour, with `rich`: bars of blocks with whiskers, the text marked, an image as half blocks.

Colours are the page's: blue raises, orange lowers. Everything is a `rich.text.Text`, so that no name is read as markup.
"""

from __future__ import annotations

from limelight.result.explanation import Explanation
from limelight.views import curves, sentences
from limelight.views import facts as f
from limelight.views.blocks import SOFT, Text, text
from limelight.views.describe import isolated
from limelight.views.facts import Row, TargetFacts
from limelight.views.kinds import kind_of
from limelight.views.measure import CONTRIBUTIONS
from limelight.views.palette import TERMINAL, ansi
from limelight.views.targets import left_out
from limelight.views.terminal import fit

MOST_BINS = 12
"""Bins of a curve beside a bar, where there is a little more room than in 80 columns."""


def drawing(explanation: Explanation, width: int = 100, weights: str = CONTRIBUTIONS) -> Text:
    """Return an explanation as coloured text of at most `width` columns."""
    out = text()
    out.append("The model says ", SOFT).append(f.verdict(explanation), "bold").append("\n")
    said = f.outputs(explanation)
    if len(said) > 1:
        numbers = f.Numbers.fitting(value for _, value in said)
        out.append("  ".join(f"{name} {numbers.text(value)}" for name, value in said) + "\n", SOFT)
    if left_out(explanation):
        out.append(left_out(explanation) + "\n", SOFT)
    for sentence in sentences.warnings(explanation):
        out.append(f"! {sentence}\n", "yellow")
    for facts in f.all_targets(explanation, weights):
        out.append("\n").append_text(_target(explanation, facts, width))
    return out.append("\n" + f.cost_text(explanation), SOFT)


def bar(row: Row, low: float, high: float, width: int) -> Text:
    """Return a bar of eighth blocks from zero, its whisker over it; hollow where the sign is not known."""

    def at(value: float) -> int:
        return min(width - 1, max(0, int((value - low) / (high - low) * width)))

    cells = [" "] * width
    styles = [""] * width
    tone = ansi(TERMINAL.signed(row.weight))
    zero, tip = at(0.0), at(row.weight)
    for i in range(min(zero, tip), max(zero, tip) + 1):
        cells[i], styles[i] = ("█" if row.certain else "░"), tone
    if not row.pointlike:
        first, last = at(row.low), at(row.high)
        for i in range(first, last + 1):
            covered = styles[i] == tone and row.certain
            cells[i], styles[i] = "─", f"black on {tone}" if covered else "white"
        cells[first], cells[last] = ("├", "┤") if first < last else ("┼", "┼")
    # the whisker may cover zero, which then must not cover the whisker
    if zero < width and not styles[zero].startswith(("white", "black")):
        cells[zero], styles[zero] = "│", SOFT
    out = text()
    for cell, style in zip(cells, styles, strict=True):
        out.append(cell, style)
    return out


def _target(explanation: Explanation, facts: TargetFacts, width: int) -> Text:
    outputs = f.output_numbers(facts)
    out = text().append(f"Why {facts.name}", "bold").append("\n")
    if facts.verdict:
        out.append(facts.verdict + "\n", "bold yellow" if facts.cause in sentences.UNUSABLE else "")
    held = f"held-out R² {f.fidelity_text(facts)}"
    if sentences.additivity(facts):
        held += f"  additivity {sentences.additivity(facts)}"
    if sentences.gap(facts):
        held += f"  gap {sentences.gap(facts)} residual spreads"
    out.append(
        f"f(x) {outputs.text(facts.prediction)}  g(x′) {outputs.text(facts.local_prediction)}  "
        f"{f.base_name(facts)} {outputs.text(facts.intercept)}  {held}\n",
        SOFT,
    )
    draw = kind_of(explanation).terminal
    if draw:
        out.append_text(draw(explanation, facts)).append("\n")
    out.append_text(_rows(facts, width))
    for sentence in [*sentences.pairs(explanation, facts, isolated), *f.doubts(explanation, facts, isolated)]:
        out.append(sentence + "\n", SOFT)
    return out


def _rows(facts: TargetFacts, width: int) -> Text:
    out = text()
    if not facts.rows:
        return out.append("no feature is shown: nothing moves this output here\n", SOFT)
    if facts.against:
        out.append(f"contributions against {facts.against}\n", SOFT)
    numbers, (low, high) = f.weight_numbers(facts), f.bounds(facts.rows)
    weights = [numbers.signed(row.weight) for row in facts.rows]
    intervals = [f.interval_text(row, numbers) for row in facts.rows]
    besides = [curves.beside(row, MOST_BINS) for row in facts.rows]
    sizes = [max(map(len, column)) for column in (weights, intervals, besides)]
    names = min(34, width // 3)
    room = max(12, width - names - sum(sizes) - 6 - (2 if sizes[2] else 0))
    for row, weight, interval, beside in zip(facts.rows, weights, intervals, besides, strict=True):
        tone = "" if row.certain else SOFT
        out.append(isolated(fit(row, names)), tone).append(f" {weight:>{sizes[0]}}", tone)
        out.append(" " if row.certain else "?", "bold").append(f" {interval:>{sizes[1]}}  ", SOFT)
        if sizes[2]:
            out.append(f"{beside:<{sizes[2]}}  ")
        out.append_text(bar(row, low, high, room)).append("\n")
    if facts.uncertain:
        out.append("? the 95 % interval contains 0: the sign is not known\n", SOFT)
    if curves.key(facts):
        out.append(curves.key(facts) + "\n", SOFT)
    return out
