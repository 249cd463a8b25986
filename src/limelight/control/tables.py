"""A second model g of a table's outputs on shared draws, fitted once and used by every row.

Input: bins of shared draws and what values do inside them, one target's outputs. Output: a `TableControl`
(`second_model.py`): residuals y − g on the shared draws, g's projection for every row (`product.py`), g on draws made
later, and what the fit says of the model as a whole: how additive it is, along what curve, which columns act together.

β = Proj_Q(g) + WLS(y − g) has the limit of plain least squares for any g that is fixed beforehand [owen2013, §8.9].
Here each draw is corrected by a g that was fitted without its replicate, and so is fixed for it: no half-seen
residuals, no bias to be kept small. g is built up while it pays, judged by what it leaves of draws not seen:

1. an additive function of the columns, in their bins and in the values inside them   (`additive.py`)
2. a smooth curve in an additive index, for outputs that saturate                      (`waves.py`)
3. tables of the few pairs of columns that act together                                (`bin_pairs.py`)

Terms inside bins have mean zero in every bin, whatever the row, or a known mean: they take out noise and leave the
projection exact.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray, Shape
from limelight.control.additive import PENALTY_LEVEL, Additivity, Terms, additivity, terms_of
from limelight.control.bin_pairs import MOST_NAMED, MOST_PRODUCT, PairTable, PairTests, fit_table, pair_tests
from limelight.control.fine_cells import FineCells
from limelight.control.folds import Folds
from limelight.control.growth import growth_of
from limelight.control.product import ProductParts, own_and_others, own_probabilities, pair_part
from limelight.control.saturation import moving_rows, saturating_share
from limelight.control.second_model import TableControl
from limelight.control.waves import HARMONICS, Waves, fit_waves, joined
from limelight.local.replicates import by_replicate, in_replicates

WORTHWHILE = 0.98
"""A part of g stays where it leaves less than this share of what was left without it, on draws that it has not seen."""

EXACTLY_ADDITIVE = 0.999
"""Nothing is gained by curves and pairs where an additive function explains this much."""

NAMED_BELOW = 0.95
"""Pairs are named where neither the additive function nor the curve explains this share of the movement."""

_PAIRS_A_ROUND = 6
_ROUNDS = 2
_LEAST_HALF = 4  # rows of half the draws for each column of an index


@dataclass(frozen=True)
class TableDesign:
    """What all targets share: the columns of the additive function on shared draws, and their sums.

    Parameters
    ----------
    terms
        What the columns are.
    codes, inside
        (n, c) and (n, c, 4) of the draws.
    columns
        (n, 1 + p) the constant and the columns.
    grouped
        (R, m, 1 + p) the same by replicate; a view where all replicates are full.
    gram
        (R, 1 + p, 1 + p)
    whole
        (n, 1 + p + q) the columns, and one for the rare bins of each coordinate that have no level in them: what such a
        bin does alone adds up as well as anything, though a replicate has too few draws of it for a second model.
        The columns themselves where there are no such bins.
    whole_gram
        (1 or R, 1 + p + q, 1 + p + q) of these, in parts that add up.
    inverse
        (1 + p + q, 1 + p + q) of the penalised Gram matrix of `whole`.
    leverage
        (n,) of the draws in the fit of `whole`.
    fine_cells
        In which columns may tell something by themselves that `whole` has no column for.
    """

    terms: Terms
    codes: NDArray[np.int64]
    inside: FloatArray
    columns: FloatArray
    grouped: FloatArray
    gram: FloatArray
    whole: FloatArray
    whole_gram: FloatArray
    inverse: FloatArray
    leverage: FloatArray
    fine_cells: FineCells

    @property
    def penalty(self) -> FloatArray:
        """Return (1 + p,) the ridge penalties, absolute; the constant has none."""
        return _penalty(self.terms, 0) * len(self.codes)

    @property
    def replicates(self) -> int:
        """Return R."""
        return len(self.gram)

    @classmethod
    def of(
        cls, codes: NDArray[np.int64], inside: FloatArray, shapes: Sequence[Shape], replicates: int
    ) -> TableDesign | None:
        """Return the design of shared draws; None where there are too few draws for the bins."""
        codes = np.asarray(codes, dtype=np.int64)
        terms = terms_of(codes, shapes)
        if terms is None:
            return None
        columns = terms.with_constant(codes, inside)
        grouped = in_replicates(columns, replicates)
        gram = np.empty((replicates, columns.shape[1], columns.shape[1]))
        for rows, of_rows in zip(grouped, gram, strict=True):
            np.matmul(rows.T, rows, out=of_rows)  # of a product with itself BLAS makes one half
        rest = _without_level(terms, codes)
        whole, whole_gram = columns, gram
        if rest.shape[1]:
            whole = np.column_stack([columns, rest])
            whole_gram = (whole.T @ whole)[None]
        penalty = _penalty(terms, rest.shape[1]) * len(codes)
        half = Folds(whole_gram, whole_gram[:, :, :0], penalty).half_inverse()
        cells = FineCells.of(codes, inside[:, :, 0], whole, half)
        leverage = np.minimum(cells.leverage, 0.9)
        return cls(terms, codes, inside, columns, grouped, gram, whole, whole_gram, half @ half.T, leverage, cells)

    def control(self, y: FloatArray) -> TableControl | None:
        """Return g for one target; None where the outputs never move."""
        if np.ptp(y) == 0.0:
            return None
        cross = self.grouped.swapaxes(1, 2) @ by_replicate(y, self.replicates)[:, :, None]
        coef = Folds(self.gram, cross, self.penalty).solve(range(self.replicates))[:, :, 0]
        described = self._described(y, cross)
        residual = y - self.whole @ described
        # squares of this sum to what the best additive function leaves, not the fitted one
        left = residual / np.sqrt(1.0 - self.leverage)
        share, stderr = self._adding_up(residual, left, y)
        building = _Building(self, y, coef, y - coef @ self.columns.T)
        saturating, growth = float("nan"), None
        # an additive model leaves only rounding, of which curves and pairs would make something
        # of columns whose names are each drawn once it is unknown (NaN)
        if not share >= EXACTLY_ADDITIVE:
            building.add_waves()
            building.add_pairs()
        if not share >= NAMED_BELOW:
            saturating = saturating_share(self.whole, y, self._whole_penalty)
            growth = growth_of(self.whole, y, self.inverse, self.leverage)
            saturating = float(np.fmax(saturating, float("nan") if growth is None else growth.share))
        # `not … >=` rather than `<`: an unknown curve (NaN) must not keep pairs from being named
        pairs = self._named(left, y) if not max(share, saturating) >= NAMED_BELOW else ()
        known = 1 + self.terms.width
        model = Additivity(
            additive=share,
            stderr=stderr,
            saturating=saturating,
            pairs=pairs,
            coef=described[:known],
            inverse=self.inverse[:known, :known],
            spread=float(np.sqrt(np.square(left).mean())),
            deviation=float(y.std()),
            low=float(y.min()),
            high=float(y.max()),
            residual=left,
            moving=moving_rows(y),
            screened=not self.too_wide,
            growth=None if growth is None else replace(growth, coef=growth.coef[:known]),
        )
        return building.finished(model)

    def _adding_up(self, residual: FloatArray, left: FloatArray, y: FloatArray) -> tuple[float, float]:
        """Return the share of y's movement that a free function of each column explains, and its standard error."""
        share, stderr = additivity(residual, self.leverage, y)
        if share >= EXACTLY_ADDITIVE:
            return share, stderr
        alone, error = self.fine_cells.share(residual, left, y)
        return min(share + alone, 1.0), float(np.hypot(stderr, error))

    @property
    def _whole_penalty(self) -> FloatArray:
        """Return (1 + p + q,) the ridge penalties of `whole`, relative to the rows."""
        return _penalty(self.terms, self.whole.shape[1] - self.columns.shape[1])

    def _described(self, y: FloatArray, cross: FloatArray) -> FloatArray:
        """Return (1 + p + q,) the additive function fitted to all rows; `cross` is what the folds were fitted to."""
        if self.whole is not self.columns:
            cross = (self.whole.T @ y)[None, :, None]
        folds = Folds(self.whole_gram, cross, self._whole_penalty * len(y))
        return np.asarray(folds.solve([len(self.whole_gram)])[0, :, 0])

    def _named(self, left: FloatArray, y: FloatArray) -> tuple[tuple[int, int, float, float], ...]:
        """Return the pairs of columns that act together, each taken out before the next is looked for."""
        total = float(np.square(y - y.mean()).sum())
        found: list[tuple[int, int, float, float]] = []
        taken: set[tuple[int, int]] = set()
        if self.too_wide:
            return ()
        left = self.terms.without_rare(left, self.codes)
        for _ in range(MOST_NAMED):
            tests = self.pair_tests(left, total)
            believed = tests.believed(taken)
            if not believed.any():
                break
            # one real pair makes others look real, so it is taken out before the next is looked for
            best = int(np.argmax(np.where(believed, tests.share, -np.inf)))
            pair = (int(tests.first[best]), int(tests.second[best]))
            taken.add(pair)
            found.append((*pair, float(tests.share[best]), float(tests.stderr[best])))
            left = self._without_sums(self.table(pair, left[None], everything=True)[1][0])
        return tuple(sorted(found, key=lambda each: -each[2]))

    def _without_sums(self, left: FloatArray) -> FloatArray:
        """Return what is left (n,) of a pair's table, less the best additive function of it.

        The additive function was fitted to outputs with the pair in them, and with many columns it has followed them by
        chance. Without the pair it stands there by itself, the same in every replicate; in the cells of two columns
        it would look like something that they do together.
        """
        left = left - self.whole @ (self.inverse @ (self.whole.T @ left))
        return self.terms.without_rare(left, self.codes)

    def table(
        self, pair: tuple[int, int], residual: FloatArray, *, everything: bool = False
    ) -> tuple[PairTable, FloatArray]:
        """Return the table of a pair from residuals (R, n), and what it leaves of them; see `fit_table`."""
        bins = (len(self.terms.shapes[pair[0]].share), len(self.terms.shapes[pair[1]].share))
        return fit_table(pair, self.codes, self.inside, residual, bins, everything=everything)

    @property
    def too_wide(self) -> bool:
        """Return whether there are too many bins to look at all pairs."""
        bins = sum(len(shape.share) for shape in self.terms.shapes)
        return len(self.codes) * bins**2 > MOST_PRODUCT

    def pair_tests(self, residual: FloatArray, total: float) -> PairTests:
        """Return what residuals (n,) say of all pairs of columns."""
        bins = np.array([len(shape.share) for shape in self.terms.shapes])
        return pair_tests(self.codes, residual, bins, self.replicates, total)


def _penalty(terms: Terms, rest: int) -> FloatArray:
    """Return (1 + p + q,) ridge penalties relative to the rows: of the constant none, of rare bins those of levels."""
    return np.concatenate([[0.0], terms.penalty, np.full(rest, PENALTY_LEVEL)])


def _without_level(terms: Terms, codes: NDArray[np.int64]) -> FloatArray:
    """Return (n, q) whether draws are in a bin without a level, where such bins stand at the mean of the others."""
    lent = np.flatnonzero(terms.lent)
    return np.asarray(terms.level[codes[:, lent] + terms.first[lent]] < 0, dtype=float)


class _Building:
    """g while parts are added to it: `left` (R, n) is what each fold's function leaves of all outputs."""

    def __init__(self, design: TableDesign, y: FloatArray, coef: FloatArray, left: FloatArray) -> None:
        self.design, self.y, self.coef, self.left = design, y, coef, left
        self.curves: list[tuple[Waves, NDArray[np.complex128]]] = []
        self.tables: list[PairTable] = []
        self.rows = np.arange(len(y))
        self.fold = self.rows % design.replicates

    def unseen(self, left: FloatArray | None = None) -> FloatArray:
        """Return (n,) what is left of each draw by the function that has not seen its replicate."""
        return np.asarray((self.left if left is None else left)[self.fold, self.rows])

    def add_waves(self) -> None:
        """Add a curve in an index of each half of the replicates for the other, if it helps."""
        design = self.design
        halves = self.fold < self.design.replicates // 2
        terms = design.terms
        if not terms.width or np.count_nonzero(halves) < _LEAST_HALF * terms.width:
            return
        # an index has seen its outputs, so each half of the replicates uses the one of the other half
        made = [fit_waves(design.columns[half, 1:], self.y[half], terms) for half in (halves, ~halves)]
        coef = self.coef.copy()
        left = self.left.copy()
        curves = []
        for trained, waves in enumerate(made):
            folds = np.flatnonzero((np.arange(design.replicates) < design.replicates // 2) != (trained == 0))
            waved = waves.at(design.columns[:, 1:] @ waves.coef(terms.width))
            solved, amplitudes = self._waved_folds(waved, folds)
            coef[folds] = solved
            spread = np.zeros((design.replicates, HARMONICS), complex)
            spread[folds] = amplitudes
            curves.append((waves, spread))
            left[folds] = self.y - solved @ design.columns.T - (amplitudes @ waved.T).real
        if np.square(self.unseen(left)).sum() < WORTHWHILE * np.square(self.unseen()).sum():
            self.coef, self.left, self.curves = coef, left, curves

    def _waved_folds(
        self, waves: NDArray[np.complex128], folds: NDArray[np.int64]
    ) -> tuple[FloatArray, NDArray[np.complex128]]:
        """Return coefficients and amplitudes of some folds, additive columns and waves fitted together."""
        design = self.design
        # Re(a e^{iθ}) = Re a · cos θ − Im a · sin θ: two real columns for each wave
        extra = by_replicate(np.concatenate([waves.real, waves.imag], axis=1), design.replicates)
        turned = extra.swapaxes(1, 2)
        width = design.columns.shape[1]
        size = width + extra.shape[2]
        gram = np.empty((design.replicates, size, size))
        gram[:, :width, :width] = design.gram
        gram[:, width:, :width] = turned @ design.grouped
        gram[:, :width, width:] = gram[:, width:, :width].swapaxes(1, 2)
        gram[:, width:, width:] = turned @ extra
        y = by_replicate(self.y, design.replicates)[:, :, None]
        cross = np.concatenate([design.grouped.swapaxes(1, 2) @ y, turned @ y], axis=1)
        penalty = np.concatenate([design.penalty, np.full(2 * HARMONICS, 1e-3 * len(self.y))])
        solved = Folds(gram, cross, penalty).solve(folds.tolist())[:, :, 0]
        amplitudes = solved[:, width:-HARMONICS] - 1j * solved[:, -HARMONICS:]
        return solved[:, :width], amplitudes

    def add_pairs(self) -> None:
        """Add tables of the pairs that most of what is left depends on, while they help draws not seen."""
        design = self.design
        if design.too_wide:
            return
        total = float(np.square(self.y - self.y.mean()).sum())
        for _ in range(_ROUNDS):
            unseen = self.unseen()
            if np.square(unseen).sum() < (1.0 - EXACTLY_ADDITIVE) * total:
                return
            tests = design.pair_tests(unseen, total)
            least = (1.0 - WORTHWHILE) * float(np.square(unseen).sum()) / total
            added = [self._try(pair) for pair in self._promising(tests, least)]
            if not any(added):
                return

    def _promising(self, tests: PairTests, least: float) -> list[tuple[int, int]]:
        """Return the pairs that may leave so much less that their tables are worthwhile, largest share first."""
        taken = {(table.first, table.second) for table in self.tables}
        # a control may try what no sentence would name: a useless table is dropped again
        order = np.argsort(-tests.share, kind="stable")[: 2 * _PAIRS_A_ROUND]
        found = []
        for at in order:
            pair = (int(tests.first[at]), int(tests.second[at]))
            # a table has slopes inside its cells beside their levels, which the share does not count
            worth = tests.share[at] >= least / 2.0 and tests.t[at] > 2.0 and tests.p[at] < 0.01
            if worth and pair not in taken:
                found.append(pair)
        return found[:_PAIRS_A_ROUND]

    def _try(self, pair: tuple[int, int]) -> bool:
        table, left = self.design.table(pair, self.left)
        if np.square(self.unseen(left)).sum() >= WORTHWHILE * np.square(self.unseen()).sum():
            return False
        self.left = left
        self.tables.append(table)
        return True

    def finished(self, model: Additivity) -> TableControl:
        """Return the control."""
        terms = self.design.terms
        shares = [shape.share for shape in terms.shapes]
        # each replicate has been corrected by its own fold, so what is added back are the functions of all folds
        levels = np.split(terms.levels(self.coef[:, 1:].T), terms.first[1:])
        waves, amplitudes = joined([(each.tables(terms), size.T) for each, size in self.curves], shares)
        pairs = []
        for table in self.tables:
            cells = np.moveaxis(table.cells[:, :, :, 0], 0, -1)
            pairs.append(pair_part(table.first, table.second, cells, (shares[table.first], shares[table.second])))
        parts = ProductParts(
            own_probabilities(shares),
            self.coef[:, 0],
            own_and_others(levels, shares),
            waves,
            amplitudes,
            tuple(pairs),
        )
        return TableControl(terms, self.coef, tuple(self.curves), tuple(self.tables), parts, self.unseen(), model)
