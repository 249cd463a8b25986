"""What lime's explainers of tables are given, as arrays of floats or sparse matrices."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from limelight.contracts import FloatArray
from limelight.errors import InputError
from limelight.interpretable.tabular.frames import library_of


def training_array(data: Any) -> Any:
    """Return the training data as an array of floats, or as the sparse matrix that it is.

    Raises
    ------
    InputError
        If it is no table of numbers.
    """
    if is_sparse(data):
        return data.tocsr()
    array = floats("training_data", data)
    if array.ndim != 2 or not array.size:
        raise InputError(
            f"training_data: expected a table of shape (n, c), got shape {array.shape}; pass X_train with its rows."
        )
    return array


def floats(argument: str, data: Any) -> FloatArray:
    """Return an array of floats, or say what to do with what is none."""
    try:
        return np.asarray(data, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise InputError(
            f"{argument}: expected numbers, with categories as codes, got something else ({error}); encode them by "
            "OrdinalEncoder, or use limelight.Explainer(model, limelight.Tabular(frame)), which takes them as they are."
        ) from error


def is_sparse(data: Any) -> bool:
    """Return whether this is a scipy sparse matrix."""
    return library_of(data) == "scipy"


def column_names(feature_names: Sequence[Any] | None, training_data: Any, c: int) -> list[Any]:
    """Return the names given, those of a frame, or "0", "1", …"""
    if feature_names is None:
        columns = getattr(training_data, "columns", None)
        if columns is None:
            return [str(j) for j in range(c)]
        return list(columns)
    if isinstance(feature_names, (str, bytes)) or not isinstance(feature_names, Iterable):
        raise InputError(f"feature_names: expected {c} names, one for each column, got {feature_names!r}.")
    names = list(feature_names)
    if len(names) != c:
        raise InputError(f"feature_names: expected {c} names, one for each column, got {len(names)}.")
    return names


def column_numbers(categorical_features: Any, c: int) -> list[int]:
    """Return the numbers of columns given, none for None, each of them one of c."""
    given = () if categorical_features is None else categorical_features
    try:
        # −1 is no column: what is no whole number is refused below with the rest
        found = [int(j) if float(j).is_integer() else -1 for j in given]
    except (TypeError, ValueError, OverflowError):
        found = [-1]
    if any(not 0 <= j < c for j in found):
        raise InputError(
            f"categorical_features: expected numbers of columns from 0 to {c - 1}, got {categorical_features!r}; pass "
            "for example [0, 2]."
        )
    return found


def width(kernel_width: Any) -> float:
    """Return the width of a kernel as a positive number."""
    try:
        found = float(kernel_width)
    except (TypeError, ValueError, OverflowError):
        found = np.nan
    if not 0 < found < np.inf:
        raise InputError(f"kernel_width: expected a positive number, got {kernel_width!r}; pass for example 3.")
    return found


def kernel_width_of(kernel_width: float | None, c: int) -> float:
    """Return the width given, or lime's for c columns."""
    if kernel_width is None:
        return float(np.sqrt(c) * 0.75)
    return width(kernel_width)


def nonzero_columns(row: Any) -> list[int] | None:
    """Return the columns that are features: the non-zeros of a sparse row; None for all."""
    if is_sparse(row):
        return sorted(np.unique(row.indices[row.data != 0]).tolist())
    return None


def one_row(row: Any, width: int) -> FloatArray:
    """Return a row (d,) of numbers, also where it came as (1, d).

    >>> one_row([[1, 2]], 2)
    array([1., 2.])
    """
    found = floats("data_row", row)
    found = found[0] if found.ndim == 2 and len(found) == 1 else found
    if found.shape != (width,):
        raise InputError(f"data_row: expected {width} numbers, got shape {found.shape}; pass one row, X_test[0].")
    return found
