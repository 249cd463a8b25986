"""The service: one answer, a hundred clients at once, two workers beside one. `python benchmarks/serve.py [SECONDS]`

The server is `limelight serve` in processes of its own, asked over loopback by clients that hold a connection each and
ask again as soon as they are answered. CPU seconds of the server stand beside the clock: they depend less on who else
uses the machine. Adult is used where the folder of real data is there (LIMELIGHT_SHARED_DATA), else tumors.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import psutil
import skops.io
from sklearn.compose import make_column_transformer
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

CLIENTS = 100
ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}


def write_case(folder: Path) -> list[list[Any]]:
    """Write a model and its background; return rows to ask about."""
    shared = Path(os.environ.get("LIMELIGHT_SHARED_DATA", "/nowhere")) / "adult" / "adult.csv"
    if shared.is_file():
        table = pd.read_csv(shared, skipinitialspace=True)
        X, y = table.iloc[:, :-1], table.iloc[:, -1]
    else:
        X, y = load_breast_cancer(as_frame=True, return_X_y=True)
    numbers = list(X.select_dtypes("number").columns)
    words = [name for name in X.columns if name not in numbers]
    columns = make_column_transformer((StandardScaler(), numbers), (OneHotEncoder(handle_unknown="ignore"), words))
    model = make_pipeline(columns, LogisticRegression(max_iter=300)).fit(X, y)
    skops.io.dump(model, folder / "model.skops")
    X.iloc[:5000].to_csv(folder / "train.csv", index=False)
    rows: list[list[Any]] = json.loads(X.iloc[-500:].to_json(orient="values"))
    return rows


class Service:
    """`limelight serve` with so many workers."""

    def __init__(self, folder: Path, workers: int) -> None:
        command = [sys.executable, "-m", "limelight", "serve", "model.skops", "--background", "train.csv"]
        self.process = subprocess.Popen(
            [*command, "--name", "m", "--port", "0", "--workers", str(workers), "--seed", "0"],
            cwd=folder,
            env={**os.environ, **ONE_THREAD},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        for line in self.process.stderr:
            if found := re.search(r"127\.0\.0\.1:(\d+)", line):
                self.port = int(found.group(1))
                return
            print(line, end="", file=sys.stderr)
        raise SystemExit("the server did not start")

    @property
    def cpu(self) -> float:
        """CPU seconds of the server and its workers so far."""
        parent = psutil.Process(self.process.pid)
        times = [each.cpu_times() for each in (parent, *parent.children(recursive=True))]
        return float(sum(each.user + each.system for each in times))

    @property
    def mib(self) -> float:
        """MiB of the server and its workers."""
        parent = psutil.Process(self.process.pid)
        return sum(each.memory_info().rss for each in (parent, *parent.children(recursive=True))) / 2**20

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        self.process.communicate()


def request(verb: str, body: Any) -> bytes:
    content = json.dumps(body).encode()
    head = f"POST /v1/models/m:{verb} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(content)}\r\n\r\n".encode() + content


async def asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> int:
    """Return the status of the answer to a request; its body is read."""
    writer.write(sent)
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.I)
    assert length is not None
    await reader.readexactly(int(length.group(1)))
    return int(head.split(b" ", 2)[1])


async def one_after_the_other(service: Service, requests: list[bytes]) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    seconds = []
    for sent in requests:
        began = time.perf_counter()
        assert await asked(reader, writer, sent) == 200
        seconds.append(time.perf_counter() - began)
    writer.close()
    return seconds


async def crowd(service: Service, requests: list[bytes], seconds: float) -> tuple[Counter[int], list[float]]:
    """Return statuses and times of a hundred clients who ask for so long."""
    statuses: Counter[int] = Counter()
    took: list[float] = []
    end = time.perf_counter() + seconds

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        turn = number
        while time.perf_counter() < end:
            began = time.perf_counter()
            statuses[await asked(reader, writer, requests[turn % len(requests)])] += 1
            took.append(time.perf_counter() - began)
            turn += CLIENTS
        writer.close()

    await asyncio.gather(*[client(number) for number in range(CLIENTS)])
    return statuses, took


def shown(seconds: list[float]) -> str:
    p50, p95 = np.quantile(seconds, [0.5, 0.95]) * 1000
    return f"p50 {p50:6.1f} ms   p95 {p95:6.1f} ms"


def main() -> None:
    length = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    with tempfile.TemporaryDirectory() as name:
        rows = write_case(Path(name))
        rates = {}
        for workers in (1, 2):
            service = Service(Path(name), workers)
            print(f"{workers} worker(s)")
            for verb, field in (("predict", "instances"), ("whatif", "instance"), ("explain", "instances")):
                sent = [request(verb, {field: [row] if field == "instances" else row}) for row in rows]
                asyncio.run(one_after_the_other(service, sent[:50]))
                before = service.cpu
                seconds = asyncio.run(one_after_the_other(service, sent[50:150]))
                cpu = (service.cpu - before) / len(seconds) * 1000
                print(f"  {verb:8} alone          {shown(seconds)}   {cpu:5.1f} ms of CPU each")
            before, began = service.cpu, time.perf_counter()
            statuses, took = asyncio.run(crowd(service, sent, length))
            wall, cpu = time.perf_counter() - began, service.cpu - before
            rates[workers] = len(took) / wall
            print(f"  explain  {CLIENTS} clients    {shown(took)}   {cpu / len(took) * 1000:5.1f} ms of CPU each")
            print(f"           {rates[workers]:.1f} a second, by status {dict(statuses)}, {cpu / wall:.2f} CPUs had")
            print(f"           {service.mib:.0f} MiB with its processes, {statistics.fmean(took):.2f} s mean")
            service.stop()
    print(f"throughput of two workers over one: {rates[2] / rates[1]:.2f}")


if __name__ == "__main__":
    main()
