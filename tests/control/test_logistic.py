"""The second model of masks: what it says of rows that it has not seen."""

from __future__ import annotations

import numpy as np
import pytest

from drawn_masks import curved, drawn
from limelight.control.descent import Problem, descend, logistic_curve, penalties
from limelight.control.logistic import _leave_one_out, fit_logistic, partners


def test_leaving_out_agrees_with_fitting_without():
    """The one-step prediction of a row without its pair is close to a fit that never saw either."""
    sample = drawn(curved, "bernoulli", 12, 300, 5)
    fitted = fit_logistic(sample.Z, sample.Y[:, 0], sample.weights, sample.clusters)
    gaps = []
    for i in range(30, 300, 27):
        kept = sample.clusters != sample.clusters[i]
        without = fit_logistic(sample.Z[kept], sample.Y[kept, 0], sample.weights[kept], sample.clusters[kept])
        gaps.append((without.model.predict(sample.Z[[i]])[0], fitted.unseen[i], fitted.seen[i]))
    refitted, unseen, seen = np.array(gaps).T
    assert np.abs(unseen - refitted).mean() < np.abs(seen - refitted).mean()


def test_rows_beyond_those_that_the_curve_is_fitted_to_are_unseen():
    sample = drawn(curved, "bernoulli", 12, 3000, 5)
    fitted = fit_logistic(sample.Z, sample.Y[:, 0], sample.weights, sample.clusters)
    apart = fitted.seen != fitted.unseen
    assert 1950 < apart.sum() <= 2000
    assert len(np.unique(sample.clusters[apart])) == 1000  # whole pairs
    np.testing.assert_allclose(fitted.seen[~apart], fitted.model.predict(sample.Z[~apart]))


def test_partners_are_the_other_row_of_a_pair():
    assert partners(np.array([4, 2, 4, 7, 2])).tolist() == [2, 4, 0, 3, 1]


def test_a_prediction_that_has_not_seen_its_row_has_not_seen_the_rows_partner_either():
    """One Gauss–Newton step without both, for each pair of rows."""
    rng, n, width = np.random.default_rng(0), 24, 4
    S = np.concatenate([np.ones((n, 1)), rng.normal(size=(n, width - 1))], axis=1).astype(np.float32)
    y = (1 / (1 + np.exp(-S @ np.array([0.2, 1.0, -0.7, 0.4]))) + 0.1 * rng.normal(size=n)).astype(np.float32)
    problem = Problem(S, y, np.full(n, 1 / n, np.float32), penalties(width - 1, width, y))
    theta = descend(problem, np.zeros(width, np.float32), width, steps=40)
    pairs = partners(np.concatenate([np.repeat(np.arange(10), 2), 100 + np.arange(4)]))
    found = _leave_one_out(problem, theta, pairs)
    fitted = logistic_curve(S @ theta).astype(float)
    slope = fitted * (1 - fitted)
    for i in range(n):
        kept = np.setdiff1d(np.arange(n), [i, pairs[i]])
        J = S[kept] * slope[kept, None] / np.sqrt(n)
        right = J.T @ ((y - fitted)[kept] / np.sqrt(n)) - problem.penalty * theta
        step = np.linalg.solve(J.T @ J + np.diag(problem.penalty), right)
        assert found[i] == pytest.approx(1 / (1 + np.exp(-S[i] @ (theta + step))), abs=1e-3)


def test_pairs_are_looked_for_in_what_the_line_leaves():
    """Forty of 435 pairs are chosen; what single features do would fill them all."""
    slopes = 3.0 * np.random.default_rng(2).normal(size=30)

    def game(Z):
        return Z @ slopes + 2.0 * Z[:, 4] * Z[:, 7] - 2.0 * Z[:, 11] * Z[:, 20]

    for seed in range(4):
        sample = drawn(game, "bernoulli", 30, 400, seed)
        chosen = fit_logistic(sample.Z, sample.Y[:, 0], sample.weights, sample.clusters).model.pairs
        assert {(4, 7), (11, 20)} <= {tuple(sorted(pair)) for pair in np.asarray(chosen).reshape(-1, 2).tolist()}
