"""Whose turn it is: what is asked of the model, what is asked twice, and what is kept where asking breaks off."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

import limelight as ll
from limelight.errors import ModelChangedError
from limelight.rounds.asking import Answers
from limelight.rounds.shared import SharedDraws
from limelight.rounds.turns import Canary, Growth, Originals, turns

X = np.random.default_rng(0).normal(size=(300, 2))


class Opened:
    """As much of an instance as a turn of the originals touches."""

    def __init__(self, *, asks_twice: bool) -> None:
        self.rows = 0
        self.met: Any = None
        self.failed: Any = None
        self.wavered = False
        self.source = SimpleNamespace(asks_twice=asks_twice, waver=self._waver)

    def _waver(self) -> None:
        self.wavered = True

    def meet(self, outputs: Any) -> None:
        self.met = outputs.tolist()

    def fail(self, failure: Any) -> None:
        self.failed = failure


def answers(outputs: Any, again: Any = (), **given: Any) -> Answers:
    told = {"outputs": np.array(outputs, float), "again": np.array(again, float), "failures": {}, **given}
    return cast(Answers, SimpleNamespace(**told))


def originals(*asks_twice: bool) -> tuple[list[Opened], Originals]:
    opened = [Opened(asks_twice=each) for each in asks_twice]
    context = SimpleNamespace(replicates=None, originals=lambda opened: [str(len(opened))])
    return opened, Originals(cast(Any, opened), cast(Any, context))


def test_only_instances_with_masks_of_their_own_are_asked_twice() -> None:
    _, turn = originals(False, True, True)
    assert turn.request().again.tolist() == [1, 2]


def test_an_answer_that_repeats_is_taken_and_one_that_wavers_is_the_mean_of_both() -> None:
    (still, noisy, once), turn = originals(True, True, False)
    assert not turn.receive(answers([[0.2], [0.4], [0.9]], [[0.2], [0.6]]))
    assert (still.met, still.wavered, still.rows) == ([0.2], False, 2)
    assert (noisy.met, noisy.wavered, noisy.rows) == ([0.5], True, 2)
    assert (once.met, once.wavered, once.rows) == ([0.9], False, 1)


def test_one_instance_that_fails_takes_nothing_from_the_others() -> None:
    (first, second), turn = originals(False, False)
    turn.receive(answers([[np.nan], [0.3]], failures={0: "no answer"}))
    assert (first.failed, first.met) == ("no answer", None)
    assert (second.failed, second.met) == (None, [0.3])


def test_a_canary_that_sings_otherwise_stops_everything() -> None:
    pool = SimpleNamespace(canary=lambda: ("row", np.array([0.5])), units=None, widen=lambda k: None, Y=np.ones((4, 1)))
    one = SimpleNamespace(rows=0)
    turn = Canary(cast(Any, pool), cast(Any, one))
    assert list(turn.request().chunks) == ["row"]
    assert not turn.receive(answers([[0.5]], asked=1))
    assert one.rows == 1
    with pytest.raises(ModelChangedError, match="fitted anew or loaded meanwhile"):
        turn.receive(answers([[0.6]], asked=1))


def test_growth_asks_for_what_the_neediest_needs_and_names_what_nobody_else_may_ask_for() -> None:
    pool = SimpleNamespace(n=0, paid={}, held={"rare": SimpleNamespace(n=16)})
    growth = Growth(cast(SharedDraws, pool), cast(Any, SimpleNamespace(context=None)))
    few = SimpleNamespace(wanted=lambda n: {"rare": (32, "few")})
    many = SimpleNamespace(wanted=lambda n: {"rare": (64, "many"), "known": (8, "other")})
    for source, n in ((many, 256), (few, 512)):
        growth.want(cast(Any, source), n)
    assert growth.n == 512
    assert growth.held == {"rare": (64, "many"), "known": (8, "other")}
    assert growth.keys == [(id(pool), None), (id(pool), "rare"), (id(pool), "known")]
    pool.n, pool.held["rare"].n = 512, 64
    assert growth.keys == [(id(pool), "known")]


def test_the_canary_of_a_kept_pool_comes_first_and_each_pool_has_one() -> None:
    asked: list[int] = []

    def model(X: np.ndarray) -> np.ndarray:
        asked.append(len(X))
        return X[:, 0]

    explainer = ll.Explainer(model, ll.Tabular(X), seed=0)
    explainer.explain(X[0])
    asked.clear()
    list(explainer.explain_many(X[1:4]))
    assert asked == [4]  # one row of the pool, and three instances, in one call
    assert turns([], cast(Any, SimpleNamespace()), [])[0].__class__ is Originals
