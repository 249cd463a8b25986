"""What is said of weights is true: who adds up is told so, who acts together is named, and gaps are seen."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
import scipy.sparse

import limelight as ll

TOLD_ADDITIVE = {"adds up", "saturates"}
RNG = np.random.default_rng(4)
SLOPES = np.linspace(1, 0.2, 12)
NORMAL = RNG.normal(size=(2000, 12))
MIXED = NORMAL.copy()
MIXED[:, 1] = np.exp(NORMAL[:, 1])
MIXED[:, 2] = RNG.poisson(2.0, 2000)


def index(A):
    bent = np.tanh(2 * A[:, 0]) + 0.3 * np.minimum(A[:, 1], 6) + 0.4 * (A[:, 2] > 2)
    return bent + A[:, 3:12] @ SLOPES[3:]


CUT = float(np.quantile(index(MIXED), 0.7))
LINKS = {
    "identity": index,
    "logit": lambda A: 1 / (1 + np.exp(-2 * (index(A) - CUT))),
    "log": lambda A: np.exp(0.5 * index(A)),
    "heavy log": lambda A: np.exp(1.5 * index(A)),
    "threshold": lambda A: (index(A) > CUT).astype(float),
}


def causes(model, background, rows, **options):
    explainer = ll.Explainer(model, ll.Tabular(background, **options), seed=0)
    return [each.causes[0] for each in explainer.explain_many(rows)]


@pytest.mark.parametrize(
    ("link", "bins"),
    [
        ("identity", "quartile"),
        ("logit", "decile"),
        ("log", "decile"),
        ("heavy log", "quartile"),
        ("threshold", "quartile"),
    ],
)
def test_a_generalised_additive_model_is_told_to_add_up_or_to_saturate(link, bins):
    told = causes(LINKS[link], MIXED, MIXED[20:120], bins=bins)
    # one answer in the far tail of a log link may lie beyond what its own columns lead to expect
    assert sum(cause in TOLD_ADDITIVE for cause in told) >= (97 if "log" in link.split() else 99)
    assert set(told) <= {*TOLD_ADDITIVE, "gap"}


TOGETHER = {
    "xor": lambda A: ((A[:, 0] > 0) != (A[:, 1] > 0)).astype(float),
    "product": lambda A: A[:, 0] * A[:, 1],
    "parity of three": lambda A: (A[:, 0] * A[:, 1] * A[:, 2] > 0).astype(float),
    "exponential of a product": lambda A: np.exp(A[:, 0] * A[:, 1]),
    "xor or more": lambda A: (((A[:, 0] > 0) != (A[:, 1] > 0)) + 0.3 * A[:, 2] > 0.5).astype(float),
}


@pytest.mark.parametrize("name", TOGETHER)
def test_columns_that_act_together_are_never_told_to_add_up(name):
    assert not TOLD_ADDITIVE & set(causes(TOGETHER[name], NORMAL, NORMAL[:12]))


def test_an_event_of_a_few_draws_is_no_curve_that_saturates():
    background = np.random.default_rng(0).normal(size=(2000, 4))
    told = causes(lambda A: ((A[:, 0] > 2.5) & (A[:, 1] > 1.5)) * 1e3, background, background[:5])
    assert set(told) <= {"too few", "nothing moved"}


def named(model, seed):
    explanation = ll.Explainer(model, ll.Tabular(NORMAL[:, :8]), seed=seed).explain(NORMAL[0, :8])
    return {tuple(sorted((pair.first, pair.second))) for pair in explanation.pairs[0]}


def test_no_pair_is_named_where_none_acts_together():
    models = [
        lambda A: A @ SLOPES[:8],
        lambda A: np.sign(A[:, 0] * A[:, 1] * A[:, 2]) + 0.5 * A[:, 3],
        lambda A: np.exp(0.8 * A[:, 0]) + A[:, 1],
    ]
    assert not set().union(*[named(model, seed) for model in models for seed in range(4)])


def test_a_pair_that_carries_a_tenth_of_the_variance_is_named_and_no_other():
    size = np.sqrt(0.1 / 0.9 * float(SLOPES[:8] @ SLOPES[:8]))
    found = [named(lambda A: A @ SLOPES[:8] + size * A[:, 2] * A[:, 5], seed) for seed in range(10)]
    assert sum((2, 5) in pairs for pairs in found) >= 8
    assert sum(bool(pairs - {(2, 5)}) for pairs in found) <= 1


RARE = {
    "three tails": lambda A, x: ((A[:, 0] > 1.6) & (A[:, 1] > 1.6) & (A[:, 2] > 1.6)) * 10.0 + 0.1 * A[:, 3],
    "this row alone": lambda A, x: (np.abs(A - x).max(axis=1) < 1e-9) * 1000.0,
    "a spike on a line": lambda A, x: A @ SLOPES + 30.0 * (np.abs(A[:, :3] - x[:3]).max(axis=1) < 0.2),
    "four quarters": lambda A, x: (A[:, :4] > 0.7).all(axis=1) * 1.0,
}


@pytest.mark.parametrize("name", RARE)
def test_a_row_that_the_model_answers_otherwise_is_warned_of(name):
    row = np.concatenate([np.full(4, 2.0), NORMAL[5, 4:]])
    explanation = ll.Explainer(lambda A: RARE[name](A, row), ll.Tabular(NORMAL), seed=0).explain(row)
    assert explanation.causes == ("gap",)
    assert any("answers otherwise" in warning for warning in explanation.warnings)
    assert "answers" in explanation.verdicts[0]


@pytest.mark.parametrize("order", ["F", "C"])
def test_a_linear_model_of_mostly_empty_columns_has_no_gap_at_a_rare_value(order):
    """Two values seldom meet, so that nearly all drawn sums lie in [0, 1]; a row with two is beyond."""
    rng = np.random.RandomState(0)
    places, values = rng.choice(2000 * 60, size=2400, replace=False), rng.uniform(size=2400)
    at = np.unravel_index(places, (2000, 60), order=order)
    background = scipy.sparse.csr_matrix((values, at), shape=(2000, 60))
    rows = background[np.flatnonzero(background[:, :20].getnnz(axis=1) > 0)[:100]]
    told = causes(lambda X: np.asarray(X[:, :20].sum(axis=1)).ravel(), background, rows)
    assert set(told) == {"adds up"}


def test_a_level_of_ten_thousand_has_the_weight_that_redrawing_it_has():
    rng = np.random.default_rng(2)
    frame = pd.DataFrame({"code": [f"c{i}" for i in range(10_000)], "size": rng.normal(size=10_000)})
    short = frame.code.str.len() < 4

    def model(F):
        return 0.5 * F["size"] + (F.code.str.len() < 4)

    explanation = ll.Explainer(model, ll.Tabular(frame), seed=0).explain(frame.iloc[7])
    assert explanation.contributions[0, 0] == pytest.approx(1.0 - short.mean(), abs=0.02)
    assert not any("cannot be varied" in warning for warning in explanation.warnings)
    assert not any("would do" in warning for warning in explanation.warnings)


def test_that_pairs_were_not_looked_for_is_not_told_as_none_found():
    explanation = ll.Explainer(lambda A: A[:, 0] * A[:, 1] + A[:, 2], ll.Tabular(NORMAL, bins=None)).explain(NORMAL[0])
    assert "not looked for" in explanation.verdicts[0]


def test_a_reason_that_lies_outside_the_background_has_its_weight():
    frame = pd.DataFrame(NORMAL[:1000, :4], columns=list("abcd"))
    steep = {"a": 5.0, "b": 0.0, "c": 0.0, "d": 0.0}
    explanation = ll.Explainer(lambda F: 1 / (1 + np.exp(4 - 8 * (F.a > 4))), ll.Tabular(frame)).explain(steep)
    assert explanation.contributions[0] == pytest.approx([0.964, 0, 0, 0], abs=0.01)
    assert any(warning.startswith("outside the background") for warning in explanation.warnings)


def test_an_outlier_s_column_is_named_first_by_an_outlier_detector():
    from sklearn.svm import OneClassSVM

    frame = pd.DataFrame(NORMAL[:600, :4], columns=list("abcd"))
    row = frame.iloc[0].copy()
    row["b"] = 6.0
    explanation = ll.Explainer(OneClassSVM(nu=0.05).fit(frame), ll.Tabular(frame)).explain(row)
    assert explanation.features[explanation.selected[0][0]].where.key == "b"


@pytest.mark.parametrize("share", [0.03, 0.003, 0.0003])
def test_a_rare_flag_has_the_weight_that_it_has(share):
    rng = np.random.default_rng(7)
    frame = pd.DataFrame({"flag": np.arange(20_000) < share * 20_000, "v": rng.normal(size=20_000)})
    model = lambda F: 0.9 * F.flag + 0.05 * (F.v > 0)  # noqa: E731
    explanation = ll.Explainer(model, ll.Tabular(frame), seed=1).explain(frame.iloc[0])
    assert abs(explanation.coef[0, 0] - 0.9) <= max(4 * explanation.stderr[0, 0], 1e-3)


def test_a_category_that_the_background_lacks_and_a_value_that_is_missing_may_be_the_reason():
    rng = np.random.default_rng(8)
    frame = pd.DataFrame({"k": list("ab") * 500, "v": rng.normal(size=1000)})
    new = ll.Explainer(lambda F: (F.k == "zz") * 1.0, ll.Tabular(frame)).explain({"k": "zz", "v": 0.0})
    missing = ll.Explainer(lambda F: F.v.isna() * 1.0, ll.Tabular(frame)).explain({"k": "a", "v": np.nan})
    assert new.contributions[0, 0] == pytest.approx(1.0)
    assert missing.contributions[0, 1] == pytest.approx(1.0)


def test_a_text_model_of_one_word_takes_no_more_rows_than_it_needs_and_names_no_other():
    explainer = ll.Explainer(lambda texts: [float("bad" in text) for text in texts], ll.Text(), seed=0)
    explanation = explainer.explain("this is a bad text of nineteen words that goes on and on until it ends here now")
    assert explanation.provenance.n_samples <= 512
    assert np.count_nonzero(explanation.coef[0]) == 1
    assert explanation.warnings == ()


def test_linear_models_are_not_warned_about():
    explainer = ll.Explainer(lambda A: A @ SLOPES, ll.Tabular(NORMAL))
    assert all(explanation.warnings == () for explanation in explainer.explain_many(NORMAL[:20]))


def test_where_the_answer_never_moved_nothing_is_trusted_well():
    explanation = ll.Explainer(lambda texts: [0.2 * t.count("!") for t in texts], ll.Text()).explain("buy now!!! today")
    assert explanation.causes == ("nothing moved",)
    assert "trust it well" not in explanation.describe()
