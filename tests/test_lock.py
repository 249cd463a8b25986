"""Threads, forks and calls inside calls: nothing waits for itself, and each explanation is handed out once."""

from __future__ import annotations

import copy
import os
import pickle
import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.errors import InputError, ModelCallError
from limelight.lock import Lock

X = np.random.default_rng(0).normal(size=(40, 3))
FORKS = hasattr(os, "fork")
SECONDS = 60


def linear(rows: np.ndarray) -> np.ndarray:
    return rows @ np.array([2.0, -1.0, 0.5])


def explainer(model: Any = linear, **settings: Any) -> ll.Explainer:
    return ll.Explainer(model, ll.Tabular(X), seed=0, n_samples=64, **settings)


def together(*tasks: Callable[[], Any]) -> list[Any]:
    """Run the tasks in a thread each; fail where one does not come back, hand on what one raises."""
    answers: list[Any] = [None] * len(tasks)

    def run(i: int) -> None:
        try:
            answers[i] = tasks[i]()
        except Exception as error:
            answers[i] = error

    threads = [threading.Thread(target=run, args=(i,), daemon=True) for i in range(len(tasks))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(SECONDS)
        assert not thread.is_alive(), "a thread hangs"
    for answer in answers:
        if isinstance(answer, Exception):
            raise answer
    return answers


# -- a call inside a call ---------------------------------------------------------------------------------------------


def test_instances_may_be_chosen_by_the_explainer_that_explains_them() -> None:
    ours = explainer()
    chosen = (row for row in X if ours.explain(row).prediction[0] > 0)
    (found,) = together(lambda: list(ours.explain_many(chosen)))
    assert found == list(explainer().explain_many(X[linear(X) > 0]))


def test_instances_may_be_made_of_another_stream_of_explanations_of_the_same_explainer() -> None:
    ours = explainer()
    first = ours.explain_many(X[:6])
    (found,) = together(lambda: list(ours.explain_many(row for row, _ in zip(X, first, strict=False))))
    assert found == list(explainer().explain_many(X[:6]))


def test_the_cost_may_be_estimated_while_instances_are_made() -> None:
    ours = explainer()
    (found,) = together(lambda: list(ours.explain_many(row for row in X[:4] if ours.estimate_cost(row).rows > 0)))
    assert len(found) == 4


def test_instances_that_draw_from_the_iterator_that_explains_them_are_refused() -> None:
    loop: list[Iterator[Any]] = []

    def circle() -> Iterator[np.ndarray]:
        next(loop[0])
        yield X[0]

    loop.append(explainer().explain_many(circle()))
    with pytest.raises(InputError, match="not made of their own explanations"):
        together(lambda: next(loop[0]))


@pytest.mark.parametrize("inner", ["explain", "explain_many", "estimate_cost", "next"])
def test_a_model_that_asks_its_own_explainer_is_told_so(inner: str) -> None:
    def recursive(rows: np.ndarray) -> np.ndarray:
        if inner == "next":
            next(begun)
        elif inner == "explain_many":
            list(ours.explain_many(X[:2]))
        else:
            getattr(ours, inner)(X[0])
        return linear(rows)

    ours = explainer(recursive)
    begun = ours.explain_many(X[:3])
    # once as it is, or as the cause of an error that names the batch; the second time shows that it is free again
    for _ in range(2):
        with pytest.raises((InputError, ModelCallError)) as caught:
            together(lambda: ours.explain(X[0]))
        assert "with_settings" in f"{caught.value} {caught.value.__cause__}"


# -- threads ----------------------------------------------------------------------------------------------------------


def test_an_iterator_drawn_by_many_threads_hands_out_each_explanation_once() -> None:
    ours = explainer(list_of_slow_answers)
    stream = ours.explain_many(iter(X))
    parts = together(*[lambda: list(stream)] * 4)
    found = [explanation for part in parts for explanation in part]
    assert sorted(float(each.prediction[0]) for each in found) == sorted(linear(X).tolist())


def list_of_slow_answers(rows: np.ndarray) -> np.ndarray:
    threading.Event().wait(0.001)  # lets the other threads come
    return linear(rows)


def test_two_explainers_whose_instances_ask_each_other_do_not_wait_for_each_other() -> None:
    one, two = explainer(), explainer()
    both = threading.Barrier(2)

    def rows(other: ll.Explainer) -> Iterator[np.ndarray]:
        both.wait(SECONDS)
        for row in X[:5]:
            other.explain(row)
            yield row

    first, second = together(lambda: list(one.explain_many(rows(two))), lambda: list(two.explain_many(rows(one))))
    assert first == second


def test_an_explanation_is_the_same_whatever_other_threads_ask_meanwhile() -> None:
    ours = explainer()
    alone = [explainer().explain(row) for row in X[:8]]
    found = together(*[lambda row=row: ours.explain(row) for row in X[:8]])
    assert found == alone


def test_an_iterator_can_be_given_up() -> None:
    stream = explainer().explain_many(X)
    next(stream)
    stream.close()
    assert list(stream) == []


def test_an_explainer_is_copied_and_pickled_while_it_explains() -> None:
    ours = explainer()
    stream = ours.explain_many(X[:5])
    next(stream)
    assert copy.deepcopy(ours).explain(X[0]) == pickle.loads(pickle.dumps(ours)).explain(X[0]) == ours.explain(X[0])


# -- forks ------------------------------------------------------------------------------------------------------------


def child(task: Callable[[], bool]) -> int:
    """Fork, and return the exit status of a child that runs the task: 0 for true, 14 where an alarm had to wake it."""
    import signal

    pid = os.fork()
    if pid == 0:
        signal.alarm(SECONDS)
        status = 2
        try:
            status = 0 if task() else 1
        finally:
            os._exit(status)
    _, status = os.waitpid(pid, 0)
    return os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


class Held:
    """A model that answers when it is allowed to."""

    def __init__(self) -> None:
        self.asked, self.free = threading.Event(), threading.Event()

    def __call__(self, rows: np.ndarray) -> np.ndarray:
        self.asked.set()
        self.free.wait(SECONDS)
        return linear(rows)


@pytest.mark.skipif(not FORKS, reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
@pytest.mark.parametrize("how", ["explain", "explain_many", "iterator"])
def test_a_child_forked_while_a_thread_explains_does_not_hang(how: str) -> None:
    model = Held()
    ours = explainer(model)
    begun = ours.explain_many(X[:3])
    expected = explainer().explain(X[1])
    thread = threading.Thread(target=(lambda: list(begun)) if how == "iterator" else (lambda: ours.explain(X[0])))
    thread.start()
    assert model.asked.wait(SECONDS)

    def task() -> bool:
        model.free.set()
        if how == "iterator":
            with pytest.raises(InputError, match="call explain_many again here"):
                next(begun)
        if how == "explain_many":
            return list(ours.explain_many(X[1:2])) == [expected]
        return ours.explain(X[1]) == expected

    try:
        assert child(task) == 0
    finally:
        model.free.set()
        thread.join(SECONDS)
    assert ours.explain(X[1]) == expected, "nothing has changed in the parent"


@pytest.mark.skipif(not FORKS, reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_forked_between_two_calls_keeps_what_has_been_paid() -> None:
    asked = []

    def counting(rows: np.ndarray) -> np.ndarray:
        asked.append(len(rows))
        return linear(rows)

    ours = explainer(counting)
    ours.explain(X[0])
    before = sum(asked)

    def task() -> bool:
        ours.explain(X[1])
        return sum(asked) - before < 64

    assert child(task) == 0


@pytest.mark.skipif(not FORKS, reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_fork_by_the_thread_that_holds_the_lock_leaves_it_the_lock() -> None:
    lock = Lock()

    def task() -> bool:
        return lock.mine and not lock.torn

    with lock.taken("again"):
        assert child(task) == 0
    assert not lock.mine
