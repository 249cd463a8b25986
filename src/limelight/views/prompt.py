"""What a language model said: the prompt with its units marked, the answer beside it, and the words behind the weights.

For each unit shown: the two answers, with and without it, to prompts that are otherwise as alike as were asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from limelight.result.explanation import Explanation
from limelight.views import blocks
from limelight.views import facts as f
from limelight.views import markup as m
from limelight.views.facts import Row, TargetFacts
from limelight.views.passage import passage

COUNTED = (
    ("calls", "call", "calls"),
    ("cached", "from a cache", "from a cache"),
    ("tokens_in", "token read", "tokens read"),
    ("tokens_out", "token written", "tokens written"),
    ("refusals", "refusal", "refusals"),
    ("truncations", "answer cut off", "answers cut off"),
)
MOST_PAIRS = 5
"""Units whose answers are shown; the bars show the others."""
NOTHING = "(nothing)"
"""Stands for an answer without words."""
LINES = 300
"""Characters of an answer in a terminal."""


def page(explanation: Explanation, facts: TargetFacts) -> str:
    """Return the answer, the prompt with its marks, and the answers with and without each unit."""
    layout = explanation.layout
    pairs = "".join(_pair(row, pair) for row, pair in shown_pairs(layout, facts))
    said = f'<div class="text said" dir="auto">{m.text(layout["answer"], lines=True)}</div>'
    if pairs:
        twice = f'<div class="twice"><h4 class="field">answers with and without</h4>{pairs}</div>'
    else:
        twice = ""
    return (
        f'<h4 class="field">answer</h4>{said}<p class="usage">{m.text(usage(layout))}</p>'
        f'<h4 class="field">prompt</h4>{passage(explanation, facts)}{twice}'
    )


def terminal(explanation: Explanation, facts: TargetFacts) -> Any:
    """Return the same for a terminal in colour."""
    layout = explanation.layout
    out = blocks.draw_text(explanation, facts)
    out.append("answer\n", blocks.SOFT)
    out.append(_first(layout["answer"]) + "\n")
    for row, pair in shown_pairs(layout, facts):
        out.append(f"\n{f.visible(row.label)}  {_aside(pair)}".rstrip() + "\n", blocks.SOFT)
        out.append("  with     ", blocks.SOFT).append(f"{pair['scores'][0]:.2f}  {_first(pair['with'])}\n")
        out.append("  without  ", blocks.SOFT).append(f"{pair['scores'][1]:.2f}  {_first(pair['without'])}\n")
    return out.append(f"\n{usage(layout)}\n", blocks.SOFT)


def shown_pairs(layout: Mapping[str, Any], facts: TargetFacts) -> Iterator[tuple[Row, Mapping[str, Any]]]:
    """Yield the rows shown whose sign is certain, each with its pair of answers: of others they would show noise."""
    known = {pair["unit"]: pair for pair in layout["contrasts"]}
    for row in [row for row in facts.rows if row.certain and row.index in known][:MOST_PAIRS]:
        yield row, known[row.index]


def usage(layout: Mapping[str, Any]) -> str:
    """Return in words what asking took.

    >>> usage({"usage": {"calls": 1, "tokens_in": 1200, "cost": 0.25}})
    '1 call · 1,200 tokens read · cost 0.25'
    """
    counts = layout["usage"]
    said = []
    for name, one, several in COUNTED:
        count = counts.get(name)
        if count:
            said.append(f"{count:,} {one if count == 1 else several}")
    if counts.get("cost"):
        said.append(f"cost {counts['cost']:.4g}")
    return " · ".join(said)


def _pair(row: Row, pair: Mapping[str, Any]) -> str:
    lines = zip(("with", "without"), pair["scores"], strict=True)
    said = "".join(
        f'<dt>{name}</dt><dd class="num">{score:.2f}</dd><dd dir="auto">{_words(pair[name])}</dd>'
        for name, score in lines
    )
    if pair["others"]:
        others = f'<p class="others">{m.text(_aside(pair))}</p>'
    else:
        others = ""
    return f"<h5>{m.name(row.label)}</h5><dl>{said}</dl>{others}"


def _words(text: str) -> str:
    """Return an answer as markup."""
    return m.text(text or NOTHING, lines=True)


def _aside(pair: Mapping[str, Any]) -> str:
    """Return in what else the two prompts differ."""
    others = pair["others"]
    if others:
        return f"The two prompts differ in {others} other unit{'s' if others > 1 else ''}."
    return ""


def _first(text: str) -> str:
    line = f.visible(text, lines=True).strip() or NOTHING
    if len(line) <= LINES:
        return line
    return line[:LINES] + " …"
