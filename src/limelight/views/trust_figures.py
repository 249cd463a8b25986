"""Figures about many rows: two models compared, a month held against another. Input: the results. Output: Axes."""

from __future__ import annotations

from typing import Any

from limelight.result.comparison import Comparison
from limelight.result.drift import Drift
from limelight.views import facts as f
from limelight.views.canvas import INK, SOFT, Axes
from limelight.views.figure_text import drawable
from limelight.views.many import BAR, NEGATIVE, POSITIVE, axes, name_rows


def plot_comparison(comparison: Comparison, ax: Axes | None = None, *, output: str | None = None, n: int = 12) -> Axes:
    """Draw for each feature the mean |change| with its interval, and how much either model uses it.

    Parameters
    ----------
    comparison
        What `limelight.compare` returned.
    ax
        Where; None makes a figure.
    output
        Which output; None is the first.
    n
        How many features.
    """
    entries = comparison.of(output)[:n]
    chosen = comparison.outputs[0] if output is None else output
    ax = axes(ax, 1.7 + 0.3 * len(entries))
    first, second = comparison.names
    for y, entry in enumerate(entries):
        ax.barh(y, entry.change, height=0.56, color=BAR, zorder=2)
        error = [[entry.change - entry.low], [entry.high - entry.change]]
        ax.errorbar(entry.change, y, xerr=error, fmt="none", ecolor=INK, elinewidth=1.0, capsize=2.4, zorder=3)
    places: Any = range(len(entries))
    ax.scatter([each.first for each in entries], places, s=26, facecolors="white", edgecolors=NEGATIVE, zorder=4)
    ax.scatter([each.second for each in entries], places, s=26, color=POSITIVE, zorder=4)
    title = f"What differs between {f.shorten(first, 20)} and {f.shorten(second, 20)}, output “{f.shorten(chosen, 30)}”"
    name_rows(ax, [each.feature for each in entries], drawable(title))
    level = f"{comparison.level:.0%}".replace("%", " %")
    below = f"bars: mean |change of the contribution|, {level} interval, {comparison.n:,} rows;  "
    below += f"mean |contribution|: ○ in {f.shorten(first, 20)}, ● in {f.shorten(second, 20)}"
    ax.set_xlabel(drawable(below), fontsize=8, color=SOFT, loc="left", parse_math=False)
    ax.set_xlim(left=0)
    return ax


def plot_drift(drift: Drift, ax: Axes | None = None, *, n: int = 12) -> Axes:
    """Draw for each feature how far changed data and changed reasons move its mean contribution.

    Parameters
    ----------
    drift
        What `limelight.drift` returned.
    ax
        Where; None makes a figure.
    n
        How many features.
    """
    entries = drift.features[:n]
    ax = axes(ax, 1.7 + 0.36 * len(entries))
    sure = 1.0 - drift.level
    for y, entry in enumerate(entries):
        for offset, value, p, colour in (
            (-0.17, entry.data, entry.p_data, BAR),
            (0.17, entry.reasons, entry.p_reasons, POSITIVE),
        ):
            ax.barh(y + offset, value, height=0.3, color=colour, alpha=1.0 if p <= sure else 0.35, zorder=2)
        error = [[entry.change - entry.low], [entry.high - entry.change]]
        ax.errorbar(
            entry.change, y, xerr=error, fmt="o", markersize=3.5, color=INK, elinewidth=1.0, capsize=2.4, zorder=3
        )
    ax.axvline(0, color=SOFT, linewidth=0.8, zorder=1)
    first, second = (f.shorten(name, 20) for name in drift.names)
    title = f"From {first} to {second}: what moves the mean contributions to {f.shorten(drift.target, 30)}"
    name_rows(ax, [each.feature for each in entries], drawable(title))
    level = f"{drift.level:.0%}".replace("%", " %")
    below = f"upper bar: other data; lower, blue bar: other reasons (pale: may be chance); dot: both, {level} interval"
    ax.set_xlabel(below, fontsize=8, color=SOFT, loc="left")
    return ax
