"""Rows of a table whose columns are all looked at: codes, names, and the law that all rows share.

Input: the values of one row. Output: its `TableRow`: the bins it lies in, as features, and how it reads shared draws.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature, FloatArray, Inputs, Layout, MaskArray
from limelight.interpretable.tabular.background import Numbers, TableBackground
from limelight.interpretable.tabular.columns import NUMERIC_TYPES, UNKNOWN, Column, stable_repr
from limelight.interpretable.tabular.features import Part, group_label
from limelight.interpretable.tabular.fixed import FixedBackground, fixed_note
from limelight.interpretable.tabular.frames import to_list
from limelight.interpretable.tabular.held import HeldRow, held_feature, hold
from limelight.interpretable.tabular.laws import BinnedGaussian, Gaussian, Law, Observed
from limelight.interpretable.tabular.rows import row_values
from limelight.result.layouts import table_layout

_MOST_MET = 1 << 12
"""How many values' features are remembered: numbers with many digits are hardly ever met again."""


@dataclass(frozen=True, slots=True)
class TableRow:
    """x' of one row of a table: which of its bins each shared draw falls into.

    Parameters
    ----------
    features
        One per column or group.
    center
        (d,) ones; standardised values where the surrogate is continuous.
    content
        Bytes equal for equal rows.
    background
        The law whose codes `encode` reads.
    own
        (d,) the row's own codes: a bin, or a standardised value; `UNKNOWN` where the background never shows the
        value, NaN where a continuous one is missing.
    values
        The row as the model shall receive it, in column order.
    continuous
        (d,) bool: features whose z' is the standardised value; None where none is.
    shown
        What views need.
    read
        The row's values in canonical form, in column order.
    bins
        For each feature what its bins are called, in the order of the codes.
    notes
        What is said of this row: which columns are fixed.
    """

    features: tuple[Feature, ...]
    center: FloatArray
    content: bytes
    background: TableBackground | FixedBackground
    own: NDArray[Any]
    values: tuple[Any, ...]
    continuous: NDArray[np.bool_] | None
    shown: Layout
    read: tuple[Any, ...] = ()
    bins: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def reference(self) -> FloatArray:
        """Return (d,) the average row's z': the own bin's share; 0 where z' is a standardised value."""
        shares = np.array([feature.keep for feature in self.features])
        if self.continuous is None:
            return shares
        return np.where(self.continuous, 0.0, shares)

    @property
    def inside(self) -> FloatArray | None:
        """Return (d, 4) what the row's own values do inside their bins; None where features are continuous."""
        if self.background.shapes is None:
            return None
        known = [float(value) if isinstance(value, (int, float)) else None for value in self.read]
        numbers: list[Numbers] = []
        for members in self.background.members:
            told = tuple([known[j] for j in members])
            numbers.append(told if len(told) > 1 else told[0])
        return self.background.inside_of(self.own, numbers)

    @property
    def outside(self) -> Mapping[int, Hashable]:
        """Features whose value the background never shows → the value as read, which tells it from others.

        Of thousands of levels the law keeps some; another one is as good as outside.
        """
        undrawn = self.background.undrawn
        codes = enumerate(self.own.astype(np.int64).tolist()) if undrawn else ()
        unknown = [j for j, code in codes if code == UNKNOWN or undrawn[j][code]]
        return {feature: tuple(self.read[j] for j in self.background.members[feature]) for feature in unknown}

    def draw_with(self, U: FloatArray, coordinate: int) -> tuple[NDArray[Any], Inputs]:
        """Return codes and rows at points U (n, d), with this row's own value of one feature in all of them."""
        given = [self.values[j] for j in self.background.members[coordinate]]
        return self.background.draw(U, fixed={coordinate: given})

    @property
    def original(self) -> Inputs:
        """Return the row as a table of one row, with the background's dtypes."""
        return self.background.store.rows([self.values])

    def encode(self, codes: NDArray[Any]) -> MaskArray:
        """Return Z (n, d) for shared codes (n, d): 1 where a draw falls into the row's own bin.

        Where the surrogate is continuous, Z is the standardised value, and a missing value stands at the mean.
        """
        same: MaskArray = codes == self.own
        if self.continuous is None:
            return same.view(np.uint8)
        missing = np.isnan(codes)
        same |= missing & np.isnan(self.own)
        return np.where(self.continuous, np.where(missing, 0.0, codes), same)

    def layout(self) -> Layout:
        """Return what the views need; the features say everything that is the row's own."""
        return self.shown


@dataclass(frozen=True)
class DenseTable:
    """The statistics of a background, and how its rows are read.

    Parameters
    ----------
    columns
        In the model's order.
    parts
        The features: columns, and groups of them.
    background
        The law of the features, shared by all rows.
    around
        ``"instance"``: gaussian laws are centred at each row, and not shared.
    contrast
        ``"value"``: each row's own values are held, and not shared.
    twins
        Names of columns that say the same in every row of the background and are features of their own.
    fixed
        Positions of the columns that stay as they are in each row, and are in no feature.
    """

    columns: tuple[Column, ...]
    parts: tuple[Part, ...]
    background: TableBackground
    around: str
    contrast: str = "bin"
    twins: tuple[tuple[Hashable, Hashable], ...] = ()
    fixed: tuple[int, ...] = ()

    @property
    def labels(self) -> tuple[Hashable, ...]:
        """Return the column names."""
        return self.background.store.labels

    def represent(self, instance: Any) -> TableRow | HeldRow:
        """Return x' of one row, however it is given."""
        raw = row_values(instance, self.labels)
        read = [column.read(value) for column, value in zip(self.columns, raw, strict=True)]
        written = stable_repr(read) if self._holds_objects else repr(read)
        content = hashlib.blake2b(written.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        codes = [column.code_of(value) for column, value in zip(self.columns, read, strict=True)]
        found = [part.code_of(codes) for part in self.parts]
        features = tuple([self._feature(part, code, codes, read) for part, code in zip(self.parts, found, strict=True)])
        values = tuple([c.as_given(value, given) for c, value, given in zip(self.columns, read, raw, strict=True)])
        if self._continuous.any():
            row = self._represent_continuous(features, found, content, read, values)
            if self.fixed:
                return self._fixed(row)
            return row
        own = np.array(found, dtype=self.background.code_dtype)
        row = TableRow(
            features,
            self._ones,
            content,
            self.background,
            own,
            values,
            None,
            self._layout,
            tuple(read),
            self._bins,
        )
        if self.fixed:
            row = self._fixed(row)
        if self.contrast == "value":
            return self._hold(row, read)
        return row

    def _fixed(self, row: TableRow) -> TableRow:
        """Return the row with a law of its own, in which what is fixed stays as it is."""
        shown = [(self.columns[j].label, self.columns[j].show(row.read[j])) for j in self.fixed]
        own = {j: row.values[j] for j in self.fixed}
        law = FixedBackground(cast(TableBackground, row.background), own, row.content)
        return replace(row, background=law, notes=(fixed_note(shown),))

    def originals(self, representations: Sequence[TableRow | HeldRow]) -> Inputs:
        """Return the rows of many representations as one table, at once."""
        return self.background.store.rows([row.values for row in representations])

    def describe(self) -> dict[str, Any]:
        """Return what the table is, as JSON."""
        groups = {str(part.label): [str(self.labels[j]) for j in part.members] for part in self.parts if part.is_group}
        return {"columns": len(self.columns), "groups": groups, "library": self.background.store.library}

    @cached_property
    def _bins(self) -> tuple[tuple[str, ...], ...]:
        """For each feature what its bins are called; one object for all rows."""
        return tuple(self._names_of(part) for part in self.parts)

    def _names_of(self, part: Part) -> tuple[str, ...]:
        if not part.is_group:
            return self.columns[part.members[0]].names
        if part.values:  # one-hot: the bins are what its columns stand for
            found = {code: part.values[key.index(max(key))] for key, code in part.codes.items()}
        else:
            found = {code: self._names_of_members(part, key) for key, code in part.codes.items()}
        return tuple(str(found[code]) for code in sorted(found))

    def _names_of_members(self, part: Part, codes: tuple[int, ...]) -> str:
        names = (self.columns[j].names[code] for j, code in zip(part.members, codes, strict=True))
        return ", ".join(names)

    @cached_property
    def _ones(self) -> FloatArray:
        ones = np.ones(len(self.parts))
        ones.flags.writeable = False
        return ones

    @cached_property
    def _holds_objects(self) -> bool:
        """Whether some column holds objects, whose repr may be where they lie in memory."""
        return any(column.type == "other" for column in self.columns)

    @cached_property
    def _continuous(self) -> NDArray[np.bool_]:
        """(d,) which features are single columns without bins."""
        return np.array(
            [not part.is_group and self.columns[part.members[0]].continuous for part in self.parts], dtype=bool
        )

    @cached_property
    def _layout(self) -> dict[str, Any]:
        """The layout, one object for all rows; without bins also what one unit of z' is in the column's own units."""
        shown = [self.columns[part.members[0]] for part, flag in zip(self.parts, self._continuous, strict=True) if flag]
        if not shown:
            return table_layout()
        scale, mean = {str(c.label): c.scale for c in shown}, {str(c.label): c.mean for c in shown}
        return {**table_layout(), "scale": scale, "mean": mean}

    def _represent_continuous(
        self, features: tuple[Feature, ...], own: list[int], content: bytes, read: list[Any], values: tuple[Any, ...]
    ) -> TableRow:
        firsts = [part.members[0] for part in self.parts]
        gone = np.array([read[j] is None for j in firsts])
        standard = np.zeros(len(firsts))
        for i, (j, continuous) in enumerate(zip(firsts, self._continuous, strict=True)):
            if continuous:
                standard[i] = self.columns[j].standardize(read[j])
        flags = self._continuous & ~gone
        codes = np.where(flags, standard, np.where(self._continuous, np.nan, own))
        background = self.background
        if self.around == "instance":
            laws = list(background.laws)
            for i in np.flatnonzero(flags).tolist():
                laws[i] = _centre(laws[i], standard[i])
            background = replace(background, laws=tuple(laws), salt=content)
        return TableRow(
            features,
            np.where(flags, standard, 1.0),
            content,
            background,
            codes,
            values,
            flags,
            self._layout,
            tuple(read),
        )

    def _hold(self, row: TableRow, read: list[Any]) -> HeldRow:
        """Return the row with its own values held, its features named by them."""
        features = []
        for part, only in zip(self.parts, self._only, strict=True):
            values = [read[j] for j in part.members]
            sole = only is not None and only == values
            if part.is_group:
                name, value = self._group_name(part, [UNKNOWN] * len(read), read)
            else:
                column = self.columns[part.members[0]]
                name, value = column.name_of(UNKNOWN, values[0]), column.show(values[0])
            features.append(held_feature(name, part.where, value, sole=sole))
        return hold(row, tuple(features))

    @cached_property
    def _only(self) -> tuple[list[Any] | None, ...]:
        """For each feature the values of its columns where the background shows no others; else None."""
        found: list[list[Any] | None] = []
        store = self.background.store
        for part, law in zip(self.parts, self.background.laws, strict=True):
            constant = isinstance(law, Observed) and len(law.cumulative) == 1
            constant = constant or (isinstance(law, BinnedGaussian) and len(law.scale) == 1 and law.scale[0] == 0)
            if constant:
                first = [self.columns[j].read(to_list(store.supports[j])[0]) for j in part.members]
            else:
                first = None
            found.append(first)
        return tuple(found)

    def _feature(self, part: Part, own: int, codes: list[int], read: list[Any]) -> Feature:
        if part.ready and own >= 0:
            return part.ready[own]
        keep = part.keeps[own] if own >= 0 else 0.0
        if part.is_group:
            name, value = self._group_name(part, codes, read)
            return Feature(name, part.where, value, keep)
        column, value = self.columns[part.members[0]], read[part.members[0]]
        if column.continuous and value is not None:
            return Feature(str(part.label), part.where, column.show(value))
        if own < 0 or column.type not in NUMERIC_TYPES:
            return Feature(column.name_of(own, value), part.where, column.show(value), keep)
        # one object for all rows with the value: ages and hours are few
        known = self._met
        key = (part.members[0], value)
        found = known.get(key)
        if found is None:
            if len(known) >= _MOST_MET:
                known.clear()
            found = known[key] = Feature(column.name_of(own, value), part.where, column.show(value), keep)
        return found

    @cached_property
    def _met(self) -> dict[tuple[int, Any], Feature]:
        return {}

    def __getstate__(self) -> dict[str, Any]:
        """Pickle all but the features that were met."""
        return {name: value for name, value in self.__dict__.items() if name != "_met"}

    def _group_name(self, part: Part, codes: list[int], read: list[Any]) -> tuple[str, str]:
        if part.values:
            value = ", ".join(value for value, j in zip(part.values, part.members, strict=True) if read[j]) or "none"
            return f"{part.label} = {value}", value
        members = [(self.columns[j], codes[j], read[j]) for j in part.members]
        names = ", ".join(column.name_of(code, value) for column, code, value in members)
        # a group that nobody has named is called by its columns, which the bins name anyhow
        named = part.label == group_label([column.label for column, _, _ in members])
        return names if named else f"{part.label}: {names}", ", ".join(
            f"{column.label} = {column.show(value)}" for column, _, value in members
        )


def _centre(law: Law, at: float) -> Law:
    if isinstance(law, Gaussian):
        return replace(law, center=float(at))
    return law
