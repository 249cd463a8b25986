"""On the very same perturbations the fit is lime's, to rounding.

The claims of `compat/lime/surrogate.py`.
"""

from __future__ import annotations

import numpy as np
import pytest
from lime import lime_base as theirs
from sklearn.linear_model import Lasso, LinearRegression, Ridge

from limelight.compat.lime import lime_base as ours


def kernel(distances):
    return np.sqrt(np.exp(-(distances**2) / 0.6**2))


def neighborhood(seed, *, binary):
    rng = np.random.default_rng(seed)
    Z = rng.integers(0, 2, (300, 9)).astype(float) if binary else rng.normal(size=(300, 9))
    if binary:
        Z[0] = 1
    signal = Z @ rng.normal(size=9) + Z[:, 0] * Z[:, 1]
    Y = np.stack([signal, np.tanh(signal) + 0.1 * rng.normal(size=300)], axis=1)
    return Z, Y, rng.uniform(0, 2, 300) * (np.arange(300) > 0)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("binary", [True, False])
@pytest.mark.parametrize("method", ["auto", "forward_selection", "highest_weights", "lasso_path", "none"])
@pytest.mark.parametrize("regressor", [None, LinearRegression(), Lasso(alpha=0.01), Ridge(alpha=5.0)])
@pytest.mark.parametrize("num_features", [3, 7])
def test_equal_perturbations_give_lime_s_fit(binary, method, regressor, num_features):
    Z, Y, D = neighborhood(num_features, binary=binary)
    for label in (0, 1):
        words = (Z, Y, D, label, num_features, method, regressor)
        intercept, pairs, score, local = ours.LimeBase(kernel).explain_instance_with_data(*words)
        their_intercept, their_pairs, their_score, their_local = theirs.LimeBase(kernel).explain_instance_with_data(
            *words
        )
        assert [j for j, _ in pairs] == [j for j, _ in their_pairs]
        np.testing.assert_allclose([w for _, w in pairs], [w for _, w in their_pairs], rtol=0, atol=1e-9)
        np.testing.assert_allclose([intercept, score], [their_intercept, their_score], rtol=0, atol=1e-9)
        np.testing.assert_allclose(local, their_local, rtol=0, atol=1e-9)
        assert local.shape == their_local.shape


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("method", ["auto", "forward_selection", "highest_weights", "lasso_path", "none"])
def test_feature_selection_chooses_what_lime_chooses(method):
    Z, Y, D = neighborhood(5, binary=True)
    words = (Z, Y[:, 0], kernel(D), 4, method)
    chosen = ours.LimeBase(kernel).feature_selection(*words)
    assert set(chosen.tolist()) == set(np.asarray(theirs.LimeBase(kernel).feature_selection(*words)).tolist())


def test_the_path_of_the_lasso_is_scikit_learn_s():
    Z, Y, _ = neighborhood(1, binary=False)
    for mine, their in zip(
        ours.LimeBase.generate_lars_path(Z, Y[:, 0]), theirs.LimeBase.generate_lars_path(Z, Y[:, 0]), strict=True
    ):
        np.testing.assert_array_equal(mine, their)


def test_columns_that_do_not_vary_make_up_the_number_asked_for():
    Z, Y, D = neighborhood(2, binary=True)
    Z[:, [2, 5]] = 1
    pairs = ours.LimeBase(kernel).explain_instance_with_data(Z, Y, D, 0, 9)[1]
    assert len(pairs) == 9
    assert {j for j, weight in pairs if weight == 0} == {2, 5}


def test_errors_say_what_to_do():
    Z, Y, D = neighborhood(3, binary=True)
    with pytest.raises(ValueError, match="shape \\(n, k\\) with a column 2"):
        ours.LimeBase(kernel).explain_instance_with_data(Z, Y, D, 2, 3)
    with pytest.raises(ValueError, match="feature_selection: unknown name 'foward'"):
        ours.LimeBase(kernel).explain_instance_with_data(Z, Y, D, 0, 3, "foward")
    with pytest.raises(ValueError, match="num_features: expected a positive integer"):
        ours.LimeBase(kernel).explain_instance_with_data(Z, Y, D, 0, 0)
    with pytest.raises(ValueError, match="model_regressor"):
        ours.LimeBase(kernel).explain_instance_with_data(Z, Y, D, 0, 3, model_regressor=object())
