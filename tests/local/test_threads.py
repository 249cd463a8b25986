"""BLAS has one thread inside a fit and as many as before outside, whoever else is fitting."""

from __future__ import annotations

import os
import threading

import numpy as np
import pytest

from limelight.local import threads
from limelight.local.threads import one_thread

control = pytest.importorskip("threadpoolctl")


class Library:
    """A BLAS that counts how often it is spoken to."""

    def __init__(self, n: int) -> None:
        self.n, self.asked, self.set = n, 0, 0

    def get_num_threads(self) -> int:
        self.asked += 1
        return self.n

    def set_num_threads(self, n: int) -> None:
        self.set += 1
        self.n = n


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    made = Library(8)
    monkeypatch.setattr(threads, "_libraries", lambda: (made,))
    monkeypatch.setattr(threads, "_bound", threads._Bound())
    return made


def test_numpys_own_blas_is_bounded_and_put_back() -> None:
    libraries = threads._libraries()
    assert libraries, "numpy and scipy bring a BLAS"
    with control.threadpool_limits(3, user_api="blas"):
        before = [each.get_num_threads() for each in libraries]
        with one_thread():
            assert {each.get_num_threads() for each in libraries} == {1}
            np.ones((3, 3)) @ np.ones((3, 3))
        assert [each.get_num_threads() for each in libraries] == before


def test_fits_of_every_thread_are_bounded_whichever_thread_was_first() -> None:
    seen: list[set[int]] = []

    def fit() -> None:
        with one_thread():
            seen.append({each.get_num_threads() for each in threads._libraries()})

    with control.threadpool_limits(3, user_api="blas"):  # this thread controls them meanwhile
        before = [each.get_num_threads() for each in threads._libraries()]
        fit()
        for _ in range(2):
            other = threading.Thread(target=fit)
            other.start()
            other.join()
        assert [each.get_num_threads() for each in threads._libraries()] == before
    assert seen == [{1}, {1}, {1}]


def test_the_libraries_are_looked_for_once() -> None:
    assert threads._libraries() is threads._libraries()


def test_fits_inside_fits_set_the_threads_once(library: Library) -> None:
    with one_thread(), one_thread(), one_thread():
        assert library.n == 1
    assert (library.n, library.asked, library.set) == (8, 1, 2)


def test_where_there_is_one_thread_already_nothing_is_set(library: Library) -> None:
    library.n = 1
    with one_thread():
        pass
    assert (library.n, library.set) == (1, 0)


def test_fits_of_two_threads_that_overlap_leave_what_was_there(library: Library) -> None:
    first_in, second_in = threading.Event(), threading.Event()

    def fit() -> None:
        with one_thread():
            first_in.set()
            second_in.wait(60)

    other = threading.Thread(target=fit)
    other.start()
    first_in.wait(60)
    with one_thread():
        second_in.set()
        other.join(60)
        assert library.n == 1, "the first to end leaves the bound to the second"
    assert library.n == 8


def test_a_fit_that_fails_puts_the_threads_back(library: Library) -> None:
    with pytest.raises(ZeroDivisionError), one_thread():
        raise ZeroDivisionError
    assert library.n == 8


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*fork:DeprecationWarning")
def test_a_child_forked_during_a_fit_has_its_threads_back_and_can_fit(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    with one_thread():
        threads._bound.lock.acquire()  # as if another thread were just entering
        threads._bound.start_over()
        assert library.n == 8
        with one_thread():
            assert library.n == 1
        assert library.n == 8
        threads._bound.inside = 1


def test_nothing_happens_without_threadpoolctl(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threads, "_libraries", tuple)
    with one_thread():
        pass
