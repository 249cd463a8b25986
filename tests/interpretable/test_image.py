"""Images: every layout and kind comes back as it was, composites are exact, and real networks look where we would.

The claims of `interpretable/compositing.py` and `interpretable/pixels.py`.
"""

from __future__ import annotations

import io
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import limelight as ll
from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.compositing import composites, words_of
from limelight.interpretable.image import Image
from limelight.interpretable.pixels import on_white, read_picture, visible
from limelight.result.layouts import decode_segments

RNG = np.random.default_rng(0)
COLOUR = RNG.integers(0, 256, (12, 10, 3), dtype=np.uint8)
GRID = np.arange(120).reshape(12, 10) // 30


def represent(image, **options):
    return Image(**({"segments": GRID} | options)).represent(image, np.random.default_rng(0))


# -- composites -------------------------------------------------------------------------------------------------------


@given(
    st.integers(1, 9), st.integers(1, 9), st.sampled_from([None, 0, 2]), st.integers(1, 4), st.integers(1, 6),
    st.sampled_from(["u1", "u2", "i4", "f2", "f4", "f8", "?"]), st.integers(0, 2**32),
)  # fmt: skip
def test_composites_are_the_image_where_a_superpixel_is_on_and_the_fill_elsewhere(h, w, axis, c, d, dtype, seed):
    rng = np.random.default_rng(seed)
    shape = {None: (h, w), 0: (c, h, w), 2: (h, w, c)}[axis]
    image, fill = ((rng.random(shape) * 255).astype(dtype) for _ in range(2))
    labels = rng.integers(0, d, (h, w))
    labels.flat[0] = d - 1
    Z = rng.integers(0, 2, (5, d))
    found = composites(Z, image, [fill] * 5, words_of(labels, shape, axis, image.itemsize))
    for z, one in zip(Z, found, strict=True):
        mask = z[labels] == 1
        mask = mask if axis is None else np.expand_dims(mask, axis)
        assert one.dtype == image.dtype
        assert np.array_equal(one, np.where(mask, image, fill))


def test_a_missing_pixel_is_handed_on_bit_for_bit():
    image = COLOUR.astype(np.float32)
    image[0, 0] = np.nan
    one = represent(image).reconstruct(np.ones((1, 4), np.uint8), RNG)
    assert one.tobytes() == image.tobytes()


def test_every_composite_of_noise_has_noise_of_its_own():
    Z = np.zeros((2, 4), np.uint8)
    first, second = represent(COLOUR, fill="noise").reconstruct(Z, np.random.default_rng(0))
    assert (first != second).any()
    assert not represent(COLOUR, fill="noise").deterministic


def test_a_chunk_of_a_large_image_stays_small():
    assert represent(np.zeros((1024, 1024, 3), np.uint8), segments="grid").chunk * 3 * 2**20 <= 16 * 2**20
    assert represent(np.zeros((1300, 1300, 3), np.float32), segments="grid").chunk == 1


# -- kinds and layouts ------------------------------------------------------------------------------------------------

LAYOUTS = {
    "grey": ((12, 10), None),
    "one channel last": ((12, 10, 1), 2),
    "one channel first": ((1, 12, 10), 0),
    "colour": ((12, 10, 3), 2),
    "colour first": ((3, 12, 10), 0),
    "alpha": ((12, 10, 4), 2),
    "alpha first": ((4, 12, 10), 0),
}


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_model_gets_the_layout_dtype_and_range_of_the_instance(layout, dtype):
    shape, axis = LAYOUTS[layout]
    scale = 255 if np.dtype(dtype).kind == "u" else 1.0
    image = (RNG.random(shape) * scale).astype(dtype)
    seen = []

    def model(images):
        seen.append((images.shape[1:], images.dtype, float(images.min()) >= 0, float(images.max()) <= scale))
        return images.reshape(len(images), -1).mean(axis=1)

    explanation = ll.Explainer(model, Image(segments=GRID), seed=0).explain(image)
    assert set(seen) == {(shape, np.dtype(dtype), True, True)}
    assert len(explanation.features) == 4
    assert read_picture(image).axis == axis


def test_channels_are_last_where_both_axes_would_do_and_as_said_where_said():
    image = np.zeros((3, 5, 3))
    assert read_picture(image).axis == 2
    assert read_picture(image, "first").axis == 0
    assert read_picture(np.zeros((5, 7, 12)), "last").planes.shape == (5, 7, 12)


def test_a_pil_image_gives_pil_images_of_its_mode():
    pil = pytest.importorskip("PIL.Image")
    for mode in ("L", "LA", "RGB", "RGBA", "I;16", "F", "CMYK"):
        image = pil.fromarray(COLOUR).convert("L" if mode == "I;16" else mode).convert(mode)
        whole, hidden = represent(image).reconstruct(np.array([[1] * 4, [0] * 4]), RNG)
        assert (whole.mode, whole.size) == (mode, (10, 12))
        assert whole.tobytes() == image.tobytes() != hidden.tobytes()


def test_palettes_and_black_and_white_become_colours_and_grey():
    pil = pytest.importorskip("PIL.Image")
    assert represent(pil.fromarray(COLOUR).convert("P")).original[0].mode == "RGB"
    assert represent(pil.fromarray(COLOUR).convert("1")).original[0].mode == "L"


@pytest.mark.parametrize("as_bytes", [True, False])
def test_a_file_gives_arrays_as_decoded(as_bytes, tmp_path):
    pil = pytest.importorskip("PIL.Image")
    path = tmp_path / "image.png"
    pil.fromarray(COLOUR).save(path)
    for source in [path.read_bytes()] if as_bytes else [path, str(path)]:
        original = represent(source).original
        assert original.dtype == np.uint8
        assert np.array_equal(original[0], COLOUR)


def test_a_photo_taken_sideways_is_turned_as_its_file_says():
    pil = pytest.importorskip("PIL.Image")
    stream, exif = io.BytesIO(), pil.Exif()
    exif[0x0112] = 6
    pil.fromarray(COLOUR).save(stream, "PNG", exif=exif)
    assert Image().represent(stream.getvalue(), RNG).original.shape == (1, 10, 12, 3)


@pytest.mark.parametrize("dtype", ["uint8", "float32", "bfloat16"])
def test_a_tensor_gives_tensors_on_its_device(dtype):
    torch = pytest.importorskip("torch")
    image = torch.as_tensor(np.moveaxis(COLOUR, 2, 0).copy()).to(getattr(torch, dtype))
    whole = represent(image)
    found = whole.reconstruct(np.array([[1] * 4, [0] * 4, [1, 0, 0, 0]]), RNG)
    assert (found.dtype, found.device, tuple(found.shape)) == (image.dtype, image.device, (3, 3, 12, 10))
    assert torch.equal(found[0], image)
    assert torch.equal(whole.original[0], image)
    assert torch.equal(found[2][:, :3], image[:, :3])
    assert torch.equal(found[2][:, 3:], found[1][:, 3:])


def test_to_model_turns_images_into_what_the_model_takes():
    def scaled(images):
        return np.moveaxis(images.astype(np.float32) / 255, 3, 1)

    def model(batch):
        assert batch.shape[1:] == (3, 12, 10)
        return batch[:, 0].mean(axis=(1, 2))

    explanation = ll.Explainer(model, Image(segments=GRID, to_model=scaled), seed=0).explain(COLOUR)
    assert explanation.prediction[0] == pytest.approx(COLOUR[:, :, 0].mean() / 255, abs=1e-6)
    with pytest.raises(InputError, match="to_model: expected 2 model inputs for 2 images, got 1"):
        represent(COLOUR, to_model=lambda images: images[:1]).reconstruct(np.ones((2, 4)), RNG)


# -- what is explained ------------------------------------------------------------------------------------------------


def test_weights_of_a_linear_model_are_what_each_superpixel_adds_over_its_fill():
    image = RNG.integers(0, 256, (12, 10), dtype=np.uint8)
    pixel_weights = RNG.normal(size=(12, 10))
    explainer = ll.Explainer(
        lambda images: (images * pixel_weights).sum(axis=(1, 2)), Image(segments=GRID, fill=9), seed=0
    )
    true = np.bincount(GRID.ravel(), ((image.astype(float) - 9) * pixel_weights).ravel())
    np.testing.assert_allclose(explainer.explain(image).coef[0], true, rtol=0, atol=1e-9)


def test_superpixels_whose_labels_do_not_start_at_zero_are_all_hidden_in_turn():
    labels = np.full((12, 10), 3)
    labels[6:] = 8
    explainer = ll.Explainer(lambda x: x[:, 6:].mean(axis=(1, 2)), Image(segments=labels, fill=0), seed=0)
    explanation = explainer.explain(np.full((12, 10), 50, np.uint8))
    assert dict(explanation.as_list()) == pytest.approx({"superpixel 3": 0.0, "superpixel 8": 50.0})


def test_a_fill_from_a_file_is_that_image_and_is_named_in_the_record(tmp_path):
    from PIL import Image as Picture

    Picture.fromarray(np.full((12, 10), 9, np.uint8)).save(tmp_path / "grey.png")
    image = RNG.integers(0, 256, (12, 10), dtype=np.uint8)
    by_file, by_number = (
        ll.Explainer(lambda x: x.mean(axis=(1, 2)), Image(segments=GRID, fill=fill), seed=0).explain(image)
        for fill in (tmp_path / "grey.png", 9)
    )
    np.testing.assert_allclose(by_file.coef, by_number.coef, atol=1e-12)
    assert by_file.provenance.modality["fill"] == str(tmp_path / "grey.png")


def test_one_superpixel_is_worth_the_prediction_minus_the_fill():
    explainer = ll.Explainer(lambda x: x.mean(axis=(1, 2)), Image(segments=np.full((4, 4), 7), fill=1), seed=0)
    assert explainer.explain(np.full((4, 4), 5, np.uint8)).as_list() == [("superpixel 7", pytest.approx(4.0))]


def test_more_superpixels_than_samples_is_a_warning_not_a_number():
    image = RNG.random((20, 20))
    modality = Image(segments=np.arange(400).reshape(20, 20))
    explanation = ll.Explainer(lambda x: x.mean(axis=(1, 2)), modality, seed=0, n_samples=100).explain(image)
    assert np.isfinite(explanation.coef).all()
    assert any("effective sample size" in warning for warning in explanation.provenance.warnings)


def test_the_explanation_keeps_the_segments_and_a_small_picture():
    pytest.importorskip("skimage")
    image = RNG.integers(0, 256, (700, 900, 3), dtype=np.uint8)
    layout = json.loads(json.dumps(Image(n_segments=20).represent(image, RNG).layout()))
    assert decode_segments(layout).shape == (348, 448)
    small = represent(COLOUR, segments=np.full((12, 10), 77)).layout()
    assert set(decode_segments(small).ravel()) == {77}
    assert small["image"].startswith("data:image/")


def test_what_is_seen_of_any_range_is_bytes():
    ramp = np.linspace(-2.0, 2.5, 12).reshape(3, 4)
    assert visible(read_picture(ramp))[[0, 2], [0, 3], 0].tolist() == [0, 255]
    assert visible(read_picture(np.array([[0.0, 1.0]])))[0, :, 0].tolist() == [0, 255]
    assert visible(read_picture(np.array([[0.0, 51.0, 204.0]])))[0, :, 0].tolist() == [0, 51, 204]
    assert visible(read_picture(np.array([[0.0, 8.0, 16.0]])))[0, :, 0].tolist() == [0, 128, 255]
    assert visible(read_picture(np.array([[np.nan, 1.0]])))[0, :, 0].tolist() == [0, 255]
    clear = np.zeros((1, 1, 4), np.uint8)
    assert on_white(visible(read_picture(clear, alpha=True))).tolist() == [[[255, 255, 255]]]


def _cut_off_in_the_middle() -> bytes:
    """A file whose first block says that it is longer than it is: no error of the system, but PIL's own."""
    import PIL.Image

    out = io.BytesIO()
    PIL.Image.fromarray(np.zeros((8, 8, 3), np.uint8)).save(out, "PNG")
    whole = out.getvalue()
    at = whole.index(b"IDAT")
    return whole[: at + 12] + whole[at + 4 :]


# -- what does not fit ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instance", "says"),
    [
        (np.zeros((1, 4, 4, 3)), r"got shape \(1, 4, 4, 3\); pass one of them"),
        (np.zeros(5), r"got shape \(5,\)"),
        (np.zeros((5, 7, 12)), "channels: expected 1, 3 or 4 channels"),
        (np.zeros((0, 4, 3)), "at least one pixel"),
        (np.full((4, 4), "a"), "pixels as numbers"),
        ("nowhere.png", "expected an image file, got 'nowhere.png'"),
        (b"no image", "expected an image file, got 8 bytes"),
        (_cut_off_in_the_middle(), r"expected an image file, got \d+ bytes that cannot be read"),
        ([[1, 2], [3]], "expected numbers in rows of equal length, got a list"),
        (None, r"got shape \(\)"),
    ],
)
def test_what_is_no_image_is_said(instance, says):
    with pytest.raises(InputError, match=says):
        Image().represent(instance, RNG)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"segments": "slick"}, UnknownNameError, "did you mean 'slic'"),
        ({"fill": "meen"}, UnknownNameError, "did you mean 'mean'"),
        ({"channels": "middle"}, UnknownNameError, "channels"),
        ({"to_model": 3}, InputError, "to_model: expected a function"),
        ({"n_segments": 10, "segments": "quickshift"}, InputError, "n_segments: has no effect"),
        ({"n_segments": 10, "segments": GRID}, InputError, "n_segments: has no effect"),
        ({"alpha": "yes"}, InputError, "alpha: expected True, False or None"),
        ({"n_segments": 0}, InputError, "n_segments: expected a positive number"),
    ],
)
def test_options_that_do_not_fit_are_said_when_they_are_given(options, error, says):
    with pytest.raises(error, match=says):
        Image(**options)


def test_one_image_where_many_are_expected_is_said():
    for one in (GRID, COLOUR, "photo.jpg", b"", 3):
        with pytest.raises(InputError, match="instances"):
            Image().instances(one)


def test_options_are_told_as_json():
    assert json.loads(json.dumps(Image(segments=GRID, fill=(1, 2, 3), to_model=np.asarray).describe())) == {
        "modality": "image", "segments": "array (12, 10)", "fill": [1.0, 2.0, 3.0], "n_segments": None,
        "channels": "auto", "alpha": None, "to_model": "numpy.asarray",
    }  # fmt: skip


# -- real networks ----------------------------------------------------------------------------------------------------

# What a person sees in the photo at 224 × 224: left, top, right, bottom.
SEEN = {
    "cat.jpg": (18, 12, 175, 175),
    "golden_puppy.jpg": (34, 36, 138, 196),
    "cheeseburger.jpg": (14, 34, 214, 188),
    "lime_dogs.png": (0, 60, 90, 192),
}


@pytest.fixture(scope="module")
def squeezenet(shared_data):
    """Images (n, 224, 224, 3) of bytes → probabilities (n, 1000)."""
    onnx = pytest.importorskip("onnxruntime")
    options = onnx.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnx.InferenceSession(str(shared_data / "squeezenet" / "SqueezeNet_fp16.onnx"), options)

    def probabilities(images):
        scaled = images[:, :, :, ::-1].astype(np.float32) - np.array([104, 117, 123], np.float32)
        inputs = scaled.transpose(0, 3, 1, 2).astype(np.float16)
        return np.array([session.run(None, {"data_0": one[None]})[0].ravel() for one in inputs], float)

    return probabilities


@pytest.mark.shared_data
@pytest.mark.parametrize("name", SEEN)
def test_what_speaks_for_the_class_lies_on_the_animal_or_the_food(shared_data, squeezenet, name):
    pytest.importorskip("skimage")
    pil = pytest.importorskip("PIL.Image")
    image = np.asarray(pil.open(shared_data / "photos" / name).convert("RGB").resize((224, 224)))
    explanation = ll.Explainer(squeezenet, Image(), seed=0, n_samples=160).explain(image)
    labels = decode_segments(explanation.layout)
    left, top, right, bottom = SEEN[name]
    strongest = [
        feature.where.key for feature in (explanation.features[j] for j in np.argsort(-explanation.coef[0])[:2])
    ]
    rows, columns = np.nonzero(np.isin(labels, strongest))
    inside = (rows >= top) & (rows < bottom) & (columns >= left) & (columns < right)
    assert inside.mean() > 0.9
    assert explanation.prediction[0] > 0.5


@pytest.mark.shared_data
@pytest.mark.parametrize("number", [0, 1, 2, 3, 4])
def test_what_speaks_for_a_digit_lies_where_its_ink_is(shared_data, number):
    import gzip

    onnx = pytest.importorskip("onnxruntime")
    session = onnx.InferenceSession(str(shared_data / "mnist" / "mnist.onnx"))
    with gzip.open(shared_data / "mnist" / "t10k-images-idx3-ubyte.gz") as file:
        digits = np.frombuffer(file.read(16 + 784 * 10), np.uint8, offset=16).reshape(10, 28, 28)

    def scores(images):
        found = np.array([session.run(None, {"Input3": one[None, None].astype(np.float32)})[0][0] for one in images])
        powers = np.exp(found - found.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)

    digit = digits[number]
    explanation = ll.Explainer(scores, Image(fill=0), seed=0, n_samples=400).explain(digit)
    strongest = int(np.argmax(explanation.coef[0]))
    ink = [digit[decode_segments(explanation.layout) == key].max() for key in range(len(explanation.features))]
    assert ink[strongest] > 100
    blank = np.array(ink) == 0
    assert np.abs(explanation.coef[0, blank]).max() < 3 * explanation.stderr[0].max()
