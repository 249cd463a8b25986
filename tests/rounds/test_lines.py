"""What rows of a look share: sorted draws and their outputs, kept with the draws and no longer than they."""

from __future__ import annotations

import gc
import weakref

import numpy as np
import pytest

import limelight as ll
from limelight.rounds.lines import Lines, Range, look_of

X = np.random.default_rng(0).normal(size=(300, 3))


def explained() -> tuple[ll.Explainer, object]:
    explainer = ll.Explainer(lambda rows: rows[:, 0] * rows[:, 1], ll.Tabular(X), seed=0, n_samples=512)
    explainer.explain(X[0])
    return explainer, next(iter(explainer._context.pools.values()))


def test_what_an_explainer_has_kept_is_gone_with_it():
    """Without waiting for the collector of cycles: with a hundred columns it is hundreds of megabytes."""
    gc.collect()
    gc.disable()
    try:
        explainer, draws = explained()
        gone = weakref.ref(draws)
        del explainer, draws
        assert gone() is None
    finally:
        gc.enable()


def test_a_look_is_made_once_and_says_when_its_draws_are_gone():
    explainer, draws = explained()
    look = look_of(draws, 512, np.array([0]), explainer._context)
    assert look_of(draws, 512, np.array([0]), explainer._context) is look
    assert look.draws is draws
    del explainer, draws
    gc.collect()
    with pytest.raises(ReferenceError, match="gone"):
        _ = look.draws


def test_draws_are_sorted_by_replicate_and_those_that_are_missing_are_told():
    codes, Y = np.arange(10)[:, None], np.arange(10.0)[:, None]
    lines = Lines.of(codes, 4, Y)
    assert lines.codes[0].tolist() == [[0, 4, 8], [1, 5, 9], [2, 6, 0], [3, 7, 0]]
    assert lines.there.tolist() == [[1, 1, 1], [1, 1, 1], [1, 1, 0], [1, 1, 0]]
    assert Lines.of(codes[:8], 4, Y[:8]).there is None
    Y[1] = np.nan
    assert Lines.of(codes[:8], 4, Y[:8]).there.tolist() == [[1, 1], [0, 1], [1, 1], [1, 1]]


def test_sums_of_two_lots_of_draws_are_those_of_both():
    Y = np.random.default_rng(1).normal(size=(30, 2)) + 7.0
    Y[3] = np.nan
    offset = np.array([7.0, 0.0])
    both = Range.of(Y[:10], offset).with_([Range.of(Y[10:], offset), Range.of(np.full((2, 2), np.nan), offset)])
    told = Y[~np.isnan(Y[:, 0])]
    assert both.n == 29
    np.testing.assert_array_equal(both.low, told.min(axis=0))
    np.testing.assert_array_equal(both.high, told.max(axis=0))
    np.testing.assert_allclose(both.deviation, told.std(axis=0))
