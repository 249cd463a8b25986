"""The same explanation says the same numbers in every view."""

from __future__ import annotations

import re
from html import unescape

import pytest
import samples

from limelight.result.explanation import Explanation
from limelight.views import describe, figure, html, markdown, terminal
from limelight.views import facts as f
from limelight.views.figure_text import drawable


def texts(explanation: Explanation) -> dict[str, str]:
    ax = figure.plot(explanation)
    below = [*ax.texts, ax.xaxis.label, ax.title, ax._left_title, *ax.get_yticklabels()]
    page = re.sub(r"<script.*?</script>|<style.*?</style>", "", html.page(explanation), flags=re.S)
    plain = {
        "terminal": terminal.render(explanation).replace("+/-", "±").replace("-", f.MINUS),
        "page": unescape(re.sub(r"<[^>]+>", "", page)),
        "markdown": markdown.render(explanation).replace("\\", ""),
        "figure": "\n".join(text.get_text() for text in below),
    }
    return {view: " ".join(text.split()) for view, text in plain.items()}


@pytest.mark.parametrize("name", ["table", "text", "long_text", "raster", "series", "bars"])
def test_every_view_shows_the_same_numbers(name: str) -> None:
    explanation = samples.ALL[name]()
    facts = f.target_facts(explanation)
    outputs, weights = f.output_numbers(facts), f.weight_numbers(facts)
    shared = [outputs.text(x) for x in (facts.prediction, facts.local_prediction, facts.intercept)]
    shared += [f.fidelity_text(facts), *(weights.signed(row.weight) for row in facts.rows)]
    intervals = [f.interval_text(row, weights) for row in facts.rows]
    for view, text in texts(explanation).items():
        expected = shared if view == "figure" else shared + intervals
        assert [number for number in expected if number not in text] == [], view


@pytest.mark.parametrize("name", samples.ALL)
def test_every_view_shows_the_warnings(name: str) -> None:
    explanation = samples.ALL[name]()
    for view, text in texts(explanation).items():
        for sentence in explanation.warnings:
            # a figure shows a box for a letter that no font of this machine can draw
            shown = drawable(sentence) if view == "figure" else sentence
            assert shown in text.replace(f.MINUS, "-"), view


def test_the_description_does_the_surrogates_arithmetic() -> None:
    words = describe.describe(samples.table())
    assert words.startswith("The model says *>50K* (0.951). Most for it: “capital-gain > 0 (7298)” (+0.412 ± 0.041)")
    assert "surrogate expects 0.334 instead of 0.933" in words, "0.933 − 0.412 − 0.187"
    assert "explains 83 % of what the model does nearby; trust it moderately" in words


def test_a_description_of_a_poor_fit_says_not_to_rely_on_it() -> None:
    assert "do not rely on it" in describe.describe(samples.long_text())


def test_a_name_written_from_right_to_left_does_not_turn_the_numbers_after_it() -> None:
    assert "\u2068عظيم\u2069” (+0.060" in describe.describe(samples.text())
