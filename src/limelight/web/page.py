"""The live page as HTML: controls that a keyboard reaches, a place for the model's answer, and one for the reasons.

Input: a kind of data and an instance. Output: a page without any style or script of its own, as its policy asks; the
data stand in an island of JSON, escaped like everything that somebody else has named.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from limelight.contracts import Modality
from limelight.views import markup
from limelight.web.controls import controls

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta name="color-scheme" content="light dark"><title>{title}</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="{root}static/limelight.css">
<link rel="stylesheet" href="{root}static/live.css">{sheets}</head>
<body>{body}</body></html>"""
_WHAT_IF = """<main class="live"><header class="top"><h1>What if? <small>{name}</small></h1>
<div class="tools"><span id="choose" class="choose" hidden><label for="beside">Beside it</label>
<select id="beside"></select></span></div><div class="tools" role="group" aria-label="History">
<button type="button" id="undo" disabled>Undo</button><button type="button" id="again" disabled>Start again</button>
<button type="button" id="keep">Save as a page</button></div></header>
<div class="sides"><section class="change" aria-labelledby="change"><h2 id="change">{heading}</h2>
<form id="controls" autocomplete="off"></form><div id="picture" class="picture"></div>
<p id="hint" class="soft hint" hidden></p><div id="words" class="words" role="group" aria-label="{parts}"></div>
</section><div class="said"><section aria-labelledby="says"><h2 id="says">The model answers</h2>
<div id="answer" class="answer" role="status" aria-live="polite">…</div>
<div id="other" class="answer other" role="status" aria-live="polite" hidden></div>
<p id="note" class="note" role="note" hidden></p><p id="failed" class="failed" role="alert" hidden></p></section>
<section id="apart" aria-labelledby="differs" hidden><h2 id="differs">What differs</h2>
<div id="changes" aria-busy="true"></div></section>
<section aria-labelledby="why"><h2 id="why">{reasons}</h2><div id="reasons" aria-busy="true">
<p class="soft">The reasons follow as soon as you pause.</p></div></section></div></div></main>"""
_FRONT = """<p class="soft">Open a model to change a value and see what it answers, and why. Programs ask at the address
beside it, as <a href="openapi.json">openapi.json</a> describes.</p>"""
WORDS = {
    "table": ("Change a value", "Columns", "Why"),
    "text": ("Strike or type words", "Words", "Why, of the text as it is typed"),
    "series": ("Hide a window", "Windows", "Why, of the whole series"),
    "image": ("Hide a part of the picture", "Superpixels", "Why, of the whole picture"),
}
"""For a kind of data: what one does, to what, and what the reasons are of."""


def what_if_page(name: str, modality: Modality, start: Any, others: Sequence[str] = ()) -> str:
    """Return the live page of one model, or one that says why there is none; `others` may stand beside it."""
    found = controls(modality, start)
    if found is None:
        said = (
            "<main class='live'><h1>No page for this kind of data</h1><p>It is served: ask <code>:explain</code>.</p>"
        )
        return filled(f"What if? {name}", said + "</main>", root="../")
    data = markup.island({**found, "model": name, "others": list(others)})
    shown = what_if_body(name, found["kind"])
    script = '<script type="module" src="../static/whatif.js"></script>'
    island = f'<script type="application/json" id="data">{data}</script>'
    return filled(f"What if? {name}", shown + island + script, root="../")


def what_if_body(name: str, kind: str) -> str:
    """Return the places that the script of a live page fills, for one kind of data."""
    change, parts, why = WORDS[kind]
    return _WHAT_IF.format(name=escape(name), heading=change, parts=parts, reasons=why)


def models_page(
    names: Sequence[str], start: Mapping[str, Any], kept: Sequence[tuple[str, str]] = (), *, dashboard: bool = False
) -> str:
    """Return the list of the models, links to pages that were kept, and one to the dashboard where there is one."""
    items = "".join(_item(name, has_page=name in start) for name in names)
    if dashboard:
        items += '<li><a href="dashboard">Dashboard</a> many explanations, summed up and looked through</li>'
    items += "".join(f"<li>{link}</li>" for link in page_links(kept))
    return filled("Models", f'<main class="live"><h1>Models</h1>{_FRONT}<ul class="models">{items}</ul></main>')


def lost_page(sentence: str, root: str) -> str:
    """Return what a browser shows where there is nothing; `root` is the way back to the list of models."""
    back = f'<p><a href="{root or "./"}">What there is</a></p>'
    return filled(
        "Nothing here", f'<main class="live"><h1>Nothing here</h1><p>{escape(sentence)}</p>{back}</main>', root=root
    )


def page_links(kept: Sequence[tuple[str, str]]) -> list[str]:
    """Return links to pages that were written before, (name, title) each."""
    return [f'<a href="pages/{escape(name)}">{markup.name(title)}</a>' for name, title in kept]


def _item(name: str, *, has_page: bool) -> str:
    if has_page:
        link = f'<a href="models/{escape(name)}">{escape(name)}</a>'
    else:
        link = escape(name)
    return f"<li>{link} <code>POST v1/models/{escape(name)}:explain</code></li>"


def login_page(*, wrong: bool) -> str:
    """Return the form that asks for the token."""
    if wrong:
        said = '<p class="failed" role="alert">That is not the token.</p>'
    else:
        said = ""
    return filled(
        "Token",
        '<main class="live login"><h1>Token</h1><form method="post" action="login">'
        '<label for="token">The token that this server was started with</label>'
        # a hidden name, so that password managers know what they keep
        '<input name="who" value="limelight" autocomplete="username" hidden>'
        f'<input id="token" name="token" type="password" autocomplete="current-password" required>{said}'
        "<button>Open</button></form></main>",
    )


def filled(title: str, body: str, *, root: str = "", sheets: Sequence[str] = ()) -> str:
    """Return a page.

    Parameters
    ----------
    title
        Of the page.
    body
        HTML, escaped already.
    root
        The way from its address to the root.
    sheets
        Further style sheets.
    """
    more = "".join(f'<link rel="stylesheet" href="{root}static/{name}">' for name in sheets)
    return _PAGE.format(title=escape(title), body=body, root=root, sheets=more)


def read_island(page: str) -> dict[str, Any]:
    """Return the data that a live page holds, as its script reads them.

    >>> read_island('<script type="application/json" id="data">{"kind": "text"}</script>')
    {'kind': 'text'}
    """
    text = page.partition('id="data">')[2].partition("</script>")[0]
    found: dict[str, Any] = json.loads(text)
    return found
