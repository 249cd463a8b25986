"""A model behind an address, as a callable: n inputs → answers, from the cache as far as they are known.

One call: digests of the rows → what the cache knows → the rest in requests of a few rows, several on their way at
once → each answer into the cache as it comes → all answers in order. It pickles without sockets, keys and counts.
"""

from __future__ import annotations

import json
import threading
import warnings
import weakref
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import numpy as np

from limelight.contracts import Inputs
from limelight.errors import RemoteError, outside
from limelight.inputs.keys import row_keys
from limelight.inputs.kinds import count, take
from limelight.inputs.texts import MaskedTexts
from limelight.models.cache import Cache, MemoryCache, packed, unpacked
from limelight.models.repeats import current
from limelight.progress import progress
from limelight.remote.gate import Gate, StoppedError
from limelight.remote.limits import Limits, Quote, Usage
from limelight.remote.meter import Load, Meter
from limelight.remote.secrets import Key
from limelight.remote.sending import Sender
from limelight.remote.spending import SharedSums
from limelight.remote.wire import Decoded, Received, Wire, answers_of

BYTES_PER_TOKEN = 4
"""Of English text, roughly; for quotes only. Budgets reckon with one, the fewest that there can be."""
REQUESTS_AHEAD = 64
"""A model's batch is so many rounds of requests on their way at once: few pauses for the slowest of a round."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a model wrote.

    Parameters
    ----------
    text
        The answer.
    finish
        Why it ended: ``"stop"``, ``"length"`` (cut off), ``"content_filter"`` (refused), …
    tokens_in, tokens_out
        As the server counts them; None where it does not say.
    tokens
        The answer's tokens with their log-probabilities, ``(token, logprob, {alternative: logprob})``; None where they
        were not asked for (parameters ``logprobs=True, top_logprobs=5``) or the server gives none.
    refusal
        What the server says of a refusal; None where it does not.
    """

    text: str
    finish: str | None = None
    tokens_in: int | None = None
    tokens_out: int | None = None
    tokens: tuple[tuple[str, float, Mapping[str, float]], ...] | None = None
    refusal: str | None = None


class Remote:
    """A model behind an address. Made by `http`.

    Attributes
    ----------
    usage
        What was used so far in this process: requests, rows, tokens, money, cache hits.
    preferred_rows
        Rows that an explainer hands over in one call, so that all workers have something to do.
    """

    def __init__(
        self,
        url: str,
        protocol: Wire,
        *,
        limits: Limits,
        key: Key,
        headers: dict[str, str],
        cache: Cache | MemoryCache,
    ) -> None:
        self._url, self._wire, self._limits, self._cache = url, protocol, limits, cache
        self._key, self._headers = key, headers
        self._account = uuid4().hex
        self._start()

    def _start(self) -> None:
        capped, kept = bool(self._limits.caps), self._cache
        if capped and isinstance(kept, Cache):
            sums = SharedSums(kept, self._account)
        else:
            sums = None
        self._meter, self._gate = Meter(self._limits, sums), Gate(self._limits)
        self._sender = Sender(self._url, self._key, self._headers, self._limits, self._gate, self._meter)
        self._settled: Wire | None = None
        self._settling = threading.Lock()
        weakref.finalize(self, self._sender.close)

    def __getstate__(self) -> dict[str, Any]:
        if self._limits.caps and not isinstance(self._cache, Cache):
            warnings.warn(
                f"{' and '.join(self._limits.caps)}: each pickled copy of this model may spend as much, since nothing "
                "is kept in common; with cache='answers.db' all copies share the cap, and the answers.",
                stacklevel=outside(),
            )
        names = ("_url", "_wire", "_limits", "_cache", "_key", "_headers", "_account")
        return {name: getattr(self, name) for name in names}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._start()

    def __repr__(self) -> str:
        return f"<limelight.remote: {self._wire.name} at {self._url}>"

    def __enter__(self) -> Remote:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; they open again when they are needed."""
        self._sender.close()

    @property
    def usage(self) -> Usage:
        """Return what was used so far in this process."""
        return self._meter.usage

    @property
    def limits(self) -> Limits:
        """Return how the server may be asked."""
        return self._limits

    @property
    def preferred_rows(self) -> int:
        """Return how many rows are best asked in one call."""
        return self._per_request * self._limits.concurrency * REQUESTS_AHEAD

    @property
    def _per_request(self) -> int:
        return self._limits.rows_per_request or self._wire.rows_per_request

    def __call__(self, inputs: Inputs) -> Any:
        """Return the answers: numbers (n,) or (n, k), labels, scores by label, or the texts that a model wrote."""
        answers = self._ask(inputs)
        if isinstance(answers, list) and answers and isinstance(answers[0], dict) and "text" in answers[0]:
            return [answer["text"] for answer in answers]
        return answers

    def answers(self, prompts: Sequence[Any]) -> list[Reply]:
        """Return what the model wrote to each prompt, with all that the server says of it.

        Parameters
        ----------
        prompts
            Each a text, a list of messages ``{"role": …, "content": …}``, or a dict of what a request has beside the
            model: ``{"messages": […], "tools": […]}``. The same prompt twice in one call is asked twice.

        Raises
        ------
        BudgetSpent, RemoteError
            As calling it; what was answered is kept.
        """
        found = []
        for each in self._ask(prompts):
            if not isinstance(each, dict) or "text" not in each:
                raise RemoteError(f"answers: {self._wire.name} answers with numbers, not texts; call the model itself.")
            tokens = each.get("tokens")
            if tokens is None:
                tokens = None
            else:
                tokens = tuple((text, log, dict(top)) for text, log, top in tokens)
            found.append(Reply(**{**each, "tokens": tokens}))
        return found

    def quote(self, inputs: Inputs, rows: int | None = None) -> Quote:
        """Return what asking is expected to take; nothing is asked.

        Parameters
        ----------
        inputs
            n model inputs.
        rows
            How many rows such as these would be asked; None for the inputs themselves.
        """
        looked = min(count(inputs), 16 * self._per_request)
        rows = count(inputs) if rows is None else rows
        blocks = [slice(start, min(start + self._per_request, looked)) for start in range(0, looked, self._per_request)]
        read = sum(len(self._wire.encode(take(inputs, each)).content) for each in blocks)
        known = {
            "requests": -(-rows // self._per_request),
            "rows": rows,
            "tokens_in": -(-read * rows // (looked * BYTES_PER_TOKEN)) if looked and self._wire.written(1) != 0 else 0,
            "tokens_out": self._wire.written(rows) or 0,
        }
        price = self._limits.price
        return Quote(**known, cost=None if price is None else price.of(**known))

    # -- one call -----------------------------------------------------------------------------------------------------

    def _ask(self, inputs: Inputs) -> Any:
        if isinstance(inputs, MaskedTexts):
            inputs = inputs.materialize()
        # whoever names the version needs nothing of the server to know whose answers are kept
        named = getattr(self._wire, "version", None) is not None
        keys = current().numbered(row_keys(inputs, self._salt(self._wire if named else self._wire_settled())))
        known = self._cache.get(keys)
        self._meter.remembered(len(known))
        missing = np.array([row for row, key in enumerate(keys) if key not in known], dtype=np.intp)
        size = self._per_request
        blocks = [missing[start : start + size] for start in range(0, len(missing), size)]
        for found in self._answered(inputs, keys, blocks):
            known.update(found)
        return unpacked([known[key] for key in keys])

    def _answered(self, inputs: Inputs, keys: list[bytes], blocks: list[Any]) -> Iterator[dict[bytes, bytes]]:
        """Yield the answers to blocks of rows; whatever comes is in the cache before."""
        if not blocks:
            return
        wire, stopped = self._wire_settled(), threading.Event()
        pool = ThreadPoolExecutor(min(self._limits.concurrency, len(blocks)), thread_name_prefix="limelight")
        try:
            sent = [pool.submit(self._block, wire, inputs, keys, rows, stopped) for rows in blocks]
            yield from progress(_as_they_come(sent), total=len(sent), what="requests")
        finally:
            # where one has failed, or somebody pressed Ctrl-C, those on their way are still waited for: they are paid
            stopped.set()
            pool.shutdown(wait=True, cancel_futures=True)

    def _block(
        self, wire: Wire, inputs: Inputs, keys: list[bytes], rows: Any, stopped: threading.Event
    ) -> dict[bytes, bytes]:
        """Ask for some rows, and keep the answers."""
        try:
            answers = packed(self._decoded(wire, take(inputs, rows), len(rows), stopped))
        except BaseException:
            stopped.set()  # nobody else begins what is given up
            raise
        found = {keys[row]: answer for row, answer in zip(rows, answers, strict=True)}
        self._cache.put(found, self._label())
        return found

    def _decoded(self, wire: Wire, inputs: Inputs, n: int, stopped: threading.Event) -> Any:
        """Return the answers to one request; one that is too large for the server is asked in halves."""
        body = wire.encode(inputs)
        load = Load(n, len(body.content), wire.written(n) or 0)

        def read(received: Received) -> Decoded:
            return answers_of(wire, received, n)

        try:
            return self._sender.post(wire.path, body, load, stopped, read).answers
        except RemoteError as error:
            if error.status != 413 or n == 1:
                raise
            half = [take(inputs, slice(0, n // 2)), take(inputs, slice(n // 2, n))]
            return _joined([self._decoded(wire, each, count(each), stopped) for each in half])

    # -- whose answers they are ---------------------------------------------------------------------------------------

    def _wire_settled(self) -> Wire:
        """Return the protocol with what the server says of the model, asked once in a process."""
        with self._settling:
            if self._settled is None:
                self._settled = self._wire.settled(self._sender.get)
            return self._settled

    def _salt(self, wire: Wire) -> bytes:
        return json.dumps({"url": self._url, **wire.identity}, sort_keys=True, default=str).encode()

    def _label(self) -> str:
        """Return the name under which answers are kept, to clear them by."""
        model = self._wire.identity.get("model")
        if model:
            return f"{self._url} {model}"
        return self._url


def _as_they_come(sent: Sequence[Future[dict[bytes, bytes]]]) -> Iterator[dict[bytes, bytes]]:
    """Yield the results as they come; raise the first error, after those that came before it."""
    left = set(sent)
    while left:
        done, left = wait(left, timeout=0.5, return_when=FIRST_COMPLETED)
        failed = [future for future in done if future.exception() is not None]
        yield from (future.result() for future in done if future.exception() is None)
        for future in failed:
            if not isinstance(future.exception(), StoppedError):
                future.result()


def _joined(parts: list[Any]) -> Any:
    if all(isinstance(part, np.ndarray) for part in parts):
        return np.concatenate(parts)
    return [answer for part in parts for answer in part]
