"""A logistic curve fitted by a few damped steps, held against a general optimizer."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import optimize

from limelight.control.descent import Problem, curve_bounds, descend, logistic_curve, penalties, starting_point


def problem(seed: int = 0, n: int = 400, d: int = 3) -> Problem:
    rng = np.random.default_rng(seed)
    S = np.concatenate([np.ones((n, 1)), rng.normal(size=(n, d))], axis=1).astype(np.float32)
    y = 1 / (1 + np.exp(-(S @ np.array([0.5, 2.0, -1.0, 0.3][: d + 1])))) + 0.02 * rng.normal(size=n)
    weights = rng.uniform(0.5, 1.5, n)
    y = y.astype(np.float32)
    return Problem(S, y, (weights / weights.sum()).astype(np.float32), penalties(d, d + 1, y))


def slow_loss(given: Problem, theta: np.ndarray) -> float:
    fitted = 1 / (1 + np.exp(-(given.S.astype(float) @ theta)))
    return float(given.weights @ np.square(given.y - fitted) + given.penalty @ np.square(theta))


def test_the_objective_is_the_weighted_loss_with_its_penalty():
    given, theta = problem(), np.array([0.1, -0.4, 2.0, 0.0], np.float32)
    value, fitted = given.objective(theta, 4)
    assert value == pytest.approx(slow_loss(given, theta), rel=1e-4)
    np.testing.assert_allclose(fitted, logistic_curve(given.S @ theta))
    first_two, _ = given.objective(theta, 2)
    shortened = np.array([0.1, -0.4, 0.0, 0.0])
    assert first_two == pytest.approx(slow_loss(given, shortened) + given.penalty[2] * 4.0, rel=1e-4)


def test_the_jacobian_is_that_of_finite_differences():
    given, theta, step = problem(), np.array([0.1, -0.4, 0.6, 0.2]), 1e-5
    _, fitted = given.objective(theta.astype(np.float32), 4)
    J = given.jacobian(fitted, 4)
    for j in range(4):
        up, down = theta.copy(), theta.copy()
        up[j] += step
        down[j] -= step
        slope = 1 / (1 + np.exp(-(given.S @ up))) - 1 / (1 + np.exp(-(given.S @ down)))
        np.testing.assert_allclose(J[:, j], slope / (2 * step) * np.sqrt(given.weights), atol=1e-5)
    assert given.jacobian(fitted, 2).shape == (400, 2)


def test_a_few_steps_reach_what_a_general_optimizer_finds():
    for seed in range(4):
        given = problem(seed)
        zero = np.zeros(3)
        theta = descend(given, starting_point(given, zero, zero), 4, steps=8)
        best = optimize.minimize(lambda each, given=given: slow_loss(given, each), np.zeros(4)).fun
        assert slow_loss(given, theta.astype(float)) < 1.01 * best + 1e-9


def test_only_the_first_entries_move_where_a_width_is_given():
    given = problem()
    start = np.array([0.0, 0.0, 0.7, -0.7], np.float32)
    theta = descend(given, start, 2, steps=4)
    assert theta[2:].tolist() == start[2:].tolist()
    assert (theta[:2] != 0).all()


def test_no_step_makes_it_worse_and_the_start_is_left_as_it_was():
    given = problem()
    start = np.array([3.0, -4.0, 4.0, 2.0], np.float32)
    kept = start.copy()
    values = [slow_loss(given, descend(given, start, 4, steps=steps).astype(float)) for steps in range(6)]
    assert all(later <= earlier + 1e-7 for earlier, later in itertools.pairwise(values))
    assert values[-1] < 0.5 * values[0]
    np.testing.assert_array_equal(start, kept)


def test_a_saturated_start_is_left_again():
    """All slopes are as good as zero there; a floor under them lets the steps begin."""
    given = problem()
    theta = descend(given, np.array([12.0, 0.0, 0.0, 0.0], np.float32), 4, steps=12)
    assert slow_loss(given, theta.astype(float)) < 0.1


def test_the_start_has_the_linear_models_value_and_slopes_at_its_middle():
    given = problem()
    slopes, center, step = np.array([0.2, -0.1, 0.05]), np.array([0.3, 0.6, 0.5]), 1e-3
    theta = starting_point(given, slopes, center).astype(float)

    def curve(x: np.ndarray) -> float:
        """The curve where features are x, whose columns are z' − 1/2."""
        return float(1 / (1 + np.exp(-(theta[0] + (x - 0.5) @ theta[1:]))))

    mean = float(given.weights @ given.y)
    assert curve(center) == pytest.approx(mean, rel=1e-4)
    for j in range(3):
        up = center + step * np.eye(3)[j]
        assert (curve(up) - curve(center)) / step == pytest.approx(slopes[j], rel=1e-2)


def test_the_start_is_finite_where_outputs_never_leave_their_bound():
    S = np.ones((10, 2), np.float32)
    for y in (0.0, 1.0):
        given = Problem(S, np.full(10, y, np.float32), np.full(10, 0.1, np.float32), np.zeros(2, np.float32))
        theta = starting_point(given, np.array([1.0]), np.array([0.5]))
        assert np.isfinite(theta).all()
        assert abs(theta[0]) == pytest.approx(np.log(0.998 / 0.002), rel=1e-4)


def test_the_curve_ends_where_single_precision_does():
    index = np.array([-1000.0, -1.0, 0.0, 1000.0], np.float32)
    found = logistic_curve(index)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, [np.exp(-30.0), 1 / (1 + np.e), 0.5, 1.0], rtol=1e-5)


def test_probabilities_keep_their_bounds_and_other_numbers_get_a_twentieth_more():
    assert curve_bounds(np.array([0.0, 0.4, 1.0])) == (0.0, 1.0)
    assert curve_bounds(np.array([0.2, 0.3])) == (0.0, 1.0)
    assert curve_bounds(np.array([-1.0, 3.0])) == pytest.approx((-1.2, 3.2))
    assert curve_bounds(np.array([0.5, 1.5])) == pytest.approx((0.45, 1.55))
    assert curve_bounds(np.array([-0.5, 0.5])) == pytest.approx((-0.55, 0.55))


def test_linear_terms_are_penalised_less_than_what_follows_and_in_units_of_the_outputs():
    y = np.array([0.0, 1.0] * 10, np.float32)
    found = penalties(2, 5, y)
    np.testing.assert_allclose(found, np.array([1e-6, 0.003, 0.003, 0.03, 0.03]) * 0.0625, rtol=1e-5)
    np.testing.assert_allclose(penalties(2, 5, y / 2), found / 4, rtol=1e-5)
    assert (penalties(2, 5, np.zeros(4, np.float32)) > 0).all()
