"""Data and models in lime's idiom, and lime itself with its warnings of old age silenced."""

from __future__ import annotations

import json

import numpy as np
import pytest


@pytest.fixture(scope="session")
def cancer():
    """Breast cancer as (X, y, names, model)."""
    from sklearn.datasets import load_breast_cancer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    data = load_breast_cancer()
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(data.data, data.target)
    return data.data, data.target, list(data.feature_names), model


@pytest.fixture(scope="session")
def diabetes():
    """Diabetes as (X, y, names, model), a regression."""
    from sklearn.datasets import load_diabetes
    from sklearn.ensemble import RandomForestRegressor

    data = load_diabetes(scaled=False)
    model = RandomForestRegressor(20, max_depth=6, random_state=0).fit(data.data, data.target)
    return data.data, data.target, list(data.feature_names), model


@pytest.fixture(scope="session")
def coded_adult(adult):
    """Adult as lime takes it: (X of floats, categorical columns, their names, column names, model)."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder, StandardScaler

    frame, label = adult
    frame = frame.drop(columns=["fnlwgt", "education-num"])
    words = [column for column in frame if not np.issubdtype(np.asarray(frame[column]).dtype, np.number)]
    coder = OrdinalEncoder().fit(frame[words])
    coded = frame.copy()
    coded[words] = coder.transform(frame[words])
    X = coded.to_numpy(dtype=float)
    at = [frame.columns.get_loc(word) for word in words]
    names = {j: list(map(str, values)) for j, values in zip(at, coder.categories_, strict=True)}
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(X, np.asarray(label) == ">50K")
    return X, at, names, list(frame.columns), model


def newsgroup_texts(folder, subset, categories):
    """Return the texts of some groups and their numbers, as scikit-learn's `fetch_20newsgroups` would."""
    texts, targets = [], []
    for number, category in enumerate(categories):
        path = folder / "newsgroups20" / f"{subset}.{category}.jsonl"
        lines = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        texts += [line if isinstance(line, str) else line["text"] for line in lines]
        targets += [number] * len(lines)
    return texts, np.array(targets)


@pytest.fixture(scope="session")
def newsgroups(shared_data):
    """Atheism and Christianity as (texts, model)."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    texts, targets = newsgroup_texts(shared_data, "train", ["alt.atheism", "soc.religion.christian"])
    return texts, make_pipeline(TfidfVectorizer(lowercase=False), LogisticRegression()).fit(texts, targets)


@pytest.fixture(scope="session", name="read_newsgroups")
def reader():
    """The function that reads newsgroups: folder, subset, groups → texts and their numbers."""
    return newsgroup_texts
