"""Which outputs a view shows, worked by hand."""

from __future__ import annotations

import samples

from limelight.contracts import Feature, Where
from limelight.result.explanation import Explanation
from limelight.views.targets import MOST_TARGETS, default_target, left_out, shown_targets


def of_outputs(count: int, **given: object) -> Explanation:
    """One feature and so many outputs, of which the last is the largest."""
    names = [f"class {i}" for i in range(count)]
    feature = Feature("a", Where("part", 0))
    return samples.explanation([feature], [[0.1 * i] for i in range(count)], targets=names, **given)  # type: ignore[arg-type]


def test_two_more_than_the_limit_are_all_shown_and_of_three_more_the_largest_ten() -> None:
    few = of_outputs(MOST_TARGETS + 2)
    assert shown_targets(few) == tuple(range(12))
    assert left_out(few) == ""
    many = of_outputs(MOST_TARGETS + 3)
    assert shown_targets(many) == (12, 11, 10, 9, 8, 7, 6, 5, 4, 3)
    assert left_out(many).startswith("The 10 largest of 13 explained outputs are shown;")


def test_what_the_model_said_is_drawn_and_else_the_first() -> None:
    assert default_target(of_outputs(3, outputs=[("class 2", 0.7), ("class 0", 0.3)])) == 2
    assert default_target(of_outputs(3, outputs=[("a class that is not explained", 0.9)])) == 0
