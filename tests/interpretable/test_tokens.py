"""Tokens are spans of the text that a person reads as one, in every script, however they are found."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limelight.errors import InputError, UnknownNameError
from limelight.interpretable import tokens as cut
from limelight.interpretable.tokens import KINDS, check_tokens, find_spans


def tokens(text: str, how: object = "words") -> list[str]:
    return [text[start:stop] for start, stop in find_spans(text, how)]


# -- words ------------------------------------------------------------------------------------------------------------

FAMILY, THUMB, FLAG, KEYCAP = "👨‍👩‍👧", "👍🏽", "🇩🇪", "1️⃣"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I don't, I won’t!", ["I", "don't", "I", "won’t"]),
        ("well-known (e.g. U.S.A.)", ["well", "known", "e.g", "U.S.A"]),
        ("3.14 1,000 3pm 2x4 a_b __init__ ___", ["3.14", "1,000", "3pm", "2x4", "a_b", "__init__"]),
        ("rock 'n' roll: 'tis", ["rock", "n", "roll", "tis"]),
        ("NNTP-Posting-Host: a@b.edu", ["NNTP", "Posting", "Host", "a", "b.edu"]),
        ("nai\u0308ve cafe\u0301", ["nai\u0308ve", "cafe\u0301"]),
        (f"so {THUMB}{FAMILY}{FLAG}{FLAG} {KEYCAP} ❤️", ["so", THUMB, FAMILY, FLAG, FLAG, KEYCAP, "❤️"]),
        ("我爱北京 OK", ["我", "爱", "北", "京", "OK"]),
        ("すもも カタカナ・テスト", ["す", "も", "も", "カタカナ", "テスト"]),
        ("이 영화 좋아요", ["이", "영화", "좋아요"]),
        ("ที่นี่ดี", ["ที่", "นี่", "ดี"]),
        ("नमस्ते दुनिया", ["नमस्ते", "दुनिया"]),
        ("مَرحَبًا بالعالم؟", ["مَرحَبًا", "بالعالم"]),
        ('צה"ל שלום', ['צה"ל', "שלום"]),
        ("…—!? $ + «»", []),
        ("", []),
    ],
)
def test_words_follow_the_default_word_boundaries(text: str, expected: list[str]) -> None:
    assert tokens(text) == expected


def test_a_zero_width_space_ends_a_word_and_a_joiner_does_not() -> None:
    assert tokens("ab\u200bcd e\u200df") == ["ab", "cd", "e\u200df"]


def test_a_lone_surrogate_is_no_word_and_breaks_none() -> None:
    assert tokens("\ud800good\udc00 bad") == ["good", "bad"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "part", ["_", "a.", "1,", "\u0301", "'", "👍", "_a", "!", ".)", "ab '", "\n ", "A. ", "Dr.\n", "_\u0301", "\u200d_"]
)
def test_long_runs_end_in_this_life(part: str, kind: str) -> None:
    find_spans(part * 50_000, kind)  # steps that grow with the square would be billions


# -- the other kinds --------------------------------------------------------------------------------------------------


def test_characters_are_what_a_person_takes_for_one() -> None:
    assert tokens(f"e\u0301a {THUMB}{FLAG} ก็", "characters") == ["e\u0301", "a", THUMB, FLAG, "ก็"]
    assert tokens("\u1112\u1161\u11ab", "characters") == ["\u1112\u1161\u11ab"]


def test_sentences_end_where_the_next_does_not_go_on_in_lower_case() -> None:
    text = 'He said "no." Then, e.g. there, left!\n\nA title\n\n好的。「是。」 Ok'
    assert tokens(text, "sentences") == [
        'He said "no."', "Then, e.g. there, left!", "A title", "好的。", "「是。」", "Ok",
    ]  # fmt: skip


def test_lines_leave_the_white_space_around_them_out() -> None:
    assert tokens("a b\r\n\r\n  c \n\td\n", "lines") == ["a b", "c", "d"]


@given(st.text(max_size=60), st.sampled_from(KINDS))
def test_spans_are_in_order_within_the_text_and_do_not_overlap(text: str, kind: str) -> None:
    spans = find_spans(text, kind)
    ends = [0, *(end for span in spans for end in span), len(text)]
    assert ends == sorted(ends)
    assert all(start < stop and text[start:stop].strip() for start, stop in spans)


@given(st.text(max_size=60))
def test_every_letter_and_digit_is_in_a_word(text: str) -> None:
    covered = {place for start, stop in find_spans(text, "words") for place in range(start, stop)}
    assert all(place in covered for place, character in enumerate(text) if character.isalnum())


@given(st.text(max_size=60))
def test_characters_cover_all_but_white_space(text: str) -> None:
    covered = {place for start, stop in find_spans(text, "characters") for place in range(start, stop)}
    assert all(place in covered for place, character in enumerate(text) if not character.isspace())


# -- other people's tokenizers ----------------------------------------------------------------------------------------


def test_a_pattern_finds_its_matches_and_no_empty_ones() -> None:
    assert tokens("a1 b22", r"\d*") == ["1", "22"]
    assert tokens("a1 b22", re.compile("B", re.IGNORECASE)) == ["b"]


def test_strings_are_located_one_after_the_other() -> None:
    assert find_spans("to be or not to be", str.split)[-2:] == [(13, 15), (16, 18)]


def with_blanks(text: str) -> list[str]:
    return re.split("( )", text)


def test_white_space_among_the_strings_is_no_token() -> None:
    assert tokens("a b", with_blanks) == ["a", "b"]


def lower(text: str) -> list[str]:
    return text.lower().split()


def test_strings_that_are_not_in_the_text_are_named() -> None:
    with pytest.raises(InputError, match="got 'good' .number 1., which does not occur after position 1"):
        find_spans("a Good", lower)


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ([(0, 9)], "inside the text"),
        ([(-1, 2)], "inside the text"),
        ([(0, 2), (1, 3)], "do not overlap"),
        ([3], "pairs of integers"),
        ([(0, 1), "b"], "pairs of integers"),
    ],
)
def test_spans_that_do_not_fit_are_refused(answer: list[object], message: str) -> None:
    with pytest.raises(InputError, match=message):
        find_spans("abcd", lambda _: answer)


class HuggingFace:
    """Answers as `transformers` does: byte-level pieces of one emoji share its offsets, special tokens are empty."""

    def convert_ids_to_tokens(self) -> None: ...

    def __call__(self, text: str, **options: bool) -> dict[str, list[tuple[int, int]]]:
        assert options == {"return_offsets_mapping": True, "add_special_tokens": False}
        return {"offset_mapping": [(0, 0), (0, 4), (4, 5), (4, 5)]}


class Encoder:
    """Answers as `tokenizers` does."""

    def encode(self, text: str) -> SimpleNamespace:
        return SimpleNamespace(offsets=[(0, 4), (4, 5)])


@pytest.mark.parametrize("tokenizer", [HuggingFace(), Encoder()])
def test_a_tokenizer_is_asked_for_its_offsets(tokenizer: object) -> None:
    check_tokens(tokenizer)
    assert tokens("good👍", tokenizer) == ["good", "👍"]


def test_a_name_that_is_nearly_known_is_not_taken_for_a_pattern() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'words'"):
        check_tokens("word")


@pytest.mark.parametrize("wrong", ["(", 3])
def test_what_finds_no_tokens_is_refused(wrong: object) -> None:
    with pytest.raises(InputError, match="tokens: expected"):
        check_tokens(wrong)


# -- long texts -------------------------------------------------------------------------------------------------------


def test_looking_for_titles_reads_each_character_of_a_long_text_a_few_times_only(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read = []
    search = cut._TITLE.search

    class Counting:
        def search(self, text: str, start: int, stop: int) -> re.Match[str] | None:
            read.append(stop - start)
            return search(text, start, stop)

    monkeypatch.setattr(cut, "_TITLE", Counting())
    text = "J. S. Bach met Dr. Who. " * 500
    assert len(tokens(text, "sentences")) == 500
    assert sum(read) <= len(text)


def test_underscores_alone_are_no_word_with_or_without_accents() -> None:
    assert tokens("_\u0301__ a _\u0301b __") == ["a", "_\u0301b"]
