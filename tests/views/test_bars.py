"""The table of bars on a page: round ticks, where a waterfall starts and ends, what is folded away."""

from __future__ import annotations

import re

import samples
from hypothesis import given
from hypothesis import strategies as st

from limelight.views import bars, facts


@given(st.floats(-1e6, 0), st.floats(1e-6, 1e6))
def test_ticks_are_round_lie_inside_hold_zero_and_are_not_many(low: float, high: float) -> None:
    found = bars.ticks(low, high)
    assert 0.0 in found
    assert 1 <= len(found) <= 6
    slack = 1e-6 * (high - low)
    assert all(low - slack <= tick <= high + slack for tick in found)
    if len(found) > 1:
        step = found[1] - found[0]
        assert f"{step:.0e}"[0] in "125"


def test_a_step_is_the_smallest_of_one_two_and_five_that_makes_few_ticks() -> None:
    assert bars.ticks(0.0, 4.0) == [0.0, 1.0, 2.0, 3.0, 4.0]
    assert bars.ticks(0.0, 4.1) == [0.0, 2.0, 4.0]
    assert bars.ticks(-3.0, 15.0) == [0.0, 5.0, 10.0, 15.0]


def test_a_waterfall_starts_at_the_intercept_and_each_bar_where_the_one_before_ends() -> None:
    told = facts.target_facts(samples.bars())
    starts = bars._starts(told)
    assert starts == [210000.0, 335000.0, 301000.0, 303100.0, 303900.0]
    low, high = bars._waterfall_bounds(told, starts)
    # the second bar's interval reaches highest, by its own 1.96 · 900 above 335,000; the intercept is lowest
    assert low < 210000.0
    assert high > 335000.0 + 1.96 * 900


def test_the_row_of_all_others_holds_what_is_not_shown() -> None:
    told = samples.table()
    page = bars.bar_table(facts.target_facts(told))
    # 0.006 + 0.002 + 0.001 are not shown
    assert re.search(r"All other features</th>.*?\+0\.009", page)
    assert page.count("<tr class") == 9 + 3  # rows; and the waterfall's two ends and what is left over


def test_a_bar_of_unknown_sign_says_so_and_the_legend_with_it() -> None:
    sure = facts.target_facts(samples.bars())
    page = bars.bar_table(sure)
    assert page.count('class="q"') == 1
    assert "sign not known" in page
    assert "lowers it" in page
    none = bars.bar_table(facts.TargetFacts(0, "y", 0, 0, 0, 1, 0, 1, (), 0, True))
    assert "No feature is shown" in none
    assert "<table" not in none


def test_features_that_are_not_shown_are_folded_in_their_own_order_the_largest_of_many() -> None:
    told = samples.table()
    page = bars.other_features(told, facts.target_facts(told))
    assert "3 other features" in page
    assert re.findall(r'data-f="(\d+)"', page) == ["9", "10", "11"]
    short = bars.other_features(told, facts.target_facts(told), limit=2)
    assert re.findall(r'data-f="(\d+)"', short) == ["9", "10"]
    assert "… and 1 with smaller weights" in short
    assert bars.other_features(samples.bars(), facts.target_facts(samples.bars())) == ""


def test_a_level_of_the_waterfall_is_a_line_and_what_the_others_add_a_bar() -> None:
    page = bars.bar_table(facts.target_facts(samples.table()))
    first, others, last = re.findall(r'<tr class="end.*?</tr>', page)
    for level in (first, last):
        assert 'class="stop"' in level
        assert 'class="fill"' not in level
    assert 'class="fill"' in others
    assert 'class="stop"' not in others
