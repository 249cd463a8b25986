"""Many pictures side by side as one: the slices of a volume, the frames of a video, the bands of an image.

Input: for each tile its name, its labels and its picture. Output: one raster layout whose label image is the mosaic, so
that every view that draws an image draws these, and a word on each tile.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Layout
from limelight.result.layouts import raster_layout

MOST_TILES = 16
"""Slices that are shown: four by four are still large enough to be looked at."""
SMALLEST_TILE = 96
"""Pixels of a tile's longer side; smaller ones are enlarged by whole numbers, so that outlines stay thin."""
LARGEST_TILE = 256
"""Larger tiles are shown smaller: a page of sixteen stays below a megabyte."""
GAP = 4
"""Pixels of white between tiles."""
GROUND = 255


@dataclass(frozen=True, slots=True)
class Tile:
    """One picture of a montage.

    Parameters
    ----------
    name
        What stands on it.
    labels
        (h, w) integers 0 … d − 1: the feature of each pixel.
    picture
        (h, w, 3) bytes.
    """

    name: str
    labels: NDArray[Any]
    picture: NDArray[np.uint8]


def montage_layout(tiles: Sequence[Tile], keys: Sequence[int | str]) -> Layout:
    """Return the raster layout of tiles of one size, in rows that are read like text.

    Parameters
    ----------
    tiles
        In order.
    keys
        (d,) what each label stands for in ``Feature.where.key``.

    >>> tile = Tile("slice 0", np.zeros((2, 2), int), np.zeros((2, 2, 3), np.uint8))
    >>> montage_layout([tile] * 4, [7])["tiles"]["columns"]
    2
    """
    height, width = tiles[0].labels.shape
    rows, columns = _resized(height, width)
    across = columns_for(len(tiles), len(columns) / len(rows))
    down = math.ceil(len(tiles) / across)
    size = (down * (len(rows) + GAP) - GAP, across * (len(columns) + GAP) - GAP)
    labels, picture = np.full(size, len(keys)), np.full((*size, 3), GROUND, np.uint8)  # between tiles lies nothing
    for number, tile in enumerate(tiles):
        top, left = number // across * (len(rows) + GAP), number % across * (len(columns) + GAP)
        place = np.s_[top : top + len(rows), left : left + len(columns)]
        labels[place] = tile.labels[np.ix_(rows, columns)]
        picture[place] = tile.picture[np.ix_(rows, columns)]
    layout = raster_layout(labels, picture, keys=[*keys, _another(keys)], max_side=max(size))
    return {**layout, "tiles": {"columns": across, "rows": down, "gap": GAP, "names": [tile.name for tile in tiles]}}


def columns_for(n: int, ratio: float) -> int:
    """Return in how many columns n tiles stand, of which one is `ratio` times as wide as high: nearly a square.

    >>> columns_for(16, 1.0), columns_for(13, 1.0), columns_for(4, 2.0)
    (4, 4, 1)
    """
    return min(n, max(1, round(math.sqrt(n / ratio))))


def chosen_slices(labels: NDArray[Any], most: int = MOST_TILES) -> list[int]:
    """Return which slices of labels (z, y, x) are shown: evenly spread, and moved where a label would not be seen.

    >>> labels = np.zeros((9, 1, 1), int)
    >>> labels[3] = 1
    >>> chosen_slices(labels, 3)
    [1, 3, 7]
    """
    depth, n = len(labels), min(most, len(labels))
    shown = [(2 * number + 1) * depth // (2 * n) for number in range(n)]
    inside = [set(np.unique(each).tolist()) for each in labels]
    for missing in sorted(set().union(*inside) - set().union(*(inside[at] for at in shown))):
        places = [at for at in range(depth) if missing in inside[at]]
        best = max(places, key=lambda at: len(inside[at]))
        # the nearest shown slice makes room, where nothing is seen in it alone
        for other in sorted(shown, key=lambda at: abs(at - best)):
            rest = set().union(*(inside[at] for at in shown if at != other))
            if inside[other] <= rest | inside[best]:
                shown[shown.index(other)] = best
                break
    return sorted(set(shown))


def seen(values: NDArray[Any]) -> NDArray[np.uint8]:
    """Return numbers (…, h, w, c) as grey or colour bytes (…, h, w, 3), black and white at 1 and 99 % of them.

    Bytes stay as they are. Of more than three bands the first three are shown, of two the first.
    """
    channels = values if values.dtype == np.uint8 else _scaled(values)
    if channels.shape[-1] < 3:
        return np.repeat(channels[..., :1], 3, axis=-1)
    return channels[..., :3]


def _scaled(values: NDArray[Any]) -> NDArray[np.uint8]:
    numbers = values.astype(np.float32)
    known = numbers[np.isfinite(numbers)]
    if known.size:
        low, high = np.percentile(known, [1, 99]).tolist()
    else:
        low, high = 0.0, 1.0
    if high <= low:
        if known.size:
            low, high = (float(known.min()), float(known.max()))
        else:
            low, high = 0.0, 1.0
    scaled = (np.nan_to_num(numbers, nan=low, posinf=high, neginf=low) - low) * (255.0 / ((high - low) or 1.0))
    return np.asarray(np.rint(np.clip(scaled, 0, 255)), dtype=np.uint8)


def _resized(height: int, width: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return which rows and columns of a tile stand where in the mosaic."""
    longest = max(height, width)
    if longest < SMALLEST_TILE:
        times = -(-SMALLEST_TILE // longest)
        return np.repeat(np.arange(height), times), np.repeat(np.arange(width), times)
    share = min(1.0, LARGEST_TILE / longest)
    wanted = [max(1, round(size * share)) for size in (height, width)]
    return np.arange(wanted[0]) * height // wanted[0], np.arange(wanted[1]) * width // wanted[1]


def _another(keys: Sequence[int | str]) -> int | str:
    """Return a key that is nobody's, for what lies between tiles."""
    numbers = [key for key in keys if isinstance(key, int)]
    if len(numbers) == len(keys):
        return max(numbers, default=0) + 1
    return ""
