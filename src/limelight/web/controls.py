"""What a person may change of an instance: one control for each column of a table, a text, the windows of a series.

Input: an explainer's kind of data, and an instance to begin with. Output: JSON for the live page, None where the kind
of data has no what-if there.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from limelight.contracts import Modality
from limelight.web.service import finite

MOST_CHOICES = 200
"""Of a column with more values than this, a value is typed: a longer list cannot be read."""


MOST_STEPS = 2000
"""Numbers of a series that has a page: it is sent with every question."""


def controls(modality: Modality, start: Any) -> dict[str, Any] | None:
    """Return ``{"kind": "table", "columns": [...]}``, ``{"kind": "text", …}``, ``{"kind": "series", …}``, or None."""
    from limelight.interpretable.timeseries import TimeSeries

    if isinstance(start, str):
        return {"kind": "text", "text": start}
    if isinstance(modality, TimeSeries) and start is not None:
        numbers = np.asarray(start, dtype=np.float64)
        return None if numbers.size > MOST_STEPS else {"kind": "series", "series": finite(numbers.tolist())}
    table = getattr(modality, "table", None)
    columns = getattr(table, "columns", None)
    if table is None or not columns or start is None:
        return None
    values = modality.edited(start, {})  # type: ignore[attr-defined]
    return {"kind": "table", "columns": [_control(column, values[column.label]) for column in columns]}


def _control(column: Any, given: Any) -> dict[str, Any]:
    value = column.read(given)
    control: dict[str, Any] = {"name": str(column.label), "value": _plain(value, given)}
    if column.type in ("integer", "float") and not column.unit:
        low, high = _range(column)
        return {**control, "type": "number", "whole": column.type == "integer", "low": low, "high": high}
    choices = sorted((_plain(each, each) for each in column.codes), key=str)
    if column.type in ("string", "boolean") and 0 < len(choices) <= MOST_CHOICES:
        return {**control, "type": "choice", "choices": choices}
    return {**control, "type": "typed"}


def _range(column: Any) -> tuple[float | None, float | None]:
    """Return the smallest and largest number of the background, as far as the column knows them."""
    if math.isfinite(column.low) and math.isfinite(column.high):
        return float(column.low), float(column.high)
    if column.edges is None and column.codes:  # few distinct numbers: each is a bin
        return float(min(column.codes)), float(max(column.codes))
    return None, None


def _plain(value: Any, given: Any) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    return str(given)
