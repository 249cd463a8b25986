"""Prompts with holes: a text or a chat, and what is left of it when some of its units are hidden.

Input: the messages of a prompt, the places of its units, a mask. Output: a prompt of the same form that a server takes:
messages that lost all their text are left out, and where two turns of one role then meet they become one, since many
servers refuse a chat whose roles do not alternate. Where that does not do (nobody asks any more, or an answer comes
first), and where a whole text is gone, an ellipsis stands for what was hidden: most servers refuse an empty prompt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from limelight.contracts import MaskArray
from limelight.inputs.texts import Span

BETWEEN = "\n\n"
"""Stands between turns that become one."""
GONE = "…"
"""Stands for a text that is hidden as a whole where something has to stand."""


@dataclass(frozen=True, eq=False)
class Prompted:
    """A perturbed prompt as `Answers` takes it.

    Parameters
    ----------
    content
        What the chat is asked: a string, messages, or a mapping with messages and tools.
    mask
        (d,) which units are there.
    whole
        The unperturbed prompt, the same object for all that are compared with it; None for itself.
    """

    content: Any
    mask: MaskArray
    whole: Prompted | None = None

    @property
    def origin(self) -> Prompted:
        """Return the unperturbed prompt."""
        return self.whole or self


@dataclass(frozen=True)
class Unit:
    """What is hidden as one.

    Parameters
    ----------
    name
        What a person reads.
    spans
        (message, (start, stop)) stretches of text.
    messages
        Messages that go as a whole, whatever they hold.
    tools
        Tools that go.
    """

    name: str
    spans: tuple[tuple[int, Span], ...] = ()
    messages: tuple[int, ...] = ()
    tools: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Script:
    """A prompt: one text, or the messages of a chat, with the rest of the request.

    Parameters
    ----------
    texts
        The text of each message; of a plain prompt its one text.
    messages
        The messages as they were given; empty for a plain prompt.
    request
        The mapping that held the messages, where there was one.

    >>> script = Script.of([{"role": "user", "content": "Hi. Who?"}])
    >>> script.texts
    ('Hi. Who?',)
    """

    texts: tuple[str, ...]
    messages: tuple[Mapping[str, Any], ...] = ()
    request: Mapping[str, Any] | None = None

    @classmethod
    def of(cls, prompt: Any) -> Script:
        """Return the script of a string, of messages, or of a mapping with messages."""
        if isinstance(prompt, str):
            return cls((prompt,))
        request = prompt if isinstance(prompt, Mapping) else None
        messages = tuple(prompt["messages"] if request is not None else prompt)
        return cls(tuple(text_of(message) for message in messages), messages, request)

    @property
    def tools(self) -> Sequence[Any]:
        """Return the tools of the request."""
        if self.request is None:
            return ()
        return tuple(self.request.get("tools") or ())

    def without(self, hidden: Sequence[Unit], fill: str = "") -> Any:
        """Return the prompt with some units hidden, in the form in which it was given.

        >>> script = Script.of("One. Two. Three.")
        >>> script.without([Unit("Two.", ((0, (5, 9)),))])
        'One. Three.'
        """
        spans: list[list[Span]] = [[] for _ in self.texts]
        for unit in hidden:
            for message, span in unit.spans:
                spans[message].append(span)
        texts = [_cut(text, sorted(found), fill) for text, found in zip(self.texts, spans, strict=True)]
        if not self.messages:
            if texts[0].strip() or not spans[0]:
                return texts[0]
            return GONE
        messages = self._left(texts, spans, {message for unit in hidden for message in unit.messages})
        if self.request is None:
            return messages
        dropped = {tool for unit in hidden for tool in unit.tools}
        request = {**self.request, "messages": messages}
        if dropped:
            request["tools"] = [tool for place, tool in enumerate(self.tools) if place not in dropped]
            if not request["tools"]:  # servers refuse an empty list, and a choice among nothing
                request = {name: value for name, value in request.items() if name not in ("tools", "tool_choice")}
        return request

    def _left(self, texts: Sequence[str], spans: Sequence[list[Span]], gone: set[int]) -> list[dict[str, Any]]:
        """Return the messages with these texts, without those that are gone or have lost all that they said."""
        changed = []
        for message, text, found in zip(self.messages, texts, spans, strict=True):
            changed.append(_with_text(message, text) if found else dict(message))
        emptied = {m for m, message in enumerate(self.messages) if spans[m] and _is_empty(message, texts[m])}
        left = _alternating([each for m, each in enumerate(changed) if m not in gone | emptied])
        if not emptied or _in_turn(left) or not _in_turn(self.messages):
            if gone or emptied:
                return left
            return changed
        for m in emptied:
            changed[m] = {**changed[m], "content": GONE}
        return _alternating([each for m, each in enumerate(changed) if m not in gone])

    def masked(self, units: Sequence[Unit], mask: MaskArray, fill: str = "") -> Any:
        """Return the prompt that keeps the units with z = 1."""
        off = np.flatnonzero(np.asarray(mask) == 0)
        return self.without([units[j] for j in off.tolist()], fill)


def text_of(message: Mapping[str, Any]) -> str:
    """Return the text of a message: its content, or the text parts of it joined.

    >>> text_of({"content": [{"type": "text", "text": "See"}, {"type": "image_url"}]})
    'See'
    """
    content = message.get("content")
    if content is None or isinstance(content, str):
        return content or ""
    return "".join(part.get("text", "") for part in content if isinstance(part, Mapping))


def _with_text(message: Mapping[str, Any], text: str) -> dict[str, Any]:
    """Return a message with another text; pictures among its parts stay."""
    content = message.get("content")
    if not isinstance(content, (list, tuple)):
        return {**message, "content": text}
    said = [{"type": "text", "text": text}] if text.strip() else []
    return {**message, "content": [*said, *_beside_text(content)]}


def _beside_text(content: Any) -> list[Any]:
    """Return the parts of a content that are no text, such as pictures."""
    if not isinstance(content, (list, tuple)):
        return []
    return [part for part in content if not (isinstance(part, Mapping) and "text" in part)]


def _is_empty(message: Mapping[str, Any], text: str) -> bool:
    """Return whether a message with this text says nothing, and may go."""
    return not text.strip() and not _calls(message) and not _beside_text(message.get("content"))


def _in_turn(messages: Sequence[Mapping[str, Any]]) -> bool:
    """Return whether a chat is one that strict servers take: users and answers take turns, and somebody asks last.

    >>> _in_turn([{"role": "system"}, {"role": "user"}]), _in_turn([{"role": "assistant"}, {"role": "user"}])
    (True, False)
    """
    roles = [each.get("role") for each in messages if not _calls(each)]
    talk = [role for role in roles if role in ("user", "assistant")]
    turns = all(role == ("user", "assistant")[place % 2] for place, role in enumerate(talk))
    first = next((each.get("role") for each in messages if each.get("role") not in ("system", "developer")), None)
    return first == "user" and turns and messages[-1].get("role") in ("user", "tool")


def _calls(message: Mapping[str, Any]) -> bool:
    """Return whether a message belongs to the call of a tool, and so cannot go alone."""
    return bool(message.get("tool_calls")) or message.get("role") == "tool"


def _cut(text: str, spans: Sequence[Span], fill: str) -> str:
    """Return a text without some stretches, each with the white space after it, or with `fill` in their place."""
    out, at = [], 0
    for start, stop in spans:
        out.append(text[at:start])
        at = stop
        if fill:
            out.append(fill)
        elif not text[:start].strip() or text[start - 1].isspace():
            while at < len(text) and text[at].isspace():
                at += 1
    if spans:
        return "".join([*out, text[at:]])
    return text


def _alternating(messages: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return messages where neighbours of one role, both of plain text, have become one."""
    out: list[dict[str, Any]] = []
    for message in messages:
        last = out[-1] if out else None
        plain = last is not None and all(isinstance(each.get("content"), str) for each in (last, message))
        if last is None or not plain or last.get("role") != message.get("role") or _calls(message) or _calls(last):
            out.append(message)
        else:
            out[-1] = {**last, "content": last["content"] + BETWEEN + message["content"]}
    return out
