"""Permutation tests without shuffling rows have the law of shuffling rows."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from limelight.overview.shuffled import SHARED, p_of_means, p_of_shares, p_value, sums_of_some

TIMES = 4000


def chi_squared(codes: np.ndarray, second: np.ndarray) -> float:
    """χ² of a table of codes by sets, written out."""
    found = 0.0
    for code in np.unique(codes):
        here = codes == code
        for each in (second, ~second):
            expected = here.sum() * each.mean()
            found += (np.sum(here & each) - expected) ** 2 / expected
    return found


def between(codes: np.ndarray, values: np.ndarray, second: np.ndarray) -> float:
    """Σ of the squared differences of means within codes, each over the variance there."""
    found = 0.0
    for code in np.unique(codes):
        here, inside = values[codes == code], second[codes == code]
        if here.var() > 0 and 0 < inside.sum() < len(inside):
            found += (
                (here[inside].mean() - here[~inside].mean()) ** 2
                * inside.sum()
                * (~inside).sum()
                / len(inside)
                / here.var()
            )
    return found


def within(codes: np.ndarray, second: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The sets, shuffled among the rows with one code."""
    mixed = second.copy()
    for code in np.unique(codes):
        at = np.flatnonzero(codes == code)
        mixed[at] = rng.permutation(second[at])
    return mixed


def slow(statistic: Callable[[np.ndarray], float], shuffled: Callable[[], np.ndarray], second: np.ndarray) -> float:
    """Permutation by row, counted."""
    seen = statistic(second)
    beyond = sum(statistic(shuffled()) >= seen * (1 - 1e-9) for _ in range(TIMES))
    return (1 + beyond) / (1 + TIMES)


def rows(seed: int, *, shared: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    codes = rng.choice(4, 150, p=[0.5, 0.3, 0.18, 0.02])
    values = rng.exponential(size=150)
    if shared:
        values = np.round(values).clip(0, 1)
    return codes, values, rng.random(150) < 0.4


@pytest.mark.parametrize("seed", range(4))
def test_shares_have_the_p_value_of_shuffling_rows(seed: int) -> None:
    codes, _, second = rows(seed, shared=False)
    rng = np.random.default_rng(100)
    p = slow(lambda sets: chi_squared(codes, sets), lambda: rng.permutation(second), second)
    error = 4 * np.sqrt(2 * max(p * (1 - p), 1e-3) / TIMES)
    assert p_of_shares(codes, second, TIMES) == pytest.approx(p, abs=error)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("shared", [True, False])
def test_means_have_the_p_value_of_shuffling_rows_within_their_code(seed: int, shared: bool) -> None:
    codes, values, second = rows(seed, shared=shared)
    rng = np.random.default_rng(200)
    p = slow(lambda sets: between(codes, values, sets), lambda: within(codes, second, rng), second)
    error = 4 * np.sqrt(2 * max(p * (1 - p), 1e-3) / TIMES)
    assert p_of_means(codes, values, second, TIMES) == pytest.approx(p, abs=error)


@pytest.mark.parametrize("copies", [1, 2 * SHARED])
def test_sums_of_some_have_the_moments_of_drawing_without_replacement(copies: int) -> None:
    """Mean n ȳ, variance n (1 − n/m) s²: by number where many rows share it, by shuffling where they do not."""
    values = np.repeat(np.random.default_rng(0).normal(size=8), copies)
    m, n = len(values), len(values) // 4
    sums = sums_of_some(values, n, 40_000, np.random.default_rng(1))
    variance = n * (1 - n / m) * values.var(ddof=1)
    assert sums.mean() == pytest.approx(n * values.mean(), abs=4 * np.sqrt(variance / 40_000))
    assert sums.var() == pytest.approx(variance, rel=0.04)


def test_chance_is_as_often_below_a_level_as_it_says() -> None:
    """400 splits of rows that come from one law: p at most .1 in a tenth of them."""
    rng = np.random.default_rng(3)
    by_shares, by_means = [], []
    for _ in range(400):
        codes, second = rng.integers(0, 3, 120), rng.random(120) < 0.5
        by_shares.append(p_of_shares(codes, second, 199))
        by_means.append(p_of_means(codes, rng.normal(size=120) + codes, second, 199))
    for each in (by_shares, by_means):
        assert np.mean(np.array(each) <= 0.1) == pytest.approx(0.1, abs=4 * np.sqrt(0.09 / 400))


def test_a_real_difference_is_far_out_and_the_tail_is_smaller_than_counting_can_say() -> None:
    codes, second = np.repeat([0, 1], 200), np.tile([False, True], 200)
    values = np.random.default_rng(4).normal(size=400) + 2.0 * second
    assert p_of_means(codes, values, second, 99) < 1e-9
    assert p_of_means(codes, values - 2.0 * second, second, 99) > 0.01
    assert p_of_shares(codes, codes == 1, 99) < 1e-9


def test_what_cannot_differ_is_no_difference() -> None:
    sets = np.arange(60) % 2 == 1
    assert p_of_shares(np.zeros(60, int), sets, 99) == 1.0, "one value"
    assert p_of_means(np.zeros(60, int), np.full(60, 2.5), sets, 99) == 1.0, "all the same"
    assert p_of_means(sets.astype(int), np.arange(60.0), sets, 99) == 1.0, "no code has rows of both"
    assert p_value(3.0, np.array([1.0] * 80 + [5.0] * 19)) == pytest.approx(0.2), "counted, where there are enough"
