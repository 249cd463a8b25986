"""Servers that take rows as JSON and give predictions: MLflow, TF-Serving, TorchServe, Hugging Face endpoints.

Pure: rows → body, response → answers. Each is the public format of its server; what they share is `Scoring`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Self

from limelight.remote.rows import is_frame, rows_of, split_of
from limelight.remote.wire import Body, Decoded, Received, as_answers, meant, need, read_as


@dataclass(frozen=True, slots=True)
class Scoring:
    """What these protocols have in common.

    Parameters
    ----------
    model, version
        As the server knows them; where the address already says which model it is, they are names for the cache.
    parameters
        Sent beside the rows, where the format has a place for them.
    whole_numbers
        What a column of whole numbers from MLflow is: ``"labels"``, ``"quantities"``; None refuses it.
    """

    model: str | None = None
    version: str | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    rows_per_request: int = 64
    whole_numbers: str | None = None
    name: ClassVar[str] = "scoring"

    @property
    def identity(self) -> Mapping[str, Any]:
        """Return what the answers depend on."""
        own = {"model": self.model, "version": self.version, "parameters": dict(self.parameters)}
        return {"protocol": self.name, **own, **read_as(self.whole_numbers)}

    def settled(self, get: Callable[[str], Any]) -> Self:
        """Return itself: these servers say nothing of their models that is needed."""
        return self

    def written(self, n: int) -> int | None:
        """Return 0: no tokens are counted."""
        return 0


@dataclass(frozen=True, slots=True)
class MLflow(Scoring):
    """MLflow's scoring server: frames as ``dataframe_split``, all else as ``inputs``.

    It answers what the model's `predict` answers: labels, for a classifier of scikit-learn, unless the model was saved
    with ``pyfunc_predict_fn="predict_proba"``.
    """

    name: ClassVar[str] = "mlflow"

    @property
    def path(self) -> str:
        """Return where to ask."""
        return "/invocations"

    def encode(self, inputs: Any) -> Body:
        """Return rows as MLflow reads them."""
        if is_frame(inputs):
            rows: dict[str, Any] = {"dataframe_split": split_of(inputs)}
        else:
            rows = {"inputs": rows_of(inputs)}
        return Body.of({**rows, "params": dict(self.parameters)} if self.parameters else rows)

    def decode(self, received: Received, n: int) -> Decoded:
        """Return the predictions."""
        answers = as_answers(need(received.json(), "predictions", "MLflow"))
        return Decoded(meant(answers, self.whole_numbers, "MLflow"))


@dataclass(frozen=True, slots=True)
class TFServing(Scoring):
    """TensorFlow Serving's REST API, in its row format."""

    name: ClassVar[str] = "tf-serving"

    @property
    def path(self) -> str:
        """Return where to ask."""
        version = f"/versions/{self.version}" if self.version else ""
        return f"/v1/models/{self.model}{version}:predict"

    def encode(self, inputs: Any) -> Body:
        """Return rows as ``instances``; `parameters` may name a ``signature_name``."""
        return Body.of({**self.parameters, "instances": rows_of(inputs)})

    def decode(self, received: Received, n: int) -> Decoded:
        """Return the predictions; a single column of numbers as (n,)."""
        answers = as_answers(need(received.json(), "predictions", "TF-Serving"))
        # Keras answers (n, 1) where there is one number for each row
        single = getattr(answers, "ndim", 0) == 2 and answers.shape[1] == 1
        return Decoded(answers[:, 0] if single else answers)


@dataclass(frozen=True, slots=True)
class TorchServe(Scoring):
    """TorchServe's inference API, one input a request, as its handlers take it: the server batches them itself."""

    rows_per_request: int = 1
    name: ClassVar[str] = "torchserve"

    @property
    def path(self) -> str:
        """Return where to ask."""
        return f"/predictions/{self.model}" + (f"/{self.version}" if self.version else "")

    def encode(self, inputs: Any) -> Body:
        """Return a text as it is, anything else as JSON; several rows in the envelope ``instances``."""
        rows = rows_of(inputs)
        if self.rows_per_request > 1:
            return Body.of({"instances": [{"data": row} for row in rows]})
        if isinstance(rows[0], str):
            return Body(rows[0].encode(), {"Content-Type": "text/plain"})
        return Body.of(rows[0])

    def decode(self, received: Received, n: int) -> Decoded:
        """Return the answer to a request; from the envelope, the answers."""
        answer = received.json()
        if self.rows_per_request > 1:
            return Decoded(as_answers(need(answer, "predictions", "TorchServe's JSON envelope")))
        return Decoded(as_answers([answer]))


@dataclass(frozen=True, slots=True)
class HuggingFace(Scoring):
    """Hugging Face inference endpoints: ``inputs`` and ``parameters``.

    Scores by label come as they are; ``parameters={"top_k": None}`` (the default) asks for all labels.
    """

    parameters: Mapping[str, Any] = field(default_factory=lambda: {"top_k": None})
    rows_per_request: int = 16
    name: ClassVar[str] = "huggingface"

    @property
    def path(self) -> str:
        """Return where to ask: the endpoint itself."""
        return ""

    def encode(self, inputs: Any) -> Body:
        """Return the inputs with the parameters."""
        request: dict[str, Any] = {"inputs": rows_of(inputs)}
        return Body.of({**request, "parameters": dict(self.parameters)} if self.parameters else request)

    def decode(self, received: Received, n: int) -> Decoded:
        """Return scores by label, or rows of numbers; a single input may be answered without the outer list."""
        answers = received.json()
        if n == 1 and (isinstance(answers, Mapping) or (answers and isinstance(answers[0], Mapping))):
            answers = [answers]
        return Decoded(as_answers([_by_label(each) for each in answers]))


def _by_label(answer: Any) -> Any:
    """Return [{"label": …, "score": …}, …] as {label: score}, in the order of the labels; anything else as it is."""
    if isinstance(answer, Mapping) and {"label", "score"} <= set(answer):
        answer = [answer]
    if not isinstance(answer, list) or not all(isinstance(each, Mapping) and "label" in each for each in answer):
        return answer
    # they come by size, which differs from row to row
    return {each["label"]: float(each["score"]) for each in sorted(answer, key=lambda each: str(each["label"]))}
