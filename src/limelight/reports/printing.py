"""A page printed to PDF by a browser that is installed: nothing else draws it as it is seen."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from pathlib import Path

from limelight.errors import LimelightError, MissingDependencyError
from limelight.files import write_bytes

BROWSERS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "microsoft-edge",
    "msedge",
    "chrome",
)
PATIENCE = 120
"""Seconds that a browser may take."""
QUIET = (
    "--headless", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-pdf-header-footer",
)  # fmt: skip


def print_pdf(page: str, path: Path) -> None:
    """Print a page to a PDF file, with the first Chromium browser that is found.

    Raises
    ------
    MissingDependencyError
        If there is none.
    LimelightError
        If it did not print; with the last line of what it said.
    """
    browser = next((found for name in BROWSERS if (found := shutil.which(name))), None)
    if browser is None:
        raise MissingDependencyError(
            "path: a PDF is printed by a browser, and neither Chromium nor Chrome nor Edge is here; write .html, "
            "and print it from any browser."
        )
    with tempfile.TemporaryDirectory() as folder:
        source, printed = Path(folder) / "report.html", Path(folder) / "report.pdf"
        source.write_text(page, encoding="utf-8", errors="replace")
        flags = [*QUIET, *_sandbox(), f"--user-data-dir={folder}/profile", f"--print-to-pdf={printed}", source.as_uri()]
        try:
            run = subprocess.run([browser, *flags], capture_output=True, text=True, timeout=PATIENCE, check=False)
        except subprocess.TimeoutExpired as error:
            raise LimelightError(f"path: {browser} did not print within {PATIENCE} seconds; write .html.") from error
        if not printed.is_file():
            last = (run.stderr.strip().splitlines() or ["it said nothing"])[-1]
            raise LimelightError(f"path: {browser} did not print ({last}); write .html and print it.")
        write_bytes(path, printed.read_bytes())


def _sandbox() -> list[str]:
    """Return what a browser that runs as root needs: it refuses its own sandbox there."""
    import os

    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return ["--no-sandbox"]
    return []
