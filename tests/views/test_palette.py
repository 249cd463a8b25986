"""Colours that can be read on both grounds, and told apart by everybody."""

from __future__ import annotations

import numpy as np
import pytest

from limelight.views.palette import DARK, FIGURE, LIGHT, Colour, Palette, ansi, hexadecimal, style, variables


def luminance(colour: Colour) -> float:
    """Relative luminance, by WCAG 2.1."""
    parts = [part / 255 for part in colour]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot([0.2126, 0.7152, 0.0722], linear))


def contrast(first: Colour, second: Colour) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def over(front: Colour, opacity: float, ground: Colour) -> Colour:
    mixed = [round(opacity * a + (1 - opacity) * b) for a, b in zip(front, ground, strict=True)]
    return mixed[0], mixed[1], mixed[2]


GROUNDS = pytest.mark.parametrize("palette", [LIGHT, DARK, FIGURE], ids=["light", "dark", "figure"])


@GROUNDS
@pytest.mark.parametrize("name", ["ink", "soft", "positive", "negative"])
def test_what_is_read_has_the_contrast_that_text_needs(palette: Palette, name: str) -> None:
    for ground in (palette.ground, palette.card):
        assert contrast(getattr(palette, name), ground) >= 4.5


@GROUNDS
def test_ink_can_be_read_over_the_strongest_mark_and_over_a_warning(palette: Palette) -> None:
    for mark in (palette.positive, palette.negative):
        assert contrast(palette.ink, over(mark, palette.most, palette.card)) >= 4.5
    assert contrast(palette.ink, palette.warning) >= 4.5


@GROUNDS
def test_bars_stand_out_from_the_ground(palette: Palette) -> None:
    for mark in (palette.positive, palette.negative):
        assert contrast(over(mark, palette.bar, palette.card), palette.card) >= 3.0


# [machado2009], severity 1
SEEN = {
    "protanopia": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deuteranopia": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
    "tritanopia": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
}


@GROUNDS
@pytest.mark.parametrize("sight", SEEN)
def test_raising_and_lowering_are_told_apart_with_every_kind_of_sight(palette: Palette, sight: str) -> None:
    both = [np.array(SEEN[sight]) @ np.array(colour) for colour in (palette.positive, palette.negative)]
    assert np.linalg.norm(both[0] - both[1]) > 80  # of 255 a channel


def test_a_sheet_names_every_colour_and_none_of_its_own() -> None:
    sheet = style(":root { /* light */ } @media (prefers-color-scheme: dark) { :root { /* dark */ } }")
    assert f"--pos: {hexadecimal(LIGHT.positive)};" in sheet
    assert f"--pos: {hexadecimal(DARK.positive)};" in sheet
    assert "/*" not in sheet
    names = ("bg", "card", "wash", "line", "ink", "soft", "pos", "neg", "nil", "warn", "warn-line", "most", "bar")
    assert [name for name in names if f"--{name}:" not in variables(DARK)] == []


def test_a_colour_is_written_in_full() -> None:
    assert hexadecimal((0, 10, 255)) == "#000aff"
    assert ansi((0, 10, 255)) == "rgb(0,10,255)"


def test_the_sign_decides_and_zero_has_none() -> None:
    assert [LIGHT.signed(weight) for weight in (1e-12, -1e-12, 0.0, -0.0)] == [
        LIGHT.positive,
        LIGHT.negative,
        LIGHT.zero,
        LIGHT.zero,
    ]
