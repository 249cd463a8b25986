"""The set: it gives back every explanation as it was, keeps little, and says no where rows do not make one table.

The claims of `result/block.py` and `result/parquet.py`.
"""

import gc
import pickle
import tracemalloc

import numpy as np
import pytest

import limelight as ll
from limelight.errors import InputError, MissingDependencyError, ModelCallError, UnknownNameError
from limelight.result.columns import Numbers, Strings, pack
from limelight.result.parquet import rounded


def table(rows=60, n_samples=256, **settings):
    # Four numbers and eight categories, as in Adult.
    rng = np.random.default_rng(0)
    X = np.column_stack([rng.normal(size=(1500, 4)), rng.integers(0, 5, (1500, 8))])
    explainer = ll.Explainer(
        lambda X: X[:, 0] + X[:, 4] * X[:, 1],
        ll.Tabular(X[:500], categorical=range(4, 12)),
        seed=0,
        n_samples=n_samples,
        **settings,
    )
    return explainer, X[:rows]


@pytest.fixture(scope="module")
def rows():
    explainer, X = table()
    return explainer.explain_all(X)


def of_frame():
    pd = pytest.importorskip("pandas")
    rng = np.random.default_rng(1)
    frame = pd.DataFrame(
        {
            "age": rng.integers(18, 90, 200).astype(float),
            "city": pd.Categorical(rng.choice(["Bonn", "Köln", "Ulm"], 200)),
            1: rng.normal(size=200),
        }
    )
    frame.loc[::7, "age"] = np.nan

    def classes(frame):
        p = 1 / (1 + np.exp(-frame[1] - (frame["city"] == "Ulm") + frame["age"].isna()))
        return np.column_stack([1 - p, p])

    tabular = ll.Tabular(frame)
    return ll.Explainer(classes, tabular, output_names=["no", "yes"], targets="all", seed=0, n_samples=256), frame[:8]


def of_texts():
    texts = ["a good film with a good cast", "bad", "", "half a \ud800 pair, and ünïcode", "\0json:good"]
    explainer = ll.Explainer(lambda texts: np.array([text.count("good") for text in texts], float), ll.Text(), seed=0)
    return explainer, texts


def of_images():
    rng = np.random.default_rng(2)
    pictures = [rng.integers(0, 255, (24, 24, 3), dtype=np.uint8) for _ in range(3)]
    explainer = ll.Explainer(
        lambda X: np.asarray(X, float)[:, :12].mean(axis=(1, 2, 3)),
        ll.Image(segments=np.arange(24)[:, None] // 8 * 3 + np.arange(24) // 8),
        seed=0,
        n_samples=64,
    )
    return explainer, pictures


def of_series():
    series = np.random.default_rng(3).normal(size=(4, 48, 2))
    explainer = ll.Explainer(
        lambda X: np.asarray(X)[:, :12, 0].sum(axis=1), ll.TimeSeries(windows=6), seed=0, n_samples=64
    )
    return explainer, list(series)


def of_parts():
    parts = ll.Components(["drums", "hum", "voice"], np.asarray)
    model = lambda masks: np.asarray(masks, float) @ [2.0, -1.0, 0.5]  # noqa: E731
    return ll.Explainer(model, parts, seed=0, kernel_width="auto"), [None, None]


def of_sparse_rows():
    sparse = pytest.importorskip("scipy.sparse")
    X = sparse.random(60, 30, density=0.2, random_state=0, format="csr")
    return ll.Explainer(lambda X: X.toarray()[:, 0] * 2.0, ll.Tabular(X), seed=0, n_samples=128), X[:6]


def of_a_constant():
    X = np.random.default_rng(0).normal(size=(100, 3))
    return ll.Explainer(lambda X: np.full(len(X), 1e-40), ll.Tabular(X), seed=0, n_samples=128), X[:4]


def of_standardised_columns():
    X = np.random.default_rng(0).normal(size=(100, 3))
    return ll.Explainer(lambda X: X[:, 0], ll.Tabular(X, bins=None), seed=2**70, n_samples=128), X[:4]


KINDS = [
    of_frame,
    of_texts,
    of_images,
    of_series,
    of_parts,
    of_sparse_rows,
    of_a_constant,
    of_standardised_columns,
]


@pytest.mark.parametrize("kind", KINDS)
def test_every_explanation_comes_back_equal_from_memory_a_pickle_and_a_file(kind, tmp_path):
    pytest.importorskip("pyarrow")
    explainer, instances = kind()
    originals = list(explainer.explain_many(instances))
    kept = ll.Explanations.of(originals)
    assert len(kept) == len(originals)
    kept.to_parquet(tmp_path / "e.parquet")
    for found in (kept, pickle.loads(pickle.dumps(kept)), ll.Explanations.from_parquet(tmp_path / "e.parquet")):
        assert list(found) == originals
        for one, original in zip(found, originals, strict=True):
            assert one.provenance.cost == original.provenance.cost
            assert one.features == original.features
            assert str(one) == str(original)
            np.testing.assert_array_equal(one.contributions, original.contributions)


def test_explanations_of_older_files_come_back_too(rows, tmp_path):
    read = ll.Explanation.from_json(rows[0].to_json())
    data = rows[1].to_dict()
    for name in (
        "center",
        "reference",
        "additivity",
        "additivity_stderr",
        "gap",
        "curves",
        "pairs",
        "verdicts",
        "causes",
    ):
        del data[name]
    bare = ll.Explanation.from_dict(data)
    kept = ll.Explanations.of([read, bare])
    assert list(kept) == [read, bare]
    assert kept[1].center is None and kept[1].gap is None and kept[1].verdicts == ()
    assert repr(kept).endswith("not judged 1>")
    with pytest.raises(InputError, match="older version"):
        _ = kept.values
    np.testing.assert_array_equal(kept[1:].values, bare.coef)


def test_a_set_is_a_sequence(rows):
    everything = list(rows)
    assert rows[-1] == everything[-1] == rows[len(rows) - 1]
    assert isinstance(rows[3:10:2], ll.Explanations)
    assert list(rows[3:10:2]) == everything[3:10:2]
    assert list(rows[::-1]) == everything[::-1]
    assert everything[5] in rows
    assert list(rows[:2] + rows[40:42]) == [*everything[:2], *everything[40:42]]
    assert rows[:2] + rows[2:] == rows
    assert rows != rows[:3] and rows != 3
    assert hash(rows[:2]) == hash(rows[0:2])
    assert len(ll.Explanations.of([])) == 0 and list(ll.Explanations()) == []
    nothing = rows[:0]
    assert repr(ll.Explanations()) == repr(nothing) == "<Explanations: none>"
    assert len(nothing.values) == len(nothing.base_values) == len(nothing.data) == 0
    with pytest.raises(IndexError):
        rows[len(rows)]
    with pytest.raises(TypeError):
        rows + everything


def test_a_set_of_several_blocks_gives_back_what_lies_in_each():
    explainer, X = table(rows=1100, n_samples=64)
    originals = list(explainer.explain_many(X))
    kept = ll.Explanations.of(iter(originals))
    assert kept[0] == originals[0] and kept[511] == originals[511] and kept[512] == originals[512]
    assert list(kept[500:530]) == originals[500:530]
    assert list(kept[1099:508:-200]) == originals[1099:508:-200]
    assert kept.values.shape == (1100, 12)
    few = pickle.dumps(kept[1095:1098])
    assert len(few) < len(pickle.dumps(kept)) / 5, "a slice takes its own block along, not all"
    assert list(pickle.loads(few)) == originals[1095:1098]


def test_what_is_no_explanation_is_refused(rows):
    for given in (rows[0], 3):
        with pytest.raises(InputError, match="expected many of them"):
            ll.Explanations.of(given)
    with pytest.raises(InputError, match="position 1, got dict"):
        ll.Explanations.of([rows[0], rows[1].to_dict()])


def test_values_base_values_and_data_are_those_of_the_explanations(rows):
    assert rows.values.shape == (60, 12)
    for i, explanation in enumerate(rows):
        np.testing.assert_array_equal(rows.values[i], explanation.contributions[0])
        assert rows.base_values[i] == pytest.approx(explanation.base_values[0], rel=1e-12)
        assert rows.data[i].tolist() == [feature.value for feature in explanation.features]
    assert np.isfinite(rows.values).all()
    np.testing.assert_allclose(rows.values.sum(axis=1) + rows.base_values, [e.local_prediction[0] for e in rows])
    assert rows.feature_names == tuple(f"x{j}" for j in range(12))


def test_values_of_a_frame_with_missing_values_are_numbers_and_the_target_is_chosen():
    explainer, frame = of_frame()
    both = explainer.explain_all(frame)
    yes = both.filter(target="yes")
    assert len(yes) == len(both)
    assert np.isfinite(yes.values).all()
    np.testing.assert_array_equal(yes.values[2], both[2].contributions[1])
    np.testing.assert_array_equal(both.values[2], both[2].contributions[0])
    np.testing.assert_array_equal(both.filter(target=1).values, yes.values)
    assert yes.feature_names == ("age", "city", "1")
    assert set(yes.to_frame()["target"]) == {"yes"}
    assert set(both.to_frame()["target"]) == {"yes", "no"}
    with pytest.raises(UnknownNameError, match="did you mean 'yes'"):
        both.filter(target="yess")


def test_rows_of_different_targets_are_not_laid_side_by_side_unless_one_is_chosen():
    X = np.random.default_rng(0).normal(size=(200, 3))
    model = lambda X: np.stack([X[:, 0], -X[:, 0], 0 * X[:, 1]], axis=1)  # noqa: E731
    explainer = ll.Explainer(model, ll.Tabular(X), output_names=["up", "down", "flat"], seed=0, n_samples=64)
    first = explainer.with_settings(targets="up").explain_all(X[:3])
    second = explainer.with_settings(targets=["down", "up"]).explain_all(X[3:6])
    mixed = first + second
    with pytest.raises(InputError, match=r"different targets \('up', 'down'\); choose one with filter"):
        _ = mixed.values
    with pytest.raises(InputError, match="different targets"):
        _ = mixed.base_values
    assert mixed.filter(target="up").values.shape == (6, 3)
    assert len(mixed.filter(target="down")) == 3
    assert "up 3, down 3" in repr(mixed)


def test_rows_whose_features_differ_make_no_table():
    explainer, texts = of_texts()
    kept = explainer.explain_all(texts)
    with pytest.raises(InputError, match="features of explanation 1 are not those of the first"):
        _ = kept.values
    assert kept.base_values.shape == (5,)
    assert kept[:1].values.shape == (1, len(kept[0].features))
    # superpixel 3 of two pictures is not one thing, though both have one
    pictures = ll.Explanations.of(of_images()[0].explain_many(of_images()[1]))
    with pytest.raises(InputError, match="use to_frame"):
        _ = pictures.values


def test_windows_of_the_same_steps_are_the_same_features():
    explainer, series = of_series()
    assert explainer.explain_all(series).values.shape[0] == 4


def test_explanations_that_show_a_feature_are_found_by_column_and_by_name(rows):
    shown = rows.filter(feature="x3")
    assert 0 < len(shown) < len(rows)
    assert all("x3" in [e.features[j].where.key for j in e.selected[0]] for e in shown)
    name = rows[0].features[rows[0].selected[0][0]].name
    assert rows[0] in rows.filter(feature=name)
    assert len(rows.filter(feature=name)) < len(rows)
    with pytest.raises(UnknownNameError, match="feature"):
        rows.filter(feature="x99")
    explainer, texts = of_texts()
    assert len(explainer.explain_all(texts).filter(feature="good")) == 2


def test_frames_are_of_the_library_that_the_rows_came_in():
    pl = pytest.importorskip("polars")
    pa = pytest.importorskip("pyarrow")
    pd = pytest.importorskip("pandas")
    columns = {"a": np.arange(100.0), "b": np.arange(100.0) % 7}
    for make, expected in ((pl.DataFrame, pl.DataFrame), (pa.table, pa.Table), (pd.DataFrame, pd.DataFrame)):
        frame = make(columns)
        model = lambda rows: np.asarray(rows["a"], dtype=float)  # noqa: E731
        kept = ll.Explainer(model, ll.Tabular(frame), seed=0, n_samples=64).explain_all(frame[:3])
        tidy = kept.to_frame()
        assert isinstance(tidy, expected)
        rows = (
            tidy.to_pylist()
            if expected is pa.Table
            else tidy.to_dict("records")
            if expected is pd.DataFrame
            else tidy.to_dicts()
        )
        assert [row["row"] for row in rows] == [0, 0, 1, 1, 2, 2]
        assert {k: v for k, v in rows[2].items() if k != "row"} == kept[1].rows()[0]


def test_overviews_take_a_set(rows):
    assert ll.submodular_pick(rows, budget=2).indices == ll.submodular_pick(list(rows), budget=2).indices
    assert ll.submodular_pick(rows, budget=2).explanations[0] in rows
    assert ll.feature_importance(rows).rows() == ll.feature_importance(list(rows)).rows()


def test_to_shap_needs_shap_and_hands_over_the_same_numbers(rows):
    try:
        import shap
    except ImportError:
        with pytest.raises(MissingDependencyError, match="pip install shap"):
            rows.to_shap()
        return
    theirs = rows.to_shap()
    assert isinstance(theirs, shap.Explanation)
    np.testing.assert_array_equal(theirs.values, rows.values)
    assert list(theirs.feature_names) == list(rows.feature_names)


def test_what_was_finished_before_an_error_is_in_the_error():
    X = np.random.default_rng(0).normal(size=(100, 3))

    def instances():
        yield from X[:5]
        yield X[0, :2]

    explainer = ll.Explainer(lambda X: X[:, 0], ll.Tabular(X), seed=0, n_samples=64)
    with pytest.raises(InputError) as caught:
        explainer.explain_all(instances())
    assert list(caught.value.finished) == list(explainer.explain_many(X[:5]))
    assert any("5 explanations were finished" in note for note in caught.value.__notes__)

    def breaks(X):
        raise RuntimeError("broken")

    with pytest.raises(ModelCallError) as caught:
        ll.Explainer(breaks, ll.Tabular(X), seed=0).explain_all(X)
    assert len(caught.value.finished) == 0


# -- size -------------------------------------------------------------------------------------------------------------


def test_a_row_of_twelve_columns_is_kept_in_a_kibibyte_and_a_half():
    explainer, X = table(rows=500, n_samples=512)
    originals = list(explainer.explain_many(X))
    gc.collect()
    tracemalloc.start()
    kept = ll.Explanations.of(originals)
    gc.collect()
    grown = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert grown / len(kept) < 1.5 * 1024


def test_a_file_keeps_every_bit_or_three_digits_in_a_third_of_the_space(tmp_path):
    pytest.importorskip("pyarrow")
    explainer, X = table(rows=1500, n_samples=512)
    kept = explainer.explain_all(X)
    exact, short = tmp_path / "exact.parquet", tmp_path / "short.parquet"
    kept.to_parquet(exact)
    kept.to_parquet(short, digits=3)
    # Of 1.5 KB about 1.1 are digits of weights, errors and curves that no compression can foresee.
    assert exact.stat().st_size / len(kept) < 1280
    assert short.stat().st_size / len(kept) < 400
    read = ll.Explanations.from_parquet(short)
    np.testing.assert_allclose(read.values, kept.values, rtol=5e-4)
    assert [e.verdicts for e in read] == [e.verdicts for e in kept]
    assert [e.selected[0].tolist() for e in read] == [e.selected[0].tolist() for e in kept]
    for digits in (0, 16, 2.5, True):
        with pytest.raises(InputError, match="digits: expected an integer from 1 to 15"):
            kept.to_parquet(short, digits=digits)


def test_rounding_keeps_the_digits_asked_for_and_what_is_not_finite():
    numbers = np.array([np.pi, -9.994, 1e-310, 0.0, -0.0, np.nan, np.inf, -np.inf, 1.7976931348623157e308])
    for digits in (1, 3, 7, 15):
        found = rounded(numbers, digits)
        usual = np.abs(numbers) > 1e-300
        np.testing.assert_allclose(found[usual], numbers[usual], rtol=0.5 * 10.0**-digits)
        assert np.isnan(found[5]) and np.signbit(found[4])


# -- files ------------------------------------------------------------------------------------------------------------


def test_a_slice_is_written_without_the_rest(rows, tmp_path):
    pq = pytest.importorskip("pyarrow.parquet")
    rows[5:50:20].to_parquet(tmp_path / "e.parquet")
    assert pq.read_table(tmp_path / "e.parquet").num_rows == 3
    assert ll.Explanations.from_parquet(tmp_path / "e.parquet") == rows[5:50:20]
    rows[:0].to_parquet(tmp_path / "none.parquet")
    assert len(ll.Explanations.from_parquet(tmp_path / "none.parquet")) == 0


def test_a_file_is_readable_by_anybody(rows, tmp_path):
    pl = pytest.importorskip("polars")
    rows.to_parquet(tmp_path / "e.parquet")
    frame = pl.read_parquet(tmp_path / "e.parquet")
    assert frame["coef"][0].to_list() == rows[0].coef[0].tolist()
    assert frame["feature_names"][3].to_list() == [feature.name for feature in rows[3].features]
    assert frame["bin_names"][0].len() == frame["bin_effect"][0].len()


def test_files_that_are_none_of_ours_or_damaged_are_refused(rows, tmp_path):
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq

    with pytest.raises(InputError, match="no file"):
        ll.Explanations.from_parquet(tmp_path / "absent.parquet")
    (tmp_path / "text.parquet").write_text("hello")
    with pytest.raises(InputError, match="expected a Parquet file"):
        ll.Explanations.from_parquet(tmp_path / "text.parquet")
    pq.write_table(pa.table({"a": [1]}), tmp_path / "other.parquet")
    with pytest.raises(InputError, match="another Parquet file"):
        ll.Explanations.from_parquet(tmp_path / "other.parquet")
    path = tmp_path / "e.parquet"
    rows[:5].to_parquet(path)
    sound = pq.read_table(path)
    later = sound.replace_schema_metadata({b"limelight": b'{"columns": 99}'})
    pq.write_table(later, path)
    with pytest.raises(InputError, match="install the version"):
        ll.Explanations.from_parquet(path)

    def changed(name, values):
        at = sound.schema.get_field_index(name)
        pq.write_table(
            sound.set_column(at, sound.schema.field(at), pa.array(values, sound.schema.field(at).type)), path
        )

    damages = {
        "selected": [[99]] * 5,
        "coef": [[1.0]] * 5,
        "stderr": [[-1.0] * 12] * 5,
        "feature_names": [["a"]] * 5,
        "settings": ["{"] * 5,
        "n_samples": [None] * 5,
        "selected_count": [[3]] * 5,
        "bin_effect": [[0.0]] * 5,
    }
    for name, values in damages.items():
        changed(name, values)
        with pytest.raises(InputError, match="damaged or edited"):
            ll.Explanations.from_parquet(path)
    pq.write_table(sound.drop_columns(["verdicts"]), path)
    with pytest.raises(InputError, match="damaged or edited"):
        ll.Explanations.from_parquet(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(InputError, match="expected a Parquet file"):
        ll.Explanations.from_parquet(path)


# -- columns ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "numbers",
    [
        np.array([]),
        np.array([], dtype=np.int64),
        np.array([0.0, -0.0, np.nan, np.inf, 1e300]),
        np.array([0.5, 0.25]),
        np.full(1000, np.nan),
        np.array([1e300, 5e-324, 0.1]),
        np.tile([0.1, 0.2, 0.3], 300),
        np.array([-1, 200]),
        np.array([2**62, -(2**62)]),
        np.array([np.iinfo(np.int64).max, np.iinfo(np.int64).min]),
        np.arange(70_000) / 3,
    ],
)
def test_packed_numbers_come_back_to_the_bit(numbers):
    found = pack(numbers).unpack()
    assert found.dtype == numbers.dtype
    np.testing.assert_array_equal(found.view(np.int64), numbers.view(np.int64))


def test_columns_give_each_row_its_own():
    column = Numbers.of([2, 0, 1], np.array([1.5, 2.5, 3.5])).open()
    assert [column.at(row).tolist() for row in range(3)] == [[1.5, 2.5], [], [3.5]]
    words = Strings.of([0, 2], ["Ω", "\ud800"]).open()
    assert [words.at(row) for row in range(2)] == [[], ["Ω", "\ud800"]]
