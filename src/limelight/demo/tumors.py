"""The table of the demo: a random forest tells tumors apart; one prediction that is right and one that is wrong.

The data (569 tumors, measured under a microscope) come with scikit-learn [street1993], so nothing is downloaded. Ten of
the 30 measurements of each tumor are used, the means: the others say nearly the same again.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from limelight.demo.chapter import SEED, Chapter

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, slots=True)
class Case:
    """A fitted classifier with the tables that it was fitted to and is asked about.

    Parameters
    ----------
    model
        A scikit-learn classifier of the two kinds of tumor.
    train, test
        Measurements, a column each, with their names.
    truth
        (rows of `test`,) what each tumor was.
    """

    model: Any
    train: pd.DataFrame
    test: pd.DataFrame
    truth: np.ndarray[Any, np.dtype[np.str_]]


def breast_cancer() -> Case:
    """Return a random forest fitted to half of scikit-learn's breast cancer data; the other half is the test."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.model_selection import train_test_split

    data = load_breast_cancer(as_frame=True)
    names = np.asarray(data.target_names)[data.target]
    means = data.data[[column for column in data.data.columns if column.startswith("mean ")]]
    train, test, train_names, test_names = train_test_split(
        means, names, test_size=0.5, random_state=SEED, stratify=names
    )
    model = RandomForestClassifier(n_estimators=100, random_state=SEED).fit(train, train_names)
    return Case(model, train, test, test_names)


def right_and_wrong(case: Case) -> tuple[int, int]:
    """Return the row of the surest right prediction, and of the surest wrong one (or else of the least sure)."""
    probability = case.model.predict_proba(case.test)
    right = case.model.classes_[probability.argmax(axis=1)] == case.truth
    sureness = probability.max(axis=1)
    surest_right = int(np.argmax(np.where(right, sureness, -1.0)))
    if right.all():
        wrong = np.argmin(sureness)
    else:
        wrong = np.argmax(np.where(right, -1.0, sureness))
    return surest_right, int(wrong)


def chapters() -> Iterator[Chapter]:
    """Yield the explanation of a right prediction and of a wrong one."""
    from limelight.explainer import Explainer
    from limelight.interpretable.tabular import Tabular

    case = breast_cancer()
    explainer = Explainer(case.model, Tabular(case.train), seed=SEED, max_features=6)
    rows = right_and_wrong(case)
    for row, kind, opening, reading in zip(rows, ("right", "wrong"), (OPENING, ""), READING, strict=True):
        title = f"A table's row: the model is {kind}, this tumor was {case.truth[row]}"
        yield Chapter(f"table-{kind}", title, opening, explainer.explain(case.test.iloc[row]), reading)


OPENING = "A random forest has learned from 284 tumors which are malignant. It is asked about others."
READING = (
    "How to read it: each bar says how much more (or less) the model gives this answer because the tumor's value lies "
    "in that range and not in another; the interval is how far chance in the sampling could have moved it.",
    "How to read it: the largest bars are what misled the model. Are they what an expert would look at? And mind the "
    "fidelity: it says how much of what the model does near this tumor the bars tell. Below a half, the bars are true "
    "on average but not the whole story, and limelight says so.",
)
