"""Every figure of the documentation is one of an output file; the few that are not are counted, and may only get fewer.

A figure is a number with a point, a share in per cent, or a number with a unit of time or size, outside code. It may
be found in an output file of its page (`KEPT`); a setting or a definition, not a measurement (`SET`); or owed: measured
by the script that the page names, which kept no file (`OWED`).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted(path for path in [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")] if path.parent.name != "gallery")
FIGURE = re.compile(
    r"(?<![\w.,/])(\d{1,3}(?:,\d{3})+|\d*\.\d+|\d+)(?![\w.,]*\d)"
    r"( ?%| (?:ms|s|MiB|KiB|GiB|MB|seconds|minutes|min|times)\b)?"
)
OUTCOMES = ROOT / "tests" / "models" / "outcomes"
SCALES = {"%": 0.01, "ms": 1e-3, "minutes": 60.0, "min": 60.0, "MiB": 1.0, "KiB": 1.0, "GiB": 1.0, "MB": 1e6}

LEVELS = {"95 %", "5 %", ".05", ".9", ".5", "0.95"}
"""The level of intervals, the tolerance of sampling, the borders of a verdict: chosen, not measured."""
KEPT = {
    "README.md": ["docs/proof.json"],
    "docs/concepts/weights.md": ["docs/proof.json"],
    "docs/first-minute.md": ["docs/first-minute.json"],
    "docs/reference/models.md": [f"tests/models/outcomes/{file.name}" for file in OUTCOMES.glob("*.json")],
    "docs/reference/versions.md": ["docs/versions.json"],
    "docs/concepts/conditional.md": ["docs/conditional.json"],
    "docs/concepts/precision.md": ["docs/honesty.json"],
    "docs/how-to/what-a-call-costs.md": ["docs/prompts.json"],
    "docs/how-to/when-to-trust.md": ["docs/four-models.json", "docs/trust.json"],
    "docs/scale.md": ["docs/scale.json"],
    "docs/service.md": ["docs/service.json"],
}
"""Output files of a page: each of its figures is in one of them, to the digits that are shown. Tables are held to them
cell by cell in `tests/bench/test_proof.py`, `tests/test_first_minute.py` and `tests/jobs/test_scale_page.py`."""
SET = {
    "README.md": {"3.11"},
    "docs/concepts/fidelity.md": {".3", "3 times"},  # the example above proves the one, the rule of three is the other
    # with the shares and the 1/√seeds of a table that tests/test_precision_page.py holds cell by cell
    "docs/concepts/precision.md": {"2.36", "1.96", "1.206", ".98", ".01", ".005", ".95", "0.05", "0.001", "0.0003"}
    | {"0.0001"},
    "docs/field-log.md": {"12.5%"},  # a cell that somebody handed over
    "docs/how-to/ask-a-model-elsewhere.md": {"64 MiB"},
    "docs/how-to/explain-a-sampling-model.md": {"0.8", "0.9", "0.1"},  # of the example
    "docs/how-to/many-at-once.md": {"50 ms"},
    "docs/how-to/serve.md": {"0.3 seconds", "0.5", "30 seconds", "10 MB", "20 seconds"},
    "docs/how-to/what-a-call-costs.md": {".90", ".97", ".85", ".95"},  # what was asked for
    "docs/how-to/write-a-modality.md": {"0.25"},
    "docs/how-to/write-a-report.md": {"1002.9"},  # a paragraph of a law
    "docs/reference/models.md": {"15 %"},
    "docs/scale.md": {"8 min", "12 min", "5 s", "20 MiB", "30 MiB"},  # what was asked for, and a bound
    "docs/reference/versions.md": {"3.11", "3.12", "3.13", "3.14", "6.143", "1.12", "1.5"},
}
"""Thresholds, limits and versions, by page."""
OWED = 0
"""How many figures of all other pages no output file holds, at most: none."""
IN_PART = {"docs/concepts/conditional.md", "docs/concepts/precision.md", "docs/scale.md", "docs/service.md"}
"""Pages with an output file for some of their figures."""
LOGS = {"docs/proof.md", "docs/decisions.md"}
"""One is held to its file letter by letter elsewhere; the other keeps what was measured when something was decided."""


def prose(page: Path) -> Iterator[str]:
    """The lines of a page outside its code, links and references."""
    fenced = False
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            yield re.sub(r"`[^`]*`|<[^>]*>|\]\([^)]*\)|\[[a-z]+\d{4}\w*(?:, [^\]]*)?\]", " ", line)


def figures(page: Path) -> list[str]:
    """What a reader takes for measured: numbers with a point or a unit."""
    found = [match for line in prose(page) for match in FIGURE.finditer(line)]
    return [match[0].strip() for match in found if "." in match[1] or match[2]]


def numbers(kept: Any) -> Iterator[float]:
    """All numbers of an output file, those in its strings too, and what pages divide and subtract of them."""
    if isinstance(kept, dict):
        yield from derived(kept)
    if isinstance(kept, dict | list):
        for each in kept.values() if isinstance(kept, dict) else kept:
            yield from numbers(each)
    elif isinstance(kept, int | float):
        yield float(kept)
    elif isinstance(kept, str):
        yield from (float(each.replace(",", "")) for each in re.findall(r"\d[\d,]*(?:\.\d+)?", kept))


def derived(kept: dict[str, Any]) -> Iterator[float]:
    """What a run took for each row and each of its processes, how it grew, and how much faster two are than one."""
    if isinstance(kept.get("rows"), int):
        runs = [kept, *(each for each in kept.values() if isinstance(each, dict) and "rows" not in each)]
        yield from (each["cpu_s"] / kept["rows"] for each in runs if "cpu_s" in each)
    if "n_jobs" in kept:
        yield kept["cpu_s"] / kept["n_jobs"]
    if "mib_most" in kept:
        yield kept["mib_most"] - kept["mib_at_10000"]
    if {"one process", "two processes"} <= kept.keys():
        yield kept["one process"]["clock_s"] / kept["two processes"]["clock_s"]


def is_one_of(figure: str, known: list[float]) -> bool:
    """Whether a figure is one of the numbers, rounded to the digits that are shown."""
    text, _, unit = figure.replace("%", " %").replace(",", "").partition(" ")
    value, digits = float(text), len(text.partition(".")[2])
    scales = {1.0, SCALES.get(unit.strip(), 1.0)}
    return any(
        math.isfinite(each) and abs(each / scale - value) <= 0.5000001 * 10**-digits
        for each in known
        for scale in scales
    )


def unheld(page: Path) -> list[str]:
    """The figures of a page that are neither set nor in one of its files."""
    name = page.relative_to(ROOT).as_posix()
    files = [json.loads((ROOT / path).read_text(encoding="utf-8")) for path in KEPT.get(name, [])]
    known = [number for file in files for number in numbers(file)]
    chosen = LEVELS | SET.get(name, set())
    return [each for each in figures(page) if each not in chosen and not is_one_of(each, known)]


@pytest.mark.parametrize("name", [name for name in KEPT if name not in IN_PART])
def test_every_figure_of_a_page_that_has_output_files_is_in_them(name: str) -> None:
    assert unheld(ROOT / name) == []


def test_figures_without_an_output_file_get_fewer() -> None:
    owed = {page: found for page in PAGES if page.relative_to(ROOT).as_posix() not in LOGS and (found := unheld(page))}
    assert sum(map(len, owed.values())) <= OWED, owed


def test_a_figure_is_found_as_it_is_shown_and_another_is_not() -> None:
    assert is_one_of("93.1%", [0.93125]) and is_one_of("93.1 %", [0.93125]) and is_one_of("1,798", [1797.6])
    assert is_one_of("1.30 ms", [0.001304]) and is_one_of("8.2 min", [490.0])
    assert not is_one_of("93.2%", [0.93125]) and not is_one_of("1.31 ms", [0.001304])
    assert figures(ROOT / "tests" / "data" / "figures.md") == ["1.5 times", "20 %", "3 seconds"]


def test_what_is_divided_and_subtracted_of_a_file_is_worked_by_hand() -> None:
    run = {"rows": 100, "n_jobs": 2, "cpu_s": 0.3, "clock_s": 8.0, "mib_most": 12.5, "mib_at_10000": 10.0}
    assert list(derived(run)) == pytest.approx([0.003, 0.15, 2.5])
    assert list(derived({"rows": 4, "an engine": {"cpu_s": 2.0}})) == [0.5]
    assert list(derived({"one process": {"clock_s": 9.0}, "two processes": {"clock_s": 6.0}})) == [1.5]
