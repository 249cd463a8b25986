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
from limelight.models.columns import Seen, widened
from limelight.rounds.asking import Answers, Request
from limelight.rounds.steadiness import REPEATS, Tally, both, handful, same_answers, sizes
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
    repeats
        How often each row is asked; None until the first block has shown whether the model is noisy.

    Attributes
    ----------
    tally
        All answers to all masks, where a noisy model is asked all of them again and again; else None.
    """

    kind = "masks"

    def __init__(self, representation: Masked, plan: SamplingPlan, seed: int, repeats: int | None = 1) -> None:
        self.representation = representation
        self.plan = plan
        self.seed = seed
        self.repeats = repeats
        self.tally: Tally | None = None
        self._draws: list[Draws] = []
        self._answers: list[FloatArray] = []
        self._noise: list[FloatArray | None] = []
        self._rows: NDArray[np.intp] | slice = slice(None)
        self._before: FloatArray | None = None

    @property
    def n(self) -> int:
        """Return how many rows the model has answered, counted each time where all masks are asked repeatedly."""
        return self.tally.answers if self.tally is not None else sum(map(len, self._answers))

    def request(self, n: int) -> Request:
        """Draw the rows that are missing up to n and return their model inputs, made chunk by chunk.

        Equal masks of the block are asked once, where they give equal inputs and are likely to occur. A few rows of the
        first block are asked twice, where it is not known yet whether the model is noisy.
        """
        if self.tally is not None:
            rounds = -(-(n - self.n) // len(self._draws[0].Z))
            return Request(self._rebuilt(self._draws[0].Z, 0), max(rounds, 1))
        block, start, content = len(self._answers), self.n, self.representation.content
        draws = self.plan.draw(n - start, stream(self.seed, content, "sample", block), first=block == 0)
        self._draws[block:] = [draws]
        Z, self._rows = _distinct(draws.Z) if self._once else (draws.Z, slice(None))
        if self.repeats is None:
            return Request(self._rebuilt(Z, start), 1, handful(len(Z), exhaustive=self._exhaustive))
        return Request(self._rebuilt(Z, start), self.repeats if self._before is None else self.repeats - 1)

    def receive(self, answers: Answers, targets: NDArray[np.int64], *, again: NDArray[np.intp]) -> bool:
        """Keep the answers for the targets; return whether the same rows must be asked once more.

        `again` names the rows that were asked twice. The first block of a noisy model is asked as its later ones will
        be; all masks have been asked often enough by then, and their answers are counted from here on.
        """
        outputs = answers.outputs[:, targets]
        noise = None if answers.noise is None else answers.noise[:, targets]
        if self.tally is not None:
            self.tally.add_rounds(outputs, noise, answers.asked // len(outputs))
            return False
        if len(again) and self._wavers(answers, again):
            self.repeats = REPEATS
            if not self._exhaustive:
                self._before = outputs if isinstance(self._rows, slice) else None
                return True
            self.tally = Tally(outputs[self._rows])
            self.tally.add(again, answers.again[:, targets])
        self.repeats = self.repeats or 1
        if self._before is not None:
            (outputs, noise), self._before = both(self._before, outputs), None
        self._answers.append(outputs[self._rows])
        self._noise.append(None if noise is None else noise[self._rows])
        return False

    def sample(self, n: int, targets: NDArray[np.int64]) -> Sample:
        """Return all rows so far; only the answers for the targets were kept."""
        draws = self._draws
        numbered = [int(block.clusters.max(initial=-1)) + 1 for block in draws]
        offsets = itertools.accumulate(numbered, initial=0)
        enumerated = np.concatenate([block.enumerated for block in draws])
        noise = [block for block in self._noise if block is not None]
        counted = self.tally
        return Sample(
            Z=np.concatenate([block.Z for block in draws]),
            Y=np.concatenate(self._answers) if counted is None else counted.mean,
            design=design_weights(np.concatenate([block.importance for block in draws]), enumerated),
            enumerated=enumerated,
            clusters=np.concatenate([block.clusters + start for block, start in zip(draws, offsets, strict=False)]),
            noise=counted.noise if counted is not None else np.concatenate(noise) if noise else None,
        )

    @property
    def _exhaustive(self) -> bool:
        return self.plan.exhaustive_rows is not None and len(self.representation.features) > 0

    @property
    def _once(self) -> bool:
        """Return whether equal masks of the next block are asked once; all masks have no equals."""
        few = len(self.representation.features) <= REPEATED_UP_TO and not self._exhaustive
        return few and self.repeats in (None, 1) and self.representation.deterministic

    def _rebuilt(self, Z: MaskArray, start: int) -> Iterator[Inputs]:
        chunk, content = self.representation.chunk, self.representation.content
        for row in range(0, len(Z), chunk):
            rng = stream(self.seed, content, "reconstruct", start + row)
            yield self.representation.reconstruct(Z[row : row + chunk], rng)

    def _wavers(self, answers: Answers, again: NDArray[np.intp]) -> bool:
        """Return whether the model has given two answers to one row, here or, as is known already, to the instance."""
        first = answers.outputs[again]
        return self.repeats is not None or not same_answers(first, answers.again, sizes(answers.outputs))


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
    repeats
        How often each row is asked; None until the first block has shown whether the model is noisy.
    """

    def __init__(
        self, background: Background, seed: int, design: PointDesign, content: bytes, repeats: int | None = 1
    ) -> None:
        self.background = background
        self.design = design
        self.content = content
        self.repeats = repeats
        self.controls: dict[Any, Any] = {}
        self._seen: dict[int, Seen] = {}
        self._point_seed = int(stream(seed, content, "points").integers(2**63))
        self._U: list[FloatArray] = []
        self._codes: list[NDArray[Any]] = []
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
        self.widen(answers.shape[1])
        self.Y = np.concatenate([self.Y, answers]) if self.n else answers

    def seen(self, n: int) -> Seen:
        """Return what is true of the answers to the first n rows, whatever was asked beyond them for others."""
        if n not in self._seen:
            self._seen[n] = Seen()
            self._seen[n].add(self.Y[:n])
        return self._seen[n]

    def widen(self, k: int) -> None:
        """Give the rows so far a column for each of k outputs: labels that were met later were none of theirs."""
        self.Y = widened(self.Y, k)

    def canary(self) -> tuple[Inputs, FloatArray]:
        """Return the model input of the first row and (k,) what the model said to it, to ask whether it still does."""
        return self.background.draw(self.U[:1])[1], self.Y[0]


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
