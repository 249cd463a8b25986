"""`http(url, protocol)`: a model behind an address as a callable that any explainer takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Unpack

from limelight.errors import InputError, UnknownNameError
from limelight.models.cache import Cache, MemoryCache
from limelight.remote.client import Remote
from limelight.remote.limits import Limits, LimitsArguments
from limelight.remote.open_inference import OpenInference
from limelight.remote.openai import Chat, Completions, Embeddings
from limelight.remote.scoring import HuggingFace, MLflow, TFServing, TorchServe
from limelight.remote.secrets import Key, check_address
from limelight.remote.wire import WHOLE_NUMBERS, Protocol, Wire

PROTOCOLS: Mapping[str, Callable[..., Any]] = {
    "v2": OpenInference,
    "mlflow": MLflow,
    "tf-serving": TFServing,
    "torchserve": TorchServe,
    "huggingface": HuggingFace,
    "openai-chat": Chat,
    "openai-completions": Completions,
    "openai-embeddings": Embeddings,
}
"""The protocols known by name."""
NEEDS_MODEL = ("v2", "tf-serving", "torchserve", "openai-chat", "openai-completions", "openai-embeddings")


def http(
    url: str,
    protocol: str | Wire,
    *,
    model: str | None = None,
    version: str | None = None,
    output: str | None = None,
    whole_numbers: str | None = None,
    parameters: Mapping[str, Any] | None = None,
    key: str | Callable[[], str] | None = None,
    key_header: str = "Authorization",
    headers: Mapping[str, str] | None = None,
    cache: str | Path | Cache | None = None,
    **limits: Unpack[LimitsArguments],
) -> Remote:
    """Return a model behind an address: a callable of n inputs that pickles and that any explainer takes.

    What fails for a while is asked again; what was answered is never asked again; what would pass a limit is not asked.

    Parameters
    ----------
    url
        Where the server is: ``"http://localhost:8080"``, ``"https://api.openai.com/v1"``.
    protocol
        One of `PROTOCOLS`: ``"v2"`` (Open Inference: Triton, KServe, MLServer), ``"mlflow"``, ``"tf-serving"``,
        ``"torchserve"``, ``"huggingface"``, ``"openai-chat"``, ``"openai-completions"``, ``"openai-embeddings"``; or a
        `Protocol` of your own.
    model, version
        The names that the server has for the model. In a cache, answers of another version are other answers: name the
        version where the server does not say it itself.
    output
        The output to ask for, where a model of protocol v2 has several, such as ``"predict_proba"``.
    whole_numbers
        What a column of whole numbers is that a server of MLflow or of protocol v2 answers: ``"labels"`` of a
        classifier, explained by how often each is the answer, or ``"quantities"``. None (default) refuses them after
        the first request, since nothing in them says which, and asks for scores instead.
    parameters
        Sent with each request, such as ``{"temperature": 0, "max_tokens": 200}``.
    key
        The *name* of the environment variable that holds the key, or a function that returns it. The key itself is
        kept nowhere.
    key_header
        The header that carries it; in ``Authorization`` as ``Bearer KEY``.
    headers
        Further headers, none of them secret.
    cache
        A file that keeps the answers (`Cache`); None keeps the last 262,144 in memory.
    **limits
        Every field of `Limits`: ``concurrency``, ``per_second``, ``timeout``, ``attempts``, ``max_requests``,
        ``max_rows``, ``max_cost`` with ``price``, …

    Raises
    ------
    InputError
        If an argument does not fit; nothing is asked by then.

    Examples
    --------
    >>> from limelight import remote
    >>> model = remote.http("http://localhost:8080", "v2", model="fraud", max_requests=500)
    >>> model
    <limelight.remote: v2 at http://localhost:8080>
    >>> model.usage.requests
    0
    """
    address, checked = check_address(url), Limits.of(limits)
    named = {"model": model, "version": version, "output": output, "whole_numbers": whole_numbers}
    wire = _wire(protocol, {**named, "parameters": parameters})
    if checked.max_cost is not None and checked.price is not None and checked.price.per_million_out:
        _check_end(wire)
    kept = MemoryCache() if cache is None else Cache(cache) if isinstance(cache, (str, Path)) else cache
    return Remote(address, wire, limits=checked, key=Key(key, key_header), headers=dict(headers or {}), cache=kept)


def _wire(protocol: str | Wire, given: Mapping[str, Any]) -> Wire:
    """Return the protocol of a name, told which model; one of your own says that itself."""
    given = {name: value for name, value in given.items() if value is not None}
    if not isinstance(protocol, str):
        if not hasattr(protocol, "encode") or not hasattr(protocol, "decode"):
            raise InputError(
                f"protocol: expected one of {list(PROTOCOLS)} or a Protocol, got {type(protocol).__name__}."
            )
        if given:
            raise InputError(
                f"{next(iter(given))}: has no effect with a protocol of your own; say it in its functions."
            )
        return protocol
    if protocol not in PROTOCOLS:
        raise UnknownNameError("protocol", protocol, PROTOCOLS)
    if protocol in NEEDS_MODEL and "model" not in given:
        raise InputError(f"model: expected with {protocol!r}, got none; pass the name that the server has for it.")
    if protocol not in ("v2", "mlflow") and "whole_numbers" in given:
        raise InputError(f"whole_numbers: has no effect with {protocol!r}; leave it out.")
    if given.get("whole_numbers", "labels") not in WHOLE_NUMBERS:
        raise UnknownNameError("whole_numbers", given["whole_numbers"], WHOLE_NUMBERS)
    if protocol != "v2" and "output" in given:
        raise InputError(f"output: has no effect with {protocol!r}; leave it out.")
    wire: Wire = PROTOCOLS[protocol](**given)
    return wire


def _check_end(wire: Wire) -> None:
    if wire.written(1) is None:
        raise InputError(
            "max_cost: nothing sets an end to an answer, nor to its price; pass parameters={'max_tokens': 200}."
        )


__all__ = ["PROTOCOLS", "Protocol", "http"]
