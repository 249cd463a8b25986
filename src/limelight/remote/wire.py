"""What a protocol is: rows of input → the body of a request; the body of a response → answers.

Pure functions of bytes, without a socket. Ten lines make one of your own:

    def encode(rows):
        return {"rows": rows.tolist()}

    def decode(answer):
        return answer["scores"]

    model = http("https://models.example.com/score", Protocol("mine", encode, decode))
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any
from typing import Protocol as Structure

import numpy as np

from limelight.errors import InputError, LimelightError, RemoteError


@dataclass(frozen=True, slots=True)
class Body:
    """What is sent: bytes, and the headers that say what they are."""

    content: bytes
    headers: Mapping[str, str] = field(default_factory=lambda: {"Content-Type": "application/json"})

    @classmethod
    def of(cls, value: Any) -> Body:
        """Return a value as JSON; floats keep every bit, NaN is refused, since JSON has none.

        >>> Body.of({"x": [0.1, 1]}).content
        b'{"x":[0.1,1]}'
        """
        try:
            text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_plain)
        except ValueError as error:
            if "JSON compliant" not in str(error):
                raise
            raise InputError(
                "inputs: expected finite numbers, since JSON has no NaN or infinity, got one; fill gaps in the "
                "background, or ask by a protocol that has a name for them."
            ) from None
        try:
            return cls(text.encode())
        except UnicodeEncodeError as error:
            raise InputError(
                f"inputs: expected texts that UTF-8 can hold, got {error.object[error.start : error.end]!r}, half of a "
                "character; read the texts anew, or replace it."
            ) from None


@dataclass(frozen=True, slots=True)
class Received:
    """What came back, whole: status, headers (names in lower case), bytes."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    def json(self) -> Any:
        """Return the body read as JSON.

        Raises
        ------
        TornError
            If it is none: it was cut off on its way.
        RemoteError
            If it is nested beyond what can be read.
        """
        try:
            return json.loads(self.content)
        except RecursionError:
            raise RemoteError("the server answered with lists nested too deeply to be read.") from None
        except ValueError:
            raise TornError(f"{len(self.content):,} bytes that are no JSON") from None


_SHOWN = 200
"""Bytes of an answer that is not understood, in an error."""


class TornError(Exception):
    """A body is not whole: it is asked for again."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Answers to the rows of one request: an array (n,) or (n, k), or n values; and the tokens, where they are said."""

    answers: Any
    tokens: tuple[int, int] | None = None


class Wire(Structure):
    """What the client needs of a protocol; `Protocol` below is the short way to one."""

    name: str
    path: str
    rows_per_request: int

    @property
    def identity(self) -> Mapping[str, Any]:
        """Everything that the answer to a row depends on, beside the row and the address."""
        ...

    def settled(self, get: Callable[[str], Any]) -> Wire:
        """Return the protocol that knows what the server says of the model; `get` returns JSON at a path, or None."""
        ...

    def encode(self, inputs: Any) -> Body:
        """Return the body that asks for these inputs."""
        ...

    def decode(self, received: Received, n: int) -> Decoded:
        """Return the answers to n rows."""
        ...

    def written(self, n: int) -> int | None:
        """Return the most tokens that the answers to n rows can have; None where nothing sets an end."""
        ...


@dataclass(frozen=True, slots=True)
class Protocol:
    """A protocol of your own.

    Parameters
    ----------
    name
        What it is called; answers are kept under it.
    to_request
        n inputs, as the kind of data makes them → what is sent as JSON (or a `Body`).
    from_response
        The JSON that came back → n answers: numbers (n,) or (n, k), labels, or scores by label.
    path
        What is appended to the address.
    rows_per_request
        How many rows one request takes.

    Examples
    --------
    >>> protocol = Protocol("mine", lambda X: {"rows": X.tolist()}, lambda answer: answer["scores"])
    >>> protocol.encode(np.array([[1.5, 2.0]])).content
    b'{"rows":[[1.5,2.0]]}'
    >>> protocol.decode(Received(200, {}, b'{"scores": [0.25]}'), 1).answers
    array([0.25])
    """

    name: str
    to_request: Callable[[Any], Any]
    from_response: Callable[[Any], Any]
    path: str = ""
    rows_per_request: int = 64

    @property
    def identity(self) -> Mapping[str, Any]:
        """Return name, path and the code of both functions: answers read in another way are other answers."""
        codes = [_code(self.to_request), _code(self.from_response)]
        return {"protocol": self.name, "path": self.path, "code": codes}

    def settled(self, get: Callable[[str], Any]) -> Protocol:
        """Return itself: nothing is asked of the server beforehand."""
        return self

    def encode(self, inputs: Any) -> Body:
        """Return what your function makes of the inputs, as JSON."""
        made = self.to_request(inputs)
        if isinstance(made, Body):
            return made
        return Body.of(made)

    def decode(self, received: Received, n: int) -> Decoded:
        """Return what your function reads."""
        return Decoded(as_answers(self.from_response(received.json())))

    def written(self, n: int) -> int | None:
        """Return 0: no tokens are counted."""
        return 0


def answers_of(wire: Wire, received: Received, n: int) -> Decoded:
    """Return the answers to n rows, one for each.

    Raises
    ------
    RemoteError
        If the response is not what the protocol says, whatever it is instead.
    TornError
        If it was cut off on its way.
    """
    try:
        decoded = wire.decode(received, n)
        found = len(decoded.answers)
    except (LimelightError, TornError):
        raise
    except Exception as error:  # a server may answer anything, at any place
        shown = received.content[:_SHOWN].decode("utf-8", "replace")
        raise RemoteError(
            f"the server answered in a form that {wire.name} does not have ({type(error).__name__}: {error}): "
            f"{shown!r}; see whether the address and the protocol belong together."
        ) from error
    if found != n:
        raise RemoteError(f"the server answered {found} of {n} rows; {wire.name} has one answer for each row.")
    return decoded


def as_answers(values: Any) -> Any:
    """Return answers as an array where they are rows of numbers, else as a list.

    >>> as_answers([[0.1, 0.9], [0.5, 0.5]]).shape, as_answers(["spam", "ham"])
    ((2, 2), ['spam', 'ham'])
    """
    if isinstance(values, np.ndarray) and values.dtype.kind in "biuf":
        return values
    values = list(values)
    try:
        array = np.asarray(values)
    except ValueError:
        return values  # rows of unequal length
    if array.dtype.kind in "biuf":
        return array
    return values


WHOLE_NUMBERS = ("labels", "quantities")


def meant(answers: Any, whole_numbers: str | None, protocol: str) -> Any:
    """Return a column of whole numbers as what it means: labels become texts; all other answers stay as they are.

    Raises
    ------
    RemoteError
        If nobody said what it means: class 2 is not twice class 1, but two visits are twice one.

    >>> meant(np.array([0, 2]), "labels", "mine"), meant(np.array([0.5, 2.0]), None, "mine").tolist()
    (['0', '2'], [0.5, 2.0])
    """
    kind = getattr(answers, "dtype", np.dtype(float)).kind
    if kind not in "biu" or answers.ndim != 1 or whole_numbers == "quantities":
        return answers
    if whole_numbers == "labels":
        return [str(label) for label in answers.tolist()]
    shown = ", ".join(map(str, np.unique(answers)[:4].tolist()))
    raise RemoteError(
        f"the server answered whole numbers ({shown}), and {protocol} does not say whether these are labels of a "
        "classifier. Ask for its scores (MLflow: a model saved with pyfunc_predict_fn='predict_proba'; MLServer: "
        "output='predict_proba'), or say what they are: whole_numbers='labels', or 'quantities'."
    )


def read_as(whole_numbers: str | None) -> dict[str, str]:
    """Return what keeps answers that are read as labels apart from others, in a cache."""
    if whole_numbers is None:
        return {}
    return {"whole_numbers": whole_numbers}


def need(content: Any, name: str, protocol: str) -> Any:
    """Return a field of a response.

    Raises
    ------
    RemoteError
        If the server sent something else.
    """
    if isinstance(content, Mapping) and name in content:
        return content[name]
    if isinstance(content, Mapping):
        shown = f"the fields {sorted(map(str, content))}"
    else:
        shown = type(content).__name__
    raise RemoteError(f"the server answered without {name!r}, which {protocol} has: {shown}.")


def _plain(value: Any) -> Any:
    """Return numbers and arrays of numpy, and dates, as JSON has them."""
    if isinstance(value, (np.ndarray, np.generic)):
        return value.tolist()
    if hasattr(value, "isoformat"):
        return value.isoformat()
    raise InputError(
        f"inputs: expected numbers, texts, dates and gaps, since JSON has nothing else, got {value!r:.60} of type "
        f"{type(value).__name__}; convert the column in the background and in the rows, for instance by astype(float)."
    )


def _code(function: Any) -> str:
    code = getattr(function, "__code__", None)
    if code is None:
        seen = function
    else:
        seen = (getattr(function, "__qualname__", repr(type(function))), *_parts(code))
    return blake2b(repr(seen).encode(), digest_size=8).hexdigest()


def _parts(code: Any) -> tuple[Any, ...]:
    """Return what a code object computes, without the place where it stands."""
    constants = tuple(_parts(each) if hasattr(each, "co_code") else each for each in code.co_consts)
    return code.co_code, code.co_names, constants
