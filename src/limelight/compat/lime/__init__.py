"""A drop-in for the `lime` package: its names, parameters and results; the work is done by limelight.

    from limelight.compat import lime                      # lime.lime_tabular, lime.lime_text, lime.lime_image, …
    limelight.compat.lime.install()                        # or: for code whose `import lime` cannot be changed
    python -m limelight.compat.lime script.py arguments    # or: for a whole script

Every module here maps old words to new ones and back: `tables.py` turns lime's statistics into a `Tabular`,
`surrogate.py` is lime's fit, `question.py` runs one explanation through `rounds/pipeline.py`. The estimand is lime's:
its bins, its truncated normals, its kernels, its Ridge(alpha=1). Every explanation carries limelight's own as `native`.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

from limelight.errors import LimelightError

MODULES = (
    "discretize", "exceptions", "explanation", "lime_base", "lime_image", "lime_tabular", "lime_text",
    "submodular_pick", "utils", "utils.generic_utils", "wrappers", "wrappers.scikit_image",
)  # fmt: skip
"""The modules of the `lime` package that are here."""

__all__ = ["install", *(name for name in MODULES if "." not in name)]


class AlreadyImportedError(LimelightError, ImportError):
    """The real `lime` was imported before this one could take its place."""


def install() -> None:
    """Register this package as `lime`, so that `import lime` gets it in whatever is imported from now on.

    Calling it again changes nothing.

    Raises
    ------
    AlreadyImportedError
        If the real `lime` has been imported: others may hold its classes already.

    Examples
    --------
    >>> import subprocess, sys
    >>> code = "import limelight.compat.lime as ours; ours.install(); import lime.lime_text; print(lime is ours)"
    >>> subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip()
    'True'
    """
    this = sys.modules[__name__]
    if sys.modules.get("lime", this) is not this:
        raise AlreadyImportedError(
            "install: expected to come before the first `import lime`, got it after "
            f"{getattr(sys.modules['lime'], '__file__', None) or 'another lime'} was imported; call "
            "limelight.compat.lime.install() at the top of the program, or run it by python -m limelight.compat.lime."
        )
    sys.modules["lime"] = this
    for old, new in zip(_named("lime"), _named(__name__), strict=True):
        sys.modules[old] = importlib.import_module(new)


def _named(package: str) -> list[str]:
    return [f"{package}.{name}" for name in MODULES]


def __getattr__(name: str) -> Any:
    """Import a module when it is first used."""
    if name in MODULES:
        return importlib.import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
