"""One value each: what was written is read back, and what does not fit is refused with its place."""

from __future__ import annotations

import json
import math

import pytest

from limelight.errors import InputError
from limelight.result.codecs import Free, Key, Maybe, Number, Sizes, String, Truth, Whole, plain

SIZES = Sizes(k=2, d=3)


@pytest.mark.parametrize(
    ("codec", "value"),
    [
        (String(), "a"),
        (Truth(), True),
        (Whole(), 3),
        (Number(), 0.1),
        (Number(gaps=True), math.inf),
        (Key(), ("a", 1)),
        (Free(), {"seed": 0}),
        (Maybe(String()), None),
    ],
)
def test_a_value_comes_back_through_json(codec, value):
    written = json.loads(json.dumps(codec.write(value), allow_nan=False))
    assert codec.read(written, "here", SIZES) == value


def test_an_unknown_number_comes_back_unknown():
    assert math.isnan(Number(gaps=True).read(Number(gaps=True).write(math.nan), "here", SIZES))


@pytest.mark.parametrize(
    ("codec", "value"),
    [
        (String(), 1),
        (Truth(), 1),
        (Whole(), 1.5),
        (Whole(below="d"), 3),
        (Number(), None),
        (Number(), "1"),
        (Key(), {}),
    ],
)
def test_what_does_not_fit_is_refused_and_says_where(codec, value):
    with pytest.raises(InputError, match=r"here\.place"):
        codec.read(value, "here.place", SIZES)


def test_whatever_is_given_becomes_what_json_knows():
    assert json.loads(json.dumps(plain({1: (math.nan, -math.inf)}), allow_nan=False)) == {"1": [None, "-Infinity"]}
