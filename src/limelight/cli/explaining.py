"""`limelight explain`: a model, and a row, many rows, a text, an image or a series of which it is asked why."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from limelight.cli import inputs, loading
from limelight.cli.addresses import check_address_flags, is_address, load_address
from limelight.cli.inputs import Asked
from limelight.cli.models import load_model
from limelight.cli.showing import HtmlOption, JsonOption, PngOption, check_picture, present
from limelight.cli.tables import PANEL as TABLES
from limelight.cli.tables import TableFlags
from limelight.cli.writing import check_out, turned
from limelight.errors import InputError
from limelight.files import check_outputs, replacing
from limelight.result.schema import to_json
from limelight.settings import Settings

if TYPE_CHECKING:
    from limelight.explainer import Explainer

OTHERS = "A text, an image, a series"

SpecOption = Annotated[
    str,
    typer.Option(
        metavar="SPEC",
        help="A file of skops, XGBoost, LightGBM, CatBoost or ONNX, a folder of MLflow, a pickle (--trust-pickle), "
        "module:object, or http://… with --protocol.",
    ),
]
DataOption = Annotated[
    Path | None,
    typer.Option(help="The table that holds the rows to explain: .csv, .parquet, .jsonl.", rich_help_panel=TABLES),
]
BackgroundOption = Annotated[
    Path | None,
    typer.Option(
        help="The training data, or a sample of it, as --data. For --series --fill swap or noise: other series.",
        rich_help_panel=TABLES,
    ),
]
RowOption = Annotated[int | None, typer.Option(help="The row to explain, counted from 0.", rich_help_panel=TABLES)]
RowsOption = Annotated[
    str | None, typer.Option(metavar="START:STOP", help="Many rows; needs --out.", rich_help_panel=TABLES)
]
OutOption = Annotated[
    Path | None,
    typer.Option(
        help="Where it goes, as its name says: .json, .jsonl, .csv, .parquet, .html, .png, .svg, .pdf; "
        "of --rows .jsonl, .csv, .parquet."
    ),
]
TextOption = Annotated[
    str | None, typer.Option(metavar="TEXT|@FILE", help="A text, or @ and the file of one.", rich_help_panel=OTHERS)
]
ImageOption = Annotated[
    Path | None, typer.Option(help="An image; the model gets arrays (n, h, w, c) of bytes.", rich_help_panel=OTHERS)
]
SeriesOption = Annotated[
    Path | None,
    typer.Option(help="A series: .npy, or a table with a column for each channel.", rich_help_panel=OTHERS),
]
TokensOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="What is hidden of a text: words, characters, sentences, lines, a regular expression, module:object.",
        rich_help_panel=OTHERS,
    ),
]
SegmentsOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="How an image is cut: auto, slic, quickshift, felzenszwalb, grid, module:object; or into how many parts.",
        rich_help_panel=OTHERS,
    ),
]
WindowsOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="How a series is cut: uniform, changepoints, module:object; or how many steps a window has.",
        rich_help_panel=OTHERS,
    ),
]
FillOption = Annotated[
    str | None,
    typer.Option(
        metavar="NAME",
        help="What hidden parts show. Text: a word such as [MASK]. Image: mean, blur, noise, a colour such as 0 or "
        "128,128,128, an image. Series: series_mean, mean, linear, zero, noise, swap.",
        rich_help_panel=OTHERS,
    ),
]
PickleOption = Annotated[
    bool, typer.Option("--trust-pickle", help="Unpickle the model. This runs whatever code the file holds.")
]
TrustOption = Annotated[
    list[str] | None, typer.Option(metavar="TYPE", help="A type that the .skops file may hold. Repeatable.")
]
DryRunOption = Annotated[bool, typer.Option("--dry-run", help="Say what it would cost, and stop.")]


def explain(
    *,
    model: SpecOption,
    data: DataOption = None,
    background: BackgroundOption = None,
    row: RowOption = None,
    rows: RowsOption = None,
    out: OutOption = None,
    text: TextOption = None,
    image: ImageOption = None,
    series: SeriesOption = None,
    tokens: TokensOption = None,
    segments: SegmentsOption = None,
    windows: WindowsOption = None,
    fill: FillOption = None,
    html: HtmlOption = None,
    png: PngOption = None,
    json: JsonOption = None,
    trust_pickle: PickleOption = False,
    trust: TrustOption = None,
    dry_run: DryRunOption = False,
    table: TableFlags,
    address: dict[str, Any],
    settings: dict[str, Any],
) -> None:
    """Explain what a model says about a row of a table, or many, a text, an image or a series."""
    from limelight.explainer import Explainer

    asked_rows = {"background": background, "row": row, "rows": rows, "out": out}
    cut = {"tokens": tokens, "segments": segments, "windows": windows, "fill": fill}
    sources = {"data": data, "text": text, "image": image, "series": series}
    source = inputs.check_source({**sources, **asked_rows, **table.given(), **cut})
    files = {"html": html, "png": png, "json": json}
    if source == "data":
        _check_doors(files, **asked_rows)
    check_picture(png)
    if out is not None:
        check_out(out, many=rows is not None)
    _check_files({**files, "out": out}, model, {**sources, "background": background})
    Settings(**settings)  # a wrong value is said before files are read
    check_address_flags(model, address)
    if is_address(model):
        loaded, cache = load_address(model, address), None
    else:
        loaded = load_model(model, trust_pickle=trust_pickle, trusted=trust or ())
        cache = address.get("cache")
    try:
        asked = _ask(source, sources[source], {**asked_rows, **cut}, table, loaded)
        explainer = Explainer(loaded, asked.modality, cache=cache, **settings)
        _answer(explainer, asked, out=out, dry_run=dry_run, files=files)
    except InputError as error:
        if str(error).startswith("instance:"):  # here it has another name
            raise InputError(str(error).replace("instance:", f"--{source}:", 1)) from error
        raise


def _check_doors(files: dict[str, Path | None], *, background: Any, row: Any, rows: Any, out: Any) -> None:
    if background is None:
        raise InputError("--background: expected with --data, got none; pass the training data or a sample of it.")
    if (row is None) == (rows is None):
        raise InputError("--row: give either --row, such as --row 3, or --rows, such as --rows 0:100.")
    if rows is not None and any(files.values()):
        raise InputError("--html, --png, --json: are for one --row; --rows are written to --out.")
    if rows is not None and out is None:
        raise InputError("--out: --rows need a file to go to, such as --out explanations.jsonl.")


def _check_files(outputs: dict[str, Path | None], model: str, given: dict[str, Any]) -> None:
    """Raise where something would be written over what is read, or could not be written at all."""
    read = {f"--{name}": Path(value) for name, value in given.items() if isinstance(value, Path)}
    text = given.get("text")
    if isinstance(text, str) and text.startswith("@"):
        read["--text"] = Path(text[1:])
    check_outputs({f"--{name}": path for name, path in outputs.items()}, {**read, "--model": Path(model)})


def _ask(source: str, given: Any, flags: dict[str, Any], table: TableFlags, model: Any) -> Asked:
    if source == "text":
        return inputs.ask_text(given, tokens=flags["tokens"], fill=flags["fill"], encoding=table.encoding)
    if source == "image":
        return inputs.ask_image(given, segments=flags["segments"], fill=flags["fill"])
    if source == "series":
        names = ("background", "windows", "fill")
        return inputs.ask_series(given, form=table.form, **{name: flags[name] for name in names})
    tables = loading.read_tables(flags["background"], given, model, table)
    return _ask_rows(tables, row=flags["row"], rows=flags["rows"])


def _ask_rows(tables: loading.Tables, *, row: int | None, rows: str | None) -> Asked:
    for note in tables.notes:
        typer.echo(note, err=True)
    n, modality = len(tables.data), tables.modality()
    if rows is None:
        return Asked(modality, tables.row(loading.row_number(row or 0, n)))
    chosen = loading.row_range(rows, n)
    return Asked(modality, tables.row(chosen.start), tables.rows(chosen), len(chosen), chosen.start)


def _answer(explainer: Explainer, asked: Asked, *, out: Path | None, dry_run: bool, files: dict[str, Any]) -> None:
    if dry_run:
        _say_cost(explainer, asked)
    elif asked.many is not None and out is not None:
        _explain_rows(explainer, asked, out)
    else:
        present(explainer.explain(asked.instance), {**files, "out": out})


def _explain_rows(explainer: Explainer, asked: Asked, out: Path) -> None:
    written, place = 0, out
    try:
        with replacing(out, keep=True, turn=turned(out)) as file:
            # until all are there they lie beside as lines of JSON, each with its row; where something fails they stay
            for explanation in explainer.explain_many(asked.many):
                place = out.with_name(Path(file.name).name)
                file.write(to_json(explanation, row=asked.first + written) + "\n")
                file.flush()
                written += 1
        place = out
    finally:
        typer.echo(f"{written:,} of {asked.count:,} explanations in {place}", err=written < asked.count)


def _say_cost(explainer: Explainer, asked: Asked) -> None:
    from limelight.interpretable.conditional import Conditional

    cost, n = explainer.estimate_cost(asked.instance), asked.count
    if cost.most is not None:
        least, most = _quoted(cost.least), _quoted(cost.most)
        typer.echo(f"One explanation: {least}, where the first look is enough; at most {most}.")
        return
    typer.echo(f"One explanation: about {cost.rows:,} model rows, {_duration(cost.seconds)} in the model.")
    if n == 1:
        return
    modality = explainer.modality
    alone = isinstance(modality, Conditional) or getattr(getattr(modality, "options", None), "alone", False)
    if explainer.settings.fresh or alone:
        rows, why = cost.rows * n, "each with its own neighborhood"
    else:
        rows, why = cost.rows + n - 1, "which share a neighborhood; more where one of them takes more to be precise"
    seconds = _duration(cost.seconds * rows / cost.rows)
    typer.echo(f"All {n:,}: about {rows:,} model rows, {seconds} in the model, {why}.")


def _quoted(quote: Any) -> str:
    """Return a quote of a server in words."""
    said = f"{quote.rows:,} rows in {quote.requests:,} requests"
    if quote.tokens_in or quote.tokens_out:
        said += f", about {quote.tokens_in:,} tokens read and {quote.tokens_out:,} written"
    if quote.cost is None:
        return said
    return f"{said}, {quote.cost:.4g}"


def _duration(seconds: float) -> str:
    if seconds < 1:
        return f"about {max(seconds, 0.001) * 1000:.0f} ms"
    if seconds < 120:
        return f"about {seconds:.0f} s"
    return f"about {seconds / 60:.0f} min"
