"""The README does what it says: its lines of Python run as printed, its links lead somewhere, its commands exist."""

from __future__ import annotations

import contextlib
import io
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md")] + sorted(
    (ROOT / "docs").rglob("*.md")
)


def block(language: str) -> str:
    """The README's first block of code in a language."""
    found = re.search(rf"^```{language}\n(.*?)^```$", README, re.S | re.M)
    assert found, f"the README has no block of {language}"
    return found.group(1)


def test_the_six_lines_run_as_printed_and_print_what_is_shown() -> None:
    lines = [line for line in block("python").splitlines() if line]
    assert len(lines) == 6
    said = io.StringIO()
    with contextlib.redirect_stdout(said):
        exec(compile("\n".join(lines), "README.md", "exec"), {})
    # versions of scikit-learn grow slightly different forests: words must agree, digits need not
    assert len(words(block("text"))) > 10
    assert words(said.getvalue()) >= words(block("text"))


def words(text: str) -> set[str]:
    """The feature's names and the sentences, without numbers and bars."""
    return set(re.findall(r"[a-z]{3,}", text))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_between_pages_leads_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#\s]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_the_two_commands_are_targets_of_the_makefile() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    commands = re.findall(r"^make (\w+)", README, re.M)
    assert commands == ["demo", "test"]
    assert all(re.search(rf"^{command}:", makefile, re.M) for command in commands)


@pytest.mark.parametrize("kind", ["tutorials", "how-to", "concepts"])
def test_the_overview_of_the_documentation_lists_every_page(kind: str) -> None:
    overview = (ROOT / "docs" / "README.md").read_text(encoding="utf-8")
    pages = [page.relative_to(ROOT / "docs").as_posix() for page in (ROOT / "docs" / kind).glob("*.md")]
    assert pages
    assert [page for page in pages if f"]({page})" not in overview] == []


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_whoever_has_another_kind_of_data_is_sent_to_the_page_about_it(page: str) -> None:
    assert "docs/how-to/write-a-modality.md" in (ROOT / page).read_text(encoding="utf-8")
