"""`limelight job run|status|view|retry`: all rows of a table into a folder of Parquet, resumable."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from limelight.cli import loading
from limelight.cli.models import load_model
from limelight.cli.tables import TableFlags
from limelight.errors import InputError
from limelight.settings import Settings

ModelOption = Annotated[
    str,
    typer.Option(
        metavar="SPEC",
        help="A file of skops, XGBoost, LightGBM, CatBoost or ONNX, a folder of MLflow, a pickle (--trust-pickle), "
        "or module:object.",
    ),
]
BackgroundOption = Annotated[Path, typer.Option(help="The training data, or a sample of it: .csv, .parquet, .jsonl.")]
DataOption = Annotated[
    Path, typer.Option(help="The rows to explain, of any size: .csv, .jsonl, .parquet, or a folder of .parquet.")
]
OutOption = Annotated[Path, typer.Option(help="The folder of the job. The same line goes on where it stopped.")]
FolderArgument = Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder that `job run` wrote.")]
ChunkOption = Annotated[int, typer.Option(help="Rows of a part, and what a crash may cost.")]
ProcessesOption = Annotated[int, typer.Option("--n-jobs", help="Processes; each has a copy of the model.")]
IdOption = Annotated[str | None, typer.Option("--id-column", help="The column that names the rows in the answer.")]
ErrorOption = Annotated[str, typer.Option(help="record: a row that fails is kept with its error. stop: end there.")]
DetailOption = Annotated[str, typer.Option(help="weights: what is asked by SQL. full: every bit of each explanation.")]
DialectOption = Annotated[str, typer.Option(help="duckdb or spark.")]
NameOption = Annotated[str, typer.Option(help="Of the view.")]
PickleOption = Annotated[
    bool, typer.Option("--trust-pickle", help="Unpickle the model. This runs whatever code the file holds.")
]
TrustOption = Annotated[
    list[str] | None, typer.Option(metavar="TYPE", help="A type that the .skops file may hold. Repeatable.")
]
INTERRUPTED = 130
"""How a process ends that was interrupted from its terminal."""


def run(
    *,
    model: ModelOption,
    background: BackgroundOption,
    data: DataOption,
    out: OutOption,
    chunk_rows: ChunkOption = 10_000,
    n_jobs: ProcessesOption = 1,
    id_column: IdOption = None,
    on_error: ErrorOption = "record",
    detail: DetailOption = "weights",
    trust_pickle: PickleOption = False,
    trust: TrustOption = None,
    table: TableFlags,
    settings: dict[str, Any],
) -> None:
    """Explain all rows of a table into a folder of Parquet, and go on where an earlier run of this line stopped."""
    from limelight import jobs
    from limelight.jobs.source import open_source

    loaded = _model(model, data, settings, trust_pickle=trust_pickle, trust=trust)
    explainer = _explainer(loaded, background, table, settings)
    source = open_source(data, explainer.modality, id_column, table.form)
    options: dict[str, Any] = {"chunk_rows": chunk_rows, "n_jobs": n_jobs, "id_column": id_column}
    _said(lambda: jobs.run(explainer, source, out, on_error=on_error, detail=detail, **options))


def retry(
    *,
    model: ModelOption,
    background: BackgroundOption,
    data: DataOption,
    out: OutOption,
    n_jobs: ProcessesOption = 1,
    id_column: IdOption = None,
    trust_pickle: PickleOption = False,
    trust: TrustOption = None,
    table: TableFlags,
    settings: dict[str, Any],
) -> None:
    """Explain again the rows of a job that failed; give what was given to `job run`."""
    from limelight import jobs
    from limelight.jobs.source import open_source

    loaded = _model(model, data, settings, trust_pickle=trust_pickle, trust=trust)
    explainer = _explainer(loaded, background, table, settings)
    source = open_source(data, explainer.modality, id_column, table.form)
    _said(lambda: jobs.retry(explainer, source, out, n_jobs=n_jobs, id_column=id_column))


def status(folder: FolderArgument) -> None:
    """Say how far a job is, also while it runs."""
    from limelight import jobs

    typer.echo(str(jobs.status(folder)))


def view(folder: FolderArgument, *, dialect: DialectOption = "duckdb", name: NameOption = "reasons") -> None:
    """Print the SQL that makes a job's folder a tidy table: a row for each instance, target and feature."""
    from limelight import jobs

    jobs.status(folder)  # says so where there is no job
    typer.echo(jobs.view(folder, dialect=dialect, name=name))


def _model(spec: str, data: Path, settings: dict[str, Any], *, trust_pickle: bool, trust: Any) -> Any:
    Settings(**settings)  # a wrong value is said before files are read
    if not data.exists():
        raise InputError(f"--data: no file '{data}'.")
    return load_model(spec, trust_pickle=trust_pickle, trusted=trust or ())


def _explainer(model: Any, background: Path, table: TableFlags, settings: dict[str, Any]) -> Any:
    from limelight.explainer import Explainer

    tables = loading.read_tables(background, background, model, table)
    for note in tables.notes:
        typer.echo(note, err=True)
    return Explainer(model, tables.modality(), **settings)


def _said(job: Any) -> None:
    """Do a job and say how it ended, also where somebody pressed Ctrl-C: all chunks in hand are written then."""
    try:
        typer.echo(str(job()))
    except KeyboardInterrupt as stopped:
        typer.echo(f"limelight: stopped; {str(stopped) or 'run the same line to go on'}", err=True)
        raise typer.Exit(INTERRUPTED) from stopped
