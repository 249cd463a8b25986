"""Drift: the two parts add up, chance is not called a change, and what changed is told apart: rows or model."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.errors import InputError, UnknownNameError
from made_up import explanation

X = np.random.default_rng(0).normal(size=(800, 3))
TABLE = ll.Tabular(X, names=["a", "b", "c"])


def explained(model: Any, rows: np.ndarray, **settings: Any) -> Any:
    return ll.Explainer(model, TABLE, seed=0, **settings).explain_all(rows)


def first(X: Any) -> Any:
    return X[:, 0] + X[:, 1] * X[:, 2]


def halved(X: Any) -> Any:
    return 0.5 * X[:, 0] + X[:, 1] * X[:, 2]


def test_the_split_is_worked_by_hand() -> None:
    def of(name: str, value: float) -> Any:
        return explanation({"age": value}, names=[name])

    # young: 3 of 4 of the rows and +1 each; then 1 of 4 and +2. old: −1, then −3
    before = [of("young", 1.0)] * 30 + [of("old", -1.0)] * 10
    after = [of("young", 2.0)] * 10 + [of("old", -3.0)] * 30
    (age,) = ll.drift(before, after).features
    # data: (−.5)(1 + 2)/2 + (.5)(−1 − 3)/2 = −1.75; reasons: (1)(.75 + .25)/2 + (−2)(.25 + .75)/2 = −.5
    assert age.data == pytest.approx(-1.75)
    assert age.reasons == pytest.approx(-0.5)
    assert age.change == pytest.approx((10 * 2 - 30 * 3) / 40 - (30 - 10) / 40)
    assert (age.before, age.after) in {(0.75, 0.25), (0.25, 0.75)}
    assert (age.place, age.added, age.adds) == ("old", -1.0, -3.0)


def test_both_parts_add_up_to_the_change_on_real_explanations() -> None:
    found = ll.drift(explained(first, X[:300]), explained(halved, X[300:600] + np.array([0.3, 0, 0])))
    for entry in found.features:
        assert entry.data + entry.reasons == pytest.approx(entry.change)
        assert entry.low <= entry.change <= entry.high


def test_another_model_on_the_same_kind_of_rows_changes_reasons_only() -> None:
    found = ll.drift(explained(first, X[:400]), explained(halved, X[400:]), names=("May", "June"))
    assert [entry.feature for entry in found.reasons_changed] == ["a"]
    assert found.data_changed == ()
    assert found.same_model is False
    assert "The model is another one" in found.sentences()[-1]
    assert "May (400 explanations) and June (400)" in str(found)


def test_other_rows_of_the_same_model_change_the_data_only() -> None:
    found = ll.drift(explained(first, X[:400]), explained(first, X[400:] + np.array([0.5, 0, 0])))
    assert [entry.feature for entry in found.data_changed] == ["a"]
    assert found.reasons_changed == ()
    assert found.same_model is True
    assert "The model is the same" in found.sentences()[-1]


def test_chance_is_rarely_called_a_change() -> None:
    many = explained(first, X)
    rng = np.random.default_rng(1)
    alarms = np.zeros(2)
    for _ in range(20):
        rows = rng.permutation(800)
        parts = [[many[int(at)] for at in half] for half in (rows[:100], rows[100:200])]
        found = ll.drift(*parts, permutations=99)
        alarms += [bool(found.data_changed), bool(found.reasons_changed)]
    assert alarms.max() <= 5  # 5 % of 20 is one; six or more have a chance of 1 in 3,000


def test_words_come_and_go() -> None:
    texts = [f"{'refund ' if i % 4 == 0 else ''}please help me now" for i in range(80)]
    later = [f"{'refund ' if i % 4 else ''}please help me now" for i in range(80)]

    def model(texts: Any) -> Any:
        return np.array([0.7 * ("refund" in text) + 0.1 * ("help" in text) for text in texts])

    explainer = ll.Explainer(model, ll.Text(), seed=0)
    found = ll.drift(explainer.explain_all(texts), explainer.explain_all(later))
    (word,) = found.data_changed
    assert (word.feature, word.before, word.after) in {("refund", 0.25, 0.75), ("refund", 0.75, 0.25)}
    assert found.same_model is None
    assert "ll.compare tells two models apart" in found.sentences()[-1]


def two_classes(X: Any) -> Any:
    pays = 1 / (1 + np.exp(-(2 * X[:, 0] - 2 * X[:, 1])))
    return np.column_stack([1 - pays, pays])


def test_the_rows_of_two_classes_are_all_of_the_month_and_not_those_that_the_model_called_one_of_them() -> None:
    may, june = X[:400], X[400:] + np.array([0.0, 1.0, 0.0])  # only b moves
    made = ll.Explainer(two_classes, TABLE, output_names=["defaults", "pays"], seed=0)
    found = ll.drift(made.explain_all(may), made.explain_all(june))
    assert (found.target, found.n, found.warnings) == ("pays", (400, 400), ())
    assert found.answer == pytest.approx((two_classes(may)[:, 1].mean(), two_classes(june)[:, 1].mean()))
    # among rows called "pays" a larger b goes along with a larger a, which has not changed
    assert [entry.feature for entry in found.data_changed] == ["b"]
    assert found.same_model is True


def test_rows_that_are_left_out_by_their_class_are_said() -> None:
    def three(X: Any) -> Any:
        raised = np.exp(X)
        return raised / raised.sum(axis=1, keepdims=True)

    made = ll.Explainer(three, TABLE, output_names=["u", "v", "w"], seed=0)
    both = made.explain_all(X[:200]), made.explain_all(X[200:400])
    told = sum("u" not in each.targets for part in both for each in part)
    (said,) = ll.drift(*both, target="u").warnings
    assert f"{told} of 400 explanations do not explain “u”" in said
    assert "targets='u'" in said
    whole = ll.Explainer(three, TABLE, output_names=["u", "v", "w"], targets="u", seed=0)
    assert ll.drift(whole.explain_all(X[:50]), whole.explain_all(X[50:100])).warnings == ()


def test_the_folders_of_two_jobs_are_two_months(tmp_path: Any) -> None:
    pytest.importorskip("pyarrow")
    explainer = ll.Explainer(first, TABLE, seed=0, n_samples=512)
    months = (X[:60], X[60:120] + np.array([2.0, 0.0, 0.0]))
    for name, rows in zip(("may", "june"), months, strict=True):
        ll.jobs.run(explainer.prepare(), rows, tmp_path / name, chunk_rows=25)
    found = ll.drift(tmp_path / "may", tmp_path / "june")
    assert found.n == (60, 60)
    assert [entry.feature for entry in found.data_changed] == ["a"]


def test_a_failure_among_explanations_is_named() -> None:
    failed = ll.Failure(3, None, InputError("no such row"))
    with pytest.raises(InputError, match=r"position 30, got the Failure of one \(no such row\)"):
        ll.drift([explanation({"a": 1.0})] * 30, [*[explanation({"a": 1.0})] * 30, failed])


def test_sets_of_another_neighborhood_are_refused() -> None:
    before = explained(first, X[:50])
    with pytest.raises(InputError, match="another seed or other settings"):
        ll.drift(before, explained(first, X[50:100], n_samples=512))
    shifted = ll.Explainer(first, ll.Tabular(X[:200], names=["a", "b", "c"], bins=[0.0]), seed=0)
    whole = ll.Explainer(first, ll.Tabular(X, names=["a", "b", "c"], bins=[0.0]), seed=0)
    with pytest.raises(InputError, match="same background"):
        ll.drift(whole.explain_all(X[:50]), shifted.explain_all(X[50:100]))


@pytest.mark.parametrize(
    ("changes", "error", "says"),
    [
        ({"current": [explanation({"a": 1.0})] * 5}, InputError, "at least 20"),
        ({"target": "ham"}, UnknownNameError, "ham"),
        ({"permutations": 5}, InputError, "permutations"),
        ({"level": 2.0}, InputError, "level"),
        ({"reference": []}, InputError, "at least one"),
    ],
)
def test_bad_arguments_are_refused(changes: dict[str, Any], error: Any, says: str) -> None:
    given: dict[str, Any] = {
        "reference": [explanation({"a": 1.0})] * 30,
        "current": [explanation({"a": 1.0})] * 30,
        **changes,
    }
    with pytest.raises(error, match=says):
        ll.drift(given.pop("reference"), given.pop("current"), **given)


def test_json_page_figure_and_frame_hold_it(tmp_path: Any) -> None:
    pytest.importorskip("matplotlib")
    found = ll.drift(explained(first, X[:100]), explained(halved, X[100:200]))
    data = json.loads(json.dumps(found.to_dict()))
    assert data["features"][0]["feature"] == found.features[0].feature
    page = found.to_html(tmp_path / "drift.html")
    assert (tmp_path / "drift.html").read_text(encoding="utf-8") == page
    assert "From reference to current" in page
    assert [label.get_text() for label in found.plot().get_yticklabels()] == [str(e.feature) for e in found.features]
    assert list(found.to_frame().columns)[:3] == ["feature", "data", "reasons"]
