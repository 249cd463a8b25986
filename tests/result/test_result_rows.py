"""One row of a block: what is asked of it without making an explanation is what the explanation would say."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from limelight.errors import InputError
from limelight.result import rows
from limelight.result.block import OPTIONAL, Interner, Writer
from limelight.result.explanation import Explanation
from limelight.result.open_block import OpenBlock
from many_explanations import of_a_table, of_texts, of_two_outputs


def blocked(explanations: list[Explanation]) -> OpenBlock:
    return Writer(explanations, Interner()).block().open()


@pytest.fixture(scope="module", params=[of_a_table, of_two_outputs, of_texts])
def pair(request: pytest.FixtureRequest) -> tuple[list[Explanation], OpenBlock]:
    kept = list(request.param())[:12]
    return kept, blocked(kept)


def test_a_row_made_again_is_the_explanation_that_it_was(pair: tuple[list[Explanation], OpenBlock]) -> None:
    kept, block = pair
    for row, explanation in enumerate(kept):
        assert rows.restore(block, row).to_json() == explanation.to_json()


def test_contributions_are_read_without_making_an_explanation(pair: tuple[list[Explanation], OpenBlock]) -> None:
    kept, block = pair
    for row, explanation in enumerate(kept):
        assert rows.compared(block, row) == explanation.compared
        for target in range(len(explanation.targets)):
            np.testing.assert_array_equal(rows.contributions(block, row, target), explanation.contributions[target])


def test_a_feature_is_shown_by_its_name_or_its_column_for_the_target_that_shows_it(
    pair: tuple[list[Explanation], OpenBlock],
) -> None:
    kept, block = pair
    for row, explanation in enumerate(kept):
        for j, feature in enumerate(explanation.features):
            shown = [j in chosen for chosen in explanation.selected]
            for key in (feature.name, feature.where.key):
                assert rows.shows(block, row, key, None) == any(shown)
                for target, is_shown in enumerate(shown):
                    assert rows.shows(block, row, key, target) == is_shown
                    assert rows.shows(block, row, key, explanation.targets[target]) == is_shown
        assert not rows.shows(block, row, "no such feature", None)


def test_the_order_of_the_first_two_is_open_where_the_first_cut_is_not_after_one() -> None:
    kept = list(of_a_table())[:20]
    said = rows.first_is_open(blocked(kept), np.arange(20), np.zeros(20, np.int64))
    for is_open, explanation in zip(said.tolist(), kept, strict=True):
        ranking = explanation.rankings[0]
        group = ranking.cuts[0] if ranking.cuts else len(ranking.order)
        assert is_open == (group > 1)


def test_a_target_has_a_place_by_name_and_number_and_the_first_where_nothing_is_said() -> None:
    names = ["a", "b"]
    assert rows.target_position(None, names) == 0
    assert rows.target_position(None, []) is None
    assert rows.target_position("b", names) == 1
    assert rows.target_position("c", names) is None
    assert [rows.target_position(i, names) for i in (-1, 0, 1, 2)] == [None, 0, 1, None]


def test_which_fields_are_compared_is_read_off_the_bits() -> None:
    both = (1 << OPTIONAL.index("center")) | (1 << OPTIONAL.index("reference"))
    given = np.array([0, both, both | 1, 1 << OPTIONAL.index("center"), 1 << OPTIONAL.index("reference")])
    assert rows.are_compared(given).tolist() == [False, True, True, False, False]


def test_of_many_names_four_are_counted_and_the_rest_is() -> None:
    assert rows.counted(Counter("aaabbc")) == "a 3, b 2, c 1"
    assert (
        rows.counted(Counter({"a": 1000, "b": 4, "c": 3, "d": 2, "e": 1, "f": 1})) == "a 1,000, b 4, c 3, d 2, 2 more"
    )
    assert rows.seen([["b", "a"], ["a", "c"]]) == ["b", "a", "c"]


def test_what_is_no_explanation_is_said_by_its_place() -> None:
    first = next(iter(of_texts()))
    with pytest.raises(InputError, match="expected an Explanation at position 1, got dict"):
        list(rows.checked([first, {}]))
