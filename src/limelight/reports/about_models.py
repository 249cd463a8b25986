"""The report of what was found about models: two compared, one audited, one set of reasons held against another.

Input: a `Comparison`, `Audit` or `Drift`, and what the caller told. Output: sections, in the order of reading; the
tables and findings are those of their pages.
"""

from __future__ import annotations

from collections.abc import Iterable

from limelight.reports import pieces
from limelight.reports.origin import Origin, command_of_found, fingerprint
from limelight.result.audit import KINDS, NOT, Audit
from limelight.result.comparison import Comparison
from limelight.result.drift import Drift
from limelight.result.found import Found
from limelight.result.written import written
from limelight.views import markup as m
from limelight.views import trust_pages as pages

NAMED = 3
"""Features that the paragraph in plain words names."""
LIMITS = {
    Comparison: "That two models differ does not say which of them is right; only what was true can say that.",
    Audit: "An audit finds some of what it looks for. That nothing is found in a place does not mean that nothing is "
    "there, and a finding is a reason to look, and no proof of a fault.",
    Drift: "This says what changed, and not why; a model whose reasons have not changed may have become wrong, if the "
    "world has changed.",
}
"""What not to rely on, of each kind."""


def kicker(found: Found) -> str:
    """Return what kind of report this is."""
    if isinstance(found, Comparison):
        return "Two models compared by the reasons for their answers"
    if isinstance(found, Audit):
        return "Audit of a model by the reasons for its answers"
    return "Two sets of answers held against each other"


def title(found: Found) -> str:
    """Return what was found, as a title."""
    if isinstance(found, Comparison):
        first, second = found.names
        if found.identical:
            return f"{first} and {second} agree"
        return f"{first} and {second}, and why they differ"
    if isinstance(found, Audit):
        return f"{pages.audit_title(found)} about “{found.target}”"
    return f"From {found.names[0]} to {found.names[1]}"


def sections(found: Found, origin: Origin) -> list[str]:
    """Return the sections of a report about models, in the order of reading."""
    mark = fingerprint(found)
    text = command_of_found(found, origin)
    return [
        pieces.section("In plain words", plain_words(found), kind="plain"),
        *_body(found),
        pieces.section("What not to rely on", pieces.bullets(_doubts(found)), kind="limits"),
        pieces.section("Where this comes from", pieces.came_from(found.provenance, origin, _marks(found, mark))),
        pieces.section("How to make it again", pieces.again(text, mark), kind="keep"),
    ]


def plain_words(found: Found) -> str:
    """Return a paragraph for somebody who has never heard of an explanation: what was held against what, and found."""
    if isinstance(found, Comparison):
        return pieces.paragraph(*_compared(found))
    return pieces.paragraph(*(_audited(found) if isinstance(found, Audit) else _drifted(found)))


def _compared(found: Comparison) -> list[str]:
    first, second = (m.name(name) for name in found.names)
    said = [f"Two models, {first} and {second}, were asked about the same {_cases(found.n)}."]
    if found.identical:
        return [*said, "They give the same answers, for the same reasons, to the last bit."]
    for output in found.outputs:
        rows = [row for row in found.rows if row.output == output]
        apart, other = (sum(row.kind == kind for row in rows) for kind in ("answer", "reason"))
        said.append(
            f"For {apart:,} of {_cases(len(rows))} their answers for “{m.name(output)}” lie further apart than "
            f"{written(found.agree[output])}; for {other:,} the answers agree, and the reasons do not."
        )
        moved = [f"“{m.name(str(entry.feature))}”" for entry in found.of(output) if entry.rows][:NAMED]
        said.append(
            f"What makes the difference most is {_listed(moved)}."
            if moved
            else "No reason certainly differs between the two."
        )
    if any(row.flipped for row in found.rows):
        said.append(f"{_cases(len({row.position for row in found.flips})).capitalize()} would get another decision.")
    return said


def _audited(found: Audit) -> list[str]:
    looked = [name for kind, name in KINDS.items() if not found.looked.get(kind, NOT).startswith(NOT)]
    said = [
        f"{_cases(found.n).capitalize()} that the model answered were looked through for signs that it should not be "
        f"trusted: {_listed([_lower(name) for name in looked])}."
    ]
    if not found.findings:
        return [*said, "None was found."]
    for kind, name in KINDS.items():
        subjects = list(dict.fromkeys(f"“{m.name(each.subject.strip('“”'))}”" for each in found.of(kind)))
        if subjects:
            said.append(f"{name}: {_listed(subjects[:NAMED])}{' and others' if len(subjects) > NAMED else ''}.")
    return [*said, "What each means, which cases to look at and what to do is said below."]


def _drifted(found: Drift) -> list[str]:
    first, second = (m.name(name) for name in found.names)
    change, low, high = found.answer_change
    if low > 0 or high < 0:
        sure = "by more than chance"
    else:
        sure = "no more than chance would have it"
    said = [
        f"The answers of {first} ({_cases(found.n[0])}) were held against those of {second} ({_cases(found.n[1])}). "
        f"The mean answer for “{m.name(found.target)}” was {written(found.answer[0])} and is "
        f"{written(found.answer[1])}, {sure if change else 'the same'}."
    ]
    data = [f"“{m.name(str(entry.feature))}”" for entry in found.data_changed][:NAMED]
    reasons = [f"“{m.name(str(entry.feature))}”" for entry in found.reasons_changed][:NAMED]
    said.append(
        f"Other cases come in: {_listed(data)} changed." if data else "The cases that come in are the same kind."
    )
    if reasons:
        return [*said, f"The model gives other reasons for the same facts: {_listed(reasons)}."]
    return [*said, "The same facts count as they did."]


def _body(found: Found) -> list[str]:
    if isinstance(found, Comparison):
        lines = "" if found.identical else pages.sentences(found.sentences())
        return [pieces.section("What was found", lines), *pages.comparison_parts(found)]
    if isinstance(found, Audit):
        return [pieces.paragraph(m.text(found.summary())), *pages.audit_parts(found)]
    return [pieces.section("What was found", pages.sentences(found.sentences())), pages.drift_table(found)]


def _doubts(found: Found) -> list[str]:
    sentences = [text.removesuffix(".") + "." for text in found.warnings]
    return [*sentences, LIMITS[type(found)], pieces.UNSEEN]


def _marks(found: Found, mark: str) -> dict[str, str]:
    if isinstance(found, Audit):
        marks = {}
    else:
        marks = {"Compared": " and ".join(found.names)}
    if isinstance(found.n, int):
        count = f"{found.n:,}"
    else:
        count = " and ".join(f"{n:,}" for n in found.n)
    return {
        **marks,
        "How many": f"{count} explanations",
        "Intervals": f"{found.level:.0%}; of what is called a finding, at most {1 - found.level:.0%} is so by chance",
        "Fingerprint of the numbers": mark,
    }


def _cases(count: int) -> str:
    if count == 1:
        return "1 case"
    return f"{count:,} cases"


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]


def _listed(names: Iterable[str]) -> str:
    listed = list(names)
    if len(listed) > 1:
        return " and ".join([", ".join(listed[:-1]), listed[-1]])
    return "".join(listed)
