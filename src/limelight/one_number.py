"""Boxes, maps, entities and embeddings → one number each: what a model that answers with many things is explained by.

Each function here takes a model and returns one that answers n inputs with (n,) numbers, so that it can be explained:

>>> import limelight as ll
>>> def detector(images):
...     return [{"boxes": [[0, 0, 4, 4]], "scores": [float(image[:4, :4].mean() > 100)]} for image in images]
>>> import numpy as np
>>> seen = ll.one_number.box_score(detector, near=(0, 0, 4, 4))
>>> seen(np.full((2, 8, 8, 3), 200)).tolist()
[1.0, 1.0]

Which number is a choice, and weights are about that number: a box that has moved away counts as one that is gone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.errors import InputError, ModelOutputError

Numbers = NDArray[np.float64]
Box = tuple[float, float, float, float]
LEAST = 0.5
"""Boxes that overlap less are of something else, as detection benchmarks count it (PASCAL VOC)."""


def box_score(
    model: Callable[[Any], Any], near: Sequence[float], label: Any = None, least: float = LEAST
) -> Callable[[Any], Numbers]:
    """Return a model that answers with the score of the box nearest to a given one; 0 where there is none.

    Parameters
    ----------
    model
        n images → n answers: dicts or objects with ``boxes`` (m, 4), ``scores`` and, for `label`, ``labels``; or lists
        of ``{"box", "score", "label"}`` as pipelines of transformers give them; or ``boxes`` with ``xyxy``, ``conf``
        and ``cls``.
    near
        ``(left, top, right, bottom)``: usually a box of the image as it is.
    label
        Only boxes of this class count; None takes all.
    least
        The least intersection over union with `near`.

    Returns
    -------
    callable
        n images → (n,) scores.

    Raises
    ------
    InputError
        If `near` is no box.

    Examples
    --------
    >>> found = lambda images: [[{"box": {"xmin": 0, "ymin": 0, "xmax": 9, "ymax": 9}, "score": 0.8, "label": "cat"}]]
    >>> box_score(found, (0, 0, 10, 10), "cat")([0]).tolist(), box_score(found, (0, 0, 10, 10), "dog")([0]).tolist()
    ([0.8], [0.0])
    """
    corners = np.asarray(near, dtype=np.float64)
    if corners.shape != (4,) or not (corners[:2] < corners[2:]).all():
        raise InputError(
            f"near: expected (left, top, right, bottom), got {near!r}; take a box of the model's own answer."
        )
    return _Read(model, _Nearest(tuple(corners.tolist()), label, float(least)))


def area(model: Callable[[Any], Any], label: Any, inside: Any = None) -> Callable[[Any], Numbers]:
    """Return a model that answers with the share of a segmentation map that a class takes.

    Parameters
    ----------
    model
        n images → n maps: (h, w) labels, or (k, h, w) scores of k classes of which the largest counts; a dict with
        ``out`` holds these; or lists of ``{"label", "mask"}``.
    label
        The class: what the map holds, or the index of its scores.
    inside
        (h, w) booleans: only these pixels count. None takes all.

    Returns
    -------
    callable
        n images → (n,) shares from 0 to 1.

    Examples
    --------
    >>> maps = lambda images: np.array([[[0, 3], [3, 3]]])
    >>> area(maps, 3)([0]).tolist(), area(maps, 3, [[True, True], [False, False]])([0]).tolist()
    ([0.75], [0.5])
    """
    return _Read(model, _Share(label, None if inside is None else np.asarray(inside, dtype=bool)))


def entity(model: Callable[[Any], Any], words: str, label: str | None = None) -> Callable[[Any], Numbers]:
    """Return a model that answers with the probability that some words are an entity; 0 where they are none.

    Named by their words and not by their place, because the places of all words behind a hidden one change.

    Parameters
    ----------
    model
        n texts → n answers: lists of dicts with ``entity`` or ``entity_group``, ``score`` and ``word``, or with
        ``start`` and ``end``; or documents of spaCy, whose entities are certain.
    words
        The words, as they stand in the text.
    label
        The kind of entity; None takes any. Beginnings and insides of one kind (``B-LOC``, ``I-LOC``) are that kind.

    Returns
    -------
    callable
        n texts → (n,) probabilities.

    Examples
    --------
    >>> place = {"entity_group": "LOC", "score": 0.9, "word": "Paris"}
    >>> tag = lambda texts: [[place] if "in Paris" in text else [] for text in texts]
    >>> entity(tag, "Paris", "LOC")(["born in Paris", "Paris", "born"]).tolist()
    [0.9, 0.0, 0.0]
    """
    if not isinstance(words, str) or not words.strip():
        raise InputError(f"words: expected the words of the entity as they stand in the text, got {words!r}.")
    return _Read(model, _Entity(words.strip(), label), texts=True)


def similarity(embed: Callable[[Any], Any], to: Any) -> Callable[[Any], Numbers]:
    """Return a model that answers with the cosine between each input's embedding and another one.

    Parameters
    ----------
    embed
        n inputs → (n, d) vectors.
    to
        (d,) the other vector, such as ``embed([query])[0]``.

    Returns
    -------
    callable
        n inputs → (n,) numbers from −1 to 1.

    Examples
    --------
    >>> count = lambda texts: [[text.count("a"), text.count("b")] for text in texts]
    >>> similarity(count, [1, 0])(["aa", "b"]).tolist()
    [1.0, 0.0]
    """
    vector = np.asarray(to, dtype=np.float64)
    if vector.ndim != 1 or not np.isfinite(vector).all() or not vector.any():
        raise InputError(
            f"to: expected one vector (d,) that is not 0, got shape {vector.shape}; pass embed([query])[0]."
        )
    return _Alike(embed, vector)


# -- models, as objects that pickle ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Read:
    """A model whose every answer is read as one number."""

    model: Callable[[Any], Any]
    number: Callable[[Any, Any], float]
    texts: bool = False

    def __call__(self, inputs: Any) -> Numbers:
        found = self.model(inputs)
        answers = found["out"] if isinstance(found, Mapping) and "out" in found else found
        if isinstance(answers, (str, bytes, Mapping)) or not hasattr(answers, "__iter__"):
            raise ModelOutputError(f"model returned {type(found).__name__}; expected one answer for each input.")
        several = list(answers)
        if len(several) != len(inputs):
            raise ModelOutputError(
                f"model returned {len(several)} answers for {len(inputs)} inputs; return one for each."
            )
        return np.array([self.number(answer, given) for answer, given in zip(several, inputs, strict=True)])


@dataclass(frozen=True)
class _Nearest:
    """Score of the box nearest to another."""

    near: Box
    label: Any
    least: float

    def __call__(self, answer: Any, _: Any) -> float:
        best, score = self.least, 0.0
        for box, found, label in _boxes(answer):
            overlap = _overlap(self.near, box)
            if overlap >= best and (self.label is None or label == self.label):
                best, score = overlap, found
        return score


@dataclass(frozen=True)
class _Share:
    """Share of a map that a class takes."""

    label: Any
    inside: NDArray[np.bool_] | None

    def __call__(self, answer: Any, _: Any) -> float:
        own = self._mask(answer)
        if self.inside is None:
            return float(own.mean())
        if own.shape != self.inside.shape:
            raise InputError(f"inside: expected shape {own.shape} as the model's map, got {self.inside.shape}.")
        return float(own[self.inside].mean()) if self.inside.any() else 0.0

    def _mask(self, answer: Any) -> NDArray[np.bool_]:
        if isinstance(answer, list) and all(isinstance(each, Mapping) and "mask" in each for each in answer):
            masks = [_plain(each["mask"]) for each in answer if each.get("label") == self.label]
            shape = np.shape(_plain(answer[0]["mask"])) if answer else (1, 1)
            return np.asarray(np.any([np.zeros(shape, bool), *(mask > 0 for mask in masks)], axis=0))
        found = _plain(answer)
        if found.ndim == 3:
            found = found.argmax(axis=0)
        if found.ndim != 2:
            raise ModelOutputError(f"model returned shape {found.shape}; expected a map (h, w), or scores (k, h, w).")
        return np.asarray(found == self.label)


@dataclass(frozen=True)
class _Entity:
    """Probability that some words are an entity."""

    words: str
    label: str | None

    def __call__(self, answer: Any, text: Any) -> float:
        scores = [0.0]
        for words, label, score in _entities(answer, str(text)):
            if self.words.casefold() in words.casefold() and self.label in (None, label):
                scores.append(score)
        return max(scores)


@dataclass(frozen=True)
class _Alike:
    """Cosine with a vector."""

    embed: Callable[[Any], Any]
    to: Numbers

    def __call__(self, inputs: Any) -> Numbers:
        found = _plain(self.embed(inputs)).astype(np.float64)
        if found.shape != (len(inputs), len(self.to)):
            raise ModelOutputError(f"embed: expected ({len(inputs)}, {len(self.to)}) vectors, got shape {found.shape}.")
        sizes = np.linalg.norm(found, axis=1) * np.linalg.norm(self.to)
        return np.asarray(np.divide(found @ self.to, sizes, out=np.zeros(len(found)), where=sizes > 0))


# -- answers of libraries ----------------------------------------------------------------------------------------------


def _plain(values: Any) -> NDArray[Any]:
    """Return an array, of a tensor too, wherever it lies."""
    for step in ("detach", "cpu"):
        values = getattr(values, step, lambda values=values: values)()
    return np.asarray(values)


def _named(answer: Any, name: str) -> Any:
    return answer.get(name) if isinstance(answer, Mapping) else getattr(answer, name, None)


def _boxes(answer: Any) -> Iterable[tuple[Sequence[float], float, Any]]:
    """Return (box, score, label) of one answer of a detector."""
    if isinstance(answer, (list, tuple)) and all(isinstance(each, Mapping) and "box" in each for each in answer):
        for each in answer:
            box = each["box"]
            corners = [box[k] for k in ("xmin", "ymin", "xmax", "ymax")] if isinstance(box, Mapping) else list(box)
            yield corners, float(each["score"]), each.get("label")
        return
    boxes = _named(answer, "boxes")
    if boxes is None:
        raise ModelOutputError(
            f"model returned {type(answer).__name__} for an image; expected boxes and scores, or a list of dicts with "
            "box, score and label."
        )
    inner = hasattr(boxes, "xyxy")
    corners, scores, labels = (
        (boxes.xyxy, boxes.conf, boxes.cls) if inner else (boxes, _named(answer, "scores"), _named(answer, "labels"))
    )
    found = _plain(corners).reshape(-1, 4).tolist()
    said = [None] * len(found) if labels is None else _plain(labels).tolist()
    yield from zip(found, _plain(scores).astype(np.float64).tolist(), said, strict=True)


def _overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the intersection over union of two boxes.

    >>> round(_overlap((0, 0, 2, 2), (1, 0, 3, 2)), 3)
    0.333
    """
    wide = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    high = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    sizes = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    union = sum(sizes) - wide * high
    return wide * high / union if union > 0 else 0.0


def _entities(answer: Any, text: str) -> Iterable[tuple[str, str, float]]:
    """Return (words, kind, probability) of one answer of a tagger."""
    if hasattr(answer, "ents"):
        return [(each.text, each.label_, 1.0) for each in answer.ents]
    found = []
    for each in answer:
        if not isinstance(each, Mapping):
            raise ModelOutputError(
                f"model returned {type(each).__name__} for an entity; expected dicts with entity, score and word."
            )
        kind = str(each.get("entity_group", each.get("entity", each.get("label"))))
        start, end = each.get("start"), each.get("end")
        words = str(each.get("word", "")) if start is None or end is None else text[start:end]
        found.append((words, kind.removeprefix("B-").removeprefix("I-"), float(each.get("score", 1.0))))
    return found
