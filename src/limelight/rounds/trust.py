"""Numbers → sentences: when an explanation should not be relied on as it stands, and why.

Each sentence says what was seen and what to do. They are kept in the explanation and shown in every view.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature
from limelight.local.sparse import NAME as SPARSE
from limelight.local.sparse import RULE_OF_THREE
from limelight.local.ties import NOTHING
from limelight.result.provenance import OPENINGS
from limelight.rounds.findings import FEW_EFFECTIVE, Findings, TargetFindings
from limelight.rounds.fitted import Fitted
from limelight.rounds.instance import OpenInstance

UNMOVED = {
    "word": "what stands between the words is never hidden: pass tokens= with what the model reads, or another mask=",
    "segment": "try another fill= or segments=, in case what is hidden can still be seen",
    "window": "try another fill= or windows=, in case what is hidden can still be seen",
    "part": "see whether compose() really leaves parts out",
    "unit": "compare answers by something that tells them apart: another scalariser",
    "column": "see whether the model reads these columns",
}
"""What to try where nothing that was hidden moved the answer, by the kind of feature."""

NOISY_ONCE = "the model is not deterministic: one prompt is answered in several ways; the intervals include this noise"
NOISY = "the model is not deterministic: perturbations were asked repeatedly, and the intervals include its noise"
HOPELESS = 10**9
"""Samples that nobody draws: where nothing moved, the 1/n law names more than there are."""


def trust_warnings(one: OpenInstance, fitted: Fitted, findings: Findings) -> tuple[str, ...]:
    """Return all sentences about one explanation, gravest first."""
    features, verdict, context = one.representation.features, fitted.verdict, one.context
    noisy, varying = one.noisy, fitted.varying
    # nothing is left that rows could tell
    settled = fitted.exhaustive or bool((fitted.fidelity > 1.0 - NOTHING).all())
    sparse = SPARSE in fitted.estimators
    settled = settled or (sparse and fitted.df >= FEW_EFFECTIVE)
    short: list[str] = []
    if verdict.stopped == "budget":
        # All masks that there are, asked as often as the settings say: more samples are only further answers to them.
        if fitted.exhaustive and not noisy:
            remedy = "raise replicates"
        else:
            remedy = "raise max_samples"
        remedy = "raise max_calls" if sparse else remedy
        short = budget_warning(one.n, verdict.samples_needed, context.settings.tolerance, remedy=remedy)
    kind = features[0].where.kind if features else ""
    return (
        *((NOISY_ONCE if sparse else NOISY,) if noisy else ()),
        *cause_warnings(findings.targets, context.target_names(one), kind=kind),
        *outside_warnings(features),
        *sample_warnings(fitted.effective, int(varying.sum()), exhaustive=settled),
        *short,
        *fixed_feature_warnings(features, varying),
    )


def cause_warnings(findings: Sequence[TargetFindings], targets: Sequence[str], *, kind: str = "") -> list[str]:
    """Say where weights cannot be read as reasons, once for all targets that share the cause.

    >>> cause_warnings([TargetFindings("nothing moved", 0.0, 0.0, 0.0, 0.0, 0.0)], ["spam"])
    ['the answer never moved for spam']
    """
    by_cause: dict[str, list[int]] = {}
    for row, found in enumerate(findings):
        by_cause.setdefault(found.cause, []).append(row)
    sentences = []
    for row in by_cause.get("gap", [])[:1]:
        named = _several([targets[i] for i in by_cause["gap"]])
        found = findings[row]
        if math.isfinite(found.gap):
            far = f"{found.gap:.3g} residual spreads away from"
        else:
            far = "alone, away from"
        sentences.append(
            f"{OPENINGS['gap']} {named}: its answer is {far} "
            "what the perturbations lead to expect; do not rely on the weights"
        )
    if "acts together" in by_cause:
        rows = by_cause["acts together"]
        named = _several([targets[i] for i in rows])
        share = min(findings[i].additivity for i in rows)
        sentences.append(
            f"{OPENINGS['acts together']} {named} ({max(share, 0.0):.2f} of its movement adds up): "
            "a sum of weights does not describe this model here"
        )
    if "nothing moved" in by_cause:
        named = _several([targets[i] for i in by_cause["nothing moved"]])
        remedy = f": {UNMOVED[kind]}" if kind in UNMOVED else ""
        sentences.append(f"the answer never moved for {named}{remedy}")
    return sentences


def outside_warnings(features: Sequence[Feature]) -> list[str]:
    """Name the values that the background never shows, or hardly: what the model makes of them is extrapolation.

    >>> from limelight.contracts import Where
    >>> outside_warnings([Feature("age = 140", Where("column", "age"), "140", keep=0.0)])
    ['outside the background, or too rare in it to be drawn, so compared with all of it: age = 140']
    """
    outside = [feature.name for feature in features if feature.where.kind == "column" and feature.keep <= 0.0]
    if outside:
        return [
            f"outside the background, or too rare in it to be drawn, so compared with all of it: {_several(outside)}"
        ]
    return []


def _several(names: Sequence[str]) -> str:
    """Return names as a list that stays short."""
    return ", ".join(names[:5]) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


def verdict_sentence(
    found: TargetFindings, prediction: float, fidelity: float, features: Sequence[str], *, n: int, unseen: float
) -> str:
    """Return in one sentence what the weights of a target may be used for.

    Parameters
    ----------
    found
        What is known of the target.
    prediction
        The model's answer.
    fidelity
        Held-out fidelity of the yes/no conditions.
    features
        The features' names.
    n
        How many perturbations there were.
    unseen
        The share of perturbations below which an answer may have been missed, see `unseen_share`.

    >>> found = TargetFindings("adds up", 0.99, 0.01, 0.0, 0.2, 0.0)
    >>> verdict_sentence(found, 0.5, 0.31, (), n=2048, unseen=0.0015)
    'The features add up: weights can be compared and summed (additivity 0.99; the conditions shown tell 0.31 of it).'
    """
    # a little less than nothing is noise
    adds = f"additivity {max(found.additivity, 0.0):.2f}"
    coarse = ""
    if found.additivity - fidelity > 0.1:
        coarse = f"; the conditions shown tell {max(fidelity, 0.0):.2f} of it"
    if found.cause == "nothing moved":
        return _unmoved(n, unseen)
    if found.cause == "gap":
        return (
            f"The model answers {prediction:.3g} here, where its answers around lead to expect {found.expected:.3g}: "
            "the weights do not tell what makes the difference."
        )
    if found.cause == "too few":
        return "Too few perturbations near this instance move the answer to say how far the weights can be trusted."
    if found.cause == "adds up":
        return f"The features add up{_apart(found)}: weights can be compared and summed ({adds}{coarse})."
    if found.cause == "saturates":
        return (
            "Each feature pushes one way, and the answer saturates or multiplies: order and signs hold, sizes do not "
            f"add ({adds}{coarse})."
        )
    if found.cause == "adds up in part":
        return f"The features add up in part ({adds}{coarse}){_together(found, features)}."
    return f"The features act together: do not add up their weights ({adds}){_together(found, features)}."


def unseen_share(n: int, *, paired: bool, exhaustive: bool) -> float:
    """Return below which share of perturbations an answer may have been missed: the rule of three [hanley1983].

    What comes with probability p is missed n times with (1 − p)ⁿ ≤ .05 where p ≥ 3/n. A mask and its complement are one
    draw of what both show.

    >>> unseen_share(3000, paired=False, exhaustive=False), unseen_share(8, paired=True, exhaustive=True)
    (0.001, 0.0)
    """
    if exhaustive:
        return 0.0
    return min(RULE_OF_THREE / max(n / 2 if paired else n, 1), 1.0)


def _unmoved(n: int, unseen: float) -> str:
    """Return what is known where the answer never moved.

    >>> _unmoved(3000, 0.001)
    'The answer never moved in 3,000 perturbations: one met once in 1,000 of them would have been seen (95 % certain).'
    """
    if not unseen:
        return f"The answer never moved in the {n:,} perturbations that there are: there is nothing here to explain."
    return (
        f"The answer never moved in {n:,} perturbations: one met once in {1 / unseen:,.0f} of them would have been "
        "seen (95 % certain)."
    )


def _apart(found: TargetFindings) -> str:
    """Return that some pairs act together all the same: little beside what adds up may be all that two features do."""
    if not found.pairs:
        return ""
    if len(found.pairs) == 1:
        return ", apart from one pair that acts together"
    return f", apart from {len(found.pairs)} pairs that act together"


def _together(found: TargetFindings, features: Sequence[str]) -> str:
    """Return which pairs of features act together, in words."""
    if not found.screened:
        return "; which features act together was not looked for"
    if not found.pairs:
        return "; no pair of features explains the rest"
    names = [f"“{features[pair.first]}” with “{features[pair.second]}” ({pair.share:.0%})" for pair in found.pairs[:3]]
    return f"; together act {_several(names)}"


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
    short = f"not as precise as asked (tolerance {tolerance:g}) after {n} samples"
    if needed > HOPELESS:
        return [f"{short}, and no number of them is known to do"]
    return [f"{short}: about {needed} would do; {remedy}"]
