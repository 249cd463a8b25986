"""What a request means to an explainer: KServe's verbs and the questions of the live page, without any HTTP.

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
    outputs = outputs_of(explainer, _instances(explainer, body))
    return {"predictions": outputs[:, 0].tolist() if outputs.shape[1] == 1 else outputs.tolist()}


def outputs_of(explainer: Explainer, instances: list[Any]) -> FloatArray:
    """Return (n, k) what the model says to instances, asked at once."""
    edited = getattr(explainer.modality, "edited", None)
    if edited is None:
        return explainer.perturb(None, edits=instances)
    rows = [edited(row, {}) for row in instances]
    return explainer.perturb(rows[0], edits=rows)  # each is the first one with all columns edited


def explain(explainer: Explainer, body: Any) -> dict[str, Any]:
    """Return ``{"explanations": …}``, each as `to_json` writes it."""
    return {"explanations": [to_dict(each) for each in explainer.explain_many(_instances(explainer, body))]}


def what_if(explainer: Explainer, body: Any) -> dict[str, Any]:
    """Return what the model says to ``instance``, with ``mask`` of its features where they are hidden."""
    fields = _fields(body, {"instance"}, {"mask"})
    instance, mask = received(explainer, fields["instance"]), fields.get("mask")
    outputs = _one(explainer, instance) if mask is None else explainer.perturb(instance, [mask])
    return {"outputs": _named(explainer, outputs[0])}


def why(explainer: Explainer, body: Any) -> dict[str, Any]:
    """Return why: the explanation drawn, the surrogate's arithmetic, and a text cut into the parts that are hidden."""
    explanation = explainer.explain(_instance(explainer, body))
    return {
        "article": drawn(explanation),
        "surrogate": {
            "targets": list(explanation.targets),
            "local_prediction": [float(value) for value in explanation.local_prediction],
            "coef": explanation.coef.tolist(),
        },
        "parts": _parts(explanation),
    }


def page(explainer: Explainer, body: Any) -> str:
    """Return why as the page that needs no server, to be kept."""
    return html.page(explainer.explain(_instance(explainer, body)))


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
    return numbers.astype(np.uint8) if whole else numbers


def _one(explainer: Explainer, instance: Any) -> FloatArray:
    edit = {} if hasattr(explainer.modality, "edited") else instance
    return explainer.perturb(instance, edits=[edit])


def _instance(explainer: Explainer, body: Any) -> Any:
    return received(explainer, _fields(body, {"instance"})["instance"])


def _instances(explainer: Explainer, body: Any) -> list[Any]:
    instances = _fields(body, {"instances"})["instances"]
    if not isinstance(instances, list) or not 1 <= len(instances) <= MOST_INSTANCES:
        raise InputError(f"instances: expected a list of 1 to {MOST_INSTANCES} instances.")
    return [received(explainer, instance) for instance in instances]


def _fields(body: Any, needed: set[str], allowed: set[str] = frozenset()) -> dict[str, Any]:  # type: ignore[assignment]
    if not isinstance(body, Mapping):
        raise InputError("body: expected a JSON object.")
    if missing := sorted(needed - set(body)):
        raise InputError(f"body: expected the field {missing[0]!r}.")
    if unknown := sorted(set(body) - needed - allowed):
        raise InputError(f"body: unknown field {unknown[0][:80]!r}; known: {sorted(needed | allowed)}.")
    return dict(body)


def _named(explainer: Explainer, outputs: FloatArray) -> list[dict[str, Any]]:
    names = explainer.output_names or tuple(f"output {i}" for i in range(len(outputs)))
    return [{"name": name, "value": float(value)} for name, value in zip(names, outputs, strict=True)]


def _parts(explanation: Explanation) -> list[list[Any]]:
    """Return what may be hidden as pieces [piece, feature or null]: of a text, cut here, where letters are counted and
    not UTF-16; of a series, its windows by name.
    """
    if all(each.where.kind == "window" for each in explanation.features):
        return [piece for j, each in enumerate(explanation.features) for piece in ([each.name, j], [" ", None])]
    text = explanation.layout.get("text")
    if not isinstance(text, str):
        return []
    places = sorted((*place, j) for j, each in enumerate(explanation.features) for place in each.where.places)
    pieces: list[list[Any]] = []
    end = 0
    for start, stop, j in places:
        if start > end:
            pieces.append([text[end:start], None])
        pieces.append([text[start:stop], j])
        end = stop
    return [*pieces, [text[end:], None]] if end < len(text) else pieces


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
