"""Sparse rows: only their non-zeros are features, and each is zero or in one of the bins of its column's non-zeros.

Input: a scipy sparse background and sparse rows. Output: representations with a law of their own: over the row's
non-zero columns; every other column stays zero as it is in the row. A draw sets a column to zero as often as the
background.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import INNER_TERMS, Feature, FloatArray, Inputs, Layout, MaskArray, Shape, Where
from limelight.errors import InputError
from limelight.inputs.kinds import concatenate
from limelight.interpretable.tabular.bins import FEW, find_edges
from limelight.interpretable.tabular.build import Options, positions
from limelight.interpretable.tabular.columns import UNKNOWN, bin_names, read_value, show_value
from limelight.interpretable.tabular.fixed import fixed_columns, fixed_note
from limelight.interpretable.tabular.frames import IntArray, library_of
from limelight.interpretable.tabular.held import HeldRow, held_feature, hold, plain
from limelight.interpretable.tabular.laws import Gaussian, Observed, law_bytes, law_shape, observed_law, support_points
from limelight.interpretable.tabular.rows import row_values
from limelight.result.layouts import table_layout


@dataclass(frozen=True)
class SparseBackground:
    """The law over one row's non-zero columns; all others are zero, or fixed.

    Parameters
    ----------
    laws
        One per non-zero column of the row.
    supports
        For each law its support values; empty where it is gaussian.
    at
        (c,) the columns.
    form
        An empty matrix of the model's type, dtype and width.
    fixed_at, fixed
        (m,) the row's non-zero columns that stay as they are, and their values.
    """

    laws: tuple[Observed | Gaussian, ...]
    supports: tuple[FloatArray, ...]
    at: IntArray
    form: Any
    fixed_at: IntArray
    fixed: FloatArray

    @property
    def shared(self) -> bool:
        """Return that each row has its own."""
        return False

    @property
    def n_coordinates(self) -> int:
        """Return the number of non-zero columns."""
        return len(self.laws)

    @property
    def probabilities(self) -> tuple[FloatArray, ...] | None:
        """Return P(code = b) for each column; None where codes are continuous."""
        found = [law.probabilities for law in self.laws if law.probabilities is not None]
        if len(found) == len(self.laws):
            return tuple(found)
        return None

    @cached_property
    def shapes(self) -> tuple[Shape, ...] | None:
        """Return what each column may do inside its bins; None where codes are continuous."""
        if self.probabilities is None:
            return None
        return tuple(law_shape(law, support) for law, support in zip(self.laws, self.supports, strict=True))

    def inside(self, U: FloatArray) -> FloatArray:
        """Return (n, c, 4) the inner terms of the draws at points U (n, c), see `contracts.Shape`."""
        found = np.zeros((*U.shape, INNER_TERMS))
        for k, (law, shape) in enumerate(zip(self.laws, self.shapes or (), strict=True)):
            found[:, k] = shape.terms[support_points(law, U[:, k])]
        return found

    @cached_property
    def content(self) -> bytes:
        """Return the fingerprint of the law."""
        digest = hashlib.blake2b(self.at.tobytes(), digest_size=16)
        digest.update(self.fixed_at.tobytes() + self.fixed.tobytes())
        for law, support in zip(self.laws, self.supports, strict=True):
            digest.update(law_bytes(law) + support.tobytes())
        return digest.digest()

    def draw(self, U: FloatArray, *, fixed: Mapping[int, float] | None = None) -> tuple[NDArray[Any], Inputs]:
        """Turn points U (n, c) into codes (n, c) and a sparse matrix of n rows; columns in `fixed` have one value."""
        continuous = any(isinstance(law, Gaussian) for law in self.laws)
        codes = np.empty(U.shape, dtype=np.float64 if continuous else np.int16)
        values = np.empty(U.shape)
        for k, (law, support) in enumerate(zip(self.laws, self.supports, strict=True)):
            codes[:, k], picks, numbers = law.draw(U[:, k])
            values[:, k] = support[picks] if numbers is None else numbers
        for k, value in (fixed or {}).items():
            values[:, k] = value
        return codes, self.matrix(values)

    def matrix(self, values: FloatArray) -> Inputs:
        """Return values (n, c) of these columns as a matrix of the model's type; zeros are not stored."""
        at = self.at
        if len(self.fixed_at):
            at = np.concatenate([self.at, self.fixed_at])
            values = np.hstack([values, np.broadcast_to(self.fixed, (len(values), len(self.fixed)))])
            order = np.argsort(at)
            at, values = at[order], values[:, order]
        there = values != 0
        ends = np.concatenate([[0], np.cumsum(there.sum(axis=1))])
        columns = np.broadcast_to(at, values.shape)[there]
        data = values[there].astype(self.form.dtype)
        return type(self.form)((data, columns, ends), shape=(len(values), self.form.shape[1]))


@dataclass(frozen=True, slots=True)
class SparseRow:
    """x' of one sparse row; as `dense.TableRow`, over its non-zero columns."""

    features: tuple[Feature, ...]
    center: FloatArray
    content: bytes
    background: SparseBackground
    own: NDArray[Any]
    values: FloatArray
    bins: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def original(self) -> Inputs:
        """Return the row as a matrix of one row."""
        return self.background.matrix(self.values[None, :])

    @property
    def reference(self) -> FloatArray:
        """Return (d,) the average row's z': the own bin's share, or the column's mean, in standard units."""
        return np.array([feature.keep for feature in self.features]) if self.bins else np.zeros(len(self.own))

    @property
    def inside(self) -> FloatArray | None:
        """Return (d, 4) what the row's own values do inside their bins; None without bins."""
        shapes = self.background.shapes
        if shapes is None:
            return None
        found = np.zeros((len(self.own), INNER_TERMS))
        for k, (shape, support) in enumerate(zip(shapes, self.background.supports, strict=True)):
            points = np.flatnonzero(shape.codes == self.own[k])
            if len(points):
                found[k] = shape.terms[points[np.argmin(np.abs(support[points] - self.values[k]))]]
        return found

    @property
    def outside(self) -> Mapping[int, Hashable]:
        """Columns whose value the background never shows → the value."""
        if self.background.shapes is None:
            return {}
        return {k: float(self.values[k]) for k in np.flatnonzero(self.own == UNKNOWN).tolist()}

    def draw_with(self, U: FloatArray, coordinate: int) -> tuple[NDArray[Any], Inputs]:
        """Return codes and rows at points U (n, d), with this row's own value in one column of all of them."""
        return self.background.draw(U, fixed={coordinate: float(self.values[coordinate])})

    def encode(self, codes: NDArray[Any]) -> MaskArray:
        """Return Z (n, d): 1 where a draw falls into the row's own bin; the standardised value without bins."""
        return codes if codes.dtype == np.float64 else (codes == self.own).view(np.uint8)

    def layout(self) -> Layout:
        """Return what the views need."""
        return table_layout()


@dataclass(frozen=True)
class SparseTable:
    """The distinct non-zeros of every column of a sparse background, with their frequencies.

    Parameters
    ----------
    labels
        Column names.
    values, counts
        Distinct non-zeros, column by column and sorted within, and how many rows show each.
    ends
        (c + 1,) where the columns begin and end in them.
    moments
        (2, c) mean and standard deviation over all rows, zeros included.
    n_rows
        Rows of the background.
    form
        An empty matrix of the model's type, dtype and width.
    options
        How non-zeros are cut, and which columns are fixed.
    """

    labels: tuple[Hashable, ...]
    values: FloatArray
    counts: FloatArray
    ends: IntArray
    moments: FloatArray
    n_rows: int
    form: Any
    options: Options

    def represent(self, instance: Any) -> SparseRow | HeldRow:
        """Return x' of one row, sparse or dense."""
        every, numbers = self._nonzeros(instance)
        stays = np.isin(every, self._fixed)
        at, values = every[~stays], numbers[~stays]
        whole = self.form.dtype.kind in "iu"
        columns = [self._column(int(j), float(v), whole) for j, v in zip(at, values, strict=True)]
        features = tuple(feature for feature, _, _, _, _ in columns)
        bins = tuple(names for _, _, _, _, names in columns if names)
        background = SparseBackground(
            tuple(law for _, law, _, _, _ in columns),
            tuple(support for _, _, support, _, _ in columns),
            at,
            self.form,
            every[stays],
            numbers[stays],
        )
        own = np.array([code for _, _, _, code, _ in columns], dtype=float if self.options.bins is None else np.int64)
        center = own if self.options.bins is None else np.ones(len(at))
        content = hashlib.blake2b(every.tobytes() + numbers.tobytes(), digest_size=16).digest()
        row = SparseRow(
            features, center.astype(np.float64), content, background, own, values, bins, self._notes(every, numbers)
        )
        return self._hold(row) if self.options.contrast == "value" else row

    def _hold(self, row: SparseRow) -> HeldRow:
        """Return the row with its non-zeros held, its features named by them."""
        features = []
        for feature, value, support in zip(row.features, row.values, row.background.supports, strict=True):
            name = f"{feature.where.key} = {feature.value}"
            features.append(held_feature(name, feature.where, feature.value, sole=bool((support == value).all())))
        return hold(row, tuple(features))

    @cached_property
    def _fixed(self) -> IntArray:
        found = positions(self.options.fixed, self.labels, "fixed")
        return np.array(fixed_columns(self.labels, found, {}), dtype=np.intp)

    def _notes(self, at: IntArray, values: FloatArray) -> tuple[str, ...]:
        known = dict(zip(at.tolist(), values.tolist(), strict=True))
        shown = [(self.labels[j], show_value(known.get(j, 0.0), "float", "")) for j in self._fixed.tolist()]
        return (fixed_note(shown),) if shown else ()

    def originals(self, representations: Sequence[SparseRow | HeldRow]) -> Inputs:
        """Return the rows of many representations as one matrix."""
        if len(self._fixed):
            return concatenate([row.original for row in representations])
        data = np.concatenate([row.values for row in representations]).astype(self.form.dtype)
        at = np.concatenate([plain(row.background).at for row in representations])
        ends = np.concatenate([[0], np.cumsum([len(row.values) for row in representations])])
        return type(self.form)((data, at, ends), shape=(len(representations), self.form.shape[1]))

    def describe(self) -> dict[str, Any]:
        """Return what the table is, as JSON."""
        return {"columns": len(self.labels), "groups": {}, "library": "scipy"}

    def _nonzeros(self, instance: Any) -> tuple[IntArray, FloatArray]:
        if library_of(instance) != "scipy":
            given = row_values(instance, self.labels)
            dense = [read_value(value, "float", "", label) for value, label in zip(given, self.labels, strict=True)]
            full = np.array([np.nan if value is None else value for value in dense])
            at = np.flatnonzero(full)
            values = full[at]
        else:
            if instance.shape not in ((1, len(self.labels)), (len(self.labels),)):
                raise InputError(
                    f"instance: expected one row of {len(self.labels)} columns, got {instance.shape}; pass X_test[i]."
                )
            row = instance.tocoo()
            order = np.argsort(row.col, kind="stable")
            at, values = row.col[order].astype(np.intp), row.data[order].astype(np.float64)
            at, values = at[values != 0], values[values != 0]
        if not np.isfinite(values).all():
            raise InputError("instance: expected finite numbers in a sparse row, got NaN or infinity; set them to 0.")
        return at, values

    def _column(
        self, j: int, value: float, whole: bool
    ) -> tuple[Feature, Observed | Gaussian, FloatArray, float, tuple[str, ...]]:
        """Return feature, law, support, own code and names of the bins of one non-zero column of a row."""
        label = self.labels[j]
        where = Where("column", label)
        mean, std = self.moments[:, j].tolist()
        shown = show_value(value, "float", "")
        if self.options.bins is None:
            centre = (value - mean) / (std or 1.0)
            around = centre if self.options.around == "instance" else 0.0
            shows = [0.0, *self.values[self.ends[j] : self.ends[j + 1]].tolist()]
            law = Gaussian(mean, std or 1.0, around, 0.0, whole, min(shows), max(shows))
            return Feature(str(label), where, shown), law, np.empty(0), centre, ()
        here = slice(self.ends[j], self.ends[j + 1])
        distinct, counts = self.values[here], self.counts[here]
        codes, names = self._bins(label, distinct, counts)
        support = np.concatenate([[0.0], distinct])
        rows = np.concatenate([[self.n_rows - counts.sum()], counts])
        full = np.concatenate([[0], 1 + codes(distinct)]).astype(np.intp)
        observed, kept = observed_law(full, rows, 1 + len(names))
        own = 1 + int(codes(np.array([value]))[0]) if len(names) else UNKNOWN
        keep = float(observed.probabilities[own]) if own > 0 else 0.0
        own = own if own > 0 else UNKNOWN
        name = names[own - 1] if own > 0 else f"{label} = {shown}"
        return Feature(name, where, shown, keep), observed, support[kept], float(own), (f"{label} = 0", *names)

    def _bins(self, label: Hashable, distinct: FloatArray, counts: FloatArray) -> tuple[_Coder, list[str]]:
        how = self.options.bins
        few = FEW.get(how, 0) if isinstance(how, str) else 0
        if len(distinct) <= few or not len(distinct):
            return _Coder(distinct, True), [f"{label} = {show_value(v, 'float', '')}" for v in distinct.tolist()]
        edges = find_edges(np.repeat(distinct, counts.astype(np.intp)), how, column=label)
        names = list(bin_names(label, tuple(edges.tolist()), "float", ""))
        if distinct[0] > 0 and len(edges):
            names[0] = f"0 < {names[0]}"
        return _Coder(edges, False), names


@dataclass(frozen=True, slots=True)
class _Coder:
    """Which bin of the non-zeros each value lies in; -1 for a value that has no bin."""

    edges: FloatArray
    exact: bool

    def __call__(self, values: FloatArray) -> IntArray:
        codes = np.searchsorted(self.edges, values)
        if not self.exact:
            return codes
        known = np.take(self.edges, np.minimum(codes, len(self.edges) - 1)) == values
        return np.where(known, codes, -1)


def build_sparse(background: Any, options: Options, *, targets: Any, names: Sequence[Hashable] | None) -> SparseTable:
    """Return the statistics of a sparse background.

    Raises
    ------
    InputError
        If it is empty or not finite, or an option does not work with sparse rows.
    """
    if targets is not None or options.bins == "entropy":
        raise InputError('bins: "entropy" is not there for sparse rows; pass "quartile", "decile", edges or None.')
    if (
        isinstance(options.bins, dict)
        or options.categorical
        or options.numeric
        or options.describe_groups() in ("named", "auto")
    ):
        raise InputError(
            "categorical, numeric, groups, bins per column: expected none of them for sparse rows; drop them."
        )
    if options.bins is not None and options.sampling == "gaussian":
        raise InputError('sampling: expected "background" for sparse rows with bins, got "gaussian"; pass bins=None.')
    n_rows, n_columns = background.shape
    if not n_rows or not n_columns:
        raise InputError(f"background: expected at least one row and one column, got shape {background.shape}.")
    labels = tuple(names) if names is not None else tuple(f"x{j}" for j in range(n_columns))
    if len(labels) != n_columns or len(set(labels)) != n_columns:
        raise InputError(f"names: expected {n_columns} different names, got {len(set(labels))}; pass one per column.")
    form = background.tocsr()[:0].copy()
    values, counts, ends, moments = _distinct(background, n_columns)
    table = SparseTable(labels, values, counts, ends, moments, n_rows, form, options)
    table._fixed  # noqa: B018 - an unknown name is refused here
    return table


def _distinct(background: Any, n_columns: int) -> tuple[FloatArray, FloatArray, IntArray, FloatArray]:
    """Return the distinct non-zeros of each column, their counts, where the columns end, and mean and deviation."""
    coo = background.tocoo()
    data, at = coo.data.astype(np.float64), coo.col
    if not np.isfinite(data).all():
        raise InputError("background: expected finite numbers in a sparse matrix, got NaN or infinity; set them to 0.")
    at, data = at[data != 0], data[data != 0]
    order = np.lexsort((data, at))
    at, data = at[order], data[order]
    starts = (
        np.flatnonzero(np.concatenate([[True], (np.diff(at) != 0) | (np.diff(data) != 0)]))
        if len(at)
        else np.empty(0, int)
    )
    counts = np.diff(np.append(starts, len(at)))
    at, data = at[starts], data[starts]
    n = background.shape[0]
    mean = np.bincount(at, weights=data * counts, minlength=n_columns) / n
    spread = np.bincount(at, weights=counts * (data - mean[at]) ** 2, minlength=n_columns)
    zeros = n - np.bincount(at, weights=counts, minlength=n_columns)
    moments = np.stack([mean, np.sqrt((spread + zeros * mean**2) / n)])
    ends = np.searchsorted(at, np.arange(n_columns + 1))
    return data, counts.astype(np.float64), ends, moments
