"""The report of many rows: what was answered, what matters, how far it can be relied upon, and cases that show it."""

from __future__ import annotations

import math
from collections.abc import Iterable
from os import PathLike

from limelight.overview.importance import FeatureImportance
from limelight.reports import pieces
from limelight.reports.origin import Origin, command, fingerprint
from limelight.reports.summary import MOST_ANSWERS, MOST_WARNINGS, Summary, cause_words, summarise
from limelight.result.explanation import Explanation
from limelight.views import facts as f
from limelight.views import markup as m
from limelight.views.trust_pages import table, track


def read(subject: Iterable[Explanation] | str | PathLike[str]) -> Summary:
    """Return what is said of many explanations; see `summarise`."""
    return summarise(subject)


def title(summary: Summary) -> str:
    """Return how many answers there are, as a title."""
    n = len(summary.explanations)
    if n == 1:
        return "1 answer of a model, explained"
    return f"{n:,} answers of a model, explained"


def sections(summary: Summary, origin: Origin) -> list[str]:
    """Return the sections of a report of many rows, in the order of reading."""
    first, mark = summary.explanations[0], fingerprint(summary.explanations)
    took = {"Explanations": f"{len(summary.explanations):,}", "Fingerprint of the numbers": mark}
    return [
        pieces.section("What was answered", _answers(summary)),
        *(pieces.section(f"What matters for {each[0]}", _features(*each[1:])) for each in summary.features),
        pieces.section("How far the explanations can be relied upon", _causes(summary), _quantiles(summary)),
        pieces.section("Cases that show most of it", _examples(summary)),
        pieces.section("What not to rely on", _doubts(summary), kind="limits"),
        pieces.section("Where this comes from", pieces.came_from(first.provenance, origin, took)),
        pieces.section("How to make it again", pieces.again(command(first, origin), mark), kind="keep"),
    ]


def _answers(summary: Summary) -> str:
    if summary.quantity is not None:
        name, low, middle, high = summary.quantity
        numbers = f.Numbers.fitting([low, middle, high])
        shown = ", ".join(
            f"{what} {numbers.text(value)}"
            for what, value in (("smallest", low), ("median", middle), ("largest", high))
        )
        return pieces.paragraph(f"The model gives one number, {m.name(name)}: {shown}.")
    n = len(summary.explanations)
    rows = [
        [m.name(name), track(count / n, count / n, count / n, 0.0, 1.0), f"{count:,}", f"{count / n:.1%}"]
        for name, count in summary.answers[:MOST_ANSWERS]
    ]
    left = len(summary.answers) - MOST_ANSWERS
    note = f"<p class=note>… and {left} rarer answers.</p>" if left > 0 else ""
    return table(["answer", "", "rows", "share"], rows) + note


def _features(over: str, entries: Iterable[FeatureImportance]) -> str:
    entries = list(entries)
    end = max((entry.abs_high for entry in entries), default=0.0) or 1.0
    numbers = f.Numbers.fitting(entry.mean_abs for entry in entries)
    rows = [
        [
            m.name(str(entry.feature)),
            track(entry.mean_abs, entry.abs_low, entry.abs_high, 0.0, end),
            f"{numbers.text(entry.mean_abs)} [{numbers.text(entry.abs_low)}, {numbers.text(entry.abs_high)}]",
            f"{numbers.signed(entry.mean)}",
            f"{entry.count:,}",
        ]
        for entry in entries
    ]
    note = (
        "A bar is how far the feature moves an answer on average, up or down, against the average row or the feature "
        "hidden; the line is the 95 % interval for rows like these."
    )
    return table(["feature", "", "mean size [95 %]", "mean", "rows"], rows) + f"<p class=note>{m.text(over)} {note}</p>"


def _causes(summary: Summary) -> str:
    total = sum(count for _, count in summary.causes) or 1
    rows = [
        [
            m.text(cause_words(cause)),
            track(count / total, count / total, count / total, 0.0, 1.0),
            f"{count / total:.1%}",
        ]
        for cause, count in summary.causes
    ]
    return table(["!what the verdict says", "", "share"], [[f"!{row[0]}", *row[1:]] for row in rows])


def _quantiles(summary: Summary) -> str:
    head = ["", "5 % below", "25 %", "half", "75 %", "95 %"]
    lines = (("fidelity (held-out R² of the conditions)", summary.fidelity), ("additivity", summary.additivity))
    rows = [[f"!{name}", *(f"{value:.2f}" for value in values)] for name, values in lines if values is not None]
    if rows:
        return table(head, rows)
    return ""


def _examples(summary: Summary) -> str:
    rows = []
    for position in summary.examples:
        explanation = summary.explanations[position]
        facts = f.target_facts(explanation)
        numbers = f.weight_numbers(facts)
        why = "<br>".join(f"{m.name(row.label)} <b>{numbers.signed(row.weight)}</b>" for row in facts.rows[:3])
        rows.append([f"{position}", f"!{m.name(f.verdict(explanation))}", f"!{why or 'nothing'}"])
    covered = ""
    if not math.isnan(summary.coverage):
        covered = f"Their three largest reasons cover {summary.coverage:.0%} of all that matters. "
    note = f"{covered}Rows are counted from 0."
    return table(["row", "!the model says", "!because of"], rows) + f"<p class=note>{note}</p>"


def _doubts(summary: Summary) -> str:
    n = len(summary.explanations)
    told = [f"In {count:,} of {n:,} rows: {sentence}." for sentence, count in summary.warnings[:MOST_WARNINGS]]
    return pieces.bullets([*told, *pieces.LIMITS])
