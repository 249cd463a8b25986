"""Texts beside the `lime` package in one run: CPU milliseconds per explanation, in total and outside of the model.

    python benchmarks/text.py [--data FOLDER] [--repeats 5] [--words 50 200 1000] [--plain]

TF-IDF and logistic regression on 20 newsgroups (FOLDER/newsgroups20) or on made-up texts, 5,000 perturbed texts each,
one thread, medians. "strings" asks the same model as a callable, of which nobody knows that it counts words; "counts"
is what happens to a scikit-learn pipeline by default. Lime explains with 10 features, and with 6, where it selects
forward. In brackets the number of different words. With --plain the weights are estimated without control variates,
which cost time of their own and are as noisy as lime's.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from lime.lime_text import LimeTextExplainer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline, make_pipeline

import limelight as ll

SAMPLES = 5000
GROUPS = ("alt.atheism", "soc.religion.christian")


class Timed:
    """A model that counts the CPU seconds that it is given."""

    def __init__(self, model: Pipeline) -> None:
        self.model = model
        self.seconds = 0.0

    def __call__(self, texts: list[str]) -> Any:
        """Return the model's probabilities."""
        began = time.process_time()
        try:
            return self.model.predict_proba(texts)
        finally:
            self.seconds += time.process_time() - began


def newsgroups(folder: Path) -> tuple[list[str], list[str], list[str]]:
    rows = {
        (split, group): [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]
        for split in ("train", "test")
        for group in GROUPS
        for path in [folder / "newsgroups20" / f"{split}.{group}.jsonl"]
    }
    texts = [text for group in GROUPS for text in rows["train", group]]
    labels = [group for group in GROUPS for _ in rows["train", group]]
    return texts, labels, [text for group in GROUPS for text in rows["test", group]]


def made_up() -> tuple[list[str], list[str], list[str]]:
    """Texts whose words are as frequent as words are (Zipf), some of them more so in one of the classes."""
    rng = np.random.default_rng(0)
    vocabulary = np.array(["".join(rng.choice(list("etaoinshrdlu"), size)) for size in rng.integers(2, 10, 20_000)])
    ranks = np.minimum(rng.zipf(1.3, (1200, 1500)), len(vocabulary)) - 1
    ranks[::2] = (ranks[::2] * 3) % len(vocabulary)
    texts = [" ".join(vocabulary[row]) for row in ranks]
    return texts[:1000], [GROUPS[number % 2] for number in range(1000)], texts[1000:]


def with_words(texts: list[str], words: int) -> str:
    """Return the beginning of the first text that is long enough, cut after so many words."""
    for text in texts:
        pieces = text.split()
        if len(pieces) >= words:
            return " ".join(pieces[:words])
    return " ".join(" ".join(texts).split()[:words])


def median(run: Callable[[int], None], model: Timed, repeats: int) -> tuple[float, float]:
    """Return the median CPU milliseconds of a run, in total and outside of the model, after one to warm up."""
    run(0)
    totals, overheads = [], []
    for seed in range(1, repeats + 1):
        model.seconds, began = 0.0, time.process_time()
        run(seed)
        totals.append(1e3 * (time.process_time() - began))
        overheads.append(totals[-1] - 1e3 * model.seconds)
    return statistics.median(totals), statistics.median(overheads)


def lime(model: Timed, text: str, features: int) -> Callable[[int], None]:
    def run(seed: int) -> None:
        LimeTextExplainer(random_state=seed).explain_instance(text, model, num_features=features, num_samples=SAMPLES)

    return run


def limelight(model: Any, text: str, features: int, plain: bool) -> Callable[[int], None]:
    settings = {"n_samples": SAMPLES, "max_features": features, "control_variates": not plain}

    def run(seed: int) -> None:
        ll.Explainer(model, ll.Text(), seed=seed, **settings).explain(text)

    return run


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path)
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--words", type=int, nargs="+", default=[50, 200, 1000])
    arguments.add_argument("--plain", action="store_true")
    given = arguments.parse_args()
    texts, labels, tests = newsgroups(given.data) if given.data else made_up()
    model = Timed(make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000)).fit(texts, labels))
    print(f"{'':28}{'total ms':>10}{'lime ÷':>9}{'overhead':>10}{'lime ÷':>9}")
    for words in given.words:
        text = with_words(tests, words)
        distinct = len(ll.Text().represent(text).features)
        for features in (10, 6):
            theirs = median(lime(model, text, features), model, given.repeats)
            print(f"{words} words, {features} features: lime".ljust(28) + f"{theirs[0]:10.0f}{'':9}{theirs[1]:10.0f}")
            for name, asked in (("strings", model), ("counts", model.model)):
                ours = median(limelight(asked, text, features, given.plain), model, given.repeats)
                ratios = [their / our for their, our in zip(theirs, ours, strict=True)]
                shown = f"{ours[1]:10.0f}{ratios[1]:9.1f}" if name == "strings" else ""
                print(f"  limelight, {name} ({distinct})".ljust(28) + f"{ours[0]:10.0f}{ratios[0]:9.1f}{shown}")


if __name__ == "__main__":
    main()
