"""Shared draws pickle as what the model answered, and come back to the bit."""

from __future__ import annotations

import pickle
from dataclasses import replace

import numpy as np
import pytest

from limelight.rounds.packing import PackedDraws, unpack
from limelight.rounds.shared import SharedDraws
from prepared_tables import Model, explainer, only_pool, table


def same(first: SharedDraws, second: SharedDraws) -> bool:
    """Whether draws and answers are equal to the bit."""
    pairs = [(first, second), *zip(first.held.values(), second.held.values(), strict=True)]
    arrays = all(np.array_equal(getattr(a, x), getattr(b, x)) for a, b in pairs for x in ("U", "codes", "Y"))
    return arrays and list(first.held) == list(second.held) and first.repeats == second.repeats


def test_draws_come_back_to_the_bit_from_their_answers() -> None:
    pool = only_pool(explainer().prepare())
    again = pickle.loads(pickle.dumps(pool))
    assert same(pool, again)
    assert again.codes.flags.f_contiguous


@pytest.mark.parametrize("design", ["sobol", "lhs", "plain"])
def test_every_design_comes_back(design: str) -> None:
    pool = only_pool(explainer(sampler=design).prepare(600))
    assert same(pool, pickle.loads(pickle.dumps(pool)))


def test_values_outside_the_background_come_back_as_they_were() -> None:
    ready = explainer().prepare(600)
    ready.explain({"flag": False, "kind": "new", "v": 0.0})
    pool = only_pool(ready)
    assert "value" in {which.how for which in pool.held}
    assert same(pool, pickle.loads(pickle.dumps(pool)))


def test_a_pickle_holds_hardly_more_than_the_answers() -> None:
    pool = only_pool(explainer().prepare())
    pool.fits["something"] = np.zeros(10**6)
    answers = pool.Y.nbytes + sum(part.Y.nbytes for part in pool.held.values())
    assert len(pickle.dumps(pool)) < answers + len(pickle.dumps(pool.background)) + 2000


def test_what_a_copy_explains_is_equal_and_asks_no_more() -> None:
    ready = explainer().prepare()
    copy = pickle.loads(pickle.dumps(ready))
    assert copy.explain_all(table().iloc[:20]) == ready.explain_all(table().iloc[:20])
    assert copy._context.caller.rows == 21


def test_draws_that_cannot_be_made_again_lose_their_answers() -> None:
    pool = only_pool(explainer().prepare(600))
    other = unpack(replace(PackedDraws.of(pool), check=b"another version of numpy"))
    assert other.n == 0
    assert not other.held
    assert other.repeats is None
    assert other.content == pool.content


def test_a_noisy_model_stays_noisy() -> None:
    pool = only_pool(explainer(Model(flips=0.2)).prepare(600))
    assert pickle.loads(pickle.dumps(pool)).repeats == pool.repeats == 2


def test_empty_draws_pickle() -> None:
    fresh = explainer()
    fresh._context.pool_of(fresh.modality.background)  # type: ignore[attr-defined]
    assert pickle.loads(pickle.dumps(fresh)).explain(table().iloc[0]) == fresh.explain(table().iloc[0])


def test_values_can_be_forgotten_and_bins_stay() -> None:
    ready = explainer().prepare(600)
    ready.explain({"flag": False, "kind": "new", "v": 0.0})
    pool = only_pool(ready)
    pool.forget_values()
    assert {which.how for which in pool.held} == {"in", "out"}
