"""How well one column alone foretells the truth, on rows that it was not learned from."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import r2_score, roc_auc_score

from limelight.overview.checks.skill import CELLS, auc, auc_error, cells_of, explained, foretold


def test_few_values_are_cells_of_their_own_and_many_numbers_are_cut_at_equal_counts() -> None:
    assert cells_of(np.array([3.0, 1.0, 3.0])).tolist() == [2, 1, 2]
    cells = cells_of(np.random.default_rng(0).normal(size=10_000))
    counts = np.bincount(cells)[1:]
    assert len(counts) == CELLS
    assert counts.min() > 450
    assert counts.max() < 550


def test_what_is_missing_is_a_cell_of_its_own() -> None:
    assert cells_of(np.array([np.nan, 1.0, np.inf])).tolist() == [0, 1, 0]


@pytest.mark.parametrize("ties", [False, True])
def test_auc_is_that_of_scikit_learn(ties: bool) -> None:
    rng = np.random.default_rng(1)
    truth = rng.integers(0, 2, 300).astype(float)
    score = rng.normal(size=300) + truth
    score = np.round(score) if ties else score
    assert auc(score, truth) == pytest.approx(roc_auc_score(truth, score), abs=1e-12)
    assert auc(score, np.ones(300)) == 0.5


def test_its_error_is_how_much_it_scatters() -> None:
    rng = np.random.default_rng(2)
    found = []
    for _ in range(400):
        truth = (rng.random(200) < 0.3).astype(float)
        found.append(auc(rng.normal(size=200) + truth, truth))
    stated = auc_error(float(np.mean(found)), (np.arange(200) < 60).astype(float))
    assert np.std(found) == pytest.approx(stated, rel=0.15)


def test_explained_variance_is_that_of_scikit_learn_and_never_negative() -> None:
    rng = np.random.default_rng(3)
    truth = rng.normal(size=100)
    said = truth + rng.normal(size=100) / 2
    assert explained(said, truth) == pytest.approx(r2_score(truth, said), abs=1e-12)
    assert explained(-truth, truth) == 0.0
    assert explained(truth, np.ones(100)) == 0.0


def test_a_column_of_names_foretells_nothing_of_rows_that_it_was_not_learned_from() -> None:
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 2, 500).astype(float)
    assert abs(auc(foretold(np.arange(500), truth), truth) - 0.5) < 0.1
    assert auc(foretold((truth > 0).astype(np.int64), truth), truth) == 1.0


def test_a_row_s_own_truth_is_no_part_of_what_is_foretold_for_it() -> None:
    cells, truth = np.zeros(50, dtype=np.int64), np.zeros(50)
    before = foretold(cells, truth)[7]
    truth[7] = 1000.0
    assert foretold(cells, truth)[7] == before
