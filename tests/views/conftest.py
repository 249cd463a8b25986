"""A real browser for the pages: Debian's Chromium driven by Playwright, skipped where either is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

AXE_VERSION = "4.10.2"


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A headless browser; `LIMELIGHT_CHROMIUM` names another one than /usr/bin/chromium."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed: pip install --group dev")
    path = os.environ.get("LIMELIGHT_CHROMIUM", "/usr/bin/chromium")
    if not Path(path).exists():
        pytest.skip(f"no browser at {path}: apt-get install chromium, or set LIMELIGHT_CHROMIUM")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Open HTML in a page of its own; afterwards nothing may have gone to the console or to the network."""
    contexts, complaints = [], []

    def open_page(html: str, **options: Any) -> Any:
        context = chromium.new_context(viewport={"width": 1000, "height": 700}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url) if _leaves(request.url) else None)
        file = tmp_path / f"page{len(contexts)}.html"
        file.write_text(html, encoding="utf-8")
        page.goto(file.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture(scope="session")
def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The source of axe-core, from npm's cache or registry."""
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip("npm is not installed, so axe-core cannot be fetched")
    folder = tmp_path_factory.mktemp("axe")
    got = subprocess.run(
        [npm, "pack", "--silent", "--prefer-offline", f"axe-core@{AXE_VERSION}"], cwd=folder, capture_output=True
    )
    archives = list(folder.glob("*.tgz"))
    if got.returncode or not archives:
        pytest.skip("axe-core could not be fetched from npm")
    shutil.unpack_archive(archives[0], folder)
    return (folder / "package" / "axe.min.js").read_text(encoding="utf-8")


def _leaves(url: str) -> bool:
    return not url.startswith(("file:", "data:", "about:", "blob:"))
