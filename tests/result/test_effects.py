"""Effects of bins and pairs: what is equal, where a row's own bin is, and how many are held side by side."""

from __future__ import annotations

import math

import numpy as np
import pytest

from limelight.result.effects import Curves, Effect, side_by_side

NAN = math.nan
FIRST = Effect(3, ("low", "high"), np.array([0.6, 0.4]), np.array([-0.2, 0.3]), np.array([0.01, 0.02]), own=1)
SECOND = Effect(0, ("a", "b", "c"), np.array([0.5, 0.5, 0.0]), np.array([0.1, -0.1, NAN]), np.array([0.1, 0.1, NAN]), 0)


def changed(effect: Effect, **given: object) -> Effect:
    fields = {name: getattr(effect, name) for name in ("feature", "names", "shares", "effects", "stderr", "own")}
    return Effect(**{**fields, **given})  # type: ignore[arg-type]


def test_the_effect_at_the_rows_own_bin_is_not_known_outside_of_the_background() -> None:
    assert FIRST.at_own == 0.3
    assert changed(FIRST, own=0).at_own == -0.2
    assert math.isnan(changed(FIRST, own=-1).at_own)


def test_bins_without_a_perturbation_are_equal_and_every_other_difference_is_one() -> None:
    assert changed(SECOND) == SECOND
    assert hash(changed(SECOND)) == hash(SECOND)
    for name, value in (
        ("feature", 1),
        ("names", ("a", "b", "d")),
        ("own", 1),
        ("shares", np.array([0.5, 0.4, 0.1])),
        ("effects", np.array([0.1, -0.1, 0.0])),
        ("stderr", np.array([0.1, 0.2, NAN])),
    ):
        assert changed(SECOND, **{name: value}) != SECOND
    assert FIRST != "another kind of thing"


def test_effects_side_by_side_are_the_same_effects() -> None:
    held = side_by_side([FIRST, SECOND])
    assert isinstance(held, Curves)
    assert len(held) == 2
    assert held.ends == (0, 2, 5)
    assert held.numbers.shape == (3, 5)
    assert list(held) == [FIRST, SECOND]
    assert held[-1] == SECOND
    assert held[:1] == (FIRST,)
    assert held[::-1] == (SECOND, FIRST)
    with pytest.raises(IndexError):
        held[2]


def test_what_is_side_by_side_stays_and_equals_a_list_of_the_same() -> None:
    held = side_by_side((FIRST, SECOND))
    assert side_by_side(held) is held
    assert held == (FIRST, SECOND)
    assert hash(held) == hash(side_by_side([changed(FIRST), changed(SECOND)]))
    assert held != (SECOND, FIRST)
    assert held != 3
    assert len(side_by_side([])) == 0
