"""An instance between its first row and its explanation: how far it looks, and what it takes over from before."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

import limelight as ll
from limelight.errors import InputError
from limelight.rounds.instance import FIRST_LOOK, FIRST_LOOK_PER_FEATURE, Context, OpenInstance

X = np.random.default_rng(0).normal(size=(300, 3))


def context(modality: Any = None, **settings: Any) -> Context:
    explainer = ll.Explainer(
        lambda X: np.array([len(x) for x in X], float), modality or ll.Tabular(X), seed=0, **settings
    )
    return explainer._context


def test_a_look_waits_for_so_many_rows_a_feature_and_the_last_one_is_the_budget() -> None:
    for d in (1, 10, 200):
        looks = context(max_samples=1 << 16).looks("pool", d)
        assert looks[0] >= FIRST_LOOK_PER_FEATURE * d
        assert looks[0] == FIRST_LOOK["pool"] or looks[0] < 2 * FIRST_LOOK_PER_FEATURE * d
        assert looks[-1] == 1 << 16
        assert list(looks) == sorted(set(looks))
    assert context(n_samples=777).looks("masks", 5) == (777,)


def test_rows_of_one_background_share_their_draws_and_fresh_ones_do_not() -> None:
    shared = context()
    a, b = OpenInstance(X[0], shared), OpenInstance(X[1], shared)
    assert a.source.draws is b.source.draws  # type: ignore[union-attr]
    assert len(shared.pools) == 1
    own = context(fresh=True)
    a, b = OpenInstance(X[0], own), OpenInstance(X[1], own)
    assert a.source.draws is not b.source.draws  # type: ignore[union-attr]
    assert not own.pools


def test_a_sampler_of_the_other_kind_of_data_is_refused() -> None:
    with pytest.raises(InputError, match="'pairs' draws masks; tables take"):
        OpenInstance(X[0], context(sampler="pairs"))
    with pytest.raises(InputError, match="'sobol' draws table rows; masks take"):
        OpenInstance("a b", context(ll.Text(), sampler="sobol"))


def test_few_masks_are_all_asked_and_that_is_the_only_look() -> None:
    one = OpenInstance("a b c", context(ll.Text()))
    assert one.looks == (2**3 - 1,)  # all but the text itself
    assert one.n == 7


def test_it_is_ready_when_it_knows_what_is_explained_and_its_rows_are_there() -> None:
    one = OpenInstance(X[0], context())
    assert one.open
    assert not one.ready
    assert not one.standing.last
    one.n = one.looks[-1]
    assert one.standing.last
    one.fail(InputError("no"))
    assert not one.open


def test_what_an_interrupted_call_has_paid_is_taken_over_only_by_the_same_answer() -> None:
    for now, kept in ((0.25, True), (0.75, False)):
        # another call's instance lies on the shelf
        shared = context(ll.Text())
        shared.caller.ask([["a b c"]])
        former = OpenInstance("a b c", shared)
        former.meet(np.array([0.25]))
        shared.shelf[former.representation.content] = former
        one = OpenInstance("a b c", shared)
        assert one.former is former
        assert not shared.shelf
        one.meet(np.array([now]))
        assert (one.source is former.source) is kept
        assert one.former is None


def test_a_restart_forgets_all_answers() -> None:
    one = OpenInstance("a b c", context(ll.Text()))
    before = one.source
    one.outputs, one.targets, one.n = np.ones(1), np.zeros(1, np.int64), 99
    one.fail(InputError("no"))
    one.restart()
    assert one.source is not before
    assert (one.failure, one.n, len(one.outputs), len(one.targets)) == (None, one.looks[0], 0, 0)


def test_a_noisy_model_and_one_that_is_being_asked_in_batches_guard_no_pool() -> None:
    shared = context()
    for n, repeats, guarded in ((0, 1, False), (64, 1, True), (64, 2, False), (64, None, False)):
        assert shared.guards(cast(Any, SimpleNamespace(n=n, repeats=repeats))) is guarded
