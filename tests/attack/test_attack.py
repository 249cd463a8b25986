"""Attacks on a running service: what its description allows and what it does not, hostile names, slow and huge bodies.

Schemathesis makes up thousands of requests from the OpenAPI file; the rest is by hand. `.ci/optional attack` runs this.
"""

from __future__ import annotations

import contextlib
import gzip
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
from limelight.web.heads import patient  # noqa: E402

CHECKS = (
    "not_a_server_error,status_code_conformance,content_type_conformance,response_headers_conformance,"
    "response_schema_conformance,negative_data_rejection"
)
HOSTILE = [
    "<script>alert(1)</script>", "\"'><img src=x onerror=alert(1)>", "../../etc/passwd", "/etc/passwd", "\x00",
    "\ud800", "file:///etc/passwd", "http://127.0.0.1:1/", "{{7*7}}", "${jndi:ldap://x}", "'; DROP TABLE x;--",
    "__class__", "\r\nSet-Cookie: a=b", "a" * 100_000, "\u202e", "%00", "%2e%2e%2f",
]  # fmt: skip


@pytest.fixture(scope="module", params=[1, 2], ids=["threads", "two workers"])
def address(request: pytest.FixtureRequest) -> Iterator[str]:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.integers(18, 90, 300), "city": rng.choice(["Oslo", "Rome"], 300)})
    numbers: Any = lambda many: np.array([float(np.mean(each)) for each in many])  # noqa: E731
    explainers = {
        "people": ll.Explainer(lambda f: f["age"] / 100 + (f["city"] == "Rome"), ll.Tabular(frame), seed=0),
        "sms": ll.Explainer(lambda texts: [float(len(text)) for text in texts], ll.Text(), seed=0),
        "picture": ll.Explainer(numbers, ll.Image(), seed=0),
        "series": ll.Explainer(numbers, ll.TimeSeries(), seed=0),
    }
    start = {"people": [40, "Oslo"], "sms": "free prize"}
    app = create(explainers, start=start, body_limit=1_000_000, workers=request.param)
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, http=patient(), log_level="critical", ws="none"))
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        server.should_exit = True
        thread.join()


def lives(address: str) -> bool:
    said = httpx.post(address + "/v1/models/sms:predict", json={"instances": ["abc"]}, timeout=120)
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


NUMBERS = [
    "1e999", "-1e999", "9" * 400, "9" * 5000, "-0", "18446744073709551616", "[" * 900 + "]" * 900, "[[[1e308, 1e308]]]",
    "[]", "{}", "[[]]", "null", "[null, null]", "[true, false]", "NaN", "[Infinity]", "{" * 5 + "}" * 5, '"\\ud800"',
    '{"age": 1, "age": 80, "city": "Rome"}',
]  # fmt: skip


@pytest.mark.parametrize("verb", ["predict", "explain", "whatif", "why", "page", "beside"])
def test_odd_numbers_depths_and_doubled_names_are_refused_or_answered(address: str, verb: str) -> None:
    with httpx.Client(base_url=address, timeout=120) as client:
        for model in ("people", "sms", "picture", "series"):
            for value in [*NUMBERS, *(f'[{each}, "Oslo"]' for each in NUMBERS), *(f"[1, {each}]" for each in NUMBERS)]:
                field = f'"instances": [{value}]' if verb in ("predict", "explain") else f'"instance": {value}'
                more = f', "against": {value}' if verb == "beside" else ""
                said = client.post(
                    f"/v1/models/{model}:{verb}",
                    content=f"{{{field}{more}}}",
                    headers={"content-type": "application/json"},
                )
                assert said.status_code in (200, 400, 422), (model, value[:60], said.text[:200])
                assert len(said.content) < 2000 or said.status_code == 200, (model, value[:60])
                if '"age": 80' in value:
                    assert "is there twice" in said.text
    assert lives(address)


def test_packed_bodies_are_not_unpacked(address: str) -> None:
    bomb = gzip.compress(b'{"instances": ["' + b"a" * 50_000_000 + b'"]}')
    head = {"content-type": "application/json", "content-encoding": "gzip"}
    assert httpx.post(address + "/v1/models/sms:predict", content=bomb, headers=head).status_code == 400
    assert lives(address)


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
        b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
        b"Content-Length: 5\r\nContent-Length: 50\r\n",
        b"Content-Length: 5, 50\r\n",
        b"Content-Length: +5\r\n",
        b"Content-Length: -1\r\n",
        b"Content-Length : 5\r\n",
        b"Transfer-Encoding: xchunked\r\n",
        b"Transfer-Encoding : chunked\r\n",
        b"Transfer-Encoding: chunked, identity\r\n",
        b" Transfer-Encoding: chunked\r\n",
        b"Host: evil.example\r\nContent-Length: 0\r\n",
    ],
)
def test_no_second_request_is_hidden_in_a_body(address: str, head: bytes) -> None:
    host, port = address.removeprefix("http://").split(":")
    hidden = b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.create_connection((host, int(port)), timeout=30) as raw:
        sent = b"POST /v1/models/sms:predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        raw.sendall(sent + head + b"\r\n0\r\n\r\n" + hidden)
        raw.settimeout(2)
        answer = b""
        with contextlib.suppress(TimeoutError, ConnectionResetError):
            while piece := raw.recv(65536):
                answer += piece
    # where both lengths are there the chunks count, and the connection may go on, as RFC 9112 (6.3) allows; a proxy
    # that counts otherwise would have to send both on, which it may not. All else is no request at all
    both = head.count(b"\r\n") == 2 and b"chunked" in head and b"Content-Length: 5\r\n" in head
    # a line that begins with a space goes on with the one before, which is then no type of JSON
    assert answer.split(b" ", 2)[1] in (b"400", b"415"), answer
    assert both or b"limelight_requests" not in answer, answer
    assert lives(address)


@pytest.mark.parametrize("verb", ["predict", "explain", "whatif", "why", "page"])
def test_hostile_values_in_every_field_are_values(address: str, verb: str) -> None:
    with httpx.Client(base_url=address, timeout=120) as client:
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
        {"host": "[::2]:80"},
        {"host": "0.0.0.0"},
        {"host": "localhost."},
        {"host": "127.1"},
        {"host": "2130706433"},
        {"origin": "http://[::1]"},
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
