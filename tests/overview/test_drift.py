"""Drift: the two parts add up, chance is not called a change, and what changed is told apart: rows or model."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from made_up import explanation

import limelight as ll
from limelight.errors import InputError, UnknownNameError

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
