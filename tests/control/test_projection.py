"""Known functions of masks are projected exactly, or with little noise."""

from __future__ import annotations

import numpy as np
import pytest

from drawn_masks import curved, drawn, exact
from limelight.control.logistic import fit_logistic
from limelight.control.projection import Polynomial, Projection, identifies, projection, rows_needed
from limelight.local.precision import estimate_plain
from limelight.local.sampling import size_law, weighted_size_law


def sides(onto: Projection) -> list[np.ndarray]:
    """Return the masks of a projection and their complements."""
    return [(sign * onto.H > 0).astype(np.uint8) for sign, _ in onto.sides]


def test_few_features_are_projected_exactly():
    q = weighted_size_law(size_law("uniform", 10), np.linspace(0.2, 1, 11))
    onto, expected = projection(tuple(q.tolist()), 0), exact(curved, q)
    coef, intercept = onto.project(np.stack([curved(Z) for Z in sides(onto)]))
    np.testing.assert_allclose(coef, expected.coef[0], atol=1e-10)
    assert intercept == pytest.approx(expected.intercept[0])
    assert projection(tuple(q.tolist()), 0) is onto


@pytest.mark.parametrize("law", ["uniform", "bernoulli"])
def test_polynomials_are_projected_in_closed_form(law):
    d, rng = 9, np.random.default_rng(2)
    q = weighted_size_law(size_law(law, d), np.linspace(0.2, 1, d + 1))
    pairs = np.array([[0, 1], [0, 4], [7, 8]])
    size, linear, bent, slopes = (rng.normal(size=each) for each in (d + 1, d, d, d))
    form = Polynomial(0.7, size, linear, bent, pairs, rng.normal(size=3), slopes, (0.8, -0.6))

    def values(Z: np.ndarray) -> np.ndarray:
        centred, size = Z - 0.5, Z.sum(axis=1)
        slopes = form.linear + form.bent * (size[:, None] / d - 0.5)
        products = centred[:, pairs[:, 0]] * centred[:, pairs[:, 1]]
        curved = form.powers[0] * (centred @ form.slopes) ** 2 + form.powers[1] * (centred @ form.slopes) ** 3
        linear = form.constant + form.size[size] + (centred * slopes).sum(axis=1)
        return linear + products @ form.interactions + curved

    (coef, intercept), expected = form.project(q), exact(values, q)
    np.testing.assert_allclose(coef, expected.coef[0], atol=1e-10)
    assert intercept == pytest.approx(expected.intercept[0])


def test_more_features_than_can_be_enumerated_are_projected_with_little_noise():
    """A curve's polynomial in closed form and a sample of the rest agree with very many masks."""
    d, n = 24, 1000
    q = size_law("uniform", d)
    sample = drawn(curved, "uniform", d, n, 3)
    fitted = fit_logistic(sample.Z, sample.Y[:, 0], sample.weights, sample.clusters)
    onto = projection(tuple(q.tolist()), rows_needed(n, d))
    rest = fitted.model.bend(onto)
    values = np.stack([fitted.model.predict(Z) for Z in sides(onto)])
    np.testing.assert_allclose(fitted.model.values(onto), values, rtol=1e-4)
    coef = fitted.model.polynomial(d).project(q)[0] + onto.project(rest)[0]
    many = drawn(fitted.model.predict, "uniform", d, 200_000, 4)
    reference = estimate_plain(many)
    assert np.var(rest) < np.var(values) / 10
    assert np.abs(coef - reference.coef[0]).max() < 5 * reference.stderr.max() + 0.002


def test_a_law_that_keeps_everything_identifies_nothing():
    assert identifies(size_law("bernoulli", 20))
    assert not identifies(np.eye(21)[20])
    assert not identifies(np.eye(21)[10])  # always ten: the sum of the features does not vary
