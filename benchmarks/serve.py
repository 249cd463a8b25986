"""The service: one answer, a hundred clients at once, two workers beside one.

    python benchmarks/serve.py [SECONDS [OUT]]

The server is `limelight serve` in processes of its own, asked over loopback by clients that hold a connection each and
ask again as soon as they are answered. Every explanation that comes is compared with what an `Explainer` of this
process says of the row; what is only of the run (seconds, calls, rows that were asked before) is left out. CPU seconds
of the server stand beside the clock: they depend less on who else uses the machine. Adult is used where the folder of
real data is there (LIMELIGHT_SHARED_DATA), else tumors. OUT is the file of figures of `docs/service.md`.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
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

import limelight as ll

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

    def __init__(self, folder: Path, workers: int, model: str = "model.skops") -> None:
        command = [sys.executable, "-m", "limelight", "serve", model, "--background", "train.csv"]
        self.process = subprocess.Popen(
            [*command, "--name", "m", "--port", "0", "--workers", str(workers), "--seed", "0"],
            cwd=folder,
            env={**os.environ, **ONE_THREAD},
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
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


async def asked(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes) -> tuple[int, bytes]:
    """Return the status and the body of the answer to a request."""
    writer.write(sent)
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.I)
    assert length is not None
    body = await reader.readexactly(int(length.group(1)))
    return int(head.split(b" ", 2)[1]), body


async def one_after_the_other(service: Service, requests: list[bytes]) -> list[float]:
    reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
    seconds = []
    for sent in requests:
        began = time.perf_counter()
        assert (await asked(reader, writer, sent))[0] == 200
        seconds.append(time.perf_counter() - began)
    writer.close()
    return seconds


async def crowd(
    service: Service, requests: list[bytes], seconds: float, heard: dict[int, set[str]]
) -> tuple[Counter[int], list[float]]:
    """Return statuses and times of a hundred clients who ask for so long; note what was said of each row."""
    statuses: Counter[int] = Counter()
    took: list[float] = []
    end = time.perf_counter() + seconds

    async def client(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", service.port)
        turn = number
        while time.perf_counter() < end:
            began = time.perf_counter()
            status, body = await asked(reader, writer, requests[turn % len(requests)])
            took.append(time.perf_counter() - began)
            statuses[status] += 1
            if status == 200:
                heard.setdefault(turn % len(requests), set()).add(stated(json.loads(body)["explanations"][0]))
            turn += CLIENTS
        writer.close()

    await asyncio.gather(*[client(number) for number in range(CLIENTS)])
    return statuses, took


def stated(explanation: dict[str, Any]) -> str:
    """Return what an explanation says, without what is of the run that made it."""
    return json.dumps({name: value for name, value in explanation.items() if name != "provenance"}, sort_keys=True)


def unlike(folder: Path, rows: list[list[Any]], heard: dict[int, set[str]]) -> int:
    """Return of how many rows something else was heard than an explainer of this process says."""
    file = folder / "model.skops"
    model = skops.io.load(file, trusted=skops.io.get_untrusted_types(file=file))
    background = ll.Tabular(pd.read_csv(folder / "train.csv"))
    explainer = ll.Explainer(model.predict_proba, background, output_names=model.classes_.tolist(), seed=0)
    alone = {place: stated(json.loads(explainer.explain(rows[place]).to_json())) for place in heard}
    return sum(heard[place] != {alone[place]} for place in heard)


def shown(seconds: list[float]) -> str:
    p50, p95 = np.quantile(seconds, [0.5, 0.95]) * 1000
    return f"p50 {p50:6.1f} ms   p95 {p95:6.1f} ms"


def measured(folder: Path, rows: list[list[Any]], workers: int, length: float) -> dict[str, Any]:
    """Return what one service takes, alone and with a hundred clients."""
    service = Service(folder, workers)
    found: dict[str, Any] = {}
    print(f"{workers} worker(s)")
    for verb, field in (("predict", "instances"), ("whatif", "instance"), ("explain", "instances")):
        sent = [request(verb, {field: [row] if field == "instances" else row}) for row in rows]
        asyncio.run(one_after_the_other(service, sent[:50]))
        before = service.cpu
        seconds = asyncio.run(one_after_the_other(service, sent[50:250]))
        cpu = (service.cpu - before) / len(seconds) * 1000
        p50, p95 = (np.quantile(seconds, [0.5, 0.95]) * 1000).round(1).tolist()
        found[verb] = {"p50_ms": p50, "p95_ms": p95, "cpu_ms": round(cpu, 1)}
        print(f"  {verb:8} alone          {shown(seconds)}   {cpu:5.1f} ms of CPU each")
    heard: dict[int, set[str]] = {}
    before, began = service.cpu, time.perf_counter()
    statuses, took = asyncio.run(crowd(service, sent, length, heard))
    wall, cpu = time.perf_counter() - began, service.cpu - before
    found["crowd"] = {
        "seconds": length,
        "by_status": dict(statuses),
        "a_second": round(len(took) / wall, 1),
        "cpu_ms": round(cpu / len(took) * 1000, 1),
        "cpus_had": round(cpu / wall, 2),
        "mib": round(service.mib),
        "rows": len(heard),
        "unlike_explain": unlike(folder, rows, heard),
    }
    print(f"  explain  {CLIENTS} clients    {shown(took)}   {found['crowd']}")
    service.stop()
    return found


def main() -> None:
    length = float(sys.argv[1]) if len(sys.argv) > 1 else 60.0
    with tempfile.TemporaryDirectory() as name:
        rows = write_case(Path(name))
        found = {str(workers): measured(Path(name), rows, workers, length) for workers in (1, 2)}
    ratio = found["2"]["crowd"]["a_second"] / found["1"]["crowd"]["a_second"]
    print(f"throughput of two workers over one: {ratio:.2f}")
    if len(sys.argv) > 2:
        path = Path(sys.argv[2])
        known = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        known["serve"] = {"workers": found, "throughput_of_two": round(ratio, 2), "clients": CLIENTS}
        path.write_text(json.dumps(known, indent=1, sort_keys=True) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
