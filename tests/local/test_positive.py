"""Cholesky's solutions and inverses are those of elimination, also where a matrix is not positive definite."""

from __future__ import annotations

import numpy as np
import pytest

from limelight.local.positive import half_inverse, invert_positive, solve_positive


def positive(p: int, seed: int) -> np.ndarray:
    rows = np.random.default_rng(seed).normal(size=(p + 5, p))
    return rows.T @ rows


@pytest.mark.parametrize("p", [1, 2, 7, 95])
def test_solutions_and_inverses_are_those_of_elimination(p):
    matrix = positive(p, p)
    right = np.random.default_rng(0).normal(size=(p, 3))
    np.testing.assert_allclose(solve_positive(matrix.copy(), right), np.linalg.solve(matrix, right), atol=1e-9)
    one = solve_positive(matrix.copy(), right[:, 0])
    assert one.shape == (p,)
    np.testing.assert_allclose(matrix @ one, right[:, 0], atol=1e-9)
    inverse = invert_positive(matrix.copy())
    np.testing.assert_allclose(inverse @ matrix, np.eye(p), atol=1e-8)
    np.testing.assert_array_equal(inverse, inverse.T)
    half = half_inverse(matrix.copy())
    np.testing.assert_allclose(half @ half.T, inverse, atol=1e-8)
    np.testing.assert_array_equal(half, np.triu(half))


@pytest.mark.parametrize("first", [1.0, -1.0])  # the factorisation ends late, or at once
def test_a_matrix_that_is_not_positive_definite_is_eliminated_with_pivots(first):
    matrix = np.diag([first, 2.0, -3.0]) + 0.5
    right = np.array([1.0, 2.0, 3.0])
    np.testing.assert_allclose(solve_positive(matrix.copy(), right), np.linalg.solve(matrix, right))
    np.testing.assert_allclose(invert_positive(matrix.copy()), np.linalg.inv(matrix))


def test_half_of_an_inverse_is_there_also_where_rounding_has_made_the_matrix_indefinite():
    column = np.array([1.0, 2.0, 3.0, 4.0])
    matrix = np.array([[column @ column, column @ column], [column @ column, column @ column * (1.0 - 1e-12)]])
    half = half_inverse(matrix.copy())
    assert np.isfinite(half).all()
    # along the sum, which is known; along the difference nothing is
    np.testing.assert_allclose(np.square(half.T @ matrix @ np.ones(2)).sum(), matrix.sum(), rtol=1e-5)


def test_a_singular_matrix_is_refused_as_elimination_refuses_it():
    with pytest.raises(np.linalg.LinAlgError):
        solve_positive(np.zeros((2, 2)), np.ones(2))
    with pytest.raises(np.linalg.LinAlgError):
        invert_positive(np.zeros((2, 2)))
