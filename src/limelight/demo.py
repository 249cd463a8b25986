"""`limelight demo`: a real model, one prediction that is right and one that is wrong, and how to read both.

The data (569 tumors, measured under a microscope) come with scikit-learn [street1993], so nothing is downloaded. Ten of
the 30 measurements of each tumor are used, the means: the others say nearly the same again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from limelight.explanation import Explanation

SEED = 0


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
    wrong = np.argmax(np.where(right, -1.0, sureness)) if not right.all() else np.argmin(sureness)
    return surest_right, int(wrong)


def run(folder: Path, *, say: Callable[[str], object] = print) -> tuple[Explanation, Explanation]:
    """Explain a right and a wrong prediction, say how to read them, and write a page for each.

    Parameters
    ----------
    folder
        Where the pages go; made where it is missing.
    say
        What receives the text.
    """
    from limelight.explainer import Explainer
    from limelight.interpretable.tabular import Tabular

    say("Training a random forest on 284 tumors; asking it about 285 others …")
    case = breast_cancer()
    explainer = Explainer(case.model, Tabular(case.train), seed=SEED, max_features=6)
    folder.mkdir(parents=True, exist_ok=True)
    explained = []
    for row, title in zip(right_and_wrong(case), ("right", "wrong"), strict=True):
        explanation = explainer.explain(case.test.iloc[row])
        page = folder / f"{title}.html"
        explanation.to_html(page)
        say(f"\n── A prediction that is {title}: this tumor was {case.truth[row]} ──\n\n{explanation}\n")
        say(HOW_TO_READ[title])
        explained.append(explanation)
    say(f"\nThe same as pages: {folder / 'right.html'} and {folder / 'wrong.html'}")
    return explained[0], explained[1]


HOW_TO_READ = {
    "right": (
        "How to read it: each bar says how much more (or less) the model gives this answer because the\n"
        "tumor's value lies in that range and not in another; the interval is how far chance in the sampling\n"
        "could have moved it."
    ),
    "wrong": (
        "How to read it: the largest bars are what misled the model. Are they what an expert would look at?\n"
        "And mind the fidelity: it says how much of what the model does near this tumor the bars tell. Below\n"
        "a half, the bars are true on average but not the whole story, and limelight says so."
    ),
}
