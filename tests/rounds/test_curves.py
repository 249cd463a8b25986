"""The curve behind each bar of a table's row: every bin against the average, tied to the weight."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

import limelight as ll

N = 3000
_rng = np.random.default_rng(0)
X = pd.DataFrame(
    {
        "a": _rng.normal(size=N),
        "kind": np.array(["p", "q", "r", "s"])[_rng.choice(4, N, p=[0.5, 0.3, 0.15, 0.05])],
        "flag": np.arange(N) < 3,
        "b": _rng.exponential(size=N),
    }
)
TABLE = ll.Tabular(X)
LEVEL = {"p": 0.0, "q": 1.0, "r": -2.0, "s": 3.0}
ROW = {"a": 0.4, "kind": "r", "flag": False, "b": 0.2}


def additive(F: pd.DataFrame) -> np.ndarray:
    return np.sin(2 * F["a"]) + F["kind"].map(LEVEL).astype(float) + 2.0 * F["flag"] + 0.3 * F["b"]


def curved(F: pd.DataFrame) -> np.ndarray:
    return 1 / (1 + np.exp(-additive(F))) + 0.4 * ((F["a"] > 0) & (F["b"] > 0.7))


def explained(model=additive, row=None, *, table: ll.Tabular = TABLE, **settings) -> ll.Explanation:
    settings = {"n_samples": 2048, "max_features": None, **settings}
    return ll.Explainer(model, table, seed=settings.pop("seed", 0), **settings).explain(row or ROW)


@pytest.mark.parametrize("model", [additive, curved])
@pytest.mark.parametrize("row", [ROW, {**ROW, "kind": "s"}, {**ROW, "flag": True}, {**ROW, "a": 2.9, "b": 3.0}])
@pytest.mark.parametrize("controlled", [True, False])
def test_a_bar_and_its_curve_agree_to_the_digit(model, row, controlled):
    found = explained(model, row, control_variates=controlled)
    for j in range(4):
        effect = found.effects(j)
        assert effect.at_own == pytest.approx(found.contributions[0, j], rel=1e-12, abs=1e-12)
        assert effect.stderr[effect.own] == pytest.approx(found.contribution_stderr[0, j], rel=1e-6, abs=1e-9)
        assert effect.names[effect.own] == found.features[j].name
        assert effect.shares[effect.own] == pytest.approx(found.features[j].keep)


@pytest.mark.parametrize("model", [additive, curved])
def test_effects_of_all_bins_are_zero_on_average(model):
    found = explained(model, {**ROW, "flag": True})
    for j in range(4):
        effect = found.effects(j)
        assert np.isfinite(effect.effects).all()
        assert effect.shares.sum() == pytest.approx(1.0)
        assert effect.shares @ effect.effects == pytest.approx(0.0, abs=1e-9)


def test_the_effect_of_a_category_is_its_level_less_the_average_level():
    found = explained().effects("kind")
    shares = X["kind"].value_counts(normalize=True)
    mean = sum(shares[kind] * level for kind, level in LEVEL.items())
    for name, effect, stderr, share in zip(found.names, found.effects, found.stderr, found.shares, strict=True):
        kind = name.removeprefix("kind = ")
        assert share == pytest.approx(shares[kind])
        assert effect == pytest.approx(LEVEL[kind] - mean, abs=5 * stderr + 0.01)


def truth_of(column: str, effect) -> np.ndarray:
    """Mean of the additive model's own part in every bin, less its mean; a bin's name is its condition."""
    part = {"a": np.sin(2 * X["a"]), "b": 0.3 * X["b"]}[column].to_numpy()
    order = np.argsort(X[column].to_numpy(), kind="stable")
    ends = np.round(np.cumsum(effect.shares) * N).astype(int)
    starts = np.concatenate([[0], ends[:-1]])
    levels = np.array([part[order[start:end]].mean() for start, end in zip(starts, ends, strict=True)])
    return levels - effect.shares @ levels


def test_the_intervals_of_a_curve_cover_on_an_additive_model_with_noise():
    """24 seeds, two columns of numbers and the categories."""
    covered, errors = [], []
    shares = X["kind"].value_counts(normalize=True)
    mean = sum(shares[kind] * level for kind, level in LEVEL.items())
    for seed in range(24):
        rng = np.random.default_rng(seed)
        found = explained(lambda F, rng=rng: additive(F) + 0.5 * rng.normal(size=len(F)), seed=seed, replicates=1)
        for column in ("a", "b", "kind"):
            effect = found.effects(column)
            if column == "kind":
                truth = np.array([LEVEL[name.removeprefix("kind = ")] - mean for name in effect.names])
            else:
                truth = truth_of(column, effect)
            z = (effect.effects - truth) / effect.stderr
            covered.extend((np.abs(z) <= 1.96).tolist())
            errors.extend(z.tolist())
    assert 0.91 < np.mean(covered) < 0.99
    assert abs(np.mean(errors)) < 0.25


def test_a_model_that_no_second_model_helps_has_curves_from_its_draws_alone():
    """Parity of three columns: effects are noise around 0, and their intervals know it."""
    frame = pd.DataFrame(np.random.default_rng(2).normal(size=(2000, 3)), columns=list("abc"))
    found = ll.Explainer(lambda F: np.sign(F.a * F.b * F.c), ll.Tabular(frame), seed=1, n_samples=2048).explain(
        frame.iloc[0]
    )
    for j in range(3):
        effect = found.effects(j)
        others = np.arange(len(effect.effects)) != effect.own
        assert (np.abs(effect.effects[others]) < 5 * effect.stderr[others]).all()


def test_a_bin_that_was_hardly_drawn_has_no_effect_but_the_rows_own_always_has():
    """3 of 3000 have the flag, and 2048 draws show it twice."""
    absent = explained().effects("flag")  # for a row without it, draws are made out of its bin
    assert np.isfinite(absent.effects).all()
    frame = X.assign(kind=np.where(np.arange(N) < 3, "t", X["kind"]))
    effect = explained(lambda F: F["a"] + 0.1 * (F["kind"] == "p"), table=ll.Tabular(frame)).effects("kind")
    rare = effect.names.index("kind = t")
    assert np.isnan(effect.effects[rare])
    assert np.isnan(effect.stderr[rare])
    assert np.isfinite(np.delete(effect.effects, rare)).all()
    own = explained(lambda F: 2.0 * (F["kind"] == "t"), {**ROW, "kind": "t"}, table=ll.Tabular(frame)).effects("kind")
    assert own.at_own == pytest.approx(2.0 * 0.999, abs=0.01)


def test_a_value_outside_has_a_curve_of_the_bins_without_a_bin_of_its_own():
    found = explained(row={**ROW, "kind": "z"}, model=lambda F: additive(F.assign(kind=F["kind"].replace("z", "s"))))
    effect = found.effects("kind")
    assert effect.own == -1
    assert np.isnan(effect.at_own)
    assert effect.shares @ effect.effects == pytest.approx(0.0, abs=1e-9)
    at = {name.removeprefix("kind = "): value for name, value in zip(effect.names, effect.effects, strict=True)}
    assert at["s"] - at["p"] == pytest.approx(3.0, abs=0.1)
    assert at["q"] - at["r"] == pytest.approx(3.0, abs=0.1)


def test_a_column_of_many_bins_keeps_its_most_frequent_and_the_rows_own():
    rng = np.random.default_rng(4)
    share = 1 / np.arange(3, 43)
    letters = np.array([f"k{i:02d}" for i in range(40)])
    frame = pd.DataFrame({"k": letters[rng.choice(40, 6000, p=share / share.sum())], "v": rng.normal(size=6000)})
    explainer = ll.Explainer(lambda F: (F["k"] < "k20") * 1.0 + F["v"], ll.Tabular(frame), seed=0, n_samples=4096)
    frequent, rare = (explainer.explain({"k": k, "v": 0.1}).effects("k") for k in ("k00", "k39"))
    assert len(frequent.shares) == 24
    assert len(rare.shares) == 25
    assert frequent.names[frequent.own] == "k = k00"
    assert rare.names[rare.own] == "k = k39"
    counted = frame["k"].value_counts(normalize=True)
    assert set(frequent.names) == {f"k = {k}" for k in counted.index[:24]}
    for name, found in zip(rare.names, rare.shares, strict=True):
        assert found == pytest.approx(counted[name.removeprefix("k = ")])


def test_curves_are_kept_for_the_features_shown_and_in_their_order():
    found = explained(max_features=2)
    assert [effect.feature for effect in found.curves[0]] == found.selected[0].tolist()
    assert len(found.curves[0]) == 2


def test_outputs_in_other_units_have_curves_in_the_users_own():
    def both_signs(F: pd.DataFrame) -> np.ndarray:
        return additive(F) * (1.0 + 0.5 * (F["a"] > 0))

    plain, large = explained(both_signs), explained(lambda F: both_signs(F) * 1e80)
    for j in range(4):
        np.testing.assert_allclose(large.effects(j).effects / 1e80, plain.effects(j).effects, atol=2e-3)
        np.testing.assert_allclose(large.effects(j).stderr / 1e80, plain.effects(j).stderr, rtol=0.1, atol=1e-3)
