"""What every view says in words: what the weights may be used for, which features act together, and what to beware of.

Names are somebody else's strings; each goes through `quote`, which sets it apart in the view's own way.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from limelight.result.explanation import Explanation
from limelight.result.provenance import OPENINGS
from limelight.result.quantiles import normal_quantile
from limelight.views import facts as f
from limelight.views.facts import Numbers, TargetFacts

MOST_PAIRS = 3
SAME = 0.005
"""Shares that differ by less are written with the same two digits."""
ALIKE = 3
"""Warnings that differ in an output's name and numbers only: more than so many are said once."""

UNUSABLE = frozenset({"gap", "acts together", "nothing moved", "too few"})
"""Causes for which the surrogate's arithmetic says nothing about the model, so that no "if … then" is printed."""

_NUMBER = re.compile(r"[-−]?\d[\d.,]*(?:e[-+]?\d+)?")


def warnings(explanation: Explanation) -> tuple[str, ...]:
    """Return the sentences about trust, safe to show; what is said of many outputs alike is said once.

    What the verdict says already is left to it, where one output is explained and every view shows its verdict.
    """
    groups: dict[str, list[str]] = {}
    if len(explanation.targets) == 1 and explanation.verdicts:
        verdict = explanation.causes[0]
    else:
        verdict = ""
    for sentence in explanation.warnings:
        if verdict in OPENINGS and sentence.startswith(OPENINGS[verdict]):
            continue
        groups.setdefault(skeleton(sentence, explanation.targets), []).append(sentence)
    said: list[str] = []
    for alike in groups.values():
        if len(alike) <= ALIKE:
            said += alike
        else:
            said.append(f"{alike[0]} (and much the same for {len(alike) - 1:,} other outputs)")
    return tuple(f.visible(sentence) for sentence in said)


def gap(facts: TargetFacts) -> str:
    """Return how many residual spreads the model's answer is from what its neighborhood leads to expect; if too far."""
    if facts.cause != "gap" or facts.gap is None:
        return ""
    if not math.isfinite(facts.gap):
        return "unlimited"  # nothing is left unexplained around the instance, and yet its answer differs
    return Numbers.fitting([facts.gap], significant=2).text(facts.gap)


def additivity(facts: TargetFacts) -> str:
    """Return the share that the best sum over features explains, with its standard error; empty where not known."""
    if facts.additivity is None or not math.isfinite(facts.additivity):
        return ""
    if not facts.against and abs(facts.additivity - facts.fidelity) < SAME:
        return ""  # masks: the weights are the best sum, and the same number twice says nothing
    return f.share_text(facts.additivity, facts.additivity_stderr)


def pairs(explanation: Explanation, facts: TargetFacts, quote: Callable[[str], str]) -> list[str]:
    """Return the sentences about features that act together, largest first."""
    found = explanation.interactions(facts.index)
    numbers = f.weight_numbers(facts)
    sentences = []
    for pair in found[:MOST_PAIRS]:
        first, second = (_short(explanation, j, quote) for j in (pair.first, pair.second))
        share = f.percent_text(pair.share, pair.share_stderr)
        said = f"{first} and {second} act together: {share} of what the model does nearby, beyond their sum"
        if math.isfinite(pair.size):
            half = normal_quantile(0.95) * pair.stderr
            said += f"; {numbers.signed(pair.size)} ± {numbers.text(half)} here"
        sentences.append(f"{said}.")
    rest = len(found) - MOST_PAIRS
    if rest > 0:
        sentences.append(f"{rest} more {'pair acts' if rest == 1 else 'pairs act'} together.")
    return sentences


def _short(explanation: Explanation, j: int, quote: Callable[[str], str]) -> str:
    """Return a feature's shortest name in quotes: the column, where it is one."""
    feature = explanation.features[j]
    if feature.where.kind == "column":
        name = str(feature.where.key)
    else:
        name = feature.name
    return f"“{quote(f.shorten(f.visible(name), 40))}”"


def skeleton(sentence: str, targets: Sequence[str]) -> str:
    """Return a sentence without an output's name and without numbers, so that those which say the same are equal."""
    named = [target for target in targets if target and target in sentence]
    if named:
        sentence = sentence.replace(max(named, key=len), "{}")
    return _NUMBER.sub("#", sentence)
