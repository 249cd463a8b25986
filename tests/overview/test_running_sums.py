"""Sums of contributions, kept while explanations go by: the same as of all at once, in any units, turned or not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

import limelight as ll
from limelight.overview.columnwise import read_batches
from limelight.overview.running_sums import COUNT, MEAN, SIZE, SIZE_SQUARES, SQUARES, FeatureSums, TargetSums
from made_up import explanation


def summed(*parts: Sequence[ll.Explanation]) -> TargetSums:
    """The sums of explanations of one target that go by in parts."""
    sums = TargetSums()
    for part in parts:
        for batch in read_batches(list(part)):
            sums.add(batch, np.arange(len(batch.owners)))
    return sums


def of(sums: TargetSums, key: str) -> np.ndarray:
    return sums.sums.numbers[:, sums.sums.keys[key]]


def many(scale: float = 1.0) -> list[ll.Explanation]:
    rng = np.random.default_rng(3)
    return [explanation({name: scale * float(rng.normal(1.0)) for name in "abc"[: 1 + i % 3]}) for i in range(30)]


def test_mean_and_squares_by_hand() -> None:
    found = summed([explanation({"a": 1.0}), explanation({"a": -3.0}), explanation({"b": 5.0})])
    unit = found.unit
    a = of(found, "a")
    assert (found.n, a[COUNT]) == (3, 2.0)
    assert a[MEAN] * unit == pytest.approx(-1.0)
    assert a[SQUARES] * unit**2 == pytest.approx(8.0)  # 2² + 2²
    assert a[SIZE] * unit == pytest.approx(2.0)
    assert a[SIZE_SQUARES] * unit**2 == pytest.approx(2.0)  # of 1 and 3 about 2


@pytest.mark.parametrize("cut", [1, 7, 29])
def test_in_parts_is_all_at_once(cut: int) -> None:
    whole, parts = summed(many()), summed(many()[:cut], many()[cut:])
    assert parts.n == whole.n
    for key in "abc":
        scaled = [of(each, key) * np.array([1, u := each.unit, u * u, u, u * u, u, u * u]) for each in (whole, parts)]
        np.testing.assert_allclose(scaled[0], scaled[1], rtol=1e-12)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_squares_do_not_leave_the_range_of_numbers(scale: float) -> None:
    small, usual = summed(many(scale)), summed(many())
    for key in "abc":
        ratio = small.unit / usual.unit / scale
        assert of(small, key)[SQUARES] * ratio**2 == pytest.approx(of(usual, key)[SQUARES])


def test_what_is_for_one_of_two_classes_is_against_the_other() -> None:
    one, turned = summed(many()), TargetSums()
    turned.add_turned(one)
    assert turned.n == one.n
    for key in "abc":
        assert of(turned, key)[MEAN] == -of(one, key)[MEAN]
        assert of(turned, key)[[COUNT, SQUARES, SIZE, SIZE_SQUARES]].tolist() == (
            of(one, key)[[COUNT, SQUARES, SIZE, SIZE_SQUARES]].tolist()
        )
    both = summed(many())
    both.add_turned(summed([explanation({"a": 100.0})]))
    plain = summed([*many(), explanation({"a": -100.0})])
    assert of(both, "a")[MEAN] * both.unit == pytest.approx(of(plain, "a")[MEAN] * plain.unit)
    assert of(both, "a")[SQUARES] * both.unit**2 == pytest.approx(of(plain, "a")[SQUARES] * plain.unit**2)


def test_columns_grow_as_features_are_met() -> None:
    sums = FeatureSums()
    assert sums.codes(["x", "y"]).tolist() == [0, 1]
    assert sums.codes(["z", "x"]).tolist() == [2, 0]
    assert sums.numbers.shape == (7, 3)
    assert not sums.numbers.any()
