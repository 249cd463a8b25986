"""Chats and pairs of texts: their words are weighed, and the model gets what it would have got."""

from __future__ import annotations

from typing import Any

import pytest

import limelight as ll
from limelight.interpretable.text_inputs import is_chat

CHAT: list[dict[str, Any]] = [
    {"role": "system", "content": "Be kind."},
    {"role": "user", "content": "You idiot", "name": "x"},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "1"}]},
    {"role": "user", "content": "Sorry idiot"},
]


class Rude:
    """How often the last message of a chat, and half of that how often all others, say a word."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def __call__(self, chats: list[list[dict[str, Any]]]) -> list[float]:
        self.asked += chats
        said = [[str(message["content"]).count("idiot") for message in chat] for chat in chats]
        return [counts[-1] + sum(counts[:-1]) / 2 for counts in said]


def test_a_chat_is_weighed_word_by_word_and_handed_over_as_a_chat() -> None:
    model = Rude()
    made = ll.Explainer(model, ll.Text(), n_samples=200).explain(CHAT)
    weights = dict(zip([each.name for each in made.features], made.coef[0], strict=True))
    assert weights["user 2: idiot"] == pytest.approx(1.0)
    assert weights["user 1: idiot"] == pytest.approx(0.5)
    assert weights["system: kind"] == pytest.approx(0.0, abs=1e-9)
    for chat in model.asked:
        assert [{**message, "content": 0} for message in chat] == [{**message, "content": 0} for message in CHAT]
        assert chat[2] == CHAT[2]
    assert any("assistant" in note for note in made.warnings)
    assert CHAT[1]["content"] == "You idiot"
    assert "Sorry" in made.to_html()
    assert ll.Explanation.from_json(made.to_json()) == made


def test_some_roles_may_be_weighed_alone() -> None:
    made = ll.Text(fields=["user"]).represent(CHAT)
    assert {feature.name.split(":")[0] for feature in made.features} == {"user 1", "user 2"}
    assert "'system', 'assistant'" in made.notes[0]
    with pytest.raises(ll.UnknownNameError, match="did you mean 'user'"):
        ll.Text(fields=["users"]).represent(CHAT)


def test_premise_and_hypothesis_are_one_input() -> None:
    asked: list[Any] = []

    def entails(pairs: list[tuple[str, str]]) -> list[float]:
        asked.extend(pairs)
        return [float("sleeps" in premise) - float("runs" in hypothesis) for premise, hypothesis in pairs]

    pair = ("A man sleeps.", "A man runs.")
    explainer = ll.Explainer(entails, ll.Text())
    made = explainer.explain(pair)
    weights = dict(made.as_list())
    assert weights["text 1: sleeps"] == pytest.approx(1.0)
    assert weights["text 2: runs"] == pytest.approx(-1.0)
    assert all(type(each) is tuple and len(each) == 2 for each in asked)
    assert next(iter(explainer.explain_many([pair]))) == made
    second = ll.Text(fields=["text 2"]).represent(pair)
    assert list(second.reconstruct([[0, 0, 1]])) == [("A man sleeps.", "  runs.")]
    joined = ll.Text(to_model=lambda pairs: [" [SEP] ".join(pair) for pair in pairs]).represent(pair)
    assert list(joined.reconstruct([[1] * 6])) == ["A man sleeps. [SEP] A man runs."]


@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda it: it.explain({"messages": CHAT}), r"pass the chat itself, instance\['messages'\]"),
        (lambda it: it.explain(["a b", "c d"]), "pass a tuple; for many texts call explain_many"),
        (lambda it: it.explain([CHAT[2]]), "expected a message whose content is a text"),
        (lambda it: list(it.explain_many(CHAT)), "expected many chats, got one"),
        (lambda it: it.explain(("a", 3)), "expected a string, a dict or one row"),
    ],
)
def test_what_may_mean_two_things_is_refused_with_the_remedy(ask: Any, said: str) -> None:
    with pytest.raises(ll.InputError, match=said):
        ask(ll.Explainer(lambda texts: [0.0] * len(texts), ll.Text(), n_samples=16))


def test_what_is_no_chat_is_none() -> None:
    assert is_chat(CHAT)
    assert not any(map(is_chat, ([], "a", [{"role": "user"}], [{"role": 1, "content": "a"}], [3], None)))
