"""Prompts with holes stay prompts that a server takes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

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


TALK = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "I am Ann."},
    {"role": "assistant", "content": "Hello."},
    {"role": "user", "content": "Who am I?"},
]


def hidden(messages: Any, *numbers: int) -> Any:
    script = Script.of(messages)
    return script.without([Unit("x", ((m, (0, len(script.texts[m]))),)) for m in numbers])


@pytest.mark.parametrize("numbers", [(1,), (3,), (1, 3), (0, 1, 2, 3)])
def test_a_chat_begins_and_ends_with_somebody_who_asks(numbers: tuple[int, ...]) -> None:
    left = hidden(TALK, *numbers)
    roles = [each["role"] for each in left if each["role"] != "system"]
    assert roles == ["user", "assistant", "user"][: len(roles)] and left[-1]["role"] == "user"
    assert not any(text in str(left) for text in (TALK[m]["content"] for m in numbers))
    assert all(each["content"] for each in left)


def test_what_may_go_goes_and_no_ellipsis_is_left() -> None:
    assert hidden(TALK, 0) == TALK[1:]
    assert hidden(TALK, 2) == [TALK[0], {"role": "user", "content": "I am Ann.\n\nWho am I?"}]


def test_a_chat_that_was_out_of_turn_before_is_left_to_its_author() -> None:
    prefilled = [*TALK, {"role": "assistant", "content": "You are"}]
    assert hidden(prefilled, 1) == [TALK[0], *TALK[2:], prefilled[-1]]


def test_an_empty_text_is_an_ellipsis_since_servers_refuse_nothing() -> None:
    assert Script.of("One. Two.").without([Unit("all", ((0, (0, 9)),))]) == "…"
    assert Script.of("").without([]) == ""


def test_a_picture_stays_where_its_text_goes() -> None:
    picture = {"type": "image_url", "image_url": {"url": "data:,"}}
    message = {"role": "user", "content": [{"type": "text", "text": "See."}, picture]}
    assert hidden([message], 0) == [{"role": "user", "content": [picture]}]


def test_a_call_of_a_tool_never_stands_first() -> None:
    call = {"role": "assistant", "content": None, "tool_calls": [{"id": "a"}]}
    chat = [
        {"role": "user", "content": "Rain?"},
        call,
        {"role": "tool", "tool_call_id": "a", "content": "Yes."},
        {"role": "assistant", "content": "It rains."},
        {"role": "user", "content": "Thanks."},
    ]
    assert hidden(chat, 0, 3)[0] == {"role": "user", "content": "…"}
    assert [each["role"] for each in hidden(chat, 3)] == ["user", "assistant", "tool", "assistant", "user"]
