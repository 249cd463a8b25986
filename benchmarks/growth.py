"""How time and memory grow with samples, columns, classes, words, superpixels, background: CPU of one explanation.

    python benchmarks/growth.py [--only rows columns …] [--repeats 3] [--largest 1.0]

One thing grows at a time. Printed are medians of the first and of a later explanation of one explainer, the exponent of
each step (the slope between two sizes, on logarithmic scales: 1 is linear), and the peak of the process. A slope below
1 means that something that does not grow still shows. `--largest 0.1` leaves out sizes above a tenth of the largest.
"""

from __future__ import annotations

import argparse
import math
import os
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import limelight as ll

Explain = Callable[[int], Any]


def weights(d: int) -> np.ndarray:
    """Return a few large weights, and many small ones."""
    return np.random.default_rng(1).normal(size=d) / (1.0 + np.arange(d))


def curve(scores: np.ndarray) -> np.ndarray:
    """Return a probability of two classes."""
    odds = 1.0 / (1.0 + np.exp(-scores))
    return np.column_stack([1.0 - odds, odds])


def table(d: int, background: int = 2000, **settings: Any) -> Iterator[Explain]:
    """Yield what explains one row of numbers after the other, and what makes a new explainer first."""
    X = np.random.default_rng(0).normal(size=(background, d))
    a = weights(d)
    tabular = ll.Tabular(X)
    settings = {"n_samples": 4096, "seed": 0, **settings}
    made = ll.Explainer(lambda Z: curve(Z @ a), tabular, **settings)
    yield lambda number: ll.Explainer(lambda Z: curve(Z @ a), tabular, **{**settings, "seed": number}).explain(X[0])
    yield lambda number: made.explain(X[number])


def samples(n: int) -> Iterator[Explain]:
    """Perturbed rows of one table of twelve columns."""
    yield from table(12, n_samples=n)


def columns(d: int) -> Iterator[Explain]:
    """Columns of a table."""
    yield from table(d)


def background(n: int) -> Iterator[Explain]:
    """Rows of the background."""
    yield from table(12, background=n)


def classes(k: int) -> Iterator[Explain]:
    """Outputs explained at once."""
    X = np.random.default_rng(0).normal(size=(2000, 12))
    A = np.random.default_rng(1).normal(size=(12, k))

    def predict(Z: np.ndarray) -> np.ndarray:
        odds = np.exp(Z @ A)
        return odds / odds.sum(axis=1, keepdims=True)

    tabular = ll.Tabular(X)
    settings: dict[str, Any] = {"n_samples": 4096, "targets": "all"}
    made = ll.Explainer(predict, tabular, seed=0, **settings)
    yield lambda number: ll.Explainer(predict, tabular, seed=number, **settings).explain(X[0])
    yield lambda number: made.explain(X[number])


def words(d: int) -> Iterator[Explain]:
    """Different words of a text, each a number that the model sums."""
    a = dict(zip((f"w{j}" for j in range(d)), weights(d).tolist(), strict=True))
    text = " ".join(a)

    def predict(texts: Sequence[str]) -> np.ndarray:
        return curve(np.array([sum(map(a.__getitem__, each.split())) for each in texts]))

    yield lambda number: ll.Explainer(predict, ll.Text(), seed=number, n_samples=2048).explain(text)


def superpixels(d: int) -> Iterator[Explain]:
    """Superpixels of an image of 224 × 224, of which the model reads the mean."""
    side = math.ceil(math.sqrt(d))
    image = np.random.default_rng(0).integers(0, 256, (224, 224, 3)).astype(np.uint8)
    edge = np.minimum(np.arange(224) * side // 224, side - 1)
    labels = edge[:, None] * side + edge

    def predict(images: np.ndarray) -> np.ndarray:
        return curve(images[:, ::16, ::16, 0].reshape(len(images), -1).mean(axis=1) / 64 - 2)

    modality = ll.Image(segments=labels)
    yield lambda number: ll.Explainer(predict, modality, seed=number, n_samples=1000).explain(image)


AXES: dict[str, tuple[Callable[[int], Iterator[Explain]], tuple[int, ...], float]] = {
    "samples": (samples, (100, 1000, 10_000, 100_000), 1.0),
    "columns": (columns, (5, 12, 30, 100, 300, 1000, 2000), 2.0),
    "classes": (classes, (2, 10, 30, 100, 300, 1000), 1.0),
    "words": (words, (20, 50, 200, 1000, 2000), 2.0),
    "superpixels": (superpixels, (16, 64, 256, 1024), 2.0),
    "background": (background, (1000, 10_000, 100_000, 1_000_000), 1.0),
}
"""For each axis what explains, the sizes, and the exponent that is allowed."""


def milliseconds(run: Explain, repeats: int) -> float:
    """Return the median of a few runs, after one that is not counted."""
    found = []
    for number in range(repeats + 1):
        began = time.process_time()
        run(number)
        found.append(1e3 * (time.process_time() - began))
    return statistics.median(found[1:])


def flat_memory(rows: int) -> None:
    """Print the peak of the process while a long stream is explained."""
    X = np.random.default_rng(0).normal(size=(2000, 12))
    explainer = ll.Explainer(lambda Z: curve(Z @ weights(12)), ll.Tabular(X), seed=0, n_samples=1024)
    peaks = []
    for number, _ in enumerate(
        explainer.explain_many(np.random.default_rng(i).normal(size=12) for i in range(rows)), 1
    ):
        if number % (rows // 4) == 0:
            peaks.append(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
    print(f"peak memory at each quarter of {rows:,} rows: {', '.join(f'{peak:.0f} MiB' for peak in peaks)}")


def main() -> None:
    """Run everything and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=(*AXES, "memory"), default=[*AXES, "memory"])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--largest", type=float, default=1.0)
    parser.add_argument("--stream", type=int, default=20_000)
    arguments = parser.parse_args()
    if "memory" in arguments.only:  # first, while the process is small
        flat_memory(arguments.stream)
    print(f"{'':<12}{'size':>10}{'first ms':>10}{'slope':>7}{'later ms':>10}{'slope':>7}{'allowed':>9}{'peak MiB':>10}")
    for name in (axis for axis in AXES if axis in arguments.only):
        axis, sizes, allowed = AXES[name]
        before: dict[int, tuple[int, float]] = {}
        for size in (each for each in sizes if each <= arguments.largest * sizes[-1]):
            line = f"{name:<12}{size:>10,}"
            for column, run in enumerate(axis(size)):
                taken = milliseconds(run, arguments.repeats)
                slope = ""
                if column in before:
                    last, then = before[column]
                    slope = f"{math.log(taken / then) / math.log(size / last):.2f}"
                before[column] = size, taken
                line += f"{taken:>10.1f}{slope:>7}"
            line = line.ljust(56)
            peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            print(f"{line}{allowed:>9g}{peak:>10.0f}", flush=True)


if __name__ == "__main__":
    main()
