"""Series: windows of every cut, fills by hand, every layout, gaps handed on, and real classifiers read rightly.

The claims of `interpretable/windows.py` and `interpretable/gaps.py`.
"""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

import limelight as ll
from limelight.contracts import Where
from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.gaps import fill_series
from limelight.interpretable.timeseries import TimeSeries
from limelight.interpretable.windows import changepoints, find_windows, runs

RNG = np.random.default_rng(0)
NAN = np.nan


def represent(series, **options):
    return TimeSeries(**options).represent(series, np.random.default_rng(0))


# -- windows ----------------------------------------------------------------------------------------------------------


@given(st.integers(1, 300), st.integers(1, 40))
def test_uniform_windows_are_contiguous_and_differ_by_one_step_at_most(t, n):
    labels = find_windows("uniform", np.zeros((t, 1)), n)
    assert (np.diff(labels) >= 0).all()
    sizes = np.bincount(labels)
    assert len(sizes) == min(t, n)
    assert sizes.max() - sizes.min() <= 1


@pytest.mark.parametrize(("t", "windows"), [(1, 1), (2, 1), (24, 5), (150, 12), (10_000, 100)])
def test_the_default_is_the_root_of_the_number_of_steps(t, windows):
    assert len(represent(np.arange(float(t))).features) == windows


def test_change_points_are_where_the_level_jumps_also_in_one_channel_of_many():
    values = RNG.normal(size=(90, 3)) * 0.1
    values[40:, 1] += 5
    values[70:, 2] -= 3
    assert changepoints(values, 3).tolist() == [40, 70]


def test_change_points_end_where_nothing_is_gained():
    assert len(changepoints(np.ones((50, 1)), 7)) == 0
    assert len(represent(np.full(50, NAN), windows="changepoints").features) == 1
    step = np.array([0.0] * 10 + [1.0] * 10)
    assert [feature.name for feature in represent(step, windows="changepoints").features] == [
        "steps 0–9",
        "steps 10–19",
    ]


def test_labels_may_be_apart_and_any_integers():
    features = represent(np.arange(6.0), windows=np.array([9, -4, 9, 9, -4, 0])).features
    assert [feature.where.places for feature in features] == [((1, 2), (4, 5)), ((5, 6),), ((0, 1), (2, 4))]
    assert [feature.name for feature in features] == ["steps 1, 4", "step 5", "steps 0, 2–3"]


def test_a_callable_sees_the_values_and_may_write_into_them():
    series = np.arange(6.0)

    def halves(values):
        values[:] = 0
        return np.arange(len(values)) // 3

    assert len(represent(series, windows=halves).features) == 2
    assert series[5] == 5


@pytest.mark.parametrize("windows", [np.zeros(5, int), np.zeros(6), lambda values: values, lambda values: None])
def test_windows_that_do_not_fit_are_said(windows):
    with pytest.raises(InputError, match="windows: expected an integer label for each of the 6 steps"):
        represent(np.arange(6.0), windows=windows)


def test_runs_put_together_are_the_labels():
    labels = RNG.integers(0, 3, 40)
    assert np.array_equal(np.concatenate([np.full(stop - start, label) for label, start, stop in runs(labels)]), labels)


# -- fills ------------------------------------------------------------------------------------------------------------

VALUES = np.array([[0.0], [2.0], [NAN], [6.0], [10.0], [NAN]])
LABELS = np.array([0, 0, 1, 1, 1, 2])


@pytest.mark.parametrize(
    ("fill", "expected"),
    [
        ("mean", [1, 1, 8, 8, 8, 4.5]),  # nothing is known of the last window: the mean of the series
        ("series_mean", [4.5] * 6),
        ("linear", [6, 6, 2, 2, 2, 10]),  # known neighbours: 3 → 6; 1 → 2 and none after; 4 → 10
        ("zero", [0] * 6),
    ],
)
def test_fills_by_hand(fill, expected):
    assert fill_series(fill, VALUES, LABELS)[:, 0].tolist() == expected


def test_a_line_goes_from_the_step_before_to_the_step_after():
    series = np.array([1.0, 50, 50, 50, 9, 9])
    assert fill_series("linear", series[:, None], np.array([0, 1, 1, 1, 2, 2]))[1:4, 0].tolist() == [3, 5, 7]


def test_a_channel_of_which_nothing_is_known_stays_missing():
    values = np.array([[1.0, NAN], [3.0, NAN]])
    for fill in ("mean", "series_mean", "linear"):
        found = fill_series(fill, values, np.array([0, 1]))
        assert np.isnan(found[:, 1]).all()
        assert np.isfinite(found[:, 0]).all()


def test_a_missing_value_is_handed_on_where_its_window_is_shown_and_filled_where_hidden():
    seen = []

    def model(X):
        seen.append(np.isnan(X).any(axis=1))
        return np.nan_to_num(X).sum(axis=1)

    explanation = ll.Explainer(model, TimeSeries(windows=3), seed=0).explain([1.0, NAN, 2.0, 4.0, 4.0, 4.0])
    assert np.isfinite(explanation.coef).all()
    answers = np.concatenate(seen)
    assert answers.any()
    assert not answers.all()


def test_swapped_windows_come_from_one_series_of_the_background_and_noise_from_many():
    background = np.arange(50.0)[:, None] + np.zeros(8)
    Z = np.zeros((200, 3), np.uint8)
    swapped = represent(np.zeros(8), fill="swap", background=background).reconstruct(Z, RNG)
    assert (np.ptp(swapped, axis=1) == 0).all()
    noisy = represent(np.zeros(8), fill="noise", background=background).reconstruct(Z, RNG)
    assert (np.ptp(noisy, axis=1) > 0).all()
    assert set(noisy.ravel()) <= set(range(50))
    alone = represent(np.arange(8.0), fill="noise").reconstruct(Z, RNG)
    assert set(alone.ravel()) <= set(range(8))


# -- kinds and layouts ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("shape", "options", "wanted"),
    [
        ((12,), {}, (12,)),
        ((12,), {"model_channels": "last"}, (12, 1)),
        ((12,), {"model_channels": "first"}, (1, 12)),
        ((12, 3), {}, (12, 3)),
        ((12, 3), {"model_channels": "first"}, (3, 12)),
        ((3, 12), {"channels": "first"}, (3, 12)),
        ((3, 12), {"channels": "first", "model_channels": "last"}, (12, 3)),
    ],
)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_model_gets_the_layout_it_wants_and_the_precision_of_the_series(shape, options, wanted, dtype):
    series = RNG.normal(size=shape).astype(dtype)
    shown = represent(series, **options)
    assert shown.original.shape == (1, *wanted)
    assert shown.reconstruct(np.ones((2, len(shown.features))), RNG).shape == (2, *wanted)
    assert shown.original.dtype == dtype
    assert len(shown.features) == round(12**0.5)


def test_series_and_frames_of_every_library_are_read_with_their_names_and_times():
    values = RNG.normal(size=(6, 2))
    days = pd.date_range("2024-01-01", periods=6)
    frame = pd.DataFrame(values, columns=["load", "wind"], index=days)
    for instance in (values, frame, pl.DataFrame(values, schema=["load", "wind"])):
        assert np.array_equal(represent(instance).original[0], values)
    shown = represent(frame, per_channel=True)
    assert [feature.name for feature in shown.features][:2] == [
        "load: 2024-01-01 … 2024-01-03",
        "load: 2024-01-04 … 2024-01-06",
    ]
    assert shown.layout()["channels"] == ["load", "wind"]
    assert shown.layout()["times"][0] == "2024-01-01"
    for instance in (frame["load"], pl.Series(values[:, 0]), list(values[:, 0])):
        assert np.array_equal(represent(instance).original[0], values[:, 0])
    assert represent(pd.Series([1, 2, 3])).original.dtype == np.float64


def test_windows_lie_across_all_channels_or_in_each():
    series = RNG.normal(size=(4, 2))
    together, each = represent(series, windows=2), represent(series, windows=2, per_channel=True)
    assert [feature.where for feature in together.features] == [
        Where("window", ("*", 0), ((0, 2),)),
        Where("window", ("*", 1), ((2, 4),)),
    ]
    assert [feature.where.key for feature in each.features] == [
        ("channel 0", 0), ("channel 0", 1), ("channel 1", 0), ("channel 1", 1),
    ]  # fmt: skip
    hidden = represent(series, windows=2, per_channel=True, fill="zero").reconstruct(np.array([[1, 1, 0, 1]]), RNG)[0]
    assert (hidden[:2, 1] == 0).all()
    assert (hidden[2:] == series[2:]).all()
    assert (hidden[:, 0] == series[:, 0]).all()


def test_to_model_turns_series_into_what_the_model_takes():
    shown = represent(np.arange(4.0), to_model=lambda batch: [list(series) for series in batch])
    assert shown.original == [[0.0, 1.0, 2.0, 3.0]]
    with pytest.raises(InputError, match="to_model: expected 2 model inputs for 2 series, got 1"):
        represent(np.arange(4.0), to_model=lambda batch: batch[:1]).reconstruct(np.ones((2, 2)), RNG)


def test_the_layout_is_json_with_gaps_as_none():
    layout = json.loads(json.dumps(represent([1.0, NAN]).layout()))
    assert layout["values"] == [[1.0, None]]


# -- what is explained ------------------------------------------------------------------------------------------------


def test_weights_of_a_linear_forecast_are_what_each_window_adds_over_its_fill():
    series, weights = RNG.normal(size=20), RNG.normal(size=20)
    explainer = ll.Explainer(lambda X: X @ weights, TimeSeries(windows=5, fill="series_mean"), seed=0)
    true = ((series - series.mean()) * weights).reshape(4, 5).sum(axis=1)
    np.testing.assert_allclose(explainer.explain(series).coef[0], true, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("instance", "says"),
    [
        (np.zeros((2, 3, 4)), r"got shape \(2, 3, 4\)"),
        ([], r"got shape \(0,\)"),
        (5.0, r"got shape \(\)"),
        ([1.0, np.inf], "finite or missing numbers, got an infinite one"),
        (["a", "b"], "expected a series of numbers"),
    ],
)
def test_what_is_no_series_is_said(instance, says):
    with pytest.raises(InputError, match=says):
        represent(instance)


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        ({"fill": "meen"}, UnknownNameError, "did you mean 'mean'"),
        ({"fill": 3}, UnknownNameError, "fill"),
        ({"windows": "uniforme"}, UnknownNameError, "did you mean 'uniform'"),
        ({"channels": "middle"}, UnknownNameError, "channels"),
        ({"n_windows": 3, "windows": 4}, InputError, "n_windows"),
        ({"n_windows": 0}, InputError, "n_windows"),
        ({"fill": "swap"}, InputError, "background: expected series to swap with"),
        ({"background": np.zeros((3, 4))}, InputError, "background: has no effect"),
        ({"background": np.zeros(4), "fill": "swap"}, InputError, r"background: expected series \(m, t\)"),
    ],
)
def test_options_that_do_not_fit_are_said_when_they_are_given(options, error, says):
    with pytest.raises(error, match=says):
        TimeSeries(**options)


def test_a_background_of_another_length_and_one_series_for_many_are_said():
    with pytest.raises(InputError, match="expected 4 steps of 1 channels as in the background, got 5 of 1"):
        represent(np.zeros(5), fill="swap", background=np.zeros((3, 4)))
    for one in (np.zeros(5), pd.DataFrame({"a": [1.0]}), 3):
        with pytest.raises(InputError, match="instances: expected many series"):
            TimeSeries().instances(one)
    with pytest.raises(InputError, match="windows: expected a positive number of steps, got 0"):
        represent(np.zeros(5), windows=0)


# -- real series ------------------------------------------------------------------------------------------------------


def read_ts(path):
    """Return (n, channels, t) and the classes of a file of the UCR archive."""
    rows = path.read_text().lower().split("@data\n")[1].splitlines()
    parts = [row.split(":") for row in rows if row.strip()]
    return np.array([[channel.split(",") for channel in row[:-1]] for row in parts], float), [row[-1] for row in parts]


def forest(X, y):
    from sklearn.ensemble import RandomForestClassifier

    fitted = RandomForestClassifier(100, random_state=0).fit(X.reshape(len(X), -1), y)
    return lambda Z: fitted.predict_proba(Z.reshape(len(Z), -1)), list(fitted.classes_)


@pytest.mark.shared_data
def test_of_gunpoint_only_the_steps_that_the_model_reads_weigh(shared_data):
    X, y = read_ts(shared_data / "ucr" / "GunPoint_TRAIN.ts")
    read, names = forest(X[:, 0, 30:60], y)
    test, _ = read_ts(shared_data / "ucr" / "GunPoint_TEST.ts")
    modality = TimeSeries(windows=10)
    explainer = ll.Explainer(lambda Z: read(Z[:, 30:60]), modality, output_names=names, seed=0, n_samples=512)
    weights = sum(np.abs(explanation.coef[0]) for explanation in explainer.explain_many(test[:6, 0]))
    inside = np.isin(np.arange(15), [3, 4, 5])
    assert weights[inside].min() > 5 * weights[~inside].max()


@pytest.mark.shared_data
def test_of_italian_power_demand_few_windows_are_exact(shared_data):
    X, y = read_ts(shared_data / "ucr" / "ItalyPowerDemand_TRAIN.ts")
    model, names = forest(X[:, 0], y)
    explanation = ll.Explainer(model, TimeSeries(), output_names=names, seed=0).explain(X[0, 0])
    assert explanation.provenance.stopped == "exhaustive"
    assert explanation.provenance.cost.model_rows <= 2 + 128  # 32 masks, asked until they may be called exact
    assert explanation.fidelity[0] > 0.5


@pytest.mark.shared_data
def test_of_basic_motions_only_the_channels_that_the_model_reads_weigh(shared_data):
    X, y = read_ts(shared_data / "ucr" / "BasicMotions_TRAIN.ts")
    read, names = forest(X[:, :2].std(axis=2), y)
    modality = TimeSeries(channels="first", per_channel=True, n_windows=4)
    explainer = ll.Explainer(lambda Z: read(Z[:, :2].std(axis=2)), modality, output_names=names, seed=0, n_samples=600)
    weights = np.abs(explainer.explain(X[12]).coef[0]).reshape(6, 4)
    assert weights[:2].max() > 5 * weights[2:].max()
