"""LIME's limit in closed form, from the papers that derive it, against ours by enumeration or from large samples.

Text: Mardaoui and Garreau 2021. Images: Garreau and Mardaoui 2021. Tables: Garreau and von Luxburg 2020. Shapley and
Banzhaf values: the weighted least squares of which they are solutions.
"""

from __future__ import annotations

import itertools
from math import comb, exp, factorial

import numpy as np
import pytest
from scipy.stats import norm

from limelight.contracts import Neighborhood
from limelight.control.masks import estimate_masked
from limelight.local.points import points
from limelight.local.precision import estimate_plain
from limelight.local.sampling import (
    MaskSampler,
    all_masks,
    design_weights,
    inclusion_moments,
    size_law,
    weighted_size_law,
)
from shared_draws import control_of, estimate, neighborhood

WIDTH = 0.25


def cosine_proximity(d: int, width: float = WIDTH) -> np.ndarray:
    return np.exp(-((1 - np.sqrt(np.arange(d + 1) / d)) ** 2) / (2 * width**2))


def enumerated(f, q: np.ndarray) -> Neighborhood:
    """Every mask, weighted by its probability under the exchangeable law with size probabilities q."""
    d = len(q) - 1
    Z = all_masks(d)
    weights = np.array([q[s] / comb(d, int(s)) for s in Z.sum(axis=1)])
    Y = np.asarray(f(Z), float).reshape(len(Z), -1)
    return Neighborhood(Z, Y, weights, np.ones(d), np.ones(len(Z), bool), np.arange(len(Z)))


def product_of_kept(q: np.ndarray, p: int) -> tuple[float, float, float]:
    """(intercept, weight inside, weight outside) of f = z_1 … z_p, by the papers' inverse of the Gram matrix."""
    d = len(q) - 1
    m = inclusion_moments(q, p + 1)
    m1, m2 = inclusion_moments(q, 2)[1:]
    c = (d - 1) * m2 - d * m1**2 + m1
    s0, s1 = ((d - 1) * m2 + m1) / c, -m1 / c
    s2 = ((d - 2) * m2 - (d - 1) * m1**2 + m1) / ((m1 - m2) * c)
    s3 = (m1**2 - m2) / ((m1 - m2) * c)
    return (
        s0 * m[p] + s1 * (p * m[p] + (d - p) * m[p + 1]),
        s1 * m[p] + s2 * m[p] + s3 * ((p - 1) * m[p] + (d - p) * m[p + 1]),
        s1 * m[p] + s2 * m[p + 1] + s3 * (p * m[p] + (d - p - 1) * m[p + 1]),
    )


@pytest.mark.parametrize(
    ("law", "d", "p", "expected"),
    [
        ("uniform", 30, 2, (-0.36944, 0.64253, -0.00035)),
        ("uniform", 30, 3, (-0.50045, 0.44182, -0.00098)),
        ("bernoulli", 30, 2, (-0.27880, 0.52643, 0.00007)),
        ("bernoulli", 30, 3, (-0.29325, 0.27645, 0.00010)),
        ("uniform", 10, 2, (-0.36961, 0.65469, -0.00791)),
        ("bernoulli", 10, 2, (-0.34229, 0.57546, 0.00129)),
    ],
)
def test_products_of_words_and_superpixels_have_the_papers_weights(law, d, p, expected):
    q = weighted_size_law(size_law(law, d), cosine_proximity(d))
    assert product_of_kept(q, p) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("law", ["uniform", "bernoulli"])
@pytest.mark.parametrize("p", [1, 2, 3])
def test_enumeration_gives_the_closed_form(law, p):
    d = 9
    q = weighted_size_law(size_law(law, d), cosine_proximity(d))
    fit = estimate_plain(enumerated(lambda Z: Z[:, :p].prod(axis=1), q))
    intercept, inside, outside = product_of_kept(q, p)
    np.testing.assert_allclose(fit.coef[0], [inside] * p + [outside] * (d - p), atol=1e-10)
    np.testing.assert_allclose(fit.intercept[0], intercept, atol=1e-10)
    assert (fit.stderr == 0).all()
    assert fit.estimators == ("exact",)


@pytest.mark.parametrize("law", ["uniform", "bernoulli"])
def test_large_samples_reach_the_closed_form_with_and_without_control(law):
    """d = 30, a product of two: both estimators lie within their own standard errors of the papers' weights."""
    d, n = 30, 4000
    q = weighted_size_law(size_law(law, d), cosine_proximity(d))
    draws = MaskSampler(law).plan(d, n, exhaustive_up_to=0).draw(n, np.random.default_rng(0), first=True)
    weights = design_weights(draws.importance, draws.enumerated) * cosine_proximity(d)[draws.Z.sum(axis=1)]
    Y = draws.Z[:, :2].prod(axis=1).astype(float)[:, None]
    sample = Neighborhood(draws.Z, Y, weights, np.ones(d), draws.enumerated, draws.clusters)
    _, inside, outside = product_of_kept(q, 2)
    exact = np.array([inside] * 2 + [outside] * (d - 2))
    for fit in (estimate_plain(sample), estimate_masked(sample, q)):
        assert (np.abs(fit.coef[0] - exact) < 4 * fit.stderr[0] + 2e-3).all()
    assert estimate_masked(sample, q).stderr.max() < estimate_plain(sample).stderr.max() / 2


def test_shapley_values_are_a_weighted_regression():
    """Shapley kernel with heavy end points, full enumeration [lundberg2017]."""
    d, rng = 5, np.random.default_rng(1)
    f = rng.normal(size=2**d)
    bits = 1 << np.arange(d)
    shapley = np.zeros(d)
    for order in itertools.permutations(range(d)):
        at = 0
        for j in order:
            shapley[j] += (f[at + bits[j]] - f[at]) / factorial(d)
            at += bits[j]
    q = np.array([1e7] + [(d - 1) / (s * (d - s)) for s in range(1, d)] + [1e7])
    fit = estimate_plain(enumerated(lambda Z: f[Z @ bits], q))
    np.testing.assert_allclose(fit.coef[0], shapley, atol=1e-5)


def test_banzhaf_values_are_an_unweighted_regression():
    d, rng = 5, np.random.default_rng(2)
    f = rng.normal(size=2**d)
    bits = 1 << np.arange(d)
    Z = all_masks(d)
    banzhaf = [np.mean(f[Z[Z[:, j] == 1] @ bits] - f[Z[Z[:, j] == 1] @ bits - bits[j]]) for j in range(d)]
    fit = estimate_plain(enumerated(lambda Z: f[Z @ bits], size_law("bernoulli", d)))
    np.testing.assert_allclose(fit.coef[0], banzhaf, atol=1e-12)


def quartile_draws(n: int, d: int, seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gaussian columns in quartile bins: (points, codes, values)."""
    U = np.clip(points("sobol", 0, n, d, seed), 1e-9, 1 - 1e-9)
    return U, np.floor(4 * U).astype(np.int64), norm.ppf(U)


def bin_means() -> np.ndarray:
    """E[x | quartile bin] of a standard normal."""
    edges = norm.ppf([0, 0.25, 0.5, 0.75, 1])
    return 4 * (norm.pdf(edges[:-1]) - norm.pdf(edges[1:]))


@pytest.mark.parametrize("width", [0.6, 1.3, 10.0])
@pytest.mark.parametrize("controlled", [False, True])
def test_linear_models_on_quartile_bins_do_not_depend_on_the_width(width, controlled):
    """β_j = λ_j (own bin's mean − mean of the others) [garreau2020]; a middle bin can hide an important feature."""
    slopes, own, d = np.array([1.0, -2.0, 0.5]), np.array([3, 0, 1]), 3
    U, codes, X = quartile_draws(16384, d, seed=3)
    ratio = exp(-1 / (2 * width**2))
    sample = neighborhood(codes, (X @ slopes)[:, None], own, ratio)
    quartiles = [np.full(4, 0.25)] * d
    pool = control_of(codes, U, sample.Y[:, 0], quartiles, norm.ppf) if controlled else None
    fit = estimate(sample, pool, own, ratio)
    means = bin_means()
    exact = slopes * [means[b] - np.delete(means, b).mean() for b in own]
    assert (np.abs(fit.coef[0] - exact) < 4 * fit.stderr[0]).all()
    assert fit.estimators[0].startswith("additive" if controlled else "least squares")
    assert np.abs(fit.coef[0] - exact).max() < (0.004 if controlled else 0.05)


def test_multiplicative_models_on_quartile_bins_have_the_papers_weights():
    """f = Π exp(a_j x_j): β_j = (Π c_k / c^d) · pc / (pc − 1) · (e_own c / c_j − 1) [garreau2020, proposition 8]."""
    a, own, d, width = np.array([0.6, -0.4, 0.3]), np.array([0, 2, 3]), 3, 1.2
    U, codes, X = quartile_draws(2**15, d, seed=4)
    ratio = exp(-1 / (2 * width**2))
    sample = neighborhood(codes, np.exp(X @ a)[:, None], own, ratio)
    pool = control_of(codes, U, sample.Y[:, 0], [np.full(4, 0.25)] * d)
    fit = estimate(sample, pool, own, ratio)
    edges = norm.ppf([0, 0.25, 0.5, 0.75, 1])
    e = 4 * np.exp(a[:, None] ** 2 / 2) * (norm.cdf(edges[1:] - a[:, None]) - norm.cdf(edges[:-1] - a[:, None]))
    kernel = np.where(np.arange(4) == own[:, None], 1.0, ratio)
    c = 1 / 4 + 3 / 4 * ratio
    c_j = (e * kernel).mean(axis=1)
    exact = c_j.prod() / c**d * 4 * c / (4 * c - 1) * (e[np.arange(d), own] * c / c_j - 1)
    assert (np.abs(fit.coef[0] - exact) < 4 * fit.stderr[0]).all()
    np.testing.assert_allclose(fit.coef[0], exact, atol=0.01)


def test_unused_columns_have_weight_zero():
    own, d = np.array([0, 1, 2, 3]), 4
    U, codes, X = quartile_draws(4096, d, seed=5)
    Y = 1 / (1 + np.exp(-3 * X[:, :1] * X[:, 1:2]))
    control = control_of(codes, U, Y[:, 0], [np.full(4, 0.25)] * d)
    fit = estimate(neighborhood(codes, Y, own, 0.9), control, own, 0.9)
    assert (np.abs(fit.coef[0, 2:]) < 4 * fit.stderr[0, 2:]).all()
