"""Tables: the shared law, bins, groups, sparse rows; and each fault of the lime package that concerns tables.

The claims of `interpretable/tabular/dense.py`, `interpretable/tabular/features.py` and
`interpretable/tabular/sparse.py`.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse

from limelight.contracts import Where
from limelight.errors import InputError, UnknownNameError
from limelight.explainer import Explainer
from limelight.interpretable.tabular import Tabular
from limelight.interpretable.tabular.laws import MAX_SUPPORT, observed_law

RNG = np.random.default_rng(0)
SMALL = pd.DataFrame(
    {
        "age": [20, 28, 30, 37, 40, 48, 50, 60],
        "city": ["Rome", "Oslo", "Rome", "Rome", "Oslo", "Rome", "Rome", "Bern"],
        "income": [1.0, np.nan, 3.0, 4.0, 5.0, 6.0, np.nan, 8.0],
    }
)


def grid(n: int, d: int) -> np.ndarray[Any, Any]:
    """Return n points of [0, 1)^d, each coordinate evenly spaced and shuffled."""
    return np.stack([RNG.permutation(n) for _ in range(d)], axis=1) / n + 0.5 / n


def names(representation: Any) -> list[str]:
    return [feature.name for feature in representation.features]


# --- what is shown ---


def test_features_read_as_a_person_says_them() -> None:
    assert names(Tabular(SMALL).represent(SMALL.iloc[2])) == ["29.5 < age ≤ 38.5", "city = Rome", "income ≤ 3.25"]


def test_a_feature_holds_the_rows_own_value_its_column_and_its_bins_frequency() -> None:
    age, city, income = Tabular(SMALL).represent(SMALL.iloc[1]).features
    assert (age.value, age.keep, age.where) == ("28", 0.25, Where("column", "age"))
    assert (city.value, city.keep) == ("Oslo", 0.25)
    assert (income.name, income.value, income.keep) == ("income is missing", "missing", 0.25)


def test_names_and_places_are_one_object_for_all_rows() -> None:
    tabular = Tabular(SMALL)
    first, second = tabular.represent(SMALL.iloc[0]).features, tabular.represent(SMALL.iloc[1]).features
    assert first[0].where is second[0].where
    assert first[0].name is second[0].name
    assert first[1] is tabular.represent(SMALL.iloc[2]).features[1]


def test_edges_that_agree_to_four_digits_are_shown_with_more() -> None:
    column = pd.DataFrame({"x": 1000 + np.arange(40) * 1e-4})
    shown = names(Tabular(column).represent(column.iloc[15]))[0]
    low, high = (float(part) for part in shown.replace("≤", "<").split(" < x < "))
    assert 1000.0 < low < high


def test_dates_are_shown_as_dates() -> None:
    column = pd.DataFrame({"day": pd.date_range("2024-01-01", periods=9)})
    assert names(Tabular(column).represent(column.iloc[0])) == ["day ≤ 2024-01-03"]
    hours = pd.DataFrame({"at": pd.date_range("2024-01-01", periods=9, freq="h")})
    assert names(Tabular(hours).represent(hours.iloc[0])) == ["at ≤ 2024-01-01 02:00:00"]


# --- the shared law ---


def test_every_row_reads_the_same_background_object() -> None:
    tabular = Tabular(SMALL)
    one, other = tabular.represent(SMALL.iloc[0]), tabular.represent(SMALL.iloc[1])
    assert one.background is other.background
    assert one.background.shared


def test_draws_are_the_inverse_cumulative_distribution_in_sorted_order() -> None:
    background = Tabular(SMALL[["age"]]).background
    codes, drawn = background.draw(np.array([[0.0], [0.13], [0.3], [0.49], [0.5], [0.76], [0.9999]]))
    assert drawn["age"].tolist() == [20, 28, 30, 37, 40, 50, 60]
    assert codes[:, 0].tolist() == [0, 0, 1, 1, 2, 3, 3]


def test_codes_cover_the_unit_interval_in_their_order_with_their_probabilities() -> None:
    background = Tabular(SMALL).background
    probabilities = background.probabilities
    assert probabilities is not None
    assert [p.tolist() for p in probabilities] == [[0.25] * 4, [0.125, 0.25, 0.625], [0.25, 0.125, 0.125, 0.25, 0.25]]
    U = grid(800, 3)
    codes, _ = background.draw(U)
    for k, p in enumerate(probabilities):
        assert np.array_equal(codes[:, k], np.searchsorted(np.cumsum(p), U[:, k], side="right"))


def test_an_evenly_spaced_coordinate_reproduces_the_background_exactly() -> None:
    _, drawn = Tabular(SMALL).background.draw(grid(8, 3))
    for name in SMALL:
        assert sorted(map(str, drawn[name])) == sorted(map(str, SMALL[name]))


def test_z_is_one_where_the_draw_falls_into_the_rows_own_bin() -> None:
    tabular = Tabular(SMALL)
    row = tabular.represent(SMALL.iloc[1])
    codes, drawn = tabular.background.draw(grid(200, 3))
    Z = row.encode(codes)
    assert Z.dtype == np.uint8
    assert np.array_equal(Z[:, 0], drawn["age"] <= 29.5)
    assert np.array_equal(Z[:, 1], drawn["city"] == "Oslo")
    assert np.array_equal(Z[:, 2], drawn["income"].isna())


def test_the_frequency_of_ones_is_keep() -> None:
    tabular = Tabular(SMALL)
    for i in range(len(SMALL)):
        row = tabular.represent(SMALL.iloc[i])
        codes, _ = tabular.background.draw(grid(80, 3))
        assert row.encode(codes).mean(axis=0) == pytest.approx([feature.keep for feature in row.features])


def test_the_fingerprint_is_that_of_the_law_not_of_the_order_of_rows() -> None:
    one, shuffled = Tabular(SMALL), Tabular(SMALL.sample(frac=1, random_state=1))
    assert one.background.content == shuffled.background.content
    assert one.background.content != Tabular(SMALL.iloc[:-1]).background.content
    assert one.background.content != Tabular(SMALL, bins="decile").background.content


def test_a_background_keeps_no_more_than_4096_values_of_a_column_and_exact_bin_frequencies() -> None:
    column = RNG.normal(size=(20_001, 1))
    background = Tabular(column).background
    assert len(background.store.supports[0]) <= MAX_SUPPORT
    counts = np.bincount(np.searchsorted(np.percentile(column, [25, 50, 75]), column[:, 0]))
    assert background.probabilities is not None
    assert background.probabilities[0] == pytest.approx(counts / 20_001, abs=1e-12)
    _, drawn = background.draw(grid(10_000, 1))
    assert np.quantile(drawn, [0.1, 0.5, 0.9]) == pytest.approx(np.quantile(column, [0.1, 0.5, 0.9]), abs=2e-3)


@given(st.lists(st.integers(1, 50), min_size=1, max_size=300), st.integers(0, 2**32 - 1))
def test_the_quick_look_up_is_binary_search(counts: list[int], seed: int) -> None:
    law, _ = observed_law(np.arange(len(counts)), np.array(counts), len(counts))
    u = np.random.default_rng(seed).random(200)
    u = np.concatenate([u, law.cumulative[:-1], np.nextafter(law.cumulative, 0), [0.0]])
    assert np.array_equal(law.find(u), np.searchsorted(law.cumulative, u, side="right"))


def test_explaining_changes_nothing_and_everything_pickles() -> None:
    tabular, before = Tabular(SMALL), SMALL.copy()
    copy = pickle.loads(pickle.dumps(tabular))
    row = SMALL.iloc[3]
    _codes, drawn = tabular.background.draw(grid(20, 3))
    drawn.iloc[:, 0] = -1
    assert copy.represent(row).content == tabular.represent(row).content
    assert copy.background.content == tabular.background.content
    assert pickle.loads(pickle.dumps(tabular.represent(row))).features == tabular.represent(row).features
    assert SMALL.equals(before)
    assert (tabular.background.draw(grid(20, 3))[1]["age"] > 0).all()


def test_many_originals_at_once_are_the_rows() -> None:
    tabular = Tabular(SMALL)
    rows = [tabular.represent(row) for row in tabular.instances(SMALL)]
    assert tabular.originals(rows).equals(SMALL)


@given(st.permutations(["age", "city", "income"]))
def test_permuting_columns_permutes_features_and_changes_nothing_else(order: list[str]) -> None:
    permuted = Tabular(SMALL[order]).represent(SMALL[order].iloc[2])
    straight = {feature.where.key: feature for feature in Tabular(SMALL).represent(SMALL.iloc[2]).features}
    assert permuted.features == tuple(straight[name] for name in order)


def test_a_linear_model_has_its_closed_form_in_the_draws() -> None:
    """β_j = E[f | z_j = 1] - E[f | z_j = 0] = λ_j (mean of the own bin - mean of the others) [garreau2020]."""
    array = RNG.normal(size=(400, 2))
    tabular = Tabular(array)
    codes, drawn = tabular.background.draw(grid(40_000, 2))
    row = tabular.represent(array[0])
    Z = row.encode(codes).astype(bool)
    y = drawn @ np.array([2.0, -3.0])
    for j, slope in enumerate([2.0, -3.0]):
        bins = np.searchsorted(np.percentile(array[:, j], [25, 50, 75]), array[:, j])
        own = bins == bins[0]
        expected = slope * (array[own, j].mean() - array[~own, j].mean())
        # four standard errors of a difference of means of 10,000 and 30,000 draws
        error = y.std() * np.sqrt(1 / 10_000 + 1 / 30_000)
        assert y[Z[:, j]].mean() - y[~Z[:, j]].mean() == pytest.approx(expected, abs=4 * error)


# --- faults of lime ---


def test_a_constant_column_of_7_arrives_as_7_and_cannot_vary() -> None:
    array = np.column_stack([np.full(20, 7.0), np.arange(20.0)])
    tabular = Tabular(array)
    codes, drawn = tabular.background.draw(grid(50, 2))
    assert (drawn[:, 0] == 7.0).all()
    row = tabular.represent(array[0])
    assert row.features[0].keep == 1.0
    assert (row.encode(codes)[:, 0] == 1).all()


def test_integers_stay_integers_and_ties_survive() -> None:
    column = np.array([0] * 60 + [10] * 30 + list(range(11, 21)))
    _, drawn = Tabular(pd.DataFrame({"x": column})).background.draw(grid(100, 1))
    assert drawn["x"].dtype == np.int64
    assert sorted(drawn["x"]) == sorted(column)


@pytest.mark.parametrize("dtype", ["float64", "int64", "bool"])
def test_0_1_columns_stay_0_and_1_with_a_bin_each(dtype: str) -> None:
    array = np.array([[0, 1], [1, 1], [0, 1], [0, 0], [0, 1]]).astype(dtype)
    tabular = Tabular(array)
    codes, drawn = tabular.background.draw(grid(50, 2))
    assert set(np.unique(drawn)) <= {0, 1}
    row = tabular.represent(array[1])
    assert [feature.keep for feature in row.features] == [0.2, 0.8]
    assert row.encode(codes).std(axis=0).min() > 0


def test_a_column_of_92_percent_zeros_has_two_bins() -> None:
    column = pd.DataFrame({"gain": [0] * 92 + list(range(100, 900, 100))})
    row = Tabular(column).represent({"gain": 0})
    assert (row.features[0].name, row.features[0].keep) == ("gain ≤ 0", 0.92)


def test_numbers_with_no_more_values_than_bins_get_a_bin_each() -> None:
    four = pd.DataFrame({"doors": [2, 3, 4, 5] * 5})
    assert names(Tabular(four).represent({"doors": 4})) == ["doors = 4"]
    assert names(Tabular(four, numeric=["doors"]).represent({"doors": 4})) == ["3.5 < doors ≤ 4.25"]
    five = pd.DataFrame({"doors": [1, 2, 3, 4, 5] * 5})
    assert names(Tabular(five).represent({"doors": 4})) == ["3 < doors ≤ 4"]
    assert names(Tabular(five, categorical=["doors"]).represent({"doors": 4})) == ["doors = 4"]
    assert names(Tabular(five, bins="decile").represent({"doors": 4})) == ["doors = 4"]


def test_missing_values_are_a_bin_drawn_at_their_frequency_and_handed_on() -> None:
    tabular = Tabular(SMALL)
    _, drawn = tabular.background.draw(grid(400, 3))
    assert drawn["income"].isna().mean() == 0.25
    assert np.isnan(tabular.represent(SMALL.iloc[1]).original["income"][0])


def test_a_missing_value_that_the_background_never_shows_is_accepted() -> None:
    row = Tabular(SMALL).represent({"age": None, "city": None, "income": 1.0})
    assert [(feature.name, feature.keep) for feature in row.features[:2]] == [
        ("age is missing", 0),
        ("city is missing", 0),
    ]
    assert row.original.isna().iloc[0].tolist() == [True, True, False]


def test_an_unknown_category_is_its_own_value_and_never_drawn() -> None:
    frame = SMALL.astype({"city": "category"})
    tabular = Tabular(frame)
    row = tabular.represent({"age": 30, "city": "Paris", "income": 1.0})
    assert (row.features[1].name, row.features[1].keep) == ("city = Paris", 0.0)
    assert row.encode(tabular.background.draw(grid(50, 3))[0])[:, 1].sum() == 0
    assert row.original["city"].tolist() == ["Paris"]
    assert isinstance(row.original["city"].dtype, pd.CategoricalDtype)


# --- bad input ---


def test_a_string_for_a_number_names_the_column_what_was_expected_and_what_came() -> None:
    with pytest.raises(InputError, match="column 'age': expected a whole number, got 'old' of type str"):
        Tabular(SMALL).represent({"age": "old", "city": "Rome", "income": 1.0})


@pytest.mark.parametrize(
    "wrong",
    [{"age": 30.5}, {"city": 3}, {"income": np.inf}, {"income": "1"}, {"age": [1]}, {"income": pd.Timestamp("2020")}],
)
def test_a_value_of_the_wrong_type_is_refused_by_column(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=f"column '{next(iter(wrong))}'"):
        Tabular(SMALL).represent({"age": 30, "city": "Rome", "income": 1.0, **wrong})


def test_a_value_that_the_columns_dtype_cannot_hold_is_refused_by_column() -> None:
    enum = pl.DataFrame({"x": ["a", "b"]}, schema={"x": pl.Enum(["a", "b"])})
    with pytest.raises(InputError, match="column 'x': expected a value that Enum"):
        _ = Tabular(enum).represent({"x": "c"}).original
    with pytest.raises(InputError, match="column 'x0': expected a value that int8"):
        _ = Tabular(np.arange(9, dtype="int8")[:, None]).represent([1000]).original


@pytest.mark.parametrize("column", [[1.0, np.inf, 2.0, 3.0, 4.0, 5.0], [0.0, np.inf, 0.0]])
def test_an_infinite_background_is_refused_by_column(column: list[float]) -> None:
    with pytest.raises(InputError, match="column 'x'"):
        Tabular(pd.DataFrame({"x": column}))


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"bins": "quartil"}, "did you mean 'quartile'"),
        ({"bins": {"agee": [1]}}, "did you mean 'age'"),
        ({"bins": {"city": [1]}}, "bins\\['city'\\]"),
        ({"bins": "entropy"}, "pass targets=y"),
        ({"targets": [1] * 8}, "no effect"),
        ({"bins": "entropy", "targets": [1, 2]}, "shape \\(8,\\)"),
        ({"categorical": ["agee"]}, "did you mean 'age'"),
        ({"categorical": "age"}, "pass \\['age'\\]"),
        ({"numeric": ["city"]}, "numeric"),
        ({"groups": {"who": ["agee"]}}, "did you mean 'age'"),
        ({"groups": {"who": ["age", "age"]}}, "name each once"),
        ({"groups": {"city": ["age", "income"]}}, "choose another name"),
        ({"groups": "all"}, "groups"),
        ({"sampling": "normal"}, "sampling"),
        ({"around": "row"}, "around"),
        ({"around": "instance"}, "bins=None"),
    ],
)
def test_options_that_do_not_fit_say_so(arguments: dict[str, Any], says: str) -> None:
    with pytest.raises(InputError, match=says):
        Tabular(SMALL, **arguments)


def test_unknown_options_are_unknown_names() -> None:
    with pytest.raises(UnknownNameError):
        Tabular(SMALL, bins="quartil")


# --- bins ---


def test_explicit_edges_cut_where_they_say_even_a_0_1_column() -> None:
    tabular = Tabular(SMALL, bins={"age": [30, 50]})
    assert names(tabular.represent(SMALL.iloc[3])) == ["30 < age ≤ 50", "city = Rome", "3.25 < income ≤ 4.5"]
    assert names(Tabular(np.array([[0.0], [1.0]]), bins=[0.5]).represent([0])) == ["x0 ≤ 0.5"]


def test_a_bin_without_rows_is_never_drawn() -> None:
    tabular = Tabular(SMALL, bins={"age": [100]})
    row = tabular.represent({"age": 120, "city": "Rome", "income": 1.0})
    assert (row.features[0].name, row.features[0].keep) == ("age = 120", 0.0)  # beyond the range: a value of its own
    assert row.encode(tabular.background.draw(grid(20, 3))[0])[:, 0].sum() == 0


def test_entropy_bins_follow_the_targets() -> None:
    column = pd.DataFrame({"x": [1.0, 2, 3, 4, 5, 6, 7, 8]})
    tabular = Tabular(column, bins="entropy", targets=[0, 0, 0, 0, 0, 1, 1, 1])
    assert names(tabular.represent({"x": 1.0})) == ["x ≤ 5.5"]


def test_gaussian_values_stay_inside_their_bin_and_whole_numbers_whole() -> None:
    frame = pd.DataFrame(
        {"x": RNG.normal(size=200), "i": RNG.integers(0, 100, 200), "m": [np.nan, *RNG.normal(size=199)]}
    )
    tabular = Tabular(frame, sampling="gaussian")
    codes, drawn = tabular.background.draw(grid(500, 3))
    again = np.array([tabular.represent(row).own for row in tabular.instances(drawn)])
    assert np.array_equal(again, codes)
    assert drawn["i"].dtype == np.int64
    assert not set(drawn["x"]) & set(frame["x"])
    assert drawn["m"].isna().sum() in (2, 3)


def test_gaussian_values_inside_bins_have_the_moments_that_lime_draws_with() -> None:
    from scipy.stats import truncnorm

    column = RNG.gamma(2.0, size=400)
    tabular = Tabular(column[:, None], sampling="gaussian")
    codes, drawn = tabular.background.draw(grid(4000, 1))
    edges = np.percentile(column, [25, 50, 75])
    for b, (low, high) in enumerate(zip([column.min(), *edges], [*edges, column.max()], strict=True)):
        inside = column[np.searchsorted(edges, column) == b]
        law = truncnorm((low - inside.mean()) / inside.std(), (high - inside.mean()) / inside.std())
        expected = inside.mean() + inside.std() * law.mean()
        assert drawn[codes[:, 0] == b, 0].mean() == pytest.approx(expected, abs=2e-3)


# --- continuous surrogates ---


def test_without_bins_z_is_the_standardised_value_and_the_law_is_normal_around_the_mean() -> None:
    array = np.array([[1.0], [2.0], [3.0], [4.0], [10.0]])  # mean 4, deviation √10
    tabular = Tabular(array, bins=None)
    row = tabular.represent([10.0])
    codes, drawn = row.background.draw(np.array([[0.5], [0.8413447460685429]]))
    assert drawn[:, 0] == pytest.approx([4.0, 4.0 + 10**0.5])
    assert row.encode(codes)[:, 0] == pytest.approx([0.0, 1.0])
    assert row.center == pytest.approx([6 / 10**0.5])
    assert row.background.shared
    assert row.background.probabilities is None
    assert (row.features[0].name, row.features[0].value) == ("x0", "10")
    assert row.layout()["scale"] == {"x0": pytest.approx(10**0.5)}


def test_around_the_instance_draws_are_centred_at_it_and_not_shared() -> None:
    array = np.array([[1.0], [2.0], [3.0], [4.0], [10.0]])
    tabular = Tabular(array, bins=None, around="instance")
    row, other = tabular.represent([10.0]), tabular.represent([1.0])
    codes, drawn = row.background.draw(np.array([[0.5]]))
    assert drawn[0, 0] == pytest.approx(10.0)
    assert row.encode(codes)[0] == pytest.approx(row.center)
    assert not row.background.shared
    assert row.background.content != other.background.content
    assert row.background.content == tabular.represent(np.array([10.0])).background.content


def test_without_bins_categories_are_same_or_not_and_missing_stands_at_the_mean() -> None:
    tabular = Tabular(SMALL, bins=None)
    row = tabular.represent(SMALL.iloc[0])
    codes, drawn = tabular.background.draw(grid(40, 3))
    Z = row.encode(codes)
    assert Z.dtype == np.float64
    assert np.array_equal(Z[:, 1], drawn["city"] == "Rome")
    assert drawn["income"].isna().sum() == 10
    assert (Z[drawn["income"].isna(), 2] == 0).all()
    ages = drawn["age"]
    assert ages.dtype == np.int64
    assert Z[:, 0] == pytest.approx((ages - SMALL["age"].mean()) / SMALL["age"].std(ddof=0))


def test_without_bins_a_missing_value_of_the_row_is_an_indicator() -> None:
    tabular = Tabular(SMALL, bins=None)
    row = tabular.represent(SMALL.iloc[1])
    codes, drawn = tabular.background.draw(grid(40, 3))
    assert row.features[2].name == "income is missing"
    assert row.center[2] == 1.0
    assert np.array_equal(row.encode(codes)[:, 2], drawn["income"].isna())


def test_observed_values_can_be_drawn_without_bins() -> None:
    tabular = Tabular(SMALL, bins=None, sampling="background")
    codes, drawn = tabular.background.draw(grid(8, 3))
    assert sorted(drawn["age"]) == sorted(SMALL["age"])
    Z = tabular.represent(SMALL.iloc[0]).encode(codes)
    assert Z[:, 0] == pytest.approx((drawn["age"] - SMALL["age"].mean()) / SMALL["age"].std(ddof=0))


def test_without_bins_a_short_integer_never_leaves_its_dtype() -> None:
    frame = pd.DataFrame({"x": np.array([0, 5, 10, 250, 255] * 3, dtype="uint8")})
    _, drawn = Tabular(frame, bins=None).background.draw(grid(1000, 1))
    assert drawn["x"].dtype == np.uint8


# --- groups ---


def test_grouped_columns_move_together_and_are_one_feature() -> None:
    frame = pd.DataFrame({"lat": np.arange(20.0), "age": RNG.integers(0, 90, 20), "lon": 100 - np.arange(20.0)})
    tabular = Tabular(frame, groups={"address": ["lat", "lon"]})
    codes, drawn = tabular.background.draw(grid(100, 2))
    assert ((drawn["lat"] + drawn["lon"]) == 100).all()
    assert list(drawn.columns) == ["lat", "age", "lon"]
    row = tabular.represent(frame.iloc[0])
    assert [feature.where.key for feature in row.features] == ["address", "age"]
    assert row.features[0].name == "address: lat ≤ 4.75, lon > 95.25"
    assert row.features[0].value == "lat = 0, lon = 100"
    assert row.features[0].keep == 0.25
    assert np.array_equal(row.encode(codes)[:, 0], drawn["lat"] <= 4.75)


def test_a_group_is_kept_only_where_all_its_members_codes_are() -> None:
    frame = pd.DataFrame({"a": [0, 0, 1, 1], "b": [0, 1, 0, 1]})
    tabular = Tabular(frame, groups={"both": ["a", "b"]})
    codes, drawn = tabular.background.draw(grid(40, 1))
    same = (drawn["a"] == 1) & (drawn["b"] == 0)
    assert np.array_equal(tabular.represent([1, 0]).encode(codes)[:, 0], same)
    assert same.mean() == 0.25


@pytest.mark.parametrize("separator", ["_", "=", ": ", "."])
@pytest.mark.parametrize("dtype", ["int64", "float64", "bool"])
def test_one_hot_columns_that_are_named_so_are_one_feature(separator: str, dtype: str) -> None:
    colors = pd.Series(["red", "blue", "red", "dark green", "red"])
    one_hot = pd.get_dummies(colors, prefix="color", prefix_sep=separator).astype(dtype)
    tabular = Tabular(one_hot)
    row = tabular.represent(one_hot.iloc[0])
    assert [(f.name, f.value, f.keep, f.where.key) for f in row.features] == [("color = red", "red", 0.6, "color")]
    _, drawn = tabular.background.draw(grid(20, 1))
    assert (drawn.sum(axis=1) == 1).all()
    assert len(Tabular(one_hot, groups=None).represent(one_hot.iloc[0]).features) == 3


def test_two_one_hot_families_with_one_prefix_stay_two() -> None:
    a, b = RNG.integers(0, 2, (2, 30))
    frame = pd.DataFrame({"is_big_yes": a, "is_big_no": 1 - a, "is_old_yes": b, "is_old_no": 1 - b})
    assert [f.where.key for f in Tabular(frame).represent(frame.iloc[0]).features] == ["is_big", "is_old"]


def test_columns_that_are_not_exactly_one_are_not_one_hot() -> None:
    frame = pd.DataFrame({"likes_tea": [1, 1, 0], "likes_coffee": [1, 0, 1]})
    assert len(Tabular(frame).represent(frame.iloc[0]).features) == 2


def test_a_combination_that_the_background_never_shows_is_never_drawn() -> None:
    frame = pd.DataFrame({"c_r": [1, 0, 1], "c_b": [0, 1, 0]})
    row = Tabular(frame).represent([1, 1])
    assert (row.features[0].name, row.features[0].keep) == ("c = r, b", 0.0)


# --- sparse ---

COUNTS = np.array(
    [[0, 1, 0, 0, 2.5], [0, 2, 0, 0, 1.5], [0, 0, 3, 0, 0], [0, 1, 0, 0, 0.5], [0, 1, 0, 0, 3.5], [0, 0, 0, 0, 9]]
)


@pytest.mark.parametrize("kind", [sparse.csr_matrix, sparse.csr_array, sparse.csc_matrix])
def test_sparse_rows_perturb_their_non_zeros_only(kind: Any) -> None:
    tabular = Tabular(kind(COUNTS), names=["a", "good", "bad", "d", "e"])
    row = tabular.represent(kind(COUNTS)[[0]])
    assert names(row) == ["good = 1", "1.5 < e ≤ 2.5"]
    assert [feature.keep for feature in row.features] == pytest.approx([3 / 6, 1 / 6])
    codes, drawn = row.background.draw(grid(60, 2))
    assert drawn.format == "csr"
    assert drawn.dtype == COUNTS.dtype
    dense = drawn.toarray()
    assert (dense[:, [0, 2, 3]] == 0).all()
    assert np.bincount(dense[:, 1].astype(int)).tolist() == [20, 30, 10]
    assert (dense[:, 4] == 0).sum() == 10
    assert np.array_equal(row.encode(codes)[:, 0], dense[:, 1] == 1)
    assert not row.background.shared
    assert np.array_equal(row.original.toarray(), COUNTS[:1])


def test_sparse_rows_given_dense_or_in_a_stream_are_the_same() -> None:
    matrix = sparse.csr_matrix(COUNTS)
    tabular = Tabular(matrix)
    streamed = [tabular.represent(row) for row in tabular.instances(matrix)]
    for i, row in enumerate(streamed):
        assert tabular.represent(COUNTS[i]).content == row.content
        assert tabular.represent(list(COUNTS[i])).features == row.features
    assert np.array_equal(tabular.originals(streamed).toarray(), COUNTS)


def test_sparse_values_and_columns_that_the_background_never_shows_are_kept_never() -> None:
    row = Tabular(sparse.csr_matrix(COUNTS)).represent([5.0, 7.0, 0, 0, 0])
    assert [(f.name, f.keep) for f in row.features] == [("x0 = 5", 0.0), ("x1 = 7", 0.0)]
    codes, drawn = row.background.draw(grid(30, 2))
    assert row.encode(codes).sum() == 0
    assert drawn[:, [0]].sum() == 0


def test_an_empty_sparse_row_has_no_features() -> None:
    row = Tabular(sparse.csr_matrix(COUNTS)).represent(np.zeros(5))
    codes, drawn = row.background.draw(np.empty((3, 0)))
    assert row.features == ()
    assert drawn.shape == (3, 5)
    assert row.encode(codes).shape == (3, 0)


def test_sparse_without_bins_multiplies_by_the_scale_once() -> None:
    tabular = Tabular(sparse.csr_matrix(COUNTS), bins=None)
    row = tabular.represent(COUNTS[0])
    codes, drawn = row.background.draw(np.array([[0.8413447460685429, 0.5]]))
    column = COUNTS[:, 1]
    assert drawn[0, 1] == pytest.approx(column.mean() + column.std())
    assert row.encode(codes)[0] == pytest.approx([1.0, 0.0])
    assert row.center[0] == pytest.approx((1 - column.mean()) / column.std())


def test_a_sparse_background_saves_and_pickles(tmp_path: Path) -> None:
    tabular = Tabular(sparse.csr_matrix(COUNTS))
    tabular.save(tmp_path / "sparse.json")
    for copy in (Tabular.load(tmp_path / "sparse.json"), pickle.loads(pickle.dumps(tabular))):
        one, other = tabular.represent(COUNTS[0]), copy.represent(COUNTS[0])
        assert one.background.content == other.background.content
        assert one.features == other.features
        U = grid(20, 2)
        assert (one.background.draw(U)[1] != other.background.draw(U)[1]).nnz == 0


@pytest.mark.parametrize(
    "arguments",
    [{"bins": "entropy", "targets": [1] * 6}, {"bins": {"x0": [1]}}, {"categorical": ["x0"]}, {"sampling": "gaussian"}],
)
def test_sparse_rows_refuse_options_without_effect(arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="sparse"):
        Tabular(sparse.csr_matrix(COUNTS), **arguments)


def test_sparse_infinity_is_refused() -> None:
    with pytest.raises(InputError, match="finite"):
        Tabular(sparse.csr_matrix(np.array([[np.inf, 1.0]])))


# --- files and instances ---


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"bins": None},
        {"sampling": "gaussian"},
        {"bins": None, "around": "instance"},
        {"groups": {"who": ["age", "city"]}},
    ],
)
def test_a_loaded_background_explains_as_the_saved_one(arguments: dict[str, Any], tmp_path: Path) -> None:
    tabular = Tabular(SMALL, **arguments)
    tabular.save(tmp_path / "b.json")
    loaded = Tabular.load(tmp_path / "b.json")
    for i in range(3):
        one, other = tabular.represent(SMALL.iloc[i]), loaded.represent(SMALL.iloc[i])
        U = grid(20, len(one.features))
        assert one.features == other.features
        assert one.background.content == other.background.content
        assert one.encode(one.background.draw(U)[0]).tobytes() == other.encode(other.background.draw(U)[0]).tobytes()
        assert one.background.draw(U)[1].equals(other.background.draw(U)[1])
    assert loaded.describe() == tabular.describe()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"bins": 5}, "bins"),
        ({"bins": True}, "bins"),
        ({"categorical": 5}, "categorical: expected a list of column names, got 5"),
        ({"numeric": 1.5}, "numeric: expected a list of column names"),
        ({"names": 3}, "names: expected a list of column names, got 3"),
        ({"groups": 5}, "groups: expected a mapping from a name to its columns"),
        ({"groups": [["x0", "x1"]]}, "groups: expected a mapping"),
    ],
)
def test_an_argument_of_another_kind_is_refused_with_what_to_pass(options: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        Tabular(np.arange(40.0).reshape(20, 2), **options)


@pytest.mark.parametrize("budget", ["many", 0, True, None, 2.5])
def test_a_budget_that_is_no_number_of_rows_is_refused_before_the_model_is_asked(budget: Any) -> None:
    tabular = Tabular(np.arange(40.0).reshape(20, 2), max_samples=budget)
    with pytest.raises(InputError, match="max_samples that is a positive integer"):
        Explainer(lambda X: X[:, 0], tabular)


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"limelight": "tabular", "schema_version": 99}'])
def test_a_file_that_is_no_background_is_refused(text: str, tmp_path: Path) -> None:
    (tmp_path / "b.json").write_text(text)
    with pytest.raises(InputError, match="path"):
        Tabular.load(tmp_path / "b.json")


def test_a_stream_of_chunks_rows_and_arrays_is_taken_apart_lazily() -> None:
    tabular = Tabular(SMALL)

    def stream() -> Any:
        yield SMALL.iloc[:3]
        yield SMALL.iloc[3]
        yield SMALL.iloc[4:]
        raise RuntimeError("read too far")

    rows = iter(tabular.instances(stream()))
    contents = [tabular.represent(next(rows)).content for _ in range(8)]
    assert contents == [tabular.represent(SMALL.iloc[i]).content for i in range(8)]


def test_instances_of_a_frame_have_a_length_and_can_be_read_twice() -> None:
    rows = Tabular(SMALL).instances(SMALL)
    assert len(rows) == 8  # type: ignore[arg-type]
    assert repr(list(rows)) == repr(list(rows))


def test_instances_with_other_columns_are_refused_and_named() -> None:
    with pytest.raises(UnknownNameError, match="incom"):
        list(Tabular(SMALL).instances(SMALL.rename(columns={"income": "incom"})))


@pytest.mark.parametrize("many", [3, {"age": 3}, "rows", None])
def test_instances_that_are_no_rows_are_refused(many: Any) -> None:
    with pytest.raises(InputError, match="instances"):
        Tabular(SMALL).instances(many)


def test_describe_is_json() -> None:
    import json

    described = json.loads(json.dumps(Tabular(SMALL, bins={"age": [30]}, groups={"g": ["city"]}).describe()))
    assert described["bins"] == {"age": [30.0]}
    assert described["groups"] == {"g": ["city"]}


# --- real data ---


@pytest.mark.shared_data
def test_adult_as_it_is_round_trips_with_its_question_marks(adult: tuple[pd.DataFrame, pd.Series]) -> None:
    X, _ = adult
    tabular = Tabular(X)
    codes, drawn = tabular.background.draw(grid(4096, 14))
    assert drawn.dtypes.equals(X.dtypes)
    assert "?" in set(drawn["workclass"])
    rows = [tabular.represent(row) for row in tabular.instances(X.iloc[:200])]
    assert tabular.originals(rows).equals(X.iloc[:200])
    row = tabular.represent(X.iloc[0])
    assert names(row)[:2] == ["37 < age ≤ 48", "workclass = State-gov"]
    assert row.features[10].keep == pytest.approx((X["capital-gain"] > 0).mean())
    assert row.encode(codes).mean(axis=0) == pytest.approx([f.keep for f in row.features], abs=1e-3)


@pytest.mark.shared_data
def test_adult_bins_are_those_of_lime(adult: tuple[pd.DataFrame, pd.Series]) -> None:
    from lime.discretize import QuartileDiscretizer

    X = adult[0].select_dtypes("number").to_numpy(float)
    theirs = QuartileDiscretizer(X, [], [str(j) for j in range(X.shape[1])], random_state=0).discretize(X[:500])
    tabular = Tabular(X)
    ours = np.array([tabular.represent(row).own for row in tabular.instances(X[:500])])
    assert np.array_equal(ours, theirs)


@pytest.mark.shared_data
def test_mushroom_is_all_categories(shared_data: Path) -> None:
    frame = pd.read_csv(shared_data / "mushroom" / "mushroom_data.csv", header=None)
    X = frame.drop(columns=0)
    tabular = Tabular(X)
    row = tabular.represent(X.iloc[0])
    assert row.features[0].name == "1 = x"
    assert row.features[0].keep == pytest.approx((X[1] == "x").mean())
    assert row.features[15].keep == 1.0  # the veil's type is constant
    _, drawn = tabular.background.draw(grid(500, 22))
    assert drawn.dtypes.equals(X.dtypes)
    assert list(drawn.columns) == list(X.columns)


@pytest.mark.shared_data
def test_compas_with_missing_values_and_dates(shared_data: Path, tmp_path: Path) -> None:
    frame = pd.read_csv(
        shared_data / "compas" / "compas-scores-two-years.csv",
        parse_dates=["compas_screening_date", "c_jail_in", "c_offense_date"],
    )
    tabular = Tabular(frame)
    _codes, drawn = tabular.background.draw(grid(1000, 46))
    assert drawn.dtypes.equals(frame.dtypes)
    assert drawn["c_jail_in"].isna().mean() == pytest.approx(frame["c_jail_in"].isna().mean(), abs=2e-3)
    rows = [tabular.represent(row) for row in tabular.instances(frame.iloc[:100])]
    assert tabular.originals(rows).equals(frame.iloc[:100])
    assert all(row.content == tabular.represent(frame.iloc[i]).content for i, row in enumerate(rows[:20]))
    tabular.save(tmp_path / "compas.json")
    assert Tabular.load(tmp_path / "compas.json").background.content == tabular.background.content


@pytest.mark.shared_data
def test_california_as_an_array_with_the_place_as_one_feature(shared_data: Path) -> None:
    frame = pd.read_csv(shared_data / "california_housing" / "california_housing.csv").drop(columns="MedHouseVal")
    tabular = Tabular(frame.to_numpy(), names=list(frame), groups={"place": ["Latitude", "Longitude"]})
    codes, drawn = tabular.background.draw(grid(2000, 7))
    assert drawn.dtype == np.float64
    places = set(map(tuple, frame[["Latitude", "Longitude"]].to_numpy().tolist()))
    assert set(map(tuple, drawn[:, 6:].tolist())) <= places
    row = tabular.represent(frame.iloc[0])
    assert row.features[-1].name.startswith("place: Latitude > 37.7")
    assert np.array_equal(row.original[0], frame.iloc[0].to_numpy())
    assert row.encode(codes).mean(axis=0) == pytest.approx([f.keep for f in row.features], abs=2e-3)


def test_sparse_rows_of_different_lengths_have_each_its_own_kernel_width_when_explained_together():
    matrix = sparse.random(60, 20, density=0.3, random_state=0, format="csr")
    sizes = np.linspace(-2.0, 2.0, 20)

    def bent(rows):
        return np.tanh(np.asarray(rows @ sizes).ravel())

    def explainer():
        return Explainer(bent, Tabular(matrix), seed=0, n_samples=256)

    together = list(explainer().explain_many(matrix[:5]))
    assert len({len(each.features) for each in together}) > 2
    assert together == [explainer().explain(matrix[i]) for i in range(5)]


# --- one-hot columns whose first level was dropped ---


def test_one_hot_columns_whose_first_level_was_dropped_are_one_feature() -> None:
    city = pd.Series(RNG.choice(["a", "b", "c"], 300))
    dropped = pd.get_dummies(city, prefix="city", drop_first=True).astype(int)
    tabular = Tabular(dropped)
    assert [(f.name, f.value) for f in tabular.represent([0, 0]).features] == [("city = none", "none")]
    _, drawn = tabular.background.draw(grid(300, 1))
    assert drawn.sum(axis=1).max() == 1  # nobody lives in two cities
    assert drawn["city_b"].mean() == pytest.approx(dropped["city_b"].mean(), abs=0.01)


def test_rare_flags_that_never_met_yet_are_flags() -> None:
    frame = pd.DataFrame({"has_a": [1] * 4 + [0] * 96, "has_b": [0] * 96 + [1] * 4})  # by chance they met in .16 rows
    assert len(Tabular(frame).represent([0, 0]).features) == 2
