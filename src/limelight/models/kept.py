"""The answers of a slow local model, kept: rows that are known are not asked, and all are read as if they had been.

Around one call of f. Input: rows. Output: those of them to be asked and, once they are answered, the form of all
answers (`forms.py`). Kept is the form, not what is made of it, so that labels, names and notes come out alike in a
rerun.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np

from limelight.contracts import Inputs
from limelight.inputs.keys import row_keys
from limelight.inputs.kinds import take
from limelight.models.cache import Cache
from limelight.models.fingerprint import fingerprint
from limelight.models.forms import Form, Labels, Numbers, Scores
from limelight.models.repeats import Repeats, current


@dataclass
class Kept:
    """What a cache knows of one model.

    Parameters
    ----------
    cache
        Where answers are kept.
    model
        What they are known by: `fingerprint`, made anew for each question, since a model may be fitted anew in place.
    """

    cache: Cache
    model: Any
    _names: WeakKeyDictionary[Repeats, str] = field(default_factory=WeakKeyDictionary, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        return {"cache": self.cache, "model": self.model}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(**state)  # type: ignore[misc]

    def known(self, inputs: Inputs) -> Known:
        """Return which inputs are known already; the others are to be asked."""
        question = current()
        name = self._known_by(question)
        keys = question.numbered(row_keys(inputs, name.encode()))
        found = self.cache.get(keys)
        missing = [row for row, key in enumerate(keys) if key not in found]
        if len(missing) == len(keys):
            asked = inputs
        else:
            asked = take(inputs, np.array(missing, dtype=np.intp))
        return Known(self.cache, name, keys, found, asked, missing)

    def _known_by(self, question: Repeats) -> str:
        if self.cache.model is not None:
            return self.cache.model
        if question not in self._names:  # several threads ask one model, each a question of its own
            self._names[question] = fingerprint(self.model)
        return self._names[question]


@dataclass(frozen=True, slots=True)
class Known:
    """What a cache knows of some rows.

    Parameters
    ----------
    cache, name
        Where the answers are kept, and by which name of the model.
    keys
        Of all rows.
    answers
        Those that are known, by key.
    asked, missing
        The inputs of the others, and which rows they are.
    """

    cache: Cache
    name: str
    keys: list[bytes]
    answers: dict[bytes, bytes]
    asked: Inputs
    missing: list[int]

    def form(self, form: Form | None) -> Form:
        """Return the form of the answers to all rows; `form` holds those to the missing ones, which are kept."""
        if form is not None:
            new = {self.keys[row]: answer for row, answer in zip(self.missing, packed(form), strict=True)}
            self.cache.put(new, self.name)
            self.answers.update(new)
        return unpacked([self.answers[key] for key in self.keys])


def packed(form: Form) -> list[bytes]:
    """Return the form of each answer as bytes: what all have in common, a line's end, and its own.

    >>> unpacked(packed(Numbers(np.array([[0.25, 0.75]]), names=("ham", "spam")))).names
    ('ham', 'spam')
    """
    if isinstance(form, Numbers):
        array = np.ascontiguousarray(form.array)
        about = [array.dtype.str, list(array.shape[1:]), form.names, _plain(form.labels), form.logits]
        return [_line(["numbers", *about]) + row.tobytes() for row in array]
    if isinstance(form, Labels):
        head = _line(["labels", _plain(form.known)])
        return [head + json.dumps(_one(value)).encode() for value in form.values]
    head = _line(["scores"])
    written = []
    for row in form.rows:
        pairs = None  # no answer
        if row is not None:
            # pairs and not an object: labels of JSON's objects are strings, and these may be numbers
            pairs = [[_one(label), float(score)] for label, score in row.items()]
        written.append(head + json.dumps(pairs).encode())
    return written


def unpacked(answers: Sequence[bytes]) -> Form:
    """Return answers as one form."""
    parts = [answer.partition(b"\n") for answer in answers]
    kind, *about = json.loads(parts[0][0])
    if kind == "numbers":
        return _numbers(parts, *about)
    values = [json.loads(content) for _, _, content in parts]
    if kind == "labels":
        return Labels(values, None if about[0] is None else tuple(about[0]))
    return Scores([dict(map(tuple, pairs)) if pairs is not None else None for pairs in values])


def _numbers(parts: Sequence[Any], dtype: str, shape: list[int], names: Any, labels: Any, logits: bool) -> Numbers:
    told = (None if names is None else tuple(names), None if labels is None else tuple(labels), logits)
    if all(head == parts[0][0] for head, _, _ in parts):
        whole = np.frombuffer(bytearray(b"".join(content for _, _, content in parts)), dtype=dtype)
        return Numbers(whole.reshape(len(parts), *shape), *told)
    rows = []  # answered in calls of other types: whole numbers in one batch, fractions in the next
    for head, _, content in parts:
        _, dtype, shape, *_ = json.loads(head)
        rows.append(np.frombuffer(content, dtype=dtype).reshape(shape))
    return Numbers(np.stack(rows), *told)


def _line(head: Any) -> bytes:
    return json.dumps(head).encode() + b"\n"


def _plain(values: Sequence[Any] | None) -> list[Any] | None:
    if values is None:
        return None
    return [_one(value) for value in values]


def _one(value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    return value
