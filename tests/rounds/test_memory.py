"""What is remembered of rows: the very object, those asked for again, and never more than the bound."""

from __future__ import annotations

import numpy as np
import pytest

from limelight.rounds.memory import Memory


def test_what_was_not_asked_for_longest_makes_room() -> None:
    memory: Memory[str] = Memory(30)
    for key in "abc":
        memory.keep(key, key.upper(), size=10)
    assert memory.get("a") == "A"
    memory.keep("d", "D", size=10)
    assert [memory.get(key) for key in "abcd"] == ["A", None, "C", "D"]


def test_a_thing_that_is_kept_again_counts_once() -> None:
    memory: Memory[int] = Memory(25)
    memory.keep("other", 0, size=10)
    for number in range(5):
        memory.keep("same", number, size=10)
    assert memory.get("other") == 0
    assert memory.get("same") == 4


def test_what_is_larger_than_the_bound_is_not_kept() -> None:
    memory: Memory[int] = Memory(5)
    memory.keep("large", 1, size=10)
    assert memory.get("large") is None
    memory.keep("small", 2, size=5)
    assert memory.get("small") == 2


def test_the_very_object_comes_back() -> None:
    memory: Memory[list[int]] = Memory()
    thing = [1]
    memory.keep("key", thing, size=8)
    assert memory.get("key") is thing
    assert memory.get("no key") is None


def test_what_was_asked_for_again_outlives_many_things_that_are_not() -> None:
    memory: Memory[int] = Memory(100)
    memory.keep("often", 1, size=10)
    assert memory.get("often") == 1
    for number in range(1000):
        memory.keep(number, number, size=10)
    assert memory.get("often") == 1
    assert [memory.get(number) for number in (990, 991, 999)] == [None, 991, 999]


def test_of_things_asked_for_again_the_oldest_goes_first_and_none_fills_more_than_its_share() -> None:
    memory: Memory[int] = Memory(100)
    for number in range(10):  # a hundred bytes, of which eighty may be of things asked for again
        memory.keep(number, number, size=10)
        assert memory.get(number) == number
    memory.keep("new", -1, size=10)
    assert [memory.get(number) for number in range(10)] == [None, *range(1, 10)]
    assert memory.get("new") == -1


def test_a_thing_kept_anew_after_it_was_asked_for_counts_once() -> None:
    memory: Memory[int] = Memory(20)
    for number in range(50):
        memory.keep("same", number, size=10)
        assert memory.get("same") == number
    memory.keep("other", 0, size=10)
    assert (memory.get("same"), memory.get("other")) == (49, 0)


@pytest.mark.parametrize("most", [7, 40, 95])
def test_never_more_than_the_bound(most: int) -> None:
    memory: Memory[int] = Memory(most)
    rng = np.random.default_rng(0)
    for number in range(3000):
        key = int(rng.integers(0, 12))
        if memory.get(key) is None:
            memory.keep(key, number, size=1 + key)
    held = [key for key in range(12) if memory.get(key) is not None]
    assert 0 < sum(1 + key for key in held) <= most


def test_of_things_asked_for_again_the_last_one_asked_for_stays() -> None:
    memory: Memory[str] = Memory(100)
    for key in ("first", "second"):
        memory.keep(key, key, size=40)
        assert memory.get(key) == key
    assert memory.get("first") == "first"
    memory.keep("third", "third", size=20)
    assert memory.get("third") == "third"  # one of the others has to leave those asked for again
    memory.keep("fourth", "fourth", size=20)
    assert [memory.get(key) for key in ("first", "second")] == ["first", None]
