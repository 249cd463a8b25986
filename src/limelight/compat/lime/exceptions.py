"""lime's own error."""

from __future__ import annotations

from limelight.errors import InputError


class LimeError(InputError):
    """What lime raises on purpose; here every error is an `InputError` as well, and says what to do."""
