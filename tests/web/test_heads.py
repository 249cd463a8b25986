"""Who connects and asks nothing is sent away; who asks slowly, or again, is answered."""

from __future__ import annotations

import asyncio
import socket
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

uvicorn = pytest.importorskip("uvicorn", reason="uvicorn is not installed: pip install 'limelight[web]'")

from limelight.web.heads import patient  # noqa: E402

HEAD = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
SECONDS = 0.5


async def slow(scope: Any, receive: Any, send: Any) -> None:
    """Answer after longer than a head may take."""
    await asyncio.sleep(2 * SECONDS)
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"ok"})


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    config = uvicorn.Config(slow, http=patient(SECONDS), log_level="critical", ws="none", lifespan="off")
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listening],))
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield listening.getsockname()[1]
        server.should_exit = True
        thread.join()


def ended(raw: socket.socket) -> bool:
    """Return whether the server closed a connection without a word."""
    try:
        return raw.recv(100) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("drops", [[], [b"G"], [HEAD[:-2]], [bytes([each]) for each in HEAD[:-1]]])
def test_a_head_that_does_not_come_whole_ends_the_connection(port: int, drops: list[bytes]) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as raw:
        for drop in drops:
            raw.sendall(drop)
        assert ended(raw)


def test_an_answer_may_take_longer_and_a_second_request_has_a_wait_of_its_own(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as raw:
        for _ in range(2):
            raw.sendall(HEAD[:5])
            raw.sendall(HEAD[5:])
            heard = b""
            while not heard.endswith(b"ok"):
                piece = raw.recv(1000)
                assert piece, heard
                heard += piece
        raw.sendall(HEAD[:5])
        assert ended(raw)


def test_drops_do_not_begin_the_wait_anew(port: int) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=30) as raw, pytest.raises(OSError):
        for each in HEAD[:-1] * 4:  # far longer than the wait in all
            time.sleep(SECONDS / 4)
            raw.sendall(bytes([each]))
