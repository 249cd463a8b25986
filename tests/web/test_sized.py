"""A body's limit is one of memory: what is allowed takes no more than is said, and a fair body of any kind is read."""

from __future__ import annotations

import json
import tracemalloc

import pytest

from limelight.errors import InputError
from limelight.web.answering import read
from limelight.web.sized import LIMIT, LIST, OBJECT, TEXT, check_size

SIZE = 10_000_000


def filled(unit: bytes) -> bytes:
    return b"[" + unit * ((SIZE - 3) // len(unit)) + b"0]"


def peak(body: bytes) -> tuple[bool, int]:
    """Return whether a body was read, and the most memory that this took."""
    tracemalloc.start()
    try:
        read(body)
        return True, tracemalloc.get_traced_memory()[1]
    except InputError:
        return False, tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("unit", [b"[],", b"[0],", b"{},", b'{"a":0},', b'"aa",', b'"",', b"[[[]]],", b'[{"a":[]}],'])
def test_ten_megabytes_of_what_grows_are_refused_before_they_have_grown(unit: bytes) -> None:
    was_read, memory = peak(filled(unit))
    assert not was_read or memory < LIMIT
    assert memory < LIMIT


@pytest.mark.parametrize("unit", [b"0,", b"257,", b"0.1,", b"null,", b"[255,255,255],"])
def test_ten_megabytes_of_numbers_and_a_large_photo_are_read(unit: bytes) -> None:
    was_read, memory = peak(filled(unit))
    assert was_read
    assert memory < 11 * SIZE


def test_the_worst_that_is_allowed_is_the_limit_and_ten_times_the_rest() -> None:
    lists = LIMIT // LIST - 1
    body = b"[" + b"[0]," * lists + b"257," * ((SIZE - 4 * lists) // 4 - 1) + b"0]"
    was_read, memory = peak(body)
    assert was_read
    assert memory < LIMIT + 11 * (SIZE - 4 * lists)


def test_names_of_one_object_count() -> None:
    names = b",".join(b'"%d":0' % number for number in range(800_000))
    assert not peak(b"{" + names + b"}")[0]


def test_brackets_within_a_text_are_letters() -> None:
    text = '[] {} "quoted" \\ and \\" and \\\\' * 300_000
    body = json.dumps({"instances": [text]}).encode()
    assert body.count(b"[") * LIST + body.count(b"{") * OBJECT + body.count(b'"') * TEXT / 2 > LIMIT
    assert read(body) == {"instances": [text]}


def test_brackets_after_a_text_count_again() -> None:
    for text in ("\\", "\\\\", '"', '\\"', 'a"b', ""):
        start = b"[" + json.dumps(text).encode() + b","
        check_size(start + b"[]," * (LIMIT // LIST - 10) + b"0]")
        with pytest.raises(InputError, match="at most 80 MB"):
            check_size(start + b"[]," * (LIMIT // LIST + 1) + b"0]")


@pytest.mark.parametrize("body", [b"[" * SIZE, b'["' * 4_000_000, b"{" * 1000, b"[" * 5000, b'"' + b"\\" * 10_000])
def test_depth_without_end_is_refused(body: bytes) -> None:
    with pytest.raises(InputError):
        read(body)
