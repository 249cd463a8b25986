"""Recordings in seconds, and steps that are not evenly spaced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.interpretable.seconds import in_words, is_even, seconds_of, windows_of
from limelight.result.layouts import MOST_SHOWN
from limelight.testing import check_modality
from limelight.views.series import windows

RATE = 8000
CLIP = np.random.default_rng(0).normal(size=2 * RATE) * 0.01
CLIP[int(1.25 * RATE) : int(1.5 * RATE)] += 1.0


def loudness(clips: np.ndarray) -> np.ndarray:
    return (clips**2).mean(axis=1)


def test_windows_of_a_recording_are_named_in_seconds() -> None:
    made = ll.Explainer(loudness, ll.TimeSeries(rate=RATE, seconds=0.25, fill="zero"), seed=0).explain(CLIP)
    assert made.as_list()[0][0] == "1.25–1.50 s"
    assert made.as_list()[0][1] == pytest.approx((CLIP[10_000:12_000] ** 2).sum() / len(CLIP))
    assert len(made.features) == 8
    assert ll.Explanation.from_json(made.to_json()) == made
    assert "<span>2 s</span>" in made.to_html()
    assert made.provenance.modality["rate"] == RATE


def test_a_long_recording_is_a_small_picture_that_shows_every_click() -> None:
    clip = np.zeros(10 * 44_100)
    clip[123_457] = 5.0
    made = ll.Explainer(loudness, ll.TimeSeries(rate=44_100, fill="zero"), n_samples=128).explain(clip)
    assert len(made.features) == 50
    shown = np.array(made.layout["values"][0])
    assert len(shown) <= MOST_SHOWN
    assert shown.max() == 5.0
    at = int(np.argmax(shown))
    hit = [j for j, start, stop in windows(made, "channel 0") if start <= at < stop]
    assert [made.features[j].name for j in hit] == [made.as_list()[0][0]]
    assert ll.Explanation.from_json(made.to_json()).layout == made.layout


def test_the_axis_of_the_figure_counts_seconds() -> None:
    pytest.importorskip("matplotlib")
    made = ll.Explainer(loudness, ll.TimeSeries(rate=RATE, seconds=0.5), n_samples=32).explain(CLIP)
    axes = made.plot().figure.axes
    labels = [tick.get_text() for ax in axes for tick in ax.get_xticklabels()]
    assert {"0 s", "2 s"} <= set(labels)


LOGGED = pd.Series(
    [1.0, 1.0, 1.0, 1.0, 5.0, 1.0],
    index=pd.to_datetime(["2024-01-01 00:00", "2024-01-01 00:10", "2024-01-01 00:20", "2024-01-01 00:30",
                          "2024-01-01 09:00", "2024-01-03 00:00"]),
)  # fmt: skip


def test_steps_that_are_not_evenly_spaced_are_said_and_may_be_cut_by_time() -> None:
    last = lambda rows: rows[:, 4]  # noqa: E731
    made = ll.Explainer(last, ll.TimeSeries(), n_samples=16).explain(LOGGED)
    assert any("10 min to 1.62 days apart" in note and "TimeSeries(seconds=" in note for note in made.warnings)
    by_hour = ll.Explainer(last, ll.TimeSeries(seconds=3600), n_samples=16).explain(LOGGED)
    assert not any("apart" in note for note in by_hour.warnings)
    assert [len(feature.where.places) for feature in by_hour.features] == [1, 1, 1]
    assert by_hour.as_list()[0][0] == "2024-01-01 09:00:00"


def test_a_line_runs_through_time_and_not_through_steps() -> None:
    made = ll.TimeSeries(np.array([0, 1, 2]), "linear", times=[0.0, 1.0, 10.0]).represent(
        np.array([0.0, 99.0, 10.0]), np.random.default_rng(0)
    )
    hidden = made.reconstruct(np.array([[1, 0, 1]]), np.random.default_rng(0))
    assert hidden[0].tolist() == [0.0, 1.0, 10.0]


def test_sums_of_tenths_fall_into_their_own_window() -> None:
    assert windows_of(np.arange(30) / 10, 0.1).tolist() == list(range(30))
    assert windows_of(np.arange(30) * 0.1, 0.3).tolist() == [at // 3 for at in range(30)]


def test_equal_numbers_at_other_times_are_another_series() -> None:
    explainer = ll.Explainer(lambda rows: rows[:, 4], ll.TimeSeries(seconds=3600), n_samples=16)
    later = LOGGED.set_axis(pd.date_range("2024-01-01", periods=6, freq="10min"))
    assert [len(explainer.explain(each).features) for each in (LOGGED, later, LOGGED)] == [3, 1, 3]
    said = {ll.TimeSeries(times=[0.0, at]).content for at in (1.0, 2.0)}
    assert len(said) == 2


def test_the_laws_hold() -> None:
    check_modality(ll.TimeSeries(rate=RATE, seconds=0.25), [CLIP, CLIP[::-1].copy()])


def test_durations_and_even_steps() -> None:
    assert [in_words(each) for each in (0.004, 30, 150, 7200, 3 * 86_400)] == [
        "0.004 s",
        "30 s",
        "2.5 min",
        "2 h",
        "3 days",
    ]
    assert is_even(np.array([0.0, 1.0, 2.001]))
    assert not is_even(np.array([0.0, 1.0, 2.1]))
    assert is_even(np.zeros(3))


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"rate": 0}, "rate: expected a positive number"),
        ({"rate": "16k"}, "rate: expected a positive number"),
        ({"rate": True}, "rate: expected a positive number"),
        ({"seconds": -1, "rate": 8}, "seconds: expected a positive number"),
        ({"seconds": 1, "rate": 8, "windows": 4}, "seconds: has no effect with windows"),
        ({"seconds": 1, "rate": 8, "n_windows": 4}, "seconds: has no effect with windows"),
        ({"rate": 8, "times": [1, 2]}, "times: has no effect with rate"),
    ],
)
def test_options_that_do_not_fit_are_refused(options: dict[str, Any], said: str) -> None:
    with pytest.raises(ll.InputError, match=said):
        ll.TimeSeries(**options)


def test_seconds_need_a_clock() -> None:
    with pytest.raises(ll.InputError, match="pass rate="):
        ll.TimeSeries(seconds=1.0).represent(np.zeros(10), np.random.default_rng(0))


def test_steps_at_one_time_are_in_order() -> None:
    found = seconds_of(np.array([0.0, 0.0, 5.0]))
    assert found is not None
    assert found.tolist() == [0.0, 0.0, 5.0]
