"""Explanations out of the tables that `parts.py` makes: whole where every bit was kept, else as far as they go.

Of ``detail="weights"`` numbers have fewer digits, and what was not kept is not there: covariances, curves, pairs, the
sentences of the verdict, the layout of a text or picture, what it cost. Views show what there is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

import numpy as np

from limelight.contracts import Feature, FloatArray, Where
from limelight.errors import InputError
from limelight.optional import require
from limelight.result.explanation import Cost, Explanation, Provenance
from limelight.result.layouts import bars_layout, table_layout
from limelight.result.parquet import checked, restored
from limelight.result.parts import COLUMNS, EXTRA, MARK, VERSION, key_of

_UNKNOWN = float("nan")
_AT_ONCE = 512
_BY_TARGET = ("prediction", "local_prediction", "intercept", "fidelity", "fidelity_stderr")


def is_part(schema: Any) -> bool:
    """Return whether a schema of Arrow is that of a job's part, also of one whose metadata an engine dropped."""
    return MARK in (schema.metadata or {}) or set(COLUMNS) <= set(schema.names)


def shared_of(schema: Any, where: object) -> dict[str, Any]:
    """Return what the explanations of a table share, as its metadata says.

    Parameters
    ----------
    schema
        The schema of Arrow.
    where
        What is read, for the error.

    Raises
    ------
    InputError
        If it is no table of explanations, or of a later version.
    """
    known = (schema.metadata or {}).get(MARK)
    if known is None:
        if set(COLUMNS) <= set(schema.names):  # an engine that wrote the columns and dropped the metadata
            return {"version": VERSION, "detail": "full" if "full" in schema.names else "weights"}
        raise InputError(f"explanations: expected a table of explanations, as a job writes it, got '{where}'.")
    found: dict[str, Any] = json.loads(known)
    if found["version"] > VERSION:
        raise InputError(
            f"explanations: expected parts of version {VERSION} or before, got {found['version']} in '{where}'; "
            "install the version of limelight that wrote them."
        )
    return found


def two_classes(shared: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the names of a part's only two classes, sorted; nothing of other models.

    >>> two_classes({"outputs": ["yes", "no"], "shares": True}), two_classes({"outputs": ["price"], "shares": False})
    (('no', 'yes'), ())
    """
    names = shared.get("outputs", ()) if shared.get("shares") else ()
    if len(names) == 2:
        return tuple(sorted(names))
    return ()


def explanations_in(table: Any, shared: Mapping[str, Any]) -> Iterator[Explanation]:
    """Yield the explanations in a table; rows that failed are passed over.

    Parameters
    ----------
    table
        Rows of one instance lie one after the other.
    shared
        As `shared_of` returns it.

    Raises
    ------
    InputError
        If the table was damaged or edited.
    """
    try:
        if "full" in table.schema.names:
            yield from _whole(table)
        else:
            for rows in _instances(table):
                yield checked(_explanation(rows, shared))
    except (KeyError, ValueError, TypeError, IndexError) as error:
        if isinstance(error, InputError):
            raise
        raise InputError(
            f"explanations: a part does not hold whole explanations ({type(error).__name__}: {error}); the file was "
            "damaged or edited. Remove it, and run the job again."
        ) from error


def _whole(table: Any) -> Iterator[Explanation]:
    for batch in table.select(["full"]).to_batches(max_chunksize=_AT_ONCE):
        rows = rows_of_full(batch)
        if rows.num_rows:
            yield from restored(rows)


def rows_of_full(table: Any) -> Any:
    """Return the rows of the column `full` of a table or batch, one for each instance, as a batch of Arrow."""
    arrow = require("pyarrow", EXTRA)
    structs = table.column(0)
    if hasattr(structs, "combine_chunks"):
        structs = structs.combine_chunks()
    return arrow.RecordBatch.from_struct_array(structs.filter(structs.is_valid()))


def _instances(table: Any) -> Iterator[list[dict[str, Any]]]:
    """Yield the rows of each instance that was explained, one for each of its targets."""
    found = (row for batch in table.to_batches(max_chunksize=_AT_ONCE) for row in batch.to_pylist())
    for _, rows in groupby(found, key=lambda row: (row["row"], row["id"])):
        kept = [row for row in rows if row["error"] is None]
        if kept:
            yield kept


def _explanation(rows: list[dict[str, Any]], shared: Mapping[str, Any]) -> Explanation:
    first = rows[0]
    numbers: dict[str, Any] = {name: np.array([row[name] for row in rows], dtype=np.float64) for name in _BY_TARGET}
    targets = tuple([row["target"] for row in rows])
    column = all(kind == "column" for kind in first["kind"])
    distance = np.array(first["distance"], dtype=np.float64)
    additivity, gap = (_numbers([row[name] for row in rows]) for name in ("additivity", "gap"))
    return Explanation(
        features=_features(first, column),
        targets=targets,
        coef=np.array([row["weight"] for row in rows], dtype=np.float64),
        stderr=np.array([row["stderr"] for row in rows], dtype=np.float64),
        **numbers,
        r2=np.full(len(rows), _UNKNOWN),
        selected=tuple([np.array(row["selected"], dtype=np.int64) for row in rows]),
        covariance=tuple([_unknown_triangle(len(row["selected"])) for row in rows]),
        outputs=_outputs(targets, numbers["prediction"].tolist(), shared),
        layout=table_layout() if column else bars_layout(),
        provenance=_provenance(first, shared),
        # only their difference is kept
        center=np.ones(len(distance)),
        reference=1.0 - distance,
        df=first["df"],
        additivity=additivity,
        gap=gap,
        causes=tuple([row["cause"] or "" for row in rows]),
    )


def _outputs(targets: Sequence[str], said: Sequence[float], shared: Mapping[str, Any]) -> tuple[tuple[str, float], ...]:
    """Return the outputs explained, the largest first; of two shares of one whole also what the other one leaves."""
    found = dict(zip(targets, said, strict=True))
    others = [name for name in shared.get("outputs", ()) if name not in found]
    if shared.get("shares") and len(others) == 1:
        found[others[0]] = 1.0 - sum(said)
    return tuple(sorted(found.items(), key=lambda each: -each[1]))


def _features(row: Mapping[str, Any], column: bool) -> tuple[Feature, ...]:
    each = zip(row["kind"], row["feature"], row["condition"], row["value"], row["distance"], strict=True)
    return tuple(
        [
            Feature(name, Where(kind, key_of(key)), value, keep=keep_of(far, column=column))
            for kind, key, name, value, far in each
        ]
    )


def keep_of(distance: float, *, column: bool) -> float:
    """Return the share of perturbations that keep a feature: of a condition, its distance is the share of the others.

    >>> keep_of(0.25, column=True)
    0.75
    """
    if column and 0.0 <= distance <= 1.0:
        return 1.0 - distance
    return 0.5


def _provenance(row: Mapping[str, Any], shared: Mapping[str, Any]) -> Provenance:
    return Provenance(
        seed=int(shared.get("seed", 0)),
        n_samples=row["n_samples"],
        effective_sample_size=row["effective_sample_size"],
        stopped=row["stopped"],
        samples_needed=row["n_samples"],
        estimator=row["estimator"],
        kernel_width=row["kernel_width"],
        shared=row["shared"],
        warnings=tuple(row["warnings"]),
        settings=shared.get("settings", {}),
        modality=shared.get("modality", {}),
        versions=shared.get("versions", {}),
        cost=Cost(0, 0, 0.0),
    )


def _unknown_triangle(size: int) -> FloatArray:
    return np.full(size * (size + 1) // 2, _UNKNOWN)


def _numbers(values: list[float | None]) -> Any:
    if any(value is None for value in values):
        return None
    return np.array(values, dtype=np.float64)
