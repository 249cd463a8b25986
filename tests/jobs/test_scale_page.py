"""What docs/scale.md says of engines is what the benchmark wrote into docs/scale.json."""

from __future__ import annotations

import json
import re
from pathlib import Path

DOCS = Path(__file__).resolve().parents[2] / "docs"
ENGINES = ("one process", "two processes", "dask", "ray", "spark")


def test_the_table_of_engines_is_the_measured_one() -> None:
    figures = json.loads((DOCS / "scale.json").read_text(encoding="utf-8"))["engines"]
    page = (DOCS / "scale.md").read_text(encoding="utf-8").split("## On engines")[1].split("\n## ")[0]
    rows = re.findall(r"^\| .+? \| ([\d.]+) ms \| (\d+) s \| ([\d.]+) s \| (\d+) s \|$", page, re.MULTILINE)
    assert len(rows) == len(ENGINES)
    for name, row in zip(ENGINES, rows, strict=True):
        one = figures[name]
        assert row == (
            f"{one['cpu_s'] / figures['rows'] * 1000:.2f}",
            f"{one['clock_s']:.0f}",
            f"{one['start_cpu_s']:.1f}",
            f"{one['start_clock_s']:.0f}",
        )
    assert figures["the same digest"] is True


def test_the_whole_million_is_the_measured_one() -> None:
    figures = json.loads((DOCS / "scale.json").read_text(encoding="utf-8"))["a whole million"]
    whole = (DOCS / "scale.md").read_text(encoding="utf-8")
    page, memory = [whole.split(title)[1].split("\n## ")[0] for title in ("## A whole million", "## Memory")]
    for title, name in (("logistic regression", "logistic regression"), ("forest of 100", "random forest of 100")):
        one = figures[name]
        assert one["rows"] == 1_000_000 and one["failures"] == 0
        said = f"| {title} | 1,000,000 | {one['cpu_s'] / one['rows'] * 1000:.2f} ms | {one['clock_s'] / 60:.1f} min |"
        grew = f"{one['mib_at_10000']:.0f} to {one['mib_most']:.0f} MiB |"
        assert any(line.startswith(said) and line.endswith(grew) for line in page.splitlines())
        assert f"{one['mib_most'] - one['mib_at_10000']:.0f} MiB" in memory
    idle = figures["a tenth on idle cores"]
    assert f"{idle['one process']['clock_s'] / idle['two processes']['clock_s']:.2f} times as fast" in page
