"""An explanation as GitHub-flavoured Markdown, for reports, issues and model cards."""

from __future__ import annotations

import re

from limelight.result.explanation import Explanation
from limelight.views import describe
from limelight.views import facts as f
from limelight.views.facts import TargetFacts
from limelight.views.kinds import kind_of

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|~<>&$:@])")


def render(explanation: Explanation) -> str:
    """Return a heading, the model's outputs, one table per target, the warnings and the cost as Markdown."""
    said = f.outputs(explanation)
    parts = [f"### The model says {escaped(f.verdict(explanation))}"]
    if len(said) > 1:
        numbers = f.Numbers.fitting(value for _, value in said)
        parts.append("Likely outputs: " + ", ".join(f"{escaped(name)} {numbers.text(value)}" for name, value in said))
    parts += [f"> **Warning:** {escaped(sentence)}" for sentence in f.warnings(explanation)]
    parts += [_target(explanation, facts) for facts in f.all_targets(explanation)]
    parts.append(f"<sub>{escaped(f.cost_text(explanation))}</sub>")
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    r"""Return somebody else's string so that Markdown shows it as it is.

    >>> escaped("a|b <i> *c*")
    'a\\|b \\<i\\> \\*c\\*'
    """
    return _SPECIAL.sub(r"\\\1", f.visible(text))


def _target(explanation: Explanation, facts: TargetFacts) -> str:
    outputs, numbers = f.output_numbers(facts), f.weight_numbers(facts)
    kind = kind_of(explanation)
    words = " ".join([*describe.reasons(facts, kind, escaped), describe.trust(explanation, facts)])
    head = (
        f"f(x) {outputs.text(facts.prediction)} · g(x′) {outputs.text(facts.local_prediction)} · "
        f"intercept {outputs.text(facts.intercept)} · held-out fidelity (R²) {f.fidelity_text(facts)}"
    )
    lines = [f"| {escaped(facts.name)} | weight | 95 % interval | |", "| :-- | --: | --: | :-- |"]
    lines += [
        f"| {escaped(row.label)} | {numbers.signed(row.weight)} | {f.interval_text(row, numbers)} | "
        f"{'' if row.certain else 'sign not known'} |"
        for row in facts.rows
    ]
    table = "\n".join(lines) if facts.rows else "No feature is shown: nothing that was varied moves this output here."
    doubts = " ".join(f.doubts(explanation, facts, escaped))
    return f"{words}\n\n{head}\n\n{table}" + (f"\n\n{doubts}" if doubts and facts.rows else "")
