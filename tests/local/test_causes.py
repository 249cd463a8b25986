"""Which features the parts of an answer hang on: worked by hand, an oracle of brute force, laws, causes under flips."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from limelight.local.causes import MOST_PARTS, cause_weights, left_out_by_parts, parts_foretell, summed_up
from limelight.local.sampling import size_law
from limelight.local.sparse import left_out
from limelight.local.spread import near_law, spread_masks


def masks(n: int, d: int, seed: int) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return spread_masks((rng.random((n, d)) < 0.5).astype(np.uint8), rng)


def statements(Z: np.ndarray, flips: float, seed: int) -> np.ndarray:
    """Four: by 0, by 1, by 2 and 3 together, by 4 or 5; some the other way round."""
    on = Z.astype(bool)
    said = np.column_stack([on[:, 0], on[:, 1], on[:, 2] & on[:, 3], on[:, 4] | on[:, 5]])
    return np.asarray(said ^ (np.random.default_rng(seed).random(said.shape) < flips), dtype=float)


def by_hand(Z: np.ndarray, part: np.ndarray) -> np.ndarray:
    """One step, one part, one function at a time: the posterior mean weights under Bernoulli(½)."""
    n, d = Z.shape
    known = [((j,), Z[:, j], 0.5 / d) for j in range(d)]
    pairs = list(itertools.combinations(range(d), 2))
    known += [((i, j), Z[:, i] * Z[:, j], 0.25 / len(pairs)) for i, j in pairs]
    known += [((i, j), np.maximum(Z[:, i], Z[:, j]), 0.25 / len(pairs)) for i, j in pairs]
    y, total, weights = part - part.mean(), 0.0, np.zeros(d)
    for members, value, prior in known:
        x = value - value.mean()
        if not x.any():
            continue
        r2 = (x @ y) ** 2 / (x @ x) / (y @ y)
        factor = prior * (1 + n) ** ((n - 2) / 2) / (1 + n * (1 - r2)) ** ((n - 1) / 2)
        factor *= 0.9 if x @ y > 0 else 0.1
        total += factor
        weights[list(members)] += factor * (x @ y) / (x @ x) * n / (n + 1) / len(members)
    return weights / total


def test_one_function_has_the_posterior_of_the_formula() -> None:
    Z = masks(24, 5, 0)
    part = 0.3 * Z[:, 1] + np.random.default_rng(1).normal(size=24)
    found = cause_weights(Z, part[:, None], size_law("bernoulli", 5))
    assert np.allclose(found, by_hand(Z.astype(float), part), atol=1e-9)


def test_a_part_that_a_feature_keeps_away_is_found_and_takes_more_evidence() -> None:
    Z, law = masks(40, 8, 3), size_law("bernoulli", 8)
    assert cause_weights(Z, 1.0 - Z[:, [5]], law).round(2).tolist() == [0, 0, 0, 0, 0, -1, 0, 0]
    # the same evidence for a feature that furthers a part and for one that hinders it: nine to one
    Z = np.array([[1, 1], [1, 1], [0, 0], [0, 0], [1, 0], [0, 1], [1, 0], [0, 1]], np.uint8)
    part = (Z[:, [0]] * 1.0) - Z[:, [1]]
    found = cause_weights(Z, part, size_law("bernoulli", 2))
    assert found[0] > 0 > found[1] and found[0] > 4 * abs(found[1])


@pytest.mark.parametrize(("n", "d", "flips", "least"), [(25, 20, 0.05, 0.9), (55, 20, 0.1, 0.97), (55, 60, 0.1, 0.95)])
def test_the_parts_find_causes_that_one_score_hides(n: int, d: int, flips: float, least: float) -> None:
    found, by_score = [], []
    for seed in range(20):
        Z = masks(n, d, seed)
        parts = statements(Z, flips, seed)
        top = np.argsort(-np.abs(cause_weights(Z, parts, size_law("bernoulli", d))))[:6]
        found.append((top < 6).mean())
        of_score = cause_weights(Z, parts.sum(axis=1, keepdims=True), size_law("bernoulli", d))
        by_score.append((np.argsort(-np.abs(of_score))[:6] < 6).mean())
    assert np.mean(found) >= least > np.mean(by_score) + 0.02


def test_without_noise_the_weights_are_those_of_the_limit() -> None:
    Z = masks(60, 12, 0)
    found = cause_weights(Z, statements(Z, 0.0, 0), size_law("bernoulli", 12))
    assert np.allclose(found, [1, 1, 0.5, 0.5, 0.5, 0.5, *[0] * 6], atol=0.05)


def test_where_little_is_hidden_a_pair_has_the_weights_of_least_squares() -> None:
    d, rng = 10, np.random.default_rng(0)
    sizes = rng.choice(d + 1, 40_000, p=near_law(d))
    Z = (np.argsort(np.argsort(rng.random((len(sizes), d)), axis=1), axis=1) < sizes[:, None]).astype(np.uint8)
    both = (Z[:, 2] & Z[:, 5]).astype(float)
    truth = np.linalg.lstsq(np.column_stack([np.ones(len(Z)), Z]), both, rcond=None)[0][1:]
    assert np.allclose(cause_weights(Z, both[:, None], near_law(d)), truth, atol=0.02)


def test_a_part_by_three_features_is_read_in_steps() -> None:
    Z = masks(120, 12, 0)
    part = (Z[:, :3].sum(axis=1) >= 2).astype(float)
    assert set(np.argsort(-cause_weights(Z, part[:, None], size_law("bernoulli", 12)))[:3]) == {0, 1, 2}


def test_laws() -> None:
    Z = masks(40, 8, 0)
    parts, law = np.random.default_rng(1).normal(size=(40, 3)), size_law("bernoulli", 8)
    found = cause_weights(Z, parts, law)
    order = np.random.default_rng(2).permutation(8)
    assert np.allclose(cause_weights(Z[:, order], parts, law), found[order])  # features have no order
    assert np.allclose(cause_weights(Z, 3 * parts + 7, law), 3 * found)  # units of the score
    assert np.allclose(
        cause_weights(Z, np.column_stack([parts, parts / 2]), law), 1.5 * found
    )  # words of one statement
    assert not cause_weights(Z, np.ones((40, 2)), law).any()


def test_many_parts_are_summed_up_and_keep_their_sum() -> None:
    parts = np.random.default_rng(0).normal(size=(30, 200)) * np.geomspace(1, 1e-3, 200)
    few = summed_up(parts)
    assert few.shape == (30, MOST_PARTS + 1)
    total = parts.sum(axis=1)
    assert np.allclose(few.sum(axis=1), total - total.mean())


def test_many_features_are_paired_only_where_they_move_something() -> None:
    Z = masks(120, 300, 0)
    found = cause_weights(Z, statements(Z, 0.0, 0)[:, [0, 2]], size_law("bernoulli", 300))
    assert set(np.argsort(-found)[:3]) == {0, 2, 3}


def test_left_out_rows_are_foretold_by_the_others_alone() -> None:
    Z = masks(40, 6, 0)
    parts = np.random.default_rng(1).normal(size=(40, 2))
    errors = left_out_by_parts(Z, parts)
    changed = parts.copy()
    changed[::8] += 1.0  # what is left out tells nothing of itself
    assert np.allclose(left_out_by_parts(Z, changed)[::8], errors[::8] + 2.0)


def test_where_all_features_move_all_words_a_little_the_score_chooses() -> None:
    preferred = []
    for seed in range(10):
        Z = masks(55, 20, seed)
        likely = 0.1 + 0.8 * Z[:, :8].mean(axis=1)
        parts = (np.random.default_rng(seed).random((55, 30)) < likely[:, None]) / 30
        by_score = left_out(Z, parts.sum(axis=1), size_law("bernoulli", 20))
        preferred.append(parts_foretell(left_out_by_parts(Z, parts), by_score))
    assert sum(preferred) <= 2


def test_a_standard_error_decides() -> None:
    errors = np.array([1.0, 2.0, 3.0, 4.0])
    assert parts_foretell(errors, errors)
    assert not parts_foretell(errors + 5, errors)
    # squares differ by 0, 0, 0 and 9: mean 2.25, standard error 1.95
    assert not parts_foretell(np.array([1.0, 2.0, 3.0, 5.0]), np.array([1.0, 2.0, 3.0, 4.0]))
    # by −1, 0, 0 and 9: mean 2, standard error 2.03
    assert parts_foretell(np.array([0.0, 2.0, 3.0, 5.0]), np.array([1.0, 2.0, 3.0, 4.0]))
