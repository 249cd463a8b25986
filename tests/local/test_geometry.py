"""Leverages, the inverse and what is identified, against least squares written out."""

from __future__ import annotations

import numpy as np
import pytest

from limelight.contracts import Neighborhood
from limelight.local.geometry import by_cluster, effective_sample_size, geometry, shared_clusters
from limelight.local.moments import moments
from limelight.local.pairs import fold


def drawn(n: int, d: int, *, pairs: bool, seed: int = 0) -> Neighborhood:
    rng = np.random.default_rng(seed)
    Z = rng.integers(0, 2, (n, d)).astype(np.uint8)
    clusters = np.arange(n)
    if pairs:
        Z[n // 2 :] = 1 - Z[: n // 2]
        clusters = np.concatenate([np.arange(n // 2)] * 2)
    return Neighborhood(Z, rng.normal(size=(n, 1)), rng.uniform(0.1, 1.0, n), np.ones(d), np.zeros(n, bool), clusters)


@pytest.mark.parametrize("pairs", [True, False])
@pytest.mark.parametrize("penalty", [0.0, 0.3])
def test_the_inverse_and_leverages_are_those_of_the_hat_matrix(pairs, penalty):
    rows = drawn(60, 4, pairs=pairs)
    sample = moments(rows.Z, rows.Y, rows.weights)
    found = geometry(rows, sample, penalty)
    centred = rows.Z - sample.mean_Z
    gram = (centred * rows.weights[:, None]).T @ centred + penalty * sample.total * np.eye(4)
    np.testing.assert_allclose(found.inverse, np.linalg.inv(gram), atol=1e-12)
    hat = np.einsum("ij,jk,ik->i", centred, np.linalg.inv(gram), centred) + 1.0 / sample.total
    np.testing.assert_allclose(found.leverage, rows.weights * hat, atol=1e-12)
    assert found.identified
    assert found.penalised == (penalty > 0)
    assert len(found.rows.second) == (30 if pairs else 0)


def test_folded_or_not_the_geometry_is_the_same():
    rows = drawn(60, 4, pairs=True)
    sample = moments(rows.Z, rows.Y, rows.weights)
    alone = geometry(Neighborhood(rows.Z, rows.Y, rows.weights, rows.center, rows.enumerated, np.arange(60)), sample)
    folded = geometry(rows, sample, folded=fold(rows.Z, rows.clusters))
    np.testing.assert_allclose(folded.leverage, alone.leverage, atol=1e-12)


def test_a_pair_says_one_thing_and_not_two():
    """Eight weights from twelve rows: enough where they are independent, too few where they are six pairs."""
    for pairs in (False, True):
        rows = drawn(12, 8, pairs=pairs, seed=3)
        equal = Neighborhood(rows.Z, rows.Y, np.ones(12), rows.center, rows.enumerated, rows.clusters)
        assert geometry(equal, moments(equal.Z, equal.Y, equal.weights)).identified == (not pairs)


def test_a_direction_that_is_missing_is_not_identified_and_a_fixed_feature_asks_for_nothing():
    rows = drawn(60, 3, pairs=False)
    rows.Z[:, 2] = rows.Z[:, 0]
    assert not geometry(rows, moments(rows.Z, rows.Y, rows.weights)).identified
    rows.Z[:, 2] = 1
    sample = moments(rows.Z, rows.Y, rows.weights)
    assert not geometry(rows, sample).identified
    assert geometry(rows, sample, fixed=np.array([False, False, True])).identified


def test_values_are_summed_over_rows_that_share_randomness():
    assert shared_clusters(np.array([3, 5, 9])) is None
    assert shared_clusters(np.array([5, 3, 5])).tolist() == [1, 0, 1]
    rows = drawn(4, 2, pairs=False)
    together = Neighborhood(rows.Z, rows.Y, rows.weights, rows.center, rows.enumerated, np.array([1, 0, 1, 1]))
    folded = geometry(together, moments(rows.Z, rows.Y, rows.weights)).rows
    assert by_cluster(np.array([1.0, 2.0, 4.0, 8.0]), together, folded).tolist() == [2.0, 13.0]


def test_equal_weights_count_in_full():
    assert effective_sample_size(np.full(7, 0.2)) == pytest.approx(7.0)
    assert effective_sample_size(np.zeros(3)) == 0.0
