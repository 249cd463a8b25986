"""A `Tabular` as a JSON file: bins, frequencies, and support values in their own dtypes; no rows.

Everything is written as numbers and strings, so loading runs no code. Floats are written with all their digits:
draws, codes and dtypes of the loaded table are the same to the bit. A fingerprint of all this is written too, since a
background that was damaged or edited would explain another model without anybody noticing. Version 1 had none.
"""

from __future__ import annotations

import hashlib
import json
import math
from dataclasses import fields
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from limelight.errors import InputError, LimelightError
from limelight.files import read_text, write_text
from limelight.interpretable.tabular.background import TableBackground
from limelight.interpretable.tabular.build import Options
from limelight.interpretable.tabular.columns import Column
from limelight.interpretable.tabular.dense import DenseTable
from limelight.interpretable.tabular.dtypes import column_from_json, column_to_json, pack, unpack
from limelight.interpretable.tabular.features import Part, column_part, group_part
from limelight.interpretable.tabular.form import FORM
from limelight.interpretable.tabular.laws import BinnedGaussian, Gaussian, Law, Observed
from limelight.interpretable.tabular.soundness import check_dense, check_sparse
from limelight.interpretable.tabular.sparse import SparseTable
from limelight.interpretable.tabular.store import Store
from limelight.result.codecs import Sizes, shown

if TYPE_CHECKING:
    from limelight.interpretable.tabular import Tabular

SCHEMA_VERSION = 2
LAWS = {"Observed": Observed, "Gaussian": Gaussian, "BinnedGaussian": BinnedGaussian}


def save(tabular: Tabular, path: str | PathLike[str]) -> None:
    """Write a table as JSON: the whole file, or the old one stays.

    Raises
    ------
    InputError
        If a column holds values that JSON does not know.
    """
    table = tabular.table
    written = {
        "limelight": "tabular",
        "schema_version": SCHEMA_VERSION,
        "max_samples": tabular.max_samples,
        "options": tabular.options.describe(),
        "sparse": _write_sparse(table) if isinstance(table, SparseTable) else None,
        "dense": _write_dense(table) if isinstance(table, DenseTable) else None,
    }
    # escapes, so that names with half of a surrogate pair can be written
    write_text(path, json.dumps({**written, "fingerprint": _fingerprint(written)}, allow_nan=False))


def _fingerprint(written: dict[str, Any]) -> str:
    """Return what tells the content from any other."""
    text = json.dumps({name: value for name, value in written.items() if name != "fingerprint"})
    return hashlib.blake2b(text.encode("ascii"), digest_size=16).hexdigest()


def load(path: str | PathLike[str]) -> tuple[DenseTable | SparseTable, Options, int]:
    """Return the table, the options and the budget that were saved.

    Raises
    ------
    InputError
        If the file is not one written by `save`, was written by a later version, or was changed since.
    """
    try:
        read = json.loads(read_text(Path(path)))
        version = read["schema_version"] if read["limelight"] == "tabular" else None
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise InputError(f"path: expected a file written by Tabular.save, got {str(path)!r}; save it again.") from error
    if version not in (1, SCHEMA_VERSION) or isinstance(version, bool):
        raise InputError(
            f"path: expected schema version {SCHEMA_VERSION} or 1, got {shown(version)}; save it with this version."
        )
    marked = version > 1 or "fingerprint" in read
    if marked and read.get("fingerprint") != _fingerprint(read):
        raise InputError(
            f"path: expected a file as Tabular.save wrote it, got '{path}', which was changed or damaged since; save "
            "the background again."
        )
    try:
        FORM.read(read, "", Sizes(0, 0))
    except InputError as error:
        raise InputError(f"path: '{path}' is no file as Tabular.save wrote it: {error}") from error
    try:
        return _made(read)
    except MemoryError:
        raise
    except Exception as error:
        if isinstance(error, LimelightError) and not isinstance(error, InputError):
            raise  # a library that is missing
        raise InputError(
            f"path: expected a file as Tabular.save wrote it, got '{path}', which does not hold together "
            f"({type(error).__name__}: {shown(error)}); save the background again."
        ) from error


def _made(read: dict[str, Any]) -> tuple[DenseTable | SparseTable, Options, int]:
    """Return the table, options and budget of what was read, after looking whether they fit each other."""
    described = read["options"]
    contrast = described.get("contrast", "bin")  # files of earlier versions do not say
    sampling, around = described["sampling"], described["around"]
    groups = described.get("groups")  # of "named" ones the features tell the rest
    fixed = tuple(described.get("fixed", ()))
    options = Options(described["bins"], (), (), groups, sampling, around, contrast, fixed)
    options.check(None)
    options.describe_bins()
    budget = read["max_samples"]
    if isinstance(budget, bool) or not isinstance(budget, int) or budget < 1:
        raise InputError(f"expected max_samples that is a positive integer, got {shown(budget)}")
    if (read["dense"] is None) == (read["sparse"] is None):
        raise InputError("expected a table that is dense or sparse")
    if read["dense"] is None:
        sparse = _read_sparse(read["sparse"], options)
        check_sparse(sparse)
        return sparse, options, budget
    dense = _read_dense(read["dense"], options)
    check_dense(dense)
    return dense, options, budget


def _label(label: Any) -> Any:
    if isinstance(label, np.generic):
        label = label.item()
    if not isinstance(label, (str, int, float)):
        raise InputError(f"save: expected column names that are strings or numbers, got {label!r}; rename the column.")
    return label


def _write_dense(table: DenseTable) -> dict[str, Any]:
    store = table.background.store
    return {
        "around": table.around,
        "columns": [_write_column(column) for column in table.columns],
        "parts": [_write_part(part) for part in table.parts],
        "laws": [_write_law(law) for law in table.background.laws],
        "library": store.library,
        "supports": [column_to_json(support, store.library) for support in store.supports],
        "twins": [[_label(first), _label(second)] for first, second in table.twins],
        "fixed": table.fixed,
    }


def _read_dense(saved: dict[str, Any], options: Options) -> DenseTable:
    columns = tuple(_read_column(column) for column in saved["columns"])
    laws = tuple(_read_law(law) for law in saved["laws"])
    parts = tuple(_read_part(part, columns, law) for part, law in zip(saved["parts"], laws, strict=True))
    library = saved["library"]
    supports = tuple(column_from_json(support, library) for support in saved["supports"])
    store = Store(library, tuple(column.label for column in columns), supports)
    background = TableBackground(laws, tuple(part.members for part in parts), store)
    twins = tuple((first, second) for first, second in saved.get("twins", []))
    fixed = tuple(saved.get("fixed", []))
    return DenseTable(columns, parts, background, saved["around"], options.contrast, twins, fixed)


def _write_column(column: Column) -> dict[str, Any]:
    return {
        "label": _label(column.label),
        "type": column.type,
        "unit": column.unit,
        "edges": column.edges,
        "keys": [pack(key) for key in column.codes],
        "missing": column.missing,
        "names": column.names,
        "continuous": column.continuous,
        "mean": column.mean,
        "scale": column.scale,
        "zone": column.zone,
        # JSON knows no infinity
        "low": column.low if math.isfinite(column.low) else None,
        "high": column.high if math.isfinite(column.high) else None,
    }


def _read_column(saved: dict[str, Any]) -> Column:
    keys = [unpack(key) for key in saved.pop("keys")]
    edges, names = saved.pop("edges"), saved.pop("names")
    low, high = saved.pop("low", None), saved.pop("high", None)
    return Column(
        **saved,
        low=-math.inf if low is None else low,
        high=math.inf if high is None else high,
        edges=None if edges is None else tuple(edges),
        names=tuple(names),
        codes={key: code for code, key in enumerate(keys)},
    )


def _write_part(part: Part) -> dict[str, Any]:
    codes = [[*key, code] for key, code in part.codes.items()]
    return {
        "label": _label(part.label),
        "members": part.members,
        "group": part.is_group,
        "codes": codes,
        "values": part.values,
    }


def _read_part(saved: dict[str, Any], columns: tuple[Column, ...], law: Law) -> Part:
    members = tuple(saved["members"])
    if not saved["group"]:
        return column_part(members[0], columns[members[0]], law)
    codes = {tuple(key): code for *key, code in saved["codes"]}
    return group_part(saved["label"], members, law, codes, tuple(saved["values"]))


def _write_law(law: Law) -> dict[str, Any]:
    written: dict[str, Any] = {"law": type(law).__name__}
    for field in fields(law):
        value = getattr(law, field.name)
        if isinstance(value, np.ndarray):
            value = {"dtype": str(value.dtype), "values": [pack(x) for x in value.tolist()]}
        written[field.name] = value
    return written


def _read_law(saved: dict[str, Any]) -> Law:
    kind = LAWS[saved.pop("law")]
    read = {name: _read_array(value) if isinstance(value, dict) else value for name, value in saved.items()}
    return kind(**read)  # type: ignore[no-any-return]


def _read_array(saved: dict[str, Any]) -> np.ndarray[Any, Any]:
    return np.array([unpack(x) for x in saved["values"]], dtype=saved["dtype"])


def _write_sparse(table: SparseTable) -> dict[str, Any]:
    return {
        "labels": [_label(label) for label in table.labels],
        "values": table.values.tolist(),
        "counts": table.counts.tolist(),
        "ends": table.ends.tolist(),
        "moments": table.moments.tolist(),
        "n_rows": table.n_rows,
        "form": type(table.form).__name__,
        "dtype": str(table.form.dtype),
    }


def _read_sparse(saved: dict[str, Any], options: Options) -> SparseTable:
    from scipy import sparse

    kind = sparse.csr_array if saved["form"] == "csr_array" else sparse.csr_matrix
    return SparseTable(
        labels=tuple(saved["labels"]),
        values=np.array(saved["values"], dtype=np.float64),
        counts=np.array(saved["counts"], dtype=np.float64),
        ends=np.array(saved["ends"], dtype=np.intp),
        moments=np.array(saved["moments"], dtype=np.float64),
        n_rows=saved["n_rows"],
        form=kind((0, len(saved["labels"])), dtype=saved["dtype"]),
        options=options,
    )
