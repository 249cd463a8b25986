"""Would nearly the same instance be explained the same way? The maximum sensitivity of Yeh et al. [yeh2019].

Input: an explainer and an instance. Output: the largest change of the weights among instances close to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from limelight.contracts import Feature, FloatArray
from limelight.diagnostics.case import Case, norm, open_case
from limelight.errors import InputError
from limelight.explainer import Explainer
from limelight.interpretable.tabular.columns import Column
from limelight.interpretable.tabular.dense import DenseTable
from limelight.interpretable.tabular.rows import Row
from limelight.result.explanation import Explanation
from limelight.seeding import stream

RADIUS = 0.1
"""A tenth of a standard deviation: a person would call the two rows alike."""
Nearby = Callable[[Any, np.random.Generator], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Sensitivity:
    """How much the weights change between an instance and others close to it.

    Parameters
    ----------
    value
        max_y ‖φ(y) − φ(x)‖₂ over the instances y that were tried, in units of the output.
    relative
        The value divided by ‖φ(x)‖₂; 0 where both are zero.
    noise
        What sampling alone may contribute to one of these distances, the root mean of Σ stderr² of both explanations:
        a value not above it says nothing about the model. Rows of a table share their perturbations, so there it is
        less.
    distances
        (repeats,) ‖φ(y) − φ(x)‖₂.
    target
        The output.
    """

    value: float
    relative: float
    noise: float
    distances: FloatArray
    target: str


def max_sensitivity(
    explainer: Explainer,
    instance: Any,
    explanation: Explanation | None = None,
    *,
    target: str | int | None = None,
    radius: float | None = None,
    nearby: Nearby | None = None,
    repeats: int = 20,
) -> Sensitivity:
    """Return the largest change of the weights among instances close to this one.

    SENS_MAX(φ, f, x, r) = max over ‖y − x‖ ≤ r of ‖φ(f, y) − φ(f, x)‖ [yeh2019], estimated from below by trying
    `repeats` instances y at random, as in the paper. Features that are the same to a person (the same column, the same
    word) are compared with each other; one that only one instance has weighs zero in the other.

    Parameters
    ----------
    explainer, instance
        As for `Explainer.explain`.
    explanation
        Of the instance; None makes it.
    target
        Name or index among the explained targets; None is the first.
    radius
        Of the ball ‖y − x‖∞ ≤ r, for tables: each column of numbers that is cut into bins, or not cut at all, moves by
        up to r of its standard deviations, uniformly; whole numbers stay whole; everything else stays. 0.1 by default.
    nearby
        ``nearby(instance, rng)`` → an instance close to it: needed for everything but tables, where only you know what
        is close (a synonym, a shift by a pixel). `rng` is a `numpy.random.Generator`.
    repeats
        Instances tried; the maximum can only grow with more.

    Raises
    ------
    InputError
        If `nearby` is needed and missing, both it and `radius` are given, no column can move, or a number is not
        positive.
    UnknownNameError
        If the target is not explained.

    Examples
    --------
    >>> import limelight as ll
    >>> X = np.random.default_rng(0).normal(size=(200, 2))
    >>> explainer = ll.Explainer(lambda X: 2 * X[:, 0], ll.Tabular(X, bins=None), seed=0)
    >>> round(max_sensitivity(explainer, X[0]).value, 6)
    0.0
    """
    _check(radius, nearby, repeats)
    case = open_case(explainer, instance, explanation, target)
    rng = stream(case.seed, b"nearby" + case.representation.content, "represent")
    if nearby is None:
        others = nearby_rows(case, RADIUS if radius is None else radius, repeats, rng)
    else:
        others = [nearby(instance, rng) for _ in range(repeats)]
    again = case.explainer.with_settings(targets=(case.target,))
    found = list(again.explain_many(others))
    distances = np.array([_distance(case, other) for other in found])
    noise = np.mean([norm(case.explanation.stderr[case.row]) ** 2 + norm(each.stderr[0]) ** 2 for each in found])
    value, length = float(distances.max()), norm(case.coef)
    return Sensitivity(
        value=value,
        relative=value / length if length > 0 else float("inf") if value > 0 else 0.0,
        noise=float(np.sqrt(noise)),
        distances=distances,
        target=case.target,
    )


def nearby_rows(case: Case, radius: float, n: int, rng: np.random.Generator) -> list[Row]:
    """Return n rows whose numbers lie within `radius` standard deviations of the instance's.

    Raises
    ------
    InputError
        If the instance is no row of a dense table, or none of its columns can move.
    """
    table = getattr(case.explainer.modality, "table", None)
    if not isinstance(table, DenseTable):
        raise InputError(
            f"nearby: expected a function (instance, rng) → instance for {type(case.explainer.modality).__name__}, "
            "got None; only rows of dense tables have a neighborhood of their own."
        )
    values: Sequence[Any] = case.representation.values  # type: ignore[attr-defined]
    reach = np.array([_reach(column, value, radius) for column, value in zip(table.columns, values, strict=True)])
    if not reach.any():
        raise InputError(
            f"radius: expected one that moves a column of numbers, got {radius:g} standard deviations; "
            "raise it, or pass nearby."
        )
    steps = rng.uniform(-reach, reach, (n, len(reach)))
    return [Row(tuple(_moved(v, s) for v, s in zip(values, step, strict=True))) for step in steps.tolist()]


def _reach(column: Column, value: Any, radius: float) -> float:
    """Return how far a column may move: nothing for names, missing values and whole numbers that would stay."""
    ordered = column.type in ("integer", "float") and (column.continuous or column.edges is not None)
    if not ordered or column.unit == "decimal" or column.read(value) is None:
        return 0.0
    reach = radius * column.scale
    if column.type == "integer" and reach < 1:
        return 0.0
    return reach


def _moved(value: Any, step: float) -> Any:
    """Return value + step; steps of whole numbers are cut towards zero, so that they stay inside the ball."""
    if not step:
        return value
    if isinstance(value, (int, np.integer)):
        return value + int(step)
    return value + step


def _distance(case: Case, other: Explanation) -> float:
    mine, theirs = identities(case.explanation.features), identities(other.features)
    if mine == theirs:
        return norm(other.coef[0] - case.coef)
    first = dict(zip(mine, case.coef.tolist(), strict=True))
    second = dict(zip(theirs, other.coef[0].tolist(), strict=True))
    return norm(np.array([second.get(key, 0.0) - first.get(key, 0.0) for key in {**first, **second}]))


def identities(features: Sequence[Feature]) -> list[tuple[str, Hashable, int]]:
    """Return what each feature is across instances: kind, key, and which of several with this key it is.

    >>> from limelight.contracts import Where
    >>> identities([Feature("good", Where("word", "good")), Feature("good", Where("word", "good"))])
    [('word', 'good', 0), ('word', 'good', 1)]
    """
    seen: Counter[tuple[str, Hashable]] = Counter()
    found = []
    for feature in features:
        key = (feature.where.kind, feature.where.key)
        found.append((*key, seen[key]))
        seen[key] += 1
    return found


def _check(radius: float | None, nearby: Nearby | None, repeats: int) -> None:
    if nearby is not None and radius is not None:
        raise InputError("radius: has no effect with a nearby of your own; leave one of them out.")
    if radius is not None and not 0 < radius < float("inf"):
        raise InputError(f"radius: expected a positive number of standard deviations, got {radius!r}.")
    if repeats < 1:
        raise InputError(f"repeats: expected at least 1 instance to try, got {repeats}; 20 is the default.")
