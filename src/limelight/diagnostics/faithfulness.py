"""How far are the weights from what the model does? The infidelity of Yeh et al. [yeh2019], in the explainer's terms.

Input: an explanation. Output: the mean squared difference between the change of output that its weights foretell and
the one that the model shows, over perturbations that the explanation has not seen.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from limelight.contracts import FloatArray, Modality, Neighborhood
from limelight.diagnostics.case import Case, open_case
from limelight.errors import InputError
from limelight.explainer import Explainer
from limelight.local.proximity import proximity_to
from limelight.result.explanation import Explanation
from limelight.rounds.instance import Context, OpenInstance
from limelight.rounds.pipeline import run_round

NOTHING = 1e-12
"""Relative change of the output below which it does not change at all."""
PLAIN: dict[str, Any] = {"surrogate": "ridge", "regularization": 0.0, "refit": False, "control_variates": False}
"""Nothing is fitted to the fresh perturbations that anybody reads, so the quickest fit will do."""


@dataclass(frozen=True, slots=True)
class Infidelity:
    """How wrong the weights are about changes of the output.

    Parameters
    ----------
    value
        E[(Iᵀφ − (f(x) − f(x − I)))²], in squared units of the output; 0 is perfect.
    stderr
        Its standard error; zero where all perturbations were asked.
    relative
        The value divided by E[(f(x) − f(x − I))²], what weights of zero would have: below 1 they say something. 0 where
        the output does not change at all.
    n_samples
        Perturbations.
    exact
        Whether these are all that there are.
    target
        The output.
    """

    value: float
    stderr: float
    relative: float
    n_samples: int
    exact: bool
    target: str


def infidelity(
    explainer: Explainer,
    instance: Any,
    explanation: Explanation | None = None,
    *,
    target: str | int | None = None,
    modality: Modality | None = None,
    n_samples: int = 1024,
) -> Infidelity:
    """Return how far the weights are from the changes that the model shows.

    INFD(φ, f, x) = E_I[(Iᵀφ − (f(x) − f(x − I)))²], Definition 2.1 of [yeh2019], in the interpretable space: I = x' −
    z', so that Iᵀφ is the sum of the weights of what is removed, and φ are all d weights of the full fit. z' follows
    the neighborhood that the explanation claims to describe: the modality's law weighted by the kernel, drawn with
    another seed. The intercept plays no part, and a model that is linear in z' has infidelity 0; where bins of a table
    hide changes inside them, no explanation reaches 0.

    Parameters
    ----------
    explainer, instance
        As for `Explainer.explain`.
    explanation
        The one to test; None makes it.
    target
        Name or index among the explained targets; None is the first.
    modality
        Another modality with the same features, as in `deletion_curve`; None takes the explainer's own, which rewards
        the explainer's own way of removing.
    n_samples
        Perturbations; 1024 ask all masks of up to 10 features.

    Raises
    ------
    InputError
        If the explanation is of another instance, or `n_samples` is not positive.
    UnknownNameError
        If the target is not explained.

    Examples
    --------
    >>> import limelight as ll
    >>> parts = ll.Components(["a", "b", "c"], lambda masks: masks.astype(float))
    >>> explainer = ll.Explainer(lambda Z: 3 * Z[:, 0] - Z[:, 1], parts, seed=0)
    >>> round(infidelity(explainer, None).value, 9)
    0.0
    """
    if n_samples < 1:
        raise InputError(f"n_samples: expected a positive integer, got {n_samples!r}; 1024 is the default.")
    case = open_case(explainer, instance, explanation, target, modality)
    if not case.explanation.features:
        return Infidelity(0.0, 0.0, 0.0, 0, True, case.target)
    neighborhood, output = fresh_neighborhood(case, modality, n_samples)
    change = output - neighborhood.Y[:, 0]
    errors = ((neighborhood.center - neighborhood.Z) @ case.coef - change) ** 2
    value, stderr = weighted_mean(errors, neighborhood)
    largest = weighted_mean(change**2, neighborhood)[0]
    scale = max(abs(output), float(np.abs(neighborhood.Y).max(initial=0.0)))
    relative = value / largest if largest > (NOTHING * scale) ** 2 else 0.0
    return Infidelity(value, stderr, relative, len(errors), neighborhood.exhaustive, case.target)


def fresh_neighborhood(case: Case, modality: Modality | None, n_samples: int) -> tuple[Neighborhood, float]:
    """Return perturbations that the explanation has not seen, weighted as it weighs them, and f(x)."""
    settings = replace(
        case.explainer.settings,
        targets=(case.target,),
        seed=case.seed + 1,
        n_samples=n_samples,
        max_samples=None,
        stop="auto",
        kernel_width=case.explanation.provenance.kernel_width,
        **PLAIN,
    )
    context = Context(settings, modality or case.explainer.modality, case.caller)
    one = OpenInstance(case.instance, context)
    run_round([one], context)
    sample, center = one.source.sample(one.n, one.targets), one.representation.center
    width = case.explanation.provenance.kernel_width
    weights = sample.design * proximity_to(
        sample.Z, center, distance=context.distance, width=width, kernel=settings.kernel
    )
    neighborhood = Neighborhood(sample.Z, sample.Y, weights, center, sample.enumerated, sample.clusters)
    return neighborhood, float(one.outputs[one.targets[0]])


def weighted_mean(values: FloatArray, neighborhood: Neighborhood) -> tuple[float, float]:
    """Return Σ w v / Σ w and its standard error, rows of one cluster counted as one; enumerated rows carry no error."""
    weights = neighborhood.weights
    total = float(weights.sum())
    if total <= 0:
        return float(values.mean()), 0.0
    mean = float(weights @ values) / total
    influence = np.where(neighborhood.enumerated, 0.0, weights * (values - mean)) / total
    clustered = np.bincount(neighborhood.clusters, weights=influence)
    return mean, float(np.sqrt(np.square(clustered).sum()))
