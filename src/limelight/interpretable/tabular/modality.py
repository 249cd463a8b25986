"""**I**nterpretable, for tables: a row → "28 < age ≤ 37", "workclass = Private", …, and rows drawn from the background.

Input: a background (the training data) and rows. Output: representations that all share one law: its draws do not
depend on the row, and each row only says which draws fall into its own bins, z' = [same bin as mine] [ribeiro2016,
garreau2020]. Values inside a bin are values that the background shows, so integers stay integers, ties survive, and a
missing value is a bin of its own. Columns are read in `columns.py` and cut in `bins.py`; frames are known to
`frames.py` and `store.py` only.
"""

from __future__ import annotations

import copy
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from typing import Any, Literal

import numpy as np

from limelight.contracts import Inputs
from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.components import fingerprint
from limelight.interpretable.tabular.background import TableBackground
from limelight.interpretable.tabular.build import Options, build_dense, listed
from limelight.interpretable.tabular.dense import DenseTable, TableRow
from limelight.interpretable.tabular.features import is_free_text
from limelight.interpretable.tabular.frames import library_of
from limelight.interpretable.tabular.held import HeldRow
from limelight.interpretable.tabular.rows import row_values, rows_of
from limelight.interpretable.tabular.sparse import SparseRow, SparseTable, build_sparse

MAX_SAMPLES = 16_384
"""Model rows for one neighborhood: shared by all instances, so many are affordable."""
Bins = str | Sequence[float] | Mapping[Hashable, str | Sequence[float]] | None


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Tabular:
    """A table: rows of numbers, strings, categoricals, booleans, dates, and missing values of every kind.

    Parameters
    ----------
    background
        The training data, or a sample of it: a pandas, polars or pyarrow frame, a numpy array (n, c), or a scipy sparse
        matrix. The model receives perturbed rows in the same type, with the same column names, order and dtypes. Of a
        sparse row only the non-zeros are perturbed.
    bins
        How columns of numbers are cut: ``"quartile"`` (default, as in lime: four bins of equal frequency are few
        enough to be estimated well), ``"decile"``, ``"entropy"`` (needs `targets`), a list of edges for all, or a
        mapping from column to edges or strategy (the others: quartiles). None: no bins; z' is the standardised value.
    categorical, numeric
        Columns whose kind is not as inferred. Strings, booleans, categoricals, and numbers with at most as many
        distinct values as bins (`bins.FEW`) get a bin per value.
    targets
        (n,) training targets, for entropy bins only.
    groups
        Columns that are one feature to a person and move together: ``{"address": ["lat", "lon"]}``. ``"one-hot"``
        (default) and a mapping group one-hot columns that are named so (`features.one_hot_groups`). ``"auto"`` also
        groups columns that move together in the background (`together.columns_together`), so that hardly any row is
        drawn that could not be; what one of them does alone is then not told. None groups nothing.
    sampling
        ``"background"`` draws values that the background shows; ``"gaussian"`` normal ones (inside a bin: cut to it),
        as lime does; beyond the smallest and largest value of the background the end is drawn, so that no balance is
        negative where none is. None (default): ``"background"`` with bins, ``"gaussian"`` without.
    around
        Where gaussian draws without bins are centred: ``"background"`` (default: the mean, so that rows are shared by
        all instances) or ``"instance"``.
    contrast
        What a weight compares: ``"bin"`` (default, as in lime: the own bin against the others; all rows share one
        neighborhood, so that a million rows are cheap) or ``"value"``: this very value against what the background
        shows instead. The second is the sharpest answer about one row, and nearest to what removing a column does; each
        row asks the model for a neighborhood of its own.
    fixed
        Columns that stay at the row's own values in all that the model is asked, such as ids and dates: they are no
        features, what they do is in the intercept, and every explanation says which they are and at which values. Of
        one-hot columns the whole group is fixed. Each row then asks for a neighborhood of its own.
    names
        Column names for an array or a sparse matrix; x0, x1, … by default.
    max_samples
        Default budget of perturbations of one neighborhood; many, because tables share one.

    Raises
    ------
    InputError
        If the background is empty or infinite, or an argument does not fit or has no effect.
    UnknownNameError
        If an argument names a column that is not there.

    Examples
    --------
    >>> import pandas as pd
    >>> people = pd.DataFrame({"age": [20, 30, 40, 50, 60, 70], "city": list("RORROR")})
    >>> row = Tabular(people).represent(people.iloc[1])
    >>> [feature.name for feature in row.features]
    ['age ≤ 32.5', 'city = O']
    >>> codes, inputs = row.background.draw(np.array([[0.0, 0.0], [0.99, 0.99]]))
    >>> inputs.values.tolist(), row.encode(codes).tolist()
    ([[20, 'O'], [70, 'R']], [[1, 1], [0, 0]])
    """

    table: DenseTable | SparseTable
    options: Options
    max_samples: int

    def __init__(
        self,
        background: Any,
        *,
        bins: Bins = "quartile",
        categorical: Sequence[Hashable] = (),
        numeric: Sequence[Hashable] = (),
        targets: Any = None,
        groups: Mapping[Hashable, Sequence[Hashable]] | Literal["one-hot", "auto"] | None = "one-hot",
        sampling: Literal["background", "gaussian"] | None = None,
        around: Literal["background", "instance"] = "background",
        contrast: Literal["bin", "value"] = "bin",
        fixed: Sequence[Hashable] = (),
        names: Sequence[Hashable] | None = None,
        max_samples: int = MAX_SAMPLES,
    ) -> None:
        options = Options(
            copy.deepcopy(bins),
            listed("categorical", categorical),
            listed("numeric", numeric),
            groups,
            sampling or ("gaussian" if bins is None else "background"),
            around,
            contrast,
            listed("fixed", fixed),
        )
        options.check(targets)
        names = None if names is None else listed("names", names)
        build = build_sparse if library_of(background) == "scipy" else build_dense
        self._set(build(background, options, targets=targets, names=names), options, max_samples)

    def _set(self, table: DenseTable | SparseTable, options: Options, max_samples: int) -> None:
        for name, value in (("table", table), ("options", options), ("max_samples", max_samples)):
            object.__setattr__(self, name, value)

    @property
    def distance(self) -> str:
        """Return LIME's distance for tables."""
        return "euclidean"

    def __repr__(self) -> str:
        columns = f"{len(self.table.labels)} columns"
        if self.options.fixed:
            fixed = f", fixed={list(self.options.fixed)!r}"
        else:
            fixed = ""
        if self.options.contrast == "value":
            return f'Tabular({columns}, contrast="value"{fixed})'
        return f"Tabular({columns}, bins={self.options.describe_bins()!r}{fixed})"

    @cached_property
    def notes(self) -> tuple[str, ...]:
        """Return what every explanation says first: columns that look like free text, and columns that are twins."""
        if isinstance(self.table, SparseTable):
            return ()
        return (*self._texts(), *self._twins())

    @property
    def groups(self) -> dict[Hashable, tuple[Hashable, ...]]:
        """Return the columns that are one feature, by what the feature is called; see `groups` above.

        >>> Tabular(np.eye(3), names=["city=A", "city=B", "city=C"]).groups
        {'city': ('city=A', 'city=B', 'city=C')}
        """
        if isinstance(self.table, SparseTable):
            return {}
        labels = self.table.labels
        return {part.label: tuple([labels[j] for j in part.members]) for part in self.table.parts if part.is_group}

    def _twins(self) -> tuple[str, ...]:
        twins = () if isinstance(self.table, SparseTable) else self.table.twins
        if not twins:
            return ()
        shown = ", ".join(f"{str(first)!r} and {str(second)!r}" for first, second in twins[:3])
        more = f", and {len(twins) - 3} more pairs," if len(twins) > 3 else ""
        return (
            f"{shown}{more} say the same in every row of the background: what either does cannot be told from what the "
            'other does, and rows in which they differ never occur; groups="auto" makes them one feature',
        )

    def _texts(self) -> tuple[str, ...]:
        if isinstance(self.table, SparseTable):
            return ()
        named = []
        for part in self.table.parts:
            column = self.table.columns[part.members[0]]
            if not part.is_group and is_free_text(column, part.keeps):
                named.append(repr(str(part.label)))
        if not named:
            return ()
        return (
            f"{', '.join(named)} looks like free text and was taken as a category, this text or another; "
            "ll.Text(fields=[…]) explains its words",
        )

    def represent(self, instance: Any, rng: np.random.Generator | None = None) -> TableRow | SparseRow | HeldRow:
        """Return x' of one row: a Series, a frame of one row, a dict, or a sequence in column order. `rng` is not used.

        Raises
        ------
        InputError
            If it is not one row, or a value has the wrong type; names the column.
        UnknownNameError
            If it names a column that the background lacks.
        """
        return self.table.represent(instance)

    def edited(self, instance: Any, changes: Mapping[Hashable, Any]) -> dict[Hashable, Any]:
        """Return a row with some columns changed, by column; the row itself stays as it is.

        Raises
        ------
        UnknownNameError
            If a change names a column that the background lacks.
        InputError
            If it is not one row, or the changes are no mapping.

        >>> Tabular(np.eye(3), names=["a", "b", "c"]).edited([1, 2, 3], {"b": 5})
        {'a': 1, 'b': 5, 'c': 3}
        """
        if not isinstance(changes, Mapping):
            raise InputError(
                f"edits: expected mappings from columns to values, such as {{'age': 40}}, got {type(changes).__name__}."
            )
        labels = list(self.table.labels)
        if unknown := [name for name in changes if name not in labels]:
            raise UnknownNameError("edits", unknown[0], labels)
        return dict(zip(labels, row_values(instance, self.table.labels), strict=True)) | dict(changes)

    def originals(self, representations: Sequence[Any]) -> Inputs:
        """Return the rows of many representations as one table: what joining their `original` gives, but at once."""
        return self.table.originals(representations)

    def instances(self, many: Any) -> Iterable[Any]:
        """Return an iterable of rows: of a table, of a stream of tables, or of whatever else is iterated.

        Tables are turned into Python values by column, a chunk at a time, and give the same rows as `iloc` would.

        Raises
        ------
        InputError
            If `many` cannot be iterated.
        """
        return rows_of(many, self.table.labels)

    @property
    def content(self) -> bytes:
        """Return bytes that are equal for equal backgrounds."""
        table = self.table
        if isinstance(table, SparseTable):
            form = (str(table.form.dtype), table.form.shape, table.n_rows, table.labels)
            return fingerprint([form, table.values, table.counts, table.ends, table.moments])
        return self.background.content

    def describe(self) -> dict[str, Any]:
        """Return the options as JSON, for provenance."""
        return {"modality": "tabular", **self.options.describe(), **self.table.describe()}

    def save(self, path: str | PathLike[str]) -> None:
        """Write everything that explaining needs as JSON: bins, frequencies and support values, but no rows.

        Raises
        ------
        InputError
            If a column holds values that JSON does not know.
        """
        from limelight.interpretable.tabular.files import save

        save(self, path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Tabular:
        """Return what was saved: draws, codes and dtypes are the same to the bit.

        Raises
        ------
        InputError
            If the file is not one written by `save`.
        MissingDependencyError
            If the library of the background's frames is not installed.
        """
        from limelight.interpretable.tabular.files import load

        tabular = cls.__new__(cls)
        tabular._set(*load(path))
        return tabular

    @property
    def background(self) -> TableBackground:
        """Return the law that all rows share; sparse rows have one each."""
        if isinstance(self.table, SparseTable):
            raise AttributeError("background: sparse rows have one each, over their non-zeros")  # noqa: TRY004
        return self.table.background
