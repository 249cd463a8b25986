"""Do the intervals of rows with words and columns hold, weight by weight?

    python benchmarks/composite.py [--seeds 200] [--json OUT]

Rows of a text of 40 words beside five columns (numbers, a category, a flag, one that does nothing), explained by
`Composite` at 500 and 2,048 perturbations. Three models: one that adds up words and columns, whose weights are known by
hand; a logistic of the same; and one in which a word counts only where a column is high. The truth of the last two is
the mean of sixteen explanations of 16,384 perturbations. Each cell is one weight: how often its 95 % interval holds the
truth over the seeds, and how large its mean error is against the spread of its estimates.
"""

from __future__ import annotations

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy as np

import limelight as ll

WORDS = [f"w{i:02d}" for i in range(40)]
TEXT = " ".join(WORDS)
SIZES = np.concatenate([[3.0, -2.0, 1.5, -1.0, 0.5], np.zeros(15), np.full(10, 0.2), np.zeros(10)])
"""What each word does."""
BACKGROUND = [
    {
        "text": "",
        "age": 20 + i,
        "income": 10.0 * i,
        "city": "Oslo" if i % 3 else "Rome",
        "member": i % 4 == 0,
        "idle": i % 7,
    }
    for i in range(41)
]
ROW = {"text": TEXT, "age": 58, "income": 390.0, "city": "Rome", "member": True, "idle": 6}
COLUMNS = {"age": 0.05 * (58 - 40), "income": 0.004 * (390 - 200), "city": 0.8, "member": -0.6, "idle": 0.0}
"""What each column does in the first model: the row's value against the typical one (40, 200, Oslo, no, 3)."""


def scores(rows: list[dict[str, Any]]) -> np.ndarray:
    """A model that adds up words and columns."""
    there = np.array([[word in row["text"] for word in WORDS] for row in rows], dtype=float)
    beside = [
        0.05 * row["age"] + 0.004 * row["income"] + 0.8 * (row["city"] == "Rome") - 0.6 * row["member"] for row in rows
    ]
    return there @ SIZES + np.array(beside)


def logistic(rows: list[dict[str, Any]]) -> np.ndarray:
    """Its logistic."""
    return 1 / (1 + np.exp(-(scores(rows) - 5.0)))


def together(rows: list[dict[str, Any]]) -> np.ndarray:
    """A word that counts only where somebody is older than 50."""
    extra = [3.0 * ("w00" in row["text"] and row["age"] > 50) for row in rows]
    return scores(rows) + np.array(extra)


def weights_of(model: Callable[..., np.ndarray], seed: int, n: int) -> ll.Explanation:
    """Explain the row once."""
    composite = ll.Composite(BACKGROUND, {"text": ll.Text()}, max_samples=n)
    return ll.Explainer(model, composite, seed=seed, n_samples=n, max_features=None).explain(ROW)


def truth_of(name: str, model: Callable[..., np.ndarray]) -> dict[str, float]:
    """Return the weight of each feature, by the key of its place."""
    if name == "adds up":
        return {**{f"text: {word}": float(size) for word, size in zip(WORDS, SIZES, strict=True)}, **COLUMNS}
    many = [weights_of(model, 10_000 + i, 16_384) for i in range(16)]
    mean = np.mean([each.coef[0] for each in many], axis=0)
    return dict(zip(keys(many[0]), mean.tolist(), strict=True))


def keys(explanation: ll.Explanation) -> list[str]:
    """Return a name for each feature: its column, or its word."""
    return [str(each.where.key) if each.where.kind == "column" else each.name for each in explanation.features]


def cells(model: Callable[..., np.ndarray], truth: dict[str, float], n: int, seeds: int) -> dict[str, dict[str, float]]:
    """Return coverage and bias of each weight."""
    found = [weights_of(model, seed, n) for seed in range(seeds)]
    names = keys(found[0])
    true = np.array([truth[name] for name in names])
    coef = np.array([each.coef[0] for each in found])
    bounds = np.array([each.interval()[0] for each in found])
    slack = 1e-9 * np.abs(true).max()
    inside = (bounds[..., 0] - slack <= true) & (true <= bounds[..., 1] + slack)
    spread = np.maximum(coef.std(axis=0, ddof=1), 1e-12)
    return {
        name: {"coverage": float(inside[:, j].mean()), "bias_sd": float((coef[:, j].mean() - true[j]) / spread[j])}
        for j, name in enumerate(names)
    }


def main() -> None:
    """Measure all cells, and print the worst."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    figures: dict[str, Any] = {}
    for name, model in (("adds up", scores), ("logistic", logistic), ("together", together)):
        truth = truth_of(name, model)
        for n in (500, 2048):
            found = cells(model, truth, n, arguments.seeds)
            covered = np.array([each["coverage"] for each in found.values()])
            columns = np.array([found[column]["coverage"] for column in COLUMNS])
            figures[f"{name}, {n}"] = found
            print(
                f"{name}, {n:,} rows: coverage of {len(covered)} weights {covered.mean():.3f}, least "
                f"{covered.min():.3f} ({list(found)[int(covered.argmin())]}); columns {columns.mean():.3f}, least "
                f"{columns.min():.3f}; "
                f"cells from .90 to .99: {((covered >= 0.9) & (covered <= 0.99)).mean():.0%}",
                flush=True,
            )
    if arguments.json:
        arguments.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
