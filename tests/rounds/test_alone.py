"""One instance by itself: what is chance or the model's own noise is taken out of what features could explain."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

import limelight as ll
from limelight.result.effects import Interaction
from limelight.rounds.alone import ROUGH, _spread, _without_chance, _without_noise
from limelight.rounds.findings import ADDS_UP, IN_PART
from limelight.rounds.fitted import Around


def around(share: float, *, stderr: float = 0.0, deviation: float = 1.0, pairs: tuple[Interaction, ...] = ()) -> Around:
    return Around(0.1, deviation, 0.0, 1.0, share, stderr, pairs=pairs)


def test_noise_is_no_interaction_of_anybody() -> None:
    # of a variance of 4 a quarter is noise: .6 of all is .8 of the rest
    assert _without_noise(around(0.6, deviation=2.0), 1.0).share == pytest.approx(0.8)
    assert _without_noise(around(0.6, deviation=2.0), 0.0).share == 0.6
    assert _without_noise(around(0.9, deviation=2.0), 2.0).share == 1.0
    assert math.isnan(_without_noise(around(0.6, deviation=2.0), 4.0).share)


def test_chance_is_taken_out_of_the_share_of_features_and_of_pairs() -> None:
    pair = Interaction(0, 1, 0.08, 0.01, 1.0, 0.1)
    found = _without_chance(around(0.16, stderr=0.01, pairs=(pair,)), 0.2, 0.01)
    assert found.share == pytest.approx(0.2)
    assert found.pairs[0].share == pytest.approx(0.1)
    assert found.share_stderr == pytest.approx(math.hypot(0.01, 0.2 * 0.01) / 0.8)
    assert found.share_stderr < ROUGH
    assert found.share + 2 * found.share_stderr < IN_PART


def test_without_chance_nothing_changes() -> None:
    told = around(0.5, stderr=0.3)
    assert _without_chance(told, 0.0, 0.0) is told


def test_a_share_that_may_lie_on_either_side_of_a_border_is_not_known() -> None:
    below = (ADDS_UP - 0.01) * 0.8
    assert math.isnan(_without_chance(around(below, stderr=0.02), 0.2, 0.0).share)
    sure = _without_chance(around(below, stderr=0.001), 0.2, 0.0)
    assert sure.share == pytest.approx(ADDS_UP - 0.01)
    # its error alone is too large
    assert math.isnan(_without_chance(around(0.1, stderr=0.09), 0.2, 0.0).share)


def test_what_adds_up_of_all_adds_up_of_the_rest_however_unsure_chance_is() -> None:
    told = around(ADDS_UP, stderr=0.01)
    assert _without_chance(told, 0.3, 0.3) is told
    assert math.isnan(_without_chance(around(0.2), 1.0, 0.0).share)


def test_what_the_surrogate_leaves_is_weighed_by_proximity() -> None:
    Z = np.array([[1, 0], [0, 1], [1, 1]])
    weights = np.array([1.0, 3.0, 0.0])
    left = np.array([2.0, -1.0, 100.0])
    estimate = SimpleNamespace(intercept=np.array([0.5]), coef=np.array([[1.0, -2.0]]))
    Y = (0.5 + Z @ [1.0, -2.0] + left)[:, None]
    told = SimpleNamespace(Z=Z, Y=Y, weights=weights)
    # (1 · 4 + 3 · 1) / 4
    found = _spread(cast(Any, told), cast(Any, estimate))
    np.testing.assert_allclose(found, [math.sqrt(7 / 4)])


def test_how_much_adds_up_is_a_share_of_its_own_and_not_the_fidelity_of_the_weights() -> None:
    # f = a b: no weights can tell what only both together do
    parts = ll.Components(["a", "b", "c"], np.asarray)
    told = ll.Explainer(lambda Z: 4.0 * Z[:, 0] * Z[:, 1], parts, seed=0).explain(None)
    ((pair,),) = told.pairs
    assert (pair.first, pair.second) == (0, 1)
    assert float(told.additivity[0]) + pair.share == pytest.approx(1.0, abs=1e-9)
    line = ll.Explainer(lambda Z: 4.0 * Z[:, 0] + Z[:, 1], parts, seed=0).explain(None)
    assert line.pairs == ((),)
    assert float(line.additivity[0]) == pytest.approx(1.0)
