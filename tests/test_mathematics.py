"""The formulas of docs/concepts/precision.md hold, asked through the front door."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest

import limelight as ll

X = np.random.default_rng(0).normal(size=(2000, 4))
ROW = np.array([1.5, 1.5, 0.1, -0.2])  # in the uppermost quarter of the first two columns


def explained(f: object, **settings: object) -> ll.Explanation:
    return ll.Explainer(f, ll.Tabular(X), n_samples=4096, **settings).explain(ROW)  # type: ignore[arg-type]


def curved(rows: np.ndarray) -> np.ndarray:
    return np.asarray(np.tanh(2 * rows[:, 0]) + rows[:, 1] * rows[:, 2] + rows[:, 3] ** 2)


def kept_under_q(share: float, d: int) -> float:
    """q = p / (p + ρ (1 − p)) with ρ = exp(−1 / 2ν²) and lime's width ν = ¾ √d."""
    ratio = math.exp(-1 / (2 * 0.75**2 * d))
    return share / (share + ratio * (1 - share))


def test_a_conjunction_weighs_the_probability_under_q_that_its_partner_holds() -> None:
    edges = np.percentile(X, 75, axis=0)
    both = explained(lambda rows: ((rows[:, 0] > edges[0]) & (rows[:, 1] > edges[1])).astype(float))
    assert both.coef[0, :2] == pytest.approx([kept_under_q(0.25, 4)] * 2, abs=3 * both.stderr[0, :2].max() + 1e-9)
    assert np.abs(both.coef[0, 2:]).max() <= 4 * both.stderr[0, 2:].max() + 1e-9


def test_contributions_add_up_from_the_average_row_to_the_surrogates_answer() -> None:
    found = explained(curved)
    share = np.array([feature.keep for feature in found.features])
    assert found.contributions == pytest.approx(found.coef * (1 - share))
    assert found.contribution_stderr == pytest.approx(found.stderr * (1 - share))
    assert found.base_values + found.contributions.sum(axis=1) == pytest.approx(found.local_prediction)


@pytest.mark.parametrize("column", range(4))
def test_a_curve_is_zero_on_average_and_its_own_bin_less_the_others_is_the_weight(column: int) -> None:
    found = explained(curved)
    effect = found.effects(column)
    own = np.arange(len(effect.shares)) == effect.own
    others = effect.shares * ~own / effect.shares[~own].sum()
    assert effect.shares @ effect.effects == pytest.approx(0, abs=1e-9)
    assert effect.at_own - others @ effect.effects == pytest.approx(found.coef[0, column])
    assert effect.stderr[effect.own] == pytest.approx(found.contribution_stderr[0, column])


def test_a_stated_error_is_half_the_interval_over_1_96_and_other_levels_are_students() -> None:
    found = explained(curved)
    assert found.df == 7
    half = (found.interval()[..., 1] - found.interval()[..., 0]) / 2
    wider = (found.interval(0.99)[..., 1] - found.interval(0.99)[..., 0]) / 2
    assert half == pytest.approx(1.959964 * found.stderr)
    assert wider / half == pytest.approx(3.49948 / 2.36462, rel=1e-4)  # Student's t with 7 degrees of freedom


@pytest.mark.parametrize("age", [90.0, 140.0, -5.0])
def test_a_value_outside_weighs_its_own_answer_less_the_backgrounds_mean(age: float) -> None:
    frame = pd.DataFrame({"age": np.linspace(20, 60, 400), "other": X[:400, 0]})
    explainer = ll.Explainer(lambda rows: 2 * rows["age"] + rows["other"], ll.Tabular(frame))
    found = explainer.explain({"age": age, "other": 0.0})
    assert found.coef[0, 0] == pytest.approx(2 * (age - 40), abs=4 * found.stderr[0, 0] + 0.05)
    assert found.contributions[0, 0] == found.coef[0, 0]


@pytest.mark.parametrize(
    ("f", "low", "high"),
    [
        (lambda rows: rows @ [1.0, 2.0, 3.0, 4.0], 0.9999, 1.0001),
        (lambda rows: np.sin(rows[:, 0]) + np.abs(rows[:, 1]), 0.97, 1.01),
        # Var(x0) = Var(x1 x2) = 1: half of it is a sum
        (lambda rows: rows[:, 0] + rows[:, 1] * rows[:, 2], 0.4, 0.6),
        (lambda rows: np.sign(rows[:, 0] * rows[:, 1]), -0.1, 0.1),
    ],
)
def test_additivity_is_the_share_that_a_sum_over_columns_explains(f: object, low: float, high: float) -> None:
    assert low <= explained(f).additivity[0] <= high


def test_a_second_model_changes_the_noise_and_not_the_estimate() -> None:
    with_control = explained(curved)
    without = explained(curved, control_variates=False)
    both = np.hypot(with_control.stderr, without.stderr)
    assert (np.abs(with_control.coef - without.coef) <= 4 * both).all()
    assert with_control.provenance.estimator != without.provenance.estimator
