"""The door from the shell: `limelight demo`, `limelight explain`, `limelight show`, `limelight pick`.

This file loads only the standard library until typer is found, so that the command without its extra says what to
install.
"""

from __future__ import annotations

import codecs
import os
import sys
import unicodedata

from limelight.errors import MissingDependencyError
from limelight.optional import require


def main() -> None:
    """Run the command line; the process ends with 0, or with 2 and one line on stderr.

    Without the extra ``cli`` there are the greeting, the version, and the checkup, which says what is missing.
    """
    for stream in (sys.stdout, sys.stderr):
        _speak_its_language(stream)
    try:
        for module in ("typer", "rich", "pandas"):
            require(module, "cli")
    except MissingDependencyError as error:
        sys.exit(_quietly_where_nobody_reads(error))
    from limelight.cli.commands import app

    app(prog_name="limelight")


def _quietly_where_nobody_reads(error: MissingDependencyError) -> int:
    """Return what the process ends with; `limelight | head -1` is no failure to tell of, as with the extra."""
    try:
        ended = _without_the_extra(sys.argv[1:], error)
        sys.stdout.flush()
    except BrokenPipeError:
        # what is still to be written at the end goes nowhere, so that Python does not complain then
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    return ended


def _without_the_extra(arguments: list[str], error: MissingDependencyError) -> int:
    """Greet, say the version, look what is missing, or say so in one line; return what the process ends with."""
    if arguments == ["doctor"]:
        from limelight.doctor import tell

        if tell():
            return 0
        return 1
    if arguments == ["--version"]:
        from limelight import __version__

        print(f"limelight {__version__}")
        return 0
    if arguments:
        print(f"limelight: {error}", file=sys.stderr)
        return 2
    print(BARE_GREETING)
    return 0


BARE_GREETING = """\
limelight: why a model said what it said, and how sure we may be.

  pip install 'limelight[cli]'   brings the commands; Python's `import limelight` needs nothing more
  limelight doctor               what is installed, what is missing, and whether the numbers come out right"""
_NEAREST = str.maketrans(
    {"\N{MINUS SIGN}": "-", "±": "+/-", "…": "...", "≤": "<=", "≥": ">=", "→": "->", "×": "x", "′": "'", "²": "2"}
    | dict.fromkeys("“”„", '"') | dict.fromkeys("‘’", "'") | dict.fromkeys("–—─━", "-") | dict.fromkeys("│┃", "|")
    | dict.fromkeys("\N{FIRST STRONG ISOLATE}\N{POP DIRECTIONAL ISOLATE}", "")
)  # fmt: skip


def _speak_its_language(stream: object) -> None:
    """Have a terminal that knows ASCII or Latin-1 only show the nearest that it has, instead of ending in an error."""
    reconfigure = getattr(stream, "reconfigure", None)
    if reconfigure is not None:
        codecs.register_error("limelight.nearest", _nearest)
        reconfigure(errors="limelight.nearest")


def _nearest(error: UnicodeError) -> tuple[str, int]:
    """Return what stands in for characters that an encoding lacks: é becomes e, ≤ becomes <=, others ?."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    shown = ""
    for character in error.object[error.start : error.end]:
        nearest = character.translate(_NEAREST)
        if not nearest.isascii():
            decomposed = unicodedata.normalize("NFKD", nearest)
            nearest = "".join(part for part in decomposed if part.isascii()) or "?"
        shown += nearest
    return shown, error.end
