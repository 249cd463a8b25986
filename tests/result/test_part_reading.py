"""What `parts.py` wrote is read again, whole or as far as it goes; old parts stay readable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import limelight as ll
from limelight.result.part_reading import explanations_in, shared_of
from limelight.result.parts import MARK, failed, table_of
from many_explanations import of_a_table, of_texts, of_two_outputs

pa = pytest.importorskip("pyarrow")
pq = pytest.importorskip("pyarrow.parquet")
OLD = Path(__file__).parents[1] / "data" / "part-v1.parquet"


def read(table: pa.Table) -> list[ll.Explanation]:
    return list(explanations_in(table, shared_of(table.schema, "here")))


def made(explanations: ll.Explanations, detail: str = "weights") -> pa.Table:
    return table_of(explanations, pa.array(range(len(explanations))), np.arange(len(explanations)), detail=detail)


@pytest.mark.parametrize("explanations", [of_a_table, of_two_outputs, of_texts])
def test_full_detail_comes_back_equal(explanations) -> None:
    assert read(made(explanations(), "full")) == list(explanations())


@pytest.mark.parametrize("explanations", [of_a_table, of_two_outputs, of_texts])
def test_weights_come_back_as_far_as_they_go(explanations) -> None:
    again = read(made(explanations()))
    assert len(again) == len(explanations())
    for mine, theirs in zip(again, explanations(), strict=True):
        assert mine.targets == theirs.targets
        assert [f.name for f in mine.features] == [f.name for f in theirs.features]
        assert [f.where.key for f in mine.features] == [f.where.key for f in theirs.features]
        assert mine.coef == pytest.approx(theirs.coef, rel=1e-6)
        assert mine.contributions == pytest.approx(theirs.contributions, rel=1e-6, abs=1e-12)
        assert mine.interval() == pytest.approx(theirs.interval(), rel=1e-3, abs=1e-6)
        assert [list(each) for each in mine.selected] == [list(each) for each in theirs.selected]
        assert mine.causes == theirs.causes
        assert np.isnan(mine.difference(0, 0)[1])


@pytest.mark.parametrize("explanations", [of_a_table, of_two_outputs, of_texts])
def test_every_view_shows_what_there_is(explanations) -> None:
    for one in read(made(explanations()))[:3]:
        first = one.features[int(one.selected[0][0])].name.split(" ")[0]
        assert first in one.to_html()
        for shown in (str(one), one.to_markdown(), one.describe()):
            assert first in shown.replace("\\", "")
            assert "nan" not in shown
            assert "0 model rows" not in shown
        assert ll.Explanation.from_json(one.to_json()) == one


def test_rows_that_failed_are_passed_over() -> None:
    table = made(of_a_table()[:2])
    broken = failed(pa.array([9]), [9], ["no"], table.schema)
    assert len(read(pa.concat_tables([table, broken, table]))) == 4


def test_a_later_version_is_refused() -> None:
    table = made(of_a_table()[:2])
    later = table.replace_schema_metadata({MARK: b'{"version": 2}'})
    with pytest.raises(ll.InputError, match="expected parts of version 1 or before, got 2 in 'here'"):
        read(later)


def test_another_table_is_refused() -> None:
    with pytest.raises(ll.InputError, match="expected a table of explanations"):
        read(pa.table({"a": [1]}))


def test_an_engine_may_drop_the_metadata() -> None:
    table = made(of_a_table()[:2]).replace_schema_metadata(None)
    assert len(read(table)) == 2


def test_a_damaged_table_is_said() -> None:
    table = made(of_a_table()[:2])
    field = table.schema.field("weight")
    cut = table.set_column(table.schema.names.index("weight"), field, pa.array([[0.5], [0.5]], field.type))
    with pytest.raises(ll.InputError, match="does not hold whole explanations"):
        read(cut)


def test_a_part_that_version_1_wrote_is_read() -> None:
    table = pq.read_table(OLD)
    weights, full = table.filter(pa.compute.is_null(table["full"])), table
    assert len(weights) == 1  # of two targets the second
    (one,) = read(full)
    assert one.targets == ("line", "bowl")
    assert one.contributions[0] == pytest.approx([0.7, -0.4, 0.0], abs=1)
    (thin,) = read(table.drop_columns(["full"]))
    assert thin.coef == pytest.approx(one.coef, rel=1e-6)
    assert [feature.name for feature in thin.features] == [feature.name for feature in one.features]


def classifier(k: int) -> ll.Explanations:
    """Rows of k classes; each row explains the class that the model says."""
    X = np.random.default_rng(0).normal(size=(300, 3))

    def model(X: np.ndarray) -> np.ndarray:
        scores = np.exp(X[:, :k])
        return scores / scores.sum(axis=1, keepdims=True)

    modality = ll.Tabular(X, names=["a", "b", "c"], max_samples=2048)
    return ll.Explainer(model, modality, output_names=list("xyz")[:k], seed=0).explain_all(X[:40])


def test_two_classes_are_told_from_three_with_the_default_detail() -> None:
    from limelight.overview.longform import one_output

    for k, n in ((2, 40), (3, None)):
        whole, again = classifier(k), read(made(classifier(k)))
        assert [sorted(name for name, _ in each.outputs) for each in again[:1]] == [
            ["x", "y"] if k == 2 else [again[0].targets[0]]
        ]
        laid, expected = one_output(again, None), one_output(list(whole), None)
        assert (laid.target, laid.n) == (expected.target, expected.n)
        assert laid.n == (n or laid.n) and laid.n <= 40
        assert laid.prediction == pytest.approx(expected.prediction)
        assert laid.value == pytest.approx(expected.value, rel=1e-6, abs=1e-9)


def test_outputs_that_are_no_shares_leave_nothing_to_another() -> None:
    known = shared_of(made(of_two_outputs()).schema, "here")
    assert (known["outputs"], known["shares"]) == (["bowl", "line"], False)
    assert "outputs" in shared_of(made(classifier(2)).schema, "here")
