"""What if, in a notebook: the live page in a cell's output, with the kernel's own model behind it.

Input: an explainer and an instance. Output: something to stand last in a cell. It shows the picture of the explanation
first, which stays where widgets are off and where no kernel answers, and the live page as soon as the kernel does.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from limelight.errors import InputError, UnknownNameError
from limelight.explainer import Explainer
from limelight.optional import require
from limelight.views import html, markup
from limelight.web.answering import QUESTIONS, Models, answer
from limelight.web.controls import alike, controls
from limelight.web.page import what_if_body

SCRIPTS = ("pieces.js", "beside.js", "live.js", "frame.js")
"""In the order in which they use each other; a frame has no address from which it could import them."""
EXTRA = "widget"
LARGEST = 10_000_000
"""Letters of a question: as many as the service takes bytes."""


def what_if(explainer: Explainer, instance: Any, *, beside: Mapping[str, Explainer] | None = None) -> WhatIf:
    """Ask the model "what if" in a notebook: change values, strike words, hide windows and superpixels.

    As the last line of a cell it shows why the model says what it says, and what can be changed; the kernel's model
    answers each change at once. It needs anywidget, ``pip install 'limelight[widget]'``, and loads nothing from
    elsewhere. A notebook that is opened without a kernel shows the picture.

    Parameters
    ----------
    explainer
        Of the model that is asked.
    instance
        What it begins with, as `Explainer.explain` takes it: a row, a text, a series or an image.
    beside
        Explainers of other models, by name, which can be put beside it; they need the same kind of data and background.

    Returns
    -------
    WhatIf
        For the notebook.

    Raises
    ------
    InputError
        If there is no "what if" for this kind of data.
    MissingDependencyError
        If anywidget is not installed.

    Examples
    --------
    >>> import limelight as ll
    >>> explainer = ll.Explainer(lambda texts: [float("free" in text) for text in texts], ll.Text(), seed=0)
    >>> ll.what_if(explainer, "free prize")  # doctest: +SKIP
    """
    require("anywidget", EXTRA)
    return WhatIf(explainer, instance, beside or {})


class WhatIf:
    """What `what_if` returns.

    Parameters
    ----------
    explainer, instance, beside
        As in `what_if`.
    name
        What the model is called on the page.
    """

    def __init__(
        self, explainer: Explainer, instance: Any, beside: Mapping[str, Explainer], *, name: str = "this model"
    ) -> None:
        others = {other: each for other, each in beside.items() if other != name}
        for other, each in others.items():
            if not alike(explainer.modality, each.modality):
                raise InputError(f"beside: {other!r} explains another kind of data; expected the same columns or kind.")
        found = controls(explainer.modality, instance)
        if found is None:
            raise InputError(
                f"instance: there is no what-if for {type(explainer.modality).__name__} data; use explain(instance)."
            )
        self.explanation = explainer.explain(instance)
        self.models = Models({name: explainer, **others}, {name: instance})
        self.data = {**found, "model": name, "others": list(others)}
        self.key = secrets.token_hex(8)

    def frame(self) -> str:
        """Return the live page as one document that brings its style and script along."""
        styles = html.sheet("limelight.css") + _file("live.css")
        body = what_if_body("", str(self.data["kind"]))
        island = f'<script type="application/json" id="data">{markup.island(self.data)}</script>'
        return (
            '<!doctype html><html lang="en" class="framed"><head><meta charset="utf-8">'
            f'<meta http-equiv="Content-Security-Policy" content="{html.POLICY}">'
            f'<meta name="color-scheme" content="light dark"><title>What if?</title><style>{styles}</style></head>'
            f'<body>{body}{island}<script type="module">{script()}</script></body></html>'
        )

    def reply(self, question: Any) -> dict[str, Any]:
        """Return what the frame is told when it asks, errors as sentences.

        Raises
        ------
        InputError
            If it is no question: texts for ``verb``, ``model`` and ``body``, of no more than a request to the service,
            and an ``id``.
        UnknownNameError
            If the question names no model that is here, or no verb.
        """
        verb, model, body = _question(question)
        if verb not in QUESTIONS:
            raise UnknownNameError("verb", verb[:80], QUESTIONS)
        if model not in self.models.explainers:
            raise UnknownNameError("model", model[:80], self.models.explainers)
        said = answer(self.models, model, verb, body.encode("utf-8", "replace"))
        text = said.content.decode("utf-8", "replace")
        return {"id": question["id"], "status": said.status, "text": text, "html": said.kind.startswith("text/html")}

    def widget(self) -> Any:
        """Return the widget by itself."""
        made = _kind()(page=self.frame(), key=self.key)
        made.on_msg(lambda _, question, __: made.send(self.reply(question)))
        return made

    def _ipython_display_(self) -> None:
        display = require("IPython.display", EXTRA).display
        still = f'<div data-limelight="{self.key}">{html.fragment(self.explanation)}</div>'
        display({"text/html": still, "text/plain": str(self.explanation)}, raw=True)
        display(self.widget())

    def __repr__(self) -> str:
        return f"<WhatIf of {self.explanation!r}>"


def _question(given: Any) -> tuple[str, str, str]:
    """Return verb, model and body of what a page sent; a page may send anything."""
    if not isinstance(given, Mapping) or "id" not in given:
        raise InputError("question: expected an object with 'verb', 'model', 'body' and 'id'.")
    verb, model, body = (given.get(name) for name in ("verb", "model", "body"))
    if not (isinstance(verb, str) and isinstance(model, str) and isinstance(body, str)):
        raise InputError("question: expected texts for 'verb', 'model' and 'body'.")
    if len(body) > LARGEST:
        raise InputError(f"question: expected a body of at most {LARGEST:,} letters, got {len(body):,}.")
    return verb, model, body


def script() -> str:
    """Return the scripts of the live page as one, which imports nothing and holds no end of an element."""
    lines = (line for name in SCRIPTS for line in _file(name).splitlines())
    return "\n".join(line.removeprefix("export ") for line in lines if not line.startswith("import "))


@cache
def _kind() -> Any:
    """Return the class of the widget; it is made when it is first needed, since its library is optional."""
    anywidget, traitlets = require("anywidget", EXTRA), require("traitlets", EXTRA)

    class Frame(anywidget.AnyWidget):  # type: ignore[misc, name-defined, unused-ignore]
        """A frame with the live page."""

        _esm = _file("widget.js")
        page = traitlets.Unicode().tag(sync=True)
        key = traitlets.Unicode().tag(sync=True)

    return Frame


def _file(name: str) -> str:
    return files("limelight.web").joinpath("static", name).read_text(encoding="utf-8")
