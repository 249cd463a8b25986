"""The answers of a slow local model, kept: rows that are known are not asked, and all are read as if they had been.

Around one call of f. Input: rows, and a function that asks some of them. Output: the form of all answers
(`forms.py`). Kept is the form, not what is made of it, so that labels, names and notes come out alike in a rerun.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

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
    _name: str = ""
    _question: Repeats | None = field(default=None, repr=False)

    def __getstate__(self) -> dict[str, Any]:
        return {"cache": self.cache, "model": self.model, "_name": "", "_question": None}

    def form(self, inputs: Inputs, ask: Callable[[Inputs, int], Form]) -> Form:
        """Return the form of the answers to all inputs; `ask` is called with those that are not known, if any."""
        question = current()
        name = self._known_by(question)
        keys = question.numbered(row_keys(inputs, name.encode()))
        known = self.cache.get(keys)
        missing = [row for row, key in enumerate(keys) if key not in known]
        if missing:
            asked = inputs if len(missing) == len(keys) else take(inputs, np.array(missing, dtype=np.intp))
            answered = packed(ask(asked, len(missing)))
            new = {keys[row]: answer for row, answer in zip(missing, answered, strict=True)}
            self.cache.put(new, name)
            known.update(new)
        return unpacked([known[key] for key in keys])

    def _known_by(self, question: Repeats) -> str:
        if self.cache.model is not None:
            return self.cache.model
        if question is not self._question or not self._name:
            self._question, self._name = question, fingerprint(self.model)
        return self._name


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
    return [
        head + json.dumps([[_one(label), float(score)] for label, score in row.items()]).encode() for row in form.rows
    ]


def unpacked(answers: Sequence[bytes]) -> Form:
    """Return answers as one form."""
    parts = [answer.partition(b"\n") for answer in answers]
    kind, *about = json.loads(parts[0][0])
    if kind == "numbers":
        return _numbers(parts, *about)
    values = [json.loads(content) for _, _, content in parts]
    if kind == "labels":
        return Labels(values, None if about[0] is None else tuple(about[0]))
    return Scores([dict(map(tuple, pairs)) for pairs in values])


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
    return None if values is None else [_one(value) for value in values]


def _one(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value
