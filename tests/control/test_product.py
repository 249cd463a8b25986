"""The projection of a function of independent bins, held against an enumeration of all of them."""

from __future__ import annotations

import numpy as np
import pytest

from binned_tables import cells_of
from limelight.control.product import ProductParts, own_and_others, own_probabilities, pair_part

SHARES = (np.array([0.25, 0.25, 0.5]), np.array([0.7, 0.3]), np.array([1.0]), np.array([0.1, 0.2, 0.3, 0.4]))
RATIO = 0.6


class Made:
    """A function of four columns with additive parts, two waves and two pairs, all random."""

    def __init__(self, seed: int = 0, *, waves: int = 2, pairs: tuple[tuple[int, int], ...] = ((0, 1), (3, 1))) -> None:
        rng = np.random.default_rng(seed)
        self.levels = [rng.normal(size=len(p)) for p in SHARES]
        self.waves = [rng.normal(size=(len(p), waves)) + 1j * rng.normal(size=(len(p), waves)) for p in SHARES]
        self.amplitudes = rng.normal(size=waves) + 1j * rng.normal(size=waves)
        self.tables = {(a, b): rng.normal(size=(len(SHARES[a]), len(SHARES[b]))) for a, b in pairs}
        self.parts = ProductParts(
            own_probabilities(SHARES),
            1.5,
            own_and_others(self.levels, SHARES),
            own_and_others(self.waves, SHARES),
            self.amplitudes,
            tuple(pair_part(a, b, cells, (SHARES[a], SHARES[b])) for (a, b), cells in self.tables.items()),
        )

    def values(self, cells: np.ndarray) -> np.ndarray:
        """The function at bins (m, 4), written out."""
        found = 1.5 + sum(self.levels[j][cells[:, j]] for j in range(4))
        waved = np.prod([self.waves[j][cells[:, j]] for j in range(4)], axis=0)
        found = found + (waved @ self.amplitudes).real
        for (a, b), table in self.tables.items():
            found = found + table[cells[:, a], cells[:, b]]
        return found


def enumerated(made: Made, own: np.ndarray, ratio: float = RATIO) -> tuple[np.ndarray, float, np.ndarray, np.ndarray]:
    """Coefficients and intercept by weighted least squares over all cells; the cells and their probabilities."""
    cells = cells_of(SHARES)
    stay = cells == own
    q = np.prod([SHARES[j][cells[:, j]] for j in range(4)], axis=0)
    known = (own >= 0) & (np.array([len(p) for p in SHARES]) > 1)
    q = q * ratio ** (~stay[:, known]).sum(axis=1)
    q = q / q.sum()
    X = np.concatenate([np.ones((len(cells), 1)), stay[:, known]], axis=1)
    root = np.sqrt(q)
    fit = np.linalg.lstsq(root[:, None] * X, root * made.values(cells), rcond=None)[0]
    coef = np.zeros(4)
    coef[known] = fit[1:]
    return coef, float(fit[0]), cells, q


@pytest.mark.parametrize("own", [[2, 0, 0, 1], [0, 1, 0, 3], [1, 1, 0, 0], [-1, 0, 0, 1], [2, -1, 0, -1], [-1] * 4])
@pytest.mark.parametrize("seed", [0, 1])
def test_the_projection_is_least_squares_over_all_cells(own, seed):
    """With waves and pairs; a column of one bin weighs nothing, nor does a value that is none of the bins."""
    made, own = Made(seed), np.array(own)
    coef, intercept = made.parts.project(own, RATIO)
    expected, at_zero, _, _ = enumerated(made, own)
    np.testing.assert_allclose(coef, expected, atol=1e-10)
    assert intercept == pytest.approx(at_zero)


@pytest.mark.parametrize("ratio", [1.0, 0.05])
def test_the_projection_follows_the_kernels_width(ratio):
    made, own = Made(3), np.array([2, 0, 0, 1])
    coef, intercept = made.parts.project(own, ratio)
    expected, at_zero, _, _ = enumerated(made, own, ratio)
    np.testing.assert_allclose(coef, expected, atol=1e-9)
    assert intercept == pytest.approx(at_zero)


def test_a_function_without_waves_and_pairs_is_projected_too():
    made, own = Made(2, waves=0, pairs=()), np.array([1, 1, 0, 2])
    coef, intercept = made.parts.project(own, RATIO)
    expected, at_zero, _, _ = enumerated(made, own)
    np.testing.assert_allclose(coef, expected, atol=1e-10)
    assert intercept == pytest.approx(at_zero)


def test_projecting_leaves_the_parts_as_they_were():
    made, own = Made(), np.array([2, 0, 0, 1])
    first = made.parts.project(own, RATIO)
    again = made.parts.project(own, RATIO)
    np.testing.assert_array_equal(first[0], again[0])
    assert first[1] == again[1]


def test_near_the_row_a_coordinate_stays_with_the_share_that_the_enumeration_gives_it():
    made, own = Made(), np.array([2, 0, 0, 1])
    _, _, cells, q = enumerated(made, own)
    expected = [q[cells[:, j] == own[j]].sum() for j in range(4)]
    np.testing.assert_allclose(made.parts.stay(own, RATIO), expected)
    assert made.parts.stay(np.array([-1, 0, 0, 1]), RATIO)[0] == 0.0


@pytest.mark.parametrize("own", [[2, 0, 0, 1], [0, 1, 0, 3], [-1, 0, 0, 1], [2, -1, 0, -1]])
@pytest.mark.parametrize("made", [Made(4), Made(5, waves=0), Made(6, pairs=())])
def test_levels_are_the_mean_of_the_function_in_each_bin_the_others_being_as_around_the_row(own, made):
    """By listing all cells; up to a constant for each column."""
    own = np.array(own)
    _, _, cells, q = enumerated(made, own)
    values = made.values(cells)
    counts = [len(share) for share in SHARES]
    owner = np.repeat(np.arange(4), counts)
    bins = np.concatenate([np.arange(count) for count in counts])
    found = made.parts.levels(own, RATIO, owner, bins)
    for j, count in enumerate(counts):
        expected = np.array([np.average(values[cells[:, j] == b], weights=q[cells[:, j] == b]) for b in range(count)])
        mine = found[owner == j]
        np.testing.assert_allclose(mine - mine.mean(), expected - expected.mean(), atol=1e-10)


# ------------------------------------------------------------------------------------------------------------- tables


def test_others_are_the_mean_over_the_other_bins_by_their_shares():
    values = [np.array([1.0, 5.0, -2.0]), np.array([3.0, 4.0])]
    shares = [np.array([0.2, 0.3, 0.5]), np.array([0.9, 0.1])]
    found = own_and_others(values, shares)
    assert found.shape == (2, 4, 2)
    for j in range(2):
        for b in range(len(values[j])):
            others = np.arange(len(values[j])) != b
            mean = np.average(values[j][others], weights=shares[j][others])
            np.testing.assert_allclose(found[j, b], [values[j][b], mean])
        whole = values[j] @ shares[j]
        np.testing.assert_allclose(found[j, -1], [whole, whole])
    assert not found[1, 2].any()


def test_a_single_bin_is_its_own_others():
    np.testing.assert_array_equal(own_and_others([np.array([4.0])], [np.array([1.0])])[0], [[4.0, 4.0], [4.0, 4.0]])


def test_corners_of_a_pair_are_means_over_own_bins_and_others():
    rng = np.random.default_rng(0)
    cells, a, b = rng.normal(size=(3, 2)), SHARES[0], SHARES[1]
    part = pair_part(4, 7, cells, (a, b))
    assert (part.first, part.second) == (4, 7)
    assert part.corners.shape == (4, 3, 4)
    for i in range(4):
        for k in range(3):
            rows = [np.arange(3) == i, np.arange(3) != i] if i < 3 else [np.ones(3, bool)] * 2
            columns = [np.arange(2) == k, np.arange(2) != k] if k < 2 else [np.ones(2, bool)] * 2
            # own with own, others with own, own with others, others with others
            for corner, (r, c) in enumerate([(0, 0), (1, 0), (0, 1), (1, 1)]):
                block = cells[np.ix_(rows[r], columns[c])]
                mean = np.average(block, weights=np.outer(a[rows[r]], b[columns[c]]))
                assert part.corners[i, k, corner] == pytest.approx(mean)


def test_no_bin_has_the_probability_zero():
    found = own_probabilities(SHARES)
    assert found.shape == (4, 5)
    assert (found[:, -1] == 0).all()
    for j, share in enumerate(SHARES):
        np.testing.assert_allclose(found[j, : len(share)], share)
        assert not found[j, len(share) :].any()
