"""Rows looked at together: the weights of each are those of a slow loop over its own draws, to the last bit alone."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

import limelight as ll
from limelight.local.proximity import proximity_to
from limelight.rounds.encoded import ABSENT_WEIGHT
from limelight.rounds.instance import OpenInstance
from limelight.rounds.lines import look_of
from limelight.rounds.stack import Stack, _design, aligned, stack_of

X = np.random.default_rng(0).normal(size=(400, 3))
WIDTH = 1.3


def opened(explainer: ll.Explainer, rows: list[int]) -> list[OpenInstance]:
    found = []
    for row in rows:
        one = OpenInstance(X[row], explainer._context)
        one.meet(np.array([float(X[row, 0])]))
        found.append(one)
    return found


@pytest.fixture(scope="module")
def explainer() -> ll.Explainer:
    made = ll.Explainer(lambda X: np.asarray(X)[:, 0] ** 2, ll.Tabular(X), seed=0)
    made.explain(X[0])
    return made


def stacked(explainer: ll.Explainer, rows: list[int]) -> Stack:
    many = opened(explainer, rows)
    return stack_of(look_of(many[0].source.draws, many[0].n, many[0].targets, many[0].context), many, WIDTH)  # type: ignore[union-attr]


def test_a_rows_weights_are_the_proximity_of_its_encoded_draws(explainer: ll.Explainer) -> None:
    stack = stacked(explainer, [3, 5])
    codes = stack.look.shared.lines.codes  # (c, R, m)
    for row in range(2):
        Z = (codes == stack.own[row][:, None, None].astype(codes.dtype)).astype(np.uint8)
        slow = proximity_to(Z.reshape(3, -1).T, np.ones(3), distance="euclidean", width=WIDTH, kernel="exponential")
        there = stack.look.shared.lines.there
        expected = slow.reshape(codes.shape[1:]) * (1.0 if there is None else there)
        np.testing.assert_array_equal(stack.shared_weights[row], expected)
        total, squares = expected.sum(), np.square(expected).sum()
        assert stack.effective[row] == pytest.approx(total**2 / squares)


def test_no_bit_depends_on_who_stands_beside(explainer: ll.Explainer) -> None:
    alone, among = stacked(explainer, [5]), stacked(explainer, [9, 5, 3, 2])
    np.testing.assert_array_equal(alone.weights[0], among.weights[1])
    (mine, _), (theirs, _) = alone.fits(), among.fits()
    np.testing.assert_array_equal(mine.coef[0], theirs.coef[1])
    np.testing.assert_array_equal(mine.stderr[0], theirs.stderr[1])


def test_some_rows_of_a_stack_are_those_rows_and_cannot_be_fitted_again(explainer: ll.Explainer) -> None:
    stack = stacked(explainer, [9, 5, 3])
    some = stack.take([2, 0])
    np.testing.assert_array_equal(some.own, stack.own[[2, 0]])
    assert some.sources == (stack.sources[2], stack.sources[0])
    np.testing.assert_array_equal(some.weights[0], stack.weights[2])
    with pytest.raises(ValueError, match="have not been fitted"):
        some.fits()


@pytest.mark.parametrize("shape", [(3,), (2, 5), (1, 7, 3)])
@pytest.mark.parametrize("dtype", [np.float64, np.uint8, np.bool_])
def test_memory_begins_on_a_line_of_the_cache(shape: tuple[int, ...], dtype: type) -> None:
    found = aligned(shape, dtype)
    assert found.shape == shape
    assert found.dtype == dtype
    assert found.__array_interface__["data"][0] % 64 == 0


def test_a_draw_weighs_one_over_the_density_of_the_mixture_that_it_came_from() -> None:
    # one replicate: three shared draws, two made with a rare bin of share .1, one with a value of none
    rare = SimpleNamespace(n=20, share=0.1, held=SimpleNamespace(how="in", coordinate=0))
    alien = SimpleNamespace(n=5, share=0.0, held=SimpleNamespace(how="value", coordinate=1))
    blocks = [SimpleNamespace(lines=SimpleNamespace(codes=np.zeros((2, 1, m)))) for m in (3, 2, 1)]
    Z = np.array([[[1, 0, 0, 1, 1, 0]], [[0, 0, 0, 0, 0, 1]]], dtype=bool)
    design = _design(100, cast(Any, blocks), cast(Any, [rare, alien]), Z)
    inside, outside = 1 / (100 + 20 / 0.1), 1 / 100
    np.testing.assert_allclose(design, [[inside, outside, outside, inside, inside, ABSENT_WEIGHT / 5]])
    # what lies outside of a bin is made in the same way
    rare.held.how = "out"
    swapped = _design(100, cast(Any, blocks), cast(Any, [rare, alien]), Z)
    np.testing.assert_allclose(swapped[0, :3], [outside, inside, inside])
