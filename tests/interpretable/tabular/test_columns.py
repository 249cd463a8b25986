"""One value in one canonical form, however it was given; its bin; and what a person reads."""

from __future__ import annotations

import datetime
import math
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.interpretable.tabular.columns import (
    UNKNOWN,
    Column,
    bin_names,
    read_value,
    show_number,
    show_value,
    stable_repr,
)


def ages(**how: Any) -> Column:
    settings: dict[str, Any] = {"edges": (28.0, 37.0), "codes": {}, "missing": UNKNOWN, "low": 17.0, "high": 90.0}
    names = ("age ≤ 28", "28 < age ≤ 37", "age > 37")
    return Column("age", "integer", "", names=names, **(settings | how))


@pytest.mark.parametrize(
    ("given", "type", "unit", "want"),
    [
        (39.0, "integer", "", 39),
        (np.int8(3), "float", "", 3.0),
        (np.float32(0.1), "float", "float32", float(np.float32(0.1))),
        (0.1, "float", "float32", float(np.float32(0.1))),
        (Decimal("1.5"), "float", "decimal", 1.5),
        (2**63 + 1, "integer", "", 2**63 + 1),
        (np.bool_(True), "boolean", "", True),
        (0, "boolean", "", False),
        (datetime.date(1970, 1, 3), "datetime", "D", 2),
        (pd.Timestamp("1970-01-01 00:00:01"), "datetime", "ms", 1000),
        (pd.Timedelta("2s"), "duration", "s", 2),
        (pd.NA, "string", "", None),
        (pd.NaT, "datetime", "s", None),
        (np.datetime64("NaT", "s"), "datetime", "s", None),
        (float("nan"), "integer", "", None),
        (np.str_("a"), "string", "", "a"),
        ((1, 2), "other", "", (1, 2)),
    ],
)
def test_a_value_has_one_canonical_form(given: Any, type: Any, unit: str, want: Any) -> None:
    found = read_value(given, type, unit, "x")
    assert found == want
    assert found is None or found.__class__ in (int, float, bool, str, tuple)


@pytest.mark.parametrize(
    ("given", "type", "said"),
    [
        (2.5, "integer", "a whole number"),
        ("39", "integer", "a whole number"),
        (math.inf, "float", "a number"),
        (2, "boolean", "True or False"),
        (1, "string", "a string"),
        ("2024-01-01", "datetime", "a date"),
        (3, "duration", "a duration"),
        ([1], "other", "a hashable value"),
        (2.0**53 + 2, "integer", "stands for several integers"),
    ],
)
def test_a_value_of_another_type_names_the_column_and_what_was_expected(given: Any, type: Any, said: str) -> None:
    with pytest.raises(ll.InputError, match=f"column 'x': expected.*{said}|{said}"):
        read_value(given, type, "s" if type in ("datetime", "duration") else "", "x")


def test_minus_zero_is_zero() -> None:
    assert math.copysign(1, read_value(-0.0, "float", "", "x")) == 1
    assert math.copysign(1, read_value(np.float32(-0.0), "float", "", "x")) == 1


def test_a_local_time_is_never_taken_for_an_instant_nor_the_other_way_round() -> None:
    aware, naive = pd.Timestamp("2024-01-01", tz="Asia/Tokyo"), pd.Timestamp("2024-01-01")
    with pytest.raises(ll.InputError, match="without one; say by which clock"):
        read_value(naive, "datetime", "s", "at", zone="Asia/Tokyo")
    with pytest.raises(ll.InputError, match="tz_localize"):
        read_value(aware, "datetime", "s", "at")
    in_utc = datetime.datetime(2023, 12, 31, 15, tzinfo=datetime.UTC)
    assert read_value(aware, "datetime", "s", "at", zone="Asia/Tokyo") == int(in_utc.timestamp())


def test_an_edge_belongs_to_the_bin_below_and_nothing_lies_beyond_the_background() -> None:
    assert [ages().code_of(age) for age in (17, 28, 29, 37, 38, 90)] == [0, 0, 1, 1, 2, 2]
    assert [ages().code_of(age) for age in (16, 91, None)] == [UNKNOWN] * 3
    assert ages(missing=3).code_of(None) == 3
    assert ages().name_of(UNKNOWN, 16) == "age = 16"
    assert ages().name_of(UNKNOWN, None) == "age is missing"
    assert ages().name_of(1, 30) == "28 < age ≤ 37"


def test_a_standardised_value_is_zero_at_the_mean_and_where_it_is_missing() -> None:
    column = ages(continuous=True, mean=40.0, scale=5.0)
    assert [column.standardize(value) for value in (40, 50, None)] == [0.0, 2.0, 0.0]


def test_bins_are_told_apart_by_as_many_digits_as_that_takes() -> None:
    names = bin_names("x", (0.123451, 0.123452), "float", "")
    assert names == ("x ≤ 0.123451", "0.123451 < x ≤ 0.123452", "x > 0.123452")


@pytest.mark.parametrize(
    ("number", "shown"),
    [(1e15, "1e+15"), (-1234.5678, "-1234.6"), (0.00012345, "0.0001234"), (9.99e-5, "9.99e-05"), (100.0, "100")],
)
def test_numbers_are_shown_with_four_digits_and_whole_ones_in_full(number: float, shown: str) -> None:
    assert show_number(number) == shown


def test_durations_and_days_read_like_durations_and_days() -> None:
    assert show_value(90, "duration", "s") == "0:01:30"
    assert show_value(1500, "datetime", "ms") == "1970-01-01 00:00:01.5"


def test_a_repr_holds_no_address_and_no_order_of_a_set() -> None:
    assert stable_repr([object(), {"b", "a"}]) == "[<object object>, set('a', 'b')]"


@pytest.mark.parametrize("value", [float("inf"), -np.inf, np.float32("inf")])
@pytest.mark.parametrize("kind", ["float", "integer"])
def test_an_infinite_value_is_called_by_its_name(value: float, kind: str) -> None:
    with pytest.raises(ll.InputError, match="'age': expected a finite number, got -?inf, which has no place"):
        read_value(value, kind, "", "age")
