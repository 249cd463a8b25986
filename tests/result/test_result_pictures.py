"""Layouts of files are checked before anything is drawn from them: each kind by what would break its picture."""

from __future__ import annotations

import base64
import zlib
from typing import Any

import numpy as np
import pytest

from limelight.errors import InputError
from limelight.result.codecs import Sizes
from limelight.result.layouts import raster_layout, series_layout, text_layout
from limelight.result.pictures import LayoutCodec


def read(layout: dict[str, Any]) -> dict[str, Any]:
    return LayoutCodec().read(layout, "layout", Sizes(1, 1))


def raster(**given: Any) -> dict[str, Any]:
    labels = np.array([[0, 0, 1], [1, 1, 1]])
    return {**raster_layout(labels, np.zeros((2, 3, 3), np.uint8)), **given}


def packed(n: int) -> str:
    return base64.b64encode(zlib.compress(bytes(2 * n))).decode()


def series(**given: Any) -> dict[str, Any]:
    return {**series_layout(np.array([[1.0, 2.0, np.nan]]), ["heart"]), **given}


@pytest.mark.parametrize("layout", [raster(), series(), text_layout("ab"), text_layout({"a": "xy", "b": ""})])
def test_what_is_written_is_read_back_as_it_is(layout: dict[str, Any]) -> None:
    assert read(layout) == layout
    assert LayoutCodec().write(layout) == layout


def test_a_kind_that_is_not_known_is_left_to_whoever_draws_it_and_no_kind_is_refused() -> None:
    assert read({"kind": "graph", "nodes": [1]}) == {"kind": "graph", "nodes": [1]}
    with pytest.raises(InputError, match="layout.kind"):
        read({"kind": 3})


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"width": 0}, "layout.width"),
        ({"height": 1.5}, "layout.height"),
        ({"width": 4}, "4 × 2 labels"),
        ({"segments": packed(5)}, "3 × 2 labels"),
        ({"segments": packed(7)}, "3 × 2 labels"),
        ({"segments": "not base64!"}, "a label image"),
        ({"width": 1 << 20, "height": 1 << 20}, "at most 67,108,864 pixels"),
        ({"image": "https://elsewhere/picture.png"}, "as a data URI"),
        ({"image": "data:image/svg+xml;base64,AAAA"}, "as a data URI"),
        ({"keys": [0.5]}, "layout.keys"),
        ({"tiles": {"columns": 1, "rows": 1, "gap": 0, "names": ["a", "b"]}}, "at most 1 names"),
        ({"tiles": {"columns": 1, "rows": 1, "gap": -1, "names": []}}, "layout.tiles.gap"),
    ],
)
def test_a_raster_that_would_not_draw_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        read(raster(**given))


def test_keys_are_all_numbers_or_all_names_and_negative_ones_are_labels_too() -> None:
    read(raster(keys=[-1, 7]))
    read(raster(keys=["sky", "sea"]))
    with pytest.raises(InputError, match="layout.keys"):
        read(raster(keys=["sky", 7]))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"channels": []}, "0 channels"),
        ({"channels": ["a", "b"]}, "a row for each of 2 channels"),
        ({"rate": 0, "stride": 1, "steps": 3}, "a positive number"),
        ({"rate": 1.0, "stride": 0, "steps": 3}, "layout.stride"),
        ({"times": ["a", "b"]}, "3 labels of steps"),
        ({"times": ["a", "b", None]}, "numbers or strings"),
    ],
)
def test_a_series_that_would_not_draw_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        read(series(**given))


def test_fields_of_a_text_lie_end_to_end() -> None:
    layout = text_layout({"a": "xyz", "b": "w"})
    assert layout["starts"] == [0, 3]
    with pytest.raises(InputError, match="3, where the field before ends"):
        read({**layout, "starts": [0, 2]})
    with pytest.raises(InputError, match="layout.starts"):
        read({**layout, "starts": [0]})


def test_parts_of_a_mixed_row_are_checked_as_what_they_are() -> None:
    mixed = {
        **text_layout({"note": "ab"}),
        "kind": "mixed",
        "columns": [],
        "parts": [{"name": "ecg", "layout": series()}],
    }
    assert read(mixed) == mixed
    with pytest.raises(InputError, match=r"layout.parts.0.layout.kind.*raster, series or bars"):
        read({**mixed, "parts": [{"name": "a", "layout": text_layout("ab")}]})
    with pytest.raises(InputError, match=r"layout.parts.0.layout.values"):
        read({**mixed, "parts": [{"name": "ecg", "layout": series(channels=["a", "b"])}]})


def test_a_picture_of_one_pixel_and_tiles_without_a_gap_are_pictures() -> None:
    read(raster_layout(np.array([[0]]), np.zeros((1, 1, 3), np.uint8)))
    read(raster(tiles={"columns": 1, "rows": 2, "gap": 0, "names": ["a", "b"]}))
