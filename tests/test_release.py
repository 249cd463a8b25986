"""The files that a release needs say what the package says."""

from __future__ import annotations

import re
import tomllib
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


def test_the_recipe_of_conda_asks_for_what_the_package_asks_for() -> None:
    recipe = (ROOT / "packaging" / "conda" / "recipe.yaml").read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert re.search(r'version: "(.+)"', recipe)[1] == limelight.__version__  # type: ignore[index]
    run = re.findall(r"- (\S+) (>=\S+)", recipe.split("  run:")[1].split("tests:")[0])
    asked = [re.match(r"([\w-]+)(.*)", each) for each in project["dependencies"]]
    floors = {found[1]: found[2] for found in asked if found}
    assert dict(run) == {"python": project["requires-python"], **floors}
    assert project["license"] in recipe


def test_the_changelog_begins_with_this_version_or_what_comes_after_it() -> None:
    headings = re.findall(r"^## (\S+)", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert limelight.__version__ in headings[:2]
