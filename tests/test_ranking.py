"""What is certain about an order, as groups and in words."""

from __future__ import annotations

import numpy as np
import pytest

from limelight.ranking import Ranking

NAMES = ("age", "income", "town", "job")


def ranking(certified: int, cuts: tuple[int, ...], contender: int = -1, doubt: float = 0.0) -> Ranking:
    return Ranking(np.array([2, 0, 1]), certified, cuts, contender, doubt)


@pytest.mark.parametrize(
    ("cuts", "groups"),
    [((), ((2, 0, 1),)), ((1,), ((2,), (0, 1))), ((2,), ((2, 0), (1,))), ((1, 2), ((2,), (0,), (1,)))],
)
def test_the_order_is_certain_between_groups_and_open_inside_them(
    cuts: tuple[int, ...], groups: tuple[tuple[int, ...], ...]
) -> None:
    found = ranking(3, cuts)
    assert found.groups == groups
    open_groups = [group for group in groups if len(group) > 1]
    assert len(found.sentences(NAMES)) == 1 + len(open_groups)


def test_a_group_of_three_is_named_whole() -> None:
    assert ranking(3, ()).sentences(NAMES)[1] == "The order among “town”, “age” and “income” is open."


def test_the_set_is_settled_where_all_that_is_shown_is_certain() -> None:
    assert ranking(3, (1, 2)).settled
    assert not ranking(2, (1, 2)).settled


def test_who_might_belong_among_the_shown_is_said_with_its_probability() -> None:
    assert ranking(2, (), 3, 0.314).statement(NAMES) == ("3 shown; “job” might belong among them (probability 0.31).")
    for unlikely in (ranking(3, (), 3, 0.004), ranking(3, ())):
        assert unlikely.statement(NAMES) == "3 shown; no other feature is likely to belong among them."


def test_nothing_shown_is_no_order() -> None:
    nothing = Ranking(np.empty(0, np.int64), 0, (), -1, 0.0)
    assert nothing.groups == ()
    assert nothing.settled
    assert nothing.sentences(NAMES) == ("No feature was seen to move it.",)
