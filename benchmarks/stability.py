"""How stable are the top 5 over 20 seeds, with the defaults, and what did that take? lime at its defaults beside it.

    python benchmarks/stability.py [--data FOLDER] [--seeds 20] [--instances 3]

For each case the mean Jaccard overlap of the top 5 features over all pairs of seeds, averaged over instances, and the
mean number of model rows of one explanation.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import limelight as ll

TOP = 5


def jaccard(runs: Sequence[set[Any]]) -> float:
    """Return the mean overlap |a ∩ b| / |a ∪ b| over all pairs of runs."""
    return float(np.mean([len(a & b) / len(a | b) for a, b in itertools.combinations(runs, 2)]))


def ours(make: Callable[[int], ll.Explainer], instances: Sequence[Any], seeds: int) -> tuple[float, float]:
    """Return mean overlap and mean rows of one explanation; a fresh explainer for every seed and instance."""
    overlaps, rows = [], []
    for instance in instances:
        found = [make(seed).explain(instance) for seed in range(seeds)]
        overlaps.append(jaccard([set(each.selected[0][:TOP].tolist()) for each in found]))
        rows.append(np.mean([each.provenance.cost.model_rows for each in found]))
    return float(np.mean(overlaps)), float(np.mean(rows))


def theirs(explain: Callable[[int, Any], Any], instances: Sequence[Any], seeds: int) -> float:
    """Return the mean overlap of lime's top 5."""
    overlaps = []
    for instance in instances:
        found = [explain(seed, instance) for seed in range(seeds)]
        tops = []
        for each in found:
            (weights,) = each.local_exp.values()
            tops.append({j for j, _ in sorted(weights, key=lambda pair: -abs(pair[1]))[:TOP]})
        overlaps.append(jaccard(tops))
    return float(np.mean(overlaps))


def report(name: str, mine: tuple[float, float], lime: float, lime_rows: int) -> None:
    """Print one line of the table."""
    print(f"{name:34} ours {mine[0]:.3f} at {mine[1]:8.0f} rows    lime {lime:.3f} at {lime_rows} rows", flush=True)


def tables(data: Path, seeds: int, n: int) -> None:
    """Adult with a random forest, breast cancer with a random forest."""
    from lime.lime_tabular import LimeTabularExplainer
    from sklearn.datasets import load_breast_cancer
    from sklearn.ensemble import RandomForestClassifier

    from tabular import USED, load, models

    X, y, categorical, names = load(data)
    cancer = load_breast_cancer()
    forest = RandomForestClassifier(100, random_state=0).fit(cancer.data, cancer.target)
    cases = [
        ("Adult, random forest", X, list(models(X, y, categorical))[1][1], categorical, names, USED),
        ("breast cancer, random forest", cancer.data, forest, [], {}, list(cancer.feature_names)),
    ]
    for name, rows, model, discrete, values, columns in cases:
        tabular = ll.Tabular(rows, categorical=discrete, names=columns)
        instances = rows[:n]
        mine = ours(lambda s, m=model, t=tabular: ll.Explainer(m.predict_proba, t, seed=s), instances, seeds)
        incumbent = LimeTabularExplainer(rows, categorical_features=discrete, categorical_names=values, random_state=0)

        def explain(_: int, x: Any, model: Any = model, incumbent: Any = incumbent) -> Any:
            return incumbent.explain_instance(x, model.predict_proba, num_features=10, top_labels=1)

        report(name, mine, theirs(explain, instances, seeds), 5000)


def texts(data: Path, seeds: int, n: int) -> None:
    """20 newsgroups, atheism against christian: TF-IDF and a random forest, as in the LIME paper."""
    from lime.lime_text import LimeTextExplainer
    from sklearn.ensemble import RandomForestClassifier
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline

    def read(split: str, group: str) -> list[str]:
        path = data / "newsgroups20" / f"{split}.{group}.jsonl"
        return [json.loads(line)["text"] for line in path.read_text(encoding="utf-8").splitlines()]

    groups = ("alt.atheism", "soc.religion.christian")
    train = [(text, label) for label, group in enumerate(groups) for text in read("train", group)]
    model = make_pipeline(TfidfVectorizer(lowercase=False), RandomForestClassifier(100, random_state=0))
    model.fit(*map(list, zip(*train, strict=True)))
    instances = [text for text in read("test", groups[0]) if 60 < len(set(text.split())) < 150][:n]
    mine = ours(lambda s: ll.Explainer(model, ll.Text(), seed=s), instances, seeds)

    def explain(seed: int, x: Any) -> Any:
        return LimeTextExplainer(random_state=seed).explain_instance(x, model.predict_proba, top_labels=1)

    report("newsgroups, random forest", mine, theirs(explain, instances, seeds), 5000)


def photos(data: Path, seeds: int, n: int) -> None:
    """SqueezeNet on the first photos of the folder, the same superpixels for both."""
    import onnxruntime
    from lime.lime_image import LimeImageExplainer
    from PIL import Image

    from limelight.result.layouts import decode_segments

    session = onnxruntime.InferenceSession(str(data / "squeezenet" / "SqueezeNet_fp16.onnx"))

    def network(images: Any) -> Any:
        mean = np.array([104, 117, 123], dtype=np.float32)
        batch = (np.asarray(images, dtype=np.float32)[..., ::-1] - mean).transpose(0, 3, 1, 2).astype(np.float16)
        return np.concatenate([session.run(None, {"data_0": each[None]})[0].reshape(1, -1) for each in batch])

    for path in sorted((data / "photos").glob("*.jpg"))[:n]:
        photo = np.asarray(Image.open(path).convert("RGB").resize((224, 224)))
        labels = decode_segments(ll.Explainer(network, ll.Image(), n_samples=64).explain(photo).layout)
        mine = ours(lambda s: ll.Explainer(network, ll.Image(), seed=s), [photo], seeds)

        def explain(seed: int, x: Any, labels: Any = labels) -> Any:
            incumbent, cut = LimeImageExplainer(random_state=seed), {"segmentation_fn": lambda _: labels}
            return incumbent.explain_instance(x, network, top_labels=1, random_seed=seed, **cut)

        report(f"SqueezeNet, {path.name}", mine, theirs(explain, [photo], min(seeds, 6)), 1000)


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    default = os.environ.get("LIMELIGHT_SHARED_DATA", "../shared/data")
    parser.add_argument("--data", type=Path, default=Path(default))
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--instances", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=["tables", "texts", "photos"])
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    if "tables" in arguments.only:
        tables(arguments.data, arguments.seeds, arguments.instances)
    if "texts" in arguments.only:
        texts(arguments.data, arguments.seeds, arguments.instances)
    if "photos" in arguments.only:
        photos(arguments.data, arguments.seeds, arguments.instances)


if __name__ == "__main__":
    main()
