"""A model that wavers is noticed wherever it does, and never called exact."""

import numpy as np
import pytest

import limelight as ll
from limelight.rounds.steadiness import Tally, handful

X = np.random.default_rng(0).normal(size=(400, 4))


class Flipping:
    """Answers whether the first part is there, and says the opposite once in ten times."""

    def __init__(self, seed, rate=0.1, where=lambda Z: np.ones(len(Z), bool)):
        self.rng, self.rate, self.where = np.random.default_rng(seed), rate, where

    def __call__(self, Z):
        Z = np.asarray(Z, dtype=float)
        truth = Z[:, 0]
        flips = (self.rng.random(len(Z)) < self.rate) & self.where(Z)
        return np.where(flips, 1 - truth, truth)


def parts(d):
    return ll.Components([f"part {j}" for j in range(d)], np.asarray)


def explain(model, d, **settings):
    return ll.Explainer(model, parts(d), **settings).explain(None)


@pytest.mark.parametrize("d", [1, 3, 6, 8])
def test_a_model_that_flips_one_answer_in_ten_is_never_called_exact(d):
    exact = 0
    for seed in range(200):
        explanation = explain(Flipping(seed), d, max_samples=512)
        exact += explanation.provenance.stopped == "exhaustive" or not explanation.stderr.all()
    assert exact == 0


def test_the_intervals_of_a_noisy_model_cover_the_weight_of_its_mean_answer():
    covered, d = [], 5
    for seed in range(200):
        explanation = explain(Flipping(seed), d, tolerance=0.1)
        low, high = explanation.interval()[0].T
        truth = np.where(np.arange(d) == 0, 0.8, 0.0)
        covered.append((low <= truth) & (truth <= high))
    assert 0.92 <= np.mean(covered) <= 0.99


def test_all_masks_of_a_noisy_model_are_asked_until_their_means_are_precise():
    coarse, fine = (explain(Flipping(0), 4, tolerance=tolerance) for tolerance in (0.2, 0.04))
    assert coarse.provenance.stopped == fine.provenance.stopped == "precise"
    assert fine.provenance.cost.model_rows > 5 * coarse.provenance.cost.model_rows
    assert fine.stderr.max() <= 0.04 * np.abs(fine.coef).max()


def test_a_noisy_model_ends_at_its_budget_and_is_told_what_helps():
    explanation = explain(Flipping(0), 4, tolerance=0.001, max_samples=300)
    assert explanation.provenance.stopped == "budget"
    assert any("raise max_samples" in warning for warning in explanation.warnings)
    more = explain(Flipping(0), 4, tolerance=0.001, max_samples=3000)
    assert more.stderr.max() < explanation.stderr.max() / 2


def test_where_the_settings_say_how_often_rows_are_asked_more_samples_are_not_advised():
    explanation = explain(Flipping(0), 4, replicates=3, tolerance=0.001)
    said = " ".join(explanation.warnings)
    assert "raise replicates" in said
    assert "max_samples" not in said


def test_a_model_that_is_sure_of_the_instance_and_wavers_around_it_is_noticed():
    def saturated(Z):
        return Z.sum(axis=1) < Z.shape[1] - 1

    for d in (5, 14, 30):
        explanation = explain(Flipping(1, rate=0.5, where=saturated), d)
        assert any("not deterministic" in warning for warning in explanation.warnings)
        assert (explanation.stderr > 0).all()


def test_noise_is_noticed_at_the_instance_that_has_it_and_nowhere_else():
    class LateNoise:
        """Wavers on long texts only."""

        def __init__(self):
            self.rng = np.random.default_rng(0)

        def __call__(self, texts):
            truth = np.array([text.count("good") for text in texts], dtype=float)
            wavers = np.array(["zebra" in text for text in texts])
            return truth + wavers * self.rng.normal(size=len(texts))

    steady, wavering = "a good film with a good plot", "zebra good film seen in a small and cold hall of our town"
    forwards = list(ll.Explainer(LateNoise(), ll.Text()).explain_many([steady, wavering, steady]))
    backwards = list(ll.Explainer(LateNoise(), ll.Text()).explain_many([wavering, steady]))
    noticed = [any("not deterministic" in warning for warning in each.warnings) for each in (*forwards, *backwards)]
    assert noticed == [False, True, False, True, False]
    alone = ll.Explainer(LateNoise(), ll.Text()).explain(steady)
    assert alone == forwards[0] == forwards[2] == backwards[1]


def test_every_pool_finds_out_for_itself_whether_the_model_is_noisy():
    rng = np.random.default_rng(0)

    def noisy_around(rows):
        return rows[:, 0] + np.where(np.abs(rows[:, 1]) > 0.5, rng.normal(size=len(rows)), 0.0)

    explainer = ll.Explainer(noisy_around, ll.Tabular(X), n_samples=512)
    first, second = explainer.explain([0, 0, 0, 0.0]), explainer.explain([0.1, 0.1, 0, 0.0])
    assert all(any("not deterministic" in warning for warning in each.warnings) for each in (first, second))
    assert second.provenance.cost.model_rows == 2  # f(x), twice; a noisy pool has no row that proves it unchanged


@pytest.mark.parametrize("d", [3, 20, 40])
def test_a_steady_model_is_asked_a_handful_more_and_no_noise_is_seen(d):
    explanation = explain(lambda Z: Z[:, 0] + 0.3 * Z[:, 1] * Z[:, 2], d, n_samples=256)
    assert not any("not deterministic" in warning for warning in explanation.warnings)
    assert explanation.provenance.cost.model_rows <= 256 + 2 + 120


def test_a_handful_is_spread_over_the_block_and_few_rows_come_several_times():
    assert handful(256, exhaustive=False).tolist() == list(range(0, 240, 15))
    assert np.bincount(handful(2, exhaustive=True)).tolist() == [63, 63]
    assert len(handful(0, exhaustive=True)) == 0


def test_a_tally_counts_single_answers_and_rounds_alike():
    rng = np.random.default_rng(0)
    answers = rng.normal(1e9, 1.0, size=(5, 3, 1))
    one_by_one, in_rounds = Tally(answers[0]), Tally(answers[0])
    for each in answers[1:]:
        one_by_one.add(np.arange(3), each)
    in_rounds.add_rounds(answers[1:].mean(axis=0), answers[1:].var(axis=0, ddof=1) / 4, 4)
    np.testing.assert_allclose(one_by_one.mean, answers.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(in_rounds.mean, one_by_one.mean, rtol=1e-12)
    np.testing.assert_allclose(in_rounds.noise, one_by_one.noise, rtol=1e-6)
    assert one_by_one.answers == in_rounds.answers == 15


def test_noise_at_a_quarter_of_a_table_s_rows_is_noticed_whatever_the_column():
    background = np.random.default_rng(0).normal(size=(1000, 4))
    row = np.full(4, 2.0)
    noticed = []
    for column in range(4):
        for seed in range(5):
            rng = np.random.default_rng(seed)

            def wavering(X, column=column, rng=rng):
                return X[:, column] + (np.abs(X[:, column]) < 0.3) * rng.normal(size=len(X))

            explanation = ll.Explainer(wavering, ll.Tabular(background), seed=seed).explain(row)
            noticed.append(any("not deterministic" in warning for warning in explanation.warnings))
    assert sum(noticed) >= 18


class Wavering:
    """Answers a number for each mask, and as much noise as the numbers move."""

    def __init__(self, model, spread):
        self.model, self.spread, self.rng = model, spread, np.random.default_rng(0)

    def __call__(self, Z):
        Z = np.asarray(Z, dtype=float)
        return self.model(Z) + self.spread * self.rng.normal(size=len(Z))


@pytest.mark.parametrize("d", [5, 12])
def test_noise_is_nobody_s_interaction(d):
    weights = np.linspace(1, 0.2, d)
    for seed in range(5):
        explanation = explain(Wavering(lambda Z: Z @ weights, 1.0), d, seed=seed, n_samples=1024)
        assert explanation.causes == ("adds up",)
        assert explanation.additivity == pytest.approx([1.0], abs=4 * explanation.additivity_stderr[0] + 1e-9)
        together = explain(Wavering(lambda Z: 2 * np.prod(2 * Z[:, :3] - 1, axis=1), 1.0), d, seed=seed, n_samples=1024)
        assert together.causes == ("acts together",)
