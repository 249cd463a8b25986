"""Texts beside the `lime` package in one run: CPU milliseconds per explanation, in total and outside of the model.

    python benchmarks/text.py [--data FOLDER] [--repeats 5] [--words 50 200 1000]

TF-IDF and logistic regression on 20 newsgroups (FOLDER/newsgroups20) or on made-up texts, 5,000 perturbed texts each,
one thread, medians. "strings" asks the same model as a callable, of which nobody knows that it counts words; "counts"
is what happens to a scikit-learn pipeline by default. Lime explains with 10 features, and with 6, where it selects
forward. In brackets the number of different words. "default" takes noise out of the weights by complement pairs and
control variates, which cost time of their own and save model calls; "pairs" leaves the control variates out; lime's
weights have neither. Last, what the default takes for 1,000 perturbed texts beside a model that takes 0.1 ms for each.
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
FEWER = 1000
MODEL_MS = 0.1
GROUPS = ("alt.atheism", "soc.religion.christian")


class Timed:
    """A model that counts the CPU seconds that it is given."""

    def __init__(self, model: Pipeline) -> None:
        self.model = model
        self.seconds = 0.0

    def __call__(self, texts: list[str]) -> Any:
        """Return the model's probabilities."""
        began = time.thread_time()
        try:
            return self.model.predict_proba(texts)
        finally:
            self.seconds += time.thread_time() - began


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
        model.seconds, began = 0.0, time.thread_time()
        run(seed)
        totals.append(1e3 * (time.thread_time() - began))
        overheads.append(totals[-1] - 1e3 * model.seconds)
    return statistics.median(totals), statistics.median(overheads)


def lime(model: Timed, text: str, features: int) -> Callable[[int], None]:
    def run(seed: int) -> None:
        LimeTextExplainer(random_state=seed).explain_instance(text, model, num_features=features, num_samples=SAMPLES)

    return run


def limelight(model: Any, text: str, features: int, controlled: bool, samples: int = SAMPLES) -> Callable[[int], None]:
    settings = {"n_samples": samples, "max_features": features, "control_variates": controlled}

    def run(seed: int) -> None:
        ll.Explainer(model, ll.Text(), seed=seed, **settings).explain(text)

    return run


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path)
    arguments.add_argument("--repeats", type=int, default=5)
    arguments.add_argument("--words", type=int, nargs="+", default=[50, 200, 1000])
    given = arguments.parse_args()
    texts, labels, tests = newsgroups(given.data) if given.data else made_up()
    model = Timed(make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000)).fit(texts, labels))
    print(f"{'':32}{'total ms':>10}{'lime ÷':>9}{'overhead':>10}{'lime ÷':>9}")
    for words in given.words:
        text = with_words(tests, words)
        distinct = len(ll.Text().represent(text).features)
        for features in (10, 6):
            theirs = median(lime(model, text, features), model, given.repeats)
            print(f"{words} words, {features} features: lime".ljust(32) + f"{theirs[0]:10.0f}{'':9}{theirs[1]:10.0f}")
            for name, asked in (("strings", model), ("counts", model.model)):
                for design, controlled in (("default", True), ("pairs", False)):
                    ours = median(limelight(asked, text, features, controlled), model, given.repeats)
                    ratios = [their / our for their, our in zip(theirs, ours, strict=True)]
                    shown = f"{ours[1]:10.0f}{ratios[1]:9.1f}" if name == "strings" else ""
                    label = f"  {name}, {design} ({distinct})"
                    print(label.ljust(32) + f"{ours[0]:10.0f}{ratios[0]:9.1f}{shown}")
        _, overhead = median(limelight(model, text, 10, True, FEWER), model, given.repeats)
        share = overhead / (MODEL_MS * FEWER)
        print(
            f"  {FEWER} strings, default ({distinct})".ljust(32) + f"{'':19}{overhead:10.0f}   {share:.0%} of the model"
        )


if __name__ == "__main__":
    main()
