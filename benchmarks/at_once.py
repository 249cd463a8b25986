"""Threads and calls at once: how much faster than one after the other, on a model that takes 50 ms for each call.

    python benchmarks/at_once.py

Threads explain one instance each; `explain_many` sends batches of 64 rows, as a device of bounded memory takes them.
The model sleeps, as one does that waits for a device or another process: what it does not do is use this processor.
Printed are medians of three runs, and whether the explanations are the same.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

import limelight as ll

SECONDS = 0.05
ROWS = {"table": 160, "text": 24}
X = np.random.default_rng(0).normal(size=(500, 4))
WORDS = ("good", "bad", "long", "odd")
TEXTS = [f"the {word} film was not {word} but {other} in all its parts" for word in WORDS for other in "abcdefgh"]


def slow_table(rows: np.ndarray) -> Any:
    time.sleep(SECONDS)
    return rows[:, 0] * rows[:, 1] + rows[:, 2]


def slow_texts(texts: list[str]) -> list[float]:
    time.sleep(SECONDS)
    return [1.0 * ("good" in text) - 0.5 * ("bad" in text) * ("not" in text) for text in texts]


def tables(**settings: Any) -> ll.Explainer:
    return ll.Explainer(slow_table, ll.Tabular(X), seed=0, n_samples=2048, **settings)


def texts(**settings: Any) -> ll.Explainer:
    return ll.Explainer(slow_texts, ll.Text(), seed=0, n_samples=512, **settings)


def by_threads(make: Callable[..., ll.Explainer], instances: list[Any], threads: int) -> list[Any]:
    explainer = make()
    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(explainer.explain, instances))


def at_once(make: Callable[..., ll.Explainer], instances: list[Any], most: int) -> list[Any]:
    return list(make(max_in_flight=most, batch_size=64).explain_many(instances))


def timed(run: Callable[[int], list[Any]], how_many: int) -> tuple[float, list[Any]]:
    seconds, found = [], []
    for _ in range(3):
        began = time.perf_counter()
        found = run(how_many)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), found


def main() -> None:
    for what, make, instances in (("table", tables, list(X)), ("text", texts, TEXTS)):
        instances = instances[: ROWS[what]]
        for how, run in (("threads", by_threads), ("max_in_flight", at_once)):
            one, alone = timed(lambda n, run=run, make=make, rows=instances: run(make, rows, n), 1)
            eight, together = timed(lambda n, run=run, make=make, rows=instances: run(make, rows, n), 8)
            same = "the same" if alone == together else "DIFFERENT"
            times = f"1: {one:6.2f} s   8: {eight:6.2f} s   {one / eight:4.1f} times"
            print(f"{what:6} {how:14} {times}, {same}", flush=True)


if __name__ == "__main__":
    main()
