"""`ll.Conditional`: do its intervals hold, do its rows occur, what do they cost? Beside `Tabular(contrast="value")`.

    python benchmarks/conditional.py [--data FOLDER] [--seeds 100] [--json OUT]

Coverage is of each weight of a row over seeds, against the mean of 12 explanations of 8,192 rows. How well drawn rows
can be told from real ones is the AUC of a forest on rows that it was not fitted to, .5 where they cannot. Time is CPU
for one row, the model included.
"""

from __future__ import annotations

import argparse
import json
import os
import time
import warnings
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np
import pandas as pd
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.preprocessing import OrdinalEncoder

import limelight as ll

ROWS = 4


def made_up() -> tuple[pd.DataFrame, Any]:
    """Return six columns of which two pairs move together, and a model that adds and multiplies."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(4000, 3))
    columns = {"a": x[:, 0], "a2": x[:, 0] + 0.2 * rng.normal(size=4000), "b": x[:, 1], "c": x[:, 2]}
    columns["b2"] = np.where(columns["b"] + 0.5 * rng.normal(size=4000) > 0, "high", "low")
    frame = pd.DataFrame(columns)
    return frame, lambda F: (F.a + 0.5 * F.a2 * F.b + (F.b2 == "high") * 1.0).to_numpy()


def adult(folder: Path) -> tuple[pd.DataFrame, Any] | None:
    """Return Adult and boosted trees; None where it is not there."""
    path = folder / "adult" / "adult.csv"
    if not path.exists():
        return None
    frame = pd.read_csv(path, header=None, skipinitialspace=True)
    y = frame.pop(14) == ">50K"
    frame = frame.drop(columns=[2, 3]).rename(columns=lambda j: f"c{j}")
    words = [name for name in frame if not pd.api.types.is_numeric_dtype(frame[name])]
    coder = OrdinalEncoder().fit(frame[words])

    def coded(F: pd.DataFrame) -> np.ndarray:
        return F.assign(**dict(zip(words, coder.transform(F[words]).T, strict=True))).to_numpy(dtype=float)

    trees = HistGradientBoostingClassifier(random_state=0).fit(coded(frame), y)
    return frame, lambda F: trees.predict_proba(coded(F))[:, 1]


def weights(modality: Any, model: Any, rows: pd.DataFrame, seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Return weights and standard errors (rows, columns)."""
    found = ll.Explainer(model, modality, seed=seed, n_samples=n, max_features=None).explain_all(rows)
    return np.array([each.coef[0] for each in found]), np.array([each.stderr[0] for each in found])


def coverage(modality: Any, model: Any, rows: pd.DataFrame, seeds: int, n: int) -> dict[str, float]:
    """Return the least and mean coverage of the cells."""
    dense = np.array([weights(modality, model, rows, 1000 + seed, 8192)[0] for seed in range(12)])
    truth, error = dense.mean(axis=0), dense.std(axis=0, ddof=1) / np.sqrt(len(dense))
    runs = [weights(modality, model, rows, seed, n) for seed in range(seeds)]
    inside = [np.abs(coef - truth) <= 1.96 * np.hypot(stderr, error) for coef, stderr in runs]
    cover = np.mean(inside, axis=0)
    return {"least": float(cover.min()), "low": float(np.quantile(cover, 0.05)), "mean": float(cover.mean())}


def told_apart(frame: pd.DataFrame, drawn: pd.DataFrame) -> float:
    """Return how well a forest tells drawn rows from real ones."""
    real = frame.sample(len(drawn), random_state=1, replace=len(frame) < len(drawn))
    both = pd.concat([real, drawn], ignore_index=True)
    words = [name for name in both if not pd.api.types.is_numeric_dtype(both[name])]
    both[words] = OrdinalEncoder().fit_transform(both[words].astype(str))
    y = np.repeat([0, 1], len(drawn))
    held = np.random.default_rng(0).random(len(y)) < 0.5
    forest = RandomForestClassifier(200, min_samples_leaf=5, random_state=0).fit(both[~held], y[~held])
    return float(roc_auc_score(y[held], forest.predict_proba(both[held])[:, 1]))


def drawn_rows(modality: Any, rows: pd.DataFrame, each: int) -> pd.DataFrame:
    """Return perturbed rows of some instances."""
    found = []
    for i in range(len(rows)):
        row = modality.represent(rows.iloc[i])
        rng = np.random.default_rng(i)
        if hasattr(row, "reconstruct"):
            found.append(row.reconstruct(rng.integers(0, 2, (each, len(row.features))), rng))
        else:
            found.append(row.background.draw(rng.random((each, len(row.features))))[1])
    return pd.concat(found, ignore_index=True)


def main() -> None:
    """Print the figures."""
    ask = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ask.add_argument("--data", type=Path, default=Path("../shared/data"))
    ask.add_argument("--seeds", type=int, default=100)
    ask.add_argument("--json", type=Path)
    said = ask.parse_args()
    warnings.simplefilter("ignore")
    problems = {"made up": made_up(), "adult": adult(said.data)}
    figures: dict[str, Any] = {}
    for name, problem in problems.items():
        if problem is None:
            continue
        frame, model = problem
        rows = frame.sample(ROWS, random_state=5)
        found: dict[str, Any] = {"seeds": said.seeds}
        for law, modality in (
            ("conditional", ll.Conditional(frame)),
            ("independent", ll.Tabular(frame, contrast="value")),
        ):
            started = time.process_time()
            weights(modality, model, rows, 0, 2048)
            found[law] = {
                "ms": 250 * (time.process_time() - started),
                "auc": told_apart(frame, drawn_rows(modality, frame.sample(40, random_state=2), 50)),
            }
            if law == "conditional":
                found[law]["coverage"] = {n: coverage(modality, model, rows, said.seeds, n) for n in (512, 2048)}
        figures[name] = found
        print(name, json.dumps(found), flush=True)
        if said.json:
            said.json.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
