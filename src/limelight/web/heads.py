"""Connections on which no request comes: ended, or a thousand of them would leave no room for anybody.

Input: seconds. Output: uvicorn's protocol for HTTP with that patience. Uvicorn waits for ever for the end of a head;
bodies are timed by the guard, which sees no request before its head is whole.
"""

from __future__ import annotations

from typing import Any

from limelight.optional import require

PATIENCE = 20.0
"""Seconds in which a request must have begun, as for bodies."""


def patient(seconds: float = PATIENCE) -> Any:
    """Return a class for uvicorn's ``http=``.

    Parameters
    ----------
    seconds
        After which a connection is closed whose request has not begun, or of which the head is not whole.

    Raises
    ------
    MissingDependencyError
        If uvicorn is not installed.
    """
    h11 = require("h11", "web")
    base: Any = require("uvicorn.protocols.http.h11_impl", "web").H11Protocol

    class Patient(base):  # type: ignore[misc]
        """Uvicorn's protocol, which ends connections that only wait."""

        late: Any = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self.wait()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            # h11 is idle until the head of a request is whole; between requests uvicorn has a shorter patience
            if self.conn.their_state is h11.IDLE:
                self.wait()
            else:
                self.come()

        def connection_lost(self, exc: Exception | None) -> None:
            self.come()
            super().connection_lost(exc)

        def wait(self) -> None:
            """Begin to wait for a head; a drop of it does not begin the wait anew."""
            if self.late is None:
                self.late = self.loop.call_later(seconds, self.transport.abort)

        def come(self) -> None:
            """Wait no longer."""
            if self.late is not None:
                self.late.cancel()
                self.late = None

    return Patient
