"""The last step: one frozen `Explanation` out of an instance, what its draws say, and what that means."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np

from limelight.contracts import FloatArray
from limelight.result.explanation import Cost, Explanation, Provenance
from limelight.rounds.encoded import SharedSource
from limelight.rounds.findings import Findings
from limelight.rounds.fitted import Fitted
from limelight.rounds.instance import OpenInstance
from limelight.rounds.trust import trust_warnings, unseen_share, verdict_sentence

LIKELY = 5
"""How many of the model's outputs an explanation quotes: what it said, not all that it could have said."""


def assemble(one: OpenInstance, fitted: Fitted, findings: Findings) -> Explanation:
    """Return the explanation of an instance from what the draws around it say, and what that means for its answer."""
    context, representation, units = one.context, one.representation, fitted.units
    targets, verdict = findings.targets, fitted.verdict
    features = tuple([feature.name for feature in representation.features])
    prediction = one.outputs[one.targets]
    exhaustive = fitted.exhaustive and not one.noisy
    unseen = unseen_share(fitted.rows, paired=one.source.paired, exhaustive=exhaustive)
    said_of = zip(targets, prediction.tolist(), fitted.fidelity.tolist(), strict=True)
    return Explanation(
        features=representation.features,
        targets=context.target_names(one),
        coef=fitted.coef if units.plain else fitted.coef * units.scale[:, None],
        stderr=fitted.stderr if units.plain else fitted.stderr * units.scale[:, None],
        intercept=units.back(fitted.intercept),
        prediction=prediction,
        local_prediction=units.back(fitted.intercept + (fitted.coef * findings.center).sum(axis=1)),
        fidelity=fitted.fidelity,
        fidelity_stderr=fitted.fidelity_stderr,
        r2=fitted.r2,
        selected=verdict.selected,
        covariance=fitted.covariance,
        rankings=verdict.rankings,
        outputs=said(one),
        curve=_curve(one),
        layout=representation.layout(),
        provenance=_provenance(one, fitted, findings),
        center=findings.center,
        reference=findings.reference,
        df=findings.df,
        additivity=np.array([each.additivity for each in targets]),
        additivity_stderr=np.array([each.additivity_stderr for each in targets]),
        gap=np.array([each.gap for each in targets]),
        curves=fitted.curves,
        pairs=tuple([each.pairs for each in targets]),
        causes=tuple([each.cause for each in targets]),
        verdicts=tuple([verdict_sentence(*each, features, n=fitted.rows, unseen=unseen) for each in said_of]),
    )


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
    return tuple(pair for pair in quoted if pair[1] != 0)  # a label that this answer lacks was met elsewhere


def likely(outputs: FloatArray, names: tuple[str, ...]) -> tuple[tuple[str, float], ...]:
    """Return the largest outputs, (name, value).

    >>> likely(np.array([0.1, 0.9]), ("ham", "spam"))
    (('spam', 0.9), ('ham', 0.1))
    """
    values = outputs.tolist()
    return tuple([(names[i], values[i]) for i in np.argsort(-outputs, kind="stable")[:LIKELY].tolist()])


def _provenance(one: OpenInstance, fitted: Fitted, findings: Findings) -> Provenance:
    context, verdict = one.context, fitted.verdict
    settings, modality = context.recorded
    shared = one.source if isinstance(one.source, SharedSource) else None
    estimators = fitted.estimators
    return Provenance(
        seed=settings["seed"],
        n_samples=one.n,
        effective_sample_size=fitted.effective,
        stopped=verdict.stopped,
        samples_needed=verdict.samples_needed,
        estimator=estimators[0] if len(set(estimators)) == 1 else ", ".join(estimators),
        kernel_width=fitted.width,
        shared=shared is not None and shared.shared,
        warnings=(*said_aloud(one), *one.left_out.sentences, *one.notes, *trust_warnings(one, fitted, findings)),
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
