"""Look at many rows of a table at once: rows with the same codes have the same weights, which are computed once.

Input: open instances whose draws are there. Output: for each what the look says, `Fitted`, or that it is `Pending`.
Rows that share draws are laid one above the other (`stack.py`), fitted, judged and described together; what was found
is remembered by the rows' codes, so that an equal row costs a look-up. Neither changes any bit of a result.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.control.table_weights import TableFits
from limelight.local.replicates import scatter, widening
from limelight.local.ties import rounding
from limelight.result.effects import Curves
from limelight.rounds.encoded import SharedSource
from limelight.rounds.fitted import Fitted, as_told
from limelight.rounds.instance import OpenInstance
from limelight.rounds.lines import Look, look_of
from limelight.rounds.memory import Memory
from limelight.rounds.stack import Stack, shared_source, stack_of
from limelight.rounds.table_findings import Weighed, around, curves, spread_of
from limelight.rounds.verdict import Verdict, judge_tables

_MOST_ROWS = 128
_MOST_NUMBERS = 1 << 22
"""Rows in a stack, and numbers in one of its arrays: enough that numpy's own time does not count, few enough for the
processor's cache."""
_OBJECTS = 2500
"""Bytes that a remembered row takes beside its arrays."""


class Pending(Enum):
    """Why a row is not finished."""

    MORE = "it needs more draws"
    ALONE = "the draws do not identify its weights, so that it is looked at by itself"


Found = Fitted | Pending


def stackable(one: OpenInstance) -> bool:
    """Return whether an instance is fitted in stacks: a row in bins, by the library's own fit, at a known width."""
    settings, source = one.context.settings, one.source
    if not isinstance(source, SharedSource) or not source.draws.background.probabilities:  # of an empty row: ()
        return False
    own = settings.surrogate == "ridge" and not settings.regularization and not settings.refit
    return own and settings.selection == "auto" and settings.kernel_width != "auto"


def look_at_rows(opened: Sequence[OpenInstance], width: float) -> list[Found]:
    """Return what a look says of each row."""
    found: list[Found | None] = [None] * len(opened)
    for look, at in _alike(opened):
        memory = _memory(look)
        own = look.units.told(np.array([opened[i].outputs[look.targets] for i in at]))
        keys = [_key(look, opened[i], mine) for i, mine in zip(at, own, strict=True)]
        # Equal rows are fitted once. What is found is held here, too: the memory may drop it before it is handed out.
        known: dict[Hashable, Found] = {}
        new: dict[Hashable, int] = {}
        for place, key in enumerate(keys):
            told = memory.get(key)
            if told is not None:
                known[key] = told
            else:
                new.setdefault(key, place)
        for few in _pieces(list(new.items()), look, opened[at[0]]):
            rows = [opened[at[place]] for _, place in few]
            told_of = _looked_at(look, rows, own[[place for _, place in few]], width)
            for (key, _), told in zip(few, told_of, strict=True):
                known[key] = told
                memory.keep(key, told, size=_bytes(told))
        for i, key in zip(at, keys, strict=True):
            found[i] = known[key]
    return [each for each in found if each is not None]


def _memory(look: Look) -> Memory[Found]:
    """Return what has been found of rows under the same settings; these are held, so that their identity is theirs."""
    key = ("memory", id(look.settings))
    if key not in look.draws.made:
        look.draws.made[key] = (look.settings, Memory[Found]())
    memory: Memory[Found] = look.draws.made[key][1]
    return memory


def _alike(opened: Sequence[OpenInstance]) -> Iterator[tuple[Look, list[int]]]:
    """Yield the rows that can stand in one stack: the same draws, targets, and features that vary."""
    groups: dict[Hashable, list[int]] = {}
    for i, one in enumerate(opened):
        source = shared_source(one)
        key = (id(source.draws), one.n, one.targets.tobytes(), source.fixed)
        groups.setdefault(key, []).append(i)
    for at in groups.values():
        one = opened[at[0]]
        yield look_of(shared_source(one).draws, one.n, one.targets, one.context), at


def _key(look: Look, one: OpenInstance, own: FloatArray) -> Hashable:
    """Return what the weights of a row depend on beside the draws: its codes, what is outside, and what is explained.

    Its own answer belongs to the range of the outputs, which counts only where it is beyond that of the draws.
    """
    shared = look.shared.range
    beyond = np.where((own < shared.low) | (own > shared.high), own, 0.0)
    codes, outside = shared_source(one).key
    return (look.n, look.targets.tobytes() + codes + beyond.tobytes(), outside)


def _pieces(
    rows: Sequence[tuple[Hashable, int]], look: Look, one: OpenInstance
) -> Iterator[Sequence[tuple[Hashable, int]]]:
    """Yield rows in stacks of a size that memory allows."""
    d, replicates = len(one.representation.features), look.draws.replicates
    bins = sum(map(len, look.draws.background.probabilities or ()))
    k = len(look.targets)
    numbers = 2 * look.n + replicates * (bins + k * (1 + d) + (1 + d) * (1 + d + k))
    size = min(max(_MOST_NUMBERS // numbers, 1), _MOST_ROWS)
    for start in range(0, len(rows), size):
        yield rows[start : start + size]


def _looked_at(look: Look, rows: Sequence[OpenInstance], own: FloatArray, width: float) -> list[Found]:
    """Fit, judge and describe a stack of rows whose own answers (S, k) are known."""
    first = rows[0]
    stack = stack_of(look, rows, width)
    fits, identified = stack.fits()
    fits = _tied(fits, stack, own)
    away = np.abs(1.0 - np.array([source.reference for source in stack.sources]))
    verdicts = judge_tables(fits, away, first.context.settings, first.standing)
    found: list[Found] = [Pending.MORE if sure else Pending.ALONE for sure in identified]
    done = [row for row, verdict in enumerate(verdicts) if verdict.stopped and identified[row]]
    if done:
        told = _described(
            stack.take(done), fits.take(done), [verdicts[row] for row in done], width, drawn=first.context.curves
        )
        for row, fitted in zip(done, told, strict=True):
            found[row] = fitted
    return found


def _tied(fits: TableFits, stack: Stack, own: FloatArray) -> TableFits:
    """Return weights that are nothing but rounding as zeros, tied there; see `local/ties.py`."""
    low = np.array([each.low for each in stack.ranges])
    high = np.array([each.high for each in stack.ranges])
    still = low == high
    tied = rounding(fits.coef, fits.stderr, low, high, own) | still[:, :, None]
    # of an output that never moves there is nothing to explain, and so no share of it that is explained
    if still.any():
        unknown = np.where(still, np.nan, 0.0)
        fits = replace(fits, fidelity=fits.fidelity + unknown, fidelity_stderr=fits.fidelity_stderr + unknown)
    if not tied.any():
        return fits
    added = fits.contributions.copy()
    added[..., 1:] = np.where(tied[:, :, None], 0.0, added[..., 1:])
    coef, stderr = np.where(tied, 0.0, fits.coef), np.where(tied, 0.0, fits.stderr)
    return replace(fits, coef=coef, stderr=stderr, contributions=added)


def _described(
    stack: Stack, fits: TableFits, verdicts: Sequence[Verdict], width: float, *, drawn: bool
) -> list[Fitted]:
    """Return what is known of rows whose sampling has ended; `drawn`: with the curves behind their bars."""
    weighed = Weighed(
        coef=fits.coef,
        stderr=fits.stderr,
        fidelity=fits.fidelity,
        fidelity_stderr=fits.fidelity_stderr,
        added=fits.contributions[..., 1:],
        helped=fits.helped,
        spread=spread_of(fits.left, fits.total),
    )
    selected = [verdict.selected for verdict in verdicts]
    covariance = _covariances(fits, selected)
    beside = around(stack, weighed)
    behind: list[tuple[Curves, ...]] = curves(stack, weighed, selected) if drawn else [()] * len(selected)
    varying = np.zeros(fits.coef.shape[2], bool)
    varying[fits.free] = True
    found = []
    for row, verdict in enumerate(verdicts):
        # copies: it is remembered for a long time, and must not hold the arrays of a hundred others
        fitted = Fitted(
            coef=fits.coef[row].copy(),
            stderr=fits.stderr[row].copy(),
            intercept=fits.intercept[row].copy(),
            fidelity=fits.fidelity[row].copy(),
            fidelity_stderr=fits.fidelity_stderr[row].copy(),
            r2=fits.r2[row].copy(),
            estimators=fits.estimators(row),
            varying=varying,
            df=fits.df,
            verdict=verdict,
            covariance=covariance[row],
            targets=beside[row],
            rows=stack.ranges[row].n,
            effective=float(stack.effective[row]),
            width=width,
            units=stack.look.units,
            curves=behind[row],
        )
        found.append(as_told(fitted))
    return found


def _covariances(
    fits: TableFits, selected: Sequence[Sequence[NDArray[np.int64]]]
) -> list[tuple[NDArray[np.float64], ...]]:
    """Return for each row and target the upper triangle of the covariance of the weights shown."""
    shown = np.array(selected)
    added = np.take_along_axis(fits.contributions[..., 1:], shown[:, :, None], axis=3)
    covariance = widening(added.shape[2]) ** 2 * scatter(added)
    triangle = covariance[..., *np.triu_indices(shown.shape[2])]
    return [tuple(each) for each in triangle]


def _bytes(found: Found) -> int:
    """Return about how much memory a row takes that is remembered."""
    if not isinstance(found, Fitted):
        return _OBJECTS // 4
    numbers = 2 * found.coef.nbytes + sum(each.nbytes for each in found.covariance)
    return _OBJECTS + numbers + sum(each.numbers.nbytes for each in found.curves)
