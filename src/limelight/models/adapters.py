"""Find the one function to ask in whatever the user calls a model, and what its answers are about.

The door of f. Input: an estimator (scikit-learn's conventions), a method of one, a model of another library
(`libraries.py`), or any callable. Output: a frozen, picklable `Adapted`. Nothing is called here; only attributes are
read.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from limelight.contracts import Inputs
from limelight.errors import InputError
from limelight.models.answers import Answers
from limelight.models.estimators import About, about, is_multi_output
from limelight.models.libraries import from_library
from limelight.models.wrappers import unknown_model

METHODS = ("predict_proba", "decision_function", "predict")
"""Methods of an estimator in the order of preference: probabilities say more than scores, scores more than labels."""
BOUND_METHODS = (*METHODS, "predict_log_proba")
"""Methods whose answers are about the classes also where the method itself is handed over."""


@dataclass(frozen=True, slots=True)
class Adapted:
    """What is asked, and what its outputs are called.

    Parameters
    ----------
    function
        Takes n inputs, returns (n,), (n, k) or anything `forms.py` reads.
    output_names
        Names of the k outputs, from the user or from the classes; None where only the answer can tell.
    kind
        ``"predict_proba"``, ``"decision_function"``, ``"predict"``, ``"callable"``, …
    given
        Whether the user gave the names: then they must fit the answer, else they are only a proposal.
    about
        What the answers are about, as far as the model's attributes say.
    """

    function: Callable[[Inputs], Any]
    output_names: tuple[str, ...] | None
    kind: str
    given: bool = False
    about: About = field(default_factory=About)


def adapt(model: Any, *, output_names: Sequence[str] | None = None) -> Adapted:
    """Adapt a model: an estimator's `predict_proba`, else `decision_function`, else `predict`; or a callable as it is.

    Parameters
    ----------
    model
        A fitted estimator or pipeline, one of its methods, a model of another library, or a callable of n inputs.
    output_names
        Names of the outputs, by default the classes that the model knows.

    Raises
    ------
    InputError
        If the model is a class instead of an instance, a coroutine function, or nothing that can be asked, or if names
        are not distinct.

    >>> adapt(len).kind
    'callable'
    >>> adapt(3)
    Traceback (most recent call last):
    limelight.errors.InputError: model: expected an estimator with predict_proba, decision_function or predict, or a \
callable, got int; pass the fitted model, or a function of n inputs.
    """
    names = None if output_names is None else _checked_names(output_names)
    owner, kind, function, known = _asked(model)
    _refuse_coroutines(function)
    if kind == "predict_proba" and is_multi_output(getattr(owner, "classes_", None)):
        function = MultiOutputProbabilities(function)
    if names is None:
        return Adapted(function, known.names, kind, about=known)
    _refuse_other_order(names, known)
    return Adapted(function, names, kind, given=True, about=known)


@dataclass(frozen=True, slots=True)
class MultiOutputProbabilities:
    """Ask a `predict_proba` that answers with one (n, classes) array per output, and lay its columns side by side.

    A binary output is one column, P(its second class); any other output has a column for each of its classes.
    """

    predict_proba: Callable[[Inputs], Any]

    def __call__(self, inputs: Inputs) -> Any:
        """Return (n, k); an answer that is one array already (a classifier chain) is passed on."""
        answer = self.predict_proba(inputs)
        if not isinstance(answer, (list, tuple)):
            return answer
        tables = [np.asarray(table) for table in answer]
        # of two classes the second says it all, as of one output
        return np.hstack([table[:, 1:] if table.shape[1] == 2 else table for table in tables])


def _asked(model: Any) -> tuple[Any, str, Callable[[Inputs], Any], About]:
    """Return the object that owns the method to ask, the method's name or "callable", the method, and its subject."""
    if isinstance(model, type):
        raise InputError(f"model: expected a fitted model, got the class {model.__name__}; pass an instance of it.")
    if (found := from_library(model)) is not None:
        return model, found.kind, found.function, found.about
    owner, name = getattr(model, "__self__", None), getattr(model, "__name__", None)
    if owner is not None and name in BOUND_METHODS and _is_its(model, getattr(owner, name, None)):
        return owner, name, model, about(owner, name)
    for method in METHODS:
        function = getattr(model, method, None)
        if callable(function):
            return model, method, function, about(model, method)
    if callable(model):
        return model, "callable", model, About(names=model.output_names if isinstance(model, Answers) else None)
    raise unknown_model(model)


def _is_its(model: Any, method: Any) -> bool:
    """Return whether a bound method is the one that its owner has under that name, also after both were pickled."""
    if method == model:
        return True
    # a method that scikit-learn offers under a condition comes out of a pickle as another function with the same code
    code = getattr(getattr(model, "__func__", None), "__code__", None)
    return code is not None and code == getattr(getattr(method, "__func__", None), "__code__", None)


def _refuse_coroutines(function: Any) -> None:
    """Refuse what would answer with a promise."""
    called = getattr(type(function), "__call__", None)  # noqa: B004 - the method itself is looked at
    if inspect.iscoroutinefunction(function) or inspect.iscoroutinefunction(called):
        raise InputError(
            "model: expected a function that returns its answers, got a coroutine function; wrap it:\n"
            "    def answer(inputs):\n"
            "        return asyncio.run(model(inputs))"
        )


def _refuse_other_order(names: tuple[str, ...], known: About) -> None:
    """Refuse the model's own names in another order: columns would be called what they are not."""
    if known.names is None or names == known.names or set(names) != set(known.names):
        return
    raise InputError(
        f"output_names: expected the order of the model's own outputs, {list(known.names)}, got {list(names)}; "
        "leave them out, since the model knows them."
    )


def _checked_names(output_names: Sequence[str]) -> tuple[str, ...]:
    if isinstance(output_names, str):
        raise InputError(
            f"output_names: expected a sequence of names, got the string {output_names!r}; pass [{output_names!r}]."
        )
    names = tuple(str(name) for name in output_names)
    if not names or len(set(names)) < len(names):
        raise InputError(
            f"output_names: expected distinct names, at least one, got {list(names)}; name each output once."
        )
    return names
