"""Many explanations in one figure: which features matter, how a pick covers them, and how contributions spread."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.errors import InputError, UnknownNameError
from limelight.optional import require
from limelight.result.batch import Batch
from limelight.result.explanation import Explanation
from limelight.result.explanations import Explanations
from limelight.result.flat import pieces
from limelight.result.opening import open_set
from limelight.views import facts as f
from limelight.views.canvas import INK, LINE, SOFT, Axes, shown_in_notebooks
from limelight.views.figure_text import drawable, fonts
from limelight.views.palette import FIGURE, hexadecimal

Many = Iterable[Explanation] | str | Path
"""A list, a set, a stream; the path of a .parquet file, or of a folder of these, such as a job's."""
Group = tuple[str, Hashable]
"""What a feature is across instances: the kind and key of its `Where`."""
BAR = hexadecimal(FIGURE.neutral)
POSITIVE, NEGATIVE = hexadecimal(FIGURE.positive), hexadecimal(FIGURE.negative)
MOST_DOTS = 5_000
"""Explanations that a swarm has dots for: more lie on each other."""
GOLDEN = (math.sqrt(5) - 1) / 2


@runtime_checkable
class Summary(Protocol):
    """What `limelight.feature_importance` returns, as far as it is drawn."""

    @property
    def n_explanations(self) -> dict[str, int]:
        """Return for each target how many explanations explain it."""
        ...

    @property
    def level(self) -> float:
        """Return the coverage of the intervals."""
        ...

    def rows(self) -> list[dict[str, Any]]:
        """Return a dict for each target and feature, largest first."""
        ...


def plot_importance(
    explanations: Many | Summary, ax: Axes | None = None, *, target: str | None = None, n: int = 15
) -> Axes:
    """Draw the mean |contribution| of the n most important features, as `feature_importance` has it.

    A contribution is what a feature adds to the answer against the average row. All count, shown or not; an explanation
    that does not have a feature counts as 0.

    Parameters
    ----------
    explanations
        What `limelight.feature_importance` returned: drawn with its intervals, and with a grey line at the mean
        |contribution| that sampling noise alone would show. Or the explanations themselves, in a list, set, Parquet
        file or folder: the same bars without intervals.
    ax
        Where; None makes a figure.
    target
        Name of an output; explanations that do not explain it are left out. None takes the first output of the first.
    n
        How many features: 15 fit on a page.

    Raises
    ------
    InputError
        If there are no explanations, or if features are superpixels or windows, which are not the same elsewhere.
    UnknownNameError
        If nothing explains `target`.

    Examples
    --------
    >>> import numpy as np
    >>> import limelight as ll
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> explanations = list(ll.Explainer(lambda X: X[:, 0], ll.Tabular(X), seed=0).explain_many(X[:5]))
    >>> plot_importance(ll.feature_importance(explanations)).get_title(loc="left")
    'Mean |contribution| to output, over 5 explanations'
    """
    if isinstance(explanations, Summary):
        return _plot_summary(explanations, ax, target, n)
    groups, count, name = _by_group(explanations, target)
    means = [(key, float(np.abs(values).sum()) / count) for (_, key), values in groups.items()]
    means = sorted(means, key=_descending)[:n]
    ax = axes(ax, 1.0 + 0.27 * len(means))
    return _sizes(ax, means, [mean for _, mean in means], _title("Mean |contribution|", name, count))


def plot_beeswarm(explanations: Many, ax: Axes | None = None, *, target: str | None = None, n: int = 12) -> Axes:
    """Draw every contribution of the n most important features as a dot: blue raises, orange lowers.

    Parameters
    ----------
    explanations
        Many of them, in a list, set, Parquet file or folder: a summary such as `feature_importance` returns has no
        single contributions to draw. Of more than 5,000 evenly spaced ones are drawn, and the axis says so.
    ax, target, n
        As for `plot_importance`.

    Raises
    ------
    InputError, UnknownNameError
        As for `plot_importance`.

    Examples
    --------
    >>> import numpy as np
    >>> import limelight as ll
    >>> X = np.random.default_rng(0).normal(size=(60, 3))
    >>> explanations = list(ll.Explainer(lambda X: X[:, 0], ll.Tabular(X), seed=0).explain_many(X[:5]))
    >>> plot_beeswarm(explanations).get_title(loc="left")
    'Contributions to output, in 5 explanations'
    """
    if isinstance(explanations, Summary):
        raise InputError("explanations: expected many explanations, got their summary; pass the list itself.")
    groups, count, name = _by_group(explanations, target)
    order = sorted(groups, key=lambda group: -float(np.abs(groups[group]).sum()))[:n]
    ax = axes(ax, 1.0 + 0.36 * len(order))
    ax.axvline(0, color=SOFT, linewidth=0.8, zorder=1)
    # one scale for all rows of the figure, so that a dot is as wide in each
    span = max((float(np.abs(groups[group]).max()) for group in order), default=1.0) or 1.0
    step = -(-count // MOST_DOTS)  # of sorted values every n-th: the shape of the swarm stays
    for y, group in enumerate(order):
        values = np.sort(groups[group][::step])
        colours = np.where(values > 0, POSITIVE, NEGATIVE)
        ax.scatter(values, y + swarm(values / span), s=9, c=colours, linewidths=0, alpha=0.75, zorder=2)
    name_rows(ax, [key for _, key in order], _title("Contributions", name, count, "in"))
    if step > 1:
        ax.set_xlabel(f"a dot for one in {step:,}, evenly over all", fontsize=8, color=SOFT, loc="left")
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
    ax = axes(ax, 3.2)
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
    """Return for values (n,) in [-1, 1] offsets that spread those in the same bin: always the same ones.

    Inside a bin offsets follow multiples of the golden ratio, not the values: in their order dots would lie on arcs.

    >>> swarm(np.array([0.1, 0.1, 0.1])).round(2).tolist()
    [0.0, -0.05, 0.05]
    """
    places = np.round(np.asarray(values) * bins).astype(int)
    rank = np.zeros(len(places), int)
    for place in np.unique(places):
        inside = np.flatnonzero(places == place)
        rank[inside[np.argsort(np.arange(len(inside)) * GOLDEN % 1)]] = np.arange(len(inside))
    steps = (rank + 1) // 2 * np.where(rank % 2 == 1, 1, -1)  # 0, 1, −1, 2, −2, … from the middle outwards
    most = max(int(np.abs(steps).max(initial=0)), 1)
    return steps * min(0.05, width / most)


def _plot_summary(summary: Summary, ax: Axes | None, target: str | None, n: int) -> Axes:
    rows = summary.rows()
    known = dict.fromkeys(row["target"] for row in rows)
    name = next(iter(known), "") if target is None else target
    if name not in known:
        raise UnknownNameError("target", name, known)
    shown = [row for row in rows if row["target"] == name][:n]
    ax = axes(ax, 1.3 + 0.27 * len(shown))
    _sizes(
        ax,
        [(row["feature"], row["mean_abs"]) for row in shown],
        [row["abs_high"] for row in shown],
        _title("Mean |contribution|", f.visible(name), summary.n_explanations[name]),
    )
    for y, row in enumerate(shown):
        error = [[row["mean_abs"] - row["abs_low"]], [row["abs_high"] - row["mean_abs"]]]
        ax.errorbar(row["mean_abs"], y, xerr=error, fmt="none", ecolor=INK, elinewidth=1.0, capsize=2.4, zorder=3)
        ax.vlines(row["noise"], y - 0.4, y + 0.4, color=SOFT, linewidth=1.5, zorder=4)
    level = f"{summary.level:.0%}".replace("%", " %")
    below = f"whiskers: {level} interval; short line: what sampling noise alone would show"
    ax.set_xlabel(below, fontsize=8, color=SOFT, loc="left")
    return ax


def _sizes(ax: Axes, means: Sequence[tuple[Hashable, float]], tips: Sequence[float], title: str) -> Axes:
    """Draw one bar a feature, its number where the bar or its whisker ends."""
    ax.barh(range(len(means)), [mean for _, mean in means], height=0.56, color=BAR, zorder=2)
    numbers = f.Numbers.fitting(mean for _, mean in means)
    for y, ((_, mean), tip) in enumerate(zip(means, tips, strict=True)):
        place = {"textcoords": "offset points", "va": "center", "fontsize": 8.5, "color": INK}
        ax.annotate(numbers.text(mean), (tip, y), (6, 0), **place)
    name_rows(ax, [key for key, _ in means], title)
    ax.set_xlim(0, (max(tips, default=0.0) or 1.0) * 1.12)
    return ax


def _title(what: str, target: str, count: int, over: str = "over") -> str:
    return f"{what} to {drawable(f.shorten(target, 40))}, {over} {count:,} explanation{'' if count == 1 else 's'}"


def _descending(pair: tuple[Hashable, float]) -> float:
    return -pair[1]


def _by_group(explanations: Many, target: str | None) -> tuple[dict[Group, FloatArray], int, str]:
    """Return the contributions of the full fit by feature, from how many explanations, and of which output."""
    pieces: dict[Group, list[FloatArray]] = {}
    count, known, name = 0, dict[str, None](), target
    for batch in _set_of(explanations).batches():
        known.update(dict.fromkeys([batch.known_targets[code] for code in batch.targets.tolist()]))
        name = next(iter(known), None) if name is None else name
        if name is None:
            rows = np.empty(0, dtype=np.int64)
        else:
            rows = batch.rows_of(name)
        count += len(rows)
        for group, values in _grouped(batch, rows):
            pieces.setdefault(group, []).append(values)
    if not known:
        raise InputError("explanations: expected at least one explanation, got none.")
    if not count:
        raise UnknownNameError("target", str(name), known)
    return {group: np.concatenate(each) for group, each in pieces.items()}, count, f.visible(str(name))


def _set_of(explanations: Many) -> Explanations:
    if isinstance(explanations, (str, Path)):
        return open_set(Path(explanations), exact=False)
    if isinstance(explanations, Explanations):
        return explanations
    return Explanations.of(explanations)


def _grouped(batch: Batch, rows: NDArray[np.int64]) -> Iterator[tuple[Group, FloatArray]]:
    """Yield each feature that some rows of a batch have, in the order met, and its contributions."""
    at = pieces(batch.starts, rows)
    # a kind and a key as one number, so that one sort groups them
    codes = batch.kinds[at] * max(len(batch.known_keys), 1) + batch.keys[at]
    order = np.argsort(codes, kind="stable")
    if len(order):
        runs = np.split(order, np.flatnonzero(np.diff(codes[order])) + 1)
    else:
        runs = []
    for run in sorted(runs, key=lambda run: int(run[0])):
        first = at[run[0]]
        kind, key = batch.known_kinds[batch.kinds[first]], batch.known_keys[batch.keys[first]]
        if kind in ("segment", "window"):
            raise InputError(
                f"explanations: {kind} {key} of one instance is not that of another; pass "
                "feature_importance(explanations, name=…), where name says what each shows."
            )
        yield (kind, key), batch.contributions[at[run]]


def axes(ax: Axes | None, height: float) -> Axes:
    """Return axes to draw into: those given, or some of a new figure."""
    if ax is not None:
        return ax
    figure = require("matplotlib.figure", "plot").Figure(figsize=(7.2, height), dpi=150, layout="constrained")
    return shown_in_notebooks(figure.add_subplot(), figure)


def name_rows(ax: Axes, order: Sequence[Hashable], title: str) -> None:
    """Name the rows of a figure of bars, and the figure."""
    labels = [drawable(f.shorten(f.visible(_written(key)), 44)) for key in order]
    ax.set_yticks(range(len(order)))
    ax.set_yticklabels(labels, fontsize=9, color=INK, parse_math=False, fontfamily=fonts("".join(labels)))
    ax.set_ylim(max(len(order), 1) - 0.4, -0.6)
    ax.set_title(title, fontsize=11.5, color=INK, loc="left", parse_math=False, fontfamily=fonts(title))
    _plain(ax)
    ax.spines["left"].set_visible(False)
    ax.tick_params(axis="y", length=0)


def _plain(ax: Axes) -> None:
    ax.tick_params(labelsize=8.5, color=LINE)
    ax.tick_params(axis="x", labelcolor=SOFT)
    ax.spines[["top", "right"]].set_visible(False)
    ax.spines[["bottom", "left"]].set_color(LINE)


def _written(key: Hashable) -> str:
    if isinstance(key, tuple):
        return " ".join(map(str, key))
    return str(key)
