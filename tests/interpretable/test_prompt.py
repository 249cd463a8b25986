"""Units of prompts: what is hidden as one, what stays, where it lies.

The claims of `interpretable/prompt_units.py`.
"""

from __future__ import annotations

import pickle
from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.interpretable.prompt import PromptUnits

CHAT = [
    {"role": "system", "content": "Be brief. Be kind."},
    {"role": "user", "content": "Hello there."},
    {"role": "assistant", "content": "Hi."},
    {"role": "user", "content": "What is Rome? Say it."},
]
RAG = "Use these:\n\n{passages}\n\nQuestion: {question}"
FIELDS = {"passages": ["Rome is old.", "Cats sleep.", "Rome is old."], "question": "How old?"}


def read(prompt: Any, *args: Any, **options: Any) -> PromptUnits:
    return ll.Prompt(*args, **options).represent(prompt)


def names(prompt: Any, *args: Any, **options: Any) -> list[str]:
    return [feature.name for feature in read(prompt, *args, **options).features]


def without(found: PromptUnits, *hidden: int) -> Any:
    mask = np.ones(len(found.features), np.uint8)
    mask[list(hidden)] = 0
    return found.reconstruct(mask[None])[0]


def test_sentences_of_a_text() -> None:
    found = read("One is. Two are. Three go.")
    assert [feature.name for feature in found.features] == ["One is.", "Two are.", "Three go."]
    assert without(found, 1) == "One is. Three go."
    assert found.original == ["One is. Two are. Three go."]


def test_passages_of_a_template_are_the_elements_of_its_lists() -> None:
    found = read(FIELDS, "passages", template=RAG)
    assert [feature.name for feature in found.features] == [
        "passages 1: Rome is old.", "passages 2: Cats sleep.", "passages 3: Rome is old.",
    ]  # fmt: skip
    assert without(found, 0, 1) == "Use these:\n\nRome is old.\n\nQuestion: How old?"
    text = found.layout()["text"]
    assert [text[slice(*feature.where.places[0])] for feature in found.features] == FIELDS["passages"]


def test_fields_are_hidden_wherever_they_occur() -> None:
    found = read({"a": "x", "b": "y"}, "fields", template="{a} and {b} and {a}")
    assert [feature.name for feature in found.features] == ["a", "b"]
    assert without(found, 0) == "and y and "


def test_a_turn_is_an_exchange_and_the_question_stays() -> None:
    found = read(CHAT, "turns")
    assert [feature.name for feature in found.features] == ["turn 1: Hello there."]
    assert without(found, 0) == [CHAT[0], CHAT[3]]
    assert names(CHAT, "examples") == ["turn 1: Hello there."]


def test_places_lie_in_all_messages_joined() -> None:
    found = read(CHAT, "sentences")
    layout = found.layout()
    joined = "".join(field["text"] for field in layout["fields"])
    assert [field["name"] for field in layout["fields"]] == ["1 system", "2 user", "3 assistant", "4 user"]
    assert [joined[slice(*feature.where.places[0])] for feature in found.features] == [
        "Be brief.", "Be kind.", "Hello there.", "Hi.", "What is Rome?", "Say it.",
    ]  # fmt: skip


def test_only_the_roles_asked_for_and_nothing_kept_is_hidden() -> None:
    assert names(CHAT, roles=["system"]) == ["Be brief.", "Be kind."]
    assert names(CHAT, roles=["user"], keep=r"What.*") == ["Hello there."]
    assert names("A b. C d.", keep={0: [(0, 4)]}) == ["C d."]
    assert names("A b. C d.", keep=lambda text: [(0, 1)]) == ["C d."]


def test_tools_are_units_and_have_places() -> None:
    tools = [{"type": "function", "function": {"name": name}} for name in ("add", "sub")]
    found = read({"messages": CHAT, "tools": tools}, "tools")
    assert [feature.name for feature in found.features] == ["tool add", "tool sub"]
    assert without(found, 1)["tools"] == tools[:1]
    joined = "".join(field["text"] for field in found.layout()["fields"])
    assert [joined[slice(*feature.where.places[0])] for feature in found.features] == [
        '{"type": "function", "function": {"name": "add"}}', '{"type": "function", "function": {"name": "sub"}}',
    ]  # fmt: skip


def test_paragraphs_lines_patterns_and_callables() -> None:
    text = "First one.\nStill.\n\n  Second.  \n\n\nThird."
    assert names(text, "paragraphs") == ["First one. Still.", "Second.", "Third."]
    assert names(text, "passages") == names(text, "paragraphs")
    assert names(text, "lines") == ["First one.", "Still.", "Second.", "Third."]
    assert names("Q: a A: b Q: c A: d", r"Q: \w A: \w") == ["Q: a A: b", "Q: c A: d"]
    assert names("a-b", lambda text: text.split("-")) == ["a", "b"]


def test_equal_units_are_numbered_and_long_ones_shortened() -> None:
    assert names("Go. Go.") == ["Go. (1)", "Go. (2)"]
    assert len(names("x" * 300)[0]) == 40


def test_the_law_follows_the_scalariser() -> None:
    def law(scalariser: Any, **options: Any) -> str:
        return ll.Prompt(**options).for_model(ll.Answers(lambda prompts: prompts, scalariser)).represent("A. B.").law

    assert law("words") == "bernoulli"
    assert law("match") == "near"
    assert law(["words", "match"]) == "bernoulli"
    assert law("match", law="bernoulli") == "bernoulli"
    assert read("A. B.").law == "bernoulli"


def test_a_model_of_numbers_gets_plain_prompts() -> None:
    def score(prompts: list[str]) -> np.ndarray:
        return np.array([float("Tiber" in prompt) for prompt in prompts])

    explanation = ll.Explainer(score, ll.Prompt()).explain("Rome is old. The Tiber flows. Cats sleep.")
    assert explanation.as_list()[0][0] == "The Tiber flows."
    assert explanation.layout["kind"] == "text"


@pytest.mark.parametrize(
    ("prompt", "options", "message"),
    [
        (3, {}, "prompt: expected a string, a list of messages"),
        ({"question": "x"}, {}, "a dict of fields needs template="),
        ([{"content": "x"}], {}, "messages with a role"),
        ("Hi.", {"template": RAG}, "expected a dict with the fields"),
        ({"passages": []}, {"template": RAG}, "expected the field 'question'"),
        ({"passages": [3], "question": ""}, {"template": RAG}, "expected text in the field 'passages', got int"),
        ("", {}, "found no sentences"),
        ("A.", {"keep": "A"}, "all of which is kept"),
        ("A.", {"units": "examples"}, "does not say where its examples end"),
        ("A.", {"units": "turns"}, "found no turns"),
    ],
)
def test_what_is_no_prompt_is_refused(prompt: Any, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ll.InputError, match=message):
        read(prompt, **options)


def test_options_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ll.InputError, match="did you mean 'sentences'"):
        ll.Prompt("sentense")
    with pytest.raises(ll.InputError, match="units: expected one of"):
        ll.Prompt(3)  # type: ignore[arg-type]
    with pytest.raises(ll.InputError, match="roles: expected several"):
        ll.Prompt(roles="user")
    with pytest.raises(ll.InputError, match="law: unknown name"):
        ll.Prompt(law="uniform")  # type: ignore[arg-type]
    with pytest.raises(ll.InputError, match="prompts: expected several"):
        next(ll.Explainer(lambda prompts: [1.0] * len(prompts), ll.Prompt()).explain_many("one"))


def test_more_units_than_calls_are_said_and_thousands_are_refused() -> None:
    text = " ".join(f"w{j}" for j in range(300))
    assert read(text, "words").notes == (
        "300 units for 256 calls: only few large causes can be found; larger units, coarse to fine with refine, or "
        "more max_calls tell more",
    )
    assert read("a b", "words").notes == ()
    with pytest.raises(ll.InputError, match="units: expected at most 2000, got 2001"):
        read(" ".join(["w"] * 2001), "words")


def test_a_prompt_pickles_and_is_described_in_json() -> None:
    modality = ll.Prompt(("passages", "sentences"), template=RAG, keep="x")
    assert pickle.loads(pickle.dumps(modality)).describe() == modality.describe()
    assert modality.describe()["units"] == ["passages", "sentences"]


# -- what strict servers take ------------------------------------------------------------------------------------------

TOOLS = [{"type": "function", "function": {"name": name}} for name in ("weather", "mail")]
CALLED = [
    {"role": "user", "content": "Rain in Rome? For a friend."},
    {"role": "assistant", "content": None, "tool_calls": [{"id": "a", "type": "function"}]},
    {"role": "tool", "tool_call_id": "a", "content": "Rain. Wind."},
    {"role": "assistant", "content": "It rains."},
    {"role": "user", "content": "So what? Be kind."},
]
TALK = [*CHAT[:3], {"role": "user", "content": "And Bern?"}, {"role": "assistant", "content": "Well."}, CHAT[3]]


def strict(request: Any) -> None:
    """Raise where a server that holds chats to the public API and to taking turns would answer with status 400."""
    request = request if isinstance(request, dict) else {"messages": request}
    messages, due, turn = request["messages"], set[str](), "user"
    assert messages and messages[-1]["role"] in ("user", "tool")
    for place, message in enumerate(messages):
        role, calls = message["role"], message.get("tool_calls")
        if role == "tool":
            due.remove(message["tool_call_id"])
            continue
        assert not due, "calls of tools are answered at once"
        assert calls or message["content"], "content is a text, or parts"
        assert role != "system" or place == 0
        if calls:
            assert turn == "assistant"
            due = {call["id"] for call in calls}
        elif role != "system":
            assert role == turn, "users and answers take turns"
            turn = "assistant" if role == "user" else "user"
    assert not due
    assert "tools" not in request or request["tools"]
    assert "tool_choice" not in request or "tools" in request


@pytest.mark.parametrize(
    ("prompt", "options"),
    [
        (TALK, {"units": "sentences"}),
        (TALK, {"units": "words"}),
        (TALK, {"units": "turns"}),
        (TALK, {"units": "examples"}),
        (TALK, {"units": "sentences", "roles": ["user"]}),
        (TALK, {"units": "sentences", "roles": ["assistant"]}),
        (TALK, {"units": "sentences", "keep": "Bern"}),
        (TALK, {"units": lambda text: text.split()}),
        (CALLED, {"units": "sentences"}),
        (CALLED, {"units": "turns"}),
        ({"messages": CALLED, "tools": TOOLS, "tool_choice": "auto"}, {"units": "tools"}),
        (FIELDS, {"units": "passages", "template": [{"role": "user", "content": RAG}]}),
        (FIELDS, {"units": "fields", "template": [{"role": "user", "content": "{passages}{question}"}]}),
    ],
)
def test_whatever_is_hidden_a_strict_server_takes_what_is_left(prompt: Any, options: dict[str, Any]) -> None:
    found = read(prompt, **options)
    d = len(found.features)
    masks = np.random.default_rng(0).integers(0, 2, (300, d)).astype(np.uint8)
    masks = np.vstack([masks, np.zeros((1, d), np.uint8), np.eye(d, dtype=np.uint8), 1 - np.eye(d, dtype=np.uint8)])
    for left in found.reconstruct(masks):
        strict(left)
