"""What a fit hands on: covariances on demand, and weights that are multiplied by factors."""

from __future__ import annotations

import math

import numpy as np
import pytest

from limelight.local.estimate import Estimate, ScaledErrors, WholeCovariance


def covariances() -> np.ndarray:
    root = np.random.default_rng(0).normal(size=(2, 4, 4))
    return root @ root.swapaxes(1, 2)


def estimate_of(whole: np.ndarray) -> Estimate:
    roots = np.sqrt(np.diagonal(whole, axis1=1, axis2=2))
    ones = np.ones(2)
    return Estimate(
        coef=np.array([[1.0, -2.0, 3.0], [0.5, 0.0, -1.0]]),
        intercept=np.array([4.0, 5.0]),
        stderr=roots[:, 1:],
        intercept_stderr=roots[:, 0],
        fidelity=ones,
        fidelity_stderr=ones,
        r2=ones,
        estimators=("a", "b"),
        identified=True,
        errors=WholeCovariance(whole, np.array([True, True, False])),
    )


@pytest.mark.parametrize("features", [None, [2], [1, 0], []])
def test_a_whole_covariance_is_cut_to_the_features_asked_for(features):
    whole = covariances()
    at = [0, 1, 2, 3] if features is None else [0, *(j + 1 for j in features)]
    errors = WholeCovariance(whole, np.ones(3, bool))
    np.testing.assert_array_equal(errors.covariance(features), whole[:, at][:, :, at])
    np.testing.assert_array_equal(errors.covariance(features, target=1), whole[1][np.ix_(at, at)])


def test_degrees_of_freedom_are_infinite_unless_said():
    assert math.isinf(WholeCovariance(covariances(), np.ones(3, bool)).df)
    scaled = ScaledErrors(WholeCovariance(covariances(), np.ones(3, bool), 7.0), np.ones(3))
    assert scaled.df == 7.0


@pytest.mark.parametrize("features", [None, [2, 0]])
def test_scaled_errors_are_those_of_multiplied_weights(features):
    """Draws of the weights are multiplied one by one, and their covariance taken."""
    factors, whole = np.array([0.5, -2.0, 3.0]), covariances()
    draws = np.random.default_rng(1).multivariate_normal(np.zeros(4), whole[0], size=50)
    sample = np.cov(draws.T)[None]
    scaled = np.cov((draws * np.array([1.0, *factors])).T)
    at = [0, 1, 2, 3] if features is None else [0, *(j + 1 for j in features)]
    errors = ScaledErrors(WholeCovariance(sample, np.ones(3, bool)), factors)
    np.testing.assert_allclose(errors.covariance(features, target=0), scaled[np.ix_(at, at)])
    np.testing.assert_allclose(errors.covariance(features)[0], scaled[np.ix_(at, at)])


def test_a_feature_with_the_factor_zero_does_not_count_as_varying():
    errors = ScaledErrors(WholeCovariance(covariances(), np.array([True, True, False])), np.array([1.0, 0.0, 1.0]))
    assert errors.varying.tolist() == [True, False, False]


def test_a_scaled_estimate_keeps_everything_but_weights_and_their_errors():
    estimate, factors = estimate_of(covariances()), np.array([0.5, -2.0, 0.0])
    scaled = estimate.scaled(factors)
    np.testing.assert_array_equal(scaled.coef, estimate.coef * factors)
    assert (scaled.stderr >= 0).all()
    roots = np.sqrt(np.diagonal(scaled.covariance(), axis1=1, axis2=2))
    np.testing.assert_allclose(roots[:, 1:], scaled.stderr)
    np.testing.assert_allclose(roots[:, 0], scaled.intercept_stderr)
    assert scaled.intercept is estimate.intercept
    assert scaled.estimators == estimate.estimators
    assert scaled.varying.tolist() == [True, True, False]


def test_factors_of_one_change_nothing_at_all():
    estimate = estimate_of(covariances())
    assert estimate.scaled(np.ones(3)) is estimate
    assert estimate.scaled(np.array([1.0, 1.0, 2.0])) is not estimate
