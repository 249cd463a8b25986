"""Spread masks: the law stays, correlations go."""

from __future__ import annotations

import itertools
import math
from collections import Counter

import numpy as np
import pytest

from limelight.local.sampling import MaskSampler, size_law
from limelight.local.spread import MOST_LISTED, apart, near_law, spread_masks, systematic


def correlation(Z: np.ndarray) -> float:
    apart = np.corrcoef(Z.T) - np.eye(Z.shape[1])
    return float(np.sqrt(np.square(apart).mean()))


@pytest.mark.parametrize(("n", "d"), [(29, 20), (64, 60), (120, 30)])
def test_columns_are_far_less_correlated_than_those_of_independent_rows(n: int, d: int) -> None:
    rng = np.random.default_rng(n)
    Z = (rng.random((n, d)) < 0.5).astype(np.uint8)
    spread = spread_masks(Z, rng)
    assert correlation(spread) < 0.55 * correlation(Z)
    assert (spread.sum(axis=1) == Z.sum(axis=1)).all()


def test_features_are_hidden_equally_often() -> None:
    rng = np.random.default_rng(3)
    spread = spread_masks((rng.random((48, 12)) < 0.5).astype(np.uint8), rng)
    assert np.ptp(spread.sum(axis=0)) <= 3


def test_each_row_is_uniform_among_the_masks_of_its_size() -> None:
    rng = np.random.default_rng(0)
    seen: dict[bytes, int] = {}
    for _ in range(1500):
        Z = np.zeros((6, 4), np.uint8)
        Z[:, :2] = 1
        row = spread_masks(Z, rng)[0].tobytes()
        seen[row] = seen.get(row, 0) + 1
    assert len(seen) == 6  # C(4, 2)
    expected = 1500 / 6
    assert sum((count - expected) ** 2 / expected for count in seen.values()) < 20.5  # χ² of 5 at 0.999


@pytest.mark.parametrize(("n", "d", "seed"), [(40, 6, 0), (55, 6, 1), (115, 6, 2), (10, 4, 3)])
def test_a_mask_comes_again_only_where_all_others_of_its_size_came(n: int, d: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    Z = (rng.random((n, d)) < 0.5).astype(np.uint8)
    found = apart(Z, rng)
    assert (found.sum(axis=1) == Z.sum(axis=1)).all()
    for size in range(d + 1):
        every = {sum(1 << j for j in ones) for ones in itertools.combinations(range(d), size)}
        count = Counter(found[found.sum(axis=1) == size].astype(int) @ (1 << np.arange(d)))
        times = [count[mask] for mask in every]
        assert max(times) - min(times) <= 1


def test_masks_that_stand_there_once_stay() -> None:
    rng = np.random.default_rng(0)
    Z = np.unique((rng.random((12, 8)) < 0.5).astype(np.uint8), axis=0)
    assert (apart(Z, rng) == Z).all()
    many = np.zeros((3, 20), np.uint8)
    many[:, :10] = 1  # 184,756 masks of this size are not listed
    assert math.comb(20, 10) > MOST_LISTED and (apart(many, rng) == many).all()


def test_among_the_masks_of_a_size_each_is_as_likely() -> None:
    rng, seen = np.random.default_rng(5), Counter[bytes]()
    for _ in range(1500):
        Z = np.zeros((3, 4), np.uint8)
        Z[:, rng.choice(4, 2, replace=False)] = 1  # three times the same mask
        seen.update(mask.tobytes() for mask in apart(Z, rng))
    expected = 4500 / 6
    assert len(seen) == 6 and sum((count - expected) ** 2 / expected for count in seen.values()) < 20.5


def test_the_given_masks_are_not_changed_and_tiny_ones_stay() -> None:
    rng = np.random.default_rng(0)
    Z = (rng.random((20, 6)) < 0.5).astype(np.uint8)
    before = Z.copy()
    spread_masks(Z, rng)
    assert (before == Z).all()
    assert spread_masks(Z[:1], rng).tolist() == Z[:1].tolist()


def test_the_plan_draws_the_law_it_was_asked_for() -> None:
    d, n = 10, 4000
    for law in ("bernoulli", "near"):
        plan = MaskSampler(law, "spread").plan(d, n, exhaustive_up_to=10**6, once=True)
        draws = plan.draw(n, np.random.default_rng(0), first=True)
        found = np.bincount(draws.Z.sum(axis=1).astype(int), minlength=d + 1) / n
        assert np.abs(found - size_law(law, d)).max() < 1.5 / n * d
        assert not draws.enumerated.any()
        assert plan.exhaustive_rows is None


def test_near_hides_up_to_a_fifth() -> None:
    assert np.flatnonzero(near_law(60)).tolist() == [*range(48, 60)]
    assert near_law(2).tolist() == [0.5, 0.5, 0.0]
    assert size_law("near", 1).tolist() == [0.5, 0.5]


def test_systematic_counts_are_within_one_of_what_is_expected() -> None:
    p = np.array([0.1, 0.25, 0.65])
    counts = np.bincount(systematic(p, 37, np.random.default_rng(1)), minlength=3)
    assert np.abs(counts - 37 * p).max() < 1 + 1e-9
