"""Threads that call the model answer in order, give up what is not begun, and are left where a call never ends."""

from __future__ import annotations

import subprocess
import sys
import threading

import pytest

from limelight.workers import Workers


def test_answers_and_errors_come_back_by_their_futures() -> None:
    workers = Workers(3)
    found = [workers.submit(divmod, 7, k) for k in (0, 2, 3)]
    with pytest.raises(ZeroDivisionError):
        found[0].result()
    assert [each.result() for each in found[1:]] == [(3, 1), (2, 1)]
    workers.join()


def test_no_more_threads_are_started_than_there_is_work_and_none_outlives_a_join() -> None:
    before = threading.active_count()
    workers = Workers(8)
    started = threading.Barrier(3)
    futures = [workers.submit(started.wait, 10) for _ in range(2)]
    started.wait(10)
    assert threading.active_count() == before + 2
    workers.join()
    assert all(future.done() for future in futures)
    assert threading.active_count() == before


def test_what_is_cancelled_or_not_begun_is_never_called() -> None:
    workers, gate, called = Workers(1), threading.Event(), []
    first = workers.submit(gate.wait, 10)
    second, third = workers.submit(called.append, 2), workers.submit(called.append, 3)
    assert second.cancel()
    workers.join(wait=False)
    assert third.cancelled()
    gate.set()
    assert first.result(10)
    assert called == []


def test_a_program_ends_though_a_call_hangs() -> None:
    program = (
        "import threading; from limelight.workers import Workers; "
        "Workers(1).submit(threading.Event().wait); print('ended')"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=120)
    assert done.stdout == "ended\n"
    assert done.returncode == 0
