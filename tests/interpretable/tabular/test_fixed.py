"""Columns that stay as they are in the row: never drawn, never a feature, and said."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.errors import InputError, UnknownNameError
from limelight.testing import check_modality

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame(
    {
        "id": [f"{i:05d}" for i in range(400)],
        "a": RNG.normal(size=400),
        "day": pd.date_range("2024-01-01", periods=400),
        "city": RNG.choice(list("xyz"), 400),
    }
)
ROW = {"id": "00007", "a": 0.5, "day": pd.Timestamp("2024-01-08"), "city": "x"}
SAID = "held as in the row: id = 00007, day = 2024-01-08; what is held is in the intercept"


class Asked:
    """2·[a > 0], and 10 more for the seventh id; remembers which ids and days it saw."""

    def __init__(self) -> None:
        self.ids: set[str] = set()
        self.days: set[pd.Timestamp] = set()

    def __call__(self, frame):
        frame = frame.to_pandas() if hasattr(frame, "to_pandas") else frame
        self.ids |= set(frame["id"])
        self.days |= {pd.Timestamp(day) for day in frame["day"]}
        return 2.0 * (frame["a"] > 0).to_numpy() + 10.0 * (frame["id"] == "00007").to_numpy()


def as_kind(kind: str):
    return FRAME if kind == "pandas" else pytest.importorskip(kind).DataFrame(FRAME.to_dict("list"))


@pytest.mark.parametrize("kind", ["pandas", "polars"])
@pytest.mark.parametrize(
    "how", [{}, {"contrast": "value"}, {"bins": None}, {"bins": None, "around": "instance"}, {"groups": "auto"}]
)
def test_the_model_sees_the_rows_own_values_of_fixed_columns_and_no_others(kind, how):
    model = Asked()
    made = ll.Explainer(model, ll.Tabular(as_kind(kind), fixed=["id", "day"], **how), seed=0).explain(ROW)
    assert model.ids == {"00007"}
    assert model.days == {ROW["day"]}
    assert {feature.where.key for feature in made.features} == {"a", "city"}
    assert made.prediction[0] == 12.0
    assert made.intercept[0] > 9.0  # what the id does is not in a bar
    assert SAID in made.provenance.warnings


def test_it_is_said_in_every_view_and_kept_in_files(tmp_path):
    made = ll.Explainer(Asked(), ll.Tabular(FRAME, fixed=["id", "day"]), seed=0).explain(ROW)
    again = ll.Explanation.from_json(made.to_json())
    for view in (str(made), made.to_markdown(), made.to_html(), again.to_html()):
        assert "id = 00007, day = 2024-01-08" in " ".join(view.replace("\\", "").split())
    assert again.provenance.modality["fixed"] == ["id", "day"]


def test_rows_keep_their_own_values_whoever_is_explained_beside_them():
    explainer = ll.Explainer(Asked(), ll.Tabular(FRAME, fixed=["id"]), seed=0)
    many = explainer.explain_all(FRAME.iloc[5:9])
    assert many[2].intercept[0] > 9.0 > 2.0 > many[1].intercept[0]
    np.testing.assert_array_equal(many[2].coef, explainer.explain(FRAME.iloc[7]).coef)


def test_of_an_array_the_first_column_may_be_fixed():
    X = np.c_[np.arange(200.0), RNG.normal(size=(200, 2))]
    made = ll.Explainer(lambda A: A[:, 0] * 1000 + (A[:, 1] > 0), ll.Tabular(X, fixed=["x0"]), seed=0).explain(X[3])
    assert made.intercept[0] == pytest.approx(3000, abs=1)
    assert {feature.where.key for feature in made.features} == {"x1", "x2"}


@pytest.mark.parametrize("contrast", ["bin", "value"])
def test_sparse_rows_keep_what_is_fixed_and_zeros_stay_zeros(contrast):
    sparse = pytest.importorskip("scipy.sparse")
    S = sparse.random(300, 12, density=0.4, random_state=0, format="csr")
    row = next(S[i] for i in range(300) if S[i, 5] and not S[i, 1])
    seen = []

    def model(M):
        seen.append(M[:, [1, 5]].toarray())
        assert M.has_canonical_format
        return np.asarray(M.sum(axis=1)).ravel()

    tabular = ll.Tabular(S, fixed=["x1", "x5"], contrast=contrast)
    made = ll.Explainer(model, tabular, seed=0).explain(row)
    np.testing.assert_array_equal(np.unique(np.concatenate(seen), axis=0), [[0.0, row[0, 5]]])
    assert "x5" not in {feature.where.key for feature in made.features}
    assert any("x1 = 0, x5 = " in note for note in made.provenance.warnings)
    assert tabular.originals([tabular.represent(row)]).toarray().tolist() == row.toarray().tolist()


def test_of_one_hot_columns_the_group_is_fixed_so_that_nobody_lives_in_two_cities():
    hot = pd.get_dummies(FRAME[["a", "city"]], columns=["city"], dtype=int)

    def model(frame):
        assert (frame[["city_x", "city_y", "city_z"]].sum(axis=1) == 1).all()
        return frame["a"]

    made = ll.Explainer(model, ll.Tabular(hot, fixed=["city_x"]), seed=0).explain(hot.iloc[0])
    assert [feature.where.key for feature in made.features] == ["a"]


def test_a_file_keeps_it_and_other_things_tell_the_columns_apart(tmp_path):
    tabular = ll.Tabular(FRAME, fixed=["id", "day"])
    tabular.save(tmp_path / "background.json")
    loaded = ll.Tabular.load(tmp_path / "background.json")
    assert repr(loaded) == repr(tabular) == "Tabular(4 columns, bins='quartile', fixed=['id', 'day'])"
    first, second = (ll.Explainer(Asked(), each, seed=0).explain(ROW) for each in (tabular, loaded))
    np.testing.assert_array_equal(first.coef, second.coef)
    assert tabular.represent(ROW).background.content != ll.Tabular(FRAME).background.content


def test_it_keeps_the_laws_of_tables():
    check_modality(ll.Tabular(FRAME, fixed=["id", "day"]), [FRAME.iloc[2], FRAME.iloc[3]])


def test_a_job_explains_rows_with_fixed_columns_as_one_explainer_does(tmp_path):
    pytest.importorskip("pyarrow")
    explainer = ll.Explainer(Asked(), ll.Tabular(FRAME, fixed=["id"]), seed=0)
    ll.jobs.run(explainer, FRAME.iloc[:6], tmp_path / "job", chunk_rows=3, detail="full")
    done = list(ll.jobs.read(tmp_path / "job"))
    alone = explainer.explain(FRAME.iloc[4])
    np.testing.assert_array_equal(done[4].coef, alone.coef)
    assert any(note.startswith("held as in the row: id = 00004;") for note in done[4].provenance.warnings)


@pytest.mark.parametrize(
    ("fixed", "kind", "said"),
    [
        (["nope"], UnknownNameError, "fixed: unknown name 'nope'"),
        ("id", InputError, r"pass \['id'\]"),
        (list(FRAME), InputError, "left to vary, got all 4"),
    ],
)
def test_what_cannot_be_fixed_is_refused(fixed, kind, said):
    with pytest.raises(kind, match=said):
        ll.Tabular(FRAME, fixed=fixed)


def test_bins_for_a_fixed_column_are_refused_and_others_taken() -> None:
    frame = pd.DataFrame({"id": range(20), "x": np.linspace(0, 1, 20)})
    with pytest.raises(ll.InputError, match="bins: have no effect for 'id', which is fixed"):
        ll.Tabular(frame, fixed=["id"], bins={"id": [5.0]})
    assert ll.Tabular(frame, fixed=["id"], bins={"x": [0.5]}).describe()["bins"] == {"x": [0.5]}


@pytest.mark.parametrize("kind", [ll.Tabular, ll.Conditional])
@pytest.mark.parametrize("argument", ["fixed", "categorical", "numeric"])
def test_none_for_a_list_of_columns_is_answered_by_leaving_it_out(kind: Any, argument: str) -> None:
    with pytest.raises(ll.InputError, match=f"{argument}: expected a list of column names, got None; leave it out"):
        kind(pd.DataFrame({"x": [1.0, 2.0]}), **{argument: None})
