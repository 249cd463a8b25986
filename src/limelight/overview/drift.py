"""Last month and this month: did the rows change, or the reasons that the model gives for the same rows?

Input: two sets of explanations on the same neighborhood. Output: a `Drift`. The mean contribution of a feature is
Σ_b p_b c_b over its values b, with p_b their shares and c_b their mean contributions, so that its change falls into two
parts exactly [kitagawa1955]:

    Σ_b (q_b − p_b) (c_b + d_b) / 2  +  Σ_b (d_b − c_b) (p_b + q_b) / 2

the change of the shares from p to q, and that of the contributions from c to d. Both are tested by permutation: which
set a row belongs to is shuffled over all rows for the first, and among the rows with the same value for the second
(`shuffled.py`), so that a change of the data is none of the reasons. A change of the reasons must also be larger than
the errors of the perturbations, which rows of one bin share.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature, FloatArray
from limelight.errors import InputError
from limelight.overview.bounds import met_by_values_beyond
from limelight.overview.longform import Longform, one_output, some_of
from limelight.overview.many_tests import benjamini_hochberg, t_test
from limelight.overview.reading import gathered
from limelight.overview.shuffled import p_of_means, p_of_shares
from limelight.result.drift import Drift, FeatureDrift
from limelight.result.explanation import Explanation
from limelight.result.explanations import Explanations
from limelight.result.flat import pieces
from limelight.result.quantiles import normal_quantile
from limelight.settings import OF_THE_RUN

FEWEST = 20
"""A word that fewer explanations have is not looked at; either set needs so many explanations."""
MOST = 200
"""So many features, the weightiest, are looked at."""
PERMUTATIONS = 499


def drift(
    reference: Any,
    current: Any,
    *,
    target: str | None = None,
    names: tuple[str, str] = ("reference", "current"),
    level: float = 0.95,
    permutations: int = PERMUTATIONS,
) -> Drift:
    """Return what changed between two sets of explanations, apart for the data and for the reasons.

    Parameters
    ----------
    reference, current
        Explanations of last month's rows and of this month's: lists, streams, sets, or paths of .jsonl or .parquet
        files or of folders of .parquet files, such as a job's; of more than 50,000 a random sample is taken. Both must
        be made with the same kind of data (for tables the same background), settings and seed; then rows with the same
        values have the same explanation unless the model has changed.
    target
        The output. None, the default: of two classes the second by name, else the one that most explanations explain.
        Of two classes explanations of the other one count too, turned round: by default each row explains the class
        that the model says, and the rows of one class are no sample of the month.
    names
        What to call the two.
    level
        Of the intervals; a change is one whose p, adjusted for all features, is at most 1 − level.
    permutations
        How often rows are shuffled.

    Raises
    ------
    InputError
        If either has fewer than 20 explanations, or both are not on the same neighborhood.
    UnknownNameError
        If nothing explains `target`.

    Examples
    --------
    >>> import numpy as np
    >>> import limelight as ll
    >>> X = np.random.default_rng(0).normal(size=(400, 2))
    >>> explainer = ll.Explainer(lambda X: X[:, 0], ll.Tabular(X, names=["a", "b"]), seed=0)
    >>> rich = X[200:] + [1.0, 0.0]
    >>> found = ll.drift(explainer.explain_all(X[:200]), explainer.explain_all(rich))
    >>> [entry.feature for entry in found.data_changed], found.reasons_changed, found.same_model
    (['a'], (), True)
    """
    quantile = normal_quantile(level)
    if isinstance(permutations, bool) or not isinstance(permutations, int) or permutations < 99:
        raise InputError(f"permutations: expected an integer from 99 on, got {permutations!r}.")
    (before, total), (after, later) = (_some(gathered(each)) for each in (reference, current))
    _check_alike(before, after)
    together = isinstance(before, Explanations) and isinstance(after, Explanations)
    both = before + after if together else [*before, *after]
    laid = one_output(both, target)
    month = laid.positions >= len(before)
    counts = (int((~month).sum()), int(month.sum()))
    if min(counts) < FEWEST:
        raise InputError(
            f"reference, current: expected at least {FEWEST} explanations of {laid.target!r} in either, got "
            f"{counts[0]} and {counts[1]}."
        )
    columns = _columns(laid)
    same, cells = _same_model(laid, columns, month)
    features = _features(laid, columns, month, quantile=quantile, permutations=permutations)
    if same:  # what is left within a value is what goes along with it: other rows, and no other reasons
        features = tuple([replace(entry, p_reasons=1.0) for entry in features])
    said = laid.prediction
    answer = (float(said[~month].mean()), float(said[month].mean()))
    change = _welch(said, month, quantile)
    doubts = _sampled((len(before), len(after)), (total, later))
    doubts += (*_by_the_answer(laid.target, len(both) - laid.n, len(both)), *_left_out(laid, columns))
    asked = {"target": target} if permutations == PERMUTATIONS else {}
    return Drift(
        names, laid.target, features, counts, answer, change, level, same, cells, doubts, asked, after[0].provenance
    )


def _some(many: Sequence[Explanation]) -> tuple[Any, int]:
    """Return a set, or a sample of a large one, and how many there are."""
    return some_of(many)[0], len(many)


def _sampled(counts: tuple[int, int], totals: tuple[int, int]) -> tuple[str, ...]:
    if counts == totals:
        return ()
    return (
        f"Of {totals[0]:,} and {totals[1]:,} explanations {counts[0]:,} and {counts[1]:,}, drawn at random, were held "
        "against each other.",
    )


def _by_the_answer(target: str, left: int, total: int) -> tuple[str, ...]:
    """Return the sentence about rows of which another output is explained: they were chosen by the answer."""
    if not left:
        return ()
    return (
        f"{left:,} of {total:,} explanations do not explain “{target}” and were left out. Where the model's answer "
        f"chose what was explained, shares and means are those of the rows that it called “{target}”, and change with "
        f"them; explain both sets with Explainer(…, targets={target!r}) for those of all rows.",
    )


def _check_alike(before: Sequence[Explanation], after: Sequence[Explanation]) -> None:
    """Raise where the two sets are not on the same neighborhood.

    Raises
    ------
    InputError
        If settings, seed or background differ.
    """
    first, second = before[0].provenance, after[0].provenance
    if first.seed != second.seed or _settings(before[0]) != _settings(after[0]):
        raise InputError(
            "current: explained with another seed or other settings than reference, so that their noise is not the "
            "same; explain both with the same explainer's settings."
        )
    shares = {feature.name: feature.keep for feature in _features_of(before)}
    for feature in _features_of(after):
        if abs(shares.get(feature.name, feature.keep) - feature.keep) > 1e-9:
            raise InputError(
                f"current: “{feature.name}” holds for another share of the background than in reference; explain "
                "both against the same background (the same Tabular)."
            )


def _features_of(many: Sequence[Explanation]) -> Iterator[Feature]:
    """Yield the features that occur: of a set each once a block, and not once a row."""
    if not isinstance(many, Explanations):
        for explanation in many:
            yield from explanation.features
        return
    for block, rows, _ in many.runs():
        features = block.coded("features")
        for code in np.unique(features.codes[pieces(np.asarray(features.starts), rows)]).tolist():
            yield features.things[code]


def _settings(explanation: Explanation) -> dict[str, Any]:
    kept = explanation.provenance.settings
    return {name: value for name, value in kept.items() if name not in OF_THE_RUN}


# -- one feature ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _Column:
    """One feature over all rows: which value each row has (0 for none), what it contributes, and the values' names."""

    feature: int
    key: Hashable
    codes: NDArray[np.int64]
    values: FloatArray
    names: tuple[str, ...]


def _columns(laid: Longform) -> list[_Column]:
    often = np.bincount(laid.key, minlength=len(laid.keys)) >= FEWEST
    order = [j for j in np.argsort(-laid.mean_abs(), kind="stable").tolist() if often[j]][:MOST]
    found = []
    for j in order:
        key = laid.keys[j]
        is_word = laid.places[j] == (str(key),)
        if is_word:
            names = (f"without {key}", f"with {key}")
        else:
            names = (f"no {key}", *laid.places[j])
        found.append(_Column(j, key, laid.codes(j) + 1, laid.column(j), names))
    return found


def _left_out(laid: Longform, columns: Sequence[_Column]) -> tuple[str, ...]:
    left = len(laid.keys) - len(columns)
    if not left:
        return ()
    return (f"{left:,} features that few explanations have, or that weigh little, were not looked at.",)


def _features(
    laid: Longform, columns: Sequence[_Column], month: NDArray[np.bool_], *, quantile: float, permutations: int
) -> tuple[FeatureDrift, ...]:
    data = np.array([p_of_shares(column.codes, month, permutations) for column in columns])
    reasons = np.array([_p_of_reasons(laid, column, month, permutations) for column in columns])
    adjusted = (benjamini_hochberg(data), benjamini_hochberg(reasons))
    found = [
        _told(laid, column, month, quantile, (float(adjusted[0][at]), float(adjusted[1][at])))
        for at, column in enumerate(columns)
    ]
    return tuple(sorted(found, key=lambda entry: -abs(entry.change)))


def _p_of_reasons(laid: Longform, column: _Column, month: NDArray[np.bool_], permutations: int) -> float:
    """Return the p-value of no change of the reasons: it must be none of the rows, and none of the perturbations.

    Rows that share their perturbations have the same error in the same bin, which shuffling rows cannot see; two models
    have two such errors.
    """
    by_rows = p_of_means(column.codes, column.values, month, permutations)
    if not laid.shared:
        return by_rows
    errors, chances = laid.errors(column.feature), []
    for code in np.unique(column.codes):
        parts = [(column.codes == code) & rows for rows in (~month, month)]
        if all(part.any() for part in parts):
            change = column.values[parts[1]].mean() - column.values[parts[0]].mean()
            error = math.hypot(*[float(errors[part].mean()) for part in parts])
            chances.append(float(t_test(np.array([change]), np.array([error]), laid.df)[0]))
    return max(by_rows, min(min(chances, default=1.0) * len(chances), 1.0))


def _told(
    laid: Longform, column: _Column, month: NDArray[np.bool_], quantile: float, p: tuple[float, float]
) -> FeatureDrift:
    count = len(column.names)
    shares, means = [], []
    for rows in (~month, month):
        total = np.bincount(column.codes[rows], minlength=count).astype(float)
        shares.append(total / max(total.sum(), 1.0))
        sums = np.bincount(column.codes[rows], column.values[rows], minlength=count)
        means.append(np.divide(sums, total, out=np.full(count, math.nan), where=total > 0))
    before, after = means
    # a value that one set lacks contributes there what it does in the other: all of its change is data
    before, after = np.where(np.isnan(before), after, before), np.where(np.isnan(after), before, after)
    before, after = np.nan_to_num(before), np.nan_to_num(after)
    data = float(((shares[1] - shares[0]) * (before + after) / 2).sum())
    reasons = float(((after - before) * (shares[0] + shares[1]) / 2).sum())
    held = [_held(column, share) for share in shares]
    moved = int(np.argmax(np.abs(held[1] - held[0])))
    other = int(np.argmax(np.abs(after - before) * (shares[0] + shares[1])))
    change, low, high = _welch(column.values, month, quantile)
    return FeatureDrift(
        feature=laid.keys[column.feature],
        data=data,
        reasons=reasons,
        change=change,
        low=low,
        high=high,
        p_data=p[0],
        p_reasons=p[1],
        value=column.names[moved],
        before=float(held[0][moved]),
        after=float(held[1][moved]),
        place=column.names[other],
        added=float(before[other]),
        adds=float(after[other]),
    )


def _held(column: _Column, shares: FloatArray) -> FloatArray:
    """Return for what share of rows each condition holds: "x > 2" also for those beyond the background."""
    met = met_by_values_beyond(column.key, column.names)
    found = shares.copy()
    np.add.at(found, met[met >= 0], shares[met >= 0])
    return found


def _welch(values: FloatArray, month: NDArray[np.bool_], quantile: float) -> tuple[float, float, float]:
    before, after = values[~month], values[month]
    change = float(after.mean() - before.mean())
    half = quantile * math.sqrt(float(before.var(ddof=1)) / len(before) + float(after.var(ddof=1)) / len(after))
    return change, change - half, change + half


# -- is it the same model? --------------------------------------------------------------------------------------------


def _same_model(laid: Longform, columns: Sequence[_Column], month: NDArray[np.bool_]) -> tuple[bool | None, int]:
    """Return whether rows with the same values in both sets have the same explanation, and how many values that are.

    Rows of a table that share their perturbations do, unless the model answers otherwise: they are encoded alike.
    """
    if not laid.shared or len(columns) < len(laid.keys):
        return None, 0
    codes = np.stack([column.codes for column in columns], axis=1)
    values = np.stack([column.values for column in columns], axis=1)
    _, cell = np.unique(codes, axis=0, return_inverse=True)
    both = np.intersect1d(cell[month], cell[~month])
    if not len(both):
        return None, 0
    scale = float(np.abs(values).max()) or 1.0
    first = {int(cell[row]): row for row in np.flatnonzero(~month).tolist()}
    second = {int(cell[row]): row for row in np.flatnonzero(month).tolist()}
    pairs = [(first[each], second[each]) for each in both.tolist()]
    apart = max(float(np.abs(values[a] - values[b]).max()) for a, b in pairs)
    return apart <= 1e-9 * scale, len(both)
