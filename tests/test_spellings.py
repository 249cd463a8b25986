"""Old names of other libraries are answered by the new one, and what is held says what it is."""

from __future__ import annotations

import copy
import pickle
import re

import numpy as np
import pytest

import limelight as ll
from limelight.settings import Settings
from limelight.spellings import NAMES, SETTINGS, missing

X = np.random.default_rng(0).normal(size=(200, 3))


def explainer() -> ll.Explainer:
    return ll.Explainer(
        lambda X: np.column_stack([X[:, 0], X[:, 1]]), ll.Tabular(X), output_names=["a", "b"], max_samples=1024
    )


@pytest.mark.parametrize("name", NAMES["Explainer"])
def test_an_explainer_answers_old_names(name: str) -> None:
    with pytest.raises(AttributeError, match="write "):
        getattr(explainer(), name)
    assert not hasattr(explainer(), name)


def test_an_explanation_and_the_package_answer_old_names() -> None:
    explanation = explainer().explain(X[0])
    for name in NAMES["Explanation"]:
        with pytest.raises(AttributeError, match="write "):
            getattr(explanation, name)
    with pytest.raises(AttributeError, match="limelight.compat.lime"):
        ll.LimeTabularExplainer  # noqa: B018
    with pytest.raises(AttributeError, match="'Explanation' has no 'nonsense'.$"):
        explanation.nonsense  # noqa: B018
    assert missing("Explainer", "x").name == "x"


def test_what_it_says_to_write_is_there() -> None:
    made, explanation = explainer(), explainer().explain(X[0])
    owners = {"Explainer": made, "Explanation": explanation, "limelight": ll}
    for where, names in NAMES.items():
        for new in names.values():
            first = new.split("(")[0].split(",")[0].split(".")[0].strip()
            if first.isidentifier():
                assert hasattr(owners[where], first) or hasattr(ll, first), (where, new)


def test_copies_and_pickles_are_what_they_were() -> None:
    explanation = explainer().explain(X[0])
    assert copy.deepcopy(explanation) == explanation == pickle.loads(pickle.dumps(explanation))


def test_what_is_held_says_what_it_is() -> None:
    made = explainer()
    assert repr(made) == "<Explainer of function, Tabular; seed 0; outputs a, b>"
    many = made.explain_all(X[:5])
    assert repr(ll.submodular_pick(many, budget=2)).startswith("<Pick of 2 from 5: [")
    said = repr(ll.feature_importance(many))
    assert said.startswith("<Importance over 5 explanations; ") and "x0 " in said


def test_other_targets_for_once_are_those_of_the_setting() -> None:
    made = explainer()
    both = made.explain(X[0], targets="all")
    assert both.targets == ("a", "b")
    assert both == made.with_settings(targets="all").explain(X[0])
    assert made.settings.targets != "all"


@pytest.mark.parametrize("name", SETTINGS)
def test_old_settings_are_answered_by_the_new_name_where_they_are_given_and_where_they_were(name: str) -> None:
    written = re.escape(SETTINGS[name])
    with pytest.raises(ll.InputError, match=f"unknown name '{name}'; write {written}"):
        ll.Explainer(lambda X: X[:, 0], ll.Tabular(X), **{name: 1})  # type: ignore[misc]
    with pytest.raises(TypeError, match=f"'{name}'; write {written} (here|in Explainer)"):
        explainer().explain(X[0], **{name: 1})


def test_a_setting_given_to_explain_is_sent_to_the_explainer() -> None:
    with pytest.raises(TypeError, match=r"has no 'seed'; settings belong to Explainer\(model, modality, …\)"):
        explainer().explain(X[0], seed=3)  # type: ignore[arg-type]
    new = {each.split("=")[0] for each in SETTINGS.values() if "(" not in each}
    assert new - {"output_names"} <= set(Settings.names())


def test_what_trust_tools_return_says_in_one_line_what_it_is() -> None:
    many = explainer().explain_all(X[:40])
    assert repr(ll.drift(many, many)).startswith("<Drift of a from reference to current: of 3 features the data of 0")
    assert repr(ll.audit(many)).startswith("<Audit of ")
    found = ll.compare(explainer(), lambda X: -X[:, :2], X[:40])
    beginning = f"<Comparison of first and second on 40 rows: {len(found.flips)} other classes, "
    assert repr(found) == f"{beginning}2 of {len(found.features)} features changed>"
