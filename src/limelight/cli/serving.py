"""`limelight serve`: the live page of a model, and the service that explains over HTTP."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated, Any

import typer

from limelight.cli import loading
from limelight.errors import InputError
from limelight.optional import require
from limelight.settings import Settings

ModelArgument = Annotated[
    str,
    typer.Argument(metavar="MODEL", help="file.skops, file.joblib or file.pkl (--trust-pickle), or module:object."),
]
BackgroundOption = Annotated[
    Path | None, typer.Option(help="For tables: the training data, or a sample of it: .csv, .parquet, .jsonl.")
]
DataOption = Annotated[
    Path | None, typer.Option(help="The table that holds the row with which the page begins; else the background.")
]
RowOption = Annotated[int, typer.Option(help="That row, counted from 0.")]
TextOption = Annotated[str | None, typer.Option(metavar="TEXT", help="For texts: the one with which the page begins.")]
NameOption = Annotated[str | None, typer.Option(help="The model's name in addresses; else that of its file.")]
HostOption = Annotated[str, typer.Option(help="Where to listen. Anything but this machine needs --token-file.")]
PortOption = Annotated[int, typer.Option(min=0, max=65535, help="The port to listen on.")]
TokenOption = Annotated[
    Path | None,
    typer.Option("--token-file", help="A file with the token that everybody must bring; made if it is not there."),
]
AllowOption = Annotated[
    list[str] | None,
    typer.Option("--allow-host", metavar="NAME", help="A name under which the server is addressed. Repeatable."),
]
DropOption = Annotated[
    list[str] | None, typer.Option(metavar="COLUMN", help="A column that is no input, such as the label. Repeatable.")
]
PickleOption = Annotated[
    bool, typer.Option("--trust-pickle", help="Unpickle the model. This runs whatever code the file holds.")
]
TrustOption = Annotated[
    list[str] | None, typer.Option(metavar="TYPE", help="A type that the .skops file may hold. Repeatable.")
]


def serve(
    model: ModelArgument,
    *,
    background: BackgroundOption = None,
    data: DataOption = None,
    row: RowOption = 0,
    text: TextOption = None,
    name: NameOption = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    token_file: TokenOption = None,
    allow_host: AllowOption = None,
    drop: DropOption = None,
    trust_pickle: PickleOption = False,
    trust: TrustOption = None,
    settings: dict[str, Any],
) -> None:
    """Ask the real model "what if" in a browser, and explain over HTTP (KServe's V1 protocol)."""
    from limelight.explainer import Explainer
    from limelight.web.app import create
    from limelight.web.guard import LOOPBACK

    if (background is None) == (text is None):
        raise InputError("--background: give either --background, for a table, or --text, for texts.")
    if host not in LOOPBACK and token_file is None:
        raise InputError(f"--host: {host} lets others in, so it needs --token-file FILE.")
    Settings(**settings)  # a wrong value is said before files are read
    server: Any = require("uvicorn", "web")
    loaded = loading.load_model(model, trust_pickle=trust_pickle, trusted=trust or ())
    modality, start = _start(loaded, background, data or background, row, text, drop or ())
    explainer = Explainer(loaded, modality, **settings)
    if text is None:
        explainer = explainer.prepare()
    called = name or Path(model.partition(":")[0]).stem
    token = None if token_file is None else _token(token_file)
    hosts = () if token is not None and not allow_host else (*LOOPBACK, *(allow_host or ()))
    app = create({called: explainer}, start={called: start}, token=token, hosts=hosts)
    typer.echo(f"http://{host}:{port}/models/{called}", err=True)
    # no access log: paths would be harmless, but whoever turns it on should decide that
    server.run(app, host=host, port=port, access_log=False, log_level="warning", server_header=False)


def _start(
    model: Any, background: Path | None, data: Path | None, row: int, text: str | None, drop: Any
) -> tuple[Any, Any]:
    if background is None or data is None:
        from limelight.interpretable.text import Text

        return Text(), text
    tables = loading.read_tables(background, data, model, drop=drop)
    for note in tables.notes:
        typer.echo(note, err=True)
    modality = tables.modality()
    number = loading.row_number(row, len(tables.data))
    return modality, list(modality.edited(tables.row(number), {}).values())


def _token(file: Path) -> str:
    """Return the token of a file, which is made, readable by its owner alone, where it is not there."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32) + "\n", encoding="utf-8")
        typer.echo(f"A token was written to '{file}'.", err=True)
    return file.read_text(encoding="utf-8").strip()
