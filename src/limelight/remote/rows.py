"""Rows of any kind as the servers of models take them: columns by name, or lists in lists.

Input: n model inputs. Output: plain Python values, ready for JSON: gaps are None, dates are texts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from limelight.errors import InputError


def is_frame(inputs: Any) -> bool:
    """Return whether inputs are a data frame.

    >>> is_frame([1, 2]), is_frame(np.zeros((2, 2)))
    (False, False)
    """
    if isinstance(inputs, (np.ndarray, list, tuple, Mapping)):
        return False
    from narwhals import dependencies

    return bool(dependencies.is_into_dataframe(inputs))


def columns_of(frame: Any) -> dict[str, Any]:
    """Return the columns of a data frame: arrays of numbers as they are, all else as lists."""
    import narwhals as nw

    wrapped = nw.from_native(frame, eager_only=True)
    found: dict[str, Any] = {}
    for name in wrapped.columns:
        values = wrapped[name].to_numpy()
        if values.dtype.kind in "biuf":
            found[str(name)] = values
        else:
            found[str(name)] = wrapped[name].to_list()
    return found


def split_of(frame: Any) -> dict[str, Any]:
    """Return a data frame as names and rows, as pandas writes ``orient="split"``."""
    columns = {name: [plain(value) for value in _listed(values)] for name, values in columns_of(frame).items()}
    return {"columns": list(columns), "data": [list(row) for row in zip(*columns.values(), strict=True)]}


def rows_of(inputs: Any) -> list[Any]:
    """Return each input as JSON has it: a frame's rows as dicts, arrays as lists.

    >>> rows_of(np.array([[1.0, 2.0]])), rows_of({"ids": np.array([[1, 2]]), "text": ["a"]})
    ([[1.0, 2.0]], [{'ids': [1, 2], 'text': 'a'}])
    """
    if isinstance(inputs, np.ndarray):
        return list(inputs.tolist())
    if isinstance(inputs, Mapping) or is_frame(inputs):
        columns = inputs if isinstance(inputs, Mapping) else columns_of(inputs)
        listed = [[plain(value) for value in _listed(values)] for values in columns.values()]
        return [dict(zip(map(str, columns), row, strict=True)) for row in zip(*listed, strict=True)]
    if hasattr(inputs, "detach"):
        return list(inputs.detach().cpu().numpy().tolist())
    if hasattr(inputs, "toarray"):
        return list(inputs.toarray().tolist())
    if isinstance(inputs, (list, tuple)):
        return [each.tolist() if isinstance(each, np.ndarray) else each for each in inputs]
    raise InputError(
        f"inputs: expected an array, a data frame, a list or a dict of these, got {type(inputs).__name__}."
    )


def plain(value: Any) -> Any:
    """Return one cell as JSON has it; what is missing is None.

    >>> plain(float("nan")), plain(np.int64(3)), plain("a")
    (None, 3, 'a')
    """
    if isinstance(value, np.generic):
        value = value.item()
    if (
        value is None
        or (isinstance(value, float) and math.isnan(value))
        or type(value).__name__ in ("NAType", "NaTType")
    ):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value


def _listed(values: Any) -> list[Any]:
    if hasattr(values, "tolist"):
        return list(values.tolist())
    return list(values)
