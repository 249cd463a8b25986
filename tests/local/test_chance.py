"""What of answers to masks is chance: by hand, and against truths that are known over many seeds."""

from __future__ import annotations

import numpy as np
import pytest

from limelight.contracts import Neighborhood
from limelight.local.chance import _error, chance
from limelight.local.interactions import additivity
from limelight.local.sampling import MaskSampler, design_weights


def neighborhood(Z: np.ndarray, Y: np.ndarray, weights: np.ndarray | None = None, **more: np.ndarray) -> Neighborhood:
    n = len(Z)
    weights = np.ones(n) if weights is None else weights
    return Neighborhood(Z, Y, weights, np.ones(Z.shape[1]), np.zeros(n, bool), np.arange(n), **more)


def test_answers_of_a_sure_model_to_masks_that_hide_alike_hold_no_chance() -> None:
    Z = np.array([[0], [1]] * 50, np.uint8)
    found = chance(neighborhood(Z, Z * np.array([[1.0, 2.0]])), drawn=False)
    assert found.share.tolist() == found.stderr.tolist() == [0.0, 0.0]


def test_a_noisy_model_says_its_own() -> None:
    Z = np.array([[0], [1]], np.uint8)
    Y, noise, weights = np.array([[0.0], [4.0]]), np.array([[1.0], [0.2]]), np.array([3.0, 1.0])
    # variance of 0, 0, 0, 4 is 3; the noise of 1, 1, 1, .2 is .8 on average
    found = chance(neighborhood(Z, Y, weights, noise=noise), drawn=False)
    assert found.share == pytest.approx([0.8 / 3])


def test_repeats_tell_it_size_by_size_and_sizes_between_lie_between() -> None:
    none, both = np.zeros((20, 2), np.uint8), np.ones((20, 2), np.uint8)
    one = np.array([[0, 1], [1, 0]], np.uint8)
    Z = np.concatenate([none, one, both])
    y = np.concatenate([np.tile([0.0, 4.0], 10), [5.0, 7.0], np.tile([1.0, 1.5], 10)])
    weights = np.concatenate([np.full(20, 1.0), np.full(2, 8.0), np.full(20, 0.5)])
    low, high = 4.0 * 20 / 19, 0.0625 * 20 / 19  # variances of 0 and 4, and of 1 and 1.5, by n − 1
    share = weights / weights.sum()
    total = share @ np.square(y - share @ y)
    expected = (20 * low + 16 * (low + high) / 2 + 10 * high) / 46 / total
    assert chance(neighborhood(Z, y[:, None], weights), drawn=True).share == pytest.approx([expected])


@pytest.mark.parametrize(("rows", "known"), [(15, False), (16, True)])
def test_thirty_differences_must_be_there(rows: int, known: bool) -> None:
    Z = np.tile(np.array([[0], [1]], np.uint8), (rows, 1))
    y = np.random.default_rng(0).normal(size=(2 * rows, 1))
    assert np.isfinite(chance(neighborhood(Z, y), drawn=True).share).all() == known


def test_masks_that_never_come_twice_tell_nothing_however_many_others_do() -> None:
    rng = np.random.default_rng(0)
    many = rng.integers(0, 2, (100, 40)).astype(np.uint8)
    Z = np.concatenate([many, np.zeros((60, 40), np.uint8)])
    y = rng.normal(size=(160, 1))
    heavy = np.concatenate([np.full(100, 1.0), np.full(60, 0.1)])
    assert np.isnan(chance(neighborhood(Z, y, heavy), drawn=True).share).all()
    assert np.isfinite(chance(neighborhood(Z, y, heavy[::-1].copy()), drawn=True).share).all()


@pytest.mark.parametrize(("d", "n"), [(5, 512), (8, 1024), (14, 4096)])
def test_it_is_right_on_average_and_what_adds_up_of_the_rest_is_all(d: int, n: int) -> None:
    shares, truths, added = [], [], []
    for seed in range(30):
        rng = np.random.default_rng([seed, d])
        draws = MaskSampler("uniform").plan(d, n, exhaustive_up_to=0, once=False).draw(n, rng, first=True)
        Z = draws.Z
        weights = design_weights(draws.importance, draws.enumerated) * np.exp(Z.mean(axis=1))
        spread = 0.2 + 1.5 * (1.0 - Z.mean(axis=1))  # who hides more draws more
        clean = Z @ np.linspace(1.0, 0.2, d)
        y = clean + spread * rng.normal(size=n)
        around = Neighborhood(Z, y[:, None], weights, np.ones(d), draws.enumerated, draws.clusters)
        found = chance(around, drawn=True)
        share = weights / weights.sum()
        by_chance = share @ np.square(spread)
        truths.append(by_chance / (by_chance + share @ np.square(clean - share @ clean)))
        shares.append(found.share[0])
        added.append(additivity(around).share[0] / (1.0 - found.share[0]))
    off = np.array(shares) - np.array(truths)
    assert abs(off.mean()) < 4 * off.std() / np.sqrt(30) + 0.01
    assert np.mean(added) == pytest.approx(1.0, abs=0.02)


def test_the_error_is_of_what_chance_leaves() -> None:
    rest, stated = [], []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        Z = np.tile(((np.arange(8)[:, None] >> np.arange(3)) & 1).astype(np.uint8), (32, 1))
        # nothing moves the answer but chance: what is left is 0, and its error is all there is to it
        found = chance(neighborhood(Z, rng.normal(size=(256, 1))), drawn=True)
        rest.append(1.0 - found.share[0])
        stated.append(found.stderr[0])
    assert np.std(rest) == pytest.approx(np.mean(stated), rel=0.2)


def test_of_answers_that_never_move_nothing_is_known() -> None:
    Z = np.random.default_rng(0).integers(0, 2, (50, 4)).astype(np.uint8)
    still = Neighborhood(
        Z, np.ones((50, 1)), np.ones(50), np.ones(4), np.zeros(50, bool), np.arange(50), noise=np.full((50, 1), 0.1)
    )
    found = chance(still, drawn=False)
    assert np.isnan(found.share).all()
    assert np.isnan(found.stderr).all()


def test_the_error_by_hand() -> None:
    """2 (.6² 4² + .4² 9²) for the means, (.6 − .2)² 2 · 10 for the squares of the mask that came three times."""
    found = _error(
        (np.array([0.6, 0.4]), np.array([3, 1])),
        np.array([1, 2]),
        np.array([0.0, 0.2, 0.1]),
        np.array([[0.0], [4.0], [9.0]]),
        np.array([[0.0], [10.0], [20.0]]),
    )
    assert found == pytest.approx([np.sqrt(2 * (0.36 * 16 + 0.16 * 81) + 0.16 * 2 * 10)])
