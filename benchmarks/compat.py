"""The `lime` package and its drop-in side by side in one run: CPU milliseconds per explanation, medians.

    python benchmarks/compat.py [--data FOLDER] [--repeats 5]

The same code under both names, lime's defaults: 5,000 samples, images 1,000. *Overhead* is what is not inside the
model's own predict, measured by the same wrapper for both; the total is without the wrapper, which hides from limelight
that a model begins by counting words. One thread. The rows are Adult (UCI), a text of the 20 newsgroups, a photo with
given segments.
"""

from __future__ import annotations

import argparse
import importlib
import os
import statistics
import time
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

PACKAGES = ("lime", "limelight.compat.lime")
Case = tuple[str, Callable[[Any], Any], Callable[[Any, Any], Any], Callable[[Any], Any]]
"""Name, package → explainer, (explainer, model) → explanation, the model."""


class Timed:
    """A model that counts the CPU time spent inside it."""

    def __init__(self, predict: Callable[[Any], Any]) -> None:
        self._predict, self.seconds = predict, 0.0

    def __call__(self, inputs: Any) -> Any:
        """Return the model's answer."""
        started = time.process_time()
        answer = self._predict(inputs)
        self.seconds += time.process_time() - started
        return answer


def tables(folder: Path) -> Iterator[Case]:
    """Yield Adult with bins and without, with few features and many."""
    import pandas as pd
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import OrdinalEncoder, StandardScaler

    frame = pd.read_csv(folder / "adult" / "adult.csv", header=None, skipinitialspace=True).drop(columns=[2, 4])
    label, frame = frame.pop(14) == ">50K", frame
    at = [j for j in range(frame.shape[1]) if not np.issubdtype(np.asarray(frame.iloc[:, j]).dtype, np.number)]
    frame.iloc[:, at] = frame.iloc[:, at].astype(str)
    X = frame.to_numpy()
    X[:, at] = OrdinalEncoder().fit_transform(X[:, at])
    X = X.astype(float)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(X, label)
    for bins in (True, False):
        for k in (5, 10):
            yield (
                f"table, {'bins' if bins else 'no bins'}, {k} features",
                lambda lime, bins=bins: lime.lime_tabular.LimeTabularExplainer(
                    X, categorical_features=at, discretize_continuous=bins, random_state=0
                ),
                lambda explainer, predict, k=k: explainer.explain_instance(X[7], predict, num_features=k),
                model.predict_proba,
            )


def texts(folder: Path) -> Iterator[Case]:
    """Yield a text of two newsgroups, with few features and many."""
    import json

    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline

    documents, groups = [], []
    for number, group in enumerate(("alt.atheism", "soc.religion.christian")):
        lines = (folder / "newsgroups20" / f"train.{group}.jsonl").read_text(encoding="utf-8").splitlines()
        documents += [json.loads(line)["text"] for line in lines]
        groups += [number] * len(lines)
    model = make_pipeline(TfidfVectorizer(lowercase=False), LogisticRegression()).fit(documents, groups)
    document = min(documents, key=lambda text: abs(len(set(text.split())) - 180))
    for k in (6, 10):
        yield (
            f"text, 200 words, {k} features",
            lambda lime: lime.lime_text.LimeTextExplainer(random_state=0),
            lambda explainer, predict, k=k: explainer.explain_instance(document, predict, num_features=k),
            model.predict_proba,
        )


def images(folder: Path) -> Iterator[Case]:
    """Yield a photo with given segments, and a model that costs little."""
    from PIL import Image

    photo = np.asarray(Image.open(folder / "photos" / "chelsea_cat.png").convert("RGB").resize((224, 224)))
    segments = np.arange(224)[:, None] // 38 * 6 + np.arange(224) // 38

    def classify(batch: Any) -> Any:
        p = batch[:, ::16, ::16].mean(axis=(1, 2, 3)) / 255
        return np.stack([1 - p, p], axis=1)

    yield (
        "image 224, 36 segments given",
        lambda lime: lime.lime_image.LimeImageExplainer(random_state=0),
        lambda explainer, predict: explainer.explain_instance(photo, predict, segmentation_fn=lambda image: segments),
        classify,
    )


def shared(folder: Path) -> Iterator[Case]:
    """Yield Adult again, where ours may keep the neighborhood; lime has no such switch and ignores it."""
    name, make, explain, predict = list(tables(folder))[1]

    def sharing(lime: Any) -> Any:
        explainer = make(lime)
        explainer.share_neighborhood = True
        return explainer

    yield f"{name}, shared", sharing, explain, predict


def measure(case: Case, package: str, repeats: int) -> tuple[float, float]:
    """Return the median total and overhead in CPU milliseconds."""
    _, make, explain, predict = case
    lime = importlib.import_module(package)
    for name in ("lime_tabular", "lime_text", "lime_image"):
        importlib.import_module(f"{package}.{name}")
    explainer, model = make(lime), Timed(predict)
    overheads = [seconds - inside for seconds, inside in runs(lambda: explain(explainer, model), repeats, model)]
    totals = [seconds for seconds, _ in runs(lambda: explain(explainer, predict), repeats)]
    return 1000 * statistics.median(totals), 1000 * statistics.median(overheads)


def runs(explain: Callable[[], Any], repeats: int, model: Timed | None = None) -> list[tuple[float, float]]:
    """Return the CPU seconds of some runs, and how many of them were inside the model; the first run warms up."""
    explain()
    found = []
    for _ in range(repeats):
        inside, started = (model.seconds if model else 0.0), time.process_time()
        explain()
        found.append((time.process_time() - started, (model.seconds if model else 0.0) - inside))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path(__file__).resolve().parents[2] / "shared" / "data")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"{'':38}{'total: lime':>12}{'ours':>8}{'factor':>8}{'overhead: lime':>16}{'ours':>8}{'factor':>8}")
    for cases in (tables, shared, texts, images):
        for case in cases(arguments.data):
            (total, overhead), (own_total, own_overhead) = (measure(case, p, arguments.repeats) for p in PACKAGES)
            print(
                f"{case[0]:38}{total:12.1f}{own_total:8.1f}{total / own_total:8.1f}"
                f"{overhead:16.1f}{own_overhead:8.1f}{overhead / own_overhead:8.1f}"
            )


if __name__ == "__main__":
    main()
