from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import samples

from limelight.views import facts as f
from limelight.views import html

Open = Callable[..., Any]
SLIDE = "(slider, k) => { slider.value = k; slider.dispatchEvent(new Event('input')); }"


@pytest.mark.parametrize("name", samples.ALL)
def test_every_layout_draws_its_bars_without_a_complaint(name: str, opened: Open) -> None:
    explanation = samples.ALL[name]()
    page = opened(html.page(explanation))
    widths = page.eval_on_selector_all(
        "[data-target='0'] tr[data-f] .flat .fill", "fills => fills.map(fill => fill.getBoundingClientRect().width)"
    )
    weights = [abs(row.weight) for row in f.target_facts(explanation).rows]
    scale = widths[0] / weights[0]
    assert all(abs(width - weight * scale) <= 1.5 for width, weight in zip(widths, weights, strict=True))


def test_a_word_struck_out_takes_its_weight_from_the_prediction(opened: Open) -> None:
    explanation = samples.text()
    page = opened(html.page(explanation))
    panel = page.locator("[data-target='0']")
    panel.locator("mark", has_text="awful").click()
    assert float(panel.locator(".now b").get_attribute("data-value")) == pytest.approx(0.653 + 0.27)
    assert panel.locator(".now b").inner_text() == "0.923"
    panel.locator("mark", has_text=re.compile("GREAT")).click()
    assert panel.locator(".now b").inner_text() == "0.613"
    assert panel.locator("mark.struck").count() == 3, "both places of Great, and awful"
    panel.locator(".reset").click()
    assert panel.locator(".struck").count() == 0


def test_striking_out_works_from_the_keyboard(opened: Open) -> None:
    page = opened(html.page(samples.table()))
    button = page.get_by_role("button", name="28 < age ≤ 37")
    button.focus()
    page.keyboard.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    assert page.locator(".now b").inner_text() == "1.004"


def test_marks_hold_their_own_words_after_an_emoji(opened: Open) -> None:
    explanation = samples.text()
    page = opened(html.page(explanation))
    for j, feature in enumerate(explanation.features):
        shown = page.locator(f"[data-target='0'] .picture [data-f='{j}']").all_inner_texts()
        assert [text.lower() for text in shown] == [feature.name.lower()] * len(feature.where.places)


def test_pointing_at_a_word_lights_its_bar(opened: Open) -> None:
    page = opened(html.page(samples.text()))
    page.locator("[data-target='0'] mark", has_text="fatigue").hover()
    assert page.locator("[data-target='0'] tr.lit .name").all_inner_texts() == ["fatigue"]


def test_tabs_show_one_target_and_move_with_the_arrows(opened: Open) -> None:
    page = opened(html.page(samples.text()))
    tabs = page.get_by_role("tab")
    assert tabs.all_inner_texts() == ["positive", "negative"]
    tabs.nth(0).focus()
    page.keyboard.press("ArrowRight")
    assert [page.locator(f"[data-target='{i}']").is_visible() for i in (0, 1)] == [False, True]
    assert tabs.nth(1).get_attribute("aria-selected") == "true"


def test_the_slider_keeps_as_many_segments_as_it_says(opened: Open) -> None:
    explanation = samples.raster()
    page = opened(html.page(explanation))
    page.wait_for_selector("[data-ready]")
    clear = """() => {
        const canvas = document.querySelector('.mask canvas');
        const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
        return pixels.filter((_, at) => at % 4 === 3 && pixels[at] === 0).length;
    }"""
    labels = html_labels(explanation)
    order = [explanation.features[j].where.key for j in explanation.selected[0]]
    for k in (0, 2, 10):
        page.locator("input.k").evaluate(SLIDE, k)
        assert page.locator(".mask output").inner_text() == str(k)
        assert page.evaluate(clear) == sum(int((labels == label).sum()) for label in order[:k])


def html_labels(explanation: Any) -> Any:
    from limelight.result.layouts import decode_segments

    return decode_segments(explanation.layout)


def test_a_click_on_a_segment_hides_it(opened: Open) -> None:
    explanation = samples.raster()
    page = opened(html.page(explanation))
    page.wait_for_selector("[data-ready]")
    page.locator(".orig .pic").click(position={"x": 10, "y": 10})
    label = int(html_labels(explanation)[4, 4])
    j = [feature.where.key for feature in explanation.features].index(label)
    expected = explanation.local_prediction[0] - explanation.coef[0, j]
    assert float(page.locator(".now b").get_attribute("data-value")) == pytest.approx(expected, abs=1e-8)


def test_a_long_text_folds_and_unfolds(opened: Open) -> None:
    page = opened(html.page(samples.long_text()))
    text = page.locator(".picture")
    folded = len(text.inner_text())
    page.get_by_role("button", name="Whole text").click()
    assert len(text.inner_text()) > folded + 1000


def test_without_javascript_every_fact_can_be_read(opened: Open) -> None:
    page = opened(html.page(samples.text()), java_script_enabled=False)
    assert page.get_by_text("Why negative").is_visible()
    assert page.locator("tbody tr:visible").count() == 16


def test_a_waterfall_ends_at_the_surrogates_prediction(opened: Open) -> None:
    page = opened(html.page(samples.table()))
    page.get_by_role("button", name="Waterfall").click()
    rows = page.locator("tr.end:visible")
    assert rows.locator("td.num:not(.ci)").all_inner_texts() == ["0.193", "+0.009", "0.933"]


def test_notebook_output_is_isolated_fits_its_height_and_takes_the_theme(opened: Open) -> None:
    fragment = html.fragment(samples.table())
    style = "<style>table, b, i { color: red !important; display: none }</style>"
    page = opened(f"<!doctype html><body style='background:#111'>{style}{fragment}{fragment}</body>")
    frames = page.locator("iframe.limelight")
    assert frames.count() == 2
    for i in range(2):
        frame = frames.nth(i).content_frame
        frame.locator("table.bars").wait_for(state="visible")
        assert frame.locator("html").get_attribute("data-theme") == "dark"
        frame.get_by_role("button", name="capital-gain").click()
        assert frame.locator(".now b").inner_text() == "0.521"
        needed = frame.locator("body").evaluate("body => body.scrollHeight")
        assert abs(frames.nth(i).bounding_box()["height"] - needed) <= 2


def test_hostile_names_run_nothing_and_are_shown_as_written(opened: Open) -> None:
    hostile = [
        "</script><script>document.title='run'</script>",
        "<b onclick=x>\"'&amp;",
        "a\x00\u202eb",
        "👩‍👧‍👦" * 3,
        "x" * 10_000,
    ]
    explanation = samples.hostile(hostile)
    page = opened(html.page(explanation))
    assert page.title() != "run"
    shown = page.locator("tbody tr[data-f] .name bdi").all_inner_texts()
    assert hostile[0] in shown and hostile[1] in shown and hostile[3] in shown
    assert "a␀⟨U+202E⟩b" in shown
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "nothing sticks out"


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", samples.ALL)
def test_axe_finds_no_serious_fault(name: str, scheme: str, opened: Open, axe: str) -> None:
    page = opened(html.page(samples.ALL[name]()), color_scheme=scheme, bypass_csp=True)
    page.evaluate(axe)
    found = page.evaluate("axe.run()")["violations"]
    serious = [
        (fault["id"], node["html"][:120], node["any"][:1])
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]
    assert serious == [], json.dumps(serious, indent=1)


@pytest.mark.parametrize("name", samples.ALL)
def test_a_phone_shows_everything_without_scrolling_sideways(name: str, opened: Open) -> None:
    page = opened(html.page(samples.ALL[name]()))
    page.set_viewport_size({"width": 320, "height": 700})
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_several_explanations_share_a_page(opened: Open) -> None:
    page = opened(html.page([samples.table(), samples.text()], names=["row 3", "row 9"], coverage=[0.6, 0.85]))
    assert page.locator("article.ll").count() == 2
    assert page.locator(".coverage").inner_text().strip() == "The first 2 cover 85% of all importance"
