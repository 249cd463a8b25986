"""Against the `lime` package on real texts: the same perturbations, and over seeds the same means."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline

import limelight as ll

SEEDS, SAMPLES = 30, 1000


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def newsgroups(folder: Path, split: str) -> list[tuple[str, str]]:
    groups = ("alt.atheism", "soc.religion.christian")
    return [
        (row["text"], group) for group in groups for row in read(folder / "newsgroups20" / f"{split}.{group}.jsonl")
    ]


def books(folder: Path, split: str) -> list[tuple[str, str]]:
    rows = read(folder / "multi_domain_sentiment" / "books.jsonl")
    return [(row["text"], row["label"]) for row in rows[{"train": 0, "test": 1}[split] :: 2]]


def lime_explainer(seed: int) -> Any:
    """Return lime's explainer without its two biases of order 1/n: the instance as a row, and Ridge(1)."""
    from lime.lime_text import LimeTextExplainer

    explainer = LimeTextExplainer(random_state=seed, feature_selection="none")
    fit = explainer.base.explain_instance_with_data
    explainer.base.explain_instance_with_data = lambda Z, Y, D, *rest, **named: fit(Z[1:], Y[1:], D[1:], *rest, **named)
    return explainer


def lime_weights(explainer: Any, predict: Callable[..., Any], text: str) -> dict[str, float]:
    explained = explainer.explain_instance(
        text, predict, num_features=10**6, num_samples=SAMPLES, model_regressor=LinearRegression()
    )
    return dict(explained.as_list())


def typical(texts: list[str], *, least: int = 25, most: int = 45) -> list[str]:
    """The first texts with so many different words that lime is quick and nothing is enumerated."""
    sizes = [len(ll.Text(r"\w+").represent(text[:2000]).features) for text in texts]
    return [text for text, size in zip(texts, sizes, strict=True) if least <= size <= most]


@pytest.mark.shared_data
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("corpus", [newsgroups, books])
def test_over_seeds_the_means_agree_with_lime_within_their_sampling_error(
    corpus: Callable[[Path, str], list[tuple[str, str]]], shared_data: Path
) -> None:
    texts, labels = zip(*corpus(shared_data, "train"), strict=True)
    model = make_pipeline(TfidfVectorizer(), LogisticRegression(C=10, max_iter=1000)).fit(texts, labels)
    words = ll.Text(r"\w+")  # as lime splits
    settings = {"targets": 1, "n_samples": SAMPLES, "sampler": "plain", "control_variates": False, "max_features": None}
    z = []
    for number, text in enumerate(typical([text for text, _ in corpus(shared_data, "test")])[:3]):
        incumbent = lime_explainer(number)
        runs = [lime_weights(incumbent, model.predict_proba, text) for _ in range(SEEDS)]
        found = [ll.Explainer(model, words, seed=100 * number + s, **settings).explain(text) for s in range(SEEDS)]
        names = [feature.name for feature in found[0].features]
        theirs = np.array([[run[name] for name in names] for run in runs])
        ours = np.array([explanation.coef[0] for explanation in found])
        error = np.sqrt((theirs.var(axis=0, ddof=1) + ours.var(axis=0, ddof=1)) / SEEDS)
        z.append((theirs.mean(axis=0) - ours.mean(axis=0)) / error)
    assert np.sqrt(np.mean(np.square(np.concatenate(z)))) < 1.3


@pytest.mark.parametrize("text", ["Good, goods:  good!", "naïve 3.14 a_b\n\n(c) x", "a"])
@pytest.mark.parametrize("bow", [True, False])
def test_a_hidden_word_leaves_the_text_as_lime_leaves_it(text: str, bow: bool) -> None:
    from lime.lime_text import IndexedString

    indexed = IndexedString(text, bow=bow)
    options = {} if bow else {"occurrences": "separately", "mask": "UNKWORDZ"}  # as lime does without a bag of words
    document = ll.Text(r"\w+", **options).represent(text)
    assert len(document.features) == indexed.num_words()
    Z = np.random.default_rng(0).integers(0, 2, (20, len(document.features)))
    assert list(document.reconstruct(Z)) == [indexed.inverse_removing(np.flatnonzero(row == 0)) for row in Z]
