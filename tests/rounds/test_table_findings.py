"""What shared draws say of pairs and of what is left, against a slow regression over all rows."""

from __future__ import annotations

import math

import numpy as np
import pytest

import limelight as ll
from limelight.rounds.table_findings import _acting, spread_of


def slow_slope(Z: np.ndarray, w: np.ndarray, e: np.ndarray) -> float:
    """The weighted slope of e on the product of the two centred columns, without an intercept."""
    centred = Z - (w[:, None] * Z).sum(axis=0) / w.sum()
    x = centred[:, 0] * centred[:, 1]
    return float((w * x * e).sum() / (w * x * x).sum())


def sums(Z: np.ndarray, w: np.ndarray, e: np.ndarray, replicates: int) -> list[np.ndarray]:
    """(1, R, 2) Σ w and Σ w e by replicate: of all rows, of those in either bin, and in both."""
    found = []
    for inside in (np.ones(len(Z)), Z[:, 0], Z[:, 1], Z[:, 0] * Z[:, 1]):
        parts = [(inside * w).reshape(replicates, -1).sum(axis=1), (inside * w * e).reshape(replicates, -1).sum(axis=1)]
        found.append(np.stack(parts, axis=1)[None])
    return found


@pytest.mark.parametrize("seed", range(5))
def test_what_a_pair_adds_is_the_slope_on_the_product_of_the_centred_columns(seed: int) -> None:
    rng = np.random.default_rng(seed)
    Z = (rng.random((240, 2)) < [0.3, 0.6]).astype(float)
    w, e = rng.random(240), rng.normal(size=240) + 2.0 * Z[:, 0] * Z[:, 1]
    size, error = _acting(*sums(Z, w, e, 8))
    assert size[0] == pytest.approx(slow_slope(Z, w, e))
    # leaving the pair alone costs nothing where the replicates agree
    assert error[0] > 0.0
    exact, none = _acting(*sums(np.tile(Z[:30], (8, 1)), np.tile(w[:30], 8), np.tile(e[:30], 8), 8))
    assert exact[0] == pytest.approx(slow_slope(Z[:30], w[:30], e[:30]))
    assert none[0] == pytest.approx(0.0, abs=1e-12)


def test_the_stated_error_of_a_pair_is_the_scatter_over_many_samples() -> None:
    rng = np.random.default_rng(0)
    found, stated = [], []
    for _ in range(300):
        Z = (rng.random((160, 2)) < 0.5).astype(float)
        size, error = _acting(*sums(Z, np.ones(160), rng.normal(size=160), 16))
        found.append(size[0])
        stated.append(error[0])
    assert math.sqrt(np.mean(np.square(stated))) == pytest.approx(np.std(found), rel=0.15)


def test_a_pair_whose_columns_do_not_vary_has_no_size() -> None:
    Z = np.ones((40, 2))
    with np.errstate(invalid="ignore"):
        size, _ = _acting(*sums(Z, np.ones(40), np.arange(40.0), 4))
    assert np.isnan(size[0])


def test_what_is_left_is_a_standard_deviation_and_no_weight_is_no_error() -> None:
    assert spread_of(np.array([[8.0, 2.0]]), np.array([2.0])).tolist() == [[2.0, 1.0]]
    assert spread_of(np.array([[0.0]]), np.array([0.0])).tolist() == [[0.0]]


def test_a_product_of_two_columns_is_found_as_a_pair_with_the_size_that_it_has_here() -> None:
    X = np.random.default_rng(0).choice([0.0, 1.0], size=(600, 3))
    told = ll.Explainer(lambda X: 4.0 * X[:, 0] * X[:, 1] + X[:, 2], ll.Tabular(X), seed=0).explain(np.ones(3))
    ((pair,),) = told.pairs
    assert (pair.first, pair.second) == (0, 1)
    assert pair.size == pytest.approx(4.0, abs=4 * max(pair.stderr, 0.05))
    together = np.array([4 * a * b for a, b in X[:, :2]])
    assert 0.0 < pair.share < together.var() / (together.var() + 0.25)
