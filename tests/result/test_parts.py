"""A table of Arrow says what the explanations say, in types that every engine reads."""

from __future__ import annotations

import numpy as np
import pytest

import limelight as ll
from limelight.result.parts import COLUMNS, failed, key_of, key_text, schema, table_of
from many_explanations import of_a_table, of_texts, of_two_outputs

pa = pytest.importorskip("pyarrow")


def made(explanations: ll.Explanations, **options: object) -> pa.Table:
    return table_of(explanations, pa.array(range(len(explanations))), np.arange(len(explanations)), **options)


@pytest.mark.parametrize("explanations", [of_a_table, of_two_outputs, of_texts])
def test_every_row_says_what_its_explanation_says(explanations) -> None:
    rows = made(explanations()).to_pylist()
    assert len(rows) == sum(len(each.targets) for each in explanations())
    expected = [(i, each, k) for i, each in enumerate(explanations()) for k in range(len(each.targets))]
    for row, (i, each, k) in zip(rows, expected, strict=True):
        assert (row["id"], row["row"], row["target"], row["error"]) == (i, i, each.targets[k], None)
        assert row["prediction"] == each.prediction[k]
        assert row["weight"] == pytest.approx(each.coef[k], rel=5e-7, abs=0)
        assert row["stderr"] == pytest.approx(each.stderr[k], rel=5e-4, abs=0)
        assert row["condition"] == [feature.name for feature in each.features]
        assert row["feature"] == [str(feature.where.key) for feature in each.features]
        assert row["value"] == [feature.value for feature in each.features]
        assert row["selected"] == each.selected[k].tolist()
        contributions = np.array(row["weight"]) * row["distance"]
        assert contributions == pytest.approx(each.contributions[k], rel=1e-6, abs=1e-12)
        assert row["warnings"] == list(each.provenance.warnings)
        for name in ("local_prediction", "intercept", "fidelity", "fidelity_stderr", "additivity", "gap"):
            value = getattr(each, name)[k]
            rel = 5e-4 if name.endswith("stderr") else 5e-7
            assert row[name] == (None if np.isnan(value) else pytest.approx(value, rel=rel, abs=0)), name
        assert (row["cause"], row["df"]) == (each.causes[k], each.df)
        for name in ("n_samples", "stopped", "estimator", "shared"):
            assert row[name] == getattr(each.provenance, name)
        assert row["effective_sample_size"] == pytest.approx(each.provenance.effective_sample_size, rel=5e-7)
        assert row["kernel_width"] == each.provenance.kernel_width


@pytest.mark.parametrize("unit", [1e-60, 1e90])
def test_very_small_and_large_numbers_are_kept(unit: float) -> None:
    X = np.random.default_rng(0).normal(size=(200, 2))
    found = ll.Explainer(lambda X: unit * X[:, 0], ll.Tabular(X, max_samples=2048), seed=0).explain_all(X[:2])
    assert made(found).to_pylist()[1]["weight"] == pytest.approx(found[1].coef[0], rel=5e-7, abs=0)


def test_some_of_a_set_give_the_rows_of_these() -> None:
    whole = made(of_two_outputs()).to_pylist()
    some = made(of_two_outputs()[5:15:3]).to_pylist()
    chosen = [row for row in whole if row["row"] in (5, 8, 11, 14)]
    assert [{**row, "id": 0, "row": 0} for row in some] == [{**row, "id": 0, "row": 0} for row in chosen]


def test_sets_that_were_joined_give_the_rows_of_both() -> None:
    both = made(of_a_table()[:3] + of_a_table()[7:9]).column("prediction").to_pylist()
    assert both == [of_a_table()[i].prediction[0] for i in (0, 1, 2, 7, 8)]


def test_columns_are_those_that_are_documented_in_their_types() -> None:
    table = made(of_a_table())
    assert table.schema.names == list(COLUMNS)
    for name, (kind, said) in COLUMNS.items():
        written = str(table.schema.field(name).type).replace("element: ", "")
        assert name == "id" or written == kind
        assert said


@pytest.mark.parametrize(
    "ids", [pa.array(["a", "b", "c"]), pa.array([7, 8, 9], pa.int32()), pa.array([b"\0", b"\1", None], pa.binary())]
)
def test_ids_keep_their_type(ids: pa.Array) -> None:
    table = table_of(of_a_table()[:3], ids)
    assert table.column("id").combine_chunks().equals(ids)
    assert table.column("row").null_count == 3


def test_a_failed_row_says_why_and_nothing_else() -> None:
    row = failed(pa.array(["x"]), [4], ["InputError: no"], schema(pa.string())).to_pylist()[0]
    assert {name: value for name, value in row.items() if value is not None} == {
        "id": "x", "row": 4, "error": "InputError: no",
    }  # fmt: skip


@pytest.mark.parametrize("explanations", [of_a_table, of_two_outputs, of_texts])
def test_full_detail_stands_once_for_each_instance(explanations) -> None:
    table = made(explanations(), detail="full")
    assert len(table) - table.column("full").null_count == len(explanations())


def test_nothing_gives_no_rows() -> None:
    assert len(made(ll.Explanations())) == 0


def test_what_is_shared_stands_in_the_metadata_once() -> None:
    import json

    known = json.loads(made(of_a_table()).schema.metadata[b"limelight.part"])
    assert known["settings"]["tolerance"] == 0.05
    assert known["modality"]["modality"] == "tabular"
    assert known["seed"] == "0"


@pytest.mark.parametrize("key", ["age", "3", 3, 2.5, "", " x", "true", True, ("*", 4), '"q"', "[1]", "1,000", "nan"])
def test_what_a_feature_is_comes_back(key: object) -> None:
    again = key_of(key_text(key))
    assert again == key
    assert type(again) is type(key)
