"""Instances wait in their order: opened a few at a time, handed over from the head, put aside when calls end early."""

from __future__ import annotations

from collections import deque

import numpy as np
import pytest

import limelight as ll
from limelight.result.failure import Failure
from limelight.rounds.instance import OpenInstance
from limelight.rounds.waiting import PUT_ASIDE, finished, put_aside, refill, still_open

X = np.random.default_rng(0).normal(size=(60, 2))
NAN = [0.0, 1.0, 2.0]  # a row that is too long


def context_of(modality: object = None):
    model = (lambda rows: rows[:, 0]) if modality is None else (lambda texts: [float(len(text)) for text in texts])
    return ll.Explainer(model, modality or ll.Tabular(X), seed=0)._context


def filled(instances, rows: int, *, lazily: bool = True):
    context, waiting = context_of(), deque()
    numbered = enumerate(instances)
    refill(waiting, numbered, context, rows, lazily=lazily)
    return waiting, numbered


def test_no_more_are_opened_than_asked_for():
    waiting, numbered = filled(X[:10], 4)
    assert [each.number for each in waiting] == [0, 1, 2, 3]
    assert next(numbered)[0] == 4
    assert len(filled(X[:3], 4)[0]) == 3


def test_texts_of_which_each_asks_for_rows_of_its_own_wait_sixteen_at_a_time():
    waiting: deque = deque()
    refill(waiting, enumerate(["a b"] * 40), context_of(ll.Text()), 128, lazily=True)
    assert len(waiting) == 16


@pytest.mark.parametrize(("lazily", "numbers"), [(True, [0, 1]), (False, [0, 1, 2, 3])])
def test_nothing_is_opened_after_one_that_has_failed_where_its_error_will_be_raised(lazily, numbers):
    waiting, _ = filled([X[0], NAN, X[1], X[2]], 4, lazily=lazily)
    assert [each.number for each in waiting] == numbers
    assert isinstance(waiting[1], Failure)
    assert [each.number for each in still_open(waiting)] == [n for n in numbers if n != 1]


def test_only_what_is_ready_at_the_head_is_handed_over():
    waiting, _ = filled(X[:3], 4)
    done, _, last = waiting
    last.explanation = done.explanation = "told"
    assert list(finished(waiting, "raise")) == ["told"]
    assert [each.number for each in waiting] == [1, 2]


def test_a_failure_is_raised_with_its_number_or_stands_in_its_place():
    for on_error in ("raise", "record"):
        waiting, _ = filled([NAN, X[0]], 4, lazily=False)
        if on_error == "record":
            assert [each.number for each in finished(waiting, on_error)] == [0]
            continue
        with pytest.raises(ll.errors.InputError) as raised:
            list(finished(waiting, on_error))
        assert raised.value.__notes__ == ["instance number 0"]


def test_the_last_instances_that_were_paid_for_are_kept():
    context = context_of(ll.Text())
    opened = [OpenInstance(f"a{number} b", context, number) for number in range(PUT_ASIDE + 3)]
    for one in opened[1:]:
        one.targets = np.array([0])
    put_aside(opened, context)
    kept = [one.number for one in context.shelf.values()]
    assert kept == list(range(3, PUT_ASIDE + 3))
