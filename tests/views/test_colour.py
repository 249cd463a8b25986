"""Bars of a terminal in colour: where they start and end, what is hollow, where the whisker lies."""

from __future__ import annotations

from dataclasses import replace

import pytest
import samples

from limelight.views import terminal
from limelight.views.colour import bar, drawing
from limelight.views.facts import Row

pytest.importorskip("rich")
ROW = Row(0, "a", "", 0.5, 0.5, 0.5, True)


def test_a_bar_runs_from_zero_to_its_weight() -> None:
    # ten cells over −1 … 1: zero is the sixth, ½ the eighth
    assert bar(ROW, -1.0, 1.0, 10).plain == "     │██  "
    assert bar(replace(ROW, weight=-0.5), -1.0, 1.0, 10).plain == "  ███│    "


def test_a_whisker_lies_over_the_bar_and_an_unknown_sign_is_hollow() -> None:
    sure = replace(ROW, exact=False, low=0.1, high=0.9)
    assert bar(sure, -1.0, 1.0, 10).plain == "     ├───┤"
    unsure = replace(ROW, exact=False, low=-0.1, high=0.9)
    assert bar(unsure, -1.0, 1.0, 20).plain == "         ├─────────┤"
    narrow = replace(ROW, exact=False, low=0.49, high=0.49)
    assert bar(narrow, -1.0, 1.0, 10).plain == "     │█┼  "


def test_a_drawing_says_what_the_plain_terminal_says() -> None:
    told = samples.average()
    words = " ".join(drawing(told, 110).plain.split())
    for row in terminal.render(told).splitlines():
        if "±" in row and "R²" in row:
            assert row.split("R²")[1].split()[0] in words
    assert "contributions against the average row" in words
    assert words.startswith("The model says >50K (0.951)")
    assert "this row's in brackets" in words


def test_every_line_fits_into_its_width() -> None:
    for width in (80, 100):
        lines = drawing(samples.table(), width).plain.splitlines()
        assert max(len(line) for line in lines if "│" in line or "█" in line) <= width
