"""What columns tell of residuals by themselves: against sums over all pairs of draws, and models that are known."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.control.fine_cells import LEAST_DRAWS, MOST_CELLS, FineCells, _starts

N = 240


def drawn(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return bins, places and fitted columns of a number in four bins and of a category with rare values."""
    rng = np.random.default_rng(seed)
    value = rng.random(N)
    number = (value * 4).astype(int)
    word = rng.choice(5, N, p=[0.5, 0.3, 0.18, 0.01, 0.01])
    columns = np.column_stack([np.ones(N), number[:, None] == [0, 1, 2], word[:, None] == [0, 1], rng.normal(size=N)])
    return np.column_stack([number, word]), np.column_stack([value, np.zeros(N)]), columns


def fitted(columns: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the inverse, e, and e / √(1 − h) of least squares."""
    inverse = np.linalg.inv(columns.T @ columns)
    hat = columns @ inverse @ columns.T
    residual = y - hat @ y
    return inverse, residual, residual / np.sqrt(1.0 - np.diag(hat))


def by_pairs(cells: list[list[list[int]]], columns: np.ndarray, y: np.ndarray) -> float:
    """Return the share from every pair of draws, one after the other; small cells stand for draws that are alone."""
    inverse, residual, left = fitted(columns, y)
    hat, found = columns @ inverse @ columns.T, 0.0
    for column in cells:
        small = [len(cell) for cell in column if len(cell) < LEAST_DRAWS]
        together = sum(size for size in small if size > 1)
        for cell in column:
            variance = float(np.mean(left[cell] ** 2))
            pairs = N * (len(cell) - 1)
            if together and len(cell) < LEAST_DRAWS:
                pairs *= together / sum(small)
            for i in cell:
                for k in cell:
                    if i != k:
                        found += (residual[i] * residual[k] + variance * hat[i, k]) / pairs
    return found / float(y.var(ddof=1))


def cells_of(codes: np.ndarray, places: np.ndarray) -> list[list[list[int]]]:
    """Return the draws of every cell, for each column."""
    found = []
    for code, place in zip(codes.T, places.T, strict=True):
        column: list[list[int]] = []
        for bin_ in np.unique(code):
            rows = sorted(np.flatnonzero(code == bin_), key=lambda i: place[i])
            many = min(max(len(rows) // LEAST_DRAWS, 1), MOST_CELLS)
            by_cell: dict[int, list[int]] = {}
            for i in rows:
                rank = sum(place[k] < place[i] for k in rows)
                by_cell.setdefault(rank * many // len(rows), []).append(i)
            column += by_cell.values()
        found.append(column)
    return found


@pytest.mark.parametrize("seed", range(3))
def test_it_is_the_sum_over_pairs_of_draws_in_each_cell(seed):
    codes, places, columns = drawn(seed)
    places = places.round(2)  # so that some draws are equal
    y = np.random.default_rng(50 + seed).normal(size=N) + (places[:, 0] > 0.6)
    inverse, residual, left = fitted(columns, y)
    found, _ = FineCells.of(codes, places, columns, np.linalg.cholesky(inverse[::-1, ::-1])[::-1, ::-1]).share(
        residual, left, y
    )
    assert found == pytest.approx(by_pairs(cells_of(codes, places), columns, y), abs=1e-12)


def test_noise_is_as_often_below_nothing_as_above_and_has_the_error_that_is_stated():
    found, stated = [], []
    for seed in range(300):
        codes, places, columns = drawn(seed)
        y = np.random.default_rng(1000 + seed).normal(size=N) * (0.3 + places[:, 0])
        inverse, residual, left = fitted(columns, y)
        share, error = FineCells.of(codes, places, columns, np.linalg.cholesky(inverse[::-1, ::-1])[::-1, ::-1]).share(
            residual, left, y
        )
        found.append(share)
        stated.append(error)
    assert abs(np.mean(found)) < 3.0 * np.std(found) / np.sqrt(300)
    assert np.mean(stated) == pytest.approx(np.std(found), rel=0.2)


def test_equal_values_share_a_cell_and_no_cell_of_a_number_is_small():
    codes = np.repeat([0, 1, 2], [200, 30, 3])
    places = np.concatenate([np.repeat(np.arange(50.0), 4), np.arange(30.0), np.zeros(3)])
    start = _starts(codes, places)
    assert (places[start[1:]] != places[start[1:] - 1]).all()
    sizes = np.diff(start, append=len(codes))
    assert sizes[:-1].min() >= LEAST_DRAWS - 1
    assert sizes[-1] == 3
    many = np.zeros(5000, int)
    assert len(_starts(many, np.arange(5000.0))) == MOST_CELLS


# --------------------------------------------------------------------------------------------------- as it is told


def stairs(values: np.ndarray) -> np.ndarray:
    """Return steps up and down, two in each quarter of a normal column."""
    step = np.digitize(values, [-1.4, -1.1, -0.5, -0.2, 0.15, 0.5, 0.9, 1.3])
    return np.where(step % 2 == 0, 1.0, -1.0)


def told(model, d: int = 5) -> ll.Explanation:
    background = pd.DataFrame(np.random.default_rng(0).normal(size=(3000, d))).rename(columns=lambda j: f"x{j}")
    return ll.Explainer(lambda rows: model(rows.to_numpy()), ll.Tabular(background), seed=1).explain(background.iloc[0])


def test_a_model_that_steps_inside_its_bins_adds_up():
    found = told(lambda A: stairs(A[:, 0]) + stairs(A[:, 1]) + A[:, 2])
    assert found.causes == ("adds up",)
    assert found.additivity[0] > 0.95  # .75 by a level, a slope and a bend in each bin


def test_what_two_columns_do_together_stays_outside_however_fine_the_cells():
    found = told(lambda A: stairs(A[:, 0]) * np.sign(A[:, 1]))
    A = np.random.default_rng(0).normal(size=(3000, 5))
    first, second = stairs(A[:, 0]), np.sign(A[:, 1])
    alone = first.mean() ** 2 * second.var() + second.mean() ** 2 * first.var()
    truth = alone / (alone + first.var() * second.var())
    assert found.additivity[0] == pytest.approx(truth, abs=4.0 * found.additivity_stderr[0])
    assert found.causes == ("acts together",)
