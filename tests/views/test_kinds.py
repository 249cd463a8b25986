"""One table of layout kinds and one palette: a sixth kind is legal everywhere, a colour is written once."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import samples

from limelight import Components
from limelight.errors import InputError
from limelight.testing import LawError, check_modality
from limelight.views import figure, html, kinds, markdown, palette, terminal
from limelight.views.kinds import Kind, register

VIEWS = Path(palette.__file__).parent


@pytest.fixture
def graph(monkeypatch: pytest.MonkeyPatch) -> Iterator[Kind]:
    """A sixth kind, for one test."""
    monkeypatch.setattr(kinds, "_KINDS", dict(kinds._KINDS))

    def draw(explanation: Any, facts: Any, figure: Any) -> None:
        figure.add_subplot().set_title("a graph")

    kind = Kind(
        "graph",
        page=lambda explanation, facts: '<svg role="img" aria-label="a graph"></svg>',
        figure=draw,
        height=lambda layout: 1.0,
        verb="cut",
        hint="Click an edge to cut it.",
        without=("was cut", "were cut"),
    )
    register(kind)
    yield kind


@dataclass(frozen=True)
class Graphs:
    """Components whose layout is of another kind."""

    inner: Any
    kind: str

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.inner, name)

    def represent(self, instance: Any, rng: np.random.Generator) -> Any:
        return Graph(self.inner.represent(instance, rng), self.kind)


@dataclass(frozen=True)
class Graph:
    inner: Any
    kind: str

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(self.inner, name)

    def layout(self) -> dict[str, Any]:
        return {"kind": self.kind}


def multiply(masks: Any, instance: float) -> Any:
    return np.asarray(masks) * instance


def test_a_modality_of_a_registered_kind_keeps_the_laws_and_one_of_an_unknown_kind_is_told_how(graph: Kind) -> None:
    parts = Components(["a", "b", "c"], compose=multiply)
    check_modality(Graphs(parts, "graph"), [1.0, 2.0])
    with pytest.raises(LawError, match=r"limelight\.views\.kinds\.register"):
        check_modality(Graphs(parts, "tree"), [1.0, 2.0])


def test_every_view_draws_a_registered_kind(graph: Kind) -> None:
    explanation = replace(samples.bars(), layout={"kind": "graph"})
    page = html.page(explanation)
    assert 'aria-label="a graph"' in page
    assert "Click an edge to cut it." in page
    assert "were cut, the surrogate expects" in explanation.describe()
    assert "were cut, the surrogate expects" in markdown.render(explanation)
    titles = [ax.get_title() for ax in figure.plot(explanation).figure.axes]
    assert "a graph" in titles
    assert "part 0" in terminal.render(explanation)


def test_a_kind_that_nobody_registered_is_drawn_as_bars() -> None:
    explanation = replace(samples.bars(), layout={"kind": "tree"})
    assert html.page(explanation) == html.page(samples.bars())
    assert markdown.render(explanation) == markdown.render(samples.bars())


def test_a_kind_is_registered_once_and_its_name_is_a_word(graph: Kind) -> None:
    register(graph)
    with pytest.raises(InputError, match="'graph' is drawn otherwise already"):
        register(replace(graph, verb="prune"))
    with pytest.raises(InputError, match="letters, digits and _"):
        register(Kind("a graph"))


def test_no_view_but_the_palette_writes_a_colour_of_its_own() -> None:
    # Left out: the white of a picture's labels with its black shadow, which lie on any picture, and grey behind one.
    allowed = {"#fff", "#000", "#x27", "rgb(128 128 128)"}
    written = re.compile(r"#[0-9a-fA-F]{3,8}\b|rgba?\(\s*\d+[\s,]+\d+[\s,]+\d+\s*\)")
    for file in [*VIEWS.glob("*.py"), *VIEWS.glob("static/*")]:
        if file.name != "palette.py":
            assert set(written.findall(file.read_text(encoding="utf-8"))) <= allowed, file.name


def luminance(colour: tuple[int, int, int]) -> float:
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(first: tuple[int, int, int], second: tuple[int, int, int]) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("ground", [palette.LIGHT, palette.DARK])
def test_signs_can_be_read_on_their_ground_and_words_on_the_strongest_mark(ground: palette.Palette) -> None:
    for colour in (ground.ink, ground.soft, ground.positive, ground.negative):
        assert contrast(colour, ground.ground) >= 4.5
        assert contrast(colour, ground.card) >= 4.5
    opacity = 0.08 + ground.most
    for colour in (ground.positive, ground.negative):
        mark = tuple(round(a * opacity + b * (1 - opacity)) for a, b in zip(colour, ground.card, strict=True))
        assert contrast(ground.ink, mark) >= 4.5  # type: ignore[arg-type]
