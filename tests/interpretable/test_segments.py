"""Superpixels: any integers are labels, every pixel has one, and photographs are cut into a sensible number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

import limelight as ll
from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.pixels import Picture, read_picture
from limelight.interpretable.segments import find_segments, grid

PLAIN = Picture(np.zeros((4, 6), np.uint8), None)
PHOTOS = ("bittern.jpg", "cat.jpg", "cheeseburger.jpg", "chelsea_cat.png", "coffee.png", "golden_puppy.jpg", "owl.jpg")


@given(arrays.arrays(np.int64, (4, 6), elements=st.integers(-(2**62), 2**62) | st.integers(-3, 3)))
def test_any_integers_are_labels_and_equal_ones_are_one_segment(labels):
    segments = find_segments(labels, PLAIN)
    assert sorted(set(segments.index.ravel().tolist())) == list(range(len(np.unique(labels))))
    same = labels.ravel()[:, None] == labels.ravel()
    assert ((segments.index.ravel()[:, None] == segments.index.ravel()) == same).all()
    assert (segments.shown == labels).all()


def test_labels_keep_their_numbers():
    labels = np.array([[7, 7, 9], [9, 3, 3]])
    segments = find_segments(labels, Picture(np.zeros((2, 3)), None))
    assert segments.keys == (3, 7, 9)
    assert (segments.shown == labels).all()


def test_labels_beyond_sixteen_bits_or_below_zero_keep_their_numbers_too():
    for labels in (np.array([[-1, 5]]), np.array([[0, 70_000]])):
        assert find_segments(labels, Picture(np.zeros((1, 2)), None)).keys == tuple(labels[0])


def test_a_callable_sees_channels_last_in_the_images_own_dtype():
    seen = []

    def segment(image):
        seen.append((image.shape, image.dtype))
        image[:] = 0
        return np.zeros(image.shape[:2], int)

    for shape in ((4, 6), (4, 6, 3), (3, 4, 6)):
        values = np.full(shape, 7, np.uint16)
        find_segments(segment, read_picture(values))
        assert (values == 7).all()
    assert seen == [((4, 6), np.uint16), ((4, 6, 3), np.uint16), ((4, 6, 3), np.uint16)]


@pytest.mark.parametrize(
    ("segments", "says"),
    [
        (np.zeros((4, 6)), "expected labels as integers, got float64"),
        (lambda image: np.zeros(image.shape[:2]), r"segments \(a callable\): expected labels as integers, got float64"),
        (np.zeros((6, 4), int), r"shape \(4, 6\), got shape \(6, 4\)"),
        (lambda image: None, "expected labels as integers, got object"),
    ],
)
def test_labels_that_do_not_fit_are_said(segments, says):
    with pytest.raises(InputError, match=says):
        find_segments(segments, PLAIN)


def test_an_unknown_method_names_the_known_ones():
    with pytest.raises(UnknownNameError, match="did you mean 'slic'"):
        find_segments("slick", PLAIN)


@pytest.mark.parametrize(
    ("shape", "n", "d"), [((28, 28), 49, 49), ((8, 8), 50, 64), ((1, 1), 50, 1), ((2, 100), 10, 10)]
)
def test_a_grid_has_about_as_many_rectangles_as_asked(shape, n, d):
    assert np.unique(grid(shape, n)).size == d


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (63, 63), (64, 64), (300, 7)])
@pytest.mark.parametrize("method", ["auto", "slic", "grid"])
def test_images_of_every_size_are_segmented(method, size):
    pytest.importorskip("skimage")
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    assert find_segments(method, Picture(image, 2)).index.shape == size


@pytest.mark.parametrize("method", ["auto", "slic", "quickshift", "felzenszwalb"])
def test_the_same_image_is_segmented_the_same_way_twice(method):
    pytest.importorskip("skimage")
    image = np.random.default_rng(0).integers(0, 256, (70, 80, 3), dtype=np.uint8)
    first, second = (find_segments(method, Picture(image, 2)) for _ in range(2))
    assert (first.index == second.index).all()


def test_a_dark_and_a_bright_half_are_told_apart():
    pytest.importorskip("skimage")
    image = np.zeros((200, 300), np.uint16)
    image[:, 152:] = 60_000
    index = find_segments("auto", Picture(image, None)).index
    assert not set(index[:, :149].ravel()) & set(index[:, 155:].ravel())


@pytest.mark.shared_data
@pytest.mark.parametrize("name", PHOTOS)
def test_auto_cuts_a_photo_into_a_readable_number_of_superpixels_whatever_its_size(shared_data, name):
    pytest.importorskip("skimage")
    from PIL import Image

    photo = Image.open(shared_data / "photos" / name).convert("RGB")
    for side in (224, 640):
        picture = read_picture(np.asarray(photo.resize((side, side))))
        assert 30 <= len(find_segments("auto", picture).keys) <= 60


def test_masks_of_any_model_that_segments_are_superpixels_the_smallest_on_top() -> None:
    car, wheel, sky = np.zeros((3, 8, 8), bool)
    car[4:, :6], wheel[6:, 1:3], sky[:2] = True, True, True
    image = np.random.default_rng(0).integers(0, 255, (8, 8, 3), dtype=np.uint8)
    dicts = [{"segmentation": mask, "area": int(mask.sum())} for mask in (wheel, car, sky)]
    found = [
        ll.Image(segments=given).represent(image, np.random.default_rng(0)).segments.shown
        for given in (dicts, np.array([wheel, car, sky]), lambda _: dicts)
    ]
    assert [sorted(set(labels.ravel().tolist())) for labels in found] == [[0, 1, 2, 3]] * 3
    for labels in found:
        assert (labels[wheel] == 1).all()
        assert (labels[car & ~wheel] == 2).all()
        assert (labels[sky] == 3).all()
        assert (labels[~(car | wheel | sky)] == 0).all()


def test_dicts_without_a_mask_are_refused_by_what_they_lack() -> None:
    with pytest.raises(ll.InputError, match="a mask .h, w. as 'segmentation' or 'mask'"):
        ll.Image(segments=[{"bbox": [1, 2, 3, 4]}])
