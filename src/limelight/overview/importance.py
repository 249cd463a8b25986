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
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.overview.columnwise import Together, first_met, read_batches, together
from limelight.overview.reading import Explanations, Name, check_target, nothing_explains, uncompared_note
from limelight.result.batch import Batch
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
        return f"{n:,} explanations" if n >= self.total else f"{n:,} of {self.total:,} explanations"

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
    targets: dict[str, _Target] = {}
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
            targets.setdefault(batch.known_targets[code], _Target()).add(batch, rows[codes == code])
    targets = _one_of_two(targets, classes.pop() if len(classes) == 1 else (), target, total)
    if not targets:
        raise nothing_explains(target, known)
    features = [feature for name, sums in targets.items() for feature in _entries(name, sums, level, quantile)]
    counts = {name: sums.n for name, sums in targets.items()}
    notes = (*_by_the_answer(counts, total), *uncompared_note(uncompared))
    return Importance(tuple(features), counts, level, notes, total)


def _one_of_two(
    targets: dict[str, _Target], classes: tuple[str, ...], target: str | int | None, total: int
) -> dict[str, _Target]:
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
            both = targets.get(name, _Target())
            both.add_turned(other)
            return {name: both}
    return targets if name is None else {each: sums for each, sums in targets.items() if each == name}


def _by_the_answer(counts: dict[str, int], total: int) -> tuple[str, ...]:
    """Return the sentence about means over some of the rows only, which the answer may have chosen."""
    if not any(n < total for n in counts.values()):
        return ()
    return (
        f"Not all {total:,} explanations explain the same output. Where the model's answer chose which, the means of "
        "one are those of the rows that the model called so; explain with Explainer(…, targets=…) for all rows.",
    )


# -- sums -------------------------------------------------------------------------------------------------------------


class _Columns:
    """Sums of each feature, a column of an array each; it grows as features are met."""

    def __init__(self) -> None:
        self.keys: dict[Hashable, int] = {}
        self.numbers = np.zeros((len(_SUMS), 0))

    def codes(self, things: Sequence[Hashable]) -> NDArray[np.int64]:
        """Return the columns of some features, made where they are new."""
        codes = [self.keys.setdefault(thing, len(self.keys)) for thing in things]
        new = len(self.keys) - self.numbers.shape[1]
        self.numbers = np.pad(self.numbers, ((0, 0), (0, new)))
        return np.array(codes, dtype=np.int64)

    def merge(self, at: NDArray[np.int64], new: FloatArray) -> None:
        """Add sums (7, m) of further values to some columns; squares are about the mean [chan1979]."""
        old = self.numbers[:, at]
        count = old[_COUNT] + new[_COUNT]
        found = old + new
        for mean, squares in ((_MEAN, _SQUARES), (_SIZE, _SIZE_SQUARES)):
            delta = new[mean] - old[mean]
            found[mean] = old[mean] + delta * new[_COUNT] / count
            found[squares] += delta * delta * old[_COUNT] * new[_COUNT] / count
        found[_COUNT] = count
        self.numbers[:, at] = found


_COUNT, _MEAN, _SQUARES, _SIZE, _SIZE_SQUARES, _ERROR, _ERROR2 = _SUMS = range(7)
"""Kept of each feature: in how many explanations; mean and squares of contributions, and of their sizes; Σs, Σs²."""


class _Target:
    """The sums of all features of one target, over n explanations; Σs by bin where perturbations were shared.

    They are kept in units of `unit`, a power of two near the first contributions: squares of 1e200 or 1e-200 would
    leave the range of numbers, and dividing by a power of two changes no digit.
    """

    def __init__(self) -> None:
        self.n = 0
        self.unit = 0.0
        self.sums = _Columns()
        self.shared: dict[Hashable, dict[str, float]] = {}

    def add(self, batch: Batch, rows: NDArray[np.int64]) -> None:
        """Add some rows of a batch."""
        self.n += len(rows)
        entries = together(batch, rows)
        if not len(entries.keys):
            return
        unit = self._unit_for(entries)
        size = len(batch.known_keys)
        met = first_met(entries.keys, size)
        numbers = _summed(entries, met, unit, size)
        self.sums.merge(self.sums.codes([batch.known_keys[key] for key in met.tolist()]), numbers)
        self._add_shared(batch, entries, unit)

    def add_turned(self, other: _Target) -> None:
        """Add the sums of the other one of two classes: what is for one is against the other."""
        self.n += other.n
        self.unit = self.unit or other.unit
        scale = (other.unit or 1.0) / (self.unit or 1.0)
        numbers = other.sums.numbers * scale
        numbers[_COUNT] = other.sums.numbers[_COUNT]
        numbers[_MEAN] *= -1.0
        numbers[[_SQUARES, _SIZE_SQUARES, _ERROR2]] *= scale
        self.sums.merge(self.sums.codes(list(other.sums.keys)), numbers)
        for key, bins in other.shared.items():
            kept = self.shared.setdefault(key, {})
            for name, error in bins.items():
                kept[name] = kept.get(name, 0.0) + error * scale

    def _add_shared(self, batch: Batch, entries: Together, unit: float) -> None:
        at = np.flatnonzero(entries.shared)
        if not len(at):
            return
        width = len(batch.known_names)
        pairs, sums = _sums(entries.keys[at] * width + entries.names[at], entries.stderr[at] / unit)
        for pair, error in zip(pairs.tolist(), sums.tolist(), strict=True):
            bins = self.shared.setdefault(batch.known_keys[pair // width], {})
            name = batch.known_names[pair % width]
            bins[name] = bins.get(name, 0.0) + error

    def _unit_for(self, entries: Together) -> float:
        if not self.unit:
            numbers = np.concatenate([entries.sizes, entries.stderr])
            largest = float(numbers.max(initial=0.0, where=np.isfinite(numbers)))
            self.unit = 2.0 ** (math.frexp(largest)[1] - 1) if largest else 0.0
        return self.unit or 1.0


def _sums(codes: NDArray[np.int64], values: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
    """Return the codes that occur and the sum of values of each."""
    if int(codes.max()) < 4 * len(codes):  # few: counting is faster than sorting
        known = np.flatnonzero(np.bincount(codes))
        return known, np.bincount(codes, values).astype(np.float64)[known]
    known, inverse = np.unique(codes, return_inverse=True)
    return known, np.bincount(inverse, values).astype(np.float64)


def _summed(entries: Together, met: NDArray[np.int64], unit: float, size: int) -> FloatArray:
    """Return (7, m) the sums of each feature that was met."""
    keys = entries.keys
    count = np.bincount(keys, minlength=size)
    found: list[Any] = [count.astype(np.float64)]
    for values in (entries.values / unit, entries.sizes / unit):
        mean = np.bincount(keys, values, minlength=size) / np.maximum(count, 1)
        off = values - mean[keys]
        found += [mean, np.bincount(keys, off * off, minlength=size)]
    error = entries.stderr / unit
    found += [np.bincount(keys, each, minlength=size) for each in (error, error * error)]
    return np.stack(found)[:, met]


def _entries(target: str, sums: _Target, level: float, normal: float) -> list[FeatureImportance]:
    t = _student(level, sums.n) if sums.n > 1 else normal
    entries = [_entry(target, key, sums, (t, normal)) for key in sums.sums.keys]
    return sorted(entries, key=_descending)


def _descending(entry: FeatureImportance) -> float:
    return -entry.mean_abs


def _entry(target: str, key: Hashable, whole: _Target, quantiles: tuple[float, float]) -> FeatureImportance:
    n, unit = whole.n, whole.unit or 1.0
    numbers = whole.sums.numbers[:, whole.sums.keys[key]].tolist()
    shared = whole.shared.get(key, {})
    count, error, error2 = numbers[_COUNT], numbers[_ERROR], numbers[_ERROR2]
    mean, variance = _among(count, numbers[_MEAN], numbers[_SQUARES], n)
    size, size_variance = _among(count, numbers[_SIZE], numbers[_SIZE_SQUARES], n)
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
