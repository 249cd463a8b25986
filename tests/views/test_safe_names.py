"""Names and texts of somebody else: nothing hides in them, nothing reorders what follows, and nothing runs over.

The claims of `views/names.py`.
"""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limelight.views.names import shorten, visible, with_value


@given(st.text(st.characters()))
def test_no_control_and_no_override_is_left(text: str) -> None:
    shown = visible(text)
    assert not [each for each in shown if unicodedata.category(each) in ("Cc", "Cs")]
    assert not [each for each in shown if unicodedata.bidirectional(each) in ("LRE", "RLE", "LRO", "RLO", "PDF")]
    assert not [each for each in shown if unicodedata.bidirectional(each) in ("LRI", "RLI", "FSI", "PDI")]
    shown.encode("utf-8")  # a lone half of a pair could not be


@pytest.mark.parametrize(
    ("text", "name", "document"),
    [
        ("plain", "plain", "plain"),
        ("a\tb\nc", "a␉b␊c", "a\tb\nc"),
        ("a\r\nb\rc", "a␍␊b␍c", "a\nb\nc"),
        ("\x7f\x85", "␡�", "␡�"),
        ("\u202egnp.exe", "⟨U+202E⟩gnp.exe", "⟨U+202E⟩gnp.exe"),
        ("\ud800", "�", "�"),
        ("naïve שלום 😀", "naïve שלום 😀", "naïve שלום 😀"),
    ],
)
def test_a_name_shows_its_line_breaks_and_a_document_keeps_them(text: str, name: str, document: str) -> None:
    assert visible(text) == name
    assert visible(text, lines=True) == document


@given(st.text(), st.integers(1, 40))
def test_what_is_cut_keeps_both_ends(text: str, limit: int) -> None:
    cut = shorten(text, limit)
    assert len(cut) <= limit
    if len(text) <= limit:
        assert cut == text
    else:
        head, tail = cut.split("…", 1) if "…" not in text else (cut[: limit // 2], cut[limit // 2 + 1 :])
        assert text.startswith(head)
        assert text.endswith(tail)


def test_a_value_stands_behind_a_name_that_does_not_say_it() -> None:
    assert with_value("age > 37", "41") == "age > 37 (41)"
    assert with_value("sex = Male", "Male") == "sex = Male"
    assert with_value("word", "") == "word"
