"""An explanation in plain words: what the model said, what moved it, what would change it, how far to trust it."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence

from limelight.result.explanation import Explanation
from limelight.views import facts as f
from limelight.views import sentences
from limelight.views.facts import Row, TargetFacts
from limelight.views.kinds import Kind, kind_of
from limelight.views.measure import LIKE

Quote = Callable[[str], str]
"""How a name is set apart from the sentence around it."""


def isolated(name: str) -> str:
    """Return a name that cannot turn the sentence around it, also where it is written from right to left.

    >>> isolated("age")
    'age'
    """
    rightward = any(unicodedata.bidirectional(character) in ("R", "AL", "AN") for character in name)
    if rightward:
        return f"\N{FIRST STRONG ISOLATE}{name}\N{POP DIRECTIONAL ISOLATE}"
    return name


def describe(explanation: Explanation, target: str | int | None = None) -> str:
    """Return a short paragraph about one explained output; None is the first.

    The counterfactual is the surrogate's arithmetic, g(x') minus the two largest bars of known sign; it is left out
    where bars do not add up to g(x'), and where the surrogate does not describe the model.
    """
    facts = f.target_facts(explanation, target)
    first = [_opening(explanation, facts), facts.verdict]
    # Where the pairs are why, the verdict has named them.
    named = facts.verdict and facts.cause in ("acts together", "adds up in part")
    together = [] if named else sentences.pairs(explanation, facts, isolated)
    parts = [*first, *reasons(facts, kind_of(explanation), isolated), *together, trust(explanation, facts)]
    return " ".join(part for part in parts if part)


def reasons(facts: TargetFacts, kind: Kind, quote: Quote = isolated) -> list[str]:
    """Return the sentences about what moved the output, and what the surrogate expects without it.

    Only names are somebody else's strings here, and each goes through `quote`.
    """
    known = [row for row in facts.rows if row.certain and row.weight]
    if not known:
        return [f"No shown feature moves {quote(facts.name)} in a direction that is known."]
    compared = f", against {facts.against}" if facts.against else ""
    said = []
    for head, rows in (
        ("Most for it", [row for row in known if row.weight > 0]),
        ("Most against it", [row for row in known if row.weight < 0]),
    ):
        if rows:
            said.append(f"{head}{compared}: {_listed(rows[:3], facts, quote)}.")
            compared = ""  # once is enough
    return said + _without(facts, known, kind, quote)


def without(facts: TargetFacts, kind: Kind) -> tuple[str, str]:
    """Return what is said of one feature that is taken away, and of several."""
    if kind.name == "mixed":  # a word is not drawn from anywhere
        return kind.without
    if facts.against in ("the background", LIKE):
        return f"was drawn from {facts.against}", f"were drawn from {facts.against}"
    if facts.against:
        return "was as in the average row", "were as in the average row"
    return kind.without


def trust(explanation: Explanation, facts: TargetFacts) -> str:
    """Return how far the linear story holds, and why; nothing where the explanation has a verdict of its own.

    The bands are rules of thumb: a held-out R² of 0.9 leaves a tenth of the nearby variance unexplained, 0.5 half.
    """
    if facts.verdict:
        return ""
    explained = f"The linear story explains {max(0.0, facts.fidelity):.0%} of what the model does nearby"
    explained = explained.replace("%", " %")  # as all views write it
    count = len(explanation.provenance.warnings)
    if facts.fidelity < 0.5:
        return f"{explained}; do not rely on it, because it misses most of that."
    if count:
        return f"{explained}; trust it with care, because of the {'warning' if count == 1 else 'warnings'}."
    if facts.uncertain * 2 > len(facts.rows):
        return f"{explained}; trust it moderately, because {facts.uncertain} of {len(facts.rows)} signs are not known."
    if facts.fidelity < 0.9:
        return f"{explained}; trust it moderately, because the rest is not linear."
    return f"{explained}; trust it well, because it fits and its intervals are narrow."


def _opening(explanation: Explanation, facts: TargetFacts) -> str:
    said = f.outputs(explanation)
    if not said:
        return "The model says nothing."
    name, value = said[0]
    number = f.Numbers.fitting([value]).text(value)
    shown = isolated(name)
    if len(said) == 1:
        opening = f"The model says {number} for *{shown}*."
    else:
        opening = f"The model says *{shown}* ({number})."
    if facts.name == name:
        return opening
    own = f.output_numbers(facts).text(facts.prediction)
    return f"{opening} This is about *{isolated(facts.name)}* ({own})."


def _listed(rows: Sequence[Row], facts: TargetFacts, quote: Quote) -> str:
    numbers = f.weight_numbers(facts)
    parts = [
        f"“{quote(f.shorten(row.label, 60))}” ({numbers.signed(row.weight)}{_error(row, numbers)})" for row in rows
    ]
    return ", ".join(parts)


def _error(row: Row, numbers: f.Numbers) -> str:
    if row.pointlike:
        return ""
    return f" ± {numbers.text((row.high - row.low) / 2)}"


def _without(facts: TargetFacts, known: Sequence[Row], kind: Kind, quote: Quote) -> list[str]:
    if not facts.additive or facts.cause in sentences.UNUSABLE:
        return []
    sign = known[0].weight > 0
    gone = [row for row in known if (row.weight > 0) == sign][:2]
    expected = facts.local_prediction - sum(row.weight for row in gone)
    numbers = f.output_numbers(facts)
    one, several = without(facts, kind)
    names = " and ".join(f"“{quote(f.shorten(row.label, 60))}”" for row in gone)
    return [
        f"If {names} {one if len(gone) == 1 else several}, the surrogate expects {numbers.text(expected)} "
        f"instead of {numbers.text(facts.local_prediction)}."
    ]
