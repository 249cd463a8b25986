"""What runs of `.ci/versions` found, from their logs: tests passed, failed and skipped, with the versions of each.

.ci/versions lowest 3.11 | tee lowest.log
python benchmarks/versions.py docs/versions.json lowest=lowest.log=.venv-optional/lowest-3.11/bin/python
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

PACKAGES = (
    "numpy",
    "scipy",
    "scikit-learn",
    "narwhals",
    "pandas",
    "polars",
    "pyarrow",
    "matplotlib",
    "typer",
    "pytest",
)


def found(log: Path, python: str) -> dict[str, Any]:
    """Return the last line of a run, what failed, and what it ran with."""
    text = log.read_text(encoding="utf-8")
    counts = {what: int(n) for n, what in re.findall(r"(\d+) (passed|failed|skipped)", text.splitlines()[-2])}
    failed = sorted({line.split()[1].split("[")[0] for line in text.splitlines() if line.startswith("FAILED ")})
    listed = subprocess.run([python, "-m", "pip", "list", "--format=json"], check=True, capture_output=True, text=True)
    versions = {each["name"].lower(): each["version"] for each in json.loads(listed.stdout)}
    version = subprocess.run([python, "--version"], check=True, capture_output=True, text=True).stdout.split()[1]
    packages = {name: versions[name] for name in PACKAGES if name in versions}
    return {"python": version, **counts, "tests_that_failed": failed, "packages": packages}


def main() -> None:
    """Read NAME=LOG=PYTHON, and keep what is there of other runs."""
    out = Path(sys.argv[1])
    kept = json.loads(out.read_text(encoding="utf-8")) if out.exists() else {}
    for given in sys.argv[2:]:
        name, log, python = given.split("=")
        kept[name] = found(Path(log), python)
    out.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
