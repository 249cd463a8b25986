"""Points of the unit cube: uniform, balanced, and the same however they are asked for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from limelight.errors import UnknownNameError
from limelight.local.points import are_scrambled, n_replicates, points


@pytest.mark.parametrize("design", ["sobol", "plain"])
def test_a_longer_sequence_begins_with_the_shorter(design):
    whole = points(design, 0, 300, 5, seed=9)
    parts = [points(design, a, b, 5, seed=9) for a, b in ((0, 1), (1, 100), (100, 300))]
    np.testing.assert_array_equal(whole, np.concatenate(parts))


@pytest.mark.parametrize("design", ["sobol", "lhs", "plain"])
def test_points_are_uniform_and_differ_by_seed(design):
    U = points(design, 0, 1000, 3, seed=1)
    assert U.min() >= 0
    assert U.max() < 1
    assert all(stats.kstest(column, "uniform").pvalue > 1e-3 for column in U.T)
    assert not np.array_equal(U, points(design, 0, 1000, 3, seed=2))


@pytest.mark.parametrize("design", ["sobol", "lhs"])
def test_every_stratum_of_every_coordinate_holds_one_point(design):
    turns = 8 if are_scrambled(design, 8) else 1
    U = points(design, 0, 64 * turns, 8, seed=3)
    for one in range(turns):
        assert all(len(np.unique(np.floor(column * 64))) == 64 for column in U[one::turns].T)


def test_scrambles_take_turns_and_are_independent():
    U = points("sobol", 0, 40, 2, seed=3)
    np.testing.assert_array_equal(points("sobol", 3, 21, 2, seed=3), U[3:21])
    np.testing.assert_array_equal(points("sobol", 39, 40, 2, seed=3), U[39:])
    assert not np.allclose(U[::8], U[1::8])


def test_no_rows_and_no_coordinates_are_legal():
    assert points("sobol", 5, 5, 3, seed=0).shape == (0, 3)
    assert points("sobol", 0, 5, 0, seed=0).shape == (5, 0)


def test_very_many_coordinates_are_drawn_plainly():
    np.testing.assert_array_equal(points("sobol", 0, 3, 1001, seed=4), points("plain", 0, 3, 1001, seed=4))


def test_replicates_are_the_sequences_or_groups_of_independent_rows():
    assert (n_replicates("sobol", 12), n_replicates("sobol", 51), n_replicates("plain", 12)) == (8, 32, 32)


def test_an_unknown_design_names_the_known_ones():
    with pytest.raises(UnknownNameError, match="sobol"):
        points("halton", 0, 1, 1, seed=0)
