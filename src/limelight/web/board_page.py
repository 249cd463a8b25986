"""The dashboard as HTML: filters, empty places for what the server counts, and the names that codes stand for.

Input: a board. Output: a page without any style or script of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from limelight.overview.board import Board
from limelight.views import markup
from limelight.web.page import filled, page_links

MOST_NAMED = 500
"""Reasons that one can choose among; the rest are reached from the bars."""
_BODY = """<main class="live board"><header class="top"><h1>{title} <small>{name}</small></h1>
<p id="count" class="count" role="status" aria-live="polite">…</p></header>{pages}
<form id="filters" class="filters" autocomplete="off" aria-label="Which rows"></form>
<p id="failed" class="failed" role="alert" hidden></p>
<div id="views" aria-busy="true">
<section aria-labelledby="h-importance"><h2 id="h-importance">What matters</h2><div id="importance"></div></section>
<section aria-labelledby="h-effect"><h2 id="h-effect">What each value does</h2><div id="effect"></div></section>
<section aria-labelledby="h-swarm"><h2 id="h-swarm">How contributions are spread</h2><div id="swarm"></div></section>
<section aria-labelledby="h-map"><h2 id="h-map">Where the explanations tell what the model does</h2>
<div id="map"></div></section>
<section aria-labelledby="h-examples"><h2 id="h-examples">Picked examples</h2><div id="examples"></div></section>
<section aria-labelledby="h-rows"><h2 id="h-rows">Rows</h2><div id="rows"></div></section></div>
<section id="detail" aria-labelledby="h-detail" tabindex="-1" hidden><h2 id="h-detail">One row</h2>
<div id="article"></div></section></main>
<script type="application/json" id="data">{data}</script><script type="module" src="static/dashboard.js"></script>"""


def dashboard_page(name: str, board: Board, kept: Sequence[tuple[str, str]] = ()) -> str:
    """Return the page of a board, with links to pages about it, (name, title) each."""
    data = markup.island(
        {
            "targets": list(board.targets),
            # the output that most rows are about
            "start": int(np.bincount(board.target).argmax()) if board.facing is None else board.facing,
            "two": board.facing is not None,
            "features": list(board.features[:MOST_NAMED]),
            "causes": list(board.causes),
            "n": len(board),
            "failed": board.failed,
        }
    )
    title = f"{len(board):,} explanations"
    links = "".join(f"<li>{link}</li>" for link in page_links(kept))
    if links:
        pages = f'<nav aria-label="Pages about these rows"><ul class="pages">{links}</ul></nav>'
    else:
        pages = ""
    body = _BODY.format(title=title, name=escape(name), data=data, pages=pages)
    return filled(title, body, sheets=("dashboard.css",))
