"""What all reports share: head, sections, the table of where it comes from, how to make it again, who signs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from limelight.reports.origin import Origin, digest
from limelight.result import written
from limelight.result.provenance import Provenance
from limelight.views import facts as f
from limelight.views import markup as m

UNTOLD = "not told"
UNSEEN = "What the model was not given cannot be among the reasons, and neither can what the data behind it left out."
LIMITS = (
    "The reasons say what this model does around this case. They do not say what would happen in the world if a fact "
    "were changed, nor whether the model is right or fair.",
    UNSEEN,
)


def section(title: str, *parts: str, kind: str = "") -> str:
    """Return a section, or nothing where all parts are empty."""
    inner = "".join(parts)
    if inner:
        return f'<section class="{kind}"><h2>{m.text(title)}</h2>{inner}</section>'
    return ""


def paragraph(*sentences: str) -> str:
    """Return HTML sentences as one paragraph."""
    text = " ".join(sentence for sentence in sentences if sentence)
    if text:
        return f"<p>{text}</p>"
    return ""


def bullets(sentences: Iterable[str]) -> str:
    """Return plain sentences as a list."""
    items = "".join(f"<li>{m.text(sentence)}</li>" for sentence in sentences)
    if items:
        return f"<ul>{items}</ul>"
    return ""


def head(title: str, kicker: str, origin: Origin) -> str:
    """Return the head of a report."""
    known = [
        origin.model and f"Model {m.name(origin.model)}",
        origin.against and f"Against {m.name(origin.against)}",
        origin.subject and f"Case {m.name(origin.subject)}",
    ]
    line = " · ".join([part for part in known if part] + [m.text(origin.day())])
    return (
        f'<header><p class="kicker">{m.text(kicker)}</p><h1>{m.name(title)}</h1><p class="meta">{line}</p>'
        f"{paragraph(m.text(origin.role))}</header>"
    )


FILES = {
    "model_file": "Model file",
    "against_file": "Second model’s file",
    "background_file": "Background",
    "data_file": "Data",
    "explanations_file": "Explanations",
    "current_file": "Explanations of now",
}
"""What the files of an `Origin` are called."""


def came_from(p: Provenance | None, origin: Origin, marks: Mapping[str, str]) -> str:
    """Return the table of where the numbers come from.

    Parameters
    ----------
    p
        Of the explanation, or of the first of many made alike; None where it is not known.
    origin
        What the caller told.
    marks
        Further lines.
    """
    lines: dict[str, str] = {"Model": m.name(origin.model) if origin.model else UNTOLD}
    if origin.against:
        lines["Second model"] = m.name(origin.against)
    for argument, name in FILES.items():
        path = origin.files().get(argument)
        if path is not None:
            lines[name] = f"{m.name(Path(path).name)}<br><code class=hash>SHA-256 {digest(path)}</code>"
    if origin.row is not None:
        lines["Row" if isinstance(origin.row, int) else "Rows"] = m.text(str(origin.row)) + ", counted from 0"
    if p is not None:
        lines["Kind of data"] = m.text(_modality(p.modality))
    lines["Date"] = m.text(origin.day())
    if p is not None:
        lines["Versions"] = m.text(", ".join(f"{name} {version}" for name, version in p.versions.items()))
        lines["Seed"] = str(p.seed)
        lines["Settings"] = m.text(_settings(p.settings))
    lines |= {name: m.text(value) for name, value in marks.items()}
    if origin.contact:
        lines["Questions to"] = m.name(origin.contact)
    rows = "".join(f'<tr><th scope="row">{name}</th><td>{value}</td></tr>' for name, value in lines.items())
    return f'<table class="facts"><tbody>{rows}</tbody></table>'


def again(text: str, mark: str) -> str:
    """Return how the numbers can be made again, and how to see that they are the same."""
    told = (
        paragraph("This command makes the same numbers, to the last bit, on the same files and versions:")
        + f"<pre>{' '.join(f'<span>{m.text(part)}</span>' for part in text.split(' '))}</pre>"
        if text
        else paragraph(
            "The files are not all on record, or the explanation was made in a way that has no command. The same call "
            "with the same model, background, row and seed makes the same numbers, to the last bit."
        )
    )
    file = "again.jsonl" if "again.jsonl" in text else "again.json"
    check = f"<code>limelight report {file}</code> prints their fingerprint, which is <code>{mark}</code>."
    return told + paragraph(check)


def signatures(names: Sequence[str]) -> str:
    """Return lines for names, dates and signatures."""
    cells = "".join(
        f'<div class="sign"><span>{m.text(name)}</span><i></i><small>Name, date, signature</small></div>'
        for name in names
    )
    if cells:
        return f'<section class="signatures">{cells}</section>'
    return ""


def _modality(described: Mapping[str, object]) -> str:
    shown = [str(described.get("modality", "unknown"))]
    for name, value in described.items():
        if name != "modality" and value not in (None, {}, [], "", ()):
            shown.append(f"{name} {written.shown(value)}")
    return f.shorten(", ".join(shown), 300)


def _settings(settings: Mapping[str, object]) -> str:
    from limelight.settings import Settings

    usual = Settings().to_dict()
    changed = [
        f"{name} {written.shown(value)}"
        for name, value in settings.items()
        if name != "seed" and value != usual.get(name)
    ]
    if changed:
        return ", ".join(changed)
    return "all at their defaults"
