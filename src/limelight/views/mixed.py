"""A row with texts and pictures: its texts with their marks, then the picture of each other part, as its kind draws it.

Each is shown the features that are its own; the bars beside them are those of all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from limelight.contracts import Feature, Layout
from limelight.result.explanation import Explanation
from limelight.result.layouts import segment_label, text_fields
from limelight.views import blocks, passage, raster, series
from limelight.views import markup as m
from limelight.views.facts import TargetFacts
from limelight.views.palette import VEIL

KINDS = {"raster": "segment", "series": "window"}
"""A part's layout → which features are its own."""
_PAGES = {"raster": raster.raster, "series": series.series}


def page(explanation: Explanation, facts: TargetFacts) -> str:
    """Return the texts, and a picture for each other part."""
    found = [passage.passage(*_only("word", explanation, facts))] if text_fields(explanation.layout) else []
    for name, layout in _parts(explanation):
        draw = _PAGES.get(str(layout["kind"]))
        if draw is not None:
            found.append(f'<h4 class="field">{m.name(name)}</h4>' + draw(*_of_part(layout, explanation, facts)))
    return "".join(found)


def terminal(explanation: Explanation, facts: TargetFacts) -> Any:
    """Return the texts with their marks, and images as blocks."""
    found = blocks.draw_text(*_only("word", explanation, facts))
    for name, layout in _parts(explanation):
        if layout["kind"] == "raster":
            found.append(f"{name}\n", blocks.SOFT)
            found.append_text(blocks.draw_raster(*_of_part(layout, explanation, facts)))
    return found


def data(explanation: Explanation) -> dict[str, object]:
    """Return what the page's script needs to redraw the first image; nothing where there is none."""
    for _, layout in _parts(explanation):
        if layout["kind"] == "raster":
            labels = [_label(layout, feature) for feature in explanation.features]
            sizes = {name: layout[name] for name in ("width", "height", "segments")}
            return {"raster": sizes, "labels": labels, "veil": VEIL}
    return {}


def _label(layout: Layout, feature: Feature) -> int:
    """Return the label of a superpixel; −1, which no pixel has, for anything else."""
    return segment_label(layout, feature.where.key) if feature.where.kind == "segment" else -1


def _parts(explanation: Explanation) -> Iterator[tuple[str, Layout]]:
    for part in explanation.layout.get("parts", ()):
        yield part["name"], part["layout"]


def _of_part(layout: Layout, explanation: Explanation, facts: TargetFacts) -> tuple[Explanation, TargetFacts]:
    own, rest = _only(KINDS[str(layout["kind"])], explanation, facts)
    return replace(own, layout=layout), rest


def _only(kind: str, explanation: Explanation, facts: TargetFacts) -> tuple[Explanation, TargetFacts]:
    """Return the same with the places of one kind of features alone: a window's steps are no letters."""
    features = tuple(
        each if each.where.kind == kind else replace(each, where=replace(each.where, places=()))
        for each in explanation.features
    )
    rows = tuple(row for row in facts.rows if explanation.features[row.index].where.kind == kind)
    return replace(explanation, features=features), replace(facts, rows=rows)
