"""What a request means to an explainer: KServe's verbs, without any HTTP; `whatif` has those of the live page.

Input: an explainer and the JSON of a request. Output: the JSON of the answer. Nothing is kept between requests but
what the explainer keeps.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from limelight.contracts import FloatArray
from limelight.errors import InputError
from limelight.explainer import Explainer
from limelight.result.explanation import Explanation
from limelight.result.schema import to_dict
from limelight.views import html

MOST_INSTANCES = 1000
"""How many instances one request may hold: a request is answered whole, and others wait for it."""


def predict(explainer: Explainer, body: Any) -> dict[str, Any]:
    """Return KServe's ``{"predictions": …}``: a number for each instance, or a list where there are several outputs."""
    return {"predictions": _rows(outputs_of(explainer, _instances(explainer, body)))}


def outputs_of(explainer: Explainer, instances: list[Any]) -> FloatArray:
    """Return (n, k) what the model says to instances, asked at once."""
    edited = getattr(explainer.modality, "edited", None)
    if edited is None:
        return explainer.perturb(None, edits=instances)
    rows = [edited(row, {}) for row in instances]
    return explainer.perturb(rows[0], edits=rows)  # each is the first one with all columns edited


def explain(explainer: Explainer, body: Any) -> dict[str, Any]:
    """Return ``{"predictions": …, "explanations": …}``: the former as `predict`, each of the latter as `to_json`."""
    instances = _instances(explainer, body)
    explanations = list(explainer.explain_many(instances))
    outputs = _said(explainer, explanations)
    predictions = _rows(outputs_of(explainer, instances) if outputs is None else outputs)
    return {"predictions": predictions, "explanations": [to_dict(each) for each in explanations]}


def _said(explainer: Explainer, explanations: list[Explanation]) -> FloatArray | None:
    """Return (n, k) what the model said while it was explained; None of many outputs: only the largest are kept."""
    names = explainer.output_names or ()
    said = [dict(each.outputs) for each in explanations]
    if any(set(each) != set(names) for each in said):
        return None
    return np.array([[each[name] for name in names] for each in said])


def received(explainer: Explainer, instance: Any) -> Any:
    """Return an instance as its kind of data takes it.

    Raises
    ------
    InputError
        If it is an image's path: files of the server are read for nobody.

    >>> from limelight import Explainer, Image
    >>> received(Explainer(lambda images: [image.mean() for image in images], Image()), "/etc/passwd")
    Traceback (most recent call last):
    limelight.errors.InputError: instance: expected the numbers of an image as nested lists, got str.
    """
    from limelight.interpretable.image import Image

    if not isinstance(explainer.modality, Image):
        return instance
    if not isinstance(instance, (list, np.ndarray)):
        raise InputError(f"instance: expected the numbers of an image as nested lists, got {type(instance).__name__}.")
    try:
        numbers = np.asarray(instance)
    except ValueError as error:
        raise InputError("instance: expected the numbers of an image as nested lists of equal length.") from error
    if numbers.dtype.kind not in "iuf":
        raise InputError("instance: expected the numbers of an image as nested lists, got something else in them.")
    whole = numbers.dtype.kind != "f" and numbers.size and 0 <= numbers.min() <= numbers.max() <= 255
    if whole:
        return numbers.astype(np.uint8)
    return numbers


def _rows(outputs: FloatArray) -> list[Any]:
    if outputs.shape[1] == 1:
        rows: list[Any] = outputs[:, 0].tolist()
    else:
        rows = outputs.tolist()
    return rows


def _instances(explainer: Explainer, body: Any) -> list[Any]:
    """Return the instances of a body; KServe lets them be called inputs, too."""
    if isinstance(body, Mapping) and "inputs" in body and "instances" not in body:
        name = "inputs"
    else:
        name = "instances"
    instances = fields_of(body, {name})[name]
    if not isinstance(instances, list) or not 1 <= len(instances) <= MOST_INSTANCES:
        raise InputError(f"instances: expected a list of 1 to {MOST_INSTANCES} instances.")
    return [received(explainer, instance) for instance in instances]


def fields_of(body: Any, needed: set[str], allowed: set[str] = frozenset()) -> dict[str, Any]:  # type: ignore[assignment]
    """Return the fields of a JSON object.

    Raises
    ------
    InputError
        If it is none, a field is missing, or one is not known.
    """
    if not isinstance(body, Mapping):
        raise InputError("body: expected a JSON object.")
    if missing := sorted(needed - set(body)):
        raise InputError(f"body: expected the field {missing[0]!r}.")
    if unknown := sorted(set(body) - needed - allowed):
        raise InputError(f"body: unknown field {unknown[0][:80]!r}; known: {sorted(needed | allowed)}.")
    return dict(body)


def drawn(explanation: Explanation) -> str:
    """Return an explanation as an article whose styles a script sets: the policy lets no markup bring its own."""
    return html.article(explanation).replace(' style="', ' data-style="')


def finite(value: Any) -> Any:
    """Return JSON without numbers that JSON does not know.

    >>> finite([1.0, float("nan")])
    [1.0, None]
    """
    if isinstance(value, dict):
        return {name: finite(each) for name, each in value.items()}
    if isinstance(value, list):
        return [finite(each) for each in value]
    if isinstance(value, float) and not np.isfinite(value):
        return None
    return value
