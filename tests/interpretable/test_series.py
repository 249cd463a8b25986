"""What a series is: its numbers, channels and times, whichever library brings them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.interpretable.series import as_floats, read_series


def test_times_of_an_index_are_known_in_seconds() -> None:
    index = pd.to_datetime(["2024-01-01", "2024-01-02", "2024-01-05"])
    for times in (index, index.tz_localize("Europe/Oslo"), index.to_period("D")):
        series = read_series(pd.Series([1.0, 2, 3], index=times))
        assert series.clock is not None
        assert series.clock.tolist() == [0, 86_400, 4 * 86_400]
    assert read_series(pd.Series([1.0, 2, 3], index=[0.5, 1.0, 4.0])).clock.tolist() == [0, 0.5, 3.5]  # type: ignore[union-attr]


@pytest.mark.parametrize("index", [["a", "b", "c"], pd.to_datetime(["2024-01-02", "2024-01-01", "2024-01-05"]), None])
def test_labels_and_times_out_of_order_are_no_clock(index: object) -> None:
    assert read_series(pd.Series([1.0, 2, 3], index=index)).clock is None


def test_a_recording_has_its_seconds_from_its_rate() -> None:
    series = read_series(np.zeros(8), rate=4.0)
    assert series.clock.tolist() == [0, 0.25, 0.5, 0.75, 1, 1.25, 1.5, 1.75]  # type: ignore[union-attr]
    assert series.times is None


def test_times_may_be_given_beside_an_array() -> None:
    series = read_series(np.zeros(3), times=np.array(["2024-01-01", "2024-01-02", "2024-01-09"], "datetime64[D]"))
    assert series.times == ("2024-01-01", "2024-01-02", "2024-01-09")
    with pytest.raises(ll.InputError, match="times: expected one for each of 3 steps, got 2"):
        read_series(np.zeros(3), times=[1, 2])


def test_axes_that_may_mean_two_things_are_asked_about() -> None:
    with pytest.raises(ll.InputError, match="say which by TimeSeries"):
        read_series(np.zeros((2, 80_000)))
    assert read_series(np.zeros((2, 80)), "first").values.shape == (80, 2)
    assert as_floats(np.float32([1])).dtype == np.float32
