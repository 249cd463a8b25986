"""Diagnostics against hand-worked numbers, slow rewrites of their formulas, and each other.

The claims of `diagnostics/case.py`, `diagnostics/curves.py`, `diagnostics/faithfulness.py`, `diagnostics/removal.py`,
`diagnostics/repeatability.py` and `diagnostics/sensitivity.py`.
"""

from __future__ import annotations

import itertools
import math
import pickle
import subprocess
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
import scipy.sparse
from scipy.stats import kendalltau

import limelight as ll
from limelight import diagnostics
from limelight.diagnostics.repeatability import coefficients_stability
from limelight.diagnostics.sensitivity import identities
from limelight.errors import InputError, UnknownNameError
from limelight.result.explanation import Explanation

NAMES = ["a", "b", "c", "d"]
LINEAR = np.array([3.0, -2.0, 1.0, 0.0])


class Linear:
    """1 + λ·z."""

    def __init__(self, slopes: np.ndarray) -> None:
        self.slopes = slopes

    def __call__(self, Z: np.ndarray) -> np.ndarray:
        return 1.0 + Z @ self.slopes


def curved(Z: np.ndarray) -> np.ndarray:
    """A function with interactions, of any number of parts."""
    return np.tanh(Z @ np.linspace(-1.0, 2.0, Z.shape[1])) + Z[:, 0] * Z[:, 1]


def constant(Z: Any) -> np.ndarray:
    return np.full(len(Z), 0.25)


def as_numbers(masks: np.ndarray) -> np.ndarray:
    return masks.astype(float)


def parts(model: Any, d: int = 4, **settings: Any) -> ll.Explainer:
    names = NAMES if d == 4 else [f"part {j}" for j in range(d)]
    return ll.Explainer(model, ll.Components(names, as_numbers), **{"seed": 0, **settings})


def sampled(**settings: Any) -> ll.Explainer:
    return parts(curved, 14, n_samples=60, **settings)


# -- stability --------------------------------------------------------------------------------------------------------


def test_an_exact_explanation_is_perfectly_stable() -> None:
    found = diagnostics.stability(parts(curved), None, repeats=4, k=3)
    assert (found.jaccard, found.vsi, found.csi, found.rank_correlation, found.sign_agreement) == (1, 1, 1, 1, 1)
    assert not found.stderr.any()
    assert found.coef.shape == (4, 4)


def test_a_constant_model_is_perfectly_stable_and_shows_nothing() -> None:
    found = diagnostics.stability(parts(constant, 14, n_samples=60), None, repeats=3)
    assert (found.jaccard, found.vsi, found.csi, found.rank_correlation, found.sign_agreement) == (1, 1, 1, 1, 1)
    assert [shown.tolist() for shown in found.shown] == [[], [], []]


def test_features_without_effect_do_not_count_as_disagreement() -> None:
    slopes = np.zeros(14)
    slopes[[2, 5]] = 1.0, -1.0
    found = diagnostics.stability(parts(Linear(slopes), 14, n_samples=60), None, repeats=3, k=5)
    assert found.jaccard == found.vsi == found.rank_correlation == 1.0
    assert [sorted(shown.tolist()) for shown in found.shown] == [[2, 5]] * 3


def test_stability_is_that_of_the_explanations_with_the_next_seeds() -> None:
    runs = [sampled(seed=seed).explain(None) for seed in (1, 2, 3)]
    found = diagnostics.stability(sampled(), None, repeats=3)
    assert np.array_equal(found.coef, [run.coef[0] for run in runs])
    assert found.jaccard < 1
    by_hand = diagnostics.agreement(runs)
    for name in ("jaccard", "vsi", "csi", "rank_correlation", "sign_agreement"):
        assert getattr(found, name) == getattr(by_hand, name)


def with_weights(coef: list[float], stderr: float = 0.1) -> Explanation:
    whole = parts(Linear(LINEAR)).explain(None)
    weights = np.array([coef])
    order = np.argsort(-np.abs(weights[0]), kind="stable")
    return replace(whole, coef=weights, stderr=np.full((1, 4), stderr), selected=(order,))


def test_indices_of_two_runs_worked_by_hand() -> None:
    first, second = with_weights([4.0, 3.0, 2.0, 1.0]), with_weights([4.0, 1.0, -2.0, 3.0])
    found = diagnostics.agreement([first, second], k=2)  # tops {a, b} and {a, d}
    assert found.jaccard == pytest.approx(1 / 3)
    assert found.vsi == 1 / 2
    assert found.csi == 1.0  # only a is shown twice, with the same interval
    assert found.sign_agreement == 1.0  # of a, b and d; c is not shown
    # of the 6 pairs of |weights|, (a,b) (a,c) (a,d) agree, (b,c) (b,d) (c,d) do not
    assert found.rank_correlation == pytest.approx(0.0)


def test_sign_agreement_counts_the_features_that_either_run_shows() -> None:
    first, second = with_weights([4.0, 3.0, 2.0, 1.0]), with_weights([-4.0, 3.0, 2.0, 1.0])
    assert diagnostics.agreement([first, second], k=2).sign_agreement == 1 / 2
    assert diagnostics.agreement([first, second], k=4).sign_agreement == 3 / 4


def test_csi_counts_intervals_that_do_not_overlap() -> None:
    z = 1.959963985
    apart, near = 2 * z * 0.1 + 0.01, 2 * z * 0.1 - 0.01
    runs = [with_weights([4.0, 3.0, 2.0, 1.0]), with_weights([4.0 + apart, 3.0 + near, 2.0, 1.0])]
    assert diagnostics.agreement(runs, k=4).csi == 3 / 4


def test_measures_equal_their_definitions_written_slowly() -> None:
    runs = [sampled(seed=seed).explain(None) for seed in range(5)]
    found = diagnostics.agreement(runs, k=4)
    pairs = list(itertools.combinations(runs, 2))
    tops = {id(run): set(run.selected[0][:4].tolist()) for run in runs}
    jaccard = [len(tops[id(a)] & tops[id(b)]) / len(tops[id(a)] | tops[id(b)]) for a, b in pairs]
    vsi = [len(tops[id(a)] & tops[id(b)]) / 4 for a, b in pairs]
    tau = [kendalltau(np.abs(a.coef[0]), np.abs(b.coef[0])).statistic for a, b in pairs]
    assert found.jaccard == pytest.approx(np.mean(jaccard))
    assert found.vsi == pytest.approx(np.mean(vsi))
    assert found.rank_correlation == pytest.approx(np.mean(tau))
    partial = []
    for j in range(14):
        bounds = [run.interval()[0, j] for run in runs if j in tops[id(run)]]
        if len(bounds) > 1:
            partial.append(np.mean([max(a[0], b[0]) <= min(a[1], b[1]) for a, b in itertools.combinations(bounds, 2)]))
    assert found.csi == pytest.approx(np.mean(partial))


def test_csi_of_features_that_no_two_runs_share_is_one() -> None:
    assert coefficients_stability([frozenset({0}), frozenset({1})], np.zeros((2, 2, 2))) == 1.0


def test_stability_compares_one_output_also_where_the_largest_changes() -> None:
    class Fickle:
        """Says one class first, then the other."""

        def __init__(self) -> None:
            self.calls = 0

        def __call__(self, Z: np.ndarray) -> np.ndarray:
            self.calls += 1
            return np.where(np.arange(2) == self.calls % 2, 0.6, 0.4) * np.ones((len(Z), 1))

    explainer = ll.Explainer(Fickle(), ll.Components(NAMES, as_numbers), seed=0, replicates=1, output_names=["x", "y"])
    assert diagnostics.stability(explainer, None, repeats=4).coef.shape == (4, 4)


# -- curves -----------------------------------------------------------------------------------------------------------


def test_curves_of_a_linear_model_are_known_exactly() -> None:
    explainer = parts(Linear(LINEAR))
    deletion = diagnostics.deletion_curve(explainer, None)
    insertion = diagnostics.insertion_curve(explainer, None)
    assert deletion.order.tolist() == insertion.order.tolist() == [0, 2, 3, 1]
    assert deletion.values.tolist() == [3.0, 0.0, -1.0, -1.0, 1.0]
    assert insertion.values.tolist() == [1.0, 4.0, 5.0, 5.0, 3.0]
    assert deletion.fraction.tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert deletion.auc == pytest.approx((3.0 / 2 + 0.0 - 1.0 - 1.0 + 1.0 / 2) / 4)
    assert insertion.auc == pytest.approx((1.0 / 2 + 4.0 + 5.0 + 5.0 + 3.0 / 2) / 4)
    assert not deletion.stderr.any()
    assert deletion.auc_stderr == 0.0


def test_curves_ask_the_model_about_the_masks_that_the_order_says() -> None:
    order = [3, 1, 0, 2]
    curve = diagnostics.deletion_curve(parts(curved), None, order=order)
    Z = np.array([[0.0 if j in order[:t] else 1.0 for j in range(4)] for t in range(5)])
    assert np.array_equal(curve.values, curved(Z))
    assert np.array_equal(diagnostics.insertion_curve(parts(curved), None, order=order).values, curved(1 - Z))


def test_no_order_has_a_lower_deletion_area_for_a_linear_model_than_the_weights() -> None:
    explainer = parts(Linear(LINEAR))
    explanation = explainer.explain(None)
    areas = [
        diagnostics.deletion_curve(explainer, None, explanation, order=order).auc
        for order in itertools.permutations(range(4))
    ]
    assert diagnostics.deletion_curve(explainer, None, explanation).auc == pytest.approx(min(areas))


def test_many_features_are_removed_in_groups() -> None:
    curve = diagnostics.deletion_curve(parts(Linear(np.arange(14.0)), 14), None, steps=4)
    assert (curve.fraction * 14).round().tolist() == [0, 4, 7, 10, 14]
    assert len(curve.values) == 5


def test_another_modality_may_remove_in_another_way() -> None:
    def shifted(masks: np.ndarray) -> np.ndarray:
        return np.where(masks, 1.0, 0.5)

    explainer = parts(Linear(LINEAR))
    other = ll.Components(NAMES, shifted)
    curve = diagnostics.deletion_curve(explainer, None, modality=other)
    assert curve.values.tolist() == [3.0, 1.5, 1.0, 1.0, 2.0]
    assert not curve.own_fill
    assert diagnostics.deletion_curve(explainer, None).own_fill
    with pytest.raises(InputError, match="modality: expected the features"):
        diagnostics.deletion_curve(explainer, None, modality=ll.Components(["x", "y"], shifted))


def test_a_text_loses_its_words() -> None:
    def good(texts: list[str]) -> np.ndarray:
        return np.array([("good" in text) - 0.5 * ("bad" in text) for text in texts])

    explainer = ll.Explainer(good, ll.Text(), seed=0)
    curve = diagnostics.deletion_curve(explainer, "good and bad")
    assert curve.values.tolist() == [0.5, -0.5, -0.5, 0.0]


def test_an_empty_text_has_a_curve_of_one_point() -> None:
    explainer = ll.Explainer(constant, ll.Text(), seed=0)
    curve = diagnostics.deletion_curve(explainer, "")
    assert curve.values.tolist() == [0.25]
    assert curve.auc == 0.25
    assert diagnostics.infidelity(explainer, "").value == 0.0
    assert diagnostics.stability(explainer, "", repeats=2).jaccard == 1.0


def people() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    city = pd.Categorical(rng.choice(["Oslo", "Rome"], 200))
    return pd.DataFrame({"age": rng.integers(18, 80, 200), "city": city, "income": rng.normal(50.0, 10.0, 200)})


def price(frame: Any) -> np.ndarray:
    if not isinstance(frame, pd.DataFrame):
        frame = frame.to_pandas()
    rome = frame["city"].astype(str).to_numpy() == "Rome"
    return 2.0 * frame["age"].to_numpy() + 50.0 * rome + frame["income"].to_numpy()


@pytest.mark.parametrize("as_table", [lambda frame: frame, pl.from_pandas, pa.Table.from_pandas])
def test_removed_columns_of_a_table_stand_at_their_mean(as_table: Any) -> None:
    frame = people()
    row = {"age": 79, "city": "Rome", "income": 45.0}
    explainer = ll.Explainer(price, ll.Tabular(as_table(frame)), seed=0)
    curve = diagnostics.deletion_curve(explainer, row, order=[0, 2, 1], draws=1024)
    means = 2 * frame["age"].mean(), frame["income"].mean(), 50 * (frame["city"] == "Rome").mean()
    expected = [158 + 50 + 45, means[0] + 50 + 45, means[0] + 50 + means[1], sum(means)]
    assert curve.values == pytest.approx(expected, abs=0.3)
    assert curve.stderr[0] == 0.0
    assert (np.abs(curve.values - expected) < 4 * curve.stderr + 1e-9).all()


def test_removed_columns_equal_a_slow_loop_over_the_same_draws() -> None:
    X = np.random.default_rng(1).normal(size=(300, 3))

    def product(X: np.ndarray) -> np.ndarray:
        return X[:, 0] * X[:, 1] + X[:, 2] ** 2

    asked: list[np.ndarray] = []

    def model(X: np.ndarray) -> np.ndarray:
        asked.append(X.copy())
        return product(X)

    explainer = ll.Explainer(model, ll.Tabular(X), seed=0, replicates=1)
    explanation = explainer.explain(X[0])
    asked.clear()
    curve = diagnostics.deletion_curve(explainer, X[0], explanation, order=[2, 0, 1], draws=64)
    blocks = np.concatenate(asked).reshape(4, 64, 3)
    drawn = blocks[-1]
    assert not np.isin(drawn, X[0]).all()
    for t, gone in enumerate([[], [2], [2, 0], [2, 0, 1]]):
        rows = np.array([[drawn[b, j] if j in gone else X[0, j] for j in range(3)] for b in range(64)])
        assert np.array_equal(blocks[t], rows)
        assert curve.values[t] == pytest.approx(product(rows).mean())


def test_columns_of_a_group_are_removed_together() -> None:
    rng = np.random.default_rng(2)
    X = pd.DataFrame(rng.normal(size=(100, 3)), columns=["lat", "lon", "size"])
    explainer = ll.Explainer(
        lambda t: (t["lat"] * t["lon"]).to_numpy(), ll.Tabular(X, groups={"place": ["lat", "lon"]}), seed=0
    )
    explanation = explainer.explain(X.iloc[0])
    place = [feature.name.startswith("place") for feature in explanation.features].index(True)
    curve = diagnostics.deletion_curve(explainer, X.iloc[0], explanation, order=[place, 1 - place])
    assert curve.values[1] == curve.values[2] != curve.values[0]


def test_sparse_rows_keep_their_zeros() -> None:
    X = scipy.sparse.csr_matrix(np.array([[1.0, 0.0, 2.0], [3.0, 1.0, 0.0], [2.0, 1.0, 4.0], [1.0, 2.0, 1.0]] * 10))
    explainer = ll.Explainer(lambda M: np.asarray(M.sum(axis=1)).ravel(), ll.Tabular(X), seed=0)
    curve = diagnostics.deletion_curve(explainer, X[0], order=[0, 1], draws=1024)
    assert curve.values == pytest.approx([3.0, 1.75 + 2.0, 1.75 + 1.75], abs=0.02)


# -- infidelity -------------------------------------------------------------------------------------------------------


def test_infidelity_of_a_linear_model_is_zero() -> None:
    found = diagnostics.infidelity(parts(Linear(LINEAR)), None)
    assert found.value == pytest.approx(0.0, abs=1e-20)
    assert found.relative == pytest.approx(0.0, abs=1e-20)
    assert found.exact
    X = np.random.default_rng(0).normal(size=(200, 2))
    table = ll.Explainer(lambda X: X @ np.array([2.0, -1.0]), ll.Tabular(X, bins=None), seed=0)
    assert diagnostics.infidelity(table, X[0]).value == pytest.approx(0.0, abs=1e-18)


def test_infidelity_of_a_constant_model_is_zero() -> None:
    found = diagnostics.infidelity(parts(constant), None)
    assert (found.value, found.relative) == (pytest.approx(0.0, abs=1e-20), 0.0)


def test_infidelity_worked_by_hand() -> None:
    # f(z) = z₁z₂ under a flat kernel: φ = (½, ½), and over the four masks Iᵀφ − (f(x) − f(z)) is 0, −½, −½, 0
    explainer = ll.Explainer(
        lambda Z: Z[:, 0] * Z[:, 1], ll.Components(["a", "b"], as_numbers), seed=0, kernel_width=1e6
    )
    explanation = explainer.explain(None)
    assert explanation.coef[0] == pytest.approx([0.5, 0.5], abs=1e-9)
    found = diagnostics.infidelity(explainer, None, explanation)
    assert found.value == pytest.approx(1 / 8, abs=1e-9)
    assert found.relative == pytest.approx((1 / 8) / (3 / 4), abs=1e-9)
    assert (found.stderr, found.n_samples, found.exact) == (0.0, 4, True)


def test_weights_of_zero_have_relative_infidelity_one() -> None:
    explainer = sampled()
    explanation = explainer.explain(None)
    nothing = replace(explanation, coef=np.zeros_like(explanation.coef))
    assert diagnostics.infidelity(explainer, None, nothing).relative == pytest.approx(1.0)


def test_sampled_infidelity_lies_within_its_error_of_the_exact_one() -> None:
    explainer = parts(curved, 10, n_samples=1024)
    explanation = explainer.explain(None)
    exact = diagnostics.infidelity(explainer, None, explanation)
    assert exact.exact
    off = [
        (found.value - exact.value) / found.stderr
        for seed in range(20)
        for found in [diagnostics.infidelity(parts(curved, 10, seed=seed), None, explanation, n_samples=200)]
    ]
    assert max(np.abs(off)) < 4
    assert 0.4 < math.sqrt(np.mean(np.square(off))) < 1.7


def test_infidelity_of_bins_is_what_they_hide() -> None:
    # f = x on evenly spaced values in 4 bins; x' is in the lowest, where the others' mean differs by −φ
    X = np.arange(400.0)[:, None] / 400
    explainer = ll.Explainer(lambda X: X[:, 0], ll.Tabular(X), seed=0, kernel_width=1e6, n_samples=4096)
    x = np.array([0.05])
    explanation = explainer.explain(x)
    phi = float(explanation.coef[0, 0])
    values, own = X[:, 0], X[:, 0] < 0.25
    expected = np.mean(((1.0 - own) * phi - (0.05 - values)) ** 2)
    found = diagnostics.infidelity(explainer, x, explanation, n_samples=4096)
    assert found.value == pytest.approx(expected, rel=1e-2)


# -- sensitivity ------------------------------------------------------------------------------------------------------


def test_sensitivity_of_a_constant_model_is_zero() -> None:
    X = np.random.default_rng(0).normal(size=(200, 3))
    found = diagnostics.max_sensitivity(ll.Explainer(constant, ll.Tabular(X), seed=0), X[0], repeats=5)
    assert found.value == pytest.approx(0.0, abs=1e-12)
    assert found.distances.shape == (5,)


def test_sensitivity_of_a_linear_model_without_bins_is_zero() -> None:
    X = np.random.default_rng(0).normal(size=(200, 2))
    explainer = ll.Explainer(lambda X: X @ np.array([2.0, -1.0]), ll.Tabular(X, bins=None), seed=0)
    assert diagnostics.max_sensitivity(explainer, X[0], radius=1.0, repeats=5).value == pytest.approx(0.0, abs=1e-9)


def test_rows_that_stay_in_their_bins_have_the_same_explanation() -> None:
    X = np.arange(400.0)[:, None]
    explainer = ll.Explainer(lambda X: X[:, 0] ** 2, ll.Tabular(X), seed=0)
    inside = diagnostics.max_sensitivity(explainer, [50.0], radius=0.1)
    across = diagnostics.max_sensitivity(explainer, [99.0], radius=0.1)
    assert inside.value == 0.0
    here, there = explainer.explain([99.0]), explainer.explain([101.0])
    assert across.value == pytest.approx(abs(there.coef[0, 0] - here.coef[0, 0]))
    assert across.relative == pytest.approx(across.value / abs(here.coef[0, 0]))


def test_only_numbers_move_and_whole_numbers_stay_whole_inside_the_ball() -> None:
    frame = people()
    seen: list[pd.DataFrame] = []

    def model(table: pd.DataFrame) -> np.ndarray:
        seen.append(table.copy())
        return price(table)

    explainer = ll.Explainer(model, ll.Tabular(frame), seed=0, replicates=1)
    explanation = explainer.explain(frame.iloc[0])
    list(explainer.explain_many(frame.head(3)))
    seen.clear()
    diagnostics.max_sensitivity(explainer, frame.iloc[0], explanation, radius=0.2, repeats=6)
    asked = pd.concat(seen)
    rows = asked[asked["income"].sub(frame["income"][0]).abs() < 0.2 * frame["income"].std(ddof=0)]
    moved = rows[~rows["income"].isin(frame["income"])]
    assert len(moved) == 6
    assert (moved["city"] == frame["city"][0]).all()
    assert (moved["age"] - frame["age"][0]).abs().max() <= 0.2 * frame["age"].std(ddof=0)
    assert moved["age"].dtype == frame["age"].dtype
    assert moved["age"].nunique() > 1


def test_texts_are_compared_word_by_word() -> None:
    def count(texts: list[str]) -> np.ndarray:
        return np.array([2.0 * ("good" in text) + ("fine" in text) for text in texts])

    explainer = ll.Explainer(count, ll.Text(), seed=0)
    swap = lambda text, rng: text.replace("good", "fine")  # noqa: E731
    found = diagnostics.max_sensitivity(explainer, "a good film", nearby=swap, repeats=2)
    assert found.value == pytest.approx(math.sqrt(2.0**2 + 1.0**2))  # good loses 2, fine gains 1
    assert found.relative == pytest.approx(math.sqrt(5.0) / 2)


def test_several_features_of_one_key_are_told_apart_by_their_order() -> None:
    feature = parts(constant).explain(None).features[0]
    assert [number for _, _, number in identities([feature, feature])] == [0, 1]


# -- all of them ------------------------------------------------------------------------------------------------------


def test_the_explainer_is_left_as_it_was() -> None:
    explainer = sampled()
    before = explainer.explain(None)
    asked = explainer._context.caller.rows
    diagnostics.stability(explainer, None, repeats=2)
    diagnostics.deletion_curve(explainer, None)
    diagnostics.infidelity(explainer, None)
    diagnostics.max_sensitivity(explainer, None, nearby=lambda instance, rng: instance, repeats=2)
    assert explainer.settings.seed == 0
    assert explainer._context.caller.rows == asked
    assert explainer.explain(None) == before


def test_answers_are_the_same_twice() -> None:
    X = np.random.default_rng(0).normal(size=(100, 3))
    explainer = ll.Explainer(lambda X: X[:, 0] * X[:, 1], ll.Tabular(X), seed=0, n_samples=256)
    for measure in (diagnostics.deletion_curve, diagnostics.max_sensitivity, diagnostics.infidelity):
        first, second = measure(explainer, X[0]), measure(explainer, X[0])
        assert pickle.dumps(first) == pickle.dumps(second)


def test_one_of_several_targets_is_measured() -> None:
    def both(Z: np.ndarray) -> np.ndarray:
        return np.column_stack([Z[:, 0], 5.0 * Z[:, 1]])

    explainer = parts(both, targets="all", output_names=["small", "large"])
    curve = diagnostics.deletion_curve(explainer, None, target="large")
    assert curve.target == "large"
    assert curve.values.tolist() == [5.0, 0.0, 0.0, 0.0, 0.0]
    assert diagnostics.stability(explainer, None, repeats=2, target=1).target == "large"
    assert diagnostics.infidelity(explainer, None, target="large").target == "large"


def test_what_does_not_fit_is_said_in_one_sentence_that_names_the_argument() -> None:
    explainer = parts(Linear(LINEAR))
    for wrong, message in (
        (lambda: diagnostics.stability(explainer, None, repeats=1), "repeats: expected at least 2"),
        (lambda: diagnostics.stability(explainer, None, k=0), "k: expected at least 1"),
        (lambda: diagnostics.deletion_curve(explainer, None, order=[0, 1]), "order: expected each of the 4"),
        (lambda: diagnostics.deletion_curve(explainer, None, steps=0), "steps: expected a positive"),
        (lambda: diagnostics.insertion_curve(explainer, None, draws=0), "draws: expected a positive"),
        (lambda: diagnostics.infidelity(explainer, None, n_samples=0), "n_samples: expected a positive"),
        (lambda: diagnostics.max_sensitivity(explainer, None), "nearby: expected a function"),
        (lambda: diagnostics.max_sensitivity(explainer, None, radius=-1.0), "radius: expected a positive"),
        (lambda: diagnostics.max_sensitivity(explainer, None, nearby=print, radius=1.0), "radius: has no effect"),
        (lambda: diagnostics.max_sensitivity(explainer, None, nearby=print, repeats=0), "repeats: expected at least 1"),
        (lambda: diagnostics.agreement([explainer.explain(None)]), "repeats: expected at least 2"),
    ):
        with pytest.raises(InputError, match=message):
            wrong()
    with pytest.raises(UnknownNameError):
        diagnostics.deletion_curve(explainer, None, target="spam")


def test_explanations_of_other_instances_are_refused() -> None:
    explainer, other = parts(Linear(LINEAR)), sampled().explain(None)
    for measure in (diagnostics.deletion_curve, diagnostics.infidelity):
        with pytest.raises(InputError, match="explanation: expected the features"):
            measure(explainer, None, other)
    with pytest.raises(InputError, match="explanations: expected the same features"):
        diagnostics.agreement([explainer.explain(None), other])
    X = np.random.default_rng(0).normal(size=(100, 2))
    table = ll.Explainer(constant, ll.Tabular(X), seed=0)
    with pytest.raises(InputError, match="explanation: expected the features"):
        diagnostics.deletion_curve(table, [2.0, 2.0], table.explain([-2.0, -2.0]))


def test_superpixels_with_the_same_numbers_but_other_pixels_are_refused() -> None:
    photo = np.arange(16 * 16, dtype=np.uint8).reshape(16, 16)
    rows = np.repeat([[0], [1]], 8, axis=0) * np.ones((1, 16), int)

    def brightness(images: Any) -> np.ndarray:
        return np.array([np.mean(image) for image in images])

    explainer = ll.Explainer(brightness, ll.Image(segments=lambda image: rows), seed=0)
    explanation = explainer.explain(photo)
    dark = ll.Image(segments=lambda image: rows, fill=0)
    black = diagnostics.deletion_curve(explainer, photo, explanation, order=[1, 0], modality=dark)
    assert black.values.tolist() == [photo.mean(), photo[:8].sum() / 256, 0.0]
    with pytest.raises(InputError, match="modality: expected the features"):
        diagnostics.deletion_curve(explainer, photo, explanation, modality=ll.Image(segments=lambda image: rows.T))


def test_an_explanation_read_from_json_is_tested_as_well() -> None:
    explainer = ll.Explainer(price, ll.Tabular(people()), seed=0)
    row = people().iloc[0]
    explanation = explainer.explain(row)
    again = Explanation.from_json(explanation.to_json())
    first, second = (diagnostics.infidelity(explainer, row, each) for each in (explanation, again))
    assert first == second


def test_a_surrogate_of_ones_own_is_tested_by_its_weights() -> None:
    from sklearn.linear_model import Lasso

    explainer = parts(Linear(LINEAR), surrogate=Lasso(alpha=0.1))
    explanation = explainer.explain(None)
    Z = np.array(list(itertools.product([0.0, 1.0], repeat=4)))
    found = diagnostics.infidelity(explainer, None, explanation)
    wrong = ((1 - Z) @ (explanation.coef[0] - LINEAR)) ** 2
    near = np.exp(-((1 - np.sqrt(Z.mean(axis=1))) ** 2) / (2 * 0.25**2))
    assert found.value == pytest.approx(near @ wrong / near.sum())


def test_a_table_of_names_needs_nearby() -> None:
    frame = pd.DataFrame({"city": ["Oslo", "Rome"] * 20})
    explainer = ll.Explainer(lambda t: (t["city"] == "Rome").to_numpy(float), ll.Tabular(frame), seed=0)
    with pytest.raises(InputError, match="radius: expected one that moves a column"):
        diagnostics.max_sensitivity(explainer, frame.iloc[0])


def test_the_room_is_loaded_when_it_is_used() -> None:
    code = (
        "import sys, limelight; before = 'limelight.diagnostics' in sys.modules; "
        "limelight.diagnostics.stability; print(before, 'limelight.diagnostics' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["False", "True"]
