"""What hides a superpixel: means, colours, blur, noise, images and callables, in every dtype, with opacity kept."""

import numpy as np
import pytest

from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.fills import blurred, fill_image, noise, segment_means
from limelight.interpretable.pixels import Picture, read_picture

LABELS = np.array([[0, 0, 1], [2, 2, 1]])
GREY = np.array([[10, 13, 200], [7, 7, 100]], np.uint8)


def grey(dtype=np.uint8):
    return Picture(GREY.astype(dtype), None)


def test_means_are_cut_for_integers_and_exact_for_floats():
    assert fill_image("mean", grey(), LABELS)[:, :, 0].tolist() == [[11, 11, 150], [7, 7, 150]]
    assert fill_image("mean", grey(np.float32), LABELS)[0, 0, 0] == 11.5
    assert fill_image("mean", Picture(GREY > 9, None), LABELS)[:, :, 0].tolist() == [[1, 1, 1], [0, 0, 1]]


def test_a_missing_pixel_does_not_count_in_a_mean():
    planes = np.array([[[np.nan], [3.0], [np.nan]]])
    assert segment_means(planes, np.array([[0, 0, 1]]))[0, :, 0].tolist() == [3.0, 3.0, 0.0]


@pytest.mark.parametrize("fill", ["mean", "blur", 5, (1, 2, 3)])
def test_opacity_is_kept_unless_the_fill_says_otherwise(fill):
    image = np.random.default_rng(0).integers(0, 256, (6, 5, 4), dtype=np.uint8)
    labels = np.arange(30).reshape(6, 5) // 4
    picture = read_picture(image, alpha=True)
    found = fill_image(fill, picture, labels)
    assert (found[:, :, 3] == image[:, :, 3]).all()
    assert (fill_image((1, 2, 3, 4), picture, labels) == (1, 2, 3, 4)).all()
    assert (fill_image(np.zeros_like(image), picture, labels) == 0).all()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.int32, np.float16, np.float32, np.float64, bool])
@pytest.mark.parametrize("fill", ["mean", "blur", 1, GREY * 0, lambda image, labels: image])
def test_every_fill_has_the_images_dtype_and_shape(fill, dtype):
    found = fill_image(fill, grey(dtype), LABELS)
    assert found.dtype == dtype
    assert found.shape == (2, 3, 1)


def test_a_colour_is_that_colour_whatever_the_layout():
    for shape in ((4, 5, 3), (3, 4, 5)):
        picture = read_picture(np.zeros(shape, np.uint8))
        assert (fill_image((1, 2, 3), picture, np.zeros((4, 5), int)) == (1, 2, 3)).all()


def test_blur_keeps_the_light_and_takes_the_outlines():
    planes = np.zeros((64, 64, 1), np.uint8)
    planes[::2] = 200
    soft = blurred(planes)
    assert abs(float(soft.mean()) - 100) < 2
    assert np.ptp(soft[16:48].astype(int)) < 5


def test_noise_has_only_the_colours_of_the_image_and_differs_with_the_generator():
    planes = np.stack([GREY, GREY + 1], axis=2)
    drawn = noise(planes, np.random.default_rng(0))
    assert {tuple(p) for p in drawn.reshape(-1, 2)} <= {tuple(p) for p in planes.reshape(-1, 2)}
    large = np.random.default_rng(1).integers(0, 256, (32, 32, 3), dtype=np.uint8)
    assert (noise(large, np.random.default_rng(0)) != noise(large, np.random.default_rng(1))).any()


@pytest.mark.parametrize(
    ("fill", "says"),
    [
        (np.zeros((3, 2), np.uint8), r"fill: expected an image of shape \(2, 3, 1\) .* got \(3, 2, 1\); resize"),
        (lambda image, labels: image[:1], r"fill \(a callable\): expected an image of shape"),
        (lambda image, labels: None, r"fill \(a callable\)"),
        ((1, 2, 3), "fill: expected a number or 1 numbers, one for each channel"),
        (300, "expected numbers from 0 to 255 for an image of uint8, got 300 to 300"),
        (np.full((2, 3), 0.5) * np.nan, "expected numbers from 0 to 255"),
        (np.array(["a"]), "fill: expected a number"),
    ],
)
def test_a_fill_that_does_not_fit_is_said(fill, says):
    with pytest.raises(InputError, match=says):
        fill_image(fill, grey(), LABELS)


def test_an_unknown_fill_names_the_known_ones():
    with pytest.raises(UnknownNameError, match="did you mean 'blur'"):
        fill_image("blurr", grey(), LABELS)
