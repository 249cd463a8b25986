"""Every speed that was asked for, beside `lime` in one run: CPU and clock, at one BLAS thread and at the default.

    python benchmarks/speed.py [--data FOLDER] [--repeats 5] [--only table text ...] [--threads one default]

Medians, with everything that an explanation says included. Both explain the same instances with the same models and
5,000 perturbations (images: 1,000). *Overhead* is the total less the time inside the model's own predict, measured by
one wrapper for both; *first* is a new explainer's first explanation, with its neighborhood to draw and the model to
ask; *warm* is any later one. CPU is that of all threads of the process. "asked" is the ratio that was asked for; a star
marks a ratio of CPU that falls short of it.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import os
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from lime.lime_image import LimeImageExplainer
from lime.lime_tabular import LimeTabularExplainer
from lime.lime_text import LimeTextExplainer
from skimage import segmentation
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

import limelight as ll

# these are imported last: they bound the threads of what has not been loaded yet
from image import model as free_model  # isort: skip
from image import photo  # isort: skip
from tabular import USED, load, models  # isort: skip
from text import made_up, newsgroups, with_words  # isort: skip

SAMPLES = 5000
IMAGES = 1000
ROWS = 1000
LIME_ROWS = 10
"""Rows over which lime's time for a row of a set is averaged."""
WARM = 4
"""So many times as many warm rows are explained: some need draws of a rare value, most do not."""
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Spent:
    """Milliseconds of one run: of the processor in all threads, and by the clock; the model's own beside them."""

    cpu: float
    clock: float
    model_cpu: float = 0.0
    model_clock: float = 0.0

    @property
    def overhead(self) -> Spent:
        """Return the same less what the model took."""
        return Spent(self.cpu - self.model_cpu, self.clock - self.model_clock)


class Timed:
    """A model that counts the time spent inside it."""

    def __init__(self, predict: Callable[[Any], Any]) -> None:
        self._predict = predict  # not `predict`, which limelight would call itself
        self.forget()

    def forget(self) -> None:
        """Begin to count anew."""
        self.cpu = self.clock = 0.0

    def __call__(self, inputs: Any) -> Any:
        """Predict, and count."""
        cpu, clock = time.process_time(), time.perf_counter()
        answer = self._predict(inputs)
        self.cpu += time.process_time() - cpu
        self.clock += time.perf_counter() - clock
        return answer


Run = Callable[[int], Any]


def spent(run: Run, model: Timed, number: int) -> Spent:
    """Return what one run takes."""
    model.forget()
    cpu, clock = time.process_time(), time.perf_counter()
    run(number)
    taken = time.process_time() - cpu, time.perf_counter() - clock
    return Spent(1e3 * taken[0], 1e3 * taken[1], 1e3 * model.cpu, 1e3 * model.clock)


def each_in_a_row(runs: dict[str, tuple[Run, Timed]], repeats: int) -> dict[str, list[Spent]]:
    """Return what each run takes, after one to warm up; each in a row, as it is used: others would cool the caches."""
    found: dict[str, list[Spent]] = {}
    for name, (run, model) in runs.items():
        run(0)
        found[name] = [spent(run, model, number + 1) for number in range(repeats)]
    return found


def median(taken: list[Spent]) -> Spent:
    """Return the medians."""
    return Spent(float(np.median([each.cpu for each in taken])), float(np.median([each.clock for each in taken])))


def show(what: str, lime: list[Spent], ours: list[Spent], asked: float, *, overhead: bool) -> None:
    """Print one line of the table."""
    their, our = [median([each.overhead if overhead else each for each in side]) for side in (lime, ours)]
    cpu, clock = their.cpu / our.cpu, their.clock / our.clock
    star = "*" if cpu < asked else " "
    kind = "overhead" if overhead else "total"
    print(
        f"{what:<48}{kind:<9}{their.cpu:>9.2f}{our.cpu:>9.2f}{cpu:>8.1f}{star}{asked:>6g}"
        f"{their.clock:>10.2f}{our.clock:>9.2f}{clock:>8.1f}",
        flush=True,
    )


def table_rows(data: Path, repeats: int) -> Iterator[None]:
    """One row of Adult: warm, first, with draws of its own; and a thousand in a set."""
    X, y, categorical, names = load(data)
    lime = LimeTabularExplainer(
        X, categorical_features=categorical, categorical_names=names, feature_names=USED, random_state=0
    )
    tabular = ll.Tabular(X, categorical=categorical, names=USED)
    for name, fitted in models(X, y, categorical):
        short = "LR" if name.startswith("logistic") else "forest"
        theirs, ours = Timed(fitted.predict_proba), Timed(fitted.predict_proba)

        def lime_row(number: int, k: int = 10, theirs: Timed = theirs) -> None:
            lime.explain_instance(X[number], theirs, num_features=k, num_samples=SAMPLES)

        def first(number: int, ours: Timed = ours, **settings: Any) -> None:
            settings = {"n_samples": SAMPLES, "max_features": 10, **settings}
            ll.Explainer(ours, tabular, seed=number, **settings).explain(X[number])

        for k in (10, 5) if short == "LR" else ():
            explainer = ll.Explainer(ours, tabular, seed=0, n_samples=SAMPLES, max_features=k)
            runs: dict[str, tuple[Run, Timed]] = {
                "lime": (lambda number, k=k: lime_row(number, k), theirs),
                "ours": (lambda number, explainer=explainer: explainer.explain(X[number]), ours),
            }
            taken = each_in_a_row(runs, repeats)
            show(
                f"Adult {short}, 12 columns, warm row, k = {k}", *taken.values(), 12 if k == 10 else 100, overhead=True
            )
            yield
        if short == "LR":
            taken = each_in_a_row(
                {
                    "lime": (lime_row, theirs),
                    "ours": (first, ours),
                    "defaults": (lambda number: first(number, n_samples="auto"), ours),
                    "plain": (lambda number: first(number, control_variates=False), ours),
                    "fresh": (lambda number: first(number, fresh=True), ours),
                },
                repeats,
            )
            show("  the first row, 5,000 rows, everything", taken["lime"], taken["ours"], 0.5, overhead=False)
            show("  the first row at the defaults", taken["lime"], taken["defaults"], 0.5, overhead=False)
            show("  the first row without control variates", taken["lime"], taken["plain"], 1 / 1.2, overhead=False)
            show("  a row with its own draws (fresh=True)", taken["lime"], taken["fresh"], 2, overhead=True)
            yield
        each = [spent(lime_row, theirs, number) for number in range(LIME_ROWS)]
        for which in ("first", "next"):
            sets = []
            for seed in range(1 if which == "next" and short == "forest" else min(repeats, 3)):
                explainer = ll.Explainer(ours, tabular, seed=seed, n_samples=SAMPLES)
                if which == "next":
                    explainer.explain_all(X[ROWS : 2 * ROWS])
                taken_all = spent(lambda _, explainer=explainer: explainer.explain_all(X[:ROWS]), ours, 0)
                sets.append(Spent(*[value / ROWS for value in vars(taken_all).values()]))
            asked = 40 if short == "LR" else 110
            show(f"Adult {short}, {which} 1,000 rows in a set", each, sets, asked, overhead=False)
            yield


def columns(_: Path, repeats: int) -> Iterator[None]:
    """Warm rows of wide tables: numbers and a linear model; and a real forest of 30 columns."""
    for d, asked in ((30, 8), (100, 5), (1000, 3)):
        X = np.random.default_rng(0).normal(size=(2000, d))
        y = (X[:, :5].sum(axis=1) + 0.5 * X[:, 0] * X[:, 1] > 0).astype(int)
        fitted = LogisticRegression(max_iter=200).fit(X, y)
        yield from _wide(f"{d} columns, LR, warm row", X, fitted, asked, repeats if d < 1000 else min(repeats, 3))
    from sklearn.datasets import load_breast_cancer

    X, y = load_breast_cancer(return_X_y=True)
    forest = RandomForestClassifier(100, random_state=0, n_jobs=1).fit(X, y)
    yield from _wide("30 columns (breast cancer), forest, warm row", X, forest, 8, repeats)


def _wide(what: str, X: np.ndarray, fitted: Any, asked: float, repeats: int) -> Iterator[None]:
    theirs, ours = Timed(fitted.predict_proba), Timed(fitted.predict_proba)
    lime = LimeTabularExplainer(X, random_state=0)
    explainer = ll.Explainer(ours, ll.Tabular(X), seed=0, n_samples=SAMPLES)
    began = spent(lambda number: explainer.explain(X[-1]), ours, 0)
    runs: dict[str, tuple[Run, Timed]] = {
        "lime": (lambda number: lime.explain_instance(X[number], theirs, num_features=10, num_samples=SAMPLES), theirs),
        "ours": (lambda number: explainer.explain(X[number]), ours),
    }
    taken = each_in_a_row(runs, repeats)
    show(what, *taken.values(), asked, overhead=True)
    print(f"    its first row: {began.cpu:.0f} ms of CPU in total, of which {began.model_cpu:.0f} in the model")
    yield


def classes(_: Path, repeats: int) -> Iterator[None]:
    """Many outputs explained at once."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(2000, 12))
    for k, asked in ((2, 10), (100, 10), (1000, 10)):
        A = rng.normal(size=(12, k))

        def predict(rows: np.ndarray, A: np.ndarray = A) -> np.ndarray:
            odds = np.exp(rows @ A - (rows @ A).max(axis=1, keepdims=True))
            return odds / odds.sum(axis=1, keepdims=True)

        theirs, ours = Timed(predict), Timed(predict)
        labels = tuple(range(k))
        lime = LimeTabularExplainer(X, random_state=0)
        explainer = ll.Explainer(ours, ll.Tabular(X), seed=0, n_samples=SAMPLES, targets="all")
        began = spent(lambda number, explainer=explainer: explainer.explain(X[-1]), ours, 0)

        def lime_row(number: int, lime: Any = lime, theirs: Timed = theirs, labels: Any = labels) -> None:
            lime.explain_instance(X[number], theirs, labels=labels, num_features=10, num_samples=SAMPLES)

        runs = {
            "lime": (lime_row, theirs),
            "ours": (lambda number, explainer=explainer: explainer.explain(X[number]), ours),
        }
        taken = each_in_a_row(runs, repeats if k < 1000 else min(repeats, 2))
        show(f"{k} classes, targets='all', warm row", *taken.values(), asked, overhead=True)
        print(f"    its first row: {began.cpu:.0f} ms of CPU in total")
        yield


def texts(data: Path, repeats: int) -> Iterator[None]:
    """Texts as strings, and counts."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline

    known = (data / "newsgroups20").is_dir()
    documents, labels, tests = newsgroups(data) if known else made_up()
    fitted = make_pipeline(TfidfVectorizer(), LogisticRegression(max_iter=1000)).fit(documents, labels)
    theirs, ours = Timed(fitted.predict_proba), Timed(fitted.predict_proba)
    for words in (50, 200, 1000):
        text = with_words(tests, words)

        def lime_text(seed: int, text: str = text) -> None:
            explainer = LimeTextExplainer(random_state=seed)
            explainer.explain_instance(text, theirs, num_features=10, num_samples=SAMPLES)

        def our_text(seed: int, model: Any = ours, text: str = text, **settings: Any) -> None:
            settings = {"n_samples": SAMPLES, "max_features": 10, **settings}
            ll.Explainer(model, ll.Text(), seed=seed, **settings).explain(text)

        runs = {
            "lime": (lime_text, theirs),
            "ours": (our_text, ours),
            "counts": (lambda seed, run=our_text: run(seed, fitted), ours),
            "defaults": (lambda seed, run=our_text: run(seed, fitted, n_samples="auto"), ours),
        }
        taken = each_in_a_row(runs, repeats if words < 1000 else min(repeats, 3))
        show(f"text of {words} words as strings", taken["lime"], taken["ours"], 8, overhead=True)
        if words == 200:
            show("  on counts, 5,000 rows", taken["lime"], taken["counts"], 20, overhead=False)
            show("  on counts, at the defaults", taken["lime"], taken["defaults"], 20, overhead=False)
        yield


def images(data: Path, repeats: int) -> Iterator[None]:
    """A photo whose superpixels are given, and a model that costs nothing."""
    image = photo(data if (data / "photos").is_dir() else None, 224)
    labels = segmentation.slic(image, n_segments=33, start_label=0)
    theirs, ours = Timed(free_model), Timed(free_model)

    def lime_image(number: int) -> None:
        with contextlib.redirect_stderr(open(os.devnull, "w")):  # noqa: PTH123
            LimeImageExplainer(random_state=number).explain_instance(
                image,
                theirs,
                top_labels=1,
                num_samples=IMAGES,
                num_features=10,
                segmentation_fn=lambda _: labels,
            )

    def our_image(number: int) -> None:
        ll.Explainer(ours, ll.Image(segments=labels), seed=number, n_samples=IMAGES).explain(image)

    taken = each_in_a_row({"lime": (lime_image, theirs), "ours": (our_image, ours)}, min(repeats, 3))
    found = len(np.unique(labels))
    show(f"image 224, {found} segments given, 1,000 rows", *taken.values(), 15, overhead=True)
    yield


def kept(data: Path, _: int) -> Iterator[None]:
    """What a kept explanation takes."""
    X, y, categorical, _names = load(data)
    fitted = next(models(X, y, categorical))[1]
    explainer = ll.Explainer(fitted.predict_proba, ll.Tabular(X, categorical=categorical, names=USED), seed=0)
    explainer.explain_all(X[:ROWS])
    tracemalloc.start()
    found = explainer.explain_all(X[ROWS : 5 * ROWS])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "set.parquet"
        found.to_parquet(path)
        stored = path.stat().st_size / len(found)
    count = len(found)
    gc.collect()
    with_set = tracemalloc.get_traced_memory()[0]
    del found
    gc.collect()
    held = (with_set - tracemalloc.get_traced_memory()[0]) / count
    tracemalloc.stop()
    print(f"kept in a set: {held:.0f} bytes an explanation (asked: 1,536); Parquet: {stored:.0f} (asked: 400)")
    yield


PARTS = {"table": table_rows, "columns": columns, "classes": classes, "text": texts, "image": images, "kept": kept}


def main() -> None:
    """Run everything and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("LIMELIGHT_SHARED_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(default), help="folder that holds adult/adult.csv")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--only", nargs="+", choices=tuple(PARTS), default=list(PARTS))
    parser.add_argument("--threads", nargs="+", choices=("one", "default", "here"), default=["one", "default"])
    arguments = parser.parse_args()
    for threads in arguments.threads:
        if threads == "here":  # in a process whose threads are bounded already, or not
            print(
                f"{'milliseconds':<57}{'CPU lime':>9}{'ours':>9}{'ratio':>8}{'asked':>7}{'clock lime':>10}{'ours':>9}"
            )
            for part in arguments.only:
                for _ in PARTS[part](arguments.data, arguments.repeats):
                    pass
            continue
        print(f"BLAS threads: {threads}", flush=True)
        free = {name: value for name, value in os.environ.items() if name not in THREADS}
        bounded = {**free, **dict.fromkeys(THREADS, "1")}
        again = [sys.executable, __file__, "--data", str(arguments.data), "--repeats", str(arguments.repeats)]
        again += ["--threads", "here", "--only", *arguments.only]
        subprocess.run(again, env=bounded if threads == "one" else free, check=True)


if __name__ == "__main__":
    main()
