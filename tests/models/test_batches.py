"""Where batches are cut, and how their size is learned; the clock is played by numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limelight.errors import InputError
from limelight.models.batches import BATCH_BYTES, AdaptiveSize, Batch, FixedSize, Queue, batch_size_rule


def sizes(
    seconds: Callable[[int], float], remaining: int = 1_000_000, *, calls: int = 12, cap: int = 16384
) -> list[int]:
    """The sizes of the first batches when a batch of n rows takes `seconds(n)`."""
    rule, asked = AdaptiveSize(cap), []
    for _ in range(calls):
        rows = rule.rows(remaining, 8.0)
        rule.learn(rows, seconds(rows))
        asked.append(rows)
    return asked


@given(st.lists(st.integers(0, 6), min_size=1, max_size=12), st.integers(1, 9), st.integers(1, 9))
def test_a_queue_hands_out_every_row_once_in_order(counts: list[int], window: int, batch: int) -> None:
    every_row = [(part, row) for part, n in enumerate(counts) for row in range(n)]
    queue = Queue((np.array([[part, row] for row in range(n)]).reshape(n, 2) for part, n in enumerate(counts)), window)
    poured = []
    while remaining := queue.pull():
        for part, first, inputs in queue.take(min(batch, remaining)):
            assert inputs[:, 0].tolist() == [part] * len(inputs)
            assert inputs[:, 1].tolist() == list(range(first, first + len(inputs)))
            poured += [(part, row) for row in inputs[:, 1].tolist()]
    assert poured == every_row
    assert queue.sizes == counts
    assert (queue.total, queue.done) == (len(every_row), len(counts))


def test_a_queue_reads_no_further_than_one_window_ahead() -> None:
    pulled = []

    def parts() -> Iterator[Any]:
        for number in range(100):
            pulled.append(number)
            yield np.zeros((10, 3))

    queue = Queue(parts(), 25)
    queue.pull()
    assert len(pulled) == 3
    queue.take(20)
    queue.pull()
    assert len(pulled) == 5


def test_a_queue_holds_no_more_bytes_than_a_batch_may_have() -> None:
    queue = Queue((np.zeros((1, BATCH_BYTES // 16)) for _ in range(100)), 1000)
    assert queue.pull() == 2


def test_a_batch_ends_where_the_form_of_the_inputs_changes() -> None:
    queue = Queue([np.zeros((2, 3)), np.zeros((2, 3)), np.zeros((2, 4))], 100)
    assert queue.pull() == 4


def test_a_batch_says_where_it_is() -> None:
    assert str(Batch(1, 0, 100, 100)) == "batch 1 (rows 0–99 of 100)"
    assert str(Batch(2, 7, 8, 9)) == "batch 2 (row 7 of 9)"
    assert str(Batch(2, 7, 8, None)) == "batch 2 (row 7)"


def test_a_fixed_size_is_kept_exactly() -> None:
    rule = FixedSize(7)
    rule.learn(7, 1e-9)
    assert [rule.rows(remaining, 1e9) for remaining in (100, 7, 3)] == [7, 7, 3]


def test_a_cheap_model_gets_the_largest_batch_after_one_trial() -> None:
    assert sizes(lambda n: 0.005 + n * 1e-6, calls=3) == [256, 16130, 16130]  # 62 equal batches of at most 16384


def test_five_thousand_cheap_rows_are_two_calls() -> None:
    rule = AdaptiveSize(16384)
    first = rule.rows(5000, 8.0)
    rule.learn(first, 0.003)
    assert rule.rows(5000 - first, 8.0) == 5000 - first
    assert first <= 256


def test_growth_aims_at_a_second() -> None:
    assert sizes(lambda n: 0.1 + n * 1e-3, calls=3)[1] == pytest.approx(256 / 0.356, rel=0.01)


def test_a_step_that_made_it_slower_is_taken_back() -> None:
    asked = sizes(lambda n: n * (1e-4 if n <= 256 else 3e-4))
    assert asked[1] > 5000
    assert set(asked[2:]) == {asked[0]}


def test_a_model_of_constant_cost_keeps_the_larger_batch() -> None:
    asked = sizes(lambda n: n * 1e-4)
    assert asked[1] == asked[-1] > 9000


@pytest.mark.parametrize("row", [0.005, 0.03, 2.0])
def test_slow_rows_never_make_batches_grow(row: float) -> None:
    assert sizes(lambda n: n * row)[:3] == [256, 64, 256]  # one smaller trial, no better: back


@pytest.mark.parametrize("faster", [1, 3])
def test_a_network_that_prefers_small_batches_gets_them(faster: int) -> None:
    per_second = {256: 25, 64: 30, 16: 40, 4: 60, 1: 61}
    asked = sizes(lambda n: n / (faster * per_second[n]))
    assert asked[:5] == [256, 64, 16, 4, 1]
    assert set(asked[5:]) == {4}


def test_a_slow_start_is_forgiven() -> None:
    warm_up = iter([10.0])
    assert sizes(lambda n: next(warm_up, 0.0) + 0.002 + n * 1e-5)[-1] > 10_000


def test_small_asks_teach_nothing() -> None:
    rule = AdaptiveSize(16384)
    for rows in (1, 31):
        rule.learn(rows, 5.0)
    assert (rule.size, rule.settled) == (256, False)


def test_what_is_left_at_the_end_is_no_trial() -> None:
    rule = AdaptiveSize(16384)
    rule.learn(256, 0.01)
    rule.learn(40, 0.01)
    assert not rule.settled


@given(st.lists(st.floats(0, 100), max_size=40), st.integers(1, 300_000), st.floats(1, 1e9), st.integers(1, 20_000))
def test_a_batch_is_never_empty_too_long_or_too_heavy(
    clock: list[float], remaining: int, weight: float, cap: int
) -> None:
    rule = AdaptiveSize(cap)
    for seconds in [*clock, 1.0]:
        rows = rule.rows(remaining, weight)
        assert 1 <= rows <= min(remaining, cap)
        assert rows == 1 or rows * weight <= BATCH_BYTES
        rule.learn(rows, seconds)


@pytest.mark.parametrize("bad", [0, -1, 2.5, "many", None, True])
def test_a_bad_size_is_refused(bad: object) -> None:
    with pytest.raises(InputError, match="batch_size: expected"):
        batch_size_rule(bad, 100)  # type: ignore[arg-type]
    with pytest.raises(InputError, match="max_batch_rows: expected"):
        batch_size_rule("auto", bad)  # type: ignore[arg-type]
