import warnings
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from limelight.errors import InputError, UnknownNameError
from limelight.local.moments import moments
from limelight.local.selection import METHODS, select, strongest
from limelight.local.surrogate import solve, weighted_r2


def sample(seed, *, n=120, d=6, k=2):
    rng = np.random.default_rng(seed)
    Z = (rng.random((n, d)) < 0.5).astype(np.uint8)
    Y = np.tanh(Z @ rng.normal(size=(d, k)) + Z[:, :1] * Z[:, 1:2]) + 0.05 * rng.normal(size=(n, k))
    return Z, Y, rng.random(n)


def chosen(Z, Y, weights, method, K, center=None):
    m = moments(Z, Y, weights)
    return select(m, solve(m)[0], max_features=K, method=method, center=center)


def padded(coef, subset, d):
    full = np.zeros((coef.shape[0], d))
    full[:, subset] = coef
    return full


def slow_forward(m, i, K):
    """Refit every candidate at every step and keep the one of highest R²."""
    used = []
    for _ in range(K):
        scores = {}
        for j in set(range(m.mean_Z.size)) - set(used):
            coef, _ = solve(m, subset=[*used, j])
            scores[j] = weighted_r2(m, padded(coef, [*used, j], m.mean_Z.size))[i]
        used.append(max(scores, key=scores.get))
    return used


@pytest.mark.parametrize("seed", range(5))
def test_forward_selection_equals_refitting_every_candidate(seed):
    m = moments(*sample(seed))
    for i, indices in enumerate(select(m, solve(m)[0], max_features=4, method="forward")):
        assert indices.tolist() == slow_forward(m, i, 4)


def test_forward_selection_starts_with_the_best_single_feature():
    m = moments(*sample(7))
    singles = [weighted_r2(m, padded(solve(m, subset=[j])[0], [j], 6)) for j in range(6)]
    first = [indices[0] for indices in select(m, solve(m)[0], max_features=1, method="forward")]
    assert first == np.argmax(singles, axis=0).tolist()


@pytest.mark.parametrize("method", ["auto", "forward", "highest_weights"])
@given(seed=st.integers(0, 200))
@settings(max_examples=25, deadline=None)
def test_a_smaller_k_chooses_a_prefix(method, seed):
    Z, Y, weights = sample(seed)
    everything = chosen(Z, Y, weights, method, 6)
    for K in range(1, 6):
        for few, all_ in zip(chosen(Z, Y, weights, method, K), everything, strict=True):
            assert few.tolist() == all_[:K].tolist()


@pytest.mark.parametrize("method", METHODS)
@given(seed=st.integers(0, 200), scale=st.sampled_from([-3.0, 1e-9, 1e6]))
@settings(max_examples=20, deadline=None)
def test_scaling_and_shifting_the_output_changes_no_choice(method, seed, scale):
    Z, Y, weights = sample(seed)
    for before, after in zip(
        chosen(Z, Y, weights, method, 3), chosen(Z, scale * Y + scale, weights, method, 3), strict=True
    ):
        assert before.tolist() == after.tolist()


@pytest.mark.parametrize("method", METHODS)
@given(seed=st.integers(0, 200))
@settings(max_examples=20, deadline=None)
def test_permuting_the_features_permutes_the_choice(method, seed):
    Z, Y, weights = sample(seed)
    order = np.random.default_rng(seed).permutation(6)
    for before, after in zip(chosen(Z, Y, weights, method, 3), chosen(Z[:, order], Y, weights, method, 3), strict=True):
        assert sorted(before) == sorted(order[after])


@pytest.mark.parametrize("method", METHODS)
def test_a_feature_that_does_not_vary_is_never_chosen(method):
    Z, Y, weights = sample(1)
    Z[:, 2] = 1
    Z[:, 4] = 0
    Z[0, 4], weights[0] = 1, 0.0  # varies only where the weight is zero
    for K in (None, 3, 6):
        for indices in chosen(Z, Y, weights, method, K):
            assert not {2, 4} & set(indices.tolist())
    assert all(len(indices) == 4 for indices in chosen(Z, Y, weights, method, None))


@pytest.mark.parametrize("method", METHODS)
def test_no_k_chooses_every_feature_that_varies(method):
    for indices in chosen(*sample(3), method, None):
        assert sorted(indices.tolist()) == list(range(6))


@pytest.mark.parametrize("method", ["auto", "forward", "highest_weights", "lasso_path"])
def test_duplicates_break_ties_by_the_lower_index(method):
    Z, _, weights = sample(2)
    Z[:, 4] = Z[:, 1]
    Y = 2.0 * Z[:, [1]] + 0.5 * Z[:, [0]]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (indices,) = chosen(Z, Y, weights, method, 1)
    assert indices.tolist() == [1]


@pytest.mark.parametrize("method", ["auto", "forward", "highest_weights", "lasso_path"])
def test_at_most_k_distinct_features_even_when_columns_repeat_or_rows_are_few(method):
    Z, Y, weights = sample(5, n=5, d=12)
    Z[:, 7] = Z[:, 3]
    for K in (1, 4, 12, 50):
        for indices in chosen(Z, Y, weights, method, K):
            assert len(set(indices.tolist())) == len(indices) <= K


def test_the_lasso_path_finds_the_support_of_a_sparse_model():
    Z, _, weights = sample(4, n=400, d=20)
    Y = (Z @ np.eye(20)[[3, 8, 15]].T) @ np.array([[1.0], [-2.0], [0.7]])
    assert sorted(chosen(Z, Y, weights, "lasso_path", 3)[0].tolist()) == [3, 8, 15]


@pytest.mark.parametrize("method", METHODS)
def test_a_constant_target_is_no_reason_to_fail(method):
    Z, Y, weights = sample(0)
    Y[:, 1] = 0.3
    assert len(chosen(Z, Y, weights, method, 2)) == 2


def test_a_constant_target_has_an_empty_lasso_path():
    Z, Y, weights = sample(0)
    assert chosen(Z, np.full_like(Y, 0.1), weights, "lasso_path", 3)[0].size == 0


@pytest.mark.parametrize("method", METHODS)
def test_no_features_choose_nothing(method):
    m = moments(np.zeros((4, 0), dtype=np.uint8), np.arange(4.0)[:, None], np.ones(4))
    assert select(m, np.zeros((1, 0)), max_features=3, method=method)[0].size == 0


def test_highest_weights_ranks_by_contribution_at_the_instance():
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(50, 2))
    Y = Z @ np.array([[1.0], [0.5]])
    assert chosen(Z, Y, np.ones(50), "highest_weights", 1)[0].tolist() == [0]
    assert chosen(Z, Y, np.ones(50), "highest_weights", 1, np.array([0.1, -4.0]))[0].tolist() == [1]


def test_forward_reaches_the_best_pair_where_features_are_orthogonal():
    Z = np.array(list(np.ndindex(2, 2, 2, 2)), dtype=np.uint8)
    Y = Z @ np.array([[0.3], [-1.0], [0.9], [0.1]]) + 0.2 * Z[:, [0]] * Z[:, [1]]
    m = moments(Z, Y, np.ones(16))
    best = max(combinations(range(4), 2), key=lambda s: weighted_r2(m, padded(solve(m, subset=s)[0], s, 4))[0])
    assert sorted(select(m, solve(m)[0], max_features=2, method="forward")[0].tolist()) == list(best)


def test_rounding_does_not_decide_between_equal_strengths():
    assert strongest(np.array([0.3, 0.1 + 0.2, 0.5])).tolist() == [2, 0, 1]
    assert strongest(np.zeros(3)).tolist() == [0, 1, 2]


def test_unknown_methods_are_refused_with_the_nearest():
    m = moments(*sample(0))
    with pytest.raises(UnknownNameError, match="did you mean 'forward'"):
        select(m, solve(m)[0], max_features=2, method="foward")


@pytest.mark.parametrize("K", [0, -1, 2.5, True, "3"])
def test_k_must_be_a_positive_integer(K):
    m = moments(*sample(0))
    with pytest.raises(InputError, match="max_features"):
        select(m, solve(m)[0], max_features=K)


def test_columns_that_say_the_same_are_chosen_too_where_as_many_are_asked_for():
    Z = np.repeat(np.random.default_rng(0).integers(0, 2, (60, 1)), 3, axis=1).astype(np.uint8)
    assert len(chosen(Z, Z[:, :1] * 1.0, np.ones(60), "forward", 3)[0]) == 3
