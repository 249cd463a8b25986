"""A made-up table of normal columns, its shared draws, and the enumeration of all that its columns can be."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtri

from limelight.control.second_model import TableControl
from limelight.control.tables import TableDesign
from limelight.local.points import points
from shared_draws import design_of

UNEQUAL = (np.array([0.25, 0.25, 0.5]), np.array([0.7, 0.3]), np.array([0.1, 0.2, 0.3, 0.4]))
QUARTERS = (np.full(4, 0.25),) * 4


def shared(
    n: int, seed: int, probabilities: Sequence[np.ndarray] = QUARTERS, *, design: str = "sobol"
) -> tuple[np.ndarray, np.ndarray]:
    """Points (n, c) and the bins (n, c) that they fall into."""
    U = points(design, 0, n, len(probabilities), seed)
    codes = [np.searchsorted(np.cumsum(p)[:-1], u, side="right") for p, u in zip(probabilities, U.T, strict=True)]
    return U, np.column_stack(codes).astype(np.int64)


def normal_columns(U: np.ndarray) -> np.ndarray:
    """The numbers that the points stand for."""
    return ndtri(U)


def design(U: np.ndarray, codes: np.ndarray, probabilities: Sequence[np.ndarray] = QUARTERS) -> TableDesign:
    """The additive function's columns of normal columns."""
    found = design_of(codes, U, probabilities, ndtri)
    assert found is not None
    return found


def control(
    U: np.ndarray, codes: np.ndarray, y: np.ndarray, probabilities: Sequence[np.ndarray] = QUARTERS
) -> TableControl:
    """The second model of one output."""
    found = design(U, codes, probabilities).control(y)
    assert found is not None
    return found


def cells_of(probabilities: Sequence[np.ndarray]) -> np.ndarray:
    """All combinations of bins (m, c)."""
    return (
        np.array(np.meshgrid(*[range(len(p)) for p in probabilities], indexing="ij")).reshape(len(probabilities), -1).T
    )
