"""Bin edges: quantiles as lime takes them, ties, entropy and explicit edges."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.tabular.bins import entropy_edges, explicit_edges, find_edges, mode_edges, quantile_edges

FINITE = st.floats(-1e9, 1e9, allow_nan=False)


def test_quartiles_of_one_to_eight_are_the_interpolated_percentiles() -> None:
    assert quantile_edges(np.arange(1.0, 9.0), 4).tolist() == [2.75, 4.5, 6.25]


def test_deciles_cut_a_hundred_numbers_into_ten_tens() -> None:
    edges = quantile_edges(np.arange(100.0), 10)
    assert np.bincount(np.searchsorted(edges, np.arange(100.0))).tolist() == [10] * 10


def test_coinciding_quartiles_give_fewer_edges_never_repeated_ones() -> None:
    assert quantile_edges(np.array([0.0] * 92 + [5.0] * 8), 4).tolist() == [0.0]


def test_a_column_whose_quartiles_all_equal_its_maximum_still_has_two_bins() -> None:
    values = np.array([1.0, 2.0] + [9.0] * 8)
    assert quantile_edges(values, 4).tolist() == [2.0]


def test_the_mode_is_set_apart_from_what_lies_below_and_above() -> None:
    assert mode_edges(np.array([1.0, 3.0, 3.0, 3.0, 7.0])).tolist() == [1.0, 3.0]


def test_a_constant_column_has_no_edges() -> None:
    assert quantile_edges(np.full(5, 7.0), 4).tolist() == []
    assert quantile_edges(np.empty(0), 4).tolist() == []


@given(st.lists(FINITE, min_size=2, max_size=50), st.sampled_from([4, 10]))
def test_edges_increase_and_every_column_that_varies_has_two_bins(values: list[float], n_bins: int) -> None:
    column = np.array(values)
    edges = quantile_edges(column, n_bins)
    assert (np.diff(edges) > 0).all()
    if len(set(values)) > 1:
        assert len(np.unique(np.searchsorted(edges, column))) > 1


@given(st.lists(FINITE, min_size=5, max_size=60, unique=True))
def test_quartiles_of_distinct_values_are_those_of_lime(values: list[float]) -> None:
    from lime.discretize import QuartileDiscretizer

    column = np.array(values)
    theirs = QuartileDiscretizer(column[:, None], [], ["x"]).bins(column[:, None], None)[0]
    ours = quantile_edges(column, 4)
    assert np.array_equal(np.searchsorted(ours, column), np.searchsorted(np.unique(theirs), column))


def test_entropy_cuts_where_the_targets_change() -> None:
    assert entropy_edges(np.array([1.0, 2, 3, 10, 11, 12]), np.array(list("aaabbb"))).tolist() == [6.5]


def test_entropy_of_targets_with_fractions_cuts_by_variance() -> None:
    values = np.array([1.0, 2, 3, 10, 11, 12])
    assert 6.5 in entropy_edges(values, np.array([0.1, 0.1, 0.1, 5.5, 5.5, 5.5])).tolist()


def test_entropy_bins_are_those_of_lime() -> None:
    from lime.discretize import EntropyDiscretizer

    rng = np.random.default_rng(0)
    column = rng.normal(size=300)
    labels = (column + rng.normal(size=300) > 0).astype(int)
    theirs = EntropyDiscretizer(column[:, None], [], ["x"], labels, random_state=0).bins(column[:, None], labels)[0]
    assert entropy_edges(column, labels) == pytest.approx(np.unique(theirs))


def test_entropy_without_any_gain_falls_back_to_quartiles() -> None:
    values = np.arange(1.0, 9.0)
    assert entropy_edges(values, np.array(["same"] * 8)).tolist() == [2.75, 4.5, 6.25]


@pytest.mark.parametrize("edges", [[3, 1], [1, 1], [1, np.inf], [[1, 2]], ["a"]])
def test_explicit_edges_that_do_not_increase_are_refused_with_the_column(edges: list[object]) -> None:
    with pytest.raises(InputError, match="bins\\['age'\\]"):
        explicit_edges(edges, "age")  # type: ignore[arg-type]


def test_an_unknown_strategy_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'quartile'"):
        find_edges(np.arange(3.0), "quartiles", column="age")


def test_entropy_without_targets_says_what_to_pass() -> None:
    with pytest.raises(InputError, match="pass targets=y"):
        find_edges(np.arange(3.0), "entropy", column="age")
