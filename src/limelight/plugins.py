"""What other packages bring, found by their entry points and imported only when it is asked for.

Two groups. `limelight.models`: the name is the top-level package of a model's class, the object a function that takes
the model and returns the function to ask, or None where it does not know this one. `limelight.modalities`: the name is
what people write in ``Explainer(model, "name")``, the object a class or function that makes the modality.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from limelight.errors import InputError, LimelightError

MODELS = "limelight.models"
MODALITIES = "limelight.modalities"
KNOWN = frozenset({"builtins", "sklearn"})
"""Packages whose models limelight knows: nobody is asked about them, which takes some milliseconds."""


def asked_by_plugin(model: Any) -> Callable[[Any], Any] | None:
    """Return how a package that was installed beside limelight asks this model; None where none knows it.

    Raises
    ------
    InputError
        If the package cannot be imported, or what it returns cannot be called.

    >>> asked_by_plugin(len) is None
    True
    """
    packages = {base.__module__.split(".")[0] for base in type(model).__mro__} - KNOWN
    for entry in _entries(MODELS) if packages else ():
        if entry.name not in packages:
            continue
        function = _loaded(entry)(model)
        if function is None:
            continue
        if not callable(function):
            raise InputError(
                f"model: expected that {entry.value!r}, which {_package(entry)} brings for models of {entry.name}, "
                f"returns a function of n inputs, got {type(function).__name__}; pass such a function yourself."
            )
        asked: Callable[[Any], Any] = function
        return asked
    return None


def modality_of_name(name: str) -> Any:
    """Return the modality that a package brings under a name.

    Raises
    ------
    InputError
        If no installed package brings it, or the package cannot be imported, or makes none.

    >>> modality_of_name("molecule")
    Traceback (most recent call last):
    limelight.errors.InputError: modality: ... got the name 'molecule'; ...
    """
    found = _entries(MODALITIES)
    for entry in found:
        if entry.name == name:
            return _made(entry)
    brought = ", ".join(sorted(repr(entry.name) for entry in found)) or "none is installed"
    raise InputError(
        "modality: expected a kind of data, or the name of one that an installed package brings "
        f"({brought}), got the name {name!r}; for limelight's own pass ll.Tabular(X_train), ll.Text(), ll.Image() or "
        "ll.TimeSeries()."
    )


def _made(entry: EntryPoint) -> Any:
    """Return what a package makes under a name."""
    try:
        made = _loaded(entry)()
    except LimelightError:
        raise
    except Exception as error:  # whatever a package raises, or that it brings no function
        raise InputError(
            f"modality: {_package(entry)} says that {entry.value!r} makes {entry.name!r}, and it did not "
            f"({type(error).__name__}: {error}); mend that package, or make the kind of data yourself."
        ) from error
    if not hasattr(made, "represent"):
        raise InputError(
            f"modality: expected that {entry.value!r}, which {_package(entry)} brings as {entry.name!r}, makes a kind "
            f"of data, got {type(made).__name__}; mend that package, or make the kind of data yourself."
        )
    return made


@cache
def _entries(group: str) -> tuple[EntryPoint, ...]:
    return tuple(entry_points(group=group))


def _loaded(entry: EntryPoint) -> Any:
    try:
        return entry.load()
    except Exception as error:  # whatever a package raises when it is imported
        raise InputError(
            f"{entry.group}: {_package(entry)} says that {entry.value!r} handles {entry.name!r}, and it could not be "
            f"imported ({type(error).__name__}: {error}); mend that package, or uninstall it."
        ) from error


def _package(entry: EntryPoint) -> str:
    if entry.dist is not None:
        return entry.dist.name
    return "an installed package"
