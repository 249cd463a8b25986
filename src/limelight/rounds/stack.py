"""Many rows of a table that are looked at together: their encodings, weights and sums, one row above the other.

Input: open instances that share draws, at one number of them. Output: a `Stack`: for each row the sums over replicates
that its weights are made of (`local/regression.py`), and the weights of the draws, which curves and pairs are read off.

A row costs one comparison with the sorted codes of the draws (`lines.py`) and one small product. Each row has a product
of its own: no bit depends on which rows stand beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Neighborhood
from limelight.control.table_weights import Corrected, Outputs, TableFits, fit_tables
from limelight.local.proximity import proximity_to
from limelight.local.regression import Sums, regressions
from limelight.rounds.encoded import ABSENT_WEIGHT, SharedSource
from limelight.rounds.instance import Context, OpenInstance
from limelight.rounds.lines import Look, Range, Sorted, look_of
from limelight.rounds.shared import HeldDraws


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
    free = np.flatnonzero(~np.array(sources[0].fixed, dtype=bool))  # of an empty sparse row there are none
    near = _Near(opened[0].context, width, own.shape[1])
    sums, found, ranges = [], [], []
    for row, source in enumerate(sources):
        blocks = [look.shared]
        parts = source.parts(look.n)
        blocks += [look.held(part) for part in parts]
        Z = _encoded(blocks, parts, own[row])
        known = None if weights is None else weights[row]
        weight = _weigh(look.n, blocks, parts, Z, near) if known is None else known
        squared = look.shared.squared if not parts else None
        sums.append(Sums.of(_columns(blocks, Z, free), weight, 1 + len(free), squared))
        found.append(weight)
        ranges.append(look.shared.range.with_([block.range for block in blocks[1:]]) if parts else look.shared.range)
    together = Sums.stack(sums)
    ratio = float(np.exp(-0.5 / width / width))
    return Stack(look, sources, own, ratio, free, together, together.effective, tuple(found), tuple(ranges))


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


def _weigh(
    n: int, blocks: Sequence[Sorted], parts: Sequence[HeldDraws], Z: NDArray[np.uint8], near: _Near
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
