"""Where an instance's perturbations come from when it has masks of its own; those that tables share are in `shared.py`.

Both kinds of source answer the same questions. What must the model still be asked so that n rows are there (`request`),
what did it say (`receive`), and what are the first n rows (`sample`)? Rounds grow n; nothing is drawn twice.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Draws, FloatArray, Inputs, MaskArray, Masked, SamplingPlan
from limelight.local.sampling import design_weights
from limelight.rounds.asking import Answers, Paid, Request
from limelight.rounds.plugged import check_rebuilt
from limelight.rounds.steadiness import REPEATS, Tally, both, handful, same_answers, sizes
from limelight.rounds.units import Units, as_they_are, find_units
from limelight.seeding import stream

REPEATED_UP_TO = 20
"""Masks of at most this many features repeat often enough for asking each distinct one once to pay (2^20 ≫ any n)."""


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
    order
        As in `contracts.Neighborhood`.
    """

    Z: MaskArray
    Y: FloatArray
    design: FloatArray
    enumerated: NDArray[np.bool_]
    clusters: NDArray[np.int64]
    noise: FloatArray | None
    order: NDArray[np.int64] | None = None


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
    rescale
        Whether answers are kept in units of their own where theirs cannot be squared (`units.py`).

    Attributes
    ----------
    units
        The units in which answers are kept, decided by the first block.
    tally
        All answers to all masks, where a noisy model is asked all of them again and again; else None.
    reason
        Why the first row without an answer has none.
    paid
        What the model said to the beginning of the last request, where that was broken off.
    """

    kind = "masks"
    paired = True

    def __init__(
        self,
        representation: Masked,
        plan: SamplingPlan,
        seed: int,
        repeats: int | None = 1,
        *,
        rescale: bool = True,
    ) -> None:
        self.representation = representation
        self.plan = plan
        self.seed = seed
        self.repeats = repeats
        self.rescale = rescale
        self.units: Units = as_they_are(0)
        self.tally: Tally | None = None
        self.reason = ""
        self.paid: Paid | None = None
        self._draws: list[Draws] = []
        self._answers: list[FloatArray] = []
        self._noise: list[FloatArray | None] = []
        self._rows: NDArray[np.intp] | slice = slice(None)
        self._before: FloatArray | None = None

    @property
    def n(self) -> int:
        """Return how many rows the model has answered, counted each time where all masks are asked repeatedly."""
        if self.tally is not None:
            return self.tally.answers
        return sum(map(len, self._answers))

    @property
    def law(self) -> str:
        """Return by which law the masks are drawn."""
        return self.representation.law

    @property
    def reference(self) -> FloatArray:
        """Return (d,) the z' that an instance is compared with: all hidden."""
        return np.zeros(len(self.representation.features))

    @property
    def wavers(self) -> bool:
        """Return whether the model was found to answer one input in two ways."""
        return (self.repeats or 1) > 1

    @property
    def asks_twice(self) -> bool:
        """Return whether f(x) is asked twice: where it is not known yet whether the model is noisy."""
        return self.repeats is None

    def waver(self) -> None:
        """Take note that it does."""
        self.repeats = REPEATS

    def units_of(self, targets: NDArray[np.int64]) -> Units:
        """Return the units in which answers for the targets are fitted: no others were kept."""
        return self.units

    def missing(self, n: int) -> tuple[int, int, str]:
        """Return how many of the rows of a look at n draws have no answer, how many rows there are, and why not."""
        kept = answered(self.answers)
        return int((~kept).sum()), len(kept), self.reason

    def has(self, n: int) -> bool:
        """Return whether the rows of a look at n draws are there."""
        return self.n >= n

    def request(self, n: int) -> Request:
        """Draw the rows that are missing up to n and return their model inputs, made chunk by chunk.

        Equal masks of the block are asked once, where they give equal inputs and are likely to occur. A few rows of the
        first block are asked twice, where it is not known yet whether the model is noisy.
        """
        if self.tally is not None:
            rounds = -(-(n - self.n) // len(self._draws[0].Z))
            return Request(self._rebuilt(self._draws[0].Z, 0), max(rounds, 1), paid=self.paid)
        # A request that was broken off is drawn again, from the same stream: block and not row numbers it.
        block, start, content = len(self._answers), self.n, self.representation.content
        draws = self.plan.draw(n - start, stream(self.seed, content, "sample", block), first=block == 0)
        self._draws[block:] = [draws]
        Z, self._rows = _distinct(draws.Z) if self._once else (draws.Z, slice(None))
        if self.repeats is None:
            return Request(self._rebuilt(Z, start), 1, handful(len(Z), exhaustive=self._exhaustive), self.paid)
        return Request(self._rebuilt(Z, start), self.repeats - (self._before is not None), paid=self.paid)

    def receive(self, answers: Answers, targets: NDArray[np.int64], *, again: NDArray[np.intp]) -> bool:
        """Keep the answers for the targets; return whether the same rows must be asked once more.

        `again` names the rows that were asked twice. The first block of a noisy model is asked as its later ones will
        be; all masks have been asked often enough by then, and their answers are counted from here on.
        """
        self.paid, self.reason = None, self.reason or answers.reason
        if not self._draws[1:] and self.tally is None:
            if self.rescale:
                self.units = find_units(answers.outputs[:, targets])
            else:
                self.units = as_they_are(len(targets))
        outputs = self.units.told(answers.outputs[:, targets])
        if answers.noise is None:
            noise = None
        else:
            noise = answers.noise[:, targets] / np.square(self.units.scale)  # a variance has the unit squared
        if self.tally is not None:
            self.tally.add_rounds(outputs, noise, answers.asked // len(outputs))
            return False
        if len(again) and self._wavers(answers, again):
            self.waver()
            # drawn masks are asked once more as a block, so that each has as many answers as later ones will have; of
            # complete sets every answer counts as it comes
            if not self._exhaustive:
                self._before = outputs if isinstance(self._rows, slice) else None
                return True
            self.tally = Tally(outputs[self._rows])
            self.tally.add(again, self.units.told(answers.again[:, targets]))
        self.repeats = self.repeats or 1
        if self._before is not None:
            (outputs, noise), self._before = both(self._before, outputs), None
        self._answers.append(outputs[self._rows])
        self._noise.append(None if noise is None else noise[self._rows])
        return False

    @property
    def answers(self) -> FloatArray:
        """Return (n, m) the answers to all masks; NaN where there is none."""
        if self.tally is None:
            return np.concatenate(self._answers)
        return self.tally.mean

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
            Y=self.answers,
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
            # a stream for each chunk, by its first row: what is drawn does not depend on how many are asked at once
            rng = stream(self.seed, content, "reconstruct", start + row)
            masks = Z[row : row + chunk]
            inputs = self.representation.reconstruct(masks, rng)
            check_rebuilt(self.representation, inputs, len(masks))
            yield inputs

    def _wavers(self, answers: Answers, again: NDArray[np.intp]) -> bool:
        """Return whether the model has given two answers to one row, here or, as is known already, to the instance."""
        first = answers.outputs[again]
        return self.repeats is not None or not same_answers(first, answers.again, sizes(answers.outputs))


def answered(Y: FloatArray) -> NDArray[np.bool_]:
    """Return (n,) which rows of answers (n, k) are there.

    >>> answered(np.array([[0.5], [np.nan]])).tolist()
    [True, False]
    """
    return np.asarray(~np.isnan(Y).any(axis=1))


def _distinct(Z: MaskArray) -> tuple[MaskArray, NDArray[np.intp]]:
    """Return the distinct rows of Z, in order of their number in binary, and where each row of Z is among them."""
    numbers = Z.astype(np.int64) @ (1 << np.arange(Z.shape[1], dtype=np.int64))
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    return Z[first], inverse
