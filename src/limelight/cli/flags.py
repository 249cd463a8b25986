"""Flags that several commands share: a command names one parameter for all of them, and is given what was said."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, Any

import typer


def flag(kind: Any, name: str, metavar: str, text: str, panel: str) -> inspect.Parameter:
    """Return a flag that is None where it is not given.

    >>> flag(int, "--max-requests", "N", "At most so many.", "Limits").name
    'max_requests'
    """
    annotation = Annotated[kind | None, typer.Option(name, metavar=metavar, help=text, rich_help_panel=panel)]
    parameter = name[2:].replace("-", "_")
    return inspect.Parameter(parameter, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation)


def with_flags(
    command: Callable[..., None],
    name: str,
    flags: Sequence[inspect.Parameter],
    pack: Callable[[Mapping[str, Any]], Any],
) -> Callable[..., None]:
    """Give a command some flags, as the library that reads the command line wants them.

    Parameters
    ----------
    command
        Takes a parameter `name`, without a default.
    name
        Of that parameter.
    flags
        What it stands for.
    pack
        Called with the values of all flags by name; what it returns is given to the command.
    """
    own = inspect.signature(command, eval_str=True)
    kept = [parameter for each, parameter in own.parameters.items() if each != name]

    def run(**arguments: Any) -> None:
        given = {each.name: arguments.pop(each.name, None) for each in flags}
        command(**arguments, **{name: pack(given)})

    run.__name__, run.__doc__ = command.__name__, command.__doc__
    signature = inspect.Signature([*kept, *flags])
    run.__signature__ = signature  # type: ignore[attr-defined]
    run.__annotations__ = {each: parameter.annotation for each, parameter in signature.parameters.items()}
    return run
