"""Images beside the `lime` package in one run: CPU time per explanation, CPU time per composite, and memory.

    python benchmarks/image.py [--data FOLDER] [--repeats 5]

A photo (scikit-image's cat, or one of FOLDER/photos) at 224 × 224 and 1,024 × 1,024, 1,000 perturbed images each, on
one thread, and a model that costs nothing (the mean of the image's first row), so that what is measured is overhead.
Both explain by the same superpixels where these are given, and each by its own otherwise.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import resource
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np
from lime.lime_image import LimeImageExplainer
from skimage import data, segmentation, transform

import limelight as ll

SAMPLES = 1000
MANY = 768
"""Superpixels of the large photo."""


def photo(folder: Path | None, side: int) -> np.ndarray:
    if folder is None:
        return (transform.resize(data.chelsea(), (side, side)) * 255).astype(np.uint8)
    from PIL import Image

    return np.asarray(Image.open(folder / "photos" / "cat.jpg").convert("RGB").resize((side, side)))


def model(images: Any) -> np.ndarray:
    """Two outputs that cost next to nothing: only the first row of each image is read."""
    first = np.stack([image[0] for image in images]) if isinstance(images, list) else np.asarray(images)[:, 0]
    mean = first.reshape(len(first), -1).mean(axis=1) / 255
    return np.stack([mean, 1 - mean], axis=1)


def seconds(run: Callable[[], Any], repeats: int) -> float:
    """Median CPU seconds."""
    found = []
    for _ in range(repeats):
        started = time.thread_time()
        run()
        found.append(time.thread_time() - started)
    return statistics.median(found)


def lime_explains(image: np.ndarray, labels: np.ndarray | None, samples: int) -> Callable[[], Any]:
    segment = None if labels is None else (lambda _: labels)

    def run() -> Any:
        with contextlib.redirect_stderr(open(os.devnull, "w")):  # noqa: PTH123
            return LimeImageExplainer(random_state=0).explain_instance(
                image, model, top_labels=1, num_samples=samples, num_features=10, segmentation_fn=segment
            )

    return run


def we_explain(image: np.ndarray, labels: np.ndarray | None, samples: int) -> Callable[[], Any]:
    modality = ll.Image() if labels is None else ll.Image(segments=labels)
    return lambda: ll.Explainer(model, modality, seed=0, n_samples=samples).explain(image)


def line(what: str, lime: float, ours: float, wanted: float, unit: str = "ms") -> None:
    print(f"{what:<58} {lime * 1e3:10.1f} {ours * 1e3:10.2f} {unit:<4} {lime / ours:8.1f}× (wanted {wanted:.0f}×)")


def explanations(folder: Path | None, repeats: int) -> None:
    image = photo(folder, 224)
    for count in (33, 150):
        labels = segmentation.slic(image, n_segments=count, start_label=0)
        d = len(np.unique(labels))
        lime = seconds(lime_explains(image, labels, SAMPLES), max(1, repeats // 2))
        line(
            f"224: {d} superpixels given, {SAMPLES} samples",
            lime,
            seconds(we_explain(image, labels, SAMPLES), repeats),
            12,
        )
    lime = seconds(lime_explains(image, None, SAMPLES), max(1, repeats // 2))
    line("224: default superpixels of each", lime, seconds(we_explain(image, None, SAMPLES), repeats), 6)


def composites(folder: Path | None, repeats: int) -> None:
    image = photo(folder, 1024)
    labels = segmentation.slic(image, n_segments=MANY, start_label=0)
    few, more = 8, 24
    lime = (seconds(lime_explains(image, labels, more), 1) - seconds(lime_explains(image, labels, few), 1)) / (
        more - few
    )
    shown = ll.Image(segments=labels).represent(image, np.random.default_rng(0))
    Z = np.random.default_rng(0).integers(0, 2, (200, len(shown.features))).astype(np.uint8)

    def reconstruct() -> None:
        for start in range(0, len(Z), shown.chunk):
            shown.reconstruct(Z[start : start + shown.chunk], np.random.default_rng(0))

    reconstruct()
    line(
        f"1024: {len(shown.features)} superpixels given, a composite", lime, seconds(reconstruct, repeats) / len(Z), 80
    )


def memory(folder: Path | None) -> None:
    image = photo(folder, 1024)
    labels = segmentation.slic(image, n_segments=MANY, start_label=0)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.thread_time()
    we_explain(image, labels, SAMPLES)()
    spent = time.thread_time() - started
    more = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    print(
        f"1024: {SAMPLES} samples explained in {spent:.1f} CPU s, {more:.0f} MiB more than before (wanted: under 300)"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, default=None, help="folder that holds photos/cat.jpg")
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    memory(arguments.data)  # first, while the process is still small
    print(f"{'CPU medians, one thread':<58} {'lime':>10} {'limelight':>10}")
    explanations(arguments.data, arguments.repeats)
    composites(arguments.data, arguments.repeats)


if __name__ == "__main__":
    main()
