"""Leaks: a column, or one of its values, that knows too well what was to be foretold [kaufman2012].

Input: `Material` with what was true. Output: candidates. A leak is a column that alone foretells what was true, better
than an honest world allows; the model goes by it; and no other column that tells something else comes near. The last
tells a leak from an easy question: in an easy one, many columns know the answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.overview.checks.conditions import Condition, conditions_of
from limelight.overview.checks.material import USED, Candidate, Material
from limelight.overview.checks.skill import auc, auc_error, cells_of, explained, foretold
from limelight.overview.many_tests import wilson
from limelight.result.audit import Finding

TOO_GOOD = 0.9
"""An AUC of one column above this is suspicious."""
TOO_MUCH = 0.8
"""So is this share of a number's variance, explained by one column."""
APART = 0.5
"""The column's error is at most this share of the next best one's."""
NEARLY_SURE, SURELY = 10.0, 5.0
"""A condition that multiplies the odds by more than the first is suspicious, where it surely does so by the second."""
SO_MANY_TIMES = 3.0
"""It does so by at least so many times what conditions of other columns do."""
TWINS = 0.9
"""Two columns whose forecasts correlate more than this say the same, and are no rivals."""
MAJORITY = 0.6
"""A condition that settles what holds of more rows than this anyway is no surprise: the young are not rich."""
RELIED_ON = 0.15
"""A leak is at least this share of all reasons."""
LEADS = 0.5
"""A suspicious condition is the first reason in at least this share of its rows."""

ADVICE = (
    "Ask when {name} is known. If it is written down after the answer, or by somebody who knows it, the model will not "
    "be as good on new cases: fit it again without {column} and compare."
)


def leaks(material: Material) -> list[Candidate]:
    """Return the candidates: whole columns first, then single conditions of columns that are none."""
    truth = material.truth
    if truth is None or len(np.unique(truth)) < 2:
        return []
    columns = _columns(material, truth)
    known = {each.finding.subject for each in columns if each.finding is not None and each.p < 1e-3}
    conditions = _conditions(material, truth, known) if material.binary else []
    return columns + conditions


def _columns(material: Material, truth: FloatArray) -> list[Candidate]:
    laid = material.laid
    used = np.flatnonzero(material.shares >= USED)
    if material.is_text or not len(used):
        return []
    said = [_forecast(material, int(j), truth) for j in used]
    skill = [auc(each, truth) if material.binary else explained(each, truth) for each in said]
    found = []
    for at, j in enumerate(used.tolist()):
        rival = max((skill[b] for b in range(len(said)) if b != at and not _twins(said[at], said[b])), default=0.0)
        apart = 1.0 - skill[at] <= APART * (1.0 - rival)
        share = float(material.shares[j])
        p, error = _too_good(skill[at], truth, binary=material.binary)
        finding = None
        if apart and share >= RELIED_ON:
            finding = _column_finding(material, j, (skill[at], error, rival), p)
        found.append(Candidate(p, finding, ("leak", laid.keys[j])))
    return found


def _forecast(material: Material, feature: int, truth: FloatArray) -> FloatArray:
    values = material.values(feature)
    cells = material.laid.codes(feature) + 1 if values is None else cells_of(values)
    return foretold(cells, truth)


def _twins(one: FloatArray, other: FloatArray) -> bool:
    if not one.std() or not other.std():
        return False
    return abs(float(np.corrcoef(one, other)[0, 1])) > TWINS


def _too_good(skill: float, truth: FloatArray, *, binary: bool) -> tuple[float, float]:
    """Return the p-value of a skill above what is suspicious, and the skill's standard error."""
    from scipy.special import ndtr

    if binary:
        error = auc_error(skill, truth)
        return float(ndtr(-(skill - TOO_GOOD) / error)), error
    far = (math.atanh(min(math.sqrt(skill), 1 - 1e-9)) - math.atanh(math.sqrt(TOO_MUCH))) * math.sqrt(len(truth) - 3)
    return float(ndtr(-far)), 2 * math.sqrt(skill) * (1 - skill) / math.sqrt(len(truth) - 3)


def _column_finding(material: Material, feature: int, skill: tuple[float, float, float], p: float) -> Finding:
    value, error, rival = skill
    name = f"“{material.laid.keys[feature]}”"
    if material.binary:
        measure = "AUC of the column alone"
    else:
        measure = "variance that the column alone explains"
    whole = material.truth if material.truth is not None else np.empty(0)
    said = material.laid.prediction
    model = auc(said, whole) if material.binary else explained(said, whole)
    without = said - material.laid.column(feature)
    left = auc(without, whole) if material.binary else explained(without, whole)
    sentence = (
        f"{name} alone foretells the truth with {value:.2f} ({measure}; the whole model {model:.2f}, the next best "
        f"column {rival:.2f}), and it is {material.shares[feature]:.0%} of all reasons. Without its contributions the "
        f"answers are worth {left:.2f}."
    )
    top = np.argsort(-np.abs(material.laid.column(feature)), kind="stable")[:5]
    half = material.quantile * error
    bounds = (max(value - half, 0.0), min(value + half, 1.0))
    subject = str(material.laid.keys[feature])
    return Finding(
        "leak",
        subject,
        sentence,
        measure,
        value,
        *bounds,
        p,
        material.positions(top),
        ADVICE.format(name=name, column=name),
    )


# -- single conditions ------------------------------------------------------------------------------------------------


def _conditions(material: Material, truth: FloatArray, known: set[str]) -> list[Candidate]:
    """Return the candidates of conditions such as “gain > 7,000” that nearly settle the answer."""
    laid, base = material.laid, float(truth.mean())
    used = np.flatnonzero(material.shares >= USED / len(laid.keys))
    conditions = []
    for j in used.tolist():
        conditions += [_weighed(each, truth, base) for each in conditions_of(material, j)]
    found = []
    for one in conditions:
        rivals = [each.ratio for each in conditions if _rivals(one, each)]
        leads = float((material.leaders[one.rows] == one.feature).mean())
        finding = None
        stands_out = one.ratio >= max(SO_MANY_TIMES * max(rivals, default=1.0), NEARLY_SURE)
        stands_out = stands_out and (base if one.yes else 1 - base) <= MAJORITY
        if stands_out and leads >= LEADS and str(laid.keys[one.feature]) not in known:
            finding = _condition_finding(material, one, leads)
        found.append(Candidate(one.p, finding, ("leak", laid.keys[one.feature])))
    return found


@dataclass(frozen=True, eq=False)
class _Condition:
    """A condition, the rows that meet it, and by how much it multiplies the odds of what most of them are."""

    feature: int
    name: str
    rows: NDArray[np.int64]
    yes: bool
    count: int
    ratio: float
    p: float


def _weighed(one: Condition, truth: FloatArray, base: float) -> _Condition:
    inside = truth[one.rows]
    yes = float(inside.mean()) >= base
    count = int(inside.sum()) if yes else len(inside) - int(inside.sum())
    odds = (count + 0.5) / (len(inside) - count + 0.5)
    share = base if yes else 1 - base
    ratio = odds / max(share / max(1 - share, 1e-9), 1e-9)
    p = _more_than_suspicious(count, len(inside), share)
    return _Condition(one.feature, one.name, one.rows, yes, count, ratio, p)


def _rivals(one: _Condition, other: _Condition) -> bool:
    """Return whether another column says the same of the truth, of other rows: one alone is suspicious."""
    if other.feature == one.feature or other.yes != one.yes:
        return False
    both = len(np.intersect1d(one.rows, other.rows, assume_unique=True))
    return both < TWINS * min(len(one.rows), len(other.rows))


def _more_than_suspicious(count: int, n: int, base: float) -> float:
    """Return how often so many hits come about where a condition multiplies the odds by no more than is suspicious."""
    from scipy.stats import binom

    odds = SURELY * base / max(1 - base, 1e-9)
    return float(binom.sf(count - 1, n, odds / (1 + odds)))


def _condition_finding(material: Material, one: _Condition, leads: float) -> Finding:
    rows, count, yes = one.rows, one.count, one.yes
    condition = f"“{one.name}”"
    share, (low, high) = count / len(rows), wilson(count, len(rows), material.quantile)
    truth = material.truth if material.truth is not None else np.empty(0)
    told = "true" if yes else "not true"
    base = float(truth.mean()) if yes else 1 - float(truth.mean())
    sentence = (
        f"{condition} nearly settles the answer: “{material.laid.target}” is {told} for {count:,} of {len(rows):,} "
        f"such rows, {share:.1%} [{low:.1%}, {high:.1%}], against {base:.0%} of all; its column is the first reason "
        f"for {leads:.0%} of them, and no other condition comes near."
    )
    return Finding(
        "leak",
        str(material.laid.keys[one.feature]),
        sentence,
        "share of its rows with the same truth",
        share,
        low,
        high,
        one.p,
        material.positions(rows[:5]),
        ADVICE.format(name=condition, column=f"“{material.laid.keys[one.feature]}”"),
    )
