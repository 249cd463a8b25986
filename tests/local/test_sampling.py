"""Masks: every design draws from the law that it says, and its weights keep the law's expectations."""

from __future__ import annotations

import pickle
from math import comb

import numpy as np
import pytest
from scipy import stats

from limelight.errors import UnknownNameError
from limelight.local.sampling import (
    MaskPlan,
    MaskSampler,
    all_masks,
    design_weights,
    inclusion_moments,
    masks_of_size,
    random_masks,
    size_law,
    weighted_size_law,
)


def law_of(law: str, Z: np.ndarray) -> np.ndarray:
    """P(z) of each mask, from the definition."""
    d = Z.shape[1]
    return np.array([size_law(law, d)[s] / comb(d, int(s)) for s in Z.sum(axis=1)])


@pytest.mark.parametrize("law", ["uniform", "bernoulli"])
@pytest.mark.parametrize("d", [0, 1, 2, 5, 9])
def test_size_laws_sum_to_one(law, d):
    assert size_law(law, d).sum() == pytest.approx(1.0)


def test_text_removes_a_uniform_number_of_words_and_never_none():
    assert size_law("uniform", 5).tolist() == [0.2, 0.2, 0.2, 0.2, 0.2, 0.0]


def test_a_single_word_is_hidden_and_shown():
    draws = MaskSampler("uniform").plan(1, 10, exhaustive_up_to=10).draw(10, np.random.default_rng(0), first=True)
    assert draws.Z.tolist() == [[0], [1]]
    assert draws.importance.tolist() == [0.5, 0.5]


def test_no_feature_has_one_mask():
    draws = MaskSampler("uniform").plan(0, 10, exhaustive_up_to=10).draw(10, np.random.default_rng(0), first=True)
    assert draws.Z.shape == (1, 0)


@pytest.mark.parametrize("law", ["uniform", "bernoulli"])
def test_enumeration_holds_every_mask_of_positive_probability_once(law):
    plan = MaskSampler(law).plan(6, 100, exhaustive_up_to=64)
    draws = plan.draw(100, np.random.default_rng(0), first=True)
    positive = all_masks(6)[law_of(law, all_masks(6)) > 0]
    assert plan.exhaustive_rows == len(draws.Z) == len(positive)
    assert {row.tobytes() for row in draws.Z} == {row.tobytes() for row in positive}
    np.testing.assert_allclose(draws.importance, law_of(law, draws.Z))
    assert draws.enumerated.all()
    assert len(np.unique(draws.clusters)) == len(draws.Z)


def test_few_rows_for_many_features_are_drawn_independently():
    """100 pairs say as much as 100 rows: with 100 features the fit would be saturated."""
    draws = MaskSampler("uniform").plan(100, 200, exhaustive_up_to=0).draw(200, np.random.default_rng(0), first=True)
    assert len(np.unique(draws.clusters)) == 200


def test_masks_are_bytes_and_plans_pickle():
    plan = MaskSampler("bernoulli").plan(20, 100, exhaustive_up_to=0)
    assert pickle.loads(pickle.dumps(plan)) == plan
    assert plan.draw(100, np.random.default_rng(0), first=True).Z.dtype == np.uint8


@pytest.mark.parametrize("n", [99, 100, 101, 257])
@pytest.mark.parametrize("design", ["pairs", "plain"])
def test_a_block_has_the_rows_asked_for(n, design):
    plan = MaskSampler("uniform", design).plan(12, n, exhaustive_up_to=0)
    assert len(plan.draw(n, np.random.default_rng(1), first=True).Z) == n
    assert len(plan.draw(n, np.random.default_rng(1), first=False).Z) == n


def test_clusters_are_complement_pairs():
    draws = MaskSampler("bernoulli").plan(12, 200, exhaustive_up_to=0).draw(200, np.random.default_rng(2), first=True)
    sampled = ~draws.enumerated
    for number in np.unique(draws.clusters[sampled]):
        pair = draws.Z[sampled & (draws.clusters == number)]
        assert len(pair) == 2
        assert (pair[0] + pair[1] == 1).all()


def test_pairs_and_strata_by_hand():
    """d = 4, text, n = 24: sizes 0 and 4 have one mask for 6 rows; 1 and 3 have 8 for 15.3; then 2 has 6 for 15."""
    draws = MaskSampler("uniform").plan(4, 24, exhaustive_up_to=0).draw(24, np.random.default_rng(3), first=True)
    sizes = draws.Z.sum(axis=1).astype(int)
    assert np.bincount(sizes[draws.enumerated], minlength=5).tolist() == [1, 4, 6, 4, 0]
    np.testing.assert_allclose(draws.importance, [0.25] + [1 / 16] * 4 + [1 / 24] * 6 + [1 / 16] * 4)


def test_importance_of_a_sampled_row_is_law_over_symmetric_law():
    """d = 3, text, nothing complete: sizes 0 and 3 have p = 1/3 and 0, and are drawn with 1/6 each."""
    plan = MaskPlan(tuple(size_law("uniform", 3)), (), "pairs", exhaustive=False)
    draws = plan.draw(200, np.random.default_rng(4), first=False)
    by_size = dict(zip(draws.Z.sum(axis=1).tolist(), draws.importance.tolist(), strict=True))
    assert by_size == pytest.approx({0: 2.0, 1: 1.0, 2: 1.0, 3: 0.0})


@pytest.mark.parametrize("design", ["pairs", "plain"])
@pytest.mark.parametrize("law", ["uniform", "bernoulli"])
def test_designs_are_unbiased_for_every_mask(law, design):
    """The mean weight that each of the 2^5 masks receives over many samples is its probability."""
    rng, d, repeats = np.random.default_rng(5), 5, 3000
    plan = MaskSampler(law, design).plan(d, 15, exhaustive_up_to=0)
    received = np.zeros((repeats, 2**d))
    for row in received:
        draws = plan.draw(15, rng, first=True)
        np.add.at(row, draws.Z @ (1 << np.arange(d)), design_weights(draws.importance, draws.enumerated))
    error = (received.mean(axis=0) - law_of(law, all_masks(d))) / (received.std(axis=0) / np.sqrt(repeats) + 1e-12)
    assert np.abs(error).max() < 4.0


def test_blocks_add_up():
    """Weights do not depend on how many blocks there are: the total is 1, and the complete strata keep their share."""
    plan, rng = MaskSampler("bernoulli").plan(12, 200, exhaustive_up_to=0), np.random.default_rng(6)
    blocks = [plan.draw(200, rng, first=True), plan.draw(200, rng, first=False), plan.draw(400, rng, first=False)]
    importance = np.concatenate([block.importance for block in blocks])
    enumerated = np.concatenate([block.enumerated for block in blocks])
    weights = design_weights(importance, enumerated)
    assert weights.sum() == pytest.approx(1.0)
    np.testing.assert_allclose(weights[enumerated], blocks[0].importance[blocks[0].enumerated])


def test_masks_of_each_size_are_uniform():
    Z = random_masks(np.full(20_000, 2), 4, np.random.default_rng(7))
    assert (Z.sum(axis=1) == 2).all()
    counts = np.bincount(Z @ (1 << np.arange(4)), minlength=16)
    assert stats.chisquare(counts[counts > 0]).pvalue > 1e-3
    assert (counts > 0).sum() == comb(4, 2)


@pytest.mark.parametrize("size", range(7))
def test_strata_are_complete(size):
    Z = masks_of_size(6, size)
    assert len({row.tobytes() for row in Z}) == len(Z) == comb(6, size)
    assert (Z.sum(axis=1) == size).all()


def test_moments_are_those_of_an_enumeration():
    d, proximity = 6, np.linspace(0.1, 1, 7)
    q = weighted_size_law(size_law("uniform", d), proximity)
    Z = all_masks(d)
    weights = np.array([q[s] / comb(d, int(s)) for s in Z.sum(axis=1)])
    expected = [weights @ Z[:, :p].prod(axis=1) for p in range(5)]
    np.testing.assert_allclose(inclusion_moments(q, 4), expected)


def test_unknown_names_name_the_known_ones():
    with pytest.raises(UnknownNameError, match="bernoulli"):
        MaskSampler("binomial")
    with pytest.raises(UnknownNameError, match="pairs"):
        MaskSampler("uniform", "pair")


def test_where_the_kernel_knows_no_mask_the_law_of_sizes_stays():
    assert weighted_size_law(np.array([0.25, 0.75]), np.zeros(2)).tolist() == [0.25, 0.75]
