"""Who waits for a model, when somebody is told to come back instead, and what is counted meanwhile.

Input: questions. Output: their answers, first come first served. Counts hold no data: verbs, ends and seconds.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections import Counter
from collections.abc import Awaitable, Callable

from limelight.web.answering import Said

MEMORY = 0.1
"""Weight of the last question in the mean that says how long the next will take."""


class Busy(Exception):  # noqa: N818 - an answer, not a mistake
    """Waiting would take longer than anybody should wait.

    Parameters
    ----------
    seconds
        After how many it is worth trying again.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(seconds)
        self.seconds = seconds


class Left(Exception):  # noqa: N818 - an answer, not a mistake
    """Whoever asked has closed the connection while waiting: nothing is computed for nobody."""


class Queue:
    """Lets so many questions be worked on at once; the others wait.

    Parameters
    ----------
    slots
        How many are worked on at once.
    limit
        How many may be in hand, waiting ones included.
    patience
        Seconds that one may wait, as far as can be foreseen from how long the last ones took.
    """

    def __init__(self, slots: int, limit: int, patience: float) -> None:
        self.slots, self.limit, self.patience = slots, limit, patience
        self.in_hand = self.running = 0
        self._turn = asyncio.Semaphore(slots)
        self._mean = 0.0
        self._ends: Counter[tuple[str, str]] = Counter()
        self._seconds: dict[str, float] = {}

    @property
    def expected_wait(self) -> float:
        """Return the seconds that the next question is expected to wait."""
        return max(0, self.in_hand - self.slots + 1) * self._mean / self.slots

    async def run(
        self, verb: str, question: Callable[[], Awaitable[Said]], gone: Callable[[], Awaitable[bool]]
    ) -> Said:
        """Return what a question answers.

        Parameters
        ----------
        verb
            Under which it is counted.
        question
            What is awaited when it is its turn.
        gone
            Whether nobody waits for the answer any more.

        Raises
        ------
        Busy
            If it would wait too long, or did.
        Left
            If whoever asked has left.
        """
        wait = self.expected_wait
        if self.in_hand >= self.limit or wait > self.patience:
            self._ends[verb, "busy"] += 1
            raise Busy(max(1, math.ceil(wait - self.patience)))
        self.in_hand += 1
        end, began = "failed", time.perf_counter()
        try:
            async with asyncio.timeout(self.patience):
                await self._turn.acquire()
            try:
                if await gone():
                    end = "left"
                    raise Left
                said = await self._worked_on(question)
            finally:
                self._turn.release()
            end = said.end
            return said
        except TimeoutError:
            end = "busy"
            raise Busy(max(1, math.ceil(self.expected_wait))) from None
        finally:
            self.in_hand -= 1
            self._ends[verb, end] += 1
            self._seconds[verb] = self._seconds.get(verb, 0.0) + time.perf_counter() - began

    async def _worked_on(self, question: Callable[[], Awaitable[Said]]) -> Said:
        began = time.perf_counter()
        self.running += 1
        try:
            return await question()
        finally:
            self.running -= 1
            took = time.perf_counter() - began
            self._mean += (took - self._mean) * (MEMORY if self._mean else 1.0)

    def metrics(self) -> str:
        """Return the counts in the text format of Prometheus."""
        lines = ["# TYPE limelight_requests_total counter"]
        for (verb, end), n in sorted(self._ends.items()):
            lines.append(f'limelight_requests_total{{verb="{verb}",end="{end}"}} {n}')
        lines.append("# TYPE limelight_seconds_total counter")
        for verb, seconds in sorted(self._seconds.items()):
            lines.append(f'limelight_seconds_total{{verb="{verb}"}} {seconds:.6f}')
        for name, value in (("in_hand", self.in_hand), ("waiting", self.in_hand - self.running)):
            lines.append(f"# TYPE limelight_requests_{name} gauge")
            lines.append(f"limelight_requests_{name} {value}")
        return "\n".join(lines) + "\n"
