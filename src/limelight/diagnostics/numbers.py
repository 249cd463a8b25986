"""Model inputs of a table as numbers, for learners that stand in for the model.

Input: model inputs of one kind, arrays or frames. Output: one matrix for each, (n, p): numbers as they are, of anything
else which of its values a row has, one column a value.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from limelight.contracts import FloatArray, Inputs
from limelight.errors import InputError

MOST_VALUES = 30
"""Of a column of names, the most frequent values are told apart, and the rest are one."""


def as_numbers(parts: Sequence[Inputs]) -> list[FloatArray]:
    """Return model inputs as matrices with the same columns.

    Parameters
    ----------
    parts
        Arrays (n, c), or frames of pandas, polars or pyarrow.

    Raises
    ------
    InputError
        If they are neither.

    >>> as_numbers([np.array([["a", 1.5], ["b", 2.5]], dtype=object)])[0].tolist()
    [[1.0, 0.0, 1.5], [0.0, 1.0, 2.5]]
    """
    ends = np.cumsum([0, *[len(_columns(part)[0]) for part in parts]])
    together = [np.concatenate(values) for values in zip(*[_columns(part) for part in parts], strict=True)]
    matrix = np.column_stack([_numeric(values) for values in together])
    return [matrix[start:stop] for start, stop in pairwise(ends.tolist())]


def _columns(part: Inputs) -> list[Any]:
    if isinstance(part, np.ndarray) and part.ndim == 2:
        return [part[:, j] for j in range(part.shape[1])]
    import narwhals as nw

    try:
        frame = nw.from_native(part, eager_only=True)
    except TypeError as error:
        raise InputError(
            f"explainer: expected model inputs that are arrays or frames, got {type(part).__name__}."
        ) from error
    return [_values(series) for series in frame.iter_columns()]


def _values(series: Any) -> Any:
    """Return the values of a column: dates as numbers of their own, anything else as it is."""
    if series.dtype.is_temporal():
        return np.asarray(series.to_numpy()).astype("datetime64[us]").astype(np.int64).astype(np.float64)
    return np.asarray(series.to_list(), dtype=object)


def _numeric(values: Any) -> FloatArray:
    """Return a column as numbers (n, 1), or as which of its values it has (n, v)."""
    try:
        numbers = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        return _one_hot(values)
    missing = ~np.isfinite(numbers)
    if not missing.any():
        return numbers[:, None]
    # a missing value is a fact of its own: the column says the middle, and one beside it that it is missing
    middle = float(np.median(numbers[~missing])) if (~missing).any() else 0.0
    return np.column_stack([np.where(missing, middle, numbers), missing])


def _one_hot(values: Any) -> FloatArray:
    names = np.array([str(value) for value in values])
    known, codes, counts = np.unique(names, return_inverse=True, return_counts=True)
    frequent = np.sort(np.argsort(-counts, kind="stable")[:MOST_VALUES])
    return np.asarray(codes[:, None] == frequent[None, : len(known)], dtype=np.float64)
