"""`limelight report`: what was saved, as a page or a PDF to be signed and filed, or for a model card.

Input: explanations, or what `limelight compare`, `audit` and `drift` wrote by --json. Output: files.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from limelight.cli.showing import LineOption, saved
from limelight.errors import InputError
from limelight.files import check_outputs, write_text
from limelight.result.explanation import Explanation

if TYPE_CHECKING:
    from limelight.result.found import Found

ReportedArgument = Annotated[
    Path,
    typer.Argument(
        metavar="FILE",
        help="explanation.json, the .jsonl of --rows, or the --json of `compare`, `audit` or `drift`.",
    ),
]
ReportOption = Annotated[
    Path | None, typer.Option("--out", help="Where the report goes: .html, or .pdf, which a Chromium browser prints.")
]
CardOption = Annotated[Path | None, typer.Option(help="Write the section of a model card, as Markdown.")]
NameOption = Annotated[str, typer.Option("--name", help="What the model is called, with its version.")]
RoleOption = Annotated[str, typer.Option(help="What the model is used for, and who decides.")]
SubjectOption = Annotated[str, typer.Option(help="What the case is called in the books.")]
ContactOption = Annotated[str, typer.Option(help="Where questions go.")]
ModelFileOption = Annotated[Path | None, typer.Option("--model", help="The model's file: its SHA-256 is shown.")]
AgainstNameOption = Annotated[
    str, typer.Option("--against-name", help="Of a comparison: what the second model is called.")
]
AgainstFileOption = Annotated[Path | None, typer.Option("--against", help="Of a comparison: the second model's file.")]
ExplanationsOption = Annotated[
    Path | None, typer.Option("--explanations", help="Of an audit or a drift: the file or folder that was read.")
]
CurrentFileOption = Annotated[Path | None, typer.Option("--current", help="Of a drift: the explanations of now.")]
BackgroundFileOption = Annotated[Path | None, typer.Option("--background", help="The background's file.")]
DataFileOption = Annotated[Path | None, typer.Option("--data", help="The file of the rows.")]
RowOption = Annotated[
    str | None, typer.Option(metavar="N|START:STOP", help="Which row or rows of --data these are, counted from 0.")
]


def report(
    path: ReportedArgument,
    *,
    line: LineOption = None,
    out: ReportOption = None,
    card: CardOption = None,
    name: NameOption = "",
    role: RoleOption = "",
    subject: SubjectOption = "",
    contact: ContactOption = "",
    model: ModelFileOption = None,
    against: AgainstFileOption = None,
    against_name: AgainstNameOption = "",
    explanations: ExplanationsOption = None,
    current: CurrentFileOption = None,
    background: BackgroundFileOption = None,
    data: DataFileOption = None,
    row: RowOption = None,
) -> None:
    """Write explanations, a comparison, an audit or a drift as a report to be signed; print their fingerprint."""
    from limelight.reports import Origin, fingerprint, model_card
    from limelight.reports import report as reported

    read = {"FILE": path, "--model": model, "--background": background, "--data": data, "--against": against}
    read |= {"--explanations": explanations, "--current": current}
    check_outputs({"--out": out, "--card": card}, {flag: file for flag, file in read.items() if file is not None})
    told = {"model": name, "role": role, "subject": subject, "contact": contact, "row": _row(row)}
    told["against"] = against_name
    files = {"model_file": model, "background_file": background, "data_file": data, "against_file": against}
    files |= {"explanations_file": explanations, "current_file": current}
    given: dict[str, Any] = {**told, **files}
    origin, asked = Origin(**given), _subject(path, line)
    if out is not None:
        reported(asked, out, origin=origin)
        typer.echo(f"Report: {out}")
    if card is not None:
        if not isinstance(asked, Path):
            raise InputError("--card: a model card is about many rows; give the .jsonl that `explain --rows` wrote.")
        write_text(card, model_card(asked, origin=origin))
        typer.echo(f"Model card: {card}")
    typer.echo(f"Fingerprint of the numbers: {fingerprint(_each(asked))}")


def _subject(path: Path, line: int | None) -> Explanation | Found | Path:
    from limelight.result import found

    if line is None and found.is_found(path):
        return found.read(path)
    if path.suffix.lower() == ".jsonl" and line is None:
        return path
    return saved(path, line)


def _each(asked: Explanation | Found | Path) -> Explanation | Found | Iterator[Explanation]:
    from limelight.overview.reading import whole_explanations

    if isinstance(asked, Path):
        return whole_explanations(asked)
    return asked


def _row(given: str | None) -> int | str | None:
    if given is None or ":" in given:
        return given
    if not given.isdecimal():
        raise InputError(f"--row: expected a number such as 3, or 0:100, got {given!r}.")
    return int(given)
