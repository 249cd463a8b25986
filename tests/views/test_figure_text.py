"""A text in a figure: its words in order, each with its owner, and as many lines as there is room for."""

from __future__ import annotations

import pytest
import samples

from limelight.result.layouts import text_layout
from limelight.views.figure_text import LINE, MOST_LINES, _tokens, _words, drawable, fonts, text_height, text_lines

pytest.importorskip("matplotlib")


@pytest.mark.parametrize("line", ["", "a", "a b", " a  b ", "ab\tcd e"])
def test_words_with_the_space_after_them_are_the_line(line: str) -> None:
    words = _words(line)
    assert "".join(words) == line
    assert all(not word[:-1].strip() or " " not in word[:-1] for word in words)


def test_tokens_in_order_are_the_text_and_know_their_owners() -> None:
    told = samples.long_text()
    tokens = _tokens(told)
    fields = told.layout["fields"]
    assert "".join(token for token, _ in tokens).split() == " ".join(field["text"] for field in fields).split()
    owned = {token.strip() for token, owner in tokens if owner is not None}
    assert {"free", "prize", "won"} <= owned
    for token, owner in tokens:
        if owner is not None:
            assert token.lower() == told.features[owner].name


def test_a_text_takes_a_line_for_88_letters_and_no_more_lines_than_there_are() -> None:
    assert text_lines(text_layout("a" * 87)) == 1
    assert text_lines(text_layout("a" * 88)) == 2
    assert text_lines(text_layout("a\n" * 5)) == 5
    assert text_lines(text_layout("")) == 1
    assert text_lines(text_layout("a\n" * 50)) == MOST_LINES
    assert text_height(text_layout("a\nb")) == pytest.approx(2 * LINE + 0.35)


def test_latin_letters_need_no_other_font_and_joiners_are_not_drawn() -> None:
    assert fonts("déjà vu") is None
    found = fonts("映画")
    assert found is not None
    assert found[:1] in (["DejaVu Sans"], [])
    assert drawable("déjà vu") == "déjà vu"
    assert "\u200d" not in drawable("👩\u200d👧")
    assert "\ufe0f" not in drawable("❤\ufe0f映")
