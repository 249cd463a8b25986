"""Contributions: what each bar is compared with, what is behind it, and what is left without it."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
from scipy import stats

import limelight as ll
from limelight.errors import InputError, UnknownNameError
from limelight.result.effects import Effect, Interaction
from limelight.result.quantiles import normal_quantile, stated_quantile


@pytest.fixture(scope="module")
def masks():
    parts = ll.Components(["drums", "hum", "voice"], np.asarray)
    return ll.Explainer(lambda Z: np.asarray(Z) @ [3.0, -2.0, 0.5] + 10.0, parts, seed=0).explain(None)


@pytest.fixture(scope="module")
def table(masks):
    """The same weights as those of a table's conditions that hold for 90, 50 and 1 of 100 rows."""
    curve = Effect(0, ("low", "high", "rare"), np.array([0.9, 0.1, 0.0]), np.array([0.3, -2.7, np.nan]), np.zeros(3), 0)
    pair = Interaction(0, 2, 0.25, 0.02, 0.4, 0.05)
    return replace(
        masks,
        stderr=np.full((1, 3), 0.1),
        center=np.ones(3),
        reference=np.array([0.9, 0.5, 0.01]),
        df=5.0,
        additivity=np.array([0.97]),
        additivity_stderr=np.array([0.01]),
        gap=np.array([math.nan]),
        curves=((curve,),),
        pairs=((pair,),),
        verdicts=("The columns add up.",),
        causes=("adds up",),
    )


def test_a_contribution_is_the_weight_times_the_distance_from_the_average_row(table):
    np.testing.assert_allclose(table.contributions, [[0.3, -1.0, 0.495]])
    np.testing.assert_allclose(table.contribution_stderr, [[0.01, 0.05, 0.099]])


def test_contributions_add_up_from_the_average_answer_to_the_surrogates(table):
    total = table.base_values + table.contributions.sum(axis=1)
    np.testing.assert_allclose(total, table.local_prediction)
    average = table.intercept + (table.coef * table.reference).sum(axis=1)
    np.testing.assert_allclose(table.base_values, average)


def test_without_a_reference_contributions_are_the_weights(masks):
    np.testing.assert_array_equal(masks.contributions, masks.coef)
    np.testing.assert_allclose(masks.base_values, masks.intercept)


def test_what_is_left_without_features_is_the_surrogates_arithmetic(masks, table):
    assert masks.without("drums") == pytest.approx(10.0 - 2.0 + 0.5)
    assert masks.without(["drums", "hum", "drums"]) == pytest.approx(10.5)
    assert masks.without([]) == masks.local_prediction[0]
    assert table.without("hum") == pytest.approx(11.5 + 1.0)
    assert table.without([0, 1, 2]) == pytest.approx(table.base_values[0])


def test_features_that_are_not_shown_count_as_well():
    parts = ll.Components([f"part {i}" for i in range(8)], np.asarray)
    model = ll.Explainer(lambda Z: np.asarray(Z) @ np.arange(8.0), parts, seed=0, max_features=2)
    explanation = model.explain(None)
    assert len(explanation.selected[0]) == 2
    assert explanation.without("part 3") == pytest.approx(25.0)


def test_without_refuses_where_weights_are_slopes_and_nothing_says_of_what(masks):
    slopes = replace(masks, local_prediction=masks.local_prediction + 1.0, center=None, reference=None)
    with pytest.raises(InputError, match="does not say what its features are compared with"):
        slopes.without("drums")


def test_features_are_found_by_name_column_and_index_and_an_ambiguous_number_is_refused(table):
    keyed = zip(table.features, (7, 2, "c"), strict=True)
    columns = tuple(replace(f, where=replace(f.where, kind="column", key=key)) for f, key in keyed)
    named = replace(table, features=columns)
    assert [named.feature_index(name) for name in (7, "hum", "c", 0)] == [0, 1, 2, 0]
    with pytest.raises(InputError, match="a label and also an index"):
        named.feature_index(2)
    with pytest.raises(UnknownNameError, match="did you mean 'drums'"):
        named.feature_index("drms")


def test_the_curve_of_a_column_is_found_and_its_lack_is_said(masks, table):
    assert table.effects("drums").at_own == 0.3
    assert table.effects(0) is table.curves[0][0]
    with pytest.raises(InputError, match="'hum' is not among the shown features, which are 'drums'"):
        table.effects("hum")
    with pytest.raises(InputError, match="no curves are kept"):
        masks.effects("drums")
    with pytest.raises(UnknownNameError):
        table.effects("flute")


def test_pairs_are_those_of_the_target(masks, table):
    assert [(pair.first, pair.second) for pair in table.interactions()] == [(0, 2)]
    assert masks.interactions() == ()
    with pytest.raises(UnknownNameError):
        table.interactions("nobody")


def test_stated_errors_give_the_t_interval_at_every_level(table):
    # stderr = half of the 95 % interval / 1.96, so the raw standard error is that times 1.96 / t(.95).
    raw = 0.1 * normal_quantile(0.95) / stats.t.ppf(0.975, 5)
    for level in (0.5, 0.9, 0.95, 0.999):
        half = np.diff(table.interval(level)[0, 0])[0] / 2
        assert half == pytest.approx(raw * stats.t.ppf(0.5 + level / 2, 5))
        assert stated_quantile(level) == normal_quantile(level)
    with pytest.raises(InputError, match="between 0 and 1"):
        table.interval(1.5)


def test_what_stands_behind_the_weights_survives_json_without_nan_or_infinity(masks, table):
    for original in (masks, table):
        written = original.to_json()
        json.loads(written, parse_constant=lambda name: pytest.fail(name))
        again = ll.Explanation.from_json(written)
        assert again == original
        assert again.curves == original.curves
        assert again.pairs == original.pairs
        assert again.df == original.df
        np.testing.assert_array_equal(again.contributions, original.contributions)


def test_files_written_before_contributions_are_read_as_they_were(masks):
    data = masks.to_dict()
    later = "center reference df additivity additivity_stderr gap curves pairs verdicts causes".split()
    old = {name: value for name, value in data.items() if name not in later}
    assert ll.Explanation.from_dict(old).causes == ()
    np.testing.assert_array_equal(ll.Explanation.from_dict(old).contributions, masks.coef)
