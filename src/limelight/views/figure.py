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
from limelight.result.layouts import decode_segments, image_pixels, segment_label, series_values
from limelight.views import facts as f
from limelight.views.describe import isolated
from limelight.views.facts import Numbers, TargetFacts
from limelight.views.figure_text import LINE as LINE_HEIGHT
from limelight.views.figure_text import draw_text, drawable, fonts, text_lines
from limelight.views.raster import center, heat, segment_weights
from limelight.views.series import windows

Axes = Any
"""A `matplotlib.axes.Axes`; matplotlib is optional and imported when something is drawn."""

POSITIVE, NEGATIVE, INK, SOFT, LINE = "#2166c0", "#d6540e", "#1a1f26", "#586270", "#c9d0d8"
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
    kind = str(explanation.layout.get("kind"))
    notes = _notes(explanation, facts, _note_columns(WIDTH, [row.short(NAME_LIMIT) for row in facts.rows]))
    below, above = 1.1 + 0.27 * max(len(facts.rows), 2) + 0.14 * len(notes), _picture_height(explanation)
    figure = require("matplotlib.figure", "plot").Figure(
        figsize=(WIDTH, below + above), dpi=150, layout="constrained", facecolor="white"
    )
    share = below / (below + above)
    if kind == "text":  # words are set by inches, so its axes stay out of the layout
        figure.get_layout_engine().set(rect=(0, 0, 1, share))
        draw_text(explanation, facts, figure.add_axes([0, share, 1, 1 - share]))
    if kind not in _PICTURES:
        return figure.add_subplot()
    grid = figure.add_gridspec(2, 1, height_ratios=[above, below])
    _PICTURES[kind](explanation, facts, figure.add_subfigure(grid[0]))
    return figure.add_subplot(grid[1])


def draw_bars(explanation: Explanation, facts: TargetFacts, ax: Axes) -> None:
    """Draw the shown features of a target as bars with 95 % intervals, their numbers at the right."""
    numbers = f.weight_numbers(facts)
    low, high = f.bounds(facts.rows)
    ax.axvline(0, color=SOFT, linewidth=0.8, zorder=1)
    for y, row in enumerate(facts.rows):
        colour = POSITIVE if row.weight > 0 else NEGATIVE
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


# -- what the bars are about ------------------------------------------------------------------------------------------


def draw_raster(explanation: Explanation, facts: TargetFacts, figure: Any) -> None:
    """Draw the image, and beside it the signed heat of its segments with a colour bar."""
    grid = figure.add_gridspec(1, 2)
    labels = decode_segments(explanation.layout)
    weights = segment_weights(explanation, facts)
    pixels = image_pixels(explanation.layout)
    extent = (0, labels.shape[1], labels.shape[0], 0)
    whole, hot = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
    base = np.full((*labels.shape, 3), 128, np.uint8) if pixels is None else pixels
    whole.imshow(base, extent=extent)
    grey = base[..., :3].mean(axis=2)
    hot.imshow(grey, cmap="gray", extent=extent, vmin=0, vmax=255)
    hot.imshow(heat(labels, weights), extent=extent, interpolation="nearest")
    for row in facts.rows:
        key = explanation.features[row.index].where.key
        at = center(labels, segment_label(explanation.layout, key))
        if at is not None:
            _outlined(hot, at[0] * labels.shape[1], at[1] * labels.shape[0], str(key))
    _colour_bar(figure, hot, max((abs(weight) for weight, _ in weights.values()), default=0.0))
    for ax, title in ((whole, "Original"), (hot, "Weights of segments")):
        ax.set_xticks([])
        ax.set_yticks([])
        ax.set_title(title, fontsize=9, color=SOFT, loc="left")
        ax.spines[:].set_visible(False)


def draw_series(explanation: Explanation, facts: TargetFacts, figure: Any) -> None:
    """Draw one small multiple per channel, the windows shaded by sign and size."""
    values = series_values(explanation.layout)
    names = [str(name) for name in explanation.layout["channels"]]
    grid = figure.add_gridspec(len(names), 1)
    shown = {row.index: row for row in facts.rows}
    largest = max((abs(row.weight) for row in facts.rows), default=1.0) or 1.0
    for i, name in enumerate(names):
        ax = figure.add_subplot(grid[i])
        for j, start, stop in windows(explanation, name):
            row = shown.get(j)
            if row is None or not row.weight:
                continue
            colour = POSITIVE if row.weight > 0 else NEGATIVE
            alpha = 0.1 + 0.55 * abs(row.weight) / largest
            ax.axvspan(start - 0.5, stop - 0.5, color=colour, alpha=alpha if row.certain else 0.08, linewidth=0)
        ax.plot(values[i], color=INK, linewidth=1.0)
        ax.set_xlim(-0.5, values.shape[1] - 0.5)
        ax.set_title(drawable(f.visible(name)), fontsize=9, color=SOFT, loc="left", pad=2, parse_math=False)
        ax.tick_params(labelsize=7.5, color=LINE, labelcolor=SOFT, labelbottom=i == len(names) - 1)
        ax.spines[["top", "right"]].set_visible(False)
        ax.spines[["bottom", "left"]].set_color(LINE)


_PICTURES = {"raster": draw_raster, "series": draw_series}


def _picture_height(explanation: Explanation) -> float:
    """Return the inches that the picture takes above the bars; 0 where there is none."""
    layout = explanation.layout
    kind = layout.get("kind")
    if kind == "raster":
        return float(np.clip(3.1 * layout["height"] / layout["width"], 1.5, 5)) + 0.3
    if kind == "series":
        return 1.1 * len(layout["channels"]) + 0.2
    return LINE_HEIGHT * text_lines(explanation) + 0.2 if kind == "text" else 0.0


def _outlined(ax: Axes, x: float, y: float, text: str) -> None:
    effects = require("matplotlib.patheffects", "plot")
    ax.text(
        x, y, text, color="white", fontsize=8, ha="center", va="center", fontweight="bold",
        path_effects=[effects.withStroke(linewidth=2, foreground="black")],
    )  # fmt: skip


def _colour_bar(figure: Any, ax: Axes, largest: float) -> None:
    colors = require("matplotlib.colors", "plot")
    scale = require("matplotlib.cm", "plot")
    ramp = colors.LinearSegmentedColormap.from_list("limelight", [NEGATIVE, "#ffffff", POSITIVE])
    limit = largest or 1.0
    mapped = scale.ScalarMappable(colors.Normalize(-limit, limit), ramp)
    bar = figure.colorbar(mapped, ax=ax, fraction=0.045, pad=0.02, ticks=[-limit, 0, limit])
    numbers = Numbers.fitting([limit])
    bar.ax.set_yticklabels([numbers.text(-limit), "0", numbers.signed(limit)], fontsize=8, color=SOFT)
    bar.outline.set_visible(False)
