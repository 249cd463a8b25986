"""What a callable takes."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any


def has_arg(fn: Callable[..., Any], arg_name: str) -> bool:
    """Return whether a callable takes an argument of this name as a keyword.

    >>> has_arg(sorted, "key"), has_arg(len, "key"), has_arg(lambda *others: 0, "others")
    (True, False, False)
    """
    try:
        parameters = inspect.signature(fn).parameters
    except ValueError:  # compiled code that does not say what it takes
        try:
            parameters = inspect.signature(fn.__call__).parameters  # type: ignore[operator]
        except ValueError:
            return False
    found = parameters.get(arg_name)
    return found is not None and found.kind in (found.POSITIONAL_OR_KEYWORD, found.KEYWORD_ONLY)
