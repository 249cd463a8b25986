"""How much each feature matters over many explanations: mean |contribution| and mean contribution, with intervals.

Input: many explanations. Output: a table with one row per target and feature. Each explanation is one instance; the
mean is over all that explain the target. A contribution is what the feature adds to the answer against the average row,
which for words and parts is LIME's weight, and for a column its weight times how far the instance's bin is from the
average: a bin that nearly all rows are in contributes next to nothing, however large its weight. A feature that an
instance does not have (a word that is not in the text) counts as zero there, so that for tables it is the plain mean
and for texts rare words do not come first.

Standard error of a mean over n instances with contributions ĉ_i and standard errors s_i: the instances are a sample of
those that the model will see, so it is the spread between instances, S²/n. That holds each explanation's own noise
already, as long as it is independent; Σ s_i²/n² is a floor for few instances that happen to agree. Where explanations
share their perturbations (tables), the errors of rows in the same bin of a column are one error, which does not average
out: Σ_b (Σ_{i in b} s_i/n)² is added, with b the bins. Between bins errors are opposite if anything (a bin's mean less
that of the others), so that this is on the safe side.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from limelight.overview.columnwise import read_batches
from limelight.overview.reading import Explanations, Name, check_target, nothing_explains, uncompared_note
from limelight.overview.running_sums import COUNT, ERROR, ERROR2, MEAN, SIZE, SIZE_SQUARES, SQUARES, TargetSums
from limelight.result.explanation import normal_quantile

if TYPE_CHECKING:
    import pandas as pd

FOLDED = math.sqrt(2 / math.pi)
"""E|e| of a standard normal e: how large the |contribution| of nothing is, in standard errors [leone1961]."""

_MOST = 1e300
"""A square larger than this stands for infinity, of which no sum is made."""


@dataclass(frozen=True, slots=True)
class FeatureImportance:
    """One feature's mean |contribution| and mean contribution for one target.

    Parameters
    ----------
    target
        Name of the output.
    feature
        What the feature is across explanations: a column, a word, what `name` returned.
    count
        In how many explanations it occurs.
    mean_abs, abs_low, abs_high
        Mean |contribution| over all explanations of the target, in units of the output, and its interval.
    noise
        The mean |contribution| that sampling noise alone would show here, with no effect at all: √(2/π) × mean standard
        error. A `mean_abs` near it says nothing.
    mean, low, high
        Mean contribution, and its interval. Near zero for the columns of a table, whose rows lie on both sides of the
        average row; for words it tells which way they push.
    """

    target: str
    feature: Hashable
    count: int
    mean_abs: float
    abs_low: float
    abs_high: float
    noise: float
    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Importance:
    """How much each feature matters for each target: largest mean |contribution| first.

    Parameters
    ----------
    features
        One entry for each target and feature.
    n_explanations
        For each target, how many explanations explain it.
    level
        Of the intervals.
    warnings
        Sentences about what the means cannot say.
    total
        How many explanations there are. By default an explainer explains the class that the model says; of more than
        two classes the means of one are then over the rows that were called so.
    """

    features: tuple[FeatureImportance, ...]
    n_explanations: dict[str, int]
    level: float
    warnings: tuple[str, ...] = ()
    total: int = 0

    def __repr__(self) -> str:
        """Return the largest of each target, in one line each."""
        said = []
        for target in self.n_explanations:
            mine = [each for each in self.features if each.target == target][:4]
            named = ", ".join(f"{each.feature} {each.mean_abs:.3g}" for each in mine)
            said.append(f"{target}: {named}" + (", …" if len(mine) == 4 else ""))
        return f"<Importance over {self.total:,} explanations; {'; '.join(said) or 'of nothing'}>"

    def over(self, target: str) -> str:
        """Return in words over which explanations the means of a target are.

        >>> Importance((), {"spam": 20}, 0.95, total=50).over("spam")
        '20 of 50 explanations'
        """
        n = self.n_explanations[target]
        if n >= self.total:
            return f"{n:,} explanations"
        return f"{n:,} of {self.total:,} explanations"

    def rows(self) -> list[dict[str, Any]]:
        """Return one dict for each target and feature, for any frame library."""
        names = FeatureImportance.__dataclass_fields__
        return [{name: getattr(entry, name) for name in names} for entry in self.features]

    def to_frame(self) -> pd.DataFrame:
        """Return the rows as a pandas frame.

        Raises
        ------
        MissingDependencyError
            If pandas is not installed; `rows` needs nothing.
        """
        from limelight.optional import require

        names = list(FeatureImportance.__dataclass_fields__)
        frame: pd.DataFrame = require("pandas", "notebook").DataFrame(self.rows(), columns=names)
        return frame

    def __str__(self) -> str:
        """Return the ten largest of each target, a line each."""
        lines: list[str] = []
        for target in self.n_explanations:
            lines.append(f"{target}: mean over {self.over(target)}; intervals {self.level:.0%}")
            for entry in [entry for entry in self.features if entry.target == target][:10]:
                size = f"|contribution| {entry.mean_abs:.3g} [{entry.abs_low:.3g}, {entry.abs_high:.3g}]"
                mean = f"mean {entry.mean:+.3g} [{entry.low:+.3g}, {entry.high:+.3g}]"
                lines.append(f"  {entry.feature!s:<24} {size:<42} {mean}")
        return "\n".join([*lines, *self.warnings])


def feature_importance(
    explanations: Explanations,
    *,
    target: str | int | None = None,
    name: Name | None = None,
    level: float = 0.95,
) -> Importance:
    """Return how much each feature matters over many explanations: mean |contribution|, mean, and intervals.

    All features of the full fit count, also those that an explanation does not show: leaving out the small ones would
    make the mean of the others too large. The intervals speak of the instances that the model will see, of which those
    explained are taken for a random sample; they are as wide as the spread between instances and the sampling noise of
    the explanations make them. With one explanation they are its own.

    Parameters
    ----------
    explanations
        A list, a set, any iterable; the path of a .jsonl file with one explanation in each line, of a .parquet file, or
        of a folder of these, such as a job's, which is read by column. Only sums are kept.
    target
        Name of an output, or its position among those that an explanation explains. None, the default: every output
        that some explanation explains, each for itself, for contributions to two outputs are not of one kind:
        those to two classes cancel. Of a model's only two classes, of which each explanation explains one, as it does
        by default, the means are over all rows: what is for one is against the other. Without `target` they are those
        of the second by name.
    name
        ``name(explanation, feature)`` → what the feature is across explanations, as in `submodular_pick`.
    level
        Coverage of the intervals, between 0 and 1.

    Returns
    -------
    Importance
        `rows()` and `to_frame()`.

    Raises
    ------
    InputError
        If there are no explanations, if they mix kinds of features, or if superpixels or windows come without `name`.
    UnknownNameError
        If nothing explains `target`.

    Examples
    --------
    >>> import numpy as np
    >>> import limelight as ll
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> explainer = ll.Explainer(lambda X: 2 * X[:, 0] - X[:, 1], ll.Tabular(X, names=["a", "b", "c"]), seed=0)
    >>> importance = ll.feature_importance(explainer.explain_many(X[:50]))
    >>> [row["feature"] for row in importance.rows()]
    ['a', 'b', 'c']
    """
    quantile = normal_quantile(level)
    check_target(target)
    targets: dict[str, TargetSums] = {}
    known: dict[str, None] = {}
    uncompared = total = 0
    classes: set[tuple[str, ...]] = set()
    for batch in read_batches(explanations, name):
        known.update(dict.fromkeys(batch.known_targets))
        uncompared += int((~batch.compared).sum())
        total += len(batch.positions)
        classes.add(batch.two_classes)
        # of two classes the other one counts too; whether they are two is known at the end
        rows = batch.rows_of(None if target in batch.two_classes else target)
        codes = batch.targets[rows]
        for code in dict.fromkeys(codes.tolist()):
            targets.setdefault(batch.known_targets[code], TargetSums()).add(batch, rows[codes == code])
    targets = _one_of_two(targets, classes.pop() if len(classes) == 1 else (), target, total)
    if not targets:
        raise nothing_explains(target, known)
    features = [feature for name, sums in targets.items() for feature in _entries(name, sums, level, quantile)]
    counts = {name: sums.n for name, sums in targets.items()}
    notes = (*_by_the_answer(counts, total), *uncompared_note(uncompared))
    return Importance(tuple(features), counts, level, notes, total)


def _one_of_two(
    targets: dict[str, TargetSums], classes: tuple[str, ...], target: str | int | None, total: int
) -> dict[str, TargetSums]:
    """Return the sums of what was asked for; of two classes of which each row explains one, those of one of them.

    An explainer explains, by default, the class that the model says. The mean over the rows that were called so is none
    of all rows: they were chosen by what is explained.
    """
    name = target if isinstance(target, str) else None
    if classes and set(targets) <= set(classes) and sum(sums.n for sums in targets.values()) == total:
        if name is None and len(targets) == 2:
            name = classes[1]
        other = targets.get(next(each for each in classes if each != name))
        if name is not None and other is not None:
            both = targets.get(name, TargetSums())
            both.add_turned(other)
            return {name: both}
    if name is None:
        return targets
    return {each: sums for each, sums in targets.items() if each == name}


def _by_the_answer(counts: dict[str, int], total: int) -> tuple[str, ...]:
    """Return the sentence about means over some of the rows only, which the answer may have chosen."""
    if not any(n < total for n in counts.values()):
        return ()
    return (
        f"Not all {total:,} explanations explain the same output. Where the model's answer chose which, the means of "
        "one are those of the rows that the model called so; explain with Explainer(…, targets=…) for all rows.",
    )


# -- sums -------------------------------------------------------------------------------------------------------------


def _entries(target: str, sums: TargetSums, level: float, normal: float) -> list[FeatureImportance]:
    t = _student(level, sums.n) if sums.n > 1 else normal
    entries = [_entry(target, key, sums, (t, normal)) for key in sums.sums.keys]
    return sorted(entries, key=_descending)


def _descending(entry: FeatureImportance) -> float:
    return -entry.mean_abs


def _entry(target: str, key: Hashable, whole: TargetSums, quantiles: tuple[float, float]) -> FeatureImportance:
    n, unit = whole.n, whole.unit or 1.0
    numbers = whole.sums.numbers[:, whole.sums.keys[key]].tolist()
    shared = whole.shared.get(key, {})
    count, error, error2 = numbers[COUNT], numbers[ERROR], numbers[ERROR2]
    mean, variance = _among(count, numbers[MEAN], numbers[SQUARES], n)
    size, size_variance = _among(count, numbers[SIZE], numbers[SIZE_SQUARES], n)
    half, half_size = (_half_width(each, error2, shared.values(), n, quantiles) for each in (variance, size_variance))
    return FeatureImportance(
        target=target,
        feature=key,
        count=int(count),
        mean_abs=unit * size,
        abs_low=unit * max(size - half_size, 0.0),
        abs_high=unit * (size + half_size),
        noise=unit * FOLDED * error / n,
        mean=unit * mean,
        low=unit * (mean - half),
        high=unit * (mean + half),
    )


def _among(count: float, mean: float, squares: float, n: int) -> tuple[float, float]:
    """Return mean and variance of n values, those that were not added being zero."""
    whole = squares + mean * mean * count * (n - count) / n
    return mean * count / n, whole / max(n - 1, 1)


def _half_width(
    variance: float, error2: float, shared: Iterable[float], n: int, quantiles: tuple[float, float]
) -> float:
    """Return half the interval of a mean: Student's t for the spread between instances, normal for shared noise."""
    t, normal = quantiles
    own = error2 / n**2
    if n == 1:
        return normal * math.sqrt(own)
    of_bins = math.fsum(min((total / n) * (total / n), _MOST) for total in shared)
    return math.sqrt(t**2 * max(variance / n, own) + normal**2 * of_bins)


def _student(level: float, n: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, 0.5 + level / 2))
