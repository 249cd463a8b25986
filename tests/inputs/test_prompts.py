"""Prompts with holes stay prompts that a server takes."""

from __future__ import annotations

import numpy as np

from limelight.inputs.prompts import Script, Unit

CHAT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "One. Two."},
    {"role": "assistant", "content": "Yes."},
    {"role": "user", "content": "Three?"},
]
TOOLS = [{"type": "function", "function": {"name": name}} for name in ("add", "sub")]


def test_a_hidden_sentence_goes_with_the_space_after_it() -> None:
    script = Script.of("One. Two. Three.")
    first, middle, last = (Unit(name, ((0, span),)) for name, span in (("a", (0, 4)), ("b", (5, 9)), ("c", (10, 16))))
    assert script.without([first]) == "Two. Three."
    assert script.without([middle]) == "One. Three."
    assert script.without([last]) == "One. Two. "
    assert script.without([middle], fill="[…]") == "One. […] Three."
    assert script.without([]) == "One. Two. Three."


def test_all_ones_give_the_prompt_itself() -> None:
    units = [Unit("a", ((1, (0, 4)),)), Unit("b", (), (1, 2))]
    assert Script.of(CHAT).masked(units, np.ones(2)) == CHAT


def test_a_message_without_text_goes_and_roles_keep_alternating() -> None:
    found = Script.of(CHAT).without([Unit("yes", ((2, (0, 4)),))])
    assert found == [CHAT[0], {"role": "user", "content": "One. Two.\n\nThree?"}]


def test_the_messages_given_are_not_changed() -> None:
    script = Script.of(CHAT)
    found = script.without([Unit("one", ((1, (0, 4)),))])
    assert found[1]["content"] == "Two."
    assert CHAT[1]["content"] == "One. Two."


def test_the_call_of_a_tool_is_never_left_without_its_result() -> None:
    chat = [
        {"role": "user", "content": "Add."},
        {"role": "assistant", "content": "Adding.", "tool_calls": [{"id": "1"}]},
        {"role": "tool", "content": "3", "tool_call_id": "1"},
        {"role": "user", "content": "So?"},
    ]
    found = Script.of(chat).without([Unit("Adding.", ((1, (0, 7)),)), Unit("3", ((2, (0, 1)),))])
    assert [message["role"] for message in found] == ["user", "assistant", "tool", "user"]
    assert found[1]["tool_calls"] == [{"id": "1"}]


def test_tools_go_one_by_one_and_an_empty_list_goes_altogether() -> None:
    script = Script.of({"messages": CHAT, "tools": TOOLS, "tool_choice": "auto"})
    add, sub = Unit("add", tools=(0,)), Unit("sub", tools=(1,))
    assert script.without([add])["tools"] == TOOLS[1:]
    assert set(script.without([add, sub])) == {"messages"}


def test_pictures_among_the_parts_of_a_message_stay() -> None:
    parts = [{"type": "text", "text": "See. Look."}, {"type": "image_url", "image_url": {"url": "x"}}]
    script = Script.of([{"role": "user", "content": parts}])
    assert script.without([Unit("See.", ((0, (0, 4)),))])[0]["content"] == [{"type": "text", "text": "Look."}, parts[1]]
