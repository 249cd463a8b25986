"""Where an explanation comes from, and what it took: enough to make it again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

OPENINGS = {
    "gap": "the model answers otherwise at this instance than around it for",
    "acts together": "features act together for",
}
"""How the warnings begin that say what the verdict of the same cause says; a view that shows both says it twice."""


@dataclass(frozen=True, slots=True)
class Cost:
    """What it took, in this run: the only part of an explanation that may differ between two runs.

    Parameters
    ----------
    model_rows
        Rows that the model was asked for this explanation. Rows of a shared neighborhood count for the first
        explanation that needed them, so that the sum over explanations is what was asked.
    model_calls
        Calls in which those rows took part.
    seconds
        Wall time from the start of its round of work to its end; rounds are shared by many instances.
    """

    model_rows: int
    model_calls: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where an explanation comes from, enough to make it again.

    Parameters
    ----------
    seed
        The seed used, also where none was given.
    n_samples
        Perturbations in the fit.
    effective_sample_size
        (Σw)² / Σw² of their weights.
    stopped
        Why sampling stopped: ``"fixed"``, ``"precise"``, ``"ranked"``, ``"exhaustive"``, ``"budget"``, or ``"unmoved"``
        where no perturbation moved the answer.
    samples_needed
        Perturbations that the asked precision would have taken, an estimate.
    estimator
        Which estimator the sizes and settings chose.
    kernel_width
        The width in force.
    shared
        Whether the perturbations are those of a neighborhood shared by all instances.
    warnings
        Sentences about trust; `Explanation.warnings` adds those that its intervals imply.
    settings, modality, versions
        As given; shared between the explanations of one explainer.
    cost
        What it took in this run.
    path
        How the model was asked: ``"inputs"``, or ``"counts"`` where perturbed texts went to it as rows of word counts.
    """

    seed: int
    n_samples: int
    effective_sample_size: float
    stopped: str
    samples_needed: int
    estimator: str
    kernel_width: float
    shared: bool
    warnings: tuple[str, ...]
    settings: Mapping[str, Any]
    modality: Mapping[str, Any]
    versions: Mapping[str, str]
    cost: Cost
    path: str = "inputs"
