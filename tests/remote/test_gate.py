"""One brake for all workers: the first goes alone, a throttled one brakes all, and a stopped call leaves at once."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import pairwise

import pytest

from limelight.remote import gate as module
from limelight.remote.gate import Gate, StoppedError
from limelight.remote.limits import Limits


class Clock:
    """Seconds that pass only where somebody waits."""

    def __init__(self) -> None:
        self.now = 100.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Iterator[Clock]:
    found = Clock()
    monkeypatch.setattr(module, "time", found)

    def wait(condition: threading.Condition, timeout: float | None = None) -> bool:
        found.now += timeout or 0.0
        return False

    monkeypatch.setattr(threading.Condition, "wait", wait)
    return found


def opened(**limits: float) -> Gate:
    gate = Gate(Limits(**limits))  # type: ignore[arg-type]
    enter(gate)
    gate.leave(answered=True)
    return gate


def enter(gate: Gate) -> None:
    gate.enter(threading.Event())


def test_the_first_request_goes_alone() -> None:
    gate = Gate(Limits(concurrency=8))
    enter(gate)
    stopped = threading.Event()
    threading.Timer(0.05, stopped.set).start()
    with pytest.raises(StoppedError):
        gate.enter(stopped)  # waits for the first for as long as it is on its way


def test_then_as_many_as_are_allowed_go_at_once() -> None:
    gate = opened(concurrency=3)
    for _ in range(3):
        enter(gate)
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(StoppedError):
        gate.enter(stopped)


def test_a_throttled_request_halves_what_goes_and_answers_let_it_grow_by_one_a_round(clock: Clock) -> None:
    gate = opened(concurrency=8)
    enter(gate)
    gate.leave(throttled=True, wait=1.0)
    assert gate.allowed == 4.0
    clock.now += 2.0
    for _ in range(4):
        enter(gate)
        gate.leave(answered=True)
    assert 4.7 < gate.allowed <= 5.0


def test_requests_that_were_sent_together_brake_once(clock: Clock) -> None:
    gate = opened(concurrency=8)
    for _ in range(5):
        enter(gate)
    for _ in range(5):
        gate.leave(throttled=True, wait=3.0)
    assert gate.allowed == 4.0
    clock.now += 5.0
    enter(gate)
    gate.leave(throttled=True)
    assert gate.allowed == 2.0


def test_it_never_closes_for_good_and_never_opens_beyond_its_limit(clock: Clock) -> None:
    gate = opened(concurrency=2)
    for _ in range(10):
        enter(gate)
        gate.leave(throttled=True)
        clock.now += 1.0
    assert gate.allowed == 1.0
    for _ in range(10):
        enter(gate)
        gate.leave(answered=True)
    assert gate.allowed == 2.0


def test_after_a_throttled_request_all_wait_as_long_as_the_server_asks(clock: Clock) -> None:
    gate = opened(concurrency=8)
    enter(gate)
    gate.leave(throttled=True, wait=7.0)
    started = clock.now
    enter(gate)
    assert clock.now - started == pytest.approx(7.0)


def test_departures_keep_the_pace(clock: Clock) -> None:
    gate = opened(concurrency=8, per_second=4.0)
    times = []
    for _ in range(5):
        enter(gate)
        times.append(clock.now)
        gate.leave(answered=True)
    assert [b - a for a, b in pairwise(times)] == pytest.approx([0.25] * 4)


def test_a_call_that_was_stopped_does_not_wait_out_its_turn() -> None:
    gate = opened(concurrency=1)
    enter(gate)
    gate.leave(throttled=True, wait=60.0)
    stopped = threading.Event()
    threading.Timer(0.05, stopped.set).start()
    started = time.monotonic()
    with pytest.raises(StoppedError):
        gate.enter(stopped)
    assert time.monotonic() - started < 30.0
