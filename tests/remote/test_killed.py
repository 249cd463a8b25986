"""A process killed at any moment loses nothing that it had been answered: only what was on its way is asked again."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import servers

from limelight import remote

ROWS, PER_REQUEST, CONCURRENCY = 480, 4, 8
SCRIPT = """
import sys, numpy as np
from limelight import remote
X = np.random.default_rng(0).normal(size=(480, 3))
model = remote.http(sys.argv[1], "v2", model="risk", cache=sys.argv[2], rows_per_request=4)
for start in range(0, 480, 120):
    model(X[start : start + 120])
"""
MOMENTS = int(os.environ.get("LIMELIGHT_KILLS", "5"))
"""How often it is killed: few times in every run of the tests, 50 times before a release."""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system has no SIGKILL")
def test_a_killed_process_asks_again_at_most_what_was_on_its_way(tmp_path: Path) -> None:
    X = np.random.default_rng(0).normal(size=(ROWS, 3))
    rng = np.random.default_rng(7)
    killed_within = 0
    for moment in range(MOMENTS):
        asked: Counter[bytes] = Counter()

        def counted(rows: Any, asked: Counter[bytes] = asked) -> None:
            asked.update(row.tobytes() for row in rows)

        cache = tmp_path / f"{moment}.db"
        with servers.serving(servers.v2(count=counted), latency=0.02) as server:
            _run_and_kill(server, cache, int(rng.integers(0, 118)), float(rng.uniform(0.0, 0.02)))
            killed_within += 0 < len(asked) < ROWS
            with remote.http(server.url, "v2", model="risk", cache=cache, rows_per_request=PER_REQUEST) as model:
                answers = model(X)
        assert np.array_equal(answers, servers.model(X))
        again = sum(asked.values()) - ROWS
        assert 0 <= again <= CONCURRENCY * PER_REQUEST
        assert max(asked.values()) <= 2
    assert killed_within >= MOMENTS // 2


def _run_and_kill(server: servers.Server, cache: Path, requests: int, then: float) -> None:
    """Kill the process a moment after so many requests have come."""
    source = Path(__file__).parents[2] / "src"
    command = [sys.executable, "-c", SCRIPT, server.url, str(cache)]
    process = subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(source)})
    deadline = time.monotonic() + 60
    while server.posts < requests and time.monotonic() < deadline:
        time.sleep(0.001)
    time.sleep(then)
    process.kill()
    process.wait()
