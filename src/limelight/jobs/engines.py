"""The same job on engines that exist: Spark, Ray, Dask. Their frames in, their frames of reasons out, lazily.

Input: an engine's frame and an explainer. Output: an engine's frame with the columns of a job's parts, to be written
and resumed by the engine's own means. Each worker process holds the explainer once, and answers the bits of one
process. Rows come in no order there, so ids are compulsory and `row` is null.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from limelight.contracts import Modality
from limelight.errors import InputError, UnknownNameError
from limelight.explainer import Explainer
from limelight.interpretable.tabular import Tabular
from limelight.interpretable.tabular.columns import EXPECTED
from limelight.interpretable.tabular.dense import DenseTable
from limelight.jobs.running import ON_ERROR
from limelight.jobs.source import Chunk, ids_of, instances_of
from limelight.jobs.worker import pack, worker_of
from limelight.optional import require
from limelight.result.parts import DETAILS, EXTRA, schema

BATCH_ROWS = 2_000
"""Rows that Ray hands to an actor at once: enough to fit them together, few enough to spread over many actors."""
_ONE_AT_A_TIME = threading.Lock()


def spark(
    frame: Any, explainer: Explainer, *, id_column: str, on_error: str = "record", detail: str = "weights"
) -> Any:
    """Explain the rows of a DataFrame of Spark.

    The explainer is broadcast, and made once in each Python worker. Nothing runs before the answer is asked for, such
    as by ``.write.parquet(out)``. How many rows a worker takes at once is Spark's own
    ``spark.sql.execution.arrow.maxRecordsPerBatch``.

    Parameters
    ----------
    frame
        The rows: the columns of the background, an id, and any others.
    explainer
        Of any kind of data; it is prepared first where it is not. Texts and images: one column beside the ids.
    id_column
        The column that names the rows. It is copied as it is: no engine is asked whether all ids are there and differ.
    on_error, detail
        As in `limelight.jobs.run`.

    Returns
    -------
    DataFrame
        One row for each instance and target; what the columns hold: `limelight.result.parts.COLUMNS`.

    Raises
    ------
    InputError
        If the frame lacks a column or has texts where the background has numbers, or the explainer cannot be sent to
        other processes; nothing has started by then.
    """
    types = require("pyspark.sql.pandas.types", "spark")
    columns = _columns_of_spark(frame, id_column, types)
    task, written = _prepared(explainer, columns, id_column, on_error, detail)
    context = getattr(frame.sparkSession, "_sc", None)  # there is none where Spark is another machine's (Connect)
    sent = task if context is None else _Broadcast(context.broadcast(task.payload), task.id_column)
    return frame.mapInArrow(sent, types.from_arrow_schema(written))


def ray(
    dataset: Any,
    explainer: Explainer,
    *,
    id_column: str,
    on_error: str = "record",
    detail: str = "weights",
    batch_rows: int = BATCH_ROWS,
    **resources: Any,
) -> Any:
    """Explain the rows of a Dataset of Ray, in actors that each hold the explainer.

    Parameters
    ----------
    dataset, explainer, id_column, on_error, detail
        As for `spark`.
    batch_rows
        Rows that an actor is handed at once.
    **resources
        Further arguments of ``Dataset.map_batches``: ``num_gpus=1`` for a model on a GPU, ``num_cpus=``, ``memory=``,
        ``compute=ray.data.ActorPoolStrategy(size=4)``. Without `compute` there are up to one actor for every two CPUs:
        actors that claim all of them leave none to read the rows.

    Returns
    -------
    Dataset
        As `spark`.

    Raises
    ------
    InputError
        As `spark`.
    """
    data = require("ray.data", "ray")
    task, _ = _prepared(explainer, _columns_of_ray(dataset), id_column, on_error, detail)
    if "compute" not in resources:
        cpus = int(require("ray", "ray").cluster_resources().get("CPU", 1))
        resources["compute"] = data.ActorPoolStrategy(min_size=1, max_size=max(1, cpus // 2))
    return dataset.map_batches(
        Actor,
        fn_constructor_args=(task.payload, id_column),
        batch_format="pyarrow",
        batch_size=batch_rows,
        **resources,
    )


def dask(frame: Any, explainer: Explainer, *, id_column: str, on_error: str = "record", detail: str = "weights") -> Any:
    """Explain the rows of a DataFrame of Dask, a partition at a time.

    Parameters
    ----------
    frame, explainer, id_column, on_error, detail
        As for `spark`; the id is a column, not the index.

    Returns
    -------
    DataFrame
        As `spark`, with the types of Arrow.

    Raises
    ------
    InputError
        As `spark`.
    """
    pandas, arrow = require("pandas", "dask"), require("pyarrow", EXTRA)
    engine = require("dask", "dask")
    columns = arrow.Schema.from_pandas(frame._meta, preserve_index=False)
    task, written = _prepared(explainer, columns, id_column, on_error, detail)
    meta = written.empty_table().to_pandas(types_mapper=pandas.ArrowDtype)
    sent = engine.delayed(task.payload, pure=True)  # a node of the graph: each machine receives it once
    return frame.map_partitions(
        _of_partition, sent, id_column, meta=meta, align_dataframes=False, enforce_metadata=False
    )


# -- what runs in the engines' processes ------------------------------------------------------------------------------


@dataclass(frozen=True)
class Task:
    """Explains tables, in whatever process it finds itself; its worker is made once in each.

    Parameters
    ----------
    payload
        What `pack` returned.
    id_column
        The column that names the rows.
    """

    payload: bytes
    id_column: str

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        """Yield batches of Arrow, explained."""
        arrow = require("pyarrow", EXTRA)
        for batch in batches:
            yield from self.of_table(arrow.Table.from_batches([batch])).to_batches()

    def of_table(self, table: Any) -> Any:
        """Return a table of Arrow, explained."""
        with _ONE_AT_A_TIME:  # engines run as many tasks in a process as they like
            worker = worker_of(self.payload)
            ids = ids_of(table, self.id_column, 0)
            rows = instances_of(table, worker.modality, self.id_column)
            return worker(Chunk(0, ids, rows, "", ordered=False)).table

    def of_pandas(self, frame: Any) -> Any:
        """Return a frame of pandas, explained."""
        pandas, arrow = require("pandas", "dask"), require("pyarrow", EXTRA)
        table = arrow.Table.from_pandas(frame, preserve_index=False)
        return self.of_table(table).to_pandas(types_mapper=pandas.ArrowDtype)


def _of_partition(frame: Any, payload: bytes, id_column: str) -> Any:
    return Task(payload, id_column).of_pandas(frame)


class _Broadcast:
    """A `Task` whose payload each machine receives once, instead of with every task."""

    def __init__(self, payload: Any, id_column: str) -> None:
        self._payload, self._id_column = payload, id_column

    def __call__(self, batches: Iterator[Any]) -> Iterator[Any]:
        yield from Task(self._payload.value, self._id_column)(batches)


class Actor:
    """What Ray keeps in a process of its own."""

    def __init__(self, payload: bytes, id_column: str) -> None:
        self._task = Task(payload, id_column)

    def __call__(self, table: Any) -> Any:
        """Return a table of Arrow, explained."""
        return self._task.of_table(table)


# -- before anything starts -------------------------------------------------------------------------------------------


def _columns_of_spark(frame: Any, id_column: str, types: Any) -> Any:
    """Return the names, which columns hold texts, and the type of the ids; Arrow cannot say every other type."""
    arrow = require("pyarrow", EXTRA)
    known = {name: arrow.string() for name, kind in frame.dtypes if kind == "string"}
    if id_column in frame.columns:
        zone = frame.sparkSession.conf.get("spark.sql.session.timeZone")
        known[id_column] = types.to_arrow_type(frame.schema[id_column].dataType, timezone=zone)
    return arrow.schema([(name, known.get(name, arrow.null())) for name in frame.columns])


def _columns_of_ray(dataset: Any) -> Any:
    """Return the names, and which columns hold texts; what else they hold differs by source."""
    arrow = require("pyarrow", EXTRA)
    found = dataset.schema()
    if found is None:
        raise InputError("dataset: expected rows, got an empty dataset, which does not know its columns.")
    known = {name: kind for name, kind in zip(found.names, found.types, strict=True) if _is_text(kind)}
    return arrow.schema([(name, known.get(name, arrow.null())) for name in found.names])


def _prepared(explainer: Explainer, columns: Any, id_column: str, on_error: str, detail: str) -> tuple[Task, Any]:
    """Return what is sent, and the schema of what comes back; whatever can be refused is refused here."""
    for name, value, known in (("on_error", on_error, ON_ERROR), ("detail", detail, DETAILS)):
        if value not in known:
            raise UnknownNameError(name, value, known)
    if id_column not in columns.names:
        raise UnknownNameError("id_column", id_column, columns.names)
    if len(columns.names) < 2:
        raise InputError(f"rows: expected columns beside the ids, got {id_column!r} alone; select more columns.")
    instances_of(columns.empty_table(), explainer.modality, id_column)  # says which column is missing
    _refuse_texts(columns, explainer.modality)
    ready = explainer if explainer.prepared else explainer.prepare()
    task = Task(pack(ready, detail=detail, on_error=on_error), id_column)
    return task, schema(columns.field(id_column).type, detail=detail)


def _refuse_texts(columns: Any, modality: Modality) -> None:
    """Refuse texts where the background has numbers: every single row would fail, hours later."""
    if not isinstance(modality, Tabular) or not isinstance(modality.table, DenseTable):
        return
    for column in modality.table.columns:
        name = str(column.label)
        if column.type in ("integer", "float") and _is_text(columns.field(name).type):
            raise InputError(
                f"column {name!r}: expected {EXPECTED[column.type]}, as in the background, got a column of texts; let "
                "the reader find the types, as Spark's does with inferSchema=True, or cast the column."
            )


def _is_text(kind: Any) -> bool:
    return str(kind) in ("string", "large_string", "string_view")
