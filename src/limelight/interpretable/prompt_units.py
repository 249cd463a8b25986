"""Find the units of a prompt: sentences, passages, examples, turns, tools, fields; what must stay is none.

Input: a prompt, and what a unit is. Output: a `Script` and its `Unit`s, in order of appearance. Nothing is guessed:
what a text does not show (where do its examples end?) is asked for.
"""

from __future__ import annotations

import json
import re
import string
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from limelight.errors import InputError, UnknownNameError
from limelight.inputs.prompts import Script, Unit
from limelight.inputs.texts import Span
from limelight.interpretable.tokens import compile_pattern, find_spans, ordered_spans

TEXTUAL = ("words", "sentences", "lines", "paragraphs")
STRUCTURAL = ("passages", "examples", "fields", "turns", "tools")
KINDS = (*TEXTUAL, *STRUCTURAL)
Units = str | re.Pattern[str] | Callable[[str], Any]
SHOWN = 40
"""Characters of a unit that its name has."""
_PARAGRAPH = re.compile(r"\S(?:.*?\S)??(?=\s*\n[ \t]*\n|\s*\Z)", re.S)


@dataclass(frozen=True)
class Item:
    """A stretch that came from a field of a template: the whole value, or one element of a list."""

    field: str
    number: int
    message: int
    span: Span


def check_units(units: Any) -> None:
    """Raise unless `units` is a name, a regular expression or a callable."""
    if isinstance(units, str) and units.isalpha() and units not in KINDS:
        raise UnknownNameError("units", units, KINDS)
    if isinstance(units, str) and units not in KINDS:
        compile_pattern("units", units)
    elif not isinstance(units, (str, re.Pattern)) and not callable(units):
        raise InputError(
            f"units: expected one of {', '.join(KINDS)}, a regular expression, or a callable from a text to its units, "
            f"got {type(units).__name__}."
        )


def read_prompt(instance: Any, template: Any, separator: str) -> tuple[Script, list[Item]]:
    """Return the script of an instance, and where the fields of its template lie in it.

    Raises
    ------
    InputError
        If it is no prompt, or does not fit the template.
    """
    if template is None:
        _check_prompt(instance)
        return Script.of(instance), []
    if not isinstance(instance, Mapping):
        raise InputError(
            f"prompt: expected a dict with the fields of the template, got {type(instance).__name__}; for example "
            '{"passages": [...], "question": "..."}.'
        )
    items: list[Item] = []
    if isinstance(template, str):
        return Script.of(_filled(template, instance, separator, 0, items)), items
    messages = [
        {**message, "content": _filled(message["content"], instance, separator, number, items)}
        for number, message in enumerate(template)
    ]
    return Script.of(messages), items


def find_units(script: Script, items: Sequence[Item], units: Units, roles: Sequence[str] | None) -> list[Unit]:
    """Return the units of a prompt, in order, with different names.

    Raises
    ------
    InputError
        If the prompt has nothing of that kind.
    """
    if units == "tools":
        found = [Unit(f"tool {_tool_name(tool)}", tools=(place,)) for place, tool in enumerate(script.tools)]
    elif units == "turns" or (units == "examples" and script.messages and not _listed(items)):
        found = list(_turns(script))
    elif units == "fields":
        found = list(_fields(script, items))
    elif units in ("passages", "examples") and _listed(items):
        found = [_of_item(script, item) for item in _listed(items)]
    elif units == "examples":
        raise InputError(
            'units: "examples" expected a chat, or a template with a list of examples, got a plain text, which does '
            "not say where its examples end; pass a regular expression that matches one."
        )
    else:
        found = list(_textual(script, units, roles))
    if not found:
        raise InputError(
            f"units: found no {units if isinstance(units, str) else 'units'} in this prompt that may be hidden; pass "
            "another units=, or less keep= and more roles=."
        )
    return _distinct(found)


def check_finer(units: Units) -> None:
    """Raise unless units are stretches of text, as those of every level but the first must be."""
    if isinstance(units, str) and units in STRUCTURAL:
        raise InputError(
            f"units: expected {', '.join(TEXTUAL)}, a pattern or a callable after the first level, got {units!r}; only "
            "text can be cut further."
        )


def units_inside(script: Script, opened: Sequence[tuple[int, Span]], units: Units) -> list[Unit]:
    """Return the units of some stretches of the texts, each stretch cut by itself."""
    found = []
    for message, (start, stop) in sorted(opened):
        for unit in _stretches(script.texts[message][start:stop], message, units):
            spans = tuple((m, (first + start, last + start)) for m, (first, last) in unit.spans)
            found.append(replace(unit, spans=spans))
    return _distinct(found)


def keep_out(script: Script, units: Sequence[Unit], keep: Any) -> list[Unit]:
    """Return the units that touch nothing kept.

    Parameters
    ----------
    script, units
        The prompt, and all that could be hidden.
    keep
        A regular expression, a callable from a text to spans, or for each message its spans {message: spans}.
    """
    if keep is None:
        return list(units)
    kept = [_kept(text, number, keep) for number, text in enumerate(script.texts)]

    def free(unit: Unit) -> bool:
        return not any(start < b and a < stop for m, (start, stop) in unit.spans for a, b in kept[m])

    return [unit for unit in units if free(unit)]


# -- kinds ------------------------------------------------------------------------------------------------------------


def _textual(script: Script, units: Units, roles: Sequence[str] | None) -> Iterator[Unit]:
    """Yield stretches of the messages' texts."""
    for number, text in enumerate(script.texts):
        if roles is not None and script.messages and script.messages[number].get("role") not in roles:
            continue
        yield from _stretches(text, number, units)


def _stretches(text: str, message: int, units: Units) -> Iterator[Unit]:
    """Yield the units of one text."""
    if units in ("paragraphs", "passages"):
        spans = [found.span() for found in _PARAGRAPH.finditer(text) if found[0].strip()]
    else:
        spans = find_spans(text, units)
    for start, stop in spans:
        yield Unit(shortened(text[start:stop]), ((message, (start, stop)),))


def _turns(script: Script) -> Iterator[Unit]:
    """Yield exchanges: a user's turn with all that answers it. What is asked last stays, and what stands before.

    An exchange goes as a whole, calls of tools and their results included, so that roles keep alternating.
    """
    roles = [str(message.get("role")) for message in script.messages]
    starts = [place for place, role in enumerate(roles) if role == "user"]
    for number, (start, stop) in enumerate(pairwise(starts), 1):
        spans = tuple((m, (0, len(script.texts[m]))) for m in range(start, stop) if script.texts[m])
        yield Unit(f"turn {number}: {shortened(script.texts[start])}", spans, tuple(range(start, stop)))


def _fields(script: Script, items: Sequence[Item]) -> Iterator[Unit]:
    """Yield the fields of a template, each as a whole, wherever it occurs."""
    for name in dict.fromkeys(item.field for item in items):
        yield Unit(name, tuple((item.message, item.span) for item in items if item.field == name))


def _listed(items: Sequence[Item]) -> list[Item]:
    """Return the elements of fields that are lists."""
    return [item for item in items if item.number >= 0]


def _of_item(script: Script, item: Item) -> Unit:
    start, stop = item.span
    text = shortened(script.texts[item.message][start:stop])
    return Unit(f"{item.field} {item.number + 1}: {text}", ((item.message, item.span),))


def _tool_name(tool: Any) -> str:
    described = tool.get("function", tool) if isinstance(tool, Mapping) else {}
    return str(described.get("name") or shortened(json.dumps(tool, default=str)))


# -- help -------------------------------------------------------------------------------------------------------------


def shortened(text: str) -> str:
    """Return the beginning of a text, on one line.

    >>> shortened("It is   so.")
    'It is so.'
    """
    line = " ".join(text.split())
    if len(line) <= SHOWN:
        return line
    return line[: SHOWN - 1].rstrip() + "…"


def _distinct(units: Sequence[Unit]) -> list[Unit]:
    """Return units whose names differ: those that occur several times are numbered."""
    total, seen = Counter(unit.name for unit in units), Counter[str]()
    found = []
    for unit in units:
        seen[unit.name] += 1
        if total[unit.name] > 1:
            numbered = f"{unit.name} ({seen[unit.name]})"
        else:
            numbered = unit.name
        found.append(replace(unit, name=numbered))
    return found


def fields_of(template: str) -> list[tuple[str, str | None]]:
    """Return the texts of a template and the field behind each, None where there is none.

    Raises
    ------
    InputError
        If its braces do not fit.

    >>> fields_of("Ask {question}!")
    [('Ask ', 'question'), ('!', None)]
    """
    try:
        return [(literal, name) for literal, name, _, _ in string.Formatter().parse(template)]
    except ValueError as error:
        raise InputError(
            f"template: expected text with fields such as {{question}}, got {template!r} ({error}); "
            "write {{ for a brace."
        ) from error


def check_template(template: Any) -> None:
    """Raise where a template is neither None, a text with fields, nor messages whose content is one."""
    if template is None:
        return
    whole = [template] if isinstance(template, str) else template
    if not isinstance(whole, Sequence):
        raise InputError(f"template: expected a text or messages with fields, got {type(template).__name__}.")
    for each in whole:
        content = each.get("content") if isinstance(each, Mapping) else each
        if not isinstance(content, str) or (each is content and not isinstance(template, str)):
            raise InputError(f"template: expected messages whose content is a text with fields, got {each!r}.")
        fields_of(content)


def _filled(template: str, values: Mapping[str, Any], separator: str, message: int, items: list[Item]) -> str:
    """Return a template with its fields filled in, and note where each of them lies."""
    out = ""
    for literal, name in fields_of(template):
        out += literal
        if name is None:
            continue
        if name not in values:
            raise InputError(
                f"prompt: expected the field {name!r} of the template, got {', '.join(map(repr, values))}."
            )
        value: Any = values[name]
        if not isinstance(value, Iterable) or isinstance(value, (bytes, Mapping)):
            raise InputError(
                f"prompt: expected a text or a list of texts in the field {name!r}, got {type(value).__name__}."
            )
        parts: list[Any] = [value] if isinstance(value, str) else list(value)
        for number, part in enumerate(parts):
            if not isinstance(part, str):
                raise InputError(f"prompt: expected text in the field {name!r}, got {type(part).__name__}.")
            out += separator if number else ""
            items.append(
                Item(name, -1 if isinstance(value, str) else number, message, (len(out), len(out) + len(part)))
            )
            out += part
    return out


def _kept(text: str, number: int, keep: Any) -> list[Span]:
    if isinstance(keep, Mapping):
        return ordered_spans("keep", keep.get(number) or (), len(text))
    if isinstance(keep, str) or hasattr(keep, "finditer"):
        return [found.span() for found in compile_pattern("keep", keep).finditer(text)]
    return ordered_spans("keep", keep(text), len(text))


def _check_prompt(instance: Any) -> None:
    if isinstance(instance, str):
        return
    if isinstance(instance, Mapping):
        messages: Any = instance.get("messages")
    else:
        messages = instance
    fine = isinstance(messages, (list, tuple)) and len(messages) > 0
    if not fine or not all(isinstance(message, Mapping) and "role" in message for message in messages):
        raise InputError(
            "prompt: expected a string, a list of messages with a role and content, or a dict with messages, got "
            f"{type(instance).__name__}; a dict of fields needs template=."
        )
    for message in messages:
        content = message.get("content")
        parts = (
            content
            if isinstance(content, (list, tuple))
            else []
            if content is None or isinstance(content, str)
            else [0]
        )
        if not all(isinstance(part, Mapping) and isinstance(part.get("text", ""), str) for part in parts):
            raise InputError(
                "prompt: expected messages whose content is a text, None, or a list of parts such as "
                f'{{"type": "text", "text": "..."}}, got {content!r:.80}.'
            )
