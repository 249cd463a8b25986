"""Where the key comes from: the environment, or a function. It is read for each request and kept nowhere.

The key stands in no message, log, pickle, cache or explanation: a `Key` knows the name of the variable or the function,
puts the key into the request's headers at the last moment, and takes it out of whatever a server sends back.
"""

from __future__ import annotations

import os
import pickle
import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from limelight.errors import InputError

HIDDEN = "***"
_LIKE_A_SECRET = re.compile(r"key|token|secret|sig|password|passwd|auth|credential", re.I)


class Key:
    """A key that is looked up when it is needed.

    Parameters
    ----------
    source
        The name of an environment variable, a function without arguments that returns the key, or None for no key.
    header
        The header that carries it. In ``Authorization`` it stands as ``Bearer KEY``, unless it brings a scheme of its
        own (``Basic …``).

    Raises
    ------
    InputError
        If the variable is not set.

    Examples
    --------
    >>> Key(None).reveal() is None
    True
    """

    def __init__(self, source: str | Callable[[], str] | None, header: str = "Authorization") -> None:
        self.header = header
        self._source = source
        self.reveal()

    def __repr__(self) -> str:
        named = self._source if isinstance(self._source, str) else "a function"
        if self._source is None:
            return "no key"
        return f"the key from {named}"

    def __getstate__(self) -> dict[str, Any]:
        if callable(self._source):
            secret = (self.reveal() or "").encode()
            if secret and secret in pickle.dumps(self._source):
                raise InputError(
                    "key: the function holds the key itself, which must not be pickled; let it look it up."
                )
        return {"header": self.header, "_source": self._source}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)

    def reveal(self) -> str | None:
        """Return the key; None without one."""
        if self._source is None:
            return None
        if callable(self._source):
            return str(self._source())
        if self._source not in os.environ:
            # it may be the key itself, so it is not shown
            raise InputError(
                "key: expected the name of an environment variable that is set, or a function that returns the key; "
                'got a text that names none. Set it, and pass its name: key="OPENAI_API_KEY".'
            )
        return os.environ[self._source]

    def sign(self, request: Any) -> Any:
        """Put the key into a request's headers, as httpx lets a callable do."""
        secret = self.reveal()
        if secret is not None:
            bearer = self.header.lower() == "authorization" and " " not in secret
            if bearer:
                request.headers[self.header] = f"Bearer {secret}"
            else:
                request.headers[self.header] = secret
        return request

    def hide(self, text: bytes) -> bytes:
        """Return what a server sent, without the key."""
        secret = self.reveal()
        if secret:
            return text.replace(secret.encode(), HIDDEN.encode())
        return text


def check_address(url: Any) -> str:
    """Return an address without its last slash.

    Raises
    ------
    InputError
        If it is none, or holds a secret: addresses stand in logs and messages.
    """
    if not isinstance(url, str) or not url.startswith(("http://", "https://")):
        if isinstance(url, str) and "@" not in url:
            shown = f"{url!r}"
        else:
            shown = type(url).__name__
        raise InputError(f'url: expected an address such as "https://models.example.com", got {shown}.')
    parts = urlsplit(url)
    if not parts.hostname:
        raise InputError("url: the address names no host.")
    if parts.username is not None or any(_LIKE_A_SECRET.search(name) for name, _ in parse_qsl(parts.query)):
        raise InputError(
            "url: the address holds a user or a key, and addresses stand in logs and messages; leave it out and pass "
            "key= the name of an environment variable (and key_header=, where it is not Authorization)."
        )
    return url.rstrip("/")
