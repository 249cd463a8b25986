"""Run a script whose `import lime` shall get limelight: ``python -m limelight.compat.lime script.py arguments``."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

from limelight.compat.lime import install


def main(arguments: list[str]) -> int:
    """Install, then run the script as ``python script.py`` would; return the exit status."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: python -m limelight.compat.lime script.py [arguments]", file=sys.stderr)
        if arguments:
            return 0
        return 2
    script = Path(arguments[0])
    if not script.exists():
        print(f"script: expected a file, got {str(script)!r}, which does not exist; check the path.", file=sys.stderr)
        return 2
    install()
    sys.argv[:] = arguments
    sys.path[0] = str(script.resolve().parent)
    runpy.run_path(str(script), run_name="__main__")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
