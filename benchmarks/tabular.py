"""Tables beside the `lime` package in one run: CPU time per explanation, overhead and total, medians.

    python benchmarks/tabular.py [--data FOLDER] [--repeats 7]

Overhead is the total less the time inside the model's own predict, measured by the same wrapper for both. Both explain
the same rows of Adult (UCI) with the same model and the same number of perturbations (5,000, lime's default), on one
thread; the clock is that thread's CPU time. "cold" is a new explainer's first explanation, with its neighborhood to
draw and the model to ask; "warm" is any later one, which reads the same neighborhood.
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, OrdinalEncoder, StandardScaler

import limelight as ll

SAMPLES = 5000
COLUMNS = (
    "age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex,capital-gain,"
    "capital-loss,hours-per-week,native-country"
).split(",")
CATEGORICAL = ("workclass,education,marital-status,occupation,relationship,race,sex,native-country").split(",")
USED = [c for c in COLUMNS if c not in ("fnlwgt", "education-num")]


class Timed:
    """A model that counts the CPU time spent inside it."""

    def __init__(self, predict: Callable[[Any], Any]) -> None:
        self._predict, self.seconds, self.rows = predict, 0.0, 0

    def __call__(self, X: Any) -> Any:
        """Predict, and count."""
        started = time.thread_time()
        answer = self._predict(X)
        self.seconds += time.thread_time() - started
        self.rows += len(X)
        return answer


def load(folder: Path) -> tuple[np.ndarray, np.ndarray, list[int], dict[int, list[str]]]:
    """Return Adult as lime wants it: a float array with categories as codes."""
    import pandas as pd

    frame = pd.read_csv(folder / "adult" / "adult.csv", names=[*COLUMNS, "income"], skipinitialspace=True)
    coder = OrdinalEncoder()
    columns = [USED.index(c) for c in CATEGORICAL]
    X = frame[USED].copy()
    X[CATEGORICAL] = coder.fit_transform(frame[CATEGORICAL])
    names = {column: list(map(str, values)) for column, values in zip(columns, coder.categories_, strict=True)}
    return X.to_numpy(dtype=float), (frame["income"] == ">50K").to_numpy().astype(int), columns, names


def models(X: np.ndarray, y: np.ndarray, categorical: list[int]) -> Iterator[tuple[str, Any]]:
    """Yield name and fitted model."""
    rest = [j for j in range(X.shape[1]) if j not in categorical]
    encode = make_column_transformer((OneHotEncoder(handle_unknown="ignore"), categorical), (StandardScaler(), rest))
    yield "logistic regression", make_pipeline(encode, LogisticRegression(max_iter=1000)).fit(X, y)
    forest = RandomForestClassifier(100, min_samples_leaf=5, random_state=0, n_jobs=1)
    yield "random forest of 100", make_pipeline(encode, forest).fit(X, y)


def median_ms(run: Callable[[int], Timed], repeats: int) -> tuple[float, float]:
    """Return the medians of (overhead, total) in CPU milliseconds over repeats."""
    overheads, totals = [], []
    for repeat in range(repeats):
        started = time.thread_time()
        model = run(repeat)
        total = time.thread_time() - started
        totals.append(total * 1000)
        overheads.append((total - model.seconds) * 1000)
    return statistics.median(overheads), statistics.median(totals)


def one_row(X: np.ndarray, fitted: Any, categorical: list[int], names: dict[int, list[str]], repeats: int) -> None:
    """Print overhead and total of one explanation at 10 and at 5 features."""
    from lime.lime_tabular import LimeTabularExplainer

    theirs = LimeTabularExplainer(
        X, categorical_features=categorical, categorical_names=names, feature_names=USED, random_state=0
    )
    tabular = ll.Tabular(X, categorical=categorical, names=USED)
    for k in (10, 5):

        def lime_run(repeat: int, k: int = k) -> Timed:
            model = Timed(fitted.predict_proba)
            theirs.explain_instance(X[repeat], model, num_features=k, num_samples=SAMPLES)
            return model

        def cold_run(repeat: int, k: int = k) -> Timed:
            model = Timed(fitted.predict_proba)
            ll.Explainer(model, tabular, n_samples=SAMPLES, max_features=k, seed=repeat).explain(X[repeat])
            return model

        warm = Timed(fitted.predict_proba)
        explainer = ll.Explainer(warm, tabular, n_samples=SAMPLES, max_features=k, seed=0)
        explainer.explain(X[-1])

        def warm_run(repeat: int, warm: Timed = warm, explainer: ll.Explainer = explainer) -> Timed:
            warm.seconds = 0.0
            explainer.explain(X[repeat])
            return warm

        lime_run(0), cold_run(0)
        results = {"lime": median_ms(lime_run, repeats), "cold": median_ms(cold_run, repeats)}
        results["warm"] = median_ms(warm_run, 5 * repeats)
        for name, (overhead, total) in results.items():
            ratio = f"{results['lime'][0] / overhead:8.1f} {results['lime'][1] / total:8.1f}"
            print(f"  one row, {k:2} features  {name:5} {overhead:9.2f} {total:9.2f} {ratio}")


def many_rows(X: np.ndarray, fitted: Any, categorical: list[int], names: dict[int, list[str]], rows: int) -> None:
    """Print the total per row of a set of rows, a new explainer's first and its next, and of lime's loop over a few."""
    from lime.lime_tabular import LimeTabularExplainer

    theirs = LimeTabularExplainer(
        X, categorical_features=categorical, categorical_names=names, feature_names=USED, random_state=0
    )
    few = 20
    started = time.thread_time()
    for row in X[:few]:
        theirs.explain_instance(row, fitted.predict_proba, num_features=10, num_samples=SAMPLES)
    lime_ms = (time.thread_time() - started) * 1000 / few
    tabular = ll.Tabular(X, categorical=categorical, names=USED)
    for label, settings in (("5000 samples", {"n_samples": SAMPLES}), ("defaults", {})):
        explainer = ll.Explainer(fitted.predict_proba, tabular, seed=0, **settings)
        for which, here in (("first", X[:rows]), ("next", X[rows : 2 * rows]), ("again", X[:rows])):
            started = time.thread_time()
            found = explainer.explain_all(here)
            ours_ms = (time.thread_time() - started) * 1000 / len(found)
            drawn = statistics.median(each.provenance.n_samples for each in found)
            print(
                f"  {which:5} {rows} rows, 10 features, {label:12}  lime {lime_ms:6.2f} ms a row, "
                f"ours {ours_ms:6.3f} ms a row: {lime_ms / ours_ms:.0f}x (median {drawn:.0f} samples)"
            )


def peak_memory(X: np.ndarray, fitted: Any, categorical: list[int], rows: int) -> None:
    """Print how much the peak memory grows while a long stream is explained."""
    explainer = ll.Explainer(
        fitted.predict_proba, ll.Tabular(X, categorical=categorical, names=USED), n_samples=1000, seed=0
    )
    peaks = []
    for number, _ in enumerate(explainer.explain_many(X[i % len(X)] for i in range(rows)), 1):
        if number % max(rows // 4, 1) == 0:
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(f"  peak memory at each quarter of {rows:,} streamed rows: {', '.join(f'{peak:.0f} MiB' for peak in peaks)}")


def import_time() -> None:
    """Print the time that `import limelight` takes, median of ten processes."""
    import subprocess

    code = "import time; t = time.perf_counter(); import limelight; print(time.perf_counter() - t)"
    runs = [float(subprocess.check_output([sys.executable, "-c", code])) for _ in range(10)]
    print(f"import limelight: {statistics.median(runs) * 1000:.0f} ms")


def main() -> None:
    """Run everything and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("LIMELIGHT_SHARED_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(default), help="folder that holds adult/adult.csv")
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--rows", type=int, default=1000)
    parser.add_argument("--stream", type=int, default=20_000, help="rows of the memory test")
    arguments = parser.parse_args()
    import_time()
    X, y, categorical, names = load(arguments.data)
    for name, fitted in models(X, y, categorical):
        print(f"{name}: CPU ms                overhead     total  overhead ratio, total ratio")
        one_row(X, fitted, categorical, names, arguments.repeats)
        many_rows(X, fitted, categorical, names, arguments.rows)
        if name.startswith("logistic"):
            peak_memory(X, fitted, categorical, arguments.stream)


if __name__ == "__main__":
    main()
