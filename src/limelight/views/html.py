"""One self-contained page, or the same as an isolated fragment for notebooks: no library, no network, 60 KiB.

Everything is drawn here, in Python, so that it reads without JavaScript; `static/limelight.js` adds tabs, striking
out, sliders and links between picture and bars. A strict content policy keeps the page from loading anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from html import escape
from importlib.resources import files

from limelight.result.explanation import Explanation
from limelight.views import describe, sentences, terminal
from limelight.views import facts as f
from limelight.views import markup as m
from limelight.views.bars import bar_table, lime_weights, other_features
from limelight.views.facts import Numbers, TargetFacts
from limelight.views.kinds import kind_of
from limelight.views.measure import LIKE
from limelight.views.palette import style
from limelight.views.targets import left_out

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"


def page(
    explanations: Explanation | Sequence[Explanation],
    *,
    title: str | None = None,
    names: Sequence[str] | None = None,
    coverage: Sequence[float] | None = None,
) -> str:
    """Return a self-contained page of one explanation, or of several as small multiples.

    Parameters
    ----------
    explanations
        One or several.
    title
        The page's title; None says what the model said, or how many explanations there are.
    names
        A heading for each of several explanations; None numbers them.
    coverage
        Of a pick: which fraction of all importance the first 1, 2, … explanations cover, drawn as a curve.
    """
    if isinstance(explanations, Explanation):
        heading = title or f"The model says {f.verdict(explanations)}"
        return document(heading, f"<main>{article(explanations)}</main>")
    many = list(explanations)
    heading = title or f"{len(many)} explanations"
    if names is None:
        labels = [f"{i + 1} of {len(many)}" for i in range(len(many))]
    else:
        labels = [str(name) for name in names]
    cards = "".join(
        f"<li>{article(explanation, heading=label)}</li>" for explanation, label in zip(many, labels, strict=True)
    )
    head = f"<header><h1>{m.name(heading)}</h1>{_coverage(coverage)}</header>"
    return document(heading, f'<main class="many">{head}<ol class="cards">{cards}</ol></main>')


def fragment(explanation: Explanation) -> str:
    """Return the page for a notebook's output: an isolated frame, with plain text where frames are taken out.

    A frame with ``srcdoc`` carries its own style and script, so that it looks the same in every notebook, twice on one
    page, and after a reload without a kernel. It fits its own height once its script runs; `height` is the guess until
    then.
    """
    lines = sum(len(facts.rows) for facts in f.all_targets(explanation)[:1])
    height = 430 + 31 * lines + (280 if kind_of(explanation).page else 0)
    inner = page(explanation)
    return (
        f'<iframe class="limelight" title="Explanation: {m.text(f.verdict(explanation))}" srcdoc="{escape(inner)}" '
        f'style="width:100%;height:{height}px;border:0;display:block;color-scheme:normal" loading="lazy">'
        f"<pre>{m.text(terminal.render(explanation), lines=True)}</pre></iframe>"
    )


def article(explanation: Explanation, *, heading: str = "") -> str:
    """Return one explanation as an `article` element, without style or script."""
    targets = f.all_targets(explanation)
    panels = "".join(_panel(explanation, facts) for facts in targets)
    if left_out(explanation):
        rest = f'<p class="rest">{m.text(left_out(explanation))}</p>'
    else:
        rest = ""
    kicker = f'<p class="kicker">{m.name(heading)}</p>' if heading else ""
    level = "h2" if heading else "h1"
    return (
        f'<article class="ll {kind_of(explanation).name}"><header>{kicker}'
        f"<{level}>{_verdict(explanation)}</{level}>{_outputs(explanation, targets)}</header>"
        f'{_warnings(explanation)}{rest}<div class="panels">{panels}</div>'
        f'<p class="cost">{m.text(f.cost_text(explanation))}</p>'
        f'<script type="application/json" class="ll-data">{m.island(_data(explanation, targets))}</script></article>'
    )


def document(title: str, body: str, *sheets: str) -> str:
    """Return a whole page around a body; `sheets` are further style sheets of `static/`."""
    styles = "".join(_static(name) for name in ("limelight.css", *sheets))
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        '<meta name="color-scheme" content="light dark">'
        f"<title>{m.text(f.shorten(f.visible(title), 200))}</title><style>{styles}</style></head>"
        f"<body>{body}<script>{_static('limelight.js')}</script></body></html>"
    )


def _verdict(explanation: Explanation) -> str:
    said = f.outputs(explanation)
    if not said:
        return "The model says nothing"
    name, value = said[0]
    shown = m.number(value, Numbers.fitting([value]), "said")
    if len(said) == 1:
        return f'<span class="says">The model says</span> <b>{shown}</b> <span class="for">for {m.name(name)}</span>'
    return f'<span class="says">The model says</span> <b>{m.name(name)}</b> {shown}'


def _outputs(explanation: Explanation, targets: Sequence[TargetFacts]) -> str:
    """Return what the model said for every likely output, as small bars; nothing where there is only one."""
    said = f.outputs(explanation)
    if len(said) < 2:
        return ""
    numbers = Numbers.fitting(value for _, value in said)
    largest = max(abs(value) for _, value in said) or 1.0
    explained = {facts.name for facts in targets}
    items = ""
    for name, value in said:
        marked = " class=explained" if name in explained else ""
        bar = f'<i style="--p:{abs(value) / largest:.3f}"></i>'
        items += f'<li{marked}><span class="oname">{m.name(name)}</span>{bar}{m.number(value, numbers, "output")}</li>'
    return f'<ul class="outputs" aria-label="What the model said">{items}</ul>'


def _warnings(explanation: Explanation) -> str:
    said = sentences.warnings(explanation)
    if not said:
        return ""
    items = "".join(f"<li>{m.text(sentence)}</li>" for sentence in said)
    return f'<div class="warnings" role="note" aria-label="Warnings about trust"><ul>{items}</ul></div>'


def _panel(explanation: Explanation, facts: TargetFacts) -> str:
    kind = kind_of(explanation)
    if kind.page:
        picture = f'<div class="picture">{kind.page(explanation, facts)}</div>'
    else:
        picture = ""
    tone = "verdict beware" if facts.cause in sentences.UNUSABLE else "verdict"
    if facts.verdict:
        verdict = f'<p class="{tone}">{m.text(facts.verdict)}</p>'
    else:
        verdict = ""
    words = " ".join([*describe.reasons(facts, kind, m.name), describe.trust(explanation, facts)])
    return (
        f'<section class="panel" data-target="{facts.index}"><h3>Why {m.name(facts.name)}</h3>'
        f'{verdict}<p class="lede">{words}</p>{_numbers(facts)}'
        f'<div class="body">{picture}<div class="weights">{bar_table(facts)}{_under(explanation, facts)}</div></div>'
        f"{lime_weights(explanation, facts)}{other_features(explanation, facts)}</section>"
    )


def _under(explanation: Explanation, facts: TargetFacts) -> str:
    """Return what stands under the bars: which features act together, and what is open about their order."""
    together = sentences.pairs(explanation, facts, m.name)
    doubts = f.doubts(explanation, facts, m.name) if facts.rows else []
    parts = [f'<p class="pairs">{" ".join(together)}</p>' if together else ""]
    parts.append(f'<p class="doubts">{" ".join(doubts)}</p>' if doubts else "")
    return "".join(parts)


def _numbers(facts: TargetFacts) -> str:
    numbers = f.output_numbers(facts)
    cells = [
        ("Model", "f(x)", m.number(facts.prediction, numbers, "fx")),
        ("Surrogate", "g(x′)", m.number(facts.local_prediction, numbers, "gx")),
        (f.base_name(facts).capitalize(), "base", m.number(facts.intercept, numbers, "base"))
        if facts.against
        else ("Intercept", "everything off", m.number(facts.intercept, numbers, "intercept")),
        (
            "Fidelity",
            "held-out R²",
            f'<data class="fidelity" value="{facts.fidelity!r}">{f.fidelity_text(facts)}</data>',
        ),
    ]
    if sentences.additivity(facts):
        shown = f'<data class="additivity" value="{facts.additivity!r}">{sentences.additivity(facts)}</data>'
        cells.append(("Additivity", "R² of the best sum", shown))
    if sentences.gap(facts):
        cells.append(
            ("Gap", "residual spreads", f'<data class="gap" value="{facts.gap!r}">{sentences.gap(facts)}</data>')
        )
    items = "".join(
        f"<div><dt>{name} <small>{small}</small></dt><dd>{value}</dd></div>" for name, small, value in cells
    )
    return f'<dl class="numbers">{items}</dl>'


def _data(explanation: Explanation, targets: Sequence[TargetFacts]) -> dict[str, object]:
    """Return what the script needs: the surrogate's arithmetic, and the label image of a raster."""
    kind = kind_of(explanation)
    said = [name for name, _ in f.outputs(explanation)[:1]]
    against = targets[0].against if targets else ""
    hint, verb = kind.hint, kind.verb
    if against and kind.name != "mixed":
        verb, put = f"put back to {against}", f"put it back to {against}"
        if against == LIKE:
            verb, put = f"drawn from {against}", f"have it drawn from {against}"
        hint = f"Click a feature to {put} and see what the surrogate then expects."
    data: dict[str, object] = {
        "hint": hint,
        "first": next((i for i, facts in enumerate(targets) if [facts.name] == said), 0),
        "verb": verb,
        "without": describe.without(targets[0], kind) if targets else kind.without,
        "targets": [
            {
                "coef": [float(f"{value:.9g}") for value in facts.values],
                "g": facts.local_prediction,
                "additive": facts.additive,
                "decimals": f.output_numbers(facts).decimals,
                "order": [row.index for row in facts.rows],
            }
            for facts in targets
        ],
    }
    return data | (kind.data(explanation) if kind.data else {})


def _coverage(coverage: Sequence[float] | None) -> str:
    if not coverage:
        return ""
    values = [0.0, *map(float, coverage)]
    step = 200 / (len(values) - 1)
    points = " ".join(f"{i * step:.1f},{60 - 56 * value:.1f}" for i, value in enumerate(values))
    rows = ", ".join(f"{value:.0%}" for value in values[1:])
    return (
        f'<figure class="coverage"><svg viewBox="0 0 200 62" role="img" aria-label="Coverage after each: {rows}">'
        f'<polyline points="{points}"/></svg>'
        f"<figcaption>The first {len(coverage)} cover {values[-1]:.0%} of all importance</figcaption></figure>"
    )


def sheet(name: str) -> str:
    """Return a style sheet of `static/` with its colours, for a page that a server hands out in parts."""
    return _static(name)


@cache
def _static(name: str) -> str:
    text = files("limelight.views").joinpath("static", name).read_text(encoding="utf-8")
    if name.endswith(".css"):
        text = style(text)
    # Pages are kept by the thousand: indentation and whole lines of comment stay in the source.
    lines = (line.strip() for line in text.splitlines())
    short = "\n".join(line for line in lines if line and not line.startswith(("//", "/*")))
    if name.endswith(".css"):
        return re.sub(r"\s*([{};,])\s*|(?<=:) ", r"\1", short)
    return short
