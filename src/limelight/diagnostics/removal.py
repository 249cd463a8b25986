"""What it means to remove features, for every kind of data: masked parts are hidden, table columns are redrawn.

Input: masks. Output: model inputs. Where a representation rebuilds inputs from masks, removing is what it does with a
0. Where it reads shared draws (tables), the columns of a removed feature come from a draw of the background, those of a
kept one from the instance, so that E_b f(x_kept, b_removed) is the expectation over draws b.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Encoded, FloatArray, Inputs, Masked, Representation
from limelight.errors import InputError
from limelight.interpretable.tabular.held import plain
from limelight.interpretable.tabular.store import store_beside
from limelight.local.points import points
from limelight.seeding import stream


def removed(representation: Representation, Z: NDArray[np.bool_], draws: int, seed: int) -> Iterator[Inputs]:
    """Yield for each mask of Z (n, d), True where a feature is kept, the model inputs over which to average.

    Tables and parts that are random give `draws` inputs for each mask, the same draws for all masks; deterministic
    ones give one.
    """
    if hasattr(representation, "encode"):
        yield from _redrawn(cast(Encoded, representation), Z, draws, seed)
        return
    masked = cast(Masked, representation)
    times = 1 if masked.deterministic else draws
    for mask in Z:
        # the same stream for each mask: curves compare masks, not draws
        rng = stream(seed, masked.content, "reconstruct")
        yield masked.reconstruct(np.repeat(mask[None].astype(np.uint8), times, axis=0), rng)


def _redrawn(row: Encoded, Z: NDArray[np.bool_], draws: int, seed: int) -> Iterator[Inputs]:
    background = plain(row.background)
    point_seed = int(stream(seed, background.content, "points").integers(2**63))
    _, drawn = background.draw(points("sobol", 0, draws, background.n_coordinates, point_seed))
    compose = _sparse_rows if hasattr(background, "matrix") else _dense_rows
    yield from compose(row, drawn, Z)


def _sparse_rows(row: Any, drawn: Any, Z: NDArray[np.bool_]) -> Iterator[Inputs]:
    values: FloatArray = drawn.tocsc()[:, plain(row.background).at].toarray()
    for mask in Z:
        yield plain(row.background).matrix(np.where(mask, row.values, values))


def _dense_rows(row: Any, drawn: Inputs, Z: NDArray[np.bool_]) -> Iterator[Inputs]:
    """Gather each column from the instance (value 0 of the store) or from the draws (values 1, 2, …)."""
    background = plain(row.background)
    if not hasattr(background, "store"):
        raise InputError(
            f"explainer: expected a table whose features are columns, got a {type(background).__name__}; "
            "removal is not defined for it."
        )
    store = store_beside(row.original, drawn, background.store)
    later = np.arange(1, len(drawn) + 1)
    for mask in Z:
        kept = {j for feature in np.flatnonzero(mask) for j in background.members[feature]}
        yield store.gather([0 * later if j in kept else later for j in range(len(store.labels))], {})
