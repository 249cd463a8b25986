"""A model behind an address on the command line: the flags of `limelight.remote.http`, and the file that keeps answers.

limelight explain --model http://localhost:8000 --protocol v2 --served fraud@3 --data rows.csv …
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from limelight.cli.flags import flag, with_flags
from limelight.errors import InputError

PANEL = "A model behind an address, and the file of its answers"
_ONLY = ("protocol", "served", "ask_output", "whole_numbers", "key", "max_requests", "per_second")


def _option(kind: Any, name: str, metavar: str, text: str) -> inspect.Parameter:
    return flag(kind, name, metavar, text, PANEL)


FLAGS = (
    _option(
        str,
        "--protocol",
        "NAME",
        "How the server of --model http://… is asked: v2 (Open Inference: Triton, KServe, MLServer), mlflow, "
        "tf-serving, torchserve, huggingface.",
    ),
    _option(str, "--served", "NAME[@VERSION]", "The name that the server has for the model, such as fraud@3."),
    _option(str, "--ask-output", "NAME", "The output to ask for, such as predict_proba; with --protocol v2."),
    _option(
        str,
        "--whole-numbers",
        "labels|quantities",
        "What whole numbers are that a server of mlflow or v2 answers; without it they are refused.",
    ),
    _option(str, "--key", "VARIABLE", "The environment variable that holds the key; never the key itself."),
    _option(int, "--max-requests", "N", "Stop before the request that would be one more than this."),
    _option(float, "--per-second", "N", "At most so many requests a second."),
    _option(Path, "--cache", "FILE", "Keep the model's answers here: a rerun asks nothing."),
)


def with_address(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the flags above; it receives those that were given as `address: dict`."""
    return with_flags(command, "address", FLAGS, lambda given: {k: v for k, v in given.items() if v is not None})


def is_address(spec: str) -> bool:
    """Return whether --model is an address.

    >>> is_address("http://localhost:8000"), is_address("model.skops")
    (True, False)
    """
    return spec.startswith(("http://", "https://"))


def check_address_flags(spec: str, given: Mapping[str, Any]) -> None:
    """Raise where a flag has no effect, or is missing.

    Raises
    ------
    InputError
        If flags of an address stand beside a file, or an address has no protocol.
    """
    if is_address(spec):
        if "protocol" not in given:
            raise InputError("--protocol: expected with an address, got none; such as --protocol v2.")
        return
    if useless := [name for name in _ONLY if name in given]:
        raise InputError(f"--{useless[0].replace('_', '-')}: has no effect with '{spec}'; it is for --model http://….")


def load_address(url: str, given: Mapping[str, Any]) -> Any:
    """Return the model behind an address.

    Raises
    ------
    InputError
        If the flags do not fit the protocol.
    """
    from limelight.remote import http

    name, _, version = given.get("served", "").partition("@")
    named = {"model": name, "version": version, "output": given.get("ask_output")}
    named["whole_numbers"] = given.get("whole_numbers")
    limits = {limit: given[limit] for limit in ("max_requests", "per_second") if limit in given}
    told = {word: value for word, value in named.items() if value}
    return http(url, given["protocol"], key=given.get("key"), cache=given.get("cache"), **told, **limits)
