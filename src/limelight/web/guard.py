"""What stands before every request: whose page asks, for which host, with which token, how much, and how slowly.

Input: an ASGI application. Output: one that answers only what passes, and whose answers allow a page nothing from
outside. DNS rebinding is stopped by the `Host`, posts of other sites by `Origin` and by the type of the body.
"""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Awaitable, Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.cookies import CookieError, SimpleCookie
from typing import Any
from urllib.parse import urlsplit

FORM_LIMIT = 4096
"""Largest body of /login, in bytes: whoever has no token yet may not fill the memory of those who have one."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
COOKIE = "limelight"
OPEN_TO_ALL = ("/healthz", "/login", "/static/live.css")
"""What is answered without the token: whether the server lives, and the form that asks for the token."""
HEADERS = (
    (
        b"content-security-policy",
        b"default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),  # with no-referrer the form of /login would come with "Origin: null"
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),  # another site's page may not even embed what it cannot read
)
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Application = Callable[[Any, Any, Any], Awaitable[None]]


class Refused(Exception):  # noqa: N818 - an answer, not a mistake
    """A request that is answered with a status and a sentence, and goes no further."""

    def __init__(self, status: int, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status


class Held:
    """The bytes of all bodies in hand: many large ones at once would fill the memory though each of them is allowed.

    Parameters
    ----------
    limit
        In bytes.
    """

    def __init__(self, limit: int) -> None:
        self.limit, self.now = limit, 0

    @contextmanager
    def account(self) -> Iterator[Callable[[int], None]]:
        """Give one request's account, to which pieces are added; it is closed at the end of the block."""
        mine = 0

        def add(size: int) -> None:
            nonlocal mine
            if self.now + size > self.limit:
                raise Refused(503, "Too many large requests are in hand; try again.")
            mine += size
            self.now += size

        try:
            yield add
        finally:
            self.now -= mine


@dataclass(frozen=True, slots=True)
class Guard:
    """An ASGI application behind the checks of this file.

    Parameters
    ----------
    app
        What answers the requests that pass.
    hosts
        Names under which the server may be addressed; empty for any, which is safe with a token only.
    token
        What ``Authorization: Bearer …`` or the cookie must say; None for none.
    body_limit
        Largest body in bytes.
    patience
        Seconds in which a body must have arrived.
    held
        What the bodies of all requests in hand may take together.
    """

    app: Application
    hosts: Collection[str] = LOOPBACK
    token: str | None = None
    body_limit: int = 10_000_000
    patience: float = 20.0
    held: Held = field(default_factory=lambda: Held(200_000_000))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one connection."""
        if scope["type"] != "http":
            if scope["type"] == "lifespan":
                await self.app(scope, receive, send)
            return
        with self.held.account() as account:
            try:
                body = await self._checked(scope, receive, account)
            except Refused as refused:
                await _say(send, refused.status, str(refused))
                return
            await self.app(scope, _replayed(body, receive), _hardened(send))

    async def _checked(self, scope: Scope, receive: Receive, account: Callable[[int], None]) -> bytes:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        host = headers.get("host", "")
        if self.hosts and _name_of(host) not in self.hosts:
            raise Refused(403, "Host: this server does not go by that name; name it with --allow-host.")
        if scope["method"] not in ("GET", "HEAD"):
            self._check_origin(headers, host)
        if scope["method"] == "POST" and scope["path"] != "/login":
            _check_kind(headers)
        if scope["path"] not in OPEN_TO_ALL and not self.knows(headers):
            raise Refused(401, "A token is needed: Authorization: Bearer …, or open /login in a browser.")
        if scope["path"] == "/login":
            limit = min(FORM_LIMIT, self.body_limit)
        else:
            limit = self.body_limit
        length = headers.get("content-length", "0")
        if length.isdecimal() and int(length) > limit:
            raise _too_large(limit)
        try:
            return await asyncio.wait_for(_body(receive, account, limit), self.patience)
        except TimeoutError:
            raise Refused(408, f"The body did not arrive within {self.patience:g} seconds.") from None

    def _check_origin(self, headers: dict[str, str], host: str) -> None:
        origin = headers.get("origin")
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            raise Refused(403, "Origin: a page of another site may not ask here.")
        if origin is not None and urlsplit(origin).netloc.lower() != host.lower():
            raise Refused(403, "Origin: a page of another site may not ask here.")

    def knows(self, headers: dict[str, str]) -> bool:
        """Return whether a request brings the token, or none is needed."""
        if self.token is None:
            return True
        given = headers.get("authorization", "").removeprefix("Bearer ")
        return same(given, self.token) or same(_cookie(headers.get("cookie", "")), self.token)


async def _body(receive: Receive, account: Callable[[int], None], limit: int) -> bytes:
    body = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Refused(400, "The connection was closed before the body was there.")
        piece = message.get("body", b"")
        account(len(piece))
        body += piece
        if len(body) > limit:
            raise _too_large(limit)
        if not message.get("more_body"):
            return bytes(body)


def _too_large(limit: int) -> Refused:
    return Refused(413, f"The body is larger than {limit:,} bytes.")


def _check_kind(headers: dict[str, str]) -> None:
    # what a form of another site can send without being asked first is never JSON
    if headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise Refused(415, "Content-Type: expected application/json.")


def same(given: str, token: str) -> bool:
    """Return whether two strings are equal, in a time that does not tell how much of them is.

    >>> same("a", "b"), same("é", "é")
    (False, True)
    """
    return hmac.compare_digest(given.encode(), token.encode())


def _cookie(header: str) -> str:
    try:
        found = SimpleCookie(header).get(COOKIE)
    except CookieError:
        return ""
    if found is None:
        return ""
    return found.value


def _name_of(host: str) -> str:
    """Return a host without its port: [::1]:8000 is ::1."""
    try:
        return (urlsplit("//" + host).hostname or "").lower()
    except ValueError:
        return ""


def _replayed(body: bytes, receive: Receive) -> Receive:
    """Return a `receive` that gives a body that has been read already, then whatever follows it."""
    waiting = [{"type": "http.request", "body": body, "more_body": False}]

    async def again() -> dict[str, Any]:
        if waiting:
            return waiting.pop()
        return await receive()

    return again


def _hardened(send: Send) -> Send:
    async def sent(message: dict[str, Any]) -> None:
        if message["type"] == "http.response.start":
            own = message.get("headers", [])
            named = {name.lower() for name, _ in own}  # a page that was kept has a policy of its own
            message = {**message, "headers": [*own, *(each for each in HEADERS if each[0] not in named)]}
        await send(message)

    return sent


async def _say(send: Send, status: int, sentence: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8"), *HEADERS]
    if status == 401:
        headers.append((b"www-authenticate", b"Bearer"))
    if status == 503:
        headers.append((b"retry-after", b"1"))
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": sentence.encode()})
