"""Who waits: first come first served, nobody longer than can be asked of them, and nothing is worked on for nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from aside import aside
from limelight.web.answering import Said
from limelight.web.queue import Busy, Left, Queue

OK = Said(200, "application/json", b"{}")


async def here() -> bool:
    return False


async def left() -> bool:
    return True


def test_a_hundred_wait_for_their_turn_and_come_in_order() -> None:
    done: list[int] = []
    most = 0

    async def main() -> None:
        queue = Queue(2, 1000, 30.0)

        def question(i: int) -> Callable[[], Awaitable[Said]]:
            async def asked() -> Said:
                nonlocal most
                most = max(most, queue.running)
                await asyncio.sleep(0)
                done.append(i)
                return OK

            return asked

        await asyncio.gather(*[queue.run("explain", question(i), here) for i in range(100)])
        assert queue.in_hand == queue.running == 0

    aside(main())
    assert most == 2
    assert done == list(range(100))


def test_one_that_would_wait_too_long_is_told_when_to_come_back() -> None:
    async def main() -> tuple[Any, str]:
        queue = Queue(1, 1000, 10.0)
        queue._mean = 4.0  # as if questions took four seconds
        go = asyncio.Event()

        async def asked() -> Said:
            await go.wait()
            return OK

        # the first works, two wait 4 and 8 seconds; the fourth would wait 12
        waiting = [asyncio.create_task(queue.run("explain", asked, here)) for _ in range(3)]
        await asyncio.sleep(0)
        with pytest.raises(Busy) as busy:
            await queue.run("explain", asked, here)
        go.set()
        assert [await each for each in waiting] == [OK] * 3
        return busy.value.seconds, queue.metrics()

    seconds, metrics = aside(main())
    assert seconds == 2
    assert 'limelight_requests_total{verb="explain",end="answered"} 3' in metrics
    assert 'limelight_requests_total{verb="explain",end="busy"} 1' in metrics
    assert "limelight_requests_waiting 0" in metrics


def test_one_that_waited_longer_than_was_foreseen_is_let_go() -> None:
    async def main() -> None:
        queue = Queue(1, 10, 0.01)
        go = asyncio.Event()

        async def asked() -> Said:
            await go.wait()
            return OK

        first = asyncio.create_task(queue.run("explain", asked, here))
        await asyncio.sleep(0)
        with pytest.raises(Busy):
            await queue.run("explain", asked, here)
        go.set()
        assert await first == OK
        assert await queue.run("explain", asked, here) == OK, "its turn was not lost"

    aside(main())


def test_nothing_is_worked_on_for_whoever_has_left() -> None:
    async def asked() -> Said:
        raise AssertionError("worked on")

    async def main() -> str:
        queue = Queue(1, 10, 1.0)
        with pytest.raises(Left):
            await queue.run("explain", asked, left)
        return queue.metrics()

    assert 'end="left"} 1' in aside(main())


def test_refusals_and_failures_are_counted_apart() -> None:
    async def main() -> str:
        queue = Queue(1, 10, 1.0)

        async def refused() -> Said:
            return Said(422, "application/json", b"{}")

        async def broken() -> Said:
            raise ValueError

        await queue.run("predict", refused, here)
        with pytest.raises(ValueError):
            await queue.run("predict", broken, here)
        return queue.metrics()

    metrics = aside(main())
    assert 'verb="predict",end="refused"} 1' in metrics
    assert 'verb="predict",end="failed"} 1' in metrics
