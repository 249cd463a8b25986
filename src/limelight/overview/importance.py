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
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from limelight.overview.reading import (
    Entry,
    Explanations,
    Name,
    check_target,
    nothing_explains,
    read_entries,
    uncompared_note,
)
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
    """

    features: tuple[FeatureImportance, ...]
    n_explanations: dict[str, int]
    level: float
    warnings: tuple[str, ...] = ()

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
        for target, n in self.n_explanations.items():
            lines.append(f"{target}: mean over {n:,} explanations, intervals {self.level:.0%}")
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
        A list, any iterable, or the path of a .jsonl file with one explanation in each line; only sums are kept.
    target
        Name of an output, or its position among those that an explanation explains. None, the default: every output
        that some explanation explains, each for itself, for contributions to two outputs are not of one kind:
        those to two classes cancel.
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
    uncompared = 0
    for entry in read_entries(explanations, name):
        known.update(dict.fromkeys(entry.targets))
        uncompared += not entry.compared
        for row in entry.rows(target):
            targets.setdefault(entry.targets[row], _Target()).add(entry, row)
    if not targets:
        raise nothing_explains(target, known)
    features = [feature for name, sums in targets.items() for feature in _entries(name, sums, level, quantile)]
    counts = {name: sums.n for name, sums in targets.items()}
    return Importance(tuple(features), counts, level, uncompared_note(uncompared))


# -- sums -------------------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class _Moments:
    """Mean and sum of squared deviations of the values so far, kept up to date [welford1962]."""

    count: int = 0
    mean: float = 0.0
    squares: float = 0.0

    def add(self, value: float) -> None:
        self.count += 1
        delta = value - self.mean
        self.mean += delta / self.count
        self.squares += delta * (value - self.mean)

    def among(self, n: int) -> tuple[float, float]:
        """Return mean and variance of n values, those that were not added being zero."""
        mean = self.mean * self.count / n
        squares = self.squares + self.mean * self.mean * self.count * (n - self.count) / n
        return mean, squares / max(n - 1, 1)


@dataclass(slots=True)
class _Sums:
    """What is kept of one feature: contributions, their sizes, and Σs, Σs² of their errors; Σs by bin where shared."""

    values: _Moments = field(default_factory=_Moments)
    sizes: _Moments = field(default_factory=_Moments)
    error: float = 0.0
    error2: float = 0.0
    shared: dict[str, float] = field(default_factory=dict)

    def add(self, value: float, size: float, error: float, place: str | None) -> None:
        self.values.add(value)
        self.sizes.add(size)
        self.error += error
        self.error2 += error * error
        if place is not None:
            self.shared[place] = self.shared.get(place, 0.0) + error


@dataclass(slots=True)
class _Target:
    """The sums of all features of one target, over n explanations.

    They are kept in units of `unit`, a power of two near the first contributions: squares of 1e200 or 1e-200 would
    leave the range of numbers, and dividing by a power of two changes no digit.
    """

    features: dict[Hashable, _Sums] = field(default_factory=dict)
    n: int = 0
    unit: float = 0.0

    def add(self, entry: Entry, row: int) -> None:
        self.n += 1
        unit = self._unit_for(entry, row)
        together: dict[Hashable, tuple[float, float, float, str]] = {}
        columns = (entry.keys, entry.names, entry.contributions[row], entry.stderr[row])
        for key, name, value, error in zip(*columns, strict=True):
            if key is not None:
                # errors of one explanation's features are taken to go together: never too small
                v, size, e, place = together.get(key, (0.0, 0.0, 0.0, name))
                together[key] = (v + value / unit, size + abs(value) / unit, e + error / unit, place)
        for key, (value, size, error, place) in together.items():
            self.features.setdefault(key, _Sums()).add(value, size, error, place if entry.shared else None)

    def _unit_for(self, entry: Entry, row: int) -> float:
        if not self.unit:
            largest = max(map(abs, (*entry.contributions[row], *entry.stderr[row])), default=0.0)
            self.unit = 2.0 ** (math.frexp(largest)[1] - 1) if 0.0 < largest < math.inf else 0.0
        return self.unit or 1.0


def _entries(target: str, sums: _Target, level: float, normal: float) -> list[FeatureImportance]:
    t = _student(level, sums.n) if sums.n > 1 else normal
    entries = [_entry(target, key, one, sums, (t, normal)) for key, one in sums.features.items()]
    return sorted(entries, key=_descending)


def _descending(entry: FeatureImportance) -> float:
    return -entry.mean_abs


def _entry(
    target: str, key: Hashable, sums: _Sums, whole: _Target, quantiles: tuple[float, float]
) -> FeatureImportance:
    n, unit = whole.n, whole.unit or 1.0
    mean, variance = sums.values.among(n)
    size, size_variance = sums.sizes.among(n)
    half, half_size = (_half_width(each, sums, n, *quantiles) for each in (variance, size_variance))
    return FeatureImportance(
        target=target,
        feature=key,
        count=sums.sizes.count,
        mean_abs=unit * size,
        abs_low=unit * max(size - half_size, 0.0),
        abs_high=unit * (size + half_size),
        noise=unit * FOLDED * sums.error / n,
        mean=unit * mean,
        low=unit * (mean - half),
        high=unit * (mean + half),
    )


def _half_width(variance: float, sums: _Sums, n: int, t: float, normal: float) -> float:
    """Return half the interval of a mean: Student's t for the spread between instances, normal for shared noise."""
    own = sums.error2 / n**2
    if n == 1:
        return normal * math.sqrt(own)
    shared = math.fsum(min((total / n) * (total / n), _MOST) for total in sums.shared.values())
    return math.sqrt(t**2 * max(variance / n, own) + normal**2 * shared)


def _student(level: float, n: int) -> float:
    from scipy.special import stdtrit

    return float(stdtrit(n - 1, 0.5 + level / 2))
