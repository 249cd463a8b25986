"""A time series with its windows shaded, one small multiple per channel."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from limelight.contracts import FloatArray
from limelight.result.explanation import Explanation
from limelight.result.layouts import series_values
from limelight.views import markup as m
from limelight.views.facts import Numbers, TargetFacts

WIDTH, HEIGHT = 1000, 100
MOST_POINTS = 1200


def series(explanation: Explanation, facts: TargetFacts) -> str:
    """Return one chart per channel of a series layout."""
    values = series_values(explanation.layout)
    names = explanation.layout["channels"]
    charts = [_channel(explanation, facts, str(name), row) for name, row in zip(names, values, strict=True)]
    return f'<div class="series">{"".join(charts)}{_time_axis(explanation, values.shape[1])}</div>'


def windows(explanation: Explanation, channel: str) -> list[tuple[int, float, float]]:
    """Return (feature, start, stop) of the windows of one channel, those of all channels among them.

    They count the points of the picture, of which a long recording has fewer than steps.
    """
    stride, found = explanation.layout.get("stride") or 1, []
    for j, feature in enumerate(explanation.features):
        key = feature.where.key
        own = key[0] if isinstance(key, tuple) and key else "*"
        if own in ("*", channel):
            found += [(j, start / stride, stop / stride) for start, stop in feature.where.places]
    return found


def thinned(row: FloatArray, most: int = MOST_POINTS) -> list[tuple[int, float]]:
    """Return (step, value) with at most about `most` points: the extremes of each stretch, gaps kept as NaN."""
    if len(row) <= most:
        return list(enumerate(row.tolist()))
    points: list[tuple[int, float]] = []
    # two points for each stretch: a spike of one step would be lost in means, and in every n-th value
    for part in np.array_split(np.arange(len(row)), most // 2):
        stretch = row[part]
        if np.isnan(stretch).all():
            points.append((int(part[0]), math.nan))
            continue
        chosen = {int(part[np.nanargmin(stretch)]), int(part[np.nanargmax(stretch)])}
        points += [(i, float(row[i])) for i in sorted(chosen)]
    return points


def _channel(explanation: Explanation, facts: TargetFacts, name: str, row: FloatArray) -> str:
    known = row[np.isfinite(row)]
    if len(known):
        low, high = (float(known.min()), float(known.max()))
    else:
        low, high = 0.0, 1.0
    numbers = Numbers.fitting([low, high])
    shades = _shades(explanation, facts, name, len(row))
    path = _path(row, low, high)
    return (
        f'<div class="channel"><span class="cname">{m.name(name)}</span>'
        f'<span class="ymax" aria-hidden="true">{numbers.text(high)}</span>'
        f'<span class="ymin" aria-hidden="true">{numbers.text(low)}</span>'
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" preserveAspectRatio="none" role="img" '
        f'aria-label="{m.text(name)}: {len(row)} steps from {numbers.text(low)} to {numbers.text(high)}">'
        f'{shades}<path class="line" d="{path}"/></svg></div>'
    )


def _shades(explanation: Explanation, facts: TargetFacts, name: str, steps: int) -> str:
    shown = {row.index: row for row in facts.rows}
    largest = max((abs(row.weight) for row in facts.rows), default=0.0)
    scale = WIDTH / max(steps, 1)
    parts = []
    for j, start, stop in windows(explanation, name):
        row = shown.get(j)
        if row is None:
            classes = "win"
        else:
            classes = f"win {m.sign(row.weight)}{'' if row.certain else ' maybe'}"
        size = 0.0 if row is None else m.strength(row.weight, largest)
        parts.append(
            f'<rect class="{classes}" data-f="{j}" style="--s:{size}" x="{start * scale:.1f}" y="0" '
            f'width="{(stop - start) * scale:.1f}" height="{HEIGHT}"/>'
        )
    return "".join(parts)


def _path(row: FloatArray, low: float, high: float) -> str:
    scale, spread = WIDTH / max(len(row), 1), (high - low) or 1.0
    out: list[str] = []
    pen = "M"  # move: the line begins anew after a gap
    for i, value in thinned(row):
        if not math.isfinite(value):
            pen = "M"
            continue
        if high > low:
            y = HEIGHT - 6 - (value - low) / spread * (HEIGHT - 12)
        else:
            y = HEIGHT / 2
        out.append(f"{pen}{(i + 0.5) * scale:.1f} {y:.1f}")
        pen = "L"
    return "".join(out)


def _time_axis(explanation: Explanation, steps: int) -> str:
    layout = explanation.layout
    if not steps:
        return ""
    if layout.get("rate"):
        length = layout["steps"] / layout["rate"]
        marks = "".join([f"<span>{length * part:.3g} s</span>" for part in (0, 0.5, 1)])
        return f'<div class="times" aria-hidden="true">{marks}</div>'
    times: Sequence[object] = layout.get("times") or range(steps)
    places = sorted({0, steps // 2, steps - 1})
    marks = "".join(f"<span>{m.text(str(times[i]))}</span>" for i in places)
    return f'<div class="times" aria-hidden="true">{marks}</div>'
