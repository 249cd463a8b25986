from __future__ import annotations

import base64
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from limelight.errors import InputError
from limelight.result import layouts


@given(arrays(np.uint16, array_shapes(min_dims=2, max_dims=2, max_side=20), elements=st.integers(0, 65535)))
def test_segments_come_back_exactly_and_the_array_is_left_alone(labels: np.ndarray) -> None:
    before = labels.copy()
    layout = layouts.raster_layout(labels)
    np.testing.assert_array_equal(layouts.decode_segments(layout), before)
    np.testing.assert_array_equal(labels, before)


def test_a_large_image_is_stored_small_in_its_own_proportions() -> None:
    labels = np.arange(2000)[:, None] // 200 + np.zeros((1, 1000), int)
    layout = layouts.raster_layout(labels, np.zeros((2000, 1000, 3), np.uint8))
    assert (layout["height"], layout["width"]) == (448, 224)
    assert set(layouts.decode_segments(layout).ravel()) == set(range(10))


@pytest.mark.parametrize("labels", [np.zeros(3, int), np.full((2, 2), -1), np.full((2, 2), 70000), np.zeros((2, 2))])
def test_labels_that_do_not_fit_are_refused(labels: np.ndarray) -> None:
    with pytest.raises(InputError, match="labels"):
        layouts.raster_layout(labels)


def test_an_image_of_another_size_is_refused() -> None:
    with pytest.raises(InputError, match="image"):
        layouts.raster_layout(np.zeros((2, 2), int), np.zeros((3, 2, 3), np.uint8))


@given(arrays(np.uint8, st.tuples(st.integers(1, 6), st.integers(1, 6), st.sampled_from([3, 4]))))
def test_a_png_written_here_is_one_that_others_read(pixels: np.ndarray) -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    import io

    data = base64.b64decode(layouts.png_uri(pixels).partition(",")[2])
    length, name = struct.unpack(">I4s", data[8:16])
    assert zlib.crc32(data[12 : 16 + length]) == struct.unpack(">I", data[16 + length : 20 + length])[0], name
    with image.open(io.BytesIO(data)) as read:
        np.testing.assert_array_equal(np.asarray(read), pixels)


def test_several_texts_count_their_places_in_all_of_them_joined() -> None:
    fields = layouts.text_fields(layouts.text_layout({"a": "👩‍👧", "b": "x"}))
    assert [(field.name, field.start) for field in fields] == [("a", 0), ("b", 3)]


def test_gaps_in_a_series_are_null_in_json_and_nan_in_numbers() -> None:
    layout = layouts.series_layout(np.array([[1.0, np.nan], [2.0, np.inf]]), ["a", "b"])
    assert layout["values"] == [[1.0, None], [2.0, None]]
    np.testing.assert_array_equal(layouts.series_values(layout), [[1.0, np.nan], [2.0, np.nan]])


def test_names_and_times_must_fit_the_series() -> None:
    with pytest.raises(InputError, match="values"):
        layouts.series_layout(np.zeros((2, 3)), ["only one"])
