"""The share that a saturating curve explains, against curves that are known."""

from __future__ import annotations

import numpy as np
import pytest

from limelight.control.saturation import moving_rows, saturating_share


def line(n: int = 600, seed: int = 0, width: int = 3) -> np.ndarray:
    X = np.random.default_rng(seed).normal(size=(n, width))
    return np.column_stack([np.ones(n), X])


def curve(columns: np.ndarray, steep: float = 2.0) -> np.ndarray:
    return 1.0 / (1.0 + np.exp(-steep * (columns[:, 1] - 0.5 * columns[:, 2] + 0.3)))


NONE = np.zeros(4)


def test_a_curve_is_explained_and_a_line_as_far_as_a_curve_can_be_straight():
    columns = line()
    assert saturating_share(columns, curve(columns), NONE) > 0.999
    assert saturating_share(columns, curve(columns, 0.2), NONE) > 0.999


@pytest.mark.parametrize("noise", [0.1, 0.2])
def test_noise_is_not_explained_and_neither_flatters_nor_belittles(noise):
    found = []
    for seed in range(12):
        columns = line(400, seed, 12)
        y = curve(columns, 1.0) + noise * np.random.default_rng(99 + seed).normal(size=400)
        y = np.clip(y, 0.0, 1.0)
        signal = curve(columns, 1.0)
        found.append(saturating_share(columns, y, np.zeros(13)) - (1.0 - np.square(y - signal).sum() / (400 * y.var())))
    assert np.mean(found) == pytest.approx(0.0, abs=0.02)


def test_it_does_not_matter_in_which_units_an_unbounded_output_comes():
    columns = line()
    y = 5.0 * curve(columns) - 3.0
    assert saturating_share(columns, 1000.0 * y, NONE) == pytest.approx(saturating_share(columns, y, NONE), abs=1e-4)
    assert saturating_share(columns, y, NONE) > 0.99


def test_what_grows_is_a_curve_far_below_its_bound():
    columns = line()
    assert saturating_share(columns, np.exp(0.4 * columns[:, 1]), NONE) > 0.98


def test_the_complement_of_a_probability_saturates_as_much():
    columns = line()
    y = np.clip(curve(columns) + 0.1 * columns[:, 3] ** 2, 0.0, 1.0)
    assert saturating_share(columns, y, NONE) == pytest.approx(saturating_share(columns, 1.0 - y, NONE), abs=1e-4)


def test_an_interaction_is_left_over():
    columns = line()
    y = 1.0 / (1.0 + np.exp(-3.0 * columns[:, 1] * columns[:, 2]))
    assert saturating_share(columns, y, NONE) < 0.3


def test_too_few_rows_or_rows_that_move_are_not_judged():
    columns = line(10)
    assert np.isnan(saturating_share(columns, curve(columns), NONE))
    rare = np.zeros(600)
    rare[:5] = 1.0
    assert np.isnan(saturating_share(line(), rare, NONE))
    assert moving_rows(np.ones(5)) == 0.0
