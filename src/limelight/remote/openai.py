"""The OpenAI-compatible API: chat, completions, embeddings, as hosted models, vLLM, llama.cpp and others offer it.

Pure: prompts → body, response → what was written, with its tokens. The address ends where `/chat/completions` begins:
``https://api.openai.com/v1``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

import numpy as np

from limelight.errors import InputError, RemoteError
from limelight.remote.wire import Body, Decoded, Received, need

ENDS = ("max_completion_tokens", "max_tokens")
"""The parameters that bound an answer, the newer first."""


@dataclass(frozen=True, slots=True)
class OpenAI:
    """What the three have in common.

    Parameters
    ----------
    model, version
        The model's name; a version of your own keeps its answers apart in a cache.
    parameters
        Sent with each request: ``{"temperature": 0, "max_tokens": 200, "logprobs": True, "top_logprobs": 5}``.
    """

    model: str
    version: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    rows_per_request: int = 1
    name: ClassVar[str] = "openai"
    path: ClassVar[str] = ""

    @property
    def identity(self) -> Mapping[str, Any]:
        """Return what the answers depend on."""
        own = {"model": self.model, "version": self.version, "parameters": dict(self.parameters)}
        return {"protocol": self.name, **own}

    def settled(self, get: Callable[[str], Any]) -> Self:
        """Return itself: nothing is asked beforehand."""
        return self

    def written(self, n: int) -> int | None:
        """Return the most tokens of n answers; None where no parameter sets an end."""
        end = next((self.parameters[name] for name in ENDS if self.parameters.get(name)), None)
        if end is None:
            return None
        return n * int(end) * int(self.parameters.get("n") or 1)


@dataclass(frozen=True, slots=True)
class Chat(OpenAI):
    """Chat completions: a text is one message of the user, a list its messages, a dict whatever else a request has."""

    name: ClassVar[str] = "openai-chat"
    path: ClassVar[str] = "/chat/completions"

    def encode(self, inputs: Sequence[Any]) -> Body:
        """Return one request for one prompt."""
        if len(inputs) != 1:
            raise InputError(f"rows_per_request: {self.name} takes one prompt a request, got {len(inputs)}.")
        return Body.of({"model": self.model, **self.parameters, **_request(inputs[0])})

    def decode(self, received: Received, n: int) -> Decoded:
        """Return the first choice; `Remote.answers` makes a `Reply` of it."""
        content = received.json()
        choice = _choices(content, 1)[0]
        message = need(choice, "message", self.name)
        tokens = _tokens(content)
        written, refusal = message.get("content"), message.get("refusal")
        answer = {
            # a refusal stands apart from the content, and is what was said
            "text": next((said for said in (written, refusal) if isinstance(said, str)), ""),
            "finish": choice.get("finish_reason"),
            "refusal": refusal,
            "tokens_in": tokens[0] if tokens else None,
            "tokens_out": tokens[1] if tokens else None,
            "tokens": _log_probabilities(choice.get("logprobs")),
        }
        return Decoded([answer], tokens)


@dataclass(frozen=True, slots=True)
class Completions(OpenAI):
    """Completions of texts."""

    rows_per_request: int = 8
    name: ClassVar[str] = "openai-completions"
    path: ClassVar[str] = "/completions"

    def encode(self, inputs: Sequence[str]) -> Body:
        """Return one request for several texts."""
        return Body.of({"model": self.model, **self.parameters, "prompt": _texts(inputs, self.name)})

    def decode(self, received: Received, n: int) -> Decoded:
        """Return one text for each prompt, in order; tokens are known of all together, or of the one."""
        content = received.json()
        choices = _in_order(_choices(content, n), self.name)
        tokens = _tokens(content)
        alone = tokens if n == 1 else None
        counted = {"tokens_in": alone and alone[0], "tokens_out": alone and alone[1]}
        answers = [
            {"text": need(choice, "text", self.name), "finish": choice.get("finish_reason"), **counted}
            for choice in choices
        ]
        return Decoded(answers, tokens)


@dataclass(frozen=True, slots=True)
class Embeddings(OpenAI):
    """Embeddings of texts, one row of numbers for each."""

    rows_per_request: int = 64
    name: ClassVar[str] = "openai-embeddings"
    path: ClassVar[str] = "/embeddings"

    def encode(self, inputs: Sequence[str]) -> Body:
        """Return one request for several texts."""
        return Body.of({"model": self.model, **self.parameters, "input": _texts(inputs, self.name)})

    def decode(self, received: Received, n: int) -> Decoded:
        """Return the vectors (n, k), in the order of the texts."""
        content = received.json()
        data = _in_order(need(content, "data", self.name), self.name)
        return Decoded(np.array([need(each, "embedding", self.name) for each in data], dtype=float), _tokens(content))

    def written(self, n: int) -> int | None:
        """Return 0: nothing is written."""
        return 0


def _request(prompt: Any) -> Mapping[str, Any]:
    """Return what one prompt adds to a request."""
    if isinstance(prompt, str):
        return {"messages": [{"role": "user", "content": prompt}]}
    if isinstance(prompt, Mapping) and "messages" in prompt:
        return prompt
    if isinstance(prompt, Sequence) and all(isinstance(each, Mapping) and "role" in each for each in prompt):
        return {"messages": list(prompt)}
    raise InputError(
        'inputs: expected prompts that are texts, lists of messages {"role": …, "content": …}, or dicts with '
        f'"messages", got {type(prompt).__name__}.'
    )


def _texts(inputs: Any, name: str) -> list[str]:
    texts = list(inputs)
    if not all(isinstance(each, str) for each in texts):
        raise InputError(f"inputs: {name} takes texts, got {sorted({type(each).__name__ for each in texts})}.")
    return [str(each) for each in texts]


def _choices(content: Any, n: int) -> list[Any]:
    choices = need(content, "choices", "the OpenAI-compatible API")
    if n == 1:
        return list(choices)[: max(n, 1)]
    return list(choices)


def _in_order(answers: Any, name: str) -> list[Any]:
    """Return answers in the order of what was asked, as their ``index`` says; where none or all the same, as they came.

    Raises
    ------
    RemoteError
        If two answers claim one place.
    """
    places = [int(each.get("index") or 0) for each in answers]
    if len(set(places)) > 1 and sorted(places) != list(range(len(places))):
        raise RemoteError(f"the server answered with the indices {places}; {name} counts answers from 0.")
    return [answers[place] for place in np.argsort(places, kind="stable")]


def _tokens(content: Any) -> tuple[int, int] | None:
    """Return the tokens read and written, as the server counts them."""
    usage = content.get("usage")
    if not isinstance(usage, Mapping):
        return None
    return int(usage.get("prompt_tokens") or 0), int(usage.get("completion_tokens") or 0)


def _log_probabilities(given: Any) -> list[Any] | None:
    """Return [token, logprob, {alternative: logprob}] of each token; None where there are none."""
    content = given.get("content") if isinstance(given, Mapping) else None
    if not content:
        return None
    return [
        [each["token"], each["logprob"], {top["token"]: top["logprob"] for top in each.get("top_logprobs") or ()}]
        for each in content
    ]
