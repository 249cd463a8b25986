"""Two worker processes beside one: what another process is worth, and what it costs.

    python benchmarks/serve_workers.py [SECONDS [ROUNDS [OUT]]]

Three models: one of scikit-learn on Adult (or tumors, without the folder of real data), one that computes in Python and
one that waits as a remote model does. Both services of a model run all the time and are asked in turn, a few seconds
each, several rounds, by clients that ask again as soon as they are answered: whatever else the machine does meets both.
The median of the rounds counts. The clients only collect bytes, in a process of their own whose CPU is told: it needs
part of the same cores. CPU is told apart by process: who listens, and who works. OUT is the file of figures of
`docs/service.md`. A session of its own and PRIORITY, where that file may be written, keep other people's work away.
"""

from __future__ import annotations

import asyncio
import json
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import psutil

import serve

CLIENTS = 100
MODULE = '''"""Models that cost a known time."""
import time
def waits(X):
    time.sleep(0.05)
    return X.iloc[:, 0] / 100
def computes(X):
    end = time.thread_time() + 0.02
    while time.thread_time() < end:
        sum(range(2000))
    return X.iloc[:, 0] / 100
'''
MODELS = {"sklearn": "model.skops", "computes 20 ms": "costly:computes", "waits 50 ms": "costly:waits"}
PRIORITY = os.environ.get("AUTOGROUP", "-8")


def preferred(pid: int) -> None:
    """Give a session's processes more of the machine, where that is allowed."""
    try:
        Path(f"/proc/{pid}/autogroup").write_text(PRIORITY)
    except OSError as error:
        print(f"no priority: {error}", file=sys.stderr)


class Service(serve.Service):
    """One service, asked for `:explain` or `:predict`."""

    def times(self) -> dict[str, float]:
        """Return CPU seconds so far of who listens and of who works."""
        parent = psutil.Process(self.process.pid)
        found = {}
        for name, processes in (("listens", [parent]), ("works", parent.children(recursive=True))):
            found[name] = sum(sum(each.cpu_times()[:2]) for each in processes)
        return found


async def crowd(port: int, requests: list[bytes], seconds: float) -> tuple[Counter[int], list[float]]:
    """Return statuses and times of clients who ask for so long, and parse nothing."""
    statuses: Counter[int] = Counter()
    took: list[float] = []
    end = time.perf_counter() + seconds

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        turn = number
        while time.perf_counter() < end:
            began = time.perf_counter()
            status, _ = await serve.asked(reader, writer, requests[turn % len(requests)])
            took.append(time.perf_counter() - began)
            statuses[status] += 1
            turn += CLIENTS
        writer.close()

    await asyncio.gather(*[client(number) for number in range(CLIENTS)])
    return statuses, took


def spell(service: Service, requests: list[bytes], seconds: float) -> dict[str, Any]:
    """Return what a service answered in one spell, and what it and the clients took."""
    before, mine, began = service.times(), time.process_time(), time.perf_counter()
    statuses, took = asyncio.run(crowd(service.port, requests, seconds))
    wall = time.perf_counter() - began
    cpu = {name: value - before[name] for name, value in service.times().items()}
    n = len(took)
    return {
        "a_second": n / wall,
        "errors": n - statuses[200],
        "listens_ms": cpu["listens"] / n * 1000,
        "works_ms": cpu["works"] / n * 1000,
        "clients_ms": (time.process_time() - mine) / n * 1000,
        "cores": (sum(cpu.values()) + time.process_time() - mine) / wall,
    }


def of_model(folder: Path, model: str, rows: list[list[Any]], seconds: float, rounds: int) -> dict[str, Any]:
    """Return the medians of one and of two workers, and of their ratio round by round."""
    services = {workers: Service(folder, workers, model) for workers in (1, 2)}
    verb, field = ("explain", "instances") if model.endswith("skops") else ("predict", "instances")
    requests = [serve.request(verb, {field: [row]}) for row in rows]
    spells: dict[int, list[dict[str, Any]]] = {1: [], 2: []}
    try:
        for service in services.values():
            preferred(service.process.pid)
            asyncio.run(crowd(service.port, requests, 2.0))  # warm
        for _ in range(rounds):
            for workers, service in services.items():
                spells[workers].append(spell(service, requests, seconds))
    finally:
        for service in services.values():
            service.stop()
    found: dict[str, Any] = {"verb": verb, "rounds": rounds, "seconds": seconds}
    for workers, each in spells.items():
        medians = {name: round(statistics.median(one[name] for one in each), 2) for name in each[0]}
        found[str(workers)] = {**medians, "errors": sum(one["errors"] for one in each)}
    ratios = [two["a_second"] / one["a_second"] for one, two in zip(spells[1], spells[2], strict=True)]
    found["ratios"] = [round(ratio, 2) for ratio in ratios]
    found["ratio"] = round(statistics.median(ratios), 2)
    return found


def main() -> None:
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 10.0
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    preferred(os.getpid())
    found = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        rows = serve.write_case(folder)
        (folder / "costly.py").write_text(MODULE, encoding="utf-8")
        for label, model in MODELS.items():
            found[label] = of_model(folder, model, rows, seconds, rounds)
            print(label, json.dumps(found[label], indent=1))
    if len(sys.argv) > 3:
        path = Path(sys.argv[3])
        known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        known["workers"] = found
        path.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
