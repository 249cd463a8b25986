"""One explanation as a matplotlib figure: bars with whiskers, and beside them what they are about.

Nothing here touches pyplot or its settings: a figure that is not given is a plain `matplotlib.figure.Figure`, saved
with ``axes.figure.savefig(…)``. Names are never read as TeX.
"""

from __future__ import annotations

import textwrap
from typing import Any

from limelight.optional import require
from limelight.result.explanation import Explanation
from limelight.views import facts as f
from limelight.views.canvas import Axes
from limelight.views.describe import isolated
from limelight.views.facts import TargetFacts
from limelight.views.figure_text import drawable, fonts
from limelight.views.kinds import kind_of
from limelight.views.palette import FIGURE, hexadecimal

INK, SOFT, LINE = hexadecimal(FIGURE.ink), hexadecimal(FIGURE.soft), hexadecimal(FIGURE.line)
NAME_LIMIT, WIDTH = 44, 7.2
"""Characters of a name; inches of a figure, which fit a page of A4 or letter paper."""


def plot(explanation: Explanation, ax: Axes | None = None, *, target: str | int | None = None) -> Axes:
    """Draw one target and return the axes of its bars.

    Parameters
    ----------
    explanation
        What to draw.
    ax
        Draw the bars here. None makes a figure with the bars and, for texts, images and series, the instance above
        them; save it with ``ax.figure.savefig``.
    target
        Name or index; None is the first.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    UnknownNameError
        If the target is not among the explained ones.
    """
    facts = f.target_facts(explanation, target)
    if ax is None:
        ax = _figure(explanation, facts)
    draw_bars(explanation, facts, ax)
    return ax


def _figure(explanation: Explanation, facts: TargetFacts) -> Axes:
    """Return the axes for the bars, in a figure that holds the picture above them."""
    notes = _notes(explanation, facts, _note_columns(WIDTH, [row.short(NAME_LIMIT) for row in facts.rows]))
    below = 1.1 + 0.27 * max(len(facts.rows), 2) + 0.14 * len(notes)
    kind = kind_of(explanation)
    above = kind.height(explanation.layout) if kind.figure and kind.height else 0.0
    figure = require("matplotlib.figure", "plot").Figure(
        figsize=(WIDTH, below + above), dpi=150, layout="constrained", facecolor="white"
    )
    if kind.figure is None or not above:
        return figure.add_subplot()
    grid = figure.add_gridspec(2, 1, height_ratios=[above, below])
    kind.figure(explanation, facts, figure.add_subfigure(grid[0]))
    return figure.add_subplot(grid[1])


def draw_bars(explanation: Explanation, facts: TargetFacts, ax: Axes) -> None:
    """Draw the shown features of a target as bars with 95 % intervals, their numbers at the right."""
    numbers = f.weight_numbers(facts)
    low, high = f.bounds(facts.rows)
    ax.axvline(0, color=SOFT, linewidth=0.8, zorder=1)
    for y, row in enumerate(facts.rows):
        colour = hexadecimal(FIGURE.signed(row.weight))
        style = {"color": colour} if row.certain else {"facecolor": "white", "edgecolor": colour, "hatch": "//////"}
        ax.barh(y, row.weight, height=0.56, linewidth=0.8, zorder=2, **style)
        if not row.exact:
            error = [[row.weight - row.low], [row.high - row.weight]]
            ax.errorbar(row.weight, y, xerr=error, fmt="none", ecolor=INK, elinewidth=1.0, capsize=2.4, zorder=3)
        tone = INK if row.certain else SOFT
        note = numbers.signed(row.weight) + ("" if row.certain else " ?")
        ax.text(1.02, y, note, transform=ax.get_yaxis_transform(), va="center", ha="left", fontsize=8.5, color=tone)
    labels = [drawable(row.short(NAME_LIMIT)) for row in facts.rows]
    for label, row in zip(_y_labels(ax, labels), facts.rows, strict=True):
        label.set_color(INK if row.certain else SOFT)
    ax.set_ylim(max(len(facts.rows), 1) - 0.4, -0.6)
    margin = (high - low) * 0.03
    ax.set_xlim(low - margin, high + margin)
    _dress(ax, facts)
    below = "\n".join(_notes(explanation, facts, _note_columns(ax.figure.get_figwidth() * _share(ax), labels)))
    ax.set_xlabel(below, fontsize=8, color=SOFT, loc="left", parse_math=False, fontfamily=fonts(below))


def _y_labels(ax: Axes, labels: list[str]) -> list[Any]:
    ax.set_yticks(range(len(labels)))
    made = ax.set_yticklabels(labels, fontsize=9, fontfamily=fonts("".join(labels)), parse_math=False)
    return list(made)


def _dress(ax: Axes, facts: TargetFacts) -> None:
    outputs = f.output_numbers(facts)
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", labelsize=8, color=LINE, labelcolor=SOFT)
    ax.locator_params(axis="x", nbins=6)
    for side in ("top", "left", "right"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set_color(LINE)
    says = (
        f"f(x) {outputs.text(facts.prediction)}   g(x′) {outputs.text(facts.local_prediction)}   "
        f"intercept {outputs.text(facts.intercept)}   held-out R² {f.fidelity_text(facts)}"
    )
    name = drawable(f.shorten(facts.name, 60))
    ax.set_title(f"Why {name}", fontsize=11.5, color=INK, loc="left", pad=20, parse_math=False, fontfamily=fonts(name))
    places = {"xycoords": "axes fraction", "textcoords": "offset points"}
    ax.annotate(says, (0, 1), (0, 7), fontsize=8.5, color=SOFT, va="bottom", **places)


def _share(ax: Axes) -> float:
    """Return which part of its figure's width the axes may use, their labels included."""
    place = ax.get_subplotspec()
    return 1.0 if place is None else len(place.colspan) / place.get_gridspec().ncols


def _note_columns(inches: float, labels: list[str]) -> int:
    """Return how many characters of a note fit right of the labels, at the usual widths of 9 and 8 point letters."""
    return max(30, int((inches - 0.073 * max(map(len, labels), default=0) - 0.15) / 0.0645))


def _notes(explanation: Explanation, facts: TargetFacts, columns: int) -> list[str]:
    if not facts.rows:
        lines = ["no feature is shown: nothing moves this output here"]
    else:
        lines = ["weight and its 95 % interval" + ("; ? = sign not known" if facts.uncertain else "")]
    for sentence in f.doubts(explanation, facts, isolated):
        lines += textwrap.wrap(drawable(sentence), columns)
    for sentence in f.warnings(explanation):
        lines += textwrap.wrap(f"Warning: {drawable(sentence)}", columns)
    return lines
