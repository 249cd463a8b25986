"""What if in a notebook: a frame that works by messages alone, and a picture that stays until it does.

The claims of `web/widget.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.errors import InputError, UnknownNameError
from limelight.web.widget import WhatIf, _file, script, what_if


def spam(texts: list[str]) -> np.ndarray:
    share = np.array([0.2 + 0.5 * ("free" in text) + 0.2 * ("prize" in text) for text in texts])
    return np.stack([1 - share, share], axis=1)


def texts() -> ll.Explainer:
    return ll.Explainer(spam, ll.Text(), output_names=["ham", "spam"], seed=0)


def rows(scale: float = 1.0) -> ll.Explainer:
    X = np.random.default_rng(0).normal(size=(200, 2)).round(2)
    return ll.Explainer(lambda X: scale * X[:, 0], ll.Tabular(X, names=["<i>a</i>", "b"]), seed=0)


@pytest.fixture
def shown(chromium: Any) -> Iterator[Any]:
    """Show an output as a notebook does: the picture, then the widget; Python answers what the widget sends."""
    contexts, complaints = [], []

    def show(output: WhatIf, *, kernel: bool = True) -> Any:
        context = chromium.new_context(viewport={"width": 1000, "height": 900})
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("request", lambda request: complaints.append(request.url) if request.url[:4] == "http" else None)
        page.expose_function("kernel", lambda question: json.dumps(output.reply(json.loads(question))))
        page.set_content(f"<div data-limelight='{output.key}'>the picture</div><div id=out></div>")
        page.evaluate(
            """async ([code, state, kernel]) => {
              const {default: {render}} = await import('data:text/javascript,' + encodeURIComponent(code));
              let hear = () => {};
              const model = {
                get: (name) => state[name], on: (_, then) => { hear = then; }, off: () => {},
                send: async (said) => { if (kernel) hear(JSON.parse(await window.kernel(JSON.stringify(said)))); },
              };
              render({model, el: document.getElementById('out')});
            }""",
            [_file("widget.js"), {"page": output.frame(), "key": output.key}, kernel],
        )
        return page

    yield show
    for context in contexts:
        context.close()
    assert complaints == []


def test_a_word_is_struck_in_the_frame_and_the_kernel_answers(shown: Any) -> None:
    page = shown(WhatIf(texts(), "free 😀 prize", {}))
    frame = page.frame_locator("iframe.limelight-live")
    frame.get_by_role("button", name="prize").press("Enter")
    frame.locator("#answer li", has_text="spam").locator("data", has_text="0.700").wait_for()
    frame.locator("#answer .g", has_text="surrogate 0.700").wait_for()
    assert page.get_by_text("the picture").is_hidden()
    assert page.get_by_text("Waiting").count() == 0
    page.wait_for_timeout(200)
    height = frame.locator("body").evaluate("body => body.scrollHeight")
    assert abs(page.locator("iframe").bounding_box()["height"] - height) <= 2, "nothing is cut off"


def test_a_value_is_changed_beside_another_model_and_mistakes_are_said(shown: Any) -> None:
    page = shown(WhatIf(rows(), [1.0, 0.5], {"twice": rows(2.0)}))
    frame = page.frame_locator("iframe.limelight-live")
    frame.get_by_role("combobox", name="Beside it").select_option(label="model twice")
    frame.locator("#other data", has_text="2.000").wait_for()
    frame.get_by_role("spinbutton", name="<i>a</i>").fill("0.25")
    frame.locator("#answer data", has_text="0.250").wait_for()
    frame.locator("#other data", has_text="0.500").wait_for()
    with page.expect_download() as download:
        frame.get_by_role("button", name="Save as a page").click()
    assert "<!doctype html>" in download.value.path().read_text(encoding="utf-8")


def test_without_a_kernel_the_picture_stays(shown: Any) -> None:
    page = shown(WhatIf(texts(), "free prize", {}), kernel=False)
    page.get_by_text("Waiting for the kernel").wait_for()
    page.wait_for_timeout(300)
    assert page.get_by_text("the picture").is_visible()
    assert page.locator("iframe").bounding_box()["height"] == 0


def test_what_is_no_question_is_refused() -> None:
    output = WhatIf(texts(), "free prize", {})
    question = {"id": 1, "verb": "whatif", "model": "this model", "body": "{}"}
    assert json.loads(output.reply(question)["text"])["outputs"][1] == {"name": "spam", "value": pytest.approx(0.9)}
    wrong = output.reply({**question, "body": '{"instance": 3}'})
    assert (wrong["status"], json.loads(wrong["text"])["error"][-1]) == (400, ".")
    for field in ("verb", "model"):
        with pytest.raises(UnknownNameError):
            output.reply({**question, field: "predict"})
    odd: list[Any] = [None, [], "x", {}, {**question, "verb": []}, {**question, "model": {}}, {**question, "body": 1}]
    odd += [{name: question[name] for name in question if name != missing} for missing in question]
    odd.append({**question, "body": " " * 10_000_001})
    for each in odd:
        with pytest.raises(InputError, match="question: expected"):
            output.reply(each)
    with pytest.raises(InputError, match="no what-if for Components"):
        WhatIf(ll.Explainer(lambda masks: masks @ [1.0, 2.0], ll.Components(["a", "b"], np.asarray)), None, {})
    with pytest.raises(InputError, match="another kind"):
        WhatIf(texts(), "free", {"rows": rows()})


def test_the_script_imports_nothing_and_ends_no_element() -> None:
    text = script()
    assert "</script" not in text
    assert not [line for line in text.splitlines() if line.startswith(("import", "export"))]


def test_the_picture_comes_first_and_then_the_widget(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("anywidget", reason="anywidget is not installed: pip install 'limelight[widget]'")
    display = pytest.importorskip("IPython.display")
    outputs: list[Any] = []
    monkeypatch.setattr(display, "display", lambda output, raw=False: outputs.append(output))
    output = what_if(texts(), "free prize")
    output._ipython_display_()
    still, widget = outputs
    assert f'data-limelight="{output.key}"' in still["text/html"]
    assert str(output.explanation) == still["text/plain"]
    assert (widget.key, widget.page) == (output.key, output.frame())
