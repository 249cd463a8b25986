"""Boxes, maps and entities as libraries give them: what is read, and what would be misread and is refused."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.one_number.sights import boxes_of, entities_of, holds, pixels_of

BOX = [[0.0, 0.0, 4.0, 4.0]]


def yolo(names: Any) -> SimpleNamespace:
    boxes = SimpleNamespace(xyxy=np.array(BOX * 2), conf=np.array([0.7, 0.2]), cls=np.array([2.0, 0.0]))
    return SimpleNamespace(boxes=boxes, names=names)


@pytest.mark.parametrize("names", [{0: "dog", 1: "cow", 2: "cat"}, ["dog", "cow", "cat"]])
def test_a_class_goes_by_its_number_or_by_its_name_where_names_stand_beside(names: Any) -> None:
    assert boxes_of(yolo(names), "cat") == boxes_of(yolo(names), 2) == [(BOX[0], 0.7)]
    assert boxes_of(yolo(names), "cow") == []
    with pytest.raises(ll.UnknownNameError, match="did you mean 'cat'"):
        boxes_of(yolo(names), "catt")


@pytest.mark.parametrize("empty", [[], {"boxes": [], "scores": []}, {"boxes": np.zeros((0, 4)), "scores": np.zeros(0)}])
def test_no_boxes_are_no_boxes(empty: Any) -> None:
    assert boxes_of(empty) == []


@pytest.mark.parametrize(
    ("answer", "label", "said"),
    [
        ({"boxes": [[4, 4, 1, 1]], "scores": [0.5]}, None, "ends before it begins"),  # by centre and size
        ({"boxes": [[4, 0, 5, -1]], "scores": [0.5]}, None, "ends before it begins"),
        ({"boxes": BOX, "scores": [0.5, 0.6]}, None, r"scores of shape \(2,\)"),
        ({"boxes": BOX, "scores": [[0.5, 0.6]]}, None, r"scores of shape \(1, 2\)"),
        ({"boxes": [[0, 0, 4, 4, 0.9]], "scores": [0.5]}, None, r"boxes of shape \(1, 5\)"),
        ({"boxes": [[0, 0, 4, 4, 1, 1, 2, 2]], "scores": [0.5, 0.5]}, None, r"boxes of shape \(1, 8\)"),
        ({"boxes": BOX}, None, "without scores"),
        ({"boxes": BOX, "scores": ["high"]}, None, "scores that are no numbers"),
        ({"boxes": BOX, "scores": [0.5]}, 1, "have no labels"),
        ({"boxes": BOX, "scores": [0.5], "labels": [1]}, "1", "such as 1, got '1'"),
        ([{"box": BOX[0], "score": 0.5, "label": "cat"}], 1, "such as cat, got 1"),
        ([{"box": BOX[0], "score": 0.5}], "cat", "have no labels"),
        ([{"box": BOX[0]}], None, "expected a score"),
        ([{"box": {"x": 0, "y": 0, "width": 4, "height": 4}, "score": 0.5}], None, "a box by x, y, width, height"),
        ([{"bbox": BOX[0], "score": 0.5}], None, "expected boxes and scores"),
    ],
)
def test_boxes_that_would_be_misread_are_refused(answer: Any, label: Any, said: str) -> None:
    with pytest.raises((ll.InputError, ll.ModelOutputError), match=said):
        boxes_of(answer, label)


def test_scores_of_classes_are_read_classes_first_whatever_the_picture() -> None:
    scores = np.zeros((3, 5, 5))
    scores[1, 0] = 1.0
    top = np.zeros((5, 5))
    top[0] = 1.0
    for image in (np.zeros((5, 5, 3)), np.zeros((3, 5, 5)), np.zeros((5, 5)), None):
        assert pixels_of(scores, 1, image).tolist() == top.tolist()  # type: ignore[union-attr]
    for image in (np.zeros((5, 5, 3)), np.zeros((3, 5, 5)), np.zeros((5, 5))):
        with pytest.raises(ll.ModelOutputError, match="classes last"):
            pixels_of(np.moveaxis(scores, 0, -1), 1, image)


def test_a_soft_mask_counts_above_a_half_and_any_other_above_nothing() -> None:
    def seen(mask: Any) -> Any:
        return pixels_of([{"label": "cat", "mask": np.array([mask])}], "cat").tolist()  # type: ignore[union-attr]

    assert seen([0.1, 0.5, 0.6]) == [[0.0, 0.0, 1.0]]
    assert seen([-3.0, 0.1, 7.0]) == [[0.0, 1.0, 1.0]]
    assert seen([0, 1, 255]) == [[0.0, 1.0, 1.0]]
    assert seen([False, True]) == [[0.0, 1.0]]


def test_several_masks_of_a_class_are_taken_together_and_no_answer_has_none() -> None:
    masks = [{"label": "cat", "mask": np.eye(2)}, {"label": "cat", "mask": 1 - np.eye(2)}]
    assert pixels_of(masks, "cat").tolist() == [[1.0, 1.0], [1.0, 1.0]]  # type: ignore[union-attr]
    assert pixels_of(masks, "dog").tolist() == [[0.0, 0.0], [0.0, 0.0]]  # type: ignore[union-attr]
    assert pixels_of([], "cat") is None


def test_pixels_that_nothing_is_said_of_are_not_known() -> None:
    found = pixels_of(np.array([[np.nan, 1.0, 2.0]]), 1)
    assert found is not None
    assert np.isnan(found[0, 0])
    assert found[0, 1:].tolist() == [1.0, 0.0]


@pytest.mark.parametrize(
    ("answer", "label", "said"),
    [
        (np.zeros((1, 4, 4)), 0, "of one class, which is always the largest"),
        (np.zeros((3, 4, 4)), 3, "from 0 to 2, got 3"),
        (np.zeros((3, 4, 4)), -1, "from 0 to 2, got -1"),
        (np.zeros((3, 4, 4)), "cat", "from 0 to 2, got 'cat'"),
        (np.zeros((3, 4, 4)), True, "from 0 to 2, got True"),
        (np.full((4, 4), 0.3), 1, "fractions, which are scores"),
        (np.zeros((4, 4), int), "cat", "such as 0, got 'cat'"),
        (np.full((4, 4), "cat"), 0, "such as cat, got 0"),
        (np.zeros((0, 0)), 0, "expected a map"),
        ([{"label": "cat", "mask": None}], "cat", "masks of shapes"),
        ([{"label": "cat", "mask": np.eye(2)}, {"label": "cat", "mask": np.eye(3)}], "cat", "masks of shapes"),
    ],
)
def test_maps_that_would_be_misread_are_refused(answer: Any, label: Any, said: str) -> None:
    with pytest.raises((ll.InputError, ll.ModelOutputError), match=said):
        pixels_of(answer, label)


def piece(entity: str, word: str, score: float, start: int | None = None, **more: Any) -> dict[str, Any]:
    return {"entity": entity, "word": word, "score": score, "start": start, **more} | (
        {} if start is None else {"end": start + len(word.removeprefix("##"))}
    )


def test_pieces_of_an_entity_are_put_together_by_their_places() -> None:
    text = "Ada Byron in Paris, Rome"
    pieces = [
        piece("B-PER", "Ada", 0.9, 0),
        piece("I-PER", "By", 0.8, 4),
        piece("I-PER", "##ron", 0.7, 6),
        piece("B-LOC", "Par", 0.6, 13),
        piece("B-LOC", "##is", 0.4, 16),  # a tagger that calls each piece of a word the beginning
        piece("B-LOC", "Rome", 0.5, 20),
    ]
    found = entities_of(pieces, text)
    assert [(words, kind) for words, kind, _ in found] == [("Ada Byron", "PER"), ("Paris", "LOC"), ("Rome", "LOC")]
    assert [score for *_, score in found] == pytest.approx([0.8, 0.5, 0.5])


def test_pieces_without_places_go_by_their_order() -> None:
    ada = [piece("B-PER", "Ada", 0.9, index=1), piece("I-PER", "Byron", 0.7, index=2)]
    assert entities_of(ada, "")[0][0] == "Ada Byron"
    apart = [ada[0], {**ada[1], "index": 5}]
    assert [words for words, *_ in entities_of(apart, "")] == ["Ada", "Byron"]
    other = [ada[0], {**ada[1], "entity": "I-LOC"}]
    assert [kind for _, kind, _ in entities_of(other, "")] == ["PER", "LOC"]
    two = [piece("B-PER", "Ada", 0.9), piece("B-PER", "Ben", 0.7)]
    assert [words for words, *_ in entities_of(two, "")] == ["Ada", "Ben"]


def test_whole_entities_are_not_put_together() -> None:
    whole = [{"entity_group": "LOC", "word": name, "score": 0.5} for name in ("Paris", "Rome")]
    assert [words for words, *_ in entities_of(whole, "")] == ["Paris", "Rome"]
    spans = [{"label": "city", "text": "Paris", "score": 0.5, "start": 0.0, "end": 5.0}]
    assert entities_of(spans, "Paris") == [("Paris", "city", 0.5)]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (None, "NoneType for a text"),
        ({"entity_group": "LOC", "word": "Paris", "score": 0.5}, "dict for a text"),
        ([("Paris", "LOC", 0.5)], "tuple for an entity"),
        ([{"entity_group": "LOC", "word": "Paris"}], "a dict with entity_group, word for an entity"),
    ],
)
def test_entities_that_would_be_misread_are_refused(answer: Any, said: str) -> None:
    with pytest.raises(ll.ModelOutputError, match=said):
        entities_of(answer, "Paris")


@pytest.mark.parametrize(
    ("words", "found", "there"),
    [
        ("Paris", "paris", True),
        ("Paris", "Parishville", False),
        ("Paris", "Comparis", False),
        ("Paris", "Parishville, Paris", True),
        ("Paris", "Paris-Nord", True),
        ("24", "1945-24", True),
        ("24", "240", False),
        ("York", "New York", True),
        ("北京", "北京市", True),
        ("C++", "C++ 20", True),
    ],
)
def test_words_are_found_as_whole_words(words: str, found: str, there: bool) -> None:
    assert holds(words, found) is there
