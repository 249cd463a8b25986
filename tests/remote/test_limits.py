"""Limits are checked when they are set: every one has its range, and money needs a price."""

from __future__ import annotations

import math

import pytest

from limelight.errors import InputError, UnknownNameError
from limelight.remote.limits import Limits, Price


def test_a_price_is_a_sum_over_requests_rows_and_millions_of_tokens() -> None:
    price = Price(per_request=0.5, per_row=0.25, per_million_in=2.0, per_million_out=8.0)
    assert price.of(requests=2, rows=4) == 2.0
    assert price.of(tokens_in=500_000, tokens_out=250_000) == 3.0
    assert Price().of(requests=9, rows=9, tokens_in=9, tokens_out=9) == 0.0


@pytest.mark.parametrize(
    "name", ["concurrency", "attempts", "max_bytes", "rows_per_request", "max_requests", "max_rows"]
)
@pytest.mark.parametrize("value", [0, -1, 1.5, "8", True])
def test_counts_are_positive_integers(name: str, value: object) -> None:
    with pytest.raises(InputError, match=f"{name}: expected a positive integer, got {value!r}"):
        Limits(**{name: value})  # type: ignore[arg-type]
    assert getattr(Limits(**{name: 1}), name) == 1  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["timeout", "max_wait", "per_second"])
def test_waits_and_paces_are_above_zero_and_only_the_backoff_may_be_none(name: str) -> None:
    for value in (0, -1.0, math.inf, math.nan, "1", True):
        with pytest.raises(InputError, match=f"{name}: expected a number > 0"):
            Limits(**{name: value})  # type: ignore[arg-type]
    assert Limits(backoff=0.0).backoff == 0.0
    with pytest.raises(InputError, match="backoff: expected a number ≥ 0, got -1"):
        Limits(backoff=-1)


@pytest.mark.parametrize("name", ["concurrency", "attempts", "max_bytes", "timeout", "backoff", "max_wait"])
def test_what_always_has_a_limit_takes_no_none(name: str) -> None:
    with pytest.raises(InputError, match=name):
        Limits(**{name: None})  # type: ignore[arg-type]


def test_money_is_capped_by_a_price() -> None:
    with pytest.raises(InputError, match="max_cost: needs the price"):
        Limits(max_cost=1.0)
    with pytest.raises(InputError, match="max_cost: expected a number ≥ 0"):
        Limits(max_cost=-1.0, price=Price())
    with pytest.raises(InputError, match="price: expected a Price, got float"):
        Limits(price=0.1)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="price: per_row: expected a number ≥ 0"):
        Price(per_row=-0.1)
    assert Limits(max_cost=0.0, price=Price()).caps == ("max_cost",)


def test_caps_are_those_that_are_set_and_an_unknown_name_is_told_what_was_meant() -> None:
    assert Limits().caps == ()
    assert Limits(max_rows=3, max_requests=2).caps == ("max_requests", "max_rows")
    with pytest.raises(UnknownNameError, match="max_request"):
        Limits.of({"max_request": 3})
    assert Limits.of({"timeout": 3}).timeout == 3
