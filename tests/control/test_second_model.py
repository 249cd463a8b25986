"""One less a second model is the second model of the other class, in every part of it."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import ndtri

from binned_tables import control, design, shared
from limelight.control.second_model import TableControl


def classes(U: np.ndarray) -> np.ndarray:
    """The probability of a class: a curve, and a pair of columns."""
    X = ndtri(U)
    both = (X[:, 0] > 0) & (X[:, 2] < 0)
    return 0.8 / (1.0 + np.exp(-4.0 * (X[:, 0] + X[:, 1]))) + 0.2 * both


def both_classes(n: int = 2048) -> tuple[np.ndarray, np.ndarray, np.ndarray, TableControl, TableControl]:
    U, codes = shared(n, 0)
    y = classes(U)
    found = control(U, codes, y)
    assert found.name == "additive, curve, pairs"
    return U, codes, y, found, found.mirrored(1.0 - y, y)


def test_what_one_class_leaves_the_other_leaves_with_the_other_sign():
    U, codes, y, found, other = both_classes()
    np.testing.assert_allclose(other.unseen, -found.unseen, atol=1e-15)
    inside = design(U, codes).inside
    np.testing.assert_allclose(other.residuals(codes, inside, 1.0 - y), other.unseen, atol=1e-9)
    _, later_codes = shared(64, 5)
    inside = design(U, codes).inside[:64]
    for averaged in (None, 0, 1, 2):
        said = found.residuals(later_codes, inside, np.zeros(64), averaged=averaged)
        of_other = other.residuals(later_codes, inside, np.ones(64), averaged=averaged)
        np.testing.assert_allclose(of_other, -said, atol=1e-12)


def test_weights_turn_round_and_the_intercepts_add_up_to_one():
    _, codes, _, found, other = both_classes()
    for own in (codes[0], codes[7], np.array([codes[0, 0], -1, codes[0, 2]])):
        slopes, starts = found.parts.project(own, 0.8)
        turned, others = other.parts.project(own, 0.8)
        np.testing.assert_allclose(turned, -slopes, atol=1e-13)
        np.testing.assert_allclose(starts + others, 1.0)


def test_what_is_said_of_the_model_is_said_of_its_complement():
    U, codes, y, found, other = both_classes()
    fitted = control(U, codes, 1.0 - y).model  # by itself: the same up to single precision
    said = other.model
    assert (said.low, said.high) == (fitted.low, fitted.high)
    assert (said.additive, said.stderr) == (found.model.additive, found.model.stderr)
    assert said.additive == pytest.approx(fitted.additive)
    assert said.saturating == pytest.approx(fitted.saturating, abs=1e-4)
    assert [pair[:2] for pair in said.pairs] == [pair[:2] for pair in fitted.pairs]
    np.testing.assert_allclose(said.coef, fitted.coef, atol=1e-9)
    np.testing.assert_allclose(said.residual, fitted.residual, atol=1e-9)


def test_to_average_over_a_coordinate_is_to_ask_of_each_of_its_values():
    U, codes, _, found, _ = both_classes()
    _, later = shared(48, 5)
    inside = design(U, codes).inside[100:148]
    assert (0, 2) in {(table.first, table.second) for table in found.tables}
    for j, shape in enumerate(found.terms.shapes):
        one_by_one = np.zeros(48)
        for mass, code, terms in zip(shape.mass, shape.codes, shape.terms, strict=True):
            there, at = later.copy(), inside.copy()
            there[:, j], at[:, j] = code, terms
            one_by_one += mass * found.residuals(there, at, np.zeros(48))
        np.testing.assert_allclose(found.residuals(later, inside, np.zeros(48), averaged=j), one_by_one, atol=1e-10)
