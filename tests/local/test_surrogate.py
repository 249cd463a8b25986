import pickle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import RandomForestRegressor
from sklearn.linear_model import ElasticNet, HuberRegressor, LinearRegression, Ridge, SGDRegressor
from sklearn.neighbors import KNeighborsRegressor
from sklearn.svm import SVR

import limelight.local.moments as module
from limelight.contracts import Neighborhood
from limelight.errors import InputError, UnknownNameError
from limelight.local.moments import moments
from limelight.local.surrogate import EstimatorSurrogate, RidgeSurrogate, solve, weighted_r2

seeds = st.integers(0, 10_000)
quick = settings(max_examples=30, deadline=None)


def sample(seed, *, n=60, d=5, k=2, masks=True, spread=1.0):
    """A rough function with unequal weights."""
    rng = np.random.default_rng(seed)
    Z = (rng.random((n, d)) < 0.6).astype(np.uint8) if masks else rng.normal(size=(n, d)) * spread + rng.normal(size=d)
    return Z, np.sin(3 * Z @ rng.normal(size=(d, k))) + rng.normal(size=k), rng.random(n) ** 3


def around(Z, Y, weights):
    n, d = Z.shape
    return Neighborhood(Z, Y, weights, np.ones(d), np.zeros(n, dtype=bool), np.arange(n))


def by_least_squares(Z, Y, weights):
    """numpy's minimum-norm solution on the weighted, centred rows."""
    mean_Z, mean_Y = np.average(Z, axis=0, weights=weights), np.average(Y, axis=0, weights=weights)
    root = np.sqrt(weights)[:, None]
    coef = np.linalg.lstsq(root * (Z - mean_Z), root * (Y - mean_Y), rcond=1e-8)[0]
    return coef.T, mean_Y - mean_Z @ coef


@given(seed=seeds, masks=st.booleans(), d=st.sampled_from([1, 5, 30]))
@quick
def test_moments_are_those_of_the_definition(seed, masks, d):
    Z, Y, weights = sample(seed, d=d, masks=masks)
    m = moments(Z, Y, weights)
    mean_Z, mean_Y = np.average(Z, axis=0, weights=weights), np.average(Y, axis=0, weights=weights)
    np.testing.assert_allclose(m.mean_Z, mean_Z, atol=1e-12)
    np.testing.assert_allclose(m.mean_Y, mean_Y, atol=1e-12)
    np.testing.assert_allclose(m.gram, (Z - mean_Z).T @ (weights[:, None] * (Z - mean_Z)), atol=1e-11)
    np.testing.assert_allclose(m.cross, (Z - mean_Z).T @ (weights[:, None] * (Y - mean_Y)), atol=1e-11)
    np.testing.assert_allclose(m.variance_Y, np.average((Y - mean_Y) ** 2, axis=0, weights=weights), atol=1e-12)
    assert (m.n, m.total) == (60, pytest.approx(weights.sum()))


@pytest.mark.parametrize("masks", [True, False])
@pytest.mark.parametrize("order", ["C", "F"])
def test_moments_do_not_depend_on_blocks_or_memory_order(monkeypatch, masks, order):
    for d in (5, 40):
        Z, Y, weights = sample(1, d=d, masks=masks)
        whole = moments(Z, Y, weights)
        monkeypatch.setattr(module, "_BLOCK_BYTES", 8 * (d + 3) * 7)
        blocks = moments(np.asarray(Z, order=order), Y, weights)
        monkeypatch.undo()
        np.testing.assert_allclose(blocks.gram, whole.gram, atol=1e-12)
        np.testing.assert_allclose(blocks.cross, whole.cross, atol=1e-12)


@given(seed=seeds, masks=st.booleans())
@quick
def test_solve_equals_least_squares(seed, masks):
    Z, Y, weights = sample(seed, masks=masks)
    for ours, theirs in zip(solve(moments(Z, Y, weights)), by_least_squares(Z, Y, weights), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=1e-9)


@given(seed=seeds, masks=st.booleans(), n=st.integers(2, 8), d=st.integers(1, 20))
@quick
def test_few_rows_give_the_solution_of_least_norm_and_never_nan(seed, masks, n, d):
    Z, Y, weights = sample(seed, n=n, d=d, masks=masks)
    weights += 0.1
    coef, intercept = solve(moments(Z, Y, weights))
    assert np.isfinite(coef).all() and np.isfinite(intercept).all()
    expected, _ = by_least_squares(Z, Y, weights)
    np.testing.assert_allclose(coef, expected, atol=1e-6 * (1 + np.abs(expected).max()))


@given(seed=seeds, alpha=st.sampled_from([0.01, 1.0, 30.0]), masks=st.booleans())
@quick
def test_regularization_over_total_weight_is_sklearns_alpha(seed, alpha, masks):
    Z, Y, weights = sample(seed, masks=masks)
    coef, intercept = solve(moments(Z, Y, weights), regularization=alpha / weights.sum())
    ridge = Ridge(alpha=alpha).fit(Z, Y, sample_weight=weights)
    np.testing.assert_allclose(coef, ridge.coef_, atol=1e-9)
    np.testing.assert_allclose(intercept, ridge.intercept_, atol=1e-9)


@given(seed=seeds, scale=st.sampled_from([1e-9, 7.0, 1e12]))
@quick
def test_only_ratios_of_weights_matter(seed, scale):
    Z, Y, weights = sample(seed)
    for once, scaled in zip(
        solve(moments(Z, Y, weights), regularization=0.1),
        solve(moments(Z, Y, scale * weights), regularization=0.1),
        strict=True,
    ):
        np.testing.assert_allclose(once, scaled, atol=1e-9)


@given(seed=seeds, masks=st.booleans(), power=st.integers(0, 12))
@quick
def test_a_linear_function_comes_back_for_any_weights(seed, masks, power):
    Z, _, weights = sample(seed, masks=masks)
    rng = np.random.default_rng(seed)
    slope, offset = rng.normal(size=(5, 3)), rng.normal(size=3)
    m = moments(Z, Z @ slope + offset, weights**power + 1e-6)
    coef, intercept = solve(m)
    np.testing.assert_allclose(coef, slope.T, atol=1e-9)
    np.testing.assert_allclose(intercept, offset, atol=1e-9)
    np.testing.assert_allclose(weighted_r2(m, coef), 1, atol=1e-9)


def test_a_linear_function_of_distant_and_unequal_columns_comes_back():
    rng = np.random.default_rng(0)
    scale = np.array([1e-4, 1.0, 1e5])
    Z = (rng.normal(size=(200, 3)) + np.array([0, 300.0, 5.0])) * scale
    coef, _ = solve(moments(Z, Z @ (np.array([[2.0], [-1.0], [0.5]]) / scale[:, None]), np.ones(200)))
    np.testing.assert_allclose(coef[0] * scale, [2, -1, 0.5], atol=1e-9)


@given(seed=seeds, a=st.sampled_from([-2.0, 1e-6, 1e6]), b=st.sampled_from([-5.0, 1e3]))
@quick
def test_an_affine_change_of_the_output_changes_the_fit_alike(seed, a, b):
    Z, Y, weights = sample(seed)
    coef, intercept = solve(moments(Z, Y, weights))
    coef_after, intercept_after = solve(moments(Z, a * Y + b, weights))
    tolerance = 1e-12 * (abs(a) + abs(b)) * 100
    np.testing.assert_allclose(coef_after, a * coef, atol=tolerance)
    np.testing.assert_allclose(intercept_after, a * intercept + b, atol=tolerance)


@given(seed=seeds, n=st.sampled_from([4, 60]))
@quick
def test_permuting_the_features_permutes_the_weights(seed, n):
    Z, Y, weights = sample(seed, n=n)
    order = np.random.default_rng(seed).permutation(5)
    coef, intercept = solve(moments(Z, Y, weights + 0.1))
    coef_after, intercept_after = solve(moments(Z[:, order], Y, weights + 0.1))
    np.testing.assert_allclose(coef_after, coef[:, order], atol=1e-8)
    np.testing.assert_allclose(intercept_after, intercept, atol=1e-8)


@given(seed=seeds, masks=st.booleans())
@quick
def test_duplicates_share_their_weight_equally(seed, masks):
    Z, Y, weights = sample(seed, masks=masks)
    single, _ = solve(moments(Z, Y, weights))
    double, _ = solve(moments(np.column_stack([Z, Z[:, 2]]), Y, weights))
    np.testing.assert_allclose(double[:, 2], double[:, 5], atol=1e-9)
    np.testing.assert_allclose(double[:, 2] + double[:, 5], single[:, 2], atol=1e-8)
    np.testing.assert_allclose(np.delete(double, [2, 5], axis=1), np.delete(single, 2, axis=1), atol=1e-8)


@given(seed=seeds, masks=st.booleans(), penalty=st.sampled_from([0.0, 0.1]))
@quick
def test_fitting_a_subset_is_fitting_the_smaller_design(seed, masks, penalty):
    Z, Y, weights = sample(seed, masks=masks)
    subset = [4, 0, 3]
    inside = solve(moments(Z, Y, weights), regularization=penalty, subset=subset)
    alone = solve(moments(Z[:, subset], Y, weights), regularization=penalty)
    for a, b in zip(inside, alone, strict=True):
        np.testing.assert_allclose(a, b, atol=1e-9)


@given(seed=seeds, masks=st.booleans())
@quick
def test_all_targets_at_once_are_each_alone(seed, masks):
    Z, Y, weights = sample(seed, k=3, masks=masks)
    together = solve(moments(Z, Y, weights))
    for i in range(3):
        coef, intercept = solve(moments(Z, Y[:, [i]], weights))
        np.testing.assert_allclose(together[0][i], coef[0], atol=1e-12)
        np.testing.assert_allclose(together[1][i], intercept[0], atol=1e-12)


@given(seed=seeds, value=st.sampled_from([0.0, 0.1, 1 / 3, -1e9]), masks=st.booleans())
@quick
def test_a_constant_model_gives_exactly_zero_weights_and_full_fidelity(seed, value, masks):
    Z, Y, weights = sample(seed, masks=masks)
    m = moments(Z, np.full_like(Y, value), weights)
    coef, intercept = solve(m)
    assert not coef.any()
    np.testing.assert_allclose(intercept, value, rtol=1e-15)
    assert weighted_r2(m, coef).tolist() == [1, 1]


def test_rounding_noise_on_a_constant_model_is_no_effect():
    Z, _, weights = sample(0)
    noisy = np.where(Z[:, [0, 1]] == 1, 0.3, np.nextafter(0.3, 1))
    assert not solve(moments(Z, noisy, weights))[0].any()


@pytest.mark.parametrize("constant", [0.0, 1.0, 7.3, -1e8])
def test_a_column_that_does_not_vary_gets_exactly_zero(constant):
    Z, Y, weights = sample(0, masks=False)
    Z[:, 1] = constant
    m = moments(Z, Y, weights)
    coef, _ = solve(m)
    assert m.varying.tolist() == [True, False, True, True, True]
    assert not coef[:, 1].any()
    np.testing.assert_allclose(np.delete(coef, 1, axis=1), solve(moments(np.delete(Z, 1, axis=1), Y, weights))[0])


@pytest.mark.parametrize("value", [0, 1])
@pytest.mark.parametrize("d", [5, 40])
def test_a_mask_that_does_not_vary_gets_exactly_zero(value, d):
    Z, Y, weights = sample(3, n=400, d=d)
    Z[:, 1] = value
    Z[5, 1], weights[5] = 1 - value, 0.0
    m = moments(Z, Y, weights)
    assert not m.varying[1] and not solve(m)[0][:, 1].any()


@pytest.mark.parametrize("penalty", [0.0, 1.0])
@pytest.mark.parametrize("masks", [True, False])
def test_zero_total_weight_gives_zero_weights_around_the_mean(masks, penalty):
    Z, Y, _ = sample(0, masks=masks)
    m = moments(Z, Y, np.zeros(60))
    coef, intercept = solve(m, regularization=penalty)
    assert not coef.any()
    np.testing.assert_allclose(intercept, Y.mean(axis=0))
    assert np.isfinite(weighted_r2(m, coef)).all()


def test_tiny_weights_are_weights():
    Z, Y, weights = sample(0)
    expected = solve(moments(Z, Y, weights))[0]
    np.testing.assert_allclose(solve(moments(Z, Y, weights * 1e-200))[0], expected, atol=1e-9)


def test_one_row_gives_zero_weights():
    coef, intercept = solve(moments(np.array([[0.1, -3.7]]), np.array([[0.7]]), np.array([0.3])))
    assert not coef.any()
    assert intercept.tolist() == [0.7]


def test_no_features_fit_the_mean():
    coef, intercept = solve(moments(np.zeros((3, 0), dtype=np.uint8), np.array([[1.0], [2.0], [6.0]]), np.ones(3)))
    assert coef.shape == (1, 0)
    assert intercept.tolist() == [3]


def test_r2_is_that_of_the_predictions():
    Z, Y, weights = sample(2)
    m = moments(Z, Y, weights)
    coef, _ = solve(m, regularization=0.05)
    ridge = Ridge(alpha=0.05 * weights.sum()).fit(Z, Y[:, 0], sample_weight=weights)
    np.testing.assert_allclose(weighted_r2(m, coef)[0], ridge.score(Z, Y[:, 0], sample_weight=weights), atol=1e-12)


@pytest.mark.parametrize(
    ("weights", "message"),
    [(np.ones(3), "Z"), (np.array([1.0, -1, 1, 1]), "weights"), (np.array([1.0, np.nan, 1, 1]), "weights")],
)
def test_arrays_that_do_not_fit_are_refused(weights, message):
    with pytest.raises(InputError, match=message):
        moments(np.ones((4, 2), dtype=np.uint8), np.ones((4, 1)), weights)


def test_the_weights_shown_are_those_of_the_full_fit():
    Z, Y, weights = sample(1)
    fit = RidgeSurrogate().fit(around(Z, Y, weights), 2)
    coef, intercept = solve(moments(Z, Y, weights))
    np.testing.assert_array_equal(fit.coef, coef)
    np.testing.assert_array_equal(fit.intercept, intercept)
    for row, indices in zip(fit.coef, fit.selected, strict=True):
        assert indices.tolist() == np.argsort(-np.abs(row))[:2].tolist()


@pytest.mark.parametrize("selection", ["auto", "forward", "lasso_path"])
def test_refit_fits_the_chosen_features_alone(selection):
    Z, Y, weights = sample(1)
    fit = RidgeSurrogate(selection, refit=True).fit(around(Z, Y, weights), 2)
    for i, indices in enumerate(fit.selected):
        alone = LinearRegression().fit(Z[:, indices], Y[:, i], sample_weight=weights)
        np.testing.assert_allclose(fit.coef[i, indices], alone.coef_, atol=1e-9)
        np.testing.assert_allclose(fit.intercept[i], alone.intercept_, atol=1e-9)
        assert np.flatnonzero(fit.coef[i]).tolist() == sorted(indices)
        assert (np.diff(np.abs(fit.coef[i, indices])) <= 0).all()


def test_an_absolute_penalty_is_the_relative_one_times_the_weight():
    Z, Y, weights = sample(1)
    absolute = RidgeSurrogate(regularization=3.0, absolute=True).fit(around(Z, Y, weights), 2)
    relative = RidgeSurrogate(regularization=3.0 / weights.sum()).fit(around(Z, Y, weights), 2)
    np.testing.assert_allclose(absolute.coef, relative.coef)


@pytest.mark.parametrize("estimator", [Ridge(alpha=2.0), ElasticNet(alpha=0.01), HuberRegressor()])
def test_an_estimator_fits_what_it_fits_by_itself(estimator):
    Z, Y, weights = sample(1)
    fit = EstimatorSurrogate(estimator).fit(around(Z, Y, weights), 3)
    for i in range(2):
        estimator.fit(Z.astype(float), Y[:, i], sample_weight=weights)
        np.testing.assert_allclose(fit.coef[i], estimator.coef_, atol=1e-9)
        np.testing.assert_allclose(fit.intercept[i], estimator.intercept_, atol=1e-9)
        assert len(fit.selected[i]) == 3


def test_an_estimator_is_never_fitted_itself_and_reads_no_global_randomness():
    estimator = SGDRegressor(max_iter=5, tol=None)
    surrogate = EstimatorSurrogate(estimator)
    np.random.seed(0)  # noqa: NPY002
    state = np.random.get_state()[1].copy()  # noqa: NPY002
    first, second = (surrogate.fit(around(*sample(1)), 3) for _ in range(2))
    np.testing.assert_array_equal(first.coef, second.coef)
    np.testing.assert_array_equal(np.random.get_state()[1], state)  # noqa: NPY002
    assert not hasattr(estimator, "coef_")


def test_an_estimator_without_anything_to_fit_gives_the_mean():
    Z, Y, weights = sample(1)
    Z[:] = 1
    fit = EstimatorSurrogate(Ridge(), refit=True).fit(around(Z, Y, weights), 3)
    assert not fit.coef.any()
    np.testing.assert_allclose(fit.intercept, np.average(Y, axis=0, weights=weights))


@pytest.mark.parametrize(
    ("estimator", "message"),
    [
        (RandomForestRegressor(n_estimators=1), "coef_ after fit, got RandomForestRegressor"),
        (SVR(), "coef_ after fit, got SVR"),
        (KNeighborsRegressor(), "takes sample_weight, got KNeighborsRegressor"),
        ("ridge", "a scikit-learn regressor, got str"),
    ],
)
def test_estimators_that_cannot_be_a_surrogate_are_refused_before_any_call(estimator, message):
    with pytest.raises(InputError, match=message):
        EstimatorSurrogate(estimator)


def test_settings_of_surrogates_are_checked_when_made():
    with pytest.raises(UnknownNameError, match="did you mean 'lasso_path'"):
        RidgeSurrogate("lasso")
    with pytest.raises(UnknownNameError):
        EstimatorSurrogate(Ridge(), "lasso")
    for wrong in (-1.0, np.nan, np.inf):
        with pytest.raises(InputError, match="regularization"):
            RidgeSurrogate(regularization=wrong)


@pytest.mark.parametrize("surrogate", [RidgeSurrogate("forward", 0.1, refit=True), EstimatorSurrogate(Ridge())])
def test_surrogates_pickle(surrogate):
    copy = pickle.loads(pickle.dumps(surrogate))
    neighborhood = around(*sample(1))
    np.testing.assert_array_equal(copy.fit(neighborhood, 3).coef, surrogate.fit(neighborhood, 3).coef)
