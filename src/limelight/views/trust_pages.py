"""Pages about many rows: two models compared, a model audited, a month held against another. To be read and printed.

Input: the frozen results. Output: one self-contained page each, without script.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from limelight.result.audit import KINDS, NOT, Audit, Finding
from limelight.result.comparison import Comparison, FeatureChange, RowChange
from limelight.result.drift import Drift, FeatureDrift
from limelight.result.written import written
from limelight.views import markup as m
from limelight.views.facts import Numbers
from limelight.views.html import document

SHOWN_FEATURES = 15
SHOWN_ROWS = 10
SHEETS = ("trust.css", "paper.css")
"""How pages about many rows look on screen, and how all that is printed lies on paper."""


def comparison_page(comparison: Comparison) -> str:
    """Return the page of two models compared.

    >>> from limelight.result.explanations import Explanations
    >>> same = Comparison(("old", "new"), (), (), (), 0, 0.95, {}, Explanations())
    >>> "old and new" in comparison_page(same)
    True
    """
    first, second = comparison.names
    title = f"{first} and {second}, and why they differ"
    kicker = f"{comparison.n:,} rows, explained on the same perturbations; intervals {comparison.level:.0%}"
    parts = [heading(title, kicker), sentences(comparison.sentences()), warnings(comparison.warnings)]
    return _document(title, [*parts, *comparison_parts(comparison)])


def comparison_parts(comparison: Comparison) -> list[str]:
    """Return what two models differ in, below the head and the sentences of a page; nothing where they are the same."""
    if comparison.identical:
        return []
    changes = [_changes(comparison, output) for output in comparison.outputs]
    return [*changes, _reasons_only(comparison), _flips(comparison)]


def _document(title: str, parts: Iterable[str]) -> str:
    return document(title, f'<main class="trust">{"".join(parts)}</main>', *SHEETS)


def _changes(comparison: Comparison, output: str) -> str:
    entries = comparison.of(output)[:SHOWN_FEATURES]
    end = max((entry.high for entry in entries), default=0.0) or 1.0
    first, second = comparison.names
    level = _share(comparison.level)
    head = ["feature", "", f"mean |change| [{level}]", f"size in {first}", f"size in {second}", "rows that differ"]
    sizes = Numbers.fitting(size for entry in entries for size in (entry.change, entry.first, entry.second))
    rows = [_change(entry, end, sizes) for entry in entries]
    note = (
        "A bar is how far the contribution of a feature differs, on average over the rows; the line its interval. A "
        f"row counts as different after a correction for all looks: at most {_share(1 - comparison.level)} of these "
        "are so by chance."
    )
    return f"<h2>What changed in the output “{m.name(output)}”</h2>{table(head, rows)}<p class=note>{m.text(note)}</p>"


def _change(entry: FeatureChange, end: float, sizes: Numbers) -> list[str]:
    return [
        m.name(str(entry.feature)),
        track(entry.change, entry.low, entry.high, 0.0, end),
        f"{sizes.text(entry.change)} [{sizes.text(entry.low)}, {sizes.text(entry.high)}]",
        sizes.text(entry.first),
        sizes.text(entry.second),
        f"{entry.rows:,}",
    ]


def _reasons_only(comparison: Comparison) -> str:
    found = comparison.reasons_only
    if not found:
        return ""
    title = f"<h2>The same answer, another reason: {_rows(len(found))}</h2>"
    return title + _row_table(comparison, found[:SHOWN_ROWS])


def _flips(comparison: Comparison) -> str:
    found = comparison.flips
    if not found:
        return ""
    return f"<h2>Another class: {_rows(len(found))}</h2>" + _row_table(comparison, found[:SHOWN_ROWS])


def _row_table(comparison: Comparison, rows: Sequence[RowChange]) -> str:
    first, second = comparison.names
    head = ["row", first, second, "!what differs most"]
    said = Numbers.fitting(value for row in rows for value in (row.first, row.second))
    shown: list[float] = []
    for row in rows:
        for reason in row.reasons[:3]:
            shown += [reason.first, reason.second]
    sizes = Numbers.fitting(shown)
    cells = []
    for row in rows:
        why = "<br>".join(
            f"<b>{m.name(reason.feature)}</b> {sizes.signed(reason.first)} → {sizes.signed(reason.second)}"
            for reason in row.reasons[:3]
        )
        cells.append([f"{row.position}", said.text(row.first), said.text(row.second), f"!{why or 'nothing'}"])
    return table(head, cells)


# -- pieces that all of these pages share -----------------------------------------------------------------------------


def heading(title: str, kicker: str) -> str:
    """Return the head of a page."""
    return f"<h1>{m.name(title)}</h1><p class=kicker>{m.text(kicker)}</p>"


def sentences(said: Iterable[str]) -> str:
    """Return sentences as a list."""
    items = "".join(f"<li>{m.text(sentence)}</li>" for sentence in said)
    if items:
        return f"<ul class=said>{items}</ul>"
    return ""


def warnings(said: Iterable[str]) -> str:
    """Return warnings, if there are any."""
    items = "".join(f"<li>{m.text(sentence)}</li>" for sentence in said)
    if items:
        return f'<div class="warnings" role="note" aria-label="Warnings about trust"><ul>{items}</ul></div>'
    return ""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table whose cells are HTML already; a cell that begins with "!" holds words, and a track is wide."""
    top = "".join(f"<th{_words(cell)}>{m.text(cell.removeprefix('!'))}</th>" for cell in head)
    body = "".join(f"<tr>{''.join(_cell(cell) for cell in row)}</tr>" for row in rows)
    return f"<table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table>"


def track(value: float, low: float, high: float, start: float, end: float) -> str:
    """Return a bar from 0 to a value, with its interval, on a scale from `start` to `end`; signs have their colours."""
    kind = "fill" if start >= 0.0 else f"fill {m.sign(value)}"
    bar = f'<i class="{kind}" style="{m.place(min(value, 0.0), max(value, 0.0), start, end)}"></i>'
    whisker = f'<i class="whisk" style="{m.place(max(low, start), min(high, end), start, end)}"></i>'
    zero = f'<i class="zero" style="left:{m.percent(0.0, start, end)}"></i>'
    return f'<span class="track">{bar}{whisker}{zero}</span>'


def _cell(cell: str) -> str:
    if cell.startswith('<span class="track">'):
        return f"<td class=span>{cell}</td>"
    return f"<td{_words(cell)}>{cell.removeprefix('!')}</td>"


def _words(cell: str) -> str:
    if cell.startswith("!"):
        return ' class="words"'
    return ""


def _share(value: float) -> str:
    return f"{value:.0%}"


def _rows(count: int) -> str:
    if count == 1:
        return "1 row"
    return f"{count:,} rows"


# -- audits -----------------------------------------------------------------------------------------------------------


def audit_page(audit: Audit) -> str:
    """Return the page of an audit: what was found, each with its number and what to do; and what was looked at in vain.

    >>> "none gave a finding" in audit_page(Audit("spam", (), {}, 100, 0.95, 40))
    True
    """
    title = audit_title(audit)
    kicker = f"Audit of “{audit.target}” by {audit.n:,} explanations; intervals {audit.level:.0%}"
    parts = [heading(title, kicker), f"<p>{m.text(audit.summary())}</p>", warnings(audit.warnings)]
    return _document(f"Audit: {title}", [*parts, *audit_parts(audit)])


def audit_title(audit: Audit) -> str:
    """Return how many findings there are, as a title."""
    count = len(audit.findings)
    if not count:
        return "No finding"
    if count == 1:
        return "1 finding"
    return f"{count} findings"


def audit_parts(audit: Audit) -> list[str]:
    """Return the findings by kind, then what was looked at in vain, and what was not looked at."""
    parts = []
    for kind, name in KINDS.items():
        found = audit.of(kind)
        if found:
            parts.append(f"<h2>{m.text(name)}</h2>{''.join(map(_finding, found))}")
    rest = [kind for kind in KINDS if kind in audit.looked and not audit.of(kind)]
    unseen = [kind for kind in rest if audit.looked[kind].startswith(NOT)]
    parts.append(_kinds("Nothing found", audit, [kind for kind in rest if kind not in unseen]))
    parts.append(_kinds("Not looked at", audit, unseen))
    return parts


def _kinds(title: str, audit: Audit, kinds: Sequence[str]) -> str:
    if not kinds:
        return ""
    said = [(KINDS[kind], audit.looked[kind].removeprefix(f"{NOT}: ")) for kind in kinds]
    items = "".join(f"<li><b>{m.text(name)}</b>: {m.text(looked)}</li>" for name, looked in said)
    return f"<h2>{title}</h2><ul class=clear>{items}</ul>"


def _finding(finding: Finding) -> str:
    number = f"{finding.measure}: {written(finding.value)} [{written(finding.low)}, {written(finding.high)}]"
    if finding.kind != "scaffold":
        chance = f"p {_chance(finding.p)} after correction"
    else:
        chance = ""
    look = ", ".join(f"{row:,}" for row in finding.rows)
    rows = f"<p class=ids>Rows to look at: {look}.</p>" if look else ""
    said = "; ".join(part for part in (number, chance) if part)
    return (
        f"<section class=finding><h3>{m.name(finding.subject)}</h3><p>{m.text(finding.sentence)}</p>{rows}"
        f"<p class=do>{m.text(finding.advice)}</p><p class=ids>{m.text(said)}</p></section>"
    )


def _chance(p: float) -> str:
    if p < 0.001:
        return "< 0.001"
    return f"= {p:.3f}"


# -- drift ------------------------------------------------------------------------------------------------------------


def drift_page(drift: Drift) -> str:
    """Return the page of two sets of explanations held against each other.

    >>> page = drift_page(Drift(("May", "June"), "spam", (), (9, 9), (0.5, 0.5), (0.0, 0.0, 0.0), 0.95, None, 0))
    >>> "From May to June" in page
    True
    """
    first, second = drift.names
    title = f"From {first} to {second}"
    kicker = f"{drift.n[0]:,} and {drift.n[1]:,} explanations of “{drift.target}”; intervals {drift.level:.0%}"
    parts = [heading(title, kicker), sentences(drift.sentences()), warnings(drift.warnings)]
    return _document(title, [*parts, drift_table(drift)])


def drift_table(drift: Drift) -> str:
    """Return the table of the features that moved, with what each change is made of."""
    entries = drift.features[:SHOWN_FEATURES]
    end = max((max(abs(e.low), abs(e.high), abs(e.data), abs(e.reasons)) for e in entries), default=0.0) or 1.0
    head = ["feature", "", "change of the mean contribution", "by other data", "by other reasons", "!what changed most"]
    sizes = Numbers.fitting(size for entry in entries for size in (entry.change, entry.data, entry.reasons))
    rows = [_drifted(entry, end, 1.0 - drift.level, sizes) for entry in entries]
    note = (
        "Both parts add up to the change: other values are more frequent than they were, or the same values contribute "
        "otherwise. Bold where chance would rarely show as much, by permutation, corrected for all features."
    )
    return f"<h2>What moved</h2>{table(head, rows)}<p class=note>{m.text(note)}</p>"


def _drifted(entry: FeatureDrift, end: float, rate: float, sizes: Numbers) -> list[str]:
    parts = []
    for value, p in ((entry.data, entry.p_data), (entry.reasons, entry.p_reasons)):
        shown = m.text(sizes.signed(value))
        chance = f"<br><small>p {m.text(_chance(p))}</small>"
        parts.append(f"<b>{shown}</b>{chance}" if p <= rate else f"{shown}{chance}")
    change = f"{sizes.signed(entry.change)}<br><small>[{sizes.signed(entry.low)}, {sizes.signed(entry.high)}]</small>"
    most = ""
    if entry.p_reasons <= rate:
        places = Numbers.fitting([entry.added, entry.adds])
        most = f"{m.name(entry.place)} {places.signed(entry.added)} → {places.signed(entry.adds)}"
    if entry.p_data <= rate:
        shares = f"{m.name(entry.value)} {_share(entry.before)} → {_share(entry.after)} of rows"
        most = f"{shares}<br>{most}" if most else shares
    return [
        m.name(str(entry.feature)),
        track(entry.change, entry.low, entry.high, -end, end),
        change,
        *parts,
        f"!{most}",
    ]
