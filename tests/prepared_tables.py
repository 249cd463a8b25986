"""A table with rare bins, a model of it that counts its rows, and an explainer of both."""

from __future__ import annotations

import numpy as np
import pandas as pd

import limelight as ll
from limelight.rounds.shared import SharedDraws


class Model:
    """A model of a number, a category whose last value is rare, and a flag of 1 in 500; it counts its rows."""

    def __init__(self, slope: float = 0.05, flips: float = 0.0) -> None:
        self.slope, self.rows = slope, 0
        self.flips, self.rng = flips, np.random.default_rng(0)

    def __call__(self, F: pd.DataFrame) -> np.ndarray:
        self.rows += len(F)
        answers = 0.9 * F["flag"] + 0.4 * (F["kind"] == "c") + self.slope * (F["v"] > 0)
        noise = self.rng.random(len(F)) < self.flips if self.flips else 0.0
        return np.asarray(answers + noise, dtype=float)


def table(n: int = 1000) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    flag = np.zeros(n, bool)
    flag[:2] = True
    kind = np.array(["a", "b", "c"])[rng.choice(3, n, p=[0.6, 0.37, 0.03])]
    return pd.DataFrame({"flag": flag, "kind": kind, "v": rng.normal(size=n)})


def explainer(model: Model | None = None, **settings: object) -> ll.Explainer:
    return ll.Explainer(model or Model(), ll.Tabular(table(), max_samples=4096), seed=0, **settings)


def only_pool(prepared: ll.Explainer) -> SharedDraws:
    (pool,) = prepared._context.pools.values()
    return pool
