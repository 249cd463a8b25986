from __future__ import annotations

import shutil
import stat
from pathlib import Path

import pytest

from limelight.errors import LimelightError, MissingDependencyError
from limelight.reports.printing import BROWSERS, print_pdf

PAGE = "<!doctype html><title>Report</title><p>Why.</p>"


def browser(folder: Path, script: str) -> None:
    """A program that is called like a browser and does this."""
    path = folder / "chromium"
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_without_a_browser_the_error_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(MissingDependencyError, match="write .html"):
        print_pdf(PAGE, tmp_path / "report.pdf")
    assert not (tmp_path / "report.pdf").exists()


@pytest.mark.skipif(shutil.which("sh") is None, reason="there is no shell to write a stand-in with")
def test_what_the_browser_prints_is_what_is_written_and_its_complaint_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = tmp_path / "programs"
    programs.mkdir()
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    copies = 'for a in "$@"; do case $a in --print-to-pdf=*) to="${a#--print-to-pdf=}";; esac; done; '
    browser(programs, copies + 'cat "$(dirname "$to")/report.html" > "$to"')
    print_pdf(PAGE, tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_text(encoding="utf-8") == PAGE
    browser(programs, "echo 'no fonts' >&2; exit 1")
    with pytest.raises(LimelightError, match="no fonts"):
        print_pdf(PAGE, tmp_path / "other.pdf")
    assert not (tmp_path / "other.pdf").exists()


def test_a_real_browser_prints_pages_of_paper(tmp_path: Path) -> None:
    if not any(map(shutil.which, BROWSERS)):
        pytest.skip("no Chromium browser is installed")
    print_pdf(PAGE, tmp_path / "report.pdf")
    assert (tmp_path / "report.pdf").read_bytes().startswith(b"%PDF-")
