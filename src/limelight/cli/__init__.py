"""The door from the shell: `limelight demo`, `limelight explain`, `limelight show`, `limelight pick`.

This file loads only the standard library until typer is found, so that the command without its extra says what to
install.
"""

from __future__ import annotations

import sys

from limelight.errors import MissingDependencyError
from limelight.optional import require


def main() -> None:
    """Run the command line; the process ends with 0, or with 2 and one line on stderr."""
    try:
        for module in ("typer", "rich", "pandas"):
            require(module, "cli")
    except MissingDependencyError as error:
        print(f"limelight: {error}", file=sys.stderr)
        sys.exit(2)
    from limelight.cli.commands import app

    app(prog_name="limelight")
