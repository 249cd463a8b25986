"""A server of the tests: it speaks the public formats, fails as it is told, and counts what it was asked."""

from __future__ import annotations

import json
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np


def model(X: Any) -> Any:
    """Two classes; the answer to a row does not depend on its batch."""
    X = np.asarray(X, dtype=float)
    score = 1 / (1 + np.exp(-(2 * X[:, 0] - X[:, 1] + 0.5 * X[:, 2] * X[:, 0])))
    return np.column_stack([1 - score, score])


class Faults:
    """Which requests fail, and how: seeded, each kind with its share."""

    def __init__(self, seed: int = 0, **shares: float) -> None:
        self.random, self.shares, self.lock = random.Random(seed), shares, threading.Lock()
        self.met: Counter[str] = Counter()

    def next(self) -> str | None:
        with self.lock:
            draw = self.random.random()
            for kind, share in self.shares.items():
                if draw < share:
                    self.met[kind] += 1
                    return kind
                draw -= share
        return None


class Server(ThreadingHTTPServer):
    """Listens on a free port of this machine.

    `answer(path, body, headers)` returns (status, headers, bytes).
    """

    daemon_threads = True
    request_queue_size = 64

    def __init__(self, answer: Callable[..., Any], *, faults: Faults | None = None, latency: float = 0.0) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer, self.faults, self.latency = answer, faults or Faults(), latency
        self.lock, self.posts, self.gets, self.answered = threading.Lock(), 0, 0, 0
        self.on_their_way = self.peak = 0
        self.rows: Counter[bytes] = Counter()
        self.seen_headers: list[dict[str, str]] = []
        self.bodies: list[bytes] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing: clients that hang up are part of the tests."""


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: Any) -> None:
        """Keep stderr clean."""

    def do_GET(self) -> None:
        with self.server.lock:
            self.server.gets += 1
        self._send(*self.server.answer(self.path, None, dict(self.headers)))

    def do_POST(self) -> None:
        server = self.server
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with server.lock:
            server.posts += 1
            server.on_their_way += 1
            server.peak = max(server.peak, server.on_their_way)
            server.seen_headers.append(dict(self.headers))
            server.bodies.append(body)
        try:
            self._respond(body)
        finally:
            with server.lock:
                server.on_their_way -= 1

    def _respond(self, body: bytes) -> None:
        server, fault = self.server, self.server.faults.next()
        if fault in ("429", "500", "503", "408"):
            wait = {"Retry-After": "0.05"} if fault == "429" else {}
            return self._send(int(fault), wait, json.dumps({"error": "not now"}).encode())
        time.sleep(server.latency)
        if fault == "late":
            time.sleep(3.0)
            return None
        status, headers, content = server.answer(self.path, body, dict(self.headers))
        if fault == "torn":  # fewer bytes than promised, and the end
            return self._send(status, headers, content[: len(content) // 2], promised=len(content))
        if fault == "cut":  # as many as promised, but not what was meant
            return self._send(status, headers, content[: len(content) // 2])
        if fault == "drip":
            return self._drip(status, headers, content)
        if fault == "reset":
            self.close_connection = True
            return None
        with server.lock:
            server.answered += 1
        return self._send(status, headers, content)

    def _send(self, status: int, headers: dict[str, str], content: bytes, *, promised: int | None = None) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": "application/json", **headers}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content) if promised is None else promised))
        self.end_headers()
        self.wfile.write(content)
        if promised is not None:
            self.close_connection = True

    def _drip(self, status: int, headers: dict[str, str], content: bytes) -> None:
        """A byte every tenth of a second: no single read is late, the whole is."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        for byte in content:
            self.wfile.write(bytes([byte]))
            self.wfile.flush()
            time.sleep(0.1)


@contextmanager
def serving(answer: Callable[..., Any], **options: Any) -> Iterator[Server]:
    """Serve until the block ends."""
    server = Server(answer, **options)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def v2(*, binary: bool = False, versions: list[str] | None = None, count: Callable[[Any], None] | None = None) -> Any:
    """The Open Inference Protocol around `model`, in JSON or with binary tensors."""

    def answer(path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        if body is None:
            return _v2_metadata(path, binary, versions)
        if path not in ("/v2/models/risk/infer", "/v2/models/risk/versions/7/infer"):
            return 404, {}, b'{"error": "no such model"}'
        cut = int(headers.get("Inference-Header-Content-Length", len(body)))
        head, raw = json.loads(body[:cut]), body[cut:]
        tensor = head["inputs"][0]
        assert tensor["datatype"] == "FP64" and tensor["name"] == "features"
        flat = np.frombuffer(raw, "<f8") if raw else np.array(tensor["data"], float)
        X = flat.reshape(tensor["shape"])
        if count is not None:
            count(X)
        Y = model(X)
        out: dict[str, Any] = {"name": "probabilities", "datatype": "FP64", "shape": list(Y.shape)}
        if not head.get("parameters", {}).get("binary_data_output"):
            return 200, {}, json.dumps({"outputs": [{**out, "data": Y.ravel().tolist()}]}).encode()
        out["parameters"] = {"binary_data_size": Y.nbytes}
        first = json.dumps({"outputs": [out]}).encode()
        kinds = {"Content-Type": "application/octet-stream", "Inference-Header-Content-Length": str(len(first))}
        return 200, kinds, first + Y.tobytes()

    return answer


def _v2_metadata(path: str, binary: bool, versions: list[str] | None) -> Any:
    if path == "/v2":
        return 200, {}, json.dumps({"name": "test", "extensions": ["binary_tensor_data"] if binary else []}).encode()
    tensors = {
        "inputs": [{"name": "features", "datatype": "FP64", "shape": [-1, 3]}],
        "outputs": [{"name": "probabilities", "datatype": "FP64", "shape": [-1, 2]}],
    }
    return 200, {}, json.dumps({"name": "risk", "versions": versions or [], **tensors}).encode()
