"""Who waits for a model, when no more may wait, and what is counted meanwhile.

Input: questions. Output: their answers, computed beside the event loop. Counts hold no data: verbs, ends and seconds.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from typing import Any

from limelight.errors import LimelightError


class Busy(Exception):  # noqa: N818 - an answer, not a mistake
    """As many requests as may wait are waiting."""


class Queue:
    """Runs questions in threads, so many at most in hand.

    Parameters
    ----------
    limit
        How many may be in hand, waiting ones included; one explainer answers one at a time.
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.in_hand = 0
        self._ends: Counter[tuple[str, str]] = Counter()
        self._seconds: Counter[str] = Counter()

    async def run(self, verb: str, question: Callable[..., Any], *arguments: Any) -> Any:
        """Return what a question answers.

        Raises
        ------
        Busy
            If as many as may be are in hand.
        """
        from starlette.concurrency import run_in_threadpool

        if self.in_hand >= self.limit:
            self._ends[verb, "busy"] += 1
            raise Busy
        self.in_hand += 1
        began, end = time.perf_counter(), "failed"
        try:
            said = await run_in_threadpool(question, *arguments)
            end = "answered"
            return said
        except LimelightError:
            end = "refused"
            raise
        finally:
            self.in_hand -= 1
            self._ends[verb, end] += 1
            self._seconds[verb] += time.perf_counter() - began  # type: ignore[assignment]

    def metrics(self) -> str:
        """Return the counts in the text format of Prometheus."""
        lines = ["# TYPE limelight_requests_total counter"]
        for (verb, end), n in sorted(self._ends.items()):
            lines.append(f'limelight_requests_total{{verb="{verb}",end="{end}"}} {n}')
        lines.append("# TYPE limelight_seconds_total counter")
        for verb, seconds in sorted(self._seconds.items()):
            lines.append(f'limelight_seconds_total{{verb="{verb}"}} {seconds:.6f}')
        lines.append("# TYPE limelight_requests_in_hand gauge")
        lines.append(f"limelight_requests_in_hand {self.in_hand}")
        return "\n".join(lines) + "\n"
