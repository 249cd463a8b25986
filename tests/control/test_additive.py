"""An additive function of a table's columns, held against refits and enumerations."""

from __future__ import annotations

import numpy as np
import pytest

from limelight.contracts import Shape
from limelight.control import additive as module
from limelight.control.additive import LEAST_ROWS, Terms, additivity, terms_of
from limelight.control.folds import fold_sums
from limelight.interpretable.tabular.shapes import shape_of
from limelight.local.replicates import by_replicate

SHARES = (
    np.array([0.25, 0.25, 0.5]),
    np.array([0.7, 0.3]),
    np.array([1.0]),
    np.array([0.6, 0.38, 0.02]),
    np.array([0.6, 0.36, 0.02, 0.02]),
)
POINTS = 6  # support points of each bin


def shapes() -> list[Shape]:
    """Two columns of numbers, a column of one bin of numbers, categories with one rare value and with two."""
    found = []
    for j, share in enumerate(SHARES[:3]):
        mass = np.repeat(share / POINTS, POINTS)
        values = np.cumsum(np.random.default_rng(j).exponential(size=len(mass)))
        found.append(shape_of(mass, np.repeat(np.arange(len(share)), POINTS), values))
    found.extend(shape_of(share, np.arange(len(share)), None) for share in SHARES[3:])
    return found


def drawn(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Bins, inner terms and support points of n independent draws."""
    rng, found = np.random.default_rng(seed), shapes()
    picks = np.column_stack([rng.choice(len(shape.mass), n, p=shape.mass) for shape in found])
    codes = np.column_stack([shape.codes[pick] for shape, pick in zip(found, picks.T, strict=True)])
    inside = np.stack([shape.terms[pick] for shape, pick in zip(found, picks.T, strict=True)], axis=1)
    return codes, inside, picks


def terms_for(n: int) -> Terms:
    found = terms_of(drawn(n)[0], shapes())
    assert found is not None
    return found


# ------------------------------------------------------------------------------------------------------ which columns


def test_a_bin_has_a_level_from_32_draws_on():
    codes = np.repeat([0, 1, 2], [LEAST_ROWS, LEAST_ROWS - 1, 100])[:, None]
    found = terms_of(codes, [shape_of(np.array([0.2, 0.2, 0.6]), np.arange(3), None)])
    assert found is not None
    assert found.level.tolist() == [0, -1, 1]
    assert found.levelled(np.array([0])).tolist() == [True]
    assert found.levelled(np.array([1])).tolist() == [False]
    assert found.levelled(np.array([-1])).tolist() == [False]


def test_a_value_outside_of_one_column_is_not_taken_for_the_last_bin_of_the_column_before_it():
    found = terms_for(1000)
    assert found.levelled(np.array([0, -1, 0, -1, 0])).tolist() == [True, False, True, False, True]
    assert found.levelled(np.array([2, 1, 0, 2, 3])).tolist() == [True, True, True, False, False]  # two are rare


@pytest.mark.parametrize(
    ("columns", "there", "deep"), [(6, True, True), (7, True, False), (8, True, False), (9, False, False)]
)
def test_levels_take_six_draws_a_bin_and_what_happens_inside_takes_eight(columns, there, deep):
    """192 draws, 48 in each of four bins: six columns have exactly 8 draws a bin, eight have 6."""
    share = np.full(4, 1 / 4)
    shape = shape_of(np.repeat(share / 4, 4), np.repeat(np.arange(4), 4), np.arange(16.0))
    rng = np.random.default_rng(0)
    codes = np.column_stack([rng.permutation(np.repeat(np.arange(4), 48)) for _ in range(columns)])
    found = terms_of(codes, [shape] * columns)
    assert (found is not None) == there
    if found is not None:
        assert (found.level >= 0).all()
        assert (found.value >= 0).all()
        for inner in (found.place, found.square, found.value_square):
            assert (inner >= 0).all() == (inner >= 0).any() == deep


@pytest.mark.parametrize(("most", "width"), [(84, 84), (83, 30), (30, 30), (29, None)])
def test_a_function_that_would_be_too_wide_does_without_what_happens_inside_and_then_there_is_none(
    most, width, monkeypatch
):
    """Six columns of four bins: 24 levels and 6 values; and 24 places, 24 squares and 6 squared values inside."""
    monkeypatch.setattr(module, "MOST_TERMS", most)
    share = np.full(4, 1 / 4)
    shape = shape_of(np.repeat(share / 4, 4), np.repeat(np.arange(4), 4), np.arange(16.0))
    found = terms_of(np.tile(np.repeat(np.arange(4), 48)[:, None], 6), [shape] * 6)
    assert (None if found is None else found.width) == width


def test_no_draws_have_no_function():
    assert terms_of(np.zeros((5, 1), int), [shape_of(np.array([1.0]), np.array([0]), None)]) is None


def test_every_column_of_the_function_has_one_owner_and_one_number():
    found = terms_for(1000)
    kinds = (found.level, found.place, found.square, found.value, found.value_square)
    numbers = np.concatenate([kind[kind >= 0] for kind in kinds])
    assert sorted(numbers.tolist()) == list(range(found.width))
    owner_of_bin = np.repeat(np.arange(5), [3, 2, 1, 3, 4])
    for kind in kinds[:3]:
        np.testing.assert_array_equal(found.owner[kind[kind >= 0]], owner_of_bin[kind >= 0])
    for kind in kinds[3:]:
        np.testing.assert_array_equal(found.owner[kind[kind >= 0]], np.flatnonzero(kind >= 0))
    assert (found.value >= 0).tolist() == [True, True, True, False, False]
    assert (found.place[6:] == -1).all()  # one value a bin


def test_a_value_is_all_but_free_and_squares_have_to_earn_their_place():
    found = terms_for(1000)
    assert (found.penalty[found.value[:3]] == 1e-8).all()
    assert (found.penalty[found.level[found.level >= 0]] == 1e-4).all()
    assert (found.penalty[found.place[found.place >= 0]] == 1e-3).all()
    assert (found.penalty[found.square[found.square >= 0]] == 3e-3).all()
    assert (found.penalty[found.value_square[:3]] == 1e-3).all()


def test_bins_without_a_level_stand_at_the_mean_of_the_others_where_together_they_hold_too_few_draws():
    """One rare value of 20 draws in 1000; two of 40 draws share the constant; no bin of the others is rare."""
    found = terms_for(1000)
    assert found.lent.tolist() == [False, False, False, True, False]
    assert (found.level[-2:] == -1).all()


@pytest.mark.parametrize("hits", [0, 1, 2])
def test_a_draw_or_two_of_a_rare_value_do_not_decide_what_the_function_says_of_it(hits):
    """Without them and with them: else folds disagree by all of the value's effect, and its interval has that width."""
    rare = np.arange(400) < hits
    shape = shape_of(np.array([0.6, 0.395, 0.005]), np.arange(3), None)
    codes = np.where(rare, 2, np.arange(400) % 2)[:, None]
    terms = terms_of(codes, [shape])
    assert terms is not None
    X = np.concatenate([np.ones((400, 1)), terms.design(codes, np.zeros((400, 1, 4)))], axis=1)
    y = np.where(rare, 5.0, np.arange(400) % 2 * 0.3)[:, None]
    coef = fold_sums(by_replicate(X, 8), by_replicate(y, 8), np.concatenate([[0.0], terms.penalty]), 400).solve()
    at_rare = np.concatenate([[1.0], terms.design(np.array([[2]]), np.zeros((1, 1, 4)))[0]]) @ coef[:, :, 0].T
    assert np.ptp(at_rare) < 0.1
    np.testing.assert_allclose(at_rare, 0.3 * 0.395 / 0.995, atol=0.06)


# ------------------------------------------------------------------------------------------------- columns of draws


def mean_of_levels(terms: Terms, j: int) -> np.ndarray:
    """The levels that there are, by their shares."""
    found, share = np.zeros(terms.width), SHARES[j]
    there = [b for b in range(len(share)) if terms.level[terms.first[j] + b] >= 0]
    for b in there:
        found[terms.level[terms.first[j] + b]] = share[b] / sum(share[each] for each in there)
    return found


def slow_design(terms: Terms, codes: np.ndarray, inside: np.ndarray) -> np.ndarray:
    found = np.zeros((len(codes), terms.width))
    for i in range(len(codes)):
        for j in range(codes.shape[1]):
            at = terms.first[j] + codes[i, j]
            for columns, value in ((terms.level, 1.0), (terms.place, inside[i, j, 0]), (terms.square, inside[i, j, 1])):
                if columns[at] >= 0:
                    found[i, columns[at]] = value
            if terms.level[at] < 0 and terms.lent[j]:
                found[i] += mean_of_levels(terms, j)
            if terms.value[j] >= 0:
                found[i, terms.value[j]] = inside[i, j, 2]
            if terms.value_square[j] >= 0:
                found[i, terms.value_square[j]] = inside[i, j, 3]
    return found


def test_the_design_is_that_of_two_loops():
    codes, inside, _ = drawn(1000)
    terms = terms_for(1000)
    np.testing.assert_array_equal(terms.design(codes, inside), slow_design(terms, codes, inside))
    found = terms.with_constant(codes, inside)
    np.testing.assert_array_equal(found[:, 0], 1.0)
    np.testing.assert_array_equal(found[:, 1:], terms.design(codes, inside))
    assert found.flags.c_contiguous


@pytest.mark.parametrize("averaged", [(0,), (3,), (4,), (1, 3)])
def test_averaged_columns_stand_at_their_mean_over_the_law(averaged):
    """The mean is taken by listing all support points of the column."""
    codes, inside, _ = drawn(1000)
    terms, known = terms_for(1000), shapes()
    found = terms.design(codes[:7], inside[:7], averaged=averaged)
    mean = np.zeros(terms.width)
    for j in averaged:
        for mass, code, term in zip(known[j].mass, known[j].codes, known[j].terms, strict=True):
            row_codes, row_inside = codes[:1].copy(), inside[:1].copy()
            row_codes[0, j], row_inside[0, j] = code, term
            mean += mass * np.where(terms.owner == j, slow_design(terms, row_codes, row_inside)[0], 0.0)
    own = np.isin(terms.owner, averaged)
    np.testing.assert_allclose(found[:, own], np.broadcast_to(mean[own], (7, own.sum())), atol=1e-12)
    np.testing.assert_array_equal(found[:, ~own], terms.design(codes[:7], inside[:7])[:, ~own])


def test_the_mean_of_every_column_is_that_of_many_draws():
    codes, inside, _ = drawn(40_000, 3)
    terms = terms_for(1000)
    np.testing.assert_allclose(terms.design(codes, inside).mean(axis=0), terms.law_mean, atol=0.02)


@pytest.mark.parametrize("targets", [(), (2,)])
def test_levels_are_the_functions_mean_in_each_bin_by_listing_its_support_points(targets):
    terms, known = terms_for(1000), shapes()
    coef = np.random.default_rng(1).normal(size=(terms.width, *targets))
    found = terms.levels(coef)
    for j, shape in enumerate(known):
        for b in range(len(shape.share)):
            points = np.flatnonzero(shape.codes == b)
            codes, inside = np.zeros((len(points), 5), int), np.zeros((len(points), 5, 4))
            codes[:, j], inside[:, j] = b, shape.terms[points]
            own = terms.owner == j
            said = slow_design(terms, codes, inside)[:, own] @ coef[own]
            mean = np.average(said, axis=0, weights=shape.mass[points])
            np.testing.assert_allclose(found[terms.first[j] + b], mean, atol=1e-10)


def test_along_a_coordinate_the_function_is_that_of_its_support_points():
    terms, known = terms_for(1000), shapes()
    coef = np.random.default_rng(2).normal(size=terms.width)
    for j, shape in enumerate(known):
        codes, inside = np.zeros((len(shape.mass), 5), int), np.zeros((len(shape.mass), 5, 4))
        codes[:, j], inside[:, j] = shape.codes, shape.terms
        own = terms.owner == j
        expected = slow_design(terms, codes, inside)[:, own] @ coef[own]
        np.testing.assert_allclose(terms.along(coef, j), expected, atol=1e-12)


# ----------------------------------------------------------------------------------------------------------- the fits


def test_a_linear_model_comes_back_exactly_through_its_values():
    codes, inside, _ = drawn(1000)
    terms = terms_for(1000)
    X = np.concatenate([np.ones((1000, 1)), terms.design(codes, inside)], axis=1)
    y = inside[:, :3, 2] @ np.array([1.0, -2.0, 0.5]) + 3.0
    penalty = np.concatenate([[0.0], terms.penalty])
    folds = fold_sums(by_replicate(X, 8), by_replicate(y[:, None], 8), penalty, 1000)
    for coef in folds.solve()[:, :, 0]:
        np.testing.assert_allclose(X @ coef, y, atol=1e-5)


# --------------------------------------------------------------------------------------------------------- additivity


def test_additivity_is_that_of_leaving_rows_out_one_by_one():
    """e² / (1 − h) is the residual of the fit times that of the fit without the row."""
    rng, n, p = np.random.default_rng(5), 80, 4
    X = np.concatenate([np.ones((n, 1)), rng.normal(size=(n, p))], axis=1)
    y = X @ rng.normal(size=p + 1) + rng.normal(size=n) + 0.5 * X[:, 1] * X[:, 2]
    residual = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
    leverage = np.einsum("ij,jk,ik->i", X, np.linalg.inv(X.T @ X), X)
    unexplained, movement = np.empty(n), np.empty(n)
    for i in range(n):
        kept = np.arange(n) != i
        alone = y[i] - X[i] @ np.linalg.lstsq(X[kept], y[kept], rcond=None)[0]
        unexplained[i] = residual[i] * alone
        # the same for a constant alone
        movement[i] = (y[i] - y.mean()) * (y[i] - y[kept].mean())
    share, stderr = additivity(residual, leverage, y)
    assert share == pytest.approx(1 - unexplained.sum() / movement.sum())
    scores = unexplained - (1 - share) * movement
    assert stderr == pytest.approx(np.linalg.norm(scores) / movement.sum())


def test_additivity_is_unbiased_though_the_function_was_fitted_to_the_same_rows():
    """Noise of the same size as the movement: the share is a half on average, whatever the columns cost."""
    found, n, p = [], 120, 30
    for seed in range(200):
        rng = np.random.default_rng(seed)
        X = np.concatenate([np.ones((n, 1)), rng.normal(size=(n, p))], axis=1)
        y = X[:, 1] + rng.normal(size=n)
        residual = y - X @ np.linalg.lstsq(X, y, rcond=None)[0]
        leverage = np.einsum("ij,jk,ik->i", X, np.linalg.inv(X.T @ X), X)
        found.append(additivity(residual, leverage, y))
    share, stderr = np.array(found).T
    assert abs(share.mean() - 0.5) < 4 * share.std() / np.sqrt(200)
    assert 0.8 < np.median(stderr) / share.std() < 1.3


def test_a_leverage_of_one_makes_no_infinite_share():
    share, _ = additivity(np.array([0.1, -0.2, 0.1]), np.ones(3), np.array([1.0, 2.0, 4.0]))
    deviations = np.square(np.array([1.0, 2.0, 4.0]) - 7 / 3).sum() * 1.5
    assert share == pytest.approx(1 - 0.06 / 0.1 / deviations)


@pytest.mark.parametrize(("columns", "deep"), [(6, True), (7, False)])
def test_other_values_of_a_group_are_all_but_free_and_its_products_have_to_earn_their_place(columns, deep):
    """192 draws, 48 in each of four bins, as above; the first column is a group of three."""
    rng = np.random.default_rng(0)
    terms = rng.normal(size=(64, 4 + 2 + 3))  # two more values, and three products
    at = np.repeat(np.arange(4), 16)
    means = np.stack([terms[at == b].mean(axis=0) for b in range(4)])
    group = Shape(np.full(64, 1 / 64), at, terms, means, np.full(4, 0.25), values=3, together=True)
    alone = shape_of(np.full(4, 0.25), np.arange(4), None)
    codes = np.column_stack([rng.permutation(np.repeat(np.arange(4), 48)) for _ in range(columns)])
    found = terms_of(codes, [group] + [alone] * (columns - 1))
    assert found is not None
    assert (found.more[:, 1:] == -1).all()
    others, products = found.more[:2, 0], found.more[2:, 0]
    assert found.penalty[others].tolist() == [1e-8, 1e-8]
    assert (products >= 0).tolist() == [deep] * 3
    assert not deep or found.penalty[products].tolist() == [1e-3] * 3


def test_what_is_left_without_rare_values_has_no_mean_in_their_bins_and_is_the_same_elsewhere():
    codes, _, _ = drawn(1000)
    found = terms_for(1000)
    left = np.random.default_rng(5).normal(size=1000)
    without = found.without_rare(left, codes)
    rare = np.zeros(1000, bool)
    for j, first in enumerate(found.first.tolist()):
        for code in np.unique(codes[:, j]):
            if found.level[first + code] < 0:
                here = codes[:, j] == code
                rare |= here
                if j == 4:  # the last coordinate is the last to be taken out
                    assert abs(without[here].mean()) < 1e-12
    assert rare.any()
    np.testing.assert_array_equal(without[~rare], left[~rare])
    assert (without[rare] != left[rare]).all()
