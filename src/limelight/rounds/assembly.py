"""The last step: one frozen `Explanation` out of an instance, its neighborhood and its estimate."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Neighborhood
from limelight.local.estimate import Estimate
from limelight.local.precision import effective_sample_size
from limelight.result.codecs import LARGEST
from limelight.result.explanation import Cost, Explanation, Provenance
from limelight.rounds.findings import Findings, find
from limelight.rounds.instance import OpenInstance
from limelight.rounds.shared import SharedSource
from limelight.rounds.truncation import truncation_notes
from limelight.rounds.trust import trust_warnings, verdict_sentence
from limelight.rounds.units import Units
from limelight.rounds.verdict import Verdict

LIKELY = 5
"""How many of the model's outputs an explanation quotes: what it said, not all that it could have said."""


def assemble(
    one: OpenInstance, neighborhood: Neighborhood, estimate: Estimate, verdict: Verdict, width: float
) -> Explanation:
    """Return the explanation of an instance whose neighborhood has been fitted and judged."""
    context, representation, units = one.context, one.representation, one.units
    targets, findings = context.target_names(one), find(one, neighborhood, estimate, verdict.selected)
    features = tuple(feature.name for feature in representation.features)
    return Explanation(
        features=representation.features,
        targets=targets,
        coef=estimate.coef * units.scale[:, None],
        stderr=estimate.stderr * units.scale[:, None],
        intercept=units.back(estimate.intercept).copy(),
        prediction=one.outputs[one.targets],
        local_prediction=units.back(estimate.intercept + estimate.coef @ representation.center),
        fidelity=estimate.fidelity,
        fidelity_stderr=estimate.fidelity_stderr,
        r2=estimate.r2,
        selected=verdict.selected,
        covariance=tuple(_covariance(estimate, row, shown, units) for row, shown in enumerate(verdict.selected)),
        rankings=verdict.rankings,
        outputs=said(one),
        curve=_curve(one),
        layout=representation.layout(),
        provenance=_provenance(one, neighborhood, estimate, verdict, findings, width),
        center=findings.center,
        reference=findings.reference,
        df=findings.df,
        additivity=np.array([each.additivity for each in findings.targets]),
        additivity_stderr=np.array([each.additivity_stderr for each in findings.targets]),
        gap=np.array([each.gap for each in findings.targets]),
        curves=findings.curves,
        pairs=tuple(each.pairs for each in findings.targets),
        causes=tuple(each.cause for each in findings.targets),
        verdicts=tuple(
            verdict_sentence(found, one.outputs[target], fidelity, features, n=len(neighborhood.Z))
            for found, target, fidelity in zip(findings.targets, one.targets, estimate.fidelity.tolist(), strict=True)
        ),
    )


def _covariance(estimate: Estimate, row: int, shown: NDArray[np.int64], units: Units) -> NDArray[np.floating[Any]]:
    """Return the upper triangle of the covariance of the weights shown, as an explanation keeps it."""
    triangle = estimate.covariance(shown, target=row)[1:, 1:][_upper(len(shown))]
    if not units.plain:  # squares of very large or small outputs are held as far as numbers reach
        with np.errstate(over="ignore", under="ignore"):
            triangle = np.clip(triangle * units.scale[row] * units.scale[row], -LARGEST, LARGEST)
    return as_kept(triangle)


def as_kept(covariance: FloatArray) -> NDArray[np.floating[Any]]:
    """Return a covariance as explanations keep it.

    Single precision is plenty for an error and half of the memory; very small or large outputs do not fit in it.

    >>> as_kept(np.array([0.5])).dtype, as_kept(np.array([1e-90])).dtype
    (dtype('float32'), dtype('float64'))
    """
    largest = float(np.abs(covariance).max(initial=0.0))
    return covariance if largest and not 1e-30 < largest < 1e30 else covariance.astype(np.float32)


@cache
def _upper(size: int) -> tuple[NDArray[np.intp], ...]:
    return np.triu_indices(size)


def _curve(one: OpenInstance) -> Mapping[str, Any] | None:
    """Return the kernel path as JSON: one list entry for each width."""
    if one.path is None:
        return None
    told = {name: value.tolist() for name, value in vars(one.path).items()}
    for name in ("coef", "stderr"):
        told[name] = (getattr(one.path, name) * one.units.scale[:, None]).tolist()
    for name in ("fidelity", "fidelity_stderr"):  # NaN where the output never moved, which JSON cannot hold
        told[name] = [[None if math.isnan(each) else each for each in row] for row in told[name]]
    return told


def said(one: OpenInstance) -> tuple[tuple[str, float], ...]:
    """Return the largest outputs; of labels met so far only those answered, so that no other instance matters."""
    columns = one.context.caller.columns
    quoted = likely(one.outputs, one.context.caller.output_names or ())
    if columns is None or not columns.growing:
        return quoted
    return tuple(pair for pair in quoted if pair[1] != 0)


def likely(outputs: FloatArray, names: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    """Return the largest outputs, (name, value).

    >>> likely(np.array([0.1, 0.9]), ("ham", "spam"))
    (('spam', 0.9), ('ham', 0.1))
    """
    return tuple((names[i], float(outputs[i])) for i in np.argsort(-outputs, kind="stable")[:LIKELY])


def _provenance(
    one: OpenInstance,
    neighborhood: Neighborhood,
    estimate: Estimate,
    verdict: Verdict,
    findings: Findings,
    width: float,
) -> Provenance:
    context = one.context
    settings, modality = context.recorded
    shared = one.source if isinstance(one.source, SharedSource) else None
    names = context.target_names(one)
    return Provenance(
        seed=settings["seed"],
        n_samples=one.n,
        effective_sample_size=effective_sample_size(neighborhood.weights),
        stopped=verdict.stopped,
        samples_needed=verdict.samples_needed,
        estimator=estimate.estimators[0] if len(set(estimate.estimators)) == 1 else ", ".join(estimate.estimators),
        kernel_width=float(width),
        shared=shared is not None and shared.shared,
        warnings=said_aloud(one)
        + truncation_notes(one, neighborhood, estimate)
        + trust_warnings(
            one.representation.features,
            names,
            neighborhood,
            estimate,
            verdict,
            findings,
            tolerance=context.settings.tolerance,
            noisy=one.noisy,
            asked=one.n,
        ),
        settings=settings,
        modality=modality,
        versions=versions(),
        cost=Cost(one.rows, one.calls, time.perf_counter() - one.started),
        path="inputs" if shared else context.caller.path(one.representation.original),
    )


def said_aloud(one: OpenInstance) -> tuple[str, ...]:
    """Return how an ambiguous answer, instance or background was read, the latter as far as `notes` say so."""
    about_answers = one.context.caller.notes(one.context.settings.targets, one.seen)
    about_all = getattr(one.context.modality, "notes", ())
    about_this = getattr(one.representation, "notes", ())
    return (*about_all, *about_this, *about_answers)


@cache
def versions() -> dict[str, str]:
    """Return the versions that an explanation depends on."""
    import platform
    from importlib.metadata import version

    from limelight import __version__

    packages = {name: version(name) for name in ("numpy", "scipy", "narwhals")}
    return {"limelight": __version__, "python": platform.python_version(), **packages}
