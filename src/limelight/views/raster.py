"""An image three times: as it is, with the signed heat of its segments, and with only the strongest segments left.

The overlays are small PNGs, so that the page reads without JavaScript; the script redraws the third from the label
image when the slider moves.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from limelight.result.explanation import Explanation
from limelight.result.layouts import decode_segments, painted_uri, png_uri, segment_label
from limelight.views import facts as f
from limelight.views import markup as m
from limelight.views.facts import TargetFacts
from limelight.views.palette import LIGHT, OUTLINE, VEIL

CLEAR = (0, 0, 0, 0)
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
    tiny = " tiny" if max(labels.shape) <= TINY else ""
    pictures = (
        _figure(explanation, "orig", "", "Original", "the image as the model saw it"),
        _figure(
            explanation,
            "heat",
            _overlay(*painted(labels, weights)),
            "Weights",
            "segments coloured by sign and size of weight",
            _tags(labels, shown, layout.get("keys")),
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
    return {
        _segment(explanation, j): (
            float(explanation.coef[facts.index, j]),
            bool(bounds[j, 0] > 0 or bounds[j, 1] < 0),
        )
        for j, feature in enumerate(explanation.features)
        if feature.where.kind == "segment"  # a row with a picture has other features, too
    }


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
    return painted_uri(indices.astype(np.uint8), palette) if few else png_uri(palette[indices])


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
    nearest = int(np.argmin((x - x.mean()) ** 2 + (y - y.mean()) ** 2))
    return (float(x[nearest]) + 0.5) / labels.shape[1], (float(y[nearest]) + 0.5) / labels.shape[0]


def _tags(labels: NDArray[np.int64], shown: list[int], keys: list[int] | None) -> str:
    """Return a tag on each shown segment, which says the person's own label of it."""
    places = ((label, center(labels, label)) for label in shown)
    return "".join(
        f'<span class="tag" aria-hidden="true" style="--x:{at[0]:.1%};--y:{at[1]:.1%}">'
        f"{label if keys is None else keys[label]}</span>"
        for label, at in places
        if at is not None
    )


def _figure(explanation: Explanation, kind: str, overlay: str, caption: str, alternative: str, tags: str = "") -> str:
    image = explanation.layout.get("image") or ""
    below = f'<img src="{m.text(image)}" alt="">' if image.startswith("data:image/") else ""
    above = f'<img class="over" src="{overlay}" alt="{alternative}">' if overlay else ""
    return (
        f'<figure class="{kind}"><div class="pic">{below}{above}{tags}</div><figcaption>{caption}</figcaption></figure>'
    )
