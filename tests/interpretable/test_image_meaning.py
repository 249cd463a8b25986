"""What an image's numbers mean is known or said, never guessed from a shape: bands, opacity, channels, labels."""

import numpy as np
import pytest

import limelight as ll
from limelight.errors import InputError
from limelight.interpretable.image import Image
from limelight.interpretable.pixels import read_picture, visible
from limelight.result.explanation import Explanation
from limelight.result.layouts import decode_segments, segment_label

RNG = np.random.default_rng(0)


# -- four channels are four bands --------------------------------------------------------------------------------------


def bright_in_the_last_band(dtype=np.uint16):
    image = np.full((80, 80, 4), 150, dtype)
    image[20:60, 20:60, 3] = 3000
    return image


def test_the_fourth_band_of_an_array_is_hidden_like_the_others():
    def near_infrared(images):
        return images[:, 20:60, 20:60, 3].mean(axis=(1, 2)).astype(float)

    explanation = ll.Explainer(near_infrared, Image(fill=0), seed=0).explain(bright_in_the_last_band())
    # all segments shown: 3000; all hidden: 0
    assert explanation.prediction[0] == 3000
    assert explanation.coef.sum() == pytest.approx(3000, rel=0.01)
    assert any("taken for four bands" in sentence for sentence in explanation.warnings)


@pytest.mark.parametrize("fill", ["mean", "blur", "noise", 0])
def test_four_sequences_first_are_hidden_too(fill):
    volume = np.moveaxis(bright_in_the_last_band(np.float32), 2, 0)
    row = Image(segments="grid", n_segments=4, fill=fill).represent(volume, RNG)
    hidden = row.reconstruct(np.zeros((1, 4)), RNG)
    assert (hidden[0, 3] != volume[3]).any()


def test_a_pil_image_of_inks_has_no_opacity():
    pil = pytest.importorskip("PIL.Image")
    image = pil.fromarray(RNG.integers(0, 256, (12, 10, 4), dtype=np.uint8), mode="CMYK")
    row = Image(segments="grid", n_segments=4, fill=0).represent(image, RNG)
    assert not row.picture.alpha
    assert np.asarray(row.reconstruct(np.zeros((1, 4)), RNG)[0]).max() == 0
    assert row.notes == ()
    # what a person sees are colours, not amounts of ink
    assert (visible(row.picture) == np.asarray(image.convert("RGB"))).all()


def test_opacity_is_kept_where_a_pil_mode_says_so():
    pil = pytest.importorskip("PIL.Image")
    pixels = RNG.integers(0, 256, (12, 10, 4), dtype=np.uint8)
    row = Image(segments="grid", n_segments=4, fill=0).represent(pil.fromarray(pixels, mode="RGBA"), RNG)
    hidden = np.asarray(row.reconstruct(np.zeros((1, 4)), RNG)[0])
    assert (hidden[:, :, 3] == pixels[:, :, 3]).all()
    assert (hidden[:, :, :3] == 0).all()


@pytest.mark.parametrize("alpha", [True, False])
def test_opacity_is_kept_or_hidden_where_somebody_says_so_and_no_more_is_said(alpha):
    pixels = RNG.integers(1, 256, (12, 10, 4), dtype=np.uint8)
    row = Image(segments="grid", n_segments=4, fill=0, alpha=alpha).represent(pixels, RNG)
    hidden = row.reconstruct(np.zeros((1, 4)), RNG)[0]
    assert (hidden[:, :, 3] == pixels[:, :, 3]).all() == alpha
    assert row.notes == ()


def test_opacity_of_an_image_without_channels_is_refused():
    with pytest.raises(InputError, match="alpha: expected an image with opacity"):
        Image(alpha=True).represent(np.zeros((8, 8)), RNG)


# -- where the channels are --------------------------------------------------------------------------------------------


def test_channels_that_could_be_on_either_side_are_said():
    row = Image(segments="grid", n_segments=4).represent(np.zeros((3, 40, 3), np.uint8), RNG)
    assert "channels last" in row.notes[0]
    told = Image(segments="grid", n_segments=4, channels="last").represent(np.zeros((3, 40, 3), np.uint8), RNG)
    assert told.notes == ()


def test_one_colour_image_with_channels_first_is_not_three_grey_ones():
    with pytest.raises(InputError, match=r"3 grey images or one with its channels first; pass list\(images\)"):
        Image().instances(np.zeros((3, 40, 50)))


# -- labels ------------------------------------------------------------------------------------------------------------

LABELS = np.full((60, 60), -1)
LABELS[:20], LABELS[40:] = 0, 1


def test_segments_go_by_the_labels_that_a_person_gave_them():
    def lower_third(images):
        return images[:, 40:].mean(axis=(1, 2))

    image = np.full((60, 60), 50, np.uint8)
    explanation = ll.Explainer(lower_third, Image(segments=LABELS, fill=0), seed=0).explain(image)
    assert [feature.name for feature in explanation.features] == ["superpixel -1", "superpixel 0", "superpixel 1"]
    assert [feature.where.key for feature in explanation.features] == [-1, 0, 1]
    assert dict(explanation.as_list())["superpixel 1"] == pytest.approx(50)
    again = Explanation.from_json(explanation.to_json())
    shown = decode_segments(again.layout)
    assert (shown[40:] == segment_label(again.layout, 1)).all()
    assert ">-1</span>" in again.to_html()
    assert ">1</span>" in again.to_html()


def test_segments_of_a_callable_with_large_labels_keep_them():
    labels = np.where(LABELS < 0, 1_000_000, LABELS)
    row = Image(segments=lambda image: labels, fill=0).represent(np.zeros((60, 60)), RNG)
    assert [feature.where.key for feature in row.features] == [0, 1, 1_000_000]
    assert (decode_segments(row.layout())[20:40] == segment_label(row.layout(), 1_000_000)).all()


def test_booleans_are_labels():
    row = Image(segments=LABELS == 1, fill=0).represent(np.zeros((60, 60)), RNG)
    assert [feature.name for feature in row.features] == ["superpixel 0", "superpixel 1"]


# -- buffers -----------------------------------------------------------------------------------------------------------


def quadrant(images):
    return images[:, :8, :8].mean(axis=(1, 2)).astype(float)


def refilled(make):
    """Yield one buffer three times, with other pixels each time."""
    buffer = make(0)
    for level in (10, 20, 30):
        buffer[:] = make(level)
        yield buffer


def test_a_buffer_that_is_refilled_is_explained_as_it_was_each_time():
    def make(level):
        return np.full((16, 16), level, np.uint8)

    explainer = ll.Explainer(quadrant, Image(segments="grid", n_segments=4, fill=0), seed=0)
    found = [explanation.prediction[0] for explanation in explainer.explain_many(refilled(make))]
    assert found == [10, 20, 30]


def test_a_tensor_that_is_refilled_is_explained_as_it_was_each_time():
    torch = pytest.importorskip("torch")

    def make(level):
        return torch.full((16, 16), float(level))

    explainer = ll.Explainer(lambda t: t[:, :8, :8].mean(dim=(1, 2)), Image("grid", 0, 4), seed=0)
    assert [e.prediction[0] for e in explainer.explain_many(refilled(make))] == [10, 20, 30]


def test_labels_and_a_fill_that_are_changed_afterwards_change_nothing():
    labels, fill = LABELS.copy(), np.zeros((60, 60), np.uint8)
    modality = Image(segments=labels, fill=fill)
    labels[:], fill[:] = 0, 200
    row = modality.represent(np.full((60, 60), 50, np.uint8), RNG)
    assert len(row.features) == 3
    assert row.reconstruct(np.zeros((1, 3)), RNG).max() == 0


# -- numbers that numpy alone knows ------------------------------------------------------------------------------------


def test_masked_pixels_are_refused_and_a_mask_without_any_is_none():
    masked = np.ma.array(np.full((8, 8), 7.0), mask=np.eye(8, dtype=bool))
    with pytest.raises(InputError, match=r"masked pixels, got a masked array; say what they show"):
        Image().represent(masked, RNG)
    plain = read_picture(np.ma.array(np.full((8, 8), 7.0)))
    assert type(plain.values) is np.ndarray


def test_a_matrix_is_a_grey_image():
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix(np.full((16, 16), 5.0))
    explanation = ll.Explainer(quadrant, Image(segments="grid", n_segments=4, fill=0), seed=0).explain(matrix)
    assert explanation.prediction[0] == 5
    assert explanation.coef[0, 0] == pytest.approx(5)


@pytest.mark.parametrize("segments", ["auto", "slic", "quickshift", "felzenszwalb", "grid"])
@pytest.mark.parametrize("fill", ["mean", "blur", "noise", 0])
def test_pixels_that_are_nan_are_handed_on_and_hidden(segments, fill):
    if segments != "grid":
        pytest.importorskip("skimage")
    image = RNG.random((72, 72, 3)).astype(np.float32)
    image[:9, :9] = np.nan
    row = Image(segments=segments, fill=fill).represent(image, RNG)
    whole = row.reconstruct(np.ones((1, len(row.features))), RNG)
    assert np.array_equal(whole[0], image, equal_nan=True)
    explanation = ll.Explainer(
        lambda images: np.nan_to_num(images).mean(axis=(1, 2, 3)), Image(segments, fill), seed=0, n_samples=64
    ).explain(image)
    assert np.isfinite(explanation.coef).all()
    assert explanation.to_html()


def test_an_image_of_nothing_but_nan_is_explained():
    explanation = ll.Explainer(lambda images: np.isnan(images).mean(axis=(1, 2)), Image("grid", 0, 4), seed=0).explain(
        np.full((8, 8), np.nan)
    )
    assert explanation.coef[0] == pytest.approx([0.25] * 4)
