"""One explanation as a matplotlib figure: bars with whiskers, and beside them what they are about.

Nothing here touches pyplot or its settings: a figure that is not given is a plain `matplotlib.figure.Figure`, saved
with ``axes.figure.savefig(…)``. Names are never read as TeX.
"""

from __future__ import annotations

import textwrap
from typing import Any

import numpy as np

from limelight.optional import require
from limelight.result.explanation import Explanation
from limelight.views import curves, sentences
from limelight.views import facts as f
from limelight.views.canvas import Axes, shown_in_notebooks
from limelight.views.describe import isolated
from limelight.views.facts import TargetFacts
from limelight.views.figure_text import drawable, fonts
from limelight.views.kinds import kind_of
from limelight.views.measure import CONTRIBUTIONS
from limelight.views.palette import FIGURE, hexadecimal
from limelight.views.targets import default_target

INK, SOFT, LINE = hexadecimal(FIGURE.ink), hexadecimal(FIGURE.soft), hexadecimal(FIGURE.line)
NAME_LIMIT, WIDTH = 44, 7.2
"""Characters of a name; inches of a figure, which fit a page of A4 or letter paper."""
CURVE = 0.55
"""Inches that a curve takes right of the numbers."""
LINE_HEIGHT = 0.16
"""Inches between two lines of the verdict."""


def plot(
    explanation: Explanation,
    ax: Axes | None = None,
    *,
    target: str | int | None = None,
    weights: str = CONTRIBUTIONS,
) -> Axes:
    """Draw one target and return the axes of its bars.

    Parameters
    ----------
    explanation
        What to draw.
    ax
        Draw the bars here. None makes a figure with the bars and, for texts, images and series, the instance above
        them; save it with ``ax.figure.savefig``.
    target
        Name or index; None is what the model said, where that is explained, else the first.
    weights
        ``"contributions"``, against the average row for tables; ``"coef"`` for LIME's weights.

    Raises
    ------
    MissingDependencyError
        If matplotlib is not installed.
    UnknownNameError
        If the target is not among the explained ones.
    """
    chosen = default_target(explanation) if target is None else target
    facts = f.target_facts(explanation, chosen, weights)
    if ax is None:
        ax = _figure(explanation, facts)
    draw_bars(explanation, facts, ax)
    return ax


def _figure(explanation: Explanation, facts: TargetFacts) -> Axes:
    """Return the axes for the bars, in a figure that holds the picture above them."""
    notes = _notes(explanation, facts, _note_columns(WIDTH, [row.short(NAME_LIMIT) for row in facts.rows]))
    says = sum(map(len, _says(facts, WIDTH)))
    below = 1.0 + 0.27 * max(len(facts.rows), 2) + 0.14 * len(notes) + LINE_HEIGHT * says
    kind = kind_of(explanation)
    if kind.figure and kind.height:
        above = kind.height(explanation.layout)
    else:
        above = 0.0
    figure = require("matplotlib.figure", "plot").Figure(
        figsize=(WIDTH, below + above), dpi=150, layout="constrained", facecolor="white"
    )
    if kind.figure is None or not above:
        return shown_in_notebooks(figure.add_subplot(), figure)
    grid = figure.add_gridspec(2, 1, height_ratios=[above, below])
    kind.figure(explanation, facts, figure.add_subfigure(grid[0]))
    return shown_in_notebooks(figure.add_subplot(grid[1]), figure)


def draw_bars(explanation: Explanation, facts: TargetFacts, ax: Axes) -> None:
    """Draw the shown features of a target as bars with 95 % intervals, their numbers at the right."""
    numbers = f.weight_numbers(facts)
    low, high = f.bounds(facts.rows)
    ax.axvline(0, color=SOFT, linewidth=0.8, zorder=1)
    for y, row in enumerate(facts.rows):
        colour = hexadecimal(FIGURE.signed(row.weight))
        if row.certain:
            style = {"color": colour}
        else:
            style = {"facecolor": "white", "edgecolor": colour, "hatch": "//////"}
        ax.barh(y, row.weight, height=0.56, linewidth=0.8, zorder=2, **style)
        if not row.pointlike:
            error = [[row.weight - row.low], [row.high - row.weight]]
            ax.errorbar(row.weight, y, xerr=error, fmt="none", ecolor=INK, elinewidth=1.0, capsize=2.4, zorder=3)
        tone = INK if row.certain else SOFT
        note = numbers.signed(row.weight) + ("" if row.certain else " ?")
        ax.text(1.02, y, note, transform=ax.get_yaxis_transform(), va="center", ha="left", fontsize=8.5, color=tone)
    labels = [drawable(row.short(NAME_LIMIT)) for row in facts.rows]
    for label, row in zip(_y_labels(ax, labels), facts.rows, strict=True):
        label.set_color(INK if row.certain else SOFT)
    ax.set_ylim(max(len(facts.rows), 1) - 0.4, -0.6)
    draw_curves(facts, ax)
    margin = (high - low) * 0.03
    ax.set_xlim(low - margin, high + margin)
    _dress(ax, facts)
    below = "\n".join(_notes(explanation, facts, _note_columns(ax.figure.get_figwidth() * _share(ax), labels)))
    ax.set_xlabel(below, fontsize=8, color=SOFT, loc="left", parse_math=False, fontfamily=fonts(below))


def _legend(facts: TargetFacts) -> str:
    """Return what bars, whiskers, marks and curves are."""
    compared = f" against {facts.against}" if facts.against else ""
    parts = [f"{f.measure_name(facts)}{compared} and its 95 % interval"]
    if facts.uncertain:
        parts.append("? = sign not known")
    if curves.key(facts):
        parts.append("steps: effect of every bin of the column, this row's filled")
    return "; ".join(parts)


def _y_labels(ax: Axes, labels: list[str]) -> list[Any]:
    ax.set_yticks(range(len(labels)))
    made = ax.set_yticklabels(labels, fontsize=9, fontfamily=fonts("".join(labels)), parse_math=False)
    return list(made)


def _dress(ax: Axes, facts: TargetFacts) -> None:
    ax.tick_params(axis="y", length=0)
    ax.tick_params(axis="x", labelsize=8, color=LINE, labelcolor=SOFT)
    ax.locator_params(axis="x", nbins=6)
    for side in ("top", "left", "right"):
        ax.spines[side].set_visible(False)
    ax.spines["bottom"].set_color(LINE)
    verdict, numbers = _says(facts, ax.figure.get_figwidth() * _share(ax))
    name = drawable(f.shorten(facts.name, 60))
    pad = 20 + 72 * LINE_HEIGHT * (len(verdict) + len(numbers) - 1)
    ax.set_title(f"Why {name}", fontsize=11.5, color=INK, loc="left", pad=pad, parse_math=False, fontfamily=fonts(name))
    places = {"xycoords": "axes fraction", "textcoords": "offset points"}
    # What stands above the numbers is the verdict, which is read first.
    ax.annotate("\n".join(numbers), (0, 1), (0, 7), fontsize=8.5, color=SOFT, va="bottom", **places)
    if verdict:
        words, above = "\n".join(verdict), 7 + 72 * LINE_HEIGHT * len(numbers)
        ax.annotate(
            words, (0, 1), (0, above), fontsize=8.5, color=INK, va="bottom", parse_math=False,
            fontfamily=fonts(words), **places,
        )  # fmt: skip


def _says(facts: TargetFacts, inches: float) -> tuple[list[str], list[str]]:
    """Return the lines between title and bars: those of the verdict, and below them those of the numbers."""
    outputs = f.output_numbers(facts)
    numbers = [
        f"f(x) {outputs.text(facts.prediction)}",
        f"g(x′) {outputs.text(facts.local_prediction)}",
        f"{f.base_name(facts)} {outputs.text(facts.intercept)}",
        f"held-out R² {f.fidelity_text(facts)}",
    ]
    if sentences.additivity(facts):
        numbers.append(f"additivity {sentences.additivity(facts)}")
    if sentences.gap(facts):
        numbers.append(f"gap {sentences.gap(facts)} residual spreads")
    verdict = drawable(facts.verdict)
    columns = _note_columns(inches, [row.short(NAME_LIMIT) for row in facts.rows])
    lines = [""]
    for number in numbers:
        # A line breaks between two numbers only.
        if lines[-1] and len(lines[-1]) + len(number) > columns:
            lines.append("")
        lines[-1] += f"   {number}" if lines[-1] else number
    return textwrap.wrap(verdict, columns), lines


def draw_curves(facts: TargetFacts, ax: Axes) -> None:
    """Draw right of each bar's number the effect of every bin of its column, this row's bin filled; or its slope."""
    transforms = require("matplotlib.transforms", "plot")
    inches = ax.figure.dpi_scale_trans
    # Inches from the right edge of the bars, beyond the widest number; one row is one unit high.
    numbers = f.weight_numbers(facts)
    start = 0.16 + 0.063 * max((len(numbers.signed(row.weight)) + 2 for row in facts.rows), default=0)
    right = inches + transforms.ScaledTranslation(1, 0, ax.transAxes)
    place = transforms.blended_transform_factory(right, ax.transData)
    for y, row in enumerate(facts.rows):
        drawn = None if row.effect is None else curves.curve(row.effect)
        if drawn is not None:
            _draw_curve(drawn, ax, y, np.linspace(start, start + CURVE, len(drawn.middle) + 1), place)
        elif row.slope is not None:
            ax.text(start, y, curves.beside(row), transform=place, va="center", fontsize=8, color=SOFT)


def _draw_curve(drawn: curves.Curve, ax: Axes, y: int, edges: Any, place: Any) -> None:
    """Draw steps with their interval around y, between the edges of the bins."""
    patches = require("matplotlib.patches", "plot")
    low, high = drawn.extent
    style = {"transform": place, "clip_on": False, "linewidth": 0}

    def at(value: float) -> float:
        return y + 0.34 - 0.68 * (value - low) / (high - low)

    for b in np.flatnonzero(np.isfinite(drawn.middle)):
        width = edges[b + 1] - edges[b]
        bottom, top = at(drawn.low[b]), at(drawn.high[b])
        ax.add_patch(patches.Rectangle((edges[b], bottom), width, top - bottom, color=LINE, alpha=0.6, **style))
        if b == drawn.own:
            colour = hexadecimal(FIGURE.signed(drawn.middle[b]))
            height = at(drawn.middle[b]) - at(0.0)
            ax.add_patch(patches.Rectangle((edges[b], at(0.0)), width, height, color=colour, **style))
    line = {"transform": place, "clip_on": False}
    heights = [at(value) for value in np.repeat(drawn.middle, 2)]
    ax.plot(np.repeat(edges, 2)[1:-1], heights, color=INK, linewidth=0.8, zorder=3, **line)
    ax.plot(edges[[0, -1]], [at(0.0)] * 2, color=SOFT, linewidth=0.4, zorder=2, **line)


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
        lines = textwrap.wrap(_legend(facts), columns)
    for sentence in [*sentences.pairs(explanation, facts, isolated), *f.doubts(explanation, facts, isolated)]:
        lines += textwrap.wrap(drawable(sentence), columns)
    for sentence in sentences.warnings(explanation):
        lines += textwrap.wrap(f"Warning: {drawable(sentence)}", columns)
    return lines
