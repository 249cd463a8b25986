"""The pages read well wherever they are shown: examples in fences, links that lead somewhere."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import limelight

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])
LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)|(?:src|srcset|href)=\"([^\"]+)\"")


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


def prose(page: Path) -> list[str]:
    """The lines of a page outside its fences."""
    lines, fenced = [], False
    for line in page.read_text(encoding="utf-8").splitlines():
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            lines.append(line)
    return lines


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_examples_stand_in_fences(page: Path) -> None:
    """Without ```pycon, and a blank line before its end, Markdown shows `>>>` as a quotation in a quotation."""
    assert [line for line in prose(page) if line.startswith(">>>")] == []


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_to_files_and_headings_that_exist(page: Path) -> None:
    for linked in LINK.finditer("\n".join(prose(page))):
        target = linked[1] or linked[2]
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, heading = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        assert there.exists(), f"{name(page)} links to {target}"
        if heading:
            assert heading in slugs(there), f"{name(page)} links to {target}"


def slugs(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub and MkDocs make them."""
    found = set()
    for line in prose(page):
        if line.startswith("#"):
            words = re.sub(r"[^\w\- ]", "", line.lstrip("# ").lower())
            found.add(words.strip().replace(" ", "-"))
    return found


def test_the_reference_names_every_public_name() -> None:
    text = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "reference").glob("*.md"))
    named = set(re.findall(r"^::: limelight\.(\w+)$", text, re.MULTILINE))
    assert set(limelight.__all__) - {"__version__"} <= named


def test_the_home_page_leads_to_every_page() -> None:
    home = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    for page in PAGES:
        where = page.relative_to(ROOT).as_posix().removeprefix("docs/")
        if page.parent != ROOT and where != "README.md":
            assert f"]({where}" in home, f"docs/README.md does not lead to {where}"


def test_the_tests_that_the_log_of_the_field_names_exist() -> None:
    log = (ROOT / "docs" / "field-log.md").read_text(encoding="utf-8")
    named = re.findall(r"`([\w/]+\.py)`", log.split("each kind and its tests")[1])
    assert len(named) > 20
    assert [path for path in named if not (ROOT / "tests" / path).is_file()] == []
