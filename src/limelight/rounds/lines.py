"""What all rows of a look read: the shared draws, and those of rare bins, sorted by replicate, with their outputs.

Input: shared draws, how many of them are looked at, and targets. Output: a `Look`: one contiguous line of codes for
each column, so that a row costs one comparison; the outputs, what second models leave of them, and what they are in
sum. All of it is made once and kept with the draws.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.local.replicates import by_replicate
from limelight.rounds.controls import Controls, answered_controls, held_residuals, shared_controls
from limelight.rounds.instance import Context
from limelight.rounds.neighborhoods import answered
from limelight.rounds.shared import HeldDraws, SharedDraws
from limelight.rounds.units import Units, as_they_are
from limelight.settings import Settings

_MOST_SQUARED = 1 << 20
_MOST_LOOKS = 32
"""Choices of targets whose outputs are kept sorted: as many as rows are likely to ask for in turn."""


@dataclass(frozen=True)
class Lines:
    """Draws sorted by replicate.

    Parameters
    ----------
    codes
        (c, R, m)
    there
        (R, m) 1; 0 where a replicate has a draw less than others, or a draw has no answer. None where all are there.
    """

    codes: NDArray[np.integer[Any]]
    there: FloatArray | None

    @classmethod
    def of(cls, codes: NDArray[Any], replicates: int, Y: FloatArray) -> Lines:
        """Return draws (n, c) with answers (n, k) sorted; a code is small, and read often."""
        small = np.int16 if codes.max(initial=0) < 2**15 else np.int64
        lines = np.ascontiguousarray(np.moveaxis(by_replicate(codes.astype(small), replicates), 2, 0))
        known = answered(Y)
        full = len(codes) % replicates == 0 and known.all()
        return cls(lines, None if full else by_replicate(known.astype(float), replicates))


@dataclass(frozen=True)
class Range:
    """What some draws say of k outputs in sum.

    Parameters
    ----------
    n
        How many draws there are.
    low, high, total, squares
        (k,) the smallest and the largest output; sums of them and of their squares, less an offset.
    """

    n: int
    low: FloatArray
    high: FloatArray
    total: FloatArray
    squares: FloatArray

    @classmethod
    def of(cls, Y: FloatArray, offset: FloatArray) -> Range:
        """Return the sums of outputs (n, k); rows without an answer do not count."""
        there = answered(Y)
        if not there.any():
            nothing = np.zeros(Y.shape[1])
            return cls(0, np.full(Y.shape[1], np.inf), np.full(Y.shape[1], -np.inf), nothing, nothing)
        Y = Y if there.all() else Y[there]
        columns = Y.T - offset[:, None]
        return cls(len(Y), Y.min(axis=0), Y.max(axis=0), columns.sum(axis=1), np.square(columns).sum(axis=1))

    def with_(self, others: Sequence[Range]) -> Range:
        """Return the sums of these and other draws."""
        if not others:
            return self
        n, low, high, total, squares = self.n, self.low, self.high, self.total, self.squares
        for other in others:
            n += other.n
            low, high = np.minimum(low, other.low), np.maximum(high, other.high)
            total, squares = total + other.total, squares + other.squares
        return Range(n, low, high, total, squares)

    @property
    def deviation(self) -> FloatArray:
        """Return (k,) the standard deviation."""
        # the offset was taken off before, so that the difference of two squares does not drown it
        variance = self.squares / self.n - np.square(self.total / self.n)
        return np.asarray(np.sqrt(np.maximum(variance, 0.0)))


@dataclass(frozen=True)
class Sorted:
    """Some draws with the outputs of some targets, and what second models leave of them, sorted by replicate.

    Parameters
    ----------
    lines
        The draws.
    outputs
        (R, q, m): k outputs less their offsets, then, where there is a second model, what it leaves of each.
    range
        The outputs in sum.
    """

    lines: Lines
    outputs: FloatArray
    range: Range

    @cached_property
    def squared(self) -> FloatArray | None:
        """Return (R, q, m) the squared outputs; None where there are so many that a row squares them itself."""
        if self.outputs.size <= _MOST_SQUARED:
            return np.square(self.outputs)
        return None


@dataclass
class Look:
    """Everything that rows of one choice of targets share at one number of draws.

    Parameters
    ----------
    owner
        The shared draws, which keep this look: a strong reference would keep both alive when nobody needs them.
    n
        How many of them are looked at.
    targets
        (k,) the outputs explained.
    controls
        For each target its second model; None where it has none.
    models
        The same, for what is said beside the weights: where draws have no answer, second models of those that have.
    settings
        The explainer's.
    """

    owner: weakref.ref[SharedDraws]
    n: int
    targets: NDArray[np.int64]
    controls: Controls
    models: Controls
    settings: Settings
    _held: dict[Any, Sorted] = field(default_factory=dict)

    @property
    def draws(self) -> SharedDraws:
        """Return the shared draws."""
        found = self.owner()
        if found is None:
            raise ReferenceError("look: its shared draws are gone; hold them as long as it is read")
        return found

    @cached_property
    def controlled(self) -> bool:
        """Whether any target has a second model."""
        return any(control is not None for control in self.controls)

    @cached_property
    def units(self) -> Units:
        """Return the units in which the outputs are fitted."""
        found = self.draws.units
        if found is None:
            return as_they_are(len(self.targets))
        return found.of(self.targets)

    @cached_property
    def offset(self) -> FloatArray:
        """Return (k,) the mean output; the output itself where it never moves."""
        Y = self.draws.Y[: self.n, self.targets]
        if self.draws.missing(self.n):
            Y = Y[answered(Y)]
        still = Y.max(axis=0) == Y.min(axis=0)
        return np.asarray(np.where(still, Y[0], Y.T.mean(axis=1)))

    @cached_property
    def shared(self) -> Sorted:
        """Return the shared draws."""
        Y = self.draws.Y[: self.n, self.targets]
        left = [None if control is None else control.unseen for control in self.controls]
        return self._sorted(lines_of(self.draws, self.n), Y, left)

    def held(self, part: HeldDraws) -> Sorted:
        """Return draws that were made on purpose; those of a bin are kept, those of a value belong to few rows."""
        known = self._held.get(part.held)
        if known is not None:
            return known
        left = []
        for control, target in zip(self.controls, self.targets, strict=True):
            left.append(None if control is None else held_residuals(self.draws, self.n, control, part, target))
        Y = part.Y[:, self.targets]
        made = self._sorted(Lines.of(part.codes, self.draws.replicates, Y), Y, left)
        if part.averaged is None:
            self._held[part.held] = made
        return made

    def _sorted(self, lines: Lines, Y: FloatArray, left: Sequence[FloatArray | None]) -> Sorted:
        """Return draws with their outputs, and what second models leave of them: the outputs where there is none."""
        columns = [Y - self.offset]
        if self.controlled:
            rest = [columns[0][:, row] if each is None else each for row, each in enumerate(left)]
            columns.append(np.stack(rest, axis=1))
        # a row without an answer weighs nothing, whatever stands there
        sums = np.concatenate(columns, axis=1)
        outputs = np.moveaxis(by_replicate(np.where(np.isnan(sums), 0.0, sums), self.draws.replicates), 2, 1)
        return Sorted(lines, np.ascontiguousarray(outputs), Range.of(Y, self.offset))


def lines_of(draws: SharedDraws, n: int) -> Lines:
    """Return the first n shared draws sorted; kept for each look, of which there are few."""
    if ("lines", n) not in draws.made:
        draws.made["lines", n] = Lines.of(draws.codes[:n], draws.replicates, draws.Y[:n])
    found: Lines = draws.made["lines", n]
    return found


def look_of(draws: SharedDraws, n: int, targets: NDArray[np.int64], context: Context) -> Look:
    """Return what rows of these targets share at n draws; kept for the last few choices of targets."""
    settings = context.settings
    kept: dict[Any, Look] = draws.made.setdefault("looks", {})
    key = (id(settings), n, targets.tobytes())
    if key not in kept:
        controls: Controls = (None,) * len(targets)
        models: Controls | None = None
        ridge = settings.surrogate == "ridge" and not settings.regularization
        # only then is the neighborhood a product of its columns, and the limit of g known
        product = settings.kernel == "exponential" and context.distance == "euclidean"
        if settings.control_variates and ridge and product:
            # a g that was fitted to fewer rows has no fold for those that are missing: it only tells what is around
            if draws.missing(n):
                models = answered_controls(draws, n, targets)
            else:
                controls = shared_controls(draws, n, targets)
        if len(kept) >= _MOST_LOOKS:
            kept.clear()
        kept[key] = Look(weakref.ref(draws), n, targets, controls, models or controls, settings)
    return kept[key]
