"""Texts and images in a terminal: which mark a word has, which two colours a character has."""

from __future__ import annotations

import re

import numpy as np
import pytest
import samples

from limelight.contracts import Feature, Where
from limelight.result.layouts import raster_layout, text_layout
from limelight.views import facts
from limelight.views.blocks import IMAGE_COLUMNS, PASSAGE, draw_raster, draw_text
from limelight.views.palette import TERMINAL, ansi
from limelight.views.raster import heat

pytest.importorskip("rich")


def test_a_word_is_marked_by_sign_size_and_doubt_and_the_rest_is_plain() -> None:
    text = "great dull maybe and so on"
    spans = {"great": (0, 5), "dull": (6, 10), "maybe": (11, 16)}
    features = [Feature(word, Where("word", word, (span,))) for word, span in spans.items()]
    told = samples.explanation(features, [[0.5, -0.1, 0.3]], stderr=[[0.01, 0.01, 0.9]], layout=text_layout(text))
    drawn = draw_text(told, facts.target_facts(told))
    assert drawn.plain.strip() == text
    up, down = ansi(TERMINAL.signed(1.0)), ansi(TERMINAL.signed(-1.0))
    marks = {drawn.plain[span.start : span.end]: str(span.style) for span in drawn.spans if str(span.style)}
    assert marks == {"great": f"black on {up}", "dull": f"bold {down}", "maybe": f"underline {up}"}


def test_of_a_long_text_the_beginning_is_shown() -> None:
    words = "word " * 2000
    features = [Feature(f"w{i}", Where("word", i, ((5 * i, 5 * i + 4),))) for i in range(2000)]
    told = samples.explanation(features, [[0.1] * 2000], layout=text_layout(words))
    drawn = draw_text(told, facts.target_facts(told))
    assert drawn.plain.endswith("…\n")
    assert PASSAGE < len(drawn.plain) <= PASSAGE + 10


def test_a_character_is_two_pixels_the_upper_one_its_ink() -> None:
    labels = np.array([[0, 0], [1, 1]])
    told = samples.explanation(
        [Feature(f"segment {i}", Where("segment", i)) for i in (0, 1)], [[0.5, 0.0]], layout=raster_layout(labels, None)
    )
    told_facts = facts.target_facts(told)
    drawn = draw_raster(told, told_facts)
    assert drawn.plain == "▀▀\n"
    found = re.findall(r"rgb\((\d+),(\d+),(\d+)\)", str(drawn.spans[0].style))
    upper, lower = (tuple(map(int, each)) for each in found)
    over = heat(labels, {0: (0.5, True)}, outlined=False)[0, 0].astype(float)
    share = over[3] / 255
    expected = tuple((over[:3] * share + 128 * (1 - share)).astype(int).tolist())
    assert upper == expected
    assert lower == (128, 128, 128)


def test_an_image_is_as_wide_as_there_is_room_and_keeps_its_shape() -> None:
    labels = np.zeros((60, 240), int)
    told = samples.explanation([Feature("s", Where("segment", 0))], [[0.5]], layout=raster_layout(labels, None))
    lines = draw_raster(told, facts.target_facts(told)).plain.splitlines()
    assert len(lines[0]) == IMAGE_COLUMNS
    assert len(lines) == IMAGE_COLUMNS // 4 // 2
