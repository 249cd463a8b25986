"""Chunks in, explained chunks out, in this process or in several. Ctrl-C ends after the chunks in hand.

Processes are started anew and not forked, with one thread for BLAS each; no more chunks are read ahead than keep them
busy, so that memory is flat however many rows there are.
"""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
from collections.abc import Generator, Iterator
from typing import Any

from limelight.errors import LimelightError
from limelight.jobs.source import Chunk
from limelight.jobs.worker import Done, Worker, worker_of
from limelight.optional import require

AHEAD = 2
"""Chunks for each process that are read ahead."""
ONE_THREAD = dict.fromkeys(
    ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"), "1"
)


class Stop:
    """Takes note of Ctrl-C inside its block: the first asks to stop after the chunks in hand, the second stops now.

    >>> with Stop() as stop:
    ...     stop.asked
    False
    """

    def __init__(self) -> None:
        self.asked = False
        self._before: Any = None

    def __enter__(self) -> Stop:
        # a handler can be set in the main thread only; elsewhere Ctrl-C is not heard anyway
        if threading.current_thread() is threading.main_thread():
            with contextlib.suppress(ValueError):
                self._before = signal.signal(signal.SIGINT, self._heard)
        return self

    def __exit__(self, *error: object) -> None:
        if self._before is not None:
            signal.signal(signal.SIGINT, self._before)

    def _heard(self, number: int, frame: Any) -> None:
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        print("\nstopping when the chunks in hand are written; Ctrl-C again stops now", file=sys.stderr)


def each_done(payload: bytes, chunks: Iterator[Chunk], n_jobs: int, stop: Stop) -> Generator[Done, None, None]:
    """Yield chunks as they are explained, in any order; after Ctrl-C those in hand.

    Parameters
    ----------
    payload
        What makes a worker.
    chunks
        They are read as they are needed.
    n_jobs
        Processes; with 1 this one does it all.
    stop
        Whether to begin no more.
    """
    if n_jobs == 1:
        worker: Worker | None = None
        for chunk in chunks:
            if stop.asked:
                return
            worker = worker or Worker(payload)
            yield worker(chunk)
        return
    yield from _in_processes(payload, chunks, n_jobs, stop)


def _in_processes(payload: bytes, chunks: Iterator[Chunk], n_jobs: int, stop: Stop) -> Iterator[Done]:
    loky = require("loky", "jobs")
    pool = loky.ProcessPoolExecutor(max_workers=n_jobs, initializer=_begin, initargs=(payload,), env=ONE_THREAD)
    whole = False
    try:
        yield from _pumped(pool, chunks, AHEAD * n_jobs, stop)
        whole = True
    except loky.BrokenProcessPool as error:
        raise LimelightError(
            f"jobs: a process ended unexpectedly ({error}), perhaps for lack of memory; the parts so far are whole. "
            "Run the same line to go on, with fewer n_jobs or chunk_rows."
        ) from error
    finally:
        pool.shutdown(wait=True, kill_workers=not whole)


def _pumped(pool: Any, chunks: Iterator[Chunk], ahead: int, stop: Stop) -> Iterator[Done]:
    from concurrent.futures import FIRST_COMPLETED, wait

    pending: set[Any] = set()
    waiting = True
    while waiting or pending:
        while waiting and len(pending) < ahead and not stop.asked:
            chunk = next(chunks, None)
            if chunk is None:
                waiting = False
            else:
                pending.add(pool.submit(_explain, chunk))
        if stop.asked:
            waiting = False
            pending = {future for future in pending if not future.cancel()}
        if not pending:
            continue
        finished, pending = wait(pending, timeout=0.5, return_when=FIRST_COMPLETED)
        for future in finished:
            yield future.result()


_payload: bytes = b""


def _begin(payload: bytes) -> None:
    """Prepare a process: Ctrl-C is the parent's to hear."""
    global _payload
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _payload = payload
    worker_of(payload)


def _explain(chunk: Chunk) -> Done:
    return worker_of(_payload)(chunk)
