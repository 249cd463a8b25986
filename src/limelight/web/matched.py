"""Which feature of one instance is which of another: columns by their name, words by what they say, parts by where
they lie.

Input: two explanations of one kind of data. Output: pairs of places, or an error where numbers would be compared that
mean unlike things: superpixel 3 of one picture is not superpixel 3 of another that was cut elsewhere.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

from limelight.contracts import Feature, Layout
from limelight.errors import InputError
from limelight.result.explanation import Explanation

REMEDIES = {
    "segment": "make the explainer with segments that hold for both: a grid, or labels of your own, segments=labels",
    "window": "pass series of equal length, to an explainer with windows that do not depend on their values",
}
"""For kinds of features that are a place in the instance: what makes two instances comparable."""
_RASTER = ("width", "height", "segments", "keys", "tiles")
Pair = tuple[int | None, int | None]


def matched(first: Explanation, second: Explanation) -> list[Pair]:
    """Return (here, there) for each feature of either; None where the other has none like it.

    Raises
    ------
    InputError
        If their features are places, and the two were cut in unlike ways.

    Examples
    --------
    >>> from limelight import Explainer, Text
    >>> explainer = Explainer(lambda texts: [float("free" in text) for text in texts], Text(), seed=0)
    >>> matched(explainer.explain("free prize"), explainer.explain("prize now"))
    [(0, None), (1, 0), (None, 1)]
    """
    for kind, remedy in REMEDIES.items():
        if _cut(first, kind) != _cut(second, kind):
            raise InputError(
                f"against: expected an instance that is cut into the same {kind}s as the first, got one with others; "
                f"one number would name unlike parts of the two; {remedy}."
            )
    there = {key: k for k, key in enumerate(_keys(second.features))}
    pairs: list[Pair] = [(j, there.pop(key, None)) for j, key in enumerate(_keys(first.features))]
    return pairs + [(None, k) for k in there.values()]


def _keys(features: Sequence[Feature]) -> Iterator[Hashable]:
    """Yield what a feature is across instances; of a word that is there several times, also which one it is."""
    seen: Counter[Hashable] = Counter()
    for each in features:
        key = (each.where.kind, each.where.key)
        yield key, seen[key]
        seen[key] += 1


def _cut(explanation: Explanation, kind: str) -> list[Any]:
    """Return where the features of a kind lie that are places: equal for two instances only if they are cut alike."""
    mine = [each for each in explanation.features if each.where.kind == kind]
    if not mine:
        return []
    places = [(each.where.key, each.where.places) for each in mine]
    if kind == "segment":
        return [*places, *_rasters(explanation.layout)]
    return places


def _rasters(layout: Layout) -> list[Any]:
    if layout["kind"] == "mixed":
        return [cut for part in layout["parts"] for cut in _rasters(part["layout"])]
    return [[layout.get(name) for name in _RASTER]]
