"""Old names of other libraries are answered by the new one, and what is held says what it is."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import limelight as ll
from limelight.spellings import NAMES, missing

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
