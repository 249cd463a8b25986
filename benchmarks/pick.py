"""Submodular pick over many explanations: time, and how much memory it adds, from a list, a stream and a file.

    python benchmarks/pick.py [--explanations 100000] [--features 10] [--words 20000] [--budget 10]

Each case runs in a process of its own: "added" is its peak memory less its memory before the pick (for the list, the
explanations themselves are there before). CPU seconds, one thread. Beside it: the naive greedy of the `lime` package,
which computes every gain anew on a dense matrix, here on as many explanations as it does in reasonable time.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import limelight as ll
from limelight.contracts import Feature, Where
from limelight.result.explanation import Cost, Explanation, Provenance

MIB = 1024


def drawn(n: int, features: int, words: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yield (words, weights) of n documents: word frequencies fall as 1 / rank, as in a language."""
    rng = np.random.default_rng(0)
    chances = 1 / np.arange(1, words + 1)
    bounds = np.cumsum(chances / chances.sum())
    for _ in range(n):
        chosen = np.unique(np.searchsorted(bounds, rng.random(4 * features)))
        yield rng.permutation(chosen)[:features], rng.normal(size=features)


def explanations(n: int, features: int, words: int) -> Iterator[Explanation]:
    """Yield n explanations as the pipeline makes them: arrays of their own, settings shared."""
    shared: dict[str, Any] = {"n_samples": 1000, "seed": 0}
    for chosen, normal in drawn(n, features, words):
        weights = normal[: len(chosen)]
        d = len(chosen)
        cost = Cost(1000, 4, 0.01)
        yield Explanation(
            features=tuple([Feature(f"word{j}", Where("word", f"word{j}", ((0, 4),))) for j in chosen.tolist()]),
            targets=("spam",),
            coef=weights[None].copy(),
            stderr=np.full((1, d), 0.1),
            intercept=np.zeros(1),
            prediction=np.ones(1),
            local_prediction=np.ones(1),
            fidelity=np.ones(1),
            fidelity_stderr=np.zeros(1),
            r2=np.ones(1),
            selected=(np.argsort(-np.abs(weights)),),
            covariance=(np.eye(d) * 0.01,),
            outputs=(("spam", 1.0),),
            layout={"kind": "bars"},
            provenance=Provenance(
                0, 1000, 400.0, "fixed", 1000, "least squares", 0.25, False, (), shared, shared, shared, cost
            ),
        )


def resident() -> float:
    """Return the memory of this process now, in MiB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / MIB / MIB


def case(kind: str, path: Path, options: argparse.Namespace) -> None:
    """Run one case and print its line."""
    size = (options.explanations, options.features, options.words)
    import scipy.sparse  # noqa: F401  (its import is neither time nor memory of the pick)

    many: Any = path if kind.endswith("file") else explanations(*size)
    if kind.startswith("list"):
        many = list(many)
    before, started = resident(), time.thread_time()
    if kind.startswith("importance"):
        ll.feature_importance(many)
        said = ""
    else:
        pick = ll.submodular_pick(many, options.budget)
        said = f"covers {pick.coverage[-1]:.1%} of {len(pick.importances):,} features"
    seconds = time.thread_time() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / MIB
    print(f"  {kind:16} {seconds:7.2f} s   added {peak - before:6.0f} MiB   peak {peak:6.0f} MiB   {said}", flush=True)


def making(options: argparse.Namespace) -> None:
    """Print what making the stream takes by itself, which the case "stream" includes."""
    started = time.thread_time()
    for _ in explanations(options.explanations, options.features, options.words):
        pass
    print(f"  making the stream itself: {time.thread_time() - started:.2f} s", flush=True)


def beside_lime(options: argparse.Namespace) -> None:
    """Print the time of lime's pick and of ours, on the same few explanations."""
    from lime.submodular_pick import SubmodularPick

    few = list(explanations(options.few, options.features, options.words))
    theirs = [SimpleNamespace(mode="regression", as_list=lambda label, e=e: e.as_list()) for e in few]
    explainer = SimpleNamespace(explain_instance=lambda i, *_, **__: theirs[i])
    started = time.thread_time()
    picked = SubmodularPick(explainer, range(len(few)), None, method="full", num_exps_desired=options.budget).V
    lime_seconds = time.thread_time() - started
    started = time.thread_time()
    ours = ll.submodular_pick(few, options.budget).indices
    seconds = time.thread_time() - started
    same = "the same" if sorted(picked) == sorted(ours) else "not the same"
    print(f"  {len(few):,} explanations: lime {lime_seconds:.2f} s, ours {seconds:.3f} s, {same} explanations")


def main() -> None:
    """Run every case in a process of its own."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--explanations", type=int, default=100_000)
    parser.add_argument("--features", type=int, default=10)
    parser.add_argument("--words", type=int, default=20_000)
    parser.add_argument("--budget", type=int, default=10)
    parser.add_argument("--few", type=int, default=300, help="explanations of the case beside lime")
    parser.add_argument("--case", help=argparse.SUPPRESS)
    parser.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.case:
        case(options.case, options.file, options)
        return
    print(f"pick {options.budget} of {options.explanations:,} explanations of {options.features} features")
    making(options)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "many.jsonl"
        with path.open("w", encoding="utf-8") as file:
            for each in explanations(options.explanations, options.features, options.words):
                file.write(each.to_json() + "\n")
        print(f"  the file: {path.stat().st_size / MIB / MIB:.0f} MiB", flush=True)
        for kind in ("stream", "list", "file", "importance file"):
            command = [sys.executable, __file__, *sys.argv[1:], "--case", kind, "--file", str(path)]
            subprocess.run(command, check=True)
    beside_lime(options)


if __name__ == "__main__":
    main()
