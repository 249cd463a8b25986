"""A job: any number of rows, explained chunk by chunk into a folder, on one machine; it goes on where it stopped.

Input: an explainer, rows, a folder. Output: parts of Parquet, one for each chunk. A part that exists is finished, so
that nothing but the chunks in hand is lost by a crash, a full disk or an impatient user; the same line goes on.
"""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from limelight.errors import InputError, UnknownNameError
from limelight.explainer import Explainer
from limelight.jobs.folder import Folder
from limelight.jobs.identity import check_answers, check_model, manifest_of
from limelight.jobs.neighborhood import Kept, missing, neighborhood_of, read, same, write
from limelight.jobs.processes import Stop, each_done
from limelight.jobs.source import Chunk, open_source
from limelight.jobs.worker import Done, pack
from limelight.optional import require
from limelight.progress import DELAY_SECONDS
from limelight.result.parts import DETAILS

CHUNK_ROWS = 10_000
"""Rows of a part: 1 MB and some seconds of a table, little to lose, and 1,000 files for ten million rows."""
ON_ERROR = ("record", "stop")


@dataclass(frozen=True, slots=True)
class Job:
    """What is known of a job's folder.

    Parameters
    ----------
    out
        The folder.
    rows, failures
        Rows of the source that its parts hold, and how many of them failed.
    parts
        How many there are.
    complete
        Whether all rows of the source were gone through.
    explained, model_rows
        In this run: rows that were explained, and rows that the model was asked for them.
    cost
        In this run: money, where the model has a price; what preparing took is counted by `model.usage` alone.
    note
        What all its explanations lack, such as rows of the neighborhood that the model did not answer when it began.
    """

    out: Path
    rows: int
    failures: int
    parts: int
    complete: bool
    explained: int = 0
    model_rows: int = 0
    cost: float = 0.0
    note: str = ""

    def __str__(self) -> str:
        """Return one line for people."""
        if self.complete:
            state = "complete"
        else:
            state = "not complete; run the same line to go on"
        if self.failures:
            bad = f", {self.failures:,} failed (limelight job retry)"
        else:
            bad = ""
        parts = "1 part" if self.parts == 1 else f"{self.parts:,} parts"
        if self.note:
            note = f"\n{self.note}; a job in another folder asks for them again"
        else:
            note = ""
        return f"{self.out}: {self.rows:,} rows in {parts}{bad}; {state}{note}"


def run(
    explainer: Explainer,
    rows: Any,
    out: str | Path,
    *,
    chunk_rows: int = CHUNK_ROWS,
    n_jobs: int = 1,
    id_column: str | None = None,
    on_error: str = "record",
    detail: str = "weights",
) -> Job:
    """Explain all rows into a folder of Parquet, and go on where an earlier run of the same line stopped.

    Parameters
    ----------
    explainer
        Of any kind of data. It is prepared first (`Explainer.prepare`) where it is not; prepare it with ``n=`` where
        the model's rows cost money.
    rows
        A frame of pandas, polars or pyarrow, an array, a list of instances; the path of a CSV, JSON Lines or Parquet
        file or of a folder of Parquet, of any size; a `pyarrow.dataset.Dataset`. A table may have further columns. For
        texts and images: one column beside the ids, with texts, or paths or bytes of images.
    out
        The folder. It holds one ``part-….parquet`` for each chunk, and ``_limelight.json``.
    chunk_rows
        Rows of a part, and what a crash may cost.
    n_jobs
        Processes; each has a copy of the model, and one BLAS thread.
    id_column
        The column that names the rows in the answer; None: their positions.
    on_error
        ``"record"`` (default): a row that cannot be explained becomes a row with an `error`, and the job goes on;
        `retry` tries these again. ``"stop"`` ends with the first. A model that fails for a whole chunk of 100 rows or
        more always ends the job.
    detail
        ``"weights"`` (default): about 100 bytes for a row of twelve columns, see `limelight.result.parts`. ``"full"``:
        also every bit of each explanation, about 1.35 KB.

    Raises
    ------
    InputError
        If an argument does not fit, `out` holds another job, or the rows have changed since it began.
    ModelCallError, ModelOutputError
        If the model fails for all rows of a chunk, or for one with ``on_error="stop"``.
    OSError
        If the disk is full, or not to be written. All parts so far are whole.
    KeyboardInterrupt
        After Ctrl-C, when the chunks in hand are written; a second one ends at once.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> import limelight as ll
    >>> X = np.random.default_rng(0).normal(size=(200, 3))
    >>> explainer = ll.Explainer(lambda X: 2 * X[:, 0] - X[:, 1], ll.Tabular(X, max_samples=2048), seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     job = ll.jobs.run(explainer, X, folder + "/out", chunk_rows=50)
    ...     reasons = ll.jobs.read(job.out)
    >>> job.rows, job.parts, job.complete, len(reasons)
    (200, 4, True, 200)
    """
    _check(chunk_rows, n_jobs, on_error, detail)
    source = open_source(rows, explainer.modality, id_column)
    folder = Folder(out)
    ready = explainer if explainer.prepared else explainer.prepare()
    check_model(ready, folder)
    kept = _opened(folder, ready, manifest_of(ready, source, chunk_rows=chunk_rows, detail=detail))
    payload = pack(ready, detail=detail, on_error=on_error, kept=kept)
    with Stop() as stop, _progress(source.total) as bar:
        missing = _missing(source.chunks(chunk_rows), folder, ready, bar)
        tally = _write_all(each_done(payload, missing, n_jobs, stop), folder, bar)
    return _finished(folder, tally, stop)


def retry(explainer: Explainer, rows: Any, out: str | Path, *, n_jobs: int = 1, id_column: str | None = None) -> Job:
    """Explain again the rows of a job that failed, such as after a service was down; what was explained stays.

    They are explained on the neighborhood as the model answered it when the job began, so that all rows of a folder
    stand on one. Where it was partly down even then, `Job.note` says what is missing.

    Parameters
    ----------
    explainer, rows, out, n_jobs, id_column
        As given to `run`.

    Raises
    ------
    InputError
        If `out` holds no job, or another one.
    """
    folder = Folder(out)
    known = folder.manifest()
    if known is None:
        raise InputError(f"out: '{out}' holds no job; limelight.jobs.run begins one.")
    chunk_rows, detail = int(known["job"]["chunk_rows"]), str(known["job"]["detail"])
    source = open_source(rows, explainer.modality, id_column)
    ready = explainer if explainer.prepared else explainer.prepare()
    check_model(ready, folder)
    kept = _opened(folder, ready, manifest_of(ready, source, chunk_rows=chunk_rows, detail=detail))
    payload = pack(ready, detail=detail, kept=kept)
    with Stop() as stop, _progress(None) as bar:
        broken = _broken(source.chunks(chunk_rows), folder, ready)
        tally = _write_all(each_done(payload, broken, n_jobs, stop), folder, bar, mend=True)
    return _finished(folder, tally, stop, whole=folder.succeeded)


def status(out: str | Path) -> Job:
    """Return what is known of a job's folder, also while it runs.

    Raises
    ------
    InputError
        If it holds no job.
    """
    folder = Folder(out)
    if folder.manifest() is None:
        raise InputError(f"out: '{out}' holds no job.")
    rows, failures = folder.counts()
    return Job(folder.path, rows, failures, len(folder.parts()), folder.succeeded, note=_note(folder))


def _opened(folder: Folder, explainer: Explainer, manifest: dict[str, Any]) -> Kept | None:
    """Begin the job, or go on with it; return the neighborhood that it began with, where the explainer has another."""
    mine = neighborhood_of(explainer)
    manifest["missing"] = missing(mine)
    folder.open(manifest, lambda: write(mine, folder.path))
    kept = read(folder.path, explainer)
    if kept is None or same(kept, mine):
        return None
    return kept


# -- what is to be done -----------------------------------------------------------------------------------------------


def _missing(chunks: Iterator[Chunk], folder: Folder, explainer: Explainer, bar: Any) -> Iterator[Chunk]:
    """Yield the chunks that have no part yet; those that have one are compared with it, the first by the model too."""
    known = folder.parts()
    last, checked = 0, False
    for chunk in chunks:
        last = chunk.start
        if chunk.start not in known:
            yield chunk
            continue
        rows, digest = folder.digest_of(chunk.start)
        if rows != len(chunk) or (digest and chunk.digest and digest != chunk.digest):
            raise InputError(
                f"rows: rows {chunk.start:,} to {chunk.start + len(chunk) - 1:,} are not those that '{folder.path}' "
                "holds explanations of; the source has changed since. Choose another folder, or remove the parts from "
                f"'{known[chunk.start].name}' on."
            )
        if not checked:
            check_answers(explainer, folder, chunk)
        checked = True
        bar.update(len(chunk))
    if any(start > last for start in known):
        raise InputError(
            f"rows: the source has fewer rows than '{folder.path}' holds explanations of; it has changed since."
        )


def _broken(chunks: Iterator[Chunk], folder: Folder, explainer: Explainer) -> Iterator[Chunk]:
    """Yield of each part the rows that failed."""
    parquet = require("pyarrow.parquet", "jobs")
    known, checked = folder.parts(), False
    for chunk in chunks:
        if chunk.start not in known:
            continue
        if not checked:
            check_answers(explainer, folder, chunk)
        checked = True
        part = parquet.read_table(known[chunk.start], columns=["row", "error"], partitioning=None)
        bad = part.filter(part["error"].is_valid()).column("row").to_numpy() - chunk.start
        if len(bad):
            yield chunk.some(bad.tolist())


Tally = tuple[int, int, float]


def _write_all(found: Generator[Done, None, None], folder: Folder, bar: Any, *, mend: bool = False) -> Tally:
    """Write each part as it comes; return how many rows were explained, what the model was asked, and what it cost."""
    explained = model_rows = failures = 0
    cost = 0.0
    write = _mend if mend else _write
    with closing(found):  # so that processes end also where the disk is full
        for done in found:
            write(folder, done)
            explained += done.rows - done.failures
            model_rows += done.model_rows
            failures += done.failures
            cost += done.cost
            bar.update(done.rows)
            spent = f", {cost:.4g} {done.currency}" if done.currency else ""
            bar.set_postfix_str(f"model rows {model_rows:,}{spent}" + (f", failed {failures:,}" if failures else ""))
    return explained, model_rows, cost


def _write(folder: Folder, done: Done) -> None:
    folder.write(done.start, done.table, rows=done.rows, failures=done.failures, digest=done.digest)


def _mend(folder: Folder, done: Done) -> None:
    """Put rows that were explained now in the place of those that had failed."""
    parquet, arrow = require("pyarrow.parquet", "jobs"), require("pyarrow", "jobs")
    whole = parquet.read_table(folder.parts()[done.start], partitioning=None)
    rows, digest = folder.digest_of(done.start)
    kept = whole.filter(whole["error"].is_null())
    # a part of nothing but failures does not say what explanations share
    shared = kept.schema.metadata if len(kept) else done.table.schema.metadata
    joined = arrow.concat_tables([each.replace_schema_metadata(shared) for each in (kept, done.table)])
    order = np.argsort(joined.column("row").to_numpy(), kind="stable")
    table = joined.take(arrow.array(order)).combine_chunks()
    folder.write(done.start, table, rows=rows, failures=done.failures, digest=digest)


def _finished(folder: Folder, tally: Tally, stop: Stop, *, whole: bool = True) -> Job:
    rows, failures = folder.counts()
    if stop.asked:
        raise KeyboardInterrupt(f"{rows:,} rows are in '{folder.path}'; run the same line to go on")
    if whole:
        folder.succeed({"rows": rows, "failures": failures})
    return Job(folder.path, rows, failures, len(folder.parts()), folder.succeeded, *tally, note=_note(folder))


def _note(folder: Folder) -> str:
    return str((folder.manifest() or {}).get("missing", ""))


def _check(chunk_rows: Any, n_jobs: Any, on_error: Any, detail: Any) -> None:
    for name, value in (("chunk_rows", chunk_rows), ("n_jobs", n_jobs)):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < 1:
            raise InputError(f"{name}: expected a whole number from 1, got {value!r}.")
    for name, value, known in (("on_error", on_error, ON_ERROR), ("detail", detail, DETAILS)):
        if value not in known:
            raise UnknownNameError(name, value, known)


def _progress(total: int | None) -> Any:
    """Return a bar that counts rows, and is seen after two seconds where somebody is looking."""
    bar = require("tqdm.auto", "jobs").tqdm
    return bar(total=total, desc="rows", unit=" rows", unit_scale=False, delay=DELAY_SECONDS, disable=None, leave=False)
