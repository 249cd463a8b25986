"""The picture of a prompt: the answer, the words behind the weights, what asking took; everything escaped.

The claims of `views/prompt.py`.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from samples import explanation

import limelight as ll
from limelight.contracts import Feature, Where
from limelight.result.layouts import prompt_layout
from limelight.views import prompt
from limelight.views.facts import all_targets

TEXT = "Rome is <old>. Cats sleep."
USAGE = {"calls": 40, "tokens_in": 1200, "tokens_out": 1, "cost": 0.25, "cached": 0, "refusals": 2, "truncations": 0}
PAIRS = [
    {"unit": 0, "with": "It is <Rome>.", "without": "No idea.", "others": 2, "scores": [1.0, 0.1]},
    {"unit": 1, "with": "A", "without": "B", "others": 0, "scores": [0.5, 0.6]},
]


def sample(**changes: Any) -> ll.Explanation:
    told = {"answer": "It is <Rome> & more.", "contrasts": PAIRS, "usage": USAGE} | changes
    features = [
        Feature("Rome is <old>.", Where("unit", "a", ((0, 14),))),
        Feature("Cats", Where("unit", "b", ((15, 26),))),
    ]
    return explanation(features, [[0.8, 0.001]], layout=prompt_layout({"": TEXT}, told))


def test_the_page_shows_answer_pairs_and_counts_and_escapes_them() -> None:
    page = sample().to_html()
    assert "It is &lt;Rome&gt; &amp; more." in page
    assert "<dt>with</dt>" in page
    assert "No idea." in page
    assert "The two prompts differ in 2 other units." in page
    assert "40 calls · 1,200 tokens read · 1 token written · 2 refusals · cost 0.25" in page
    assert "<Rome>" not in page
    assert "<old>" not in page


def test_pairs_are_shown_only_where_the_sign_is_certain() -> None:
    found = sample()
    (facts,) = all_targets(found)
    assert [row.index for row, _ in prompt.shown_pairs(found.layout, facts)] == [0]


def test_the_terminal_shows_the_same_words() -> None:
    pytest.importorskip("rich", reason="the coloured terminal needs rich")
    found = sample()
    (facts,) = all_targets(found)
    text = prompt.terminal(found, facts).plain
    for words in ("It is <Rome> & more.", "with     1.00  It is <Rome>.", "without  0.10  No idea.", "2 refusals"):
        assert words in text
    assert "0.60" not in text


def test_json_holds_all_of_it_and_refuses_what_is_damaged() -> None:
    found = sample()
    assert ll.Explanation.from_json(found.to_json()).layout == found.layout
    for damage in ({"answer": 3}, {"contrasts": [{"unit": -1}]}, {"usage": {"calls": "x"}}):
        broken = json.loads(found.to_json())
        broken["layout"].update(damage)
        with pytest.raises(ll.InputError, match="layout"):
            ll.Explanation.from_json(json.dumps(broken))


def test_without_answers_it_is_a_text() -> None:
    assert prompt_layout({"": TEXT}, None) == {"kind": "text", "text": TEXT}
    assert prompt_layout({"1 user": "a", "2 user": "b"}, None)["starts"] == [0, 1]


def test_an_answer_without_words_is_said_to_be_one() -> None:
    pytest.importorskip("rich", reason="the coloured terminal needs rich")
    found = sample(contrasts=[PAIRS[0] | {"without": ""}])
    (facts,) = all_targets(found)
    assert "without  0.10  (nothing)" in prompt.terminal(found, facts).plain
    assert '<dd dir="auto">(nothing)</dd>' in found.to_html()
