"""Draws that all rows of a table share, asked of the model once, and the few more that rare values need.

Perturbed rows of a table do not depend on the row that is explained; only their encoding z' = [same bin as mine] does.
One row, many rows and the next call all read prefixes of the same sequence, so that no explanation depends on what else
is explained.

Where a row's own bin is rare, hardly any of the shared draws falls into it. For such a bin draws are made on purpose,
with that column *held* in the bin (or out of it, where nearly all draws are in it, or at the row's own value, where the
background never shows it) and all others as ever. They are kept by column and bin, and shared by all rows that have it.
The weights that make one sample of all draws: `docs/concepts/precision.md`, section 7.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Background, Encoded, FloatArray, Inputs
from limelight.local.points import PointDesign, n_replicates, points
from limelight.models.columns import widened
from limelight.rounds.asking import Paid
from limelight.rounds.neighborhoods import answered
from limelight.rounds.units import Units, as_they_are, find_units
from limelight.seeding import stream

_CHUNK = 4096


class Held(NamedTuple):
    """Which draws are made on purpose.

    Parameters
    ----------
    coordinate
        The column.
    how
        ``"in"`` a bin, ``"out"`` of it, or at a ``"value"`` that the background never shows.
    what
        The bin's code, or a key for the value.
    """

    coordinate: int
    how: str
    what: Hashable


@dataclass
class HeldDraws:
    """Draws with one coordinate held, and the model's answers.

    Parameters
    ----------
    held
        Which.
    share
        The probability of such a draw under the background; 0 for a value that it never shows.
    U, codes, Y
        As in `SharedDraws`.
    """

    held: Held
    share: float
    U: FloatArray
    codes: NDArray[Any]
    Y: FloatArray
    _cuts: dict[int, HeldDraws] = field(default_factory=dict, repr=False, compare=False)

    @property
    def n(self) -> int:
        """Return how many the model has answered."""
        return len(self.Y)

    @cached_property
    def unanswered(self) -> int:
        """Return how many have no answer."""
        return int(np.isnan(self.Y[:, :1]).sum())

    def first(self, rows: int) -> HeldDraws:
        """Return the first of them; one object for all who ask, until a label that is met later widens the answers."""
        if rows >= self.n:
            return self
        found = self._cuts.get(rows)
        if found is None or found.Y.shape[1] != self.Y.shape[1]:
            found = HeldDraws(self.held, self.share, self.U[:rows], self.codes[:rows], self.Y[:rows])
            self._cuts[rows] = found
        return found

    @property
    def averaged(self) -> int | None:
        """Return the coordinate whose value is none of the background's."""
        if self.held.how == "value":
            return self.held.coordinate
        return None


def held_rows(n: int) -> int:
    """Return how many draws a rare bin gets beside n shared ones.

    >>> held_rows(500), held_rows(2048), held_rows(8192)
    (64, 128, 256)
    """
    if n < 1024:
        return 64
    if n < 4096:
        return 128
    return 256


def held_points(
    U: FloatArray, coordinate: int, shares: FloatArray, code: int, *, inside: bool, share: float
) -> FloatArray:
    """Return points (n, c) with one coordinate moved into a bin, or out of it; the others stay.

    Bin b covers u in [Σ_{a<b} p_a, Σ_{a≤b} p_a); what is left of u chooses the place.

    >>> held_points(np.array([[0.5]]), 0, np.array([0.8, 0.2]), 1, inside=True, share=0.2).round(6).tolist()
    [[0.9]]
    """
    low = float(shares[:code].sum())
    inner = U[:, coordinate] * share * (1.0 - 1e-12)
    moved = U.copy()
    if inside:
        moved[:, coordinate] = low + inner
    else:
        moved[:, coordinate] = np.where(inner < low, inner, np.minimum(inner + shares[code], 1.0 - 1e-12))
    return moved


@dataclass
class Pending:
    """Rows that have been drawn and not been answered yet."""

    held: Held | None
    U: list[FloatArray] = field(default_factory=list)
    codes: list[NDArray[Any]] = field(default_factory=list)

    @property
    def n(self) -> int:
        """Return how many rows."""
        return sum(map(len, self.U))


class SharedDraws:
    """Draws of one background with the model's answers, growing at the end only; shared by all who encode them.

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
    rescale
        Whether answers are kept in units of their own where theirs cannot be squared (`units.py`).

    Attributes
    ----------
    fits
        Second models, and what they leave of held draws: dear, and kept with the draws.
    made
        What else rows share: sorted draws, and what was found of rows (`together.py`); cheap to make again.
    reason
        Why the first row without an answer has none.
    paid
        Requests that were broken off, and what the model said to the beginning of each.
    """

    def __init__(
        self,
        background: Background,
        seed: int,
        design: PointDesign,
        content: bytes,
        repeats: int | None = 1,
        *,
        rescale: bool = True,
    ) -> None:
        self.background = background
        self.design = design
        self.content = content
        self.repeats = self.asked_repeats = repeats
        self.rescale = rescale
        self.units: Units | None = None
        self.replicates = n_replicates(design, background.n_coordinates)
        self.fits: dict[Any, Any] = {}
        self.made: dict[Any, Any] = {}
        self.held: dict[Held, HeldDraws] = {}
        self.reason = ""
        self.paid: dict[Hashable, Paid] = {}
        self.seed = seed
        self.U: FloatArray = np.empty((0, background.n_coordinates))
        self.codes: NDArray[Any] = np.empty((0, background.n_coordinates))
        self.Y: FloatArray = np.empty((0, 0))

    @property
    def n(self) -> int:
        """Return how many shared rows the model has answered."""
        return len(self.Y)

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the answers, which cannot be computed again; the draws follow from the seed."""
        from limelight.rounds.packing import PackedDraws, unpack

        return unpack, (PackedDraws.of(self),)

    @property
    def told(self) -> int:
        """Return the first row that the model has answered."""
        return int(np.argmax(answered(self.Y)))

    def missing(self, n: int) -> int:
        """Return how many of the first n rows have no answer."""
        if ("missing", n) not in self.made:
            self.made["missing", n] = int(np.isnan(self.Y[:n, :1]).sum())
        found: int = self.made["missing", n]
        return found

    def first_input(self) -> Inputs:
        """Return the model input of the first row."""
        return self.background.draw(self.points(0, 1))[1]

    def request(self, n: int, held: Mapping[Held, tuple[int, Encoded]], drawn: list[Pending]) -> Iterator[Inputs]:
        """Draw what is missing and yield its model inputs, chunk by chunk; they are not kept.

        Parameters
        ----------
        n
            Shared rows that shall be there.
        held
            How many rows of each kind of held draws shall be there, and a representation that has the value.
        drawn
            Takes what was drawn, for `receive`.
        """
        shared = Pending(None)
        drawn.append(shared)
        for U in self._missing_points(n):
            codes, inputs = self.background.draw(U)
            shared.U.append(U)
            shared.codes.append(codes)
            yield inputs
        for which, (rows, representation) in held.items():
            known = self.held[which].n if which in self.held else 0
            if known < rows:
                pending = Pending(which)
                drawn.append(pending)
                # The points of the first shared draws: what differs is the held column alone, so that the noise of all
                # others cancels in its weight. Replicates stay independent of each other, as errors need them.
                points = self.first_points(rows, shared.U)[known:]
                yield self._draw_held(pending, points, representation)

    def receive(self, answers: FloatArray, drawn: Sequence[Pending], reason: str = "") -> None:
        """Keep the answers (rows, m) to what a request has drawn, in units that the first block decides.

        Rows without an answer are NaN and keep their place: the places of draws say which replicate they belong to.
        `reason` is why the first of them has none.
        """
        self.reason = self.reason or reason
        if self.units is None:
            first = answers[: drawn[0].n]
            if self.rescale:
                self.units = find_units(first)
            else:
                self.units = as_they_are(answers.shape[1])
        self.widen(answers.shape[1])
        answers, start = self.units.told(answers), 0
        for pending in drawn:
            part = answers[start : start + pending.n]
            start += len(part)
            if pending.held is None and len(part):
                self.U = np.concatenate([self.U, *pending.U])
                known = [self.codes] if self.n else []
                # One contiguous column per coordinate: every instance compares and weighs codes column by column.
                self.codes = np.asfortranarray(np.concatenate([*known, *pending.codes]))
                self.Y = np.concatenate([self.Y, part]) if self.n else part
            elif pending.held is not None:
                self._keep_held(pending, part)

    def forget_values(self) -> None:
        """Drop draws held at values outside the background, each of which is hardly ever met again."""
        self.held = {which: part for which, part in self.held.items() if which.how != "value"}

    def widen(self, k: int) -> None:
        """Give the rows so far a column for each of k outputs: labels that were met later were none of theirs."""
        self.Y = widened(self.Y, k)
        if self.units is not None:
            self.units = self.units.widened(k)
        for part in self.held.values():
            part.Y = widened(part.Y, k)

    def canary(self) -> tuple[Inputs, FloatArray]:
        """Return the model input of the first row answered and (k,) what the model said to it, in the units of `Y`."""
        first = self.told
        if ("canary", first) not in self.made:
            self.made["canary", first] = self.background.draw(self.U[first : first + 1])[1]
        return self.made["canary", first], self.Y[first]

    def points(self, start: int, stop: int) -> FloatArray:
        """Return the points (stop − start, c) of some shared draws, which follow from the seed."""
        seed = int(stream(self.seed, self.content, "points").integers(2**63))
        return points(self.design, start, stop, self.background.n_coordinates, seed)

    def _missing_points(self, n: int) -> Iterator[FloatArray]:
        """Yield the points of what is missing of n draws, chunk by chunk."""
        known = self.n
        if self.design == "lhs":  # a latin hypercube belongs to its block
            for start in range(known, n, _CHUNK):
                yield self.points(start, min(start + _CHUNK, n))
        elif n > known:  # at once, since to begin a sequence takes longer than to draw from it
            whole = self.points(known, n)
            for start in range(0, len(whole), _CHUNK):
                yield whole[start : start + _CHUNK]

    def _draw_held(self, pending: Pending, U: FloatArray, representation: Encoded) -> Inputs:
        which = pending.held
        if which is None:
            raise ValueError("held: expected which draws to make")
        if which.how == "value":
            codes, inputs = representation.draw_with(U, which.coordinate)
        else:
            U = self.moved(which, U)
            codes, inputs = self.background.draw(U)
        pending.U.append(U)
        pending.codes.append(codes)
        return inputs

    def first_points(self, stop: int, shared: Sequence[FloatArray] = ()) -> FloatArray:
        """Return the points (stop, c) of the first shared draws: those that are there, or else drawn again."""
        drawn = [self.U, *shared]
        # a latin hypercube belongs to its block
        if self.design != "lhs" and sum(map(len, drawn)) >= stop:
            return np.concatenate(drawn)[:stop]
        return self.points(0, stop)

    def moved(self, which: Held, U: FloatArray) -> FloatArray:
        """Return points whose column is moved into a bin of the background's, or out of it."""
        shares, code = self._shares(which.coordinate), int(which.what)  # type: ignore[call-overload]
        inside = which.how == "in"
        return held_points(U, which.coordinate, shares, code, inside=inside, share=self.share(which))

    def _keep_held(self, pending: Pending, answers: FloatArray) -> None:
        which = pending.held
        if which is None:
            return
        U, codes = np.concatenate(pending.U), np.concatenate(pending.codes)
        before = self.held.get(which)
        if before is not None:
            U, codes = np.concatenate([before.U, U]), np.concatenate([before.codes, codes])
            answers = np.concatenate([before.Y, answers])
        self.held[which] = HeldDraws(which, self.share(which), U, codes, answers)

    def _shares(self, coordinate: int) -> FloatArray:
        probabilities = self.background.probabilities
        if probabilities is None:
            return np.empty(0)
        return np.asarray(probabilities[coordinate])

    def share(self, held: Held) -> float:
        """Return the probability of a held draw under the background; 0 for a value that it never shows."""
        if held.how == "value":
            return 0.0
        own = float(self._shares(held.coordinate)[int(held.what)])  # type: ignore[call-overload]
        if held.how == "in":
            return own
        return 1.0 - own
