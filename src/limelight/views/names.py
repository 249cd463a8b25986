"""Somebody else's names and texts, made safe to show: what cannot be seen is made visible, what is long is cut.

Input: a string. Output: a string that reorders nothing around it, and is as long as there is room for.
"""

from __future__ import annotations

import re

# Overrides, embeddings and isolates reorder what follows them, also outside of their own string; marks do not.
_REORDERING = re.compile("[\u202a-\u202e\u2066-\u2069]")
_CONTROLS = {code: 0x2400 + code for code in range(32)} | {127: 0x2421} | dict.fromkeys(range(128, 160), 0xFFFD)
_LONE = re.compile("[\ud800-\udfff]")


def with_value(name: str, value: str) -> str:
    """Return "name (value)", or the name alone where it says the value already.

    >>> with_value("28 < age ≤ 37", "31"), with_value("sex = Male", "Male")
    ('28 < age ≤ 37 (31)', 'sex = Male')
    """
    if not value or name.endswith(value):
        return name
    return f"{name} ({value})"


def visible(text: str, *, lines: bool = False) -> str:
    r"""Return the text with everything that cannot be seen, or that would reorder its surroundings, made visible.

    Parameters
    ----------
    text
        Somebody else's string.
    lines
        Keep line breaks and tabs (a document); otherwise they are shown as symbols (a name).

    >>> visible("a\x00b\u202ec")
    'a␀b⟨U+202E⟩c'
    """
    if text.isascii() and text.isprintable():
        return text
    if lines:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    keep = {9: 9, 10: 10} if lines else {}
    text = text.translate(_CONTROLS | keep)
    text = _REORDERING.sub(lambda found: f"⟨U+{ord(found.group()):04X}⟩", text)
    return _LONE.sub("\ufffd", text)


def shorten(text: str, limit: int) -> str:
    """Return at most `limit` characters, the middle left out: names differ at both ends.

    >>> shorten("abcdefghij", 5)
    'ab…ij'
    """
    if len(text) <= limit:
        return text
    head = limit // 2
    return text[:head] + "…" + text[len(text) - (limit - head - 1) :]
