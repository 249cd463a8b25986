"""Does a table that was read from a file hold together? What was damaged is refused here, before anybody is misled.

Files carry a fingerprint of all they hold; this stands behind it, for files of the first version, which have none.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Any, get_args

import numpy as np
from numpy.typing import NDArray

from limelight.errors import InputError
from limelight.interpretable.tabular.columns import NUMERIC_TYPES, UNKNOWN, Column, ColumnType
from limelight.interpretable.tabular.dense import DenseTable
from limelight.interpretable.tabular.features import Part
from limelight.interpretable.tabular.frames import to_list
from limelight.interpretable.tabular.laws import BinnedGaussian, Gaussian, Law, Observed
from limelight.interpretable.tabular.sparse import SparseTable

CLOSE = 1e-6


def check(sound: bool, what: str) -> None:
    """Raise, saying what does not hold."""
    if not sound:
        raise InputError(f"expected {what}")


def check_dense(table: DenseTable) -> None:
    """Raise where columns, features, laws and support values do not fit each other."""
    columns, parts, background = table.columns, table.parts, table.background
    check(len(columns) > 0, "at least one column")
    check(len(background.store.supports) == len(columns), "support values for every column")
    check(len({column.label for column in columns}) == len(columns), "columns of different names")
    for column in columns:
        check_column(column)
    moved = [*(j for part in parts for j in part.members), *table.fixed]
    whole = all(_is_whole(j) and 0 <= j < len(columns) for j in moved)
    check(whole and sorted(moved) == list(range(len(columns))), "every column in one feature, or fixed")
    for part, law in zip(parts, background.laws, strict=True):
        check_law(law)
        check_part(part, columns, law)
        for j in part.members:
            support = to_list(background.store.supports[j])
            needed = len(law.cumulative) if isinstance(law, Observed) else 0
            check(len(support) >= needed, f"{needed} support values of {columns[j].label!r}")
    # what only shows when rows are built: values that the dtype does not hold, say
    places = np.array([0.0, 0.5, 1.0 - 2.0**-53])[:, None]
    background.draw(np.repeat(places, len(parts), axis=1))


def check_column(column: Column) -> None:
    """Raise where a column's bins, names and codes do not fit each other."""
    name = repr(column.label)
    check(isinstance(column.label, str | int | float), "column names that are strings or numbers")
    check(column.type in get_args(ColumnType), f"a type of column that is known for {name}")
    check(isinstance(column.unit, str) and isinstance(column.zone, str), f"unit and zone of {name} as strings")
    check(all(isinstance(each, str) for each in column.names), f"names of bins of {name} as strings")
    check(isinstance(column.continuous, bool), f"true or false for {name}")
    check(_is_number(column.mean) and _is_number(column.scale) and column.scale > 0, f"mean and scale of {name}")
    measured = column.type in (*NUMERIC_TYPES, "boolean")
    check(measured or not column.continuous, f"bins for {name}, whose values have no distances")
    ends = (column.low, column.high)
    check(all(isinstance(end, int | float) and not math.isnan(end) for end in ends), f"the range of {name} as numbers")
    check(column.low <= column.high, f"a range of {name} that rises")
    bins = len(column.codes)
    check(sorted(column.codes.values()) == list(range(bins)), f"different values in the bins of {name}")
    if column.edges is not None:
        check(all(map(_is_number, column.edges)), f"edges of {name} as numbers")
        check(bool(np.all(np.diff(column.edges) > 0)), f"edges of {name} that rise")
        bins = len(column.edges) + 1
    check(_is_whole(column.missing) and column.missing in (UNKNOWN, bins), f"the code of missing values of {name}")
    total = bins + (column.missing == bins)
    check(column.continuous or len(column.names) == total, f"a name for each of {total} bins of {name}")


def check_part(part: Part, columns: tuple[Column, ...], law: Law) -> None:
    """Raise where a feature's codes do not fit its columns and its law."""
    bins = len(part.keeps)
    check(isinstance(part.label, str | int | float), "names of features that are strings or numbers")
    if not part.is_group:
        column = columns[part.members[0]]
        check(len(part.members) == 1, "one column in a feature that is no group")
        check(column.continuous or not isinstance(law, Gaussian), f"bins for {column.label!r}")
        named = len(column.names)
        check(column.continuous or named == bins, f"frequencies of the {named} bins of {column.label!r}")
        return
    check(len(part.values) in (0, len(part.members)), f"a name for each column of {part.label!r}, or none")
    check(all(isinstance(each, str) for each in part.values), f"names of values of {part.label!r} as strings")
    most = [math.inf if columns[j].continuous else len(columns[j].names) for j in part.members]
    for key, code in part.codes.items():
        check(_is_whole(code) and 0 <= code < bins, f"codes of {part.label!r} among its values")
        check(len(key) == len(part.members) and all(map(_is_whole, key)), f"a code for each column of {part.label!r}")
        inside = all(0 <= each < end for each, end in zip(key, most, strict=True))
        check(inside, f"codes of the columns of {part.label!r} among their bins")


def check_law(law: Law) -> None:
    """Raise where numbers are no law of probability."""
    if isinstance(law, Gaussian):
        numbers = (law.mean, law.scale, law.center, law.missing, law.low, law.high)
        check(all(map(_is_number, numbers)) and law.scale > 0, "mean and scale of a normal law")
        check(0 <= law.missing < 1 and law.low <= law.high and isinstance(law.whole, bool), "a normal law")
        return
    probabilities = np.asarray(law.probabilities)
    _check_numbers(probabilities, "frequencies")
    check(bool((probabilities >= 0).all()) and abs(probabilities.sum() - 1) < CLOSE, "frequencies that add up to 1")
    if isinstance(law, BinnedGaussian):
        arrays = (law.low, law.high, law.mean, law.scale)
        check(all(array.shape == probabilities.shape for array in arrays), "ends and means for every bin")
        check(all(array.dtype.kind == "f" for array in arrays) and isinstance(law.whole, bool), "ends as numbers")
        present = probabilities > 0
        check(not bool((law.low > law.high)[present].any() or (law.scale < 0)[present].any()), "ends that rise")
        return
    _check_observed(law, len(probabilities))


def _check_observed(law: Observed, bins: int) -> None:
    _check_numbers(law.cumulative, "cumulative frequencies")
    check(law.codes.shape == law.cumulative.shape, "a code for every support value")
    check(law.codes.dtype.kind in "if", "codes that are numbers")
    check(bool((np.diff(law.cumulative) >= 0).all()) and law.cumulative[0] >= 0, "cumulative frequencies that rise")
    check(law.cumulative[-1] == 1.0, "cumulative frequencies that end at 1")
    if law.codes.dtype.kind == "i":
        inside = law.codes.min() >= 0 and law.codes.max() < bins
        check(bool(inside and (np.diff(law.codes) >= 0).all()), "codes among the bins, in order")


def check_sparse(table: SparseTable) -> None:
    """Raise where the distinct values of the columns do not fit each other."""
    n = len(table.labels)
    check(all(isinstance(label, str | int | float) for label in table.labels), "column names as strings or numbers")
    for name, array in (("values", table.values), ("counts", table.counts)):
        check(array.ndim == 1 and bool(np.isfinite(array).all()), f"{name} as a list of numbers")
    check(len(table.values) == len(table.counts), "a count for every value")
    ends = table.ends
    check(ends.shape == (n + 1,) and bool((np.diff(ends) >= 0).all()), "as many ends as columns, in order")
    check(bool(ends[0] == 0 and ends[-1] == len(table.values)), "ends that cover all values")
    check(
        table.moments.shape == (2, n) and bool(np.isfinite(table.moments).all()), "mean and deviation of every column"
    )
    check(bool((table.moments[1] >= 0).all()), "deviations that are not negative")
    check(_is_whole(table.n_rows) and table.n_rows > 0, "a number of rows")
    check(bool((table.counts > 0).all() and (table.counts <= table.n_rows).all()), "counts of rows")
    check(table.form.dtype.kind in "iufb", "a matrix of numbers")
    for start, stop in pairwise(ends.tolist()):
        column = table.values[start:stop]
        check(bool((np.diff(column) > 0).all() and (column != 0).all()), "distinct non-zeros in order")
        check(table.counts[start:stop].sum() <= table.n_rows, "no more non-zeros than rows")


def _check_numbers(array: NDArray[Any], what: str) -> None:
    check(array.ndim == 1 and array.size > 0 and array.dtype.kind == "f", f"{what} as a list of numbers")
    check(bool(np.isfinite(array).all()), f"{what} that are finite")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(value: object) -> bool:
    return isinstance(value, int | np.integer) and not isinstance(value, bool)
