"""Columns of a block give back every bit, in as few bytes as their content allows."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from limelight.result.columns import Numbers, Strings, cut, pack, starts_of


def bits(numbers: np.ndarray) -> list[int]:
    return numbers.view(np.int64).tolist()


@given(arrays(np.float64, st.integers(0, 40), elements=st.floats(width=64)))
def test_floats_come_back_to_the_bit_whatever_they_are(numbers: np.ndarray) -> None:
    assert bits(pack(numbers).unpack()) == bits(numbers)


@given(arrays(np.int64, st.integers(0, 40), elements=st.integers(-(2**63), 2**63 - 1)))
def test_integers_come_back_whatever_their_size(numbers: np.ndarray) -> None:
    found = pack(numbers).unpack()
    assert found.dtype == np.int64
    assert found.tolist() == numbers.tolist()


def test_nan_zero_and_minus_zero_are_three_numbers() -> None:
    numbers = np.array([np.nan, 0.0, -0.0] * 50)
    packed = pack(numbers)
    assert len(packed.values) == 3
    assert packed.codes is not None
    assert packed.codes.dtype == np.uint8
    assert bits(packed.unpack()) == bits(numbers)


def test_what_never_changes_is_kept_once() -> None:
    assert pack(np.full(1000, np.pi)).values.nbytes == 8
    assert pack(np.full(1000, np.nan)).values.nbytes == 8


def test_floats_are_halved_only_where_no_bit_is_lost() -> None:
    halves = np.arange(300) / 4
    assert pack(halves).values.dtype == np.float32
    assert pack(halves + 1e-12).values.dtype == np.float64
    assert pack(np.geomspace(1e-300, 1e300, 400)).values.dtype == np.float64


@pytest.mark.parametrize(("most", "kind"), [(255, "uint8"), (256, "uint16"), (-1, "int8"), (-200, "int16")])
def test_integers_take_the_smallest_type_that_holds_them(most: int, kind: str) -> None:
    assert pack(np.array([0, most])).values.dtype == kind


def test_what_is_packed_does_not_change_with_what_it_was_packed_from() -> None:
    numbers = np.array([1.0, np.pi])
    packed = pack(numbers)
    numbers[:] = 0.0
    assert packed.unpack().tolist() == [1.0, np.pi]


def test_rows_of_numbers_are_taken_apart_where_they_were_joined() -> None:
    opened = Numbers.of([2, 0, 1], np.array([0.5, 1.5, np.nan])).open()
    assert opened.at(0).tolist() == [0.5, 1.5]
    assert len(opened.at(1)) == 0
    assert np.isnan(opened.at(2)).all()
    assert Numbers.of([1, 2], np.array([7, 8, 9])).open().at(1) == [8, 9]


@given(st.lists(st.lists(st.text(st.characters(), max_size=5), max_size=4), max_size=6))
def test_strings_come_back_whatever_they_hold(rows: list[list[str]]) -> None:
    opened = Strings.of([len(row) for row in rows], [each for row in rows for each in row]).open()
    assert [list(opened.at(i)) for i in range(len(rows))] == rows


def test_half_of_a_surrogate_pair_is_a_string_too() -> None:
    assert Strings.of([2], ["\ud83d", "ok"]).open().at(0) == ["\ud83d", "ok"]


def test_pieces_that_do_not_fit_are_no_pieces() -> None:
    with pytest.raises(ValueError, match="pieces of 3 entries in all, and 4 entries"):
        cut("abcd", [1, 2])
    assert starts_of(pack(np.array([2, 0, 3]))) == [0, 2, 2, 5]
