"""**I**nterpretable, for tables: a row → "28 < age ≤ 37", "workclass = Private", …, and rows drawn from the background.

Enter a background (the training data) and rows; leave representations that all share one `TableBackground`: its draws do not
depend on the row, and each row only says which draws fall into its own bins, z' = [same bin as mine] [ribeiro2016, garreau2020].
Values inside a bin are values that the background shows, so integers stay integers, ties survive, and a missing value is a
bin of its own.
"""

from __future__ import annotations

import hashlib
from collections.abc import Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import Feature, FloatArray, Inputs, Layout, MaskArray, Where
from limelight.errors import InputError, UnknownNameError
from limelight.interpretable.columns import UNKNOWN, Column, is_missing
from limelight.interpretable.frames import RawColumn, Row, Store, iterate_rows, library_of, read_table, row_values, take_support
from limelight.interpretable.tabular_background import Gaussian, Law, TableBackground
from limelight.interpretable.tabular_features import (
    Part,
    Ranked,
    bins_by_value,
    column_by_bins,
    column_by_value,
    column_law,
    group_law,
    one_hot_groups,
    one_hot_value,
)

MAX_SAMPLES = 16_384
"""Model rows for one neighborhood: shared by all instances, so many are affordable."""
Bins = str | Sequence[float] | Mapping[Hashable, "str | Sequence[float]"] | None


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
        (d,) the row's own codes; `UNKNOWN` where the background never shows the value.
    values
        The row as the model shall receive it, in column order.
    continuous
        (d,) bool: features whose z' is the standardised value; None where none is.
    """

    features: tuple[Feature, ...]
    center: FloatArray
    content: bytes
    background: TableBackground
    own: NDArray[Any]
    values: tuple[Any, ...]
    continuous: NDArray[np.bool_] | None

    @property
    def original(self) -> Inputs:
        """Return the row as a table of one row, with the background's dtypes."""
        return self.background.store.rows([self.values])

    def encode(self, codes: NDArray[Any]) -> MaskArray:
        """Return Z (n, d) for shared codes (n, d): 1 where a draw falls into the row's own bin.

        Where the surrogate is continuous, Z is the standardised value, and a missing value stands at the mean.
        """
        if self.continuous is None:
            return (codes == self.own).view(np.uint8)
        missing = np.isnan(codes)
        same = np.where(np.isnan(self.own), missing, codes == self.own)
        return np.where(self.continuous, np.where(missing, 0.0, codes), same)

    def layout(self) -> Layout:
        """Return what the views need; the features say everything that is the row's own."""
        return {"kind": "table"}


@dataclass(frozen=True, init=False, repr=False, eq=False)
class Tabular:
    """A table: rows of numbers, strings, categoricals, booleans, dates, and missing values of every kind.

    Parameters
    ----------
    background
        The training data, or a sample of it: a pandas, polars or pyarrow frame, or a numpy array (n, c). The model receives
        perturbed rows in the same type, with the same column names, order and dtypes.
    bins
        How columns of numbers are cut: ``"quartile"`` (default, as in lime: four bins of equal frequency are few enough to
        be estimated well), ``"decile"``, ``"entropy"`` (needs `targets`), a list of edges for all, or a mapping from column
        to edges or strategy (the others: quartiles). None: no bins; z' is the standardised value.
    categorical, numeric
        Columns whose kind is not as inferred. Strings, booleans, categoricals and numbers with at most as many distinct
        values as bins (`bins.FEW`) get a bin per value.
    targets
        (n,) training targets, for entropy bins only.
    groups
        Columns that are one feature to a person and move together: ``{"address": ["lat", "lon"]}``. ``"auto"`` (default) and
        a mapping also group one-hot columns that are named so (`tabular_features.one_hot_groups`); None groups nothing.
    sampling
        ``"background"`` draws values that the background shows, ``"gaussian"`` normal ones (inside a bin: cut to it), as lime
        does. None (default): ``"background"`` with bins, ``"gaussian"`` without.
    around
        Where gaussian draws without bins are centred: ``"background"`` (default: the mean, so that rows are shared by all
        instances) or ``"instance"``.
    names
        Column names for an array; x0, x1, … by default.
    max_samples
        Default budget of model rows of one neighborhood.

    Raises
    ------
    InputError
        If the background is empty or infinite, or an argument does not fit or has no effect.
    UnknownNameError
        If an argument names a column that is not there.

    Examples
    --------
    >>> import pandas as pd
    >>> ages = pd.DataFrame({"age": [20, 30, 40, 50, 60, 70], "city": ["Rome", "Oslo", "Rome", "Rome", "Oslo", "Rome"]})
    >>> row = Tabular(ages).represent(ages.iloc[1], np.random.default_rng(0))
    >>> [feature.name for feature in row.features]
    ['age ≤ 32.5', 'city = Oslo']
    """

    background: TableBackground
    columns: tuple[Column, ...]
    parts: tuple[Part, ...]
    options: Mapping[str, Any]
    max_samples: int

    def __init__(
        self,
        background: Any,
        *,
        bins: Bins = "quartile",
        categorical: Sequence[Hashable] = (),
        numeric: Sequence[Hashable] = (),
        targets: Any = None,
        groups: Mapping[Hashable, Sequence[Hashable]] | Literal["auto"] | None = "auto",
        sampling: Literal["background", "gaussian"] | None = None,
        around: Literal["background", "instance"] = "background",
        names: Sequence[Hashable] | None = None,
        max_samples: int = MAX_SAMPLES,
    ) -> None:
        sampling = sampling or ("gaussian" if bins is None else "background")
        _check_options(bins, targets, sampling, around)
        library, raws = read_table(background, names)
        labels = tuple(raw.label for raw in raws)
        kinds = {**dict.fromkeys(_positions(categorical, labels, "categorical"), True),
                 **dict.fromkeys(_positions(numeric, labels, "numeric"), False)}
        grouped = _find_groups(groups, raws, labels)
        told = _check_targets(targets, len(raws[0].missing))
        columns, ranked = _read_columns(raws, _bins_by_column(bins, labels), kinds, told, grouped)
        parts, laws, supports = _build_laws(raws, columns, ranked, grouped, library, sampling == "gaussian")
        law = TableBackground(laws, tuple(part.members for part in parts), Store(library, labels, supports))
        options = {"bins": _describe_bins(bins), "sampling": sampling, "around": around, "rows": len(raws[0].missing)}
        for name, value in (("background", law), ("columns", columns), ("parts", parts), ("options", options),
                            ("max_samples", max_samples)):
            object.__setattr__(self, name, value)

    @property
    def distance(self) -> str:
        """Return LIME's distance for tables."""
        return "euclidean"

    def __repr__(self) -> str:
        return f"Tabular({len(self.columns)} columns, {len(self.parts)} features, bins={self.options['bins']!r})"

    def represent(self, instance: Any, rng: np.random.Generator | None = None) -> TableRow:
        """Return x' of one row: a Series, a frame of one row, a dict, or a sequence in column order. `rng` is not used.

        Raises
        ------
        InputError
            If it is not one row, or a value has the wrong type; names the column.
        UnknownNameError
            If it names a column that the background lacks.
        """
        raw = row_values(instance, self.background.store.labels)
        read = [column.read(value) for column, value in zip(self.columns, raw, strict=True)]
        content = hashlib.blake2b(repr(read).encode(), digest_size=16).digest()
        codes = [column.code_of(value) for column, value in zip(self.columns, read, strict=True)]
        own = [
            part.codes.get(tuple(codes[j] for j in part.members), UNKNOWN) if part.codes else codes[part.members[0]]
            for part in self.parts
        ]
        features = tuple(self._feature(k, own[k], codes, read) for k in range(len(own)))
        values = tuple(map(_as_given, self.columns, read, raw))
        if not self.continuous:
            center = np.ones(len(own))
            return TableRow(features, center, content, self.background, np.array(own), values, None)
        return self._represent_continuous(features, own, content, read, values)

    @property
    def continuous(self) -> bool:
        """Whether z' of some feature is its standardised value."""
        return self.options["bins"] is None

    def _represent_continuous(
        self, features: tuple[Feature, ...], own: list[int], content: bytes, read: list[Any], values: tuple[Any, ...]
    ) -> TableRow:
        single = [None if part.codes else part.members[0] for part in self.parts]
        flags = np.array([j is not None and self.columns[j].continuous and read[j] is not None for j in single], dtype=bool)
        center = np.array([self.columns[j].standardize(read[j]) if flag and j is not None else 1.0
                           for flag, j in zip(flags, single, strict=True)])
        codes = np.array([np.nan if j is not None and self.columns[j].continuous else float(code)
                          for j, code in zip(single, own, strict=True)])
        background = self.background
        if self.options["around"] == "instance":
            laws = tuple(_recenter(law, at) if flag else law
                         for law, at, flag in zip(background.laws, center, flags, strict=True))
            background = replace(background, laws=laws, salt=content)
        return TableRow(features, center, content, background, codes, values, flags)

    def _feature(self, k: int, own: int, codes: list[int], read: list[Any]) -> Feature:
        part, law = self.parts[k], self.background.laws[k]
        if part.codes:
            name, value = self._group_name(part, codes, read)
        else:
            j = part.members[0]
            column = self.columns[j]
            value = column.show(read[j])
            name = str(part.label) if column.continuous and read[j] is not None else column.name_of(own, read[j])
            if column.continuous:
                return Feature(name, part.where, value)
        keep = 0.0 if own < 0 or law.probabilities is None else float(law.probabilities[own])
        return Feature(name, part.where, value, keep)

    def _group_name(self, part: Part, codes: list[int], read: list[Any]) -> tuple[str, str]:
        if part.values:
            hot = [value for value, j in zip(part.values, part.members, strict=True) if read[j]]
            value = ", ".join(hot) or "none"
            return f"{part.label} = {value}", value
        members = [(self.columns[j], codes[j], read[j]) for j in part.members]
        names = ", ".join(column.name_of(code, value) for column, code, value in members)
        return f"{part.label}: {names}", ", ".join(f"{column.label} = {column.show(value)}" for column, _, value in members)

    def originals(self, representations: Sequence[TableRow]) -> Inputs:
        """Return the rows of many representations as one table: what concatenating their `original` gives, at once."""
        return self.background.store.rows([row.values for row in representations])

    def instances(self, many: Any) -> Iterable[Any]:
        """Return an iterable of rows: of a frame or array, of a stream of them, or of whatever else is iterated.

        Raises
        ------
        InputError
            If `many` cannot be iterated.
        """
        if library_of(many) and len(many.shape) == 2:
            return Rows(many, self.background.store.labels)
        if isinstance(many, (list, tuple)) and not any(_is_chunk(item) for item in many):
            return many
        if isinstance(many, Mapping) or not isinstance(many, Iterable):
            raise InputError(f"instances: expected a frame, an array or an iterable of rows, got {type(many).__name__}.")
        return _stream(many, self.background.store.labels)

    def describe(self) -> dict[str, Any]:
        """Return the options as JSON, for provenance."""
        groups = {str(part.label): [str(self.columns[j].label) for j in part.members] for part in self.parts if part.codes}
        return {"modality": "tabular", **self.options, "columns": len(self.columns), "groups": groups,
                "library": self.background.store.library}


@dataclass(frozen=True, slots=True)
class Rows:
    """The rows of a frame or array, as an iterable with a length."""

    table: Any
    labels: tuple[Hashable, ...]

    def __len__(self) -> int:
        return int(self.table.shape[0])

    def __iter__(self) -> Iterator[Row]:
        return iterate_rows(self.table, self.labels)


def _is_chunk(item: Any) -> bool:
    return bool(library_of(item)) and len(item.shape) == 2


def _stream(many: Iterable[Any], labels: tuple[Hashable, ...]) -> Iterator[Any]:
    """Yield rows; frames and arrays among the items are taken apart."""
    for item in many:
        if _is_chunk(item):
            yield from iterate_rows(item, labels)
        else:
            yield item


def _as_given(column: Column, read: Any, raw: Any) -> Any:
    """Return a value as the model shall receive it: canonical numbers and strings, everything else as it was given."""
    if read is None:
        return raw if column.type == "other" else (float("nan") if column.type == "float" else None)
    return raw if column.type in ("datetime", "duration", "other") else read


def _recenter(law: Law, center: float) -> Law:
    return replace(law, center=float(center)) if isinstance(law, Gaussian) else law


# ------------------------------------------------------------------------------------------------------------- construction


def _check_options(bins: Bins, targets: Any, sampling: str, around: str) -> None:
    if sampling not in ("background", "gaussian"):
        raise UnknownNameError("sampling", sampling, ("background", "gaussian"))
    if around not in ("background", "instance"):
        raise UnknownNameError("around", around, ("background", "instance"))
    if around == "instance" and (bins is not None or sampling != "gaussian"):
        raise InputError('around: "instance" expected bins=None and gaussian sampling, got bins or observed values; '
                         'pass bins=None, or leave around="background".')
    wanted = list(bins.values()) if isinstance(bins, Mapping) else [bins]
    if targets is not None and "entropy" not in [how for how in wanted if isinstance(how, str)]:
        raise InputError('targets: expected None unless bins are "entropy", got targets; they have no effect otherwise.')


def _check_targets(targets: Any, n: int) -> NDArray[Any] | None:
    if targets is None:
        return None
    told = np.asarray(targets)
    if told.shape != (n,):
        raise InputError(f"targets: expected one per background row, shape ({n},), got shape {told.shape}; pass y_train.")
    return told


def _positions(named: Iterable[Hashable], labels: tuple[Hashable, ...], argument: str) -> list[int]:
    """Return the positions of columns that the user named, or numbered."""
    if isinstance(named, str):
        raise InputError(f"{argument}: expected a list of column names, got the string {named!r}; pass [{named!r}].")
    found = []
    for name in named:
        if name in labels:
            found.append(labels.index(name))
        elif isinstance(name, (int, np.integer)) and 0 <= name < len(labels) and all(isinstance(x, str) for x in labels):
            found.append(int(name))
        else:
            raise UnknownNameError(argument, name, labels)
    return found


def _bins_by_column(bins: Bins, labels: tuple[Hashable, ...]) -> list[tuple[str | Sequence[float] | None, bool]]:
    """Return for each column how to cut it, and whether the user said so for this very column."""
    if not isinstance(bins, Mapping):
        return [(bins, False)] * len(labels)
    hows: list[tuple[str | Sequence[float] | None, bool]] = [("quartile", False)] * len(labels)
    for name, how in bins.items():
        hows[_positions([name], labels, "bins")[0]] = (how, True)
    return hows


def _describe_bins(bins: Bins) -> Any:
    if isinstance(bins, Mapping):
        return {str(name): how if isinstance(how, str) else [float(edge) for edge in how] for name, how in bins.items()}
    return bins if bins is None or isinstance(bins, str) else [float(edge) for edge in bins]


def _find_groups(groups: Any, raws: Sequence[RawColumn], labels: tuple[Hashable, ...]) -> dict[Hashable, tuple[tuple[int, ...], bool]]:
    """Return the groups as name → (columns, whether they are one-hot)."""
    if groups is None:
        return {}
    if isinstance(groups, str) and groups != "auto":
        raise UnknownNameError("groups", groups, ("auto",))
    found: dict[Hashable, tuple[tuple[int, ...], bool]] = {}
    taken: set[int] = set()
    for name, members in ({} if groups == "auto" else dict(groups)).items():
        at = _positions(members, labels, f"groups[{name!r}]")
        if not at or taken & set(at) or len(set(at)) < len(at):
            raise InputError(f"groups[{name!r}]: expected columns that are in no other group, got {list(members)!r}; name each once.")
        taken |= set(at)
        found[name] = (tuple(at), False)
    for prefix, one_hot in one_hot_groups(raws, taken).items():
        found[prefix] = (one_hot, True)
    clash = [name for name, (at, _) in found.items() if name in labels and labels.index(name) not in at]
    if clash:
        raise InputError(f"groups: expected names that are no other column's, got {clash[0]!r}; choose another name.")
    return found


def _read_columns(
    raws: Sequence[RawColumn], hows: Sequence[tuple[Any, bool]], kinds: Mapping[int, bool], targets: NDArray[Any] | None,
    grouped: Mapping[Hashable, tuple[tuple[int, ...], bool]],
) -> tuple[tuple[Column, ...], list[Ranked]]:
    in_group = {j for members, _ in grouped.values() for j in members}
    pairs = []
    for j, (raw, (how, named)) in enumerate(zip(raws, hows, strict=True)):
        how = "quartile" if how is None and j in in_group else how
        if bins_by_value(raw, how, kinds.get(j)):
            if named:
                raise InputError(f"bins[{raw.label!r}]: expected a column of numbers with several values, got one with a bin per "
                                 f"value; leave it out, or name it in numeric=.")
            pairs.append(column_by_value(raw))
        else:
            pairs.append(column_by_bins(raw, how, targets))
    return tuple(column for column, _ in pairs), [ranked for _, ranked in pairs]


def _build_laws(
    raws: Sequence[RawColumn], columns: Sequence[Column], ranked: Sequence[Ranked],
    grouped: Mapping[Hashable, tuple[tuple[int, ...], bool]], library: str, gaussian: bool,
) -> tuple[tuple[Part, ...], tuple[Law, ...], tuple[Any, ...]]:
    """Return features, their laws, and every column's support; a group stands where its first column does."""
    starts = {members[0]: (name, members, one_hot) for name, (members, one_hot) in grouped.items()}
    in_group = {j for members, _ in grouped.values() for j in members}
    parts: list[Part] = []
    laws: list[Law] = []
    supports: list[Any] = [None] * len(raws)
    for j, raw in enumerate(raws):
        if j in starts:
            name, members, one_hot = starts[j]
            law, codes, rows = group_law([ranked[i] for i in members])
            values = tuple(one_hot_value(raws[i].label, str(name)) for i in members) if one_hot else ()
            parts.append(Part(name, Where("column", name), members, codes, values))
            laws.append(law)
            for i in members:
                supports[i] = take_support(raws[i].native, rows, library)
        elif j not in in_group:
            own, supports[j] = column_law(raw, columns[j], ranked[j], library=library, gaussian=gaussian)
            parts.append(Part(raw.label, Where("column", raw.label), (j,), {}))
            laws.append(own)
    return tuple(parts), tuple(laws), tuple(supports)


__all__ = ["Tabular", "TableRow", "is_missing"]
