"""Nothing that somebody else wrote becomes markup, whatever it is."""

from __future__ import annotations

import html
import json
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from limelight.views import markup
from limelight.views.facts import Numbers, visible

ANYTHING = st.text(st.characters(), max_size=300) | st.sampled_from(
    ["</script><script>alert(1)</script>", '" onload="x', "'><img src=x>", "<!--", "]]>", "&lt;", "\u202eabc", "\x00"]
)


class Read(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, list[tuple[str, str | None]]]] = []
        self.said = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, attrs))

    def handle_data(self, data: str) -> None:
        self.said += data


def read(written: str) -> Read:
    reader = Read()
    reader.feed(written)
    reader.close()
    return reader


@given(ANYTHING)
def test_text_stays_text_in_an_element_and_in_an_attribute(value: str) -> None:
    found = read(f'<p title="{markup.text(value)}">{markup.text(value)}</p>')
    assert [tag for tag, _ in found.tags] == ["p"]
    assert [name for name, _ in found.tags[0][1]] == ["title"]
    assert html.unescape(markup.text(value)) == visible(value)


@given(ANYTHING)
def test_a_name_is_one_element_set_apart_however_long_it_is(value: str) -> None:
    found = read(markup.name(value))
    assert [tag for tag, _ in found.tags] == ["bdi"]
    assert len(found.said) <= markup.NAME_LIMIT + 1


def test_a_long_name_keeps_its_beginning_its_end_and_itself_in_the_title() -> None:
    value = "first " + "x" * 400 + " last"
    found = read(markup.name(value))
    assert found.tags[0][1] == [("title", value)]
    assert found.said.startswith("first")
    assert found.said.endswith("last")


@given(st.recursive(ANYTHING | st.none() | st.integers(), lambda inner: st.dictionaries(ANYTHING, inner, max_size=3)))
def test_an_island_cannot_be_left_and_says_what_was_put_on_it(value: object) -> None:
    written = markup.island(value)
    assert not set("<>&") & set(written)
    assert json.loads(written) == value


def test_a_number_is_shown_short_and_kept_whole() -> None:
    found = read(markup.number(0.1 + 0.2, Numbers.fitting([0.3]), "weight", signed=True))
    assert dict(found.tags[0][1]) == {"class": "weight", "value": "0.30000000000000004"}
    assert found.said.startswith("+0.3")


@pytest.mark.parametrize(
    ("first", "last", "style"),
    [
        (0.0, 1.0, "left:50.00%;width:25.00%"),
        (1.0, 0.0, "left:50.00%;width:25.00%"),
        (2.0, 2.0, "left:100.00%;width:0.00%"),
    ],
)
def test_a_stretch_lies_where_its_ends_do_whichever_comes_first(first: float, last: float, style: str) -> None:
    assert markup.place(first, last, -2.0, 2.0) == style


def test_where_everything_lies_at_one_place_nothing_is_divided_by_zero() -> None:
    assert markup.place(3.0, 3.0, 3.0, 3.0) == "left:0.00%;width:0.00%"
    assert markup.strength(0.0, 0.0) == 0.0


def test_strength_and_sign() -> None:
    assert [markup.strength(weight, 4.0) for weight in (-4.0, 1.0, 0.01)] == [1.0, 0.25, 0.0]
    assert [markup.sign(weight) for weight in (0.1, -0.1, 0.0)] == ["pos", "neg", "nil"]
