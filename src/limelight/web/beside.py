"""Two models on the same perturbations, or two instances of one model, side by side: what differs, and how surely.

Input: who is asked, and the JSON of a question that names another model, or brings another instance. Output: JSON: for
each feature what it contributes here and there, and the change with its interval, the surest change first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from limelight.errors import InputError, UnknownNameError
from limelight.explainer import Explainer
from limelight.overview.compare import changed, other_model, side_by_side, titled
from limelight.result.explanation import Explanation
from limelight.views.measure import Measured, against_average, measured
from limelight.web.matched import matched
from limelight.web.service import fields_of, received
from limelight.web.whatif import Asked, instance_of, needed

MOST_ROWS = 12
"""Features that are shown: those after them differ least surely."""
ROUNDING = 1e-12
"""Of what is compared: a smaller difference is one of adding up."""
MOST_PAIRS = 16
"""Explainers of two models that are kept: each holds the answers of both to its perturbations."""
Bar = tuple[float, float, float]
"""A contribution, and its 95 % interval."""


def beside(asked: Asked, body: Any) -> dict[str, Any]:
    """Return ``{"output": …, "first": f, "second": f, "rows": […]}`` of ``instance`` and ``other``, or ``against``.

    Raises
    ------
    InputError
        If it names neither another model nor another instance, or both; or the models cannot be compared.
    """
    fields = fields_of(body, needed(asked), {"instance", "other", "against"})
    if ("other" in fields) == ("against" in fields):
        raise InputError("body: expected either 'other', the name of a model, or 'against', an instance.")
    instance = instance_of(asked, fields)
    output = _largest(asked.explainer, instance)
    if "other" in fields:
        return _of_models(asked, instance, fields["other"], output)
    return _of_instances(asked, instance, received(asked.explainer, fields["against"]), output)


@dataclass(frozen=True, slots=True)
class Change:
    """What one feature contributes here and there; None where it is not there.

    Parameters
    ----------
    names
        What the feature is called here and there.
    first, second
        Its contributions.
    change, low, high
        Their difference, and its 95 % interval.
    """

    names: tuple[str | None, str | None]
    first: float | None
    second: float | None
    change: float
    low: float
    high: float

    @property
    def certainty(self) -> tuple[bool, float, float]:
        """Return what changes are sorted by: in units of their errors, and exact ones by their size."""
        half = (self.high - self.low) / 2
        return half == 0 and self.change != 0, abs(self.change) / half if half else 0.0, abs(self.change)


def of_models(explanation: Explanation, names: Sequence[str], output: str) -> list[Change]:
    """Return the changes of an explanation of two models and their difference."""
    titles = titled(output, names[0]), titled(output, names[1]), titled(output, changed(names[1]))
    first, second, change = (measured(explanation, explanation.target_index(title)) for title in titles)
    return [
        Change(
            (each.name, each.name), float(first.values[j]), float(second.values[j]),
            float(change.values[j]), float(change.low[j]), float(change.high[j]),
        )
        for j, each in enumerate(explanation.features)
    ]  # fmt: skip


def of_instances(first: Explanation, second: Explanation) -> list[Change]:
    """Return the changes from one explanation to another of the same output.

    Both stand on the same perturbations, so that their errors may be related in any way: the interval of the difference
    is as wide as both together, which holds for every relation.

    Raises
    ------
    InputError
        If they were cut in unlike ways, so that nothing can be compared.
    """
    sides = (first, measured(first, 0)), (second, measured(second, 0))
    found = []
    for places in matched(first, second):
        names, bars = zip(*(_side(*side, j) for side, j in zip(sides, places, strict=True)), strict=True)
        found.append(_change(names, *bars))
    return found


def _side(explanation: Explanation, found: Measured, j: int | None) -> tuple[str | None, Bar | None]:
    """Return what a feature is called, and its bar; twice None where it is not there."""
    if j is None:
        return None, None
    bar = float(found.values[j]), float(found.low[j]), float(found.high[j])
    return explanation.features[j].name, bar


def _change(names: tuple[str | None, str | None], a: Bar | None, b: Bar | None) -> Change:
    zero = (0.0, 0.0, 0.0)
    (first, low, high), (second, bottom, top) = a or zero, b or zero
    change, half = second - first, (high - low + top - bottom) / 2
    if abs(change) <= ROUNDING * max(abs(first), abs(second)):
        change = 0.0
    return Change(
        names, None if a is None else first, None if b is None else second, change, change - half, change + half
    )


def _of_models(asked: Asked, instance: Any, other: Any, output: str) -> dict[str, Any]:
    if not isinstance(other, str) or other not in asked.all or other == asked.name:
        raise UnknownNameError("other", str(other)[:80], [name for name in asked.all if name != asked.name])
    names = (asked.name, str(other))
    pair = (*names, output)
    both = asked.pairs.get(pair)
    if both is None:
        second = other_model(asked.explainer, asked.all[other], instance)
        both = _remembered(asked, pair, side_by_side(asked.explainer, [second], instance, output, names)[2])
    explanation = both.explain(instance)
    at = [explanation.target_index(titled(output, name)) for name in names]
    said = [(float(explanation.prediction[each]), explanation.verdicts[each]) for each in at]
    return _told(output, said, of_models(explanation, names, output), against_average(explanation))


def _of_instances(asked: Asked, instance: Any, against: Any, output: str) -> dict[str, Any]:
    pair = (asked.name, "", output)
    alone = asked.pairs.get(pair)
    if alone is None:
        alone = _remembered(asked, pair, asked.explainer.with_settings(targets=[output]))
    first, second = (alone.explain(each) for each in (instance, against))
    said = [(float(each.prediction[0]), each.verdicts[0]) for each in (first, second)]
    return _told(output, said, of_instances(first, second), against_average(first))


def _remembered(asked: Asked, pair: tuple[str, ...], explainer: Explainer) -> Explainer:
    """Return an explainer that is kept for the next question; the oldest gives way, which another thread may use."""
    for old in list(asked.pairs)[: max(0, len(asked.pairs) - MOST_PAIRS + 1)]:
        asked.pairs.pop(old, None)
    return asked.pairs.setdefault(pair, explainer)


def _told(output: str, said: list[tuple[float, str]], changes: list[Change], average: bool) -> dict[str, Any]:
    ranked = sorted(changes, key=lambda each: each.certainty, reverse=True)
    rows = [{name: getattr(each, name) for name in Change.__slots__} for each in ranked[:MOST_ROWS]]
    what = "contributions against the average row" if average else "weights"
    return {
        "output": output,
        "first": said[0][0],
        "second": said[1][0],
        "verdicts": [verdict for _, verdict in said],
        "what": what,
        "rows": rows,
        "n": len(ranked),
    }


def _largest(explainer: Explainer, instance: Any) -> str:
    """Return the output that is largest for an instance: the class that the model says."""
    edit = {} if hasattr(explainer.modality, "edited") else instance
    outputs = explainer.perturb(instance, edits=[edit])[0]
    return (explainer.output_names or ("output",))[int(np.argmax(outputs))]
