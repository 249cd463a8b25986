"""Explain a chunk of rows: what every process and every engine runs. Input: a chunk. Output: a table of Arrow.

A worker is made from bytes, so that it can be sent anywhere, and kept in its process for the next chunk. It refuses to
work where the neighborhood would be drawn otherwise than where it was asked, as other versions of numpy may do.
"""

from __future__ import annotations

import ctypes
import gc
import hashlib
import pickle
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np

from limelight.contracts import Modality
from limelight.errors import InputError, LimelightError, ModelCallError, ModelChangedError, ModelOutputError
from limelight.explainer import Explainer
from limelight.jobs.neighborhood import Kept, install
from limelight.jobs.source import EXTRA, Chunk, taken
from limelight.optional import require
from limelight.result.explanations import Explanations
from limelight.result.parts import failed, table_of

HOPELESS = 100
"""Where the model fails for all of so many rows, it is the model that is broken, and not the rows."""
YOUNG = 50_000
"""New objects, less those that are gone again, after which Python looks for cycles: what a few hundred rows make."""


@dataclass(frozen=True, slots=True)
class Done:
    """A chunk that was explained.

    Parameters
    ----------
    start, digest
        Of the chunk.
    table
        One row for each instance and target, or for an instance that failed.
    failures
        How many instances failed.
    rows, model_rows
        Instances, and rows that the model was asked for them.
    cost, currency
        Money that the model says it took, where it has a price (`limelight.remote`).
    """

    start: int
    digest: str
    table: Any
    failures: int
    rows: int
    model_rows: int
    cost: float = 0.0
    currency: str = ""


class Worker:
    """Explains chunks, one after the other.

    Parameters
    ----------
    payload
        What `pack` returned.

    Raises
    ------
    InputError
        If this process would draw another neighborhood than the one that was asked.
    """

    def __init__(self, payload: bytes) -> None:
        self._explainer, fingerprint, self._detail, self._on_error, kept = pickle.loads(payload)
        if self._explainer.fingerprint != fingerprint:
            raise InputError(
                "worker: this process draws other rows than the one that prepared the explainer, as other versions of "
                "limelight, numpy or scipy do; install the same versions everywhere."
            )
        context = self._explainer._context
        install(kept, context)
        context.curves = self._detail == "full"  # else the parts have no place for them

    def __call__(self, chunk: Chunk) -> Done:
        """Return the chunk, explained.

        Raises
        ------
        LimelightError
            With ``on_error="stop"`` the first error; else only where the model fails for a whole chunk.
        """
        context = self._explainer._context
        before, (spent, _) = context.caller.rows, context.caller.spent
        with seldom_collected():
            explanations, errors = self._explained(chunk)
        for pool in context.pools.values():
            pool.forget_values()
        broken = all(isinstance(error, ModelCallError) for error in errors.values())
        if len(errors) == len(chunk) >= HOPELESS and broken:
            raise next(iter(errors.values()))
        table = self._table(chunk, explanations, errors)
        if not chunk.ordered:
            table = _without_positions(table)
        asked = context.caller.rows - before
        give_back()
        now, currency = context.caller.spent
        return Done(chunk.start, chunk.digest, table, len(errors), len(chunk), asked, now - spent, currency)

    @property
    def modality(self) -> Modality:
        """The kind of data that it explains."""
        modality: Modality = self._explainer.modality
        return modality

    def _explained(self, chunk: Chunk) -> tuple[Explanations, dict[int, LimelightError]]:
        """Return the explanations of a chunk, and the errors of those rows that have none.

        A failure is narrowed down from where it was met: one row, then two, then four, so that ten bad rows of ten
        thousand cost little.
        """
        found = Explanations()
        errors: dict[int, LimelightError] = {}
        at, step = 0, len(chunk)
        while at < len(chunk):
            stop = min(at + step, len(chunk))
            if stop - at == len(chunk):
                rows = chunk.rows
            else:
                rows = taken(chunk.rows, range(at, stop))
            try:
                found += self._explainer.explain_all(rows)
                at, step = stop, 2 * step
            except _OF_A_ROW as error:
                if self._on_error == "stop" or isinstance(error, ModelChangedError):
                    error.add_note(_named(chunk, at, stop - 1))
                    raise
                if step == 1:
                    errors[at] = error
                    at += 1
                elif error.finished is not None:
                    found += error.finished
                    at += len(error.finished)
                step = 1
        return found, errors

    def _table(self, chunk: Chunk, explanations: Explanations, errors: dict[int, LimelightError]) -> Any:
        positions = chunk.positions
        if not errors:
            return table_of(explanations, chunk.ids, positions, detail=self._detail)
        arrow = require("pyarrow", EXTRA)
        bad = np.array(sorted(errors))
        good = np.setdiff1d(np.arange(len(chunk)), bad)
        whole = table_of(explanations, chunk.ids.take(arrow.array(good)), positions[good], detail=self._detail)
        said = [one_line(errors[place]) for place in bad.tolist()]
        broken = failed(chunk.ids.take(arrow.array(bad)), positions[bad], said, whole.schema)
        # a stable sort: the targets of one row stay in their order
        joined = arrow.concat_tables([whole, broken])
        order = np.argsort(joined.column("row").to_numpy(), kind="stable")
        return joined.take(arrow.array(order)).combine_chunks()


@contextmanager
def seldom_collected() -> Iterator[None]:
    """Have Python look for cycles of objects less often.

    It would go through all that is remembered of rows again and again, for nothing: explanations have no cycles.
    """
    young, *older = gc.get_threshold()
    if young:  # zero: somebody wants it off
        gc.set_threshold(max(young, YOUNG), *older)
    try:
        yield
    finally:
        gc.set_threshold(young, *older)


def give_back() -> None:
    """Hand free memory back to the system: otherwise a process keeps what its largest chunk has taken."""
    require("pyarrow", EXTRA).default_memory_pool().release_unused()
    if sys.platform == "linux":
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    else:
        trim = None
    if trim is not None:  # of glibc
        trim(0)


def _named(chunk: Chunk, first: int, last: int) -> str:
    """Return which rows of a chunk are meant: by their positions, or by their ids where there are none."""
    if chunk.ordered:
        return f"rows {chunk.start + first:,} to {chunk.start + last:,}"
    return f"ids {chunk.ids[first].as_py()!r} to {chunk.ids[last].as_py()!r}"


def _without_positions(table: Any) -> Any:
    arrow = require("pyarrow", EXTRA)
    place = table.schema.get_field_index("row")
    return table.set_column(place, table.schema.field(place), arrow.nulls(len(table), arrow.int64()))


_OF_A_ROW = (InputError, ModelCallError, ModelOutputError)


def pack(explainer: Explainer, *, detail: str = "weights", on_error: str = "record", kept: Kept | None = None) -> bytes:
    """Return what makes a `Worker` anywhere.

    Parameters
    ----------
    explainer
        A prepared one.
    detail, on_error
        As in `limelight.jobs.run`.
    kept
        The neighborhood that it shall stand on; None: the explainer's own.

    Raises
    ------
    InputError
        If the model, or a callable of the modality, cannot be pickled.
    """
    whole = (explainer, explainer.fingerprint, detail, on_error, kept or {})
    try:
        # functions of a notebook or script are pickled with their code
        return bytes(require("cloudpickle", EXTRA).dumps(whole))
    except Exception as error:
        raise InputError(
            f"explainer: expected a model and settings that can be sent to other processes, got {one_line(error)}; "
            "open files, sessions and locks in __setstate__, or load the model where it is first asked."
        ) from error


def one_line(error: BaseException) -> str:
    """Return an error as one line: its kind and what it said."""
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


_WORKERS: dict[bytes, Worker] = {}


def worker_of(payload: bytes) -> Worker:
    """Return this process's worker of a payload, made when it is first asked for; only the last is kept."""
    key = hashlib.blake2b(payload, digest_size=16).digest()
    if key not in _WORKERS:
        _WORKERS.clear()
        _WORKERS[key] = Worker(payload)
    return _WORKERS[key]
