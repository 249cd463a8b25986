"""One instance's view of shared draws: the same rows as everybody's, encoded as its own z', and those of rare values.

Input: an instance and `SharedDraws`. Output: which draws it still needs, and which rows it sees. Where a row's own bin
is rare, draws are made on purpose (`shared.py`); rows with the same codes need the same ones, which is found once.
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Encoded, FloatArray
from limelight.local.replicates import by_replicate
from limelight.rounds.neighborhoods import Sample
from limelight.rounds.shared import Held, HeldDraws, SharedDraws, held_rows
from limelight.rounds.units import Units, as_they_are

RARE = 0.05
"""A bin with a smaller share, or with all but such a share, gets draws of its own."""
ABSENT_WEIGHT = 1e-6
"""What draws with a value that the background never shows weigh in sum. The weight of such a feature is the limit of an
ordinary one as its share goes to 0, and the others stay as they were."""
_MOST_KEYS = 1 << 12


class SharedSource:
    """One instance's view of shared draws: the same rows as everybody's, encoded as its own z'.

    Parameters
    ----------
    representation
        The instance.
    draws
        What it shares.
    hold
        Whether draws are made on purpose for its rare values.
    shared
        Whether other instances read them too; not where rows are drawn around this one, or its values are held.
    """

    def __init__(self, representation: Encoded, draws: SharedDraws, *, hold: bool = True, shared: bool = True) -> None:
        self.representation = representation
        self.draws = draws
        self.shared = shared
        self.key: tuple[bytes, Hashable] = (representation.own.tobytes(), tuple(representation.outside.items()))
        known = _traits_of(self.key, representation, draws)
        self.fixed = known.fixed
        self.reference = known.reference
        self._rare = known.rare if hold else ()
        self._parts: tuple[tuple[int, int], list[HeldDraws]] = ((0, 0), [])

    law = "pool"
    paired = False

    @property
    def kind(self) -> str:
        """Return how much the instance brings to a round: hundreds of rows of its own, or none."""
        if self.shared:
            return "pool"
        return "masks"

    @property
    def wavers(self) -> bool:
        """Return whether the model was found to answer one input in two ways."""
        return (self.draws.repeats or 1) > 1

    @property
    def asks_twice(self) -> bool:
        """Return whether f(x) is asked twice: because the shared draws have found that the model is noisy."""
        return self.draws.asked_repeats is None and self.wavers

    def waver(self) -> None:
        """Take no note: shared draws find out by their own first block, whoever reads them."""

    def units_of(self, targets: NDArray[np.int64]) -> Units:
        """Return the units in which answers for the targets are fitted."""
        found = self.draws.units
        if found is None:
            return as_they_are(len(targets))
        return found.of(targets)

    def missing(self, n: int) -> tuple[int, int, str]:
        """Return how many of the rows of a look at n draws have no answer, how many rows there are, and why not."""
        parts = self.parts(n)
        rows, of = self.draws.missing(n), n
        for part in parts:
            rows, of = rows + part.unanswered, of + part.n
        return rows, of, self.draws.reason

    def held(self, n: int) -> tuple[Held, ...]:
        """Return which draws are made on purpose beside n shared ones: the rarest first, in all no more than n rows."""
        return self._rare[: max(n // held_rows(n), 1)]

    def wanted(self, n: int) -> dict[Held, tuple[int, Encoded]]:
        """Return how many of each kind of held draws n shared ones go with, and who has their value."""
        return dict.fromkeys(self.held(n), (held_rows(n), self.representation))

    def has(self, n: int) -> bool:
        """Return whether the rows of a look at n draws are there."""
        if self.draws.n < n:
            return False
        held, rows = self.draws.held, held_rows(n)
        return all(which in held and held[which].n >= rows for which in self.held(n))

    def parts(self, n: int) -> list[HeldDraws]:
        """Return the held draws that go with n shared ones, each cut to its number; made once for a look."""
        look = (n, self.draws.Y.shape[1])  # a label that is met later gives all answers a column
        if self._parts[0] != look:
            rows = held_rows(n)
            self._parts = (look, [self.draws.held[which].first(rows) for which in self.held(n)])
        return self._parts[1]

    def codes(self, n: int) -> NDArray[Any]:
        """Return the codes (N, c) of the first n shared draws, and of the held ones that go with them."""
        parts = self.parts(n)
        shared = self.draws.codes[:n]
        if parts:
            return np.concatenate([shared, *[part.codes for part in parts]])
        return shared

    def sample(self, n: int, targets: NDArray[np.int64]) -> Sample:
        """Return the first n shared draws and the held ones that go with them, encoded, with answers for the targets.

        All rows together are a mixture whose density is known, since the law is a product: a row of probability P(row)
        was drawn n times from P and m times from each P(· | held), so it weighs 1 / (n + Σ m [row is held] / P(held)).
        """
        parts = self.parts(n)
        codes = self.codes(n)
        Y = np.concatenate([self.draws.Y[:n, targets], *[part.Y[:, targets] for part in parts]])
        Z = np.array(self.representation.encode(codes))
        ends = n + np.cumsum([0, *[part.n for part in parts]])
        for part, start, stop in zip(parts, ends[:-1], ends[1:], strict=True):
            if part.averaged is not None:
                Z[:, part.averaged] = 0
                Z[start:stop, part.averaged] = 1
        design = self._design(Z, n, parts, ends)
        order = replicate_order(n, tuple(part.n for part in parts), self.draws.replicates)
        return Sample(Z, Y, design, np.broadcast_to(False, len(Z)), np.arange(len(Z)), None, order)

    def _design(self, Z: NDArray[Any], n: int, parts: Sequence[HeldDraws], ends: NDArray[np.int64]) -> FloatArray:
        if not parts:
            return np.broadcast_to(1.0 / n, n)
        density = np.full(len(Z), float(n))
        for part in parts:
            if part.share > 0.0:
                inside = Z[:, part.held.coordinate] == (part.held.how == "in")
                density += (part.n / part.share) * inside
        design = 1.0 / density
        for part, start, stop in zip(parts, ends[:-1], ends[1:], strict=True):
            if part.share <= 0.0:
                design[start:stop] = ABSENT_WEIGHT / part.n
        return design


class _Traits(NamedTuple):
    """What rows with the same codes share: features that do not vary, the average z', and what is drawn on purpose."""

    fixed: tuple[bool, ...]
    reference: FloatArray
    rare: tuple[Held, ...]


def _traits_of(key: Hashable, representation: Encoded, draws: SharedDraws) -> _Traits:
    """Return what rows with the same codes share, found once; where codes are numbers, no two rows do."""
    if draws.background.probabilities is None:
        return _Traits(_fixed(representation), representation.reference, ())
    known: dict[Hashable, _Traits] = draws.made.setdefault("traits", {})
    if key not in known:
        if len(known) >= _MOST_KEYS:
            known.clear()
        reference = representation.reference.copy()
        reference.flags.writeable = False
        known[key] = _Traits(_fixed(representation), reference, rare_values(representation, draws))
    return known[key]


def _fixed(representation: Encoded) -> tuple[bool, ...]:
    return tuple([feature.keep >= 1.0 for feature in representation.features])


def rare_values(representation: Encoded, draws: SharedDraws) -> tuple[Held, ...]:
    """Return which draws an instance needs to be made on purpose, rarest first."""
    probabilities = draws.background.probabilities
    if probabilities is None:
        return ()
    outside = representation.outside
    found = [(0.0, Held(at, "value", key)) for at, key in outside.items()]
    for coordinate, code in enumerate(representation.own.tolist()):
        if coordinate in outside or code < 0:
            continue
        share = float(probabilities[coordinate][int(code)])
        if 0.0 < share < RARE:
            found.append((share, Held(coordinate, "in", int(code))))
        elif 1.0 - RARE < share < 1.0:
            found.append((1.0 - share, Held(coordinate, "out", int(code))))
    # by rarity, then by column: the same for everybody
    found.sort(key=lambda each: (each[0], each[1].coordinate))
    return tuple(held for _, held in found)


@lru_cache(maxsize=64)
def replicate_order(n: int, held: tuple[int, ...], replicates: int) -> NDArray[np.int64]:
    """Return the rows of each replicate (R, m): of the shared draws, then of each block of held ones; −1 for none.

    >>> replicate_order(3, (2,), 2).tolist()
    [[0, 2, 3], [1, -1, 4]]
    """
    found, start = [], 0
    for rows in (n, *held):
        found.append(by_replicate(np.arange(1, rows + 1) + start, replicates) - 1)
        start += rows
    return np.concatenate(found, axis=1)
