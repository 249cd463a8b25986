"""What the axes, gaps and buffers of a series mean is known or asked for, never guessed from a size."""

import numpy as np
import pytest

import limelight as ll
from limelight.errors import InputError
from limelight.interpretable.timeseries import TimeSeries

RNG = np.random.default_rng(0)


# -- where the channels are --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(6, 100), (1, 100), (50, 51), (8, 8)])
def test_an_array_that_could_be_steps_or_channels_is_refused(shape):
    with pytest.raises(InputError, match=r"channels='first'\) or channels='last'"):
        TimeSeries().represent(np.zeros(shape), RNG)


def test_channels_that_are_said_to_be_first_are_cut_over_time():
    def late(X):
        return X[:, 2, 50:].mean(axis=1)

    series = RNG.normal(size=(6, 100))
    series[2, 50:] = 3.0
    explanation = ll.Explainer(late, TimeSeries(fill="zero", n_windows=2, channels="first"), seed=0).explain(series)
    assert dict(explanation.as_list()) == pytest.approx({"steps 50–99": 3.0, "steps 0–49": 0.0}, abs=1e-9)


def test_more_channels_than_steps_are_taken_where_somebody_says_last():
    assert len(TimeSeries(channels="last", n_windows=3).represent(np.zeros((6, 100)), RNG).features) == 3


def test_a_tensor_with_channels_first_is_refused_like_an_array():
    torch = pytest.importorskip("torch")
    with pytest.raises(InputError, match="channels"):
        TimeSeries().represent(torch.zeros(6, 100, requires_grad=True), RNG)
    row = TimeSeries(n_windows=2).represent(torch.zeros(100, 6, requires_grad=True), RNG)
    assert row.original.shape == (1, 100, 6)


def test_a_frame_has_its_channels_in_columns_however_many():
    pd = pytest.importorskip("pandas")
    wide = pd.DataFrame(np.zeros((6, 100)))
    assert TimeSeries(n_windows=2).represent(wide, RNG).original.shape == (1, 6, 100)


@pytest.mark.parametrize("shape", [(100,), (100, 1), (100, 6)])
def test_what_can_only_be_steps_by_channels_needs_no_word(shape):
    assert TimeSeries(n_windows=2).represent(np.zeros(shape), RNG).original.shape == (1, *shape)


# -- labels ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [[-1, -1, 5, 5, 9], [3, 3, 1, 1, 2]])
def test_windows_go_by_the_labels_that_a_person_gave_them(labels):
    for windows in (labels, np.array(labels), lambda values: np.array(labels)):
        row = TimeSeries(windows=windows).represent(np.zeros(5), RNG)
        assert [feature.where.key[1] for feature in row.features] == sorted(set(labels))
        spans = {feature.where.key[1]: feature.where.places for feature in row.features}
        assert spans[labels[-1]] == ((4, 5),)


# -- buffers -----------------------------------------------------------------------------------------------------------


def level(X):
    return X.reshape(len(X), -1).mean(axis=1)


@pytest.mark.parametrize("shape", [(20,), (20, 2)])
@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_buffer_that_is_refilled_is_explained_as_it_was_each_time(shape, dtype):
    def refilled():
        buffer = np.zeros(shape, dtype)
        for value in (1.0, 2.0, 3.0):
            buffer[:] = value
            yield buffer

    explainer = ll.Explainer(level, TimeSeries(fill="zero", n_windows=4), seed=0)
    explanations = list(explainer.explain_many(refilled()))
    assert [explanation.prediction[0] for explanation in explanations] == [1, 2, 3]
    assert [explanation.coef.sum() for explanation in explanations] == pytest.approx([1, 2, 3])


@pytest.mark.parametrize("shape", [(30, 20), (30, 20, 2)])
def test_a_background_that_is_changed_afterwards_changes_nothing(shape):
    background = RNG.normal(size=shape)
    series = RNG.normal(size=shape[1:])
    kept = TimeSeries(fill="swap", background=background.copy(), n_windows=4)
    changed = TimeSeries(fill="swap", background=background, n_windows=4)
    background[:] = 100.0
    weights = [ll.Explainer(level, modality, seed=0).explain(series).coef for modality in (kept, changed)]
    assert (weights[0] == weights[1]).all()


def test_labels_that_are_changed_afterwards_change_nothing():
    labels = np.arange(20) // 5
    modality = TimeSeries(windows=labels)
    labels[:] = 0
    assert len(modality.represent(np.zeros(20), RNG).features) == 4


def test_a_list_of_targets_that_is_changed_afterwards_changes_nothing():
    wanted = ["b"]
    explainer = ll.Explainer(
        lambda X: np.c_[level(X), -level(X)], TimeSeries(n_windows=4), seed=0, output_names=["a", "b"], targets=wanted
    )
    wanted[0] = "a"
    assert explainer.explain(np.ones(20)).targets == ("b",)
    assert ll.Explainer(level, TimeSeries(), targets=np.array([0])).settings.targets == (0,)


# -- gaps --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int64])
def test_a_masked_number_is_a_missing_number(dtype):
    masked = np.ma.array(np.arange(20).astype(dtype), mask=np.arange(20) == 3)
    row = TimeSeries(n_windows=4).represent(masked, RNG)
    assert np.isnan(row.original[0]).tolist() == (np.arange(20) == 3).tolist()


def test_a_matrix_is_steps_by_channels():
    with pytest.warns(PendingDeprecationWarning):
        matrix = np.matrix(np.zeros((20, 2)))
    assert TimeSeries(n_windows=4).represent(matrix, RNG).original.shape == (1, 20, 2)
