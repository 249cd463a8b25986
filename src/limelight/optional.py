"""The one place that imports optional packages, with the pip line where one is missing."""

from __future__ import annotations

import importlib
from types import ModuleType

from limelight.errors import MissingDependencyError


def require(module: str, extra: str) -> ModuleType:
    """Import an optional module.

    Parameters
    ----------
    module
        Dotted name, as in an import statement.
    extra
        The extra of limelight that installs it.

    Raises
    ------
    MissingDependencyError
        If the module cannot be imported; the message holds the pip line.

    >>> require("json", "cli").__name__
    'json'
    """
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise MissingDependencyError(
            f"{module} is needed here and could not be imported ({error}); "
            f"install it with: pip install 'limelight[{extra}]'"
        ) from error
