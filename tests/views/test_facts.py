"""How numbers are written, and what is said of a target: worked by hand, and as laws of the writing."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st

from limelight.views import facts as f
from limelight.views.facts import MINUS, Numbers, Row


@given(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12))
def test_a_number_reads_back_within_a_unit_of_its_last_digit_and_zero_has_no_sign(value: float, other: float) -> None:
    numbers = Numbers.fitting([value, other])
    written = numbers.text(value)
    back = float(written.replace(MINUS, "-").replace(",", ""))
    assert back == pytest.approx(value, abs=0.6 * max(abs(value), abs(other)) / 100)
    assert written.lstrip(MINUS).strip("0.,") or not written.startswith(MINUS)
    signed = numbers.signed(value)
    assert signed.startswith(("+", MINUS)) == bool(written.strip(f"0.,{MINUS}"))


def test_the_largest_has_three_digits_and_very_large_and_small_ones_are_powers_of_ten() -> None:
    assert Numbers.fitting([99.4]).text(99.4) == "99.4"
    assert Numbers.fitting([1e-4]).decimals == 6
    assert Numbers.fitting([9e-5]).decimals is None
    assert Numbers.fitting([1e9]).text(1.5e9) == "1.50e9"
    assert Numbers.fitting([]).decimals == 2
    assert Numbers.fitting([math.nan, 0.5]).decimals == 3
    assert Numbers(2).text(math.nan) == "unknown"


def test_bars_add_up_from_the_base_over_what_is_shown_and_the_rest_to_the_surrogate() -> None:
    told = f.target_facts(samples.table())
    assert told.rest == pytest.approx(0.006 + 0.002 + 0.001)
    assert told.additive
    assert told.intercept + sum(row.weight for row in told.rows) + told.rest == pytest.approx(told.local_prediction)
    broken = samples.table()
    assert not f.target_facts(replace(broken, local_prediction=broken.local_prediction + 0.1)).additive


def test_a_sign_is_certain_where_the_interval_leaves_zero_out_or_there_is_none() -> None:
    row = Row(0, "a", "", 0.1, -0.1, 0.3, False)
    assert not row.certain
    assert replace(row, low=0.01).certain
    assert replace(row, high=-0.01).certain
    assert replace(row, exact=True).certain
    assert f.point_text(replace(row, exact=True)) == "exact"
    assert f.point_text(replace(row, tied=True)) == "none seen"
    assert f.interval_text(row, Numbers(1)) == f"{MINUS}0.1 to 0.3"


def test_a_name_is_cut_in_its_column_first_and_what_it_says_last() -> None:
    row = Row(0, "0.049 < mean concave points ≤ 0.074", "0.051", 0.1, 0.0, 0.2, False, column="mean concave points")
    assert row.short(99) == "0.049 < mean concave points ≤ 0.074 (0.051)"
    assert row.short(30) == "0.049 < mean co…points ≤ 0.074"
    assert row.short(30).startswith("0.049 < mean")


def test_a_curve_of_rounding_errors_is_none() -> None:
    told = samples.average()
    assert f.target_facts(told).rows[0].effect is not None
    (curves,) = told.curves
    still = tuple(replace(each, effects=each.effects * 1e-12) for each in curves)
    assert all(row.effect is None for row in f.target_facts(replace(told, curves=(still,))).rows)


def test_a_single_output_is_a_value_and_of_several_the_largest_is_said() -> None:
    assert f.verdict(samples.table()) == ">50K (0.951)"
    assert f.verdict(samples.bars()).endswith(" for price")


def test_an_error_decides_how_many_places_a_share_has() -> None:
    assert f.share_text(0.8312, 0.0051) == "0.83 ± 0.01"
    assert f.share_text(0.8312, 0.0049) == "0.831 ± 0.005"
    assert f.share_text(0.8312, 0.0004) == "0.83"
    assert f.share_text(math.nan, 0.1) == "unknown"
    assert f.percent_text(0.254, 0.0095) == "25 ± 1 %"
    assert f.percent_text(0.254, 0.0094) == "25.4 ± 0.9 %"


def test_what_it_took_is_said_and_rows_that_are_not_kept_are_left_out() -> None:
    told = samples.table()
    assert f.cost_text(told) == "1,000 perturbations (effective 412), 1,001 model rows, seed 7"
    one = replace(told.provenance, cost=replace(told.provenance.cost, model_rows=1), shared=True)
    assert f.cost_text(replace(told, provenance=one)) == (
        "1,000 perturbations (shared neighborhood, effective 412), 1 model row, seed 7"
    )
    none = replace(told.provenance, cost=replace(told.provenance.cost, model_rows=0))
    assert "model row" not in f.cost_text(replace(told, provenance=none))


def test_with_a_gap_nothing_is_said_of_the_order() -> None:
    told = samples.doubtful(samples.table())
    facts = f.target_facts(told)
    assert f.doubts(told, facts, str)
    assert f.doubts(told, replace(facts, cause="gap"), str) == []
    assert np.isfinite(facts.fidelity)
