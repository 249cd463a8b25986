"""Who does the work: threads of this process, or worker processes, each with explainers of its own.

Input: a question as bytes. Output: its answer as bytes. Between processes nothing else travels, and no bit of an
explanation depends on who made it.
"""

from __future__ import annotations

import asyncio
import os
import signal
import threading
import time
from contextlib import ExitStack, nullcontext, suppress
from typing import Any, Protocol

from limelight.errors import InputError, LimelightError
from limelight.explainer import Explainer
from limelight.jobs.processes import ONE_THREAD
from limelight.optional import require
from limelight.web.answering import Models, Said, answer
from limelight.workers import Workers

THREADS = 8
"""Of one process: as many questions to models that wait for an answer themselves are in hand at once."""


PATIENCE = 3.0
"""Seconds in which a process may end by itself."""
LOOKS = 2.0
"""Seconds between two looks of a worker process whether its parent lives."""


class Gone(Exception):  # noqa: N818 - an answer, not a mistake
    """A worker process ended while it worked; another one takes its place."""


class Crew(Protocol):
    """Whoever answers questions."""

    size: int

    async def ask(self, model: str, verb: str, body: bytes) -> Said:
        """Return the answer to a question."""
        ...

    def close(self) -> None:
        """Let everybody go."""
        ...


class Threads:
    """Threads of this process, which share its explainers.

    A model is asked by one of them at a time, as nobody has said that it bears more: unless its explainer was given
    `max_in_flight`, or it is behind an address.

    Parameters
    ----------
    models
        What is served.
    """

    def __init__(self, models: Models) -> None:
        self.size = THREADS
        self._models = models
        self._pool = Workers(THREADS)  # which may be left: a model that hangs ends with the server
        self._turns = {name: threading.Lock() for name, each in models.explainers.items() if not _bears_threads(each)}

    async def ask(self, model: str, verb: str, body: bytes) -> Said:
        """Return the answer to a question."""
        return await asyncio.wrap_future(self._pool.submit(self._answered, model, verb, body))

    def _answered(self, model: str, verb: str, body: bytes) -> Said:
        # two models beside each other: whoever else waits for one of them holds no other, so nobody waits for ever
        names = sorted(self._turns) if verb == "beside" else [model]
        with ExitStack() as held:
            for name in names:
                held.enter_context(self._turns.get(name) or nullcontext())
            return answer(self._models, model, verb, body)

    def close(self) -> None:
        """Let everybody go."""
        self._pool.join(wait=False)


def _bears_threads(explainer: Explainer) -> bool:
    return explainer.settings.max_in_flight is not None or hasattr(explainer._given[0], "preferred_rows")


class Processes:
    """Worker processes, started anew and not forked, with one thread for BLAS each.

    Parameters
    ----------
    models
        What is served. Each process gets all of it, with the neighborhoods that explainers have prepared.
    size
        How many processes.

    Raises
    ------
    InputError
        If an explainer cannot be sent to another process.
    """

    def __init__(self, models: Models, size: int) -> None:
        self.size = size
        self._payload = _packed(models)
        self._pool = self._started()
        try:
            self._pool.submit(_ready).result()
        except require("loky", "web").BrokenProcessPool as error:
            raise LimelightError(
                f"workers: a process could not be started ({error}); is there enough memory?"
            ) from error

    async def ask(self, model: str, verb: str, body: bytes) -> Said:
        """Return the answer to a question.

        Raises
        ------
        Gone
            If a process ended meanwhile.
        """
        pool = self._pool
        try:
            said: Said = await asyncio.wrap_future(pool.submit(_answered, model, verb, body))
        except (require("loky", "web").BrokenProcessPool, RuntimeError) as error:
            if self._pool is pool:  # the first to notice
                self._pool = self._started()
                _end(pool, patience=0)
            raise Gone from error
        return said

    def close(self) -> None:
        """Let everybody go."""
        # waited for: this process may end by a signal right after, and they would live on without it
        _end(self._pool, PATIENCE)

    def _started(self) -> Any:
        loky = require("loky", "web")
        return loky.ProcessPoolExecutor(self.size, initializer=_begin, initargs=(self._payload,), env=ONE_THREAD)


def _end(pool: Any, patience: float) -> None:
    """End the processes of a pool, those that work on after so many seconds by force.

    loky's own `kill_workers` needs psutil or the command pgrep; a slim container has neither, and would never end.
    """
    processes = list((pool._processes or {}).values())
    pool.shutdown(wait=False)
    until = time.monotonic() + patience
    for process in processes:
        process.join(max(0.0, until - time.monotonic()))
    for process in processes:
        if process.exitcode is None:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)


def _packed(models: Models) -> bytes:
    try:
        return bytes(require("cloudpickle", "web").dumps(models))
    except Exception as error:
        said = " ".join(str(error).split())
        raise InputError(
            f"workers: expected models that can be sent to other processes, got {type(error).__name__}: {said}; "
            "load the model where it is first asked, or use one worker."
        ) from error


# -- in a worker process ----------------------------------------------------------------------------------------------

_models = Models({})


def _begin(payload: bytes) -> None:
    """Prepare a process: Ctrl-C is the parent's to hear, and it ends where the parent was killed."""
    import pickle

    global _models
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(os.getppid(),), daemon=True).start()
    _models = pickle.loads(payload)


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(LOOKS)
    os._exit(1)


def _ready() -> bool:
    return bool(_models.explainers)


def _answered(model: str, verb: str, body: bytes) -> Said:
    return answer(_models, model, verb, body)
