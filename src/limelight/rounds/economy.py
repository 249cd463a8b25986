"""Where every answer costs money: how many masks are asked, and how few tell whether the model is noisy.

A representation that carries a `CallBudget` is explained economically. Its first look is small, its masks are
spread (`local/spread.py`) and fitted sparsely (`local/sparse.py`); nothing is enumerated, since an answer that was
written may be another one next time. A handful of rows is asked twice, which tells whether the model is noisy; after
that every call goes to a new mask, which says more about the weights than an old one, and whose residual holds the
noise.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Masked, SamplingPlan
from limelight.errors import InputError
from limelight.inputs.budget import CallBudget
from limelight.local.stopping import look_schedule
from limelight.rounds.asking import Answers, Request
from limelight.rounds.neighborhoods import MaskSource
from limelight.rounds.steadiness import same_answers, sizes
from limelight.settings import Settings

FIRST_CALLS = 32
FIRST_PER_FEATURE = 2
"""A first look has at least so many masks, in all and for each feature, as far as the budget goes."""
SECOND_ASKINGS = 8
"""Rows asked twice: one in sixteen of the budget, at least two and at most so many."""
LEAST_MASKS = 8
"""With fewer, nothing is worth saying."""
FLAT_WIDTH = 1e6
"""A kernel so wide that all masks weigh alike: the law of the masks is neighborhood enough."""


def budget_of(representation: Any) -> CallBudget | None:
    """Return how many calls an instance may take; None where calls cost nothing to speak of."""
    budget: CallBudget | None = getattr(representation, "budget", None)
    return budget


def second_askings(budget: CallBudget) -> int:
    """Return how many rows of the first block are asked twice.

    >>> [second_askings(CallBudget(most)) for most in (24, 64, 256)]
    [2, 4, 8]
    """
    return min(max(budget.most // 16, 2), SECOND_ASKINGS)


def economical_looks(settings: Settings, budget: CallBudget, n_features: int) -> tuple[int, ...]:
    """Return the numbers of masks after which to look, so that no more calls are made than the budget has.

    Raises
    ------
    InputError
        If the budget leaves fewer than `LEAST_MASKS`, `n_samples` asks for more than it leaves, or a setting has no
        effect here.

    >>> economical_looks(Settings(), CallBudget(256, beside=5), 60)
    (120, 240, 243)
    """
    if settings.sampler not in ("auto", "plain"):
        raise InputError(f"sampler: {settings.sampler!r} draws no prompts; take 'auto' (spread masks) or 'plain'.")
    if settings.replicates not in ("auto", 1):
        raise InputError(
            f"replicates: expected 'auto' or 1 where calls cost money, got {settings.replicates}; a new mask tells "
            "more than an old one asked again, and the intervals hold the noise either way."
        )
    beside = budget.beside + second_askings(budget)
    most = budget.most - beside
    if most < LEAST_MASKS:
        raise InputError(
            f"max_calls: expected at least {beside + LEAST_MASKS} calls ({beside} for the prompt itself and second "
            f"askings, {LEAST_MASKS} masks), got {budget.most}; raise it, or hide fewer, larger units."
        )
    if settings.n_samples != "auto":
        if int(settings.n_samples) > most:
            raise InputError(
                f"n_samples: expected at most {most} masks within max_calls={budget.most}, got {settings.n_samples}; "
                "raise max_calls."
            )
        return (int(settings.n_samples),)
    most = min(most, settings.max_samples or most)
    return look_schedule(min(max(FIRST_CALLS, FIRST_PER_FEATURE * n_features), most), most)


class FrugalSource(MaskSource):
    """Masks that are asked once each, whatever the model does; a few of the first block twice.

    Parameters
    ----------
    representation, plan, seed, rescale
        As in `MaskSource`.
    twice
        How many rows of the first block are asked twice.

    Attributes
    ----------
    noise
        (k,) variance of a single answer, from the pairs of answers; None before the first block. In `units`.
    """

    def __init__(
        self, representation: Masked, plan: SamplingPlan, seed: int, twice: int, *, rescale: bool = True
    ) -> None:
        super().__init__(representation, plan, seed, repeats=None if twice else 1, rescale=rescale)
        self.noise: FloatArray | None = None
        self._twice = twice
        self._wavers_at_all = False

    @property
    def wavers(self) -> bool:
        """Return whether the model was found to answer one input in two ways."""
        return self._wavers_at_all

    def waver(self) -> None:
        """Take note that it does; nothing else is asked for that."""
        self._wavers_at_all = True

    def request(self, n: int) -> Request:
        """Draw the rows that are missing up to n; a handful of the first block is asked twice."""
        request = super().request(n)
        if not len(request.again):
            return request
        rows = len(self._draws[0].Z)
        again = (np.arange(self._twice) * rows // self._twice).astype(np.intp)
        return Request(request.chunks, 1, again, request.paid)

    def receive(self, answers: Answers, targets: NDArray[np.int64], *, again: NDArray[np.intp]) -> bool:
        """Keep the answers; where a row was asked twice, their mean."""
        if len(again):
            first = answers.outputs[again]
            if not same_answers(first, answers.again, sizes(answers.outputs)):
                self.waver()
            difference = (first - answers.again)[:, targets]
            outputs = answers.outputs.copy()
            outputs[again] = (first + answers.again) / 2
            answers = Answers(outputs, answers.noise, answers.again, answers.asked)
        self.repeats = 1
        more = super().receive(answers, targets, again=again[:0])
        if not self._wavers_at_all and self._differs_between_equals():
            self.waver()
        if len(again):
            self.noise = np.mean(np.square(difference), axis=0) / 2 / np.square(self.units.scale)
        return more

    def _differs_between_equals(self) -> bool:
        """Return whether equal masks, which few units often have, were answered otherwise."""
        Z, Y = np.concatenate([block.Z for block in self._draws]), np.concatenate(self._answers)
        _, first, equals = np.unique(Z, axis=0, return_index=True, return_inverse=True)
        return not same_answers(Y, Y[first[equals.ravel()]], sizes(Y))
