"""On equal masks images and weights are those of the lime package; over seeds its means agree with our exact answer."""

from __future__ import annotations

import numpy as np
import pytest
from lime.lime_image import LimeImageExplainer
from sklearn.linear_model import Ridge

import limelight as ll
from limelight.contracts import Neighborhood
from limelight.interpretable.image import Image
from limelight.local.proximity import proximity_to
from limelight.local.surrogate import RidgeSurrogate

RNG = np.random.default_rng(0)
PHOTO = RNG.integers(0, 256, (30, 24, 3), dtype=np.uint8)
SQUARES = np.arange(30)[:, None] // 10 * 3 + np.arange(24) // 8  # nine of them


def model(images):
    """Three classes, far from linear in the pixels."""
    blocks = np.asarray(images, float).reshape(len(images), 6, 5, 6, 4, 3).mean(axis=(2, 4)) / 255
    scores = np.stack(
        [np.tanh(blocks[..., i] * 4 - 2).prod(axis=2).sum(axis=1) + blocks[:, i, i, i] for i in range(3)], 1
    )
    powers = np.exp(3 * scores)
    return powers / powers.sum(axis=1, keepdims=True)


def lime_on_lime(image, classify, labels, *, seed, n, fill=None, regressor=None):
    """Explain by lime; return its explanation, its masks and the images that it asked."""
    asked = []

    def spy(images):
        asked.append(np.array(images))
        return classify(images)

    explainer = LimeImageExplainer(kernel_width=0.25, random_state=seed)
    explanation = explainer.explain_instance(
        image,
        spy,
        hide_color=fill,
        top_labels=1,
        num_samples=n,
        num_features=100_000,
        segmentation_fn=lambda _: labels,
        random_seed=seed,
        model_regressor=regressor,
    )
    return explanation, np.concatenate(asked)


def lime_masks(images, image, labels):
    """Which superpixels are untouched in each image."""
    same = (images == image).all(axis=3)
    return np.stack([same[:, labels == j].all(axis=1) for j in range(labels.max() + 1)], axis=1).astype(np.uint8)


@pytest.mark.parametrize("fill", [None, 0])
def test_on_equal_masks_composites_are_limes_to_the_byte(fill):
    _, asked = lime_on_lime(PHOTO, model, SQUARES, seed=1, n=40, fill=fill)
    ours = Image(segments=SQUARES, fill="mean" if fill is None else fill).represent(PHOTO, RNG)
    assert np.array_equal(ours.reconstruct(lime_masks(asked, PHOTO, SQUARES), RNG), asked)


def test_on_equal_masks_weights_are_limes():
    found, asked = lime_on_lime(PHOTO, model, SQUARES, seed=2, n=120)
    Z = lime_masks(asked, PHOTO, SQUARES)
    weights = proximity_to(Z, np.ones(9), distance="cosine", width=0.25, kernel="exponential")
    around = Neighborhood(Z, model(asked), weights, np.ones(9), np.zeros(120, bool), np.arange(120))
    target = found.top_labels[0]
    ours = RidgeSurrogate("none", 1.0, absolute=True).fit(around, None)
    expected = np.zeros(9)
    for j, weight in found.local_exp[target]:
        expected[j] = weight
    np.testing.assert_allclose(ours.coef[target], expected, rtol=0, atol=1e-9)
    np.testing.assert_allclose(ours.intercept[target], found.intercept[target], rtol=0, atol=1e-9)


def z_scores(image, classify, labels, *, n, seeds):
    """How many standard errors lime's mean over seeds lies from our exact answer, for each superpixel."""
    exact = ll.Explainer(classify, Image(segments=labels), seed=0, max_features=None).explain(image)
    assert exact.provenance.stopped == "exhaustive"
    target, d = int(exact.targets[0].removeprefix("output ")), exact.coef.shape[1]
    found = np.zeros((seeds, d))
    for seed in range(seeds):
        regressor = Ridge(alpha=1e-6)  # lime's own alpha of 1 is not scaled by the weights and shrinks by percents
        explanation, _ = lime_on_lime(image, classify, labels, seed=seed, n=n, regressor=regressor)
        assert explanation.top_labels == [target]
        for j, weight in explanation.local_exp[target]:
            found[seed, j] = weight
    return (found.mean(axis=0) - exact.coef[0]) / (found.std(axis=0, ddof=1) / np.sqrt(seeds))


def root_mean_square(values):
    return float(np.sqrt(np.mean(np.square(values))))


def test_limes_means_over_seeds_agree_with_our_exact_answer():
    assert root_mean_square(z_scores(PHOTO, model, SQUARES, n=300, seeds=30)) < 1.3


class Remembered:
    """A network whose answers are kept, by the image's bytes."""

    def __init__(self, ask):
        self.ask = ask
        self.known = {}

    def __call__(self, images):
        keys = [one.tobytes() for one in images]
        fresh = [i for i, key in enumerate(keys) if key not in self.known]
        if fresh:
            self.known.update(zip([keys[i] for i in fresh], self.ask(images[fresh]), strict=True))
        return np.array([self.known[key] for key in keys])


@pytest.mark.shared_data
@pytest.mark.parametrize("name", ["cat.jpg", "cheeseburger.jpg"])
def test_limes_means_over_seeds_agree_with_our_exact_answer_on_a_photo(shared_data, name):
    onnx = pytest.importorskip("onnxruntime")
    pil = pytest.importorskip("PIL.Image")
    options = onnx.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnx.InferenceSession(str(shared_data / "squeezenet" / "SqueezeNet_fp16.onnx"), options)
    photo = pil.open(shared_data / "photos" / name).convert("RGB").resize((112, 112))
    image = np.asarray(photo)
    labels = np.kron(np.arange(8).reshape(4, 2), np.ones((28, 56), int))

    def ask(images):
        images = images.repeat(2, axis=1).repeat(2, axis=2)
        scaled = (images[:, :, :, ::-1].astype(np.float32) - (104, 117, 123)).transpose(0, 3, 1, 2).astype(np.float16)
        return np.array([session.run(None, {"data_0": one[None]})[0].ravel() for one in scaled], float)

    assert root_mean_square(z_scores(image, Remembered(ask), labels, n=300, seeds=12)) < 1.3
