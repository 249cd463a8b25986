"""Complement pairs, folded: the same sums from half the rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from limelight.contracts import FloatArray, Neighborhood
from limelight.local.moments import moments
from limelight.local.pairs import fold, unpaired
from limelight.local.precision import estimate_plain
from limelight.local.sampling import MaskSampler, design_weights


def drawn(n: int, d: int) -> Neighborhood:
    """Draw complement pairs, small strata complete, an odd row alone, with two curved outputs."""
    rng = np.random.default_rng(d)
    draws = MaskSampler("uniform").plan(d, n, exhaustive_up_to=0).draw(n, rng, first=True)
    weights = design_weights(draws.importance, draws.enumerated) * np.exp(draws.Z.mean(axis=1))
    Y = np.column_stack([np.tanh(draws.Z @ rng.normal(size=d)), draws.Z[:, 0] * draws.Z[:, 1] + 3.0])
    return Neighborhood(draws.Z, Y, weights, np.ones(d), draws.enumerated, draws.clusters)


def in_any_order(sample: Neighborhood) -> Neighborhood:
    order = np.random.default_rng(1).permutation(len(sample.Z))
    rows = ("Z", "Y", "weights", "enumerated", "clusters")
    return replace(sample, **{name: getattr(sample, name)[order] for name in rows})


@pytest.mark.parametrize(("n", "d"), [(101, 9), (400, 30)])
def test_moments_of_folded_pairs_are_those_of_the_rows(n: int, d: int) -> None:
    sample = in_any_order(drawn(n, d))
    folded = fold(sample.Z, sample.clusters)
    assert folded is not None and len(folded.second) > n // 4
    quick, plain = (moments(sample.Z, sample.Y, sample.weights, folded=each) for each in (folded, None))
    for name in ("total", "mean_Z", "mean_Y", "gram", "cross", "variance_Y"):
        np.testing.assert_allclose(getattr(quick, name), getattr(plain, name), rtol=1e-10, atol=1e-14)


@pytest.mark.parametrize(("n", "d"), [(101, 9), (400, 30)])
def test_estimates_from_folded_pairs_are_those_from_rows_that_share_clusters(n: int, d: int) -> None:
    sample = drawn(n, d)
    continuous = replace(sample, Z=sample.Z.astype(float))  # floats are never folded
    quick, plain = estimate_plain(sample), estimate_plain(continuous)
    for name in ("coef", "intercept", "stderr", "intercept_stderr", "fidelity", "fidelity_stderr", "r2"):
        np.testing.assert_allclose(getattr(quick, name), getattr(plain, name), rtol=1e-8, atol=1e-12)
    np.testing.assert_allclose(quick.covariance([3, 1]), plain.covariance([3, 1]), rtol=1e-8, atol=1e-14)
    assert quick.errors.influence([2]).shape == (len(np.unique(sample.clusters)), 2, 2)


def test_unfolding_brings_every_row_back() -> None:
    sample = in_any_order(drawn(101, 9))
    folded = fold(sample.Z, sample.clusters)
    assert folded is not None
    assert (folded.unfolded(folded.H, 0.5) == sample.Z).all()
    even: FloatArray = np.zeros(folded.H.shape) + folded.middle
    assert (folded.unfolded(folded.H, even) == sample.Z).all()


def test_rows_that_share_clusters_otherwise_are_not_folded() -> None:
    Z = np.array([[0, 1], [1, 0], [0, 1], [1, 0]], dtype=np.uint8)
    assert fold(Z, np.array([0, 0, 1, 1])) is not None
    assert fold(Z, np.array([0, 1, 0, 2])) is None  # equal rows, no complements
    assert fold(Z, np.array([0, 0, 0, 1])) is None  # three rows in a cluster
    assert fold(Z, np.arange(4)) is None
    assert fold(Z.astype(float), np.array([0, 0, 1, 1])) is None


def test_unpaired_rows_stand_alone_around_their_center() -> None:
    Z = np.array([[0.5, 2.0], [1.5, 4.0]])
    rows = unpaired(Z, Z.mean(axis=0))
    assert rows.H.tolist() == [[-0.5, -1.0], [0.5, 1.0]]
    assert rows.plus(np.ones(2)).tolist() == rows.minus(np.ones(2)).tolist() == [1.0, 1.0]
