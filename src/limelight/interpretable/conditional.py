"""**I**nterpretable, for tables whose columns move together: what is off is drawn from rows like the one explained.

Input: a background and one row of it. Output: masks over the row's own values, as of `Tabular(contrast="value")`, but
under another law: the columns that are off have the values of one background row, a *donor*, that resembles the row in
the columns that are on. Rows that cannot be are then hardly ever asked about. What a weight means is another thing,
too: `docs/concepts/conditional.md`.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature, FloatArray, Inputs, Layout, MaskArray
from limelight.errors import InputError
from limelight.inputs.kinds import count, take
from limelight.interpretable.components import fingerprint
from limelight.interpretable.tabular.build import positions
from limelight.interpretable.tabular.columns import NUMERIC_TYPES, Column
from limelight.interpretable.tabular.frames import library_of, read_table, to_list
from limelight.interpretable.tabular.held import HeldRow
from limelight.interpretable.tabular.modality import MAX_SAMPLES, Tabular
from limelight.interpretable.tabular.rows import row_values
from limelight.result.layouts import table_layout

MOST_DONORS = 2000
"""Rows of the background that are kept: enough for a hundred near ones, few enough to be compared fast."""
NEAR = 0.05
"""A donor is one of this share of the kept rows, the nearest: fewer would repeat themselves, more be less alike."""
LEAST_NEAR = 10
NOTE = (
    "what is off is drawn from rows like this one (ll.Conditional): columns that move together share their weight, and "
    "a column that the model does not read may have one"
)
"""Said in every explanation, since its weights are no others' weights."""


@dataclass(frozen=True)
class Donors:
    """Background rows that lend their values, and how near they are to a row, column by column.

    Parameters
    ----------
    rows
        The m rows, as model inputs.
    columns
        How values are read.
    values
        For each column the m values in canonical form.
    ranked
        For each column its sorted numbers, whose ranks are its distances; None where values are equal or not.
    """

    rows: Inputs
    columns: tuple[Column, ...]
    values: tuple[tuple[Any, ...], ...]
    ranked: tuple[FloatArray | None, ...]

    @property
    def n(self) -> int:
        """Return how many there are."""
        return len(self.values[0])

    @property
    def near(self) -> int:
        """Return how many of them are near."""
        return min(max(LEAST_NEAR, math.ceil(NEAR * self.n)), self.n)

    def distances(self, column: int, own: Any) -> FloatArray:
        """Return (m,) how far each is from a value: a difference of ranks, from 0 to 1, or 0 for equal and 1 for not.

        A missing value is at 1 from every other, and at 0 from a missing one.
        """
        values, ranked = self.values[column], self.ranked[column]
        if ranked is None or own is None:
            return np.array([value != own for value in values], dtype=np.float64)
        gone = np.array([value is None for value in values])
        places = _places(ranked, [own if value is None else value for value in values])
        return np.where(gone, 1.0, np.abs(places - _places(ranked, [own])))

    def drawn(
        self, on: NDArray[np.bool_], far: FloatArray, rng: np.random.Generator, *, still: FloatArray | None = None
    ) -> NDArray[np.intp]:
        """Return (n,) a donor for each mask: at random among those nearest to the row in the features that are on.

        Parameters
        ----------
        on
            (n, d) which features keep the row's own value.
        far
            (d, m) how far each donor is from the row in each feature.
        rng
            Decides among the near ones, and among those that are equally near.
        still
            (m,) how far each donor is in what every mask has on.
        """
        # what a mask has on decides who is near; a billionth of chance decides among equals
        scores = on.astype(np.float64) @ far + 1e-9 * rng.random((len(on), self.n))
        if still is not None:
            scores += still
        nearest = np.argpartition(scores, self.near - 1, axis=1)[:, : self.near]
        return nearest[np.arange(len(on)), rng.integers(self.near, size=len(on))]


@dataclass(frozen=True)
class ConditionalRow:
    """x' of one row: which of its own values each perturbed row keeps.

    Parameters
    ----------
    held
        The row, its features, and how rows are mixed of its values and others.
    donors
        Who lends values.
    far
        (d, m) how far each donor is from the row in each feature.
    still
        (m,) how far each donor is in the columns that are fixed, and so on in every mask; None where they tell nothing.
    """

    held: HeldRow
    donors: Donors
    far: FloatArray
    still: FloatArray | None = None

    deterministic = False
    chunk = 1024
    law: Literal["bernoulli"] = "bernoulli"

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what the weights are, and which columns are fixed."""
        return (NOTE, *self.held.notes)

    @property
    def features(self) -> tuple[Feature, ...]:
        """Return one feature for each column or group, named by the own value."""
        return tuple([replace(feature, keep=0.5) for feature in self.held.features])

    @property
    def center(self) -> FloatArray:
        """Return x' (d,): every own value is kept."""
        return self.held.center

    @property
    def content(self) -> bytes:
        """Return bytes equal for equal rows."""
        return self.held.background.content

    @property
    def original(self) -> Inputs:
        """Return the row as a table of one row."""
        return self.held.original

    def reconstruct(self, Z: MaskArray, rng: np.random.Generator) -> Inputs:
        """Return n rows for masks Z (n, d); all ones give the row itself."""
        on = np.asarray(Z) != 0
        lent = take(self.donors.rows, self.donors.drawn(on, self.far, rng, still=self.still))
        return self.held.background.mixed(on, lent)

    def layout(self) -> Layout:
        """Return what the views need, and what the weights compare with."""
        return {**table_layout(), "contrast": "value", "law": "conditional"}


@dataclass(frozen=True, eq=False)
class Conditional:
    """A table whose columns move together: a column that is off is drawn from rows like the one explained.

    Parameters
    ----------
    rows
        The background: the training data, or a sample of it: a frame of pandas, polars or pyarrow, or an array (n, c).
        At most `MOST_DONORS` of its rows are kept, evenly spaced.
    categorical, numeric, groups, names
        As for `Tabular`.
    fixed
        Columns that stay at the row's own values in all that the model is asked; as for `Tabular` they are no features.
        They are on in every mask, so donors resemble the row in them too: with a fixed region, rows of that region lend
        their values. A column in which every kept row has another text or whole number is taken for an id, in which
        nobody resembles anybody, and does not count.
    max_samples
        Default budget of model rows for one row; as for tables.

    Raises
    ------
    InputError
        If the background is sparse, empty or infinite, or an argument does not fit.
    UnknownNameError
        If an argument names a column that the background lacks.

    Notes
    -----
    `Tabular` draws columns independently of each other, as LIME does: a weight says what the model does with a column,
    and rows are asked about that never occur. Here they hardly do; in exchange a weight says what *knowing* a value
    tells about the answer. Two columns that say the same share one weight, and a column that the model does not read
    has one where it foretells those that it reads [chen2020, "true to the model or true to the data"]. Every
    explanation says so. Each feature is on with probability ½, independently of the others; nearness is Euclidean, as
    for tables. Every row asks the model for a neighborhood of its own.

    Examples
    --------
    Two columns that are one in the data, of which the model reads the first: under independent draws the other one
    has no weight; here they share it.

    >>> import limelight as ll
    >>> x = np.linspace(-1, 1, 400)
    >>> twins = np.stack([x, x], axis=1)
    >>> def model(rows):
    ...     return rows[:, 0]
    >>> alone = ll.Explainer(model, ll.Tabular(twins, contrast="value")).explain([1.0, 1.0])
    >>> shared = ll.Explainer(model, ll.Conditional(twins)).explain([1.0, 1.0])
    >>> alone.coef[0].round(1).tolist(), shared.coef[0].round(1).tolist()
    ([1.0, 0.0], [0.4, 0.4])
    """

    rows: Any
    _: KW_ONLY
    categorical: Sequence[Hashable] = ()
    numeric: Sequence[Hashable] = ()
    groups: Mapping[Hashable, Sequence[Hashable]] | Literal["one-hot", "auto"] | None = "one-hot"
    names: Sequence[Hashable] | None = None
    fixed: Sequence[Hashable] = ()
    max_samples: int = MAX_SAMPLES
    distance: Literal["euclidean"] = "euclidean"

    def __post_init__(self) -> None:
        if library_of(self.rows) == "scipy":
            raise InputError("rows: expected a frame or an array, got a sparse matrix; use ll.Tabular for it.")
        self.tabular  # noqa: B018 - everything that can be refused is refused here
        object.__setattr__(self, "rows", self.donors.rows)  # the others have said what they had to say

    @cached_property
    def tabular(self) -> Tabular:
        """How rows are read, and what their features are called."""
        return Tabular(
            self.rows,
            categorical=self.categorical,
            numeric=self.numeric,
            groups=self.groups,
            contrast="value",
            fixed=self.fixed,
            names=self.names,
        )

    @cached_property
    def donors(self) -> Donors:
        """The rows that lend their values."""
        n = count(self.rows) or 0
        kept = np.unique(np.linspace(0, n - 1, min(n, MOST_DONORS)).round().astype(np.intp))
        rows = take(self.rows, kept)
        raws = read_table(rows, self.names)[1]
        columns = tuple(self.tabular.table.columns)  # type: ignore[union-attr]
        values = []
        for column, raw in zip(columns, raws, strict=True):
            values.append(tuple(map(column.read, to_list(raw.native))))
        named = positions(self.categorical, self.tabular.table.labels, "categorical")
        ranked = [None if j in named else _ranks(*each) for j, each in enumerate(zip(columns, values, strict=True))]
        return Donors(rows, columns, tuple(values), tuple(ranked))

    def represent(self, instance: Any, rng: np.random.Generator | None = None) -> ConditionalRow:
        """Return x' of one row: a Series, a frame of one row, a dict, or a sequence in column order. `rng` is not used.

        Raises
        ------
        InputError
            If it is not one row, or a value has the wrong type; names the column.
        UnknownNameError
            If it names a column that the background lacks.
        """
        held, donors = self.tabular.represent(instance), self.donors
        if not isinstance(held, HeldRow):
            raise InputError("instance: expected a row of a table.")
        given = row_values(instance, self.tabular.table.labels)
        own = [column.read(value) for column, value in zip(donors.columns, given, strict=True)]
        members = held.background.inner.members
        far = [np.mean([donors.distances(j, own[j]) for j in each], axis=0) for each in members]
        counted = [j for j in self.tabular.table.fixed if not _identifies(donors, j)]  # type: ignore[union-attr]
        if counted:
            still = np.sum([donors.distances(j, own[j]) for j in counted], axis=0)
        else:
            still = None
        return ConditionalRow(held, donors, np.array(far), still)

    def instances(self, many: Any) -> Iterable[Any]:
        """Return an iterable of rows, as `Tabular.instances`."""
        return self.tabular.instances(many)

    def edited(self, instance: Any, changes: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a row with some columns changed, as `Tabular.edited`."""
        return self.tabular.edited(instance, changes)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what every explanation says of the background."""
        return self.tabular.notes

    @cached_property
    def content(self) -> bytes:
        """Bytes that are equal for equal backgrounds: their columns, and which values stand in one row."""
        return fingerprint([self.tabular.content, self.donors.values])

    def describe(self) -> dict[str, Any]:
        """Return the options as JSON, for provenance."""
        told = {name: value for name, value in self.tabular.describe().items() if name not in ("modality", "contrast")}
        return {"modality": "conditional", **told, "donors": self.donors.n, "near": self.donors.near}


def _identifies(donors: Donors, column: int) -> bool:
    """Return whether a column is an id: of texts or whole numbers, of which no two rows have the same."""
    values = donors.values[column]
    return donors.columns[column].type in ("string", "integer") and len(set(values)) == len(values)


def _ranks(column: Column, values: tuple[Any, ...]) -> FloatArray | None:
    if column.type not in NUMERIC_TYPES:
        return None
    return np.sort([float(value) for value in values if value is not None])


def _places(ranked: FloatArray, values: Sequence[Any]) -> FloatArray:
    """Return where values stand among sorted numbers, from 0 to 1; equal ones in the middle of their places."""
    numbers = np.array(values, dtype=np.float64)
    both = np.searchsorted(ranked, numbers, side="left") + np.searchsorted(ranked, numbers, side="right")
    return np.asarray(both / (2.0 * max(len(ranked), 1)))
