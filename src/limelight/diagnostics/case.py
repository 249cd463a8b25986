"""What every diagnostic starts from: an explainer that may be asked freely, an instance, an explanation, a target.

Input: what the user holds. Output: a `Case`. The explainer stays as it is: its settings, its counts and its shared
neighborhoods belong to the copies made here.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from limelight.contracts import FloatArray, Inputs, Modality, Representation
from limelight.errors import InputError, UnknownNameError
from limelight.explainer import Explainer
from limelight.models.calls import Caller
from limelight.result.explanation import Explanation
from limelight.seeding import stream


@dataclass(frozen=True)
class Case:
    """One explanation under test.

    Parameters
    ----------
    explainer
        A copy, so that what is asked here counts nowhere else.
    instance
        As the modality takes it.
    explanation
        The one under test.
    row
        Which of its targets.
    representation
        x' of the instance: by the explainer's modality, or by another one that has the same features.
    """

    explainer: Explainer
    instance: Any
    explanation: Explanation
    row: int
    representation: Representation

    @property
    def target(self) -> str:
        """Return the name of the output."""
        return self.explanation.targets[self.row]

    @property
    def coef(self) -> FloatArray:
        """Return the weights (d,) of the full fit."""
        return cast(FloatArray, self.explanation.coef[self.row])

    @property
    def caller(self) -> Caller:
        """Return what asks the model."""
        return self.explainer._context.caller

    @property
    def seed(self) -> int:
        """Return the explainer's seed."""
        return cast(int, self.explainer.settings.seed)

    def ask(self, parts: Iterable[Inputs]) -> list[FloatArray]:
        """Return for each part the model's output (n,) for the target."""
        answers = self.caller.ask(parts)
        names = self.caller.output_names or ()
        if self.target not in names:
            raise UnknownNameError("explanation", self.target, names)
        return [answer[:, names.index(self.target)] for answer in answers]


def open_case(
    explainer: Explainer,
    instance: Any,
    explanation: Explanation | None,
    target: str | int | None,
    modality: Modality | None = None,
) -> Case:
    """Return the case; without an explanation, the explainer makes one.

    Raises
    ------
    InputError
        If the explanation is of another instance, or another modality has other features.
    UnknownNameError
        If the target is not explained.
    """
    explainer = explainer.with_settings()  # a copy, which counts and keeps by itself
    if explanation is None:
        explanation = explainer.explain(instance)
    row = explanation.target_index(target)
    rng = stream(cast(int, explainer.settings.seed), b"", "represent")
    representation = (modality or explainer.modality).represent(instance, rng)
    if not _describes(explanation, representation, by_another_modality=modality is not None):
        argument = "explanation" if modality is None else "modality"
        raise InputError(
            f"{argument}: expected the features of this instance's explanation, got others "
            f"({len(representation.features)} against {len(explanation.features)}); pass what explains the same "
            "instance, cut into features in the same way."
        )
    return Case(explainer, instance, explanation, row, representation)


def _describes(explanation: Explanation, representation: Representation, *, by_another_modality: bool) -> bool:
    """Whether an explanation is of this instance; another modality may name the same places otherwise."""
    mine, theirs = representation.features, explanation.features
    if not by_another_modality and mine != theirs:
        return False
    if [each.where for each in mine] != [each.where for each in theirs]:
        return False
    if not any(each.where.kind == "segment" for each in mine):
        return True
    # a superpixel's number says nothing about which pixels it has
    return bool(representation.layout().get("segments") == explanation.layout.get("segments"))


def norm(vector: FloatArray) -> float:
    """Return the Euclidean length."""
    return float(np.sqrt(np.square(vector).sum()))
