"""A model that cannot answer some perturbations: they are left out, counted and said, and the rest is right."""

import re
from math import comb

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.errors import ModelCallError, ModelOutputError

WORDS = "nine words of which few matter and none hurts"
X = np.random.default_rng(0).normal(size=(400, 3))


def missing(explanation):
    """How many of how many perturbations have no answer, as the explanation says it."""
    found = [re.match(r"the model has no answer to (\d+) of (\d+)", each) for each in explanation.warnings]
    return next((tuple(map(int, each.groups())) for each in found if each), (0, 0))


def of_words(texts, *, least=3):
    """Two words act together, and there is no answer to fewer than three words."""
    answers = []
    for text in texts:
        words = text.split()
        value = 0.3 * ("nine" in words) - 0.2 * ("matter" in words) + 0.4 * ("nine" in words and "hurts" in words)
        answers.append(value if len(words) >= least else np.nan)
    return answers


def raising(texts):
    """The same, as a vectoriser says it."""
    if any(len(text.split()) < 3 for text in texts):
        raise ValueError("empty vocabulary; perhaps the documents only contain stop words")
    return of_words(texts)


def test_what_is_left_of_all_masks_is_fitted_exactly():
    """By hand: least squares over those of the masks that have an answer, under LIME's law and kernel."""
    names = WORDS.split()
    d = len(names)
    masks = (np.arange(2**d - 1)[:, None] >> np.arange(d)) & 1
    sizes = masks.sum(axis=1)
    Y = np.array(of_words([" ".join(names[j] for j in np.flatnonzero(row)) for row in masks]))
    there = ~np.isnan(Y)
    near = np.exp(-np.square(1 - np.sqrt(sizes / d)) / (2 * 0.25**2))
    roots = np.sqrt(near / np.array([comb(d, s) for s in sizes]))[there]
    A = np.column_stack([np.ones(there.sum()), masks[there]])
    truth = np.linalg.lstsq(A * roots[:, None], Y[there] * roots, rcond=None)[0]

    explanation = ll.Explainer(of_words, ll.Text(), max_features=None).explain(WORDS)
    np.testing.assert_allclose(explanation.coef[0], truth[1:], atol=1e-12)
    assert explanation.provenance.stopped == "exhaustive"
    assert missing(explanation) == (int((~there).sum()), len(masks)) == (1 + 9 + 36, 511)


def test_it_makes_no_difference_whether_the_model_says_nan_or_raises():
    silent, loud = (ll.Explainer(model, ll.Text()).explain(WORDS) for model in (of_words, raising))
    np.testing.assert_array_equal(silent.coef, loud.coef)
    np.testing.assert_array_equal(silent.stderr, loud.stderr)
    assert any("ValueError: empty vocabulary; perhaps the documents" in each for each in loud.warnings)


@pytest.mark.parametrize("noise", [0.0, 0.3])
def test_intervals_cover_the_weights_of_the_law_that_is_left(noise):
    """Thirteen words of which many masks are missing: too many masks to ask all of them."""
    words = [f"word{j}" for j in range(13)]
    text, worth = " ".join(words), dict(zip(words, np.random.default_rng(3).normal(size=13), strict=True))

    def model(rng):
        def answer(texts):
            told = []
            for each in texts:
                kept = each.split()
                total = sum(worth[word] for word in kept) - 2 * ("word2" in kept and "word5" in kept)
                told.append(1 / (1 + np.exp(-total)) if len(kept) >= 6 else np.nan)
            return np.array(told) + rng.normal(scale=noise, size=len(told))

        return answer

    exact = ll.Explainer(model(np.random.default_rng(0)), ll.Text(), n_samples=2**13, replicates=1).explain(text)
    truth = exact.coef[0]
    covered = []
    for seed in range(40):
        explainer = ll.Explainer(model(np.random.default_rng(seed)), ll.Text(), seed=seed, n_samples=400)
        low, high = explainer.explain(text).interval()[0].T
        covered.append((low <= truth) & (truth <= high))
    assert 0.9 <= np.mean(covered) <= 0.99


def test_the_second_model_stays_where_next_to_nothing_is_missing():
    def model(texts):
        if not all(text.split() for text in texts):
            raise ValueError("empty")
        return [1 / (1 + np.exp(2 - len(text.split()) / 5 - 3 * ("w3" in text.split()))) for text in texts]

    text = " ".join(f"w{j}" for j in range(20))
    explanation = ll.Explainer(model, ll.Text()).explain(text)
    assert missing(explanation)[0] == 1
    assert explanation.provenance.estimator == "logistic pairs"


# -- tables ------------------------------------------------------------------------------------------------------------


def of_numbers(A):
    """Linear where there is an answer; none above 1 of the last column."""
    return np.where(A[:, 2] > 1.0, np.nan, 2 * A[:, 0] - A[:, 1])


def test_a_draw_without_an_answer_is_left_out_for_all_rows_and_each_says_so():
    rows = []

    def model(A):
        rows.append(len(A))
        return of_numbers(A)

    explainer = ll.Explainer(model, ll.Tabular(X), n_samples=1024)
    told = [missing(each) for each in explainer.explain_many(X[X[:, 2] < 1][:5])]
    assert len(set(told)) == 1
    assert told[0][1] == 1024
    share = (X[:, 2] > 1.0).mean()
    assert abs(told[0][0] / 1024 - share) < 0.02
    assert sum(rows) <= 1024 + 16 + 5  # the pool, the handful that is asked twice, and each row itself


def test_intervals_of_a_table_cover_the_weights_of_the_law_that_is_left():
    row, background = [0.1, 0.2, 0.1], ll.Tabular(X)
    truth = ll.Explainer(of_numbers, background, seed=10**6, n_samples=2**15).explain(row).coef[0]
    covered = []
    for seed in range(60):
        low, high = ll.Explainer(of_numbers, background, seed=seed, n_samples=512).explain(row).interval()[0].T
        covered.append((low <= truth) & (truth <= high))
    assert 0.89 <= np.mean(covered) <= 0.99


def test_a_linear_model_still_adds_up_and_is_not_said_to_act_together():
    explanation = ll.Explainer(of_numbers, ll.Tabular(X)).explain([0.1, 0.2, 0.1])
    assert explanation.additivity[0] > 0.99
    assert explanation.verdicts[0].startswith("The features add up")
    assert explanation.provenance.estimator == "least squares"


def test_a_rare_value_whose_own_draws_are_missing_in_part():
    frame = pd.DataFrame({"flag": np.arange(2000) % 100 == 0, "v": np.random.default_rng(1).normal(size=2000)})

    def model(F):
        return np.where(F.v > 1.0, np.nan, 0.9 * F.flag + 0.05 * (F.v > 0))

    explanation = ll.Explainer(model, ll.Tabular(frame)).explain(frame.iloc[0])
    low, high = explanation.interval()[0][0]
    assert low <= 0.9 <= high
    assert high - low < 0.2
    assert missing(explanation)[0] > 0


def test_what_other_rows_ask_for_changes_nothing():
    explainer = ll.Explainer(of_numbers, ll.Tabular(X))
    many = list(explainer.explain_many(X[X[:, 2] < 1][:20]))
    assert many[7] == ll.Explainer(of_numbers, ll.Tabular(X)).explain(X[X[:, 2] < 1][7])


def test_a_kernel_width_that_is_chosen_sees_the_rows_that_are_there():
    explanation = ll.Explainer(of_words, ll.Text(), kernel_width="auto").explain(WORDS)
    assert np.isfinite(explanation.coef).all()
    assert missing(explanation)[0] == 46


def test_a_surrogate_of_the_users_own_sees_no_nan():
    from sklearn.linear_model import Ridge

    for modality, row, model in ((ll.Text(), WORDS, of_words), (ll.Tabular(X), X[1], of_numbers)):
        explanation = ll.Explainer(model, modality, surrogate=Ridge(1.0)).explain(row)
        assert np.isfinite(explanation.coef).all()
        assert missing(explanation)[0] > 0


# -- where too little is left -----------------------------------------------------------------------------------------


def test_where_most_is_missing_nothing_is_explained():
    with pytest.raises(ModelOutputError, match=r"got none to \d+ of \d+ \(no finite number\)"):
        ll.Explainer(lambda texts: of_words(texts, least=8), ll.Text()).explain(WORDS)


def test_an_instance_without_an_answer_is_refused_after_its_first_row():
    rows = []

    def model(texts):
        rows.append(len(texts))
        raise RuntimeError("no such tokenizer")

    with pytest.raises(ModelCallError, match=r"RuntimeError.*no such tokenizer \(row 0 alone fails, too\)"):
        ll.Explainer(model, ll.Text()).explain(WORDS)
    assert len(rows) < 12
