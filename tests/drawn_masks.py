"""Neighborhoods of masks, and what is known of them exactly: what tests of controls begin with."""

from __future__ import annotations

from math import comb

import numpy as np

from limelight.contracts import Neighborhood
from limelight.local.estimate import Estimate
from limelight.local.precision import estimate_plain
from limelight.local.sampling import MaskSampler, all_masks, design_weights


def curved(Z: np.ndarray) -> np.ndarray:
    """A probability with two interactions; known for every mask."""
    slopes = np.linspace(-1.5, 2.5, Z.shape[1])
    return 1 / (1 + np.exp(1 - Z @ slopes + 2.0 * Z[:, 0] * Z[:, 2] - 1.5 * Z[:, 1] * Z[:, 3]))


def drawn(f, law: str, d: int, n: int, seed: int, design: str = "pairs") -> Neighborhood:
    draws = MaskSampler(law, design).plan(d, n, exhaustive_up_to=0).draw(n, np.random.default_rng(seed), first=True)
    weights = design_weights(draws.importance, draws.enumerated)
    Y = np.asarray(f(draws.Z), float).reshape(len(draws.Z), -1)
    return Neighborhood(draws.Z, Y, weights, np.ones(d), draws.enumerated, draws.clusters)


def exact(f, q: np.ndarray) -> Estimate:
    d = len(q) - 1
    Z = all_masks(d)
    weights = np.array([q[s] / comb(d, int(s)) for s in Z.sum(axis=1)])
    return estimate_plain(Neighborhood(Z, f(Z)[:, None], weights, np.ones(d), np.ones(len(Z), bool), np.arange(len(Z))))
