"""Columns that mean one thing: one-hot families and flags that never meet.

The claims of `interpretable/tabular/together.py`.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.tabular import Tabular
from limelight.interpretable.tabular.together import SHARED, association, columns_together, twins


def cramer(a: np.ndarray, b: np.ndarray) -> float:
    """Cramér's V with Bergsma's correction, written out for one pair."""
    table = pd.crosstab(a, b).to_numpy(float)
    n = table.sum()
    expected = np.outer(table.sum(1), table.sum(0)) / n
    phi = ((table - expected) ** 2 / expected).sum() / n
    r, s = table.shape
    fair = max(0.0, phi - (r - 1) * (s - 1) / (n - 1))
    return float(np.sqrt(fair / min(r - (r - 1) ** 2 / (n - 1) - 1, s - (s - 1) ** 2 / (n - 1) - 1)))


def test_association_is_the_formula_for_every_pair() -> None:
    rng = np.random.default_rng(0)
    a = rng.integers(0, 4, 500)
    columns = [a, (a + rng.integers(0, 2, 500)) % 4, rng.integers(0, 7, 500), a // 2]
    found = association(columns)
    for i, j in ((0, 1), (0, 2), (0, 3), (1, 3), (2, 3)):
        assert found[i, j] == found[j, i] == pytest.approx(cramer(columns[i], columns[j]), abs=1e-12)


def test_many_bins_and_few_rows_are_no_association() -> None:
    rng = np.random.default_rng(1)
    found = [association([rng.integers(0, 15, 300), rng.integers(0, 15, 300)])[0, 1] for _ in range(40)]
    assert np.mean(found) < 0.06, "uncorrected it would be .21"
    assert association([np.zeros(50, int), rng.integers(0, 2, 50)])[0, 1] == 0, "a constant goes with nothing"


def test_groups_are_joined_while_their_columns_are_near_on_average() -> None:
    rng = np.random.default_rng(2)
    a, d = rng.integers(0, 4, (2, 4000))

    def copy(column: np.ndarray, kept: float) -> np.ndarray:
        return np.where(rng.random(4000) < kept, column, rng.integers(0, 4, 4000))

    b = copy(a, 0.9)
    chain = copy(b, 0.5)
    assert columns_together([a, d, b, copy(d, 0.8)]) == [(0, 2), (1, 3)]
    mean = (association([a, chain])[0, 1] + association([b, chain])[0, 1]) / 2
    assert columns_together([a, b, chain], near=mean + 1e-9) == [(0, 1)]
    assert columns_together([a, b, chain], near=mean - 1e-9) == [(0, 1, 2)]
    assert columns_together([a]) == columns_together([a[:2], a[:2]]) == []


def test_columns_whose_joint_bins_would_hold_one_row_each_are_not_joined() -> None:
    rng = np.random.default_rng(3)
    base = rng.integers(0, 4, 4000)
    many = [np.where(rng.random(4000) < 0.7, base, rng.integers(0, 4, 4000)) for _ in range(12)]
    found = columns_together(many)
    assert found and max(map(len, found)) < 12
    for members in found:
        joint = np.unique(np.stack([many[j] for j in members], 1), axis=0, return_counts=True)[1] / 4000
        assert np.square(joint).sum() >= SHARED


def test_twins_rise_and_fall_together_or_name_the_same_and_chance_is_no_twin() -> None:
    rng = np.random.default_rng(4)
    x, few = rng.permutation(200), rng.integers(0, 5, 200)
    assert twins([x, 199 - x, rng.permutation(200)], [True] * 3) == [(0, 1)]
    assert twins([few, (few * 2 + 1) % 5], [True, False]) == [(0, 1)]
    assert twins([few, np.minimum(few, 3)], [True, True]) == [], "two values of one go with one of the other"
    assert twins([x, rng.permutation(200)], [False, False]) == [], "names that are all different go with anything"
    rare = (np.arange(200) < 3).astype(int)
    assert twins([rare, rare], [True, True]) == [], "they hardly vary"


# -- tables -----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def people() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    degree = rng.choice(["school", "bachelor", "master"], 2000, p=[0.5, 0.3, 0.2])
    years = pd.Series(degree).map({"school": 12, "bachelor": 16, "master": 18}).to_numpy()
    married = rng.choice(["yes", "no"], 2000)
    role = np.where(married == "yes", rng.choice(["wife", "husband"], 2000), "single")
    other = rng.choice(["a", "b", "c"], 2000)
    return pd.DataFrame({"degree": degree, "married": married, "years": years, "other": other, "role": role})


def test_auto_finds_them_names_them_and_draws_only_rows_that_were_seen(people: pd.DataFrame) -> None:
    tabular = Tabular(people, groups="auto")
    assert tabular.groups == {"degree + years": ("degree", "years"), "married + role": ("married", "role")}
    row = tabular.represent(people.iloc[0])
    assert [feature.where.key for feature in row.features] == ["degree + years", "married + role", "other"]
    assert row.features[0].name == f"degree = {people.degree[0]}, years = {people.years[0]}"
    drawn = tabular.background.draw(np.random.default_rng(0).random((3000, 3)))[1]
    for members in tabular.groups.values():
        seen = set(people[list(members)].itertuples(index=False, name=None))
        assert set(drawn[list(members)].itertuples(index=False, name=None)) == seen
    assert Tabular(people).groups == {}, "not unless asked for"


def test_the_weight_of_a_group_is_what_its_columns_do_together(people: pd.DataFrame) -> None:
    worth = {"school": 0.0, "bachelor": 1.0, "master": 3.0, "yes": 0.5, "no": 0.0, "wife": 0.25, "husband": -1.0}

    def score(rows: pd.DataFrame) -> np.ndarray:
        known = sum(rows[name].map(worth).fillna(0.0).to_numpy(float) for name in ("degree", "married", "role"))
        return np.asarray(known + 0.1 * rows["years"].to_numpy(float))

    explainer = ll.Explainer(score, Tabular(people, groups="auto"), n_samples=2048)
    first, second = explainer.explain_many(people.iloc[:2])
    for number, explanation in enumerate((first, second)):
        assert explanation.additivity is not None and explanation.additivity[0] == pytest.approx(1.0, abs=1e-6)
        for j, members in enumerate([("degree", "years"), ("married", "role")]):
            alone = sum(people[name].map(worth).fillna(0.0) for name in members if name != "years")
            alone = alone + (0.1 * people["years"] if "years" in members else 0.0)
            same = (people[list(members)] == people.iloc[number][list(members)]).all(axis=1)
            error = explanation.stderr[0, j]
            assert explanation.coef[0, j] == pytest.approx(alone[same].mean() - alone[~same].mean(), abs=4 * error)
            assert error < 1e-5
    assert first.provenance.shared and second.provenance.cost.model_rows == 1, "rows share their draws as before"


# -- numbers that move together ---------------------------------------------------------------------------------------

GROUPS = {"size": ["a", "b"], "shape": ["c", "d", "kind"]}


@pytest.fixture(scope="module")
def bodies() -> pd.DataFrame:
    """Two lengths, two skewed areas that go with a kind, a number of its own, and one that is missing now and then."""
    rng = np.random.default_rng(8)
    n = 4000
    long, wide = rng.normal(size=(2, n))
    frame = pd.DataFrame({"a": long + 0.3 * rng.normal(size=n), "b": long + 0.3 * rng.normal(size=n)})
    frame["c"] = np.exp(0.5 * wide)
    frame["d"] = np.where(rng.random(n) < 0.1, np.nan, np.exp(0.5 * wide) + 0.2 * rng.normal(size=n))
    frame["kind"] = np.where(wide + rng.normal(size=n) > 0, "tall", "flat")
    return frame.assign(e=rng.normal(size=n))


def numbers(rows: pd.DataFrame) -> np.ndarray:
    return np.asarray(rows["a"] - 0.7 * rows["b"] + 0.5 * rows["c"] + 0.8 * rows["e"])


def linear(rows: pd.DataFrame) -> np.ndarray:
    numbers = rows["a"] - 0.7 * rows["b"] + 0.5 * rows["c"] + 1.2 * rows["d"].fillna(1.0) + 0.8 * rows["e"]
    return np.asarray(numbers + np.where(rows["kind"] == "tall", 0.4, 0.0), float)


@pytest.mark.parametrize(("model", "least", "unsure"), [(numbers, 1 - 1e-9, 1e-6), (linear, 0.999, 1e-2)])
def test_the_weights_of_a_linear_model_are_exact_for_groups_of_numbers_too(
    bodies: pd.DataFrame, model: Callable[[pd.DataFrame], np.ndarray], least: float, unsure: float
) -> None:
    """With categories and missing values as far as rare bins let: they have no level."""
    background, rows = bodies[:3000], bodies[3000:3040].reset_index(drop=True)
    tabular = Tabular(background, groups=GROUPS)
    many = ll.Explainer(model, tabular, n_samples=4096).explain_many(rows)
    nothing = pd.DataFrame({name: [0.0] * 3000 for name in "abcde"}).assign(kind="flat")
    parts = [model(nothing.assign(**background[columns])) for columns in (["a", "b"], ["c", "d", "kind"], ["e"])]
    codes = [tabular.represent(background.iloc[i]).own for i in range(3000)]  # type: ignore[attr-defined]
    for explanation, own in zip(many, [tabular.represent(rows.iloc[i]).own for i in range(40)], strict=True):  # type: ignore[attr-defined]
        assert explanation.additivity is not None and explanation.additivity[0] > least
        assert explanation.causes == ("adds up",), "no row of a linear model is far from what its columns say"
        assert explanation.interactions() == ()
        for j, part in enumerate(parts):
            same = np.array([each[j] == own[j] for each in codes])
            if same.mean() > 0.02:  # of rarer bins draws are made on purpose
                contrast = part[same].mean() - part[~same].mean()
                error = explanation.stderr[0, j]
                assert error < unsure
                assert explanation.coef[0, j] == pytest.approx(contrast, abs=4 * error + 1e-9)


@pytest.mark.parametrize(
    ("answer", "least"),
    [
        (lambda rows: rows["a"] * rows["b"] + 0.5 * rows["e"], 0.999),
        (lambda rows: np.exp(0.5 * (rows["a"] - rows["b"])) + rows["e"], 0.999),
        (lambda rows: np.where(rows["kind"] == "tall", rows["c"], -rows["c"]) + 0.5 * rows["e"], 0.99),
        (lambda rows: ((rows["a"] > 0) ^ (rows["b"] > 0)) + 0.5 * rows["e"], 0.9),
    ],
    ids=["product", "curve", "number by category", "exclusive or"],
)
def test_what_columns_of_one_group_do_with_each_other_is_no_interaction(
    bodies: pd.DataFrame, answer: Callable[[pd.DataFrame], pd.Series], least: float
) -> None:
    tabular = Tabular(bodies[:3000], groups=GROUPS)
    explainer = ll.Explainer(lambda rows: np.asarray(answer(rows), float), tabular, n_samples=4096)
    for explanation in explainer.explain_many(bodies[3000:3020]):
        assert explanation.additivity is not None and explanation.additivity[0] > least
        assert explanation.interactions() == ()


def test_what_columns_of_two_groups_do_with_each_other_is_an_interaction(bodies: pd.DataFrame) -> None:
    def crossed(rows: pd.DataFrame) -> np.ndarray:
        return np.asarray((rows["a"] > 0) ^ (rows["c"] > 1), float)

    explanation = ll.Explainer(crossed, Tabular(bodies, groups=GROUPS), n_samples=4096).explain(bodies.iloc[0])
    assert explanation.additivity is not None and explanation.additivity[0] < 0.1
    (pair,) = explanation.interactions()
    assert (pair.first, pair.second) == (0, 1)


def test_own_values_held_against_groups_are_exact_for_a_linear_model(bodies: pd.DataFrame) -> None:
    """z' = 1 is the own value: its weight is what the group's part says of it less the part's mean."""
    tabular = Tabular(bodies[:3000], groups=GROUPS, contrast="value")
    explanation = ll.Explainer(linear, tabular, n_samples=4096).explain(bodies.iloc[3001])
    nothing = pd.DataFrame({name: [0.0] * 4000 for name in "abcde"}).assign(kind="flat")
    for j, columns in enumerate((["a", "b"], ["c", "d", "kind"], ["e"])):
        part = linear(nothing.assign(**bodies[columns]))
        error = explanation.stderr[0, j]
        assert error < 0.01
        assert explanation.coef[0, j] == pytest.approx(part[3001] - part[:3000].mean(), abs=4 * error + 1e-6)
    assert explanation.additivity is not None and explanation.additivity[0] > 0.99


def test_twins_are_said_unless_they_are_one_feature(people: pd.DataFrame) -> None:
    (note,) = Tabular(people).notes
    assert "'degree' and 'years' say the same in every row" in note and 'groups="auto"' in note
    assert Tabular(people, groups="auto").notes == ()
    explanation = ll.Explainer(lambda rows: rows["years"].to_numpy(float), Tabular(people)).explain(people.iloc[0])
    assert note in explanation.warnings


def test_groups_and_twins_survive_a_file(people: pd.DataFrame, tmp_path: Path) -> None:
    for groups in ("one-hot", "auto"):
        tabular = Tabular(people, groups=groups)
        tabular.save(tmp_path / "table.json")
        read = Tabular.load(tmp_path / "table.json")
        assert (read.groups, read.notes, read.describe()) == (tabular.groups, tabular.notes, tabular.describe())


def test_one_hot_columns_stay_their_own_group() -> None:
    rng = np.random.default_rng(6)
    colour = rng.integers(0, 3, 500)
    frame = pd.DataFrame({f"colour_{name}": colour == i for i, name in enumerate("rgb")}).astype(int)
    frame["size"], frame["weight"] = colour, colour * 2
    assert Tabular(frame, groups="auto").groups == {
        "colour": ("colour_r", "colour_g", "colour_b"), "size + weight": ("size", "weight"),
    }  # fmt: skip


def test_what_has_no_effect_is_refused(people: pd.DataFrame) -> None:
    with pytest.raises(InputError, match="expected bins"):
        Tabular(people, groups="auto", bins=None)
    with pytest.raises(UnknownNameError, match="one-hot"):
        Tabular(people, groups="all")  # type: ignore[arg-type]
    sparse = pytest.importorskip("scipy.sparse").csr_matrix(np.eye(4))
    with pytest.raises(InputError, match="expected none of them for sparse rows"):
        Tabular(sparse, groups="auto")


def test_rare_combinations_are_not_taken_for_columns_that_act_together() -> None:
    rng = np.random.default_rng(7)
    level = np.minimum(rng.zipf(1.3, 6000), 60)
    frame = pd.DataFrame({"code": level.astype(str), "x": rng.normal(size=6000), "y": rng.normal(size=6000)})
    value = dict(zip(map(str, range(1, 61)), rng.normal(0, 3, 60), strict=True))

    def additive(rows: pd.DataFrame) -> np.ndarray:
        return np.asarray(rows["code"].map(value).to_numpy(float) + rows["x"].to_numpy() - 0.5 * rows["y"].to_numpy())

    def together(rows: pd.DataFrame) -> np.ndarray:
        return additive(rows) + 2.0 * rows["x"].to_numpy() * rows["y"].to_numpy()

    explanation = ll.Explainer(additive, Tabular(frame), n_samples=2048).explain(frame.iloc[0])
    assert explanation.additivity is not None and explanation.additivity[0] > 0.95, "rare codes have no level"
    assert explanation.interactions() == ()
    explanation = ll.Explainer(together, Tabular(frame), n_samples=2048).explain(frame.iloc[0])
    assert explanation.additivity is not None and explanation.additivity[0] < 0.9
    assert [(pair.first, pair.second) for pair in explanation.interactions()] == [(1, 2)], "not with a rare code"


@pytest.mark.shared_data
def test_on_adult_the_families_are_found_and_drawn_rows_look_real(shared_data: Path) -> None:
    from scipy.stats import qmc
    from sklearn.ensemble import HistGradientBoostingClassifier
    from sklearn.metrics import roc_auc_score

    frame = pd.read_csv(shared_data / "adult" / "adult.csv", header=None, skipinitialspace=True, keep_default_na=False)
    columns = "age workclass fnlwgt education education-num marital-status occupation relationship race sex gain loss"
    frame = frame.iloc[:, :14].set_axis([*columns.split(), "hours", "country"], axis=1).drop(columns="fnlwgt")
    frame = frame.iloc[np.random.default_rng(0).permutation(len(frame))].reset_index(drop=True)
    tabular = Tabular(frame[:12000], groups="auto")
    found = set(map(frozenset, tabular.groups.values()))
    assert {frozenset({"marital-status", "relationship", "sex"}), frozenset({"education", "education-num"})} <= found
    drawn = tabular.background.draw(qmc.Sobol(tabular.background.n_coordinates, seed=0).random(4096))[1]
    slopes = {"age": 0.02, "education-num": 0.3, "gain": 1e-4, "loss": 4e-4, "hours": 0.03}
    linear = ll.Explainer(lambda rows: sum(k * rows[name].to_numpy(float) for name, k in slopes.items()), tabular)
    for explanation in linear.explain_many(frame[12000:12020]):
        assert explanation.additivity is not None and explanation.additivity[0] >= 0.99
    both = pd.concat([frame[12000:16000], drawn], ignore_index=True)
    coded = np.column_stack([pd.factorize(both[name], sort=True)[0] for name in both]).astype(float)
    real = np.r_[np.ones(4000), np.zeros(4096)]
    order = np.random.default_rng(1).permutation(len(real))  # neighbours of a Sobol sequence are not alike
    half = len(order) // 2
    judge = HistGradientBoostingClassifier(max_iter=100, random_state=0).fit(coded[order[:half]], real[order[:half]])
    assert roc_auc_score(real[order[half:]], judge.predict_proba(coded[order[half:]])[:, 1]) <= 0.8
