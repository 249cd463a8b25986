"""The commands. Each reads what it was given, asks the rooms below, and prints."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from limelight.cli import loading
from limelight.cli.options import with_settings
from limelight.cli.picking import pick
from limelight.errors import InputError, LimelightError
from limelight.explanation import Explanation
from limelight.progress import progress
from limelight.settings import Settings

if TYPE_CHECKING:
    from limelight.explainer import Explainer

app = typer.Typer(
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
    help="Why a model said what it said, and how sure we may be.",
)


def one_line_errors(command: Callable[..., None]) -> Callable[..., None]:
    """Let a command end with one line on stderr and exit code 2 where limelight or the system says no."""

    @functools.wraps(command)
    def run(*positional: Any, **named: Any) -> None:
        try:
            command(*positional, **named)
        except BrokenPipeError:
            raise  # `limelight … | head` is no failure; typer ends quietly
        except (LimelightError, OSError) as error:
            typer.echo(f"limelight: {' '.join(str(error).split())}", err=True)
            raise typer.Exit(2) from error

    return run


def _version(asked: bool) -> None:
    if asked:
        from limelight import __version__

        typer.echo(f"limelight {__version__}")
        raise typer.Exit


VersionOption = Annotated[
    bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
]


@app.callback()
def root(*, version: VersionOption = False) -> None:
    """Why a model said what it said, and how sure we may be."""


# -- demo -------------------------------------------------------------------------------------------------------------


@app.command(epilog="Example:  limelight demo --folder /tmp/limelight-demo")
@one_line_errors
def demo(
    folder: Annotated[Path, typer.Option(help="Where the HTML pages go.")] = Path("limelight-demo"),
) -> None:
    """Train real models, ask them why about a table, a text and an image, and say how to read the answers."""
    from limelight.demo.tour import run
    from limelight.views.terminal import print_rich

    run(folder, say=typer.echo, show=print_rich)


# -- explain ----------------------------------------------------------------------------------------------------------

SpecOption = Annotated[
    str, typer.Option(metavar="SPEC", help="file.skops, file.joblib or file.pkl (--trust-pickle), or module:object.")
]
BackgroundOption = Annotated[Path, typer.Option(help="The training data, or a sample of it: .csv, .parquet, .jsonl.")]
DataOption = Annotated[Path, typer.Option(help="The table that holds the rows to explain: .csv, .parquet, .jsonl.")]
RowOption = Annotated[int | None, typer.Option(help="The row to explain, counted from 0.")]
RowsOption = Annotated[str | None, typer.Option(metavar="START:STOP", help="Many rows; needs --out.")]
OutOption = Annotated[Path | None, typer.Option(help="Where --rows go: one explanation as JSON in each line.")]
HtmlOption = Annotated[Path | None, typer.Option(help="Write the explanation as a page.")]
JsonOption = Annotated[Path | None, typer.Option(help="Write the explanation as JSON, for `limelight show`.")]
DropOption = Annotated[
    list[str] | None, typer.Option(metavar="COLUMN", help="A column that is no input, such as the label. Repeatable.")
]
PickleOption = Annotated[
    bool, typer.Option("--trust-pickle", help="Unpickle the model. This runs whatever code the file holds.")
]
TrustOption = Annotated[
    list[str] | None, typer.Option(metavar="TYPE", help="A type that the .skops file may hold. Repeatable.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what it would cost, and stop.")]


@app.command(epilog="Example:  limelight explain --model forest.skops --background train.csv --data test.csv --row 3")
@one_line_errors
@with_settings
def explain(
    *,
    model: SpecOption,
    background: BackgroundOption,
    data: DataOption,
    row: RowOption = None,
    rows: RowsOption = None,
    out: OutOption = None,
    html: HtmlOption = None,
    json: JsonOption = None,
    drop: DropOption = None,
    trust_pickle: PickleOption = False,
    trust: TrustOption = None,
    dry_run: DryRunOption = False,
    settings: dict[str, Any],
) -> None:
    """Explain one row of a table, or many."""
    _check_doors(row=row, rows=rows, out=out, html=html, json=json)
    Settings(**settings)  # a wrong value is said before files are read
    loaded = loading.load_model(model, trust_pickle=trust_pickle, trusted=trust or ())
    tables = loading.read_tables(background, data, loaded, drop=drop or ())
    chosen = _chosen(row, rows, len(tables.data))
    explainer = _explainer(loaded, tables, settings)
    for note in tables.notes:
        typer.echo(note, err=True)
    if dry_run:
        _say_cost(explainer, tables, chosen)
    elif rows is not None and out is not None:
        _explain_rows(explainer, tables, chosen, out)
    else:
        _show(explainer.explain(tables.row(chosen.start)), html=html, json=json)


def _check_doors(*, row: int | None, rows: str | None, out: Path | None, html: Path | None, json: Path | None) -> None:
    if (row is None) == (rows is None):
        raise InputError("--row: give either --row, such as --row 3, or --rows, such as --rows 0:100.")
    if rows is not None and (html or json):
        raise InputError("--html, --json: are for one --row; --rows are written to --out.")
    if rows is not None and out is None:
        raise InputError("--out: --rows need a file to go to, such as --out explanations.jsonl.")
    if row is not None and out is not None:
        raise InputError("--out: is for --rows; one --row is written by --html or --json.")


def _explainer(model: Any, tables: loading.Tables, settings: dict[str, Any]) -> Explainer:
    from limelight.explainer import Explainer

    return Explainer(model, tables.modality(), **settings)


def _chosen(row: int | None, rows: str | None, n_rows: int) -> range:
    if rows is not None:
        return loading.row_range(rows, n_rows)
    start = loading.row_number(row or 0, n_rows)
    return range(start, start + 1)


def _say_cost(explainer: Explainer, tables: loading.Tables, chosen: range) -> None:
    cost = explainer.estimate_cost(tables.row(chosen.start))
    typer.echo(f"One explanation: about {cost.rows:,} model rows, {_duration(cost.seconds)} in the model.")
    if len(chosen) == 1:
        return
    if explainer.settings.fresh:
        rows, seconds = cost.rows * len(chosen), cost.seconds * len(chosen)
        typer.echo(
            f"All {len(chosen):,}, each with its own neighborhood: about {rows:,} model rows, {_duration(seconds)}."
        )
    else:
        typer.echo(
            f"The {len(chosen) - 1:,} other rows read the same neighborhood: one model row each, "
            "and more for all where one of them takes more to be precise."
        )


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"about {max(seconds, 0.001) * 1000:.0f} ms"
    return f"about {seconds:.0f} s" if seconds < 120 else f"about {seconds / 60:.0f} min"


def _explain_rows(explainer: Explainer, tables: loading.Tables, chosen: range, out: Path) -> None:
    explanations = explainer.explain_many(tables.rows(chosen))
    written = 0
    try:
        with out.open("w", encoding="utf-8") as file:
            for explanation in progress(explanations, total=len(chosen), what="rows explained"):
                file.write(explanation.to_json() + "\n")
                written += 1
    finally:
        typer.echo(f"{written:,} of {len(chosen):,} explanations in {out}", err=written < len(chosen))


# -- show -------------------------------------------------------------------------------------------------------------


SavedArgument = Annotated[Path, typer.Argument(metavar="FILE", help="explanation.json, or the .jsonl of --rows.")]
LineOption = Annotated[int | None, typer.Option(help="Which line of a .jsonl, counted from 0.")]


@app.command(epilog="Example:  limelight show explanation.json --html why.html")
@one_line_errors
def show(
    path: SavedArgument,
    line: LineOption = None,
    html: HtmlOption = None,
) -> None:
    """Show an explanation that was saved."""
    _show(_saved(path, line), html=html, json=None)


def _saved(path: Path, line: int | None) -> Explanation:
    if path.suffix.lower() != ".jsonl":
        if line is not None:
            raise InputError("--line: is for .jsonl files, which hold an explanation in each line.")
        return Explanation.from_json(path)
    with path.open(encoding="utf-8") as file:
        for number, text in enumerate(file):
            if number == (line or 0):
                return Explanation.from_json(text)
    raise InputError(f"--line: '{path}' has no line {line or 0}, counted from 0.")


def _show(explanation: Explanation, *, html: Path | None, json: Path | None) -> None:
    typer.echo(str(explanation))
    if html is not None:
        explanation.to_html(html)
        typer.echo(f"Page: {html}")
    if json is not None:
        explanation.to_json(json)
        typer.echo(f"JSON: {json}")


# -- pick -------------------------------------------------------------------------------------------------------------

app.command(epilog="Example:  limelight pick explanations.jsonl --budget 5 --html picked.html")(one_line_errors(pick))
