"""An audit finds what was planted, and nothing where nothing was; every number is the one that its sentence says.

The claims of `overview/checks/leaks.py`, `overview/checks/artefacts.py`, `overview/checks/groups.py`,
`overview/checks/mistakes.py`, `overview/checks/regions.py` and `overview/checks/material.py`.
"""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.errors import InputError, UnknownNameError
from made_up import explanation

NAMES = ["a", "b", "c", "d"]


def made(n: int = 400, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 4))
    return X, (X[:, 0] + X[:, 1] + rng.normal(size=n) > 0).astype(float)


def logistic(slopes: Any) -> Any:
    return lambda X: 1 / (1 + np.exp(-np.asarray(X, float) @ np.asarray(slopes, float)))


def explained(model: Any, X: np.ndarray) -> Any:
    return ll.Explainer(model, ll.Tabular(X, names=NAMES), output_names=["ill"], seed=0).explain_all(X)


def frame(X: np.ndarray, **more: Any) -> pd.DataFrame:
    return pd.DataFrame(X, columns=NAMES).assign(**more)


@pytest.mark.parametrize("seed", range(4))
def test_honest_models_of_honest_data_give_no_finding(seed: int) -> None:
    X, y = made(seed=seed)
    side = np.where(np.random.default_rng(seed).random(400) < 0.5, "left", "right")
    found = ll.audit(explained(logistic([1, 1, 0, 0.3]), X), frame(X, side=side, y=y), truth="y", sensitive="side")
    assert found.findings == ()
    assert found.tests > 10
    assert "none gave a finding" in str(found)


def test_a_leak_is_found_with_its_own_skill() -> None:
    X, y = made()
    X[:, 3] = y + 0.1 * np.random.default_rng(1).normal(size=len(y))
    found = ll.audit(explained(logistic([1, 1, 0, 6]), X), frame(X), truth=y)
    (leak,) = found.of("leak")
    assert leak.subject == "d"
    assert leak.value > 0.98
    assert leak.low <= leak.value <= leak.high
    assert leak.p < 0.01
    assert "Ask when “d” is known" in leak.advice


def test_an_easy_question_is_no_leak() -> None:
    """All columns know the answer, as all measures of a tumor do."""
    rng = np.random.default_rng(0)
    y = (rng.random(400) < 0.5).astype(float)
    X = y[:, None] * 2.5 + rng.normal(size=(400, 4))
    assert ll.audit(explained(logistic([1, 1, 1, 1]), X - 1.25), truth=y).of("leak") == ()


def test_a_condition_that_settles_the_answer_is_found_in_a_column_that_does_not() -> None:
    X, y = made(1200)
    X[:, 3] = 0.0
    rich = np.random.default_rng(2).random(1200) < 0.06
    X[rich, 3] = 1 + np.random.default_rng(3).random(rich.sum())
    y[rich] = 1.0
    found = ll.audit(explained(logistic([1, 1, 0, 3]), X), frame(X), truth=y)
    (leak,) = found.of("leak")
    assert leak.subject == "d"
    assert leak.value == 1.0
    assert f"{int(rich.sum())} of {int(rich.sum())} such rows" in leak.sentence


def test_a_column_that_numbers_the_rows_is_found_where_the_model_goes_by_it() -> None:
    X, _ = made()
    X[:, 3] = np.arange(400) / 100
    used = ll.audit(explained(logistic([1, 1, 0, 1]), X), frame(X))
    assert [(each.kind, each.subject) for each in used.findings] == [("artefact", "d")]
    assert "numbers the rows" in used.findings[0].sentence
    assert ll.audit(explained(logistic([1, 1, 0, 0]), X), frame(X)).findings == ()


def test_words_of_a_form_are_found_and_words_of_free_text_are_not() -> None:
    rng = np.random.default_rng(0)
    texts = [
        f"Clinic: {rng.choice(['North', 'South'])}\n" + " ".join(rng.permutation(["fever", "cough", "rash", "pain"]))
        for _ in range(60)
    ]

    def model(texts: Any) -> Any:
        return np.array([0.2 + 0.5 * ("North" in text) + 0.2 * ("fever" in text) for text in texts])

    many = ll.Explainer(model, ll.Text(), seed=0).explain_all(texts)
    (finding,) = ll.audit(many, texts).of("artefact")
    assert finding.subject == "North"
    assert "“clinic: north”" in finding.sentence.lower()


def test_reasons_that_differ_by_a_group_that_the_model_does_not_get() -> None:
    X, _ = made(600)
    sex = np.where(X[:, 0] + 0.5 * np.random.default_rng(1).normal(size=600) > 0, "f", "m")
    found = ll.audit(explained(logistic([1, 1, 0, 0]), X), frame(X, sex=sex), sensitive=["sex"])
    (group,) = found.of("group")
    assert "“a”" in group.sentence
    assert "“b”" not in group.sentence
    assert "does not get “sex”" in group.sentence
    assert group.low <= group.value <= group.high


def test_the_difference_of_groups_is_worked_by_hand() -> None:
    many = [explanation({"a": value}, targets=("ill",), stderr=0.0) for value in [1.0] * 30 + [3.0] * 30]
    many = [m if i % 2 else explanation({"a": 2.0}, targets=("ill",)) for i, m in enumerate(many)]
    found = ll.audit(many, {"side": np.repeat(["l", "r"], 30)}, sensitive="side")
    # 15 times 1 and 15 times 2 against 15 times 3 and 15 times 2
    assert abs(found.of("group")[0].value) == pytest.approx(1.0)


def test_a_region_where_columns_act_together_is_found() -> None:
    X, _ = made(900)

    def model(X: Any) -> Any:
        together = np.where(X[:, 2] > 1.0, 2.0 * np.sign(X[:, 0] * X[:, 1]), 0.0)
        return X[:, 3] + together

    found = ll.audit(explained(model, X))
    assert any("“c > " in each.sentence for each in found.of("region"))
    assert {each.kind for each in found.findings} == {"region"}


def test_mistakes_with_one_reason_are_found_and_picked() -> None:
    rng = np.random.default_rng(0)
    X, _ = made(600)
    X[:, 3] = rng.random(600) < 0.3
    y = (X[:, 0] > 0).astype(float)
    found = ll.audit(explained(logistic([4, 0, 0, 12]), X - [0, 0, 0, 0.3]), truth=y)
    mistakes = {each.subject: each for each in found.of("mistakes")}
    assert "d" in mistakes
    assert set(mistakes["d"].rows) <= set(np.flatnonzero((X[:, 3] == 1) & (y == 0)).tolist())
    assert 1 <= len(mistakes["d"].rows) <= 5


def test_explanations_of_the_other_class_are_turned_round() -> None:
    X, y = made()

    def model(X: Any) -> Any:
        yes = logistic([1, 1, 0, 0])(X)
        return np.stack([1 - yes, yes], axis=1)

    tabular = ll.Tabular(X, names=NAMES)
    top = ll.Explainer(model, tabular, output_names=["ill", "well"], seed=0).explain_all(X)
    assert {each.targets for each in top} == {("ill",), ("well",)}
    found = ll.audit(top, frame(X, side=X[:, 0] > 0), truth=np.where(y > 0, "well", "ill"), sensitive="side")
    assert found.target == "well"
    assert found.n == 400
    (group,) = found.of("group")
    assert abs(group.value) > 0.1


def test_tampering_is_part_of_the_audit_where_the_model_may_be_asked() -> None:
    from test_scaffold import X, scaffold

    explainer = ll.Explainer(scaffold, ll.Tabular(pd.DataFrame(X)), seed=0)
    attacked = ll.Explainer(lambda frame: scaffold(frame.to_numpy()), ll.Tabular(pd.DataFrame(X)), seed=0)
    rows = pd.DataFrame(X[:300])
    many = attacked.explain_all(rows)
    assert [each.kind for each in ll.audit(many, rows, explainer=attacked).of("scaffold")] == ["scaffold"]
    with pytest.raises(InputError, match="pass them as data"):
        ll.audit(many, explainer=explainer)


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"data": {"a": [1.0]}}, InputError, "one row for each of the 3 explanations"),
        ({"truth": [1, 0]}, InputError, r"truth: expected \(n,\)"),
        ({"truth": "y"}, UnknownNameError, "y"),
        ({"truth": ["x", "y", "z"]}, InputError, "labels of which one is 'ill'"),
        ({"sensitive": "sex"}, UnknownNameError, "sex"),
        ({"target": "well"}, UnknownNameError, "well"),
        ({"level": 0.0}, InputError, "level"),
        ({"data": np.ones((3, 2))}, InputError, "name the columns of an array"),
    ],
)
def test_bad_arguments_are_refused(arguments: dict[str, Any], error: Any, says: str) -> None:
    many = [explanation({"a": 1.0}, targets=("ill",))] * 3
    with pytest.raises(error, match=says):
        ll.audit(many, **arguments)


def test_few_explanations_are_said_to_be_few_and_files_are_read(tmp_path: Any) -> None:
    many = [explanation({"a": 1.0}, targets=("ill",))] * 3
    (tmp_path / "many.jsonl").write_text("".join(each.to_json() + "\n" for each in many), encoding="utf-8")
    found = ll.audit(tmp_path / "many.jsonl")
    assert found.n == 3
    assert "fewer than 50" in found.warnings[0]
    with pytest.raises(InputError, match="at least one"):
        ll.audit([])


def test_json_and_page_hold_everything() -> None:
    X, y = made()
    X[:, 3] = y + 0.1 * np.random.default_rng(1).normal(size=len(y))
    found = ll.audit(explained(logistic([1, 1, 0, 6]), X), frame(X), truth=y)
    assert json.loads(json.dumps(found.to_dict()))["findings"][0]["subject"] == "d"
    page = found.to_html()
    assert "Ask when “d” is known" in page
    assert "Not looked at" in page
    assert list(found.to_frame().columns)[:3] == ["kind", "subject", "sentence"]


def test_the_clinic_of_the_demo_is_told() -> None:
    from limelight.demo.notes import flu_notes

    notes = flu_notes()
    many = ll.Explainer(notes.model, ll.Text(), seed=0, n_samples=300).explain_all(notes.texts[:150])
    found = ll.audit(many, truth=notes.truth[:150], target="flu")
    assert "Riverside" in {each.subject for each in found.of("leak")}
    assert "Riverside" in found.of("artefact")[0].subject


@pytest.mark.shared_data
def test_capital_gain_is_told_on_adult(adult: Any) -> None:
    """Who declares a gain above some thousands is rich by nothing but that; and women are told by their marriage."""
    from sklearn.ensemble import HistGradientBoostingClassifier

    X, income = adult
    X, income = X.iloc[:5500], income.iloc[:5500].to_numpy()
    names = [name for name in X if X[name].dtype.kind not in "iuf"]
    known = {name: {value: i for i, value in enumerate(X[name].unique())} for name in names}

    def numbers(frame: Any) -> np.ndarray:
        columns = [frame[name].map(known[name]).fillna(-1) if name in known else frame[name] for name in X]
        return np.column_stack(columns).astype(float)

    model = HistGradientBoostingClassifier(max_iter=50, random_state=0).fit(numbers(X[:4000]), income[:4000])
    explainer = ll.Explainer(
        lambda frame: model.predict_proba(numbers(frame)), ll.Tabular(X[:4000]), output_names=["poor", "rich"], seed=0
    )
    rows = X[4000:]
    truth = np.where(income[4000:] == ">50K", "rich", "poor")
    found = ll.audit(explainer.explain_all(rows), rows, truth=truth, sensitive="sex")
    assert found.target == "rich"
    assert {each.subject for each in found.of("leak")} == {"capital-gain"}
    (women,) = found.of("group")
    assert "marital-status" in women.sentence or "relationship" in women.sentence
