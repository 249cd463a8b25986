"""The page of the first minute shows what its script wrote, and the script's snippets are Python."""

from __future__ import annotations

import ast
import importlib.util
import json
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SPEC = importlib.util.spec_from_file_location("first_minute", ROOT / "benchmarks" / "first_minute.py")
assert SPEC is not None and SPEC.loader is not None
first_minute = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(first_minute)


def test_the_table_is_what_the_script_wrote() -> None:
    rows = json.loads((ROOT / "docs" / "first-minute.json").read_text(encoding="utf-8"))["rows"]
    assert first_minute.table(rows) in (ROOT / "docs" / "first-minute.md").read_text(encoding="utf-8")


def test_every_model_is_explained_by_three_and_lines_are_counted_as_written() -> None:
    assert len(first_minute.EXPLAINED) == 3 * len(first_minute.MODELS)
    for (model, _), explain in first_minute.EXPLAINED.items():
        ast.parse(first_minute.TIMED.format(before=first_minute.MODELS[model][1], explain=explain))
    rows = json.loads((ROOT / "docs" / "first-minute.json").read_text(encoding="utf-8"))["rows"]
    for row in rows:
        explain = first_minute.EXPLAINED[row["model"], row["package"]]
        assert row["lines"] == len([line for line in explain.splitlines() if line])
