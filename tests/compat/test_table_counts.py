"""Which values lime's columns have: counted as lime counts, with what is missing last, or as somebody states them."""

from __future__ import annotations

import math

import numpy as np
import pytest

from limelight.compat.lime.table_counts import STATISTICS, check_statistics, counted, stated_counts
from limelight.errors import InputError


def test_values_ascend_and_what_is_missing_comes_last() -> None:
    values, counts = counted(np.array([3.0, -1.0, np.nan, 3.0, 0.0, np.nan, 3.0]))
    assert values[:3] == [-1.0, 0.0, 3.0]
    assert math.isnan(values[3])
    assert counts == [1, 1, 3, 2]
    assert counted(np.array([1.0])) == ([1.0], [1])
    assert counted(np.empty(0)) == ([], [])


def test_statistics_are_taken_as_they_are_stated() -> None:
    stated = {"feature_values": {2: (0.0, 1.0)}, "feature_frequencies": {2: np.array([3, 1])}}
    assert stated_counts(stated, 2) == ([0.0, 1.0], [3, 1])


@pytest.mark.parametrize("missing", STATISTICS)
def test_what_statistics_lack_is_named(missing: str) -> None:
    check_statistics({name: {} for name in STATISTICS})
    with pytest.raises(InputError, match=f"got none of {missing}; "):
        check_statistics({name: {} for name in STATISTICS if name != missing})
