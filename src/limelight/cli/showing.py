"""`limelight show`: an explanation that was saved, in the terminal, as a page, as a picture."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import typer

from limelight.cli.writing import PICTURES, write_one
from limelight.errors import InputError
from limelight.files import check_outputs
from limelight.optional import require
from limelight.result.explanation import Explanation

SavedArgument = Annotated[Path, typer.Argument(metavar="FILE", help="explanation.json, or the .jsonl of --rows.")]
LineOption = Annotated[int | None, typer.Option(help="Which line of a .jsonl, counted from 0.")]
HtmlOption = Annotated[Path | None, typer.Option(help="Write the explanation as a page.")]
PngOption = Annotated[Path | None, typer.Option(help="Write it as a picture: .png, .svg or .pdf.")]
JsonOption = Annotated[Path | None, typer.Option(help="Write it as JSON, for `limelight show`.")]


def show(path: SavedArgument, *, line: LineOption = None, html: HtmlOption = None, png: PngOption = None) -> None:
    """Show an explanation that was saved."""
    check_picture(png)
    check_outputs({"--html": html, "--png": png}, {"FILE": path})
    present(saved(path, line), {"html": html, "png": png})


def saved(path: Path, line: int | None) -> Explanation:
    """Return the explanation of a .json file, or of one line of a .jsonl file.

    Raises
    ------
    InputError
        If there is no such line, or this is no explanation.
    """
    if path.suffix.lower() != ".jsonl":
        if line is not None:
            raise InputError("--line: is for .jsonl files, which hold an explanation in each line.")
        return Explanation.from_json(path)
    with path.open(encoding="utf-8") as file:
        for number, text in enumerate(file):
            if number == (line or 0):
                return Explanation.from_json(text)
    raise InputError(f"--line: '{path}' has no line {line or 0}, counted from 0.")


def check_picture(png: Path | None) -> None:
    """Raise an error where a picture is wanted and cannot be drawn, before anything is computed."""
    if png is None:
        return
    if png.suffix.lower() not in PICTURES:
        raise InputError(f"--png: expected a file named {', '.join(PICTURES)}, got '{png}'.")
    require("matplotlib.figure", "plot")


def present(explanation: Explanation, files: Mapping[str, Path | None]) -> None:
    """Print an explanation, in colour where somebody is looking, and write the files that are asked for.

    Parameters
    ----------
    explanation
        What was found.
    files
        ``"html"``, ``"png"``, ``"json"``, or ``"out"``, whose name says what it is → the file.
    """
    from limelight.views.terminal import print_rich

    print_rich(explanation)
    for flag, path in files.items():
        if path is not None:
            ending = path.suffix.lower() or ("" if flag == "out" else f".{flag}")
            write_one(explanation, path, ending)
            typer.echo(f"{_CALLED.get(ending, 'JSON')}: {path}")


_CALLED = {
    ".html": "Page",
    ".htm": "Page",
    ".csv": "Table",
    ".parquet": "Parquet",
    **dict.fromkeys(PICTURES, "Picture"),
}
"""Ending → what is said to have been written."""
