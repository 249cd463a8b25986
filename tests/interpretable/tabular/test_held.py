"""`contrast="value"`: one row's own values against the background's, with known truths."""

from __future__ import annotations

import json
import pickle

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy import sparse

import limelight as ll
from limelight.errors import InputError, UnknownNameError

rng = np.random.default_rng(0)
PEOPLE = pd.DataFrame(
    {
        "age": rng.integers(18, 80, 300),
        "income": rng.normal(2000, 500, 300),
        "city": rng.choice(["Rome", "Oslo", None], 300),
        "colour_red": 0,
        "colour_blue": 0,
        "plan": pd.Categorical(rng.choice(list("xyz"), 300)),
        "always": 7,
    }
)
PEOPLE["colour_red"] = (rng.random(300) < 0.3).astype(int)
PEOPLE["colour_blue"] = 1 - PEOPLE["colour_red"]
PEOPLE.loc[3, "income"] = np.nan

NUMBERS = pd.DataFrame(rng.normal(size=(600, 5)), columns=list("abcde"))
NUMBERS["c"] = rng.choice(list("uvw"), 600)
ROW = NUMBERS.iloc[7].copy()
ROW["a"], ROW["c"] = 1.3, "w"


def score(frame):
    return frame["age"] / 10 + frame["income"].fillna(0.0) / 500 + 2.0 * (frame["city"] == "Rome")


def additive(frame):
    return 2 * np.tanh(frame["a"]) + frame["b"] ** 2 + (frame["c"] == "w")


def exclusive_or(frame):
    return ((frame["a"] > 0) != (frame["b"] > 0)).astype(float)


def explained(model, row=ROW, background=NUMBERS, **settings):
    explainer = ll.Explainer(model, ll.Tabular(background, contrast="value"), max_features=None, **settings)
    return explainer.explain(row)


def additive_truth():
    """What each own value adds against the background's mean: known whatever the kernel, since nothing interacts."""
    a = 2 * np.tanh(ROW["a"]) - 2 * np.tanh(NUMBERS["a"]).mean()
    b = ROW["b"] ** 2 - (NUMBERS["b"] ** 2).mean()
    return np.array([a, b, 1 - (NUMBERS["c"] == "w").mean(), 0.0, 0.0])


def exclusive_or_truth():
    """By hand: the other feature is held with probability q, which the kernel moves a little from one half."""
    q = 1 / (1 + np.exp(-1 / (2 * 0.5625 * NUMBERS.shape[1])))
    share_a, share_b = (NUMBERS["a"] > 0).mean(), (NUMBERS["b"] > 0).mean()
    own_a, own_b = float(ROW["a"] > 0), float(ROW["b"] > 0)
    nearby_a, nearby_b = q * own_a + (1 - q) * share_a, q * own_b + (1 - q) * share_b

    def differ(first, second):
        return first * (1 - second) + (1 - first) * second

    a = differ(own_a, nearby_b) - differ(share_a, nearby_b)
    b = differ(nearby_a, own_b) - differ(nearby_a, share_b)
    return np.array([a, b, 0.0, 0.0, 0.0])


# -- what a weight means ----------------------------------------------------------------------------------------------


def test_weights_of_an_additive_model_are_own_value_minus_the_mean_of_the_background():
    found = explained(additive, n_samples=8192)
    np.testing.assert_allclose(found.coef[0], additive_truth(), atol=0.02)


def test_weights_of_an_exclusive_or_are_those_worked_out_by_hand():
    found = explained(exclusive_or, n_samples=8192)
    np.testing.assert_allclose(found.coef[0], exclusive_or_truth(), atol=0.01)


@pytest.mark.parametrize(("model", "truth"), [(additive, additive_truth), (exclusive_or, exclusive_or_truth)])
def test_intervals_hold_the_truth_as_often_as_they_say(model, truth):
    inside = []
    for seed in range(60):
        found = explained(model, n_samples=1024, seed=seed)
        low, high = found.interval()[0].T
        inside.append((low <= truth()) & (truth() <= high))
    assert np.mean(inside) >= 0.91
    assert np.mean(inside, axis=0).min() >= 0.8


def test_a_bar_is_the_contribution_since_the_other_side_is_the_average_row():
    found = explained(additive, n_samples=2048)
    np.testing.assert_allclose(found.contributions, found.coef)
    row = ll.Tabular(NUMBERS, contrast="value").represent(ROW)
    assert row.reference.tolist() == [0.0] * 5


def test_a_value_that_nearly_everybody_has_is_no_reason():
    """92 % gain nothing: the bin says "gain ≤ 0 against the few", the value says that redrawing it moves little."""
    gain = np.where(np.random.default_rng(1).random(2000) < 0.92, 0.0, 5000.0)
    background = pd.DataFrame({"gain": gain, "hours": np.random.default_rng(2).normal(40, 5, 2000)})
    row = {"gain": 0.0, "hours": 45.0}

    def rich(frame):
        return 0.9 * (frame["gain"] > 0) + 0.05 * (frame["hours"] > 42)

    against_others = ll.Explainer(rich, ll.Tabular(background)).explain(row)
    against_anybody = explained(rich, row, background)
    assert against_others.coef[0, 0] < -0.8
    assert against_anybody.coef[0, 0] == pytest.approx(-0.9 * (gain > 0).mean(), abs=0.01)


# -- names and values -------------------------------------------------------------------------------------------------


def test_features_are_named_by_the_own_values():
    names = [feature.name for feature in ll.Tabular(PEOPLE, contrast="value").represent(PEOPLE.iloc[3]).features]
    city = "city is missing" if PEOPLE["city"].isna()[3] else f"city = {PEOPLE['city'][3]}"
    colour = "colour = red" if PEOPLE["colour_red"][3] else "colour = blue"
    plan = f"plan = {PEOPLE['plan'][3]}"
    assert names == [f"age = {PEOPLE['age'][3]}", "income is missing", city, colour, plan, "always = 7"]


def test_a_group_is_named_by_the_values_of_its_columns():
    tabular = ll.Tabular(PEOPLE, contrast="value", groups={"who": ["age", "income"]})
    age = PEOPLE["age"][3]
    assert tabular.represent(PEOPLE.iloc[3]).features[0].name == f"who: age = {age}, income is missing"


@pytest.mark.parametrize(("column", "value"), [("age", 200), ("city", "Lima"), ("plan", "w"), ("income", -1e9)])
def test_a_value_that_the_background_never_shows_has_a_weight_and_reaches_the_model_as_it_is(column, value):
    row = PEOPLE.iloc[5].copy()
    row[column] = value
    seen = set()

    def model(frame):
        seen.update(frame[column].dropna())
        return (frame[column] == value).astype(float)

    found = explained(model, row, PEOPLE)
    place = [feature.where.key for feature in found.features].index(column)
    assert found.coef[0, place] == pytest.approx(1.0, abs=1e-6)
    assert value in seen


def test_a_column_that_the_background_cannot_change_is_held_and_one_that_it_can_is_not():
    found = explained(score, PEOPLE.iloc[5], PEOPLE)
    at = [feature.name for feature in found.features].index("always = 7")
    assert found.coef[0, at] == 0 and found.stderr[0, at] == 0
    assert any("always = 7" in warning for warning in found.warnings)
    other = PEOPLE.iloc[5].copy()
    other["always"] = 8
    moved = explained(lambda frame: frame["always"] * 1.0, other, PEOPLE)
    assert moved.coef[0, at] == pytest.approx(1.0, abs=1e-9)


# -- draws ------------------------------------------------------------------------------------------------------------


def cells(table):
    return [[None if value != value else value for value in row] for row in table]


@pytest.mark.parametrize("library", ["pandas", "polars", "pyarrow", "numpy", "sparse"])
def test_draws_hold_own_values_where_the_mask_says_so_in_every_library(library):
    plain = NUMBERS[["a", "b", "d"]]
    background, row, read = {
        "pandas": (plain, plain.iloc[0], lambda table: table.to_numpy()),
        "polars": (pl.from_pandas(plain), pl.from_pandas(plain)[0], lambda table: table.to_numpy()),
        "pyarrow": (pa.Table.from_pandas(plain), plain.iloc[0], lambda table: table.to_pandas().to_numpy()),
        "numpy": (plain.to_numpy(), plain.to_numpy()[0], lambda table: table),
        "sparse": (sparse.csr_array(plain), sparse.csr_array(plain)[[0]], lambda table: table.toarray()),
    }[library]
    held = ll.Tabular(background, contrast="value").represent(row)
    codes, inputs = held.background.draw(np.random.default_rng(1).random((200, 3)))
    kept, drawn = held.encode(codes).astype(bool), read(inputs)
    assert type(inputs) is type(background)
    assert (drawn[kept] == np.broadcast_to(plain.to_numpy()[0], drawn.shape)[kept]).all()
    for column, name in enumerate(plain):
        assert set(drawn[:, column]) <= set(plain[name])
    assert 0.4 < kept.mean() < 0.6


def test_what_is_drawn_instead_has_the_law_of_the_column():
    held = ll.Tabular(PEOPLE, contrast="value").represent(PEOPLE.iloc[0])
    codes, inputs = held.background.draw(np.random.default_rng(1).random((20_000, 6)))
    drawn = inputs["plan"][held.encode(codes)[:, 4] == 0]
    expected = PEOPLE["plan"].value_counts(normalize=True)
    np.testing.assert_allclose(drawn.value_counts(normalize=True).reindex(expected.index), expected, atol=0.02)


def test_a_whole_number_that_is_missing_is_handed_over_as_missing():
    row = PEOPLE.iloc[0].astype(object).copy()
    row["age"] = None
    found = explained(lambda frame: frame["age"].isna().astype(float), row, PEOPLE)
    assert found.features[0].name == "age is missing"
    assert found.coef[0, 0] == pytest.approx(1.0, abs=1e-9)


# -- options ----------------------------------------------------------------------------------------------------------


def test_the_neighborhood_is_the_rows_own_and_the_result_does_not_depend_on_other_rows():
    explainer = ll.Explainer(score, ll.Tabular(PEOPLE, contrast="value"))
    together = list(explainer.explain_many(PEOPLE[:5]))
    assert together[3] == ll.Explainer(score, ll.Tabular(PEOPLE, contrast="value")).explain(PEOPLE.iloc[3])
    assert not together[0].provenance.shared
    assert together[0].provenance.cost.model_rows > 1000 and together[4].provenance.cost.model_rows > 1000


def test_saved_pickled_and_described_it_stays_what_it_is(tmp_path):
    tabular = ll.Tabular(PEOPLE, contrast="value")
    tabular.save(tmp_path / "people.json")
    loaded = ll.Tabular.load(tmp_path / "people.json")
    assert repr(loaded) == repr(tabular) == 'Tabular(7 columns, contrast="value")'
    assert loaded.describe()["contrast"] == "value"
    explanation = ll.Explainer(score, tabular).explain(PEOPLE.iloc[1])
    for other in (loaded, pickle.loads(pickle.dumps(tabular))):
        assert ll.Explainer(score, other).explain(PEOPLE.iloc[1]) == explanation


def test_a_file_that_was_saved_before_there_were_values_is_one_of_bins(tmp_path):
    ll.Tabular(PEOPLE).save(tmp_path / "people.json")
    old = json.loads((tmp_path / "people.json").read_text())
    del old["fingerprint"], old["options"]["contrast"]
    (tmp_path / "people.json").write_text(json.dumps({**old, "schema_version": 1}))
    assert ll.Tabular.load(tmp_path / "people.json").describe()["contrast"] == "bin"


def test_bins_have_no_effect_with_values_and_are_refused():
    for bins in ("decile", None, {"age": [30]}):
        with pytest.raises(InputError, match=r'^bins: expected none with contrast="value"'):
            ll.Tabular(PEOPLE, contrast="value", bins=bins)
    with pytest.raises(UnknownNameError, match="contrast"):
        ll.Tabular(PEOPLE, contrast="values")


def test_removal_redraws_from_the_background_and_not_from_the_row():
    """With every column removed the model's mean is the background's, not half of the own row."""
    explainer = ll.Explainer(lambda frame: frame["a"] * 1.0, ll.Tabular(NUMBERS, contrast="value"))
    curve = ll.diagnostics.deletion_curve(explainer, ROW, draws=256)
    assert curve.values[-1] == pytest.approx(NUMBERS["a"].mean(), abs=0.05)


@pytest.mark.shared_data
def test_on_adult_the_gain_that_nearly_everybody_has_leads_for_almost_nobody(adult):
    from sklearn.compose import make_column_transformer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OneHotEncoder, StandardScaler

    people, income = adult[0][:6000], adult[1][:6000]
    names = [name for name in people if people[name].dtype.kind not in "iuf"]
    numbers = [name for name in people if name not in names]
    encode = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), names), (StandardScaler(), numbers))
    model = make_pipeline(encode, LogisticRegression(max_iter=1000)).fit(people, income)
    explainer = ll.Explainer(model, ll.Tabular(people, contrast="value"), n_samples=1024, max_features=3)
    leads = 0
    for explanation in explainer.explain_many(adult[0][6000:6040]):
        first = explanation.features[explanation.selected[0][0]]
        leads += first.where.key == "capital-gain" and first.value == "0"
    assert leads <= 2
