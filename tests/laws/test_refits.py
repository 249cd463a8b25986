"""The law: a model that is fitted anew in place is explained as a new explainer would explain it."""

import numpy as np
import pytest
from sklearn.feature_extraction.text import CountVectorizer, TfidfVectorizer
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline

import limelight as ll
from limelight.errors import ModelChangedError

X = np.random.default_rng(0).normal(size=(500, 4))
Y = (X[:, 0] + 0.5 * X[:, 1] > 0).astype(int)
TEXTS = ["good film", "bad film", "good plot", "bad plot", "dull but good", "bad and dull"]


def test_a_refitted_model_is_not_explained_by_its_predecessor():
    model = LogisticRegression().fit(X, Y)
    explainer = ll.Explainer(model, ll.Tabular(X), targets="1", n_samples=512)
    before = explainer.explain(X[0])
    model.fit(X, 1 - Y)
    with pytest.warns(UserWarning, match="answers otherwise than in earlier calls"):
        after = explainer.explain(X[0])
    assert after == ll.Explainer(model, ll.Tabular(X), targets="1", n_samples=512).explain(X[0])
    assert np.sign(after.coef[0, 0]) == -np.sign(before.coef[0, 0])
    assert after == explainer.explain(X[0])  # and what was drawn anew is kept again


def test_many_rows_after_a_new_fit_are_those_of_a_new_explainer():
    model = LinearRegression().fit(X, X[:, 0])
    explainer = ll.Explainer(model, ll.Tabular(X), n_samples=512)
    list(explainer.explain_many(X[:3]))
    model.fit(X, X[:, 2])
    with pytest.warns(UserWarning, match="drawn anew"):
        after = list(explainer.explain_many(X[:200]))
    assert after == list(ll.Explainer(model, ll.Tabular(X), n_samples=512).explain_many(X[:200]))


def test_a_model_with_more_classes_than_before_is_asked_anew():
    model = LogisticRegression().fit(X, Y)
    explainer = ll.Explainer(model, ll.Tabular(X), targets="all", n_samples=512)
    explainer.explain(X[0])
    model.fit(X, np.digitize(X[:, 0], [-0.5, 0.5]))
    with pytest.warns(UserWarning, match="new fit"):
        after = explainer.explain(X[0])
    assert after.targets == ("0", "1", "2")
    assert after == ll.Explainer(model, ll.Tabular(X), targets="all", n_samples=512).explain(X[0])


def test_a_function_that_answers_with_more_columns_than_before_is_asked_anew():
    columns = [1]
    explainer = ll.Explainer(lambda rows: rows[:, columns], ll.Tabular(X), targets="all", n_samples=256)
    assert explainer.explain(X[0]).targets == ("output",)
    columns[:] = [0, 1, 2]
    with pytest.warns(UserWarning, match="new fit"):
        assert len(explainer.explain(X[0]).targets) == 3


@pytest.mark.parametrize("vectorizer", [CountVectorizer, TfidfVectorizer])
def test_a_text_model_that_has_learned_other_words_is_asked_with_those(vectorizer):
    def new_model():
        return make_pipeline(vectorizer(), LogisticRegression())

    model = new_model().fit(TEXTS, [1, 0, 1, 0, 1, 0])
    explainer = ll.Explainer(model, ll.Text(), targets="1")
    explainer.explain("good but dull film")
    others = ["zoo dull", "alone dull", "but zoo", "film alone", "good zoo", "alone"]
    model.fit(others, [1, 0, 1, 0, 1, 0])
    with pytest.warns(UserWarning, match="new fit"):
        after = explainer.explain("good but dull film")
    fresh = ll.Explainer(new_model().fit(others, [1, 0, 1, 0, 1, 0]), ll.Text(), targets="1")
    assert after == fresh.explain("good but dull film")


def test_a_model_that_changes_within_one_call_is_an_error_and_the_next_call_is_right():
    slope = [1.0]
    explainer = ll.Explainer(lambda rows: slope[0] * rows[:, 0], ll.Tabular(X), n_samples=256)
    stream = explainer.explain_many(X[:300])
    assert next(stream).prediction[0] == pytest.approx(X[0, 0])
    slope[0] = -1.0
    with pytest.raises(ModelChangedError, match="fitted anew or loaded meanwhile"):
        list(stream)
    with pytest.warns(UserWarning, match="drawn anew"):
        after = explainer.explain(X[0])
    assert after == ll.Explainer(lambda rows: -rows[:, 0], ll.Tabular(X), n_samples=256).explain(X[0])


def test_rounding_that_depends_on_the_batch_is_no_new_fit():
    def half_precision(rows):
        return (rows[:, 0] + 1e-4 * len(rows) / 256).astype(np.float16)

    explainer = ll.Explainer(half_precision, ll.Tabular(X), n_samples=512, batch_size=1024)
    explainer.explain(X[0])
    with pytest.warns(UserWarning, match="drawn anew"):
        explainer.explain(X[1])  # a batch of two rows, and so a slightly different answer
    assert explainer.explain(X[2]).provenance.cost.model_rows == 1  # noticed: the neighborhood is kept


def test_a_steady_model_costs_one_row_more_in_each_call_and_says_nothing():
    explainer = ll.Explainer(lambda rows: rows[:, 0] ** 3, ll.Tabular(X), n_samples=256)
    rows = [explainer.explain(each).provenance.cost.model_rows for each in X[:3]]
    assert rows == [256 + 16 + 1, 2, 2]
    assert sum(each.provenance.cost.model_rows for each in explainer.explain_many(X[:100])) == 100 + 1
