"""Moments are the sums that they are called, whatever Z is made of, and what does not vary is exactly zero."""

from __future__ import annotations

import numpy as np
import pytest

from limelight.errors import InputError
from limelight.local.moments import moments
from limelight.local.pairs import fold


def expected(Z, Y, w):
    mean_Z, mean_Y = w @ Z / w.sum(), w @ Y / w.sum()
    z, y = Z - mean_Z, Y - mean_Y
    return mean_Z, mean_Y, (z * w[:, None]).T @ z, (z * w[:, None]).T @ y, w @ y**2 / w.sum()


@pytest.mark.parametrize("d", [3, 40])  # the general product, and the symmetric one
@pytest.mark.parametrize("kind", ["masks", "numbers", "many rows"])
def test_they_are_the_weighted_sums(d, kind):
    rng = np.random.default_rng(d)
    n = 20_000 if kind == "many rows" else 50
    Z = rng.normal(size=(n, d)) if kind == "numbers" else rng.integers(0, 2, (n, d)).astype(np.uint8)
    Y, w = rng.normal(size=(n, 2)) + 5.0, rng.uniform(0.0, 1.0, n)
    found = moments(Z, Y, w)
    mean_Z, mean_Y, gram, cross, variance = expected(Z.astype(float), Y, w)
    np.testing.assert_allclose(found.mean_Z, mean_Z, atol=1e-12)
    np.testing.assert_allclose(found.mean_Y, mean_Y)
    np.testing.assert_allclose(found.gram, gram, atol=1e-9)
    np.testing.assert_allclose(found.cross, cross, atol=1e-9)
    np.testing.assert_allclose(found.variance_Y, variance)
    assert (found.n, found.total) == (n, pytest.approx(w.sum()))


def test_folded_pairs_have_the_same_moments():
    rng = np.random.default_rng(1)
    first = rng.integers(0, 2, (30, 5)).astype(np.uint8)
    Z, clusters = np.concatenate([first, 1 - first]), np.concatenate([np.arange(30)] * 2)
    Y, w = rng.normal(size=(60, 2)), rng.uniform(0.1, 1.0, 60)
    whole, folded = moments(Z, Y, w), moments(Z, Y, w, folded=fold(Z, clusters))
    for name in ("mean_Z", "mean_Y", "gram", "cross", "variance_Y"):
        np.testing.assert_allclose(getattr(folded, name), getattr(whole, name), atol=1e-12)


def test_what_does_not_vary_is_exactly_zero():
    rng = np.random.default_rng(2)
    Z = rng.integers(0, 2, (40, 3)).astype(np.uint8)
    Z[:, 1] = 1
    Y = np.column_stack([rng.normal(size=40), np.full(40, 0.1)])
    found = moments(Z, Y, rng.uniform(0.1, 1.0, 40))
    assert not found.gram[1].any()
    assert not found.gram[:, 1].any()
    assert not found.cross[1].any()
    assert not found.cross[:, 1].any()
    assert found.variance_Y[1] == 0.0
    assert found.varying.tolist() == [True, False, True]


def test_no_weight_at_all_is_no_moment_and_no_nan():
    found = moments(np.ones((2, 2), np.uint8), np.array([[1.0], [3.0]]), np.zeros(2))
    assert found.mean_Y.tolist() == [2.0]
    assert not found.gram.any()
    assert not found.varying.any()


@pytest.mark.parametrize(
    ("Z", "Y", "w", "said"),
    [
        (np.zeros((2, 1)), np.zeros((3, 1)), np.ones(2), "one row and one weight"),
        (np.zeros((2, 1)), np.zeros((2, 1)), np.array([1.0, -1.0]), "non-negative"),
        (np.zeros((2, 1)), np.zeros((2, 1)), np.array([1.0, np.inf]), "finite"),
    ],
)
def test_arrays_that_do_not_belong_together_are_refused(Z, Y, w, said):
    with pytest.raises(InputError, match=said):
        moments(Z, Y, w)
