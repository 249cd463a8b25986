"""The files that a release needs say what the package says."""

from __future__ import annotations

import re
from pathlib import Path

import limelight

ROOT = Path(__file__).resolve().parents[1]


def test_the_citation_is_of_this_version_and_licence() -> None:
    text = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    assert re.search(r"^version: (.+)$", text, re.MULTILINE)[1] == limelight.__version__  # type: ignore[index]
    assert re.search(r"^license: (.+)$", text, re.MULTILINE)[1] in project  # type: ignore[index]


def test_workflows_call_scripts_that_exist() -> None:
    for workflow in (ROOT / ".github" / "workflows").glob("*.yml"):
        called = re.findall(r"bash (\.ci/\w+)", workflow.read_text(encoding="utf-8"))
        assert called
        assert all((ROOT / script).is_file() for script in called), workflow.name
