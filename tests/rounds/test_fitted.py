"""A look in the user's units: a linear change of the outputs scales what is linear once and what is square twice."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from limelight.result.codecs import LARGEST
from limelight.result.effects import Effect, Interaction, side_by_side
from limelight.rounds.fitted import Around, Fitted, as_kept, as_told
from limelight.rounds.units import Units, as_they_are

PAIR = Interaction(0, 1, 0.4, 0.1, 0.2, 0.05)
CURVE = Effect(0, ("a", "b"), np.array([0.5, 0.5]), np.array([-0.1, 0.1]), np.array([0.01, 0.02]), 0)


def fitted(units: Units) -> Fitted:
    ranking = SimpleNamespace(order=np.array([0, 1]))
    return Fitted(
        coef=np.array([[1.0, 2.0]]),
        stderr=np.ones((1, 2)),
        intercept=np.zeros(1),
        fidelity=np.ones(1),
        fidelity_stderr=np.zeros(1),
        r2=np.ones(1),
        estimators=("least squares",),
        varying=np.ones(2, bool),
        df=5.0,
        verdict=SimpleNamespace(selected=(np.array([0, 1]),), rankings=(ranking,)),  # type: ignore[arg-type]
        covariance=(np.array([4.0, 1.0, 9.0]),),
        targets=(Around(spread=0.1, deviation=1.0, low=0.0, high=1.0, share=0.9, share_stderr=0.1, pairs=(PAIR,)),),
        rows=100,
        effective=50.0,
        width=0.75,
        units=units,
        curves=(side_by_side([CURVE]),),
    )


def scaled(by: float) -> Units:
    plain = as_they_are(1)
    return replace(plain, scale=np.array([by]))


def test_what_was_fitted_in_thousandths_is_told_in_ones() -> None:
    told = as_told(fitted(scaled(1000.0)))
    np.testing.assert_array_equal(told.covariance[0], np.array([4e6, 1e6, 9e6], np.float32))
    (pair,) = told.targets[0].pairs
    assert (pair.size, pair.stderr) == (200.0, 50.0)
    assert (pair.share, pair.share_stderr) == (0.4, 0.1)  # a share has no unit
    np.testing.assert_array_equal(told.curves[0][0].effects, [-100.0, 100.0])
    np.testing.assert_array_equal(told.curves[0][0].stderr, [10.0, 20.0])
    np.testing.assert_array_equal(told.curves[0][0].shares, [0.5, 0.5])


def test_units_that_are_plain_change_nothing() -> None:
    told = as_told(fitted(as_they_are(1)))
    np.testing.assert_array_equal(told.covariance[0], [4.0, 1.0, 9.0])
    assert told.targets[0].pairs == (PAIR,)
    assert told.curves[0] == (CURVE,)


def test_what_rows_share_cannot_be_written_into() -> None:
    told = as_told(fitted(as_they_are(1)))
    shared = [told.coef, told.stderr, told.intercept, told.r2, told.covariance[0], told.verdict.selected[0]]
    for array in [*shared, told.verdict.rankings[0].order, told.curves[0].numbers]:
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_squares_of_very_large_outputs_stay_numbers_that_a_file_can_hold() -> None:
    told = as_told(fitted(scaled(1e200)))
    assert told.covariance[0].dtype == np.float64
    np.testing.assert_array_equal(told.covariance[0], [LARGEST] * 3)


def test_an_error_is_kept_in_single_precision_where_that_can_hold_it() -> None:
    assert as_kept(np.array([0.0, 1e29])).dtype == np.float32
    assert as_kept(np.array([0.0, 1e31])).dtype == np.float64
    assert as_kept(np.array([1e-29])).dtype == np.float32
    assert as_kept(np.array([1e-31])).dtype == np.float64
    assert as_kept(np.zeros(2)).dtype == np.float32
    own = np.array([1e40])
    assert as_kept(own) is not own


def test_where_no_curves_are_drawn_there_are_none_in_other_units() -> None:
    assert as_told(replace(fitted(scaled(8.0)), curves=())).curves == ()
