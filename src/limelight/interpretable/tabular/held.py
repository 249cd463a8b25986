"""One row of a table whose own values are held: z' = 1 is "age = 37", z' = 0 is an age drawn from the background.

Input: a row and the background's law. Output: a law of the row's own: each feature keeps its value with probability ½,
and is drawn from the background otherwise, independently of all others. "The own value against anybody's" is what
people mean by a contribution, and what removal tests and Shapley values compare with. The price is that no other row
can share the draws.

The draws are points of the unit cube like those of all tables, the own value first, and no masks in complement pairs.
A pair can gain nothing here: what is drawn for z is held for 1 − z, so the two rows use no draw in common, and with
independent columns they say as much as two masks that were drawn apart. Points balance the drawn values too, and the
control variate knows them (measured in `docs/decisions.md`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature, FloatArray, Inputs, Layout, MaskArray, Shape, Where
from limelight.interpretable.tabular.shapes import inner_terms
from limelight.interpretable.tabular.store import store_beside
from limelight.result.layouts import table_layout

HELD = 0.5
"""How often a draw keeps the own value: as often as not, so that no number of held features is special."""
OWN = 0
"""The code of the own value, held; the background's codes follow from 1."""


@dataclass(frozen=True)
class HeldBackground:
    """The law around one row: every feature keeps its own value or is drawn from the background.

    Parameters
    ----------
    inner
        The law of the background: a `TableBackground`, or a `SparseBackground` over the row's non-zeros.
    original
        The row as one model input.
    values
        The row's values, in the order of the columns that `inner` moves (only read for sparse rows).
    key
        Bytes that tell the row from others.
    varying
        (d,) whether the background shows another value than the own one; a feature that it cannot change is held.
    """

    inner: Any
    original: Inputs
    values: Any
    key: bytes
    varying: NDArray[np.bool_]

    @property
    def shared(self) -> bool:
        """Return that each row has its own."""
        return False

    @property
    def n_coordinates(self) -> int:
        """Return the number of features."""
        return len(self.varying)

    @cached_property
    def content(self) -> bytes:
        """Return the fingerprint of the background's law and of the row."""
        return hashlib.blake2b(b"held" + self.inner.content + self.key, digest_size=16).digest()

    @cached_property
    def shares(self) -> FloatArray:
        """Return (d,) how often each feature keeps its own value: always where nothing else can be drawn."""
        return np.where(self.varying, HELD, 1.0)

    @cached_property
    def probabilities(self) -> tuple[FloatArray, ...]:
        """Return for each feature P(own value is held), then P(code) of what is drawn instead."""
        pairs = zip(self.shares, self.inner.probabilities, strict=True)
        return tuple([np.concatenate([[share], (1.0 - share) * drawn]) for share, drawn in pairs])

    @cached_property
    def shapes(self) -> tuple[Shape, ...] | None:
        """Return for each feature what it may do: the own value is a bin of its own, before the background's."""
        if self.inner.shapes is None:
            return None
        found = []
        for share, shape in zip(self.shares, self.inner.shapes, strict=True):
            nothing = np.zeros((1, shape.terms.shape[1]))
            found.append(
                Shape(
                    mass=np.concatenate([[share], (1.0 - share) * shape.mass]),
                    codes=np.concatenate([[OWN], 1 + shape.codes]),
                    terms=np.concatenate([nothing, shape.terms]),
                    means=np.concatenate([nothing, shape.means]),
                    share=np.concatenate([[share], (1.0 - share) * shape.share]),
                    values=shape.values,
                    together=shape.together,
                )
            )
        return tuple(found)

    def inside(self, U: FloatArray) -> FloatArray:
        """Return (n, d, 4) the inner terms of the draws at points U (n, d); 0 where the own value is held."""
        held, rest = self._held(U)
        return np.where(held[:, :, None], 0.0, self.inner.inside(rest))

    def _held(self, U: FloatArray) -> tuple[NDArray[np.bool_], FloatArray]:
        """Return where the own value is held (n, d), and the points at which the others are drawn."""
        held = self.shares > U
        rest = np.divide(U - self.shares, 1.0 - self.shares, out=np.zeros_like(U), where=~held)
        return held, np.minimum(rest, 1.0 - 2.0**-53)

    def draw(self, U: FloatArray) -> tuple[NDArray[Any], Inputs]:
        """Turn points U (n, d) into codes (n, d) and n model inputs; the first part of [0, 1) holds the own value."""
        held, rest = self._held(U)
        codes, drawn = self.inner.draw(rest)
        return np.where(held, OWN, codes + 1).astype(codes.dtype), self.mixed(held, drawn)

    def mixed(self, held: NDArray[np.bool_], drawn: Inputs) -> Inputs:
        """Return n drawn rows with the own value wherever it is held (n, d)."""
        if hasattr(self.inner, "matrix"):
            values = drawn.tocsc()[:, self.inner.at].toarray()
            return self.inner.matrix(np.where(held, self.values, values))
        store = store_beside(self.original, drawn, self.inner.store)
        later = np.arange(1, len(held) + 1)
        picks: list[Any] = [np.zeros_like(later)] * len(store.labels)  # what no feature moves stays the row's own
        for feature, members in enumerate(self.inner.members):
            picked = np.where(held[:, feature], 0, later)
            for column in members:
                picks[column] = picked
        return store.gather(picks, {})


@dataclass(frozen=True, slots=True)
class HeldRow:
    """x' of one row: which of its own values each draw holds.

    Parameters
    ----------
    features
        One per column or group, named by the own value.
    content
        Bytes equal for equal rows.
    background
        The law around the row.
    values
        The row as the model shall receive it.
    notes
        What is said of this row.
    """

    features: tuple[Feature, ...]
    content: bytes
    background: HeldBackground
    values: Any
    notes: tuple[str, ...] = ()

    @property
    def center(self) -> FloatArray:
        """Return x' (d,): every own value is held."""
        return np.ones(len(self.features))

    @property
    def reference(self) -> FloatArray:
        """Return (d,) what bars compare with: z' = 0, a draw from the background, is the average row already."""
        return np.zeros(len(self.features))

    @property
    def own(self) -> NDArray[np.int64]:
        """Return (d,) the code of the own value."""
        return np.full(len(self.features), OWN)

    @property
    def original(self) -> Inputs:
        """Return the row as a table of one row."""
        return self.background.original

    @property
    def bins(self) -> tuple[tuple[str, ...], ...]:
        """Return nothing: the own value is compared with all draws, and has no curve."""
        return ()

    @property
    def inside(self) -> FloatArray | None:
        """Return (d, 4) zeros: the own value is a bin of its own."""
        if self.background.shapes is None:
            return None
        return np.zeros((len(self.features), inner_terms(self.background.shapes)))

    @property
    def outside(self) -> Mapping[int, Hashable]:
        """Return nothing: the own value is held in half of the draws, whatever the background shows."""
        return {}

    def draw_with(self, U: FloatArray, coordinate: int) -> tuple[NDArray[Any], Inputs]:
        """Return codes and rows at points U (n, d), with the own value of one feature in all of them."""
        moved = U.copy()
        moved[:, coordinate] = 0.0
        return self.background.draw(moved)

    def encode(self, codes: NDArray[Any]) -> MaskArray:
        """Return Z (n, d): 1 where a draw holds the own value; 0 where it was drawn, also if it is the same value."""
        held: MaskArray = codes == OWN
        return held.view(np.uint8)

    def layout(self) -> Layout:
        """Return what the views need, and that weights are of values."""
        return {**table_layout(), "contrast": "value"}


def hold(row: Any, features: tuple[Feature, ...]) -> HeldRow:
    """Return a row, as bins see it, with its own values held.

    Parameters
    ----------
    row
        A `TableRow` or a `SparseRow`: its background, its values, and itself as a model input.
    features
        One per column or group, from `held_feature`.
    """
    varying = np.array([feature.keep < 1.0 for feature in features], dtype=bool)
    background = HeldBackground(row.background, row.original, row.values, row.content, varying)
    return HeldRow(features, row.content, background, row.values, row.notes)


def held_feature(name: str, where: Where, value: str, *, sole: bool) -> Feature:
    """Return the feature of an own value; `sole`: the background shows no other, so that nothing else can be drawn.

    >>> held_feature("age = 31", Where("column", "age"), "31", sole=False).keep
    0.5
    """
    return Feature(name, where, value, 1.0 if sole else HELD)


def plain(background: Any) -> Any:
    """Return the law of the background itself, without a row whose values are held.

    >>> plain("any law")
    'any law'
    """
    if isinstance(background, HeldBackground):
        return background.inner
    return background
