"""Answers that were paid for, kept on disk: key → answer, in one sqlite file that processes share.

Input: digests of rows (`inputs/keys.py`, `repeats.py`) and answers. Output: the answers known. Written in one
transaction for each request, so that a process killed at any moment has lost none that was written; read in bulk.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from limelight.errors import InputError

READ_AT_ONCE = 900
"""Keys in one statement; older builds of sqlite take no more than 999."""
PATIENCE = 60.0
"""Seconds to wait for another process that is writing."""
_TABLES = """
create table if not exists models (id integer primary key, name text unique not null);
create table if not exists answers (
    key blob primary key, answer blob not null, model integer not null, written real not null
) without rowid;
create table if not exists spent (account text primary key, requests integer, rows integer, cost real);
"""


class MemoryCache:
    """What was answered in this process: the last `most` answers, so that a call that failed loses nothing.

    >>> cache = MemoryCache()
    >>> cache.put({b"row": b"answer"}, "model")
    >>> cache.get([b"row", b"other"])
    {b'row': b'answer'}
    """

    def __init__(self, most: int = 2**18) -> None:
        self.most = most
        self._answers: dict[bytes, bytes] = {}
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        return {"most": self.most}

    def __setstate__(self, state: dict[str, Any]) -> None:
        MemoryCache.__init__(self, state["most"])

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the answers known."""
        return {key: self._answers[key] for key in keys if key in self._answers}

    def put(self, answers: Mapping[bytes, bytes], model: str) -> None:
        """Keep answers; the oldest go when there are too many."""
        with self._lock:
            self._answers.update(answers)
            while len(self._answers) > self.most:
                del self._answers[next(iter(self._answers))]


class Cache:
    """Answers of models in a file, safe between threads and processes.

    Parameters
    ----------
    path
        The file, made if it is missing. It must lie on a local disk: sqlite's log needs shared memory.
    model
        Whose answers these are, and of which version, in your own words: for local models that cannot be told apart by
        what they hold. None asks `fingerprint`; a model behind an address has a name already.
    max_age
        Seconds after which an answer is asked anew; None keeps answers for ever.

    Raises
    ------
    InputError
        If the file is no such cache, or its folder does not exist.

    Examples
    --------
    >>> import tempfile, pathlib
    >>> from limelight.models.cache import Cache
    >>> with tempfile.TemporaryDirectory() as folder, Cache(pathlib.Path(folder) / "answers.db") as cache:
    ...     cache.put({b"row": b"answer"}, "fraud 3")
    ...     cache.get([b"row", b"other"]), len(cache), cache.models()
    ({b'row': b'answer'}, 1, {'fraud 3': 1})
    """

    def __init__(self, path: str | Path, *, model: str | None = None, max_age: float | None = None) -> None:
        if max_age is not None and not max_age > 0:
            raise InputError(f"max_age: expected seconds > 0 or None, got {max_age!r}; None keeps answers for ever.")
        self.path, self.model, self.max_age = Path(path).absolute(), model, max_age
        self._lock = threading.RLock()
        self._opened: tuple[int, sqlite3.Connection] | None = None
        with self._connection():
            pass  # a file that is none is said now

    def __getstate__(self) -> dict[str, Any]:
        return {"path": self.path, "model": self.model, "max_age": self.max_age}

    def __setstate__(self, state: dict[str, Any]) -> None:
        Cache.__init__(self, **state)

    def __enter__(self) -> Cache:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        with suppress(Exception):  # the interpreter may be going down
            self.close()

    def __len__(self) -> int:
        with self._connection() as connection:
            return int(connection.execute("select count(*) from answers").fetchone()[0])

    def get(self, keys: Sequence[bytes]) -> dict[bytes, bytes]:
        """Return the answers known and not too old."""
        found: dict[bytes, bytes] = {}
        since = 0.0 if self.max_age is None else time.time() - self.max_age
        for start in range(0, len(keys), READ_AT_ONCE):
            part = keys[start : start + READ_AT_ONCE]
            marks = ",".join("?" * len(part))
            asked = f"select key, answer from answers where key in ({marks}) and written >= ?"
            with self._connection() as connection:
                found.update(connection.execute(asked, (*part, since)))
        return found

    def put(self, answers: Mapping[bytes, bytes], model: str) -> None:
        """Keep answers in one transaction; `model` is a name to clear them by."""
        now = time.time()
        with self.writing() as connection:
            connection.execute("insert or ignore into models (name) values (?)", (model,))
            number = connection.execute("select id from models where name = ?", (model,)).fetchone()[0]
            rows = [(key, answer, number, now) for key, answer in answers.items()]
            connection.executemany("insert or replace into answers values (?, ?, ?, ?)", rows)

    def models(self) -> dict[str, int]:
        """Return how many answers there are of each model."""
        counted = "select name, count(*) from models join answers on answers.model = models.id group by name"
        with self._connection() as connection:
            return dict(connection.execute(counted).fetchall())

    def clear(self, model: str | None = None) -> int:
        """Forget the answers of a model, or all of them; return how many."""
        if model is None:
            where = ""
        else:
            where = " where model = (select id from models where name = ?)"
        with self.writing() as connection:
            return connection.execute(f"delete from answers{where}", () if model is None else (model,)).rowcount

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """Lend the file for one transaction, alone among all threads and processes."""
        with self._connection() as connection, _transaction(connection):
            yield connection

    def close(self) -> None:
        """Close the file; it opens again when it is needed."""
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None and opened[0] == os.getpid():
            opened[1].close()

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """Lend the process's connection to one thread at a time; a forked child opens its own."""
        if self._opened is not None and self._opened[0] != os.getpid():
            self._lock, self._opened = threading.RLock(), None  # a parent's thread may hold the lock for ever
        with self._lock:
            if self._opened is None:
                self._opened = (os.getpid(), self._open())
            try:
                yield self._opened[1]
            except sqlite3.OperationalError as error:
                raise _unwritten(self.path, error) from error

    def _open(self) -> sqlite3.Connection:
        if not self.path.parent.is_dir():
            raise InputError(f"cache: no folder '{self.path.parent}'; make it first.")
        try:
            connection = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        except sqlite3.OperationalError as error:
            raise InputError(f"cache: '{self.path}' cannot be opened ({error}); name another file.") from error
        try:
            connection.execute("pragma journal_mode=wal")
            connection.execute("pragma synchronous=normal")  # a killed process loses nothing; a power cut the last few
            connection.executescript(_TABLES)
            connection.execute("select key, answer, model, written from answers limit 1").fetchall()
        except sqlite3.OperationalError as error:
            connection.close()
            raise _unwritten(self.path, error) from error
        except sqlite3.DatabaseError as error:
            connection.close()
            raise InputError(f"cache: '{self.path}' is no cache of answers ({error}); name another file.") from error
        return connection


def _unwritten(path: Path, error: sqlite3.OperationalError) -> InputError:
    return InputError(
        f"cache: '{path}' could not be read or written ({error}); make room on the disk, or name another file."
    )


def opened(cache: Any, model: Any) -> Cache | None:
    """Return the cache that an argument names.

    Raises
    ------
    InputError
        If it is none, or if the model keeps its answers itself.
    """
    if cache is None:
        return None
    if hasattr(model, "preferred_rows"):
        raise InputError("cache: a model behind an address keeps its answers itself; pass cache= to remote.http.")
    if isinstance(cache, (str, Path)):
        return Cache(cache)
    if not isinstance(cache, Cache):
        raise InputError(f"cache: expected the name of a file or a Cache, got {type(cache).__name__}.")
    return cache


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Write all or nothing; begin by waiting for whoever else is writing."""
    connection.execute("begin immediate")
    try:
        yield
        connection.execute("commit")
    except BaseException:
        if connection.in_transaction:  # a full disk ends it by itself
            connection.execute("rollback")
        raise


# -- answers as bytes -------------------------------------------------------------------------------------------------


def packed(answers: Iterable[Any]) -> list[bytes]:
    """Return each answer as bytes: rows of an array bit by bit, all else as JSON.

    >>> unpacked(packed(np.array([[0.25, 0.75]]))), unpacked(packed(["spam", {"ham": 0.5}]))
    (array([[0.25, 0.75]]), ['spam', {'ham': 0.5}])
    """
    if isinstance(answers, np.ndarray) and answers.dtype.kind in "biuf":
        head = f"{answers.dtype.str}{list(answers.shape[1:])}\n".encode()
        return [head + row.tobytes() for row in np.ascontiguousarray(answers)]
    if isinstance(answers, np.ndarray):
        answers = answers.tolist()
    return [b"j\n" + json.dumps(answer, ensure_ascii=True).encode() for answer in answers]


def unpacked(answers: Sequence[bytes]) -> Any:
    """Return answers as they were packed: an array where all of them are rows of one form, else a list."""
    if not answers:
        return []
    head, _, _ = answers[0].partition(b"\n")
    if head != b"j" and all(answer.startswith(head + b"\n") for answer in answers):
        return _rows(head, b"".join(answer[len(head) + 1 :] for answer in answers), len(answers))
    return [_single(answer) for answer in answers]


def _rows(head: bytes, content: bytes, n: int) -> Any:
    dtype, _, shape = head.decode().partition("[")
    return np.frombuffer(bytearray(content), dtype=dtype).reshape(n, *json.loads("[" + shape))


def _single(answer: bytes) -> Any:
    head, _, content = answer.partition(b"\n")
    if head == b"j":
        return json.loads(content)
    return _rows(head, content, 1)[0]
