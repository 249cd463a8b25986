"""A text cut where its features begin and end: nothing is lost, nothing twice, and far stretches fold."""

from __future__ import annotations

import re

import samples
from hypothesis import given
from hypothesis import strategies as st

from limelight.contracts import Feature, Where
from limelight.result.layouts import text_fields, text_layout
from limelight.views import facts
from limelight.views.passage import LONG, MARGIN, passage, pieces


def marked(text: str, *spans: tuple[int, int]):
    features = [Feature(f"f{i}", Where("word", i, (span,))) for i, span in enumerate(spans)]
    return samples.explanation(features, [[0.1] * len(spans)], layout=text_layout(text))


@given(st.text(min_size=1, max_size=40), st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), min_size=1))
def test_the_pieces_in_order_are_the_text_and_no_letter_has_two_owners(text: str, spans: list[tuple[int, int]]) -> None:
    told = marked(text, *spans)
    (field,) = text_fields(told.layout)
    found = list(pieces(told, field))
    assert "".join(piece for piece, _ in found) == text
    assert all(piece for piece, _ in found)
    for piece, owner in found:
        if owner is not None:
            start, stop = spans[owner]
            assert piece == text[start:stop]


def test_where_two_features_overlap_the_first_has_the_text() -> None:
    told = marked("abcdef", (0, 3), (2, 5))
    (field,) = text_fields(told.layout)
    assert list(pieces(told, field)) == [("abc", 0), ("def", None)]


def test_places_count_from_the_start_of_all_fields_and_stay_inside_their_own() -> None:
    told = samples.explanation(
        [Feature("a", Where("word", "a", ((1, 2), (4, 6))))], [[0.1]], layout=text_layout({"one": "abc", "two": "defg"})
    )
    first, second = text_fields(told.layout)
    assert list(pieces(told, first)) == [("a", None), ("b", 0), ("c", None)]
    assert list(pieces(told, second)) == [("d", None), ("ef", 0), ("g", None)]


def test_a_short_text_is_whole_and_of_a_long_one_what_is_far_from_any_mark_folds() -> None:
    short = marked("a" * LONG, (0, 1))
    assert "gap" not in passage(short, facts.target_facts(short))
    words = "word " * 400
    told = marked(words, (0, 4), (1000, 1004))
    page = passage(told, facts.target_facts(told))
    gaps = [int(n.replace(",", "")) for n in re.findall(r'data-n="([\d,]+)"', page)]
    assert len(gaps) == 2
    # between the marks lie 996 letters, of which a margin stays on either side, to the end of a word
    assert abs(gaps[0] - (996 - 2 * MARGIN)) <= len("word ")
    assert re.sub(r"<[^>]*>", "", page) == words


def test_a_mark_says_sign_doubt_and_strength() -> None:
    told = samples.explanation(
        [Feature("a", Where("word", "a", ((0, 1),))), Feature("b", Where("word", "b", ((2, 3),)))],
        [[0.4, -0.1]],
        stderr=[[0.01, 0.2]],
        layout=text_layout("a b c"),
    )
    page = passage(told, facts.target_facts(told))
    assert '<mark data-f="0" class="pos" style="--s:1.0">a</mark>' in page
    assert '<mark data-f="1" class="neg maybe" style="--s:0.25">b</mark>' in page


def test_a_text_without_marks_shows_how_it_begins_and_no_word_is_cut() -> None:
    told = marked("word " * 400, (0, 4))
    unmarked = facts.TargetFacts(0, "y", 0, 0, 0, 1, 0, 1, (), 0, True)
    page = passage(told, unmarked)
    ((before, gap),) = re.findall(r"^(.*?)<span class=.gap.[^>]*>(.*)</span>", page, re.S)
    shown = re.sub(r"<[^>]*>", "", before)
    assert LONG <= len(shown) <= LONG + len("word ")
    assert shown.endswith("word")
    assert gap.startswith(" word")
