"""What an explanation says beside its weights: the cause, the gap, what adds up and which columns act together."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import limelight as ll

X = pd.DataFrame(np.random.default_rng(0).normal(size=(2000, 4)), columns=list("abcd"))
TABLE = ll.Tabular(X)
ROW = X.iloc[0]


def explained(model, row=ROW, background: ll.Tabular = TABLE, *, seed: int = 0, **settings) -> ll.Explanation:
    return ll.Explainer(model, background, seed=seed, **settings).explain(row)


def sigmoid(s):
    return 1 / (1 + np.exp(-s))


# ------------------------------------------------------------------------------- the model answers otherwise at the row


def test_a_rule_beyond_the_background_that_the_row_alone_meets_is_a_gap():
    rule = ll.Explainer(
        lambda A: ((A[:, 0] > 2.5) & (A[:, 1] > 1.5)) * 1e3,
        ll.Tabular(np.random.default_rng(0).normal(size=(2000, 4))),
        seed=0,
    )
    found = rule.explain([3, 2, 0, 0.0])
    assert found.causes == ("gap",)
    assert found.gap[0] > 4
    assert "answers 1e+03 here" in found.verdicts[0]
    assert any("answers otherwise at this instance than around it" in each for each in found.warnings)


def test_the_only_reason_beyond_the_background_weighs_what_it_weighs():
    found = explained(lambda F: 1 / (1 + np.exp(4 - 8 * (F.a > 4))), {"a": 5.0, "b": 0, "c": 0, "d": 0})
    assert found.coef[0, 0] == pytest.approx(sigmoid(4) - sigmoid(-4), abs=1e-3)
    assert found.causes == ("adds up",)
    assert found.features[found.selected[0][0]].name == "a = 5"
    assert found.local_prediction[0] == pytest.approx(sigmoid(4), abs=0.01)


def test_a_one_class_machine_whose_score_one_column_moves_names_it_first():
    svm = pytest.importorskip("sklearn.svm")
    model = svm.OneClassSVM(nu=0.05).fit(X.to_numpy())
    row = ROW.copy()
    row["b"] = 6.0
    found = ll.Explainer(model.decision_function, ll.Tabular(X.to_numpy()), seed=0).explain(row.to_numpy())
    assert found.selected[0][0] == 1
    assert found.coef[0, 1] < 0


def test_a_model_that_singles_out_the_row_itself_is_a_gap():
    """Two members of the kind: an exception for one value, and a jump inside a bin that no curve shows."""
    there = float(ROW["a"])
    found = explained(lambda F: 0.3 * (F.b > 0) + 5.0 * (F.a == there))
    assert found.causes == ("gap",)
    assert found.gap[0] > 3
    narrow = explained(lambda F: 0.1 * F.b + 4.0 * (np.abs(F.a - there) < 1e-3))
    assert narrow.causes == ("gap",)


def test_where_columns_multiply_a_large_answer_is_no_gap_and_a_wrong_factor_is_one():
    def grows(F: pd.DataFrame) -> np.ndarray:
        return np.exp(0.5 * (F.a + F.b + F.c))

    high = X.loc[(X.a + X.b + X.c).nlargest(100).index[20:]]
    told = ll.Explainer(grows, TABLE, seed=0).explain_many(high)
    assert {each.causes[0] for each in told} == {"saturates"}

    usual = X.loc[[X.a.abs().idxmin()]]
    there = float(usual.a.iloc[0])
    (small,) = ll.Explainer(lambda F: grows(F) * np.where(there == F.a, 0.7, 1.0), TABLE, seed=0).explain_many(usual)
    assert small.causes == ("gap",)  # small beside what a sum leaves of large answers
    expected = float(small.verdicts[0].split("lead to expect ")[1].split(":")[0])
    assert expected == pytest.approx(grows(usual).iloc[0], rel=0.05)


def test_honest_models_have_no_gap_at_their_rows():
    models = (
        lambda F: F.to_numpy() @ [1.0, 2.0, 0.0, -1.0],
        lambda F: sigmoid(2 * F.a + F.b),
        lambda F: np.abs(F.c) + 0.1 * F.d,
        lambda F: np.exp(0.5 * F.a),
    )
    for model in models:
        gaps = [each.gap[0] for each in ll.Explainer(model, TABLE, seed=0).explain_many(X.iloc[:25])]
        assert np.mean(np.array(gaps) < 3) > 0.95


def test_the_gap_of_a_value_outside_counts_its_own_weight():
    """a = 9 is outside and adds 9; the curves alone would expect what an average a adds."""
    found = explained(lambda F: F.a + F.b, {"a": 9.0, "b": 0.5, "c": 0, "d": 0})
    assert found.gap[0] < 3
    assert found.causes == ("adds up",)


def test_a_gap_of_noise_is_measured_in_what_noise_leaves():
    rng = np.random.default_rng(3)
    found = explained(lambda F: F.a + rng.normal(size=len(F)))
    assert found.gap[0] < 3.5
    assert found.causes[0] in ("adds up", "adds up in part")


# ------------------------------------------------------------------------------------------------------------- causes


CAUSES = {
    "linear": (lambda F: F.a - 2 * F.b + 0.5, "adds up", ()),
    "steps": (lambda F: (F.a > 0) * 1.0 + (F.c > 0.5), "adds up", ()),
    "logit": (lambda F: sigmoid(4 * F.a + 3 * F.b + 2 * F.c), "saturates", ()),
    "growing": (lambda F: np.exp(F.a + 0.7 * F.b + 0.5 * F.c), "saturates", None),
    "multiplying": (lambda F: np.exp(3 * F.a + 2 * F.b + 2 * F.c), "saturates", ()),
    "half": (lambda F: F.a + F.b + 1.2 * F.c * F.d, "adds up in part", ((2, 3),)),
    "xor": (lambda F: ((F.a > 0) ^ (F.c > 0)) * 1.0, "acts together", ((0, 2),)),
    "product": (lambda F: F.b * F.d, "acts together", ((1, 3),)),
    "parity": (lambda F: np.sign(F.a * F.b * F.c), "acts together", ()),
}


@pytest.mark.parametrize("name", CAUSES)
def test_the_cause_says_in_which_way_columns_add_up(name):
    model, cause, pairs = CAUSES[name]
    found = explained(model, X.iloc[7])
    assert found.causes == (cause,)
    if pairs is not None:
        assert tuple((pair.first, pair.second) for pair in found.interactions()) == pairs
    assert 0 <= found.additivity_stderr[0] < 0.1


def test_additivity_is_the_share_of_the_sum_in_the_variance():
    found = explained(lambda F: F.a + F.b + 1.2 * F.c * F.d)
    sums, product = 2.0, 1.44
    assert found.additivity[0] == pytest.approx(sums / (sums + product), abs=3 * found.additivity_stderr[0] + 0.02)


def test_a_pair_adds_to_the_row_what_both_columns_do_together():
    """XOR of halves: with a and c above zero, 1/2 less than both alone; the size is that of centred products."""
    found = explained(lambda F: ((F.a > 0) ^ (F.c > 0)) * 1.0, {"a": 0.3, "b": 0, "c": 0.3, "d": 0})
    (pair,) = found.interactions()
    assert pair.size < 0
    assert abs(pair.size) > 3 * pair.stderr > 0
    assert 0.5 < pair.share <= 1.05
    other = explained(lambda F: ((F.a > 0) ^ (F.c > 0)) * 1.0, {"a": 0.3, "b": 0, "c": -0.3, "d": 0})
    (opposite,) = other.interactions()
    assert opposite.size > 0


def test_the_size_of_a_pair_is_that_of_least_squares_on_its_product():
    """Exclusive or of two columns: 2 (z + z' − 2 z z') for a row with (yes, yes), the opposite for (yes, no)."""
    rng = np.random.default_rng(5)
    frame = pd.DataFrame({"p": rng.random(3000) < 0.5, "q": rng.random(3000) < 0.4, "v": rng.normal(size=3000)})
    for q, truth in ((True, -4.0), (False, 4.0)):
        found = explained(lambda F: 2.0 * (F.p ^ F.q), {"p": True, "q": q, "v": 0.1}, ll.Tabular(frame))
        (pair,) = found.interactions()
        assert pair.size == pytest.approx(truth, abs=max(4 * pair.stderr, 0.1))


def test_a_model_that_never_moves_says_so_and_nothing_else():
    found = explained(lambda F: np.full(len(F), 0.4))
    assert found.causes == ("nothing moved",)
    assert np.isnan(found.additivity[0])
    assert found.gap[0] == 0
    assert found.interactions() == ()
    assert "never moved" in found.verdicts[0]
    assert "nothing here to explain" not in found.verdicts[0]  # a rarer answer may have been missed


def test_a_pair_beside_a_large_sum_is_not_passed_over():
    """All that a and b do is XOR, a fifteenth of what moves the answer; c does the rest."""
    bump = explained(lambda F: ((F.a > 0) != (F.b > 0)) + 5 * np.exp(-4 * np.square(F.c)))
    assert bump.causes == ("adds up",)
    assert bump.verdicts[0].startswith("The features add up, apart from one pair that acts together: ")
    line = explained(lambda F: ((F.a > 0) != (F.b > 0)) + 1.7 * F.c)
    assert "apart from one pair" in line.verdicts[0]
    alone = explained(lambda F: F.a + 10 * np.exp(-4 * np.square(F.c)))
    assert alone.verdicts[0].startswith("The features add up: ")


def test_too_few_rows_near_the_row_are_no_ground_for_a_cause():
    """A kernel that lets hardly any row count."""
    found = explained(lambda F: F.a * F.b + F.c, kernel_width=0.15, n_samples=300)
    assert found.causes == ("too few",)
    assert "Too few perturbations" in found.verdicts[0]


def test_each_target_has_a_cause_of_its_own():
    found = ll.Explainer(
        lambda F: np.column_stack([F.a + F.b, F.c * F.d, np.zeros(len(F))]), TABLE, seed=0, targets="all"
    ).explain(ROW)
    assert found.causes == ("adds up", "acts together", "nothing moved")
    assert [len(found.interactions(row)) for row in range(3)] == [0, 1, 0]


# ------------------------------------------------------------------------------------- what bars are measured by


def test_contributions_are_against_the_average_row_of_the_table():
    found = explained(lambda F: F.a + F.b)
    np.testing.assert_allclose(found.reference, [feature.keep for feature in found.features])
    np.testing.assert_array_equal(found.center, np.ones(4))
    np.testing.assert_allclose(found.contributions, found.coef * (1 - found.reference))
    assert found.df == 7
    # the average answer of the background
    assert found.base_values[0] == pytest.approx(float((X.a + X.b).mean()), abs=0.02)


def test_masks_are_compared_with_everything_off():
    parts = ll.Components(list("pqrs"), np.asarray)
    found = ll.Explainer(lambda Z: Z @ np.array([1.0, 2.0, 3.0, 4.0]), parts, seed=0).explain(None)
    assert found.reference.tolist() == [0.0] * 4
    np.testing.assert_array_equal(found.contributions, found.coef)
    assert math.isinf(found.df)
    assert found.curves == ()
