"""Does the output fall where the explanation says it should? Deletion and insertion curves [petsiuk2018].

Input: an explanation. Output: the model's output as its features are removed, or put back, one after the other, the
most supporting first. The explanation enters through the order of its features only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Modality
from limelight.diagnostics.case import Case, open_case
from limelight.diagnostics.removal import removed
from limelight.errors import InputError
from limelight.explainer import Explainer
from limelight.result.explanation import Explanation

STEPS = 50
"""Points of a curve beyond which features move in groups: the area changes little, the model rows grow."""
DRAWS = 256
"""Background draws averaged at each point, for tables: a power of two, as Sobol points like it."""


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """The model's output along a path from the instance to nothing of it, or back.

    Parameters
    ----------
    kind
        ``"deletion"`` or ``"insertion"``.
    order
        (d,) features in the order in which they are removed or put back.
    fraction
        (t,) share of the features removed, or put back: from 0 to 1.
    values
        (t,) output of the model; for tables its mean over background draws.
    stderr
        (t,) standard error of that mean; zero where nothing is drawn.
    auc
        Area under the curve by the trapezoidal rule, in units of the output.
    auc_stderr
        Its standard error.
    own_fill
        Whether features were removed in the way that the explainer removes them, which flatters it.
    target
        The output.
    """

    kind: str
    order: NDArray[np.int64]
    fraction: FloatArray
    values: FloatArray
    stderr: FloatArray
    auc: float
    auc_stderr: float
    own_fill: bool
    target: str


def deletion_curve(
    explainer: Explainer,
    instance: Any,
    explanation: Explanation | None = None,
    *,
    target: str | int | None = None,
    order: Sequence[int] | None = None,
    modality: Modality | None = None,
    steps: int = STEPS,
    draws: int = DRAWS,
) -> Curve:
    """Return the model's output as features are removed, the largest weight first: low area, good explanation.

    v(S) is the output where only the features S are kept, and with the order π of the weights, largest first (signed:
    what speaks for the target goes first), the curve is v(all), v(all − π₁), v(all − π₁ − π₂), …, v(∅)
    [petsiuk2018, deletion metric]. A text loses words and a picture superpixels as the explainer's modality hides
    them. The columns of a table are redrawn: v(S) = E_b f(x_S, b_rest) over draws b of the background.

    Parameters
    ----------
    explainer, instance
        As for `Explainer.explain`.
    explanation
        The one to test; None makes it.
    target
        Name or index among the explained targets; None is the first.
    order
        Another order of the features, all d of them: a random one is the yardstick.
    modality
        Another modality that cuts the instance into the same features and removes them in another way, such as
        ``Image(fill="blur")``. None takes the explainer's own, and then an explainer is rewarded for hiding features
        as the test does (`Curve.own_fill`): compare explainers under a fill that is none of theirs.
    steps
        At most that many removals; with more features they go in groups of nearly equal size.
    draws
        Background draws averaged at each point, for tables and for parts that are rebuilt at random.

    Raises
    ------
    InputError
        If the explanation is of another instance, the order is no permutation, or a number is not positive.
    UnknownNameError
        If the target is not explained.

    Examples
    --------
    >>> import limelight as ll
    >>> parts = ll.Components(["a", "b", "c"], lambda masks: masks.astype(float))
    >>> explainer = ll.Explainer(lambda Z: 3 * Z[:, 0] - Z[:, 1], parts, seed=0)
    >>> curve = deletion_curve(explainer, None)
    >>> [explainer.explain(None).features[j].name for j in curve.order], curve.values.tolist()
    (['a', 'c', 'b'], [2.0, -1.0, -1.0, 0.0])
    >>> round(curve.auc, 3)
    -0.333
    """
    _check(steps, draws)
    case = open_case(explainer, instance, explanation, target, modality)
    return _curve("deletion", case, order, modality is None, steps, draws)


def insertion_curve(
    explainer: Explainer,
    instance: Any,
    explanation: Explanation | None = None,
    *,
    target: str | int | None = None,
    order: Sequence[int] | None = None,
    modality: Modality | None = None,
    steps: int = STEPS,
    draws: int = DRAWS,
) -> Curve:
    """Return the model's output as features are put back, the largest weight first: large area, good explanation.

    v(∅), v(π₁), v(π₁ + π₂), …, v(all), from an instance of which everything is removed [petsiuk2018, insertion
    metric]; there pictures start blurred, which is ``modality=Image(fill="blur")`` here.

    Parameters
    ----------
    explainer, instance, explanation, target, order, modality, steps, draws
        As in `deletion_curve`, which also says how features are removed.

    Raises
    ------
    InputError, UnknownNameError
        As `deletion_curve`.

    Examples
    --------
    >>> import limelight as ll
    >>> parts = ll.Components(["a", "b", "c"], lambda masks: masks.astype(float))
    >>> explainer = ll.Explainer(lambda Z: 3 * Z[:, 0] - Z[:, 1], parts, seed=0)
    >>> insertion_curve(explainer, None).values.tolist()
    [0.0, 3.0, 3.0, 2.0]
    """
    _check(steps, draws)
    case = open_case(explainer, instance, explanation, target, modality)
    return _curve("insertion", case, order, modality is None, steps, draws)


def _curve(kind: str, case: Case, order: Sequence[int] | None, own_fill: bool, steps: int, draws: int) -> Curve:
    path = _order(case, order)
    moved = np.unique(np.round(np.linspace(0, len(path), min(steps, len(path)) + 1)).astype(np.int64))
    Z = np.empty((len(moved), len(path)), dtype=bool)
    Z[:, path] = (np.arange(len(path)) < moved[:, None]) ^ (kind == "deletion")
    V = np.stack(case.ask(removed(case.representation, Z, draws, case.seed)), axis=1)
    fraction = moved / max(len(path), 1)
    areas = _area(fraction, V) if len(moved) > 1 else V[:, 0]
    return Curve(
        kind=kind,
        order=path,
        fraction=fraction,
        values=V.mean(axis=0),
        stderr=_stderr(V),
        auc=float(areas.mean()),
        auc_stderr=float(_stderr(areas[:, None])[0]),
        own_fill=own_fill,
        target=case.target,
    )


def _order(case: Case, order: Sequence[int] | None) -> NDArray[np.int64]:
    """Return the features, largest weight first; weights that differ by rounding keep the order of the features."""
    d = len(case.coef)
    if order is None:
        step = 1e-9 * float(np.abs(case.coef).max(initial=0.0)) or 1.0
        return np.argsort(-np.round(case.coef / step), kind="stable").astype(np.int64)
    given = np.asarray(order, dtype=np.int64)
    if sorted(given.tolist()) != list(range(d)):
        raise InputError(f"order: expected each of the {d} features once, by index from 0, got {list(order)}.")
    return given


def _area(x: FloatArray, V: FloatArray) -> FloatArray:
    """Return the areas under the rows of V by the trapezoidal rule.

    >>> _area(np.array([0.0, 0.5, 1.0]), np.array([[0.0, 1.0, 1.0]]))
    array([0.75])
    """
    return np.asarray((np.diff(x) * (V[:, 1:] + V[:, :-1]) / 2).sum(axis=1))


def _stderr(V: FloatArray) -> FloatArray:
    """Return the standard error of the mean over rows, as for independent draws, which Sobol points undercut."""
    return (V - V[0]).std(axis=0, ddof=1) / np.sqrt(len(V)) if len(V) > 1 else np.zeros(V.shape[1])


def _check(steps: int, draws: int) -> None:
    for argument, value in (("steps", steps), ("draws", draws)):
        if value < 1:
            raise InputError(f"{argument}: expected a positive integer, got {value!r}; leave it out for the default.")
