"""What `module:object` finds in the tests of the command line: a model and a kernel."""

from __future__ import annotations

from typing import Any

import numpy as np


def long_petals(frame: Any) -> Any:
    """P(a petal is long): a callable that takes a frame and needs no training."""
    return 1 / (1 + np.exp(-4 * (np.asarray(frame["petal length (cm)"], dtype=float) - 4)))


def broken(frame: Any) -> Any:
    raise RuntimeError("the model is out of order\nand says so on two lines")


def flat(distances: Any, width: float) -> Any:
    """A kernel that weighs all perturbations alike."""
    return np.ones_like(distances)


def doubled(frame: Any) -> Any:
    """A step of a pipeline that skops does not know."""
    return frame * 2


number = 3
