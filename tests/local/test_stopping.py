"""Stopping: sure enough, sure of the ranking, and honest about what is not sure."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from limelight.contracts import Neighborhood
from limelight.errors import UnknownNameError
from limelight.local import stopping
from limelight.local.estimate import Estimate
from limelight.local.precision import Sandwich, estimate_plain
from limelight.local.stopping import (
    critical_value,
    likeliest_to_exceed,
    look_schedule,
    rank,
    relative_error,
    samples_needed,
)
from limelight.local.width import kernel_path


def estimate_with(coef: list[float], covariance: np.ndarray) -> Estimate:
    """An estimate of one target whose weights have exactly this covariance."""
    d = len(coef)
    root = np.linalg.cholesky(covariance + 1e-30 * np.eye(d)).T
    sandwich = Sandwich(root, np.zeros(d), np.eye(d), 1.0, np.ones((d, 1)), None, np.zeros((1, d)))
    stderr = np.sqrt(covariance.diagonal())[None]
    one = np.ones(1)
    return Estimate(np.array([coef]), one, stderr, 0 * one, one, 0 * one, one, ("least squares",), True, sandwich)


def test_looks_double_and_end_at_the_budget():
    assert look_schedule(200, 1600) == (200, 400, 800, 1600)
    assert look_schedule(200, 1000) == (200, 400, 800, 1000)
    assert look_schedule(500, 100) == (100,)


def test_precision_compares_the_largest_error_with_the_largest_weight():
    estimate = estimate_with([2.0, -4.0], np.diag([0.04, 0.01]))
    assert relative_error(estimate) == pytest.approx([0.05])


def test_a_constant_model_is_precise_and_an_unidentified_one_never_is():
    constant = estimate_with([0.0, 0.0], np.zeros((2, 2)))
    assert relative_error(constant).tolist() == [0.0]
    assert relative_error(replace(constant, identified=False)).tolist() == [np.inf]
    assert relative_error(estimate_with([0.0], np.ones((1, 1)))).tolist() == [np.inf]


def test_four_times_the_rows_halve_the_error():
    assert samples_needed(500, 0.2, 0.1) == 2000
    assert samples_needed(500, 0.1, 0.2) == 500
    assert samples_needed(500, 0.1, 0.0) > 10**15


def test_critical_values_grow_with_the_looks():
    values = [critical_value(looks=looks) for looks in (1, 2, 4, 8)]
    assert values == sorted(values)
    assert values[0] == pytest.approx(1.959964, abs=1e-5)
    with pytest.raises(UnknownNameError, match="looks"):
        critical_value(rule="bonferroni")


def test_separated_features_are_certified():
    ranking = rank(estimate_with([3.0, -2.0, 1.0, 0.1], 0.01 * np.eye(4)), 0, 2, critical=2.0)
    assert ranking.order.tolist() == [0, 1]
    assert ranking.settled
    assert ranking.groups == ((0,), (1,))
    assert ranking.doubt < 1e-6


def test_ties_are_groups_and_the_certified_prefix_ends_before_them():
    tied = estimate_with([3.0, 1.02, 1.0, 0.98, 0.1], 0.01 * np.eye(5))
    four = rank(tied, 0, 4, critical=2.0)
    assert four.groups == ((0,), (1, 2, 3))
    assert four.settled
    two = rank(tied, 0, 2, critical=2.0)
    assert two.certified == 1
    assert not two.settled
    assert two.contender == 2
    assert two.doubt == pytest.approx(0.4438, abs=1e-3)  # Φ(−0.02 / (0.1 √2))


def test_shared_noise_separates_what_single_intervals_do_not():
    """Two weights with errors of 1 that move together differ by 0.1 ± 0.014."""
    together = np.array([[1.0, 0.9999], [0.9999, 1.0]])
    assert rank(estimate_with([5.0, 4.9], together), 0, 1, critical=2.0).settled
    assert not rank(estimate_with([5.0, 4.9], np.eye(2)), 0, 1, critical=2.0).settled
    assert not rank(estimate_with([5.0, -4.9], together), 0, 1, critical=2.0).settled


def test_a_sign_that_is_not_certain_is_not_certified():
    ranking = rank(estimate_with([0.1, 0.0], np.diag([0.04, 0.0])), 0, 1, critical=2.0)
    assert not ranking.settled


def test_weights_that_are_exactly_zero_are_not_shown():
    ranking = rank(estimate_with([1.0, 0.0, 0.0], np.zeros((3, 3))), 0, 3, critical=2.0)
    assert ranking.order.tolist() == [0]
    assert ranking.settled
    nothing = rank(estimate_with([0.0, 0.0], np.zeros((2, 2))), 0, 3, critical=2.0)
    assert nothing.settled
    assert len(nothing.order) == 0


def test_nothing_is_certified_where_weights_are_not_identified():
    ranking = rank(replace(estimate_with([3.0, 1.0], 0.01 * np.eye(2)), identified=False), 0, 1, critical=2.0)
    assert ranking.certified == 0


def test_the_doubt_is_said_in_words():
    ranking = rank(estimate_with([1.02, 1.0, 0.1], 0.01 * np.eye(3)), 0, 1, critical=2.0)
    assert ranking.statement(("a", "b", "c")) == "1 shown; “b” might belong among them (probability 0.44)."
    sure = rank(estimate_with([3.0, 1.0], 0.01 * np.eye(2)), 0, 1, critical=2.0)
    assert sure.statement(("a", "b")) == "1 shown; no other feature is likely to belong among them."


def test_wrong_rankings_are_rare_under_repeated_looks():
    """A near tie at the boundary, five looks, 2,000 runs: the certified set is wrong in fewer than 5 %."""
    rng, truth, sizes = np.random.default_rng(0), np.array([1.0, 0.50, 0.49, 0.1]), look_schedule(200, 3200)
    critical, wrong = critical_value(looks=len(sizes)), 0
    for _ in range(2000):
        total, before = np.zeros(4), 0
        for n in sizes:
            total += rng.normal(truth * (n - before), 2.0 * np.sqrt(n - before))
            before = n
            ranking = rank(estimate_with((total / n).tolist(), 4.0 / n * np.eye(4)), 0, 2, critical=critical)
            if ranking.settled:
                wrong += set(ranking.order.tolist()) != {0, 1}
                break
    assert wrong / 2000 < 0.05


def test_the_kernel_path_reweights_the_same_rows():
    rng = np.random.default_rng(1)
    Z = rng.integers(0, 2, (400, 3)).astype(np.uint8)
    Y = (Z[:, :1] + (Z.sum(axis=1, keepdims=True) < 2) * rng.normal(size=(400, 1))).astype(float)
    sample = Neighborhood(Z, Y, np.ones(400), np.ones(3), np.zeros(400, bool), np.arange(400))
    widths = np.array([0.3, 1.0, 5.0])
    weights = np.exp(-(3.0 - Z.sum(axis=1)) / (2 * widths[:, None] ** 2))
    path = kernel_path(sample, widths, weights)
    np.testing.assert_allclose(path.coef[1], estimate_plain(replace(sample, weights=weights[1])).coef)
    assert (np.diff(path.effective) > 0).all()
    assert path.fidelity[0, 0] > path.fidelity[2, 0]  # near the instance there is no noise
    assert path.choose() == 0.3


def test_a_width_that_leaves_too_few_rows_is_not_chosen():
    rng = np.random.default_rng(2)
    Z = rng.integers(0, 2, (60, 4)).astype(np.uint8)
    sample = Neighborhood(Z, Z[:, :1] * 1.0, np.ones(60), np.ones(4), np.zeros(60, bool), np.arange(60))
    widths = np.array([0.2, 3.0])
    path = kernel_path(sample, widths, np.exp(-(4.0 - Z.sum(axis=1)) / (2 * widths[:, None] ** 2)))
    assert path.choose() == 3.0


def test_the_probability_that_another_weight_is_larger_is_that_of_many_draws_of_both():
    """Signs differ and errors go together: what counts is the error of |a| − |b|."""
    coef = np.array([1.0, -0.8, 0.5, 0.7])
    covariance = 0.04 * np.array([[1, -0.7, 0.3, 0.6], [-0.7, 1, 0, -0.5], [0.3, 0, 1, 0], [0.6, -0.5, 0, 1]])
    draws = np.abs(np.random.default_rng(0).multivariate_normal(coef, covariance, size=400_000))
    chances = (draws[:, 1:] > draws[:, :1]).mean(axis=0)
    which, probability = likeliest_to_exceed(coef, covariance)
    assert which == 1 + int(np.argmax(chances))
    assert probability == pytest.approx(chances.max(), abs=0.005)


def test_weights_without_errors_are_rivals_only_where_they_are_equally_large_and_not_nothing():
    none = np.zeros((2, 2))
    assert likeliest_to_exceed(np.array([0.0, 0.0]), none) == (1, 0.0)
    assert likeliest_to_exceed(np.array([2.0, 1.0]), none) == (1, 0.0)
    assert likeliest_to_exceed(np.array([1.0, -1.0]), none) == (1, 0.5)


def test_the_confidence_sequence_is_tightest_where_it_was_calibrated():
    n = stopping._CALIBRATED
    at = [critical_value(rule="acs", n=rows) for rows in (n // 20, n // 2, n, 2 * n, 20 * n)]
    assert min(at) == at[2]
    assert at[0] > at[1] > at[2] < at[3] < at[4]


def test_two_weights_may_change_places_too():
    covariance = lambda order: np.full((1, 2, 2), 0.0) + 0.02 * np.eye(2)  # noqa: E731
    found = stopping.doubts_of_top(np.array([[1.0, 0.9]]), covariance, 1)
    # a difference of .1 with a variance of .04
    assert found == pytest.approx([0.3085], abs=1e-3)
    assert stopping.doubts_of_top(np.array([[1.0]]), covariance, 1).tolist() == [0.0]


def test_the_rows_that_settle_an_order_grow_with_the_squared_ratio_of_quantiles():
    assert stopping.samples_to_settle(1000, 0.2, 0.95) == 3820
    assert stopping.samples_to_settle(1000, 0.04, 0.95) == 1000


def test_the_confidence_sequence_is_that_of_the_paper_at_every_row():
    """Theorem 2.2, with ρ² of its equation 15 at the rows that it is calibrated for."""
    alpha, n = 0.05, 700
    rho2 = (-2 * np.log(alpha) + np.log(-2 * np.log(alpha) + 1)) / stopping._CALIBRATED
    reach = np.sqrt(2 * (n * rho2 + 1) / (n**2 * rho2) * np.log(np.sqrt(n * rho2 + 1) / alpha))
    assert critical_value(0.95, rule="acs", n=n) == pytest.approx(reach * np.sqrt(n))
