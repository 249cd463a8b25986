"""What stands in the place of an explanation says which instance, by its number and by its name."""

from __future__ import annotations

import pytest

import limelight as ll
from limelight.result.failure import Failure


@pytest.mark.parametrize(
    ("label", "said"),
    [
        (None, "instance number 3: no answer"),
        (3, "instance number 3: no answer"),
        (4, "instance number 3 (4): no answer"),
        ("c17", "instance number 3 ('c17'): no answer"),
    ],
)
def test_a_row_is_called_what_its_frame_calls_it(label: object, said: str) -> None:
    assert str(Failure(3, label, ll.ModelCallError("no answer"))) == said
