"""The page of an explanation that somebody else's code filled, or edited: nothing but the numbers that it holds.

Input: whatever has lime's attributes. Output: HTML, self-contained, without script. Such an explanation has no
intervals, no fidelity and no neighborhood, so that limelight's own page, which shows them, would have to make them up.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np

from limelight.views import markup
from limelight.views.facts import Numbers
from limelight.views.palette import LIGHT, Colour

Named = list[tuple[str, float]]
"""What is shown, each with its number."""
MOST_CLASSES = 10
"""The page shows that many classes of those the model told apart, the most probable first."""


@dataclass(frozen=True)
class Card:
    """What a page shows.

    Parameters
    ----------
    said
        What the model said: (class, probability), or of a regression one number.
    weights
        Heading → (feature, weight), in the order of the explanation.

    >>> card = Card([("yes", 0.75)], {"yes": [("size > 3", 0.5)]})
    >>> "size &gt; 3" in document(card), "<script" in document(card)
    (True, False)
    """

    said: Named
    weights: dict[str, Named]

    @classmethod
    def of(cls, explanation: Any, labels: Any = None, show_said: bool = True) -> Card:
        """Return what an explanation shows of some labels; None shows all that it has."""
        if explanation.mode == "regression":
            pairs = _named(explanation.as_list())
            said = explanation.predicted_value
            known = show_said and said is not None
            return cls([("predicted value", float(said))] if known else [], {"": pairs})
        if labels is None:
            wanted = explanation.available_labels()
        else:
            wanted = list(labels)
        weights = {}
        for label in wanted:
            weights[_class_name(explanation, label)] = _named(explanation.as_list(label))
        return cls(_probabilities(explanation) if show_said else [], weights)


def document(card: Card) -> str:
    """Return a self-contained page."""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">"
        f'<meta name="viewport" content="width=device-width,initial-scale=1"><title>Explanation</title></head>'
        f"<body>{article(card)}</body></html>"
    )


def fragment(card: Card) -> str:
    """Return the same for a notebook's output, in a frame of its own."""
    lines = len(card.said) + sum(3 + len(pairs) for pairs in card.weights.values())
    style = f"width:100%;height:{80 + 28 * lines}px;border:0;display:block"
    return f'<iframe class="limelight" title="Explanation" srcdoc="{escape(document(card))}" style="{style}"></iframe>'


def article(card: Card) -> str:
    """Return what the model said, and a table of bars for each label."""
    said = ""
    if card.said:
        said = f"<h2>The model says</h2>{_table(card.said, signed=False)}"
    parts = []
    for heading, pairs in card.weights.items():
        of_class = f" for {markup.name(heading)}" if heading else ""
        parts.append(f"<h2>Weights{of_class}</h2>{_table(pairs, signed=True)}")
    note = "These numbers were filled in, or edited, by a program: their intervals and fidelity are not known."
    style = f"font:15px/1.5 system-ui,sans-serif;max-width:52rem;margin:1rem auto;color:{_css(LIGHT.ink)}"
    return f'<article style="{style}">{said}{"".join(parts)}<p style="color:{_css(LIGHT.soft)}">{note}</p></article>'


def _table(pairs: Named, *, signed: bool) -> str:
    """Return a row for each pair: its name, its number, its bar."""
    sizes = [abs(value) for _, value in pairs if math.isfinite(value)]
    numbers, largest = Numbers.fitting(sizes), max(sizes, default=0.0) or 1.0
    rows = []
    for name, value in pairs:
        width = abs(value) / largest * 100 if math.isfinite(value) else 0.0
        colour = _css(LIGHT.signed(value) if signed else LIGHT.neutral)
        bar = f'<div style="width:{width:.2f}%;height:.8em;background:{colour}"></div>'
        number = markup.number(value, numbers, "weight", signed=signed)
        rows.append(
            f'<tr><th scope="row" style="text-align:left;font-weight:400">{markup.name(name)}</th>'
            f'<td style="text-align:right;padding:0 1em">{number}</td><td style="width:45%">{bar}</td></tr>'
        )
    return f'<table style="width:100%;border-collapse:collapse">{"".join(rows)}</table>'


def _named(pairs: Any) -> Named:
    return [(str(name), float(weight)) for name, weight in pairs]


def _class_name(explanation: Any, label: int) -> str:
    """Return the class's name, or its number where it has none."""
    # lime's labels may count from the end, as indices of a list do
    if explanation.class_names is None:
        names = []
    else:
        names = list(explanation.class_names)
    if -len(names) <= label < len(names):
        return str(names[label])
    return str(label)


def _probabilities(explanation: Any) -> Named:
    """Return (class, probability) of the most probable classes; nothing where the model's answer is not known."""
    if explanation.predict_proba is None:
        return []
    outputs = np.asarray(explanation.predict_proba, dtype=np.float64).ravel()
    order = np.argsort(-outputs, kind="stable")[:MOST_CLASSES]
    return [(_class_name(explanation, int(label)), float(outputs[label])) for label in order]


def _css(colour: Colour) -> str:
    return f"rgb{colour}"
