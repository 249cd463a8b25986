"""Games whose pairs are known: those that act together are named, no others, and the shares are those of all masks."""

import numpy as np
import pytest

from limelight.contracts import Neighborhood
from limelight.local.interactions import LEAST_SHARE, _Screen, _sums_of, additivity
from limelight.local.precision import estimate_plain
from limelight.local.proximity import proximity_to
from limelight.local.sampling import MaskSampler, all_masks, design_weights, size_law

SLOPES = np.random.default_rng(1).normal(size=60)


def around(game, Z, design, enumerated, clusters, tilted):
    near = proximity_to(Z, np.ones(Z.shape[1]), distance="cosine", width=0.25, kernel="exponential")
    weights = len(Z) * design * (near if tilted else 1.0)
    return Neighborhood(
        Z, game(Z.astype(float)).reshape(len(Z), -1), weights, np.ones(Z.shape[1]), enumerated, clusters
    )


def drawn(game, law, d, n, seed, *, design="pairs", tilted=True):
    draws = MaskSampler(law, design).plan(d, n, exhaustive_up_to=0).draw(n, np.random.default_rng(seed), first=True)
    weights = design_weights(draws.importance, draws.enumerated)
    return around(game, draws.Z, weights, draws.enumerated, draws.clusters, tilted)


def everything(game, law, d, *, tilted=True):
    Z = all_masks(d)
    sizes = Z.sum(axis=1).astype(int)
    share = np.array(size_law(law, d))[sizes] / np.bincount(sizes)[sizes]
    return around(game, Z, share, np.ones(len(Z), bool), np.arange(len(Z)), tilted)


def linear(Z):
    return Z @ SLOPES[: Z.shape[1]]


def conjunction(Z):
    return Z[:, 0] * Z[:, 1] + 0.2 * linear(Z)


def either(Z):
    return (Z[:, 0] != Z[:, 1]) + 0.0


def two_pairs(Z):
    return Z[:, 0] * Z[:, 1] - Z[:, 2] * Z[:, 3] + 0.1 * linear(Z)


def parity(Z):
    return Z[:, :3].sum(axis=1) % 2


def parity_among_others(Z):
    return parity(Z) + 0.3 * linear(Z)


PAIRS = {linear: set(), conjunction: {(0, 1)}, either: {(0, 1)}, two_pairs: {(0, 1), (2, 3)}}
THREE = {parity: set(), parity_among_others: set()}


@pytest.mark.parametrize("law", ["bernoulli", "uniform"])
@pytest.mark.parametrize(("d", "n"), [(14, 256), (14, 1024), (30, 512)])
@pytest.mark.parametrize("game", [*PAIRS, *THREE])
def test_pairs_that_act_together_are_named_and_no_others(game, law, d, n):
    true, runs = (PAIRS | THREE)[game], 40
    named = [
        {(pair.first, pair.second) for pair in additivity(drawn(game, law, d, n, seed)).pairs[0]}
        for seed in range(runs)
    ]
    assert sum(bool(each - true) for each in named) <= 0.05 * runs
    assert sum(true <= each for each in named) >= 0.95 * runs


@pytest.mark.parametrize("law", ["bernoulli", "uniform"])
def test_a_pair_of_a_tenth_of_the_variance_is_found_in_four_of_five(law):
    def tenth(Z):
        signs = 2 * Z - 1
        return signs @ SLOPES[:20] + 0.33 * np.linalg.norm(SLOPES[:20]) * signs[:, 4] * signs[:, 7]

    found = [additivity(drawn(tenth, law, 20, 512, seed, tilted=False)).pairs[0] for seed in range(40)]
    assert sum([(pair.first, pair.second) for pair in pairs] == [(4, 7)] for pairs in found) >= 32


@pytest.mark.parametrize("law", ["bernoulli", "uniform"])
@pytest.mark.parametrize("game", [conjunction, either, two_pairs, parity_among_others])
def test_additivity_is_that_of_all_masks_within_its_own_error(game, law):
    truth = additivity(everything(game, law, 14)).share[0]
    found = [additivity(drawn(game, law, 14, 512, seed)) for seed in range(40)]
    shares, stated = np.array([each.share[0] for each in found]), np.array([each.stderr[0] for each in found])
    assert abs(shares.mean() - truth) < 0.02
    assert 0.6 < shares.std() / stated.mean() < 1.4
    assert np.mean(np.abs(shares - truth) < 1.96 * stated) >= 0.85


@pytest.mark.parametrize("design", ["pairs", "plain"])
def test_sizes_and_shares_of_a_pair_cover_the_truth(design):
    def rough(Z):
        return conjunction(Z) + 0.1 * np.sin(5 * linear(Z))

    (exact,) = additivity(everything(rough, "bernoulli", 12)).pairs[0]
    covered = []
    for seed in range(100):
        pair = additivity(drawn(rough, "bernoulli", 12, 400, seed, design=design)).pairs[0][0]
        assert (pair.first, pair.second) == (exact.first, exact.second)
        off = abs(pair.size - exact.size), abs(pair.share - exact.share)
        covered.append((off[0] <= 1.96 * pair.stderr, off[1] <= 1.96 * pair.share_stderr))
    assert (np.mean(covered, axis=0) >= 0.88).all()


def test_of_all_masks_additivity_and_sizes_are_exact():
    found = additivity(everything(conjunction, "bernoulli", 8, tilted=False))
    signs = 2.0 * all_masks(8) - 1
    pair_only = np.square(signs[:, 0] * signs[:, 1] / 4).mean()
    total = conjunction(all_masks(8).astype(float)).var()
    assert found.share[0] == pytest.approx(1 - pair_only / total)
    assert found.stderr[0] == 0
    (pair,) = found.pairs[0]
    assert (pair.first, pair.second, pair.stderr, pair.share_stderr) == (0, 1, 0, 0)
    assert (pair.size, pair.share) == (pytest.approx(1.0), pytest.approx(pair_only / total))


def test_several_targets_are_told_apart_and_a_constant_one_says_nothing():
    def three(Z):
        return np.column_stack([linear(Z), either(Z), np.full(len(Z), 0.3)])

    found = additivity(drawn(three, "bernoulli", 14, 400, 0))
    assert [len(pairs) for pairs in found.pairs] == [0, 1, 0]
    assert found.share[0] == pytest.approx(1.0)
    assert np.isnan(found.share[2])


def test_too_many_features_and_too_few_rows_are_said_and_not_guessed():
    many = additivity(drawn(lambda Z: Z[:, 0] * Z[:, 1], "bernoulli", 201, 1700, 0))
    assert not many.screened
    assert many.share[0] > 0.5
    few = additivity(drawn(linear, "bernoulli", 40, 40, 0))
    assert np.isnan(few.share[0])
    assert not few.screened


def test_one_feature_has_no_pair_and_adds_up():
    found = additivity(everything(lambda Z: Z[:, 0], "uniform", 1, tilted=False))
    assert found.share[0] == pytest.approx(1.0)
    assert found.screened
    assert found.pairs == ((),)


def test_no_pair_of_less_than_a_hundredth_is_named():
    found = additivity(everything(lambda Z: linear(Z) + 0.1 * Z[:, 0] * Z[:, 1], "bernoulli", 8))
    assert found.share[0] > 1 - LEAST_SHARE
    assert found.pairs == ((),)


@pytest.mark.shared_data
@pytest.mark.parametrize(("family", "law"), [("resnet14", "bernoulli"), ("sent14", "uniform"), ("vit16", "bernoulli")])
def test_of_real_games_additivity_and_named_pairs_are_true(shared_data, family, law):
    names, missed = 0, []
    with np.load(shared_data / "set_functions" / f"{family}.npz") as archive:
        games = [archive[name].astype(float) for name in archive.files[: 1 if family == "vit16" else 4]]
    for values in games:
        d = int(np.log2(len(values)))
        bits = 1 << np.arange(d)

        def game(Z, values=values, bits=bits):
            return values[Z.astype(np.int64) @ bits]

        whole = everything(game, law, d)
        truth = additivity(whole)
        found = additivity(drawn(game, law, d, 1024, 0))
        missed.append(abs(found.share[0] - truth.share[0]) / found.stderr[0])
        for pair in found.pairs[0]:
            names += 1
            assert alone(whole, pair.first, pair.second) > 0.002
        strong = {(pair.first, pair.second) for pair in truth.pairs[0] if pair.share > 0.1}
        assert strong <= {(pair.first, pair.second) for pair in found.pairs[0]}
    assert names
    assert max(missed) < 4


def alone(neighborhood, j, k):
    """The exact share of one pair beside (1, Z), by plain least squares."""
    Z, y = neighborhood.Z.astype(float), neighborhood.Y[:, 0]
    root = np.sqrt(neighborhood.weights)[:, None]

    def left(columns):
        X = np.column_stack([np.ones(len(Z)), *columns]) * root
        return np.square(y * root[:, 0] - X @ np.linalg.lstsq(X, y * root[:, 0], rcond=None)[0]).sum()

    return (left([Z]) - left([Z, Z[:, j] * Z[:, k]])) / left([])


@pytest.mark.parametrize("d", [3, 6, 230])
@pytest.mark.parametrize("penalty", [0.0, 0.5])
def test_sums_that_a_fit_has_made_say_the_same_whatever_its_penalty(d, penalty):
    sample = drawn(lambda Z: Z[:, 0] * Z[:, 1] + 0.3 * Z[:, 2], "bernoulli", d, 600, 0)
    fit = estimate_plain(sample, regularization=penalty)
    alone, known = additivity(sample), additivity(sample, fit.errors.sums)
    np.testing.assert_allclose(known.share, alone.share, atol=1e-12)
    np.testing.assert_allclose(known.stderr, alone.stderr, atol=1e-12)
    assert known.screened == alone.screened
    named = [
        [(pair.first, pair.second, pytest.approx(pair.size)) for pair in found.pairs[0]] for found in (alone, known)
    ]
    assert named[0] == named[1]


@pytest.mark.parametrize("design", ["pairs", "plain"])
def test_what_each_pair_has_of_noise_is_the_sum_over_rows_one_by_one(design):
    """Sums of d × d products against the residual of each product itself, row by row and pair by pair."""
    neighborhood = drawn(linear, "bernoulli", 5, 60, 3, design=design)
    sample, shape = _sums_of(neighborhood)
    screen = _Screen(neighborhood, sample, shape)
    unseen = np.random.default_rng(0).normal(size=len(neighborhood.Z))
    even, odd = shape.rows.plus(unseen), shape.rows.minus(unseen)
    found = screen._sums(np.square(even), np.square(odd), even * odd)
    a, b, c = screen.projection
    for at, (j, k) in enumerate(zip(screen.first, screen.second, strict=True)):
        h = screen.signs
        of_even, of_odd = h[:, j] * h[:, k] - a, b * (h[:, j] + h[:, k]) + c * screen.size
        assert found[at] == pytest.approx(float(np.square(of_even * even - of_odd * odd).sum()))
