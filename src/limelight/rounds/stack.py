"""Many rows of a table that are looked at together: their encodings, weights and sums, one row above the other.

Input: open instances that share draws, at one number of them. Output: a `Stack`: for each row the sums over replicates
that its weights are made of (`local/regression.py`), and the weights of the draws, which curves and pairs are read off.

Shared draws are held sorted by replicate, one contiguous line of codes for each column, so that a row costs one
comparison and one small product. Each row has a product of its own: no bit depends on which rows stand beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Neighborhood
from limelight.control.table_weights import Corrected, Outputs, TableFits, fit_tables
from limelight.local.proximity import proximity_to
from limelight.local.regression import products, regressions
from limelight.local.replicates import by_replicate
from limelight.rounds.controls import Controls, held_residuals, shared_controls
from limelight.rounds.instance import Context, OpenInstance
from limelight.rounds.shared import ABSENT_WEIGHT, HeldDraws, SharedDraws, SharedSource
from limelight.rounds.units import Units, as_they_are
from limelight.settings import Settings

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
        (R, m) 1; 0 where a replicate has a draw less than others. None where all have as many.
    """

    codes: NDArray[np.integer[Any]]
    there: FloatArray | None

    @classmethod
    def of(cls, codes: NDArray[Any], replicates: int) -> Lines:
        """Return draws (n, c) sorted; a code is small, and read often."""
        small = np.int16 if codes.max(initial=0) < 2**15 else np.int64
        lines = np.ascontiguousarray(np.moveaxis(by_replicate(codes.astype(small), replicates), 2, 0))
        there = None if len(codes) % replicates == 0 else by_replicate(np.ones(len(codes)), replicates)
        return cls(lines, there)


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
        """Return the sums of outputs (n, k)."""
        columns = Y.T - offset[:, None]
        return cls(len(Y), Y.min(axis=0), Y.max(axis=0), columns.sum(axis=1), np.square(columns).sum(axis=1))

    def with_(self, others: Sequence[Range]) -> Range:
        """Return the sums of these and other draws."""
        n, low, high, total, squares = self.n, self.low, self.high, self.total, self.squares
        for other in others:
            n += other.n
            low, high = np.minimum(low, other.low), np.maximum(high, other.high)
            total, squares = total + other.total, squares + other.squares
        return Range(n, low, high, total, squares)

    @property
    def deviation(self) -> FloatArray:
        """Return (k,) the standard deviation."""
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


@dataclass
class Look:
    """Everything that rows of one choice of targets share at one number of draws.

    Parameters
    ----------
    draws
        The shared draws.
    n
        How many of them are looked at.
    targets
        (k,) the outputs explained.
    controls
        For each target its second model; None where it has none.
    settings
        The explainer's.
    """

    draws: SharedDraws
    n: int
    targets: NDArray[np.int64]
    controls: Controls
    settings: Settings
    _held: dict[Any, Sorted] = field(default_factory=dict)

    @cached_property
    def controlled(self) -> bool:
        """Whether any target has a second model."""
        return any(control is not None for control in self.controls)

    @cached_property
    def units(self) -> Units:
        """Return the units in which the outputs are fitted."""
        found = self.draws.units
        return as_they_are(len(self.targets)) if found is None else found.of(self.targets)

    @cached_property
    def offset(self) -> FloatArray:
        """Return (k,) the mean output; the output itself where it never moves."""
        Y = self.draws.Y[: self.n, self.targets]
        still = Y.max(axis=0) == Y.min(axis=0)
        return np.asarray(np.where(still, Y[0], Y.T.mean(axis=1)))

    @cached_property
    def shared(self) -> Sorted:
        """Return the shared draws."""
        Y = self.draws.Y[: self.n, self.targets]
        left = [
            Y[:, row] - self.offset[row] if control is None else control.unseen
            for row, control in enumerate(self.controls)
        ]
        return self._sorted(lines_of(self.draws, self.n), Y, left)

    def held(self, part: HeldDraws) -> Sorted:
        """Return draws that were made on purpose; those of a bin are kept, those of a value belong to few rows."""
        known = self._held.get(part.held)
        if known is not None:
            return known
        Y = part.Y[:, self.targets]
        left = [
            Y[:, row] - self.offset[row]
            if control is None
            else held_residuals(self.draws, self.n, control, part, self.targets[row])
            for row, control in enumerate(self.controls)
        ]
        made = self._sorted(Lines.of(part.codes, self.draws.replicates), Y, left)
        if part.averaged is None:
            self._held[part.held] = made
        return made

    def _sorted(self, lines: Lines, Y: FloatArray, left: Sequence[FloatArray]) -> Sorted:
        columns = np.concatenate(
            [Y - self.offset, np.stack(left, axis=1)] if self.controlled else [Y - self.offset], axis=1
        )
        outputs = np.moveaxis(by_replicate(columns, self.draws.replicates), 2, 1)
        return Sorted(lines, np.ascontiguousarray(outputs), Range.of(Y, self.offset))


def lines_of(draws: SharedDraws, n: int) -> Lines:
    """Return the first n shared draws sorted; kept for each look, of which there are few."""
    if ("lines", n) not in draws.made:
        draws.made["lines", n] = Lines.of(draws.codes[:n], draws.replicates)
    found: Lines = draws.made["lines", n]
    return found


def look_of(draws: SharedDraws, n: int, targets: NDArray[np.int64], context: Context) -> Look:
    """Return what rows of these targets share at n draws; kept for the last few choices of targets."""
    settings = context.settings
    kept: dict[Any, Look] = draws.made.setdefault("looks", {})
    key = (id(settings), n, targets.tobytes())
    if key not in kept:
        controls: Controls = (None,) * len(targets)
        ridge = settings.surrogate == "ridge" and not settings.regularization
        product = settings.kernel == "exponential" and context.distance == "euclidean"
        if settings.control_variates and ridge and product:
            controls = shared_controls(draws, n, targets)
        if len(kept) >= _MOST_LOOKS:
            kept.clear()
        kept[key] = Look(draws, n, targets, controls, settings)
    return kept[key]


@dataclass(frozen=True)
class Stack:
    """Rows of one look, with the sums that their weights are made of.

    Parameters
    ----------
    look
        What they share.
    sources
        The S rows.
    own
        (S, c) their codes.
    ratio
        The kernel's ρ.
    free
        (m,) features that the background can vary.
    sums
        (S, R, 1 + m + q, 1 + m + q) the products of constant, z' and outputs.
    weights
        For each row (R, M) the weights of its draws: the shared ones first, then each of its parts.
    ranges
        For each row its outputs in sum.
    """

    look: Look
    sources: tuple[SharedSource, ...]
    own: NDArray[np.int64]
    ratio: float
    free: NDArray[np.int64]
    sums: FloatArray
    weights: tuple[FloatArray, ...]
    ranges: tuple[Range, ...]

    @cached_property
    def effective(self) -> FloatArray:
        """Return (S,) the effective sample sizes, (Σ w)² / Σ w²."""
        totals = self.sums[:, :, 0, 0].sum(axis=1)
        return np.asarray(np.square(totals) / np.where(self.weight_squares > 0.0, self.weight_squares, 1.0))

    @cached_property
    def weight_squares(self) -> FloatArray:
        """Return (S,) Σ w²."""
        return np.array([np.square(each).sum() for each in self.weights])

    @property
    def shared_weights(self) -> FloatArray:
        """Return (S, R, m) the weights of the shared draws."""
        m = self.look.shared.lines.codes.shape[2]
        return np.stack([each[:, :m] for each in self.weights])

    def take(self, rows: Sequence[int]) -> Stack:
        """Return some of the rows."""
        return Stack(
            self.look,
            tuple([self.sources[row] for row in rows]),
            self.own[rows],
            self.ratio,
            self.free,
            self.sums[rows],
            tuple([self.weights[row] for row in rows]),
            tuple([self.ranges[row] for row in rows]),
        )

    def fits(self) -> tuple[TableFits, NDArray[np.bool_]]:
        """Return the weights, and (S,) of which rows the draws identify them."""
        look = self.look
        sums, identified = regressions(self.sums, self.weight_squares, 1 + len(self.free))
        still = np.array([each.low == each.high for each in self.ranges])
        outputs = Outputs(look.offset, still, self.free)
        return fit_tables(sums, outputs, self._corrected()), identified

    def _corrected(self) -> Corrected:
        """Return the projections of the second models for all rows."""
        rows, d = self.own.shape
        k, replicates = len(self.look.targets), self.look.draws.replicates
        coef, intercept = np.zeros((rows, k, d)), np.zeros((rows, k))
        moved, names = np.zeros((rows, k, replicates, 1 + d)), [""] * k
        for target, control in enumerate(self.look.controls):
            if control is None:
                continue
            slopes, starts = control.parts.project(self.own, self.ratio)
            folds = np.concatenate([starts[:, None], slopes], axis=1)
            mean = folds.mean(axis=2)
            intercept[:, target], coef[:, target] = mean[:, 0], mean[:, 1:]
            moved[:, target] = ((folds - mean[:, :, None]) / replicates).swapaxes(1, 2)
            names[target] = control.name
        return Corrected(np.empty((0, k)), coef, intercept, tuple(names), moved)


def stack_of(
    look: Look, opened: Sequence[OpenInstance], width: float, *, weights: Sequence[FloatArray | None] | None = None
) -> Stack:
    """Return some rows of one look.

    Parameters
    ----------
    look
        What they share.
    opened
        The rows; they can vary the same features.
    width
        The kernel width.
    weights
        For each row (R, M) the weights of its draws, where they are known.
    """
    sources = tuple([shared_source(one) for one in opened])
    own = np.array([source.representation.own for source in sources]).astype(np.int64)
    free = np.flatnonzero(~np.array(sources[0].fixed))
    near = _Near(opened[0].context, width, own.shape[1])
    sums, found, ranges = [], [], []
    for row, source in enumerate(sources):
        blocks = [look.shared]
        parts = source.parts(look.n)
        blocks += [look.held(part) for part in parts]
        Z = _encoded(blocks, parts, own[row])
        known = None if weights is None else weights[row]
        weight = _weigh(blocks, parts, Z, near) if known is None else known
        sums.append(products(_columns(blocks, Z, free), weight))
        found.append(weight)
        ranges.append(look.shared.range.with_([block.range for block in blocks[1:]]) if parts else look.shared.range)
    ratio = float(np.exp(-1.0 / (2.0 * width**2)))
    return Stack(look, sources, own, ratio, free, np.stack(sums), tuple(found), tuple(ranges))


def stack_of_one(one: OpenInstance, neighborhood: Neighborhood, width: float) -> Stack | None:
    """Return one row with weights that are known; None where it has masks of its own, or no bins."""
    source, order = one.source, neighborhood.order
    if not isinstance(source, SharedSource) or source.draws.background.probabilities is None or order is None:
        return None
    look = look_of(source.draws, one.n, one.targets, one.context)
    weights = np.where(order >= 0, neighborhood.weights[order], 0.0)
    return stack_of(look, [one], width, weights=[weights])


def shared_source(one: OpenInstance) -> SharedSource:
    """Return the draws that an instance shares."""
    if not isinstance(one.source, SharedSource):
        raise TypeError("one: expected an instance that reads shared draws")
    return one.source


class _Near:
    """Proximities of encoded draws; of the named kernels by a table, since d + 1 distances are all there are."""

    def __init__(self, context: Context, width: float, d: int) -> None:
        self._named = isinstance(context.distance, str) and isinstance(context.settings.kernel, str)
        self._how: dict[str, Any] = {"distance": context.distance, "width": width, "kernel": context.settings.kernel}
        self._center = np.ones(d)
        self._levels = self(np.tri(d + 1, d, -1, dtype=np.uint8).T) if self._named else np.empty(0)
        self._small = np.uint8 if d < 256 else np.uint32

    def __call__(self, Z: NDArray[np.uint8]) -> FloatArray:
        """Return the proximities (n,) of encodings (d, n)."""
        return proximity_to(Z.T, self._center, **self._how)

    def of(self, Z: NDArray[np.uint8]) -> FloatArray:
        """Return the proximities (R, M) of encodings (d, R, M)."""
        if self._named:
            return np.asarray(self._levels.take(np.add.reduce(Z, axis=0, dtype=self._small)))
        return self(Z.reshape(len(Z), -1)).reshape(Z.shape[1:])


def _encoded(blocks: Sequence[Sorted], parts: Sequence[HeldDraws], own: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Return z' (d, R, M) of the draws of all blocks."""
    first = blocks[0].lines.codes
    codes = np.concatenate([block.lines.codes for block in blocks], axis=2) if parts else first
    # a code that is too large for the type has not been drawn
    mine = np.where(own <= np.iinfo(codes.dtype).max, own, -2).astype(codes.dtype)
    Z: NDArray[np.uint8] = np.equal(codes, mine[:, None, None]).view(np.uint8)
    start = first.shape[2]
    for part, block in zip(parts, blocks[1:], strict=True):
        stop = start + block.lines.codes.shape[2]
        if part.averaged is not None:
            Z[part.averaged] = 0
            Z[part.averaged, :, start:stop] = 1
        start = stop
    return Z


def _weigh(blocks: Sequence[Sorted], parts: Sequence[HeldDraws], Z: NDArray[np.uint8], near: _Near) -> FloatArray:
    """Return the weights (R, M) of all draws: design times proximity, on LIME's scale; see `SharedSource.sample`."""
    weight = near.of(Z)
    if parts:
        n = blocks[0].range.n
        weight *= (n + sum(part.n for part in parts)) * _design(n, blocks, parts, Z)
    if any(block.lines.there is not None for block in blocks):
        lines = [block.lines for block in blocks]
        there = [np.ones(each.codes.shape[1:]) if each.there is None else each.there for each in lines]
        weight *= np.concatenate(there, axis=1)
    return weight


def _design(n: int, blocks: Sequence[Sorted], parts: Sequence[HeldDraws], Z: NDArray[np.uint8]) -> FloatArray:
    """Return (R, M) one over the density of each draw in the mixture of shared and held ones."""
    density = np.full(Z.shape[1:], float(n))
    for part in parts:
        if part.share > 0.0:
            inside = Z[part.held.coordinate] == (part.held.how == "in")
            density += (part.n / part.share) * inside
    design = 1.0 / density
    start = blocks[0].lines.codes.shape[2]
    for part, block in zip(parts, blocks[1:], strict=True):
        stop = start + block.lines.codes.shape[2]
        if part.share <= 0.0:
            design[:, start:stop] = ABSENT_WEIGHT / part.n
        start = stop
    return design


def _columns(blocks: Sequence[Sorted], Z: NDArray[np.uint8], free: NDArray[np.int64]) -> FloatArray:
    """Return (R, 1 + m + q, M): the constant, z' of the features that vary, and the outputs."""
    _, replicates, rows = Z.shape
    outputs = [block.outputs for block in blocks]
    m = len(free)
    columns = np.empty((replicates, 1 + m + outputs[0].shape[1], rows))
    columns[:, 0] = 1.0
    columns[:, 1 : 1 + m] = (Z if m == len(Z) else Z[free]).swapaxes(0, 1)
    start = 0
    for each in outputs:
        columns[:, 1 + m :, start : start + each.shape[2]] = each
        start += each.shape[2]
    return columns
