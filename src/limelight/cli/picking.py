"""`limelight pick`: of many explanations in a file, the few that together show what the model does."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from limelight.cli.models import load_object
from limelight.files import check_outputs, write_text
from limelight.result.explanation import Explanation

ManyArgument = Annotated[Path, typer.Argument(metavar="FILE", help="The .jsonl that `explain --rows` wrote.")]
BudgetOption = Annotated[int, typer.Option(help="How many to pick.")]
TargetOption = Annotated[
    str | None, typer.Option(metavar="NAME", help="Look at one output only. Without it, at all that are explained.")
]
FeaturesOption = Annotated[
    int | None, typer.Option("--max-features", help="How many features of each explanation count, largest first.")
]
LevelOption = Annotated[
    float | None, typer.Option(help="Count only features whose interval of this level leaves out zero, such as 0.95.")
]
NameOption = Annotated[
    str | None,
    typer.Option(metavar="SPEC", help="module:object, (explanation, feature) → what a superpixel or window shows."),
]
PageOption = Annotated[Path | None, typer.Option(help="Write those picked as a page.")]


def pick(
    path: ManyArgument,
    *,
    budget: BudgetOption = 5,
    target: TargetOption = None,
    max_features: FeaturesOption = None,
    level: LevelOption = None,
    name: NameOption = None,
    html: PageOption = None,
) -> None:
    """Pick a few explanations that together cover the features that matter most."""
    from limelight.overview.pick import submodular_pick

    check_outputs({"--html": html}, {"FILE": path})
    named: Any = None if name is None else load_object(name, argument="--name")
    picked = submodular_pick(path, budget, target=target, name=named, max_features=max_features, level=level)
    width = max(4, *(len(str(line)) for line in picked.indices))
    typer.echo(f"{'line':>{width}}  covers  the model says, because of")
    for line, covered, explanation in zip(picked.indices, picked.coverage, picked.explanations, strict=True):
        typer.echo(f"{line:>{width}}  {covered:>6.1%}  {_summary(explanation, target)}")
    for warning in picked.warnings:
        typer.echo(warning, err=True)
    typer.echo(f"Picked from {picked.n_candidates:,}. Each: limelight show {path} --line {picked.indices[0]}")
    if html is not None:
        _write(html, picked)


def _summary(explanation: Explanation, target: str | None) -> str:
    from limelight.views.facts import verdict

    names = [feature for feature, _ in explanation.as_list(target)[:3]]
    return f"{verdict(explanation)}: {'; '.join(names) or 'nothing'}"


def _write(html: Path, picked: Any) -> None:
    from limelight.views.html import page

    names = [f"line {line}" for line in picked.indices]
    title = f"{len(names)} of {picked.n_candidates:,} explanations"
    write_text(html, page(picked.explanations, title=title, names=names, coverage=picked.coverage))
    typer.echo(f"Page: {html}")
