"""`limelight bench`: the figures of the documentation, measured on this machine."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from limelight.errors import MissingDependencyError

if TYPE_CHECKING:
    from limelight.bench import Proof

QuickOption = Annotated[bool, typer.Option("--quick/--whole", help="Some minutes; or hours.")]
OnlyOption = Annotated[
    list[str] | None,
    typer.Option(
        metavar="QUESTION",
        help="speed, steadiness, coverage, faithfulness, truth, published, quantus. Repeatable.",
    ),
]
OutOption = Annotated[
    Path | None, typer.Option(help="A folder for proof.json, proof.md and, where matplotlib is, its picture.")
]


def bench(*, quick: QuickOption = True, only: OnlyOption = None, out: OutOption = None) -> None:
    """Measure what limelight claims on this machine, beside lime, shap and others where they are installed."""
    from limelight.bench import run
    from limelight.files import write_text

    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    proof = run(quick=quick, only=only, say=typer.echo)
    if out is not None:
        write_text(out / "proof.json", proof.to_json() + "\n")
        write_text(out / "proof.md", proof.to_markdown("proof" if drawn(proof, out) else ""))


def drawn(proof: Proof, out: Path) -> bool:
    """Draw the picture of a proof for light and dark pages, where matplotlib is installed; return whether it is."""
    from limelight.bench.pictures import picture
    from limelight.views.palette import DARK, LIGHT

    try:
        figures = {"light": picture(proof, LIGHT), "dark": picture(proof, DARK)}
    except MissingDependencyError as error:
        typer.echo(f"no picture: {error}")
        return False
    for name, figure in figures.items():
        figure.savefig(out / f"proof-{name}.png", dpi=110)
    return True
