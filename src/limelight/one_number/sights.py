"""Boxes, maps and entities as libraries give them → corners, pixels and words, whichever library it was.

Input: one answer of a detector, of a segmentation or of a tagger. Output: what `one_number` chooses from. A form that
would be misread (boxes by centre and size, scores for a map of labels, the pieces of a word for the word) is refused or
put together: read as it stands, it gives a number that never moves, and nobody can see why.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.errors import InputError, ModelOutputError, UnknownNameError

SEEN = 0.5
"""A soft mask shows its object where it is above this."""
CORNERS = ("xmin", "ymin", "xmax", "ymax")
Box = Sequence[float]
Entity = tuple[str, str, float]


def plain(values: Any) -> NDArray[Any]:
    """Return an array, of a tensor too, wherever it lies.

    Raises
    ------
    ModelOutputError
        If its rows differ in length.

    >>> plain([[1, 2]]).shape
    (1, 2)
    """
    for step in ("detach", "cpu"):
        values = getattr(values, step, lambda values=values: values)()
    try:
        return np.asarray(values)
    except ValueError as error:
        raise ModelOutputError("model returned rows of several lengths; return an array.") from error


# -- boxes ------------------------------------------------------------------------------------------------------------


def boxes_of(answer: Any, label: Any = None) -> list[tuple[Box, float]]:
    """Return corners and score of each box of one answer, of one class if `label` is not None.

    Raises
    ------
    ModelOutputError
        If there are no boxes to be read, or they are none by corners.
    InputError, UnknownNameError
        If no box can have this label: the labels are of another kind.

    >>> boxes_of({"boxes": [[0, 0, 2, 1]], "scores": [0.5]})
    [([0.0, 0.0, 2.0, 1.0], 0.5)]
    """
    if _is_list_of(answer, "box"):
        corners, scores, labels = _listed(answer)
    else:
        corners, scores, labels = _in_arrays(answer)
    boxes, likely = _numbers(corners, "boxes"), _numbers(scores, "scores")
    boxes = boxes if boxes.size else boxes.reshape(0, 4)
    if boxes.ndim != 2 or boxes.shape[1] != 4 or likely.shape != (len(boxes),):
        raise ModelOutputError(
            f"model returned boxes of shape {boxes.shape} and scores of shape {likely.shape}; expected (m, 4) and (m,)."
        )
    backward = boxes[(boxes[:, 2] < boxes[:, 0]) | (boxes[:, 3] < boxes[:, 1])]
    if len(backward):
        raise ModelOutputError(
            f"model returned the box {backward[0].tolist()}, which ends before it begins; expected (left, top, right, "
            "bottom): convert boxes that are given by centre or size."
        )
    if label is None:
        wanted = np.ones(len(boxes), bool)
    else:
        wanted = _labelled(labels, label, getattr(answer, "names", None))
    return [(box, score) for box, score, own in zip(boxes.tolist(), likely.tolist(), wanted, strict=True) if own]


def _is_list_of(answer: Any, name: str) -> bool:
    return isinstance(answer, (list, tuple)) and all(isinstance(each, Mapping) and name in each for each in answer)


def _listed(answer: Sequence[Mapping[str, Any]]) -> tuple[Any, Any, Any]:
    """Return boxes, scores and labels of dicts with box, score and label."""
    if lacking := [each for each in answer if "score" not in each]:
        raise ModelOutputError(f"model returned a box with {', '.join(map(str, lacking[0]))}; expected a score beside.")
    boxes = [each["box"] for each in answer]
    if lacking := [box for box in boxes if isinstance(box, Mapping) and not set(CORNERS) <= set(box)]:
        named = ", ".join(map(str, lacking[0]))
        raise ModelOutputError(f"model returned a box by {named}; expected {', '.join(CORNERS)}, or four numbers.")
    corners = [_corners(box) for box in boxes]
    labelled = all("label" in each for each in answer)
    return corners, [each["score"] for each in answer], [each["label"] for each in answer] if labelled else None


def _corners(box: Any) -> list[Any]:
    if isinstance(box, Mapping):
        return [box[name] for name in CORNERS]
    return list(box)


def _in_arrays(answer: Any) -> tuple[Any, Any, Any]:
    """Return boxes, scores and labels of an answer that holds each of them together."""
    boxes = _named(answer, "boxes")
    if boxes is None:
        raise ModelOutputError(
            f"model returned {type(answer).__name__} for an image; expected boxes and scores, or a list of dicts with "
            "box, score and label."
        )
    if hasattr(boxes, "xyxy"):
        return boxes.xyxy, boxes.conf, boxes.cls
    scores = _named(answer, "scores")
    if scores is None:
        raise ModelOutputError("model returned boxes without scores; expected both.")
    return boxes, scores, _named(answer, "labels")


def _named(answer: Any, name: str) -> Any:
    if isinstance(answer, Mapping):
        return answer.get(name)
    return getattr(answer, name, None)


def _numbers(values: Any, what: str) -> FloatArray:
    try:
        return np.asarray(plain(values), dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise ModelOutputError(f"model returned {what} that are no numbers: {error}.") from error


def _labelled(labels: Any, label: Any, names: Any) -> NDArray[np.bool_]:
    """Return which boxes have a label; `names` are those of the classes, where the library keeps them beside."""
    if labels is None:
        raise InputError(f"label: expected None, since the model's boxes have no labels, got {label!r}; leave it out.")
    said = plain(labels)
    if isinstance(label, str) and said.dtype.kind in "biuf" and names is not None:
        if isinstance(names, Mapping):
            numbered = dict(names)
        else:
            numbered = dict(enumerate(names))
        if label not in numbered.values():
            raise UnknownNameError("label", label, list(numbered.values()))
        label = next(number for number, name in numbered.items() if name == label)
    _same_kind(label, said)
    return np.asarray(said == label).reshape(len(said))


def _same_kind(label: Any, said: NDArray[Any]) -> None:
    """Refuse a text where labels are numbers, and a number where they are texts: they are never equal."""
    if said.size and isinstance(label, str) != (not isinstance(said.flat[0], (bool, int, float, np.number, np.bool_))):
        raise InputError(f"label: expected one like the model's own, such as {said.flat[0]!s}, got {label!r}.")


# -- maps -------------------------------------------------------------------------------------------------------------


def pixels_of(answer: Any, label: Any, image: Any = None) -> FloatArray | None:
    """Return (h, w) 1 for pixels of a class, 0 for others, NaN where that is not known; None without any map.

    Parameters
    ----------
    answer
        (h, w) labels, (k, h, w) scores, a dict with ``out``, or a list of ``{"label", "mask"}``.
    label
        The class.
    image
        What the answer is about, if it is known: its size tells scores (h, w, k) from scores (k, h, w).

    Raises
    ------
    ModelOutputError
        If there is no map, or it does not say which class is where.
    InputError
        If no pixel can have this label.

    >>> pixels_of([[0, 3], [3, 3]], 3).tolist()
    [[0.0, 1.0], [1.0, 1.0]]
    """
    if _is_list_of(answer, "mask"):
        return _of_masks([each for each in answer if each.get("label") == label], answer)
    found = plain(answer["out"] if isinstance(answer, Mapping) and "out" in answer else answer)
    if found.ndim not in (2, 3) or not found.size:
        raise ModelOutputError(f"model returned shape {found.shape}; expected a map (h, w), or scores (k, h, w).")
    if found.ndim == 3:
        return _largest(found, label, np.shape(image))
    return _equal(found, label)


def _of_masks(own: list[Any], answer: Sequence[Any]) -> FloatArray | None:
    if not answer:
        return None  # nothing was found in the image
    masks = [plain(each["mask"]) for each in answer]
    if len({mask.shape for mask in masks}) > 1 or masks[0].ndim != 2 or not masks[0].size:
        shapes = sorted({mask.shape for mask in masks})
        raise ModelOutputError(f"model returned masks of shapes {shapes}; expected one shape (h, w).")
    shown = [_shown(plain(each["mask"])) for each in own]
    return np.max([np.zeros(masks[0].shape), *shown], axis=0)  # type: ignore[no-any-return]


def _shown(mask: NDArray[Any]) -> FloatArray:
    """Return where a mask shows its object: above a half where it is soft, above 0 where it is not."""
    soft = mask.dtype.kind == "f" and float(np.nanmin(mask)) >= 0 and float(np.nanmax(mask)) <= 1
    return _known(mask > (SEEN if soft else 0), mask)


def _known(found: NDArray[np.bool_], said: NDArray[Any]) -> FloatArray:
    """Return what was found as numbers, NaN where nothing was said."""
    if said.dtype.kind == "f":
        return np.where(np.isnan(said), np.nan, found)
    return found.astype(np.float64)


def _largest(scores: NDArray[Any], label: Any, image: tuple[int, ...]) -> FloatArray:
    """Return where one of k classes has the largest score."""
    k = len(scores)
    # a picture's colours are last where there are few of them, as in (h, w, 3)
    size = image[:2] if len(image) == 2 or image[-1:] <= (4,) else image[1:]
    if scores.shape[:2] == size != scores.shape[1:]:
        raise ModelOutputError(
            f"model returned scores {scores.shape}, classes last; expected (k, h, w): move them first."
        )
    if k == 1:
        raise ModelOutputError(
            f"model returned scores {scores.shape} of one class, which is always the largest; return labels (h, w), "
            "such as (scores[0] > 0)."
        )
    if isinstance(label, (bool, str)) or label not in range(k):
        raise InputError(f"label: expected the index of one of {k} classes, from 0 to {k - 1}, got {label!r}.")
    return _known(scores.argmax(axis=0) == label, scores.sum(axis=0))


def _equal(labels: NDArray[Any], label: Any) -> FloatArray:
    """Return where a map holds a label."""
    if labels.dtype.kind == "f" and bool((np.isfinite(labels) & (labels != np.round(labels))).any()):
        raise ModelOutputError(
            "model returned a map (h, w) of fractions, which are scores and no labels; return labels, such as "
            "(scores > 0.5)."
        )
    _same_kind(label, labels)
    return _known(labels == label, labels)


# -- entities ---------------------------------------------------------------------------------------------------------


def entities_of(answer: Any, text: str) -> list[Entity]:
    """Return (words, kind, probability) of each entity of one answer; pieces of one entity are put together.

    Parameters
    ----------
    answer
        A list of dicts with ``entity``, ``entity_group`` or ``label``, with ``score``, and with ``start`` and ``end``
        or ``word``; or a document of spaCy.
    text
        What it is about.

    Raises
    ------
    ModelOutputError
        If it is neither.

    Notes
    -----
    What has an ``entity`` is a piece, as transformers gives them without an aggregation: ``B-LOC`` begins an entity,
    ``I-LOC`` goes on, and so does a piece that touches the one before. The probability of a whole is the mean of its
    pieces' (their "simple" aggregation).

    >>> pieces = [{"entity": "B-LOC", "word": "Par", "score": 0.9}, {"entity": "I-LOC", "word": "##is", "score": 0.7}]
    >>> entities_of(pieces, "in Paris")
    [('Paris', 'LOC', 0.8)]
    """
    if hasattr(answer, "ents"):
        return [(each.text, each.label_, 1.0) for each in answer.ents]
    if isinstance(answer, (str, bytes, Mapping)) or not hasattr(answer, "__iter__"):
        raise ModelOutputError(f"model returned {type(answer).__name__} for a text; expected a list of dicts.")
    whole: list[list[Mapping[str, Any]]] = []
    for each in answer:
        if not isinstance(each, Mapping) or "score" not in each:
            if isinstance(each, Mapping):
                got = f"a dict with {', '.join(map(str, each))}"
            else:
                got = type(each).__name__
            raise ModelOutputError(f"model returned {got} for an entity; expected dicts with entity, score and word.")
        if whole and _goes_on(whole[-1][-1], each, text):
            whole[-1].append(each)
        else:
            whole.append([each])
    return [_entity(pieces, text) for pieces in whole]


def _entity(pieces: list[Mapping[str, Any]], text: str) -> Entity:
    first, last = _span(pieces[0]), _span(pieces[-1])
    if first and last:
        words = text[first[0] : last[1]]
    else:
        words = "".join(_piece(each) for each in pieces).strip()
    score = sum(float(each["score"]) for each in pieces) / len(pieces)
    return words, _kind(pieces[0]), score


def _goes_on(before: Mapping[str, Any], piece: Mapping[str, Any], text: str) -> bool:
    """Return whether a piece belongs to the entity of the piece before it."""
    if "entity" not in before or "entity" not in piece or _kind(before) != _kind(piece):
        return False
    begins = str(piece["entity"]).startswith("B-")
    ended, begun = _span(before), _span(piece)
    if ended and begun:
        between = text[ended[1] : begun[0]]
        if begins:
            return not between
        return not between.strip()
    if "index" in before and "index" in piece and piece["index"] != before["index"] + 1:
        return False
    return not begins or str(piece.get("word", "")).startswith("##")


def _kind(piece: Mapping[str, Any]) -> str:
    kind = str(piece.get("entity_group", piece.get("entity", piece.get("label"))))
    return kind.removeprefix("B-").removeprefix("I-")


def _span(piece: Mapping[str, Any]) -> tuple[int, int] | None:
    start, end = piece.get("start"), piece.get("end")
    if start is None or end is None:
        return None
    return (int(start), int(end))


def _piece(piece: Mapping[str, Any]) -> str:
    """Return the words of a piece, with a space before unless it goes on with a word."""
    word = str(piece.get("word", piece.get("text", "")))
    if word.startswith("##"):
        return word[2:]
    return " " + word.lstrip("▁Ġ ")


def holds(words: str, found: str) -> bool:
    """Return whether words are among others as whole words; case does not count.

    Scripts without case, many of which have no spaces, know no whole words.

    >>> holds("York", "New york"), holds("Paris", "Parishville"), holds("北京", "北京市")
    (True, False, True)
    """
    for match in re.finditer(re.escape(words.casefold()), folded := found.casefold()):
        before, after = folded[: match.start()][-1:], folded[match.end() :][:1]
        if not (_joined(before, match[0][:1]) or _joined(match[0][-1:], after)):
            return True
    return False


def _joined(one: str, other: str) -> bool:
    """Return whether two neighbours are of one word."""
    if one and other:
        return all(each.isdigit() or each.upper() != each.lower() for each in (one, other))
    return False
