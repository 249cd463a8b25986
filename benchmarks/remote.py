"""Remote models: latency hidden, a cached rerun, requests beside the least there can be. `python benchmarks/remote.py`

One process serves a model behind 50 ms of latency; another asks it, so that the two do not share a lock.
"""

from __future__ import annotations

import multiprocessing
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from limelight import Explainer, Tabular, remote

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "remote"))
import servers

ROWS, PER_REQUEST, LATENCY, REPEATS = 1024, 16, 0.05, 5


def serve(connection: Any, latency: float, faults: dict[str, float]) -> None:
    with servers.serving(servers.v2(binary=True), latency=latency, faults=servers.Faults(2, **faults)) as server:
        connection.send(server.url)
        connection.recv()
        connection.send((server.posts, server.faults.met.total(), server.peak))


class Elsewhere:
    """A server in a process of its own."""

    def __init__(self, latency: float, **faults: float) -> None:
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=serve, args=(theirs, latency, faults), daemon=True)

    def __enter__(self) -> Elsewhere:
        self.process.start()
        self.url = self.connection.recv()
        return self

    def __exit__(self, *_: object) -> None:
        self.connection.send("stop")
        self.posts, self.failed, self.peak = self.connection.recv()
        self.process.join(10)


def seconds_of(url: str, X: Any, concurrency: int) -> float:
    with remote.http(url, "v2", model="risk", rows_per_request=PER_REQUEST, concurrency=concurrency) as model:
        model(X[:1])
        began = time.perf_counter()
        model(X)
        return time.perf_counter() - began


def main() -> None:
    X = np.random.default_rng(0).normal(size=(ROWS, 3))
    with Elsewhere(LATENCY) as server:
        hidden = [seconds_of(server.url, X, 1) / seconds_of(server.url, X, 8) for _ in range(REPEATS)]
    runs = ", ".join(f"{each:.1f}" for each in hidden)
    print(f"latency hidden by 8 at once: {statistics.median(hidden):.1f} of 8 (runs {runs})")

    many = np.random.default_rng(1).normal(size=(50_000, 3))
    rates = []
    with tempfile.TemporaryDirectory() as folder, Elsewhere(0.0) as server:
        options = {"model": "risk", "version": "7", "cache": Path(folder) / "answers.db", "rows_per_request": 1000}
        with remote.http(server.url, "v2", **options) as model:
            first = model(many)
        for _ in range(REPEATS):
            with remote.http(server.url, "v2", **options) as model:
                wall, cpu = time.perf_counter(), time.process_time()
                assert np.array_equal(model(many), first)
                rates.append((len(many) / (time.perf_counter() - wall), len(many) / (time.process_time() - cpu)))
                assert model.usage.requests == 0
    wall_rate, cpu_rate = (statistics.median(rate[k] for rate in rates) for k in (0, 1))
    print(
        f"cached rerun: {wall_rate:,.0f} rows/s by the clock, {cpu_rate:,.0f} per CPU second; "
        f"{server.posts - 50} requests"
    )

    background = np.random.default_rng(0).normal(size=(1000, 3))
    for faults in ({}, {"429": 0.05, "500": 0.05, "torn": 0.05, "reset": 0.05}):
        with Elsewhere(0.0, **faults) as server, remote.http(server.url, "v2", model="risk", backoff=0.02) as model:
            explanation = Explainer(model, Tabular(background)).explain(background[0])
        rows = model.usage.rows
        least = -(-rows // 64)
        here = Explainer(servers.model, Tabular(background)).explain(background[0])
        answered = server.posts - server.failed
        print(
            f"faults {sum(faults.values()):.0%}: {rows} rows, {server.posts} requests, {server.failed} of them failed; "
            f"the least is {least}: {answered / least:.2f} ×; same bits: {explanation.as_list() == here.as_list()}"
        )


if __name__ == "__main__":
    main()
