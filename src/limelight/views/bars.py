"""Signed bars with whiskers: one table that is the picture and, for a screen reader, the same facts.

Each row carries its bar twice, from zero and as a step of a waterfall; the style sheet shows one of them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from limelight.result.explanation import Explanation
from limelight.views import curves
from limelight.views import facts as f
from limelight.views import markup as m
from limelight.views.facts import Numbers, Row, TargetFacts
from limelight.views.measure import WEIGHTS, against_average


def bar_table(facts: TargetFacts) -> str:
    """Return the shown features of one target as a table of bars."""
    if not facts.rows:
        return '<p class="none">No feature is shown: nothing that was varied moves this output here.</p>'
    numbers = f.weight_numbers(facts)
    low, high = f.bounds(facts.rows)
    starts = _starts(facts)
    wide = _waterfall_bounds(facts, starts)
    body = "".join(_row(row, numbers, (low, high), start, wide) for row, start in zip(facts.rows, starts, strict=True))
    caption = f"Weights for {m.name(facts.name)}, largest first"
    if facts.against:
        caption = f"Contributions to {m.name(facts.name)} against {facts.against}, largest first"
    if any(row.effect is not None or row.slope is not None for row in facts.rows):
        curved = " curved"
    else:
        curved = ""
    return (
        f'<table class="bars{curved}"><caption>{caption}</caption>'
        f'<thead><tr><th scope="col">Feature</th><th scope="col" class="axis"><span class="sr">Bar</span>'
        f"{_axis(low, high, 'flat')}{_axis(*wide, 'fall') if facts.additive else ''}</th>"
        f'<th scope="col" class="num">{f.measure_name(facts).capitalize()}</th>'
        '<th scope="col" class="num ci">95 % interval</th></tr></thead>'
        f"<tbody>{_ends(facts, wide, 'first')}{body}{_ends(facts, wide, 'last')}</tbody></table>{_legend(facts)}"
    )


def other_features(explanation: Explanation, facts: TargetFacts, *, limit: int = 200) -> str:
    """Return the features that are not shown as a fold-out table, in their own order; empty where there are none."""
    shown = {row.index for row in facts.rows}
    rest = [j for j in range(len(explanation.features)) if j not in shown]
    if not rest:
        return ""
    values = facts.values
    numbers = Numbers.fitting([*(row.weight for row in facts.rows), *(values[j] for j in rest)])
    # the largest are chosen, and then read in the order of the features
    largest = sorted(sorted(rest, key=lambda j: -abs(values[j]))[:limit])
    features = explanation.features
    body = "".join(
        f'<tr data-f="{j}"><th scope="row">{_label(f.visible(features[j].name), features[j].value)}'
        f'</th><td class="num">{m.number(values[j], numbers, "other", signed=True)}</td></tr>'
        for j in largest
    )
    left = len(rest) - len(largest)
    note = f"<p>… and {left:,} with smaller weights.</p>" if left else ""
    total = f"{len(rest):,} other feature{'' if len(rest) == 1 else 's'}"
    return (
        f'<details><summary>{total}</summary><table class="others"><caption class="sr">{total}</caption>'
        '<thead><tr><th scope="col">Feature</th>'
        f'<th scope="col" class="num">{f.measure_name(facts).capitalize()}</th></tr></thead>'
        f"<tbody>{body}</tbody></table>{note}</details>"
    )


def lime_weights(explanation: Explanation, facts: TargetFacts) -> str:
    """Return LIME's own weights as a fold-out table where the bars are something else; empty elsewhere."""
    if not against_average(explanation):
        return ""
    own = f.target_facts(explanation, facts.index, WEIGHTS)
    numbers = f.weight_numbers(own)
    body = "".join(
        f'<tr data-f="{row.index}"><th scope="row">{_label(row.name, row.value)}</th>'
        f'<td class="num">{numbers.signed(row.weight)}</td>'
        f'<td class="num ci">{f.interval_text(row, numbers)}</td></tr>'
        for row in own.rows
    )
    if explanation.layout.get("scale"):
        what = "slope per standard deviation"
    else:
        what = "own bin against all other bins"
    caption = f"LIME’s weights: {what}"
    return (
        f'<details><summary>{caption}</summary><table class="others"><caption class="sr">{caption}</caption>'
        '<thead><tr><th scope="col">Feature</th><th scope="col" class="num">Weight</th>'
        f'<th scope="col" class="num ci">95 % interval</th></tr></thead><tbody>{body}</tbody></table></details>'
    )


def ticks(low: float, high: float, *, most: int = 4) -> list[float]:
    """Return round numbers between two values, zero among them where it lies between.

    >>> ticks(-0.1, 0.45)
    [0.0, 0.2, 0.4]
    """
    raw = (high - low) / most
    power = 10.0 ** math.floor(math.log10(raw))
    # the rounding of a raw step that is round already must not make it the next larger one
    step = next(factor * power for factor in (1, 2, 5, 10) if factor * power >= raw * 0.999)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [i * step + 0.0 for i in range(first, last + 1)]


def _row(row: Row, numbers: Numbers, flat: tuple[float, float], start: float, wide: tuple[float, float]) -> str:
    moved = replace(row, weight=start + row.weight, low=start + row.low, high=start + row.high)
    classes = f"{m.sign(row.weight)}{'' if row.certain else ' maybe'}"
    if row.certain:
        mark = ""
    else:
        mark = ' <abbr class="q" title="the interval contains 0: the sign is not known">?</abbr>'
    interval = f.point_text(row) or f"{m.number(row.low, numbers, 'low')} to {m.number(row.high, numbers, 'high')}"
    name = _label(row.name, row.value) + _beside(row, numbers)
    return (
        f'<tr class="{classes}" data-f="{row.index}"><th scope="row">{name}</th>'
        f'<td class="bar">{_bar(row, 0.0, flat, "flat")}{_bar(moved, start, wide, "fall")}</td>'
        f'<td class="num">{m.number(row.weight, numbers, "weight", signed=True)}{mark}</td>'
        f'<td class="num ci">{interval}</td></tr>'
    )


def _beside(row: Row, numbers: Numbers) -> str:
    """Return the curve behind a bar, or the slope of a column without bins."""
    if row.effect is not None:
        return curves.svg(row.effect, numbers)
    beside = curves.beside(row)
    if beside:
        return f' <span class="slope">{beside}</span>'
    return ""


def _label(name: str, value: str) -> str:
    shown = f.visible(value)
    if f.with_value(name, shown) != name:
        extra = f' <span class="val">({m.name(shown)})</span>'
    else:
        extra = ""
    return f'<span class="name">{m.name(name)}{extra}</span>'


def _bar(row: Row, zero: float, bounds: tuple[float, float], kind: str) -> str:
    if row.pointlike:
        whisker = ""
    else:
        whisker = f'<i class="whisker" style="{m.place(row.low, row.high, *bounds)}"></i>'
    return (
        f'<div class="track {kind}" aria-hidden="true"><i class="zero" style="left:{m.percent(zero, *bounds)}"></i>'
        f'<i class="fill" style="{m.place(zero, row.weight, *bounds)}"></i>{whisker}</div>'
    )


def _axis(low: float, high: float, kind: str) -> str:
    values = ticks(low, high)
    # Written as exactly as the step needs: 0.25 between 0 and 100 has two places, and 100 has them with it.
    if len(values) > 1:
        numbers = Numbers.fitting([values[1] - values[0]], significant=1)
    else:
        numbers = Numbers.fitting(values, significant=1)
    marks = "".join(f'<i style="left:{m.percent(v, low, high)}">{numbers.text(v) if v else 0}</i>' for v in values)
    return f'<span class="ticks {kind}" aria-hidden="true">{marks}</span>'


def _starts(facts: TargetFacts) -> list[float]:
    starts, at = [], facts.intercept
    for row in facts.rows:  # each bar starts where the one above it ends
        starts.append(at)
        at += row.weight
    return starts


def _waterfall_bounds(facts: TargetFacts, starts: Sequence[float]) -> tuple[float, float]:
    ends = [facts.intercept, facts.local_prediction]
    for row, start in zip(facts.rows, starts, strict=True):
        ends += [start + row.low, start + row.high, start + row.weight]
    low, high = min(ends), max(ends)
    # beside a very large number 1 is nothing
    margin = (high - low) * 0.03 or max(1.0, 0.03 * abs(high))
    return low - margin, high + margin


def _ends(facts: TargetFacts, wide: tuple[float, float], which: str) -> str:
    """Return the waterfall's own rows: where it starts; what the other features add, and where it ends."""
    if not facts.additive:
        return ""
    numbers = f.output_numbers(facts)
    if which == "first":
        if facts.against:
            label = f.base_name(facts).capitalize()
        else:
            label = "Intercept: every feature off"
        return _end(label, facts.intercept, facts.intercept, wide, numbers)
    before = facts.local_prediction - facts.rest
    other = _end("All other features", before, before + facts.rest, wide, numbers, facts.rest)
    return other + _end("Surrogate g(x′)", facts.local_prediction, facts.local_prediction, wide, numbers)


def _end(
    label: str, start: float, stop: float, wide: tuple[float, float], numbers: Numbers, shown: float | None = None
) -> str:
    written = numbers.text(stop) if shown is None else numbers.signed(shown)
    mark = f'<i class="zero" style="left:{m.percent(start, *wide)}"></i>'
    # A level, such as the intercept, is a line; what the other features add is a bar.
    drawn = f'<i class="stop" style="left:{m.percent(stop, *wide)}"></i>'
    if shown is not None:
        drawn = f'<i class="fill" style="{m.place(start, stop, *wide)}"></i>'
    return (
        f'<tr class="end {m.sign(stop - start)}"><th scope="row">{label}</th><td class="bar">'
        f'<div class="track fall" aria-hidden="true">{mark}{drawn}</div></td>'
        f'<td class="num">{written}</td><td class="num ci"></td></tr>'
    )


def _legend(facts: TargetFacts) -> str:
    parts = []
    if any(row.weight > 0 for row in facts.rows):
        parts.append('<span class="key pos">raises it</span>')
    if any(row.weight < 0 for row in facts.rows):
        parts.append('<span class="key neg">lowers it</span>')
    if facts.uncertain:
        parts.append('<span class="key maybe">sign not known: the interval contains 0</span>')
    if any(not row.pointlike for row in facts.rows):
        parts.append('<span class="key line">95 % interval</span>')
    if any(row.effect is not None for row in facts.rows):
        parts.append('<span class="key steps">effect of every bin, this row’s filled</span>')
    return f'<p class="legend">{" ".join(parts)}</p>'
