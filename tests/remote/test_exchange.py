"""Servers gone wild: they drip for ever, answer without end, unpack into gigabytes, or send the key elsewhere."""

from __future__ import annotations

import gzip
import io
import socket
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import pytest
import servers

from limelight import remote
from limelight.errors import InputError, RemoteError

pytest.importorskip("httpx", reason="httpx is not installed")
SCORING = remote.Protocol("scores", lambda rows: {"rows": list(rows)}, lambda answer: answer["scores"])


@contextmanager
def raw(speak: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server below HTTP: `speak` has the connection once a request has come."""
    listening, over = socket.create_server(("127.0.0.1", 0)), threading.Event()

    def serve() -> None:
        while not over.is_set():
            with suppress(OSError):
                connection, _ = listening.accept()
                threading.Thread(target=answer, args=(connection,), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with connection, suppress(OSError):
            connection.recv(65536)
            speak(connection)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
    finally:
        over.set()
        listening.shutdown(socket.SHUT_RDWR)
        listening.close()
        thread.join(5)


def refused(url: str, **limits: Any) -> tuple[str, float]:
    """Ask for a row, and return what the error says and how long it took."""
    began = time.monotonic()
    model = remote.http(url, SCORING, **{"timeout": 0.5, "attempts": 1, **limits})
    with model, pytest.raises(RemoteError) as caught:
        model(["a"])
    return str(caught.value), time.monotonic() - began


def dripping(head: bytes, byte: bytes) -> Callable[[socket.socket], None]:
    def speak(connection: socket.socket) -> None:
        connection.sendall(head)
        for _ in range(1000):
            connection.sendall(byte)
            time.sleep(0.05)

    return speak


GZIP_WITH_A_NAME = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n\x1f\x8b\x08\x08\0\0\0\0\0\3"


@pytest.mark.parametrize(
    ("head", "byte"),
    [
        (b"", b"H"),
        (b"HTTP/1.1 200 OK\r\nX-Endless: ", b"a"),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" "),
        (GZIP_WITH_A_NAME, b"n"),  # unpacks to nothing, for ever
        (b"HTTP/1.1 100 Continue\r\n\r\n", b"HTTP/1.1 100 Continue\r\n\r\n"),
    ],
    ids=["status line", "header", "body", "packed body", "continues"],
)
def test_whoever_drips_is_late_wherever_it_drips(head: bytes, byte: bytes) -> None:
    with raw(dripping(head, byte)) as url:
        said, seconds = refused(url)
    assert "no whole answer within 0.5 s" in said
    assert seconds < 20  # of the fifty that the server would go on


def test_a_server_that_takes_a_body_slowly_is_late() -> None:
    def speak(connection: socket.socket) -> None:
        for _ in range(500):
            connection.recv(1000)
            time.sleep(0.05)

    late = pytest.raises(RemoteError, match="no whole answer within")
    with raw(speak) as url, remote.http(url, SCORING, timeout=0.5, attempts=1) as model, late:
        model(["a" * 30_000_000])


def test_the_time_is_one_for_all_of_an_exchange_and_a_new_one_for_the_next() -> None:
    def answer(path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        time.sleep(0.4)
        return 200, {}, b'{"scores": [1.0]}'

    with servers.serving(answer) as server, remote.http(server.url, SCORING, timeout=1.0, attempts=1) as model:
        assert [float(model([text])[0]) for text in "abcd"] == [1.0] * 4  # over one connection, 1.6 s in all


def body_of(content: bytes, **headers: str) -> Callable[..., Any]:
    return lambda path, body, _: (200, {name.replace("_", "-"): value for name, value in headers.items()}, content)


def test_an_answer_larger_than_allowed_is_not_read_and_not_asked_again() -> None:
    with servers.serving(body_of(b" " * 10_000 + b'{"scores": [1.0]}')) as server:
        said, _ = refused(server.url, max_bytes=10_000, attempts=5)
        assert "more than max_bytes=10,000 bytes; raise max_bytes" in said
        assert server.posts == 1
        with remote.http(server.url, SCORING, max_bytes=10_017) as model:
            assert float(model(["a"])[0]) == 1.0


def test_an_answer_without_end_is_let_go() -> None:
    def speak(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(10_000):
            connection.sendall(b" " * 10_000)

    with raw(speak) as url:
        said, _ = refused(url, max_bytes=1_000_000, timeout=30)
    assert "more than max_bytes" in said


@pytest.mark.parametrize("layers", [1, 2])
def test_a_bomb_is_not_unpacked(layers: int) -> None:
    packed = io.BytesIO()
    with gzip.GzipFile(fileobj=packed, mode="wb") as file:
        for _ in range(300):
            file.write(b" " * 2**20)
    bomb = gzip.compress(packed.getvalue()) if layers == 2 else packed.getvalue()
    with servers.serving(body_of(bomb, Content_Encoding=", ".join(["gzip"] * layers))) as server:
        tracemalloc.start()
        try:
            said, _ = refused(server.url, max_bytes=2**20, timeout=30)
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert "more than max_bytes" in said if layers == 1 else "'gzip, gzip', which was not asked for" in said
    assert peak < 30 * 2**20


def two(plain: bytes) -> bytes:
    """Two packed parts, one after the other."""
    return gzip.compress(plain[:9]) + gzip.compress(plain[9:])


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress, two])
def test_packed_answers_are_read(pack: Callable[[bytes], bytes]) -> None:
    content = b'{"scores": [0.1]}'
    answering = servers.serving(body_of(pack(content), Content_Encoding="gzip"))
    with answering as server, remote.http(server.url, SCORING) as model:
        assert float(model(["a"])[0]) == 0.1


@pytest.mark.parametrize("damage", [lambda packed: packed[:-9], lambda packed: b"\0" * 5 + packed])
def test_a_damaged_package_is_asked_again(damage: Callable[[bytes], bytes]) -> None:
    whole, sent = gzip.compress(b'{"scores": [0.5]}'), []

    def answer(path: str, body: bytes | None, headers: dict[str, str]) -> Any:
        sent.append(1)
        return 200, {"Content-Encoding": "gzip"}, damage(whole) if len(sent) == 1 else whole

    with servers.serving(answer) as server, remote.http(server.url, SCORING, backoff=0.0) as model:
        assert float(model(["a"])[0]) == 0.5
        assert model.usage.retries == 1


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_the_key_is_not_carried_to_another_address(status: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("A_KEY", "s3cr3t-s3cr3t")
    with servers.serving(body_of(b'{"scores": [1.0]}')) as thief:
        moved = f"{thief.url}/elsewhere?token=s3cr3t-s3cr3t"
        with servers.serving(lambda *_: (status, {"Location": moved}, b"")) as server:
            said, _ = refused(server.url, key="A_KEY", attempts=5)
            assert server.posts == 1
        assert (thief.posts, thief.gets) == (0, 0)
    assert f"it sends on to {thief.url}/elsewhere, which is not followed" in said
    assert "s3cr3t" not in said


def test_lists_in_lists_without_end_are_an_error_of_the_server() -> None:
    with servers.serving(body_of(b"[" * 200_000)) as server:
        said, _ = refused(server.url, timeout=30)
    assert "nested too deeply" in said


@pytest.mark.parametrize("most", [0, -1, 2.5, True, None])
def test_max_bytes_is_checked(most: Any) -> None:
    with pytest.raises(InputError, match="max_bytes: expected a positive integer"):
        remote.http("http://localhost:1", SCORING, max_bytes=most)
