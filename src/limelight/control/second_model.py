"""A second model g of one target of a table, as it was fitted: what it leaves of draws, and of which parts it is made.

Input: draws that are made later, with their outputs. Output: what each draw's fold leaves of them. How g is fitted:
`tables.py`; its weights for a row: `product.py`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.control.additive import Additivity, Terms
from limelight.control.bin_pairs import PairTable
from limelight.control.product import ProductParts
from limelight.control.waves import Waves


@dataclass(frozen=True)
class TableControl:
    """g for one target: R functions, each fitted without one replicate.

    Parameters
    ----------
    terms
        The columns of the additive function.
    coef
        (R, 1 + p) its coefficients, constant first.
    curves
        Waves with their amplitudes (R, 8), which are zero for the folds that use other waves.
    tables
        Tables of pairs.
    parts
        All folds' functions side by side, as the projection reads them.
    unseen
        (n,) y − g of every shared draw, by the function that has not seen its replicate.
    model
        What the fit says of the model as a whole.
    """

    terms: Terms
    coef: FloatArray
    curves: tuple[tuple[Waves, NDArray[np.complex128]], ...]
    tables: tuple[PairTable, ...]
    parts: ProductParts
    unseen: FloatArray
    model: Additivity

    @property
    def name(self) -> str:
        """Return what g is made of."""
        parts = ["additive"]
        if self.curves:
            parts.append("curve")
        if self.tables:
            parts.append("pairs")
        return ", ".join(parts)

    @cached_property
    def _wave_tables(self) -> list[list[NDArray[np.complex128]]]:
        """For each curve the mean of each coordinate's factor in every bin: read by each value met outside."""
        return [waves.tables(self.terms) for waves, _ in self.curves]

    def residuals(
        self, codes: NDArray[np.int64], inside: FloatArray, y: FloatArray, *, averaged: int | None = None
    ) -> FloatArray:
        """Return y − g (n,) of other draws; row i belongs to replicate i mod R.

        Parameters
        ----------
        codes, inside
            (n, c) bins and (n, c, 4) inner terms.
        y
            (n,) outputs.
        averaged
            A coordinate over whose law g is averaged: where the draws have a value there that is none of its bins'.
        """
        # held draws come in the same turns as shared ones, so they too are corrected by a fold that has not seen them
        rows = np.arange(len(y))
        fold = np.arange(len(y)) % len(self.coef)
        design = self.terms.with_constant(codes, inside, averaged=() if averaged is None else (averaged,))
        left: FloatArray = y - np.einsum("ij,ij->i", design, self.coef[fold])
        for curve, (_, amplitudes) in enumerate(self.curves):
            left -= self._waved(curve, amplitudes[fold], design[:, 1:], averaged)
        for table in self.tables:
            if averaged is None:
                left -= table.predict_own(codes, inside, fold)
            else:
                left -= self._averaged_table(table, codes, inside, averaged)[fold, rows]
        return left

    def _waved(
        self, curve: int, amplitudes: NDArray[np.complex128], design: FloatArray, averaged: int | None
    ) -> FloatArray:
        waves, _ = self.curves[curve]
        slopes = waves.coef(self.terms.width)
        if averaged is None:
            return np.asarray((waves.at(design @ slopes) * amplitudes).sum(axis=1).real)
        # the factor of the averaged coordinate is its mean, which is no wave of a mean index
        others = np.where(self.terms.owner == averaged, 0.0, slopes)
        mean = self.terms.shapes[averaged].share @ self._wave_tables[curve][averaged]
        return np.asarray((waves.at(design @ others) * mean * amplitudes).sum(axis=1).real)

    def _averaged_table(
        self, table: PairTable, codes: NDArray[np.int64], inside: FloatArray, averaged: int
    ) -> FloatArray:
        """Return (R, n) what a table says of draws whose value at one coordinate is averaged over."""
        if averaged not in (table.first, table.second):
            return table.predict(codes, inside)
        share = self.terms.shapes[averaged].share
        mean: FloatArray
        if averaged == table.first:
            mean = np.tensordot(table.cells, share, axes=([1], [0]))  # (R, B_second, 4)
            other, slope = table.second, 2
        else:
            mean = np.tensordot(table.cells, share, axes=([2], [0]))
            other, slope = table.first, 1
        found = mean[:, codes[:, other]]
        return np.asarray(found[:, :, 0] + found[:, :, slope] * inside[:, other, 0])

    def mirrored(self, y: FloatArray, other: FloatArray) -> TableControl:
        """Return 1 − g for the complement of the output: what one of two classes is given, the other is not.

        Parameters
        ----------
        y
            (n,) the complement on the shared draws, 1 − `other` up to rounding.
        other
            (n,) the outputs that g was fitted to.
        """
        model = self.model
        return replace(
            self,
            coef=_complement(self.coef),
            curves=tuple([(waves, -amplitudes) for waves, amplitudes in self.curves]),
            tables=tuple([replace(table, cells=-table.cells) for table in self.tables]),
            parts=self.parts.complement(),
            unseen=(y + other - 1.0) - self.unseen,
            model=replace(
                model,
                coef=_complement(model.coef),
                low=float(y.min()),
                high=float(y.max()),
                residual=-model.residual,
            ),
        )


def _complement(coef: FloatArray) -> FloatArray:
    """Return the coefficients (…, 1 + p) of one less a function, the constant first."""
    found = -coef
    found[..., 0] += 1.0
    return found
