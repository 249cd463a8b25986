"""Many explanations in one figure: which features matter, how a pick covers them, and how weights spread."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from typing import Any

import numpy as np

from limelight.errors import InputError
from limelight.explanation import Explanation
from limelight.optional import require
from limelight.views import facts as f
from limelight.views.figure import INK, LINE, NEGATIVE, POSITIVE, SOFT, Axes
from limelight.views.figure_text import drawable, fonts

Group = tuple[str, Hashable]
"""What a feature is across instances: the kind and key of its `Where`."""


def plot_importance(
    explanations: Iterable[Explanation], ax: Axes | None = None, *, target: str | int | None = None, n: int = 15
) -> Axes:
    """Draw the mean |weight| of the n most important features over many explanations.

    Features are grouped by column, word or part; an explanation that does not show a feature counts as 0.

    Parameters
    ----------
    explanations
        What to summarise.
    ax
        Where; None makes a figure.
    target
        Name or index in every explanation; None takes the first of each.
    n
        How many features: 15 fit on a page.

    Raises
    ------
    InputError
        If there are no explanations.

    Examples
    --------
    >>> import numpy as np
    >>> from limelight import Explainer, Tabular
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> explanations = list(Explainer(lambda X: X[:, 0], Tabular(X), seed=0).explain_many(X[:5]))
    >>> plot_importance(explanations).get_title(loc="left")
    'Mean |weight| over 5 explanations'
    """
    weights, count = _by_group(explanations, target)
    means = {group: sum(map(abs, values)) / count for group, values in weights.items()}
    order = sorted(means, key=lambda group: -means[group])[:n]
    ax = _axes(ax, 1.0 + 0.27 * len(order))
    ax.barh(range(len(order)), [means[group] for group in order], height=0.56, color=INK)
    numbers = f.Numbers.fitting(means.values())
    for y, group in enumerate(order):
        place = {"textcoords": "offset points", "va": "center", "fontsize": 8.5, "color": INK}
        ax.annotate(numbers.text(means[group]), (means[group], y), (4, 0), **place)
    _name_rows(ax, order, f"Mean |weight| over {count:,} explanations")
    ax.margins(x=0.12)
    ax.set_xlim(left=0)
    return ax


def plot_beeswarm(
    explanations: Iterable[Explanation], ax: Axes | None = None, *, target: str | int | None = None, n: int = 12
) -> Axes:
    """Draw every weight of the n most important features as a dot, blue where it raises and orange where it lowers.

    Parameters
    ----------
    explanations, ax, target, n
        As for `plot_importance`.

    Raises
    ------
    InputError
        If there are no explanations.

    Examples
    --------
    >>> import numpy as np
    >>> from limelight import Explainer, Tabular
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> explanations = list(Explainer(lambda X: X[:, 0], Tabular(X), seed=0).explain_many(X[:5]))
    >>> plot_beeswarm(explanations).get_title(loc="left")
    'Weights in 5 explanations'
    """
    weights, count = _by_group(explanations, target)
    order = sorted(weights, key=lambda group: -sum(map(abs, weights[group])))[:n]
    ax = _axes(ax, 1.0 + 0.36 * len(order))
    ax.axvline(0, color=SOFT, linewidth=0.8, zorder=1)
    span = max((abs(value) for group in order for value in weights[group]), default=1.0) or 1.0
    for y, group in enumerate(order):
        values = np.sort(np.asarray(weights[group]))
        colours = np.where(values > 0, POSITIVE, NEGATIVE)
        ax.scatter(values, y + swarm(values / span), s=9, c=colours, linewidths=0, alpha=0.75, zorder=2)
    _name_rows(ax, order, f"Weights in {count:,} explanations")
    return ax


def plot_coverage(coverage: Sequence[float] | Any, ax: Axes | None = None) -> Axes:
    """Draw which fraction of all importance the first 1, 2, … picked explanations cover [ribeiro2016, §4].

    Parameters
    ----------
    coverage
        The fractions, or anything with them as its attribute ``coverage``.
    ax
        Where; None makes a figure.

    Examples
    --------
    >>> plot_coverage([0.5, 0.8, 0.9]).get_xlabel()
    'explanations picked'
    """
    values = [0.0, *map(float, getattr(coverage, "coverage", coverage))]
    ax = _axes(ax, 3.2)
    ax.plot(range(len(values)), values, color=POSITIVE, marker="o", markersize=4, linewidth=1.6)
    ax.set_ylim(0, 1.04)
    ax.set_xlim(left=0)
    ax.set_xlabel("explanations picked", fontsize=8.5, color=SOFT)
    ax.set_title("Importance covered", fontsize=11.5, color=INK, loc="left")
    ax.yaxis.set_major_formatter(require("matplotlib.ticker", "plot").PercentFormatter(1.0))
    ax.xaxis.set_major_locator(require("matplotlib.ticker", "plot").MaxNLocator(integer=True))
    _plain(ax)
    ax.grid(axis="y", color=LINE, linewidth=0.5)
    return ax


def swarm(values: Any, *, width: float = 0.36, bins: int = 80) -> Any:
    """Return for sorted values (n,) in [-1, 1] offsets that spread those in the same bin: always the same ones.

    >>> swarm(np.array([0.1, 0.1, 0.1])).round(2).tolist()
    [0.0, 0.05, -0.05]
    """
    places = np.round(np.asarray(values) * bins).astype(int)
    rank = np.zeros(len(places), int)
    rank[1:] = np.arange(1, len(places))
    first = np.searchsorted(places, places)
    rank = rank - first
    steps = (rank + 1) // 2 * np.where(rank % 2 == 1, 1, -1)
    most = max(int(np.abs(steps).max(initial=0)), 1)
    return steps * min(0.05, width / most)


def _by_group(explanations: Iterable[Explanation], target: str | int | None) -> tuple[dict[Group, list[float]], int]:
    weights: dict[Group, list[float]] = {}
    count = 0
    for explanation in explanations:
        count += 1
        for row in f.target_facts(explanation, target).rows:
            where = explanation.features[row.index].where
            weights.setdefault((where.kind, where.key), []).append(row.weight)
    if not count:
        raise InputError("explanations: expected at least one explanation, got none.")
    return weights, count


def _axes(ax: Axes | None, height: float) -> Axes:
    if ax is not None:
        return ax
    figure = require("matplotlib.figure", "plot").Figure(figsize=(7.2, height), dpi=150, layout="constrained")
    return figure.add_subplot()


def _name_rows(ax: Axes, order: Sequence[Group], title: str) -> None:
    labels = [drawable(f.shorten(f.visible(_written(key)), 44)) for _, key in order]
    ax.set_yticks(range(len(order)))
    ax.set_yticklabels(labels, fontsize=9, color=INK, parse_math=False, fontfamily=fonts("".join(labels)))
    ax.set_ylim(max(len(order), 1) - 0.4, -0.6)
    ax.set_title(title, fontsize=11.5, color=INK, loc="left")
    _plain(ax)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)


def _plain(ax: Axes) -> None:
    ax.tick_params(labelsize=8.5, color=LINE)
    ax.tick_params(axis="x", labelcolor=SOFT)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["bottom", "left"]].set_color(LINE)


def _written(key: Hashable) -> str:
    return " ".join(map(str, key)) if isinstance(key, tuple) else str(key)
