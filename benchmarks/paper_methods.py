"""What `paper.py` compares: two review sets, the models, and five ways to say which words a prediction rests on.

Documents are the distinct lower-cased words of a review, as the paper's data are bags of words, so that every method
chooses among the same features. Each method is asked for K = 10 words [ribeiro2016, §5.1].
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from lime.lime_text import LimeTextExplainer
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier

import limelight as ll

K = 10
TREES = 300
SIGMAS = (0.5, 0.75, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0)
WORD = r"\w\w+"


@dataclass(frozen=True)
class Corpus:
    """One review set, split anew by every seed: 1,600 documents to train on, 400 to test."""

    name: str
    train: list[str]
    labels: NDArray[np.int64]
    test: list[str]
    test_labels: NDArray[np.int64]

    @cached_property
    def vectorizer(self) -> CountVectorizer:
        """Return what turns documents into binary rows."""
        return CountVectorizer(binary=True).fit(self.train)

    @cached_property
    def rows(self) -> Any:
        """Return the training rows, sparse."""
        return self.vectorizer.transform(self.train)

    @cached_property
    def words(self) -> NDArray[Any]:
        """Return the vocabulary in the order of the columns."""
        return self.vectorizer.get_feature_names_out()

    def fit(self, estimator: Any) -> Pipeline:
        """Return a fitted model of strings."""
        return make_pipeline(self.vectorizer, estimator.fit(self.rows, self.labels))


def load(folder: Path, name: str, seed: int) -> Corpus:
    """Return a review set under the split of a seed."""
    lines = (folder / "multi_domain_sentiment" / f"{name}.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    analyse = CountVectorizer().build_analyzer()
    documents = [" ".join(dict.fromkeys(analyse(row["text"]))) for row in rows]
    labels = np.array([int(row["label"] == "positive") for row in rows])
    order = np.random.default_rng(seed).permutation(len(rows))
    train, test = order[:1600], order[1600:]
    return Corpus(name, [documents[i] for i in train], labels[train], [documents[i] for i in test], labels[test])


# -- models -----------------------------------------------------------------------------------------------------------


def sparse_logistic(corpus: Corpus) -> Pipeline:
    """Return the largest L1 logistic regression that uses at most ten words of any training document."""
    for C in np.arange(0.1, 0, -0.01):
        model = LogisticRegression(C=C, l1_ratio=1, solver="liblinear", random_state=0).fit(corpus.rows, corpus.labels)
        if corpus.rows[:, np.flatnonzero(model.coef_[0])].sum(axis=1).max() <= K:
            return make_pipeline(corpus.vectorizer, model)
    raise SystemExit(f"{corpus.name}: no penalty keeps ten words a document")


def tree(corpus: Corpus) -> Pipeline:
    """Return the paper's decision tree, grown in full."""
    return corpus.fit(DecisionTreeClassifier(random_state=1))


class KernelMachine(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """An SVM with RBF kernel and Platt's probabilities, asked through BLAS: scikit-learn's own is ten times slower."""

    def fit(self, X: Any, y: NDArray[np.int64]) -> KernelMachine:
        """Fit the machine, and its sigmoid to held-out margins."""
        machine = SVC(C=10, gamma=0.001).fit(X, y)
        margins = cross_val_predict(machine, X, y, cv=5, method="decision_function")
        self.sigmoid_ = LogisticRegression().fit(margins[:, None], y)
        self.vectors_, self.dual_, self.offset_ = machine.support_vectors_, machine.dual_coef_, machine.intercept_
        self.sizes_ = np.asarray(self.vectors_.sum(axis=1), dtype=float).ravel()
        self.classes_ = machine.classes_
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:
        """Return the probabilities of both classes; rows are binary."""
        columns = np.unique(X.indices)
        near = X[:, columns].toarray().astype(float) @ self.vectors_[:, columns].toarray().T
        distances = np.asarray(X.sum(axis=1), dtype=float).reshape(-1, 1) + self.sizes_ - 2 * near
        dual = np.asarray(self.dual_.todense()).ravel()
        answers: NDArray[np.float64] = self.sigmoid_.predict_proba(
            (np.exp(-0.001 * distances) @ dual + self.offset_)[:, None]
        )
        return answers

    def predict(self, X: Any) -> NDArray[np.int64]:
        """Return the class of the larger probability."""
        return np.asarray(self.classes_[self.predict_proba(X).argmax(axis=1)])


BLACK_BOXES: dict[str, Callable[[], Any]] = {
    "LR": lambda: LogisticRegression(max_iter=2000),
    "NN": lambda: KNeighborsClassifier(algorithm="brute"),
    "RF": lambda: RandomForestClassifier(TREES, max_depth=5, random_state=1),
    "SVM": lambda: KernelMachine(),
}


def gold(model: Pipeline, corpus: Corpus, document: str) -> set[str]:
    """Return the words of a document that an interpretable model uses: those with a weight, or on its path."""
    row = corpus.vectorizer.transform([document])
    estimator = model[-1]
    present = set(row.indices.tolist())
    used = estimator.decision_path(row).indices if hasattr(estimator, "tree_") else None
    chosen = np.flatnonzero(estimator.coef_[0]) if used is None else estimator.tree_.feature[used]
    return {str(corpus.words[j]) for j in present.intersection(chosen.tolist())}


def reachable(model: Pipeline, document: str, words: set[str], rng: np.random.Generator, n: int = 2000) -> set[str]:
    """Return the gold words that change at least one answer to n masks: nothing that perturbs can find the others.

    A tree may ask for a word on its way to leaves that all say the same.
    """
    every = document.split()
    sizes = rng.integers(0, len(every), n)
    Z = rng.random((n, len(every))).argsort(axis=1).argsort(axis=1) >= sizes[:, None]
    found = set()
    base = model.predict_proba([" ".join(np.array(every)[z]) for z in Z])[:, 1]
    for word in words:
        other = Z.copy()
        other[:, every.index(word)] ^= True
        if np.any(model.predict_proba([" ".join(np.array(every)[z]) for z in other])[:, 1] != base):
            found.add(word)
    return found


# -- methods ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Told:
    """What a method says of one document.

    Parameters
    ----------
    words
        At most K words, the most important first.
    weights
        What each adds to the probability of the positive class; empty where the method gives no weights.
    answer
        What the method's linear approximation says of the whole document.
    whole
        The explanation, where `without` answers from all of its weights.
    """

    words: tuple[str, ...]
    weights: dict[str, float] = field(default_factory=dict)
    answer: float = float("nan")
    whole: Any = None

    def trusts(self, untrusted: set[str], probability: float, *, from_all: bool = False) -> bool:
        """Return whether a user who discounts some words still expects the model's prediction [ribeiro2016, §5.3]."""
        if not self.weights:
            return not untrusted.intersection(self.words)
        if from_all:
            gone = [j for j, each in enumerate(self.whole.features) if each.name in untrusted]
            left = self.whole.without(gone)
        else:
            left = self.answer - sum(self.weights[word] for word in self.words if word in untrusted)
        return (left > 0.5) == (probability > 0.5)


Method = Callable[[str, int], Told]
"""(document, seed) → what is said of it."""


def random_words(document: str, seed: int) -> Told:
    """Choose words by chance."""
    words = document.split()
    rng = np.random.default_rng([seed, len(words)])
    return Told(tuple(rng.permutation(words)[:K].tolist()))


def greedy(model: Pipeline, *, until_changed: bool) -> Method:
    """Remove the word that moves the predicted class most, again and again [ribeiro2016, §5.1].

    Parameters
    ----------
    model
        Answers strings.
    until_changed
        Whether to stop as soon as the prediction is another.
    """

    def tell(document: str, seed: int) -> Told:
        words, gone = document.split(), []
        first = model.predict_proba([document])[0]
        label, now = int(np.argmax(first)), float(first.max())
        while words and len(gone) < K:
            rest = [" ".join(words[:i] + words[i + 1 :]) for i in range(len(words))]
            answers = model.predict_proba(rest)[:, label]
            best = int(np.argmin(answers))
            if answers[best] > now:
                break
            gone.append(words.pop(best))
            now = float(answers[best])
            if until_changed and now < 0.5:
                break
        return Told(tuple(gone))

    return tell


class Parzen:
    """A Parzen window classifier in the black box's place, explained by its gradient [ribeiro2016, §5.1]."""

    def __init__(self, model: Pipeline, corpus: Corpus) -> None:
        self.corpus = corpus
        self.y = cross_val_predict(model[-1], corpus.rows, corpus.labels, cv=5).astype(float)
        sizes = np.asarray(corpus.rows.sum(axis=1), dtype=float).ravel()
        distances = sizes[:, None] + sizes - 2 * (corpus.rows @ corpus.rows.T).toarray()
        np.fill_diagonal(distances, np.inf)
        said = model.predict(corpus.train)
        mistakes = [np.sum((self._answer(distances, sigma)[0] > 0.5) != said) for sigma in SIGMAS]
        self.sigma, self.sizes = SIGMAS[int(np.argmin(mistakes))], sizes

    def _answer(self, distances: NDArray[Any], sigma: float) -> tuple[NDArray[Any], NDArray[Any]]:
        kernel = np.exp(-(distances - distances.min(axis=1, keepdims=True)) / (2 * sigma**2))
        kernel /= kernel.sum(axis=1, keepdims=True)
        return kernel @ self.y, kernel

    def __call__(self, document: str, seed: int) -> Told:
        """Return the words of the largest gradients, and the Parzen windows' own answer."""
        row = self.corpus.vectorizer.transform([document])
        distances = row.sum() + self.sizes - 2 * (row @ self.corpus.rows.T).toarray()[0]
        answer, kernel = self._answer(distances[None], self.sigma)
        columns = row.indices
        absent = 1.0 - self.corpus.rows[:, columns].toarray()
        slopes = -((kernel[0] * (self.y - answer[0])) @ absent) / self.sigma**2
        top = np.argsort(-np.abs(slopes), kind="stable")[:K]
        weights = {str(self.corpus.words[columns[j]]): float(slopes[j]) for j in top}
        return Told(tuple(weights), weights, float(answer[0]))


def lime(model: Pipeline, n: int) -> Method:
    """Return the lime package at its defaults, but for the number of rows."""

    def tell(document: str, seed: int) -> Told:
        explainer = LimeTextExplainer(random_state=seed)
        found = explainer.explain_instance(document, model.predict_proba, num_features=K, num_samples=n)
        weights = dict(found.as_list())
        return Told(tuple(weights), weights, float(np.ravel(found.local_pred)[0]))

    return tell


def limelight(model: Pipeline, n: int, **settings: Any) -> Method:
    """Return limelight with n rows: the words that `interactions()` names, then the others that it shows."""

    def tell(document: str, seed: int) -> Told:
        text = ll.Text(WORD)
        explainer = ll.Explainer(model, text, seed=seed, n_samples=n, targets=1, max_features=K, **settings)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            found = explainer.explain(document)
        together = [j for pair in found.interactions() for j in (pair.first, pair.second)]
        first = dict.fromkeys([*together, *found.selected[0].tolist()])
        names = [found.features[j].name for j in first][:K]
        weights = {found.features[j].name: float(found.coef[0, j]) for j in list(first)[:K]}
        return Told(tuple(names), weights, float(found.local_prediction[0]), found)

    return tell


def share(hits: Sequence[set[str]], of: Sequence[set[str]]) -> NDArray[np.float64]:
    """Return for each document which share of the gold words was found."""
    return np.array([len(a & b) / len(b) for a, b in zip(hits, of, strict=True)])
