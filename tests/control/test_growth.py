"""An exponential of a sum is recognised however heavy its tail, and nothing else is taken for one."""

from __future__ import annotations

import numpy as np
import pytest

from limelight.control.growth import growth_of


def fitted(y: np.ndarray, columns: np.ndarray) -> float:
    S = np.column_stack([np.ones(len(y)), columns])
    inverse = np.linalg.inv(S.T @ S)
    found = growth_of(S, y, inverse, np.einsum("ij,jk,ik->i", S, inverse, S))
    return np.nan if found is None else found.share


@pytest.fixture
def X() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(1000, 3))


@pytest.mark.parametrize("steepness", [0.5, 2.0, 4.0])
def test_an_exponential_is_one_whatever_its_tail(X: np.ndarray, steepness: float) -> None:
    assert fitted(np.exp(steepness * X.sum(axis=1)), X) == pytest.approx(1.0)


def test_the_unit_of_the_answers_changes_nothing(X: np.ndarray) -> None:
    y = np.exp(X.sum(axis=1) + 0.3 * np.sin(3 * X[:, 0]))
    assert fitted(1000 * y, X) == pytest.approx(fitted(10 * y, X))


def test_each_row_is_predicted_without_it(X: np.ndarray) -> None:
    X, rng = X[:40], np.random.default_rng(1)
    y = np.exp(3 + X.sum(axis=1) + rng.normal(0, 0.3, 40))
    S = np.column_stack([np.ones(40), X])
    seen = np.exp(S @ np.linalg.lstsq(S, np.log(y), rcond=None)[0])
    unseen = np.empty(40)
    for i in range(40):
        others = np.arange(40) != i
        unseen[i] = np.exp(S[i] @ np.linalg.lstsq(S[others], np.log(y[others]), rcond=None)[0])
    share = 1 - np.abs((y - seen) * (y - unseen)).sum() / np.square(y - y.mean()).sum()
    logarithm = np.log(y)
    leverage = np.einsum("ij,jk,ik->i", S, np.linalg.inv(S.T @ S), S)
    left = np.square(logarithm - np.log(seen)) / (1 - leverage)
    of_log = 1 - left.sum() / (np.square(logarithm - logarithm.mean()).sum() * 40 / 39)
    assert share < of_log
    assert fitted(y, X) == pytest.approx(share)


def test_columns_that_act_together_are_no_exponential(X: np.ndarray) -> None:
    assert fitted(np.exp(2 * X[:, 0] * X[:, 1]), X) < 0.2
    assert fitted(2.0 + 5.0 * ((X[:, 0] > 0) != (X[:, 1] > 0)), X) < 0.2


def test_what_holds_for_tiny_answers_only_is_not_enough(X: np.ndarray) -> None:
    # over most of its range the logarithm is a sum; where the answers are large, two columns act together
    tiny = np.exp(20 * X[:, 0] - 60)
    y = tiny + 5.0 * (X[:, 0] > 0) * ((X[:, 1] > 0) != (X[:, 2] > 0))
    assert fitted(y, X) < 0.5


@pytest.mark.parametrize("y", [np.linspace(0.01, 0.99, 50), np.linspace(0.0, 9.0, 50), np.linspace(-1.0, 9.0, 50)])
def test_probabilities_zeros_and_negative_numbers_have_none(y: np.ndarray) -> None:
    assert np.isnan(fitted(y, np.linspace(0, 1, 50)[:, None]))


def test_it_knows_the_factor_of_each_column_and_what_it_leaves_of_the_logarithm(X: np.ndarray) -> None:
    noise = np.random.default_rng(2).normal(0, 0.2, len(X))
    y = np.exp(2.0 + 0.5 * X[:, 0] - X[:, 1] + noise)
    S = np.column_stack([np.ones(len(X)), X])
    inverse = np.linalg.inv(S.T @ S)
    found = growth_of(S, y, inverse, np.einsum("ij,jk,ik->i", S, inverse, S))
    assert found is not None
    np.testing.assert_allclose(found.coef, [2.0, 0.5, -1.0, 0.0], atol=0.03)
    assert found.spread == pytest.approx(0.2, rel=0.1)
    assert found.deviation == pytest.approx(np.sqrt(0.25 + 1 + 0.04), rel=0.1)
