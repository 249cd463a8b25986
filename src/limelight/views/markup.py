"""Small pieces of HTML, every one escaped: the only place where somebody else's strings become markup."""

from __future__ import annotations

import json
from html import escape
from typing import Any

from limelight.views.facts import Numbers, shorten, visible

NAME_LIMIT = 160
"""Names longer than this lose their middle on the page; the full one is in the title and the JSON."""


def text(value: str, *, lines: bool = False) -> str:
    """Return somebody else's string as HTML text or attribute value.

    >>> text('</script><b a="1">')
    '&lt;/script&gt;&lt;b a=&quot;1&quot;&gt;'
    """
    return escape(visible(value, lines=lines), quote=True)


def name(value: str) -> str:
    """Return a name kept apart from its surroundings, whichever way it is written."""
    safe = visible(value)
    if len(safe) <= NAME_LIMIT:
        return f"<bdi>{escape(safe)}</bdi>"
    return f'<bdi title="{escape(shorten(safe, 2000))}">{escape(shorten(safe, NAME_LIMIT))}</bdi>'


def number(value: float, numbers: Numbers, kind: str, *, signed: bool = False) -> str:
    """Return a number as shown, with the exact one in its ``value``."""
    shown = numbers.signed(value) if signed else numbers.text(value)
    return f'<data class="{kind}" value="{value!r}">{shown}</data>'


def island(value: Any) -> str:
    r"""Return data for the script, in a form that cannot end its element.

    >>> island({"a": "</script>"})
    '{"a":"\\u003c/script\\u003e"}'
    """
    written = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    return written.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def percent(value: float, low: float, high: float) -> str:
    """Return where a value lies between two others, for a style.

    >>> percent(1, 0, 3), percent(1, 1, 1)
    ('33.33%', '0.00%')
    """
    return f"{(value - low) / _span(low, high) * 100:.2f}%"


def place(first: float, last: float, low: float, high: float) -> str:
    """Return left and width of a stretch, for a style: ``left:…;width:…``."""
    a, b = sorted((first, last))
    return f"left:{percent(a, low, high)};width:{(b - a) / _span(low, high) * 100:.2f}%"


def _span(low: float, high: float) -> float:
    return high - low or 1.0  # numbers so near to each other that their difference is 0 lie at one place


def strength(weight: float, largest: float) -> float:
    """Return |weight| from 0 to 1 against the largest, to two digits: how strong a hue is."""
    if largest > 0:
        return round(abs(weight) / largest, 2)
    return 0.0


def sign(weight: float) -> str:
    """Return the class of a weight's sign."""
    if weight > 0:
        return "pos"
    if weight < 0:
        return "neg"
    return "nil"
