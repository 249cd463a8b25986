"""Find the one function to ask in whatever the user calls a model, and the names of its outputs.

Step of the algorithm: the door of f. Enters: an estimator (scikit-learn's conventions), a method of one, or any
callable. Leaves: a frozen, picklable `Adapted`. Nothing is called here; only attributes are read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from limelight.contracts import Inputs
from limelight.errors import InputError

METHODS = ("predict_proba", "decision_function", "predict")
"""Methods of an estimator in the order of preference: probabilities say more than scores, scores more than labels."""


@dataclass(frozen=True, slots=True)
class Adapted:
    """What is asked, and what its outputs are called.

    Parameters
    ----------
    function
        Takes n inputs, returns (n,), (n, k) or anything `outputs.py` reads.
    output_names
        Names of the k outputs, from the user or from `classes_`; None where only the answer can tell.
    kind
        ``"predict_proba"``, ``"decision_function"``, ``"predict"`` or ``"callable"``.
    given
        Whether the user gave the names: then they must fit the answer, else they are only a proposal.
    """

    function: Callable[[Inputs], Any]
    output_names: tuple[str, ...] | None
    kind: str
    given: bool = False


def adapt(model: Any, *, output_names: Sequence[str] | None = None) -> Adapted:
    """Adapt a model: an estimator's `predict_proba`, else `decision_function`, else `predict`; or a callable as it is.

    Parameters
    ----------
    model
        A fitted estimator or pipeline, one of its methods, or a callable of n inputs.
    output_names
        Names of the outputs, by default the classes that the estimator knows.

    Raises
    ------
    InputError
        If the model is a class instead of an instance, or neither an estimator nor callable, or names are not distinct.

    >>> adapt(len).kind
    'callable'
    >>> adapt(3)
    Traceback (most recent call last):
    limelight.errors.InputError: model: expected an estimator with predict_proba, decision_function or predict, or a \
callable, got int; pass the fitted model, or a function of n inputs.
    """
    owner, kind = _asked(model)
    names = None if output_names is None else _checked_names(output_names)
    if kind == "callable":
        return Adapted(model, names, kind, names is not None)
    method, classes = getattr(owner, kind), getattr(owner, "classes_", None)
    function = MultiOutputProbabilities(method) if kind == "predict_proba" and _is_multi_output(classes) else method
    if names is not None:
        return Adapted(function, names, kind, given=True)
    return Adapted(function, _class_names(classes, kind), kind)


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
        return np.hstack([table[:, 1:] if table.shape[1] == 2 else table for table in map(np.asarray, answer)])


def _asked(model: Any) -> tuple[Any, str]:
    """Return the object that owns the method to ask, and the method's name or "callable"."""
    if isinstance(model, type):
        raise InputError(f"model: expected a fitted model, got the class {model.__name__}; pass an instance of it.")
    owner, name = getattr(model, "__self__", None), getattr(model, "__name__", None)
    if owner is not None and name in METHODS and getattr(owner, name, None) == model:
        return owner, name
    for method in METHODS:
        if callable(getattr(model, method, None)):
            return model, method
    if callable(model):
        return model, "callable"
    raise InputError(
        "model: expected an estimator with predict_proba, decision_function or predict, or a callable, "
        f"got {type(model).__name__}; pass the fitted model, or a function of n inputs."
    )


def _is_multi_output(classes: Any) -> bool:
    """Tell scikit-learn's multi-output `classes_`, a list with an array per output, from a list of class labels."""
    return isinstance(classes, (list, tuple)) and len(classes) > 0 and all(np.ndim(each) == 1 for each in classes)


def _class_names(classes: Any, kind: str) -> tuple[str, ...] | None:
    """Name the columns of a method's answer by classes; a value predicted is of no class."""
    if classes is None or kind == "predict":
        return None
    if _is_multi_output(classes):
        return tuple(name for number, each in enumerate(classes) for name in _names_of_output(number, list(each)))
    names = tuple(str(each) for each in classes)
    return names[1:] if kind == "decision_function" and len(names) == 2 else names


def _names_of_output(number: int, classes: list[Any]) -> list[str]:
    """Name the columns of one output: "output 0" for a yes/no output, otherwise "output 0=class"."""
    if classes == [0, 1]:
        return [f"output {number}"]
    return [f"output {number}={each}" for each in (classes[1:] if len(classes) == 2 else classes)]


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
