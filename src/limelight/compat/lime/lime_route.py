"""lime's own route: perturbations by somebody's override, or a fit by somebody's `LimeBase`.

limelight's explanations go through `question.py`. Where somebody replaced a part of lime's pipeline that does not exist
there, the call goes the way that it goes in lime: perturb, ask, measure distances, let `base` fit each label. Input:
those arrays. Output: lime's numbers, without limelight's own explanation.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from limelight.compat.lime.lime_base import ORIGINAL as ORIGINAL_BASE
from limelight.compat.lime.lime_base import departs
from limelight.compat.lime.question import Kernel, Question, wanted_labels
from limelight.compat.lime.utils.generic_utils import has_arg
from limelight.contracts import FloatArray
from limelight.errors import InputError, ModelOutputError


@dataclass(frozen=True)
class Given:
    """A kernel that somebody put into `base.kernel_fn`: a function of distances, whose width is its own."""

    function: Callable[[Any], Any]

    def __call__(self, D: Any, kernel_width: float) -> Any:
        """Return the proximity at distances D."""
        return self.function(D)


def kernel_of(base: Any, own: Kernel, at: Callable[[Any], Any]) -> Kernel:
    """Return the kernel of an explanation: the explainer's, or what `base.kernel_fn` has become.

    Parameters
    ----------
    base
        The explainer's.
    own
        The explainer's kernel, as it was made.
    at
        What its `base` was made with.
    """
    function = getattr(base, "kernel_fn", at)
    if function == at:
        return own
    if not callable(function):
        raise InputError(f"base.kernel_fn: expected a function of distances, got {function!r}.")
    return replace(own, function=Given(function))


def keeps_base(base: Any) -> bool:
    """Return whether `base` fits as it did when the explainer was made."""
    return not departs(base, ORIGINAL_BASE)


@dataclass(frozen=True)
class Perturbed:
    """Perturbations of one instance, the instance first.

    Parameters
    ----------
    data
        (n, d) z′, dense or sparse.
    outputs
        (n, k) of the model.
    distances
        (n,) to the instance, in the units of lime's kernel.
    """

    data: Any
    outputs: FloatArray
    distances: FloatArray

    @classmethod
    def checked(cls, source: str, data: Any, outputs: Any, distances: Any, mode: str = "classification") -> Perturbed:
        """Return what somebody's code or model returned, or say what is wrong with it.

        Parameters
        ----------
        source
            Who made the data, for errors.
        data, outputs, distances
            As above, not checked yet.
        mode
            "classification" or "regression".
        """
        made = cls(data, outputs_of(outputs, mode), np.ravel(np.asarray(distances, dtype=np.float64)))
        sizes = (np.shape(made.data)[0], len(made.outputs), len(made.distances))
        if len(np.shape(made.data)) != 2 or len(set(sizes)) > 1:
            raise InputError(
                f"{source}: expected perturbations (n, d) with an output and a distance for each, got shape "
                f"{np.shape(made.data)}, {sizes[1]} outputs and {sizes[2]} distances; return them all in one order, "
                "the instance first."
            )
        return made


def outputs_of(answer: Any, mode: str) -> FloatArray:
    """Return a model's answer as (n, k) finite numbers."""
    try:
        outputs = np.asarray(answer, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ModelOutputError(f"model returned no numbers ({error}); expected an array (n, k).") from error
    if outputs.ndim == 1:
        outputs = outputs[:, None]
    if outputs.ndim != 2 or not np.isfinite(outputs).all():
        if outputs.ndim == 2:
            what = "numbers that are not finite"
        else:
            what = f"shape {outputs.shape}"
        wanted = "(n,)" if mode == "regression" else "(n, k)"
        raise ModelOutputError(f"model returned {what}; expected finite numbers of shape {wanted}.")
    return outputs


def fit_perturbed(explanation: Any, base: Any, question: Question, perturbed: Perturbed) -> tuple[int, ...]:
    """Fill an explanation by what `base` fits to each label, and return the labels in lime's order.

    Parameters
    ----------
    explanation
        Has `take`; see `explanation.Explanation`.
    base
        A `LimeBase`, or whatever fits like one.
    question
        What was asked.
    perturbed
        Perturbations, outputs, distances.
    """
    labels = wanted_labels(question, perturbed.outputs[0])
    for label in labels:
        fit = base.explain_instance_with_data(
            perturbed.data,
            perturbed.outputs,
            perturbed.distances,
            label,
            question.num_features,
            model_regressor=question.model_regressor,
            feature_selection=question.feature_selection,
        )
        explanation.take(label, fit)
    return labels


def distances_to_first(data: Any, metric: Any) -> FloatArray:
    """Return the distance (n,) of each row to the first one, under one of scikit-learn's names."""
    from sklearn.metrics import pairwise_distances

    try:
        found = pairwise_distances(data, data[:1], metric=metric)
    except ValueError as error:
        raise InputError(
            f"distance_metric: expected a name that scikit-learn takes, got {metric!r} ({error})."
        ) from error
    return np.asarray(found, dtype=np.float64).ravel()


def taken(function: Callable[..., Any], words: Mapping[str, Any], usual: Mapping[str, Any]) -> dict[str, Any]:
    """Return those of lime's later arguments that an override takes.

    Raises
    ------
    InputError
        If it takes one not that was asked for and is not what is usual: it would be ignored.
    """
    known = {}
    for name, value in words.items():
        if has_arg(function, name):
            known[name] = value
        elif name in usual and value != usual[name]:
            raise InputError(
                f"{name}: expected {usual[name]!r}, got {value!r}, which the overridden {function.__name__} does not "
                "take; add the parameter to it."
            )
    return known


def warn_of_no_probabilities(mode: str, outputs: FloatArray) -> None:
    """Warn where a classification's outputs (k,) do not sum to 1."""
    if mode == "classification" and not np.isclose(outputs.sum(), 1.0):
        warnings.warn(
            f"predict_fn: expected probabilities that sum to 1, got a sum of {outputs.sum():.4g}; pass predict_proba, "
            "or mode='regression' for numbers. Weights are in units of what it returns.",
            stacklevel=3,
        )
