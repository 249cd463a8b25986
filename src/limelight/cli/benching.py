"""`limelight bench`: the figures of the documentation, measured on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

QuickOption = Annotated[bool, typer.Option("--quick/--whole", help="Some minutes; or an hour or two.")]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(metavar="QUESTION", help="speed, steadiness, coverage, faithfulness, truth. Repeatable."),
]
OutOption = Annotated[Path | None, typer.Option(help="A folder for proof.json and proof.md.")]


def bench(*, quick: QuickOption = True, only: OnlyOption = None, out: OutOption = None) -> None:
    """Measure what limelight claims on this machine, beside lime and shap where they are installed."""
    from limelight.bench import run
    from limelight.files import write_text

    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    proof = run(quick=quick, only=only, say=typer.echo)
    if out is not None:
        write_text(out / "proof.json", proof.to_json() + "\n")
        write_text(out / "proof.md", proof.to_markdown())
