"""Fits without each replicate, held against refits."""

from __future__ import annotations

import numpy as np

from limelight.control.folds import Folds, fold_sums
from limelight.local.replicates import by_replicate


def test_leaving_a_replicate_out_is_a_ridge_fit_to_the_other_rows():
    rng, replicates, n, p = np.random.default_rng(4), 8, 61, 5
    X, Y, penalty = rng.normal(size=(n, p)), rng.normal(size=(n, 2)), np.linspace(0.0, 0.01, p)
    folds = fold_sums(by_replicate(X, replicates), by_replicate(Y, replicates), penalty, n)
    found = folds.solve()
    assert found.shape == (replicates + 1, p, 2)
    for r in range(replicates + 1):
        kept = np.arange(n) % replicates != r
        stacked = np.concatenate([X[kept], np.diag(np.sqrt(penalty * n))])
        target = np.concatenate([Y[kept], np.zeros((p, 2))])
        np.testing.assert_allclose(found[r], np.linalg.lstsq(stacked, target, rcond=None)[0], atol=1e-10)
    expected = np.linalg.inv(X.T @ X + np.diag(penalty * n))
    half = folds.half_inverse()
    np.testing.assert_allclose(half @ half.T, expected)
    np.testing.assert_array_equal(folds.solve([5, 2, replicates]), found[[5, 2, replicates]])


def test_asking_for_the_inverse_leaves_the_sums_as_they_were():
    gram = np.stack([np.eye(2), 2 * np.eye(2)])
    folds = Folds(gram.copy(), np.ones((2, 2, 1)), np.ones(2))
    np.testing.assert_array_equal(folds.half_inverse(), np.eye(2) / 2)
    np.testing.assert_array_equal(folds.gram, gram)
