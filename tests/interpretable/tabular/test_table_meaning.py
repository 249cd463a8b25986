"""What a table's values mean is known, refused or said: labels, zones, dates, large integers, objects, masks."""

import datetime
import pickle
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from scipy import sparse

import limelight as ll
from limelight.errors import InputError
from limelight.interpretable.tabular import Tabular, dense

RNG = np.random.default_rng(0)
D = pd.DataFrame(RNG.normal(size=(1000, 4)), columns=list("abcd"))
U = np.random.default_rng(1).random((500, 2))


# -- labels of columns ------------------------------------------------------------------------------------------------

NUMBERED = D.set_axis([3, 2, 1, 0], axis=1)


def twice_column_0(frame):
    return 2.0 * frame[0]


@pytest.mark.parametrize("order", [[3, 2, 1, 0], [0, 1, 2, 3], [2, 0, 3, 1]])
def test_a_series_is_read_by_its_labels_also_where_they_are_numbers(order):
    explainer = ll.Explainer(twice_column_0, Tabular(NUMBERED), seed=0)
    alone = explainer.explain(NUMBERED.iloc[0][order])
    among = next(explainer.explain_many(NUMBERED[:1][order]))
    assert alone.prediction[0] == among.prediction[0] == 2 * NUMBERED[0].iloc[0]
    assert (alone.coef == among.coef).all()


def test_a_dict_and_a_list_of_series_are_read_by_number_labels_too():
    explainer = ll.Explainer(twice_column_0, Tabular(NUMBERED), seed=0)
    shuffled = [NUMBERED.iloc[i][[1, 3, 0, 2]] for i in range(3)]
    found = [explanation.prediction[0] for explanation in explainer.explain_many(shuffled)]
    assert found == (2 * NUMBERED[0].iloc[:3]).tolist()
    assert explainer.explain(dict(shuffled[0])).prediction[0] == found[0]


def test_numbers_that_name_some_columns_and_not_others_are_no_positions():
    some = D.set_axis([1, 2, 3, 4], axis=1)
    with pytest.raises(InputError, match="instance"):
        Tabular(some).represent(pd.Series([1.0, 2.0, 3.0, 4.0]))  # labels 0 … 3


def test_a_series_without_labels_of_its_own_is_read_in_order():
    assert Tabular(D).represent(pd.Series([1.0, 2.0, 3.0, 4.0])).values == (1, 2, 3, 4)


@pytest.mark.parametrize("library", ["polars", "pyarrow"])
def test_a_row_of_another_library_is_read_by_name(library):
    module = pytest.importorskip(library)
    row = D[:1][["d", "b", "a", "c"]]
    other = module.from_pandas(row) if library == "polars" else module.Table.from_pandas(row)
    assert Tabular(D).represent(other).values == tuple(D.iloc[0])


# -- time zones -------------------------------------------------------------------------------------------------------

ZONES = ["America/New_York", "America/Los_Angeles", "America/Sao_Paulo", "Etc/GMT+5", "Asia/Kolkata", "UTC"]


def hours(zone):
    times = pd.date_range("2024-03-01", periods=400, freq="h", tz=zone)
    return pd.DataFrame({"t": times, "x": RNG.normal(size=400)})


def late(frame):
    return (pd.DataFrame(frame)["t"].dt.day > 8).astype(float)


@pytest.mark.parametrize("zone", ZONES)
def test_dates_of_every_zone_are_cut_into_four_and_shown_in_their_zone(zone):
    frame = hours(zone)
    tabular = Tabular(frame)
    column = tabular.table.columns[0]
    assert (column.type, column.zone, len(column.names)) == ("datetime", zone, 4)
    row = tabular.represent(frame.iloc[0])
    offset = frame.t.iloc[0].strftime("%z")
    assert row.features[0].value == f"2024-03-01 00:00{offset[:3]}:{offset[3:]}"
    assert row.original.equals(frame[:1].reset_index(drop=True))
    # whether it is after the 8th is known by the local clock, which is what the model sees
    explanation = ll.Explainer(late, tabular, seed=0).explain(frame.iloc[0])
    assert explanation.as_list()[0][0].startswith("t ≤ ")
    assert explanation.prediction[0] == 0
    assert explanation.coef[0, 0] < -0.5


@pytest.mark.parametrize("zone", [datetime.timezone(datetime.timedelta(hours=-5)), ZoneInfo("America/New_York")])
def test_zones_are_known_however_they_are_made(zone):
    assert Tabular(hours(zone)).represent(hours(zone).iloc[5]).features[0].value == "2024-03-01 05:00-05:00"


@pytest.mark.parametrize("library", ["polars", "pyarrow", "arrow in pandas", "objects", "numpy objects"])
def test_dates_of_every_library_are_shown_in_their_zone(library):
    frame = hours("America/New_York")
    if library == "polars":
        table = pytest.importorskip("polars").from_pandas(frame)
    elif library == "pyarrow":
        table = pytest.importorskip("pyarrow").Table.from_pandas(frame)
    elif library == "arrow in pandas":
        pytest.importorskip("pyarrow")
        table = frame.convert_dtypes(dtype_backend="pyarrow")
    elif library == "objects":
        table = frame.astype({"t": object})
    else:
        table = frame.astype(object).to_numpy()
    tabular = Tabular(table)
    first = next(iter(tabular.instances(table[:1])))
    assert tabular.represent(first).features[0].value == "2024-03-01 00:00-05:00"
    assert tabular.table.columns[0].names[0].startswith(("t ≤ 2024-03-05 03:45-05:00", "x0 ≤ 2024-03-05 03:45-05:00"))


def test_summer_time_is_shown():
    frame = hours("America/New_York")
    assert Tabular(frame).represent(frame.iloc[-1]).features[0].value == "2024-03-17 16:00-04:00"


@pytest.mark.parametrize(
    "naive",
    [pd.Timestamp("2024-03-01"), datetime.datetime(2024, 3, 1), np.datetime64("2024-03-01"), datetime.date(2024, 3, 1)],
)
def test_a_date_without_a_zone_is_refused_where_the_column_has_one(naive):
    with pytest.raises(InputError, match=r"column 't': expected a date in a time zone, .*America/New_York"):
        Tabular(hours("America/New_York")).represent([naive, 0.0])


def test_a_date_with_a_zone_is_refused_where_the_column_has_none():
    with pytest.raises(InputError, match="column 't': expected a date without a time zone"):
        Tabular(hours(None)).represent([pd.Timestamp("2024-03-01", tz="Europe/Rome"), 0.0])


def test_an_instant_of_another_zone_is_the_same_instant():
    frame = hours("America/New_York")
    there = frame.t.iloc[7].tz_convert("Asia/Tokyo")
    row = Tabular(frame).represent([there, 0.0])
    assert row.features[0].value == "2024-03-01 07:00-05:00"
    assert row.original.t[0] == frame.t[7]
    assert row.original.dtypes.t == frame.dtypes.t


def test_dates_with_and_without_a_zone_in_one_column_are_refused():
    mixed = pd.DataFrame(
        {"t": pd.Series([pd.Timestamp("2024-01-01"), pd.Timestamp("2024-01-01", tz="UTC")], dtype=object)}
    )
    with pytest.raises(InputError, match="column 't': expected dates that all have a time zone or none"):
        Tabular(mixed)


def test_zones_survive_a_file(tmp_path):
    frame = hours("America/Sao_Paulo")
    Tabular(frame).save(tmp_path / "t.json")
    again = Tabular.load(tmp_path / "t.json")
    assert again.represent(frame.iloc[3]).features == Tabular(frame).represent(frame.iloc[3]).features
    assert again.background.content == Tabular(frame).background.content


# -- decimals and dates that are objects ------------------------------------------------------------------------------


@pytest.mark.parametrize("as_array", [False, True])
def test_decimals_are_numbers_and_reach_the_model_as_decimals(as_array):
    prices = [Decimal(f"{i}.{i:02d}") for i in range(100)]
    frame = pd.DataFrame({"price": pd.Series(prices, dtype=object), "x": RNG.normal(size=100)})
    table = frame.to_numpy() if as_array else frame

    def cost(rows):
        column = list(rows[:, 0] if as_array else rows["price"])
        assert all(isinstance(value, Decimal) for value in column)
        return [float(value) for value in column]

    explanation = ll.Explainer(cost, Tabular(table), seed=0).explain(table[99] if as_array else table.iloc[99])
    assert explanation.features[0].name.endswith("> 74.99")
    assert explanation.prediction[0] == 99.99
    assert explanation.coef[0, 0] > 40


@pytest.mark.parametrize("bins", ["quartile", None, {"day": "decile"}])
def test_days_are_dates_and_reach_the_model_as_days(bins):
    days = [datetime.date(2024, 1, 1) + datetime.timedelta(days=i) for i in range(200)]
    frame = pd.DataFrame({"day": pd.Series(days, dtype=object), "x": RNG.normal(size=200)})

    def month(rows):
        assert all(type(day) is datetime.date for day in rows["day"])
        return [float(day.month) for day in rows["day"]]

    explanation = ll.Explainer(month, Tabular(frame, bins=bins), seed=0).explain(frame.iloc[0])
    assert explanation.features[0].value == "2024-01-01"
    assert explanation.prediction[0] == 1
    assert abs(explanation.coef[0, 0]) > 1


def test_time_spans_that_are_objects_are_time_spans():
    spans = np.array([[datetime.timedelta(minutes=i)] for i in range(100)], dtype=object)
    assert [f.name for f in Tabular(spans).represent(spans[0]).features] == ["x0 ≤ 0:24:45"]


def test_missing_decimals_and_days_are_missing():
    for values in ([Decimal(1), None, Decimal("NaN")] * 9, [datetime.date(2024, 1, 1), None, pd.NaT] * 9):
        frame = pd.DataFrame({"v": pd.Series(values, dtype=object)})
        assert Tabular(frame).represent([None]).features[0].name == "v is missing"
        assert Tabular(frame).represent([None]).features[0].keep == pytest.approx(2 / 3)


# -- numbers that float64 does not hold -------------------------------------------------------------------------------

LARGE = 2**60


@pytest.mark.parametrize("kind", ["int64", "uint64", "Int64", "object", "polars", "pyarrow", "numpy"])
def test_large_integers_come_back_as_they_were(kind):
    values = [LARGE + i for i in range(1000)]
    if kind == "numpy":
        table = np.array(values, dtype=np.int64)[:, None]
    elif kind in ("polars", "pyarrow"):
        library = pytest.importorskip(kind)
        table = library.DataFrame({"id": values}) if kind == "polars" else library.table({"id": values})
    else:
        table = pd.DataFrame({"id": pd.Series(values, dtype=kind)})
    tabular = Tabular(table)
    assert len(tabular.table.columns[0].names) <= 4  # a number, not a thousand categories
    _, drawn = tabular.background.draw(U[:, :1])
    found = (
        drawn[:, 0].tolist()
        if kind == "numpy"
        else pd.DataFrame(drawn.to_pydict() if kind == "pyarrow" else {"id": drawn["id"]})["id"].tolist()
    )
    assert set(found) <= set(values)
    assert len(set(found)) > 300  # all of them are drawn, not one of each 256 that a float tells apart
    row = next(iter(tabular.instances(table[7:8])))
    assert tabular.represent(row).values == (LARGE + 7,)


def test_integers_beyond_every_dtype_come_back_as_they_were():
    values = [10**30 + i for i in range(100)]
    frame = pd.DataFrame({"id": pd.Series(values, dtype=object)})
    tabular = Tabular(frame)
    assert tabular.represent([values[3]]).original["id"].tolist() == [values[3]]
    assert set(tabular.background.draw(U[:, :1])[1]["id"]) <= set(values)


def test_a_float_that_may_be_another_integer_is_refused():
    frame = pd.DataFrame({"id": [LARGE + i for i in range(1000)], "x": RNG.normal(size=1000)})
    with pytest.raises(InputError, match="column 'id'.*pass an int"):
        Tabular(frame).represent(frame.iloc[7])  # pandas made floats of this row
    assert Tabular(frame).represent(frame[7:8]).values[0] == LARGE + 7


def test_long_decimals_come_back_as_they_were():
    values = [Decimal("0.123456789012345678901234") + Decimal(i) / Decimal(10**24) for i in range(50)]
    frame = pd.DataFrame({"v": pd.Series(values, dtype=object)})
    found = set(Tabular(frame).background.draw(U[:, :1])[1]["v"])
    assert found == set(values)


def test_nanoseconds_are_told_apart():
    times = pd.to_datetime(1_700_000_000_000_000_000 + np.arange(200), unit="ns")
    found = Tabular(pd.DataFrame({"t": times})).background.draw(U[:, :1])[1]["t"]
    assert len(set(found)) > 150


# -- objects and the random stream ------------------------------------------------------------------------------------


class Colour:
    """A value with the repr that Python gives it: where it lies in memory."""

    def __init__(self, name):
        self.name = name

    def __eq__(self, other):
        return isinstance(other, Colour) and self.name == other.name

    def __hash__(self):
        return hash(self.name)


@pytest.mark.parametrize("wrap", [Colour, lambda name: (Colour(name), 1), lambda name: frozenset({name, "light"})])
def test_equal_backgrounds_of_objects_have_one_stream_and_one_order(wrap):
    def frame():
        keep.append([Colour("padding") for _ in range(len(keep) * 7)])  # other addresses each time
        colours = [wrap(name) for name in ("red", "green", "blue", "red") * 25]
        return pd.DataFrame({"colour": pd.Series(colours, dtype=object), "x": np.arange(100.0)})

    def model(rows):
        return [float(value == wrap("red")) + x / 100 for value, x in zip(rows["colour"], rows["x"], strict=True)]

    keep: list = []
    first, second = frame(), frame()
    assert Tabular(first).background.content == Tabular(second).background.content
    weights = [ll.Explainer(model, Tabular(each), seed=0).explain(each.iloc[0]).coef for each in (first, second)]
    assert (weights[0] == weights[1]).all()
    fresh = [
        ll.Explainer(model, Tabular(each), seed=0, fresh=True).explain(each.iloc[0]).coef for each in (first, second)
    ]
    assert (fresh[0] == fresh[1]).all()


def test_different_backgrounds_have_different_streams():
    contents = [Tabular(pd.DataFrame({"v": pd.Series(values, dtype=object)})).background.content for values in
                ([(1, "a"), (2, "b")], [(1, "a"), (2, "c")])]  # fmt: skip
    assert contents[0] != contents[1]


# -- draws that could be ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("around", ["background", "instance"])
def test_normal_draws_stay_where_the_background_is(around):
    frame = pd.DataFrame(
        {
            "balance": np.random.default_rng(0).exponential(1000, 2000),
            "items": np.random.default_rng(1).poisson(2, 2000) + 1,
            "share": np.random.default_rng(2).beta(9, 1, 2000),
        }
    )

    def checked(rows):
        assert (rows["balance"] >= 0).all()
        assert (rows["items"] >= 1).all()
        assert (rows["share"] <= 1).all()
        return np.log(rows["balance"] + 1) / rows["items"]

    explanation = ll.Explainer(checked, Tabular(frame, bins=None, around=around), seed=0).explain(frame.iloc[0])
    assert explanation.coef[0, 0] > 0


@pytest.mark.parametrize("edges", [[-100.0, 50.0], [50.0, 1e9], [-1.0, 0.5, 2.0]])
def test_normal_draws_in_bins_that_reach_beyond_the_background_stay_in_it(edges):
    balances = np.random.default_rng(0).exponential(100, 2000)
    tabular = Tabular(pd.DataFrame({"v": balances}), bins={"v": edges}, sampling="gaussian")
    drawn = tabular.background.draw(np.random.default_rng(1).random((5000, 1)))[1]["v"]
    assert balances.min() <= drawn.min()
    assert drawn.max() <= balances.max()


def test_edges_that_are_changed_afterwards_change_nothing():
    edges = [0.5, 1.5]
    counts = sparse.csr_matrix(np.random.default_rng(0).poisson(1.0, (300, 3)))
    tabular = Tabular(counts, bins=edges)
    names = [feature.name for feature in tabular.represent(counts[0]).features]
    edges[:] = [7.0, 8.0]
    assert [feature.name for feature in tabular.represent(counts[0]).features] == names


def test_normal_draws_of_sparse_counts_are_never_negative():
    counts = sparse.csr_matrix(np.random.default_rng(0).poisson(0.3, (300, 6)))

    def checked(rows):
        assert rows.nnz == 0 or rows.data.min() > 0
        return np.asarray(rows.sum(axis=1)).ravel().astype(float)

    row = counts[int(np.argmax(counts.getnnz(axis=1)))]
    assert (ll.Explainer(checked, Tabular(counts, bins=None), seed=0).explain(row).coef > 0).all()


def test_an_instance_beyond_the_background_is_drawn_around_all_the_same():
    frame = pd.DataFrame({"v": np.linspace(0, 1, 100)})
    row = Tabular(frame, bins=None, around="instance").represent([5.0])
    drawn = row.background.draw(U[:, :1])[1]["v"]
    assert drawn.max() == 5.0
    assert drawn.min() > 3.0
    assert len(set(drawn)) > 200


def test_integers_that_are_objects_are_drawn_as_integers():
    frame = pd.DataFrame({"n": pd.Series(list(range(50)), dtype=object)})
    drawn = Tabular(frame, bins=None).background.draw(U[:, :1])[1]["n"]
    assert all(isinstance(value, int) for value in drawn)


# -- free text among columns ------------------------------------------------------------------------------------------

REVIEWS = pd.DataFrame(
    {"review": [f"this film is number {i} of the year and not that good" for i in range(60)], "stars": [1, 2, 3] * 20}
)


def test_a_column_of_free_text_is_said_to_be_taken_as_one_category(tmp_path):
    explanation = ll.Explainer(lambda F: F["stars"] * 1.0, Tabular(REVIEWS), seed=0).explain(REVIEWS.iloc[0])
    assert "'review' looks like free text" in explanation.warnings[0]
    assert "ll.Text(fields=" in explanation.warnings[0]
    Tabular(REVIEWS).save(tmp_path / "t.json")
    assert Tabular.load(tmp_path / "t.json").notes == Tabular(REVIEWS).notes


@pytest.mark.parametrize(
    "values",
    [
        [f"person {i}" for i in range(60)],  # names
        ["the quick brown fox jumps over it", "a lazy dog sleeps the whole day"] * 30,  # long, and few
        ["Doctor of Philosophy in Law", "Master of Arts", "Bachelor of Science"] * 20,
        list(range(60)),
    ],
)
def test_names_and_categories_are_no_free_text(values):
    assert not any("free text" in note for note in Tabular(REVIEWS.assign(review=values)).notes)


# -- arrays with a mask, and matrices ---------------------------------------------------------------------------------


def test_masked_values_of_a_background_are_refused_and_those_of_a_row_are_missing():
    array = RNG.normal(size=(100, 2))
    masked = np.ma.array(array, mask=array > 2)
    with pytest.raises(
        InputError, match=r"masked array; say what they are, for instance missing, by X.filled\(np.nan\)"
    ):
        Tabular(masked)
    row = Tabular(masked.filled(np.nan)).represent(np.ma.array([0.0, 99.0], mask=[False, True]))
    assert [feature.name for feature in row.features][1] == "x1 is missing"
    assert np.isnan(row.original[0, 1])


def test_an_array_that_only_could_be_masked_is_an_array():
    tabular = Tabular(np.ma.array(RNG.normal(size=(100, 2))))
    assert type(tabular.background.draw(U)[1]) is np.ndarray


@pytest.mark.filterwarnings("ignore::PendingDeprecationWarning")
def test_a_matrix_is_a_table_and_its_rows_are_rows():
    matrix = np.matrix(RNG.normal(size=(100, 2)))
    explainer = ll.Explainer(lambda X: X[:, 0] * 2, Tabular(matrix), seed=0)
    alone, among = explainer.explain(matrix[0]), list(explainer.explain_many(matrix[:3]))
    assert alone.prediction[0] == among[0].prediction[0] == 2 * matrix[0, 0]
    assert len(among) == 3


def test_rows_share_the_feature_of_a_number_and_a_table_is_the_same_file_however_many_it_has_met(monkeypatch):
    X = pd.DataFrame({"a": np.arange(40.0), "b": np.arange(40) % 7})
    met, fresh = ll.Tabular(X), ll.Tabular(X)
    rng = np.random.default_rng(0)
    met.represent({"a": 9.0, "b": 1}, rng)
    before = pickle.dumps(met.table)
    first, again = (met.represent({"a": 3.0, "b": 2}, rng) for _ in range(2))
    assert all(mine is theirs for mine, theirs in zip(first.features, again.features, strict=True))
    assert pickle.dumps(met.table) == before
    monkeypatch.setattr(dense, "_MOST_MET", 3)
    for row in X.to_dict("records"):
        assert met.represent(row, rng).features == fresh.represent(row, rng).features
    assert [feature.value for feature in met.represent({"a": 3.5, "b": 2}, rng).features] == ["3.5", "2"]


def test_a_tensor_is_answered_by_what_makes_an_array_of_it():
    class Tensor:
        def detach(self):
            raise AssertionError("nobody asked for it")

    X = np.random.default_rng(0).normal(size=(50, 2))
    with pytest.raises(InputError, match=r"background: .*got Tensor; pass tensor.detach\(\).cpu\(\).numpy\(\)"):
        ll.Tabular(Tensor())
    with pytest.raises(InputError, match=r"instance: .*got Tensor; pass tensor.detach\(\).cpu\(\).numpy\(\)"):
        ll.Explainer(lambda rows: rows[:, 0], ll.Tabular(X)).explain(Tensor())
