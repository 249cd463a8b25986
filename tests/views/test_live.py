"""The live page in a real browser against the real service: by keyboard, at every width, with answers out of order."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import limelight as ll

uvicorn = pytest.importorskip("uvicorn", reason="uvicorn is not installed: pip install 'limelight[web]'")
pytest.importorskip("starlette", reason="starlette is not installed: pip install 'limelight[web]'")

from limelight.web import create  # noqa: E402

CORNERS = np.kron(np.array([[-1, 7], [3, 4]]), np.ones((8, 8), int))
TEXT = "free 😀 prize, e\u0301t home"


def spam(texts: list[str]) -> np.ndarray:
    share = np.array([0.2 + 0.5 * ("free" in text) + 0.2 * ("prize" in text) for text in texts])
    return np.stack([1 - share, share], axis=1)


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    people = pd.DataFrame({"<i>age</i>": rng.integers(18, 90, 200), "city": rng.choice(["Oslo", "Rome"], 200)})
    model = lambda frame: frame["<i>age</i>"] / 100 + (frame["city"] == "Rome")  # noqa: E731
    table = ll.Explainer(model, ll.Tabular(people), seed=0)
    text = ll.Explainer(spam, ll.Text(), output_names=["ham", "spam"], seed=0)
    late = ll.Explainer(lambda many: np.asarray(many)[:, 20:].mean(axis=1), ll.TimeSeries(10, "zero"), seed=0)
    image = ll.Explainer(lambda many: many[:, :8, :8].mean(axis=(1, 2)) / 255, ll.Image(CORNERS, fill=0), seed=0)
    start = {"people": [40, "Oslo"], "sms": TEXT, "late": [1.0] * 40, "corner": np.full((16, 16), 255, np.uint8)}
    twice = ll.Explainer(lambda frame: 2 * model(frame), ll.Tabular(people), seed=0)
    start["twice"] = start["people"]
    app = create({"people": table, "twice": twice, "sms": text, "late": late, "corner": image}, start=start)
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", lifespan="off", ws="none"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


@pytest.fixture
def visit(chromium: Any, address: str) -> Iterator[Any]:
    """Open a live page; afterwards nothing may have gone to the console, or to another host."""
    contexts, complaints = [], []

    def open_page(path: str, *, width: int = 1280, wait: bool = True, **options: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: None if request.url.startswith((address, "data:", "blob:")) else
                complaints.append(request.url))  # fmt: skip
        page.goto(address + path)
        if wait:
            page.wait_for_selector("#reasons article")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert complaints == []


def says(page: Any, name: str, value: str) -> None:
    page.locator("#answer li", has_text=name).locator("data", has_text=value).wait_for(timeout=10_000)


def test_a_word_is_struck_by_keyboard_and_the_model_answers(visit: Any) -> None:
    page = visit("/models/sms")
    says(page, "spam", "0.900")
    page.get_by_role("button", name="prize").focus()
    page.keyboard.press("Enter")
    says(page, "spam", "0.700")
    struck = page.get_by_role("button", name="prize", pressed=True)
    assert struck.evaluate("word => word === document.activeElement"), "the focus stays where it was"
    assert page.locator("#words").inner_text() == TEXT
    page.get_by_role("button", name="Undo").focus()
    page.keyboard.press("Enter")
    says(page, "spam", "0.900")


def test_a_window_of_a_series_is_hidden_by_keyboard(visit: Any) -> None:
    page = visit("/models/late")
    says(page, "output", "1.000")
    page.get_by_role("group", name="Windows").get_by_role("button").nth(3).focus()
    page.keyboard.press("Enter")
    says(page, "output", "0.500")
    again = visit("/models/late" + page.evaluate("location.hash"))
    says(again, "output", "0.500")
    page.get_by_role("button", name="Undo").press("Enter")
    says(page, "output", "1.000")


def test_a_superpixel_is_hidden_by_keyboard_by_click_and_by_link(visit: Any) -> None:
    page = visit("/models/corner")
    says(page, "output", "1.000")
    part = page.get_by_role("button", name="superpixel -1, top left")
    part.focus()
    page.keyboard.press("Enter")
    says(page, "output", "0.000")
    page.locator("#answer .g", has_text="surrogate 0.000").wait_for()
    again = visit("/models/corner" + page.evaluate("location.hash"))
    says(again, "output", "0.000")
    size = again.locator("#picture").bounding_box()["width"]
    again.locator("#picture canvas").click(position={"x": size / 4, "y": size / 4})
    says(again, "output", "1.000")
    again.locator("#picture canvas").click(position={"x": size * 3 / 4, "y": size / 4})
    again.get_by_role("button", name="superpixel 7, top right", pressed=True).wait_for()
    says(again, "output", "1.000")


def test_a_picture_is_sent_once_and_drawn_wherever_it_is_shown(visit: Any) -> None:
    page = visit("/models/corner")
    shown = page.locator("#picture img").get_attribute("src")
    assert shown.startswith("data:image/")
    assert shown in {image.get_attribute("src") for image in page.locator("#reasons img").all()}
    loaded = "image => image.complete && image.naturalWidth > 0"
    assert all(image.evaluate(loaded) for image in page.locator("#reasons img").all())
    with page.expect_response("**:why") as answer:
        page.reload()
    assert shown not in answer.value.json()["article"]


def test_what_is_hidden_of_a_picture_is_painted_over(visit: Any) -> None:
    page = visit("/models/corner")
    dot = "([x, y]) => [...document.querySelector('canvas').getContext('2d').getImageData(x, y, 1, 1).data]"
    assert page.evaluate(dot, [3, 3]) == [0, 0, 0, 0]
    page.get_by_role("button", name="superpixel -1, top left").click()
    page.mouse.move(0, 0)
    assert page.evaluate(dot, [3, 3])[3] > 200
    assert page.evaluate(dot, [12, 12]) == [0, 0, 0, 0]


def test_a_column_is_changed_and_the_reasons_follow(visit: Any) -> None:
    page = visit("/models/people")
    says(page, "output", "0.400")
    page.get_by_role("combobox", name="city").select_option("Rome")
    says(page, "output", "1.400")
    page.locator("#reasons .bars, #reasons table").get_by_text("city = Rome").first.wait_for()
    field = page.get_by_role("spinbutton", name="<i>age</i>")
    field.fill("140")
    says(page, "output", "2.400")
    assert "Beyond anything in the background: <i>age</i>" in page.get_by_role("note").first.inner_text()
    page.get_by_role("slider", name="<i>age</i>").press("Home")
    says(page, "output", "1.180")


def test_another_model_stands_beside_and_the_link_keeps_it(visit: Any) -> None:
    page = visit("/models/people")
    says(page, "output", "0.400")
    choice = page.get_by_role("combobox", name="Beside it")
    assert choice.locator("option").all_inner_texts() == [
        "nothing", "the instance as it was given", "the instance as it is now", "model twice"]  # fmt: skip
    choice.select_option(label="model twice")
    page.locator("#other data", has_text="0.800").wait_for()
    row = page.locator("#changes tbody tr", has_text="city = Oslo")
    row.wait_for()
    assert row.locator("td").first.inner_text() == row.locator("td").nth(2).inner_text().split(" ±")[0]
    page.get_by_role("combobox", name="city").select_option("Rome")
    page.locator("#other data", has_text="2.800").wait_for()
    page.locator("#changes tbody tr", has_text="city = Rome").wait_for()
    again = visit("/models/people" + page.evaluate("location.hash"))
    again.locator("#other data", has_text="2.800").wait_for()
    assert again.get_by_role("combobox", name="Beside it").locator("option:checked").inner_text() == "model twice"
    again.get_by_role("combobox", name="Beside it").select_option(label="nothing")
    again.locator("#other").wait_for(state="hidden")
    assert again.locator("#apart").is_hidden()


def test_the_instance_as_it_is_now_is_kept_beside_what_it_becomes(visit: Any) -> None:
    page = visit("/models/sms")
    says(page, "spam", "0.900")
    page.get_by_role("combobox", name="Beside it").select_option(label="the instance as it is now")
    page.get_by_role("textbox", name="The text").fill("prize home")
    says(page, "spam", "0.400")
    page.locator("#other li", has_text="spam").locator("data", has_text="0.900").wait_for()
    # the word that is gone has no weight here, and all of it there
    page.locator("#changes tbody tr", has_text="free").locator("td:nth-of-type(1)", has_text="–").wait_for()
    again = visit("/models/sms" + page.evaluate("location.hash"))
    again.locator("#other li", has_text="spam").locator("data", has_text="0.900").wait_for()


def test_the_number_stands_beside_what_the_model_says(visit: Any) -> None:
    heading = visit("/models/people").locator("#reasons .head")
    word, number = heading.locator("b").bounding_box(), heading.locator("data").bounding_box()
    assert abs(word["y"] - number["y"]) < word["height"] / 2


def test_words_stand_as_they_are_written(visit: Any) -> None:
    page = visit("/models/sms")
    page.get_by_role("textbox", name="The text").fill("جائزة free مجانية")
    first, last = (page.get_by_role("button", name=word) for word in ("جائزة", "مجانية"))
    assert first.bounding_box()["x"] > last.bounding_box()["x"]


def test_a_link_brings_the_state_back(visit: Any) -> None:
    page = visit("/models/people")
    page.get_by_role("combobox", name="city").select_option("Rome")
    says(page, "output", "1.400")
    again = visit("/models/people" + page.evaluate("location.hash"))
    says(again, "output", "1.400")
    assert again.get_by_role("combobox", name="city").locator("option:checked").inner_text() == "Rome"


def test_the_last_question_wins_when_answers_come_out_of_order(visit: Any) -> None:
    page = visit("/models/people")
    held: list[Any] = []
    page.route("**:whatif", lambda route: held.append(route))
    field = page.get_by_role("spinbutton", name="<i>age</i>")
    field.fill("50")
    field.fill("60")
    while len(held) < 2:
        page.wait_for_timeout(20)
    held[1].continue_()
    says(page, "output", "0.600")
    with page.expect_response("**:whatif"):
        held[0].continue_()
    page.wait_for_timeout(100)
    assert page.locator("#answer data").inner_text() == "0.600"


@pytest.mark.parametrize("direction", ["ltr", "rtl"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 1920])
@pytest.mark.parametrize("path", ["/models/people", "/models/sms", "/models/late", "/models/corner", "/", "/login"])
def test_pages_are_accessible_and_fit(visit: Any, axe: str, path: str, width: int, scheme: str, direction: str) -> None:
    page = visit(path, width=width, wait="models" in path, color_scheme=scheme, bypass_csp=True)
    page.evaluate("direction => document.documentElement.dir = direction", direction)
    if path == "/models/people":
        page.get_by_role("combobox", name="Beside it").select_option(label="model twice")
        page.wait_for_selector("#changes table")
    page.wait_for_load_state("networkidle")
    page.evaluate(axe)
    found = page.evaluate("axe.run()")["violations"]
    assert [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in found] == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_from_right_to_left_sides_change_and_lines_and_numbers_do_not(visit: Any) -> None:
    page = visit("/models/people")
    page.evaluate("document.documentElement.dir = 'rtl'")
    change, said = (page.locator(name).bounding_box() for name in (".change", ".sides > .said"))
    assert change["x"] > said["x"] + said["width"]
    # where a letter of a line is drawn: its full stop after its words, its sign before its number
    drawn = """([selector, at]) => {
      const text = document.createTreeWalker(document.querySelector(selector), NodeFilter.SHOW_TEXT), all = [];
      for (let node = text.nextNode(); node; node = text.nextNode())
        for (let i = 0; i < node.data.length; i += 1) if (node.data[i].trim()) all.push([node, i]);
      const [node, i] = all.at(at), range = document.createRange();
      range.setStart(node, i); range.setEnd(node, i + 1);
      return range.getBoundingClientRect().x;
    }"""
    for selector in ("#reasons .bars .num", "#reasons .ci"):
        assert page.evaluate(drawn, [selector, 0]) < page.evaluate(drawn, [selector, -1]), selector
    # the axis still grows to the right
    ticks = page.locator("#reasons .ticks i:visible").all()
    marks = sorted((float(tick.inner_text().replace("−", "-")), tick.bounding_box()["x"]) for tick in ticks)
    assert len(marks) > 1
    assert marks == sorted(marks, key=lambda mark: mark[1])
    page.get_by_role("spinbutton", name="<i>age</i>").press("ArrowUp")
    says(page, "output", "0.410")


@pytest.mark.parametrize("name", ["people", "sms", "late", "corner"])
def test_the_first_load_is_at_most_60_kib(visit: Any, name: str) -> None:
    page = visit(f"/models/{name}")
    page.wait_for_load_state("networkidle")
    sizes = page.evaluate("performance.getEntries().map(e => [e.entryType, e.encodedBodySize ?? 0])")
    loaded = [size for kind, size in sizes if kind in ("navigation", "resource")]
    assert len(loaded) >= 7
    assert sum(loaded) <= 60 * 1024
