"""The door from the shell: `limelight demo`, `limelight explain`, `limelight show`, `limelight pick`.

This file loads only the standard library until typer is found, so that the command without its extra says what to
install.
"""

from __future__ import annotations

import codecs
import sys
import unicodedata

from limelight.errors import MissingDependencyError
from limelight.optional import require


def main() -> None:
    """Run the command line; the process ends with 0, or with 2 and one line on stderr."""
    for stream in (sys.stdout, sys.stderr):
        _speak_its_language(stream)
    try:
        for module in ("typer", "rich", "pandas"):
            require(module, "cli")
    except MissingDependencyError as error:
        print(f"limelight: {error}", file=sys.stderr)
        sys.exit(2)
    from limelight.cli.commands import app

    app(prog_name="limelight")


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
