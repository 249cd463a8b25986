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

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.errors import InputError, ModelOutputError
from limelight.one_number.sights import boxes_of, entities_of, holds, pixels_of, plain

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
        Of boxes that are equally near the highest score counts.
    label
        Only boxes of this class count; None takes all. A name, where the model's answer has `names` beside its numbers.
    least
        The least intersection over union with `near`: above 0, up to 1.

    Returns
    -------
    callable
        n images → (n,) scores.

    Raises
    ------
    InputError
        If `near` is no box, or `least` no share; when asked, if no box of the model can have this label.
    ModelOutputError
        When asked, if the answer has no boxes by their corners, or they are shares of the image where `near` is pixels.

    Examples
    --------
    >>> found = lambda images: [[{"box": {"xmin": 0, "ymin": 0, "xmax": 9, "ymax": 9}, "score": 0.8, "label": "cat"}]]
    >>> box_score(found, (0, 0, 10, 10), "cat")([0]).tolist(), box_score(found, (0, 0, 10, 10), "dog")([0]).tolist()
    ([0.8], [0.0])
    """
    corners = _vector("near", near, "(left, top, right, bottom)", "take a box of the model's own answer")
    if corners.shape != (4,) or not (corners[:2] < corners[2:]).all():
        raise InputError(
            f"near: expected (left, top, right, bottom), got {near!r}; take a box of the model's own answer."
        )
    if isinstance(least, (bool, str)) or not (0 < least <= 1):
        raise InputError(f"least: expected a share above 0, up to 1, got {least!r}; .5 is usual.")
    left, top, right, bottom = corners.tolist()
    return _Read(_asked(model), _Nearest((left, top, right, bottom), label, float(least)))


def area(model: Callable[[Any], Any], label: Any, inside: Any = None) -> Callable[[Any], Numbers]:
    """Return a model that answers with the share of a segmentation map that a class takes.

    Parameters
    ----------
    model
        n images → n maps: (h, w) labels, or (k, h, w) scores of k classes of which the largest counts; a dict with
        ``out`` holds these; or lists of ``{"label", "mask"}``. A soft mask, of fractions, counts where it is above ½.
    label
        The class: what the map holds, or the index of its scores.
    inside
        (h, w) booleans: only these pixels count. None takes all.

    Returns
    -------
    callable
        n images → (n,) shares from 0 to 1.

    Raises
    ------
    InputError
        If the label is no single value; when asked, if no pixel of the map can have it.
    ModelOutputError
        When asked, if the answer is no map, or scores where labels are expected.

    Examples
    --------
    >>> maps = lambda images: np.array([[[0, 3], [3, 3]]])
    >>> area(maps, 3)([0]).tolist(), area(maps, 3, [[True, True], [False, False]])([0]).tolist()
    ([0.75], [0.5])
    """
    if np.ndim(label) or label != label:
        raise InputError(f"label: expected one class, got {label!r}.")
    return _Read(_asked(model), _Share(label, None if inside is None else np.asarray(inside, dtype=bool)))


def entity(model: Callable[[Any], Any], words: str, label: str | None = None) -> Callable[[Any], Numbers]:
    """Return a model that answers with the probability that some words are an entity; 0 where they are none.

    Named by their words and not by their place, because the places of all words behind a hidden one change.

    Parameters
    ----------
    model
        n texts → n answers: lists of dicts with ``entity`` or ``entity_group``, ``score`` and ``word``, or with
        ``start`` and ``end``; or documents of spaCy, whose entities are certain. Pieces of words, and of entities, are
        put together, with the mean of their probabilities.
    words
        The words, as they stand in the text: whole words, and upper or lower case alike.
    label
        The kind of entity; None takes any. Beginnings and insides of one kind (``B-LOC``, ``I-LOC``) are that kind.

    Returns
    -------
    callable
        n texts → (n,) probabilities.

    Raises
    ------
    InputError
        If there are no words.
    ModelOutputError
        When asked, if the answer is no list of entities.

    Examples
    --------
    >>> place = {"entity_group": "LOC", "score": 0.9, "word": "Paris"}
    >>> tag = lambda texts: [[place] if "in Paris" in text else [] for text in texts]
    >>> entity(tag, "Paris", "LOC")(["born in Paris", "Paris", "born"]).tolist()
    [0.9, 0.0, 0.0]
    """
    if not isinstance(words, str) or not words.strip():
        raise InputError(f"words: expected the words of the entity as they stand in the text, got {words!r}.")
    return _Read(_asked(model), _Entity(words.strip(), label), texts=True)


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
        n inputs → (n,) numbers from −1 to 1; 0 for a vector of nothing but 0.

    Raises
    ------
    InputError
        If `to` is no vector.
    ModelOutputError
        When asked, if the embeddings are no real vectors as long as it.

    Examples
    --------
    >>> count = lambda texts: [[text.count("a"), text.count("b")] for text in texts]
    >>> similarity(count, [1, 0])(["aa", "b"]).tolist()
    [1.0, 0.0]
    """
    vector = _vector("to", to, "one vector (d,) that is not 0", "pass embed([query])[0]")
    if vector.ndim != 1 or not np.isfinite(vector).all() or not vector.any():
        raise InputError(
            f"to: expected one vector (d,) that is not 0, got shape {vector.shape}; pass embed([query])[0]."
        )
    return _Alike(_asked(embed), vector / np.abs(vector).max())


def _asked(model: Any) -> Any:
    if not callable(model):
        raise InputError(f"model: expected a function of n inputs, got {type(model).__name__}; pass its predict.")
    return model


def _vector(name: str, values: Any, expected: str, remedy: str) -> Numbers:
    try:
        return np.asarray(plain(values), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"{name}: expected {expected}, got {values!r}; {remedy}.") from error


# -- models, as objects that pickle ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Read:
    """A model whose every answer is read as one number."""

    model: Callable[[Any], Any]
    number: Callable[[Any, Any], float]
    texts: bool = False

    def __call__(self, inputs: Any) -> Numbers:
        found = self.model(inputs)
        if isinstance(found, Mapping) and "out" in found:
            answers = found["out"]
        else:
            answers = found
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
        found = boxes_of(answer, self.label)
        corners = np.array([box for box, _ in found]).reshape(-1, 4)
        if np.isnan(corners).any():
            return np.nan  # nobody knows where it lies
        if max(self.near) > 2 and len(corners) and corners.max() <= 1 and (corners % 1 > 0).any():
            raise ModelOutputError(
                "model returned boxes between 0 and 1, shares of the image, and near is in pixels; give both alike."
            )
        overlaps = [(_overlap(self.near, box), score) for box, score in found]
        # the nearest; among those that lie in one place the highest score, whatever their order
        return max([each for each in overlaps if each[0] >= self.least], default=(0.0, 0.0))[1]


@dataclass(frozen=True)
class _Share:
    """Share of a map that a class takes."""

    label: Any
    inside: NDArray[np.bool_] | None

    def __call__(self, answer: Any, image: Any) -> float:
        own = pixels_of(answer, self.label, image)
        if own is None:
            return 0.0
        if self.inside is None:
            return float(own.mean())
        if own.shape != self.inside.shape:
            raise InputError(f"inside: expected shape {own.shape} as the model's map, got {self.inside.shape}.")
        if self.inside.any():
            return float(own[self.inside].mean())
        return 0.0


@dataclass(frozen=True)
class _Entity:
    """Probability that some words are an entity."""

    words: str
    label: str | None

    def __call__(self, answer: Any, text: Any) -> float:
        found = entities_of(answer, str(text))
        scores = [score for words, label, score in found if self.label in (None, label) and holds(self.words, words)]
        if scores:
            return float(np.max(scores))
        return 0.0


@dataclass(frozen=True)
class _Alike:
    """Cosine with a vector."""

    embed: Callable[[Any], Any]
    to: Numbers

    def __call__(self, inputs: Any) -> Numbers:
        found = plain(self.embed(inputs))
        if found.shape != (len(inputs), len(self.to)) or found.dtype.kind == "c":
            got = f"{found.dtype} of shape {found.shape}"
            raise ModelOutputError(f"embed: expected ({len(inputs)}, {len(self.to)}) real vectors, got {got}.")
        vectors = found.astype(np.float64)
        vectors[~np.isfinite(vectors).all(axis=1)] = np.nan
        largest = np.abs(vectors).max(axis=1, initial=0.0, keepdims=True)
        # vectors of very large or small numbers have a direction, too; without one there is nothing to be like
        vectors = np.divide(vectors, largest, out=np.zeros_like(vectors), where=largest != 0)
        sizes = np.linalg.norm(vectors, axis=1) * np.linalg.norm(self.to)
        return np.asarray(np.divide(vectors @ self.to, sizes, out=np.zeros(len(vectors)), where=sizes != 0))


# -- boxes ------------------------------------------------------------------------------------------------------------


def _overlap(one: Sequence[float], other: Sequence[float]) -> float:
    """Return the intersection over union of two boxes.

    >>> round(_overlap((0, 0, 2, 2), (1, 0, 3, 2)), 3)
    0.333
    """
    wide = max(0.0, min(one[2], other[2]) - max(one[0], other[0]))
    high = max(0.0, min(one[3], other[3]) - max(one[1], other[1]))
    sizes = [(box[2] - box[0]) * (box[3] - box[1]) for box in (one, other)]
    union = sum(sizes) - wide * high
    if union > 0:
        return wide * high / union
    return 0.0
