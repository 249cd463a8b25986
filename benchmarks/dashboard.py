"""The dashboard over a million explanations and more: how soon each view is there, and how large the server gets.

    python benchmarks/dashboard.py FOLDER [--copies 10 --unlike 5] [--out FILE --name NAME]

FOLDER is a job's, of a table. With `--copies` it is copied beside itself, in a folder that is removed in the end, with
ids of their own; with `--unlike 5` the weights of the copies are of five sizes, so that a row says what the rows of
every fifth copy say. The server is `limelight serve` in a process of its own. Times are CPU and clock of the slowest of
each view; peak memory is the kernel's.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path
from typing import Any

import psutil
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

FILTERS: list[dict[str, Any]] = [
    {},
    {"target": 1},
    {"reason": 3, "low": 0.2},
    {"condition": 5},
    {"direction": 1},
    {"low": 0.5, "high": 0.9},
]
VIEWS: list[tuple[str, dict[str, Any]]] = [
    ("overview", {}),
    ("effect", {"feature": 0}),
    ("effect", {"feature": 5}),
    ("examples", {}),
    ("rows", {"offset": 100}),
    ("row", {"place": 77}),
]


def copied(source: Path, target: Path, copies: int, unlike: int) -> None:
    """Write a job's folder of several copies of another."""
    target.mkdir()
    for each in source.iterdir():
        if each.suffix != ".parquet":
            shutil.copy(each, target)
    number = 0
    for turn in range(copies):
        factor = 1 + 0.01 * (turn % unlike)
        for part in sorted(source.glob("*.parquet")):
            table = pq.read_table(part)
            ids = pa.array(range(number, number + len(table)))
            weights = table.column("weight").combine_chunks()
            larger = pa.ListArray.from_arrays(weights.offsets, pc.multiply(weights.values, factor))
            for name, values in (("id", ids), ("row", ids), ("weight", larger)):
                at = table.schema.get_field_index(name)
                table = table.set_column(at, table.schema.field(name), values)
            pq.write_table(table, target / f"part-{number:012d}.parquet", compression="zstd")
            number += len(table)


class Server:
    """`limelight serve --explanations` and what it takes."""

    def __init__(self, folder: Path) -> None:
        command = [sys.executable, "-m", "limelight", "serve", "--explanations", str(folder), "--port", "0"]
        began = time.perf_counter()
        environment = {**os.environ, "OMP_NUM_THREADS": "1"}
        self.process = subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True)
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if found := re.search(r"127\.0\.0\.1:(\d+)", line):
                self.address = f"http://127.0.0.1:{found.group(1)}/dashboard"
                break
        else:
            raise SystemExit("the server did not start")
        self.start = {"clock_s": round(time.perf_counter() - began, 1), "cpu_s": round(self.cpu, 1)}

    @property
    def cpu(self) -> float:
        """CPU seconds so far."""
        times = psutil.Process(self.process.pid).cpu_times()
        return times.user + times.system

    def mib(self, field: str) -> int:
        """Return VmRSS or VmHWM."""
        status = Path(f"/proc/{self.process.pid}/status").read_text(encoding="utf-8")
        found = re.search(rf"{field}:\s+(\d+)", status)
        assert found is not None
        return int(found.group(1)) // 1024

    def ask(self, view: str, question: Any) -> tuple[float, float, int]:
        """Return clock and CPU seconds, and the bytes that came."""
        request = urllib.request.Request(
            f"{self.address}/{view}", json.dumps(question).encode(), {"Content-Type": "application/json"}
        )
        cpu, began = self.cpu, time.perf_counter()
        with urllib.request.urlopen(request) as answer:
            size = len(answer.read())
        return time.perf_counter() - began, self.cpu - cpu, size


def measured(folder: Path) -> dict[str, Any]:
    """Return what the dashboard of a folder takes."""
    server = Server(folder)
    try:
        slowest: dict[str, dict[str, float]] = {}
        at_start = server.mib("VmHWM")
        for filter in FILTERS:
            for view, question in VIEWS:
                clock, cpu, size = server.ask(view, {"filter": {"target": 0, **filter}, **question})
                row = slowest.setdefault(view, {"clock_s": 0.0, "cpu_s": 0.0, "kib": 0.0})
                for name, value in (("clock_s", clock), ("cpu_s", cpu), ("kib", size / 1024)):
                    row[name] = max(row[name], round(value, 2))
        return {
            "start": server.start,
            "views": slowest,
            "mib_when_read": at_start,
            "mib_at_most": server.mib("VmHWM"),
            "mib_after": server.mib("VmRSS"),
        }
    finally:
        server.process.terminate()
        server.process.wait()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--copies", type=int, default=1)
    parser.add_argument("--unlike", type=int, default=1)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--name", default="dashboard")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=asked.folder.parent) as name:
        folder = asked.folder
        if asked.copies > 1:
            folder = Path(name) / "copies"
            copied(asked.folder, folder, asked.copies, asked.unlike)
        rows = sum(pq.read_metadata(part).num_rows for part in folder.glob("*.parquet"))
        found = {"rows": rows, "copies": asked.copies, "unlike": asked.unlike, **measured(folder)}
    print(json.dumps(found, indent=1))
    if asked.out:
        known = json.loads(asked.out.read_text(encoding="utf-8")) if asked.out.is_file() else {}
        known[asked.name] = found
        asked.out.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
