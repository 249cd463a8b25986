"""What shared draws say of rows of a table beside their weights: curves, pairs, and what is around them.

Input: a `Stack` of rows and their weights. Output: for each row and target an `Around`, and the curves behind the
features shown.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Shape
from limelight.control.second_model import TableControl
from limelight.local.replicates import by_replicate, scattered_error
from limelight.result.effects import Curves, Interaction
from limelight.rounds.alike import answered_alike
from limelight.rounds.curves import Bins, Cells, RowBins, Shown, effects_of
from limelight.rounds.encoded import SharedSource
from limelight.rounds.findings import ADDS_UP, Expectation, Expectations
from limelight.rounds.fitted import Around, Fitted
from limelight.rounds.instance import OpenInstance
from limelight.rounds.lines import Lines, Look, Sorted, lines_of, look_of
from limelight.rounds.shared import Held, HeldDraws, SharedDraws
from limelight.rounds.stack import Stack, shared_source

_MOST_AT_ONCE = 128
"""Rows times targets whose curves are computed at a time."""


@dataclass(frozen=True)
class Weighed:
    """The weights of a stack of rows, as they are told.

    Parameters
    ----------
    coef, stderr
        (S, k, d)
    fidelity, fidelity_stderr
        (S, k)
    added
        (S, k, R, d) what each replicate adds to the weights.
    helped
        (S, k) where the second model was used.
    spread
        (S, k) what the surrogate leaves of an output, as a standard deviation.
    """

    coef: FloatArray
    stderr: FloatArray
    fidelity: FloatArray
    fidelity_stderr: FloatArray
    added: FloatArray
    helped: NDArray[np.bool_]
    spread: FloatArray


def around(stack: Stack, weighed: Weighed) -> list[tuple[Around, ...]]:
    """Return for each row and target what is around it."""
    look, rows = stack.look, len(stack.sources)
    away = 1.0 - np.array([source.reference for source in stack.sources])
    by_target: list[list[Around]] = []
    for target, control in enumerate(look.models):
        if control is None:
            by_target.append([_plain(stack, weighed, row, target) for row in range(rows)])
            continue
        # a rare bin, or a value outside the background, has its weight from draws made on purpose
        unknown = away * ~control.terms.levelled(stack.own)
        added = (weighed.coef[:, target] * unknown).sum(axis=1).tolist()
        variance = np.square(weighed.stderr[:, target] * unknown).sum(axis=1).tolist()
        pairs = pairs_of(stack, control)
        by_target.append(
            [_controlled(stack, weighed, row, target, (added[row], variance[row], pairs[row])) for row in range(rows)]
        )
    return [tuple(each) for each in zip(*by_target, strict=True)]


def _plain(stack: Stack, weighed: Weighed, row: int, target: int) -> Around:
    found, share = stack.ranges[row], float(weighed.fidelity[row, target])
    if share < ADDS_UP:
        # the conditions are yes and no, and columns may add up without them: nobody knows what a second model would say
        share = float("nan")
    return Around(
        spread=float(weighed.spread[row, target]),
        deviation=float(found.deviation[target]),
        low=float(found.low[target]),
        high=float(found.high[target]),
        share=share,
        share_stderr=float(weighed.fidelity_stderr[row, target]),
    )


def _controlled(
    stack: Stack,
    weighed: Weighed,
    row: int,
    target: int,
    own: tuple[float, float, tuple[Interaction, ...]],
) -> Around:
    control, found = stack.look.models[target], stack.ranges[row]
    if control is None:
        return _plain(stack, weighed, row, target)
    model, (unknown, variance, pairs) = control.model, own
    return Around(
        spread=float(weighed.spread[row, target]),
        deviation=float(found.deviation[target]),
        low=float(found.low[target]),
        high=float(found.high[target]),
        share=model.additive,
        share_stderr=model.stderr,
        saturating=model.saturating,
        pairs=pairs,
        screened=model.screened,
        moving=model.moving,
        unknown=unknown,
        unknown_variance=variance,
    )


def pairs_of(stack: Stack, control: TableControl) -> list[tuple[Interaction, ...]]:
    """Return for each row the pairs of columns that act together, with what they add where both are in its own bins."""
    found: list[list[Interaction]] = [[] for _ in stack.sources]
    if not control.model.pairs:
        return [()] * len(found)
    codes = stack.look.shared.lines.codes
    weights = stack.shared_weights
    residual = by_replicate(control.model.residual, codes.shape[1])
    told = np.stack([np.ones_like(residual), residual], axis=2)
    for first, second, share, stderr in control.model.pairs:
        here = [(codes[j] == stack.own[:, j].astype(codes.dtype)[:, None, None]) for j in (first, second)]
        inside = [weights * here[0], weights * here[1], weights * (here[0] & here[1])]
        # (S, R, 2) Σ w and Σ w e over all draws, those in either bin, and those in both
        every, one, other, both = [(each[:, :, None] @ told)[:, :, 0] for each in (weights, *inside)]
        sizes, errors = _acting(every, one, other, both)
        for row, (size, error) in enumerate(zip(sizes.tolist(), errors.tolist(), strict=True)):
            found[row].append(Interaction(first, second, share, stderr, size, error))
    return [tuple(each) for each in found]


def _acting(every: FloatArray, one: FloatArray, other: FloatArray, both: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return (S,) the slope on (z − z̄)(z' − z̄') and its stated error, from sums over replicates of w and w e."""
    total = every[..., 0].sum(axis=1)
    mean = (one[..., 0].sum(axis=1) / total)[:, None, None]
    mean_other = (other[..., 0].sum(axis=1) / total)[:, None, None]
    # (z − a)(z' − b) = z z' − b z − a z' + a b, and of zeros and ones the squares are themselves
    product = both - mean_other * one - mean * other + mean * mean_other * every
    square = (
        (1.0 - 2.0 * mean) * (1.0 - 2.0 * mean_other) * both
        + np.square(mean_other) * (1.0 - 2.0 * mean) * one
        + np.square(mean) * (1.0 - 2.0 * mean_other) * other
        + np.square(mean * mean_other) * every
    )[..., 0]
    scale = square.sum(axis=1)
    safe = np.where(scale > 0.0, scale, np.nan)  # a column that does not vary acts with nothing
    size = product[..., 1].sum(axis=1) / safe
    scores = (product[..., 1] - size[:, None] * square) / safe[:, None]
    return size, scattered_error(scores, axis=1)


def curves(stack: Stack, weighed: Weighed, selected: Sequence[Sequence[NDArray[np.int64]]]) -> list[tuple[Curves, ...]]:
    """Return for each row and target the effects behind the features shown.

    Parameters
    ----------
    stack
        The rows.
    weighed
        Their weights.
    selected
        For each row and target the features shown.
    """
    look, names = stack.look, stack.sources[0].representation.bins
    shapes = look.draws.background.shapes
    if shapes is None or not names:
        return [()] * len(stack.sources)
    bins, shown = _bins(look.draws, shapes, names)
    cells = _placed(stack, bins)
    count = np.zeros((len(stack.sources), bins.width), dtype=np.int64)
    for each in cells:
        count[each.rows] += each.cells.count
    found: list[list[Curves]] = [[] for _ in stack.sources]
    rows, k = len(stack.sources), len(look.targets)
    # many targets of many rows are taken some at a time: their sums by bin would not stay in the cache
    step = max(_MOST_AT_ONCE // rows, 1)
    weight = np.empty(0)
    for targets in [range(start, min(start + step, k)) for start in range(0, k, step)]:
        several = len(targets)
        # the weights are summed in one pass with the first outputs
        sums, known = _moved(stack, cells, targets, weighed.helped), _known(stack, targets, weighed.helped, bins)
        if targets.start == 0:
            weight, moved = sums[:, 0], sums[:, 1:]
        else:
            moved = sums
        told = RowBins(
            weight=np.repeat(weight, several, axis=0),
            moved=moved.reshape(-1, *weight.shape[1:]),
            count=np.repeat(count, several, axis=0),
            known=known.reshape(-1, *weight.shape[1:]),
            own=np.repeat(stack.own, several, axis=0),
            coef=weighed.coef[:, targets].reshape(rows * several, -1),
            added=weighed.added[:, targets].reshape(rows * several, *weighed.added.shape[2:]),
        )
        effects, stderr = effects_of(told, bins)
        for at in range(rows * several):
            row, target = at // several, targets[at % several]
            found[row].append(shown.curves(effects[at], stderr[at], stack.own[row], selected[row][target]))
    return [tuple(each) for each in found]


def _known(stack: Stack, targets: range, helped: NDArray[np.bool_], bins: Bins) -> FloatArray:
    """Return (S, T, R, B) what second models say of each bin, zero where they were not used."""
    found = np.zeros((len(stack.sources), len(targets), stack.look.draws.replicates, bins.width))
    for at, target in enumerate(targets):
        control = stack.look.controls[target]
        if control is not None and helped[:, target].any():
            levels = control.parts.levels(stack.own, stack.ratio, bins.owner, bins.code)
            found[:, at] = np.where(helped[:, target, None, None], np.moveaxis(levels, 2, 1), 0.0)
    return found


def _moved(stack: Stack, cells: Sequence[_Placed], targets: range, helped: NDArray[np.bool_]) -> FloatArray:
    """Return (S, T, R, B) Σ w e, e the output, or what the second model leaves of it where it was used.

    Before the first target stands Σ w.
    """
    k, used, weighed = len(stack.look.targets), helped[:, targets], targets.start == 0
    left = slice(targets.start + k, targets.stop + k)  # what second models leave stands behind the k outputs
    if used.all():
        return _sums(stack, cells, left, weighed=weighed)
    plain = _sums(stack, cells, slice(targets.start, targets.stop), weighed=weighed)
    if used.any():
        moved = plain[:, int(weighed) :]
        moved[:] = np.where(used[:, :, None, None], _sums(stack, cells, left, weighed=False), moved)
    return plain


def _sums(stack: Stack, cells: Sequence[_Placed], outputs: slice, *, weighed: bool) -> FloatArray:
    """Return (S, T, R, B) Σ w y by replicate and bin, over all draws of each row; `weighed`: Σ w first."""
    first = int(weighed)
    several = first + outputs.stop - outputs.start
    found = np.zeros((len(stack.sources), several, *cells[0].cells.shape))
    for each in cells:
        rows, replicates, m = each.weights.shape
        values = np.empty((rows, several, replicates, m))
        values[:, :first] = each.weights[:, None]
        np.multiply(each.weights[:, None], each.block.outputs[:, outputs].swapaxes(0, 1), out=values[:, first:])
        summed = each.cells.of_rows(values.reshape(-1, replicates, m))
        found[each.rows] += summed.reshape(rows, several, *summed.shape[1:])
    return found


@dataclass(frozen=True)
class _Placed:
    """Draws that some rows of a stack have in common: the shared ones, or those that were made for one rare bin.

    Parameters
    ----------
    rows
        (S',) which rows these are.
    weights
        (S', R, m) the weights that they give the draws.
    block, cells
        The draws, and where they fall.
    """

    rows: NDArray[np.int64]
    weights: FloatArray
    block: Sorted
    cells: Cells


def _placed(stack: Stack, bins: Bins) -> list[_Placed]:
    """Return the draws of a stack: the shared ones, then held ones by column, so that each row adds up in one order."""
    look = stack.look
    whole = _Placed(np.arange(len(stack.sources)), stack.shared_weights, look.shared, _cells(look.draws, look.n, bins))
    parts: dict[Held, list[tuple[int, FloatArray, HeldDraws, Sorted]]] = {}
    for row, held in enumerate(stack.parts):
        start = whole.weights.shape[2]
        for part, block in held:
            stop = start + block.lines.codes.shape[2]
            parts.setdefault(part.held, []).append((row, stack.weights[row][:, start:stop], part, block))
            start = stop
    found = [whole]
    # a row has no more than one part for each column
    for which in sorted(parts, key=lambda held: held.coordinate):
        rows, weights, of_rows, blocks = zip(*parts[which], strict=True)
        made = _part_cells(look, of_rows[0], blocks[0].lines, bins)
        found.append(_Placed(np.array(rows), np.stack(weights), blocks[0], made))
    return found


def _bins(draws: SharedDraws, shapes: tuple[Shape, ...], names: tuple[tuple[str, ...], ...]) -> tuple[Bins, Shown]:
    if "bins" not in draws.made:
        bins = Bins.of(shapes)
        draws.made["bins"] = (bins, Shown(bins, names))
    found: tuple[Bins, Shown] = draws.made["bins"]
    return found


def _cells(draws: SharedDraws, n: int, bins: Bins) -> Cells:
    """Return where shared draws fall; made once for all rows."""
    if ("cells", n) not in draws.made:
        lines = lines_of(draws, n)
        draws.made["cells", n] = Cells.of(lines.codes, lines.there, bins)
    found: Cells = draws.made["cells", n]
    return found


def _part_cells(look: Look, part: HeldDraws, lines: Lines, bins: Bins) -> Cells:
    """Return where held draws fall; a value outside is in none of its column's bins."""
    key = ("cells", look.n, part.held)
    known: Cells | None = look.draws.made.get(key)
    if known is None:
        codes = lines.codes
        if part.averaged is not None:
            codes = codes.copy()
            codes[part.averaged] = -1
        known = Cells.of(codes, lines.there, bins)
        if part.averaged is None:
            look.draws.made[key] = known
    return known


def expected(
    rows: Sequence[tuple[OpenInstance, Fitted]],
) -> Iterator[tuple[OpenInstance, Fitted, Expectations]]:
    """Yield instances with what the curves of their columns expect of them: for rows of a table, many at once."""
    groups: dict[Hashable, list[int]] = {}
    for at, (one, _) in enumerate(rows):
        groups.setdefault((id(one.source), at) if _look(one) is None else id(_look(one)), []).append(at)
    found: list[Expectations] = [()] * len(rows)
    for places in groups.values():
        look = _look(rows[places[0]][0])
        if look is None or not any(look.models):
            continue
        sources = [shared_source(rows[at][0]) for at in places]
        own = np.array([source.representation.own for source in sources]).astype(np.int64)
        inside = np.array([source.representation.inside for source in sources])
        told = [None if each is None else (each.model, *each.model.at(each.terms, own, inside)) for each in look.models]
        for row, at in enumerate(places):
            alike = answered_alike(rows[at][0], look, inside[row])
            of_row: list[Expectation | None] = [None] * len(told)
            for target, (each, met) in enumerate(zip(told, alike.tolist(), strict=True)):
                # draws nearby answer as the row does: what its curve misses there is a corner, and no gap
                if each is not None and not met:
                    model, *parts = each
                    of_row[target] = Expectation(model, *[float(part[row]) for part in parts])
            found[at] = of_row
    for (one, fitted), expectations in zip(rows, found, strict=True):
        yield one, fitted, expectations


def _look(one: OpenInstance) -> Look | None:
    """Return what a row shares with others; None where it has masks of its own, or no bins."""
    source = one.source
    if not isinstance(source, SharedSource) or source.draws.background.probabilities is None:
        return None
    return look_of(source.draws, one.n, one.targets, one.context)


def spread_of(left: FloatArray, total: FloatArray) -> FloatArray:
    """Return (S, k) √(Σ w e² / Σ w).

    >>> spread_of(np.array([[8.0]]), np.array([2.0])).tolist()
    [[2.0]]
    """
    return np.asarray(np.sqrt(left / np.maximum(total, 1e-300)[:, None]))
