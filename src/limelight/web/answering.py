"""One question from bytes to bytes: what a thread does, or a worker process. Input: a body. Output: what is said.

Nothing is raised here: an error is an answer, too, with a status and a sentence, so that it comes whole out of another
process.
"""

from __future__ import annotations

import json
import logging
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from limelight.errors import InputError, LimelightError, ModelCallError, ModelOutputError, RemoteError
from limelight.explainer import Explainer
from limelight.web import beside, service, tensors, whatif
from limelight.web.sized import check_size

VERBS: dict[str, Callable[[Explainer, Any], Any]] = {
    "predict": service.predict,
    "explain": service.explain,
}
QUESTIONS: dict[str, Callable[[whatif.Asked, Any], Any]] = {
    "whatif": whatif.what_if,
    "why": whatif.why,
    "page": whatif.page,
    "beside": beside.beside,
}
"""What the live page asks."""
STATUS: tuple[tuple[type[Exception], int], ...] = (
    (InputError, 400),
    (RemoteError, 502),
    (ModelCallError, 422),
    (ModelOutputError, 422),
)
"""What kind of error is answered how; the first that fits. A model that fails has been given values it cannot take; one
behind an address that does not answer is somebody else's fault."""
_LOG = logging.getLogger("limelight.web")


@dataclass(frozen=True, slots=True)
class Said:
    """An answer.

    Parameters
    ----------
    status
        Of HTTP.
    kind
        Its media type.
    content
        Its bytes.
    """

    status: int
    kind: str
    content: bytes

    @property
    def end(self) -> str:
        """Return how it is counted: answered, refused or failed."""
        return {2: "answered", 4: "refused"}.get(self.status // 100, "failed")


@dataclass(frozen=True)
class Models:
    """What is served.

    Parameters
    ----------
    explainers
        By name.
    start
        For a name the instance with which its page begins.
    pairs
        Explainers of two models, as they are asked for.
    """

    explainers: Mapping[str, Explainer]
    start: Mapping[str, Any] = field(default_factory=dict)
    pairs: dict[tuple[str, ...], Explainer] = field(default_factory=dict)

    def ask(self, model: str, verb: str, body: Any) -> Any:
        """Return what a model answers to a question, as JSON or a page."""
        explainer = self.explainers[model]
        if verb == "infer":
            return tensors.infer(model, explainer, body)
        if verb in VERBS:
            return VERBS[verb](explainer, body)
        asked = whatif.Asked(model, explainer, self.start.get(model), self.explainers, self.pairs)
        return QUESTIONS[verb](asked, body)


def answer(models: Models, model: str, verb: str, body: bytes) -> Said:
    """Return what a model answers to a question.

    Parameters
    ----------
    models
        What is served.
    model
        The name of one of them.
    verb
        One of `VERBS` or `QUESTIONS`, or `infer`.
    body
        JSON.
    """
    try:
        return said(models.ask(model, verb, read(body)))
    except LimelightError as error:
        return said({"error": str(error)}, _status(error))
    except Exception as error:
        # whoever asked learns that it failed, and not how: an unexpected error may show what is none of their business
        _LOG.error("%s of %s failed: %s", verb, model, _place(error))
        return said({"error": "This could not be answered: something failed inside that should not have."}, 500)


def said(value: Any, status: int = 200) -> Said:
    """Return JSON as an answer; a text is a page.

    >>> said({"weight": float("nan")}).content
    b'{"weight": null}'
    """
    if isinstance(value, str):
        return Said(status, "text/html; charset=utf-8", value.encode("utf-8", "replace"))
    try:
        text = json.dumps(value, allow_nan=False)
    except ValueError:  # JSON knows no NaN
        text = json.dumps(service.finite(value), allow_nan=False)
    return Said(status, "application/json", text.encode("ascii"))


def read(body: bytes) -> Any:
    """Return the JSON of a body.

    Raises
    ------
    InputError
        If it is none, or would take too much memory.
    """
    check_size(body)
    try:
        return json.loads(body, parse_constant=_no_constant, object_pairs_hook=_once)
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(f"body: expected JSON ({type(error).__name__}).") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return an object; of a name that is there twice, others than Python would read the first."""
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise InputError(f"body: the name {twice[:80]!r} is there twice in one object.")
    return found


def _no_constant(name: str) -> Any:
    raise ValueError(name)


def _status(error: LimelightError) -> int:
    return next((status for kind, status in STATUS if isinstance(error, kind)), 500)


def _place(error: Exception) -> str:
    """Return the kind of an error and where it was raised, without what it says: that may quote the request."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    return f"{type(error).__name__} in {Path(trace.tb_frame.f_code.co_filename).name}:{trace.tb_lineno}"
