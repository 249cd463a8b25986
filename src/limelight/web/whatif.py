"""The questions of the live page: what does the model say now, why, and what is different beside it?

Input: who is asked, and the JSON of a question; one that brings no instance means the one with which the page began.
Output: the JSON of the answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from limelight.contracts import FloatArray
from limelight.explainer import Explainer
from limelight.result.explanation import Explanation
from limelight.views import html
from limelight.web.service import drawn, fields_of, received


@dataclass(frozen=True)
class Asked:
    """Who is asked.

    Parameters
    ----------
    name, explainer
        The model.
    start
        The instance with which its page begins; None where it has no page.
    all
        All models that are served, by name.
    pairs
        Explainers that `beside` has made.
    """

    name: str
    explainer: Explainer
    start: Any = None
    all: Mapping[str, Explainer] = field(default_factory=dict)
    pairs: dict[tuple[str, ...], Explainer] = field(default_factory=dict)


def what_if(asked: Asked, body: Any) -> dict[str, Any]:
    """Return what the model says to ``instance``, with ``mask`` of its features where they are hidden."""
    fields = fields_of(body, needed(asked), {"instance", "mask"})
    instance, mask = instance_of(asked, fields), fields.get("mask")
    if mask is None:
        outputs = _one(asked.explainer, instance)
    else:
        outputs = asked.explainer.perturb(instance, [mask])
    return {"outputs": _named(asked.explainer, outputs[0])}


def why(asked: Asked, body: Any) -> dict[str, Any]:
    """Return why: the explanation drawn, the surrogate's arithmetic, and a text cut into the parts that are hidden."""
    fields = fields_of(body, needed(asked), {"instance"})
    explanation = asked.explainer.explain(instance_of(asked, fields))
    article, picture = drawn(explanation), explanation.layout.get("image")
    if isinstance(picture, str) and picture and "instance" not in fields:
        article = article.replace(f'src="{picture}"', "data-picture")  # the page has it already
    return {
        "article": article,
        "surrogate": {
            "targets": list(explanation.targets),
            "local_prediction": [float(value) for value in explanation.local_prediction],
            "coef": explanation.coef.tolist(),
        },
        "parts": _parts(explanation),
    }


def page(asked: Asked, body: Any) -> str:
    """Return why as the page that needs no server, to be kept."""
    return html.page(asked.explainer.explain(instance_of(asked, fields_of(body, needed(asked), {"instance"}))))


def instance_of(asked: Asked, fields: Mapping[str, Any]) -> Any:
    """Return the instance that a question brings, or the one with which the page began."""
    if "instance" in fields:
        return received(asked.explainer, fields["instance"])
    return asked.start


def needed(asked: Asked) -> set[str]:
    """Return which fields a question must have."""
    if asked.start is None:
        return {"instance"}
    return set()


def _one(explainer: Explainer, instance: Any) -> FloatArray:
    edit = {} if hasattr(explainer.modality, "edited") else instance
    return explainer.perturb(instance, edits=[edit])


def _named(explainer: Explainer, outputs: FloatArray) -> list[dict[str, Any]]:
    names = explainer.output_names or tuple(f"output {i}" for i in range(len(outputs)))
    return [{"name": name, "value": float(value)} for name, value in zip(names, outputs, strict=True)]


def _parts(explanation: Explanation) -> list[list[Any]]:
    """Return a text as pieces [piece, feature or null], cut here, where letters are counted and not UTF-16."""
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
    if end < len(text):
        return [*pieces, [text[end:], None]]
    return pieces
