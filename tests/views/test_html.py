from __future__ import annotations

import json
import sys
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
import samples
from hypothesis import given, settings
from hypothesis import strategies as st

from limelight.contracts import Feature, Where
from limelight.result.layouts import text_layout
from limelight.views import html
from limelight.views.facts import visible
from limelight.views.raster import heat

LIMIT = 60 * 1024


class Facts(HTMLParser):
    """Reads a page back: exact numbers by class, row names, the data for the script, the text of the passage."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.numbers: dict[str, list[float]] = {}
        self.names: list[str] = []
        self.passage = ""
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.data: Any = None
        self.script = ""
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        if tag == "data":
            self.numbers.setdefault(found["class"] or "", []).append(float(found["value"] or "nan"))
        if tag == "tr" and "data-f" in found and not any(t == "details" for t, _ in self.tags):
            self.names.append("")
        if tag not in ("meta", "img", "rect", "path"):
            self.tags.append((tag, found))

    def handle_endtag(self, tag: str) -> None:
        while self.tags and self.tags.pop()[0] != tag:
            pass

    def handle_data(self, data: str) -> None:
        classes = [attrs.get("class") for _, attrs in self.tags]
        if "ll-data" in classes:
            self.data = json.loads(data)
        named = "name" in classes and "val" not in classes and self.tags[-1][0] == "bdi"
        if named and not any(t == "details" for t, _ in self.tags):
            self.names[-1] += data
        if "text" in classes and any(tag == "div" and a.get("class") == "text" for tag, a in self.tags):
            self.passage += data


words = st.text(max_size=30) | st.sampled_from(
    [
        "</script>",
        "<!--",
        "]]>",
        "&amp;",
        "\x00",
        "\u202e",
        "\ud800",
        "👩‍👧",
        "a\r\nb",
        "'\"",
        "\u0301",
        "ﷺ",
        "</iframe>",
    ]
)
weights = st.floats(-1e6, 1e6, allow_nan=False, allow_subnormal=False)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(words, words, weights), max_size=8), words, weights, words)
def test_a_page_of_any_strings_and_numbers_reads_back_as_the_json(
    rows: list[tuple[str, str, float]], target: str, intercept: float, warning: str
) -> None:
    features = [Feature(name, Where("part", i), value) for i, (name, value, _) in enumerate(rows)]
    explanation = samples.explanation(
        features, [[weight for _, _, weight in rows]], targets=[target], intercept=[intercept], warnings=[warning]
    )
    facts, stated = Facts(html.page(explanation)), json.loads(explanation.to_json())
    order = stated["selected"][0]
    assert facts.names == [visible(stated["features"][j]["name"]) for j in order]
    assert facts.numbers.get("weight", []) == [stated["coef"][0][j] for j in order]
    for kind, name in (("fx", "prediction"), ("gx", "local_prediction"), ("intercept",) * 2, ("fidelity",) * 2):
        assert facts.numbers[kind] == stated[name]
    half = explanation.interval()[0]
    assert facts.numbers.get("low", []) == [half[j, 0] for j in order]
    assert facts.numbers.get("high", []) == [half[j, 1] for j in order]
    assert facts.data["targets"][0]["g"] == stated["local_prediction"][0]


@settings(max_examples=150, deadline=None)
@given(st.text(max_size=200), st.data())
def test_a_passage_reads_back_as_the_text_whatever_is_marked(text: str, data: st.DataObject) -> None:
    places = st.tuples(st.integers(0, len(text)), st.integers(0, len(text))).map(lambda pair: (min(pair), max(pair)))
    spans = data.draw(st.lists(places, max_size=5))
    features = [Feature(text[a:b], Where("word", i, ((a, b),))) for i, (a, b) in enumerate(spans)]
    explanation = samples.explanation(features, [[0.1] * len(spans)], layout=text_layout(text))
    shown = Facts(html.page(explanation)).passage
    assert shown.replace("\n", "") == visible(text.replace("\r", "\n"), lines=True).replace("\n", "")


@pytest.mark.parametrize("name", samples.ALL)
def test_a_page_stays_under_sixty_kibibytes_without_the_users_own_data(name: str) -> None:
    explanation = samples.ALL[name]()
    own = len(str(explanation.layout.get("image") or "")) * 3
    assert len(html.page(explanation).encode()) - own < LIMIT


@pytest.mark.parametrize("name", ["table", "average", "slopes", "bars"])
def test_a_page_of_a_row_stays_under_forty_five_kibibytes(name: str) -> None:
    assert len(html.page(samples.ALL[name]()).encode()) < 45 * 1024


def test_a_page_loads_nothing_and_forbids_loading() -> None:
    page = html.page(samples.raster())
    assert "default-src 'none'" in page
    assert "http://" not in page and "https://" not in page


def test_the_fragment_is_a_frame_with_plain_text_inside_for_where_frames_are_taken_out() -> None:
    fragment = html.fragment(samples.table())
    assert fragment.startswith("<iframe") and "srcdoc=" in fragment
    assert "+0.412" in fragment.partition("<pre>")[2]


def test_drawing_a_page_imports_no_matplotlib() -> None:
    import subprocess

    code = (
        "import sys; sys.path.insert(0, 'tests/views'); import samples; from limelight.views import html, terminal;"
        "html.page(samples.table()); terminal.render(samples.table()); assert 'matplotlib' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": "src"})


def test_nothing_shown_is_said_in_words() -> None:
    page = html.page(samples.explanation([], [[]]))
    assert "No feature is shown" in page


def test_where_weights_do_not_add_up_no_arithmetic_is_offered() -> None:
    import dataclasses

    explanation = dataclasses.replace(samples.table(), local_prediction=samples.table().local_prediction + 0.2)
    facts = Facts(html.page(explanation))
    assert facts.data["targets"][0]["additive"] is False
    assert "surrogate expects" not in html.page(explanation).partition('type="application/json"')[0]


def test_outlines_do_not_hide_the_segments_of_a_tiny_picture() -> None:
    weights = dict.fromkeys(range(4), (1.0, True))
    for side, outlined in ((8, False), (120, True)):
        labels = np.kron(np.arange(4).reshape(2, 2), np.ones((side // 2, side // 2), int))
        colours = {tuple(colour) for colour in heat(labels, weights).reshape(-1, 4).tolist()}
        assert ((255, 255, 255, 150) in colours) == outlined


def test_verdicts_bins_and_pairs_are_other_peoples_strings_too() -> None:
    import dataclasses

    evil = "</script><script>alert(1)</script>"
    explanation = samples.average()
    curves = tuple(
        dataclasses.replace(effect, names=tuple(evil for _ in effect.names)) for effect in explanation.curves[0]
    )
    features = tuple(dataclasses.replace(each, name=evil, where=Where("column", evil)) for each in explanation.features)
    changed = dataclasses.replace(explanation, verdicts=(f"Adds up {evil}",), curves=(curves,), features=features)
    page = html.page(changed)
    assert "alert(1)" in page
    assert "<script>alert" not in page
    assert page.count("</script>") == 2, "of the data and of the page's own script"


def test_a_page_of_numbers_beside_which_one_is_nothing() -> None:
    import limelight as ll

    first = lambda series: np.asarray(series, dtype=float)[:, 0] * 2  # noqa: E731
    explanation = ll.Explainer(first, ll.TimeSeries()).explain([24998455460891014266355712.0, 0.88])
    assert "steps" in html.page(explanation)
