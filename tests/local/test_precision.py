"""Standard errors, contrasts and fidelity: against slow rewrites, against simulation, and where nothing is known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from limelight.contracts import Neighborhood
from limelight.local.geometry import effective_sample_size
from limelight.local.precision import contrast_stderr, estimate_plain
from limelight.local.sampling import MaskSampler, all_masks, design_weights


def sample_of(n: int, d: int, k: int, rng: np.random.Generator, clusters: np.ndarray | None = None) -> Neighborhood:
    Z = rng.integers(0, 2, (n, d)).astype(np.uint8)
    Y = Z @ rng.normal(size=(d, k)) + rng.normal(size=(n, k))
    numbers = np.arange(n) if clusters is None else clusters
    return Neighborhood(Z, Y, rng.uniform(0.1, 1, n), np.ones(d), np.zeros(n, bool), numbers)


def slow_sandwich(sample: Neighborhood, target: int) -> np.ndarray:
    """The cluster-robust HC3 covariance of (intercept, weights), written from the formula row by row."""
    X = np.column_stack([np.ones(len(sample.Z)), sample.Z])
    w, y = sample.weights, sample.Y[:, target]
    inverse = np.linalg.inv((X * w[:, None]).T @ X)
    residual = y - X @ (inverse @ (X * w[:, None]).T @ y)
    meat = np.zeros(inverse.shape)
    for number in np.unique(sample.clusters):
        score = np.zeros(X.shape[1])
        for i in np.flatnonzero((sample.clusters == number) & ~sample.enumerated):
            score += w[i] * X[i] * residual[i] / (1 - w[i] * X[i] @ inverse @ X[i])
        meat += np.outer(score, score)
    return inverse @ meat @ inverse


@pytest.mark.parametrize("paired", [False, True])
def test_covariance_is_the_sandwich_of_the_textbook(paired):
    rng = np.random.default_rng(0)
    clusters = rng.permutation(np.repeat(np.arange(30), 2)) if paired else None
    sample = sample_of(60, 4, 2, rng, clusters)
    sample = replace(sample, enumerated=np.arange(60) < 5)
    fit = estimate_plain(sample)
    for target in range(2):
        expected = slow_sandwich(sample, target)
        np.testing.assert_allclose(fit.covariance()[target], expected, rtol=1e-9)
        np.testing.assert_allclose(fit.covariance([2, 0])[target], expected[np.ix_([0, 3, 1], [0, 3, 1])], rtol=1e-9)
        np.testing.assert_allclose(fit.stderr[target], np.sqrt(expected.diagonal()[1:]), rtol=1e-9)
        np.testing.assert_allclose(fit.intercept_stderr[target], np.sqrt(expected[0, 0]), rtol=1e-9)


def test_many_features_have_the_same_errors_as_few():
    """Beyond 64 features another path computes them; it must agree with the covariance."""
    sample = sample_of(400, 70, 2, np.random.default_rng(1), np.arange(400) // 2)
    fit = estimate_plain(sample)
    np.testing.assert_allclose(fit.stderr**2, fit.covariance().diagonal(axis1=1, axis2=2)[:, 1:], rtol=1e-9)


def test_contrasts_are_linear_combinations_of_the_covariance():
    sample = sample_of(80, 3, 2, np.random.default_rng(2))
    fit = estimate_plain(sample)
    covariance = fit.covariance()[0, 1:, 1:]
    expected = np.sqrt(covariance[0, 0] + covariance[2, 2] - 2 * covariance[0, 2])
    assert contrast_stderr(fit.errors, (0, 0), (0, 2)) == pytest.approx(expected)


def test_two_models_on_the_same_perturbations_share_their_noise():
    sample = sample_of(80, 3, 2, np.random.default_rng(3))
    both = estimate_plain(sample)
    difference = estimate_plain(replace(sample, Y=sample.Y[:, :1] - sample.Y[:, 1:]))
    first, second = (estimate_plain(replace(sample, Y=sample.Y[:, [k]])) for k in range(2))
    assert contrast_stderr(both.errors, (0, 1), (1, 1)) == pytest.approx(difference.stderr[0, 1])
    shared = contrast_stderr(first.errors, (0, 1), (0, 1), second=second.errors)
    assert shared == pytest.approx(difference.stderr[0, 1])
    assert contrast_stderr(first.errors, (0, 1), (0, 1), second=first.errors) == 0


def test_fidelity_is_that_of_leaving_each_row_out():
    sample = sample_of(40, 3, 1, np.random.default_rng(4))
    fit = estimate_plain(sample)
    left = np.empty(40)
    for i in range(40):
        rest = np.arange(40) != i
        part = Neighborhood(*(getattr(sample, name)[rest] for name in ("Z", "Y", "weights")), sample.center,
                            sample.enumerated[rest], sample.clusters[rest])  # fmt: skip
        without = estimate_plain(part)
        left[i] = sample.Y[i, 0] - without.intercept[0] - sample.Z[i] @ without.coef[0]
    w = sample.weights
    mean = w @ sample.Y[:, 0] / w.sum()
    assert fit.fidelity[0] == pytest.approx(1 - w @ left**2 / (w @ (sample.Y[:, 0] - mean) ** 2))
    assert fit.fidelity[0] < fit.r2[0]


def test_the_error_of_the_fidelity_is_the_root_of_what_each_row_moves_it_by():
    """Weights are changed row by row; the residuals are those of leaving the row out, and stay."""
    sample = sample_of(40, 3, 1, np.random.default_rng(4))
    fit = estimate_plain(sample)
    X = np.concatenate([np.ones((40, 1)), sample.Z], axis=1)
    w, y = sample.weights, sample.Y[:, 0]
    hat = np.einsum("ij,jk,ik->i", X, np.linalg.inv(X.T @ (w[:, None] * X)), X) * w
    left = (y - fit.intercept[0] - sample.Z @ fit.coef[0]) / (1 - hat)

    def fidelity(weights: np.ndarray) -> float:
        mean = weights @ y / weights.sum()
        return 1 - weights @ left**2 / (weights @ (y - mean) ** 2)

    assert fit.fidelity[0] == pytest.approx(fidelity(w))
    moved = [(fidelity(w * (1 + 1e-5 * (np.arange(40) == i))) - fidelity(w)) / 1e-5 for i in range(40)]
    assert fit.fidelity_stderr[0] == pytest.approx(np.linalg.norm(moved), rel=1e-3)


@pytest.mark.parametrize(("n", "identified"), [(4, False), (5, True)])
def test_weights_are_identified_by_one_row_more_than_a_line_has_numbers(n, identified):
    Z = np.array([[0, 0, 0], [1, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 0]], np.uint8)[:n]
    Y = np.arange(float(n))[:, None] ** 2
    sample = Neighborhood(Z, Y, np.ones(n), np.ones(3), np.zeros(n, bool), np.arange(n))
    assert estimate_plain(sample).identified == identified


def test_effective_sample_size_counts_equal_rows():
    assert effective_sample_size(np.ones(7)) == pytest.approx(7)
    assert effective_sample_size(np.array([3.0, 0.0, 0.0])) == pytest.approx(1)
    assert effective_sample_size(np.zeros(3)) == 0


@pytest.mark.parametrize("law", ["uniform", "bernoulli"])
@pytest.mark.parametrize("design", ["pairs", "plain"])
def test_linear_models_come_back_exactly(law, design):
    d, n = 12, 60
    draws = MaskSampler(law, design).plan(d, n, exhaustive_up_to=0).draw(n, np.random.default_rng(5), first=True)
    slopes = np.linspace(-2, 3, d)
    Y = (draws.Z @ slopes + 0.5)[:, None]
    weights = design_weights(draws.importance, draws.enumerated) * np.linspace(0.1, 1, n)
    fit = estimate_plain(Neighborhood(draws.Z, Y, weights, np.ones(d), draws.enumerated, draws.clusters))
    np.testing.assert_allclose(fit.coef[0], slopes, atol=1e-9)
    assert fit.fidelity[0] == pytest.approx(1.0)
    assert fit.stderr.max() < 1e-9


def test_intervals_cover_the_exact_weights():
    """d = 8, a curved function known on all 256 masks, 100 rows in pairs: nominal 95 % over 200 samples."""
    d, n, repeats = 8, 100, 200
    M = all_masks(d)
    f = 1 / (1 + np.exp(3 - M @ np.linspace(0.2, 1.6, d) + 2 * M[:, 0] * M[:, 1]))
    exact = estimate_plain(
        Neighborhood(M, f[:, None], np.ones(256), np.ones(d), np.ones(256, bool), np.arange(256))
    ).coef[0]
    plan, bits, covered = MaskSampler("bernoulli").plan(d, n, exhaustive_up_to=0), 1 << np.arange(d), np.zeros(repeats)
    for seed in range(repeats):
        draws = plan.draw(n, np.random.default_rng(seed), first=True)
        weights = design_weights(draws.importance, draws.enumerated)
        sample = Neighborhood(
            draws.Z, f[draws.Z @ bits][:, None], weights, np.ones(d), draws.enumerated, draws.clusters
        )
        fit = estimate_plain(sample)
        covered[seed] = (np.abs(fit.coef[0] - exact) < 1.96 * fit.stderr[0]).mean()
    assert 0.93 < covered.mean() < 0.97


# -- where little is known ---------------------------------------------------------------------------------------------


def defined(fit) -> bool:
    numbers = (fit.coef, fit.intercept, fit.stderr, fit.intercept_stderr, fit.r2)
    shares = (fit.fidelity, fit.fidelity_stderr)  # none where the output never moved
    return all(np.isfinite(each).all() for each in numbers) and not any(np.isinf(each).any() for each in shares)


def test_a_constant_model_is_certain():
    sample = replace(sample_of(50, 3, 1, np.random.default_rng(6)), Y=np.full((50, 1), 0.3))
    fit = estimate_plain(sample)
    assert defined(fit)
    assert (fit.coef == 0).all()
    assert (fit.stderr == 0).all()
    assert np.isnan(fit.fidelity[0])
    assert np.isnan(fit.fidelity_stderr[0])


@pytest.mark.parametrize("n", [1, 2, 4, 6])
def test_fewer_rows_than_weights_give_wide_intervals(n):
    sample = sample_of(n, 6, 2, np.random.default_rng(7))
    fit = estimate_plain(sample)
    assert defined(fit)
    assert not fit.identified
    assert (fit.stderr > 0).all()


def test_one_informative_row_gives_wide_intervals():
    sample = sample_of(100, 3, 1, np.random.default_rng(8))
    weights = np.full(100, 1e-14)
    weights[0] = 1.0
    fit = estimate_plain(replace(sample, weights=weights))
    assert defined(fit)
    assert not fit.identified
    assert (fit.stderr > sample.Y.std() / 2).all()


def test_zero_weights_give_wide_intervals():
    fit = estimate_plain(replace(sample_of(30, 3, 1, np.random.default_rng(9)), weights=np.zeros(30)))
    assert defined(fit)
    assert not fit.identified
    assert (fit.stderr > 0).all()


def test_no_rows_give_a_defined_answer():
    empty = Neighborhood(
        np.zeros((0, 3), np.uint8), np.zeros((0, 1)), np.zeros(0), np.ones(3), np.zeros(0, bool), np.zeros(0, np.int64)
    )
    fit = estimate_plain(empty)
    assert defined(fit)
    assert not fit.identified
    assert (fit.stderr > 0).all()


def test_a_feature_that_never_varies_is_not_certain_unless_the_law_fixes_it():
    sample = sample_of(60, 3, 1, np.random.default_rng(10))
    sample.Z[:, 1] = 1
    unknown, fixed = estimate_plain(sample), estimate_plain(sample, fixed=np.array([False, True, False]))
    assert defined(unknown)
    assert defined(fixed)
    assert unknown.coef[0, 1] == fixed.coef[0, 1] == 0
    assert unknown.stderr[0, 1] > 0
    assert not unknown.identified
    assert fixed.stderr[0, 1] == 0
    assert fixed.identified


def test_duplicate_columns_are_not_identified():
    sample = sample_of(60, 3, 1, np.random.default_rng(11))
    sample.Z[:, 1] = sample.Z[:, 0]
    fit = estimate_plain(sample)
    assert defined(fit)
    assert not fit.identified
    assert (fit.stderr > 0).all()


def test_a_step_function_has_defined_intervals():
    sample = sample_of(40, 4, 1, np.random.default_rng(12))
    fit = estimate_plain(replace(sample, Y=(sample.Z.sum(axis=1) == 4).astype(float)[:, None]))
    assert defined(fit)
    assert (fit.stderr > 0).all()


def test_one_feature_is_a_difference_of_means():
    Z = np.array([[0], [0], [1], [1]], np.uint8)
    Y = np.array([[0.0], [2.0], [5.0], [7.0]])
    fit = estimate_plain(Neighborhood(Z, Y, np.ones(4), np.ones(1), np.zeros(4, bool), np.arange(4)))
    assert fit.coef[0, 0] == pytest.approx(5.0)
    assert fit.stderr[0, 0] == pytest.approx(2.0)  # HC3: residual 1, leverage 1/2; (1/2)² · 4 · 2² = 4


def test_a_noisy_model_is_uncertain_even_where_every_mask_was_asked():
    M = all_masks(3)
    sample = Neighborhood(M, M[:, :1].astype(float), np.ones(8), np.ones(3), np.ones(8, bool), np.arange(8))
    fit = estimate_plain(replace(sample, noise=np.full((8, 1), 0.04)))
    # Banzhaf: β_j = mean of four differences; variance 8 · 0.04 / 16
    np.testing.assert_allclose(fit.stderr, np.sqrt(8 * 0.04 / 16))
    assert fit.estimators == ("least squares",)


def test_no_features_are_legal():
    sample = Neighborhood(
        np.zeros((5, 0), np.uint8), np.arange(5.0)[:, None], np.ones(5), np.ones(0), np.zeros(5, bool), np.arange(5)
    )
    fit = estimate_plain(sample)
    assert fit.coef.shape == (1, 0)
    assert fit.intercept[0] == pytest.approx(2.0)
