"""What is sent is JSON to the letter, or refused with the reason; what comes back torn is known as torn."""

from __future__ import annotations

import datetime
import json
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.remote.wire import Body, Received, TornError


@pytest.mark.parametrize(
    ("value", "want"),
    [
        ({"x": np.array([0.1, 1 / 3])}, {"x": [0.1, 1 / 3]}),
        ([np.float64(0.1), np.int64(2**62), np.bool_(True)], [0.1, 2**62, True]),
        (datetime.date(2024, 2, 29), "2024-02-29"),
        ("naïve 🙂", "naïve 🙂"),
        (None, None),
    ],
)
def test_every_bit_arrives(value: Any, want: Any) -> None:
    assert json.loads(Body.of(value).content) == want


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ([float("nan")], "JSON has no NaN or infinity"),
        ([np.inf], "JSON has no NaN or infinity"),
        ([Decimal("1.10")], r"got Decimal\('1.10'\) of type Decimal; convert the column"),
        ([b"bytes"], "of type bytes"),
        ([1j], "of type complex"),
        (["\ud83d"], "half of a character"),
    ],
)
def test_what_json_cannot_say_is_refused_before_anything_is_sent(value: Any, said: str) -> None:
    with pytest.raises(ll.InputError, match=said):
        Body.of(value)


def test_a_body_that_was_cut_off_is_torn() -> None:
    with pytest.raises(TornError, match="5 bytes that are no JSON"):
        Received(200, {}, b'{"a":').json()
    with pytest.raises(TornError):
        Received(200, {}, b"\xff\xfe").json()
    assert Received(200, {}, b'{"a":1}').json() == {"a": 1}
