"""`limelight compare`, `limelight audit` and `limelight drift`: when to trust a model, and which of two."""

from __future__ import annotations

import io
import json as writer
from pathlib import Path
from typing import Annotated, Any

import typer

from limelight.cells import read_frame
from limelight.cli import loading
from limelight.cli.models import load_model
from limelight.cli.showing import check_picture
from limelight.cli.tables import TableFlags
from limelight.errors import InputError
from limelight.files import check_outputs, write_bytes, write_text
from limelight.settings import Settings

PageOption = Annotated[Path | None, typer.Option("--html", help="Write what was found as a page.")]
NumbersOption = Annotated[Path | None, typer.Option("--json", help="Write every number as JSON.")]
PictureOption = Annotated[Path | None, typer.Option("--png", help="Write it as a picture: .png, .svg or .pdf.")]
LevelOption = Annotated[
    float, typer.Option(help="Of the intervals; at most the rest of the findings is there by chance.")
]
SpecOption = Annotated[
    str,
    typer.Option(
        metavar="SPEC",
        help="A file of skops, XGBoost, LightGBM, CatBoost or ONNX, a folder of MLflow, a pickle (--trust-pickle), "
        "or module:object.",
    ),
]
AgainstOption = Annotated[str, typer.Option(metavar="SPEC", help="The second model, as --model.")]
DataOption = Annotated[Path, typer.Option(help="The table that holds the rows: .csv, .parquet, .jsonl.")]
BackgroundOption = Annotated[Path, typer.Option(help="The training data, or a sample of it, as --data.")]
RowsOption = Annotated[str, typer.Option(metavar="START:STOP", help="Which rows; all without it.")]
PickleOption = Annotated[
    bool, typer.Option("--trust-pickle", help="Unpickle the models. This runs whatever code the files hold.")
]
TrustOption = Annotated[
    list[str] | None, typer.Option(metavar="TYPE", help="A type that the .skops files may hold. Repeatable.")
]
ManyArgument = Annotated[
    Path,
    typer.Argument(metavar="FILE", help="The .jsonl that `explain --rows` wrote, a .parquet, or a folder of them."),
]
ReferenceArgument = Annotated[
    Path, typer.Argument(metavar="REFERENCE", help="Explanations of then: .jsonl, .parquet, or a folder of .parquet.")
]
CurrentArgument = Annotated[Path, typer.Argument(metavar="CURRENT", help="Explanations of now, of the same kind.")]
BesideOption = Annotated[
    Path | None,
    typer.Option("--data", help="The rows that were explained, in their order, with whatever the model did not get."),
]
TruthOption = Annotated[
    str | None, typer.Option(metavar="COLUMN", help="The column of --data that says what was true.")
]
SensitiveOption = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="A column of --data whose groups are held against each other. Repeatable."),
]
TargetOption = Annotated[str | None, typer.Option(metavar="NAME", help="The output to look at.")]


def compare(
    *,
    model: SpecOption,
    against: AgainstOption,
    background: BackgroundOption,
    data: DataOption,
    rows: RowsOption = ":",
    level: LevelOption = 0.95,
    html: PageOption = None,
    png: PictureOption = None,
    json: NumbersOption = None,
    trust_pickle: PickleOption = False,
    trust: TrustOption = None,
    table: TableFlags,
    settings: dict[str, Any],
) -> None:
    """Compare two models on the same perturbations: where answers differ, and where only the reasons do."""
    from limelight.explainer import Explainer
    from limelight.overview.compare import compare as compare_models

    check_picture(png)
    read = {"--data": data, "--background": background, "--model": Path(model), "--against": Path(against)}
    check_outputs({"--html": html, "--png": png, "--json": json}, read)
    target = settings.pop("targets", None)
    Settings(**settings)  # a wrong value is said before files are read
    first = load_model(model, trust_pickle=trust_pickle, trusted=trust or ())
    try:
        second = load_model(against, trust_pickle=trust_pickle, trusted=trust or ())
    except InputError as error:
        raise InputError(str(error).replace("--model:", "--against:", 1)) from error
    tables = loading.read_tables(background, data, first, table)
    for note in tables.notes:
        typer.echo(note, err=True)
    chosen = loading.row_range(rows, len(tables.data))
    explainer = Explainer(first, tables.modality(), **settings)
    names = _names(model, against)
    found = compare_models(explainer, second, tables.rows(chosen), target=target, names=names, level=level)
    _present(found, html=html, png=png, json=json)


def audit(
    path: ManyArgument,
    *,
    data: BesideOption = None,
    rows: RowsOption = ":",
    truth: TruthOption = None,
    sensitive: SensitiveOption = None,
    target: TargetOption = None,
    level: LevelOption = 0.95,
    html: PageOption = None,
    json: NumbersOption = None,
    table: TableFlags,
) -> None:
    """Look for leaks, artefacts, reasons that differ by group, regions where explanations fail, confident mistakes."""
    from limelight.overview.audit import audit as audit_explanations

    check_outputs({"--html": html, "--json": json}, {"FILE": path, **({} if data is None else {"--data": data})})
    if data is None and (truth is not None or sensitive):
        raise InputError("--data: --truth and --sensitive name columns of it; pass the rows that were explained.")
    beside = None
    if data is not None:
        frame = read_frame(data, argument="--data", form=table.form)
        beside = frame.iloc[list(loading.row_range(rows, len(frame)))]
    found = audit_explanations(path, beside, truth=truth, sensitive=tuple(sensitive or ()), target=target, level=level)
    _present(found, html=html, json=json)


def drift(
    reference: ReferenceArgument,
    current: CurrentArgument,
    *,
    target: TargetOption = None,
    level: LevelOption = 0.95,
    html: PageOption = None,
    png: PictureOption = None,
    json: NumbersOption = None,
) -> None:
    """Say what changed between two sets of explanations: the rows, or the reasons given for the same rows."""
    from limelight.overview.drift import drift as drift_between

    check_picture(png)
    check_outputs({"--html": html, "--png": png, "--json": json}, {"REFERENCE": reference, "CURRENT": current})
    names = _names(str(reference), str(current))
    found = drift_between(reference, current, target=target, names=names, level=level)
    _present(found, html=html, png=png, json=json)


def _names(first: str, second: str) -> tuple[str, str]:
    """Return what two files are called: their names without endings, where these differ.

    >>> _names("models/old.skops", "models/new.skops")
    ('old', 'new')
    """
    short = [Path(each).stem if ":" not in each else each for each in (first, second)]
    if short[0] == short[1]:
        if first != second:
            short = [first, second]
        else:
            short = [f"{short[0]} (first)", f"{short[0]} (second)"]
    return short[0], short[1]


def _present(found: Any, *, html: Path | None, json: Path | None, png: Path | None = None) -> None:
    """Print what was found, and write the files that are asked for."""
    typer.echo(str(found))
    if html is not None:
        found.to_html(html)
        typer.echo(f"Page: {html}")
    if png is not None:
        drawn = io.BytesIO()
        found.plot().figure.savefig(drawn, format=png.suffix[1:].lower())
        write_bytes(png, drawn.getvalue())
        typer.echo(f"Picture: {png}")
    if json is not None:
        write_text(json, writer.dumps(found.to_dict(), default=str, ensure_ascii=False))
        typer.echo(f"JSON: {json}")
