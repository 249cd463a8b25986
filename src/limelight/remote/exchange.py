"""One exchange with a server: a request is sent and its response read to the end, within a time and a size.

httpx knows the time of a single read: a server that drips a byte a second is never late, be it in the headers or in
the body. Here all reads and writes of an exchange share one deadline. httpx unpacks whatever comes: a few kilobytes
may become gigabytes. Here a body is unpacked step by step, and no further than allowed. Redirects are not followed,
since they would carry the key to another address.
"""

from __future__ import annotations

import math
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from limelight.optional import require
from limelight.remote.wire import Received

PIECE = 2**16
"""Bytes written at once: a server that takes a body slowly is late, too."""
PACKED = ("gzip", "x-gzip", "deflate")
EITHER = zlib.MAX_WBITS | 32
"""zlib finds out by itself which of the two it unpacks."""


class UnreadableError(Exception):
    """A response that no other attempt would make readable."""


class Line:
    """The connections of one process to one server.

    Parameters
    ----------
    headers
        Headers of each request that are no secret.
    connections
        How many may be open at once.
    timeout
        Seconds for a whole exchange, from connecting to the last byte.
    max_bytes
        The most that a body may have, unpacked.
    """

    def __init__(self, headers: Mapping[str, str], *, connections: int, timeout: float, max_bytes: int) -> None:
        httpx = require("httpx", "remote")
        self.timeout, self.max_bytes, self._deadline = timeout, max_bytes, _Deadline()
        self._client = httpx.Client(
            timeout=timeout,
            limits=httpx.Limits(max_connections=connections),
            headers={"Accept-Encoding": "gzip, deflate", **headers},
            follow_redirects=False,
        )
        for transport in (self._client._transport, *self._client._mounts.values()):
            if transport is not None:  # a host that the environment excepts from its proxy has none
                transport._pool._network_backend = _Backend(transport._pool._network_backend, self._deadline)

    def close(self) -> None:
        """Close all connections."""
        self._client.close()

    def exchange(
        self, method: str, url: str, content: bytes | None, headers: Mapping[str, str], sign: Callable[[Any], Any]
    ) -> Received:
        """Return a whole response.

        Raises
        ------
        httpx.HTTPError
            If there is none, or none in time.
        UnreadableError
            If it is too large, or packed in a way that was not asked for.
        """
        self._deadline.at = time.monotonic() + self.timeout
        request = {"content": content, "headers": headers, "auth": sign}
        with self._client.stream(method, url, **request) as response:
            known = {name.lower(): value for name, value in response.headers.items()}
            return Received(response.status_code, known, self._body(response, known))

    def _body(self, response: Any, headers: Mapping[str, str]) -> bytes:
        packing = headers.get("content-encoding", "identity").strip().lower()
        if packing in PACKED:
            return b"".join(self._unpacked(response.iter_raw()))
        if packing != "identity":
            raise UnreadableError(f"its answer is packed as {packing[:40]!r}, which was not asked for")
        promised = headers.get("content-length", "")
        if promised.isdecimal():
            self._check(int(promised))
        return b"".join(self._counted(response.iter_raw()))

    def _counted(self, chunks: Iterable[bytes]) -> Iterable[bytes]:
        length = 0
        for chunk in chunks:
            length += len(chunk)
            self._check(length)
            yield chunk

    def _unpacked(self, chunks: Iterable[bytes]) -> Iterable[bytes]:
        httpx = require("httpx", "remote")
        unpacker, length = zlib.decompressobj(EITHER), 0
        try:
            for chunk in chunks:
                while chunk:
                    if unpacker.eof:  # one packed part may follow another
                        unpacker = zlib.decompressobj(EITHER)
                    plain = unpacker.decompress(chunk, self.max_bytes - length + 1)
                    length += len(plain)
                    self._check(length)
                    yield plain
                    chunk = unpacker.unconsumed_tail or unpacker.unused_data
        except zlib.error as error:
            raise httpx.DecodingError(f"the packed answer is damaged ({error})") from None
        if not unpacker.eof:
            raise httpx.DecodingError("the packed answer is cut off")

    def _check(self, length: int) -> None:
        if length > self.max_bytes:
            raise UnreadableError(
                f"its answer has more than max_bytes={self.max_bytes:,} bytes; raise max_bytes, or ask for fewer rows "
                "at once (rows_per_request)"
            )


class _Deadline(threading.local):
    """When the exchange of this thread must be over, on the monotonic clock."""

    at = math.inf

    def left(self, timeout: float | None, late: type[Exception]) -> float:
        """Return the seconds that an operation may take; raise where there are none left."""
        left = self.at - time.monotonic()
        if left <= 0:
            raise late("the exchange takes too long")
        if timeout is None:
            return left
        return min(left, timeout)


class _Backend:
    """A network of httpcore whose connections keep the deadline."""

    def __init__(self, backend: Any, deadline: _Deadline) -> None:
        self._backend, self._deadline = backend, deadline

    def connect_tcp(self, host: str, port: int, timeout: float | None = None, **options: Any) -> _Stream:
        """Connect within what is left."""
        late = require("httpcore", "remote").ConnectTimeout
        timeout = self._deadline.left(timeout, late)
        return _Stream(self._backend.connect_tcp(host, port, timeout=timeout, **options), self._deadline)

    def sleep(self, seconds: float) -> None:
        """Wait."""
        self._backend.sleep(seconds)


class _Stream:
    """A connection of httpcore that keeps the deadline of whoever uses it."""

    def __init__(self, stream: Any, deadline: _Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read within what is left."""
        late = require("httpcore", "remote").ReadTimeout
        found: bytes = self._stream.read(max_bytes, timeout=self._deadline.left(timeout, late))
        return found

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write within what is left, piece by piece."""
        late = require("httpcore", "remote").WriteTimeout
        for start in range(0, len(buffer), PIECE):
            self._stream.write(buffer[start : start + PIECE], timeout=self._deadline.left(timeout, late))

    def start_tls(self, ssl_context: Any, server_hostname: str | None = None, timeout: float | None = None) -> _Stream:
        """Shake hands within what is left."""
        timeout = self._deadline.left(timeout, require("httpcore", "remote").ConnectTimeout)
        return _Stream(self._stream.start_tls(ssl_context, server_hostname, timeout), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        """Return what the connection itself says."""
        return self._stream.get_extra_info(info)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()
