"""Pictures of pictures: which colour a pixel has, where outlines run, where a tag stands; worked on nine pixels."""

from __future__ import annotations

import numpy as np

from limelight.views.palette import LIGHT, OUTLINE, VEIL
from limelight.views.raster import center, edges, heat, painted, tag_place, tile_boxes, tile_places, veiled

LABELS = np.array([[0, 0, 1], [0, 0, 1], [2, 2, 2]])


def test_the_largest_weight_is_the_most_opaque_and_an_unknown_sign_is_faint() -> None:
    over = heat(LABELS, {0: (0.5, True), 1: (-0.25, True), 2: (0.5, False)})
    assert tuple(over[0, 0]) == (*LIGHT.signed(1.0), 230)  # 40 + 190
    assert tuple(over[0, 2]) == (*LIGHT.signed(-1.0), 135)  # 40 + 190 / 2
    assert tuple(over[2, 0]) == (*LIGHT.signed(1.0), round(0.35 * 230))


def test_a_segment_without_weight_and_one_that_is_no_feature_are_clear() -> None:
    over = heat(LABELS, {0: (0.5, True), 1: (0.0, True), 7: (0.3, True)})
    assert tuple(over[0, 2]) == (0, 0, 0, 0)
    assert tuple(over[2, 1]) == (0, 0, 0, 0)


def test_outlines_run_where_a_neighbour_to_the_right_or_below_is_another() -> None:
    assert edges(LABELS).tolist() == [[False, True, False], [True, True, True], [False, False, False]]


def test_only_large_pictures_have_outlines_and_only_where_asked_for() -> None:
    wide = np.repeat(np.repeat(LABELS, 30, axis=0), 30, axis=1)
    weights = {0: (0.5, True)}
    indices, palette = painted(wide, weights)
    assert tuple(palette[indices[0, 59]]) == OUTLINE
    assert not (painted(wide, weights, outlined=False)[0] == 1).any()
    assert not (painted(LABELS, weights)[0] == 1).any()


def test_everything_but_the_kept_segments_is_veiled() -> None:
    indices, palette = veiled(LABELS, [1, 9])
    assert indices.tolist() == [[1, 1, 0], [1, 1, 0], [1, 1, 1]]
    assert tuple(palette[1]) == VEIL


def test_a_tag_stands_on_a_pixel_of_its_segment_nearest_to_the_middle() -> None:
    assert center(LABELS, 2) == (0.5, 2.5 / 3)
    ring = np.ones((3, 3), int)
    ring[1, 1] = 0
    x, y = center(ring, 1)  # the middle itself belongs to another
    assert ring[int(y * 3), int(x * 3)] == 1
    assert center(LABELS, 5) is None


def test_tiles_of_a_montage_lie_side_by_side_with_gaps_between() -> None:
    layout = {"width": 21, "height": 9, "tiles": {"rows": 1, "columns": 2, "gap": 1, "names": ["red", "green"]}}
    assert tile_boxes(layout) == [(0, 0, 9, 10), (0, 11, 9, 21)]
    assert list(tile_places(layout)) == [("red", 0.0, 0.0), ("green", 11 / 21, 0.0)]
    assert list(tile_places({"width": 3, "height": 3})) == []


def test_in_a_montage_a_tag_stands_in_the_tile_that_shows_most_of_it() -> None:
    layout = {"width": 7, "height": 2, "tiles": {"rows": 1, "columns": 2, "gap": 1, "names": ["a", "b"]}}
    labels = np.array([[1, 0, 0, 0, 1, 1, 0], [0, 0, 0, 0, 1, 0, 0]])
    x, y = tag_place(layout, labels, 1)
    assert 4 <= x * 7 < 7
    assert labels[int(y * 2), int(x * 7)] == 1
    assert tag_place({**layout, "keys": ["sky"]}, labels, 1) is None
