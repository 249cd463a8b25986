"""Texts some words of which are hidden, against a slow loop; and sequences that make their items when read."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from limelight.inputs import texts
from limelight.inputs.texts import MaskedTexts, Template


def template(text: str, *words: str, stand_ins: tuple[str, ...] | None = None, tidy: bool = False) -> Template:
    spans = tuple((found.start(), found.end()) for word in words for found in re.finditer(re.escape(word), text))
    return Template(text, spans, np.arange(len(spans)), len(spans), stand_ins, tidy)


def slowly(told: Template, mask: list[int]) -> str:
    """Gap, span, gap, …: the spans of features that are off left out, or what stands in for them."""
    out, at = "", 0
    for i, ((start, stop), owner) in enumerate(zip(told.spans, told.owners, strict=True)):
        out += told.text[at:start]
        if mask[owner]:
            out += told.text[start:stop]
        elif told.stand_ins:
            out += told.stand_ins[i]
        at = stop
    return out + told.text[at:]


@given(
    st.text(st.characters(codec="utf-8"), min_size=1, max_size=30),
    st.sets(st.integers(0, 30), max_size=8),
    st.booleans(),
    st.integers(0, 2**32 - 1),
)
def test_hidden_spans_are_left_out_or_stood_in_for_in_any_script(
    text: str, cuts: set[int], stands: bool, seed: int
) -> None:
    ends = sorted(min(cut, len(text)) for cut in cuts)
    spans = tuple((a, b) for a, b in zip(ends[::2], ends[1::2], strict=False) if a < b)
    rng = np.random.default_rng(seed)
    d = max(1, len(spans))
    owners = rng.integers(0, d, size=len(spans)).astype(np.intp)
    told = Template(text, spans, owners, d, tuple("…" for _ in spans) if stands else None)
    Z = rng.integers(0, 2, size=(5, d))
    assert told.render(Z) == [slowly(told, mask) for mask in Z.tolist()]
    assert told.render(np.ones((1, d), int)) == [text]
    assert "".join(told.pieces) == text


def test_many_texts_are_made_in_blocks_and_say_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    told = template("one two three four", "one", "two", "three", "four")
    Z = np.random.default_rng(0).integers(0, 2, size=(50, 4))
    whole = told.render(Z)
    monkeypatch.setattr(texts, "BLOCK_UNITS", 40)
    assert template("one two three four", "one", "two", "three", "four").render(Z) == whole


@pytest.mark.parametrize(
    ("text", "hidden", "left"),
    [
        ("no fatigue, but", "fatigue", "no, but"),
        ("fatigue is gone", "fatigue", "is gone"),
        ("all is fatigue", "fatigue", "all is"),
        ("a b c", "b", "a c"),
        ("a (b) c", "b", "a () c"),
        ("a\n\nb c", "b", "a\n\nc"),
    ],
)
def test_tidying_leaves_one_gap_and_none_at_the_ends(text: str, hidden: str, left: str) -> None:
    told = template(text, hidden, tidy=True)
    assert told.render(np.array([[0]])) == [left]
    assert told.render(np.array([[1]])) == [text]


def test_a_sequence_makes_its_items_when_they_are_read_and_slices_stay_unread() -> None:
    made: list[int] = []

    def build(columns):
        made.append(len(columns[0]))
        return [{"a": a, "b": b} for a, b in zip(*columns, strict=True)]

    first, second = template("x y", "x"), Template("z", (), np.array([], np.intp), 1)
    many = MaskedTexts((first, second), np.array([[1], [0], [1]]), ("a", "b"), build)
    assert len(many) == 3
    half = many[1:]
    assert not made
    assert isinstance(half, MaskedTexts)
    assert list(half) == [{"a": " y", "b": "z"}, {"a": "x y", "b": "z"}]
    assert many[0] == {"a": "x y", "b": "z"}
    assert made == [2, 1]
    assert len(many[np.array([2, 0])]) == 2


def test_a_field_is_found_by_its_name_and_a_text_without_one_by_none() -> None:
    first = template("x", "x")
    plain = MaskedTexts((first,), np.ones((1, 1)))
    assert plain.template(None) is first
    assert plain.template("a") is None
    named = MaskedTexts((first,), np.ones((1, 1)), ("a",), lambda columns: columns[0])
    assert named.template("a") is first
    assert named.template("b") is None
    assert named.template(None) is None
