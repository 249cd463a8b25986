"""One table of the kinds of layout: for each, how pages, figures and terminals draw it, and what hiding is called.

A kind that is not in the table is drawn as bars alone. `register` adds another; nothing else has to know.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from limelight.contracts import Layout
from limelight.errors import InputError
from limelight.result.explanation import Explanation
from limelight.views import blocks, canvas, figure_text, mixed, passage, prompt, raster, series
from limelight.views.facts import TargetFacts

Draw = Callable[[Explanation, TargetFacts], Any]
"""Draws one target of an explanation: HTML for a page, a `rich.text.Text` for a terminal."""
DrawFigure = Callable[[Explanation, TargetFacts, Any], None]
"""Draws one target of an explanation into a matplotlib figure or subfigure."""


@dataclass(frozen=True, slots=True)
class Kind:
    """How one kind of layout is shown.

    Parameters
    ----------
    name
        ``layout["kind"]``; also a class of the page's `article`, for styles.
    page
        Returns the HTML beside the bars, every string escaped (`limelight.views.markup`); parts that carry
        ``data-f="3"`` belong to feature 3 and can be clicked. None: bars alone.
    figure, height
        Draws above the bars of a figure, and how many inches that takes for a layout.
    terminal
        Returns what a terminal in colour shows above the bars.
    data
        Returns what the page's script needs beyond the weights.
    verb, hint
        What hiding a feature is called on the page, in a button's title and in a sentence.
    without
        What is said of one hidden feature, and of several: ``("was removed", "were removed")``.

    Examples
    --------
    >>> Kind("graph", page=lambda explanation, facts: "<svg></svg>").without
    ('was off', 'were off')
    """

    name: str
    page: Draw | None = None
    figure: DrawFigure | None = None
    height: Callable[[Layout], float] | None = None
    terminal: Draw | None = None
    data: Callable[[Explanation], dict[str, Any]] | None = None
    verb: str = "leave out"
    hint: str = "Click a feature to see what the surrogate expects without it."
    without: tuple[str, str] = ("was off", "were off")


_KINDS: dict[str, Kind] = {}


def register(kind: Kind) -> None:
    """Add a kind of layout, for the whole process.

    Parameters
    ----------
    kind
        Registering the same one again does nothing.

    Raises
    ------
    InputError
        If another kind has that name, or its name cannot be a class of HTML.

    Examples
    --------
    >>> register(Kind("bars"))
    """
    if not kind.name.isidentifier():
        raise InputError(f"kind: expected a name of letters, digits and _, got {kind.name!r}; rename it.")
    if _KINDS.setdefault(kind.name, kind) != kind:
        raise InputError(f"kind: {kind.name!r} is drawn otherwise already; choose another name.")


def names() -> tuple[str, ...]:
    """Return the kinds of layout that may be used, in the order in which they were registered.

    >>> names()[:5]
    ('table', 'text', 'prompt', 'raster', 'series')
    """
    return tuple(_KINDS)


def kind_of(explanation: Explanation) -> Kind:
    """Return how an explanation's layout is shown; one that nobody registered is shown as bars."""
    return _KINDS.get(str(explanation.layout.get("kind")), _KINDS["bars"])


register(Kind("table", without=("did not hold", "did not hold")))
register(
    Kind(
        "text",
        page=passage.passage,
        figure=figure_text.draw_text,
        height=figure_text.text_height,
        terminal=blocks.draw_text,
        verb="strike out",
        hint="Click a word to strike it out and see what the surrogate then expects.",
        without=("was removed", "were removed"),
    )
)
register(
    Kind(
        "prompt",
        page=prompt.page,
        terminal=prompt.terminal,
        verb="strike out",
        hint="Click a unit to strike it out and see what the surrogate then expects.",
        without=("was removed", "were removed"),
    )
)
register(
    Kind(
        "raster",
        page=raster.raster,
        figure=canvas.draw_raster,
        height=canvas.raster_height,
        terminal=blocks.draw_raster,
        data=raster.island,
        verb="hide",
        hint="Click a segment to hide it and see what the surrogate then expects.",
        without=("was hidden", "were hidden"),
    )
)
register(
    Kind(
        "series",
        page=series.series,
        figure=canvas.draw_series,
        height=canvas.series_height,
        verb="replace",
        hint="Click a window to replace it and see what the surrogate then expects.",
        without=("was replaced", "were replaced"),
    )
)
register(
    Kind(
        "mixed",
        page=mixed.page,
        figure=mixed.figure,
        height=mixed.height,
        terminal=mixed.terminal,
        data=mixed.data,
        verb="hide",
        hint="Click a word, a segment or a window to hide it and see what the surrogate then expects.",
        without=("was off", "were off"),
    )
)
register(Kind("bars"))
