"""Whose turn it is in a round: what each of the askers needs of the model, and what it makes of the answers.

A turn states its `request` and takes the answers with `receive`; where that returns True, it asks once more in the
same round. All turns of a round are asked together (`asking.py`), and receive in their order.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Encoded, FloatArray
from limelight.errors import ModelChangedError
from limelight.models.columns import widened
from limelight.rounds.asking import NONE_AGAIN, Answers, Paid, Request
from limelight.rounds.encoded import SharedSource
from limelight.rounds.instance import Context, OpenInstance
from limelight.rounds.neighborhoods import MaskSource
from limelight.rounds.shared import Held, Pending, SharedDraws
from limelight.rounds.steadiness import REPEATS, both, handful, same_answers, sizes


class Turn(Protocol):
    """One asker in one round."""

    def request(self) -> Request:
        """Return what is to be asked."""
        ...

    def receive(self, answers: Answers) -> bool:
        """Take the answers; return whether to ask once more."""
        ...

    def keep(self, paid: Paid) -> None:
        """Keep the answers to the first rows, where the asking was broken off."""
        ...


class Canary:
    """One row of a kept pool, asked again: a model that was fitted anew in place answers it differently."""

    def __init__(self, pool: SharedDraws, first: OpenInstance) -> None:
        self.pool = pool
        self.first = first

    def request(self) -> Request:
        """Return the first row of the pool."""
        row, _ = self.pool.canary()
        return Request([row])

    def receive(self, answers: Answers) -> bool:
        """Raise `ModelChangedError` where the model says something else than when the pool was drawn."""
        self.first.rows += answers.asked
        self.pool.widen(answers.outputs.shape[1])
        _, expected = self.pool.canary()
        if self.pool.units is None:
            now = answers.outputs[0]
        else:
            now = self.pool.units.told(answers.outputs[0])
        if not same_answers(now, expected, sizes(self.pool.Y)):
            raise ModelChangedError(
                "model: expected the same answers as earlier in this call, got others to the same row; it has been "
                "fitted anew or loaded meanwhile. Explain again when it stays as it is."
            )
        return False

    def keep(self, paid: Paid) -> None:
        """Keep nothing of one row."""


class Originals:
    """The instances themselves: f(x), and for masks the first look at whether the model is noisy."""

    def __init__(self, opened: Sequence[OpenInstance], context: Context) -> None:
        self.opened = opened
        self.context = context
        self.again = np.flatnonzero([one.source.asks_twice for one in opened]).astype(np.intp)

    def request(self) -> Request:
        """Return the instances as model inputs."""
        return Request(self.context.originals(self.opened), self.context.replicates or 1, self.again)

    def receive(self, answers: Answers) -> bool:
        """Tell each instance what the model says of it."""
        second = dict(zip(self.again.tolist(), answers.again, strict=True))
        for number, (one, outputs) in enumerate(zip(self.opened, answers.outputs, strict=True)):
            one.rows += self.context.replicates or 1
            if number in answers.failures:
                one.fail(answers.failures[number])
                continue
            other = second.get(number)
            if other is None:
                one.meet(outputs)
                continue
            one.rows += 1
            # rounding is no noise: a model may sum its rows in another order
            same = same_answers(outputs, other, float(np.abs(outputs).max(initial=0.0)))
            if not same:
                one.source.waver()
            one.meet(outputs if same else (outputs + other) / 2)
        return False

    def keep(self, paid: Paid) -> None:
        """Keep nothing: f(x) is asked anew, and tells whether the model is still the same."""


class Growth:
    """The rows that shared draws still miss; their first block shows whether the model is noisy."""

    def __init__(self, pool: SharedDraws, first: OpenInstance) -> None:
        self.pool = pool
        self.first = first
        self.context = first.context
        self.n = pool.n
        self.held: dict[Held, tuple[int, Encoded]] = {}
        self._again = NONE_AGAIN
        self._before: FloatArray | None = None
        self._drawn: list[Pending] = []
        self._asked: Hashable = None
        # answers that an interrupted call has paid for, and no row yet by which to tell whether they still hold
        self._doubtful = pool.n == 0 and bool(pool.paid)

    @property
    def keys(self) -> list[Hashable]:
        """Return what nobody else may ask for meanwhile: the shared rows, and each kind of held draws that is short."""
        held = self.pool.held
        short = [which for which, (rows, _) in self.held.items() if which not in held or held[which].n < rows]
        shared = [None] if self.n > self.pool.n or not self.pool.n else []
        return [(id(self.pool), which) for which in [*shared, *short]]

    def want(self, source: SharedSource, n: int) -> None:
        """Add what one instance needs for a look at n draws."""
        self.n = max(self.n, n)
        for which, (rows, representation) in source.wanted(n).items():
            known = self.held.get(which)
            if known is None or known[0] < rows:
                self.held[which] = (rows, representation)

    def request(self) -> Request:
        """Return the rows up to what the neediest instance needs, and the draws that rare values need."""
        pool = self.pool
        if self._doubtful:  # no row of the pool tells yet whether the model is still the one that was interrupted
            return Request([pool.first_input()])
        if pool.repeats is None:
            self._again = handful(self.n - pool.n, exhaustive=False)
        else:
            self._again = NONE_AGAIN
        # where the model was found noisy in this round, one asking of each row is there already
        repeats = (pool.repeats or 1) - (0 if self._before is None else 1)
        self._drawn, self._asked = [], self._key
        return Request(pool.request(self.n, self.held, self._drawn), repeats, self._again, pool.paid.get(self._asked))

    @property
    def _key(self) -> Hashable:
        """Return what makes two requests of the pool the same."""
        held = tuple((which, rows) for which, (rows, _) in self.held.items())
        return self.pool.n, self.n, self.pool.repeats, self._before is None, held

    def receive(self, answers: Answers) -> bool:
        """Keep the rows; have them all asked once more where the model is found to be noisy."""
        self.first.rows += answers.asked
        if self._doubtful:
            self._doubtful = False
            self._check_paid(answers.outputs[0])
            return True
        self.pool.paid.pop(self._asked, None)  # now they are in the pool
        if self.pool.repeats is None:
            first = answers.outputs[self._again]
            if same_answers(first, answers.again, sizes(answers.outputs)):
                self.pool.repeats = 1
            else:
                self.pool.repeats = REPEATS
            if self.pool.repeats > 1:
                self._before = answers.outputs
                return True
        outputs = answers.outputs
        if self._before is not None:
            outputs = both(widened(self._before, outputs.shape[1]), outputs)[0]
        self.pool.receive(outputs, self._drawn, answers.reason)
        self.context.recognise(self.pool)
        return False

    def keep(self, paid: Paid) -> None:
        """Keep the answers for the same request in a later call."""
        if not self._doubtful:
            self.pool.paid[self._asked] = paid

    def _check_paid(self, now: FloatArray) -> None:
        """Drop what an interrupted asking has left, where the model says something else now."""
        if not self.pool.paid:
            return
        then = next(iter(self.pool.paid.values())).outputs
        if not same_answers(now, widened(then, len(now))[0], sizes(then[:, : len(now)])):
            self.pool.paid.clear()


class OwnMasks:
    """The masks that one instance still misses."""

    def __init__(self, one: OpenInstance, source: MaskSource) -> None:
        self.one = one
        self.source = source
        self._again: NDArray[np.intp] = NONE_AGAIN

    def request(self) -> Request:
        """Return the masked inputs up to what the next look needs."""
        request = self.source.request(self.one.n)
        self._again = request.again
        return request

    def receive(self, answers: Answers) -> bool:
        """Keep the answers; the first block of a noisy model is asked once more."""
        self.one.rows += answers.asked
        if self.one.failure is not None:
            return False
        self.one.see(answers.outputs)
        if self.source.receive(answers, self.one.targets, again=self._again):
            return True
        self.one.plan_further_looks()
        return False

    def keep(self, paid: Paid) -> None:
        """Keep the answers with the masks."""
        self.source.paid = paid


def growths(opened: Sequence[OpenInstance]) -> list[Growth]:
    """Return what shared draws need for the next looks, each counted to the first instance that needs it."""
    needy: dict[int, Growth] = {}
    for one in opened:
        source = one.source
        if isinstance(source, SharedSource) and one.former is None and not source.has(one.n):
            growth = needy.setdefault(id(source.draws), Growth(source.draws, one))
            growth.want(source, one.n)
    return list(needy.values())


def turns(opened: Sequence[OpenInstance], context: Context, growing: Sequence[Growth]) -> list[Turn]:
    """Return the turns of one round: the canaries first, so that nothing is kept beside answers of another model.

    `growing` are the shared draws that miss something (`growths`).
    """
    new = [one for one in opened if not len(one.targets)]
    kept = {id(growth.pool): (growth.pool, growth.first) for growth in growing}
    kept |= {id(one.source.draws): (one.source.draws, one) for one in new if isinstance(one.source, SharedSource)}
    canaries = [Canary(pool, one) for pool, one in kept.values() if context.guards(pool)]
    masks = [OwnMasks(one, one.source) for one in opened if isinstance(one.source, MaskSource) and one.former is None]
    return [*canaries, Originals(new, context), *growing, *masks]
