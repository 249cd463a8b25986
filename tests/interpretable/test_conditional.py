"""Columns that are off come from rows like the one explained: what a weight means then, and that it is said."""

from __future__ import annotations

import pickle
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from scipy.sparse import csr_matrix

import limelight as ll
from limelight.interpretable.conditional import LEAST_NEAR, MOST_DONORS, NEAR, NOTE
from limelight.testing import check_modality
from limelight.views import facts as f


def frame(n: int = 600, seed: int = 0) -> pd.DataFrame:
    """Rows whose rent follows the income, and whose other columns follow nothing."""
    rng = np.random.default_rng(seed)
    income = rng.normal(50, 10, n)
    return pd.DataFrame(
        {
            "income": income,
            "rent": income / 3 + rng.normal(0, 0.5, n),
            "age": rng.integers(18, 80, n),
            "city": rng.choice(["A", "B", "C"], n, p=[0.6, 0.3, 0.1]),
        }
    )


def score(rows: pd.DataFrame) -> np.ndarray:
    assert rows.dtypes.equals(frame(2).dtypes)
    return (rows["income"] / 10 + (rows["city"] == "A") * rows["age"] / 40).to_numpy()


def by_name(explanation: ll.Explanation) -> dict[str, tuple[float, float]]:
    names = [str(feature.where.key) for feature in explanation.features]
    return dict(zip(names, zip(explanation.coef[0], explanation.stderr[0], strict=True), strict=True))


def test_columns_that_follow_nothing_have_the_weights_that_they_have_anywhere() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(2000, 3))
    a = np.array([1.0, -2.0, 0.5])
    x = np.array([1.0, 0.5, -1.0])
    explainer = ll.Explainer(lambda rows: rows @ a, ll.Conditional(X), n_samples=4096)
    found = explainer.explain(x)
    want = a * (x - X.mean(axis=0))  # a linear model: the own value against the average
    assert (np.abs(found.coef[0] - want) < 4 * found.stderr[0] + 0.02).all()


def test_what_is_foretold_by_a_column_counts_for_it_though_the_model_does_not_read_it() -> None:
    model = lambda rows: rows["income"].to_numpy()  # noqa: E731
    row = {"income": 70.0, "rent": 70.0 / 3, "age": 40, "city": "A"}
    here = by_name(ll.Explainer(model, ll.Conditional(frame())).explain(row))
    elsewhere = by_name(ll.Explainer(model, ll.Tabular(frame(), contrast="value")).explain(row))
    assert elsewhere["rent"][0] == pytest.approx(0.0, abs=0.05)
    assert here["rent"][0] > 4.0
    assert here["income"][0] > here["rent"][0]
    for name in ("age", "city"):
        assert abs(here[name][0]) < 4 * here[name][1] + 0.1


def test_rows_are_asked_about_that_could_be() -> None:
    row = {"income": 60.0, "rent": 20.0, "age": 40, "city": "A"}
    Z = np.random.default_rng(0).integers(0, 2, (2000, 4))

    def odd(drawn: pd.DataFrame) -> float:
        return float((np.abs(drawn["rent"] - drawn["income"] / 3) > 3.0).mean())

    represented = ll.Conditional(frame()).represent(row)
    assert odd(represented.reconstruct(Z, np.random.default_rng(1))) < 0.02
    U = np.random.default_rng(1).random((2000, 4))
    assert odd(ll.Tabular(frame(), contrast="value").represent(row).background.draw(U)[1]) > 0.4


def test_all_on_is_the_row_and_all_off_is_a_row_of_the_background() -> None:
    data = frame()
    represented = ll.Conditional(data).represent(data.iloc[5])
    masks = np.array([[1, 1, 1, 1]] * 3 + [[0, 0, 0, 0]] * 50)
    rows = represented.reconstruct(masks, np.random.default_rng(0))
    assert rows.dtypes.equals(data.dtypes)
    assert (rows.iloc[:3] == data.iloc[5]).all().all()
    known = set(map(tuple, data.to_numpy().tolist()))
    assert all(tuple(row) in known for row in rows.iloc[3:].to_numpy().tolist())
    assert len(set(rows["income"].iloc[3:])) > 30


def test_donors_are_the_nearest_in_what_is_on() -> None:
    data = frame()
    made = ll.Conditional(data)
    represented = made.represent(data.iloc[5])
    rows = represented.reconstruct(np.array([[1, 0, 0, 0]] * 500), np.random.default_rng(0))
    assert made.donors.near == round(NEAR * len(data))
    away = np.sort(np.abs(data["income"].rank() - data["income"].rank().iloc[5]))[made.donors.near]
    donors = data.set_index("rent").loc[rows["rent"], "income"]
    ranks = data.set_index("income").assign(r=data["income"].rank().to_numpy())["r"].loc[donors]
    assert (np.abs(ranks.to_numpy() - data["income"].rank().iloc[5]) <= away + 1).all()
    assert len(set(donors)) > 0.8 * made.donors.near


def test_distances_are_of_ranks_of_equality_and_of_being_missing() -> None:
    data = pd.DataFrame({"n": [1.0, 2.0, 1000.0, None], "k": ["a", "b", "a", None]})
    donors = ll.Conditional(data).donors
    assert donors.distances(0, 1.0) == pytest.approx([0.0, 1 / 3, 2 / 3, 1.0])
    assert donors.distances(0, None).tolist() == [1.0, 1.0, 1.0, 0.0]
    assert donors.distances(1, "a").tolist() == [0.0, 1.0, 0.0, 1.0]
    assert donors.distances(1, "new").tolist() == [1.0] * 4
    assert donors.near == min(LEAST_NEAR, 4)


def test_few_rows_of_a_large_background_are_kept_evenly() -> None:
    donors = ll.Conditional(np.arange(10_000.0)[:, None] @ np.ones((1, 2))).donors
    assert donors.n == MOST_DONORS
    assert donors.values[0][0] == 0.0
    assert donors.values[0][-1] == 9999.0
    large = ll.Conditional(np.arange(400_000.0).reshape(-1, 2))
    assert len(pickle.dumps(large)) < 2**20  # a job sends it to every process


def test_a_number_that_names_something_has_no_rank_however_its_column_was_named() -> None:
    X = np.array([[1.0, 0.0], [2.0, 1.0], [9.0, 2.0]] * 4)
    for how in ({"categorical": [0]}, {"categorical": ["x0"]}):
        assert ll.Conditional(X, **how).donors.distances(0, 2.0)[:3].tolist() == [1.0, 0.0, 1.0]


def test_the_laws_hold() -> None:
    data = frame(80)
    check_modality(ll.Conditional(data), [data.iloc[0], data.iloc[1]])


def test_a_row_comes_as_it_likes_and_has_one_explanation(tmp_path: Path) -> None:
    data = frame()
    explainer = ll.Explainer(score, ll.Conditional(data), n_samples=512)
    one = explainer.explain(data.iloc[3])
    assert explainer.explain(data.iloc[3].to_dict()) == one
    assert explainer.explain(pl.from_pandas(data.iloc[[3]])) == one
    assert list(explainer.explain_many(data.head(5)))[3] == one
    assert ll.Explanation.from_json(one.to_json()) == one
    assert pickle.loads(pickle.dumps(explainer)).explain(data.iloc[3]) == one
    ll.jobs.run(explainer, data.head(4), tmp_path / "job")
    assert ll.jobs.read(tmp_path / "job")[3].coef == pytest.approx(one.coef)


def test_draws_are_nobody_s_interaction() -> None:
    X = np.random.default_rng(0).normal(size=(1000, 6))
    a = np.array([1.0, 0.5, -1.0, 0.0, 0.0, 0.3])

    def causes(model: Any, rows: int = 12) -> set[str]:
        explainer = ll.Explainer(model, ll.Conditional(X), n_samples=4096)
        return {each.causes[0] for each in explainer.explain_many(X[:rows])}

    assert causes(lambda rows: rows @ a) <= {"adds up", "too few"}
    assert "adds up" in causes(lambda rows: rows @ a)
    # the mean of a pair of signs moves only where both are known: two thirds of what an "and" does adds up
    assert causes(lambda rows: ((rows[:, 0] > 0) != (rows[:, 1] > 0)) * 1.0) <= {"adds up in part", "too few"}
    # a parity of three moves only where all three are known: three sevenths add up
    assert "acts together" in causes(lambda rows: np.prod(np.sign(rows[:, :3]), axis=1))


def test_a_single_column_acts_together_with_nothing() -> None:
    x = np.random.default_rng(0).normal(size=(500, 1))
    explainer = ll.Explainer(lambda rows: rows[:, 0], ll.Conditional(x), n_samples=512)
    assert {each.causes[0] for each in explainer.explain_many(x[:20])} <= {"adds up", "too few"}


def test_a_table_of_pyarrow_may_say_where_it_comes_from() -> None:
    data = pa.Table.from_pandas(frame(100), preserve_index=False)
    assert data.schema.metadata
    model = lambda rows: rows["income"].to_numpy() / 10  # noqa: E731
    explainer = ll.Explainer(model, ll.Conditional(data), n_samples=256)
    one = explainer.explain(data.slice(3, 1))
    assert one.prediction[0] == pytest.approx(data["income"][3].as_py() / 10)
    assert explainer.explain(data.slice(3, 1).to_pylist()[0]) == one


def test_its_weights_are_not_laid_beside_those_of_another_law(tmp_path: Path) -> None:
    data = frame()
    here = list(ll.Explainer(score, ll.Conditional(data), n_samples=256).explain_many(data.head(3)))
    there = list(ll.Explainer(score, ll.Tabular(data), n_samples=256).explain_many(data.head(3)))
    assert ll.feature_importance(here)
    with pytest.raises(ll.InputError, match="features of one kind"):
        ll.feature_importance([*there, *here])
    lines = tmp_path / "both.jsonl"
    lines.write_text("".join(each.to_json().replace("\n", " ") + "\n" for each in [*here, *there]), encoding="utf-8")
    with pytest.raises(ll.InputError, match="features of one kind"):
        ll.feature_importance(lines)


def test_every_view_says_what_the_weights_are() -> None:
    data = frame()
    found = ll.Explainer(lambda rows: rows["income"].to_numpy(), ll.Conditional(data), n_samples=256).explain(
        data.iloc[0]
    )
    assert NOTE in found.warnings
    assert found.provenance.modality["modality"] == "conditional"
    for view in (str(found), found.to_html(), found.to_markdown()):
        assert "rows like this one" in " ".join(view.split())
        assert "against rows like it in what is kept" in " ".join(view.split())


def test_with_nothing_kept_the_base_is_any_row_and_is_called_so() -> None:
    data = frame()
    explainer = ll.Explainer(lambda rows: rows["income"].to_numpy(), ll.Conditional(data), n_samples=4096, seed=0)
    found = explainer.explain(data.iloc[0])
    facts = f.target_facts(found)
    assert f.base_name(facts) == "any background row"
    assert facts.intercept == pytest.approx(data["income"].mean(), abs=2.0), "which it is"
    for view in (str(found), found.to_html(), found.to_markdown(), ll.report(found)):
        said = " ".join(view.split())
        assert "any background row" in said.lower()
        assert "average row" not in said and not re.search(r"rows like it(?! in what is kept)", said)
    assert "was drawn from rows like it in what is kept" in found.to_html()
    by_city = ll.Explainer(lambda rows: (rows["city"] == "A").to_numpy() * 1.0, ll.Conditional(data), seed=0)
    assert "Compared with cases that are like it otherwise" in ll.report(by_city.explain(data.iloc[0]))


def test_a_group_is_near_where_its_columns_are() -> None:
    data = frame()
    found = ll.Conditional(data, groups={"means": ["income", "rent"]}).represent(data.iloc[0])
    assert [feature.where.key for feature in found.features] == ["means", "age", "city"]
    assert found.far.shape == (3, len(data))


class Asked:
    """The rent, and 100 more for the seventh id; remembers what it was asked."""

    def __init__(self) -> None:
        self.rows: list[pd.DataFrame] = []

    def __call__(self, rows: Any) -> np.ndarray:
        rows = rows.to_pandas() if hasattr(rows, "to_pandas") else rows
        self.rows.append(rows)
        return (rows["rent"] + 100.0 * (rows["id"] == 7)).to_numpy()


@pytest.mark.parametrize("kind", [pd.DataFrame, pl.from_pandas, pa.Table.from_pandas])
def test_fixed_columns_are_the_row_s_own_in_all_that_the_model_is_asked(kind: Any) -> None:
    data = frame().assign(id=np.arange(600), day=pd.Timestamp("2024-01-01"))
    model = Asked()
    made = ll.Conditional(kind(data), fixed=["id", "day"])
    found = ll.Explainer(model, made, n_samples=256).explain({**data.iloc[3].to_dict(), "id": 7})
    assert {each for rows in model.rows for each in rows["id"]} == {7}
    assert [feature.where.key for feature in found.features] == ["income", "rent", "age", "city"]
    assert found.intercept[0] > 90  # what the id does is in no bar
    assert "held as in the row: id = 7, day = 2024-01-01; what is held is in the intercept" in found.warnings
    assert NOTE in found.warnings
    assert found.provenance.modality["fixed"] == ["id", "day"]


def test_of_an_array_too_and_the_laws_hold() -> None:
    X = np.random.default_rng(0).normal(size=(80, 3))
    made = ll.Conditional(X, fixed=["x0"])
    rows = made.represent(X[5]).reconstruct(np.array([[0, 0]] * 20), np.random.default_rng(0))
    assert (rows[:, 0] == X[5, 0]).all()
    assert len(set(rows[:, 1])) > 3
    check_modality(made, [X[0], X[1]])


def test_donors_are_like_the_row_in_what_is_fixed_unless_it_is_an_id() -> None:
    rng = np.random.default_rng(0)
    data = pd.DataFrame({"region": ["N", "S"] * 300, "id": rng.permutation(600), "k": rng.normal(size=600)})
    data["warm"] = np.where(data["region"] == "S", 20.0, 0.0) + rng.normal(size=600)
    off = np.zeros((400, 2), np.uint8)

    def warm(fixed: list[str]) -> np.ndarray:
        represented = ll.Conditional(data, fixed=fixed).represent(data.iloc[0])
        on = off if len(fixed) == 2 else np.zeros((400, 3), np.uint8)
        return represented.reconstruct(on, np.random.default_rng(1))["warm"].to_numpy()

    assert (warm(["region", "id"]) < 10).all()  # a northern row borrows from the north
    assert 0.4 < (warm(["id"]) < 10).mean() < 0.6
    assert len(set(warm(["id"]))) > 200  # and not from the twentieth whose ids are near


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda: ll.Conditional(csr_matrix(np.eye(4))), "got a sparse matrix; use ll.Tabular"),
        (lambda: ll.Conditional(frame().iloc[:0]), "background"),
        (lambda: ll.Conditional(frame(), categorical=["cty"]), "did you mean 'city'"),
        (lambda: ll.Conditional(frame(), fixed=["cty"]), "fixed: unknown name 'cty'"),
        (lambda: ll.Conditional(frame(), fixed=list(frame())), "fixed: expected a column that is left to vary"),
        (lambda: ll.Conditional(frame()).represent([1.0]), "expected 4 values"),
    ],
)
def test_what_does_not_fit_is_refused(make: Any, said: str) -> None:
    with pytest.raises(ll.InputError, match=said):
        make()
