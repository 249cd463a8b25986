"""What a figure's bars are about, above them: an image with its heat, a series with its windows shaded."""

from __future__ import annotations

from functools import partial
from io import BytesIO
from typing import Any

import numpy as np

from limelight.contracts import Layout
from limelight.optional import require
from limelight.result.explanation import Explanation
from limelight.result.layouts import decode_segments, image_pixels, segment_label, series_values
from limelight.views import facts as f
from limelight.views.facts import Numbers, TargetFacts
from limelight.views.figure_text import drawable
from limelight.views.palette import FIGURE, hexadecimal
from limelight.views.raster import heat, segment_weights, tag_place, tile_places
from limelight.views.series import windows

Axes = Any
"""A `matplotlib.axes.Axes`; matplotlib is optional and imported when something is drawn."""

INK, SOFT, LINE = hexadecimal(FIGURE.ink), hexadecimal(FIGURE.soft), hexadecimal(FIGURE.line)


def shown_in_notebooks(ax: Axes, figure: Any) -> Axes:
    """Return axes that a notebook shows as their whole figure; pyplot, which shows figures there, does not know it."""
    ax._repr_png_ = partial(_png, figure)
    return ax


def _png(figure: Any) -> bytes:
    written = BytesIO()
    figure.savefig(written, format="png")
    return written.getvalue()


def draw_raster(explanation: Explanation, facts: TargetFacts, figure: Any) -> None:
    """Draw the image, and beside it the signed heat of its segments with a colour bar."""
    grid = figure.add_gridspec(1, 2)
    labels = decode_segments(explanation.layout)
    weights = segment_weights(explanation, facts)
    pixels = image_pixels(explanation.layout)
    extent = (0, labels.shape[1], labels.shape[0], 0)
    whole, hot = figure.add_subplot(grid[0]), figure.add_subplot(grid[1])
    if pixels is None:
        base = np.full((*labels.shape, 3), 128, np.uint8)
    else:
        base = pixels
    whole.imshow(base, extent=extent)
    grey = base[..., :3].mean(axis=2)
    hot.imshow(grey, cmap="gray", extent=extent, vmin=0, vmax=255)
    hot.imshow(heat(labels, weights), extent=extent, interpolation="nearest")
    _name_tiles(explanation.layout, (whole, hot), labels.shape)
    for row in facts.rows:
        key = explanation.features[row.index].where.key
        at = tag_place(explanation.layout, labels, segment_label(explanation.layout, key))
        if at is not None:
            _outlined(hot, at[0] * labels.shape[1], at[1] * labels.shape[0], str(key))
    _colour_bar(figure, hot, max((abs(weight) for weight, _ in weights.values()), default=0.0))
    for ax, title in ((whole, "Original"), (hot, "Weights of segments")):
        ax.set_xticks([])
        ax.set_yticks([])
        ax.set_title(title, fontsize=9, color=SOFT, loc="left")
        ax.spines[:].set_visible(False)


def _name_tiles(layout: Layout, axes: tuple[Axes, ...], size: tuple[int, ...]) -> None:
    for name, x, y in tile_places(layout):
        for ax in axes:
            _outlined(ax, x * size[1] + 3, y * size[0] + 3, name, ha="left", va="top", fontsize=6.5)


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
            colour = hexadecimal(FIGURE.signed(row.weight))
            alpha = 0.1 + 0.55 * abs(row.weight) / largest
            ax.axvspan(start - 0.5, stop - 0.5, color=colour, alpha=alpha if row.certain else 0.08, linewidth=0)
        ax.plot(values[i], color=INK, linewidth=1.0)
        ax.set_xlim(-0.5, values.shape[1] - 0.5)
        ax.set_title(drawable(f.visible(name)), fontsize=9, color=SOFT, loc="left", pad=2, parse_math=False)
        if explanation.layout.get("rate"):
            _seconds(ax, explanation.layout)
        ax.tick_params(labelsize=7.5, color=LINE, labelcolor=SOFT, labelbottom=i == len(names) - 1)
        ax.spines[["top", "right"]].set_visible(False)
        ax.spines[["bottom", "left"]].set_color(LINE)


def _seconds(ax: Axes, layout: Layout) -> None:
    """Label the axis of a recording, whose points are numbered, in seconds."""
    ticker = require("matplotlib.ticker", "plot")
    length, points = layout["steps"] / layout["rate"], layout["steps"] / layout["stride"]
    at = [tick for tick in ticker.MaxNLocator(6).tick_values(0, length) if 0 <= tick <= length]
    ax.set_xticks([tick / length * points - 0.5 for tick in at], [f"{tick:g} s" for tick in at])


def raster_height(layout: Layout) -> float:
    """Return the inches that an image takes above the bars."""
    return float(np.clip(3.1 * layout["height"] / layout["width"], 1.5, 5)) + 0.3


def series_height(layout: Layout) -> float:
    """Return the inches that the channels of a series take above the bars."""
    return 1.1 * len(layout["channels"]) + 0.2


def _outlined(ax: Axes, x: float, y: float, text: str, **how: Any) -> None:
    effects = require("matplotlib.patheffects", "plot")
    ax.text(
        x, y, text, color="white", fontweight="bold", **{"fontsize": 8, "ha": "center", "va": "center", **how},
        path_effects=[effects.withStroke(linewidth=2, foreground="black")],
    )  # fmt: skip


def _colour_bar(figure: Any, ax: Axes, largest: float) -> None:
    colors = require("matplotlib.colors", "plot")
    scale = require("matplotlib.cm", "plot")
    ends = [hexadecimal(FIGURE.negative), hexadecimal(FIGURE.ground), hexadecimal(FIGURE.positive)]
    ramp = colors.LinearSegmentedColormap.from_list("limelight", ends)
    limit = largest or 1.0
    mapped = scale.ScalarMappable(colors.Normalize(-limit, limit), ramp)
    bar = figure.colorbar(mapped, ax=ax, fraction=0.045, pad=0.02, ticks=[-limit, 0, limit])
    numbers = Numbers.fitting([limit])
    bar.ax.set_yticklabels([numbers.text(-limit), "0", numbers.signed(limit)], fontsize=8, color=SOFT)
    bar.outline.set_visible(False)
