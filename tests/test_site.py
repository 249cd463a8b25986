"""The site as its readers meet it: nothing from outside, every question found, no page out of reach.

Needs the built site (`make docs`) and a browser; skipped with a reason where one is missing.
"""

from __future__ import annotations

import functools
import json
import os
import re
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

SITE = Path(__file__).resolve().parents[1] / "site"
CHROMIUM = os.environ.get("LIMELIGHT_CHROMIUM", "/usr/bin/chromium")
if not (SITE / "index.html").is_file():
    pytest.skip("the site is not built: make docs", allow_module_level=True)
if not Path(CHROMIUM).is_file():
    pytest.skip(f"no browser at {CHROMIUM}", allow_module_level=True)

# What people ask of lime and shap in public threads, in the words in which they look for it.
QUESTIONS = {
    "different results each run": "faq.html",
    "how many samples": "faq.html",
    "which class is explained": "faq.html",
    "difference shap": "faq.html",
    "causes": "faq.html",
    "save load": "faq.html",
    "act together": "concepts/fidelity.html",
    "kernel width": "reference/settings.html",
    "move from lime": "how-to/move-from-lime.html",
    "own kind of data": "how-to/write-a-modality.html",
    "how wide is this interval": "faq.html",
    "can I use it with my xgboost": "faq.html",
    "is it lime compatible": "faq.html",
    "what does additivity mean": "concepts/fidelity.html",
    "how do I make it faster": "faq.html",
    "how do I cite it": "faq.html",
    "how to use on a gpu": "faq.html",
    "what about shap": "how-to/move-from-shap.html",
    "can I trust it": "faq.html",
    "what happens with my data": "faq.html",
    "privacy": "faq.html",
    "license": "faq.html",
}


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=str(SITE)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_answered_within_the_first_three_hits(browser: Any, address: str, question: str) -> None:
    page = browser.new_page()
    page.goto(f"{address}/index.html")
    page.locator(".md-search-result__meta:not(:has-text('Initializing'))").wait_for(state="attached")
    asked = page.locator("input.md-search__input")
    asked.fill(question)
    asked.press("End")  # the page reads the field when a key comes up
    hits = page.locator(".md-search-result__item > a.md-search-result__link:first-child")
    hits.first.wait_for(state="attached")
    page.wait_for_timeout(500)  # results are put in a few at a time
    found = [hits.nth(i).get_attribute("href").split("?")[0].split("#")[0] for i in range(min(3, hits.count()))]
    page.close()
    assert any(each.endswith(QUESTIONS[question]) for each in found), found


def test_a_question_is_two_clicks_from_home(browser: Any, address: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(f"{address}/index.html")
    page.locator(".md-content").get_by_role("link", name="Questions people ask").click()
    page.locator(".md-nav--secondary").get_by_role("link", name="How do I cite it?").first.click()
    assert page.url.endswith("faq.html#how-do-i-cite-it")
    assert page.locator("#how-do-i-cite-it").is_visible()
    page.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1280])
def test_a_page_asks_nobody_else_and_fits(browser: Any, address: str, scheme: str, width: int) -> None:
    page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
    outside: list[str] = []
    page.on(
        "request", lambda asked: outside.append(asked.url) if not asked.url.startswith((address, "data:")) else None
    )
    for name in ("index.html", "reference/python.html", "tutorials/text.html", "gallery/table.html"):
        page.goto(f"{address}/{name}")
        page.wait_for_load_state("networkidle")
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
    page.close()
    assert [url for url in outside if not url.startswith((address, "data:"))] == []


PAGES = (
    "index.html",
    "tutorials/table.html",
    "how-to/my-model-is.html",
    "reference/python.html",
    "proof.html",
    "faq.html",
)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_a_page_can_be_read_by_everybody(browser: Any, address: str, axe: str, scheme: str, name: str) -> None:
    page = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme=scheme)
    page.goto(f"{address}/{name}")
    page.wait_for_load_state("networkidle")
    page.evaluate(axe)
    found = page.evaluate("axe.run({runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa']}).then(r => r.violations)")
    page.close()
    said = [f"{each['id']}: {node['html'][:90]}" for each in found for node in each["nodes"][:3]]
    assert said == [], "\n".join(said)


def test_every_notebook_was_run() -> None:
    notebooks = sorted((SITE / "notebooks").glob("*.ipynb"))
    assert notebooks
    for path in notebooks:
        every = json.loads(path.read_text(encoding="utf-8"))["cells"]
        cells = [cell for cell in every if cell["cell_type"] == "code"]
        assert cells
        assert all(cell["execution_count"] for cell in cells), path.name


def test_programs_that_read_the_site_find_every_page() -> None:
    listed = re.findall(r"^- \[[^\]]+\]\(([^)]+)\)", (SITE / "llms.txt").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(listed) > 30
    assert [path for path in listed if not (SITE / path).is_file()] == []
