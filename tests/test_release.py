"""The files that a release needs say what the package says."""

from __future__ import annotations

import re
import runpy
import sys
import tomllib
import types
from pathlib import Path
from typing import Any

import pytest

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


def test_the_readme_of_the_index_leads_to_the_address_and_to_none_while_there_is_none(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    Address = hook(monkeypatch)
    there: dict[str, Any] = {}
    Address(ROOT, {"address": "https://host/owner/name/"}).update(there)
    text = there["readme"]["text"]
    assert "](https://host/owner/name/blob/main/docs/references.bib)" in text
    assert 'src="https://host/owner/name/raw/main/docs/gallery/text-light.png"' in text
    assert not re.search(r"(\]\(|src=\"|srcset=\")(?!https?:|#)", re.sub(r"```.*?```", "", text, flags=re.DOTALL))
    assert set(there["urls"]) == {"Homepage", "Documentation", "Changelog", "Issues"}
    assert all(address.startswith("https://host/owner/name") for address in there["urls"].values())
    none: dict[str, Any] = {}
    Address(ROOT, {"address": ""}).update(none)
    assert none["urls"] == {} and none["readme"]["text"] == (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_address_stands_in_one_place_and_is_empty_or_an_address() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    address = project["tool"]["hatch"]["metadata"]["hooks"]["custom"]["address"]
    assert address == "" or re.fullmatch(r"https://[\w.-]+/\S+[^/]", address)
    assert {"readme", "urls"} <= set(project["project"]["dynamic"])


def hook(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The class in packaging/metadata.py, with what hatchling gives it: a root and a table of pyproject.toml."""
    interface = types.ModuleType("hatchling.metadata.plugin.interface")

    class Interface:
        def __init__(self, root: Path, config: dict[str, str]) -> None:
            self.root, self.config = root, config

    interface.MetadataHookInterface = Interface  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "hatchling.metadata.plugin.interface", interface)
    for parent in ("hatchling", "hatchling.metadata", "hatchling.metadata.plugin"):
        monkeypatch.setitem(sys.modules, parent, types.ModuleType(parent))
    return runpy.run_path(str(ROOT / "packaging" / "metadata.py"))["Address"]
