"""The report of one row: what the model said, why, how sure that is, what not to rely on, where it comes from."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import cast

from limelight.reports import pieces
from limelight.reports.origin import Origin, command, fingerprint
from limelight.result.explanation import Explanation
from limelight.views import facts as f
from limelight.views import markup as m
from limelight.views import sentences
from limelight.views.bars import bar_table
from limelight.views.facts import Row, TargetFacts
from limelight.views.kinds import kind_of
from limelight.views.measure import LIKE
from limelight.views.reasons import CAUTION, AdverseAction

NAMED = 3
"""Features that the paragraph in plain words names on either side."""


def sections(explanation: Explanation, origin: Origin, reasons: AdverseAction | None) -> list[str]:
    """Return the sections of a report of one row, in the order of reading."""
    targets = f.all_targets(explanation)
    mark = fingerprint(explanation)
    took = {"Perturbations": f.cost_text(explanation), "Fingerprint of the numbers": mark}
    return [
        pieces.section("In plain words", *(plain_words(explanation, facts) for facts in targets), kind="plain"),
        pieces.section("Principal reasons", _principal(reasons)) if reasons is not None else "",
        *(_details(explanation, facts, several=len(targets) > 1) for facts in targets),
        pieces.section("What not to rely on", pieces.bullets(doubts(explanation, targets)), kind="limits"),
        pieces.section("Where this comes from", pieces.came_from(explanation.provenance, origin, took)),
        pieces.section("How to make it again", pieces.again(command(explanation, origin), mark), kind="keep"),
    ]


def title(explanation: Explanation) -> str:
    """Return what the model said, as a title."""
    return f"The model says {f.verdict(explanation)}"


def plain_words(explanation: Explanation, facts: TargetFacts) -> str:
    """Return a paragraph for somebody who has never heard of a surrogate: what, why, and how far that goes.

    It names only features whose direction is certain, and none where the verdict is against using the weights.
    """
    said = [_answer(explanation, facts)]
    if facts.cause in sentences.UNUSABLE:
        said.append(
            "Why it says so cannot be told fact by fact: changing one fact at a time does not describe how the model "
            f"answers here ({m.text(facts.verdict.rstrip('.'))}). The figures below are for specialists, and are no "
            "list of reasons."
        )
        return pieces.paragraph(*said)
    known = [row for row in facts.rows if row.certain and row.weight]
    # a fact whose direction is not known is no reason, however large its bar
    up, down = [row for row in known if row.weight > 0], [row for row in known if row.weight < 0]
    said.append(_pushes(facts, up, down))
    said.append(_extent(facts))
    return pieces.paragraph(*said)


def doubts(explanation: Explanation, targets: Sequence[TargetFacts]) -> list[str]:
    """Return plain sentences about what the explanation does not tell, gravest first."""
    said = list(sentences.warnings(explanation))
    for facts in targets:
        if facts.cause in sentences.UNUSABLE:
            said.insert(0, f"Do not use the weights for {facts.name} as reasons: {facts.verdict}")
        unsure = [f"“{f.shorten(row.label, 60)}”" for row in facts.rows if not row.certain]
        if unsure and not any(sentence.startswith("the sign is not certain") for sentence in said):
            said.append(f"The direction is not known for {', '.join(unsure)}.")
        said += f.doubts(explanation, facts, _as_it_is)[1:]
    return [*map(_sentence, said), *pieces.LIMITS]


def _answer(explanation: Explanation, facts: TargetFacts) -> str:
    given = dict(f.outputs(explanation))
    numbers = f.Numbers.fitting([facts.prediction])
    if len(given) < 2:
        return f"For this case the model’s answer is <b>{numbers.text(facts.prediction)}</b> ({m.name(facts.name)})."
    first = next(iter(given))
    if facts.name == first:
        shown = f"<b>{m.name(first)}</b>"
        return f"For this case the model’s answer is {shown}, at {numbers.text(facts.prediction)}."
    return f"For this case the model gives {m.name(facts.name)} {numbers.text(facts.prediction)}."


def _pushes(facts: TargetFacts, up: Sequence[Row], down: Sequence[Row]) -> str:
    against = {
        "the average row": "Compared with the average case, ",
        "the background": "Compared with other cases, ",
        LIKE: "Compared with cases that are like it otherwise, ",
    }
    start = against.get(facts.against, "")
    name = f"“{m.name(facts.name)}”"
    if not up and not down:
        return "No single fact certainly moved it."
    raised = f"what raised {name} most is {_listed(up)}" if up else ""
    if down:
        lowered = f"what lowered it most is {_listed(down)}"
    else:
        lowered = "nothing listed lowered it"
    if not up:
        return _capital(f"{start}nothing listed certainly raised {name}; {lowered}.")
    return _capital(f"{start}{raised}; {lowered}.")


def _extent(facts: TargetFacts) -> str:
    """Return how much of the model's behaviour the single effects account for, and how much of it is listed."""
    share = facts.fidelity if facts.additivity is None else facts.additivity
    if not math.isfinite(share):
        return ""
    start = f"Taken one by one, facts account for {_percent(share)} of how the answer moves around this case"
    if _two_shares(facts):
        start += (
            f", if all their values are counted; the conditions that are listed below, each met or not, for "
            f"{_percent(facts.fidelity)}"
        )
    if share >= 0.9:  # what acts together is a tenth at most
        return f"{start}."
    return f"{start}; the rest comes from facts acting together, so that the sizes are rough."


def _percent(share: float) -> str:
    return f"{100 * min(max(share, 0.0), 1.0):.0f} %"


def _two_shares(facts: TargetFacts) -> bool:
    """Return whether additivity says something that fidelity does not, so that a reader needs to be told both."""
    known = facts.additivity is not None and math.isfinite(facts.additivity) and math.isfinite(facts.fidelity)
    return (
        known
        and bool(sentences.additivity(facts))
        and _percent(cast(float, facts.additivity)) != _percent(facts.fidelity)
    )


BOTH_SHARES = (
    "Both say how much of the movement of the answers around this case is accounted for, on perturbations that were "
    "not fitted to; 1 is all of it. Additivity: by single facts with all their values, the most that any list of "
    "single effects can. Fidelity: by the conditions of the table alone, each met or not. Where it is lower, much "
    "depends on which other value a fact has where its condition is not met; the table says how this case stands "
    "against all of them."
)
"""What two numbers mean that look as if they contradicted each other."""


def _details(explanation: Explanation, facts: TargetFacts, *, several: bool) -> str:
    kind = kind_of(explanation)
    if kind.page:
        picture = f'<div class="picture">{kind.page(explanation, facts)}</div>'
    else:
        picture = ""
    together = sentences.pairs(explanation, facts, m.name)
    if facts.verdict:
        verdict = f'<p class="verdict">{m.text(facts.verdict)}</p>'
    else:
        verdict = ""
    heading = (
        f"The reasons for {facts.name}, and how sure they are" if several else "The reasons, and how sure they are"
    )
    shape = f'<div class="ll {kind.name}">{picture}{bar_table(facts)}</div>'
    return pieces.section(heading, verdict, _numbers(facts), shape, pieces.paragraph(*together))


def _numbers(facts: TargetFacts) -> str:
    numbers = f.output_numbers(facts)
    if facts.against:
        start = f.base_name(facts).capitalize()
    else:
        start = "With everything hidden"
    cells = [
        ("The model’s answer", numbers.text(facts.prediction)),
        ("The explanation’s", numbers.text(facts.local_prediction)),
        (start, numbers.text(facts.intercept)),
        ("Fidelity (held-out R²)", f.fidelity_text(facts)),
    ]
    if sentences.additivity(facts):
        cells.append(("Additivity", sentences.additivity(facts)))
    items = "".join(f"<div><dt>{m.text(name)}</dt><dd>{value}</dd></div>" for name, value in cells)
    if _two_shares(facts):
        both = f"<p class=note>{m.text(BOTH_SHARES)}</p>"
    else:
        both = ""
    return f'<dl class="numbers">{items}</dl>{both}'


def _principal(reasons: AdverseAction) -> str:
    if reasons.refusal:
        return f'<p class="verdict beware">No principal reasons are given: {m.text(reasons.refusal)}</p>'
    items = "".join(f"<li>{m.text(reason.text)}</li>" for reason in reasons.reasons)
    start = f"Compared with {m.name(reasons.reference)}, these pushed the answer towards denial most:"
    if reasons.others:
        more = f"{reasons.others} weaker ones are not listed."
    else:
        more = ""
    return f"{pieces.paragraph(start)}<ol>{items}</ol>{pieces.paragraph(more)}<p class=note>{m.text(CAUTION)}</p>"


def _listed(rows: Sequence[Row]) -> str:
    names = [f"{m.name(f.shorten(row.label, 60))}" for row in rows[:NAMED]]
    if len(names) == 1:
        return names[0]
    return ", ".join(names[:-1]) + f" and {names[-1]}"


def _sentence(text: str) -> str:
    if text.endswith((".", "!", "?")):
        return _capital(text)
    return _capital(text) + "."


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _as_it_is(name: str) -> str:
    return name
