"""What a bar is: a weight, or a contribution against the average row; worked by hand from three features."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import samples

import limelight as ll
from limelight.contracts import Feature, Where
from limelight.errors import InputError
from limelight.result.explanation import Explanation
from limelight.views.measure import LIKE, against_average, compared_with, measured, slope


def against(reference: list[float]) -> Explanation:
    """Weights 0.4, −0.2 and 0 on columns whose own value so many of the background share."""
    features = [Feature(name, Where("column", name)) for name in ("a", "b", "c")]
    made = samples.explanation(features, [[0.4, -0.2, 0.0]], stderr=[[0.01, 0.02, 0.0]], intercept=[1.0])
    return replace(made, center=np.ones(3), reference=np.array(reference))


def test_a_contribution_is_the_weight_times_the_distance_and_starts_at_the_average() -> None:
    told = against([0.5, 0.25, 0.9])
    bars = measured(told, 0)
    np.testing.assert_allclose(bars.values, [0.2, -0.15, 0.0])
    # 1 + 0.4 · 0.5 − 0.2 · 0.25: the average row's answer
    assert bars.base == pytest.approx(1.15)
    assert bars.base + bars.values.sum() == pytest.approx(float(told.local_prediction[0]))


def test_limes_weights_start_at_the_intercept() -> None:
    bars = measured(against([0.5, 0.25, 0.9]), 0, "coef")
    np.testing.assert_allclose(bars.values, [0.4, -0.2, 0.0])
    assert bars.base == 1.0


def test_an_interval_shrinks_with_the_distance_and_its_ends_stay_in_order() -> None:
    whole, half = measured(against([0.0, 0.0, 0.0]), 0), measured(against([0.5, 1.5, 0.0]), 0)
    np.testing.assert_allclose(half.high[0] - half.low[0], (whole.high[0] - whole.low[0]) / 2)
    # a distance below zero turns the sign of the bar, and so the ends of its interval
    assert half.values[1] == pytest.approx(0.1)
    assert half.low[1] < half.values[1] < half.high[1]


def test_a_rounding_error_is_tied_at_zero_and_a_small_weight_with_a_wide_interval_is_not() -> None:
    told = against([0.0, 0.0, 0.0])
    tiny = replace(told, coef=np.array([[0.4, 1e-12, 1e-12]]), stderr=np.array([[0.01, 0.0, 0.01]]))
    bars = measured(tiny, 0)
    assert bars.tied.tolist() == [False, True, False]
    assert bars.values[1] == bars.low[1] == bars.high[1] == 0.0
    assert bars.values[2] == 1e-12


def test_only_what_was_asked_to_the_last_perturbation_is_exact() -> None:
    told = against([0.0, 0.0, 0.0])
    assert not measured(told, 0).exact.any()
    asked = replace(told, provenance=replace(told.provenance, stopped="exhaustive"))
    assert measured(asked, 0).exact.tolist() == [False, False, True]


def test_what_bars_are_compared_with_is_said_only_where_it_changes_them() -> None:
    told = against([0.5, 0.25, 0.9])
    assert against_average(told)
    assert compared_with(told) == "the average row"
    assert compared_with(told, "coef") == ""
    # a distance of 1 everywhere: contributions are the weights
    assert compared_with(against([0.0, 0.0, 0.0])) == ""
    assert compared_with(replace(told, layout={"kind": "table", "contrast": "value"})) == "the background"
    assert compared_with(replace(told, layout={"kind": "table", "law": "conditional"})) == LIKE


def test_a_slope_is_the_weight_in_units_of_the_column() -> None:
    told = replace(against([0.0, 0.0, 0.0]), layout={"kind": "table", "scale": {"a": 8.0}})
    assert slope(told, 0, 0) == pytest.approx(0.05)
    assert slope(told, 0, 1) is None


def test_another_measure_is_refused() -> None:
    with pytest.raises(InputError, match="expected 'contributions' or 'coef', got 'shares'"):
        measured(against([0.0, 0.0, 0.0]), 0, "shares")


def test_weights_below_the_last_digits_of_large_answers_are_shown_where_they_are_known() -> None:
    frame = pd.DataFrame(np.random.default_rng(0).normal(size=(1000, 3)), columns=list("abc"))
    made = ll.Explainer(lambda rows: (2 * rows["a"] - rows["b"]) * 1e-3 + 1e12, ll.Tabular(frame), seed=0)
    explanation = made.explain(frame.iloc[0])
    for weights in ("contributions", "coef"):
        bars = measured(explanation, 0, weights)
        assert not bars.tied[:2].any()
        assert (bars.values[:2] != 0).all()
    text = ll.Explainer(lambda texts: [1e12 + 0.01 * each.count("b") for each in texts], ll.Text(), seed=0)
    assert measured(text.explain("a b"), 0).tied.tolist() == [True, False]


def test_what_the_last_digits_of_answers_do_is_nothing() -> None:
    made = ll.Explainer(
        lambda texts: [0.3 * (1 + 5e-16 * (len(each) % 3 - 1)) for each in texts], ll.Text(mask=""), seed=0
    )
    assert measured(made.explain("a bb ccc dddd"), 0).tied.all()
