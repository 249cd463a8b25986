"""The forms that answers come in: numbers, labels, or scores by label; or an error with a wrapper that helps.

Right after f has answered. Input: whatever the model returned. Output: `Numbers` (an array, as it was), `Labels` (one
of a few labels for each input) or `Scores` (a dict {label: score} for each input). What the columns then are is decided
in `reading.py`.
"""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.errors import LimelightError
from limelight.models import wrappers
from limelight.models.batches import Batch
from limelight.models.frames import Asked, frame_of, read_frame
from limelight.models.outputs import to_array, unexpected

NOTHING = Asked()
"""Where nothing is known of the inputs."""
LABEL_KEYS = ("label", "class", "class_name", "prediction_label", "prediction", "predicted")
SCORE_KEYS = ("score", "confidence", "probability", "prob", "proba")
"""How dicts and small objects name a label and the score that it has."""
ANSWER_KEYS = ("logits", "probabilities", "probs", "scores", "predictions", "outputs")
"""Under these names larger answers keep the numbers that are asked for, the likeliest first."""


@dataclass(frozen=True, slots=True)
class Numbers:
    """An array of any shape and dtype, and what it says about its columns."""

    array: NDArray[Any]
    names: tuple[str, ...] | None = None
    labels: tuple[Any, ...] | None = None
    logits: bool = False


@dataclass(frozen=True, slots=True)
class Labels:
    """One label for each input; `known` holds all of them where the answer says so (a categorical)."""

    values: list[Any]
    known: tuple[Any, ...] | None = None


@dataclass(frozen=True, slots=True)
class Scores:
    """The scores of some labels for each input; None where it has no answer."""

    rows: list[dict[Any, float] | None]


Form = Numbers | Labels | Scores


def read_form(answer: Any, batch: Batch, inputs: Asked = NOTHING) -> Form:
    """Return the form of an answer.

    Parameters
    ----------
    answer
        Whatever the model returned.
    batch
        The rows asked.
    inputs
        What was asked, by whose columns and index an answered frame is read.

    Raises
    ------
    ModelOutputError
        If it is none of the forms; the message holds a wrapper for what it is.

    >>> read_form([{"ham": 0.25, "spam": 0.75}], Batch(1, 0, 1, 1)).rows
    [{'ham': 0.25, 'spam': 0.75}]
    """
    try:
        return _read(answer, batch, inputs)
    except (TypeError, ValueError, AttributeError, KeyError, IndexError, OverflowError) as error:
        if isinstance(error, LimelightError):
            raise
        got = f"{_a(answer)} whose parts do not fit together ({type(error).__name__}: {error!s:.200})"
        raise unexpected(got, batch, wrappers.RETURN) from error


def _read(answer: Any, batch: Batch, inputs: Asked) -> Form:
    if isinstance(answer, np.ndarray):
        return _of_array(to_array(answer, batch)[0], batch)
    frame = frame_of(answer)
    if frame is not None:
        return _of_frame(frame, batch, inputs)
    if answer is None:
        raise unexpected("None", batch, "Has the function a return statement?")
    if isinstance(answer, (str, bytes)):
        raise unexpected(f"a {type(answer).__name__}", batch, f"Return one answer for each input. {wrappers.GENERATED}")
    _refuse_promises(answer, batch)
    if isinstance(answer, Mapping) or _has_answer(answer):
        return _of_object(answer, batch)
    if isinstance(answer, Iterator) or type(answer).__name__ in ("dict_values", "odict_values"):
        answer = list(islice(answer, batch.rows + 1))
    if isinstance(answer, (list, tuple)):
        return _of_list(answer, batch, inputs)
    return _of_array(to_array(answer, batch)[0], batch)


# ---- arrays and frames -----------------------------------------------------------------------------------------------


def _of_array(array: NDArray[Any], batch: Batch) -> Form:
    if array.dtype.kind in "US":
        return _labels_of_array(array, batch)
    if array.dtype.kind == "O" and array.size:
        first = next((item for item in array.flat if item is not None), None)
        if isinstance(first, (str, bytes)):
            return _labels_of_array(array, batch)
        if array.ndim == 1 and _is_row(first):
            return _of_list(array.tolist(), batch, NOTHING)
    return Numbers(array)


def _labels_of_array(array: NDArray[Any], batch: Batch) -> Labels | Numbers:
    if array.ndim == 2 and array.shape[1] > 1 and len(array) == batch.rows:
        return Numbers(array)  # labels of several outputs, which an estimator may name
    if array.size != batch.rows or len(array) != batch.rows:
        raise unexpected(f"shape {array.shape} of strings", batch, "Return one label for each input.")
    return Labels(array.ravel().tolist())


def _of_frame(answer: Any, batch: Batch, inputs: Asked) -> Form:
    read = read_frame(answer, batch, inputs)
    if read.label is not None and len(read.names) == 1:
        # one score beside a label is the score of that label, whichever it is
        scores = read.array.astype(np.float64)[:, 0].tolist()
        return Scores([{label: score} for label, score in zip(read.label, scores, strict=True)])
    if read.label is not None and not read.names:
        return Labels(read.label, read.known)
    return Numbers(read.array, None if read.unnamed else read.names, read.labels)


# ---- dicts and objects -----------------------------------------------------------------------------------------------


def _has_answer(answer: Any) -> bool:
    """Whether an object keeps its numbers, or its boxes, under a name known here."""
    if hasattr(answer, "detach") or hasattr(answer, "toarray") or np.isscalar(answer):
        return False
    return any(_named(answer, key) is not None for key in (*ANSWER_KEYS, *wrappers.ODD_KEYS, "cats"))


def _named(answer: Any, key: str) -> Any:
    """Return what an object or a dict keeps under a name; None where it keeps nothing, or has a method of that name."""
    found = answer.get(key) if isinstance(answer, Mapping) else getattr(answer, key, None)
    if callable(found):
        return None
    return found


def _of_object(answer: Any, batch: Batch) -> Form:
    """Read one dict or object that answers for all inputs."""
    if batch.rows == 1 and isinstance(answer, Mapping) and _scalar_row(answer) is not None:
        return Scores([_row(answer, batch)])
    if _named(answer, "boxes") is None:  # a detector's scores belong to boxes
        for key in ANSWER_KEYS:
            found = _named(answer, key)
            if found is not None and not isinstance(found, (str, Mapping)) and _length(found) == batch.rows:
                form = read_form(found, batch)
                return Numbers(form.array, logits=key == "logits") if isinstance(form, Numbers) else form
    for key, remedy in wrappers.ODD_KEYS.items():
        if _named(answer, key) is not None:
            raise unexpected(f"{_a(answer)} with {key!r}", batch, remedy)
    if isinstance(answer, Mapping):
        return _of_columns(answer, batch)
    if isinstance(_named(answer, "cats"), Mapping):
        return Scores([_row(answer, batch)])
    raise unexpected(_a(answer), batch, wrappers.RETURN)


def _of_columns(answer: Mapping[Any, Any], batch: Batch) -> Form:
    """Read a dict of columns {name: (n,)}, or of one array (n, k)."""
    lengths = {key: _length(values) for key, values in answer.items()}
    if not answer or any(length != batch.rows for length in lengths.values()):
        fitting = [key for key, length in lengths.items() if length == batch.rows]
        remedy = wrappers.RETURN
        if fitting:
            remedy = f"Choose one of its entries:{wrappers.function(f'return model(inputs)[{fitting[0]!r}]')}"
        raise unexpected(f"a dict of {_listed(answer)}", batch, remedy)
    arrays = {key: to_array(values, batch)[0] for key, values in answer.items()}
    label, score = _first(arrays, LABEL_KEYS), _first(arrays, SCORE_KEYS)
    if len(arrays) == 2 and label is not None and score is not None and label.ndim == score.ndim == 1:
        return _pairs(label, score)
    if len(arrays) == 1:
        ((key, array),) = arrays.items()
        form = _of_array(array, batch)
        is_column = isinstance(form, Numbers) and array.ndim == 1
        if is_column:
            return Numbers(array, (str(key),), (key,))
        return form
    if any(array.ndim != 1 or array.dtype.kind not in "fiub" for array in arrays.values()):
        remedy = f"Choose one of its entries:{wrappers.function(f'return model(inputs)[{next(iter(answer))!r}]')}"
        raise unexpected(f"a dict of {_listed(answer)}", batch, remedy)
    labels = tuple(arrays)
    return Numbers(np.column_stack(list(arrays.values())), tuple(str(key) for key in labels), labels)


def _refuse_promises(answer: Any, batch: Batch) -> None:
    if not (inspect.isawaitable(answer) or inspect.isasyncgen(answer)):
        return
    if inspect.iscoroutine(answer):
        answer.close()  # else Python warns that nobody awaited it
    remedy = "Run it to its end:" + wrappers.function("return asyncio.run(model(inputs))")
    raise unexpected(f"a {type(answer).__name__}, a promise of an answer,", batch, remedy)


# ---- lists -----------------------------------------------------------------------------------------------------------


def _of_list(items: Any, batch: Batch, inputs: Asked) -> Form:
    first = next((item for item in items if item is not None), None)
    if isinstance(first, (str, bytes)) and all(item is None or isinstance(item, (str, bytes)) for item in items):
        return _labels_of_array(np.array(items, dtype=object), batch)
    head = _chosen_head(items, batch)
    if head is not None:
        return read_form(head, batch, inputs)
    if _is_row(first):
        if batch.rows == 1 and len(items) > 1 and all(_pair(item) is not None for item in items):
            items = [items]  # one text asked of a pipeline that answers with all labels
        _check_length(items, batch)
        return _of_rows(list(items), batch)
    return _of_array(to_array(items, batch)[0], batch)


def _chosen_head(items: Any, batch: Batch) -> Any:
    """Return the array to read of a tuple or list of arrays that each hold all inputs; None where items are inputs."""
    arrays = [hasattr(item, "shape") or isinstance(item, (list, tuple)) for item in items]
    if not items or not all(arrays) or any(_length(item) != batch.rows for item in items):
        return None
    if len(items) == 1 and (batch.rows > 1 or np.ndim(items[0]) == 2):
        return items[0]
    if len(items) == 2 and _are_labels(items[0]) and not _are_labels(items[1]) and not _is_flat(items[1]):
        return items[1]  # what a classifier in ONNX answers: the label, and the scores of all
    if len(items) == batch.rows:
        return None
    if isinstance(items, tuple) or hasattr(items[0], "shape"):
        shapes = ", ".join(str(np.shape(item)) for item in items)
        raise unexpected(f"a {type(items).__name__} of {len(items)} arrays of shapes {shapes}", batch, wrappers.TUPLE)
    return None


def _is_flat(item: Any) -> bool:
    """Whether an item is one number for each input: beside labels, the score of whichever label was answered."""
    return all(_is_number(each) for each in item)


def _pairs(labels: Any, scores: Any) -> Scores:
    """Return the scores of labels of which each input has one."""
    pairs = zip(labels.tolist(), scores.astype(np.float64).tolist(), strict=True)
    return Scores([{label: score} for label, score in pairs])


def _are_labels(item: Any) -> bool:
    """Whether an item is one label for each input: whole numbers or strings beside something with more to say."""
    array = np.asarray(item) if not hasattr(item, "detach") else np.asarray(item.detach().cpu())
    return array.ndim == 1 and array.dtype.kind in "iuUSO" and not any(isinstance(each, Mapping) for each in item)


def _check_length(items: Any, batch: Batch) -> None:
    if len(items) != batch.rows:
        raise unexpected(f"a list of {len(items)} answers", batch, wrappers.RETURN)


def _is_row(item: Any) -> bool:
    """Whether an item is a dict, a list of dicts, or an object with scores: more than numbers, about one input."""
    if isinstance(item, Mapping):
        return True
    if isinstance(item, (list, tuple)):
        inner = item[0] if len(item) else None
        return _pair(item) is not None or isinstance(inner, Mapping) or _pair(inner) is not None
    if item is None or hasattr(item, "shape") or np.isscalar(item):
        return False
    return _has_answer(item) or _pair(item) is not None or callable(item)


def _of_rows(items: list[Any], batch: Batch) -> Form:
    """Read a list with a dict, a list of dicts or an object for each input."""
    for key in ANSWER_KEYS:
        found = [_named(item, key) if not isinstance(item, (list, tuple)) else None for item in items]
        if all(each is not None and not isinstance(each, Mapping) for each in found) and _plain(items):
            arrays = [np.ravel(to_array(each, Batch(1, 0, 1, 1))[0]) for each in found]
            return Numbers(np.stack(arrays), logits=key == "logits")
    if all(isinstance(item, Mapping) and len(item) == 1 for item in items):
        labels = [_first(item, LABEL_KEYS) for item in items]
        if all(isinstance(label, str) for label in labels):
            return Labels(labels)
    return Scores([_row(item, batch) if item is not None else None for item in items])


def _plain(items: list[Any]) -> bool:
    """Whether none of the objects is a detector's or a zero-shot answer, whose scores belong to boxes or labels."""
    return all(_named(item, key) is None for item in items for key in ("boxes", "labels", "masks"))


def _row(item: Any, batch: Batch) -> dict[Any, float]:
    """Return {label: score} of what the model answered for one input."""
    pair = _pair(item)
    if pair is not None:
        return dict([pair])
    if isinstance(item, (list, tuple)):
        pairs = [_pair(each) for each in item]
        if all(pair is not None for pair in pairs):
            return dict(pair for pair in pairs if pair is not None)
        odd = next(each for each, pair in zip(item, pairs, strict=True) if pair is None)
        raise _odd_row(odd, batch)
    cats = _named(item, "cats")
    if isinstance(cats, Mapping):
        item = cats
    labels, scores = _named(item, "labels"), _named(item, "scores")
    if labels is not None and scores is not None and _named(item, "boxes") is None:
        return {_label(label): float(score) for label, score in zip(labels, scores, strict=True)}
    if isinstance(item, Mapping):
        if len(item) == 1 and isinstance(inner := next(iter(item.values())), Mapping):
            item = inner
        if (scalars := _scalar_row(item)) is not None:
            return scalars
    raise _odd_row(item, batch)


def _pair(item: Any) -> tuple[Any, float] | None:
    """Return the label and the score of a small dict or object that holds one of each; None for anything else."""
    if item is None or isinstance(item, (str, bytes)) or np.isscalar(item) or hasattr(item, "shape"):
        return None
    if any(_named(item, key) is not None for key in wrappers.ODD_KEYS):
        return None
    if isinstance(item, (list, tuple)) and not hasattr(item, "_fields"):
        # (label, score), or (identifier, label, score) as Keras' decode_predictions answers
        words = len(item) in (2, 3) and all(isinstance(word, str) for word in item[:-1])
        return (item[-2], float(item[-1])) if words and _is_number(item[-1]) else None
    label, score = _first(item, LABEL_KEYS), _first(item, SCORE_KEYS)
    if label is None or score is None or not _is_number(score) or not isinstance(label, (str, int, bool, np.generic)):
        return None
    return _label(label), float(score)


def _first(item: Any, keys: tuple[str, ...]) -> Any:
    """Return what an item keeps under the first of some names that it has."""
    return next((found for key in keys if (found := _named(item, key)) is not None), None)


def _scalar_row(row: Mapping[Any, Any]) -> dict[Any, float] | None:
    """Return a dict of numbers with plain keys; None where it holds anything else."""
    if not row or not all(_is_number(value) for value in row.values()):
        return None
    return {_label(key): float(value) for key, value in row.items()}


def _is_number(value: Any) -> bool:
    if isinstance(value, (bool, int, float, np.number, np.bool_)):
        return True
    return getattr(value, "shape", None) == () and hasattr(value, "__float__")


def _label(label: Any) -> Any:
    """Return a label without numpy around it."""
    if isinstance(label, np.generic):
        return label.item()
    return label


def _odd_row(item: Any, batch: Batch) -> Exception:
    for key, remedy in wrappers.ODD_KEYS.items():
        if _named(item, key) is not None:
            return unexpected(f"{_a(item)} with {key!r} for an input", batch, remedy)
    if not isinstance(item, Mapping):
        remedy = wrappers.CURVES if callable(item) else wrappers.RETURN
        return unexpected(f"{_a(item)} for an input", batch, remedy)
    numbers = [key for key, value in item.items() if _is_number(value)]
    remedy = wrappers.key_of(numbers[0]) if numbers else wrappers.RETURN
    return unexpected(f"a dict of {_listed(item)} for an input", batch, remedy)


def _length(values: Any) -> int | None:
    try:
        return len(values)
    except TypeError:
        return None


def _listed(keys: Mapping[Any, Any]) -> str:
    names = [repr(key) for key in islice(keys, 6)]
    return ", ".join(names) + (", …" if len(keys) > len(names) else "")


def _a(item: Any) -> str:
    name = type(item).__name__
    return f"{'an' if name[:1].lower() in 'aeiou' else 'a'} {name}"
