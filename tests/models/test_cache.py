"""Answers in a file: kept by whole transactions, shared by threads and processes, cleared by model and age."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limelight.errors import InputError
from limelight.models import cache as module
from limelight.models.cache import Cache, MemoryCache, packed, unpacked


def write(path: Path, first: int) -> None:
    with Cache(path) as cache:
        for n in range(first, first + 50):
            cache.put({str(n).encode(): b"answer"}, "model")


def test_processes_and_threads_write_the_same_file(tmp_path: Path) -> None:
    path = tmp_path / "answers.db"
    context = multiprocessing.get_context("spawn")
    workers: list[Any] = [context.Process(target=write, args=(path, 50 * n)) for n in range(2)]
    cache = Cache(path)
    workers += [
        threading.Thread(target=lambda n=n: cache.put({f"t{n}".encode(): b"answer"}, "other")) for n in range(20)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert cache.models() == {"model": 100, "other": 20}
    assert cache.clear("model") == 100
    assert len(cache) == 20
    cache.close()


def test_many_keys_are_looked_up_at_once(tmp_path: Path) -> None:
    with Cache(tmp_path / "answers.db") as cache:
        known = {str(n).encode(): str(n).encode() for n in range(0, 5000, 2)}
        cache.put(known, "model")
        assert cache.get([str(n).encode() for n in range(5000)]) == known


def test_old_answers_are_asked_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Cache(tmp_path / "answers.db", max_age=60) as cache:
        cache.put({b"row": b"old"}, "model")
        now = module.time.time()
        monkeypatch.setattr(module.time, "time", lambda: now + 61)
        assert cache.get([b"row"]) == {}
        cache.put({b"row": b"new"}, "model")
        assert cache.get([b"row"]) == {b"row": b"new"}
    with pytest.raises(InputError, match="max_age"):
        Cache(tmp_path / "answers.db", max_age=0)


def test_a_transaction_that_fails_writes_nothing(tmp_path: Path) -> None:
    with Cache(tmp_path / "answers.db") as cache:
        with pytest.raises(Exception, match="NOT NULL"):
            cache.put({b"good": b"answer", b"bad": None}, "model")  # type: ignore[dict-item]
        assert len(cache) == 0
        cache.put({b"good": b"answer"}, "model")
        assert len(cache) == 1


def test_it_pickles_by_its_name_and_opens_again_after_it_was_closed(tmp_path: Path) -> None:
    with Cache(tmp_path / "answers.db", model="mine", max_age=5) as cache:
        cache.put({b"row": b"answer"}, "model")
    copy = pickle.loads(pickle.dumps(cache))
    assert (copy.model, copy.max_age, copy.get([b"row"])) == ("mine", 5, {b"row": b"answer"})
    copy.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*fork:DeprecationWarning")
def test_a_forked_child_opens_the_file_for_itself(tmp_path: Path) -> None:
    with Cache(tmp_path / "answers.db") as cache:
        cache.put({b"row": b"answer"}, "model")
        child = os.fork()
        if child == 0:
            good = cache.get([b"row"]) == {b"row": b"answer"}
            cache.put({b"child": b"answer"}, "model")
            os._exit(0 if good else 1)
        assert os.waitpid(child, 0)[1] == 0
        assert cache.get([b"child"]) == {b"child": b"answer"}


def test_memory_keeps_the_last_answers_and_is_not_pickled() -> None:
    cache = MemoryCache(most=2)
    for n in range(3):
        cache.put({str(n).encode(): b"answer"}, "model")
    assert cache.get([b"0", b"1", b"2"]) == {b"1": b"answer", b"2": b"answer"}
    assert pickle.loads(pickle.dumps(cache)).get([b"2"]) == {}


@pytest.mark.parametrize("dtype", ["<f4", "<f8", ">f8", "<i8", "?", "u1"])
def test_rows_come_back_bit_by_bit(dtype: str) -> None:
    rows = np.arange(6).reshape(3, 2).astype(dtype)
    back = unpacked(packed(rows))
    assert back.dtype == rows.dtype
    assert back.tobytes() == rows.tobytes()
    mixed = unpacked([*packed(rows), *packed(["text"])])
    assert np.array_equal(mixed[:3], rows)
    assert mixed[3] == "text"
