"""What columns that move together may do inside their joint bins."""

from __future__ import annotations

import numpy as np
import pytest

from limelight.control.additive import terms_of
from limelight.interpretable.tabular.joint import Joint
from limelight.interpretable.tabular.shapes import inner_terms, shape_of


def group(seed: int = 0, k: int = 3, *, m: int = 60) -> Joint:
    """Numbers that move together, in five bins of the first one; the last bin has none of the second."""
    rng = np.random.default_rng(seed)
    first = np.sort(rng.normal(size=m))
    numbers = np.column_stack([first, *[first * (j + 1) + rng.normal(size=m) for j in range(k - 1)]])
    codes = np.repeat(np.arange(5), m // 5)
    if k > 1:
        numbers[codes == 4, 1] = np.nan
    mass = rng.uniform(0.5, 2.0, m)
    return Joint(mass / mass.sum(), codes, numbers)


def span(columns: np.ndarray, y: np.ndarray) -> float:
    """What is left of y by least squares on the columns."""
    fit = np.linalg.lstsq(np.column_stack([np.ones(len(y)), columns]), y, rcond=None)[0]
    return float(np.abs(y - np.column_stack([np.ones(len(y)), columns]) @ fit).max())


def test_terms_have_the_means_that_they_state_and_places_none() -> None:
    joint = group()
    shape = joint.shape
    for code in range(5):
        here = shape.codes == code
        mean = shape.mass[here] @ shape.terms[here] / shape.share[code]
        assert mean == pytest.approx(shape.means[code], abs=1e-10)
        assert mean[:2] == pytest.approx([0.0, 0.0], abs=1e-10)
        places = shape.terms[here, :2]
        assert (places * shape.mass[here, None] / shape.share[code]).T @ places == pytest.approx(np.eye(2), abs=1e-8)
    assert shape.mass @ shape.terms[:, 2:] == pytest.approx(0.0, abs=1e-10)
    assert shape.mass @ np.square(shape.terms[:, 2:]) == pytest.approx(1.0)


@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_values_hold_every_sum_of_the_columns_and_products_every_product(k: int) -> None:
    joint = group(k=k, m=100)
    shape, known = joint.shape, np.where(np.isfinite(joint.numbers), joint.numbers, np.nanmean(joint.numbers, axis=0))
    missing = np.eye(5)[joint.codes]  # levels say which bin it is
    assert (shape.values, shape.terms.shape[1]) == (k, 4 + (k - 1) + k * (k + 1) // 2 - 1)
    assert shape.together
    values = np.column_stack([missing, shape.terms[:, 2], shape.terms[:, 4 : 4 + k - 1]])
    assert span(values, known @ np.arange(1.0, k + 1)) < 1e-8
    everything = np.column_stack([missing, shape.terms[:, 2:]])
    assert span(everything, known[:, 0] * known[:, 0]) < 1e-8
    there = joint.codes < 4
    assert span(everything[there], known[there, 0] * known[there, -1]) < 1e-8
    if k > 1:
        assert span(values[there], known[there, 0] * known[there, -1]) > 0.1, "products are no sums"


def test_a_bin_has_slopes_of_its_own() -> None:
    """A number that counts for one category only: age for those who are married."""
    joint = group(k=2)
    only = np.where(joint.codes == 2, joint.numbers[:, 0] - 3 * joint.numbers[:, 1], 0.0)
    own = np.column_stack([np.eye(5)[joint.codes], *[(joint.codes == 2) * joint.shape.terms[:, t] for t in (0, 1)]])
    assert span(own, only) < 1e-8
    assert span(np.column_stack([np.eye(5)[joint.codes], joint.shape.terms[:, 2:]]), only) > 0.1


def test_the_terms_of_a_row_are_those_of_its_support_point_and_go_on_between_them() -> None:
    joint = group()
    for i in range(0, 60, 7):
        told = [float(each) if np.isfinite(each) else None for each in joint.numbers[i]]
        assert joint.at(int(joint.codes[i]), told) == pytest.approx(joint.shape.terms[i], abs=1e-9)
    one, other = joint.numbers[[14, 20]]
    middle = joint.at(1, ((one + other) / 2).tolist())
    values = [2, 4, 5]
    assert np.array(middle)[values] == pytest.approx(joint.shape.terms[[14, 20]][:, values].mean(axis=0))


def test_beyond_the_support_a_row_stands_at_its_end_and_what_is_not_told_at_the_mean() -> None:
    joint = group(k=2)
    highest = float(np.nanmax(joint.numbers[:, 1]))
    assert joint.at(1, [0.0, 1e9])[2:] == pytest.approx(joint.at(1, [0.0, highest])[2:])
    here = joint.codes == 1
    slopes = joint.shape.terms[here, :2]
    for place, low, high in zip(joint.at(1, [-50.0, 1e9])[:2], slopes.min(axis=0), slopes.max(axis=0), strict=True):
        assert low <= place <= high
    means = joint.shape.means[1]
    assert np.array(joint.at(1, [None, None]))[[2, 4]] == pytest.approx(means[[2, 4]])
    assert joint.at(7, [0.0, 0.0]) == (0.0,) * joint.shape.terms.shape[1], "a bin that is never drawn"


def test_columns_that_say_the_same_are_one_and_names_and_coin_tosses_none() -> None:
    one = group(k=1)
    twice = Joint(one.mass, one.codes, np.column_stack([one.numbers, 7 - 2 * one.numbers]))
    assert twice.shape.values == 1
    assert np.abs(twice.shape.terms) == pytest.approx(np.abs(one.shape.terms), abs=1e-8)
    coin = Joint.of(np.full(4, 0.25), np.arange(4), [None, np.array([0.0, 1.0, 0.0, 1.0])])
    assert not coin.shape.terms.any(), "the levels of bins say what 0 or 1 does"
    assert not coin.shape.valued
    years = Joint.of(np.full(4, 0.25), np.arange(4), [None, np.array([8.0, 9.0, 12.0, 16.0])])
    assert years.shape.terms[:, 2] == pytest.approx((np.array([8, 9, 12, 16]) - 11.25) / np.std([8, 9, 12, 16]))
    assert not years.shape.placed.any(), "one value a bin"


def test_an_additive_function_has_a_column_for_every_term_of_a_group_and_its_levels_are_means_in_bins() -> None:
    joint, rng = group(k=3, m=100), np.random.default_rng(1)
    column = shape_of(np.full(8, 1 / 8), np.repeat(np.arange(4), 2), np.arange(8.0))
    shapes = [column, joint.shape]
    assert inner_terms(shapes) == joint.shape.terms.shape[1]
    picks = np.column_stack([rng.integers(0, 8, 4000), rng.choice(100, 4000, p=joint.mass)])
    codes = np.column_stack([shape.codes[pick] for shape, pick in zip(shapes, picks.T, strict=True)])
    terms = terms_of(codes, shapes)
    assert terms is not None
    assert ((terms.more >= 0).sum(axis=1) == 1).all()
    assert (terms.more[:, 0] == -1).all()
    assert terms.owner[terms.more[:, 1]].tolist() == [1] * 7
    assert terms.penalty[terms.more[:, 1]].tolist() == [1e-8] * 2 + [1e-3] * 5
    assert terms.curved[terms.more[:, 1]].tolist() == [False] * 2 + [True] * 5
    coef = rng.normal(size=terms.width)
    along = terms.along(coef, 1)
    for code in range(5):
        here = joint.codes == code
        level = terms.levels(coef)[terms.first[1] + code]
        assert level == pytest.approx(np.average(along[here], weights=joint.mass[here]))
    inside = np.zeros((100, 2, inner_terms(shapes)))
    inside[:, 1] = joint.shape.terms
    own = np.column_stack([np.zeros(100, int), joint.codes])
    own_part = np.where(terms.owner == 1, terms.design(own, inside), 0.0) @ coef
    assert own_part == pytest.approx(along)
    away = terms.beside(own, inside, np.array([[False, True]] * 100))
    slopes = np.r_[terms.value[1], terms.value_square[1], terms.more[:, 1]]
    assert away[:, slopes] == pytest.approx(joint.shape.terms[:, 2:] - joint.shape.means[joint.codes, 2:])
