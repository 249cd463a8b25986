"""Reasons that differ by group, also where the model does not get the column that makes the groups.

Input: `Material` with sensitive columns. Output: candidates, one question for each group and feature. The difference of
two means of contributions has the error of both spreads between rows (Welch's), and that of the perturbations that rows
of one bin share, which does not average out: Σ_b (a_b − r_b)² s_b², with a_b and r_b the shares of bin b in the group
and in the rest, and s_b the standard error there.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.overview.checks.material import USED, Candidate, Material
from limelight.result.audit import Finding

FEWEST = 20
"""A group with fewer rows is held against nobody."""
WORTH = 0.05
"""A difference below this share of the answers' standard deviation is not worth a sentence."""
MANY = 12
"""A column with more values than this is cut in two at its median."""


def groups(material: Material) -> list[Candidate]:
    """Return the candidates of all sensitive columns."""
    found: list[Candidate] = []
    for name in material.sensitive:
        values = material.data[name]
        for label, members in members_of(values):
            found += _against_the_rest(material, name, label, members)
    return found


def members_of(values: NDArray[Any]) -> list[tuple[str, NDArray[np.bool_]]]:
    """Return the groups of a column, by name; of two only one, since the other is the rest.

    >>> [(label, int(rows.sum())) for label, rows in members_of(np.array(["a"] * 30 + ["b"] * 20, dtype=object))]
    [('b', 20)]
    """
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        numbers = np.empty(0)
    if len(numbers) and len(np.unique(numbers)) > MANY:
        middle = float(np.median(numbers[np.isfinite(numbers)]))
        found = [(f"above {middle:g}", numbers > middle)]
    else:
        names = np.array([str(value) for value in values])
        labels, counts = np.unique(names, return_counts=True)
        order = np.argsort(counts, kind="stable")[:MANY]
        kept = labels[order[:1]] if len(labels) == 2 else labels[np.sort(order)]
        found = [(str(label), names == label) for label in kept]
    return [(label, rows) for label, rows in found if min(rows.sum(), (~rows).sum()) >= FEWEST]


def difference(material: Material, feature: int, members: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the difference of a feature's mean contribution between members and the rest, and its standard error."""
    laid = material.laid
    values, errors, codes = laid.column(feature), laid.errors(feature), laid.codes(feature)
    inside, outside = values[members], values[~members]
    variance = _of_mean(inside) + _of_mean(outside)
    if laid.shared:
        for code in np.unique(codes[codes >= 0]):
            here = codes == code
            weight = here[members].mean() - here[~members].mean()
            variance += float(weight * errors[here].mean()) ** 2
    return float(inside.mean() - outside.mean()), math.sqrt(variance)


def _of_mean(values: FloatArray) -> float:
    return float(values.var(ddof=1)) / len(values)


def _against_the_rest(material: Material, name: str, label: str, members: NDArray[np.bool_]) -> list[Candidate]:
    from scipy.special import ndtr

    laid = material.laid
    differences: list[tuple[int, float, float, float]] = []
    for j in np.flatnonzero(material.shares >= USED / 2).tolist():
        gap, error = difference(material, j, members)
        p = 2 * float(ndtr(-abs(gap) / error)) if error > 0 else float(gap == 0.0)
        differences.append((j, gap, error, p))
    worth = [each for each in differences if abs(each[1]) >= WORTH * material.spread]
    found = []
    for j, gap, error, p in differences:
        finding = None
        if (j, gap, error, p) in worth:
            finding = _finding(material, (name, label), members, (j, gap, error, p), worth)
        found.append(Candidate(p, finding, ("group", name, label)))
    if laid.n:
        return found
    return []


def _finding(
    material: Material,
    group: tuple[str, str],
    members: NDArray[np.bool_],
    top: tuple[int, float, float, float],
    worth: list[tuple[int, float, float, float]],
) -> Finding:
    laid, (name, label) = material.laid, group
    j, gap, error, p = top
    said = laid.prediction
    answers = float(said[members].mean() - said[~members].mean())
    order = sorted([each for each in worth if each[3] < 0.01 or each is top], key=lambda each: -abs(each[1]))
    reasons = ", ".join(f"“{laid.keys[k]}” {size:+.3g}" for k, size, _, _ in order[:5])
    given = name in map(str, laid.keys)
    if given:
        stands_in = ""
    else:
        stands_in = f" The model does not get “{name}”; these columns stand in for it."
    if label.startswith("above"):
        subject = f"{name} {label}"
    else:
        subject = f"{name} = {label}"
    sentence = (
        f"For the {int(members.sum()):,} rows with {subject} the answers are {abs(answers):.3g} "
        f"{'higher' if answers > 0 else 'lower'} than for the others, and reasons differ: {reasons}.{stands_in}"
    )
    half = material.quantile * error
    order_rows = np.argsort(-np.sign(gap) * np.where(members, laid.column(j), -np.inf * np.sign(gap)), kind="stable")
    advice = (
        "Whether a difference is right is not for a number to say: ask for each of these columns whether it may count, "
        "and whether it means the same for this group. Hold the error rates of both groups against each other."
    )
    rows = material.positions(order_rows[:5])
    measure = f"difference of the mean contribution of “{laid.keys[j]}”"
    return Finding("group", subject, sentence, measure, gap, gap - half, gap + half, p, rows, advice)
