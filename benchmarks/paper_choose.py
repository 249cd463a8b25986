"""Can users choose the better of two models? [ribeiro2016, §5.4], for `paper.py`.

Ten artificial words are added: each is in 10 % of one class and 20 % of the other where models are trained and
validated, and in 10 % of both where they are tested. Pairs of forests with equal validation accuracy and test
accuracies that differ by at least 5 % are sought. A simulated user reads B explanations of validation documents for
each, marks the artificial words seen there, and chooses the model with fewer predictions that fall when they are
discounted; a tie is decided by a coin, and counts as one half.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier

import limelight as ll
from paper_methods import Corpus, Told, limelight, load

LOOKED_AT = (1, 2, 3, 5, 7, 10, 15, 20, 30)
ARTIFICIAL = tuple(f"fake{number}fake" for number in range(10))
FORESTS = 150
ROWS = 500
RANDOM_PICKS = 40
Table = dict[str, Any]


def choose(folder: Path, seeds: int, documents: int) -> Iterator[Table]:
    """Yield one line for every set, way to pick and number of explanations."""
    for name in ("books", "dvd"):
        right: dict[tuple[str, int], list[float]] = defaultdict(list)
        for seed in range(seeds):
            for first, second, validation in pairs(load(folder, name, seed), seed):
                for key, value in _choices(first, second, validation, seed).items():
                    right[key].append(value)
        for (how, B), values in right.items():
            mean = 100 * float(np.mean(values))
            half = 196 * float(np.std(values, ddof=1)) / len(values) ** 0.5 if len(values) > 1 else float("nan")
            yield {"set": name, "method": how, "B": B, "pairs": len(values), "right": (mean, half)}


def corrupted(texts: Sequence[str], labels: Any, shares: tuple[float, float], rng: np.random.Generator) -> list[str]:
    """Return the documents with every artificial word in these shares of the two classes."""
    added: list[list[str]] = [[] for _ in texts]
    for word in ARTIFICIAL:
        for label, part in enumerate(shares):
            at = np.flatnonzero(labels == label)
            for i in rng.choice(at, int(part * len(at)), replace=False):
                added[i].append(word)
    return [" ".join([text, *words]) for text, words in zip(texts, added, strict=True)]


def pairs(corpus: Corpus, seed: int, most: int = 4) -> Iterator[tuple[Any, Any, list[str]]]:
    """Yield (better model, worse model, validation documents), each forest in one pair only."""
    rng = np.random.default_rng(seed)
    dirty = corrupted(corpus.train, corpus.labels, (0.1, 0.2), rng)
    clean = corrupted(corpus.test, corpus.test_labels, (0.1, 0.1), rng)
    order = rng.permutation(len(dirty))
    held, used = order[:320], order[320:]
    split = Corpus(
        corpus.name, [dirty[i] for i in used], corpus.labels[used], [dirty[i] for i in held], corpus.labels[held]
    )
    models = [split.fit(RandomForestClassifier(30, max_depth=5, random_state=number)) for number in range(FORESTS)]
    validated = [np.mean(model.predict(split.test) == split.test_labels) for model in models]
    tested = [np.mean(model.predict(clean) == corpus.test_labels) for model in models]
    free, found = set(range(FORESTS)), 0
    for a in np.argsort(tested)[::-1].tolist():
        close = [b for b in free if abs(validated[a] - validated[b]) <= 0.001 and tested[a] - tested[b] >= 0.05]
        if a in free and close and found < most:
            b = close[int(rng.integers(len(close)))]
            free -= {a, b}
            found += 1
            yield models[a], models[b], split.test


def _choices(better: Any, worse: Any, texts: Sequence[str], seed: int) -> dict[tuple[str, int], float]:
    """Return for every way to pick how often the better model is chosen."""
    rng = np.random.default_rng(seed)
    asked = list(texts)
    told = [[limelight(model, ROWS)(text, seed) for text in asked] for model in (better, worse)]
    right = {}
    order = [ll.submodular_pick([each.whole for each in side], max(LOOKED_AT), target=0).indices for side in told]
    for B in LOOKED_AT:
        right["submodular pick", B] = _chosen(told, [order[0][:B], order[1][:B]])
        picks = [rng.choice(len(asked), B, replace=False) for _ in range(RANDOM_PICKS)]
        right["random pick", B] = float(np.mean([_chosen(told, [pick, pick]) for pick in picks]))
    return right


def _chosen(told: Sequence[Sequence[Told]], picks: Sequence[Any]) -> float:
    """Return 1 where the first model has fewer untrusted predictions, ½ for a tie, 0 where it has more."""
    fallen = []
    for side, pick in zip(told, picks, strict=True):
        marked = {word for i in pick for word in side[int(i)].words if word in ARTIFICIAL}
        fallen.append(sum(not each.trusts(marked, each.answer) for each in side))
    return 0.5 if fallen[0] == fallen[1] else float(fallen[0] < fallen[1])
