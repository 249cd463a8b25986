"""An explanation as GitHub-flavoured Markdown, for reports, issues and model cards."""

from __future__ import annotations

import re

from limelight.result.explanation import Explanation
from limelight.views import curves, describe, sentences
from limelight.views import facts as f
from limelight.views.facts import TargetFacts
from limelight.views.kinds import kind_of
from limelight.views.measure import CONTRIBUTIONS
from limelight.views.targets import left_out

_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-.!|~<>&$:@])")


def render(explanation: Explanation, weights: str = CONTRIBUTIONS) -> str:
    """Return a heading, the model's outputs, one table per target, the warnings and the cost as Markdown.

    Parameters
    ----------
    explanation
        What to write.
    weights
        ``"contributions"``, or ``"coef"`` for LIME's weights.
    """
    said = f.outputs(explanation)
    parts = [f"### The model says {escaped(f.verdict(explanation))}"]
    if len(said) > 1:
        numbers = f.Numbers.fitting(value for _, value in said)
        parts.append("Likely outputs: " + ", ".join(f"{escaped(name)} {numbers.text(value)}" for name, value in said))
    parts += [f"> **Warning:** {escaped(sentence)}" for sentence in sentences.warnings(explanation)]
    parts += [escaped(note) for note in [left_out(explanation)] if note]
    parts += [_target(explanation, facts) for facts in f.all_targets(explanation, weights)]
    parts.append(f"<sub>{escaped(f.cost_text(explanation))}</sub>")
    return "\n\n".join(parts) + "\n"


def escaped(text: str) -> str:
    r"""Return somebody else's string so that Markdown shows it as it is.

    >>> escaped("a|b <i> *c*")
    'a\\|b \\<i\\> \\*c\\*'
    """
    return _SPECIAL.sub(r"\\\1", f.visible(text))


def _target(explanation: Explanation, facts: TargetFacts) -> str:
    trusted = escaped(facts.verdict)
    words = " ".join([*describe.reasons(facts, kind_of(explanation), escaped), describe.trust(explanation, facts)])
    under = [*sentences.pairs(explanation, facts, escaped), *f.doubts(explanation, facts, escaped)]
    parts = [f"**{trusted}**" if trusted else "", words.strip(), _head(facts), _table(facts)]
    parts.append(" ".join(under) if facts.rows else "")
    return "\n\n".join(part for part in parts if part)


def _head(facts: TargetFacts) -> str:
    outputs = f.output_numbers(facts)
    parts = [
        f"f(x) {outputs.text(facts.prediction)}",
        f"g(x′) {outputs.text(facts.local_prediction)}",
        f"{f.base_name(facts)} {outputs.text(facts.intercept)}",
        f"held-out fidelity (R²) {f.fidelity_text(facts)}",
    ]
    if sentences.additivity(facts):
        parts.append(f"additivity {sentences.additivity(facts)}")
    if sentences.gap(facts):
        parts.append(f"gap {sentences.gap(facts)} residual spreads")
    return " · ".join(parts)


def _table(facts: TargetFacts) -> str:
    if not facts.rows:
        return "No feature is shown: nothing that was varied moves this output here."
    numbers = f.weight_numbers(facts)
    beside = [curves.beside(row) for row in facts.rows]
    heads = [escaped(facts.name), f.measure_name(facts), "95 % interval"]
    marks = [":--", "--:", "--:"]
    if any(beside):
        heads.append(curves.heading(facts))
        marks.append(":--")
    lines = [f"| {' | '.join(heads)} | |", f"| {' | '.join(marks)} | :-- |"]
    for row, extra in zip(facts.rows, beside, strict=True):
        cells = [escaped(row.label), numbers.signed(row.weight), f.interval_text(row, numbers)]
        if any(beside):
            cells.append(escaped(extra))
        lines.append(f"| {' | '.join(cells)} | {'' if row.certain else 'sign not known'} |")
    return "\n".join(lines)
