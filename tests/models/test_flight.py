"""Several calls of the model at once: never more than allowed, answers in order, and nothing that was paid is lost."""

from __future__ import annotations

import pickle
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from limelight.errors import InputError, ModelCallError
from limelight.lock import Lock
from limelight.models.answers import Answers
from limelight.models.cache import Cache
from limelight.models.calls import Caller
from limelight.models.ledger import Ledger

SECONDS = 30


def rows(n: int) -> np.ndarray:
    return np.arange(float(n))[:, None]


class Watched:
    """A model that counts who is inside, and answers when `together` calls are, or at once."""

    def __init__(self, together: int = 1) -> None:
        self.inside = self.most = self.calls = self.rows = 0
        self.lock = threading.Lock()
        self.met = threading.Barrier(together)

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        with self.lock:
            self.calls, self.rows = self.calls + 1, self.rows + len(inputs)
            self.inside += 1
            self.most = max(self.most, self.inside)
            alone = self.calls == 1
        try:
            if not alone and self.met.parties > 1:
                self.met.wait(SECONDS)  # breaks, and raises, where so many are never inside together
            return self.answer(inputs)
        finally:
            with self.lock:
                self.inside -= 1

    def answer(self, inputs: np.ndarray) -> np.ndarray:
        return inputs[:, 0] ** 2


def test_so_many_calls_are_made_at_once_after_the_first() -> None:
    model = Watched(together=4)
    caller = Caller(model, batch_size=2, max_in_flight=4)
    (Y,) = caller.ask([rows(18)])
    assert Y.ravel().tolist() == (np.arange(18.0) ** 2).tolist()
    assert (model.most, model.calls, caller.calls, caller.rows) == (4, 9, 9, 18)


@pytest.mark.parametrize("most", [1, 3])
def test_no_more_calls_are_made_at_once_by_all_threads_together(most: int) -> None:
    class Slow(Watched):
        def answer(self, inputs: np.ndarray) -> np.ndarray:
            time.sleep(0.002)
            return inputs[:, 0]

    model = Slow()
    caller = Caller(model, batch_size=1, max_in_flight=most)
    caller.ask([rows(1)])
    with caller.lock.taken("again"):  # as an explainer holds it
        asking = [threading.Thread(target=ask_by_turns, args=(caller,)) for _ in range(6)]
        for each in asking:
            each.start()
    for each in asking:
        each.join(SECONDS)
    assert model.most == most


def ask_by_turns(caller: Caller) -> None:
    with caller.lock.taken("again"):
        caller.ask([rows(8)])


def test_each_thread_makes_one_call_where_nothing_is_said() -> None:
    model = Watched(together=3)
    caller = Caller(model)
    caller.ask([rows(1)])
    asking = [threading.Thread(target=ask_by_turns, args=(caller,)) for _ in range(3)]
    for each in asking:
        each.start()
    for each in asking:
        each.join(SECONDS)
    assert model.most == 3


def test_the_rows_at_hand_are_shared_among_the_calls() -> None:
    model = Watched()
    Caller(model, max_in_flight=4).ask([rows(256), rows(4000)])
    assert model.calls == 5, "a first call of 256 rows, and four of a quarter each"


def test_answers_come_in_the_order_of_the_batches_whichever_is_first() -> None:
    def late_first(inputs: np.ndarray) -> np.ndarray:
        time.sleep(0.02 / (1 + inputs[0, 0]))
        return inputs[:, 0]

    found = Caller(late_first, batch_size=3, max_in_flight=8).ask([rows(20), rows(11)])
    assert [Y.ravel().tolist() for Y in found] == [list(range(20)), list(range(11))]


class Failing(Watched):
    """Raises on one row, and answers NaN to another."""

    def answer(self, inputs: np.ndarray) -> np.ndarray:
        if (inputs == 13).any():
            raise ValueError("thirteen")
        return np.where(inputs[:, 0] == 29, np.nan, inputs[:, 0])


@pytest.mark.parametrize("most", [1, 8])
def test_rows_that_fail_in_one_of_eight_calls_are_left_out_and_no_other_is(most: int) -> None:
    model = Failing()
    ledger = Ledger(vital=0)
    (Y,) = Caller(model, batch_size=4, max_in_flight=most).ask([rows(64)], ledger)
    assert np.flatnonzero(np.isnan(Y[:, 0])).tolist() == [13, 29] == sorted(ledger.failures)
    assert "thirteen" in str(ledger.failures[13])
    assert np.delete(Y[:, 0], [13, 29]).tolist() == np.delete(np.arange(64.0), [13, 29]).tolist()
    assert ledger.rows == model.rows == 64 + 4 - 1 + 3, "the failing four were halved twice, and asked no third time"


@pytest.mark.parametrize("most", [1, 8])
def test_an_error_names_its_batch_and_carries_what_came_before(most: int) -> None:
    with pytest.raises(ModelCallError, match=r"batch 4 \(rows 12–15 of 64\): thirteen") as caught:
        Caller(Failing(), batch_size=4, max_in_flight=most).ask([rows(10), rows(54) + 10])
    assert caught.value.answered[0].ravel().tolist() == list(range(10))
    assert caught.value.answered[1] is None


def test_calls_under_way_are_waited_for_after_an_error_and_kept_by_a_cache(tmp_path: Path) -> None:
    model = Failing()
    with Cache(tmp_path / "answers.db", model="thirteen") as cache:
        with pytest.raises(ModelCallError):
            Caller(model, batch_size=4, max_in_flight=8, cache=cache).ask([rows(64)])
        assert model.inside == 0
        assert len(cache) > 16, "those after the failing one, too"
        before = len(cache)
        model.calls = model.rows = 0
        ledger = Ledger(vital=0)
        Caller(model, batch_size=4, max_in_flight=8, cache=cache).ask([rows(64)], ledger)
        assert ledger.rows == model.rows
        assert 64 - before <= model.rows <= 64 - before + 7


@pytest.mark.parametrize("most", [1, 4])
def test_ctrl_c_loses_nothing_of_what_is_under_way(most: int) -> None:
    def parts() -> Iterator[np.ndarray]:
        for start in range(0, 20, 2):
            if start == 12:
                raise KeyboardInterrupt
            yield rows(2) + start

    class Slow(Watched):
        def answer(self, inputs: np.ndarray) -> np.ndarray:
            time.sleep(0.01)
            return inputs[:, 0]

    model, ledger = Slow(), Ledger()
    caller = Caller(model, batch_size=1, max_batch_rows=1, max_in_flight=most)
    with pytest.raises(KeyboardInterrupt):
        caller.ask(parts(), ledger)
    assert ledger.settled == model.rows >= 12 - most
    settled = np.concatenate(ledger.answers).ravel()[: ledger.settled]
    assert settled.tolist() == list(range(ledger.settled))


def test_the_same_answers_are_kept_whatever_is_under_way(tmp_path: Path) -> None:
    with Cache(tmp_path / "answers.db", model="square") as cache:
        model = Watched(together=4)
        (Y,) = Caller(model, batch_size=2, max_in_flight=4, cache=cache).ask([rows(18)])
        (again,) = Caller(model, batch_size=3, max_in_flight=2, cache=cache).ask([rows(18)])
    assert again.tolist() == Y.tolist()
    assert model.rows == 18


def test_a_model_that_asks_for_its_own_turn_is_refused_in_every_thread() -> None:
    lock = Lock()

    def inner(inputs: np.ndarray) -> np.ndarray:
        with lock.taken("the turn of those who ask me"):
            return inputs[:, 0]

    caller = Caller(inner, batch_size=1, max_in_flight=4, lock=lock)
    with lock.taken("again"), pytest.raises(InputError, match="the turn of those who ask me"):
        caller.ask([rows(8)])
    with lock.taken("again"):
        pass  # and the lock is free


def test_what_keeps_things_between_calls_is_asked_by_one_thread() -> None:
    answers: Any = Answers(lambda prompts: ["yes" for _ in prompts])
    with pytest.raises(InputError, match="max_in_flight: expected at most 1 for Answers"):
        Caller(answers, max_in_flight=8)
    model = type("Far", (), {"preferred_rows": 64, "__call__": lambda self, X: X[:, 0]})()
    with pytest.raises(InputError, match="concurrency"):
        Caller(model, max_in_flight=8)
    assert Caller(model).ask([rows(2)])[0].tolist() == [[0.0], [1.0]]


def test_it_pickles_after_calls_at_once() -> None:
    caller = Caller(np.negative, batch_size=2, max_in_flight=4)
    caller.ask([rows(9)])
    (Y,) = pickle.loads(pickle.dumps(caller)).ask([rows(9)])
    assert Y.ravel().tolist() == (-np.arange(9.0)).tolist()
