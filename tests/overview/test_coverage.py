"""Greedy coverage of a matrix's columns: what it gains, who wins a tie, and rows that cover the same."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.sparse import csr_array

from limelight.overview.coverage import _kinds, feature_importances, lazy_greedy, rounded


def picked(W: list[list[float]], budget: int) -> tuple[list[int], list[float]]:
    matrix = csr_array(np.array(W))
    return lazy_greedy(matrix, feature_importances(matrix), budget)


def test_each_row_gains_what_nobody_has_covered() -> None:
    # I = √(4 + 9), √1, √16: the first row gains √13 + 1; the third what it alone covers; the second nothing
    rows, gains = picked([[4.0, 1.0, 0.0], [9.0, 0.0, 0.0], [0.0, 0.0, 16.0]], 3)
    assert rows == [0, 2, 1]
    assert gains == pytest.approx([13**0.5 + 1.0, 4.0, 0.0])


def test_a_tie_goes_to_the_larger_row_then_to_the_earlier() -> None:
    rows, _ = picked([[1.0, 1.0], [1.0, 2.0], [1.0, 2.0]], 3)
    assert rows == [1, 2, 0]


def test_ties_are_ties_whatever_the_last_digit_says() -> None:
    third = np.array([1.0, 1.0 + 1e-15, 3.0])
    assert rounded(third)[0] == rounded(third)[1] != rounded(third)[2]
    assert not len(rounded(np.empty(0)))


def test_importances_do_not_depend_on_the_order_of_the_rows() -> None:
    values = np.random.default_rng(0).lognormal(sigma=12.0, size=(200, 3))
    order = np.random.default_rng(1).permutation(200)
    assert (feature_importances(csr_array(values)) == feature_importances(csr_array(values[order]))).all()


@pytest.mark.parametrize("columns", [3, 62, 63, 80])
def test_rows_of_one_kind_cover_the_same_columns_however_many_there_are(columns: int) -> None:
    rng = np.random.default_rng(columns)
    W = rng.random((60, columns)) < np.repeat([0.0, 0.02, 0.9], 20)[:, None]
    W[40:50] = W[50:60]
    kinds = _kinds(csr_array(W.astype(float)))
    for a in range(60):
        for b in range(60):
            assert (kinds[a] == kinds[b]) == (W[a] == W[b]).all()
