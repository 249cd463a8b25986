"""The proof at one look: a panel for each question that has a better and a worse, a line for each method.

Input: a `Proof`. Output: a matplotlib figure; ours in blue, everybody else in grey, one dot for each case.
"""

from __future__ import annotations

import textwrap
from typing import Any

from limelight.bench.proof import Proof, Question, in_order
from limelight.optional import require
from limelight.views.palette import Palette, hexadecimal

SHOWN = ("later", "total", "asked", "overlap", "scatter", "removal", "area", "known", "idle", "slopes", "conditional")
"""Questions of the picture, in the order of the page; those that were not asked have no panel."""
ACROSS = 3
"""Panels side by side."""
COUNTED = ("milliseconds", "model rows")
"""Units whose figures lie powers of ten apart."""


def picture(proof: Proof, palette: Palette) -> Any:
    """Return a figure of all panels.

    Parameters
    ----------
    proof
        What was measured.
    palette
        The colours of a light or a dark page.

    Raises
    ------
    MissingDependencyError
        matplotlib is not installed.
    """
    drawn = require("matplotlib.figure", "plot").Figure
    asked = {question.key: question for question in proof.questions}
    questions = [asked[key] for key in SHOWN if key in asked]
    down = max(1, -(-len(questions) // ACROSS))
    figure = drawn(figsize=(12, 2.7 * down), layout="constrained", facecolor=hexadecimal(palette.ground))
    axes = figure.subplots(down, ACROSS, squeeze=False)
    for ax in axes.flat:
        ax.set_visible(False)
    for ax, question in zip(axes.flat, questions, strict=False):
        ax.set_visible(True)
        _panel(ax, proof, question, palette)
    return figure


def _panel(ax: Any, proof: Proof, question: Question, palette: Palette) -> None:
    mine = [figure for figure in proof.figures if figure.question == question.key]
    methods = in_order(figure.method for figure in mine)
    ink, soft, line = (hexadecimal(colour) for colour in (palette.ink, palette.soft, palette.line))
    for height, method in enumerate(reversed(methods)):
        ours = method.startswith("limelight")
        values = [figure.value for figure in mine if figure.method == method]
        colour = hexadecimal(palette.positive if ours else palette.zero)
        ax.axhline(height, color=line, linewidth=0.8, zorder=0)
        ax.scatter(values, [height] * len(values), s=26, color=colour, alpha=0.85, linewidth=0)
    known = [figure.value for figure in mine if figure.value == figure.value and figure.value > 0]
    if known and question.unit.startswith(COUNTED):
        ax.set_xscale("log" if len(known) == len(mine) else "symlog", **_linear_below(known, len(mine)))
    ax.set_yticks(range(len(methods)), list(reversed(methods)), fontsize=7, color=ink)
    ax.set_title(textwrap.fill(question.title, 40), fontsize=9, loc="left", color=ink)
    ax.set_xlabel(f"{question.unit}; {question.better} is better", fontsize=7, color=soft)
    ax.tick_params(axis="x", labelsize=7, colors=soft)
    ax.tick_params(axis="y", length=0)
    ax.set_facecolor(hexadecimal(palette.ground))
    for name, spine in ax.spines.items():
        spine.set_visible(name == "bottom")
        spine.set_color(line)


def _linear_below(known: list[float], n: int) -> dict[str, float]:
    """Zero has no logarithm: where some figures are zero, the scale is even below the least of the others."""
    if len(known) == n:
        return {}
    return {"linthresh": min(known)}
