"""Conditions that rows may meet: the bins and words of explanations, and thresholds among a column's numbers.

Input: `Material` and a feature. Output: `Condition`, a name and the rows that meet it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limelight.overview.bounds import NONE, met_by_values_beyond
from limelight.overview.checks.material import FEW, Material

THRESHOLDS = (0.0, 0.1, 0.25, 0.5, 0.75, 0.9)
"""Quantiles of a column's numbers, its most frequent one aside, that make conditions."""


@dataclass(frozen=True, eq=False)
class Condition:
    """A condition on one feature, and the rows that meet it."""

    feature: int
    name: str
    rows: NDArray[np.int64]


def conditions_of(material: Material, feature: int) -> Iterator[Condition]:
    """Yield the conditions of a column: its places, and thresholds among the numbers that are not its usual one."""
    laid = material.laid
    codes = laid.codes(feature)
    met = met_by_values_beyond(laid.keys[feature], laid.places[feature])
    beyond = np.where(codes >= 0, met[codes], NONE)  # a value beyond the background meets an outer bin's condition
    for place, name in enumerate(laid.places[feature]):
        rows = np.flatnonzero((codes == place) | (beyond == place))
        if len(rows) >= FEW:
            yield Condition(feature, name, rows)
    values = material.values(feature)
    if values is None or values.dtype.kind != "f":
        return
    known, counts = np.unique(values, return_counts=True)
    unusual = values[values != known[counts.argmax()]]
    for threshold in np.unique(np.quantile(unusual, THRESHOLDS)).tolist() if len(unusual) else []:
        above = values > threshold
        for rows, sign in ((np.flatnonzero(above), ">"), (np.flatnonzero(values <= threshold), "≤")):
            if len(rows) >= FEW:
                yield Condition(feature, f"{laid.keys[feature]} {sign} {threshold:,.6g}", rows)
