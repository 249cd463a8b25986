"""Coarse to fine: causes among hundreds of sentences, within the budget, and nothing left out in silence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import limelight as ll

TEMPLATE = "{passages}"


class Chat:
    """Says one fact for each cause that is in the prompt."""

    def __init__(self, *causes: str) -> None:
        self.causes, self.calls = causes, 0

    def __call__(self, prompts: list[str]) -> list[str]:
        self.calls += len(prompts)
        return [
            " ".join(
                f"fact{j} yes{j}" if f" {cause} " in f" {prompt}" else f"no{j}" for j, cause in enumerate(self.causes)
            )
            for prompt in prompts
        ]


def passages(n: int, each: int) -> dict[str, Any]:
    return {"passages": [" ".join(f"Sentence {p}.{s} stands." for s in range(each)) for p in range(n)]}


def explainer(chat: Any, units: Any = ("passages", "sentences"), **settings: Any) -> ll.Explainer:
    return ll.Explainer(ll.Answers(chat), ll.Prompt(units, template=TEMPLATE), **settings)


def test_causes_among_300_sentences_within_150_calls() -> None:
    chat = Chat("2.7", "9.3", "9.11")
    found = ll.refine(explainer(chat), passages(15, 20), budget=150)
    assert chat.calls == found.calls <= 150
    assert {name[:11] for name in found.opened[0][:2]} == {"passages 10", "passages 3:"}
    top = [name for name, _ in found.fine.as_list()[:3]]
    assert sorted(top) == ["Sentence 2.7 stands.", "Sentence 9.11 stands.", "Sentence 9.3 stands."]
    assert found.coarse.features[0].name.startswith("passages 1:")


def test_what_stays_closed_stays_as_it_is_and_this_is_said() -> None:
    asked: list[str] = []

    class Listening(Chat):
        def __call__(self, prompts: list[str]) -> list[str]:
            asked.extend(prompts)
            return super().__call__(prompts)

    found = ll.refine(explainer(Listening("1.2")), passages(8, 10), budget=80)
    assert len(found.opened[0]) < 8
    assert any("the rest of the prompt is always there" in warning for warning in found.fine.provenance.warnings)
    kept = next(p for p in range(8) if not any(name.startswith(f"passages {p + 1}:") for name in found.opened[0]))
    assert all(f"Sentence {kept}.0 " in prompt for prompt in asked[-20:])
    assert "Opened: passages 2:" in str(found)


def test_passages_that_matter_but_do_not_fit_are_named() -> None:
    chat = Chat(*(f"{p}.1" for p in range(6)))
    found = ll.refine(explainer(chat), passages(6, 40), budget=100)
    assert len(found.opened[0]) + len(found.closed[0]) == 6
    assert found.closed[0]
    assert "Left closed for want of calls" in str(found)


def test_places_of_fine_units_lie_in_the_whole_prompt() -> None:
    found = ll.refine(explainer(Chat("3.4")), passages(6, 6), budget=80)
    text = found.fine.layout["text"]
    for feature in found.fine.features:
        start, stop = feature.where.places[0]
        assert text[start:stop] == feature.name


def test_three_levels() -> None:
    units = ("passages", "sentences", "words")
    found = ll.refine(explainer(Chat("3.4"), units), passages(8, 8), budget=150)
    assert len(found.levels) == 3
    assert found.fine.as_list()[0][0].startswith("3.4")
    assert found.calls <= 150


def test_what_cannot_be_refined_is_refused_before_anything_is_asked() -> None:
    chat = Chat("1.1")
    prompt = passages(4, 4)
    with pytest.raises(ll.InputError, match="several kinds of units"):
        ll.refine(explainer(chat, "sentences"), prompt)
    with pytest.raises(ll.InputError, match="expected one of an Answers"):
        score = ll.Explainer(lambda prompts: np.ones(len(prompts)), ll.Prompt(("passages", "sentences")))
        ll.refine(score, "a")
    with pytest.raises(ll.InputError, match="budget: expected at least 48 calls for 2 levels, got 10"):
        ll.refine(explainer(chat), prompt, budget=10)
    with pytest.raises(ll.InputError, match="only text can be cut further"):
        ll.refine(explainer(chat, ("passages", "turns")), prompt)
    assert chat.calls == 0
