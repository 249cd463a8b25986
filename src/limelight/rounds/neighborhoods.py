"""Where one instance's neighborhood comes from: masks of its own, or a pool that it shares.

Both sources answer the same questions. What must the model still be asked so that n rows are there (`request`), what
did it say (`receive`), and what are the first n rows (`sample`)? Rounds grow n; nothing is drawn twice.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Background, Draws, Encoded, FloatArray, Inputs, MaskArray, Masked, SamplingPlan
from limelight.local.sampling import PointDesign, are_scrambled, design_weights, points
from limelight.seeding import stream

REPEATED_UP_TO = 20
"""Masks of at most this many features repeat often enough for asking each distinct one once to pay (2^20 ≫ any n)."""
_POOL_CHUNK = 4096


@dataclass(frozen=True, slots=True)
class Sample:
    """Perturbations with the model's answers, before proximity has weighed them.

    Parameters
    ----------
    Z, Y
        (n, d) perturbations and (n, m) answers, all m outputs that were kept.
    design
        (n,) design weights: with them the rows represent the modality's law.
    enumerated, clusters
        As in `contracts.Draws`, over all blocks.
    noise
        (n, m) variance of each answer where rows were asked repeatedly, else None.
    scrambled
        As in `contracts.Neighborhood`.
    """

    Z: MaskArray
    Y: FloatArray
    design: FloatArray
    enumerated: NDArray[np.bool_]
    clusters: NDArray[np.int64]
    noise: FloatArray | None
    scrambled: bool = False


class MaskSource:
    """One instance's own masks, block after block.

    Parameters
    ----------
    representation
        What rebuilds model inputs from masks.
    plan
        How the masks are drawn.
    seed
        The explainer's seed.
    """

    kind = "masks"

    def __init__(self, representation: Masked, plan: SamplingPlan, seed: int) -> None:
        self.representation = representation
        self.plan = plan
        self.seed = seed
        self._draws: list[Draws] = []
        self._answers: list[FloatArray] = []
        self._noise: list[FloatArray | None] = []
        self._rows: NDArray[np.intp] | slice = slice(None)

    @property
    def n(self) -> int:
        """Return how many rows the model has answered."""
        return sum(map(len, self._answers))

    def request(self, n: int, *, once: bool) -> Iterator[Inputs]:
        """Draw the rows that are missing up to n and yield their model inputs, chunk by chunk.

        `once` asks equal masks of the block once, where they give equal inputs and are likely to occur.
        """
        once = once and self.representation.deterministic and len(self.representation.features) <= REPEATED_UP_TO
        block, start, content = len(self._answers), self.n, self.representation.content
        draws = self.plan.draw(n - start, stream(self.seed, content, "sample", block), first=block == 0)
        self._draws[block:] = [draws]
        Z, self._rows = _distinct(draws.Z) if once else (draws.Z, slice(None))
        chunk = self.representation.chunk
        for row in range(0, len(Z), chunk):
            rng = stream(self.seed, content, "reconstruct", start + row)
            yield self.representation.reconstruct(Z[row : row + chunk], rng)

    def receive(self, answers: FloatArray, noise: FloatArray | None) -> None:
        """Keep the answers (rows, m) to the last request, and their variances where asked repeatedly."""
        self._answers.append(answers[self._rows])
        self._noise.append(None if noise is None else noise[self._rows])

    def sample(self, n: int, targets: NDArray[np.int64]) -> Sample:
        """Return all rows so far; only the answers for the targets were kept."""
        draws = self._draws
        sizes = [int(block.clusters.max(initial=-1)) + 1 for block in draws]
        offsets = itertools.accumulate(sizes, initial=0)
        enumerated = np.concatenate([block.enumerated for block in draws])
        noise = [block for block in self._noise if block is not None]
        return Sample(
            Z=np.concatenate([block.Z for block in draws]),
            Y=np.concatenate(self._answers),
            design=design_weights(np.concatenate([block.importance for block in draws]), enumerated),
            enumerated=enumerated,
            clusters=np.concatenate([block.clusters + start for block, start in zip(draws, offsets, strict=False)]),
            noise=np.concatenate(noise) if noise else None,
        )


class Pool:
    """Draws of one background with the model's answers, growing at the end only; shared by all who encode them.

    Where perturbed rows do not depend on the instance (tables), only their encoding z' = [same bin as mine] does. One
    row, many rows and the next call all read prefixes of the same sequence, so that no explanation depends on what
    else is explained.

    Parameters
    ----------
    background
        The law that is drawn from.
    seed
        The explainer's seed.
    design
        ``"sobol"``, ``"lhs"`` or ``"plain"``, see `local.sampling.points`.
    content
        What keys the sequence of points: the background's, and the instance's where it shall have one of its own.
    """

    def __init__(self, background: Background, seed: int, design: PointDesign, content: bytes) -> None:
        self.background = background
        self.design = design
        self.controls: dict[Any, Any] = {}
        self._point_seed = int(stream(seed, content, "points").integers(2**63))
        self._U: list[FloatArray] = []
        self._codes: list[NDArray[Any]] = []
        self._asked = 0
        self.U: FloatArray = np.empty((0, background.n_coordinates))
        self.codes: NDArray[Any] = np.empty((0, background.n_coordinates))
        self.Y: FloatArray = np.empty((0, 0))

    @property
    def n(self) -> int:
        """Return how many rows the model has answered."""
        return len(self.Y)

    def request(self, n: int) -> Iterator[Inputs]:
        """Draw the rows that are missing up to n and yield their model inputs, chunk by chunk; they are not kept."""
        self._U, self._codes = [self.U], [self.codes] if self.n else []
        for start in range(self.n, n, _POOL_CHUNK):
            U = points(self.design, start, min(start + _POOL_CHUNK, n), self.background.n_coordinates, self._point_seed)
            codes, inputs = self.background.draw(U)
            self._U.append(U)
            self._codes.append(codes)
            yield inputs

    def receive(self, answers: FloatArray) -> None:
        """Keep the answers (rows, m) to the last request."""
        # One contiguous column per coordinate: every instance compares and weighs the codes column by column.
        self.U, self.codes = np.concatenate(self._U), np.asfortranarray(np.concatenate(self._codes))
        self.Y = np.concatenate([self.Y, answers]) if self.n else answers


class PoolSource:
    """One instance's view of a pool: the same draws as everybody's, encoded as its own z'.

    Parameters
    ----------
    representation
        What encodes draws.
    pool
        Draws with their answers.
    shared
        Whether other instances read them too; not where rows are drawn around this one, or its values are held.
    """

    def __init__(self, representation: Encoded, pool: Pool, *, shared: bool = True) -> None:
        self.representation = representation
        self.pool = pool
        self.shared = shared

    @property
    def kind(self) -> str:
        """Return how much the instance brings to a round: hundreds of rows of its own, or none."""
        return "pool" if self.shared else "masks"

    @property
    def n(self) -> int:
        """Return how many rows the model has answered."""
        return self.pool.n

    def sample(self, n: int, targets: NDArray[np.int64]) -> Sample:
        """Return the first n rows of the pool, encoded, with the answers for the targets."""
        design, enumerated, clusters = _independent(n)
        Z = self.representation.encode(self.pool.codes[:n])
        scrambled = are_scrambled(self.pool.design, self.pool.background.n_coordinates)
        return Sample(Z, self.pool.Y[:n, targets], design, enumerated, clusters, None, scrambled)


@lru_cache(maxsize=16)
def _independent(n: int) -> tuple[FloatArray, NDArray[np.bool_], NDArray[np.int64]]:
    """Return design weights, enumerated and clusters of n independent draws; one copy serves all instances."""
    return np.broadcast_to(1.0 / n, n), np.broadcast_to(False, n), np.arange(n)


def _distinct(Z: MaskArray) -> tuple[MaskArray, NDArray[np.intp]]:
    """Return the distinct rows of Z, in order of their number in binary, and where each row of Z is among them."""
    numbers = Z.astype(np.int64) @ (1 << np.arange(Z.shape[1], dtype=np.int64))
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    return Z[first], inverse
