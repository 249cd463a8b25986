"""**I**nterpretable, for anything made of parts: names of parts, and a function from on/off masks to model inputs.

The smallest modality, and the way to explain what has no modality of its own: stems of a recording, documents of a
retrieval, parts of a prompt, nodes of a graph, groups of columns. Input: names and `compose`. Output: representations
that hand the masks on. Masks follow the law that LIME uses for images, each part on with probability ½: parts are few
and stand for themselves, so that no number of them is special.
"""

from __future__ import annotations

import hashlib
import inspect
import pickle
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature, FloatArray, Inputs, Layout, MaskArray, Where
from limelight.errors import InputError
from limelight.result.layouts import bars_layout

MAX_SAMPLES = 2048
"""All 2^d masks of up to 11 parts; beyond, what a linear model of some tens of parts needs to be read safely."""
Names = Sequence[str] | Callable[[Any], Sequence[str]]


@dataclass(frozen=True, slots=True, eq=False)
class Parts:
    """x' of one instance made of parts: which of them are on.

    Parameters
    ----------
    features
        One per part.
    content
        Bytes equal for equal instances.
    compose
        As in `Components`.
    instance
        Handed to `compose` where it takes two arguments.
    chunk
        Masks composed at once.
    """

    features: tuple[Feature, ...]
    content: bytes
    compose: Callable[..., Inputs]
    instance: Any
    chunk: int
    law: Literal["bernoulli"] = "bernoulli"
    deterministic: bool = True

    @property
    def center(self) -> FloatArray:
        """Return x' (d,): every part is on."""
        return np.ones(len(self.features))

    @property
    def original(self) -> Inputs:
        """Return the model input in which every part is on."""
        return self._composed(np.ones((1, len(self.features)), bool))

    def reconstruct(self, Z: MaskArray, rng: np.random.Generator) -> Inputs:
        """Return what `compose` makes of the masks Z (n, d)."""
        return self._composed(np.asarray(Z) != 0)

    def layout(self) -> Layout:
        """Return what the views need: nothing but the features, drawn as bars."""
        return bars_layout()

    def _composed(self, masks: MaskArray) -> Inputs:
        arguments = (masks, self.instance) if _takes_instance(self.compose) else (masks,)
        inputs = self.compose(*arguments)
        n = count_inputs(inputs)
        if n is not None and n != len(masks):
            raise InputError(
                f"compose: expected {len(masks)} model inputs for {len(masks)} masks, got {n}; "
                "return one input for each row of the masks, in their order."
            )
        return inputs


@dataclass(frozen=True)
class Components:
    """Anything made of parts that can be left out: the names of the parts, and how to compose a model input from some.

    Parameters
    ----------
    names
        What a person calls the parts, each once; or a callable from the instance to these, where instances differ.
    compose
        ``compose(masks)`` or ``compose(masks, instance)`` → n model inputs in any type that the model takes: an array,
        a list, a frame, a tensor. ``masks`` is a bool array (n, d), True where a part is on; all on must give the
        instance. Where the model needs nothing but `names`, explain ``None``.
    deterministic
        Whether equal masks give equal inputs, so that they are asked once. True by default: most compositions are.
    chunk
        How many masks are composed at once. 256 by default; fewer where an input is large.
    max_samples
        Default budget of masks for one instance.

    Raises
    ------
    InputError
        If `compose` is not callable, or `chunk` is not positive.

    Examples
    --------
    What does each document that was retrieved add to the score of an answer?

    >>> import limelight as ll
    >>> texts = ["Rome is old.", "The Tiber flows through Rome.", "Cats sleep."]
    >>> def join(masks):
    ...     return [" ".join(text for text, on in zip(texts, mask) if on) for mask in masks]
    >>> def mentions(prompts):
    ...     return np.array([prompt.count("Rome") for prompt in prompts], float)
    >>> explanation = ll.Explainer(mentions, ll.Components(["city", "river", "cats"], join), seed=0).explain(None)
    >>> [(name, round(weight, 6) + 0) for name, weight in explanation.as_list()]
    [('city', 1.0), ('river', 1.0), ('cats', 0.0)]
    """

    names: Names
    compose: Callable[..., Inputs]
    deterministic: bool = True
    chunk: int = 256
    max_samples: int = MAX_SAMPLES
    distance: Literal["cosine"] = "cosine"

    def __post_init__(self) -> None:
        if not callable(self.compose):
            raise InputError(
                f"compose: expected a function from masks (n, d) to n model inputs, got {type(self.compose).__name__}."
            )
        if self.chunk < 1:
            raise InputError(f"chunk: expected a positive number of masks, got {self.chunk}; the default is 256.")
        if not callable(self.names):
            object.__setattr__(self, "names", _checked_names(self.names))

    def represent(self, instance: Any, rng: np.random.Generator) -> Parts:
        """Return the parts of one instance.

        Raises
        ------
        InputError
            If the names are not different strings.
        """
        names = _checked_names(self.names(instance) if callable(self.names) else self.names)
        features = tuple(Feature(name, Where("part", name)) for name in names)
        content = fingerprint((names, instance))
        own = own_copy(instance)
        return Parts(features, content, self.compose, own, self.chunk, deterministic=self.deterministic)

    def instances(self, many: Any) -> Iterable[Any]:
        """Return the instances of any iterable."""
        if isinstance(many, Iterable):
            return many
        return [many]

    def describe(self) -> dict[str, Any]:
        """Return the options as JSON."""
        names = name_of(self.names) if callable(self.names) else list(self.names)
        return {
            "modality": "components",
            "names": names,
            "compose": name_of(self.compose),
            "deterministic": self.deterministic,
        }


def own_copy(thing: Any) -> Any:
    """Return a copy of what is often refilled: arrays, tensors, lists, dicts of these; anything else as it is.

    >>> row = {"x": np.zeros(2)}
    >>> kept = own_copy(row)
    >>> row["x"][:] = 1
    >>> kept["x"]
    array([0., 0.])
    """
    if isinstance(thing, np.ndarray):
        return thing.copy()
    if type(thing) is dict:
        return {name: own_copy(value) for name, value in thing.items()}
    if type(thing) in (list, tuple):
        return type(thing)(own_copy(value) for value in thing)
    if type(thing).__module__ == "torch" and hasattr(thing, "clone"):
        return thing.clone()
    return thing


def fingerprint(thing: Any) -> bytes:
    """Return 16 bytes that are equal for equal things: numbers, strings, arrays, containers of these, and what pickles.

    >>> fingerprint({"a": np.ones(2), "b": "x"}) == fingerprint({"a": np.ones(2), "b": "x"})
    True
    >>> fingerprint([1, 2]) == fingerprint([2, 1])
    False
    """
    digest = hashlib.blake2b(digest_size=16)
    _feed(digest, thing)
    return digest.digest()


def _feed(digest: Any, thing: Any) -> None:
    """Feed the digest with type, size and bytes of a thing; containers element by element."""
    digest.update(f"{type(thing).__name__}:".encode())
    if isinstance(thing, np.ndarray) and thing.dtype != object:
        digest.update(f"{thing.dtype.str}{thing.shape}".encode() + np.ascontiguousarray(thing).tobytes())
    elif isinstance(thing, Mapping):
        _feed(digest, list(thing.items()))
    elif isinstance(thing, (list, tuple)):
        digest.update(f"{len(thing)}:".encode())
        for element in thing:
            _feed(digest, element)
    elif thing is None or isinstance(thing, (str, bytes, int, float, complex, np.generic)):
        digest.update(repr(thing).encode("utf-8", "surrogatepass") + b";")
    else:
        digest.update(_pickled(thing))


def _pickled(thing: Any) -> bytes:
    """Return the pickle of a thing; nothing where it has none, so that equal names share one stream of masks."""
    try:
        return pickle.dumps(thing, protocol=5)
    except Exception:  # of whatever class the thing chooses; a stream shared with others is no error
        return b""


def _checked_names(names: Sequence[str]) -> tuple[str, ...]:
    found = (names,) if isinstance(names, str) else tuple(names)
    strange = next((name for name in found if not isinstance(name, str)), None)
    if isinstance(names, str) or strange is not None:
        got = repr(names if strange is None else strange)
        raise InputError(
            f"names: expected a list of strings, one for each part, got {got}; for example names=['a', 'b']."
        )
    twice = next((name for name in found if found.count(name) > 1), None)
    if twice is not None:
        raise InputError(
            f"names: expected different names, got {twice!r} twice; number them, since weights are kept by name."
        )
    return found


def _takes_instance(compose: Callable[..., Inputs]) -> bool:
    """Whether a function takes two arguments without being forced to; unknown signatures take one."""
    try:
        parameters = inspect.signature(compose).parameters.values()
    except (TypeError, ValueError):
        return False
    required = [
        p for p in parameters if p.default is p.empty and p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)
    ]
    return len(required) >= 2


def count_inputs(inputs: Inputs) -> int | None:
    """Return how many inputs there are, None where only the model's side can tell."""
    if isinstance(inputs, Mapping) or not (hasattr(inputs, "shape") or hasattr(inputs, "__len__")):
        return None
    if getattr(inputs, "shape", ()):
        return int(inputs.shape[0])
    return len(inputs)


def as_array(argument: str, given: Any) -> NDArray[Any]:
    """Return anything as an array; lists of unequal lengths, which numpy refuses, are refused in words.

    Raises
    ------
    InputError
        If lists have unequal lengths.

    >>> as_array("fill", [[1, 2], [3, 4]]).shape
    (2, 2)
    """
    try:
        return np.asarray(given)
    except ValueError as error:
        raise InputError(
            f"{argument}: expected numbers in rows of equal length, got a {type(given).__name__} of unequal ones; pass "
            "an array."
        ) from error


def name_of(function: Callable[..., Any]) -> str:
    """Return a function's name for provenance."""
    inner = getattr(function, "func", function)
    return f"{getattr(inner, '__module__', '')}.{getattr(inner, '__qualname__', type(inner).__qualname__)}".lstrip(".")
