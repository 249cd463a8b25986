"""Slices side by side: every label is seen, tiles do not touch, and what is shown is what is there."""

from __future__ import annotations

import numpy as np
import pytest

from limelight.interpretable.montage import GAP, LARGEST_TILE, SMALLEST_TILE, Tile, chosen_slices, montage_layout, seen
from limelight.result.layouts import decode_segments, segment_label
from limelight.views.raster import tag_place, tile_boxes, tile_places


def tiles(n: int, size: tuple[int, int] = (30, 20)) -> list[Tile]:
    return [Tile(f"slice {at}", np.full(size, at), np.full((*size, 3), at, np.uint8)) for at in range(n)]


def test_each_tile_lies_where_the_views_look_for_it() -> None:
    layout = montage_layout(tiles(5), [10, 11, 12, 13, -5])
    labels = decode_segments(layout)
    boxes = tile_boxes(layout)
    for at, key in enumerate((10, 11, 12, 13, -5)):
        top, left, bottom, right = boxes[at]
        assert (labels[top:bottom, left:right] == segment_label(layout, key)).all()
        assert bottom - top >= SMALLEST_TILE
        x, y = tag_place(layout, labels, segment_label(layout, key)) or (0, 0)
        assert left < x * labels.shape[1] < right
        assert top < y * labels.shape[0] < bottom
    assert [name for name, _, _ in tile_places(layout)] == [f"slice {at}" for at in range(5)]
    between = labels[:, boxes[0][3] : boxes[0][3] + GAP]
    assert not set(np.unique(between).tolist()) & {segment_label(layout, key) for key in (10, 11, 12, 13, -5)}


def test_names_are_keys_and_need_no_tag() -> None:
    layout = montage_layout(tiles(3), ["red", "green", "nir"])
    labels = decode_segments(layout)
    assert segment_label(layout, "nir") == 2
    assert tag_place(layout, labels, 2) is None


def test_large_tiles_are_reduced() -> None:
    layout = montage_layout(tiles(4, (1000, 500)), range(4))
    assert layout["tiles"]["columns"] == 3
    assert (layout["height"], layout["width"]) == (2 * LARGEST_TILE + GAP, 3 * LARGEST_TILE // 2 + 2 * GAP)


@pytest.mark.parametrize("seed", range(20))
def test_every_label_is_seen_where_slices_allow_it(seed: int) -> None:
    rng = np.random.default_rng(seed)
    labels = np.zeros((40, 1, 4), int)
    for label, at in enumerate(rng.choice(40, 6, replace=False), 1):
        labels[at, 0, rng.integers(4)] = label
    shown = chosen_slices(labels, 8)
    assert len(shown) <= 8
    assert set(np.unique(labels[shown])) == set(range(7))


def test_a_scan_is_shown_between_its_first_and_last_percent() -> None:
    scan = np.zeros((1, 100, 100, 1), np.int16)
    scan[0, :, :50] = 100
    scan[0, 0, 0] = 30_000  # a speck of metal leaves the rest to be seen
    shown = seen(scan)
    assert shown.shape == (1, 100, 100, 3)
    assert (shown[0, 50, 10, 0], shown[0, 50, 90, 0]) == (255, 0)
    assert seen(np.full((2, 2, 1), np.nan)).max() == 0
    same = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)
    assert seen(same) is not None
    assert np.array_equal(seen(same), same)
