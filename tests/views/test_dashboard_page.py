"""The dashboard in a real browser: filters by keyboard, the way back, a row opened, every width and colour scheme.

The claims of `web/board_page.py`.
"""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.result.schema import to_json

uvicorn = pytest.importorskip("uvicorn", reason="uvicorn is not installed: pip install 'limelight[web]'")
pytest.importorskip("starlette", reason="starlette is not installed: pip install 'limelight[web]'")
pytest.importorskip("pyarrow")
pd = pytest.importorskip("pandas")

from limelight.web import create  # noqa: E402


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    rng = np.random.default_rng(0)
    people = pd.DataFrame({"<i>age</i>": rng.integers(18, 90, 120), "city": rng.choice(["Oslo", "Rome"], 120)})
    model = lambda frame: frame["<i>age</i>"] / 100 + 0.1 * (frame["city"] == "Rome")  # noqa: E731
    explainer = ll.Explainer(model, ll.Tabular(people), seed=0)
    file = tmp_path_factory.mktemp("board") / "many.jsonl"
    file.write_text("\n".join(to_json(each) for each in explainer.explain_many(people)), encoding="utf-8")
    app = create({}, explanations=file)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
def visit(chromium: Any, address: str) -> Iterator[Any]:
    """Open the dashboard; afterwards nothing may have gone to the console, or to another host."""
    contexts, complaints = [], []

    def open_page(anchor: str = "", *, width: int = 1280, **options: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith((address, "data:")) else
                complaints.append(request.url))  # fmt: skip
        page.goto(f"{address}/dashboard{anchor}")
        page.wait_for_selector("#rows table, #rows p")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def count(page: Any, text: str) -> None:
    page.locator("#count", has_text=re.compile(f"^{text}")).wait_for(timeout=10_000)


def test_rows_are_narrowed_by_keyboard_and_back_takes_it_back(visit: Any) -> None:
    page = visit()
    count(page, "120 of 120")
    page.get_by_role("button", name="Only rows because of city").focus()
    page.keyboard.press("Enter")
    count(page, r"(?!120)\d+ of 120")
    narrowed = page.locator("#count").inner_text()
    assert page.get_by_role("combobox", name="Because of").locator("option:checked").inner_text() == "city"
    again = visit(page.evaluate("location.hash"))
    count(again, narrowed)
    page.go_back()
    count(page, "120 of 120")


def test_one_value_is_chosen_and_let_go(visit: Any) -> None:
    page = visit()
    page.get_by_role("button", name="city", exact=True).click()
    page.get_by_role("button", name="Only city = Rome").click()
    count(page, r"(?!120)\d+ of 120")
    page.get_by_role("button", name="Not only city = Rome").click()
    count(page, "120 of 120")


def test_a_row_is_opened_and_takes_the_focus(visit: Any) -> None:
    page = visit()
    page.locator("#rows").get_by_role("button", name="Open row 3", exact=True).click()
    page.locator("#article .bars, #article table").first.wait_for()
    assert page.evaluate("document.activeElement.id") == "detail"
    assert page.locator("#h-detail").inner_text() == "Row 3"
    page.locator("#rows").get_by_role("button", name="After").click()
    page.locator("#rows", has_text="26 to 50 of 120").wait_for()


def test_a_row_below_the_dashboard_is_drawn_as_on_its_own_page(visit: Any) -> None:
    page = visit()
    page.locator("#rows").get_by_role("button", name="Open row 3", exact=True).click()
    page.locator("#article td.bar:visible").first.wait_for()
    cells = page.locator("#article td.bar:visible").all()
    for cell in cells:
        box, row = cell.bounding_box(), cell.locator("xpath=..").bounding_box()
        assert box["height"] == pytest.approx(row["height"], abs=1.5)
        assert box["width"] > 200


def test_no_row_left_is_said(visit: Any) -> None:
    page = visit()
    page.get_by_role("spinbutton", name="Answer from").fill("1000")
    page.keyboard.press("Enter")
    count(page, "0 of 120")
    page.locator("#rows p", has_text="No row").wait_for()
    assert "No row is left" in page.locator("#rows").inner_text()


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 390, 1920])
def test_the_dashboard_is_accessible_and_fits(visit: Any, axe: str, width: int, scheme: str, direction: str) -> None:
    page = visit(width=width, color_scheme=scheme, bypass_csp=True)
    page.evaluate("direction => document.documentElement.dir = direction", direction)
    page.locator("#rows").get_by_role("button", name="Open row 3", exact=True).click()
    page.locator("#article .bars, #article table").first.wait_for()
    page.wait_for_load_state("networkidle")
    page.evaluate(axe)
    found = page.evaluate("axe.run()")["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_first_load_is_at_most_100_kib(visit: Any) -> None:
    page = visit()
    page.wait_for_selector("#views:not([aria-busy])")
    sizes = page.evaluate("performance.getEntries().map(e => [e.entryType, e.encodedBodySize ?? 0])")
    loaded = [size for kind, size in sizes if kind in ("navigation", "resource")]
    assert len(loaded) >= 9
    assert sum(loaded) <= 100 * 1024
