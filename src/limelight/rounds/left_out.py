"""Rows that the model does not answer: taken out of a sample, so that the estimate is right for what is left.

Input: the sample of one instance, NaN where a row has no answer. Output: the sample without these rows, and how much of
the neighborhood went with them. The law that is left is LIME's, restricted to the inputs that the model answers: the
weights of the other rows stay as they are, and so do the errors. What a second model knows of LIME's whole law
(`control/`) does not hold for it, unless next to nothing has been left out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from limelight.errors import ModelOutputError
from limelight.rounds.encoded import SharedSource
from limelight.rounds.neighborhoods import MaskSource, Sample

NEXT_TO_NOTHING = 1e-4
"""Share of the neighborhood's weight that may be missing while second models are still believed. A weight moves by no
more than some two times that share of the answers' range; the usual tolerance is a hundred times larger."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """What is missing from a neighborhood.

    Parameters
    ----------
    rows
        How many perturbations.
    of
        Of how many.
    share
        Their part of all weights.
    reason
        Why the first of them has no answer.
    """

    rows: int = 0
    of: int = 0
    share: float = 0.0
    reason: str = ""

    @property
    def matters(self) -> bool:
        """Return whether the law that is left differs from LIME's."""
        return self.share > NEXT_TO_NOTHING

    @property
    def sentence(self) -> str:
        """Return what a reader must know; empty where nothing is missing.

        >>> LeftOut(1, 256, 0.001, "ValueError: empty vocabulary").sentence
        'the model has no answer to 1 of 256 perturbations (ValueError: empty vocabulary); they are left out, and the \
weights speak of the inputs that it answers'
        """
        if not self.rows:
            return ""
        return (
            f"the model has no answer to {self.rows} of {self.of} perturbations ({self.reason}); they are left out, "
            "and the weights speak of the inputs that it answers"
        )

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return the sentence, if there is one."""
        if self.rows:
            return (self.sentence,)
        return ()

    def check(self) -> None:
        """Refuse a neighborhood of which more is missing than is there.

        Raises
        ------
        ModelOutputError
            If more than half of the perturbations have no answer.
        """
        if 2 * self.rows > self.of:
            raise ModelOutputError(
                f"model: expected answers to most perturbed inputs, got none to {self.rows} of {self.of} "
                f"({self.reason}); let it answer them, or perturb otherwise, so that it can."
            )


def without(sample: Sample, kept: NDArray[np.bool_]) -> Sample:
    """Return a sample without the rows that are not kept.

    Draws in replicates keep their places, since places say which replicate a row belongs to; what is not kept has the
    weight zero there.
    """
    if sample.order is not None:
        first = int(np.argmax(kept))
        Y = np.where(kept[:, None], sample.Y, sample.Y[first])
        return replace(sample, Y=Y, design=np.where(kept, sample.design, 0.0))
    noise = None if sample.noise is None else sample.noise[kept]
    return Sample(
        sample.Z[kept], sample.Y[kept], sample.design[kept], sample.enumerated[kept], sample.clusters[kept], noise
    )


def left_out_of(source: MaskSource | SharedSource, n: int) -> LeftOut:
    """Return what is missing from the first n draws of an instance; its share of the weights is not known yet."""
    missing, rows, reason = source.missing(n)
    return LeftOut(missing, rows, 0.0, reason)
