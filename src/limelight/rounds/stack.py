"""Many rows of a table that are looked at together: their encodings, weights and sums, one row above the other.

Input: open instances that share draws, at one number of them. Output: a `Stack`: for each row the sums over replicates
that its weights are made of (`local/regression.py`), and the weights of the draws, which curves and pairs are read off.

A row costs one comparison with the sorted codes of the draws (`lines.py`) and one small product. Each row has a product
of its own: no bit depends on which rows stand beside it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Neighborhood
from limelight.control.table_weights import Corrected, Outputs, TableFits, fit_tables
from limelight.local.proximity import proximity_to
from limelight.local.regression import SYMMETRIC_FROM, Sums, regressions
from limelight.rounds.encoded import ABSENT_WEIGHT, SharedSource
from limelight.rounds.instance import Context, OpenInstance
from limelight.rounds.lines import Look, Range, Sorted, look_of
from limelight.rounds.shared import HeldDraws

_CACHE_LINE = 64  # bytes
_NOTHING = Sums(np.empty(0), np.empty(0), np.empty(0))


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
        What the regressions need of constant, z' and outputs; None of rows that have been fitted.
    effective
        (S,) effective sample sizes.
    weights
        For each row (R, M) the weights of its draws: the shared ones first, then each of its parts.
    ranges
        For each row its outputs in sum.
    parts
        For each row the draws that were made on purpose for it, and the same sorted.
    """

    look: Look
    sources: tuple[SharedSource, ...]
    own: NDArray[np.int64]
    ratio: float
    free: NDArray[np.int64]
    sums: Sums | None
    effective: FloatArray
    weights: tuple[FloatArray, ...]
    ranges: tuple[Range, ...]
    parts: tuple[tuple[tuple[HeldDraws, Sorted], ...], ...]

    @property
    def shared_weights(self) -> FloatArray:
        """Return (S, R, m) the weights of the shared draws."""
        m = self.look.shared.lines.codes.shape[2]
        return np.stack([each[:, :m] for each in self.weights])

    def take(self, rows: Sequence[int]) -> Stack:
        """Return some of the rows, which have been fitted."""
        return Stack(
            self.look,
            tuple([self.sources[row] for row in rows]),
            self.own[rows],
            self.ratio,
            self.free,
            None,
            self.effective[rows],
            tuple([self.weights[row] for row in rows]),
            tuple([self.ranges[row] for row in rows]),
            tuple([self.parts[row] for row in rows]),
        )

    def fits(self) -> tuple[TableFits, NDArray[np.bool_]]:
        """Return the weights, and (S,) of which rows the draws identify them."""
        look = self.look
        if self.sums is None:
            raise ValueError("fits: expected rows that have not been fitted")
        sums, identified = regressions(self.sums)
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
            # Each fold's g is another function; what is added back is their mean, and how far each lies from it counts
            # as scatter of its replicate.
            mean = folds.mean(axis=2)
            intercept[:, target], coef[:, target] = mean[:, 0], mean[:, 1:]
            moved[:, target] = ((folds - mean[:, :, None]) / replicates).swapaxes(1, 2)
            names[target] = control.name
        return Corrected(np.empty((0, k)), coef, intercept, tuple(names), moved)


def stack_of(
    look: Look, opened: Sequence[OpenInstance], width: float, *, weights: Sequence[FloatArray] | None = None
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
    free = np.flatnonzero(~np.array(sources[0].fixed, dtype=bool))  # of an empty sparse row there are none
    near = _Near(opened[0].context, width, own.shape[1])
    every = [source.parts(look.n) for source in sources]
    drawn = [[look.shared, *[look.held(part) for part in parts]] for parts in every]
    sums: list[Sums] = [_NOTHING] * len(sources)
    found = [np.empty(0)] * len(sources) if weights is None else list(weights)
    codes = np.result_type(*{block.lines.codes.dtype for blocks in drawn for block in blocks})
    # a code that is too large for the type has not been drawn
    mine = np.where(own <= np.iinfo(codes).max, own, -2).astype(codes)
    space, laid = None, -1  # the memory in use, and how many parts it was laid out for
    # rows whose draws are as many one after the other, in the same memory
    for row in sorted(range(len(sources)), key=lambda row: len(every[row])):
        blocks, parts = drawn[row], every[row]
        if space is None or len(parts) != laid:
            space, laid = _Space(look, blocks, free, codes), len(parts)
        space.lay(blocks, parts, mine[row])
        if weights is None:
            found[row] = _weigh(look.n, blocks, parts, space.Z, near)
        # with draws of its own a row weighs outputs that the others do not have: its squares are summed anew
        squared = look.shared.squared if not parts else None
        sums[row] = Sums.of(space.columns, found[row], space.p, squared, space.scaled)
    together = Sums.stack(sums)
    ratio = float(np.exp(-0.5 / width / width))
    ranges = tuple([look.shared.range.with_([block.range for block in blocks[1:]]) for blocks in drawn])
    held = tuple([tuple(zip(parts, blocks[1:], strict=True)) for parts, blocks in zip(every, drawn, strict=True)])
    return Stack(look, sources, own, ratio, free, together, together.effective, tuple(found), ranges, held)


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
        counts = np.ascontiguousarray(np.tri(d + 1, d, -1, dtype=np.uint8).T)
        self._levels = self(counts) if self._named else np.empty(0)
        self._small = np.uint8 if d < 256 else np.uint32

    def __call__(self, Z: NDArray[np.uint8]) -> FloatArray:
        """Return the proximities (n,) of encodings (d, n)."""
        return proximity_to(Z.T, self._center, **self._how)

    def of(self, Z: NDArray[np.bool_]) -> FloatArray:
        """Return the proximities (R, M) of encodings (d, R, M)."""
        if self._named:
            return np.asarray(self._levels.take(np.add.reduce(Z.view(np.uint8), axis=0, dtype=self._small)))
        return self(Z.view(np.uint8).reshape(len(Z), -1)).reshape(Z.shape[1:])


class _Space:
    """The draws of rows with so many parts, laid out for one row after the other.

    What all rows have in common stands there from the start: the constant, codes and outputs of the shared draws.

    Parameters
    ----------
    look
        What the rows share.
    blocks
        The draws of one of them: the shared ones, and those of its parts.
    free
        (m,) features that the background can vary.
    codes
        A type that holds the codes of all draws.
    """

    def __init__(self, look: Look, blocks: Sequence[Sorted], free: NDArray[np.int64], codes: np.dtype[Any]) -> None:
        shared = look.shared
        c, replicates, rows = shared.lines.codes.shape
        M = sum([block.lines.codes.shape[2] for block in blocks])
        self.p = 1 + len(free)
        self._free = free if len(free) < c else slice(None)
        self.codes = aligned((c, replicates, M), codes)
        self.codes[:, :, :rows] = shared.lines.codes
        self.columns = aligned((replicates, self.p + shared.outputs.shape[1], M))
        self.columns[:, 0] = 1.0
        self.columns[:, self.p :, :rows] = shared.outputs
        self.scaled = aligned((replicates, self.p, M)) if self.p <= SYMMETRIC_FROM else None
        self.Z = aligned((c, replicates, M), np.bool_)

    def lay(self, blocks: Sequence[Sorted], parts: Sequence[HeldDraws], own: NDArray[Any]) -> None:
        """Lay out the draws of a row with codes (c,): its parts beside the shared ones, and z' of all of them."""
        start = blocks[0].lines.codes.shape[2]
        places = []
        for block in blocks[1:]:
            place = slice(start, start + block.lines.codes.shape[2])
            self.codes[:, :, place] = block.lines.codes
            self.columns[:, self.p :, place] = block.outputs
            places.append(place)
            start = place.stop
        np.equal(self.codes, own[:, None, None], out=self.Z)  # z' is 1 in the row's own bin
        for part, place in zip(parts, places, strict=True):
            if part.averaged is not None:
                # the background never shows this value: only draws that were made with it have it
                self.Z[part.averaged] = False
                self.Z[part.averaged, :, place] = True
        self.columns[:, 1 : self.p] = self.Z[self._free].swapaxes(0, 1)


def aligned(shape: tuple[int, ...], dtype: Any = np.float64) -> NDArray[Any]:
    """Return memory that begins where a line of the processor's cache does: small products are a third quicker there.

    >>> aligned((2, 3)).shape
    (2, 3)
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    whole = np.empty(size + _CACHE_LINE, np.uint8)
    start = -whole.__array_interface__["data"][0] % _CACHE_LINE
    found: NDArray[Any] = whole[start : start + size].view(dtype).reshape(shape)
    return found


def _weigh(
    n: int, blocks: Sequence[Sorted], parts: Sequence[HeldDraws], Z: NDArray[np.bool_], near: _Near
) -> FloatArray:
    """Return the weights (R, M) of all draws: design times proximity, on LIME's scale; see `SharedSource.sample`."""
    weight = near.of(Z)
    if parts:
        weight *= (n + sum(part.n for part in parts)) * _design(n, blocks, parts, Z)
    if any(block.lines.there is not None for block in blocks):
        lines = [block.lines for block in blocks]
        there = [np.ones(each.codes.shape[1:]) if each.there is None else each.there for each in lines]
        weight *= np.concatenate(there, axis=1)
    return weight


def _design(n: int, blocks: Sequence[Sorted], parts: Sequence[HeldDraws], Z: NDArray[np.bool_]) -> FloatArray:
    """Return (R, M) one over the density of each draw in the mixture of shared and held ones."""
    # n draws of the background, and of each part n' that fall into a region of share p with n'/p times its density
    density = np.full(Z.shape[1:], float(n))
    for part in parts:
        if part.share > 0.0:
            if part.held.how == "in":
                inside = Z[part.held.coordinate]
            else:
                inside = ~Z[part.held.coordinate]
            density += (part.n / part.share) * inside
    design = 1.0 / density
    start = blocks[0].lines.codes.shape[2]
    for part, block in zip(parts, blocks[1:], strict=True):
        stop = start + block.lines.codes.shape[2]
        if part.share <= 0.0:
            # outside of the background there is no density to divide by; the whole part weighs what is agreed on
            design[:, start:stop] = ABSENT_WEIGHT / part.n
        start = stop
    return design
