"""An image three times: as it is, with the signed heat of its segments, and with only the strongest segments left.

The overlays are small PNGs, so that the page reads without JavaScript; the script redraws the third from the label
image when the slider moves.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Layout
from limelight.result.explanation import Explanation
from limelight.result.layouts import decode_segments, painted_uri, png_uri, segment_label
from limelight.views import facts as f
from limelight.views import markup as m
from limelight.views.facts import TargetFacts
from limelight.views.palette import LIGHT, OUTLINE, VEIL

CLEAR = (0, 0, 0, 0)
PLACED = ("segment", "part")
"""Features that a label image shows: superpixels, and bands of an image by their names."""
FIRST_K = 5
TINY = 64
"""Pixels of a side up to which each pixel is seen, and an outline would hide what it goes around."""


def raster(explanation: Explanation, facts: TargetFacts) -> str:
    """Return original, heat and mask of a raster layout, side by side."""
    layout = explanation.layout
    labels = decode_segments(layout)
    weights = segment_weights(explanation, facts)
    largest = max((abs(weight) for weight, _ in weights.values()), default=0.0)
    shown = [_segment(explanation, row.index) for row in facts.rows]
    k = min(FIRST_K, len(shown))
    numbers = f.weight_numbers(facts)
    if max(labels.shape) <= TINY:
        tiny = " tiny"
    elif layout.get("tiles"):
        tiny = " tiled"
    else:
        tiny = ""
    pictures = (
        _figure(explanation, "orig", "", "Original", "the image as the model saw it"),
        _figure(
            explanation,
            "heat",
            _overlay(*painted(labels, weights)),
            "Weights",
            "segments coloured by sign and size of weight",
            _tags(layout, labels, shown),
        ),
        _figure(
            explanation,
            "mask",
            _overlay(*veiled(labels, shown[:k])),
            f"Strongest <output>{k}</output>",
            "strongest segments",
        ),
    )
    return (
        f'<div class="raster{tiny}" style="--ratio:{layout["width"]}/{layout["height"]}">{"".join(pictures)}</div>'
        f'<div class="rasterkey"><span>{numbers.text(-largest)}</span><i class="ramp"></i>'
        f"<span>{numbers.signed(largest)}</span></div>"
    )


def island(explanation: Explanation) -> dict[str, object]:
    """Return what the script needs to redraw the pictures: the label image, and what to veil hidden parts with."""
    layout = explanation.layout
    return {
        "raster": {name: layout[name] for name in ("width", "height", "segments")},
        "labels": [segment_label(layout, feature.where.key) for feature in explanation.features],
        "veil": VEIL,
    }


def segment_weights(explanation: Explanation, facts: TargetFacts) -> dict[int, tuple[float, bool]]:
    """Return label → (weight, whether its sign is known), of all segments of one target."""
    bounds = explanation.interval()[facts.index]
    found = {}
    for j, feature in enumerate(explanation.features):
        if feature.where.kind not in PLACED:
            continue  # a row with a picture has other features, too
        certain = bool(bounds[j, 0] > 0 or bounds[j, 1] < 0)
        found[_segment(explanation, j)] = (float(explanation.coef[facts.index, j]), certain)
    return found


def heat(
    labels: NDArray[np.int64], weights: dict[int, tuple[float, bool]], *, outlined: bool = True
) -> NDArray[np.uint8]:
    """Return an RGBA overlay (h, w, 4): hue is the sign, opacity the size, faint where the sign is not known."""
    indices, palette = painted(labels, weights, outlined=outlined)
    return palette[indices]


def painted(
    labels: NDArray[np.int64], weights: dict[int, tuple[float, bool]], *, outlined: bool = True
) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """Return the overlay of `heat` as indices (h, w) into a palette (c, 4): nothing, the outline, one colour each."""
    largest = max((abs(weight) for weight, _ in weights.values()), default=0.0)
    colours = {CLEAR: 0, OUTLINE: 1}
    table = np.zeros(int(labels.max(initial=0)) + 1, np.intp)
    for label, (weight, certain) in weights.items():
        if 0 <= label < len(table) and weight:
            # the smallest is still seen, and the largest lets the picture through
            alpha = (40 + 190 * abs(weight) / largest) * (1.0 if certain else 0.35)
            colour = (*LIGHT.signed(weight), round(alpha))
            table[label] = colours.setdefault(colour, len(colours))
    indices = table[labels]
    if outlined and max(labels.shape) > TINY:
        indices[edges(labels)] = colours[OUTLINE]
    return indices, np.array(list(colours), np.uint8)


def veiled(labels: NDArray[np.int64], kept: list[int]) -> tuple[NDArray[np.intp], NDArray[np.uint8]]:
    """Return indices (h, w) into a palette (2, 4) that veils everything but the kept segments."""
    table = np.ones(int(labels.max(initial=0)) + 1, np.intp)
    table[[label for label in kept if 0 <= label < len(table)]] = 0
    return table[labels], np.array([CLEAR, VEIL], np.uint8)


def _overlay(indices: NDArray[np.intp], palette: NDArray[np.uint8]) -> str:
    """Return the PNG; more than 256 colours, which 460 opacities can make, take the larger form."""
    few = len(palette) <= 256
    if few:
        return painted_uri(indices.astype(np.uint8), palette)
    return png_uri(palette[indices])


def edges(labels: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return where (h, w) a pixel's right or lower neighbour belongs to another segment."""
    out = np.zeros(labels.shape, bool)
    out[:, :-1] |= labels[:, :-1] != labels[:, 1:]
    out[:-1] |= labels[:-1] != labels[1:]
    return out


def _segment(explanation: Explanation, j: int) -> int:
    return segment_label(explanation.layout, explanation.features[j].where.key)


def center(labels: NDArray[np.int64], label: int) -> tuple[float, float] | None:
    """Return (x, y) from 0 to 1 of the pixel of a segment that lies nearest to its middle; None where it has none."""
    y, x = np.divmod(np.flatnonzero(labels == label), max(labels.shape[1], 1))
    if not len(x):
        return None
    # the middle of a ring belongs to another segment
    nearest = int(np.argmin((x - x.mean()) ** 2 + (y - y.mean()) ** 2))
    return (float(x[nearest]) + 0.5) / labels.shape[1], (float(y[nearest]) + 0.5) / labels.shape[0]


def tag_place(layout: Layout, labels: NDArray[np.int64], label: int) -> tuple[float, float] | None:
    """Return (x, y) from 0 to 1 of the tag of a segment: in a montage in the tile that shows most of it.

    None where nothing of it is shown, or where tiles have its name already.
    """
    if not layout.get("tiles"):
        return center(labels, label)
    if any(isinstance(key, str) for key in layout.get("keys") or ()):
        return None
    boxes = tile_boxes(layout)
    parts = [labels[top:bottom, left:right] for top, left, bottom, right in boxes]
    best = int(np.argmax([np.count_nonzero(part == label) for part in parts]))
    at = center(parts[best], label)
    if at is None:
        return None
    top, left, bottom, right = boxes[best]
    return (left + at[0] * (right - left)) / labels.shape[1], (top + at[1] * (bottom - top)) / labels.shape[0]


def _tags(layout: Layout, labels: NDArray[np.int64], shown: list[int]) -> str:
    """Return a tag on each shown segment, which says the person's own label of it."""
    keys = layout.get("keys")
    tags = []
    for label in shown:
        at = tag_place(layout, labels, label)
        if at is not None:
            said = label if keys is None else keys[label]
            style = f"--x:{at[0]:.1%};--y:{at[1]:.1%}"
            tags.append(f'<span class="tag" aria-hidden="true" style="{style}">{said}</span>')
    return "".join(tags)


def tile_places(layout: Layout) -> Iterator[tuple[str, float, float]]:
    """Yield the name of each tile of a montage, and where (0 to 1) its upper left corner lies; nothing of one image."""
    tiles = layout.get("tiles")
    if not tiles:
        return
    for name, (top, left, _, _) in zip(tiles["names"], tile_boxes(layout), strict=False):
        yield str(name), left / layout["width"], top / layout["height"]


def tile_boxes(layout: Layout) -> list[tuple[int, int, int, int]]:
    """Return the top, left, bottom and right pixel of each tile of a montage, from the upper left one on."""
    tiles = layout["tiles"]
    gap = int(tiles["gap"])
    high = (layout["height"] + gap) // tiles["rows"]
    wide = (layout["width"] + gap) // tiles["columns"]
    corners = [(row * high, column * wide) for row in range(tiles["rows"]) for column in range(tiles["columns"])]
    return [(top, left, top + high - gap, left + wide - gap) for top, left in corners]


def _figure(explanation: Explanation, kind: str, overlay: str, caption: str, alternative: str, tags: str = "") -> str:
    image = explanation.layout.get("image") or ""
    tags += "".join(
        f'<span class="tile" aria-hidden="true" style="--x:{x:.1%};--y:{y:.1%}">{m.text(name)}</span>'
        for name, x, y in tile_places(explanation.layout)
    )
    if image.startswith("data:image/"):
        below = f'<img src="{m.text(image)}" alt="">'
    else:
        below = ""
    if overlay:
        above = f'<img class="over" src="{overlay}" alt="{alternative}">'
    else:
        above = ""
    return (
        f'<figure class="{kind}"><div class="pic">{below}{above}{tags}</div><figcaption>{caption}</figcaption></figure>'
    )
