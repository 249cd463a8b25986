"""Pairs of columns that act together: their shares, the tests that they have to pass, and their tables."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from binned_tables import UNEQUAL, control, normal_columns, shared
from limelight.control.bin_pairs import PairTable, PairTests, fit_table, pair_tests

R = 8
BINS = np.array([3, 2, 4])
FIRST = np.array([0, 3, 5])


def rows(n: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return np.column_stack([rng.choice(len(p), n, p=p) for p in UNEQUAL])


def without_sums(codes: np.ndarray, y: np.ndarray) -> np.ndarray:
    """What the best additive function leaves of y, e / √(1 − h)."""
    X = (np.arange(9) == (codes + FIRST)[:, :, None]).any(axis=1).astype(float)
    inverse = np.linalg.pinv(X.T @ X)
    leverage = np.einsum("ij,jk,ik->i", X, inverse, X)
    return (y - X @ (inverse @ (X.T @ y))) / np.sqrt(1 - leverage)


def result_of(codes: np.ndarray, residual: np.ndarray, total: float) -> PairTests:
    return pair_tests(codes, residual, BINS, R, total)


def test_shares_and_both_tests_are_those_of_double_loops():
    """Σ M_r (M − M_r) / (N − N_r) over replicates and cells; χ² by the noise in each cell."""
    codes = rows(400, 1)
    residual = np.random.default_rng(2).normal(size=400) + 0.8 * ((codes[:, 0] == 2) == (codes[:, 1] == 0))
    residual -= residual.mean()
    total, replicate = 700.0, np.arange(400) % R
    found = result_of(codes, residual, total)
    assert list(zip(found.first.tolist(), found.second.tolist(), strict=True)) == [(0, 1), (0, 2), (1, 2)]
    for at, (i, j) in enumerate([(0, 1), (0, 2), (1, 2)]):
        against, explained, mean, variance = np.zeros(R), 0.0, 0.0, 0.0
        for a in range(BINS[i]):
            for b in range(BINS[j]):
                cell = (codes[:, i] == a) & (codes[:, j] == b)
                noise = np.square(residual[cell]).mean()
                mean, variance = mean + noise, variance + 2 * noise**2
                explained += residual[cell].sum() ** 2 / cell.sum()
                for r in range(R):
                    mine = cell & (replicate == r)
                    rest = cell & (replicate != r)
                    against[r] += residual[mine].sum() * residual[rest].sum() / rest.sum()
        free = (BINS[i] - 1) * (BINS[j] - 1) / (BINS[i] * BINS[j])
        mean, variance = mean * free, variance * free
        assert found.share[at] == pytest.approx(against.sum() / total, rel=1e-10, abs=1e-12)
        # Satterthwaite: a multiple of χ² with this mean and variance
        freedom = 2 * mean**2 / variance
        assert found.p[at] == pytest.approx(stats.chi2.sf(explained * freedom / mean, freedom), rel=1e-3, abs=1e-12)
        spread = np.sqrt(R * against.var(ddof=1) * 2 * (R - 1) / (R - 2))
        assert found.t[at] == pytest.approx(against.sum() / spread, rel=1e-3, abs=1e-6)
        assert found.stderr[at] == pytest.approx(spread / total, rel=1e-3)


def test_the_share_of_noise_has_the_mean_zero_and_its_error_is_of_the_right_size():
    found = []
    for seed in range(300):
        noise = np.random.default_rng(1000 + seed).normal(size=400)
        found.append(result_of(rows(400, seed), noise, 400.0))
    share = np.array([each.share for each in found])
    stderr = np.array([each.stderr for each in found])
    assert (np.abs(share.mean(axis=0)) < 4 * share.std(axis=0) / np.sqrt(300)).all()
    ratio = np.sqrt(np.square(stderr).mean(axis=0)) / share.std(axis=0)
    assert ratio.min() > 0.8
    assert ratio.max() < 1.4


def test_after_an_additive_fit_noise_passes_the_chi_square_test_as_often_as_it_says_and_no_share_is_too_large():
    """The fit takes a row for each free level from the cells: the share errs on the safe side by that much."""
    found = []
    for seed in range(300):
        codes = rows(400, seed)
        noise = without_sums(codes, np.random.default_rng(1000 + seed).normal(size=400))
        found.append(result_of(codes, noise, 400.0))
    p, share = np.array([each.p for each in found]), np.array([each.share for each in found])
    assert (np.abs((p < 0.1).mean(axis=0) - 0.1) < 0.06).all()
    taken = np.array([3 + 2 - 1, 3 + 4 - 1, 2 + 4 - 1]) / 400
    np.testing.assert_allclose(share.mean(axis=0), -taken, atol=0.003)


def test_the_share_of_a_pair_is_how_much_of_the_movement_its_cells_explain():
    """An effect of ±1 on a balanced product of yes and no explains 1 of 1 + noise²."""
    shares = []
    for seed in range(60):
        codes = rows(600, seed)
        first, second = codes[:, 0] == 2, codes[:, 1] == 0
        effect = (first - 0.5) * (second - 0.7) / np.sqrt(0.25 * 0.21)
        residual = effect + np.random.default_rng(seed).normal(size=600)
        shares.append(result_of(codes, residual, 1200.0).share[0])
    assert np.mean(shares) == pytest.approx(0.5, abs=0.03)


def test_only_pairs_that_pass_all_tests_and_are_new_are_believed():
    first, second = np.array([0, 0, 0, 1, 1, 2]), np.array([1, 2, 3, 2, 3, 3])
    share = np.array([0.5, 0.5, 0.5, 0.009, 0.5, 0.01])
    p = np.array([1e-9, 0.009, 1e-9, 1e-9, 1e-9, 1e-9])
    t = np.array([9.0, 9.0, 3.4, 9.0, 9.0, 3.6])
    found = PairTests(first, second, share, p, t, np.ones(6))
    # the second fails χ² after Bonferroni's correction, the third Student's t at .995, the fourth is too small
    assert found.believed(set()).tolist() == [True, False, False, False, True, True]
    assert found.believed({(1, 3)}).tolist() == [True, False, False, False, False, True]
    none = PairTests(first[:0], second[:0], share[:0], p[:0], t[:0], share[:0])
    assert not none.believed(set()).any()


# ------------------------------------------------------------------------------------------------------------- tables


def inner(n: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=(n, 3, 4))


def slow_table(codes, inside, residual, kept) -> np.ndarray:
    """One table of the pair (0, 2), term after term, each on what the ones before it leave."""
    left = residual.copy()
    found = np.zeros((3, 4, 4))
    v, w = inside[:, 0, 0], inside[:, 2, 0]
    for term, column in enumerate((np.ones(len(left)), v, w, v * w)):
        slopes = np.zeros((3, 4))
        for a in range(3):
            for b in range(4):
                cell = (codes[:, 0] == a) & (codes[:, 2] == b) & kept
                if cell.sum() >= 28:
                    slopes[a, b] = (left[cell] @ column[cell]) / (column[cell] @ column[cell] + 8.0)
        found[:, :, term] = slopes
        left = left - slopes[codes[:, 0], codes[:, 2]] * column
    return found


def test_a_table_is_that_of_loops_over_its_cells_without_the_folds_own_rows():
    n = 420
    codes, inside = rows(n, 3), inner(n, 4)
    residual = np.random.default_rng(5).normal(size=(R, n))
    kept = residual.copy()
    found, left = fit_table((0, 2), codes, inside, residual, (3, 4))
    assert found.cells.shape == (R, 3, 4, 4)
    counts = np.bincount(codes[:, 0] * 4 + codes[:, 2], minlength=12)
    assert (counts < 28).any()  # some cells have too few rows, and no term
    assert (counts > 40).any()
    for r in range(R):
        expected = slow_table(codes, inside, residual[r], np.arange(n) % R != r)
        np.testing.assert_allclose(found.cells[r], expected, atol=1e-10)
    np.testing.assert_array_equal(residual, kept)
    np.testing.assert_allclose(left, residual - found.predict(codes, inside), atol=1e-12)


def test_a_table_of_everything_sees_all_rows():
    n = 420
    codes, inside, residual = rows(n, 3), inner(n, 4), np.random.default_rng(5).normal(size=(1, n))
    found, left = fit_table((0, 2), codes, inside, residual, (3, 4), everything=True)
    np.testing.assert_allclose(found.cells[0], slow_table(codes, inside, residual[0], np.ones(n, bool)), atol=1e-10)
    np.testing.assert_allclose(left, residual - found.predict(codes, inside), atol=1e-12)


def test_the_table_of_a_fold_does_not_depend_on_its_replicates_outputs():
    n = 420
    codes, inside = rows(n, 6), inner(n, 7)
    residual = np.random.default_rng(8).normal(size=(R, n))
    before, _ = fit_table((0, 2), codes, inside, residual, (3, 4))
    moved = residual + 100.0 * (np.arange(n) % R == 5)
    after, _ = fit_table((0, 2), codes, inside, moved, (3, 4))
    np.testing.assert_array_equal(after.cells[5], before.cells[5])
    for r in (0, 4, 7):
        assert np.abs(after.cells[r] - before.cells[r]).max() > 1.0


def test_what_a_table_says_of_draws_is_its_level_and_slopes_in_their_cell():
    cells = np.random.default_rng(9).normal(size=(2, 3, 4, 4))
    codes, inside = rows(20, 10), inner(20, 11)
    found = PairTable(0, 2, cells).predict(codes, inside)
    for r in range(2):
        for i in range(20):
            v, w = inside[i, 0, 0], inside[i, 2, 0]
            assert found[r, i] == pytest.approx(cells[r, codes[i, 0], codes[i, 2]] @ [1.0, v, w, v * w])


def test_what_one_fold_says_of_each_draw_is_its_own_line_of_what_all_say():
    cells = np.random.default_rng(9).normal(size=(2, 3, 4, 4))
    codes, inside = rows(20, 10), inner(20, 11)
    table, fold = PairTable(0, 2, cells), np.arange(20) % 2
    expected = table.predict(codes, inside)[fold, np.arange(20)]
    np.testing.assert_allclose(table.predict_own(codes, inside, fold), expected)


# ------------------------------------------------------------------------------------------------ pairs that are named


def named(model, seed: int, n: int = 2048) -> list[tuple[int, int]]:
    U, codes = shared(n, seed)
    y = model(normal_columns(U), np.random.default_rng(seed))
    return [(first, second) for first, second, _, _ in control(U, codes, y).model.pairs]


def test_exclusive_or_and_products_are_found_and_nothing_beside_them():
    for seed in range(4):
        assert named(lambda X, _: ((X[:, 0] > 0) ^ (X[:, 2] > 0)) * 1.0, seed) == [(0, 2)]
        assert named(lambda X, rng: X[:, 1] * X[:, 3] + 0.3 * rng.normal(size=len(X)), seed) == [(1, 3)]


def test_two_pairs_are_named_largest_first_with_their_shares():
    U, codes = shared(4096, 3)
    X = normal_columns(U)
    found = control(U, codes, 1.5 * X[:, 0] * X[:, 1] + X[:, 2] * X[:, 3]).model.pairs
    assert [each[:2] for each in found] == [(0, 1), (2, 3)]
    assert found[0][2] > found[1][2] > 0.1
    assert all(0 < stderr < 0.1 for *_, stderr in found)


def test_no_pair_is_named_where_none_acts():
    """An additive step function with noise, a parity of three, noise alone."""
    for seed in range(6):
        assert named(lambda X, rng: (X[:, 0] > 0) + 0.5 * rng.normal(size=len(X)), seed) == []
        assert named(lambda X, _: np.prod(np.sign(X[:, :3]), axis=1), seed) == []
        assert named(lambda X, rng: rng.normal(size=len(X)), seed) == []
