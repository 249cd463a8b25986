"""Images in lime's words: segments of any labels, masks, fills, wrappers of scikit-image.

The claims of `compat/lime/wrappers/scikit_image.py` and `compat/lime/utils/generic_utils.py`.
"""

from __future__ import annotations

import pickle

import numpy as np
import pytest
from lime.lime_image import ImageExplanation as TheirExplanation
from lime.wrappers.scikit_image import SegmentationAlgorithm as TheirAlgorithm

from limelight.compat.lime.lime_image import ImageExplanation, LimeImageExplainer
from limelight.compat.lime.wrappers.scikit_image import BaseWrapper, SegmentationAlgorithm
from limelight.errors import InputError, UnknownNameError

PHOTO = np.random.default_rng(0).integers(0, 256, (24, 32, 3), dtype=np.uint8)
SQUARES = np.arange(24)[:, None] // 8 * 4 + np.arange(32) // 8


def squares(image):
    return SQUARES


def from_one(image):
    return SQUARES + 1


def model(images):
    parts = np.asarray(images, float).reshape(len(images), 3, 8, 4, 8, 3).mean(axis=(2, 4, 5)) / 255
    scores = np.stack([parts[:, 0, 0], parts[:, 2, 3] ** 2, parts[:, 1].mean(axis=1)], axis=1)
    powers = np.exp(8 * scores)
    return powers / powers.sum(axis=1, keepdims=True)


def explain(segment=squares, **words):
    given = {"segmentation_fn": segment, "hide_color": 0, "num_samples": 400, "progress_bar": False}
    return LimeImageExplainer(random_state=0).explain_instance(PHOTO, model, **{**given, **words})


def test_an_explanation_has_lime_s_attributes():
    explanation = explain(top_labels=2)
    assert explanation.top_labels == np.argsort(-model(PHOTO[None])[0])[:2].tolist()
    assert set(explanation.local_exp) == set(explanation.intercept) == set(explanation.top_labels)
    assert len(explanation.local_exp[explanation.top_labels[0]]) == 12
    assert explanation.image is PHOTO and explanation.segments is SQUARES
    assert explanation.local_pred.shape == (1,)
    assert 0 < explanation.score <= 1
    assert len(explanation.native.targets) == 2


@pytest.mark.parametrize(("segment", "label", "expected"), [(squares, 0, 0), (squares, 1, 11), (from_one, 1, 12)])
def test_the_segment_that_speaks_most_for_a_label_is_named_by_its_own_label(segment, label, expected):
    pairs = explain(segment, labels=(label,), top_labels=None).local_exp[label]
    assert max(pairs, key=lambda pair: pair[1])[0] == expected


def test_labels_that_start_at_one_change_nothing_but_the_labels():
    zero, one = (explain(segment, labels=(1,), top_labels=None).local_exp[1] for segment in (squares, from_one))
    assert [(j + 1, weight) for j, weight in zero] == one


@pytest.mark.parametrize("hide_rest", [False, True])
@pytest.mark.parametrize("signs", [(True, False), (False, True), (False, False)])
@pytest.mark.parametrize("min_weight", [0.0, 0.02])
def test_image_and_mask_are_lime_s(hide_rest, signs, min_weight):
    explanation = explain()
    label = explanation.top_labels[0]
    their = TheirExplanation(PHOTO, SQUARES)
    their.local_exp = explanation.local_exp
    words = {"positive_only": signs[0], "negative_only": signs[1], "hide_rest": hide_rest, "min_weight": min_weight}
    for mine, expected in zip(
        explanation.get_image_and_mask(label, num_features=6, **words),
        their.get_image_and_mask(label, num_features=6, **words),
        strict=True,
    ):
        np.testing.assert_array_equal(mine, expected)
    assert explanation.get_image_and_mask(label, **words)[0].dtype == PHOTO.dtype


def test_grey_images_become_colour_and_the_function_gets_batches_of_the_size_asked():
    sizes, shapes = [], set()

    def watching(images):
        sizes.append(len(images))
        shapes.add(images.shape[1:])
        return model(images)

    explanation = LimeImageExplainer(random_state=0).explain_instance(
        PHOTO[:, :, 0], watching, segmentation_fn=squares, batch_size=7, num_samples=50, progress_bar=False
    )
    assert explanation.image.shape == (24, 32, 3)
    assert shapes == {(24, 32, 3)}
    assert max(sizes) == 7


def test_the_default_segmentation_is_repeatable():
    photo = np.kron(np.random.default_rng(1).integers(0, 256, (6, 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)

    def mean(images):
        p = np.asarray(images, float)[:, :24].mean(axis=(1, 2, 3)) / 255
        return np.stack([1 - p, p], axis=1)

    made = [
        LimeImageExplainer(random_state=0).explain_instance(photo, mean, num_samples=60, progress_bar=False)
        for _ in range(2)
    ]
    np.testing.assert_array_equal(made[0].segments, made[1].segments)
    assert made[0].local_exp == made[1].local_exp


def test_explainers_pickle():
    made = pickle.loads(pickle.dumps(LimeImageExplainer(random_state=0)))
    again = made.explain_instance(
        PHOTO, model, segmentation_fn=squares, hide_color=0, num_samples=400, progress_bar=False
    )
    assert again.local_exp == explain().local_exp
    assert pickle.loads(pickle.dumps(again)).score == again.score


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["felzenszwalb", "slic"])
def test_segmentations_are_lime_s(name):
    words = {"felzenszwalb": {"scale": 50, "min_size": 20}, "slic": {"n_segments": 9, "compactness": 5}}[name]
    np.testing.assert_array_equal(SegmentationAlgorithm(name, **words)(PHOTO), TheirAlgorithm(name, **words)(PHOTO))


@pytest.mark.parametrize("word", ["random_seed", "seed", "rng"])
def test_the_seed_of_quickshift_is_understood_under_all_its_names(word):
    from skimage.segmentation import quickshift

    from limelight.compat.lime.utils.generic_utils import has_arg

    takes = next(name for name in ("rng", "seed", "random_seed") if has_arg(quickshift, name))
    expected = quickshift(PHOTO, kernel_size=2, max_dist=6, **{takes: 7})
    found = SegmentationAlgorithm("quickshift", kernel_size=2, max_dist=6, **{word: 7})(PHOTO)
    np.testing.assert_array_equal(found, expected)


def test_a_wrapper_checks_its_parameters():
    def cut(image, n=3):
        return image

    assert BaseWrapper(cut, n=2, m=1).filter_params(cut, {"k": 0}) == {"n": 2, "k": 0}
    with pytest.raises(ValueError, match="parameters: unknown name 'm'"):
        BaseWrapper(cut).set_params(m=1)
    with pytest.raises(TypeError):
        BaseWrapper(cut)._check_params("n")
    with pytest.raises(UnknownNameError, match="algo_type: unknown name 'slick'; did you mean 'slic'"):
        SegmentationAlgorithm("slick")


def test_errors_name_the_argument():
    explanation = explain(labels=(1,), top_labels=None)
    with pytest.raises(KeyError, match="label: unknown name 0"):
        explanation.get_image_and_mask(0)
    with pytest.raises(InputError, match="positive_only, negative_only"):
        explanation.get_image_and_mask(1, positive_only=True, negative_only=True)
    with pytest.raises(InputError, match="segmentation_fn: expected integer labels of shape"):
        explain(lambda image: np.zeros((3, 3), int))
    with pytest.raises(InputError, match="image: expected shape"):
        LimeImageExplainer().explain_instance(np.zeros((2, 2, 2, 3)), model)
    assert isinstance(explanation, ImageExplanation)
