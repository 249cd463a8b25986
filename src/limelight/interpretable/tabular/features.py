"""The statistics of a background: columns with bins, and the features (columns or groups of them) with their laws.

Input: the raw columns of a table. Output: what `Tabular` keeps: how to read and name each column, which columns move
together, and one law per feature. Rows are not kept, only support values.
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature, FloatArray, Where
from limelight.errors import InputError
from limelight.interpretable.tabular.bins import FEW, find_edges
from limelight.interpretable.tabular.columns import NUMERIC_TYPES, UNKNOWN, Column, bin_names, stable_repr
from limelight.interpretable.tabular.frames import IntArray, RawColumn
from limelight.interpretable.tabular.laws import BinnedGaussian, Gaussian, Law, Observed, observed_law
from limelight.interpretable.tabular.store import take_support

TEXTS = 10
"""Different values below which a column of long strings may still be one of categories."""
TEXTS_READ = 200
"""Values that are looked at to tell texts from names."""
WORDS = 4
"""Words of a value on average from which it is a text: "Doctor of Philosophy" is a category."""
MOST_NAMED = 4
"""Columns that the name of a group names."""
TOGETHER = 10.0
"""Rows in which two indicators would be 1 by chance: that there is none is then no accident (e^-10)."""
ONE_HOT_SEPARATORS = ("=", "_", ": ", ".")


@dataclass(frozen=True, slots=True)
class Part:
    """One interpretable feature: a column, or several that move together.

    Parameters
    ----------
    label
        The column's or the group's name.
    where
        Its identity across instances, one object for all explanations.
    members
        Positions of its columns.
    keeps
        (b,) P(code) under the background.
    is_group
        Whether its columns move together as one feature (also a group of one column).
    codes
        For a group: the members' codes → the group's code.
    values
        For one-hot columns: what each member stands for ("red" for "color_red"); else empty.
    ready
        For a column with a bin per value: the feature of each code, one object for all explanations; else empty.
    """

    label: Hashable
    where: Where
    members: tuple[int, ...]
    keeps: tuple[float, ...]
    is_group: bool = False
    codes: Mapping[tuple[int, ...], int] = field(default_factory=dict)
    values: tuple[str, ...] = ()
    ready: tuple[Feature, ...] = ()

    def code_of(self, codes: Sequence[int]) -> int:
        """Return the feature's code, given the codes of all columns."""
        if not self.is_group:
            return codes[self.members[0]]
        return self.codes.get(tuple([codes[j] for j in self.members]), UNKNOWN)


def column_part(j: int, column: Column, law: Law) -> Part:
    """Return the feature of column j."""
    where = Where("column", column.label)
    keeps = keeps_of(law)
    ready: tuple[Feature, ...] = ()
    if column.edges is None:
        shown = [column.show(value) for value in column.codes] + ["missing"] * (column.missing >= 0)
        ready = tuple(map(Feature, column.names, [where] * len(shown), shown, keeps))
    return Part(column.label, where, (j,), keeps, ready=ready)


def group_label(labels: Sequence[Hashable]) -> str:
    """Return what a group is called that nobody has named: by its columns, of many the first.

    >>> group_label(["marital-status", "sex"]), group_label(list("abcdef"))
    ('marital-status + sex', 'a + b + c + d + 2 more')
    """
    shown = [str(label) for label in labels]
    if len(shown) > MOST_NAMED + 1:
        more = [f"{len(shown) - MOST_NAMED} more"]
    else:
        more = []
    return " + ".join(shown[:MOST_NAMED] + more if more else shown)


def group_part(
    label: Hashable,
    members: tuple[int, ...],
    law: Law,
    codes: Mapping[tuple[int, ...], int],
    values: tuple[str, ...],
) -> Part:
    """Return the feature of columns that move together."""
    return Part(label, Where("column", label), members, keeps_of(law), True, codes, values)


def keeps_of(law: Law) -> tuple[float, ...]:
    """Return P(code) for each code; (1 - missing, missing) where codes are continuous."""
    if isinstance(law, Gaussian):
        return (1.0 - law.missing, law.missing)
    return tuple(law.probabilities.tolist())


@dataclass(frozen=True, slots=True)
class Ranked:
    """The rows of one column in terms of its distinct values, listed in code order.

    Parameters
    ----------
    ranks
        (n,) which distinct value each row shows.
    codes
        (m,) the code of each distinct value.
    first
        (m,) a row that shows it.
    numbers
        (m,) the distinct values as numbers, NaN for missing; empty for values without distances.
    """

    ranks: IntArray
    codes: IntArray
    first: IntArray
    numbers: FloatArray


def bins_by_value(raw: RawColumn, how: str | Sequence[float] | None, chosen: bool | None) -> bool:
    """Return whether each value of a column is a bin of its own.

    So it is for strings, booleans and categoricals, and for numbers with no more distinct values than `bins.FEW`
    allows (0/1 columns, a number of cylinders), unless explicit edges are given.

    Parameters
    ----------
    raw
        The column.
    how
        The strategy or edges asked for; None without bins.
    chosen
        True if the user called the column categorical, False if numeric, None to infer.

    Raises
    ------
    InputError
        If a column of strings is called numeric.
    """
    if chosen is False and raw.type not in NUMERIC_TYPES:
        raise InputError(
            f"numeric: expected columns of numbers or dates, got {raw.label!r} of type {raw.type}; convert it."
        )
    if chosen is not None:
        return chosen
    if raw.categorical or raw.type not in NUMERIC_TYPES or raw.missing.all():
        return True
    if how is not None and not isinstance(how, str):
        return False
    return len(np.unique(raw.exact())) <= FEW.get("continuous" if how is None else how, 2)


def column_by_value(raw: RawColumn) -> tuple[Column, Ranked]:
    """Return a column whose values are bins of their own, and its rows."""
    reader = Column(raw.label, raw.type, raw.unit, None, {}, UNKNOWN, (), zone=raw.zone)
    listed = raw.to_list()
    try:
        read = {value: None if gone else reader.read(value) for value, gone in zip(listed, raw.missing, strict=True)}
    except TypeError as error:
        raise InputError(
            f"column {raw.label!r}: expected hashable values, got {error}; convert it to strings."
        ) from error
    keys = ordered([key for key in dict.fromkeys(read.values()) if key is not None])
    codes = {key: code for code, key in enumerate(keys)}
    missing = len(keys) if raw.missing.any() else UNKNOWN
    ranks = np.array([missing if gone else codes[read[value]] for value, gone in zip(listed, raw.missing, strict=True)])
    names = [f"{raw.label} = {reader.show(key)}" for key in keys] + [f"{raw.label} is missing"] * (missing >= 0)
    column = replace(reader, codes=codes, missing=missing, names=tuple(names))
    first = np.unique(ranks, return_index=True)[1]
    return column, Ranked(ranks, np.arange(len(names)), first, np.empty(0))


def ordered(keys: Sequence[Any]) -> list[Any]:
    """Return keys sorted; those of mixed types by type and text, and where these are equal as they first appear."""
    try:
        return sorted(keys)
    except TypeError:
        return sorted(keys, key=lambda key: (type(key).__name__, stable_repr(key)))


def column_by_bins(
    raw: RawColumn, how: str | Sequence[float] | None, targets: NDArray[Any] | None
) -> tuple[Column, Ranked]:
    """Return a column of numbers cut into bins (None: continuous), and its rows.

    Raises
    ------
    InputError
        If a value is infinite.
    """
    numbers = raw.numbers()
    present = numbers[~raw.missing]
    if not np.isfinite(present).all():
        raise InputError(
            f"column {raw.label!r}: expected finite numbers in the background, got an infinite one; clip it."
        )
    told = None if targets is None else targets[~raw.missing]
    if how is None:
        edges = ()
    else:
        edges = tuple(find_edges(present, how, column=raw.label, targets=told).tolist())
    first, inverse = np.unique(raw.exact(), return_index=True, return_inverse=True)[1:]
    distinct = present[first]
    rows = np.flatnonzero(~raw.missing)
    ranks = np.full(len(numbers), len(distinct))
    ranks[rows] = inverse
    codes = np.searchsorted(np.array(edges), distinct)
    names = list(bin_names(raw.label, edges, raw.type, raw.unit, raw.zone))
    missing = UNKNOWN
    first = rows[first]
    if raw.missing.any():
        missing = len(names)
        names.append(f"{raw.label} is missing")
        codes, distinct = np.append(codes, missing), np.append(distinct, np.nan)
        first = np.append(first, np.flatnonzero(raw.missing)[0])
    if len(present):
        mean, scale = (float(present.mean()), float(present.std()))
    else:
        mean, scale = 0.0, 1.0
    moments = (how is None, mean, scale or 1.0)
    column = Column(raw.label, raw.type, raw.unit, edges, {}, missing, tuple(names), *moments, zone=raw.zone)
    if how is not None and len(present):
        column = replace(column, low=float(present.min()), high=float(present.max()))
    return column, Ranked(ranks, codes, first, distinct)


def column_law(raw: RawColumn, column: Column, ranked: Ranked, *, library: str, gaussian: bool) -> tuple[Law, Any]:
    """Return the law of a feature that is one column, and the column's support."""
    counts = np.bincount(ranked.ranks, minlength=len(ranked.codes))
    if gaussian and ranked.numbers.size and column.type in ("integer", "float") and column.unit != "decimal":
        normal = _gaussian(column, ranked, counts) if column.continuous else _binned_gaussian(column, ranked, counts)
        return normal, take_support(raw.native, ranked.first[:1], library)
    law, kept = observed_law(ranked.codes, counts, len(column.names))
    if column.continuous:
        codes = (ranked.numbers[kept] - column.mean) / column.scale
        law = Observed(law.cumulative, codes, law.probabilities)
    return law, take_support(raw.native, ranked.first[kept], library)


def _gaussian(column: Column, ranked: Ranked, counts: IntArray) -> Gaussian:
    """Draws stay between the smallest and the largest observed value: no negative balance where there is none."""
    missing = counts[-1] / counts.sum() if column.missing >= 0 else 0.0
    low, high = ranked.numbers[~np.isnan(ranked.numbers)][[0, -1]].tolist()
    return Gaussian(column.mean, column.scale, 0.0, float(missing), column.type == "integer", low, high)


def _binned_gaussian(column: Column, ranked: Ranked, counts: IntArray) -> BinnedGaussian:
    """Ends are the edges as far as values were observed there; whole numbers end at the observed ones."""
    whole = column.type == "integer"
    present = ~np.isnan(ranked.numbers)
    lowest, highest = ranked.numbers[present][[0, -1]]
    edges = column.edges or ()
    outer = np.array([min(lowest, *edges, lowest), *edges, max(highest, *edges, highest)])
    low, high = np.full((2, len(column.names)), np.nan)
    mean, scale = np.full(len(column.names), np.nan), np.zeros(len(column.names))
    outer = np.clip(outer, lowest, highest)  # an edge of −100 makes no balance negative
    for b in range(len(edges) + 1):
        inside = (ranked.codes == b) & present
        low[b], high[b] = outer[b] if b == 0 else np.nextafter(outer[b], np.inf), outer[b + 1]
        if inside.any():
            values, weights = ranked.numbers[inside], counts[inside]
            mean[b] = np.average(values, weights=weights)
            scale[b] = np.sqrt(np.average((values - mean[b]) ** 2, weights=weights))
            if whole or len(values) == 1:
                low[b], high[b] = values[0], values[-1]
    probabilities = np.bincount(ranked.codes, weights=counts, minlength=len(column.names)) / counts.sum()
    return BinnedGaussian(probabilities, low, high, mean, scale, whole)


def group_law(members: Sequence[Ranked]) -> tuple[Observed, dict[tuple[int, ...], int], IntArray]:
    """Return the joint law of columns that move together, the codes of its bins, and a row for each support point."""
    codes = np.stack([ranked.codes[ranked.ranks] for ranked in members], axis=1)
    ranks = np.stack([ranked.ranks for ranked in members], axis=1)
    joint, first, counts = np.unique(np.hstack([codes, ranks]), axis=0, return_index=True, return_counts=True)
    bins, code = np.unique(joint[:, : len(members)], axis=0, return_inverse=True)
    law, kept = observed_law(code.reshape(-1), counts, len(bins))
    return law, {tuple(b): i for i, b in enumerate(bins.tolist())}, first[kept]


def one_hot_groups(raws: Sequence[RawColumn], taken: set[int]) -> dict[str, tuple[int, ...]]:
    """Return the groups of columns that are one-hot and named so: "color_red", "color_blue" → "color".

    A group's names share what stands before a separator ("=", "_", ": " or "."), its columns hold only 0 and 1, and
    exactly one of them is 1 in every row. Or at most one, as where the first level was dropped: if the columns were
    independent and as frequent, two of them would be 1 together in `TOGETHER` rows or more, and yet they never are.
    """
    candidates: dict[str, list[int]] = {}
    for j, raw in enumerate(raws):
        if j not in taken and _is_indicator(raw):
            for prefix in _prefixes(str(raw.label)):
                candidates.setdefault(prefix, []).append(j)
    found: dict[str, tuple[int, ...]] = {}
    used: set[int] = set()
    for prefix, members in sorted(candidates.items(), key=lambda item: (-len(item[1]), item[0])):
        if len(members) < 2 or used & set(members):
            continue
        if _exclude_each_other(np.array([raws[j].numbers() for j in members])):
            found[prefix] = tuple(members)
            used |= set(members)
    return found


def _exclude_each_other(indicators: NDArray[np.float64]) -> bool:
    """Return whether indicators (k, n) are those of one category, its first level dropped or not."""
    ones = indicators.sum(axis=0)
    if (ones == 1).all():
        return True
    shares, n = indicators.mean(axis=1), indicators.shape[1]
    together = n * (np.square(shares.sum()) - np.square(shares).sum()) / 2.0
    return bool(ones.max() <= 1 and shares.min() > 0.0 and together >= TOGETHER)


def _prefixes(label: str) -> list[str]:
    return [label[:at] for sep in ONE_HOT_SEPARATORS for at in range(1, len(label)) if label.startswith(sep, at)]


def _is_indicator(raw: RawColumn) -> bool:
    if raw.type not in ("integer", "float", "boolean") or raw.missing.any():
        return False
    numbers = raw.numbers()
    return bool(((numbers == 0) | (numbers == 1)).all())


def one_hot_value(label: Hashable, prefix: str) -> str:
    """Return what a one-hot column stands for: "red" for "color_red" or "color=red".

    >>> one_hot_value("color_red", "color"), one_hot_value("color: dark red", "color")
    ('red', 'dark red')
    """
    rest = str(label)[len(prefix) :]
    return next((rest.removeprefix(sep) for sep in ONE_HOT_SEPARATORS if rest.startswith(sep)), rest).strip("_") or rest


def is_free_text(column: Column, probabilities: Sequence[float]) -> bool:
    """Return whether the values of a column are texts rather than names of categories.

    They are where they are long, made of several words, and hardly any is found twice.

    Parameters
    ----------
    column
        Any column.
    probabilities
        Of its codes under the background.
    """
    if column.type != "string":
        return False
    shares = [share for share in probabilities if share > 0]
    if len(shares) < TEXTS or len(shares) * min(shares) < 0.5:  # the rarest is found once, so this is distinct / rows
        return False
    values = [str(value) for value in itertools.islice(column.codes, TEXTS_READ)]
    words = [len(value.split()) for value in values]
    return sum(words) / len(words) >= WORDS
