"""Many values: arrays have the shape that is expected, records the names that they have, and places are told."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

import numpy as np
import pytest

from limelight.errors import InputError
from limelight.result.codecs import Number, Sizes, String, Whole
from limelight.result.compound_codecs import Array, Grid, Indices, Pair, Record, Several

SIZES = Sizes(k=2, d=3)


def through(codec, value):
    return codec.read(json.loads(json.dumps(codec.write(value), allow_nan=False)), "here", SIZES)


def test_arrays_come_back_with_their_gaps_and_their_type():
    values = np.array([[1.0, math.nan, math.inf], [0.0, -math.inf, 2.5]])
    np.testing.assert_array_equal(through(Array("kd", gaps=True), values), values)
    assert through(Array("n", dtype=np.int64), np.array([1, 2, 3, 4])).dtype == np.int64
    assert through(Array("kn"), np.empty((2, 0))).shape == (2, 0)


@pytest.mark.parametrize(
    ("codec", "value"),
    [
        (Array("kd"), [[1, 2], [3, 4]]),
        (Array("d"), [1, None, 2]),
        (Array("d"), [1, [2], 3]),
        (Array("d", at_least=0.0), [1, 2, -1]),
        (Indices(), [0, 0]),
        (Indices(), [0, 3]),
        (Several(String(), "k"), ["a"]),
        (Several(String(), "≤k"), ["a", "b", "c"]),
        (Several(Whole(), 2), [1]),
        (Pair(), ["a"]),
        (Grid(), {"a": [1], "b": [1, 2]}),
    ],
)
def test_what_does_not_fit_is_refused(codec, value):
    with pytest.raises(InputError, match="here"):
        codec.read(value, "here", SIZES)


def test_lists_pairs_and_grids_come_back():
    assert through(Several(Number()), (1.0, 2.0)) == (1.0, 2.0)
    assert through(Indices(), np.array([2, 0])).tolist() == [2, 0]
    assert through(Pair(), ("a", 0.5)) == ("a", 0.5)
    assert through(Grid(), {"a": [1.0, 2.0]}) == {"a": [1.0, 2.0]}


@dataclass
class Point:
    x: float
    name: str = "origin"


def test_a_record_takes_its_own_names_and_says_which_it_does_not():
    codec = Record(Point, {"x": Number(), "name": String()})
    assert through(codec, Point(1.0, "a")) == Point(1.0, "a")
    assert codec.read({"x": 2}, "here", SIZES) == Point(2.0)
    for wrong, named in (({"x": 1, "y": 2}, "y"), ({"name": "a"}, "x"), ({"x": "a"}, r"here\.x")):
        with pytest.raises(InputError, match=named):
            codec.read(wrong, "here", SIZES)
