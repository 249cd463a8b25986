"""A model that looks at the labels of rows is refused; one that only needs them to be counted from 0 is not."""

import numpy as np
import pandas as pd
import pytest

import limelight as ll
from limelight.errors import InputError
from limelight.rounds.labels import label_of

RNG = np.random.default_rng(0)
D = pd.DataFrame(RNG.normal(size=(1000, 4)), columns=list("abcd"))
LABELLED = D.set_axis(range(5000, 6000))
KNOWN = pd.Series(np.arange(1e4))


def looks_up(frame):
    return frame["a"] + KNOWN.loc[frame.index]


@pytest.mark.parametrize("give", [lambda F: F.iloc[0], lambda F: F[:1]])
def test_a_model_that_looks_up_the_label_of_a_row_is_refused(give):
    with pytest.raises(InputError, match=r"got \[5000.1\d*\] for the row labelled 5000 and \[0.1\d*\].*into a column"):
        ll.Explainer(looks_up, ll.Tabular(LABELLED), seed=0).explain(give(LABELLED))


def test_so_it_is_among_many_rows():
    with pytest.raises(InputError, match="labelled 5003"):
        list(ll.Explainer(looks_up, ll.Tabular(LABELLED), seed=0).explain_many(LABELLED[3:6]))


def test_so_it_is_for_texts_among_columns():
    frame = LABELLED.assign(review="a good film")
    with pytest.raises(InputError, match="labelled 5007"):
        ll.Explainer(looks_up, ll.Text(fields=["review"]), seed=0).explain(frame.iloc[[7]])


def test_a_model_that_is_told_by_names_of_rows_is_refused():
    named = D.set_axis([f"p{i}" for i in range(1000)])
    known = pd.Series(np.arange(1000.0), index=named.index)

    def model(frame):
        return frame["a"] + known.reindex(frame.index).fillna(0)

    with pytest.raises(InputError, match="labelled 'p5'"):
        ll.Explainer(model, ll.Tabular(named), seed=0).explain(named.iloc[5])


@pytest.mark.parametrize("library", ["concat", "aligned"])
def test_a_model_that_joins_columns_to_rows_counted_from_0_is_explained_in_batches_of_any_size(library):
    def model(frame):
        own = pd.DataFrame({"a": frame["a"].to_numpy()})
        joined = pd.concat([frame[["b"]], own], axis=1) if library == "concat" else frame.assign(a=own["a"])
        return joined["a"] * 2

    for batch_size in ("auto", 100):
        explainer = ll.Explainer(model, ll.Tabular(LABELLED), seed=0, batch_size=batch_size)
        assert explainer.explain(LABELLED.iloc[0]).prediction[0] == 2 * LABELLED["a"].iloc[0]


def test_a_noisy_model_is_not_taken_for_one_that_looks_at_labels():
    rng = np.random.default_rng(0)
    explainer = ll.Explainer(lambda F: F["a"] + rng.normal(size=len(F)), ll.Tabular(LABELLED), seed=0)
    assert explainer.explain(LABELLED.iloc[0]).features


def test_the_label_costs_one_row_of_the_first_instance_and_is_counted():
    seen = []

    def model(frame):
        seen.append(len(frame))
        return frame["a"] * 1.0

    explainer = ll.Explainer(model, ll.Tabular(LABELLED), seed=0)
    first, second = (explainer.explain(LABELLED.iloc[i]) for i in (0, 1))
    assert first.provenance.cost.model_rows + second.provenance.cost.model_rows == sum(seen)


def test_rows_without_a_label_have_none():
    assert label_of({"a": 1}) is None
    assert label_of([1, 2]) is None
    assert label_of(pd.Series([1, 2])) is None
    assert label_of(D[:2]) is None
    assert label_of(D.iloc[4]) == label_of(D[4:5]) == 4
