"""`Settings` as flags: names, types, defaults and help are read from the dataclass, so that a knob is written once.

    n_samples: int | str = "auto"          →   --n-samples TEXT   ["auto"]
    control_variates: bool = True          →   --no-control-variates
    targets: str | int | Sequence[...]     →   --target NAME, repeatable
    distance: str | Callable[...] | None   →   --distance NAME, or module:object

A flag that is not given is None here and leaves the setting's own default in force.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import Field, fields
from typing import Annotated, Any

import typer

from limelight.cli.flags import with_flags
from limelight.cli.models import load_object
from limelight.errors import InputError
from limelight.settings import Settings

PANEL = "Settings"


def with_settings(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command one flag for each setting; it receives those that were given as `settings: dict`."""
    return with_flags(command, "settings", [_parameter(field) for field in fields(Settings)], parse)


def parse(given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the settings that were given, as `Settings` takes them.

    Raises
    ------
    InputError
        If a text is not a value of its setting; `Settings` itself judges the value.

    >>> parse({"n_samples": "2000", "tolerance": None, "kernel_width": "auto", "targets": ["malignant"]})
    {'targets': 'malignant', 'n_samples': 2000, 'kernel_width': 'auto'}
    """
    return {
        field.name: _value(field, given[field.name])
        for field in fields(Settings)
        if given.get(field.name) not in (None, [], ())
    }


def _value(field: Field[Any], value: Any) -> Any:
    name, annotation = field.name, str(field.type)
    if isinstance(value, bool):
        return not field.default  # a flag that is given departs from the default
    if isinstance(value, (list, tuple)):
        if len(value) == 1:
            return value[0]
        return tuple(value)
    if "None" in annotation and value.lower() == "none":
        return None
    for word, read in (("int", int), ("float", float)):
        if re.search(rf"\b{word}\b", annotation):
            try:
                return read(value)
            except ValueError:
                continue
    if ":" in value and re.search(r"\b(Any|Callable)\b", annotation):
        return load_object(value, argument=_flag(name))
    if not re.search(r"\b(str|Any)\b", annotation):
        raise InputError(f"{_flag(name)}: expected {_expected(annotation)}, got {value!r}.")
    return value


def _expected(annotation: str) -> str:
    words = {"int": "an integer", "float": "a number", "None": "none"}
    return " or ".join(text for word, text in words.items() if re.search(rf"\b{word}\b", annotation))


def _flag(name: str) -> str:
    if name == "targets":
        return "--target"
    return "--" + name.replace("_", "-")


def _parameter(field: Field[Any]) -> inspect.Parameter:
    flag, annotation = _flag(field.name), str(field.type)
    text: dict[str, Any] = {
        "help": _help(field),
        "show_default": False if field.default is None or annotation == "bool" else str(field.default),
        "rich_help_panel": PANEL,
    }
    kind: Any
    if annotation == "bool":
        # the one flag that departs from the default: the other would say nothing
        kind = Annotated[bool | None, typer.Option(f"--no-{flag[2:]}" if field.default else flag, **text)]
    elif field.name == "targets":
        kind = Annotated[list[str] | None, typer.Option(flag, metavar="NAME", **text)]
    else:
        kind = Annotated[str | None, typer.Option(flag, metavar=_metavar(annotation), **text)]
    return inspect.Parameter(field.name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=kind)


def _metavar(annotation: str) -> str:
    if re.search(r"\b(int|float)\b", annotation):
        return "NUMBER"
    return "NAME"


def _help(field: Field[Any]) -> str:
    """Return the text of a setting, as it stands in the numpydoc section `Parameters` of `Settings`."""
    doc = inspect.getdoc(Settings) or ""
    entry = re.search(rf"^{field.name}\n((?:    .*\n|\n)+)", doc, re.M)
    text = re.sub(r"``?", "", " ".join(entry.group(1).split())) if entry else ""
    takes_object = re.search(r"\b(Any|Callable)\b", str(field.type))
    return text + (" Here: a name or module:object." if takes_object else "")
