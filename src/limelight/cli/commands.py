"""The commands. Each reads what it was given, asks the rooms below, and prints."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from limelight.cli import jobbing
from limelight.cli.addresses import with_address
from limelight.cli.benching import bench
from limelight.cli.explaining import explain
from limelight.cli.options import with_settings
from limelight.cli.picking import pick
from limelight.cli.reporting import report
from limelight.cli.serving import serve
from limelight.cli.showing import show
from limelight.cli.tables import with_files, with_tables
from limelight.cli.trusting import audit, compare, drift
from limelight.errors import LimelightError

app = typer.Typer(
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


GREETING = """\
limelight: why a model said what it said, and how sure we may be.

  limelight demo            see it: a table, a text and an image, explained in a minute
  limelight explain --help  explain rows of a table, a text or an image by a saved model
  limelight doctor          what is installed, what is missing, and whether the numbers come out right
  limelight --help          everything else
"""


@app.callback(invoke_without_command=True)
def root(context: typer.Context, *, version: VersionOption = False) -> None:
    """Why a model said what it said, and how sure we may be."""
    if context.invoked_subcommand is None:
        typer.echo(GREETING, nl=False)


@app.command(epilog="Example:  limelight doctor")
@one_line_errors
def doctor() -> None:
    """Say what is installed, which extras are missing and for what, and whether the numbers come out right here.

    Ends with 1 where something is not as it should be.
    """
    from limelight.doctor import tell

    if not tell():
        raise typer.Exit(1)


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


# -- explain, show, pick ----------------------------------------------------------------------------------------------

app.command(epilog="Example:  limelight explain --model forest.skops --background train.csv --data test.csv --row 3")(
    one_line_errors(with_address(with_settings(with_tables(explain))))
)
app.command(epilog="Example:  limelight show explanation.json --html why.html --png why.png")(one_line_errors(show))
app.command(epilog="Example:  limelight pick explanations.jsonl --budget 5 --html picked.html")(one_line_errors(pick))
app.command(epilog="Example:  limelight report explanation.json --out report.pdf --name 'credit 3.1' --subject A-1042")(
    one_line_errors(report)
)
app.command(epilog="Example:  limelight compare --model old.skops --against new.skops --background a.csv --data b.csv")(
    one_line_errors(with_settings(with_tables(compare)))
)
app.command(epilog="Example:  limelight audit explanations.jsonl --data test.csv --truth income --sensitive sex")(
    one_line_errors(with_files(audit))
)
app.command(epilog="Example:  limelight drift may.jsonl june.jsonl --html drift.html --png drift.png")(
    one_line_errors(drift)
)
app.command(epilog="Example:  limelight serve model.skops --background train.csv")(
    one_line_errors(with_settings(with_tables(serve)))
)

app.command(epilog="Example:  limelight bench --quick --out proof")(one_line_errors(bench))

# -- jobs -------------------------------------------------------------------------------------------------------------

job = typer.Typer(no_args_is_help=True, help="Explain a million rows into a folder of Parquet, and ask it by SQL.")
app.add_typer(job, name="job")
_LINE = "--model m.skops --background train.csv --data rows.parquet --out reasons"
job.command("run", epilog=f"Example:  limelight job run {_LINE}")(
    one_line_errors(with_settings(with_tables(jobbing.run)))
)
job.command("retry", epilog=f"Example:  limelight job retry {_LINE}")(
    one_line_errors(with_settings(with_tables(jobbing.retry)))
)
job.command("status", epilog="Example:  limelight job status reasons")(one_line_errors(jobbing.status))
job.command("view", epilog="Example:  limelight job view reasons --dialect spark")(one_line_errors(jobbing.view))
