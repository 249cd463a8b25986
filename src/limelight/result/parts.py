"""Many explanations as a table of Arrow for other tools: one row for each instance and target; and back.

This is what the parts of a job hold (`limelight.jobs`), in the types that Spark, DuckDB, polars and pandas read. What
explanations share (settings, kind of data, versions) stands once in the file's metadata, names and conditions once in
the dictionaries of its columns. `COLUMNS` says what each column is; `VERSION` grows when that changes.

With ``detail="weights"`` numbers of the fit have seven significant digits, their errors four, and covariances, curves
and pairs are left out: about 100 bytes for a row of twelve columns. ``detail="full"`` adds every bit, as `parquet.py`
writes it, in `full`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from limelight.contracts import FloatArray
from limelight.optional import require
from limelight.result import parquet
from limelight.result.codecs import Key, Sizes
from limelight.result.explanations import Explanations
from limelight.result.flat import distances, flat_of, pieces, spread
from limelight.result.open_block import SUM_TO_ONE, OpenBlock

VERSION = 1
"""Of the columns; a file of a later one is refused."""
MARK = b"limelight.part"
"""Where the metadata of a file or schema holds what its explanations share, as JSON."""
CHUNK_MARK = b"limelight.chunk"
"""Where a part of a job says which rows of the source it holds, and how many of them failed."""
EXTRA = "jobs"
DETAILS = ("weights", "full")
COLUMNS: dict[str, tuple[str, str]] = {
    "id": ("any", "the instance's id, in the type of the source; its row where the source has none"),
    "row": ("int64", "its position in the source, from 0; null where an engine keeps no order"),
    "target": ("string", "name of the explained output; null where the row failed"),
    "prediction": ("double", "f(x), what the model says"),
    "local_prediction": ("double", "g(x'), what the surrogate says"),
    "intercept": ("double", "of the surrogate"),
    "fidelity": ("double", "weighted R² on perturbations that the fit has not seen, at most 1"),
    "fidelity_stderr": ("double", "its standard error"),
    "additivity": ("double", "how much of what the model does nearby adds up over the features, at most 1"),
    "gap": ("double", "|f(x) − g(x')| in units of the residual spread; null where it is not known"),
    "cause": ("string", "why the weights may or may not be relied on, as in `Explanation.causes`"),
    "df": ("double", "degrees of freedom of the standard errors; infinity where they are exact"),
    "n_samples": ("int32", "perturbations in the fit"),
    "effective_sample_size": ("double", "(Σw)² / Σw² of their weights"),
    "stopped": ("string", "why sampling stopped: precise, ranked, exhaustive, budget, fixed, unmoved"),
    "estimator": ("string", "which estimator fitted"),
    "kernel_width": ("double", "in force"),
    "shared": ("bool", "whether the neighborhood is shared with the other rows"),
    "kind": ("list<string>", "of each feature: column, word, segment, window, part"),
    "feature": ("list<string>", "what each feature is across instances: a column, a word; JSON where it is no text"),
    "condition": ("list<string>", "how it reads in this instance: “28 < age ≤ 37”"),
    "value": ("list<string>", "the instance's own value, as shown; empty where the condition says it"),
    "weight": ("list<double>", "LIME's weight of each feature, in units of the output"),
    "stderr": ("list<double>", "standard error of each weight; 0 where no perturbation showed otherwise"),
    "distance": ("list<double>", "how far the instance is from the average row: weight · distance is its contribution"),
    "selected": ("list<int16>", "the features shown, as positions from 0, largest |contribution| first"),
    "warnings": ("list<string>", "sentences about trust"),
    "error": ("string", "why the row has no explanation; null where it has one"),
}
"""Column → its type, and what it holds."""
_BY_TARGET = ("prediction", "local_prediction", "intercept", "fidelity", "fidelity_stderr")
_MAYBE = ("additivity", "gap")
_ONCE = ("df", "n_samples", "effective_sample_size", "stopped", "estimator", "kernel_width", "shared")
_DIGITS = {
    "local_prediction": 7, "intercept": 7, "fidelity": 7, "additivity": 7, "gap": 7, "effective_sample_size": 7,
    "weight": 7, "fidelity_stderr": 4, "stderr": 4,
}  # fmt: skip
"""Significant digits; the others have all, `prediction` among them."""
_SHARED = ("settings", "modality", "versions", "seed")


def schema(id_type: Any = None, *, detail: str = "weights", shared: Mapping[str, Any] | None = None) -> Any:
    """Return the Arrow schema of a table of explanations.

    Parameters
    ----------
    id_type
        Arrow type of the ids; None: int64, the rows' own numbers.
    detail
        ``"weights"`` or ``"full"``.
    shared
        What the explanations have in common, for the metadata.

    Examples
    --------
    >>> schema().field("weight").type
    ListType(list<element: double>)
    """
    arrow = require("pyarrow", EXTRA)
    types = _types(arrow)
    fields = [arrow.field(name, types[kind]) for name, (kind, _) in COLUMNS.items()]
    fields[0] = arrow.field("id", id_type or arrow.int64())
    if detail == "full":
        fields.append(arrow.field("full", arrow.struct(list(parquet.written_schema(arrow)))))
    return arrow.schema(fields, {MARK: json.dumps({"version": VERSION, "detail": detail, **(shared or {})})})


def table_of(explanations: Explanations, ids: Any, rows: Any = None, *, detail: str = "weights") -> Any:
    """Return explanations as a table, one row for each of them and each of its targets.

    Parameters
    ----------
    explanations
        Of n instances.
    ids
        (n,) an Arrow array.
    rows
        (n,) their positions in the source; None where it has no order.
    detail
        ``"weights"`` or ``"full"``.
    """
    arrow = require("pyarrow", EXTRA)
    known = schema(ids.type, detail=detail, shared=_common(explanations))
    tables, start = [], 0
    for block, places in explanations.parts():
        stop = start + len(places)
        part = _Part(arrow, block, np.asarray(places))
        columns = part.columns()
        columns["id"] = ids.slice(start, len(places)).take(part.instance)
        columns["row"] = arrow.nulls(len(part.instance), arrow.int64())
        if rows is not None:
            columns["row"] = arrow.array(np.asarray(rows)[start:stop][part.instance.to_numpy()], arrow.int64())
        if detail == "full":
            columns["full"] = part.full()
        arrays = [_typed(columns[field.name], field.type) for field in known]
        tables.append(arrow.Table.from_arrays(arrays, schema=known))
        start = stop
    if tables:
        return arrow.concat_tables(tables).combine_chunks()
    return known.empty_table()


def failed(ids: Any, rows: Any, errors: Sequence[str], known: Any) -> Any:
    """Return the rows of instances that could not be explained, in the schema of the others."""
    arrow = require("pyarrow", EXTRA)
    given = {"id": ids, "row": arrow.array(rows, arrow.int64()), "error": arrow.array(errors, arrow.string())}
    arrays = [given.get(field.name, arrow.nulls(len(errors), field.type)) for field in known]
    return arrow.Table.from_arrays(arrays, schema=known)


# -- one block --------------------------------------------------------------------------------------------------------


class _Part:
    """Some rows of a block, as columns with one row for each of them and each of its targets.

    Parameters
    ----------
    arrow
        pyarrow.
    block, places
        The block, and which of its rows.
    """

    def __init__(self, arrow: Any, block: OpenBlock, places: NDArray[np.int64]) -> None:
        self.arrow, self.block, self.places = arrow, block, places
        counts = np.diff(block.column("targets").starts)[places]
        owners = np.repeat(np.arange(len(places)), counts)
        self.instance = arrow.array(owners)
        self._owners = places[owners]
        self._each = np.diff(block.column("features").starts)[places]
        self._widths = self._each[owners]

    def columns(self) -> dict[str, Any]:
        """Return all columns but id and row."""
        arrow, found = self.arrow, {}
        for name in _BY_TARGET:
            found[name] = arrow.array(self._rounded(name, name))
        for name in _MAYBE:
            found[name] = self._maybe(name)
        for name in _ONCE:
            if name in ("stopped", "estimator"):
                found[name] = self._names(name, self._owners)
            else:
                found[name] = self._once(name)
        found["target"] = self._names("targets")
        found["cause"] = self._names("causes")
        at = self._of_features()
        features = self.block.coded("features")
        things = features.things
        for name, texts in (
            ("kind", [each.where.kind for each in things]),
            ("feature", [key_text(each.where.key) for each in things]),
            ("condition", [each.name for each in things]),
        ):
            found[name] = self._lists(self._widths, self._decoded(features.codes[at], texts))
        found["value"] = self._lists(self._widths, self._values(at))
        for name, column in (("weight", "coef"), ("stderr", "stderr")):
            found[name] = self._lists(self._widths, arrow.array(self._rounded(name, column)))
        found["distance"] = self._lists(self._widths, arrow.array(self._distance()))
        counts = np.asarray(flat_of(self.block, "selected_count", self.places), dtype=np.int64)
        found["selected"] = self._lists(
            counts, arrow.array(flat_of(self.block, "selected", self.places), arrow.int16())
        )
        found["warnings"] = self._warnings()
        found["error"] = arrow.nulls(len(self._owners), arrow.string())
        return found

    def full(self) -> Any:
        """Return every bit of each instance, in the row of its first target."""
        arrow = self.arrow
        whole = parquet.table_of(arrow, parquet.written_schema(arrow), self.block, self.places.tolist())
        for name in ("cost_rows", "cost_calls", "cost_seconds"):  # of this run, and not of the answer
            at = whole.schema.get_field_index(name)
            kind = whole.schema.field(name).type
            whole = whole.set_column(at, whole.schema.field(name), arrow.array([0] * len(whole), kind))
        owners = self.instance.to_numpy()
        first = np.diff(owners, prepend=-1) > 0
        structs = whole.to_struct_array().combine_chunks()
        return structs.take(arrow.array(owners, mask=~first))

    def _rounded(self, name: str, column: str) -> NDArray[np.float64]:
        numbers = np.asarray(flat_of(self.block, column, self.places), dtype=np.float64)
        if name in _DIGITS:
            return parquet.rounded(numbers, _DIGITS[name])
        return numbers

    def _of_features(self) -> NDArray[np.int64]:
        """Return which features of the block each row has, once for each of its targets."""
        return pieces(np.asarray(self.block.column("features").starts), self._owners)

    def _once(self, name: str) -> Any:
        values = np.asarray(self.block.column(name).flat)[self._owners]
        if name in _DIGITS:
            values = parquet.rounded(values, _DIGITS[name])
        return self.arrow.array(values.astype(bool) if name == "shared" else values)

    def _maybe(self, name: str) -> Any:
        """Return a number of each target, null where an explanation does not say it."""
        column = self.block.column(name)
        if len(column.flat) == len(self.block.column("prediction").flat):
            return self.arrow.array(self._rounded(name, name), from_pandas=True)
        wanted = np.diff(self.block.column("targets").starts)[self.places]
        values = [list(column.at(row)) or [None] * int(k) for row, k in zip(self.places.tolist(), wanted, strict=True)]
        return self.arrow.array([value for each in values for value in each], self.arrow.float64())

    def _names(self, name: str, owners: NDArray[np.int64] | None = None) -> Any:
        coded = self.block.coded(name)
        if owners is not None:
            return self._decoded(coded.codes[owners], coded.things)
        if not len(coded.codes):
            return self.arrow.nulls(len(self._owners), self.arrow.string())
        return self._decoded(coded.codes[pieces(coded.starts, self.places)], coded.things)

    def _decoded(self, codes: NDArray[np.int64], texts: Sequence[str]) -> Any:
        arrow = self.arrow
        return arrow.DictionaryArray.from_arrays(arrow.array(codes, arrow.int32()), arrow.array(texts, arrow.string()))

    def _values(self, at: NDArray[np.int64]) -> Any:
        values = self.arrow.array(self.block.column("values").flat, self.arrow.string())
        return values.take(self.arrow.array(at))

    def _distance(self) -> FloatArray:
        """Return the distances of each row's features, once for each of its targets."""
        far = distances(self.block, self.places, self._each)
        return np.asarray(far[spread(self._each, self.instance.to_numpy())])

    def _warnings(self) -> Any:
        arrow, column = self.arrow, self.block.column("warnings")
        widths = np.diff(column.starts)[self._owners]
        at = pieces(np.asarray(column.starts), self._owners)
        return self._lists(widths, arrow.array(column.flat, arrow.string()).take(arrow.array(at, arrow.int64())))

    def _lists(self, widths: NDArray[np.int64], values: Any) -> Any:
        ends = np.concatenate([[0], np.cumsum(widths)])
        return self.arrow.ListArray.from_arrays(self.arrow.array(ends, self.arrow.int32()), values)


def key_text(key: Any) -> str:
    """Return what a feature is as a text: a name as it stands, anything else as JSON.

    >>> key_text("age"), key_text(3), key_text("3")
    ('age', '3', '"3"')
    """
    if isinstance(key, str) and not _reads_as_json(key):
        return key
    return json.dumps(Key().write(key), ensure_ascii=False)


def key_of(text: str) -> Any:
    """Return what `key_text` wrote.

    >>> key_of("age"), key_of("3"), key_of('"3"')
    ('age', 3, '3')
    """
    if not _reads_as_json(text):
        return text
    return Key().read(json.loads(text), "feature", Sizes(0, 0))


def _reads_as_json(text: str) -> bool:
    if text[:1] not in '0123456789-["{tfnNI':
        return False
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


# -- the schema -------------------------------------------------------------------------------------------------------


def _types(arrow: Any) -> dict[str, Any]:
    plain = {
        "any": arrow.int64(), "int64": arrow.int64(), "int32": arrow.int32(), "int16": arrow.int16(),
        "string": arrow.string(), "double": arrow.float64(), "bool": arrow.bool_(),
    }  # fmt: skip
    return plain | {f"list<{name}>": arrow.list_(arrow.field("element", kind)) for name, kind in plain.items()}


def _typed(array: Any, kind: Any) -> Any:
    if array.type == kind:
        return array
    return array.cast(kind)


def _common(explanations: Explanations) -> dict[str, Any]:
    """Return what all explanations of an explainer share, from the first."""
    first = next(explanations.parts(), None)
    if first is None:
        return {}
    block, places = first
    shared = {name: block.one(name, places[0]) for name in _SHARED}
    return {**shared, "seed": str(shared["seed"]), **_outputs(explanations)}


def _outputs(explanations: Explanations) -> dict[str, Any]:
    """Return the names of the outputs that all explanations quote, explained or not, and whether they are shares of 1.

    Nothing where they do not quote the same: of many classes only the likely ones are quoted.
    """
    names: set[tuple[str, ...]] = set()
    shares = True
    for block, places in explanations.parts():
        for place in places:
            names.add(tuple(sorted(block.entries("output_names", place))))
            shares = shares and abs(sum(block.entries("output_values", place)) - 1.0) <= SUM_TO_ONE
    if len(names) == 1:
        return {"outputs": list(names.pop()), "shares": shares}
    return {}
