"""Attacks on a running service: what its description allows and what it does not, hostile names, slow and huge bodies.

Schemathesis makes up thousands of requests from the OpenAPI file; the rest is by hand. `.ci/optional attack` runs this.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import limelight as ll

httpx = pytest.importorskip("httpx")
uvicorn = pytest.importorskip("uvicorn", reason="uvicorn is not installed: pip install 'limelight[web]'")
pd = pytest.importorskip("pandas")
if shutil.which("schemathesis", path=str(Path(sys.executable).parent)) is None:
    pytest.skip("schemathesis is not installed: .ci/optional attack", allow_module_level=True)

from limelight.web import create  # noqa: E402

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection"
)
HOSTILE = [
    "<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "../../etc/passwd", "/etc/passwd", "\x00",
    "\ud800", "file:///etc/passwd", "http://127.0.0.1:1/", "{{7*7}}", "${jndi:ldap://x}", "'; DROP TABLE x;--",
    "__class__", "\r\nSet-Cookie: a=b", "a" * 100_000, "\u202e", "%00", "%2e%2e%2f",
]  # fmt: skip


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.integers(18, 90, 300), "city": rng.choice(["Oslo", "Rome"], 300)})
    numbers: Any = lambda many: np.array([float(np.mean(each)) for each in many])  # noqa: E731
    explainers = {
        "people": ll.Explainer(lambda f: f["age"] / 100 + (f["city"] == "Rome"), ll.Tabular(frame), seed=0),
        "sms": ll.Explainer(lambda texts: [float(len(text)) for text in texts], ll.Text(), seed=0),
        "picture": ll.Explainer(numbers, ll.Image(), seed=0),
        "series": ll.Explainer(numbers, ll.TimeSeries(), seed=0),
    }
    app = create(explainers, start={"people": [40, "Oslo"], "sms": "free prize"}, body_limit=1_000_000)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical", ws="none"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def lives(address: str) -> bool:
    said = httpx.post(address + "/v1/models/sms:predict", json={"instances": ["abc"]}, timeout=30)
    return bool(said.json() == {"predictions": [3.0]})


def test_whatever_the_description_allows_or_forbids_is_answered_as_it_says(address: str) -> None:
    program = Path(sys.executable).parent / "schemathesis"
    run = subprocess.run(
        [program, "run", f"{address}/openapi.json", "--phases", "coverage,fuzzing", "--max-time", "60",
         "--checks", CHECKS, "--seed", "1", "--continue-on-failure"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert run.returncode == 0, run.stdout[-4000:]
    assert lives(address)


@pytest.mark.parametrize("verb", ["predict", "explain", "whatif", "why", "page"])
def test_hostile_values_in_every_field_are_values(address: str, verb: str) -> None:
    with httpx.Client(base_url=address, timeout=60) as client:
        for model in ("people", "sms", "picture", "series"):
            for value in HOSTILE:
                for instance in (value, [value], [40, value], {"age": 40, "city": value}, {value: value}):
                    body = {"instances": [instance]} if verb in ("predict", "explain") else {"instance": instance}
                    said = client.post(
                        f"/v1/models/{model}:{verb}",
                        content=json.dumps(body),
                        headers={"content-type": "application/json"},
                    )
                    assert said.status_code in (200, 400, 422), (model, value[:40], said.text[:200])
                    assert "set-cookie" not in said.headers
                    assert "root:x:" not in said.text
                    if said.headers["content-type"].startswith("text/html"):
                        assert "<script>alert" not in said.text
                        assert "<img src=x" not in said.text
    assert lives(address)


def test_hostile_names_in_addresses_find_nothing(address: str) -> None:
    host, port = address.removeprefix("http://").split(":")
    for name in (
        "..%2f..%2fetc%2fpasswd",
        "../../../etc/passwd",
        "%00",
        "live.js/../../app.py",
        "a" * 5000,
        "%c0%ae%c0%ae",
    ):
        for path in (f"/static/{name}", f"/models/{name}", f"/v1/models/{name}", f"/v2/models/{name}", f"/{name}"):
            with socket.create_connection((host, int(port)), timeout=10) as raw:
                raw.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                answer = b"".join(iter(lambda: raw.recv(65536), b""))
            assert answer.split(b" ", 2)[1] in (b"404", b"400"), (path, answer[:200])
            assert b"root:x:" not in answer


def test_others_are_served_beside_hundreds_who_send_slowly(address: str) -> None:
    host, port = address.removeprefix("http://").split(":")
    slow = [socket.create_connection((host, int(port)), timeout=10) for _ in range(300)]
    for each in slow[:150]:
        each.sendall(b"POST /v1/models/sms:predict HTTP/1.1\r\nHost: lo")
    for each in slow[150:]:
        each.sendall(
            b"POST /v1/models/sms:predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            b"Content-Length: 900000\r\n\r\n{"
        )
    assert lives(address)
    for each in slow:
        each.close()
    assert lives(address)


def test_a_body_too_large_or_of_no_known_length_is_refused(address: str) -> None:
    head = {"content-type": "application/json"}
    url = address + "/v1/models/sms:predict"
    assert httpx.post(url, content=b" " * 1_000_001, headers=head).status_code == 413

    def pieces() -> Iterator[bytes]:
        for _ in range(20):
            yield b" " * 100_000

    with contextlib.suppress(httpx.WriteError, httpx.ReadError):  # closed before it was sent whole
        assert httpx.post(url, content=pieces(), headers=head).status_code == 413
    deep = b'{"instances": ' + b"[" * 400_000 + b"]" * 400_000 + b"}"
    assert httpx.post(url, content=deep, headers=head).status_code == 400
    many = {"instances": ["a"] * 1001}
    assert httpx.post(url, json=many).status_code == 400
    assert lives(address)


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "evil.example:80"},
        {"host": "127.0.0.1.evil.example"},
        {"host": "localhost@evil.example"},
        {"host": "[::1"},
        {"host": ""},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://localhost:1"},
        {"origin": "http://localhost.evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": "multipart/form-data; boundary=x"},
    ],
)
def test_other_names_and_other_sites_get_nothing(address: str, headers: dict[str, str]) -> None:
    sent = {"content-type": "application/json", **headers}
    said = httpx.post(address + "/v1/models/sms:predict", content=b'{"instances": ["abc"]}', headers=sent)
    assert said.status_code in (400, 403, 415)
    assert "predictions" not in said.text
    assert "access-control-allow-origin" not in said.headers
