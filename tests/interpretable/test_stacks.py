"""What a volume is, where its channels are, and what its hidden voxels show."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import limelight as ll
from limelight.interpretable.stacks import fill_volume, read_stack

HALVES = np.array([[[0, 0, 1, 1]]])


@pytest.mark.parametrize(
    ("shape", "channels", "axis"),
    [
        ((5, 6, 7), "auto", None),
        ((5, 6, 7, 3), "auto", 3),
        ((3, 5, 6, 7), "auto", 0),
        ((5, 6, 7, 8), "last", 3),
        ((5, 6, 7, 8), "first", 0),
    ],
)
def test_channels_are_found_where_they_are(shape: Any, channels: Any, axis: Any) -> None:
    stack = read_stack(np.zeros(shape), channels)
    assert stack.axis == axis
    assert stack.notes == ()
    assert stack.laid_out(stack.planes).shape == shape


def test_a_shape_that_may_mean_two_things_is_said() -> None:
    assert "read with its channels last" in read_stack(np.zeros((4, 6, 7, 3))).notes[0]


def test_the_array_may_be_refilled() -> None:
    given = np.ones((2, 2, 2))
    stack = read_stack(given)
    given[:] = 5
    assert (stack.values == 1).all()


@pytest.mark.parametrize(
    ("instance", "said"),
    [
        (np.zeros((4, 4)), "one image is explained by ll.Image"),
        (np.zeros((1, 2, 3, 4, 5)), "expected a volume"),
        (np.zeros((0, 2, 2)), "expected a volume"),
        (np.full((2, 2, 2), "a"), "expected voxels as numbers"),
        (np.zeros((5, 6, 7, 8)), "say where they are by channels="),
        (np.ma.masked_equal(np.zeros((2, 2, 2)), 0), "without masked pixels"),
        ([[[1, 2]], [[3]]], "expected numbers in rows of equal length, got a list of unequal ones"),
    ],
)
def test_what_is_no_volume_is_refused(instance: Any, said: str) -> None:
    with pytest.raises(ll.InputError, match=said):
        read_stack(instance)


def test_fills_are_what_they_say() -> None:
    stack = read_stack(np.array([[[1.0, 3.0, np.nan, 8.0]]]))
    assert fill_volume("mean", stack, HALVES).ravel().tolist() == [2, 2, 8, 8]
    assert fill_volume(7, stack, HALVES).ravel().tolist() == [7] * 4
    assert fill_volume(np.array([[[4.0, 3, 2, 1]]]), stack, HALVES).ravel().tolist() == [4, 3, 2, 1]
    assert fill_volume(lambda planes, labels: labels[..., None] * 2.0, stack, HALVES).ravel().tolist() == [0, 0, 2, 2]
    blurred = fill_volume("blur", read_stack(np.eye(9)[None] * 9), np.zeros((1, 9, 9), int))
    assert 0 < blurred.min() < blurred.max() < 5
    first = read_stack(np.zeros((3, 1, 1, 4)), "first")
    assert fill_volume([1, 2, 3], first, HALVES)[0, 0, 0].tolist() == [1, 2, 3]
    assert fill_volume(np.ones((3, 1, 1, 4)), first, HALVES).shape == (1, 1, 4, 3)


@pytest.mark.parametrize(
    ("fill", "said"),
    [
        (-2000.0, None),
        (40_000, "expected numbers from -32768 to 32767"),
        (np.nan, "expected numbers from"),
        ([1, 2], "expected a number, 1 numbers, or a volume of shape"),
        (np.zeros((2, 2, 2)), "crop or resample"),
        ([["a"]], "fill: expected numbers"),
    ],
)
def test_fills_that_do_not_fit_are_refused(fill: Any, said: str | None) -> None:
    stack = read_stack(np.zeros((1, 1, 4), np.int16))
    if said is None:
        assert (fill_volume(fill, stack, HALVES) == -2000).all()
        return
    with pytest.raises(ll.InputError, match=said):
        fill_volume(fill, stack, HALVES)
