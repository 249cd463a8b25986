"""Principal reasons of an unfavourable decision, in a lender's own words: up to four, or none and why not.

Regulation B asks a creditor for the specific principal reasons of an adverse action (12 CFR 1002.9(b)(2)); its official
interpretation finds more than four not likely to help. Each reason is a feature that certainly pushed this answer
towards denial against a reference that is stated. Where the explanation does not describe the model well enough, or
where the last reason and the next cannot be told apart, there are no reasons: leaving a principal one out is worse.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from limelight.contracts import FloatArray
from limelight.errors import InputError, UnknownNameError
from limelight.result.explanation import Explanation
from limelight.result.quantiles import stated_quantile
from limelight.views import facts as f
from limelight.views.sentences import UNUSABLE

LEAST = 0.5
"""Below this share of what the model does nearby, its reasons are mostly something else."""
MATTERS = 0.25
"""A reason that is not certain stands in the way where it may be more than this part of the strongest."""
CAUTION = (
    "These are effects on the model's answer, estimated by changing this applicant's data one way or another around "
    "the actual values. They are not weights inside the model, and do not promise that another value would have "
    "changed the decision. Whether they are the principal reasons in the sense of the law is for counsel to decide."
)


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason.

    Parameters
    ----------
    text
        From the catalogue.
    features
        What stands behind it, as this instance shows it: ``"28 < age ≤ 37 (31)"``.
    push, low, high
        How far it pushed the answer towards denial, in units of the output, and the 95 % interval.
    """

    text: str
    features: tuple[str, ...]
    push: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class AdverseAction:
    """The principal reasons, or why none are given.

    Parameters
    ----------
    reasons
        The reasons, strongest first; empty where they are refused.
    refusal
        One sentence that says why none are given and what to do; empty where there are reasons.
    target, reference
        The output that was explained, and what the instance is compared with, as stated.
    others
        How many more reasons pushed towards denial beyond those named, all of them certainly weaker.
    """

    reasons: tuple[Reason, ...]
    refusal: str
    target: str
    reference: str
    others: int = 0

    def __str__(self) -> str:
        """Return the reasons as a numbered list, or the refusal; with what they do not claim."""
        if self.refusal:
            return f"No principal reasons are given: {self.refusal}"
        lines = [f"Compared with {self.reference}, these pushed the model's answer towards denial most:"]
        lines += [f"{number}. {reason.text}" for number, reason in enumerate(self.reasons, 1)]
        return "\n".join([*lines, CAUTION])


def adverse_action(
    explanation: Explanation,
    catalogue: Mapping[Hashable, str],
    *,
    target: str | int,
    reference: str,
    denied: Literal["higher", "lower"] = "higher",
    most: int = 4,
) -> AdverseAction:
    """Return up to four principal reasons of an unfavourable answer, in the words of a catalogue.

    Parameters
    ----------
    explanation
        Of a table row, whose contributions are measured against the background of its explainer. To compare with
        approved applicants, give `Tabular` approved applicants as its background.
    catalogue
        Column or group → the text of its reason. Columns with the same text are one reason. Every column that pushed
        towards denial needs one: a principal reason cannot be left out for want of words.
    target
        The explained output that stands for the decision: a class, or a score.
    reference
        What the background is, as the notice shall say it: ``"applicants approved in 2025"``.
    denied
        Whether ``"higher"`` (default: the target is the denial, or a risk) or ``"lower"`` values (a credit score) are
        unfavourable.
    most
        At most so many reasons. Four, since the official interpretation of 12 CFR 1002.9 finds more unlikely to help.

    Returns
    -------
    AdverseAction
        Its `reasons` are empty, and `refusal` says why, where the model's answer is not the denial; where less than
        half of what the model does nearby adds up, or the verdict is against using the weights; where nothing certainly
        pushes towards denial; and where the last reason and the next are tied.

    Raises
    ------
    InputError
        If the explanation is not of a table row, or its weights may be of columns that the model does not read
        (`Conditional`); if an argument does not fit, or the catalogue lacks a text.
    UnknownNameError
        If the explanation does not explain `target`.

    Examples
    --------
    >>> import pandas as pd
    >>> import limelight as ll
    >>> approved = pd.DataFrame({"income": [40, 50, 60, 70, 80, 90], "missed": [0, 0, 1, 0, 1, 0]})
    >>> def risk(people):
    ...     return 0.9 - 0.01 * people["income"] + 0.1 * people["missed"]
    >>> explainer = ll.Explainer(risk, ll.Tabular(approved), output_names=["risk"])
    >>> explanation = explainer.explain({"income": 40, "missed": 1})
    >>> texts = {"income": "Income insufficient for amount requested", "missed": "Delinquent payments"}
    >>> [reason.text for reason in ll.adverse_action(explanation, texts, target="risk", reference="approved").reasons]
    ['Income insufficient for amount requested', 'Delinquent payments']
    """
    row = _check(explanation, target, reference, denied, most)
    name = explanation.targets[row]
    refusal = _refused(explanation, row, denied)
    if refusal:
        return AdverseAction((), refusal, name, reference)
    found, unsure = _reasons(explanation, catalogue, row, 1.0 if denied == "higher" else -1.0)
    refusal = _open(found, unsure, most)
    if refusal:
        return AdverseAction((), refusal, name, reference)
    return AdverseAction(tuple(found[:most]), "", name, reference, max(0, len(found) - most))


def _check(explanation: Explanation, target: str | int, reference: str, denied: str, most: int) -> int:
    if denied not in ("higher", "lower"):
        raise UnknownNameError("denied", denied, ("higher", "lower"))
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise InputError(f"most: expected a whole number from 1, got {most!r}; 4 is usual.")
    if not isinstance(reference, str) or not reference.strip():
        raise InputError(
            f"reference: expected what the background is, such as 'applicants approved in 2025', got {reference!r}."
        )
    kinds = {feature.where.kind for feature in explanation.features}
    if kinds != {"column"} or not explanation.compared:
        raise InputError(
            "explanation: expected one of a table row, which is compared with a background, got one of "
            f"{', '.join(sorted(kinds)) or 'nothing'}; principal reasons need a stated reference."
        )
    if explanation.layout.get("law") == "conditional":
        raise InputError(
            "explanation: expected one whose weights say what the model does with a column, got one of ll.Conditional, "
            "where a column that the model does not read may have a weight; explain with ll.Tabular."
        )
    return explanation.target_index(target)


def _refused(explanation: Explanation, row: int, denied: str) -> str:
    """Return why the explanation cannot be used; empty where it can."""
    name = explanation.targets[row]
    said = [output for output, _ in explanation.outputs]
    if denied == "higher" and len(said) > 1 and said[0] != name:
        return f"the model says {said[0]!r} here, not {name!r}, so that there is no denial to give reasons for."
    facts = f.target_facts(explanation, row)
    if facts.cause in UNUSABLE:
        return f"the weights do not describe the model here ({facts.verdict}); have the case read by a person."
    # additivity, where it is known: it counts what all values of a column do, and fidelity the own bin alone
    share, what = facts.fidelity, "fidelity"
    if facts.additivity is not None and math.isfinite(facts.additivity):
        share, what = facts.additivity, "additivity"
    if not share >= LEAST:  # also where it is NaN
        return (
            f"the effects of single features tell {max(0.0, share):.2f} of what the model does nearby ({what}), and at "
            f"least {LEAST} are needed; have the case read by a person."
        )
    return ""


def _reasons(
    explanation: Explanation, catalogue: Mapping[Hashable, str], row: int, sign: float
) -> tuple[list[Reason], list[Reason]]:
    """Return what certainly pushes towards denial, and what may, by text, strongest first.

    Errors of columns with one text are added up, since nothing is known of how they vary together.
    """
    push = sign * explanation.contributions[row]
    error = stated_quantile(0.95, explanation.df) * explanation.contribution_stderr[row]
    tied = 1e-9 * float(np.abs(push).max(initial=0.0))  # rounding is no push
    grouped: dict[str, list[int]] = {}
    missing = []
    for j, feature in enumerate(explanation.features):
        text = catalogue.get(feature.where.key)
        if text is not None:
            grouped.setdefault(str(text), []).append(j)
        elif push[j] - error[j] > tied:
            missing.append(str(feature.where.key))
    if missing:
        raise InputError(
            f"catalogue: expected a text for every column that pushes towards denial, got none for "
            f"{', '.join(map(repr, missing))}."
        )
    found = [_reason(explanation, text, members, push, error) for text, members in grouped.items()]
    found.sort(key=lambda reason: -reason.push)
    return [each for each in found if each.low > tied], [each for each in found if each.low <= tied < each.high]


def _reason(explanation: Explanation, text: str, members: Sequence[int], push: FloatArray, error: FloatArray) -> Reason:
    size, half = float(push[members].sum()), float(error[members].sum())
    names = []
    for j in members:
        if push[j] > 0:
            feature = explanation.features[j]
            names.append(f.with_value(f.visible(feature.name), f.visible(feature.value)))
    return Reason(text, tuple(names), size, size - half, size + half)


def _open(found: Sequence[Reason], unsure: Sequence[Reason], most: int) -> str:
    """Return why nobody can say which reasons are the strongest; empty where that is certain."""
    if not found:
        return "nothing pushed the answer towards denial for certain; have the case read by a person."
    last, more = found[min(most, len(found)) - 1], "explain again with more perturbations (tolerance=0.01)"
    for other in found[most:]:
        if last.push - other.push <= math.hypot(last.push - last.low, other.push - other.low):
            return f"“{last.text}” and “{other.text}” cannot be told apart in size; {more}."
    for other in unsure:
        if other.high > max(last.push, MATTERS * found[0].push):
            return f"“{other.text}” may be one of the strongest or none at all; {more}."
    return ""
