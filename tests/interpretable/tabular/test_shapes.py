"""What a column may do inside its bins: standardised places and values, and their means in every bin."""

from __future__ import annotations

import numpy as np
import pytest

from limelight.interpretable.tabular.shapes import shape_of


def law(seed: int = 0, *, gone: bool = False) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Masses, bins and values of a heavy-tailed column: bins of 7, 5, 1 and 6 values, the last without numbers."""
    rng = np.random.default_rng(seed)
    codes = np.repeat([0, 1, 2, 3], [7, 5, 1, 6])
    mass = rng.uniform(0.5, 2.0, len(codes))
    values = np.sort(np.exp(rng.normal(size=len(codes))))
    if gone:
        values[codes == 3] = np.nan
    return mass / mass.sum(), codes, values


def means(column: np.ndarray, mass: np.ndarray, codes: np.ndarray, b: int) -> float:
    return float(np.average(column[codes == b], weights=mass[codes == b]))


def test_shares_are_the_masses_of_the_bins_also_of_empty_ones():
    shape = shape_of(np.array([0.2, 0.3, 0.5]), np.array([0, 0, 2]), None)
    np.testing.assert_allclose(shape.share, [0.5, 0.0, 0.5])
    assert shape.means.shape == (3, 4)
    assert np.isfinite(shape.means).all()


def test_places_have_mean_zero_and_variance_one_in_every_bin_that_holds_several_values():
    mass, codes, values = law()
    shape = shape_of(mass, codes, values)
    for b in (0, 1, 3):
        for term in (0, 1):
            column = shape.terms[:, term]
            assert means(column, mass, codes, b) == pytest.approx(0.0, abs=1e-12)
            assert means(np.square(column), mass, codes, b) == pytest.approx(1.0)
    assert (shape.terms[codes == 2, :2] == 0).all()
    assert (shape.means[:, :2] == 0).all()
    assert shape.placed.tolist() == [True, True, False, True]


def test_the_place_is_the_middle_of_a_values_own_ranks_and_its_square_is_standardised_too():
    """By hand: masses .1, .3, .1 stand at .05, .25, .45 of a bin of .5."""
    shape = shape_of(np.array([0.1, 0.3, 0.1, 0.5]), np.array([0, 0, 0, 1]), None)
    place = shape.terms[:3, 0]
    np.testing.assert_allclose(place, np.array([-1.0, 0.0, 1.0]) / np.sqrt(0.4))
    # the square is 2.5 with probability 2/5 and else 0: mean 1, variance 1.5
    np.testing.assert_allclose(shape.terms[:3, 1], np.array([1.5, -1.0, 1.5]) / np.sqrt(1.5))


def test_values_have_mean_zero_and_variance_one_over_the_whole_column():
    mass, codes, values = law()
    shape = shape_of(mass, codes, values)
    for term in (2, 3):
        column = shape.terms[:, term]
        assert np.average(column, weights=mass) == pytest.approx(0.0, abs=1e-12)
        assert np.average(np.square(column), weights=mass) == pytest.approx(1.0)
        for b in range(4):
            assert shape.means[b, term] == pytest.approx(means(column, mass, codes, b))
    mean = np.average(values, weights=mass)
    deviation = np.sqrt(np.average(np.square(values - mean), weights=mass))
    np.testing.assert_allclose(shape.terms[:, 2], (values - mean) / deviation)
    assert np.corrcoef(np.square(shape.terms[:, 2]), shape.terms[:, 3])[0, 1] == pytest.approx(1.0)
    assert shape.valued


def test_missing_values_stand_at_the_mean_of_the_present_ones():
    mass, codes, values = law(gone=True)
    shape = shape_of(mass, codes, values)
    assert (shape.terms[codes == 3, 2:] == 0).all()
    present = codes != 3
    assert np.average(shape.terms[present, 2], weights=mass[present]) == pytest.approx(0.0, abs=1e-12)
    assert np.average(np.square(shape.terms[present, 2]), weights=mass[present]) == pytest.approx(1.0)


@pytest.mark.parametrize("values", [None, np.full(4, np.nan), np.full(4, 3.0), np.array([1.0, 1.0, 5.0, 5.0])])
def test_values_that_say_nothing_beyond_the_bins_have_no_terms(values):
    shape = shape_of(np.full(4, 0.25), np.array([0, 1, 2, 3]), values)
    assert not shape.valued
    assert not shape.terms.any()


def test_a_column_that_never_changes_has_no_terms_however_large_it_is():
    shape = shape_of(np.full(4, 0.25), np.zeros(4, int), np.full(4, 1e9 + 0.1))
    assert not shape.terms[:, 2:].any()


def test_one_bin_with_two_values_is_enough_for_the_value_to_matter():
    shape = shape_of(np.full(3, 1 / 3), np.array([0, 0, 1]), np.array([1.0, 2.0, 3.0]))
    assert shape.valued
    assert shape.terms[:, 2].round(6).tolist() == [-1.224745, 0.0, 1.224745]


def test_values_next_to_each_other_and_far_from_zero_are_still_told_apart():
    """A year and a day number: deviations are small beside the values, and no rounding."""
    values = 7.3e5 + np.arange(4.0)
    shape = shape_of(np.full(4, 0.25), np.array([0, 0, 1, 1]), values)
    np.testing.assert_allclose(shape.terms[:, 2], (np.arange(4) - 1.5) / np.std(np.arange(4)), atol=1e-6)
