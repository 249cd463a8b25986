"""The curve beside a bar: which bins are drawn, on which scale, and this row's mark; worked on a few bins."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from limelight.result.effects import Effect
from limelight.views.curves import HEIGHT, curve, spark, svg, words
from limelight.views.facts import Numbers


def effect(effects: list[float], *, stderr: float = 0.0, shares: list[float] | None = None, own: int = 0) -> Effect:
    n = len(effects)
    given = np.array(shares or [1 / n] * n)
    return Effect(0, tuple(f"bin {i}" for i in range(n)), given, np.array(effects), np.full(n, stderr), own)


def test_the_scale_holds_zero_and_the_intervals_and_is_never_empty() -> None:
    drawn = curve(effect([0.2, 0.4], stderr=0.1))
    assert drawn is not None
    low, high = drawn.extent
    assert low == 0.0  # 0.2 − 0.196 is above zero, which is always there
    assert high == pytest.approx(0.4 + 1.959964 * 0.1)
    flat = curve(effect([0.0, 0.0]))
    assert flat is not None
    assert flat.extent == (-1.0, 1.0)


def test_of_many_bins_the_most_frequent_and_the_rows_own_are_kept_in_their_order() -> None:
    many = effect([0.1, 0.2, 0.3, 0.4, 0.5], shares=[0.4, 0.05, 0.3, 0.05, 0.2], own=3)
    drawn = curve(many, most=3)
    assert drawn is not None
    assert drawn.middle.tolist() == [0.1, 0.3, 0.4]
    assert drawn.own == 2


def test_one_known_bin_is_no_curve_and_two_are() -> None:
    assert curve(effect([math.nan, 0.1])) is None
    assert spark(effect([math.nan, 0.1])) == ""
    assert svg(effect([math.nan, 0.1]), Numbers(2)) == ""
    assert spark(effect([math.nan, 0.1, -0.1], own=1)) == "·[█]▁"


def test_the_drawing_stands_on_its_scale_and_lifts_the_pen_where_nothing_is_known() -> None:
    page = svg(effect([1.0, math.nan, -1.0], own=2), Numbers(1))
    assert f'<path class="steps" d="M0 0H1M2 {HEIGHT}H3"/>' in page
    middle = round(HEIGHT / 2)
    assert re.search(rf'class="base" d="M0 {middle}H3"', page)
    assert f'<rect class="neg" x="2" y="{middle}"' in page


def test_a_rows_bin_outside_of_the_background_is_said_and_not_marked() -> None:
    outside = effect([0.1, -0.1], own=-1)
    assert words(outside, Numbers(1)) == "Effects of 2 bins, −0.1 to +0.1. This row is outside of the background."
    assert "<rect" not in svg(outside, Numbers(1))
    assert "[" not in spark(outside)


def test_the_first_bin_may_be_this_rows() -> None:
    assert words(effect([0.1, -0.1], own=0), Numbers(1)).endswith("This row: bin 0, +0.1.")
    assert spark(effect([0.1, -0.1], own=0)).startswith("[")
