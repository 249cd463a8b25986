"""`limelight serve`: the live page of models, and the service that explains over HTTP."""

from __future__ import annotations

import secrets
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from limelight.cli.catalogue import STARTS, Entry, several
from limelight.cli.tables import TableFlags
from limelight.errors import InputError
from limelight.optional import require

ModelArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="MODEL",
        help="A model as for explain, such as file.skops, or module:object; several: models.yaml, or a folder.",
    ),
]
BackgroundOption = Annotated[
    Path | None, typer.Option(help="For tables: the training data, or a sample of it: .csv, .parquet, .jsonl.")
]
DataOption = Annotated[
    Path | None, typer.Option(help="The table that holds the row with which the page begins; else the background.")
]
RowOption = Annotated[int, typer.Option(help="That row, counted from 0.")]
TextOption = Annotated[str | None, typer.Option(metavar="TEXT", help="For texts: the one with which the page begins.")]
ExplanationsOption = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="A job's folder, or a file of explanations: /dashboard. Needs no MODEL."),
]
PagesOption = Annotated[
    list[Path] | None,
    typer.Option("--page", metavar="FILE", help="A page of audit, compare, drift or report, shown too. Repeatable."),
]
ImageOption = Annotated[Path | None, typer.Option(help="For images: one of them.")]
SeriesOption = Annotated[Path | None, typer.Option(help="For series: one of them.")]
WorkersOption = Annotated[
    int, typer.Option(min=1, help="Processes that answer; 1 answers in threads. As many as cores, for a local model.")
]
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
PickleOption = Annotated[
    bool, typer.Option("--trust-pickle", help="Unpickle the model. This runs whatever code the file holds.")
]
TrustOption = Annotated[
    list[str] | None, typer.Option(metavar="TYPE", help="A type that the .skops file may hold. Repeatable.")
]


def serve(
    model: ModelArgument = None,
    *,
    explanations: ExplanationsOption = None,
    page: PagesOption = None,
    background: BackgroundOption = None,
    data: DataOption = None,
    row: RowOption = 0,
    text: TextOption = None,
    image: ImageOption = None,
    series: SeriesOption = None,
    name: NameOption = None,
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    workers: WorkersOption = 1,
    token_file: TokenOption = None,
    allow_host: AllowOption = None,
    trust_pickle: PickleOption = False,
    trust: TrustOption = None,
    table: TableFlags,
    settings: dict[str, Any],
) -> None:
    """Ask the real model "what if" in a browser, look through many explanations, and explain over HTTP.

    limelight serve model.skops --background train.csv --workers 2
    limelight serve --explanations reasons/
    """
    from limelight.web.guard import LOOPBACK

    if host not in LOOPBACK and token_file is None:
        raise InputError(f"--host: {host} lets others in, so it needs --token-file FILE.")
    given = {"background": background, "data": data, "text": text, "image": image, "series": series}
    options = {"row": row, "table": table, "trust": tuple(trust or ()), "settings": settings}
    if model is None and explanations is None:
        raise InputError("MODEL: expected a model, or --explanations FOLDER, got neither.")
    entries = [] if model is None else several(model)
    if entries is None and model is not None:
        entries = [Entry(name or Path(model.partition(":")[0]).stem, model, **given, **options)]  # type: ignore[arg-type]
    else:
        _refuse({**given, **table.given(), "name": name, "trust": trust, "settings": settings})
    token = None if token_file is None else _token(token_file)
    if token is not None and not allow_host:
        hosts = ()
    else:
        hosts = (*LOOPBACK, *(allow_host or ()))
    how = {"workers": workers, "explanations": explanations, "pages": tuple(page or ())}
    _run(entries or [], _Place(host, port, token, hosts), how, trust_pickle=trust_pickle)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where is listened, and to whom."""

    host: str
    port: int
    token: str | None
    hosts: tuple[str, ...]

    def listening(self) -> socket.socket:
        """Return a socket that listens here.

        Raises
        ------
        InputError
            If it cannot.
        """
        family = socket.AF_INET6 if ":" in self.host else socket.AF_INET
        # the protocol is named, or asyncio would not turn Nagle's algorithm off, which costs 40 ms an answer
        found = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            found.bind((self.host, self.port))
        except OSError as error:
            found.close()
            raise InputError(f"--port: {self.host} port {self.port}: {error.strerror}; 0 takes a free one.") from error
        return found


def _run(entries: list[Entry], place: _Place, how: dict[str, Any], *, trust_pickle: bool) -> None:
    from limelight.web.app import create
    from limelight.web.heads import patient

    server: Any = require("uvicorn", "web")
    # taken before models are read, which may take minutes
    with place.listening() as listening:
        explainers, start = {}, {}
        for entry in entries:
            explainers[entry.name], start[entry.name] = entry.opened(trust_pickle=trust_pickle, tell=_tell)
        app = create(explainers, start=start, token=place.token, hosts=place.hosts, **how)
        listening.listen(2048)  # before the address is told: who comes at once waits a moment
        shown = f"[{place.host}]" if ":" in place.host else place.host
        if len(entries) == 1:
            where = f"models/{entries[0].name}"
        elif entries:
            where = ""
        else:
            where = "dashboard"
        _tell(f"http://{shown}:{listening.getsockname()[1]}/{where}")
        # no access log: paths would be harmless, but whoever turns it on should decide that
        config = server.Config(
            app, http=patient(), access_log=False, log_level="warning", server_header=False, ws="none"
        )
        server.Server(config).run(sockets=[listening])


def _refuse(given: dict[str, Any]) -> None:
    for flag, value in given.items():
        if value not in (None, [], (), {}):
            known = ", ".join(f"--{name}" for name in STARTS)
            raise InputError(f"--{flag}: belongs to one model; of several say it for each ({known} and the rest).")


def _tell(note: str) -> None:
    typer.echo(note, err=True)


def _token(file: Path) -> str:
    """Return the token of a file, which is made, readable by its owner alone, where it is not there."""
    if not file.exists():
        file.touch(mode=0o600)
        file.write_text(secrets.token_urlsafe(32) + "\n", encoding="utf-8")
        _tell(f"A token was written to '{file}'.")
    return file.read_text(encoding="utf-8").strip()
