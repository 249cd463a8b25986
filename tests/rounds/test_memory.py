"""What is remembered of rows: the very object, the last ones asked for, and never more than the bound."""

from __future__ import annotations

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
