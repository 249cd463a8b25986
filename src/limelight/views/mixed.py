"""A row of many kinds: its values and texts with their marks, then the picture of each other part as its kind draws it.

Each is shown the features that are its own; the bars beside them are those of all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from limelight.contracts import Feature, Layout, Where
from limelight.result.explanation import Explanation
from limelight.result.layouts import segment_label, text_fields
from limelight.views import blocks, canvas, figure_text, passage, raster, series
from limelight.views import facts as f
from limelight.views import markup as m
from limelight.views.facts import TargetFacts
from limelight.views.palette import VEIL

KINDS = {"raster": "segment", "series": "window"}
"""A part's layout → which features are its own."""
_FIGURES = {
    "raster": (canvas.draw_raster, canvas.raster_height),
    "series": (canvas.draw_series, canvas.series_height),
}
_PAGES = {"raster": raster.raster, "series": series.series}


def page(explanation: Explanation, facts: TargetFacts) -> str:
    """Return the columns' values, the texts, and a picture for each other part."""
    found = [_cells(explanation, facts)]
    if text_fields(explanation.layout):
        found += [passage.passage(*_only("word", explanation, facts))]
    else:
        found += []
    for name, layout in _parts(explanation):
        draw = _PAGES.get(str(layout["kind"]))
        if draw is not None:
            found.append(f'<h4 class="field">{m.name(name)}</h4>' + draw(*_of_part(name, explanation, facts)))
    return "".join(found)


def terminal(explanation: Explanation, facts: TargetFacts) -> Any:
    """Return the texts with their marks, and images as blocks."""
    found = blocks.draw_text(*_only("word", explanation, facts))
    for name, layout in _parts(explanation):
        if layout["kind"] == "raster":
            found.append(f"{name}\n", blocks.SOFT)
            found.append_text(blocks.draw_raster(*_of_part(name, explanation, facts)))
    return found


def figure(explanation: Explanation, facts: TargetFacts, into: Any) -> None:
    """Draw the texts and the pictures one above the other."""
    drawn = _drawn(explanation.layout)
    heights = [height_of(layout) for _, layout, (_, height_of) in drawn]
    for place, (name, _, (draw, _)) in zip(into.add_gridspec(len(drawn), 1, height_ratios=heights), drawn, strict=True):
        if name:
            own = _of_part(name, explanation, facts)
        else:
            own = _only("word", explanation, facts)
        draw(*own, into.add_subfigure(place))


def height(layout: Layout) -> float:
    """Return the inches that all of them take above the bars."""
    return float(sum(height_of(each) for _, each, (_, height_of) in _drawn(layout)))


def _drawn(layout: Layout) -> list[tuple[str, Layout, tuple[Any, Any]]]:
    """Return (name, layout, how it is drawn and how high) of what a figure shows; texts have no name."""
    if text_fields(layout):
        found = [("", layout, (figure_text.draw_text, figure_text.text_height))]
    else:
        found = []
    parts = [(part["name"], part["layout"]) for part in layout.get("parts", ())]
    found += [(name, each, _FIGURES[each["kind"]]) for name, each in parts if each["kind"] in _FIGURES]
    return found


def data(explanation: Explanation) -> dict[str, object]:
    """Return what the page's script needs to redraw the first image; nothing where there is none."""
    for name, layout in _parts(explanation):
        if layout["kind"] == "raster":
            labels = [_label(layout, _own(name, "segment", feature)) for feature in explanation.features]
            sizes = {name: layout[name] for name in ("width", "height", "segments")}
            return {"raster": sizes, "labels": labels, "veil": VEIL}
    return {}


def _label(layout: Layout, feature: Feature) -> int:
    """Return the label of a superpixel; −1, which no pixel has, for anything else."""
    if feature.where.kind == "segment":
        return segment_label(layout, feature.where.key)
    return -1


def _cells(explanation: Explanation, facts: TargetFacts) -> str:
    """Return the columns with their values, the shown ones marked as words are."""
    shown = {row.index: row for row in facts.rows}
    largest = max((abs(row.weight) for row in facts.rows), default=0.0)
    features = enumerate(explanation.features)
    numbers = {str(each.where.key): j for j, each in features if each.where.kind == "column"}
    cells = []
    for name, value, state in explanation.layout["columns"]:
        j, said = numbers.get(name), m.text(f.shorten(f.visible(value), 60))
        row = None if j is None else shown.get(j)
        if row is not None:
            maybe, size = "" if row.certain else " maybe", m.strength(row.weight, largest)
            said = f'<mark data-f="{j}" class="{m.sign(row.weight)}{maybe}" style="--s:{size}">{said}</mark>'
        elif j is not None:
            said = f'<i data-f="{j}">{said}</i>'
        if state in ("held", "typical"):
            note = f" <small>{state}</small>"
        else:
            note = ""
        cells.append(f"<div><dt>{m.name(name)}</dt><dd>{said}{note}</dd></div>")
    if cells:
        return f'<dl class="cells">{"".join(cells)}</dl>'
    return ""


def _parts(explanation: Explanation) -> Iterator[tuple[str, Layout]]:
    for part in explanation.layout.get("parts", ()):
        yield part["name"], part["layout"]


def _of_part(name: str, explanation: Explanation, facts: TargetFacts) -> tuple[Explanation, TargetFacts]:
    """Return a part by itself: its features as its own layout knows them, those of others nowhere."""
    layout = next(layout for each, layout in _parts(explanation) if each == name)
    kind = KINDS[str(layout["kind"])]
    features = tuple(_own(name, kind, each) for each in explanation.features)
    rows = tuple(row for row in facts.rows if features[row.index].where.kind == kind)
    return replace(explanation, features=features, layout=layout), replace(facts, rows=rows)


def _own(name: str, kind: str, feature: Feature) -> Feature:
    """Return a feature of a part with the key that its own layout has; of anything else, one without a place."""
    where = feature.where
    if where.kind == kind and isinstance(where.key, tuple) and where.key[:1] == (name,) and len(where.key) == 2:
        return replace(feature, where=replace(where, key=where.key[1]))
    return replace(feature, where=Where("elsewhere", ""))


def _only(kind: str, explanation: Explanation, facts: TargetFacts) -> tuple[Explanation, TargetFacts]:
    """Return the same with the places of one kind of features alone: a window's steps are no letters."""
    features = list(explanation.features)
    for j, each in enumerate(features):
        if each.where.kind != kind:
            features[j] = replace(each, where=replace(each.where, places=()))
    rows = tuple(row for row in facts.rows if explanation.features[row.index].where.kind == kind)
    return replace(explanation, features=tuple(features)), replace(facts, rows=rows)
