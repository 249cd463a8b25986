"""What is reserved counts as spent until the answer says what it took: worked with round prices."""

from __future__ import annotations

import threading

import pytest

from limelight.errors import BudgetSpent
from limelight.remote.limits import Limits, Price
from limelight.remote.meter import Load, Meter

PRICE = Price(per_request=1.0, per_row=0.5, per_million_in=1e6, per_million_out=2e6)


def test_an_answer_costs_what_the_server_says_and_else_what_was_reserved() -> None:
    meter = Meter(Limits(price=PRICE))
    load = Load(2, tokens_in=10, tokens_out=5)
    meter.reserve(load, again=False)
    meter.answered(load, (4, 1))
    assert meter.usage.cost == 1 + 1 + 4 + 2
    assert (meter.usage.tokens_in, meter.usage.tokens_out) == (4, 1)
    meter.reserve(load, again=True)
    meter.answered(load, None)
    assert meter.usage.cost == 8 + (1 + 1 + 10 + 10)
    # nobody counted them: they are paid for, and not told as counted
    assert (meter.usage.tokens_in, meter.usage.tokens_out) == (4, 1)
    assert (meter.usage.requests, meter.usage.retries, meter.usage.rows) == (2, 1, 4)


def test_a_request_without_an_answer_costs_all_or_nothing_and_no_row() -> None:
    meter = Meter(Limits(price=PRICE))
    for charged, cost in ((False, 0.0), (True, 2.0)):
        meter.reserve(Load(2), again=False)
        meter.failed(Load(2), charged=charged)
        assert meter.usage.cost == cost
    assert meter.usage.rows == 0
    assert meter.usage.requests == 2


def test_the_request_that_would_pass_a_cap_is_not_sent_and_what_a_smaller_answer_left_may_be_spent() -> None:
    meter = Meter(Limits(max_cost=20.0, price=PRICE))
    load = Load(0, tokens_in=15)
    meter.reserve(load, again=False)
    meter.answered(load, (3, 0))  # 4 of 20, and not 16
    meter.reserve(load, again=False)
    meter.answered(load, (3, 0))
    with pytest.raises(BudgetSpent, match="max_cost: 8 USD is spent, and the next request may cost 16, of 20"):
        meter.reserve(load, again=False)
    assert meter.usage.requests == 2


def test_rows_and_requests_are_capped_by_their_own_count() -> None:
    rows = Meter(Limits(max_rows=5))
    rows.reserve(Load(3), again=False)
    rows.answered(Load(3), None)
    with pytest.raises(BudgetSpent, match="max_rows: 3 rows are spent, and the next request has 3, of 5 allowed"):
        rows.reserve(Load(3), again=False)
    requests = Meter(Limits(max_requests=1))
    requests.reserve(Load(1), again=False)
    with pytest.raises(BudgetSpent, match="max_requests: 1 requests are spent"):
        requests.reserve(Load(1), again=False)


def test_where_too_little_is_left_it_waits_for_the_requests_on_their_way() -> None:
    meter = Meter(Limits(max_rows=5))
    meter.reserve(Load(4), again=False)
    waiting = threading.Thread(target=meter.reserve, args=(Load(4),), kwargs={"again": False})
    waiting.start()
    waiting.join(0.05)
    assert waiting.is_alive()  # 4 of 5 are reserved, and may yet come back
    meter.failed(Load(4), charged=False)
    waiting.join(10)
    assert not waiting.is_alive()
    assert meter.usage.requests == 2


def test_rows_from_the_cache_are_counted_apart_and_cost_nothing() -> None:
    meter = Meter(Limits(price=PRICE))
    meter.remembered(3)
    meter.remembered(2)
    assert (meter.usage.cached, meter.usage.rows, meter.usage.cost) == (5, 0, 0.0)
