"""Which values a column has and how often: counted, or as somebody states them instead of handing over the data.

Input: a column of codes, or statistics under lime's names. Output: values and counts, in one order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

import numpy as np

from limelight.contracts import FloatArray
from limelight.errors import InputError

STATISTICS = ("means", "mins", "maxs", "stds", "feature_values", "feature_frequencies")
"""What `training_data_stats` must hold."""


def check_statistics(stated: Mapping[str, Any]) -> None:
    """Raise where statistics lack something."""
    missing = [name for name in STATISTICS if name not in stated]
    if missing:
        raise InputError(
            f"training_data_stats: expected the keys {', '.join(STATISTICS)}, got none of {', '.join(missing)}; "
            "a discretizer of the full data holds them."
        )


def stated_counts(stated: Mapping[str, Any], column: int) -> tuple[list[Any], list[Any]]:
    """Return values and counts as statistics give them."""
    return list(stated["feature_values"][column]), list(stated["feature_frequencies"][column])


def counted(codes: FloatArray) -> tuple[list[Any], list[int]]:
    """Return the values of a column (n,) in ascending order, and how often each occurs; missing ones come last.

    >>> counted(np.array([2.0, 1.0, np.nan, 2.0]))
    ([1.0, 2.0, nan], [1, 2, 1])
    """
    present = codes[~np.isnan(codes)]
    pairs: list[tuple[Any, int]] = sorted(Counter(present.tolist()).items())
    missing = len(codes) - len(present)
    if missing:
        pairs.append((np.nan, missing))
    return [value for value, _ in pairs], [count for _, count in pairs]
