"""Numbers → sentences: when an explanation should not be relied on as it stands, and why.

Each sentence says what was seen and what to do. They are kept in the explanation and shown in every view.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature, FloatArray, Neighborhood
from limelight.local.precision import Estimate, effective_sample_size
from limelight.rounds.verdict import Verdict

LOW_FIDELITY = 0.5
"""Below one half, the surrogate explains less than it leaves unexplained."""
FEW_EFFECTIVE = 10
"""Rows of effective sample size per feature below which even the standard errors are unsure."""


def trust_warnings(
    features: Sequence[Feature],
    targets: Sequence[str],
    neighborhood: Neighborhood,
    estimate: Estimate,
    verdict: Verdict,
    *,
    tolerance: float,
    noisy: bool,
    asked: int,
) -> tuple[str, ...]:
    """Return all sentences about one explanation, gravest first; `asked` is the number of samples."""
    varying = estimate.varying
    effective = effective_sample_size(neighborhood.weights)
    exhaustive = neighborhood.exhaustive
    # All masks that there are, asked as often as the settings say: more samples exist only as further answers to them.
    remedy = "raise replicates" if exhaustive and not noisy else "raise max_samples"
    return (
        *(["the model gave two answers to one input: the intervals cover its own noise as well"] if noisy else []),
        *fidelity_warnings(estimate.fidelity, targets),
        *sample_warnings(effective, int(varying.sum()), exhaustive=exhaustive),
        *(
            budget_warning(asked, verdict.samples_needed, tolerance, remedy=remedy)
            if verdict.stopped == "budget"
            else ()
        ),
        *fixed_feature_warnings(features, varying),
    )


def fidelity_warnings(fidelity: FloatArray, targets: Sequence[str]) -> list[str]:
    """Say where the linear story does not describe the model.

    >>> fidelity_warnings(np.array([0.11]), ["spam"])
    ['held-out fidelity 0.11 for spam: a linear surrogate does not describe this model here']
    """
    return [
        f"held-out fidelity {value:.2f} for {target}: a linear surrogate does not describe this model here"
        for value, target in zip(fidelity.tolist(), targets, strict=True)
        if value < LOW_FIDELITY
    ]


def sample_warnings(effective: float, n_varying: int, *, exhaustive: bool) -> list[str]:
    """Say where the kernel leaves too few effective samples for the number of features.

    >>> sample_warnings(9.2, 24, exhaustive=False)
    ['effective sample size 9 for 24 features: widen the kernel or draw more']
    """
    if exhaustive or effective >= FEW_EFFECTIVE * (n_varying + 1):
        return []
    return [f"effective sample size {effective:.0f} for {n_varying} features: widen the kernel or draw more"]


def fixed_feature_warnings(features: Sequence[Feature], varying: NDArray[np.bool_]) -> list[str]:
    """Name the features that the neighborhood cannot vary, whose weight is therefore unknown and shown as nothing."""
    fixed = [feature.name for feature, varies in zip(features, varying, strict=True) if not varies]
    if not fixed:
        return []
    shown = ", ".join(fixed[:5]) + (f" and {len(fixed) - 5} more" if len(fixed) > 5 else "")
    return [f"cannot be varied by this background, so nothing is known about: {shown}"]


def budget_warning(n: int, needed: int, tolerance: float, *, remedy: str = "raise max_samples") -> list[str]:
    """Say that sampling ended before the asked precision, and what it would have taken.

    >>> budget_warning(5000, 21000, 0.05)
    ['not as precise as asked (tolerance 0.05) after 5000 samples: about 21000 would do; raise max_samples']
    """
    return [f"not as precise as asked (tolerance {tolerance:g}) after {n} samples: about {needed} would do; {remedy}"]
