"""A row of many kinds against anybody's: a column that is off shows a value drawn from the background.

Input: a row's columns with their own values held (`tabular/held.py`), and its parts as they were cut. Output: a law
with a coordinate per feature, each on with probability ½ and independently, and the model's rows for points of the unit
cube. A word's coordinate chooses between there and hidden, a column's also what is drawn instead, so that the control
variate of tables, which knows how columns are drawn, tells that noise from what words and columns do together.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import INNER_TERMS, Feature, FloatArray, Inputs, Layout, MaskArray, Shape
from limelight.interpretable.tabular.held import OWN, HeldBackground
from limelight.interpretable.tabular.shapes import inner_terms

if TYPE_CHECKING:
    from limelight.interpretable.composite import MixedRow

ON = 0.5
"""How often a feature of a part is on: as often as a column keeps its value."""
_SWITCH = Shape(
    mass=np.array([ON, 1.0 - ON]),
    codes=np.array([OWN, OWN + 1]),
    terms=np.zeros((2, INNER_TERMS)),
    means=np.zeros((2, INNER_TERMS)),
    share=np.array([ON, 1.0 - ON]),
)
"""What a feature that is on or off may do: nothing inside its two values."""


@dataclass(frozen=True, eq=False)
class MixedBackground:
    """The law around one row.

    Parameters
    ----------
    row
        The row, whose features are those of columns, then those of parts.
    columns
        The law of the columns that are drawn anew; None where there are none.
    """

    row: MixedRow
    columns: HeldBackground | None

    @property
    def shared(self) -> bool:
        """Return that each row has its own."""
        return False

    @cached_property
    def content(self) -> bytes:
        """Return the fingerprint of the background's law and of the row."""
        inner = b"" if self.columns is None else self.columns.content
        return hashlib.blake2b(b"mixed" + inner + self.row.content, digest_size=16).digest()

    @property
    def n_coordinates(self) -> int:
        """Return the number of features."""
        return len(self.row.features)

    @property
    def n_columns(self) -> int:
        """Return how many of them are columns; they come first."""
        if self.columns is None:
            return 0
        return self.columns.n_coordinates

    @cached_property
    def probabilities(self) -> tuple[FloatArray, ...]:
        """Return for each feature P(the row's own), then P(code) of what is there instead."""
        drawn = () if self.columns is None else self.columns.probabilities
        return (*drawn, *[_SWITCH.share] * (self.n_coordinates - len(drawn)))

    @cached_property
    def shapes(self) -> tuple[Shape, ...] | None:
        """Return for each feature what it may do."""
        drawn = () if self.columns is None else self.columns.shapes
        if drawn is None:
            return None
        return (*drawn, *[_SWITCH] * (self.n_coordinates - len(drawn)))

    def inside(self, U: FloatArray) -> FloatArray:
        """Return (n, d, 4) the inner terms of the draws at points U (n, d); 0 for parts."""
        found = np.zeros((*U.shape, inner_terms(self.shapes or ())))
        if self.columns is not None:
            found[:, : self.n_columns] = self.columns.inside(U[:, : self.n_columns])
        return found

    def draw(self, U: FloatArray) -> tuple[NDArray[Any], Inputs]:
        """Turn points U (n, d) into codes (n, d) and n rows; the first half of [0, 1) is the row's own."""
        codes = np.where(ON > U, OWN, OWN + 1)
        drawn = None
        if self.columns is not None:
            codes[:, : self.n_columns], drawn = self.columns.draw(U[:, : self.n_columns])
        Z = (codes == OWN).astype(np.uint8)
        parts = {part.name: self._values(part, Z, U) for part in self.row.parts}
        return codes, self.row.rows.make(len(U), {}, parts, drawn)

    @staticmethod
    def _values(part: Any, Z: MaskArray, U: FloatArray) -> Sequence[Any]:
        """Return the n values of a part.

        Where a mask can give several, its row's point says which: a row is the same whatever it is made with.
        """
        if part.masked.deterministic:
            rng, step = np.random.default_rng(0), max(1, part.masked.chunk)
            made = [part.values(Z[start : start + step], rng) for start in range(0, len(Z), step)]
        else:
            seeds = [hashlib.blake2b(point.tobytes(), digest_size=8).digest() for point in U]
            rngs = [np.random.default_rng(int.from_bytes(seed, "little")) for seed in seeds]
            made = [part.values(Z[i : i + 1], rng) for i, rng in enumerate(rngs)]
        return [value for values in made for value in values]


@dataclass(frozen=True, slots=True, eq=False)
class DrawnRow:
    """x' of one row, weighed against rows of the background.

    Parameters
    ----------
    row
        The row and its features.
    background
        The law around it.
    """

    row: MixedRow
    background: MixedBackground

    @property
    def features(self) -> tuple[Feature, ...]:
        """Return the features: columns, then those of each part."""
        return self.row.features

    @property
    def content(self) -> bytes:
        """Return bytes equal for equal rows."""
        return self.row.content

    @property
    def notes(self) -> tuple[str, ...]:
        """Return which columns are held, and what the parts have to say."""
        return self.row.notes

    @property
    def center(self) -> FloatArray:
        """Return x' (d,): everything is the row's own."""
        return np.ones(len(self.features))

    @property
    def reference(self) -> FloatArray:
        """Return (d,) zeros: off is the average row already, with nothing in its parts."""
        return np.zeros(len(self.features))

    @property
    def own(self) -> NDArray[np.int64]:
        """Return (d,) the code of the row's own."""
        return np.full(len(self.features), OWN)

    @property
    def original(self) -> Inputs:
        """Return the row as one model input."""
        return self.row.original

    @property
    def bins(self) -> tuple[tuple[str, ...], ...]:
        """Return nothing: what is the row's own is compared with all else, and has no curve."""
        return ()

    @property
    def inside(self) -> FloatArray | None:
        """Return (d, 4) zeros: the own value is a bin of its own."""
        if self.background.shapes is None:
            return None
        return np.zeros((len(self.features), inner_terms(self.background.shapes)))

    @property
    def outside(self) -> Mapping[int, Hashable]:
        """Return nothing: what is the row's own is there in half of the draws."""
        return {}

    def draw_with(self, U: FloatArray, coordinate: int) -> tuple[NDArray[Any], Inputs]:
        """Return codes and rows at points U (n, d), with the row's own of one feature in all of them."""
        moved = U.copy()
        moved[:, coordinate] = 0.0
        return self.background.draw(moved)

    def encode(self, codes: NDArray[Any]) -> MaskArray:
        """Return Z (n, d): 1 where a draw has what is the row's own."""
        held: MaskArray = codes == OWN
        return held.view(np.uint8)

    def layout(self) -> Layout:
        """Return the row's layout, and that weights are of values."""
        return {**self.row.layout(), "contrast": "value"}
