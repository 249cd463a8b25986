"""What makes one table, and what is said where some explanations do not."""

from __future__ import annotations

from dataclasses import replace

import pytest

import limelight as ll
from limelight.result.side_by_side import Rows, check_alike, check_one_target, first_targets
from made_up import explanation
from many_explanations import of_a_table, of_rows_like_it


def rows_of(*explanations: ll.Explanation) -> Rows:
    return ll.Explanations.of(explanations)._each


def test_the_first_target_of_each_or_the_one_that_was_chosen() -> None:
    rows = rows_of(explanation({"a": [1.0, 2.0]}, targets=("up", "down")), explanation({"a": 1.0}, targets=("down",)))
    assert list(first_targets(rows, None)) == ["up", "down"]
    assert list(first_targets(rows, "down")) == ["down"]
    with pytest.raises(ll.InputError, match=r"'up' is not explained by all of these; filter\(target='up'\)"):
        first_targets(rows, "up")
    check_one_target(rows, "down")
    with pytest.raises(ll.InputError, match=r"different targets \('up', 'down'\)"):
        check_one_target(rows, None)


def test_features_are_the_same_by_what_they_are_and_not_by_their_bins() -> None:
    check_alike(rows_of(explanation({"a": 1.0}, names=["a > 1"]), explanation({"a": 2.0}, names=["a ≤ 1"])), None)
    with pytest.raises(ll.InputError, match="the features of explanation 1 are not those of the first"):
        check_alike(rows_of(explanation({"a": 1.0}), explanation({"b": 1.0})), None)


def test_parts_of_two_pictures_are_not_the_same_though_their_numbers_are() -> None:
    pictures = [explanation({0: 1.0, 1: 2.0}, kind="segment") for _ in range(2)]
    check_alike(rows_of(pictures[0]), None)
    with pytest.raises(ll.InputError, match="use to_frame"):
        check_alike(rows_of(*pictures), None)


def test_what_is_not_compared_with_anything_does_not_stand_beside_what_is() -> None:
    old = replace(explanation({"a": 1.0}), center=None, reference=None)
    check_alike(rows_of(old, old), None)
    with pytest.raises(ll.InputError, match="older version"):
        check_alike(rows_of(old, explanation({"a": 1.0})), None)


def test_nothing_is_one_table() -> None:
    check_alike(rows_of(), None)
    assert first_targets(rows_of(), "any") == {}


def test_weights_under_another_law_do_not_stand_beside_the_usual_ones() -> None:
    usual, other = of_a_table()[:2], of_rows_like_it()[:2]
    check_alike(rows_of(*usual), None)
    check_alike(rows_of(*other), None)
    with pytest.raises(ll.InputError, match="explanation 2 is under another law than the first"):
        check_alike(rows_of(*usual, *other), None)
    with pytest.raises(ll.InputError, match="make a set of"):
        _ = ll.Explanations.of([*other, *usual]).values
