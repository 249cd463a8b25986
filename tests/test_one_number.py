"""One number of many: by hand, for every form in which libraries answer, and explained.

The claims of `one_number/__init__.py`.
"""

from __future__ import annotations

import pickle
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight import one_number as one

BOXES = [[0, 0, 10, 10], [0, 0, 10, 8], [50, 50, 60, 60]]
FORMS: dict[str, Any] = {
    "torchvision": {"boxes": np.array(BOXES), "scores": np.array([0.9, 0.6, 0.3]), "labels": np.array([1, 2, 1])},
    "transformers": [
        {"box": dict(zip(("xmin", "ymin", "xmax", "ymax"), box, strict=True)), "score": score, "label": label}
        for box, score, label in zip(BOXES, (0.9, 0.6, 0.3), (1, 2, 1), strict=True)
    ],
    "ultralytics": SimpleNamespace(
        boxes=SimpleNamespace(xyxy=np.array(BOXES), conf=np.array([0.9, 0.6, 0.3]), cls=np.array([1.0, 2.0, 1.0]))
    ),
}


@pytest.mark.parametrize("form", FORMS)
def test_the_nearest_box_s_score_whatever_the_library(form: str) -> None:
    def model(images: Any) -> Any:
        return [FORMS[form]] * len(images)

    def score(near: Any, **how: Any) -> float:
        return float(one.box_score(model, near, **how)([0, 1])[1])

    assert score((0, 0, 10, 9.9)) == 0.9
    assert score((0, 0, 10, 8)) == 0.6
    assert score((0, 0, 10, 8), label=1) == 0.9
    assert score((0, 0, 10, 8), label=3) == 0.0
    assert score((5, 5, 15, 15)) == 0.0  # overlaps by 25 of 175
    assert score((5, 5, 15, 15), least=0.1) == 0.9


def test_an_image_without_boxes_scores_0() -> None:
    empty = [{"boxes": np.zeros((0, 4)), "scores": np.zeros(0)}, []]
    assert one.box_score(lambda images: empty, (0, 0, 1, 1))([0, 1]).tolist() == [0.0, 0.0]


def test_a_share_of_labels_of_scores_and_of_masks() -> None:
    labels = np.array([[0, 1], [1, 1]])
    scores = np.stack([labels == 0, labels == 1]).astype(float)
    masks = [{"label": "cat", "mask": labels * 255}, {"label": "sky", "mask": (1 - labels) * 255}]
    assert one.area(lambda images: labels[None], 1)([0]).tolist() == [0.75]
    assert one.area(lambda images: {"out": scores[None]}, 1)([0]).tolist() == [0.75]
    assert one.area(lambda images: [masks], "sky")([0]).tolist() == [0.25]
    assert one.area(lambda images: [masks], "dog")([0]).tolist() == [0.0]
    assert one.area(lambda images: labels[None], 1, inside=labels == 0)([0]).tolist() == [0.0]
    with pytest.raises(ll.InputError, match=r"inside: expected shape \(2, 2\)"):
        one.area(lambda images: labels[None], 1, inside=[[True]])([0])


def test_an_entity_is_found_by_its_words_in_every_form() -> None:
    text = "born in New York"
    by_place = [{"entity": "B-LOC", "score": 0.7, "start": 8, "end": 16}]
    by_word = [{"entity_group": "LOC", "score": 0.8, "word": "new york"}]
    document = SimpleNamespace(ents=[SimpleNamespace(text="New York", label_="LOC")])
    for answer, expected in ((by_place, 0.7), (by_word, 0.8), (document, 1.0), ([], 0.0)):
        tag = lambda texts, answer=answer: [answer for _ in texts]  # noqa: E731
        assert one.entity(tag, "New York", "LOC")([text]).tolist() == [expected]
        assert one.entity(tag, "New York")([text]).tolist() == [expected]
        assert one.entity(tag, "New York", "PER")([text]).tolist() == [0.0]


def test_likeness_is_the_cosine_and_nothing_is_like_nothing() -> None:
    embed = lambda texts: [[len(text), 1.0 if text else 0.0] for text in texts]  # noqa: E731
    found = one.similarity(embed, [3.0, 1.0])(["abc", "", "a"])
    assert found == pytest.approx([1.0, 0.0, 4 / np.sqrt(20)])


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: one.box_score(len, (0, 0, 0, 1)), "near: expected"),
        (lambda: one.box_score(len, (1, 2)), "near: expected"),
        (lambda: one.entity(len, " "), "words: expected"),
        (lambda: one.similarity(len, [0.0, 0.0]), "to: expected"),
        (lambda: one.similarity(lambda texts: [[1.0]] * 2, [1.0, 0.0])(["a"]), r"embed: expected \(1, 2\)"),
        (lambda: one.box_score(lambda images: [3], (0, 0, 1, 1))([0]), "expected boxes and scores"),
        (lambda: one.area(lambda images: [[1, 2]], 1)([0]), "expected a map"),
        (lambda: one.area(lambda images: np.zeros((3, 2, 2)), 1)([0]), "3 answers for 1 inputs"),
        (lambda: one.area(lambda images: 3, 1)([0]), "one answer for each input"),
        (lambda: one.entity(lambda texts: ["LOC"], "a")(["a"]), "expected a list of dicts"),
        (lambda: one.box_score("yolo.pt", (0, 0, 1, 1)), "model: expected a function"),
        (lambda: one.box_score(len, "abcd"), "near: expected"),
        (lambda: one.box_score(len, {"xmin": 0}), "near: expected"),
        (lambda: one.box_score(len, (0, 0, 1, 1), least=0), "least: expected"),
        (lambda: one.box_score(len, (0, 0, 1, 1), least=1.5), "least: expected"),
        (lambda: one.box_score(len, (0, 0, 1, 1), least=float("nan")), "least: expected"),
        (lambda: one.area(len, [1, 2]), "label: expected one class"),
        (lambda: one.area(len, float("nan")), "label: expected one class"),
        (lambda: one.similarity(len, "query"), "to: expected"),
        (lambda: one.similarity(lambda texts: [[1j, 0.0]], [1.0, 0.0])(["a"]), "real vectors"),
        (lambda: one.similarity(lambda texts: [[1.0], [1.0, 2.0]], [1.0])(["a", "b"]), "several lengths"),
    ],
)
def test_what_does_not_fit_is_said(call: Any, said: str) -> None:
    with pytest.raises((ll.InputError, ll.ModelOutputError), match=said):
        call()


def test_among_boxes_in_one_place_the_highest_score_counts_in_any_order() -> None:
    for scores in ([0.2, 0.9], [0.9, 0.2]):
        answer = {"boxes": [[0, 0, 4, 4]] * 2, "scores": scores}
        assert one.box_score(lambda images, answer=answer: [answer], (0, 0, 4, 4))([0]).tolist() == [0.9]


def test_boxes_as_shares_of_the_image_are_not_held_against_pixels() -> None:
    model = lambda images: [{"boxes": [[0.0, 0.0, 0.5, 0.5]], "scores": [0.9]}]  # noqa: E731
    with pytest.raises(ll.ModelOutputError, match="between 0 and 1"):
        one.box_score(model, (0, 0, 112, 112))([0])
    assert one.box_score(model, (0, 0, 0.5, 0.5))([0]).tolist() == [0.9]


def test_an_answer_that_nobody_can_read_is_no_0() -> None:
    nan = float("nan")
    box = {"boxes": [[0, 0, nan, 4]], "scores": [0.9]}
    assert np.isnan(one.box_score(lambda images: [box], (0, 0, 4, 4))([0])).all()
    place = [{"entity_group": "LOC", "word": "Paris", "score": score} for score in (0.5, nan)]
    assert np.isnan(one.entity(lambda texts: [place], "Paris")(["Paris"])).all()
    for vector in ([nan, 1.0], [np.inf, 1.0]):
        found = one.similarity(lambda texts, vector=vector: [vector, [1.0, 0.0]], [1.0, 0.0])(["a", "b"])
        assert np.isnan(found[0])
        assert found[1] == 1.0
    assert np.isnan(one.area(lambda images: np.full((1, 2, 2, 2), nan), 0)([0])).all()


def test_the_size_of_a_vector_is_nothing_to_its_direction() -> None:
    for size in (1e200, 1e-200):
        found = one.similarity(lambda texts, size=size: [[size, size], [0.0, -size]], [size, 0.0])(["a", "b"])
        assert found == pytest.approx([np.sqrt(0.5), 0.0])


def test_an_image_in_which_no_mask_was_found_has_none_inside() -> None:
    assert one.area(lambda images: [[]], "cat", inside=np.ones((8, 8)))([0]).tolist() == [0.0]


class Detector:
    """Sees a box where the upper left corner is bright."""

    def __call__(self, images: Any) -> Any:
        return [{"boxes": [[0, 0, 8, 8]], "scores": [float(each[:8, :8].mean()) / 255]} for each in images]


def test_a_detector_is_explained_by_the_box_asked_about() -> None:
    image = np.full((16, 16, 3), 200, np.uint8)
    quarters = (np.arange(16)[:, None] // 8) * 2 + np.arange(16) // 8
    model = pickle.loads(pickle.dumps(one.box_score(Detector(), (0, 0, 8, 8))))
    explanation = ll.Explainer(model, ll.Image(segments=quarters, fill=0), seed=0).explain(image)
    weights = explanation.coef[0]
    assert weights[0] == pytest.approx(200 / 255)
    assert np.allclose(weights[1:], 0)


def test_an_entity_is_explained_by_the_words_that_make_it_one() -> None:
    def tag(texts: list[str]) -> Any:
        return [[{"entity_group": "LOC", "score": 0.9, "word": "Paris"}] if "in Paris" in t else [] for t in texts]

    model = ll.one_number.entity(tag, "Paris", "LOC")
    top = ll.Explainer(model, ll.Text(), seed=0).explain("she lives in Paris today").as_list()[:2]
    assert {name for name, _ in top} == {"in", "Paris"}
